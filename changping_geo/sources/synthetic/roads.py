"""Synthetic roads: a connected, noded network whose hierarchy follows from the routes people take over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from changping_geo.sources.synthetic.corridors import corridors
from changping_geo.sources.synthetic.settlement import CAMPUS, INDUSTRY, URBAN, VILLAGE, patches, towns
from changping_geo.sources.synthetic.streets import relative_neighbours, streets, with_links

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from changping_geo.sources import Context
    from changping_geo.sources.synthetic.streets import Net

CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary", "residential")
MOTORWAY, TRUNK, PRIMARY, SECONDARY, TERTIARY, RESIDENTIAL = range(6)
# Usual speed limits [km/h] and lanes [count; per carriageway for motorways] of the classes in a Chinese district.
SPEED = (100.0, 80.0, 60.0, 50.0, 40.0, 25.0)
LANES = (3, 6, 4, 4, 2, 2)
# Routes keep to roads that others use already, and to avenues rather than lanes.
SHARED_COST, AVENUE_COST, LANE_COST = 0.65, 1.0, 1.25
# A village of so many square metres of floor is reached by a secondary road.
LARGE_VILLAGE_FLOOR = 120000.0
HALF_MEDIAN_M = 11.0
INTERCHANGE_SPACING, INTERCHANGE_REACH = 2200.0, 1600.0
GRID_M = 0.01


def roads(ctx: Context) -> gpd.GeoDataFrame:
    """Return the road network: one connected part, lines that meet end to end, class, speed, lanes and direction."""
    net = with_links(ctx, streets(ctx))
    rank, name = _classed(ctx, net)
    lines, ranks, names, oneway = [net.line], [rank], [name], [np.zeros(len(rank), bool)]
    for number, (word, line) in enumerate(corridors(ctx), 1):
        drawn, ways = _carriageways(net, word, line)
        lines.append(drawn)
        oneway.append(ways)
        links = np.arange(len(drawn)) >= (2 if word == "motorway" else 1)
        ranks.append(np.where(links, PRIMARY, CLASSES.index(word)))
        title = f"示例{'高速' if word == 'motorway' else '快速路'}{number}号"
        names.append(np.array([None if link else title for link in links], dtype=object))
    return _noded(ctx, *(np.concatenate(part) for part in (lines, ranks, names, oneway)))


def _classed(ctx: Context, net: Net) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Class and name of every edge, from routes between seats and from each place to its seat."""
    every, places = towns(ctx), patches(ctx)
    urban = places.kind == URBAN
    in_town = urban[net.patch] & (net.patch >= 0)
    rank = np.where((net.patch < 0) | (in_town & net.avenue), TERTIARY, RESIDENTIAL)
    name = np.full(len(rank), None, dtype=object)
    cost = net.length * np.where(rank == TERTIARY, AVENUE_COST, LANE_COST)
    centre = _centres(net, len(places.town), places.xy)
    seats = [int(centre[p]) for p in np.flatnonzero(urban) if centre[p] >= 0]
    labels = [
        str(every.name[places.town[p]]).removesuffix("街道").removesuffix("镇")
        for p in np.flatnonzero(urban)
        if centre[p] >= 0
    ]
    for a, b in _seat_pairs(net.xy[seats]):
        (way,) = _routes(net, cost, seats[a], [seats[b]])
        fresh = way[rank[way] > PRIMARY]
        rank[fresh], name[fresh] = PRIMARY, f"{labels[a]}{labels[b]}路"
        cost[fresh] *= SHARED_COST
    large = (places.kind == INDUSTRY) | (places.kind == CAMPUS)
    large |= (places.kind == VILLAGE) & (places.wanted > LARGE_VILLAGE_FLOOR)
    for level, group in ((SECONDARY, large), (TERTIARY, ~large & ~urban)):
        for p in np.flatnonzero(urban & (centre >= 0)):
            goals = [int(centre[q]) for q in np.flatnonzero(group & (places.town == places.town[p])) if centre[q] >= 0]
            for way in _routes(net, cost, int(centre[p]), goals) if goals else []:
                rank[way] = np.minimum(rank[way], level)
        cost[rank <= level] = np.minimum(cost[rank <= level], SHARED_COST * net.length[rank <= level])
    return rank, name


