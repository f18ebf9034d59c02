"""Terrain: the raster convention, the real mountains where they are, a flat plain, the same from the same seed."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pvlib.location import lookup_altitude

from changping_geo.model import CrsError
from changping_geo.sources import provider
from changping_geo.sources.synthetic import _raster
from changping_geo.sources.synthetic.terrain import CELL, MARGIN, NODATA


def test_cells_cover_the_outline_and_a_margin_and_the_attributes_say_where(made_district):
    raster = made_district.layer("terrain")
    west, south, east, north = made_district.layer("district").total_bounds
    assert raster.dims == ("y", "x")
    assert raster.dtype == np.float32
    assert raster.attrs["crs"] == made_district.context.frame.crs
    assert raster.attrs["nodata"] == NODATA
    a, b, c, d, e, f = raster.attrs["transform"]
    assert (a, b, d, e) == (CELL, 0.0, 0.0, -CELL)
    assert (raster.x[0], raster.y[0]) == (c + CELL / 2, f - CELL / 2)
    assert raster.x[0] - CELL / 2 <= west - MARGIN
    assert raster.x[-1] + CELL / 2 >= east + MARGIN
    assert raster.y[-1] - CELL / 2 <= south - MARGIN
    assert raster.y[0] + CELL / 2 >= north + MARGIN
    assert np.isfinite(raster).all()


def test_heights_follow_the_real_coarse_grid(build):
    layers, frame, _ = build

    def mean_height(x, y):
        area = shapely.box(x, y, x + 9000, y + 9000)
        return float(layers({"district": frame(area)}, {"terrain": "synthetic.terrain"}).layer("terrain").mean())

    plain, mountains = mean_height(480_000, 4_400_000), mean_height(395_000, 4_450_000)
    assert plain == pytest.approx(lookup_altitude(39.79, 116.82), abs=40)
    assert plain + 200 < mountains < 1500


def test_the_plain_is_flat(build):
    layers, frame, _ = build
    area = shapely.box(480_000, 4_380_000, 488_000, 4_388_000)
    height = layers({"district": frame(area)}, {"terrain": "synthetic.terrain"}).layer("terrain").to_numpy()
    slope = np.hypot(*np.gradient(height, CELL))
    assert np.percentile(slope, 99) < 0.02


def test_the_seed_decides(district):
    again = provider("synthetic.terrain")(district.context)
    assert again.equals(district.layer("terrain"))
    other = provider("synthetic.terrain")(district.seeded(8).context)
    assert not other.equals(again)


def test_an_outline_off_the_grid_is_refused_with_a_remedy(build):
    layers, frame, _ = build
    off = frame(shapely.box(0, 0, 1000, 1000)).set_crs("EPSG:3857", allow_override=True)
    given = layers({"district": off.set_geometry([shapely.box(0, 2.1e7, 1000, 2.1e7 + 1000)])}, {})
    object.__setattr__(given.context.frame, "crs", "EPSG:3857")
    with pytest.raises(CrsError, match=r"check the CRS in district.toml"):
        provider("synthetic.terrain")(given.context)


def test_noise_has_unit_variance_and_the_wavelength_asked_for():
    cells = _raster.Cells(0.0, 6000.0, 10.0, (600, 600))
    noise = _raster.spline_noise(np.random.default_rng(3), cells, 200.0)
    assert noise.std() == pytest.approx(1.0, abs=0.1)
    shift = 40  # twice the wavelength
    assert abs(np.corrcoef(noise[:-shift].ravel(), noise[shift:].ravel())[0, 1]) < 0.1
    assert np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1] > 0.9


def test_small_polygons_and_lines_mark_the_cells_that_a_plain_loop_finds():
    cells = _raster.Cells(0.0, 50.0, 10.0, (5, 5))
    squares = shapely.box(np.array([4.0, 22.0]), np.array([4.0, 22.0]), np.array([16.0, 48.0]), np.array([16.0, 29.0]))
    marked = cells.under_many(squares)
    expected = [any(shape.contains(shapely.Point(x, y)) for shape in squares) for y in cells.y for x in cells.x]
    assert marked.ravel().tolist() == expected
    line = shapely.LineString([(5, 45), (45, 45)])
    assert cells.under_lines(np.array([line])).sum() == 5
    assert cells.under_lines(np.array([line]))[0].all()


def test_every_provider_can_be_named_even_after_its_module_was_imported():

    for name in ("terrain", "forest", "land_cover", "parks", "depots", "heat_pump_projects"):
        assert callable(provider(f"synthetic.{name}"))
