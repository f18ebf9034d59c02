"""Stands: bad ones are told with their names, and cutting them at towns loses nothing."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from changping_geo.carbon import stands
from changping_geo.errors import ColumnError, CrsError, GeometryError

CRS = "EPSG:32650"
KNOWN = ["pine", "oak"]


def frame(shapes, crs=CRS, **columns):
    data = {"species": "pine", "volume_m3_ha": 30.0, **columns}
    return gpd.GeoDataFrame(pd.DataFrame(data, index=range(len(shapes))), geometry=shapes, crs=crs)


def squares(count, side=100.0):
    return [box(i * side, 0, (i + 1) * side, side) for i in range(count)]


def towns(shapes, crs=CRS):
    return gpd.GeoDataFrame({"town_code": [f"t{i}" for i in range(len(shapes))]}, geometry=shapes, crs=crs)


def test_all_faults_are_told_at_once_with_the_stands():
    shapes = [box(0, 0, 100, 100), box(50, 0, 150, 100), box(200, 0, 300, 100), box(300, 0, 400, 100)]
    bad = frame(
        shapes, stand_id=["A", "B", "C", "D"], species=["pine", "<b>", None, "oak"], volume_m3_ha=[-1.0, 700.0, 3, 4]
    )
    with pytest.raises(ColumnError) as error:
        stands.check_stands(bad, KNOWN, "data_raw/forest.gpkg")
    told = str(error.value)
    for part in ("data_raw/forest.gpkg", "missing in 1 stands (C)", "'<b>' in 1 stands (B)", "negative in 1 stands (A)",
                 "above 600 m3/ha", "A with B", "0.50 ha"):  # fmt: skip
        assert part in told


def test_good_stands_pass_and_touching_is_no_overlap():
    assert stands.check_stands(frame(squares(3)), KNOWN) is None


def test_overlap_alone_is_a_fault_of_shapes():
    with pytest.raises(GeometryError, match="row 1 with row 2"):
        stands.check_stands(frame([box(0, 0, 100, 100), box(90, 0, 200, 100)]), KNOWN)


def test_degrees_and_missing_columns_are_refused():
    with pytest.raises(CrsError, match="degrees"):
        stands.check_stands(frame(squares(1), "EPSG:4326"), KNOWN)
    with pytest.raises(CrsError, match="no CRS"):
        stands.check_stands(frame(squares(1), None), KNOWN)
    with pytest.raises(ColumnError, match="volume_m3_ha"):
        stands.check_stands(frame(squares(1)).drop(columns="volume_m3_ha"), KNOWN)


def test_volume_per_stand_is_seen_by_its_growth_with_area():
    rng = np.random.default_rng(1)
    area = np.exp(rng.normal(2.0, 0.8, 200))
    per_hectare = np.exp(rng.normal(3.0, 0.4, 200))
    assert stands.per_stand_not_per_hectare(per_hectare, area) == ""
    assert "divide it by the area" in stands.per_stand_not_per_hectare(per_hectare * area, area)
    assert "the median is" in stands.per_stand_not_per_hectare(np.full(30, 900.0), np.full(30, 30.0))
    assert stands.per_stand_not_per_hectare(np.full(30, 40.0), np.full(30, 30.0)) == ""
    assert stands.per_stand_not_per_hectare((per_hectare * area)[:5], area[:5]) == ""


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-50, 350), min_size=1, max_size=4), st.floats(20, 280))
def test_parts_add_up_to_the_stand(starts, border):
    forest = frame([box(x, 10 * i, x + 60, 10 * i + 10) for i, x in enumerate(starts)])
    parts = stands.parts_in_towns(forest, towns([box(0, 0, border, 100), box(border, 0, 300, 100)]))
    assert parts.groupby("row")["area_ha"].sum().to_numpy() == pytest.approx(forest.area.to_numpy() / 1e4, rel=1e-9)


def test_a_stand_on_a_border_is_split_and_what_lies_beyond_is_outside():
    parts = stands.parts_in_towns(frame([box(50, 0, 250, 100)]), towns([box(0, 0, 100, 100), box(100, 0, 200, 100)]))
    assert dict(zip(parts["town_code"], parts["area_ha"], strict=True)) == pytest.approx(
        {"t0": 0.5, "t1": 1.0, "outside": 0.5}
    )


def test_overlapping_towns_and_other_crs_are_refused():
    with pytest.raises(GeometryError, match="towns overlap"):
        stands.parts_in_towns(frame(squares(1)), towns([box(0, 0, 100, 100), box(0, 0, 90, 100)]))
    with pytest.raises(CrsError, match="different CRS"):
        stands.parts_in_towns(frame(squares(1)), towns(squares(1), "EPSG:32651"))


def test_an_invalid_shape_is_told():
    bow = frame([box(0, 0, 1, 1)])
    bow.loc[0, "geometry"] = shapely.from_wkt("POLYGON((0 0, 10 10, 10 0, 0 10, 0 0))")
    assert "invalid shapes in 1 stands (row 1)" in stands.overlaps(bow)[0]
