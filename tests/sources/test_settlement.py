"""The plan of settlements: estimates, and places that keep apart and out of the mountains."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from affine import Affine

from changping_geo.model import Frame
from changping_geo.sources import Context
from changping_geo.sources.synthetic.lattice import blocks, corner
from changping_geo.sources.synthetic.settlement import URBAN, VILLAGE, patches, towns
from changping_geo.sources.synthetic.siting import ground


@pytest.fixture(scope="module")
def half_mountain():
    """One town of 10 by 10 km: the western half is a steep slope; and one dense subdistrict beside it."""
    squares = [shapely.box(5e5, 4.4e6, 5.1e5, 4.41e6), shapely.box(5.1e5, 4.4e6, 5.13e5, 4.41e6)]
    seats = gpd.GeoSeries([shapely.Point(5.08e5, 4.405e6), shapely.Point(5.115e5, 4.405e6)], crs=4547).to_crs(4326)
    table = pd.DataFrame({"town_code": ["1", "2"], "name_zh": ["山镇", "平街道"], "kind": ["town", "subdistrict"]})
    table["population_2020"] = pd.array([9000, 60000], dtype="Int64")
    table["seat_lon"], table["seat_lat"], table["villages_and_communities"] = seats.x, seats.y, [8, 12]
    x, _ = np.meshgrid(np.arange(130), np.arange(100))
    slope = xr.DataArray(50.0 + 35.0 * np.maximum(50 - x, 0), dims=("y", "x"))
    slope.attrs = {"transform": Affine(100, 0, 5e5, 0, -100, 4.41e6), "crs": "EPSG:4547"}
    made = {
        "district": gpd.GeoDataFrame(geometry=[shapely.union_all(squares)], crs=4547),
        "towns": gpd.GeoDataFrame(table[["town_code", "name_zh", "kind"]], geometry=squares, crs=4547),
        "town_table": table,
        "terrain": slope,
    }
    return Context(Frame("half", "", "", "EPSG:4547", 8.0, 5), made.__getitem__)


def test_thin_towns_are_rural_and_subdistricts_are_not(half_mountain):
    every = towns(half_mountain)
    assert every.persons.tolist() == [9000, 60000]
    assert every.rural[0] == pytest.approx(0.9)
    assert every.rural[1] == pytest.approx(0.03)


def test_each_town_has_one_seat_and_villages_keep_apart(half_mountain):
    places = patches(half_mountain)
    assert np.bincount(places.town[places.kind == URBAN]).tolist() == [1, 1]
    own = np.flatnonzero((places.kind == VILLAGE) & (places.town == 0))
    far = np.hypot(*(places.xy[own][:, None] - places.xy[own][None]).transpose(2, 0, 1))
    far[np.diag_indices(len(own))] = np.inf
    assert len(own) > 3
    assert (far > places.radius[own][:, None] + places.radius[own][None]).all()


def test_nobody_settles_on_the_steep_half(half_mountain):
    assert blocks(half_mountain).xy[:, 0].min() > 5.05e5 - 400


def test_blocks_lie_in_their_towns_and_do_not_overlap(half_mountain):
    cells, places = blocks(half_mountain), patches(half_mountain)
    rings = np.stack(
        [corner(places, cells.patch, cells.i + a, cells.j + b) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))], axis=1
    )
    shape = shapely.polygons(rings)
    a, b = shapely.STRtree(shape).query(shapely.buffer(shape, -0.01), predicate="intersects")
    assert (a == b).all()
    territory = np.asarray(half_mountain.layer("towns").geometry)
    assert shapely.covers(territory[cells.town], shape).all()


def test_the_ground_knows_town_and_slope(half_mountain):
    land = ground(half_mountain)
    at = land.pixel(np.array([[5.02e5, 4.405e6], [5.08e5, 4.405e6], [5.12e5, 4.405e6]]))
    assert land.town[at].tolist() == [0, 0, 1]
    assert land.slope[at] == pytest.approx([0.35, 0.0, 0.0], abs=0.01)
    assert land.suitability[at][0] < 0.01
    assert land.suitability[at][1] > 0.9
