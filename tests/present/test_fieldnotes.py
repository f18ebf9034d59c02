"""Names of ten letters: ASCII, each once, whatever the columns are called."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.present.fieldnotes import short_names

MONTHS = [f"pv_energy_mwh_m{i:02}" for i in range(1, 13)]


def test_names_of_cards_come_first():
    assert short_names(["pv_energy_mwh_a"], {"pv_energy_mwh_a": "pv_mwh"}) == {"pv_energy_mwh_a": "pv_mwh"}


def test_months_stay_readable_and_apart():
    names = list(short_names(MONTHS, {}).values())
    assert len(set(names)) == 12
    assert [name[-3:] for name in names] == [month[-3:] for month in MONTHS]


def test_the_same_name_on_two_cards_gets_a_number():
    assert short_names(["a_x", "b_x"], {"a_x": "Same", "b_x": "same"}) == {"a_x": "Same", "b_x": "same_2"}


@given(st.lists(st.text(max_size=30), unique=True, max_size=30), st.data())
@settings(max_examples=60)
def test_any_columns_get_distinct_ascii_names(columns, data):
    cards = {c: data.draw(st.text(max_size=12)) for c in columns[:5]}
    names = list(short_names(columns, cards).values())
    assert len({name.casefold() for name in names}) == len(columns)
    for name in names:
        assert name.isascii()
        assert name.isidentifier()
        assert 1 <= len(name) <= 10
