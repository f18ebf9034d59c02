"""Parks, green, stations, depots and heat-pump projects: the specs' columns, inside the district, the plan's words."""

from __future__ import annotations

import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from changping_geo.sources import provider
from changping_geo.sources.synthetic import _points

LAYERS = Path(__file__).parents[2] / "layers"
NAMES = (
    "parks",
    "urban_green",
    "parking",
    "charging_stations",
    "fuel_stations",
    "hydrogen_stations",
    "depots",
    "heat_pump_projects",
)


def _places(district, corner, *rows):
    """Places at metres from the corner: theme, Chinese role, x, y, remark on the position."""
    theme, role, x, y, remark = zip(*rows, strict=True)
    district.layers["plan_places"] = gpd.GeoDataFrame(
        {
            "id": [f"p{i}" for i in range(len(rows))],
            "name_zh": [f"地点{i}" for i in range(len(rows))],
            "theme": theme,
            "plan_role_zh": role,
            "plan_role_en": "",
            "position": remark,
        },
        geometry=shapely.points(np.array(x) + corner[0], np.array(y) + corner[1]),
        crs=district.context.frame.crs,
    )


@pytest.mark.parametrize("name", NAMES)
def test_each_layer_keeps_its_contract(made_district, name):
    frame = made_district.layer(name)
    spec = tomllib.loads((LAYERS / f"{name}.toml").read_text(encoding="utf-8"))
    assert list(frame.columns) == [*spec["columns"], "geometry"]
    assert frame.crs == made_district.context.frame.crs
    assert frame[spec["key"]].is_unique
    assert frame.within(made_district.layer("district").union_all()).all()
    assert frame.is_valid.all()
    for column, card in spec["columns"].items():
        values = frame[column].dropna()
        assert not (card.get("required") and frame[column].isna().any()), column
        assert set(values) <= set(card.get("values", values)), column
        if "range" in card:
            assert values.between(*card["range"]).all(), column


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_about_each_layer(made_district, name):
    made_district.layer(name)
    again = provider(f"synthetic.{name}")(made_district.context)
    pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(made_district.layer(name)))


def test_parks_and_green_stay_near_the_plan_but_not_on_it(district):
    district.layers["target_table"] = pd.DataFrame(
        {
            "indicator": ["park_green_per_person", "urban_green_coverage"],
            "target": [12.0, 45.0],
            "unit": ["m2/person", "%"],
            "year": [2025, 2025],
        }
    )
    parks, green = district.layer("parks"), district.layer("urban_green")
    built = district.layer("built_up").union_all()
    per_person = parks.area.sum() / district.layer("population")["persons"].sum()
    assert 5 < per_person < 12
    covered = shapely.union_all([*green.geometry, *parks.geometry]).intersection(built).area / built.area
    assert 0.30 < covered < 0.45


def test_parks_and_green_lie_beside_buildings_and_each_other(made_district):
    parks, green, houses = (made_district.layer(name) for name in ("parks", "urban_green", "rooftops"))
    assert parks.intersection(houses.union_all()).area.sum() < 1.0
    shapes = parks.geometry.to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    assert shapely.area(shapely.intersection(shapes[left[left < right]], shapes[right[left < right]])).sum() < 1.0
    assert green.intersection(houses.union_all()).area.sum() < 0.1 * green.area.sum()


def test_hydrogen_stations_are_those_that_the_plan_names(district, corner):
    _places(
        district,
        corner,
        ("hydrogen", "已建(2021-08-15)、800 kg/d", 5000, 4000, ""),
        ("hydrogen", "规划", 7000, 4000, ""),
        ("wind", "风电", 5000, 5000, ""),
    )
    stations = district.layer("hydrogen_stations")
    assert stations["status"].tolist() == ["operating", "planned"]
    assert stations["capacity_kg_d"].tolist() == [800.0, 600.0]
    assert stations["open_year"].tolist()[0] == 2021
    assert stations["open_year"].isna().tolist() == [False, True]


def test_without_a_plan_there_are_no_hydrogen_stations(made_district):
    assert len(made_district.layer("hydrogen_stations")) == 0


def test_an_approximate_place_is_moved_into_the_town_that_its_remark_names(district, corner):
    _places(
        district,
        corner,
        ("hydrogen", "规划", -900, 2000, "from memory ±3 km"),
        ("hydrogen", "规划", 4000, 2000, "town known (丁镇)"),
        ("hydrogen", "规划", -90_000, 2000, "far off"),
    )
    stations = district.layer("hydrogen_stations")
    assert stations["name"].tolist() == ["地点0", "地点1"]
    town = district.layer("towns").set_index("name_zh").geometry["丁镇"]
    assert town.contains(stations.geometry.iloc[1])


def test_heat_pump_projects_take_areas_and_boreholes_from_the_plans_words(district, corner):
    _places(
        district,
        corner,
        ("heat_pump_project", "地源热泵2,230孔、328500平方米", 3000, 4000, ""),
        ("heat_pump_pilot", "再生水源热泵先导区域", 7000, 6000, ""),
    )
    projects = district.layer("heat_pump_projects").set_index("name")
    known, pilot = projects.loc["地点0"], projects.loc["地点1"]
    assert (known["kind"], known["status"], known["heated_area_m2"], known["boreholes"]) == (
        "shallow_ground",
        "operating",
        328_500.0,
        2230,
    )
    assert (pilot["kind"], pilot["status"]) == ("sewage", "planned")
    assert projects["design_cop"].between(2, 6).all()


def test_parking_is_named_after_its_town_and_numbered(made_district):
    names = made_district.layer("parking")["name"]
    assert names.is_unique
    assert names.str.fullmatch(r"[甲乙丙丁]镇(小区|商业|写字楼|公共|驻车换乘|景区)停车场\d+").all()


def test_a_park_and_ride_lot_stands_at_each_railway_station_of_the_plan(district, corner):
    _places(district, corner, ("rail_microcentre", "轨道微中心", 6000, 2000, ""))
    lots = district.layer("parking")
    assert (lots["kind"] == "park_and_ride").sum() == 1


def test_charging_power_adds_up_from_plugs(made_district):
    stations = made_district.layer("charging_stations")
    fast = stations["power_kw"] - 7.0 * stations["plugs_slow"]
    assert (fast >= 60 * stations["plugs_fast"]).all()
    assert stations["open_year"].isna().eq(stations["status"].isin(["building", "planned"])).all()


def test_fuel_stations_stand_beside_roads_and_apart(made_district):
    stations = made_district.layer("fuel_stations").geometry
    distance = stations.distance(made_district.layer("roads").union_all())
    assert distance.to_numpy() == pytest.approx(28.0, abs=1.0)


def test_spaced_keeps_the_order_and_the_distance():
    xy = np.array([[0.0, 0.0], [1.0, 0.0], [5.0, 0.0], [5.5, 0.0], [20.0, 0.0]])
    assert _points.spaced(xy, np.arange(5), 10, 2.0).tolist() == [0, 2, 4]
    assert _points.spaced(xy, np.array([3, 2, 0]), 2, 2.0).tolist() == [3, 0]


def test_numbers_run_per_name():
    assert _points.numbered(["甲", "乙", "甲"]) == ["甲1", "乙1", "甲2"]
