"""Projects that cannot be, that should be looked at, and that count towards a plan."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from changping_geo.errors import ColumnError
from changping_geo.heat.outlook import pilot_table, plan_areas
from changping_geo.heat.planarea import area_by_year_kind, in_area, key_area, named_areas
from changping_geo.heat.projects import check_projects, counts_as_new, project_issues

CRS = "EPSG:32650"


def projects(**change):
    columns = {
        "project_id": ["a", "b", "c", "d"],
        "name": ["一期", "二期", "三期", "四期"],
        "kind": ["shallow_ground", "air", "sewage", "shallow_ground"],
        "status": ["operating", "operating", "operating", "planned"],
        "year": [2022, 2023, 2019, 2030],
        "heated_area_m2": [30_000.0, 20_000.0, 10_000.0, 50_000.0],
        "boreholes": [250, None, None, 400],
        "design_cop": [4.0, None, 4.5, 4.0],
    }
    sites = [box(0, 0, 100, 100), box(200, 0, 300, 100), box(400, 0, 500, 100), box(0, 300, 100, 400)]
    return gpd.GeoDataFrame(columns | change, geometry=sites, crs=CRS)


TOWN = pd.Series(["t1", "t1", "t2", "t2"])
NO_FLOOR = np.zeros(4)


def refused(frame, match, floor=NO_FLOOR):
    with pytest.raises(ColumnError, match=match):
        check_projects(frame, 2025, floor)


def test_sound_projects_pass():
    check_projects(projects(), 2025, np.full(4, 40_000.0))


def test_areas_in_ten_thousand_square_metres_are_told_by_boreholes_and_by_buildings():
    refused(projects(heated_area_m2=[3.0, 20_000.0, 10_000.0, 50_000.0]), "1 projects .a 一期. .*万m²")
    refused(projects(heated_area_m2=[30_000.0, 2.0, 10_000.0, 50_000.0]), "b 二期.*万m²", np.full(4, 40_000.0))


def test_operating_projects_of_the_future_are_refused():
    refused(projects(year=[2027, 2023, 2019, 2030]), "a 一期.*operating but dated after 2025")


def test_missing_kinds_and_states_are_refused_not_guessed():
    refused(projects(kind=[None, "air", "sewage", "magic"]), "2 projects .*no known kind")
    refused(projects(status=["operating", "", "operating", "planned"]), "no known status")
    refused(projects(heated_area_m2=[np.nan, 1e4, 1e4, 1e4]), "no heated area")
    refused(projects().drop(columns="kind"), "lacks the columns kind")


def test_a_project_that_stands_there_twice_is_refused():
    refused(projects(project_id=["a", "a", "c", "d"]), "twice")
    frame = projects(kind=["air"] * 4, heated_area_m2=[1e4] * 4, boreholes=[None] * 4)
    frame.loc[1, "geometry"] = frame.geometry[0]
    refused(frame, "a 一期, b 二期.*twice")


def test_all_faults_are_told_at_once():
    with pytest.raises(ColumnError) as told:
        check_projects(projects(year=[2027, 2023, 2019, 2030], kind=["x", "air", "sewage", "air"]), 2025, NO_FLOOR)
    assert "no known kind" in str(told.value)
    assert "dated after" in str(told.value)


def test_what_should_be_looked_at_is_told_row_by_row():
    frame = projects(year=[None, 2023, 2019, 2024], boreholes=[10, None, None, 400])
    town = pd.Series(["t1", "t1", None, "t2"])
    found = project_issues(frame, town, 2025)
    told = set(zip(found["project"], found["issue"], strict=True))
    assert told == {
        ("a 一期", "no_year"),
        ("a 一期", "odd_bores"),
        ("b 二期", "no_design_cop"),
        ("c 三期", "outside"),
        ("d 四期", "late"),
    }


def test_overlapping_sites_of_one_kind_are_told():
    frame = projects(kind=["air"] * 4)
    frame.loc[1, "geometry"] = box(10, 0, 110, 100)
    found = project_issues(frame, TOWN, 2025)
    assert set(found.loc[found["issue"] == "overlap", "project"]) == {"a 一期", "b 二期"}


def test_new_is_what_operates_is_dated_in_the_period_and_lies_inside():
    assert counts_as_new(projects(), TOWN, 2021, 2025, with_air=False).tolist() == [True, False, False, False]
    assert counts_as_new(projects(), TOWN, 2021, 2025, with_air=True).tolist() == [True, True, False, False]
    outside = pd.Series([None, "t1", "t2", "t2"])
    assert counts_as_new(projects(), outside, 2021, 2025, with_air=False).tolist() == [False] * 4


@pytest.fixture
def targets():
    rows = [
        ("new_ground_heat_pump_heated_area", "district", 100_000.0, "m2", 2025),
        ("new_heat_pump_heated_area", "North", 60_000.0, "m2", 2025),
        ("forest", "district", 1.0, "m3", 2025),
    ]
    return pd.DataFrame(rows, columns=["indicator", "scope", "target", "unit", "year"])


def places():
    return gpd.GeoDataFrame(
        {"name_zh": ["北城", "四期"], "name_en": ["North", "Fourth"], "theme": ["key_area", "heat_pump_pilot"]},
        geometry=[Point(250, 50), Point(0, 0)], crs=CRS,
    )  # fmt: skip


def test_a_named_area_is_the_delivered_polygon_or_a_circle_or_unknown(targets):
    delivered = gpd.GeoDataFrame({"name_zh": ["北城"], "name_en": ["North"]}, geometry=[box(0, 0, 150, 150)], crs=CRS)
    assert key_area("North", delivered, places(), 100.0).boundary == "polygon"
    circle = key_area("North", None, places(), 100.0)
    assert (circle.boundary, round(circle.shape.area, -3)) == ("circle", 31_000)
    assert key_area("South", delivered, places(), 100.0).shape is None
    assert list(named_areas(targets, None, places(), 100.0)) == ["North"]
    assert named_areas(None, None, None, 100.0) == {}


def test_projects_lie_in_an_area_by_the_larger_part_or_are_its_pilots():
    circle = key_area("North", None, places(), 100.0)
    assert in_area(projects(), circle, set()).tolist() == [False, True, False, False]
    assert in_area(projects(), circle, {"四期"}).tolist() == [False, True, False, True]


def test_the_plan_counts_air_in_the_area_and_not_in_the_district(targets):
    areas = named_areas(targets, None, places(), 100.0)
    table, told = plan_areas(projects(), TOWN, targets, areas, {"North": {"四期"}}, (2021, 2025))
    assert table["new_area_m2"].tolist() == [30_000.0, 20_000.0]
    assert table["planned_m2"].tolist() == [50_000.0, 50_000.0]
    assert table["gap_m2"].tolist() == [70_000.0, 40_000.0]
    assert [i.scope for i in told] == ["district", "North"]
    assert told[0].by_town == {"t1": 30_000.0}
    assert "circle about the plan's point" in told[1].definition_en


def test_an_area_that_nobody_knows_has_no_value(targets):
    table, told = plan_areas(projects(), TOWN, targets, {}, {}, (2021, 2025))
    assert np.isnan(table["new_area_m2"][1])
    assert np.isnan(told[1].value)
    assert told[1].by_town is None


def test_projects_without_a_year_stand_in_rows_of_their_own():
    table = area_by_year_kind(projects(year=[None, 2023, 2019, 2030]))
    assert table["heated_area_m2"].sum() == 110_000.0
    assert table["year"].isna().sum() == 1


def test_pilots_are_found_by_name():
    found = pilot_table(projects(), places())
    assert found[["name_zh", "n_projects", "status_zh", "heated_area_m2"]].to_numpy().tolist() == [
        ["四期", 1, "规划", 50_000.0]
    ]
    assert pilot_table(projects(), None).empty
