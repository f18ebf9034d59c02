"""Every roof in exactly one programme."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changping_geo.model import ColumnError
from changping_geo.solar.programmes import BY_USE, CARDS, OWNERS, PROGRAMMES, programme_of, with_labels
from changping_geo.solar.usable import USES

DEFAULT = (CARDS["programme_by_use"], CARDS["programme_by_owner"])


def of(use, owner, *rules):
    return programme_of(pd.Series([use], dtype=object), pd.Series([owner], dtype=object), *(rules or DEFAULT))[0]


def test_owner_first_then_use():
    assert of("industrial", "business") == "parks"
    assert of("industrial", "government") == "public_bodies"
    assert of("other", "rural") == "villages"
    assert of("housing", "urban") == of("housing", None) == "homes"
    assert of("transport", "public") == "infrastructure"


@given(
    use=st.lists(st.sampled_from(list(USES)), min_size=1, max_size=30),
    data=st.data(),
)
def test_each_roof_is_in_exactly_one_whatever_the_rules(use, data):
    owner = data.draw(st.lists(st.sampled_from([*OWNERS, None]), min_size=len(use), max_size=len(use)))
    by_use = {word: data.draw(st.sampled_from(list(PROGRAMMES))) for word in USES}
    by_owner = {word: data.draw(st.sampled_from([BY_USE, *PROGRAMMES])) for word in OWNERS}
    found = programme_of(pd.Series(use, dtype=object), pd.Series(owner, dtype=object), by_use, by_owner)
    assert len(found) == len(use)
    assert set(found) <= set(PROGRAMMES)


def test_what_has_no_rule_is_refused():
    with pytest.raises(ColumnError, match="use 'castle', owner 'duke'"):
        of("castle", "duke")
    with pytest.raises(ColumnError, match="a missing use"):
        of(None, "urban")


def test_labels_stand_behind_the_word():
    assert with_labels(pd.DataFrame({"programme": ["parks"], "n": [1]})).iloc[0].tolist() == [
        "parks", "阳光园区", "sunshine parks", 1,
    ]  # fmt: skip
