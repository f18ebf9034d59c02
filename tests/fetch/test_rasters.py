"""Of world-wide rasters only the window over the district is read, and it lies where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from changping_geo.fetch import engine
from changping_geo.fetch.tiles import corners, signed
from changping_geo.model import Status
from changping_geo.workspace import Workspace

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
COVER = "esa-worldcover.s3.eu-central-1.amazonaws.com/v200/2021/map/ESA_WorldCover_10m_2021_v200_N39E120_Map.tif"


def lonlat(grid):
    x, y = np.meshgrid(grid.x.to_numpy(), grid.y.to_numpy())
    return Transformer.from_crs("EPSG:4549", "EPSG:4326", always_xy=True).transform(x, y)


def test_a_window_of_the_land_cover_costs_a_small_part_of_the_tile(bare, rasters, client):
    told = engine.fetch(bare, ["land_cover"], client=client)
    layer = Workspace(bare).layer("land_cover")
    assert layer.status is Status.OPEN
    assert layer.data.shape == (1000, 1000)
    assert layer.data.attrs["crs"] == "EPSG:4549"
    # a few blocks of the reader, 64 kB each; of a real tile that is a hundredth
    assert rasters.served[COVER] < 0.2 * len(rasters.files[COVER])
    assert all("Range" in headers for method, path, headers, _ in rasters.log if method == "GET" and path == COVER)
    assert "ESA WorldCover 2021 v200 (2021)" in told


def test_each_cell_has_the_class_of_its_place(bare, rasters, client):
    engine.fetch(bare, ["land_cover"], client=client)
    grid = Workspace(bare).layer("land_cover").data
    lon, lat = lonlat(grid)
    made = rasters.make_classes(lon, lat)
    inside = lon > 120.0
    expected = np.where(made == 100, 30, made)
    # places are exact to an eighth of a cell of the source
    assert (grid.to_numpy() == expected)[inside].mean() > 0.99


def test_heights_run_on_across_the_seam_of_two_tiles(bare, rasters, client):
    engine.fetch(bare, ["terrain"], client=client)
    grid = Workspace(bare).layer("terrain").data
    assert grid.x.min() < 500_000 - 2900
    assert grid.y.max() > 4_460_000 + 2900
    lon, lat = lonlat(grid)
    heights = grid.to_numpy()
    known = heights != grid.attrs["nodata"]
    assert known.all()
    assert np.abs(heights - rasters.make_heights(lon, lat)).max() < 0.05


def test_biomass_lies_on_the_grid_of_the_land_cover(bare, rasters, client):
    engine.fetch(bare, ["land_cover", "biomass"], client=client)
    ws = Workspace(bare)
    cover, biomass = ws.layer("land_cover").data, ws.layer("biomass").data
    assert biomass.attrs["transform"] == cover.attrs["transform"]
    assert biomass.shape == cover.shape
    lon, lat = lonlat(biomass)
    cells = biomass.to_numpy()
    known = cells >= 0
    assert known.mean() > 0.99
    assert np.abs(cells - rasters.make_heights(lon, lat))[known].max() < 1.6


def test_the_two_editions_of_land_cover_are_told_apart(bare, rasters, client, caplog):
    caplog.set_level("INFO", "changping_geo")
    engine.fetch(bare, ["land_cover_before"], client=client)
    assert "not only change on the ground" in caplog.text
    assert "not only change on the ground" in (bare / "data_raw" / "SOURCES.toml").read_text(encoding="utf-8")


def test_people_come_from_a_zip_of_which_one_raster_is_taken(bare, rasters, client):
    engine.fetch(bare, ["population"], client=client)
    people = Workspace(bare).layer("population").data
    assert people["persons"].sum() == pytest.approx(100 * 100 * 10 / 2, rel=0.02)
    assert people["point_id"].is_unique
    assert not list(bare.rglob("evil.txt"))
    assert not list(bare.parent.rglob("evil.txt"))


def test_a_tile_that_lies_elsewhere_than_its_name_says_is_refused(bare, rasters, client):
    rasters.files[COVER] = rasters.make_cog(10.0, 42.0, 3.0, 300, rasters.make_heights, "uint8")
    with pytest.raises(Exception, match="does not lie where its name says"):
        engine.fetch(bare, ["land_cover"], client=client)


def test_no_tile_at_all_is_told(bare, service, client):
    with pytest.raises(Exception, match="there are no tiles over the district"):
        engine.fetch(bare, ["terrain"], client=client)


def test_a_page_instead_of_a_raster_is_refused(bare, rasters, client, clock):
    rasters.files[COVER] = b"<html>" * 1000
    with pytest.raises(Exception, match="no TIFF"):
        engine.fetch(bare, ["land_cover"], client=client)
    assert not (bare / "data_raw" / "open").exists()


def test_tiles_are_named_by_their_corners_on_all_sides_of_the_globe():
    assert corners((114.5, 39.9, 117.5, 40.1), 3) == [(39, 114), (39, 117)]
    assert corners((-0.5, -0.5, 0.5, 0.5), 1) == [(-1, -1), (-1, 0), (0, -1), (0, 0)]
    assert signed(-3, "NS", 2) + signed(6, "EW", 3) == "S03E006"
