"""Small networks for tests of stations, and what networkx says of them."""

from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely

from changping_geo.stations.graph import build_network
from changping_geo.stations.snap import snap

CRS = "EPSG:32650"
ORIGIN = np.array([400_000.0, 4_400_000.0])


class Toy:
    """A network drawn by hand near a round origin."""

    def __init__(self, *lines, **columns):
        shapes = [shapely.LineString(np.asarray(line, dtype=float) + ORIGIN) for line in lines]
        columns = {"class": "residential", "speed_km_h": 30.0, "oneway": "both"} | columns
        self.roads = gpd.GeoDataFrame(columns, index=range(len(shapes)), geometry=shapes, crs=CRS)
        self.net = build_network(self.roads, min_main_share=0)

    def at(self, *points, **how):
        xy = np.asarray(points, dtype=float).reshape(-1, 2)
        return snap(xy + ORIGIN, self.net, **how)


def random_toy(seed, n=14, extra=12):
    """A random connected street plan with one-way streets, parallel edges and bends, all on a strong backbone."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 3000, (n, 2)).round(2)
    order = rng.permutation(n)
    lines, ways = [], []
    for a, b in zip(order, np.roll(order, -1), strict=True):
        lines.append([xy[a], xy[b]])
        ways.append("forward" if seed % 2 else "both")  # a one-way ring is strong as well
    for a, b in rng.integers(0, n, (extra, 2)):
        if a == b:
            continue
        bend = (xy[a] + xy[b]) / 2 + rng.uniform(-200, 200, 2).round(2)
        lines.append([xy[a], bend, xy[b]])
        ways.append(rng.choice(["both", "forward", "backward"]))
    speed = rng.choice([25.0, 40.0, 60.0], len(lines))
    return Toy(*lines, oneway=ways, speed_km_h=speed), rng


def oracle(net, points, unit="m"):
    """All costs among nodes and points by networkx, each edge split at every point: a dictionary of dictionaries."""
    graph = nx.DiGraph()

    def arc(a, b, cost):
        if not graph.has_edge(a, b) or graph[a][b]["w"] > cost:
            graph.add_edge(a, b, w=cost)

    for e, cost in enumerate(net.cost(unit)):
        for (s, a), (t, b) in pairwise(stops(net, e, points)):
            if net.forward[e] or t - s < 1e-12:
                arc(a, b, (t - s) * cost)
            if net.backward[e] or t - s < 1e-12:
                arc(b, a, (t - s) * cost)
    for name, group in points.items():
        for i in np.flatnonzero(group.on).tolist():
            arc(("out", name, i), ("foot", name, i), group.leg(unit)[i])
            arc(("foot", name, i), ("in", name, i), group.leg(unit)[i])
    return dict(nx.all_pairs_dijkstra_path_length(graph, weight="w"))


def stops(net, e, points):
    """Both ends of an edge and all points on it, in order along it."""
    found = [(0.0, int(net.start[e])), (1.0, int(net.end[e]))]
    for name, group in points.items():
        mine = np.flatnonzero(group.edge == e).tolist()
        found += [(group.along_m[i] / net.length_m[e], ("foot", name, i)) for i in mine]
    return sorted(found, key=lambda stop: stop[0])


@pytest.fixture(scope="session", name="toy")
def _toy():
    return Toy


@pytest.fixture(scope="session", name="random_toy")
def _random_toy():
    return random_toy


@pytest.fixture(scope="session", name="oracle")
def _oracle():
    return oracle