def _centres(net: Net, n: int, xy: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the node in the middle of each place, -1 where nothing grew, shape (n,)."""
    out = np.full(n, -1, np.intp)
    rows = np.flatnonzero(net.at >= 0)
    far = np.hypot(*(net.xy[rows] - xy[net.at[rows]]).T)
    order = np.argsort(-far, kind="stable")
    out[net.at[rows[order]]] = rows[order]
    return out


def _seat_pairs(xy: NDArray[np.float64]) -> list[list[int]]:
    """Pairs of seats that a main road joins: relative neighbours."""
    n = len(xy)
    pairs = np.array([(a, b) for a in range(n) for b in range(a + 1, n)], dtype=np.intp).reshape(-1, 2)
    far = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    keep = relative_neighbours(pairs, far, n)
    out: list[list[int]] = pairs[keep].tolist()
    return out


def _routes(net: Net, cost: NDArray[np.float64], start: int, goals: list[int]) -> list[NDArray[np.intp]]:
    """Edges of the cheapest ways from one node to others."""
    n = len(net.xy)
    order = np.argsort(-cost, kind="stable")
    edge_of = dict(zip(zip(net.a[order].tolist(), net.b[order].tolist(), strict=True), order.tolist(), strict=True))
    graph = _graph(net, cost, n)
    _, before = dijkstra(graph, directed=False, indices=np.array([start]), return_predecessors=True)
    out = []
    for goal in goals:
        way, at = [], goal
        while at != start and before[0, at] >= 0:
            step = int(before[0, at])
            way.append(edge_of.get((at, step), edge_of.get((step, at), -1)))
            at = step
        out.append(np.array(way, dtype=np.intp))
    return out


def _graph(net: Net, cost: NDArray[np.float64], n: int) -> csr_matrix:
    """Sparse costs; of parallel edges the cheapest."""
    low, high = np.minimum(net.a, net.b), np.maximum(net.a, net.b)
    order = np.lexsort((cost, high, low))
    low, high, value = low[order], high[order], np.maximum(cost[order], 1e-6)
    first = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])] & (low != high)
    return coo_matrix((value[first], (low[first], high[first])), shape=(n, n)).tocsr()


def _carriageways(net: Net, word: str, line: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Draw a corridor, then its links to the network; and which lines run one way only."""
    if word != "motorway":
        drawn = [shapely.linestrings(np.round(line, 2))]
        right = left = np.round(line, 2)
    else:
        along = np.gradient(line, axis=0)
        side = np.column_stack([along[:, 1], -along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        right, left = np.round(line + HALF_MEDIAN_M * side, 2), np.round(line - HALF_MEDIAN_M * side, 2)
        drawn = [shapely.linestrings(right), shapely.linestrings(left[::-1])]
        drawn += [shapely.linestrings([right[k], left[k]]) for k in (0, -1)]
    if len(net.xy):
        far, near = (np.asarray(a) for a in cKDTree(net.xy).query(line))
        for k in _interchanges(line, far):
            across = [left[k], right[k]] if word == "motorway" else [right[k]]
            goal = net.xy[near[k]]
            if len(across) > 1 and np.hypot(*(across[0] - goal)) < np.hypot(*(across[1] - goal)):
                across.reverse()
            drawn.append(shapely.linestrings([*across, goal]))
    return np.array(drawn, dtype=object), np.arange(len(drawn)) < (2 if word == "motorway" else 0)


def _interchanges(line: NDArray[np.float64], far: NDArray[np.float64]) -> list[int]:
    """Vertices of a corridor that get a link: the nearest to the network, and further ones well apart."""
    run = np.r_[0.0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
    chosen: list[int] = []
    for k in np.argsort(far, kind="stable").tolist():
        if chosen and far[k] > INTERCHANGE_REACH:
            break
        if far[k] > 0 and all(abs(run[k] - run[c]) > INTERCHANGE_SPACING for c in chosen):
            chosen.append(k)
    return chosen


def _noded(
    ctx: Context, line: NDArray[Any], rank: NDArray[np.intp], name: NDArray[Any], oneway: NDArray[np.bool_]
) -> gpd.GeoDataFrame:
    """Split all lines where they meet, so that ends have equal coordinates, and give each piece its line's columns."""
    merged = shapely.unary_union(shapely.multilinestrings(list(line)), grid_size=GRID_M)
    parts = shapely.get_parts(merged)
    middle = shapely.line_interpolate_point(parts, 0.5, normalized=True)
    part, parent = shapely.STRtree(line).query(middle, predicate="dwithin", distance=5 * GRID_M)
    order = np.lexsort((parent, rank[parent], part))
    part, parent = part[order], parent[order]
    first = np.r_[True, part[1:] != part[:-1]] if len(part) else np.empty(0, bool)
    parts, of = parts[part[first]], parent[first]
    start, end = (shapely.line_locate_point(line[of], shapely.get_point(parts, k)) for k in (0, -1))
    turned = oneway[of] & (start > end)
    parts[turned] = shapely.reverse(parts[turned])
    level = rank[of]
    corner = shapely.get_coordinates(shapely.get_point(parts, 0))
    sort = np.lexsort((corner[:, 1], corner[:, 0], level))
    parts, of, level = parts[sort], of[sort], level[sort]
    return gpd.GeoDataFrame(
        {
            "road_id": [f"D{k:06d}" for k in range(1, len(parts) + 1)],
            "class": np.array(CLASSES)[level],
            "speed_km_h": np.array(SPEED)[level],
            "oneway": np.where(oneway[of], "forward", "both"),
            "lanes": np.array(LANES)[level],
            "name": name[of],
        },
        geometry=parts,
        crs=ctx.frame.crs,
    )
