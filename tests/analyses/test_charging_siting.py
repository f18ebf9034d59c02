"""A street of twenty kilometres on which the best sites can be seen by eye, and what a plan must tell."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from changping_geo.model import Result
from changping_geo.run import check, check_made
from changping_geo.stations.problem import InfeasibleError

CRS = "EPSG:32650"
X, Y = 500_000.0, 4_400_000.0
#: Where people live [m along the street], and how many.
PEOPLE = {1000: 100.0, 6000: 80.0, 10_000: 300.0, 14_000: 50.0, 18_000: 70.0}


def points(along, **columns):
    return gpd.GeoDataFrame(columns, geometry=[Point(X + x, Y) for x in along], crs=CRS)


@pytest.fixture(name="layers", scope="module")
def _layers():
    """The layers in the order in which the analysis takes them."""
    lots = [6100, 10_100, 12_000, 14_100, 18_000, 1010]
    lines = [LineString([(X + 1000 * k, Y), (X + 1000 * (k + 1), Y)]) for k in range(20)]
    sunny = pd.DataFrame({"pv_energy_mwh_a": [500.0]})
    return {
        "towns": gpd.GeoDataFrame({"town_code": ["001", "002"], "name_zh": ["甲镇", "乙镇"], "name_en": ["A", "B"]},
                                  geometry=[box(X, Y - 1000, X + 12_500, Y + 1000),
                                            box(X + 12_500, Y - 1000, X + 20_000, Y + 1000)], crs=CRS),
        "roads": gpd.GeoDataFrame({"class": "tertiary"}, index=range(20), geometry=lines, crs=CRS),
        "charging_stations": points([1000], station_id=["s"], status="operating", kind="public", plugs_fast=4,
                                    plugs_slow=0, open_year=2020.0),
        "population": points(PEOPLE, point_id=list("abcde"), persons=list(PEOPLE.values())),
        "parking": points(lots, parking_id=list("pqrstu"), kind="public", spaces=[100, 100, 100, 100, 10, 100]),
        "built_up": gpd.GeoDataFrame({"kind": ["urban"]}, geometry=[box(X - 99, Y - 99, X - 9, Y - 9)], crs=CRS),
        "rooftops": gpd.GeoDataFrame(geometry=[box(X + 10_100, Y, X + 10_110, Y + 9)], crs=CRS),
        "rooftop_pv": Result(by_town=pd.DataFrame(), features={"rooftops": sunny}),
        "parks": None, "fuel_stations": None, "depots": None, "plan_places": None,
    }  # fmt: skip


@pytest.fixture(name="analysis", scope="module")
def _analysis(load):
    return load("charging_siting")


@pytest.fixture(name="site", scope="module")
def _site(analysis, layers):
    def run(*phases, robust=False, **parameters):
        steps = dict(zip(("phase_1", "phase_2", "phase_3"), phases, strict=True))
        return analysis.compute(*layers.values(), new_sites=steps, robust=robust, **parameters)

    return run


def chosen(result):
    table = result.tables["sites"]
    return dict(zip(table["site_id"].str.removeprefix("parking:"), table["choice"].str[-1].astype(int), strict=True))


def test_the_best_sites_come_first_and_phases_are_nested(site):
    result = site(1, 2, 3)
    # r at 12 km reaches the 300 and the 50 people; then p the 80; with three q and t do no better than r
    assert chosen(result) == {"r": 1, "p": 2} | {k: v for k, v in chosen(result).items() if v == 3}
    assert result.tables["phases"]["persons_covered"].tolist() == [100, 450, 530, 530]
    assert result.by_town["persons_after"].tolist() == [480, 50, 0, 530]
    assert result.by_town["persons_out_of_reach"].tolist() == [0, 70, 0, 70]


def test_every_answer_tells_status_bound_gap_method_and_seconds(site):
    proof = site(1, 2, 2).tables["proof"].set_index("question")
    assert proof["status_en"].tolist() == ["proven optimal"] * 2
    assert (proof["bound"] == proof["value"]).all()
    assert (proof["gap"] == 0).all()
    assert proof["method"].str.len().gt(0).all()
    assert (proof["seconds"] > 0).all()


def test_how_many_is_the_least_number_for_the_share(site):
    # 90 % of 600 people are 540: even every candidate reaches 530 only, and this is told
    proof = site(1, 1, 1).tables["proof"].set_index("question")
    assert proof.loc["how_many", "new_sites"] == 2
    assert "all that any plan can cover" in proof.loc["how_many", "note_en"]
    fewer = site(1, 1, 1, target_share=0.7).tables["proof"].set_index("question")
    assert fewer.loc["how_many", ["new_sites", "persons_covered"]].tolist() == [1, 450]


def test_places_that_fail_are_shown_with_their_reason(site):
    places = site(1, 1, 1).made["charging_candidates"].data.set_index("site_id")
    assert places.loc["parking:t", ["choice", "verdict", "reason"]].tolist() == ["failed", "fail", "few_spaces"]
    assert places.loc["parking:u", "reason"] == "station_near"
    assert places.loc["parking:q", ["choice", "persons_alone"]].tolist() == ["candidate", 300]


def test_roofs_nearby_mark_a_site_of_photovoltaics(site):
    places = site(1, 1, 1).made["charging_candidates"].data.set_index("site_id")
    # 20 plugs × 60 kW × 900 h = 1,080 MWh/a; 500 MWh/a of roofs are more than 30 %
    assert places.loc["parking:q", ["needed_mwh_a", "pv_mwh_a", "pv_storage"]].tolist() == [1080, 500, "yes"]
    assert places.loc["parking:r", "pv_storage"] == "no"


def test_more_sites_than_candidates_are_cut_and_told(site):
    proof = site(1, 2, 99).tables["proof"].set_index("question")
    assert proof.loc["phases", "new_sites"] <= 4
    assert "99 new stations are asked for, 4 candidates are free" in proof.loc["phases", "note_en"]


def test_the_worst_town_comes_first_when_it_is_asked_for(site):
    # one site: 350 people in all, or the 50 of town B, whose share counts first; r serves both
    fair = site(1, 1, 1, equity="worst_first").by_town
    assert fair.loc["002", "share_after"] == pytest.approx(50 / 120)


def test_a_least_share_of_each_town_is_kept_as_far_as_it_can_be(site):
    least = site(2, 2, 2, equity="least_share", town_share=0.9)
    assert least.by_town["share_after"].iloc[:2].tolist() == pytest.approx([1.0, 50 / 120])
    assert "1 towns cannot have the least share" in least.tables["proof"]["note_en"].iloc[0]
    with pytest.raises(InfeasibleError, match="least shares of the towns or the number of sites"):
        site(1, 1, 1, equity="least_share", town_share=0.9)


def test_core_ground_asks_for_the_core_radius(layers, analysis):
    held = dict(layers, built_up=gpd.GeoDataFrame(
        {"kind": ["urban"]}, geometry=[box(X + 9000, Y - 100, X + 11_000, Y + 100)], crs=CRS))  # fmt: skip
    counts = {"phase_1": 1, "phase_2": 1, "phase_3": 1}
    near = analysis.compute(*held.values(), new_sites=counts, robust=False)
    assert near.tables["sites"]["site_id"].tolist() == ["parking:q"]
    far = analysis.compute(*held.values(), new_sites=counts, robust=False, radius_rule="one_radius")
    assert far.tables["sites"]["site_id"].tolist() == ["parking:r"]


def test_scenarios_tell_how_often_a_site_is_chosen_and_what_a_plan_loses(site):
    result = site(1, 1, 1, robust=True)
    often, regret = result.tables["robustness"].set_index("site_id"), result.tables["regret"].set_index("plan")
    assert often["chosen_in"].between(0, 1).all()
    assert often.loc["parking:r", "base"] == "yes"
    assert (regret[["worst", "expected"]] >= 0).all(axis=None)
    assert regret.loc["base", "base"] == 0
    assert (regret["recommended"] == "yes").sum() == 1


def test_the_result_keeps_the_rules_of_the_house(analysis, site, layers):
    result = site(1, 2, 3, robust=True)
    module = SimpleNamespace(name="charging_siting", outputs=analysis.OUTPUTS)
    check(module, result, {name: len(layer) for name, layer in layers.items() if isinstance(layer, pd.DataFrame)})
    check_made("charging_siting", result, list(layers))


@settings(max_examples=6, deadline=None)
@given(counts=st.lists(st.integers(0, 4), min_size=3, max_size=3).map(sorted))
def test_more_sites_never_cover_fewer_and_each_phase_keeps_the_former(site, counts):
    result = site(*counts)
    phases = result.tables["phases"]
    assert (phases["persons_covered"].diff().dropna() >= 0).all()
    assert (phases["worst_share"].diff().dropna() >= -1e-12).all()
    assert (result.tables["frontier"]["persons_covered"].diff().dropna() >= 0).all()
    assert phases["persons_covered"].iloc[-1] <= result.tables["frontier"]["persons_covered"].iloc[-1]
    assert np.all(result.by_town["persons_after"] >= result.by_town["persons_before"])
