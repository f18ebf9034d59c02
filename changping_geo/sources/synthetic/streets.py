"""The network before it is classed: streets round the blocks, and links from place to place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import Delaunay, QhullError, cKDTree

from changping_geo.sources.synthetic.corridors import smooth, walk
from changping_geo.sources.synthetic.lattice import blocks, corner
from changping_geo.sources.synthetic.settlement import patches
from changping_geo.sources.synthetic.siting import ground, road_costs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources import Context

# Neighbouring places get a further link for every stretch of this length along which they lie this near. [m]
GATE_SPACING, GATE_NEAR, GATES_MOST = 420.0, 420.0, 10
# A link goes straight, gently bent, where the ground along it is no steeper than this; else it seeks a valley. [1]
STRAIGHT_SLOPE = 0.06
# Ways dearer than this times the distance are looked for in a second go only.
DETOUR_COST = 5.0
BEND_SHARE, BEND_FROM_M = 0.07, 260.0
SLOPE_WEIGHT = 12.0
SAMPLE_M = 500.0


@dataclass(slots=True)
class Net:
    """A graph with drawn edges.

    Attributes
    ----------
    xy : ndarray, shape (n, 2)
        Nodes. [m]
    a, b : ndarray of int, shape (m,)
        Ends of the edges. [1]
    line : ndarray of LineString, shape (m,)
        Edges as drawn, from `a` to `b`.
    patch : ndarray of int, shape (m,)
        Place of a street; -1 for links. [1]
    avenue : ndarray of bool, shape (m,)
        Whether a street is one of the wider lines of its grid.
    at : ndarray of int, shape (n,)
        Place of a node; -1 for nodes of links. [1]
    """

    xy: NDArray[np.float64]
    a: NDArray[np.intp]
    b: NDArray[np.intp]
    line: NDArray[Any]
    patch: NDArray[np.intp]
    avenue: NDArray[np.bool_]
    at: NDArray[np.intp]

    @property
    def length(self) -> NDArray[np.float64]:
        """Length of the edges, shape (m,). [m]"""
        out: NDArray[np.float64] = shapely.length(self.line)
        return out


def streets(ctx: Context) -> Net:
    """Return the streets round all blocks; blocks side by side share theirs."""
    cells, places = blocks(ctx), patches(ctx)
    p, i, j = cells.patch, cells.i, cells.j
    one = np.zeros_like(i)
    # Place, column, row, direction (0 eastwards, 1 northwards) of the four sides of every block.
    sides = np.concatenate(
        [
            np.column_stack([p, i + di, j + dj, one + way])
            for di, dj, way in ((0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1))
        ]
    )
    sides = np.unique(sides, axis=0)
    first, second = sides[:, :3], sides[:, :3] + np.column_stack([0 * sides[:, 0], sides[:, 3] == 0, sides[:, 3] == 1])
    nodes, number = np.unique(np.concatenate([first, second]), axis=0, return_inverse=True)
    number = number.ravel()
    a, b = number[: len(sides)], number[len(sides) :]
    xy = np.round(corner(places, nodes[:, 0], nodes[:, 1], nodes[:, 2]), 2)
    line = shapely.linestrings(np.stack([xy[a], xy[b]], axis=1)) if len(a) else np.empty(0, object)
    avenue = np.where(sides[:, 3] == 0, sides[:, 2] % 3 == 0, sides[:, 1] % 3 == 0)
    return Net(xy, a, b, np.asarray(line, dtype=object), sides[:, 0], avenue, nodes[:, 0])


def pieces_of(net: Net) -> NDArray[np.intp]:
    """Return the connected part that each node belongs to, shape (n,). [1]"""
    n = len(net.xy)
    graph = coo_matrix((np.ones(len(net.a)), (net.a, net.b)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.intp)


def with_links(ctx: Context, net: Net) -> Net:
    """Return the network with links between its parts: connected, no link that a way round makes idle."""
    gates = _gates(ctx, net, pieces_of(net))
    if not len(gates):
        return net
    land = ground(ctx)
    start, end = net.xy[gates[:, 0]], net.xy[gates[:, 1]]
    inner = shapely.buffer(shapely.union_all(np.asarray(ctx.layer("district").geometry)), -25.0)
    shapely.prepare(inner)
    lines = _bent(start, end, ctx.rng("roads", "bend"))
    out = ~shapely.covers(inner, lines)
    lines[out] = shapely.linestrings(np.stack([start[out], end[out]], axis=1))
    steep = _along(land.slope, ctx, start, end)
    hard = (~shapely.covers(inner, lines)) | ((steep > STRAIGHT_SLOPE) & (np.hypot(*(end - start).T) > 3 * land.step))
    xy, edges, drawn = _valley_roads(ctx, net, gates[hard])
    a = np.r_[net.a, gates[~hard, 0], edges[:, 0]]
    b = np.r_[net.b, gates[~hard, 1], edges[:, 1]]
    line = np.r_[net.line, lines[~hard], drawn]
    new = len(a) - len(net.a)
    return Net(
        np.vstack([net.xy, xy]),
        a,
        b,
        line,
        np.r_[net.patch, np.full(new, -1)],
        np.r_[net.avenue, np.zeros(new, bool)],
        np.r_[net.at, np.full(len(xy), -1)],
    )


def _along(
    values: NDArray[np.float64], ctx: Context, start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean of a raster along straight lines, shape (n,). [the raster's unit]"""
    t = np.linspace(0.0, 1.0, 16)[:, None, None]
    out: NDArray[np.float64] = values[ground(ctx).pixel(start * (1 - t) + end * t)].mean(axis=0)
    return out


