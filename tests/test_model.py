"""Parameters, groups, statuses and ledgers."""

from __future__ import annotations

import pytest

from changping_geo.model import Cards, Ledger, Parameter, ParameterError, SpecError, Status


def card(name="share", value=0.5, low=0.0, high=1.0, **kw):
    return Parameter(name, value, "1", low, high, "made up", False, "份额", "share", **kw)


def test_a_parameter_takes_values_of_its_range():
    assert card().checked("0.25") == 0.25


@pytest.mark.parametrize("raw", ["1.5", "-0.1", "nan", "much"])
def test_a_parameter_refuses_what_lies_outside_or_is_no_number(raw):
    with pytest.raises(ParameterError, match="share"):
        card().checked(raw)


def test_a_word_parameter_lists_its_choices():
    region = card("region", "Beijing", None, None, choices=("Beijing", "North China"))
    assert region.checked("North China") == "North China"
    with pytest.raises(ParameterError, match="Beijing, North China"):
        region.checked("Bejing")


def test_a_switch_is_true_or_false():
    switch = card("on", True, None, None)
    assert switch.checked("no") is False
    with pytest.raises(ParameterError, match="neither true nor false"):
        switch.checked("maybe")


def test_a_count_stays_an_integer():
    assert card("years", 25, 1, 50).checked("30") == 30
    assert isinstance(card("years", 25, 1, 50).checked("30"), int)


def test_cards_make_groups_of_dotted_names():
    cards = Cards(card("share.a", 0.1), card("share.b", 0.2), card("other", 0.3))
    assert cards["share"] == {"a": 0.1, "b": 0.2}
    assert cards["other"] == 0.3
    assert cards.high("share") == {"a": 1.0, "b": 1.0}
    assert list(cards) == ["share", "other"]


def test_chosen_values_take_the_place_of_defaults_and_all_faults_are_told():
    cards = Cards(card("share.a", 0.1), card("share.b", 0.2))
    assert cards.with_values({"share.a": "0.9"}) == {"share": {"a": 0.9, "b": 0.2}}
    with pytest.raises(ParameterError) as told:
        cards.with_values({"share.c": 1, "share.a": 7})
    assert "share.c" in str(told.value)
    assert "outside" in str(told.value)


def test_a_card_is_given_once():
    with pytest.raises(SpecError, match="twice"):
        Cards(card("a"), card("a"))


def test_the_weakest_status_wins():
    assert Status.weakest([Status.OFFICIAL, Status.SYNTHETIC, Status.OPEN]) is Status.SYNTHETIC
    assert Status.weakest([]) is Status.OFFICIAL
    with pytest.raises(SpecError, match="official, open"):
        Status.parse("oficial")


def test_a_ledger_closes():
    ledger = Ledger("roofs", read=10)
    ledger.repaired["bow-tie"] = 2
    ledger.set_aside["no use"] = 3
    assert (ledger.used, ledger.n_repaired, ledger.n_set_aside) == (5, 2, 3)
