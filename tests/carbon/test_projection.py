"""Projection: anchored at the survey, additive, closed by its account; by stands and by age classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changping_geo.carbon.account import Growing, growing_draws
from changping_geo.carbon.age_classes import advance, age_classes, class_table
from changping_geo.carbon.growth import Curves
from changping_geo.carbon.planting import Harvest, Planting
from changping_geo.carbon.projection import project
from changping_geo.model import ColumnError, ParameterError

# (1 - exp(-t/50))^2 x 200 m3/ha: easy to recompute by hand.
TABLE = pd.DataFrame(
    {"curve": ["plain"], "asymptote_m3_ha": [200.0], "b": [1.0], "k_per_a": [0.02], "m": [0.5], "age_max_a": [100.0]}
)
CURVES = Curves.from_tables(
    TABLE, pd.DataFrame({"species": ["oak", "pine", "orchard"], "curve": ["plain", "plain", "none"]})
)
CENTRAL = Growing.central(3.0, 1.0, 1.0)


def curve(age):
    return 200 * (1 - np.exp(-0.02 * age)) ** 2


def stands(rows):
    columns = ["town_code", "species", "age_a", "volume_m3_ha", "area_ha"]
    return pd.DataFrame(rows, columns=columns).assign(survey_year=2020)


FOREST = stands(
    [
        ("t1", "oak", 40.0, curve(40.0), 10.0),
        ("t1", "pine", 30.0, 20.0, 5.0),
        ("t2", "orchard", 12.0, 9.0, 2.0),
        (None, "oak", 60.0, 50.0, 4.0),
    ]
)


def volume(projection, year, town=None):
    return projection.draws("volume_m3", year, town)[0]


def test_the_stock_of_the_survey_is_given_back_exactly():
    out = project(FOREST, CURVES, CENTRAL, baseline=2020, years=[2020])
    assert volume(out, 2020) == (FOREST["volume_m3_ha"] * FOREST["area_ha"]).sum()
    assert out.arrays["growth_m3"].sum() == 0


def test_a_stand_on_its_curve_stays_on_it_and_one_at_half_of_it_grows_half_as_much():
    two = stands([("t1", "oak", 40.0, curve(40.0), 1.0), ("t2", "oak", 40.0, curve(40.0) / 2, 1.0)])
    out = project(two, CURVES, CENTRAL, baseline=2020, years=[2030])
    assert volume(out, 2030, "t1") == pytest.approx(curve(50.0))
    assert volume(out, 2030, "t2") == pytest.approx(curve(50.0) / 2)


def test_orchards_keep_their_volume():
    out = project(FOREST, CURVES, CENTRAL, baseline=2020, years=[2035])
    assert volume(out, 2035, "t2") == 18.0
    assert "volume held: the species has no curve" in out.notes["what"].to_list()


def test_growth_above_the_age_limit_counts_by_its_share():
    old = stands([("t1", "oak", 120.0, curve(120.0), 1.0)])
    whole = project(old, CURVES, Growing.central(3.0, 1.0, 1.0), baseline=2020, years=[2030])
    none = project(old, CURVES, Growing.central(3.0, 1.0, 0.0), baseline=2020, years=[2030])
    assert volume(none, 2030) == curve(120.0)
    assert volume(whole, 2030) == pytest.approx(curve(130.0))


def test_a_stand_of_an_older_survey_is_grown_up_to_the_baseline():
    early = stands([("t1", "oak", 40.0, curve(40.0), 1.0)]).assign(survey_year=2015)
    out = project(early, CURVES, CENTRAL, baseline=2020, years=[2020])
    assert volume(out, 2020) == pytest.approx(curve(45.0))
    assert out.draws("growth_m3", 2020)[0] == pytest.approx(curve(45.0) - curve(40.0))


def test_towns_and_outside_add_up_to_the_district():
    table = project(FOREST, CURVES, CENTRAL, baseline=2020, years=[2025, 2030]).by("town_code")
    for _, year in table.groupby("year"):
        parts = year.set_index("town_code").drop(columns="year")
        assert set(parts.index) == {"t1", "t2", "outside", "district"}
        assert np.allclose(parts.drop("district").sum(), parts.loc["district"], rtol=1e-12)


EVENTS = (
    Planting(2022, 1500.0, "mu", "pine", {"t1": 3.0, "t2": 1.0}, 0.8),
    Harvest(2023, 40.0, "m3", species=("oak",)),
    Harvest(2024, 2.0, "ha", species=("pine",), towns=("t1",), min_age_a=20),
    Harvest(2026, 15.0, "mu", towns=("t1",), after="leave"),
)


def test_every_period_closes_its_account_and_land_only_changes_by_planting_and_leaving():
    out = project(FOREST, CURVES, CENTRAL, baseline=2020, years=[2025, 2030], events=EVENTS, towns=["t1", "t2"])
    table = out.by("town_code").set_index(["town_code", "year"])
    for town in ("t1", "t2", "outside", "district"):
        for before, year in ((2020, 2025), (2025, 2030)):
            now = table.loc[(town, year)]
            flows = now["growth_m3"] + now["planting_m3"] - now["harvest_m3"] - now["land_change_m3"]
            assert now["volume_m3"] == pytest.approx(table.loc[(town, before), "volume_m3"] + flows, rel=1e-12)
    areas = table.loc["district", "area_ha"]
    assert areas[2025] - areas[2020] == pytest.approx(1500 / 15 * 0.8)
    assert areas[2030] - areas[2025] == pytest.approx(-1.0)
    assert table.loc[("district", 2025), "harvest_m3"] > 40


def test_a_harvest_by_volume_takes_exactly_that_and_slows_the_rest_in_proportion():
    one = stands([("t1", "oak", 40.0, curve(40.0), 10.0)])
    half = Harvest(2025, 5 * curve(45.0), "m3")
    out = project(one, CURVES, CENTRAL, baseline=2020, years=[2025, 2030], events=[half])
    assert volume(out, 2025) == pytest.approx(5 * curve(45.0))
    assert volume(out, 2030) == pytest.approx(5 * curve(50.0))


def test_felled_land_grows_again_lies_bare_or_leaves_the_forest():
    one = stands([("t1", "oak", 40.0, curve(40.0), 10.0)])

    def after(word):
        cut = Harvest(2020 + 5, 4.0, "ha", after=word)
        return project(one, CURVES, CENTRAL, baseline=2020, years=[2025, 2035], events=[cut])

    uncut = 6 * curve(55.0)
    assert volume(after("regrow"), 2035) == pytest.approx(uncut + 4 * curve(10.0))
    assert volume(after("bare"), 2035) == pytest.approx(uncut)
    assert volume(after("leave"), 2035) == pytest.approx(uncut)
    assert after("bare").draws("area_ha", 2035)[0] == 10
    assert after("leave").draws("area_ha", 2035)[0] == pytest.approx(6)
    assert after("leave").draws("land_change_m3", 2025)[0] == pytest.approx(4 * curve(45.0))


def test_planted_area_follows_the_curve_from_its_year():
    plan = Planting(2025, 1500.0, "mu", "pine", {"t9": 1.0}, 0.5)
    out = project(FOREST, CURVES, CENTRAL, baseline=2020, years=[2025, 2035], events=[plan], towns=["t9"])
    assert volume(out, 2025, "t9") == 0
    assert volume(out, 2035, "t9") == pytest.approx(50 * curve(10.0))
    assert out.draws("planting_m3", 2035)[0] == pytest.approx(50 * curve(10.0))


@settings(max_examples=12, deadline=None)
@given(age=st.floats(5, 150), part=st.floats(0.1, 3.5), cut=st.floats(0.01, 0.99), years=st.integers(0, 12))
def test_splitting_a_stand_or_the_time_changes_nothing(age, part, cut, years):
    whole = stands([("t1", "oak", age, part * curve(age), 10.0)])
    pieces = stands([("t1", "oak", age, part * curve(age), 10 * s) for s in (cut, 1 - cut)])
    end = 2020 + years
    one = volume(project(whole, CURVES, CENTRAL, baseline=2020, years=[end]), end)
    two = volume(project(pieces, CURVES, CENTRAL, baseline=2020, years=[*range(2020, end, 3), end]), end)
    assert one == pytest.approx(two, rel=1e-9)
    assert one >= 10 * part * curve(age) * (1 - 1e-12)


def test_draws_of_one_seed_are_the_same_and_their_middle_lies_near_the_central_run():
    ends = {"site_factor_max": 3.0, "growth_factor": (0.5, 1.0, 1.5), "beyond_limit_share": (1.0, 1.0, 1.0)}
    draws = growing_draws(400, 7, volume_sd=0.05, **ends)
    again = growing_draws(400, 7, volume_sd=0.05, **ends)
    first = project(FOREST, CURVES, draws, baseline=2020, years=[2030]).draws("volume_m3", 2030)
    assert (first == project(FOREST, CURVES, again, baseline=2020, years=[2030]).draws("volume_m3", 2030)).all()
    central = volume(project(FOREST, CURVES, CENTRAL, baseline=2020, years=[2030]), 2030)
    assert np.median(first) == pytest.approx(central, rel=0.03)
    assert first.std() > 0.03 * central


def test_a_range_that_does_not_rise_is_refused():
    with pytest.raises(ParameterError, match="must rise"):
        growing_draws(3, 1, site_factor_max=3, growth_factor=(1, 0, 2), beyond_limit_share=(0, 0, 1), volume_sd=0)


def test_years_before_the_baseline_and_surveys_after_it_are_refused():
    with pytest.raises(ParameterError, match="2015 lie before the baseline 2020"):
        project(FOREST, CURVES, CENTRAL, baseline=2020, years=[2015, 2025])
    with pytest.raises(ParameterError, match="4 stands were surveyed after the baseline 2019"):
        project(FOREST, CURVES, CENTRAL, baseline=2019, years=[2025])


def test_stands_without_age_or_with_negative_volume_are_told_by_row_and_at_once():
    bad = FOREST.assign(age_a=[np.nan, 30, 12, 60], volume_m3_ha=[1.0, -1.0, 9.0, 50.0])
    with pytest.raises(
        ColumnError, match=r"1 stands have no usable age_a \(rows 0\); fill.*\n.*volume_m3_ha \(rows 1\)"
    ):
        project(bad, CURVES, CENTRAL, baseline=2020, years=[2025])


def test_a_harvest_larger_than_what_stands_is_refused():
    with pytest.raises(ParameterError, match=r"harvest of 2021 asks for 1e\+06 m3"):
        project(FOREST, CURVES, CENTRAL, baseline=2020, years=[2025], events=[Harvest(2021, 1e6, "m3")])


# Age classes


def classes(frame):
    return age_classes(frame.fillna({"town_code": "outside"}), CURVES, 10.0, 100.0, 3.0)


def test_the_age_classes_hold_the_area_and_volume_of_the_stands():
    table = class_table(classes(FOREST))
    assert table["area_ha"].sum() == FOREST["area_ha"].sum()
    assert table["volume_m3"].sum() == pytest.approx((FOREST["volume_m3_ha"] * FOREST["area_ha"]).sum())


def test_a_whole_class_moves_up_and_gains_the_curves_difference():
    one = stands([("t1", "oak", 45.0, curve(45.0), 2.0)])
    later = advance(classes(one), CURVES, 10.0, 1.0)
    assert later.area_ha[0, 5] == 2.0
    assert later.volume_m3[0, 5] == pytest.approx(2 * curve(55.0))


def test_half_a_class_moves_in_half_the_time():
    one = stands([("t1", "oak", 45.0, curve(45.0), 2.0)])
    later = advance(classes(one), CURVES, 5.0, 1.0)
    assert later.area_ha[0, 4:6].tolist() == [1.0, 1.0]


@settings(max_examples=12, deadline=None)
@given(
    rows=st.lists(st.tuples(st.floats(0, 200), st.floats(0, 300), st.floats(0.1, 50)), min_size=1, max_size=5),
    years=st.floats(0, 60),
)
def test_the_matrix_keeps_the_area_and_never_loses_volume(rows, years):
    state = classes(stands([("t1", "oak", age, volume, area) for age, volume, area in rows]))
    later = advance(state, CURVES, years, 1.0)
    assert later.area_ha.sum() == pytest.approx(state.area_ha.sum(), rel=1e-12)
    assert later.area_ha.min() >= -1e-12
    assert later.volume_m3.sum() >= state.volume_m3.sum() * (1 - 1e-12)


def test_time_that_runs_backwards_and_classes_without_width_are_refused():
    with pytest.raises(ParameterError, match="backwards"):
        advance(classes(FOREST), CURVES, -1.0, 1.0)
    with pytest.raises(ParameterError, match="no sense"):
        age_classes(FOREST, CURVES, 0.0, 100.0, 3.0)
    with pytest.raises(ColumnError, match="town_code: 1 stands"):
        age_classes(FOREST, CURVES, 10.0, 100.0, 3.0)
