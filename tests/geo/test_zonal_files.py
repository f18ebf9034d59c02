"""Rasters read from files and in degrees: blocks alone that zones touch, areas by latitude, sides that bend."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from pyproj import CRS, Geod
from rasterio.transform import from_origin
from shapely import box

from changping_geo.geo.zonal import class_table, value_table
from changping_geo.geo.zonal_raster import band_areas
from changping_geo.layers.rasters import as_dataarray

WEST, NORTH = 400_000.0, 4_500_000.0


class Endless:
    """A million by a million cells, each made when it is read; the class is 1 left of column 500,005, else 2."""

    shape = (1_000_000, 1_000_000)
    transform = (1, 0, WEST, 0, -1, NORTH)
    crs = "EPSG:32650"
    nodata = 0
    block_shapes = ((256, 256),)

    def __init__(self):
        self.read_cells, self.largest = 0, 0

    def read(self, band, *, window):
        assert band == 1
        (r0, r1), (c0, c1) = window
        self.read_cells += (r1 - r0) * (c1 - c0)
        self.largest = max(self.largest, (r1 - r0) * (c1 - c0))
        return np.where(np.arange(c0, c1) < 500_005, 1, 2).astype(np.uint8)[None].repeat(r1 - r0, axis=0)


def at(c0, r0, c1, r1):
    return box(WEST + c0, NORTH - r1, WEST + c1, NORTH - r0)


def test_a_raster_of_a_million_million_cells_is_read_only_where_zones_are():
    endless = Endless()
    far = gpd.GeoDataFrame(
        geometry=[at(500_000, 10, 500_010, 20), at(10, 200_000, 20, 200_010), at(400_000, 300_000, 400_700, 300_700)],
        crs="EPSG:32650",
    )
    table = class_table(endless, far, block_cells=65_536)
    assert table.frame("cells").to_numpy().tolist() == [[50, 50], [100, 0], [490_000, 0]]
    assert endless.largest <= 65_536
    assert endless.read_cells <= 100 + 100 + 490_000


def test_an_open_file_is_read_as_it_is_with_its_blocks_scale_and_nodata(tmp_path):
    path = tmp_path / "stock.tif"
    cells = np.arange(64 * 96, dtype=np.int16).reshape(64, 96) % 100
    place = {"driver": "GTiff", "count": 1, "crs": "EPSG:32650", "transform": from_origin(WEST, NORTH, 10, 10)}
    with rasterio.open(
        path, "w", height=64, width=96, dtype="int16", nodata=7, tiled=True, blockxsize=16, blockysize=16, **place
    ) as file:
        file.write(cells, 1)
        file.scales, file.offsets = (0.5,), (1.0,)
    zone = gpd.GeoDataFrame(geometry=[box(WEST, NORTH - 640, WEST + 960, NORTH)], crs="EPSG:32650")
    with rasterio.open(path) as file:
        got = value_table(file, zone, block_cells=300).iloc[0]
        assert class_table(file, zone).frame("cells").shape == (1, 99)
    kept = cells[cells != 7] * 0.5 + 1.0
    assert got["sum"] == pytest.approx(kept.sum(), rel=1e-14)
    assert got[["cells", "nodata_cells", "max"]].tolist() == [kept.size, (cells == 7).sum(), kept.max()]


def test_a_mask_band_takes_cells_out_whatever_their_value(tmp_path):
    path = tmp_path / "masked.tif"
    place = {"driver": "GTiff", "count": 1, "crs": "EPSG:32650", "transform": from_origin(WEST, NORTH, 10, 10)}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "w", height=2, width=2, dtype="uint8", **place) as file,
    ):
        file.write(np.array([[0, 1], [1, 1]], dtype=np.uint8), 1)
        file.write_mask(np.array([[True, True], [True, False]]))
    zone = gpd.GeoDataFrame(geometry=[box(WEST, NORTH - 20, WEST + 20, NORTH)], crs="EPSG:32650")
    with rasterio.open(path) as file:
        table = class_table(file, zone)
        assert value_table(file, zone)["sum"].tolist() == [2]
    assert table.frame("cells").loc[0].to_dict() == {0: 1, 1: 2}
    assert table.missing("cells").tolist() == [1]


def test_cells_in_degrees_have_the_area_of_the_ellipsoid():
    geod = Geod(ellps="WGS84")
    side = 0.01
    ones = as_dataarray(np.ones((40, 60), np.uint8), (side, 0, 116.0, 0, -side, 40.4), "EPSG:4326", 0)
    zone = gpd.GeoDataFrame(geometry=[box(116.0, 40.0, 116.6, 40.4)], crs="EPSG:4326")
    # parallels are no geodesics, so the outline follows them in short steps
    dense = zone.geometry.iloc[0].segmentize(1e-4)
    want = abs(geod.geometry_area_perimeter(dense)[0])
    for below in (0.0, np.inf):
        assert class_table(ones, zone, exact_below_m2=below).frame().iloc[0, 0] == pytest.approx(want, rel=1e-8)


def test_bands_from_pole_to_pole_make_up_the_whole_ellipsoid():
    edges = np.radians(np.linspace(-90, 90, 18_001))
    whole = band_areas(CRS(4326), edges[:-1], edges[1:]).sum() * 2 * np.pi
    assert whole == pytest.approx(510_065_621_724_088.4, rel=1e-12)


def test_sides_that_bend_on_the_way_to_the_raster_keep_their_area():
    """A square of 40 km in UTM on a grid in degrees; its straight sides sag by some 25 m there."""
    square = gpd.GeoDataFrame(geometry=[box(WEST, NORTH - 40_000, WEST + 40_000, NORTH)], crs="EPSG:32650")
    west, south, east, north = square.to_crs(4326).total_bounds
    side = 0.002
    rows, columns = int((north - south) / side) + 4, int((east - west) / side) + 4
    ones = np.ones((rows, columns), np.uint8)
    held = as_dataarray(ones, (side, 0, west - side, 0, -side, north + side), "EPSG:4326", 0)
    dense = square.geometry.segmentize(50).to_crs(4326).iloc[0]
    want = abs(Geod(ellps="WGS84").geometry_area_perimeter(dense)[0])
    got = class_table(held, square, exact_below_m2=np.inf).frame().iloc[0, 0]
    assert got == pytest.approx(want, rel=2e-6)
