"""Motorways and trunk roads: they come before the settlements, which keep clear of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from changping_geo.sources.synthetic.settlement import towns
from changping_geo.sources.synthetic.siting import road_costs

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from changping_geo.sources import Context

# A motorway passes a large seat at about this distance; nearer, its cost rises up to this factor.
BYPASS_M, BYPASS_COST = 1100.0, 6.0
# A second road beside the first is not worth its money: its cost rises by this factor within this distance.
BESIDE_M, BESIDE_COST = 1500.0, 5.0
# Tolerance of straightening, as a share of the district's diagonal.
SMOOTH_SHARE = 0.02
# Districts of so many pixels of road ground have a second motorway.
LARGE = 40000


@lru_cache(maxsize=2)
def corridors(ctx: Context) -> tuple[tuple[str, NDArray[np.float64]], ...]:
    """Return the centre lines of motorways and trunk roads.

    The first axis runs along the longest spread of the population, the second across it, both from border to border;
    a trunk road joins the large seats.

    Returns
    -------
    tuple of (str, ndarray, shape (n, 2))
        Class and vertices. [m]
    """
    every = towns(ctx)
    graph, _, xy = road_costs(ctx)
    if len(xy) < 4:  # noqa: PLR2004
        return ()
    weight = every.persons / every.persons.sum()
    middle = weight @ every.seat
    spread = every.seat - middle
    _, axes = np.linalg.eigh((spread * weight[:, None]).T @ spread + np.eye(2))
    near = np.min(np.hypot(*(xy[:, None] - every.seat[None]).transpose(2, 0, 1)), axis=1)
    dear = 1 + BYPASS_COST * np.exp(-((near / BYPASS_M) ** 2))
    shift = axes[:, 0] * np.sqrt(max(weight @ (spread @ axes[:, 0]) ** 2, 1.0)) * 1.3
    wishes = [("motorway", middle, axes[:, 1]), ("motorway" if len(xy) > LARGE else "trunk", middle, axes[:, 0])]
    wishes += [("trunk", middle + sign * shift, axes[:, 1]) for sign in (1.0, -1.0)]
    inner = shapely.buffer(shapely.union_all(np.asarray(ctx.layer("district").geometry)), -25.0)
    out: list[tuple[str, NDArray[np.float64]]] = []
    for name, point, axis in wishes:
        costs = graph.copy()
        costs.data *= dear[graph.indices]
        line = _route(costs, xy, _extremes(xy, point, axis), inner)
        if len(line) > 1:
            out.append((name, line))
            far, _ = cKDTree(line).query(xy)
            dear = dear * (1 + BESIDE_COST * np.exp(-((far / BESIDE_M) ** 2)))
    return tuple(out)


def _extremes(xy: NDArray[np.float64], middle: NDArray[np.float64], axis: NDArray[np.float64]) -> tuple[int, int]:
    """Return the two nodes farthest out along an axis through a point, near the axis. [1]"""
    along = (xy - middle) @ axis
    across = np.abs((xy - middle) @ np.array([-axis[1], axis[0]]))
    return int(np.argmax(along - 3 * across)), int(np.argmax(-along - 3 * across))


def _route(costs: csr_matrix, xy: NDArray[np.float64], ends: tuple[int, int], inner: Any) -> NDArray[np.float64]:
    """Cheapest way between two nodes, as smooth as stays inside the district, shape (n, 2). [m]"""
    if ends[0] == ends[1]:
        return xy[:1]
    _, before = dijkstra(costs, indices=np.array([ends[0]]), return_predecessors=True)
    way = xy[walk(before[0], ends[0], ends[1])]
    tolerance = SMOOTH_SHARE * float(np.hypot(*np.ptp(xy, axis=0)))
    line = smooth(way, tolerance, 4)
    while tolerance > 1.0 and not shapely.covers(inner, shapely.linestrings(line)):
        tolerance /= 2
        line = smooth(way, tolerance, 4)
    return line


def walk(before: NDArray[np.int32], start: int, end: int) -> NDArray[np.intp]:
    """Return the nodes from `start` to `end` by a row of predecessors; empty when there is no way. [1]"""
    way = [end]
    while way[-1] != start:
        step = int(before[way[-1]])
        if step < 0:
            return np.empty(0, np.intp)
        way.append(step)
    return np.array(way[::-1], dtype=np.intp)


def smooth(line: NDArray[np.float64], tolerance: float, rounds: int) -> NDArray[np.float64]:
    """Simplify a line and cut its corners, its ends kept.

    Parameters
    ----------
    line : ndarray, shape (n, 2)
        Vertices. [m]
    tolerance : float
        Douglas-Peucker tolerance. [m]
    rounds : int
        Rounds of corner cutting. [count]

    References
    ----------
    Chaikin, G. (1974), An algorithm for high-speed curve generation, doi:10.1016/0146-664X(74)90028-8
    """
    if len(line) < 3:  # noqa: PLR2004
        return line
    line = shapely.get_coordinates(shapely.simplify(shapely.linestrings(line), tolerance))
    for _ in range(rounds):
        if len(line) < 3:  # noqa: PLR2004
            break
        a, b = line[:-1], line[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        line = np.vstack([line[:1], cut[1:-1], line[-1:]])
    return line
