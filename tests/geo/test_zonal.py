"""Counts and sums by zone: small rasters whose answers are seen by eye, and two other tools as oracles."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from rasterstats import zonal_stats
from shapely import Polygon, box

from changping_geo.errors import ColumnError, CrsError, GeometryError, ParameterError, SourceError
from changping_geo.geo.zonal import class_table, value_table
from changping_geo.layers.rasters import as_dataarray

CRS = "EPSG:32650"
WEST, NORTH = 500_000.0, 4_400_000.0
#: Four by four cells of 10 m; 0 has no value.
DRAWN = np.array([[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 3, 0], [3, 3, 3, 0]], dtype=np.uint8)


def raster(cells, nodata=0, crs=CRS, transform=(10, 0, WEST, 0, -10, NORTH)):
    return as_dataarray(np.asarray(cells), transform, crs, nodata)


def zones(*shapes, crs=CRS):
    """Shapes in cells, columns to the right and rows downwards."""
    placed = [shapely.transform(s, lambda xy: xy * [10, -10] + [WEST, NORTH]) for s in shapes]
    return gpd.GeoDataFrame(geometry=placed, crs=crs)


def counts(table):
    return {int(k): v for k, v in table.frame("cells").sum().items()}


def star(rng, columns, rows):
    angle = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radius = rng.uniform(0.5, 6, 9)
    centre = rng.uniform((0, 0), (columns, rows))
    return shapely.make_valid(Polygon(centre + np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])))


def random_case(seed):
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 4, (9, 13)).astype(np.uint8)
    shapes = [s for s in (star(rng, 13, 9) for _ in range(6)) if s.geom_type in {"Polygon", "MultiPolygon"}]
    return cells, zones(*shapes, box(2, 2, 9, 7))


@pytest.mark.parametrize("engine", ["numba", "numpy"])
@pytest.mark.parametrize("below", [0.0, np.inf])
def test_whole_cells_are_counted_the_same_by_either_rule_and_engine(engine, below):
    table = class_table(raster(DRAWN), zones(box(0, 0, 4, 4), box(1, 1, 3, 3)), exact_below_m2=below, engine=engine)
    assert table.frame("cells").to_numpy().tolist() == [[4, 4, 6], [1, 1, 2]]
    assert table.frame().loc[0].tolist() == [400, 400, 600]
    assert table.missing().tolist() == [200, 0]
    assert table.exact == (below > 0)


def test_half_a_cell_counts_half_by_shares_and_by_its_centre_otherwise():
    half = zones(box(0, 0, 0.5, 1), box(0.5, 0, 1, 1))
    assert counts(class_table(raster(DRAWN), half)) == {1: 1.0}
    assert class_table(raster(DRAWN), half).cells[:, 0].tolist() == [0.5, 0.5]
    assert class_table(raster(DRAWN), half, exact_below_m2=0).cells[:, 0].tolist() == [0, 1]


def test_a_hole_and_a_second_part_are_heeded():
    ring = box(0, 0, 4, 4).difference(box(1, 1, 3, 3))
    assert counts(class_table(raster(DRAWN), zones(ring))) == {1: 3, 2: 3, 3: 4}
    apart = shapely.MultiPolygon([box(0, 0, 1, 1), box(2, 0, 3, 1)])
    assert counts(class_table(raster(DRAWN), zones(apart), exact_below_m2=0)) == {1: 1, 2: 1}


def test_sums_means_and_extremes_by_eye():
    values = raster(np.array([[1, 2], [3, np.nan]], dtype=np.float32), nodata=np.nan)
    got = value_table(values, zones(box(0, 0, 2, 2), box(0.5, 0, 1, 1))).T
    assert got[0][["cells", "sum", "mean", "min", "max", "nodata_cells"]].tolist() == [3, 6, 2, 1, 3, 1]
    assert got[1][["cells", "sum", "mean", "sum_over_area"]].tolist() == [0.5, 0.5, 1, 50]


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_a_weighted_mean_takes_cells_with_both_value_and_weight(engine):
    values, weights = raster([[1.0, 2.0, 9.0]], -1), raster([[1.0, 3.0, -1.0]], -1)
    got = value_table(values, zones(box(0, 0, 3, 1)), weights=weights, engine=engine).iloc[0]
    assert got[["weighted_mean", "weight_sum", "cells", "nodata_cells"]].tolist() == [1.75, 4, 2, 1]


def test_two_rasters_are_counted_jointly_and_what_lacks_a_value_stands_apart():
    later = DRAWN.copy()
    later[0, 0], later[3, 3] = 3, 2
    table = class_table([raster(DRAWN), raster(later)], zones(box(0, 0, 4, 4)), classes=[1, 2, 3])
    found = dict(zip(table.codes, table.cells[0], strict=True))
    assert found == {(1, 1): 3, (1, 3): 1, (2, 2): 4, (3, 3): 6, (None, 2): 1, (None, None): 1}
    assert table.frame("cells").columns.nlevels == 2


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_shares_agree_with_exactextract_and_centres_with_rasterstats(seed):
    cells, areas = random_case(seed)
    held = raster(cells)
    extent = {"xmin": WEST, "ymin": NORTH - 90, "xmax": WEST + 130, "ymax": NORTH}
    ones = [NumPyRasterSource((cells == k).astype(float), **extent, name=f"c{k}") for k in range(4)]
    want = exact_extract(ones, areas, ["sum"], output="pandas").fillna(0.0).to_numpy()
    table = class_table(held, areas, exact_below_m2=np.inf)
    got = table.frame("cells").reindex(columns=[1, 2, 3], fill_value=0.0).to_numpy()
    np.testing.assert_allclose(got, want[:, 1:], atol=1e-9)
    np.testing.assert_allclose(table.missing("cells"), want[:, 0], atol=1e-9)
    by_centre = zonal_stats(areas, cells, affine=Affine(10, 0, WEST, 0, -10, NORTH), categorical=True, nodata=255)
    mine = class_table(held, areas, exact_below_m2=0).frame("cells").reindex(columns=[1, 2, 3], fill_value=0.0)
    assert [[row.get(k, 0) for k in (1, 2, 3)] for row in by_centre] == mine.to_numpy().tolist()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, np.inf]))
def test_zones_that_tile_add_up_to_the_whole_and_their_order_does_not_matter(seed, below):
    rng = np.random.default_rng(seed)
    cells = rng.integers(1, 5, (8, 11)).astype(np.int16)
    whole = box(0, 0, 11, 8)
    points = shapely.MultiPoint(rng.uniform((0, 0), (11, 8), (7, 2)))
    lines = shapely.union_all([shapely.boundary(g) for g in shapely.voronoi_polygons(points, extend_to=whole).geoms])
    parts = shapely.polygonize([*shapely.get_parts(shapely.node(shapely.union(lines, whole.boundary)))]).geoms
    tiles = zones(*[p for p in parts if whole.contains(p.representative_point())])
    table = class_table(raster(cells), tiles, exact_below_m2=below)
    want = [(cells == k).sum() for k in range(1, 5)]
    np.testing.assert_allclose(table.frame("cells").sum().reindex(range(1, 5), fill_value=0), want, rtol=1e-12)
    turned = class_table(raster(cells), tiles[::-1], exact_below_m2=below).frame("cells").loc[tiles.index]
    np.testing.assert_allclose(turned, table.frame("cells"), atol=1e-12)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 3, 40]), st.sampled_from(["numba", "numpy"]))
def test_strips_of_any_height_and_either_engine_give_the_same(seed, block_cells, engine):
    cells, areas = random_case(seed)
    for below in (0.0, np.inf):
        one = class_table(raster(cells), areas, exact_below_m2=below)
        other = class_table(raster(cells), areas, exact_below_m2=below, block_cells=block_cells, engine=engine)
        assert one.codes == other.codes
        np.testing.assert_allclose(other.cells, one.cells, atol=1e-12)
        sums = value_table(raster(cells), areas, exact_below_m2=below)
        others = value_table(raster(cells), areas, exact_below_m2=below, block_cells=block_cells, engine=engine)
        np.testing.assert_allclose(others, sums, atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_a_raster_stored_upside_down_or_mirrored_gives_the_same_table(seed):
    cells, areas = random_case(seed)
    upright = class_table(raster(cells), areas, exact_below_m2=np.inf)
    upside = raster(cells[::-1], transform=(10, 0, WEST, 0, 10, NORTH - 90))
    mirrored = raster(cells[:, ::-1], transform=(-10, 0, WEST + 130, 0, -10, NORTH))
    for other in (upside, mirrored):
        np.testing.assert_allclose(class_table(other, areas, exact_below_m2=np.inf).cells, upright.cells, atol=1e-9)


def test_turning_raster_and_zone_by_a_quarter_changes_nothing():
    corner = Polygon([(0.2, 0.3), (3.1, 0.4), (1.0, 2.9)])
    turned = shapely.transform(corner, lambda xy: np.column_stack([4 - xy[:, 1], xy[:, 0]]))
    one = counts(class_table(raster(DRAWN), zones(corner)))
    other = counts(class_table(raster(np.rot90(DRAWN, -1).copy()), zones(turned)))
    assert one == pytest.approx(other, abs=1e-9)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "int64", "float32", "bool"])
def test_classes_of_any_plain_type_are_counted(dtype):
    held = raster((DRAWN == 1).astype(dtype), nodata=None)
    assert counts(class_table(held, zones(box(0, 0, 4, 4)), classes=[0, 1])) == {0: 12, 1: 4}


def test_codes_far_apart_and_negative_ones_are_counted():
    cells = np.array([[-5, 2_000_000_000], [7, -2_147_483_648]], dtype=np.int32)
    table = class_table(raster(cells, nodata=-2_147_483_648), zones(box(0, 0, 2, 2)))
    assert counts(table) == {-5: 1, 7: 1, 2_000_000_000: 1}
    assert table.missing("cells").tolist() == [1]


def test_what_lies_off_the_raster_is_told_as_a_share():
    table = class_table(raster(DRAWN), zones(box(-4, 0, 4, 4), box(0, 0, 1, 1)))
    assert table.beyond.tolist() == [0.5, 0.0]
    assert counts(table) == {1: 5, 2: 4, 3: 6}


def test_a_density_that_changes_by_minus_one_is_not_lost_as_nodata():
    """One hectare of 100 × 100 cells of 1 m: half of it falls from 86 to 85 t/ha, a quarter to 85.5; truth −0.625 t."""
    change = np.zeros((100, 100))
    change[:50], change[50:75] = -1.0, -0.5
    fine = raster(change, nodata=np.nan, transform=(1, 0, WEST, 0, -1, NORTH))
    area = gpd.GeoDataFrame(geometry=[box(WEST, NORTH - 100, WEST + 100, NORTH)], crs=CRS)
    assert value_table(fine, area)["sum_over_area"].iloc[0] / 1e4 == pytest.approx(-0.625, abs=1e-12)


def test_nodata_that_is_also_a_class_is_refused():
    with pytest.raises(ColumnError, match="value 0 stands for 'nothing here' and for a class"):
        class_table(raster(DRAWN, nodata=0), zones(box(0, 0, 4, 4)), classes=[0, 1, 2, 3])


def test_missing_nodata_is_refused_unless_every_cell_is_said_to_have_a_value():
    held = raster(DRAWN.astype(float), nodata=None)
    with pytest.raises(ColumnError, match="pass nodata="):
        value_table(held, zones(box(0, 0, 4, 4)))
    with pytest.raises(ColumnError, match="or list the classes"):
        class_table(held, zones(box(0, 0, 4, 4)))
    assert value_table(held, zones(box(0, 0, 4, 4)), nodata=[])["cells"].tolist() == [16]
    assert value_table(held, zones(box(0, 0, 4, 4)), nodata=[3, 0])["cells"].tolist() == [8]


def test_unknown_codes_are_told_with_their_cells():
    with pytest.raises(ColumnError, match=r"unknown class codes: 2 \(4 cells\), 3 \(6 cells\); legal are 1"):
        class_table(raster(DRAWN), zones(box(0, 0, 4, 4)), classes=[1])


@pytest.mark.parametrize(
    ("held", "error", "words"),
    [
        (raster(DRAWN, crs=""), CrsError, "no CRS"),
        (raster(DRAWN, transform=(10, 1, WEST, 0, -10, NORTH)), CrsError, "turned"),
        (raster(DRAWN, transform=(1, 0, 0, 0, 1, 0)), CrsError, "no place"),
        (raster(DRAWN, crs="EPSG:3857", transform=(10, 0, 13e6, 0, -10, 4.86e6)), CrsError, "no zone lies"),
        (raster(DRAWN + 0.5), ColumnError, "whole numbers"),
        (raster(DRAWN, transform=(10, 0, WEST + 9e5, 0, -10, NORTH)), CrsError, "no zone lies"),
    ],
)
def test_a_raster_that_cannot_be_counted_is_refused_with_the_remedy(held, error, words):
    with pytest.raises(error, match=words):
        class_table(held, zones(box(0, 0, 4, 4)))


def test_a_projection_that_stretches_areas_is_refused():
    held = raster(DRAWN, crs="EPSG:3857", transform=(10, 0, 13e6, 0, -10, 4.86e6))
    area = gpd.GeoDataFrame(geometry=[box(13e6, 4.86e6 - 40, 13e6 + 40, 4.86e6)], crs="EPSG:3857")
    with pytest.raises(CrsError, match="too large or small"):
        class_table(held, area)


def test_zones_that_are_no_valid_polygons_are_refused_all_at_once():
    bad = zones(Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), shapely.Point(1, 1), Polygon())
    with pytest.raises(GeometryError, match=r"no shape.*no polygon.*crossing"):
        class_table(raster(DRAWN), bad)
    with pytest.raises(CrsError, match="zones have no CRS"):
        class_table(raster(DRAWN), zones(box(0, 0, 1, 1), crs=None))


def test_rasters_that_do_not_lie_upon_each_other_are_refused():
    with pytest.raises(CrsError, match="do not lie upon each other"):
        class_table([raster(DRAWN), raster(DRAWN, transform=(10, 0, WEST + 5, 0, -10, NORTH))], zones(box(0, 0, 4, 4)))


def test_an_infinite_value_and_an_unknown_engine_are_refused():
    with pytest.raises(ColumnError, match="infinite"):
        value_table(raster([[np.inf, 1.0]], -1), zones(box(0, 0, 2, 1)))
    with pytest.raises(ParameterError, match="unknown"):
        value_table(raster([[1.0, 1.0]], -1), zones(box(0, 0, 2, 1)), engine="fast")


class Damaged:
    shape, transform, crs, nodata = (4, 4), (10, 0, WEST, 0, -10, NORTH), CRS, 0

    def read(self, *_band, **_window):
        raise OSError("tile 3 is short")


def test_a_damaged_file_is_told_with_its_rows():
    with pytest.raises(SourceError, match="rows 0 to 4 cannot be read"):
        class_table(Damaged(), zones(box(0, 0, 4, 4)))
