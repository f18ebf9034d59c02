"""Places for charging: which there are, how much room they have, and why some are no sites."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from changping_geo.model import ColumnError
from changping_geo.stations.candidates_charging import CARDS, candidate_places, pv_nearby, screened
from changping_geo.stations.eligibility import FAIL, PASS, SURVEY

CRS = "EPSG:32650"
X, Y = 400_000.0, 4_400_000.0
RULES = {
    "space_share": {"public": 0.2, "commercial": 0.2, "scenic": 0.2, "park_and_ride": 0.2, "residential": 0.37},
    "site_plugs": CARDS["site_plugs"],
    "park_spaces_per_ha": 5.0,
    "plugs_per_vehicle": 0.25,
    "fuel_site_m2": 1500.0,
}


def layer(points, **columns):
    return gpd.GeoDataFrame(columns, geometry=[Point(X + x, Y + y) for x, y in points], crs=CRS)


@pytest.fixture(name="parking")
def _parking():
    return layer(
        [(0, 0), (1000, 0), (2000, 0), (3000, 0)],
        parking_id=list("abcd"),
        name=["甲", "乙", None, "丁"],
        kind=["public", "commercial", "residential", "scenic"],
        spaces=[100, 50, 900, 10],
    )


def test_only_parking_that_is_open_to_all_is_a_place(parking):
    found = candidate_places(parking, None, None, None, None, **RULES)
    assert list(found["site_id"]) == ["parking:a", "parking:b", "parking:d"]
    assert list(found["source"]) == ["parking", "commerce", "parking"]
    assert list(found["room_plugs"]) == [20, 10, 2]


def test_every_kind_of_place_has_its_own_rule_of_room(parking):
    parks = gpd.GeoDataFrame({"park_id": ["g"]}, geometry=[box(X, Y, X + 200, Y + 100)], crs=CRS)  # 2 ha
    fuel = layer([(0, 500), (0, 900)], station_id=["f", "h"], site_area_m2=[2000.0, np.nan])
    depots = layer([(5, 5), (6, 6), (7, 7)], depot_id=list("xyz"), kind=["bus", "service_area", "logistics"],
                   vehicles=[40, None, 100])  # fmt: skip
    rail = layer([(9, 9), (8, 8)], id=["r", "w"], name_zh=["站", "园"], theme=["rail_microcentre", "wind"])
    found = candidate_places(parking.iloc[:1], parks, fuel, depots, rail, **RULES).set_index("site_id")
    assert list(found.index) == [
        "parking:a", "park:g", "fuel_station:f", "fuel_station:h", "depot:x", "service_area:y", "rail_microcentre:r"
    ]  # fmt: skip
    assert found.loc["park:g", "room_plugs"] == pytest.approx(2 * 5 * 0.2)
    assert list(found["room_plugs"].iloc[2:]) == [4, 4, 10, 5, 20]
    assert found.loc["fuel_station:h", ["verdict", "reason"]].tolist() == [FAIL, "small_site"]
    assert found.loc["rail_microcentre:r", ["verdict", "reason"]].tolist() == [SURVEY, "place_unsure"]
    assert found.loc["rail_microcentre:r", "name"] == "站"


def test_no_place_at_all_is_told(parking):
    with pytest.raises(ColumnError, match="deliver parking, parks"):
        candidate_places(parking[parking["kind"] == "residential"], None, None, None, None, **RULES)


def test_places_that_fail_stay_with_the_reason_that_binds(toy):
    town = toy([(0, 0), (4000, 0)])
    places = pd.DataFrame({
        "site_id": list("abcdef"), "source": "parking", "name": "", "room_plugs": [3.0, 90.0, 20.0, 8.0, 9.0, 8.0],
        "x": X + np.array([0, 1000, 2000, 2030, 3000, 3900.0]), "y": Y + np.array([10, 10, 10, 10, 10, 5000.0]),
        "verdict": PASS, "reason": "",
    })  # fmt: skip
    points = town.at(*(places[["x", "y"]].to_numpy() - (X, Y)), max_access_m=500.0)
    found = screened(places, points, np.array([[X + 3000.0, Y + 100.0]]), least_plugs=4, most_plugs=60, apart_m=200,
                     same_m=50)  # fmt: skip
    assert list(found["reason"]) == ["few_spaces", "", "", "same_site", "station_near", "off_network"]
    assert list(found["verdict"]) == [FAIL, PASS, PASS, FAIL, FAIL, FAIL]
    assert list(found["room_plugs"]) == [3, 60, 20, 8, 9, 8]
    assert found["station_m"].iloc[4] == 90


def test_an_approximate_position_is_not_measured_against_stations(toy):
    place = pd.DataFrame({"site_id": ["r"], "source": "rail_microcentre", "name": "", "room_plugs": 20.0, "x": X + 500,
                          "y": Y, "verdict": SURVEY, "reason": "place_unsure"})  # fmt: skip
    points = toy([(0, 0), (4000, 0)]).at((500, 0))
    found = screened(place, points, np.array([[X + 501.0, Y]]), least_plugs=4, most_plugs=60, apart_m=200, same_m=50)
    assert found[["verdict", "reason"]].iloc[0].tolist() == [SURVEY, "place_unsure"]


def test_of_a_chain_of_near_places_every_second_one_stays(toy):
    along = np.arange(5) * 40.0
    places = pd.DataFrame({"site_id": list("abcde"), "source": "parking", "name": "", "room_plugs": 10.0,
                           "x": X + along, "y": Y, "verdict": PASS, "reason": ""})  # fmt: skip
    points = toy([(0, 0), (4000, 0)]).at(*np.column_stack([along, np.zeros(5)]))
    found = screened(places, points, np.empty((0, 2)), least_plugs=1, most_plugs=60, apart_m=0, same_m=50)
    assert list(found["verdict"]) == [PASS, FAIL, PASS, FAIL, PASS]
    assert np.isinf(found["station_m"]).all()


def test_roofs_nearby_make_a_site_of_photovoltaics_and_storage():
    sites = np.array([[0.0, 0.0], [1000.0, 0.0]])
    roofs = np.array([[100.0, 0.0], [0.0, 150.0], [151.0, 0.0], [np.nan, 0.0]])
    found = pv_nearby(sites, roofs, np.array([30.0, 60.0, 500.0, 9.0]), np.array([5.0, 5.0]), within_m=150,
                      least_share=0.3, plug_kw=60, plug_hours_a=1000)  # fmt: skip
    assert list(found["needed_mwh_a"]) == [300, 300]
    assert list(found["pv_mwh_a"]) == [90, 0]
    assert list(found["pv_share"]) == [0.3, 0]
    assert list(found["pv_storage"]) == ["yes", "no"]


def test_a_place_without_room_has_no_share_of_photovoltaics():
    found = pv_nearby(np.zeros((1, 2)), np.zeros((1, 2)), np.ones(1), np.zeros(1), within_m=10, least_share=0.3,
                      plug_kw=60, plug_hours_a=1000)  # fmt: skip
    assert np.isnan(found["pv_share"].iloc[0])
    assert found["pv_storage"].iloc[0] == "no"
