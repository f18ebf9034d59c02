"""Synthetic roads: one network, lines that meet end to end, a hierarchy."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from affine import Affine
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from changping_geo.model import Frame
from changping_geo.sources import Context, provider
from changping_geo.sources.synthetic.corridors import smooth, walk
from changping_geo.sources.synthetic.streets import relative_neighbours


@pytest.fixture(scope="module")
def network():
    """Two towns of 8 by 8 km, a ridge between them."""
    squares = [shapely.box(x, 4.4e6, x + 8000, 4.408e6) for x in (5e5, 5.08e5)]
    seats = gpd.GeoSeries([s.centroid for s in squares], crs=4547).to_crs(4326)
    table = pd.DataFrame({"town_code": ["1", "2"], "name_zh": ["东镇", "西镇"], "kind": ["town", "town"]})
    table["population_2020"] = pd.array([4000, 3000], dtype="Int64")
    table["seat_lon"], table["seat_lat"], table["villages_and_communities"] = seats.x, seats.y, [6, 5]
    x, y = np.meshgrid(np.arange(160), np.arange(80))
    ridge = xr.DataArray(50.0 + 400.0 * np.exp(-(((x - 80) / 12) ** 2)) * (y > 30), dims=("y", "x"))
    ridge.attrs = {"transform": Affine(100, 0, 5e5, 0, -100, 4.408e6), "crs": "EPSG:4547"}
    made = {
        "district": gpd.GeoDataFrame(geometry=[shapely.union_all(squares)], crs=4547),
        "towns": gpd.GeoDataFrame(table[["town_code", "name_zh", "kind"]], geometry=squares, crs=4547),
        "town_table": table,
        "terrain": ridge,
    }
    context = Context(Frame("ridge", "", "", "EPSG:4547", 8.0, 3), made.__getitem__)
    return provider("synthetic.roads")(context)


def numbered_ends(roads):
    line = np.asarray(roads.geometry)
    ends = np.vstack([shapely.get_coordinates(shapely.get_point(line, k)) for k in (0, -1)])
    nodes, number = np.unique(ends, axis=0, return_inverse=True)
    return len(nodes), number.ravel()[: len(line)], number.ravel()[len(line) :]


def test_the_network_is_one_part_by_exactly_equal_end_points(network):
    n, a, b = numbered_ends(network)
    parts, _ = connected_components(coo_matrix((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)
    assert parts == 1


def test_every_place_can_be_reached_and_left_by_car(network):
    n, a, b = numbered_ends(network)
    both = (network["oneway"] == "both").to_numpy()
    start, end = np.r_[a, b[both]], np.r_[b, a[both]]
    graph = coo_matrix((np.ones(len(start)), (start, end)), shape=(n, n))
    assert connected_components(graph, connection="strong")[0] == 1


def test_lines_touch_at_their_ends_only(network):
    line = np.asarray(network.geometry)
    assert len(shapely.STRtree(line).query(line, predicate="crosses")[0]) == 0
    assert (shapely.length(line) > 0).all()


def test_there_is_a_hierarchy_and_speeds_follow_it(network):
    speed = network.groupby("class")["speed_km_h"].agg(["min", "max"])
    order = [c for c in ("motorway", "trunk", "primary", "secondary", "tertiary", "residential") if c in speed.index]
    assert {"motorway", "primary", "tertiary", "residential"} <= set(order)
    assert (speed["min"] == speed["max"]).all()
    assert speed.loc[order, "min"].is_monotonic_decreasing
    assert set(network["oneway"]) == {"both", "forward"}
    assert set(network.loc[network["oneway"] == "forward", "class"]) == {"motorway"}


def test_a_pair_with_a_nearer_third_is_no_neighbour():
    pairs = np.array([[0, 1], [1, 2], [0, 2]])
    assert relative_neighbours(pairs, np.array([1.0, 1.0, 1.9]), 3).tolist() == [True, True, False]
    assert relative_neighbours(pairs, np.array([1.0, 1.0, 0.9]), 3).all()


def test_smoothing_keeps_the_ends():
    line = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0]])
    curve = smooth(line, 1.0, 2)
    assert curve[0].tolist() == [0.0, 0.0]
    assert curve[-1].tolist() == [100.0, 100.0]
    assert len(curve) > 3
    assert not (curve == [100.0, 0.0]).all(axis=1).any()


def test_a_walk_back_along_predecessors_stops_where_there_is_no_way():
    assert walk(np.array([-9999, 0, 1]), 0, 2).tolist() == [0, 1, 2]
    assert walk(np.array([-9999, 0, -9999]), 0, 2).size == 0
