"""Change of land cover: a map of sixteen cells whose matrix is drawn by hand, and sums that close."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from changping_geo.carbon.change import change_raster, count_change, difference, on_one_grid
from changping_geo.carbon.change_patches import largest_patches
from changping_geo.errors import ColumnError, CrsError
from changping_geo.layers.rasters import as_dataarray

CRS = "EPSG:32650"
WEST, NORTH = 500_000.0, 4_400_000.0
CLASSES = {1: ("林地", "forest"), 2: ("耕地", "cropland"), 3: ("建成区", "built-up")}
BEFORE = np.array([[1, 1, 2, 2], [1, 1, 2, 2], [2, 2, 3, 0], [2, 2, 3, 3]], dtype=np.uint8)
AFTER = np.array([[1, 3, 2, 2], [1, 3, 2, 1], [2, 2, 3, 3], [2, 0, 3, 3]], dtype=np.uint8)


def raster(cells, west=WEST, side=100):
    """Cells of one hectare."""
    return as_dataarray(np.asarray(cells), (side, 0, west, 0, -side, NORTH), CRS, 0)


def towns():
    """Left and right half."""
    halves = [box(WEST + x, NORTH - 400, WEST + x + 200, NORTH) for x in (0, 200)]
    return gpd.GeoDataFrame({"town_code": ["L", "R"]}, geometry=halves, crs=CRS)


def test_the_matrix_of_each_town_is_what_the_map_shows():
    change = count_change(raster(BEFORE), raster(AFTER), towns(), CLASSES)
    rows = [tuple(row) for row in change.matrix.itertuples(index=False)]
    assert rows == [("L", 1, 1, 2), ("L", 1, 3, 2), ("L", 2, 2, 3), ("R", 2, 1, 1), ("R", 2, 2, 3), ("R", 3, 3, 3)]
    assert change.missing.loc["L"].tolist() == [0, 1, 0]
    assert change.missing.loc["R"].tolist() == [1, 0, 0]
    assert change.classes.loc[("L", 1)].tolist() == [4, 2, 2, 0, 2, -2]
    assert change.classes.loc[("L", 3)].tolist() == [0, 2, 0, 2, 0, 2]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_rows_add_up_to_the_earlier_year_and_columns_to_the_later_one(seed):
    rng = np.random.default_rng(seed)
    first, last = (rng.integers(0, 4, (4, 4)).astype(np.uint8) for _ in range(2))
    first[0, 0] = last[0, 0] = 1
    change = count_change(raster(first), raster(last), towns(), CLASSES)
    both = (first > 0) & (last > 0)
    by_class = change.classes.groupby("class_code").sum()
    assert by_class["before_ha"].tolist() == [(both & (first == k)).sum() for k in CLASSES]
    assert by_class["after_ha"].tolist() == [(both & (last == k)).sum() for k in CLASSES]
    assert change.matrix["area_ha"].sum() + change.missing.to_numpy().sum() == 16
    assert by_class["net_ha"].sum() == 0


def test_the_map_of_change_names_the_kinds_in_both_languages():
    cells, legend = change_raster(raster(BEFORE), raster(AFTER), CLASSES)
    assert cells.to_numpy().tolist() == [[1, 11, 1, 1], [1, 11, 1, 12], [1, 1, 1, 0], [1, 0, 1, 1]]
    assert legend[11][:2] == ("林地 → 建成区", "forest → built-up")
    assert set(legend) == {1, 11, 12}
    assert cells.attrs["nodata"] == 0


def test_kinds_beyond_the_palette_share_one_colour():
    codes = {k: (f"类{k}", f"class {k}") for k in range(1, 12)}
    cells, legend = change_raster(raster(np.arange(1, 11)[None]), raster(np.arange(2, 12)[None]), codes)
    assert sorted(legend) == [1, *range(11, 19), 99]
    assert (cells.to_numpy() == 99).sum() == 2


def test_the_largest_patches_come_first_with_their_outlines():
    found = largest_patches(raster(BEFORE), raster(AFTER), CLASSES)
    assert found.drop(columns="geometry").to_numpy().tolist() == [[1, 3, 2, 2], [2, 1, 1, 1]]
    assert found.geometry.iloc[0].equals(box(WEST + 100, NORTH - 200, WEST + 200, NORTH))
    assert len(largest_patches(raster(BEFORE), raster(AFTER), CLASSES, n=1)) == 1
    assert largest_patches(raster(BEFORE), raster(BEFORE), CLASSES).empty


def test_cells_of_a_patch_touch_along_a_side_and_changed_alike():
    first, last = raster(np.full((2, 3), 1, np.uint8)), raster(np.array([[2, 1, 3], [1, 2, 3]], np.uint8))
    assert largest_patches(first, last, CLASSES)["cells"].tolist() == [2, 1, 1]


def test_a_shifted_grid_is_refused_or_warped_with_a_note():
    shifted = raster(AFTER, west=WEST + 30)
    with pytest.raises(CrsError, match="warp=True"):
        on_one_grid(raster(BEFORE), shifted)
    warped, notes = on_one_grid(raster(BEFORE), shifted, warp=True)
    assert "nearest cell" in notes[0]
    assert warped.to_numpy().tolist() == AFTER.tolist()
    finer, _ = on_one_grid(raster(BEFORE), raster(AFTER.repeat(2, 0).repeat(2, 1), side=50), warp=True)
    assert finer.to_numpy().tolist() == AFTER.tolist()
    assert on_one_grid(raster(BEFORE), raster(AFTER))[1] == []


def test_a_fall_by_one_is_a_value_and_not_nothing():
    """Half of one hundred hectares falls from 86 to 85, a quarter to 85.5: −62.5 t in all, and none is lost."""
    after = np.full((10, 10), 86.0)
    after[:5], after[5:7], after[7, :5] = 85.0, 85.5, 85.5
    fall = difference(raster(np.full((10, 10), 86.0)), raster(after))
    assert float(fall.sum()) == -62.5
    assert int((fall == -1.0).sum()) == 50
    assert np.isnan(fall.attrs["nodata"])


def test_unknown_codes_are_told_with_their_year_and_cells():
    with pytest.raises(ColumnError, match=r"the later raster holds unknown class codes: 9 \(2 cells\)"):
        change_raster(raster([[1, 1, 2]]), raster([[9, 9, 2]]), CLASSES)
    with pytest.raises(ColumnError, match=r"raster 2: 9 \(2 cells\)"):
        later = np.where((AFTER == 3) & (BEFORE == 1), 9, AFTER)
        count_change(raster(BEFORE), raster(later), towns(), CLASSES)
    with pytest.raises(ColumnError, match="town_code"):
        count_change(raster(BEFORE), raster(AFTER), towns().drop(columns="town_code"), CLASSES)