def _gates(ctx: Context, net: Net, piece: NDArray[np.intp]) -> NDArray[np.intp]:
    """Pairs of nodes to be linked, shape (k, 2): neighbours by triangulation, less those with a better way round."""
    n = int(piece.max(initial=-1)) + 1
    if n < 2:  # noqa: PLR2004
        return np.empty((0, 2), np.intp)
    members = np.split(np.argsort(piece, kind="stable"), np.cumsum(np.bincount(piece, minlength=n))[:-1])
    trees = [cKDTree(net.xy[rows]) for rows in members]
    pairs = _neighbours(net.xy, piece, n)
    found: dict[tuple[int, int], NDArray[np.intp]] = {}
    for a, b in pairs.tolist():
        small, large = (a, b) if len(members[a]) <= len(members[b]) else (b, a)
        far, near = trees[large].query(net.xy[members[small]])
        found[a, b] = _spread(net.xy, members[small], members[large][near], far)
    first = np.array([found[a, b][0] for a, b in pairs.tolist()])
    start, end = net.xy[first[:, 0]], net.xy[first[:, 1]]
    cost = np.hypot(*(end - start).T) * (1 + SLOPE_WEIGHT * _along(ground(ctx).slope, ctx, start, end))
    keep = relative_neighbours(pairs, cost, n)
    return np.concatenate([found[a, b] for a, b in pairs[keep].tolist()])


