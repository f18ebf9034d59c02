"""Each feature in exactly one town, and every sum closed: small maps that can be checked by eye."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, Point, Polygon, box

from changping_geo.geo.assign import assign_to_towns, centre_lonlat, totals_by_town
from changping_geo.model import ColumnError, CrsError, GeometryError, ResultError

CRS = "EPSG:32650"


def frame(shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS)


def two_towns():
    """West (code 2) and east (code 1) of the line x = 10, both 10 by 10."""
    return frame([box(0, 0, 10, 10), box(10, 0, 20, 10)], town_code=["2", "1"], name_zh=["西", "东"])


def codes(shapes, towns=None):
    return assign_to_towns(frame(shapes), two_towns() if towns is None else towns).fillna("-").tolist()


def test_a_feature_belongs_to_the_town_that_holds_most_of_it():
    assert codes([box(1, 1, 2, 2), box(8, 0, 11, 1), box(9, 0, 12, 1), box(12, 3, 13, 4)]) == ["2", "2", "1", "1"]


def test_equal_shares_go_to_the_lower_code():
    assert codes([box(9, 0, 11, 1), Point(10, 5), LineString([(10, 0), (10, 10)])]) == ["1", "1", "1"]


def test_lines_are_measured_by_length_and_points_by_touch():
    assert codes([LineString([(4, 5), (11, 5)]), Point(3, 3), MultiPoint([(1, 1), (2, 2)])]) == ["2", "2", "2"]


def test_outside_is_missing_and_touching_is_not_being_in():
    assert codes([box(30, 30, 31, 31), box(20, 0, 21, 1), box(-1, 0, 0, 1), Polygon(), None]) == ["-"] * 5


def test_a_feature_across_the_rim_belongs_to_the_town_it_reaches_into():
    assert codes([box(18, 9, 25, 20), box(-5, -5, 25, 15)]) == ["1", "1"]


def test_the_answer_stands_on_the_features_index():
    features = frame([box(1, 1, 2, 2), box(12, 1, 13, 2)])
    features.index = pd.Index([7, 3], name="row")
    found = assign_to_towns(features, two_towns())
    assert found.name == "town_code"
    pd.testing.assert_index_equal(found.index, features.index)


def test_no_features_give_no_codes():
    assert codes([]) == []


def test_unequal_unknown_and_geographic_crs_are_refused():
    features = frame([box(1, 1, 2, 2)])
    with pytest.raises(CrsError, match="bring both to one CRS"):
        assign_to_towns(features.set_crs("EPSG:32651", allow_override=True), two_towns())
    with pytest.raises(CrsError, match="no CRS"):
        assign_to_towns(features.set_crs(None, allow_override=True), two_towns())
    with pytest.raises(CrsError, match="degrees"):
        assign_to_towns(features.set_crs(4326, allow_override=True), two_towns())


def test_faulty_codes_are_told_at_once():
    towns = frame([box(0, 0, 1, 1)] * 4, town_code=["1", "1", None, "outside"], name_zh=list("甲乙丙丁"))
    with pytest.raises(ColumnError, match=r"1 towns have no.*given twice: 1.*must not be"):
        assign_to_towns(frame([]), towns)


@st.composite
def map_of_grid_towns(draw):
    """Towns that tile a grid of whole metres, with shuffled codes and rows; boxes on the same grid."""
    xs = np.unique([0, 12, *draw(st.lists(st.integers(1, 11), max_size=3))])
    ys = np.unique([0, 12, *draw(st.lists(st.integers(1, 11), max_size=3))])
    cells = [box(a, c, b, d) for a, b in itertools.pairwise(xs) for c, d in itertools.pairwise(ys)]
    names = draw(st.permutations([f"{i:02d}" for i in range(len(cells))]))
    corner = st.tuples(st.integers(-3, 14), st.integers(-3, 14), st.integers(1, 6), st.integers(1, 6))
    boxes = [box(x, y, x + w, y + h) for x, y, w, h in draw(st.lists(corner, min_size=1, max_size=12))]
    return frame(cells, town_code=list(names), name_zh=list(names)), boxes


@settings(max_examples=30)
@given(map_of_grid_towns(), st.randoms())
def test_the_order_of_towns_decides_nothing(drawn, random):
    towns, boxes = drawn
    rows = list(range(len(towns)))
    random.shuffle(rows)
    assert codes(boxes, towns) == codes(boxes, towns.iloc[rows])


@settings(max_examples=30)
@given(map_of_grid_towns())
def test_each_feature_has_its_largest_share_where_it_is_counted(drawn):
    towns, boxes = drawn
    for shape, code in zip(boxes, codes(boxes, towns), strict=True):
        shares = {
            name: cell.intersection(shape).area for name, cell in zip(towns.town_code, towns.geometry, strict=True)
        }
        best = max(shares.values())
        assert code == (min(name for name, share in shares.items() if share == best) if best else "-")


@settings(max_examples=30)
@given(map_of_grid_towns())
def test_splitting_features_at_borders_keeps_the_districts_total(drawn):
    towns, boxes = drawn
    pieces = [part for shape in boxes for cell in towns.geometry if (part := shape.intersection(cell)).area > 0]
    whole = totals_by_town(*_areas(boxes, towns), towns)
    split = totals_by_town(*_areas(pieces, towns), towns)
    assert split.loc["outside", "area"] == 0
    inside = sum(shape.intersection(box(0, 0, 12, 12)).area for shape in boxes)
    assert split.loc["district", "area"] == pytest.approx(inside, rel=1e-12)
    assert whole.loc["district", "area"] == pytest.approx(sum(shape.area for shape in boxes), rel=1e-12)


@settings(max_examples=30)
@given(map_of_grid_towns())
def test_every_grid_point_of_the_district_lies_in_exactly_one_town(drawn):
    towns, _ = drawn
    found = assign_to_towns(frame([Point(x, y) for x in range(13) for y in range(13)]), towns)
    assert found.notna().all()


def _areas(shapes, towns):
    features = frame(shapes)
    return pd.DataFrame({"area": features.area}), assign_to_towns(features, towns)


def test_totals_stand_in_the_towns_order_and_close():
    values = pd.DataFrame({"kw": [1.0, 2.0, 4.0, 8.0]})
    found = totals_by_town(values, pd.Series(["1", "2", "1", None], dtype="str"), two_towns())
    assert found.index.tolist() == ["2", "1", "outside", "district"]
    assert found["kw"].tolist() == [2.0, 5.0, 8.0, 15.0]
    assert found["town_name"].tolist() == ["西", "东", "区外", "全区"]


def test_totals_refuse_gaps_unknown_codes_and_foreign_indices():
    values = pd.DataFrame({"kw": [1.0, np.nan]})
    code = pd.Series(["1", "2"], dtype="str")
    with pytest.raises(ResultError, match="kw: 1 rows"):
        totals_by_town(values, code, two_towns())
    with pytest.raises(ResultError, match="codes that no town has"):
        totals_by_town(values.fillna(0), pd.Series(["1", "9"], dtype="str"), two_towns())
    with pytest.raises(ResultError, match="indices"):
        totals_by_town(values.fillna(0), code.set_axis([5, 6]), two_towns())
    with pytest.raises(ColumnError, match="name_zh"):
        totals_by_town(values.fillna(0), code, two_towns().drop(columns="name_zh"))


def test_the_centre_is_weighted_by_area_and_told_in_degrees():
    towns = frame([box(499_000, 4_000_000, 501_000, 4_001_000)], town_code=["1"])
    lon, lat = centre_lonlat(towns)
    assert lon == pytest.approx(117.0, abs=1e-9)  # the zone's central meridian
    assert 36.1 < lat < 36.2
    with pytest.raises(GeometryError, match="no area"):
        centre_lonlat(frame([Point(0, 0)], town_code=["1"]))
