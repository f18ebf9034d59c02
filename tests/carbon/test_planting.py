"""Plans of planting and harvest: units, shares, and what is refused."""

from __future__ import annotations

import pytest

from changping_geo.carbon.planting import CARDS, Harvest, Planting, area_ha, check_events, plan_table
from changping_geo.model import ParameterError


@pytest.mark.parametrize(
    ("amount", "unit", "expected"), [(15, "mu", 1.0), (1000, "mu", 66.6667), (2, "ha", 2.0), (1, "km2", 100.0)]
)
def test_areas_are_converted_to_hectares(amount, unit, expected):
    assert area_ha(amount, unit) == pytest.approx(expected, abs=1e-4)


def test_an_unknown_unit_is_refused():
    with pytest.raises(ParameterError, match="unknown unit of area 'acre'; use one of: mu, ha"):
        area_ha(1, "acre")


def test_a_thousand_mu_are_shared_out_to_towns_less_what_dies():
    plan = Planting(2026, 1000, "mu", "platycladus", {"a": 2.0, "b": 2.0}, survival=0.9)
    assert plan.by_town() == pytest.approx({"a": 30.0, "b": 30.0})


def test_the_table_spells_out_what_was_asked_and_what_it_comes_to():
    plans = [Harvest(2027, 500, "m3", ("poplar",)), Planting(2026, 1500, "mu", "pine", {"a": 1.0}, survival=0.8)]
    table = plan_table(plans)
    assert table["year"].tolist() == [2026, 2027]
    assert table.loc[0, "area_ha"] == pytest.approx(100.0)
    assert table.loc[0, "surviving_ha"] == pytest.approx(80.0)
    assert table.loc[1, "after"] == "thinned"
    assert table["area_ha"].isna().tolist() == [False, True]


def test_all_faults_of_all_plans_are_told_at_once():
    events = [
        Planting(2020, -5, "acre", "ginkgo", {"nowhere": 1.0}, survival=1.2),
        Harvest(2027, 5, "t", after="burn"),
        Planting(2026, 5, "mu", "pine", {}, survival=0.5),
    ]
    with pytest.raises(ParameterError) as told:
        check_events(events, baseline=2022, species=["pine"], towns=["a"])
    for words in (
        "planting 1 (2020): the year is not after the baseline 2022",
        "the amount is -5",
        "unknown unit 'acre'",
        "no growth curve for ginkgo; use: pine",
        "unknown towns nowhere",
        "survival share is 1.2",
        "harvest 2 (2027): unknown unit 't'",
        "after = 'burn'",
        "planting 3 (2026): name the towns",
    ):
        assert words in str(told.value)


def test_plans_that_can_be_carried_out_pass():
    plan = Planting(2026, 1000, "mu", "pine", {"a": 1.0}, CARDS["planting_survival"])
    check_events([plan, Harvest(2026, 0, "ha")], baseline=2022, species=["pine"], towns=["a"])
    assert plan.by_town()["a"] < 1000 / 15
