"""Indicators on squares that can be counted by eye: coverage, park green per person, stock against a target."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, Polygon, box

from changping_geo.carbon.goals import Goal, check_goal, goal_table, stock_by_town
from changping_geo.carbon.indicators import green_coverage, park_green_per_person
from changping_geo.model import ColumnError, CrsError, GeometryError, ParameterError, ResultError

CRS = "EPSG:32650"


def layer(*shapes, crs=CRS, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


# Two towns of 100 m x 100 m side by side; the built-up area is 150 x 50 of them and 10 x 50 outside.
TOWNS = layer(box(0, 0, 100, 100), box(100, 0, 200, 100), town_code=["a", "b"])
BUILT = layer(box(50, 0, 150, 50), box(140, 0, 210, 50))
PARKS = layer(box(50, 0, 70, 50), box(60, 0, 80, 50), box(0, 60, 40, 100))
GREEN = layer(box(70, 0, 90, 50), box(180, 0, 300, 10))


def test_coverage_is_the_union_of_all_green_within_the_built_up_area_over_that_area():
    out = green_coverage({"parks": PARKS, "green": GREEN}, BUILT, TOWNS, goal=0.49)
    assert out.index.tolist() == ["a", "b", "outside", "district"]
    assert out["built_up_m2"].tolist() == pytest.approx([2500, 5000, 500, 8000])
    assert out["own_parks_m2"].tolist() == pytest.approx([1500, 0, 0, 1500])
    assert out["green_m2_total" if "green_m2_total" in out else "green_m2"].notna().all()
    assert out["coverage"].tolist() == pytest.approx([2000 / 2500, 200 / 5000, 100 / 500, 2300 / 8000])
    assert out.loc["b", "lacking_m2"] == pytest.approx(0.49 * 5000 - 200)
    assert out.loc["a", "lacking_m2"] == 0


def test_sources_add_up_to_the_union_and_their_overlap_is_told():
    out = green_coverage({"parks": PARKS, "estates": GREEN}, BUILT, TOWNS)
    parts = out["own_parks_m2"] + out["own_estates_m2"]
    assert parts.tolist() == pytest.approx(out["green_m2"].tolist())
    assert out.loc["a", ["own_estates_m2", "gross_estates_m2"]].tolist() == pytest.approx([500, 1000])
    assert out.loc["a", "overlap_share"] == pytest.approx(1 - 2000 / 2500)


def test_the_order_of_sources_and_rows_does_not_move_the_union():
    one = green_coverage({"parks": PARKS, "estates": GREEN}, BUILT, TOWNS)
    two = green_coverage({"estates": GREEN[::-1], "parks": PARKS[::-1]}, BUILT[::-1], TOWNS)
    assert one["green_m2"].tolist() == pytest.approx(two["green_m2"].tolist())


def test_a_town_that_is_not_built_up_has_no_coverage():
    out = green_coverage({"parks": PARKS}, layer(box(0, 0, 10, 10)), TOWNS)
    assert np.isnan(out.loc["b", "coverage"])
    assert out.loc["b", "green_m2"] == 0


def test_towns_that_overlap_are_refused():
    overlapping = layer(box(0, 0, 110, 100), box(100, 0, 200, 100), town_code=["a", "b"])
    with pytest.raises(ResultError, match="towns overlap"):
        green_coverage({"parks": PARKS}, BUILT, overlapping)


def test_shapes_that_cannot_be_measured_are_told_by_layer_and_row():
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    with pytest.raises(
        GeometryError, match=r"parks: 1 shapes are invalid \(rows 1\).*\ngreen: 1 shapes are no polygons"
    ):
        green_coverage(
            {"parks": layer(box(0, 0, 1, 1), bow), "green": layer(LineString([(0, 0), (1, 1)]))}, BUILT, TOWNS
        )
    with pytest.raises(CrsError, match="degrees"):
        green_coverage({"parks": PARKS.set_crs("EPSG:4326", allow_override=True)}, BUILT, TOWNS)
    with pytest.raises(CrsError, match="unknown"):
        green_coverage({"parks": layer(box(0, 0, 1, 1), crs=None)}, BUILT, TOWNS)
    with pytest.raises(CrsError, match="different CRS"):
        green_coverage({"parks": PARKS.set_crs("EPSG:32651", allow_override=True)}, BUILT, TOWNS)
    with pytest.raises(ColumnError, match="town_code of its own"):
        green_coverage({"parks": PARKS}, BUILT, TOWNS.assign(town_code=["a", "a"]))


def test_park_green_per_person_spells_out_numerator_and_denominator():
    people = layer(Point(60, 10), Point(20, 80), Point(120, 10), Point(205, 10), persons=[30.0, 500.0, 50.0, 5.0])
    out = park_green_per_person(PARKS, BUILT, TOWNS, people, goal=60.0)
    assert out["park_m2"].tolist() == pytest.approx([1500, 0, 0, 1500])
    assert out["park_all_m2"].tolist() == pytest.approx([3100, 0, 0, 3100])
    assert out["persons"].tolist() == [30, 50, 5, 85]
    assert out["persons_all"].tolist() == [530, 50, 5, 585]
    assert out["park_m2_per_person"].tolist() == pytest.approx([50, 0, 0, 1500 / 85])
    assert out["lacking_m2"].tolist() == pytest.approx([300, 3000, 300, 60 * 85 - 1500])
    assert out.attrs["share_method"].startswith("points")


def test_people_in_cells_count_by_the_share_of_their_area():
    cells = layer(box(0, 0, 100, 100), box(100, 0, 200, 100), persons=[100.0, 200.0])
    out = park_green_per_person(PARKS, BUILT, TOWNS, cells)
    assert out["persons"].tolist() == pytest.approx([25, 100, 0, 125])
    assert out["persons_all"].tolist() == [100, 200, 0, 300]
    assert out.attrs["share_method"].startswith("cells")


def test_where_nobody_lives_there_is_no_figure_per_person():
    out = park_green_per_person(PARKS, BUILT, TOWNS, layer(Point(60, 10), persons=[1.0]))
    assert np.isnan(out.loc["b", "park_m2_per_person"])


def test_people_that_are_missing_negative_or_of_mixed_shapes_are_refused():
    with pytest.raises(ColumnError, match=r"1 rows have no usable 'persons' \(rows 1\)"):
        park_green_per_person(PARKS, BUILT, TOWNS, layer(Point(0, 0), Point(1, 1), persons=[1.0, -2.0]))
    with pytest.raises(ColumnError, match="'persons' is missing"):
        park_green_per_person(PARKS, BUILT, TOWNS, layer(Point(0, 0)))
    with pytest.raises(ColumnError, match="either points or cells"):
        park_green_per_person(PARKS, BUILT, TOWNS, layer(Point(0, 0), box(0, 0, 1, 1), persons=[1.0, 2.0]))


def test_the_forest_stock_stands_beside_its_target_with_interval_and_probability():
    goal = Goal("forest_stock_volume", 1.8e6, "m3", 2025)
    draws = np.linspace(1.7e6, 1.9e6, 201)
    row = check_goal(goal, 1.62e6, 2022, at_target=draws, numerator="stock of all stands")
    assert row["gap"] == pytest.approx(180_000)
    assert row["p10"] == pytest.approx(1.72e6)
    assert row["p90"] == pytest.approx(1.88e6)
    assert row["probability"] == pytest.approx(0.5, abs=0.01)
    assert row["required_per_year"] == pytest.approx(60_000)
    assert not row["reached"]
    table = goal_table([row])
    assert set(table.attrs["headings"]) == set(table.columns)


def test_a_target_from_above_asks_for_steps_down():
    goal = Goal("share", 0.2, "1", 2030, "<=")
    assert check_goal(goal, 0.3, 2025)["required_per_year"] == pytest.approx(-0.02)
    assert check_goal(goal, 0.1, 2025)["required_per_year"] == 0
    assert check_goal(goal, 0.1, 2025)["reached"]
    with pytest.raises(ParameterError, match="before the survey"):
        check_goal(goal, 0.3, 2031)


def test_a_goal_without_draws_has_no_interval():
    row = check_goal(Goal("coverage", 0.49, "1", 2025), 0.43, 2022)
    assert np.isnan([row["p10"], row["probability"]]).all()


def test_towns_share_the_targets_gap_by_their_stock_and_add_up():
    goal = Goal("forest_stock_volume", 200.0, "m3", 2027)
    out = stock_by_town(pd.Series({"a": 60.0, "b": 40.0, "outside": 0.0}), goal, 2022)
    assert out.loc["district"].tolist() == pytest.approx([100, 200, 100, 20])
    assert out.loc["a"].tolist() == pytest.approx([60, 120, 60, 12])
    with pytest.raises(ParameterError, match="no forest stock"):
        stock_by_town(pd.Series({"a": 0.0}), goal, 2022)
    with pytest.raises(ParameterError, match="without the row"):
        stock_by_town(out["volume_m3"], goal, 2022)
