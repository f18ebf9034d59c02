"""Shortest ways: who reaches whom within a limit, and who is nearest, in metres or minutes.

Access points are no nodes of the network. A source enters at both ends of its edge with the part of the edge that it
still has to drive; a goal is reached from both ends of its edge likewise; and two points on one edge also see each
other directly. That is the same as splitting the edge at every point, without splitting it.

Costs are exact to the step of `STEPS` and compared in whole steps, so that "within 3 km" is one decision everywhere;
the limit itself is within.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from changping_geo.model import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.graph import Network
    from changping_geo.stations.snap import AccessPoints

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]

#: Steps per unit of cost: a millimetre, and 0.6 milliseconds. [1/m, 1/min]
STEPS = {"m": 1000.0, "min": 100_000.0}
TO_STATION, FROM_STATION, ROUND_TRIP = "to_station", "from_station", "round_trip"
DIRECTIONS = {
    TO_STATION: ("驶向站点", "towards the station"),
    FROM_STATION: ("驶离站点", "from the station"),
    ROUND_TRIP: ("往返平均", "mean of there and back"),
}
#: Results found before the room for them is asked for anew.
ROOM = 1 << 20


@dataclass(frozen=True, slots=True)
class Arcs:
    """Arcs of each node, in rows.

    Attributes
    ----------
    first : ndarray
        Where each node's arcs begin, shape (n + 1,).
    to : ndarray
        Where they lead, shape (a,).
    cost : ndarray
        What they cost, shape (a,). [m or min]
    """

    first: Longs
    to: Ints
    cost: Floats


@dataclass(frozen=True, slots=True)
class Found:
    """Goals found per source.

    Attributes
    ----------
    first : ndarray
        Where each source's goals begin, shape (s + 1,).
    goal : ndarray
        Goals, shape (k,).
    cost : ndarray
        Their costs, shape (k,). [m or min]
    """

    first: Longs
    goal: Ints
    cost: Floats


def lay_arcs(network: Network, unit: str, *, reverse: bool = False) -> Arcs:
    """Lay the arcs of a network; of parallel ones only the cheapest, never their sum.

    Parameters
    ----------
    network : Network
        The network.
    unit : str
        ``m`` or ``min``.
    reverse : bool
        Whether arcs are followed against the traffic, to search for who reaches a place.

    Returns
    -------
    Arcs
    """
    cost = network.cost(unit)
    go, back = network.forward, network.backward
    tail = np.concatenate([network.start[go], network.end[back]])
    head = np.concatenate([network.end[go], network.start[back]])
    if reverse:
        tail, head = head, tail
    return _rows(tail, head, np.concatenate([cost[go], cost[back]]), len(network.xy))


def _rows(tail: Ints, head: Ints, cost: Floats, n: int) -> Arcs:
    order = np.lexsort((cost, head, tail))
    tail, head, cost = tail[order], head[order], cost[order]
    keep = tail != head
    keep[1:] &= (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    first = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(tail[keep], minlength=n), out=first[1:])
    return Arcs(first, head[keep].astype(np.int32), np.ascontiguousarray(cost[keep], dtype=np.float64))


def _with_goals(arcs: Arcs, tail: Ints, goal: Ints, cost: Floats) -> Arcs:
    """Add ways to goals, which are numbered after the nodes and have no arcs of their own."""
    n = arcs.first.size - 1
    by_tail = np.argsort(tail, kind="stable")
    extra = np.bincount(tail, minlength=n)
    first = arcs.first + np.concatenate([[0], np.cumsum(extra)])
    to, price = np.empty(first[-1], np.int32), np.empty(first[-1])
    mine = np.ones(first[-1], bool)
    begin = first[1:] - extra
    slot = np.repeat(begin - np.concatenate([[0], np.cumsum(extra)[:-1]]), extra) + np.arange(len(tail))
    mine[slot] = False
    to[slot], price[slot] = goal[by_tail] + n, cost[by_tail]
    to[mine], price[mine] = arcs.to, arcs.cost
    return Arcs(first, to, price)


def ends(points: AccessPoints, network: Network, unit: str, *, leaving: bool) -> tuple[Floats, Floats]:
    """Return what it costs points to leave towards (or be entered from) the start and the end of their edge.

    Parameters
    ----------
    points : AccessPoints
        Shape (n,).
    network : Network
        The network that they were snapped to.
    unit : str
        ``m`` or ``min``.
    leaving : bool
        Whether the traffic leaves the point.

    Returns
    -------
    tuple of ndarray
        Cost to the start and to the end, with the access way, infinite where traffic may not go, shape (n,). [`unit`]
    """
    edge = points.edge
    share = points.along_m / network.length_m[edge]
    go, back = network.forward[edge], network.backward[edge]
    if not leaving:
        go, back = back, go
    drive, leg = network.cost(unit)[edge], points.leg(unit)
    start = np.where(back | (share <= 0), share * drive, np.inf) + leg
    end = np.where(go | (share >= 1), (1.0 - share) * drive, np.inf) + leg
    off = ~points.on
    start[off] = end[off] = np.inf
    return start, end


def _links(points: AccessPoints, network: Network, unit: str, *, leaving: bool) -> tuple[Ints, Ints, Floats]:
    """Node, point and cost of every way between points and nodes."""
    start, end = ends(points, network, unit, leaving=leaving)
    node = np.concatenate([network.start[points.edge], network.end[points.edge]])
    point = np.tile(np.arange(len(points), dtype=np.int32), 2)
    cost = np.concatenate([start, end])
    open_ = np.isfinite(cost)
    return node[open_], point[open_], cost[open_]


def _direct(
    sources: AccessPoints, goals: AccessPoints, network: Network, unit: str, *, reverse: bool
) -> tuple[Ints, Ints, Floats]:
    """Source, goal and cost of every direct way along a common edge."""
    by_edge = np.argsort(goals.edge, kind="stable")
    low, high = (np.searchsorted(goals.edge[by_edge], sources.edge, side) for side in ("left", "right"))
    many = np.where(sources.on, high - low, 0)
    source = np.repeat(np.arange(len(sources)), many)
    goal = by_edge[np.repeat(low - np.concatenate([[0], np.cumsum(many)[:-1]]), many) + np.arange(many.sum())]
    edge = sources.edge[source]
    way = goals.along_m[goal] - sources.along_m[source]
    ahead = way < 0 if reverse else way > 0
    open_ = (way == 0) | np.where(ahead, network.forward[edge], network.backward[edge])
    cost = np.abs(way) / network.length_m[edge] * network.cost(unit)[edge]
    cost = cost + sources.leg(unit)[source] + goals.leg(unit)[goal]
    return source[open_].astype(np.int32), goal[open_].astype(np.int32), cost[open_]


def reach(
    network: Network, sources: AccessPoints, goals: AccessPoints | None, limit: float, unit: str, *, reverse: bool
) -> Found:
    """Find all goals of each source within a limit.

    Parameters
    ----------
    network : Network
        The network.
    sources, goals : AccessPoints
        Points snapped to it; without goals, its nodes are sought.
    limit : float
        Largest cost, itself within; may be infinite. [`unit`]
    unit : str
        ``m`` or ``min``.
    reverse : bool
        Whether goals drive to sources, not sources to goals.

    Returns
    -------
    Found
    """
    seeds = _links(sources, network, unit, leaving=not reverse)
    arcs, n = lay_arcs(network, unit, reverse=reverse), len(network.xy)
    if goals is None:
        return search(arcs, *_by_source(*seeds, len(sources)), limit, STEPS[unit])
    arcs = _with_goals(arcs, *_links(goals, network, unit, leaving=reverse))
    who, which, cost = _direct(sources, goals, network, unit, reverse=reverse)
    node, owner, price = seeds
    node, owner = np.concatenate([node, which + np.int32(n)]), np.concatenate([owner, who])
    seeded = _by_source(node, owner, np.concatenate([price, cost]), len(sources))
    return search(arcs, *seeded, limit, STEPS[unit], n_goals=len(goals))


def _by_source(node: Ints, owner: Ints, cost: Floats, n: int) -> tuple[Longs, Ints, Floats]:
    order = np.argsort(owner, kind="stable")
    first = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(owner, minlength=n), out=first[1:])
    return first, node[order].astype(np.int32), np.ascontiguousarray(cost[order])


def search(
    arcs: Arcs, seed_first: Longs, seed_node: Ints, seed_cost: Floats, limit: float, steps: float,
    *, n_goals: int | None = None,
) -> Found:  # fmt: skip
    """Search from each source by itself.

    Parameters
    ----------
    arcs : Arcs
        Where one may go; goals are numbered after its nodes.
    seed_first, seed_node, seed_cost : ndarray
        Where each source enters and what that costs, shapes (s + 1,), (e,), (e,). [the arcs' unit]
    limit : float
        Largest cost. [the arcs' unit]
    steps : float
        Steps per unit to which costs are rounded.
    n_goals : int, optional
        Number of goals; without, all nodes are told.

    Returns
    -------
    Found
        Goals in rising order per source.
    """
    n = arcs.first.size - 1
    told_from, size = (0, n) if n_goals is None else (n, n + n_goals)
    best, touched = np.full(size, np.inf), np.empty(size, np.int32)
    room = arcs.to.size + seed_node.size + 1
    key, item = np.empty(room), np.empty(room, np.int32)
    count = np.zeros(seed_first.size - 1, np.int64)
    node, cost = np.empty(max(ROOM, size), np.int32), np.empty(max(ROOM, size))
    begin, nodes, costs = 0, [], []
    while begin < count.size:
        begin, filled = _kernel().each_source(
            arcs.first, arcs.to, arcs.cost, seed_first, seed_node, seed_cost, float(limit), steps, told_from, begin,
            count, node, cost, best, touched, key, item,
        )  # fmt: skip
        nodes.append(node[:filled].copy())
        costs.append(cost[:filled].copy())
    first = np.concatenate([[0], np.cumsum(count)])
    return Found(first, np.concatenate([*nodes, np.empty(0, np.int32)]), np.concatenate([*costs, np.empty(0)]))


def nearest(
    network: Network, sources: AccessPoints, goals: AccessPoints | None, unit: str, *, reverse: bool,
    limit: float = np.inf,
) -> tuple[Floats, Ints]:  # fmt: skip
    """Find the nearest source of each goal.

    Parameters
    ----------
    network : Network
        The network.
    sources, goals : AccessPoints
        Points snapped to it; without goals, its nodes are asked for.
    unit : str
        ``m`` or ``min``.
    reverse : bool
        Whether goals drive to sources.
    limit : float
        Largest cost. [`unit`]

    Returns
    -------
    tuple of ndarray
        Cost, infinite where no source is in reach, and source (of equals the first; -1 for none), shape (n,). [`unit`]
    """
    node, owner, cost = _links(sources, network, unit, leaving=not reverse)
    arcs, n = lay_arcs(network, unit, reverse=reverse), len(network.xy)
    size = n
    if goals is not None:
        arcs = _with_goals(arcs, *_links(goals, network, unit, leaving=reverse))
        who, which, price = _direct(sources, goals, network, unit, reverse=reverse)
        node, owner = np.concatenate([node, which + np.int32(n)]), np.concatenate([owner, who])
        cost, size = np.concatenate([cost, price]), n + len(goals)
    best, of = search_nearest(arcs, node, cost, owner, size, limit, STEPS[unit])
    return (best, of) if goals is None else (best[n:], of[n:])


def search_nearest(
    arcs: Arcs, seed_node: Ints, seed_cost: Floats, seed_owner: Ints, size: int, limit: float, steps: float
) -> tuple[Floats, Ints]:
    """Search from all sources at once; see `nearest`, and `search` for the arguments."""
    best, of = np.full(size, np.inf), np.full(size, -1, np.int32)
    room = arcs.to.size + seed_node.size + 1
    _kernel().nearest_source(
        arcs.first, arcs.to, arcs.cost, seed_node.astype(np.int32), seed_cost, seed_owner.astype(np.int32),
        float(limit), steps, best, of, np.empty(room), np.empty(room, np.int32),
    )  # fmt: skip
    return best, of


def refuse_limit(limit: float, unit: str) -> None:
    """Refuse a limit that cannot be meant.

    Raises
    ------
    ParameterError
        If it is not positive, is a few metres (kilometres, degrees), or more than a day.
    """
    if not limit > 0:
        raise ParameterError(f"a limit of {limit} {unit} reaches nothing; give a positive one")
    if unit == "m" and limit < 10:  # noqa: PLR2004 - nobody plans for 10 m
        raise ParameterError(f"a radius of {limit:g} m looks like kilometres or degrees; give metres (3 km is 3000)")
    if unit == "min" and np.isfinite(limit) and limit > 1440:  # noqa: PLR2004 - a day
        raise ParameterError(f"a limit of {limit:g} min is more than a day; give minutes (a quarter of an hour is 15)")


@cache
def _kernel() -> Any:
    from changping_geo.stations import search_kernel  # noqa: PLC0415 - numba takes a second to import

    return search_kernel
