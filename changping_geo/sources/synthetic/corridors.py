"""Motorways and trunk roads: they come before the settlements, which keep clear of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse.csgraph import dijkstra

from changping_geo.sources.synthetic.settlement import towns
from changping_geo.sources.synthetic.siting import road_costs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources import Context

# A motorway passes a large seat at about this distance; nearer, its cost rises up to this factor.
BYPASS_M, BYPASS_COST = 1100.0, 6.0
# Distances between the axes' crossings, as a share of the spread of the population.
SMOOTH_SHARE = 0.02


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
    costs = graph.copy()
    costs.data *= dear[graph.indices]
    out = [("motorway", _route(costs, xy, _extremes(xy, middle, axes[:, 1])))]
    ends = _extremes(xy, middle, axes[:, 0])
    out.append(("motorway" if len(xy) > 40000 else "trunk", _route(costs, xy, ends)))  # noqa: PLR2004
    shift = axes[:, 0] * np.sqrt(max(weight @ (spread @ axes[:, 0]) ** 2, 1.0)) * 1.3
    for sign in (1.0, -1.0):
        out.append(("trunk", _route(costs, xy, _extremes(xy, middle + sign * shift, axes[:, 1]))))
    return tuple((name, line) for name, line in out if len(line) > 1)


def _extremes(
    xy: NDArray[np.float64], middle: NDArray[np.float64], axis: NDArray[np.float64]
) -> tuple[int, int]:
    """Return the two nodes farthest out along an axis through a point, near the axis. [1]"""
    along = (xy - middle) @ axis
    across = np.abs((xy - middle) @ np.array([-axis[1], axis[0]]))
    return int(np.argmax(along - 3 * across)), int(np.argmax(-along - 3 * across))


def _route(costs: object, xy: NDArray[np.float64], ends: tuple[int, int]) -> NDArray[np.float64]:
    """Cheapest way between two nodes, smoothed to a road that can be driven fast, shape (n, 2). [m]"""
    if ends[0] == ends[1]:
        return xy[:1]
    _, before = dijkstra(costs, indices=ends[0], return_predecessors=True)
    return smooth(xy[walk(before, ends[0], ends[1])], SMOOTH_SHARE * float(np.hypot(*np.ptp(xy, axis=0))), 4)


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