def _spread(
    xy: NDArray[np.float64], mine: NDArray[np.intp], theirs: NDArray[np.intp], far: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Choose the nearest pair of nodes, and further near ones spaced along the seam, shape (k, 2)."""
    order = np.argsort(far, kind="stable")
    order = order[: max(1, int((far <= GATE_NEAR).sum()))]
    chosen = [order[0]]
    for k in order[1:]:
        if len(chosen) == GATES_MOST:
            break
        if np.hypot(*(xy[mine[chosen]] - xy[mine[k]]).T).min() > GATE_SPACING:
            chosen.append(k)
    return np.column_stack([mine[chosen], theirs[chosen]])


def _neighbours(xy: NDArray[np.float64], piece: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """Pairs of parts that lie next to each other, shape (k, 2)."""
    tile = np.floor(xy / SAMPLE_M).astype(np.intp)
    _, rows = np.unique(np.column_stack([piece, tile]), axis=0, return_index=True)
    try:
        mesh = Delaunay(xy[rows]).simplices
    except (QhullError, ValueError):
        return np.array([(a, b) for a in range(n) for b in range(a + 1, n)])
    ends = piece[rows][np.vstack([mesh[:, [0, 1]], mesh[:, [1, 2]], mesh[:, [0, 2]]])]
    ends = np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1)
    return np.unique(ends, axis=0)


def relative_neighbours(pairs: NDArray[np.intp], cost: NDArray[np.float64], n: int) -> NDArray[np.bool_]:
    """Return which pairs stay: those without a third that is nearer to both.

    Parameters
    ----------
    pairs : ndarray of int, shape (k, 2)
        Candidate pairs. [1]
    cost : ndarray, shape (k,)
        Cost of each. [m]
    n : int
        How many things are paired. [count]

    References
    ----------
    Toussaint, G. (1980), The relative neighbourhood graph of a finite planar set, doi:10.1016/0031-3203(80)90066-7
    """
    beside: list[dict[int, float]] = [{} for _ in range(n)]
    for (a, b), c in zip(pairs.tolist(), cost.tolist(), strict=True):
        beside[a][b] = beside[b][a] = c
    keep = np.ones(len(pairs), dtype=bool)
    for k, ((a, b), c) in enumerate(zip(pairs.tolist(), cost.tolist(), strict=True)):
        third = beside[a].keys() & beside[b].keys()
        keep[k] = not any(max(beside[a][x], beside[b][x]) < c for x in third)
    return keep


def _bent(start: NDArray[np.float64], end: NDArray[np.float64], rng: np.random.Generator) -> NDArray[Any]:
    """Lines with one gentle bend, shape (n,)."""
    n = len(start)
    length = np.hypot(*(end - start).T)
    side = np.column_stack([start[:, 1] - end[:, 1], end[:, 0] - start[:, 0]])
    sway = rng.uniform(-1.0, 1.0, (n, 2)) * BEND_SHARE * 2 * (length > BEND_FROM_M)[:, None]
    t = np.linspace(0.0, 1.0, 9)[None, :, None]
    p1 = start + (end - start) / 3 + side * sway[:, :1]
    p2 = start + (end - start) * 2 / 3 + side * sway[:, 1:]
    curve = (
        start[:, None] * (1 - t) ** 3
        + 3 * p1[:, None] * t * (1 - t) ** 2
        + 3 * p2[:, None] * t**2 * (1 - t)
        + end[:, None] * t**3
    )
    out = np.empty(n, dtype=object)
    long = length > BEND_FROM_M
    out[long] = shapely.linestrings(curve[long])
    out[~long] = shapely.linestrings(np.stack([start[~long], end[~long]], axis=1))
    return out


def _valley_roads(
    ctx: Context, net: Net, gates: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[Any]]:
    """Cheapest ways over the ground for some links; where they meet they share the road.

    Returns
    -------
    tuple
        New nodes (k, 2) [m], edges (e, 2) by node number, their lines (e,).
    """
    nothing = np.empty((0, 2)), np.empty((0, 2), np.intp), np.empty(0, object)
    if not len(gates):
        return nothing
    graph, number, pixel_xy = road_costs(ctx)
    ends = number[ground(ctx).pixel(net.xy[gates])]
    used: set[tuple[int, int]] = set()
    for start in np.unique(ends[:, 0]):
        goals = np.unique(ends[ends[:, 0] == start, 1])
        reach = DETOUR_COST * float(np.hypot(*(pixel_xy[goals] - pixel_xy[start]).T).max())
        _, before = dijkstra(graph, indices=start, return_predecessors=True, limit=reach)
        if (before[goals[goals != start]] < 0).any():
            _, before = dijkstra(graph, indices=start, return_predecessors=True)
        for end in goals:
            way = walk(before, int(start), int(end))
            used |= {(min(s), max(s)) for s in zip(way[:-1].tolist(), way[1:].tolist(), strict=True)}
    feet = np.unique(np.column_stack([gates.ravel(), ends.ravel()]), axis=0)
    chains = _chains(used, set(feet[:, 1].tolist()))
    pixels, place = np.unique(
        np.r_[[c[e] for c in chains for e in (0, -1)], feet[:, 1]].astype(np.intp), return_inverse=True
    )
    base = len(net.xy)
    pixel_xy = np.round(pixel_xy, 2)
    drawn = [shapely.linestrings(np.round(smooth(pixel_xy[c], 0.7 * ground(ctx).step, 2), 2)) for c in chains]
    drawn += list(shapely.linestrings(np.stack([net.xy[feet[:, 0]], pixel_xy[feet[:, 1]]], axis=1)))
    m = 2 * len(chains)
    edges = np.vstack([place[:m].reshape(-1, 2) + base, np.column_stack([feet[:, 0], place[m:] + base])])
    return pixel_xy[pixels], edges.astype(np.intp), np.array(drawn, dtype=object)


def _chains(used: set[tuple[int, int]], stops: set[int]) -> list[list[int]]:
    """Split a set of steps into runs between forks, ends and stops."""
    beside: dict[int, list[int]] = {}
    for a, b in sorted(used):
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    breaks = {n for n, near in beside.items() if len(near) != 2 or n in stops}  # noqa: PLR2004
    out, seen = [], set()
    for start in sorted(breaks):
        for step in beside[start]:
            run = [start, step]
            while run[-1] not in breaks:
                x, y = beside[run[-1]]
                run.append(y if x == run[-2] else x)
            key = min(tuple(run), tuple(run[::-1]))
            if key not in seen:
                seen.add(key)
                out.append(run)
    return out
