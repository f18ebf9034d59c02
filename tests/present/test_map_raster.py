from __future__ import annotations

import base64
import io
import warnings
from dataclasses import replace

import numpy as np
import pytest
import rasterio
import rasterio.errors
import xarray as xr
from pyproj import Transformer

from changping_geo.model import Grid
from changping_geo.present.map_ground import hillshade, patches
from changping_geo.present.map_raster import png, raster_card, warp
from changping_geo.present.mapspec import Drawn, MapSpec

CRS = "EPSG:4547"
SPEC = MapSpec("page", "图", "Map", "rooftop_pv")


def raster(cells, side=100.0, nodata=None):
    cells = np.asarray(cells)
    rows, columns = cells.shape
    west, north = 480_000.0, 4_410_000.0
    coords = {
        "y": north - side * (np.arange(rows) + 0.5),
        "x": west + side * (np.arange(columns) + 0.5),
    }
    attrs = {"crs": CRS, "transform": (side, 0.0, west, 0.0, -side, north), "nodata": nodata}
    return xr.DataArray(cells, coords, ("y", "x"), attrs=attrs)


def picture(address):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)  # a picture lies nowhere
        file = rasterio.open(io.BytesIO(base64.b64decode(address.split(",")[1])))
    with file:
        palette = file.colormap(1)
        return np.array([[palette[int(code)] for code in row] for row in file.read(1)])


@pytest.mark.parametrize("colours", [2, 3, 9, 100])
def test_pictures_read_back(colours):
    index = (np.arange(7 * 13).reshape(7, 13) % colours).astype(np.uint8)
    palette = [(i, 2 * i % 256, 255 - i, 255 if i else 0) for i in range(colours)]
    assert (picture(png(index, palette)) == np.array(palette)[index]).all()


def test_a_warped_cell_lies_where_it_lay():
    cells = np.zeros((60, 80), dtype=np.uint8)
    cells[12, 50] = 7
    warped = warp(raster(cells), 2000, classes=True)
    rows, columns = np.nonzero(warped.cells == 7)
    (south, west), (north, east) = warped.bounds
    to = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    (x0, x1), (y0, y1) = to.transform([west, east], [south, north])
    x = x0 + (columns.mean() + 0.5) / warped.cells.shape[1] * (x1 - x0)
    y = y1 - (rows.mean() + 0.5) / warped.cells.shape[0] * (y1 - y0)
    back = Transformer.from_crs("EPSG:3857", CRS, always_xy=True).transform(x, y)
    assert back == pytest.approx((480_000 + 50.5 * 100, 4_410_000 - 12.5 * 100), abs=60)


def test_classes_stay_classes_when_cells_are_gathered():
    cells = np.tile(np.array([10, 80], dtype=np.uint8).repeat(40), (80, 1))
    found = warp(raster(cells), 20, classes=True).cells
    assert set(np.unique(found[np.isfinite(found)])) <= {10, 80}


def test_the_card_of_a_raster_of_amounts_has_picture_legend_and_values(small_run):
    cells = np.linspace(0, 50, 60 * 60).reshape(60, 60)
    cells[0, 0] = -9999
    grid = Grid("碳密度", "Carbon density", "t C/ha", raster(cells, nodata=-9999))
    card = raster_card(small_run, SPEC, Drawn("density", "raster", classes=4), grid)
    assert card["legend"]["title"] == ("碳密度", "Carbon density")
    assert len(card["legend"]["colours"]) == 4
    assert set(np.unique(picture(card["picture"])[..., 3])) == {0, 255}
    assert card["values"]["digits"] == 1


def test_the_public_sees_no_cell_finer_than_500_metres(small_run):
    grid = Grid("甲", "A", "m", raster(np.arange(10_000.0).reshape(100, 100), side=50.0))
    card = raster_card(small_run, replace(SPEC, use="public"), Drawn("a", "raster"), grid)
    assert card["values"]["rows"] <= 11


def test_flat_ground_has_no_shade_and_light_comes_from_the_north_west():
    assert hillshade(np.full((5, 5), 80.0), 30.0) == pytest.approx(0)
    west, north = np.meshgrid(np.arange(9.0), np.arange(9.0))
    assert hillshade(10 * (west + north), 30.0)[4, 4] > 0
    assert hillshade(-10 * (west + north), 30.0)[4, 4] < 0


def test_patches_keep_their_area_and_leave_specks_out():
    cells = np.full((60, 60), 10, dtype=np.uint8)
    cells[10:30, 10:40] = 80
    cells[50, 50] = 80
    found = patches(raster(cells, side=10.0), 80)
    assert len(found) == 1
    assert found.area.sum() == pytest.approx(60_000, rel=0.05)
