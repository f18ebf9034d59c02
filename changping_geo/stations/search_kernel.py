"""Bounded shortest-path searches in loops, compiled by numba; imported on first need only.

A search keeps to the places that it reaches within its limit, so a thousand short searches on a large network cost
what they touch; a dense row per source is never made. Costs are told in whole steps (`STEPS`), so that a tie at the
limit is decided once, here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

F = TypeVar("F", bound="Callable[..., Any]")


def _compiled(function: F) -> F:
    try:
        out: Any = njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba finds no folder that it may write its cache to: compile for this process alone
        out = njit(nogil=True)(function)
    return cast("F", out)


@_compiled
def push(key: NDArray[np.float64], item: NDArray[np.int32], size: int, cost: float, node: int) -> int:
    """Put a node on the heap of `size` nodes; return its new size."""
    at = size
    while at > 0:
        up = (at - 1) >> 1
        if key[up] <= cost:
            break
        key[at] = key[up]
        item[at] = item[up]
        at = up
    key[at] = cost
    item[at] = node
    return size + 1


@_compiled
def drop(key: NDArray[np.float64], item: NDArray[np.int32], size: int) -> int:
    """Take the cheapest node off the heap of `size` nodes; return its new size."""
    size -= 1
    cost = key[size]
    node = item[size]
    at = 0
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        if down + 1 < size and key[down + 1] < key[down]:
            down += 1
        if key[down] >= cost:
            break
        key[at] = key[down]
        item[at] = item[down]
        at = down
    key[at] = cost
    item[at] = node
    return size


@_compiled
def enter(
    node: int, far: float, best: NDArray[np.float64], touched: NDArray[np.int32], n_touched: int,
    key: NDArray[np.float64], item: NDArray[np.int32], size: int, inner: int,
) -> tuple[int, int]:  # fmt: skip
    """Lower a node's cost; return how many nodes are touched and on the heap."""
    if best[node] == np.inf:
        touched[n_touched] = node
        n_touched += 1
    best[node] = far
    if node < inner:
        size = push(key, item, size, far, node)
    return n_touched, size


@_compiled
def spread(
    first: NDArray[np.int64], to: NDArray[np.int32], cost: NDArray[np.float64], reach: float,
    best: NDArray[np.float64], touched: NDArray[np.int32], n_touched: int,
    key: NDArray[np.float64], item: NDArray[np.int32], size: int,
) -> int:  # fmt: skip
    """Search on from what is on the heap until nothing within reach is left; return how many nodes are touched."""
    inner = first.size - 1
    while size > 0:
        here, node = key[0], item[0]
        size = drop(key, item, size)
        if here > best[node]:
            continue
        for k in range(first[node], first[node + 1]):
            far = here + cost[k]
            if far <= reach and far < best[to[k]]:
                n_touched, size = enter(to[k], far, best, touched, n_touched, key, item, size, inner)
    return n_touched


@_compiled
def each_source(
    first: NDArray[np.int64], to: NDArray[np.int32], cost: NDArray[np.float64],
    seed_first: NDArray[np.int64], seed_node: NDArray[np.int32], seed_cost: NDArray[np.float64],
    limit: float, steps: float, told_from: int, begin: int,
    count: NDArray[np.int64], out_node: NDArray[np.int32], out_cost: NDArray[np.float64],
    best: NDArray[np.float64], touched: NDArray[np.int32], key: NDArray[np.float64], item: NDArray[np.int32],
) -> tuple[int, int]:  # fmt: skip
    """Search from each source by itself, from source `begin` on, until all are done or the room is full.

    Parameters
    ----------
    first, to, cost : ndarray
        Arcs of each node: where they begin, shape (n + 1,), their ends and costs, shape (a,). Nodes from ``n`` on have
        no arcs of their own: they are ends of ways only.
    seed_first, seed_node, seed_cost : ndarray
        Where each source enters the network and what that costs, shapes (s + 1,), (e,), (e,).
    limit : float
        Largest cost told.
    steps : float
        Steps per unit of cost.
    told_from : int
        The first node that is told.
    begin : int
        The first source.
    count : ndarray
        Takes the nodes found per source, shape (s,).
    out_node, out_cost : ndarray
        Take the nodes, less `told_from`, and their costs, source by source.
    best, touched, key, item : ndarray
        Room for the search; `best` is infinite and left so.

    Returns
    -------
    tuple of int
        The next source, and how much of the room is filled.
    """
    inner = first.size - 1
    reach = limit + 0.5 / steps
    filled = 0
    for source in range(begin, seed_first.size - 1):
        n_touched, size = 0, 0
        for k in range(seed_first[source], seed_first[source + 1]):
            node, far = seed_node[k], seed_cost[k]
            if far <= reach and far < best[node]:
                n_touched, size = enter(node, far, best, touched, n_touched, key, item, size, inner)
        n_touched = spread(first, to, cost, reach, best, touched, n_touched, key, item, size)
        room = filled + n_touched <= out_node.size
        found = 0
        for k in range(n_touched):
            node = touched[k]
            told = np.rint(best[node] * steps) / steps
            best[node] = np.inf
            if room and node >= told_from and told <= limit:
                out_node[filled + found] = node - told_from
                out_cost[filled + found] = told
                found += 1
        if not room:
            return source, filled
        count[source] = found
        filled += found
    return seed_first.size - 1, filled


@_compiled
def claim(
    node: int, far: float, who: int, reach: float, best: NDArray[np.float64], owner: NDArray[np.int32],
    key: NDArray[np.float64], item: NDArray[np.int32], size: int, inner: int,
) -> int:  # fmt: skip
    """Give a node to a source that is nearer, or as near and earlier; return the size of the heap."""
    if far <= reach and far < best[node]:
        best[node], owner[node] = far, who
        if node < inner:
            size = push(key, item, size, far, node)
    elif far == best[node] and who < owner[node]:
        owner[node] = who  # it still waits on the heap, for arcs cost more than nothing
    return size


@_compiled
def nearest_source(
    first: NDArray[np.int64], to: NDArray[np.int32], cost: NDArray[np.float64],
    seed_node: NDArray[np.int32], seed_cost: NDArray[np.float64], seed_owner: NDArray[np.int32],
    limit: float, steps: float,
    best: NDArray[np.float64], owner: NDArray[np.int32], key: NDArray[np.float64], item: NDArray[np.int32],
) -> None:  # fmt: skip
    """Search from all sources at once: the cost from the nearest, and which it is; of equals the first.

    Parameters
    ----------
    first, to, cost, limit, steps, key, item
        As in `each_source`.
    seed_node, seed_cost, seed_owner : ndarray
        Where sources enter the network, what that costs, and which source it is, shape (e,).
    best, owner : ndarray
        Take cost and source of each node; infinite and -1 beforehand and where nothing is reached.
    """
    inner = first.size - 1
    reach = limit + 0.5 / steps
    size = 0
    for k in range(seed_node.size):
        size = claim(seed_node[k], seed_cost[k], seed_owner[k], reach, best, owner, key, item, size, inner)
    while size > 0:
        here, node = key[0], item[0]
        size = drop(key, item, size)
        if here > best[node]:
            continue
        for k in range(first[node], first[node + 1]):
            size = claim(to[k], here + cost[k], owner[node], reach, best, owner, key, item, size, inner)
    for node in range(best.size):
        told = np.rint(best[node] * steps) / steps
        if told <= limit:
            best[node] = told
        else:
            best[node], owner[node] = np.inf, -1
