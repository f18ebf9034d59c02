"""A village along one road: the next stations can be seen by eye, and every bad input is told with its remedy."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr

from changping_geo.model import ColumnError, GeoError, GeometryError, ParameterError

PATH = Path(__file__).parents[2] / "analyses" / "hydrogen_siting.py"
CRS = "EPSG:32650"
X, Y = 500_000.0, 4_428_000.0
KM = 1000.0


@pytest.fixture(scope="module")
def analysis():
    spec = spec_from_file_location("hydrogen_siting_under_test", PATH)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def points(xy, **columns):
    return gpd.GeoDataFrame(columns, geometry=[shapely.Point(X + x * KM, Y + y * KM) for x, y in xy], crs=CRS)


def road(*xy):
    return shapely.LineString([(X + x * KM, Y + y * KM) for x, y in xy])


def village(**changes):
    """A road of 40 km from west to east, towns A (west) and B (east), a bus depot and a yard in each."""
    stops = np.arange(0, 41, 2)
    layers = {
        "towns": gpd.GeoDataFrame(
            {"town_code": ["1", "2"], "name_zh": ["甲镇", "乙镇"], "name_en": ["A", "B"]},
            geometry=[shapely.box(X - KM, Y - 5 * KM, X + 20.5 * KM, Y + 5 * KM),
                      shapely.box(X + 20.5 * KM, Y - 5 * KM, X + 41 * KM, Y + 5 * KM)], crs=CRS),
        "roads": gpd.GeoDataFrame(
            {"class": "secondary", "speed_km_h": 40.0, "oneway": "both", "lanes": 2},
            index=range(20), geometry=[road((a, 0), (a + 2, 0)) for a in stops[:-1]], crs=CRS),
        "rooftops": gpd.GeoDataFrame(
            {"use": ["education", "housing"]},
            geometry=[shapely.Point(X + 30 * KM + 15, Y + 60).buffer(9),
                      shapely.Point(X + 3 * KM, Y + 3 * KM).buffer(9)], crs=CRS),
        "population": points([(4, 0.1), (36, 0.1)], persons=[3000.0, 1000.0]),
        "depots": points([(6, 0.06), (12, 0.06), (28, 0.06), (38, 0.06)], depot_id=list("abcd"), name=list("甲乙丙丁"),
                         kind=["bus", "logistics", "bus", "logistics"], vehicles=[100, 150, 60, 120]),
        "fuel_stations": points([(1, 0.06), (20, 0.06), (30, 0.06)], station_id=list("xyz"), name=list("子丑寅"),
                                site_area_m2=[3000.0, 3000.0, 2100.0]),
        "parking": points([(33, 0.06)], parking_id=["p"], kind=["public"], spaces=[300]),
        "hydrogen_stations": points([(12.5, 0.06)], station_id=["H"], name=["老站"], status=["operating"],
                                    kind=["skid"], capacity_kg_d=[600.0], open_year=[2021]),
        "terrain": flat(),
        "safety_distances": distances(),
        "target_table": pd.DataFrame({"indicator": ["hydrogen_stations"], "target": [2.0], "year": [2025]}),
    }  # fmt: skip
    return {**layers, **changes}


def flat():
    attrs = {"transform": (100.0, 0.0, X - 2 * KM, 0.0, -100.0, Y + 6 * KM), "nodata": -9999.0, "crs": CRS}
    return xr.DataArray(np.zeros((120, 460)), dims=("y", "x"), attrs=attrs)


def distances():
    common = {"standard": "GB", "clause": "1", "equipment": "gas_storage", "grade": "any", "measured_from": "equipment"}
    return pd.DataFrame([
        {"rule_id": "r", "neighbour": "important_public", "distance_m": 50.0, "verified": True, **common},
        {"rule_id": "u", "neighbour": "minor_road", "distance_m": 10.0, "verified": False, **common},
    ])  # fmt: skip


FEW = {"new_sites_2030": 1, "new_sites_2035": 0, "scenario_draws": 1, "siting_gap": 0.0, "what_if_gap": 0.0}


@pytest.fixture(scope="module")
def result(analysis):
    return analysis.compute(**village(), **FEW)


def test_the_plans_number_less_what_stands_is_built_first(result):
    towns = result.by_town
    assert towns.loc["district", ["hydrogen_existing", "hydrogen_new_2025", "hydrogen_new_2030"]].tolist() == [1, 1, 1]
    assert towns.loc["1", "hydrogen_existing"] == 1
    places = result.made["hydrogen_candidates"].data.set_index("rank")
    assert places.loc[1, "candidate_id"] == "D-a"  # its buses turn in the west, where the old station never sees them


def test_each_phase_serves_more_and_keeps_the_one_before(result):
    phases = result.tables["phases"]
    assert phases["stations"].tolist() == [1, 2, 3, 3]
    assert phases["mix_share"].is_monotonic_increasing
    assert result.tables["solver"]["said_en"].iloc[0] == "proven optimal"
    assert (result.tables["solver"]["bound"] >= result.tables["solver"]["value"] - 1e-9).all()


def test_a_site_beside_a_school_fails_and_stays_on_the_map_with_its_reason(result):
    places = result.made["hydrogen_candidates"].data.set_index("candidate_id")
    failed = places.loc["F-z"]
    assert (failed["role"], failed["verdict"], failed["reason"]) == ("failed", "fail", "important_public")
    assert failed["shortfall_m"] > 0
    assert places.loc["H", "role"] == "existing"
    assert places.loc["D-b", "role"] != "existing"


def test_demand_by_town_adds_up_to_the_layers(result):
    towns = result.by_town
    assert towns.loc["district", "persons"] == 4000.0
    assert towns.loc["district", "depot_vehicles"] == 430.0
    assert (towns["trips_covered_after"] >= towns["trips_covered_before"]).all()
    trips = result.tables["flows"]
    assert trips["how"].eq("reconstructed").all()
    assert trips["trips_d"].sum() == pytest.approx(towns.loc["district", "trips_d"])


def test_the_indicator_counts_stations_in_operation(result):
    told = result.tables["indicators"].iloc[0]
    assert (told["indicator"], told["value"], told["unit"]) == ("hydrogen_stations", 1.0, "count")
    assert result.tables["indicators_by_town"]["value"].sum() == 1.0


def test_the_frontier_rises_and_regret_is_never_negative(result):
    assert result.tables["frontier"]["mix_share"].is_monotonic_increasing
    assert (result.tables["robustness"]["regret"] >= 0).all()
    assert (result.tables["robustness"]["regret_bound"] >= result.tables["robustness"]["regret"] - 1e-9).all()


def test_counted_trips_take_the_place_of_reconstructed_ones(analysis):
    counts = pd.DataFrame({"origin_id": ["a"], "destination_id": ["c"], "purpose": ["bus"], "trips_d": [10.0]})
    told = analysis.compute(**village(heavy_trips=counts), **FEW).tables["flows"]
    assert told[["purpose", "trips_d", "how"]].to_numpy().tolist() == [["bus", 10.0, "counted"]]
    with pytest.raises(ColumnError, match=r"'q'.*depot_id"):
        analysis.compute(**village(heavy_trips=counts.assign(origin_id="q")), **FEW)


def test_a_number_may_be_asked_for_in_place_of_the_plans(analysis):
    told = analysis.compute(**village(target_table=None), **{**FEW, "new_sites_2025": 2, "new_sites_2030": 0})
    assert told.by_town.loc["district", "hydrogen_new_2025"] == 2
    with pytest.raises(ParameterError, match="new_sites_2025"):
        analysis.compute(**village(target_table=None), **FEW)


def test_more_stations_than_candidates_are_refused_with_the_remedy(analysis):
    with pytest.raises(ParameterError, match=r"50 new hydrogen stations.*candidates may be taken.*lower new_sites"):
        analysis.compute(**village(), **{**FEW, "new_sites_2025": 49})


def test_an_unreachable_wish_names_what_stands_in_the_way(analysis):
    with pytest.raises(ParameterError, match=r"least_town_share"):
        analysis.compute(**village(), **{**FEW, "least_town_share": 0.99, "reach_m": 3000.0, "new_sites_2025": 1})


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"hydrogen_stations": points([(12, 4)], station_id=["H"], status=["operating"])}, GeometryError, "H .*datum"),
        (
            {"hydrogen_stations": points([(12, 0), (12, 0)], station_id=["H", "I"], status=["operating"] * 2)},
            ColumnError,
            "Merge",
        ),
        ({"roads": village()["roads"].assign(speed_km_h=0.0)}, ColumnError, "zero or negative"),
        ({"roads": village()["roads"].iloc[::2].reset_index(drop=True)}, GeometryError, "hang together"),
    ],
)
def test_bad_layers_are_told_with_their_remedy(analysis, change, error, words):
    with pytest.raises(GeoError, match=words) as caught:
        analysis.compute(**village(**change), **FEW)
    assert isinstance(caught.value, error)
