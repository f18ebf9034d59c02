"""Inner loops of covering problems, compiled by numba: greedy, swap, and the Lagrangian bound.

Every row has a reward for its first cover and a smaller one for its second (0 where only one counts), so that covering
and backup covering are one search. Rows and columns are the two compressed forms of one matrix of covered pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

F = TypeVar("F", bound="Callable[..., Any]")


def compiled(function: F) -> F:
    """Compile a loop; keep it on disk where numba may write.

    Parameters
    ----------
    function
        Loop over arrays.
    """
    try:
        out: Any = njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba finds no folder that it may write its cache to: compile for this process alone
        out = njit(nogil=True)(function)
    return cast("F", out)


@compiled
def put(
    j: int, sign: int, row_ends: Ints, row_cols: Ints, col_ends: Ints, col_rows: Ints,
    first: Floats, second: Floats, count: Ints, gain: Floats,
) -> float:  # fmt: skip
    """Add a site (sign 1) or take it away (-1); return the change of the value, keep `gain` right for all."""
    change = 0.0
    for at in range(col_ends[j], col_ends[j + 1]):
        i = col_rows[at]
        lower = count[i] if sign > 0 else count[i] - 1
        here = first[i] if lower == 0 else (second[i] if lower == 1 else 0.0)
        above = second[i] if lower == 0 else 0.0
        change += sign * here
        count[i] += sign
        step = sign * (above - here)
        if step != 0.0:
            for other in range(row_ends[i], row_ends[i + 1]):
                gain[row_cols[other]] += step
    return change


@compiled
def choose(
    gain: Floats, taken: Bools, blocked: Ints, allowed: Bools, price: Floats, left: float, by_price: int,
) -> int:  # fmt: skip
    """Return the free candidate of largest gain (or gain per price) within the money, -1 if none; ties by number."""
    best, at = -1.0, -1
    for k in range(gain.size):
        if taken[k] or not allowed[k] or blocked[k] > 0 or price[k] > left:
            continue
        worth = gain[k] / max(price[k], 1e-300) if by_price > 0 else gain[k]
        if worth > best:
            best, at = worth, k
    return at


@compiled
def block(j: int, sign: int, rival_ends: Ints, rivals: Ints, blocked: Ints) -> None:
    """Mark or free the candidates that may not stand beside site j."""
    for at in range(rival_ends[j], rival_ends[j + 1]):
        blocked[rivals[at]] += sign


@compiled
def fill(
    sites: int, row_ends: Ints, row_cols: Ints, col_ends: Ints, col_rows: Ints, first: Floats, second: Floats,
    count: Ints, gain: Floats, taken: Bools, blocked: Ints, allowed: Bools, price: Floats, left: float,
    by_price: int, rival_ends: Ints, rivals: Ints, idle: int,
) -> float:  # fmt: skip
    """Add sites greedily until there are `sites`; one that adds nothing only if `idle`. Return the gain."""
    total = 0.0
    for _ in range(sites - taken.sum()):
        k = choose(gain, taken, blocked, allowed, price, left, by_price)
        if k < 0 or (gain[k] <= 0.0 and idle == 0):
            break
        total += put(k, 1, row_ends, row_cols, col_ends, col_rows, first, second, count, gain)
        taken[k] = True
        left -= price[k]
        block(k, 1, rival_ends, rivals, blocked)
    return total


@compiled
def swap(
    row_ends: Ints, row_cols: Ints, col_ends: Ints, col_rows: Ints, first: Floats, second: Floats,
    count: Ints, gain: Floats, taken: Bools, blocked: Ints, allowed: Bools, price: Floats, left: float,
    rival_ends: Ints, rivals: Ints, least: float,
) -> float:  # fmt: skip
    """Exchange one site at a time for the best other one until no exchange gains `least`; return the gain [weight]."""
    total = 0.0
    better = True
    while better:
        better = False
        for each in np.flatnonzero(taken):
            j = int(each)
            lost = -put(j, -1, row_ends, row_cols, col_ends, col_rows, first, second, count, gain)
            taken[j] = False
            block(j, -1, rival_ends, rivals, blocked)
            k = choose(gain, taken, blocked, allowed, price, left + price[j], 0)
            if k < 0 or gain[k] <= lost + least:
                k = j
            else:
                better = True
            won = put(k, 1, row_ends, row_cols, col_ends, col_rows, first, second, count, gain)
            taken[k] = True
            left += price[j] - price[k]
            block(k, 1, rival_ends, rivals, blocked)
            total += won - lost
    return total


@compiled
def column_sums(col_ends: Ints, col_rows: Ints, multipliers: Floats, out: Floats) -> None:
    """Sum the multipliers of the rows that each candidate covers."""
    for j in range(out.size):
        total = 0.0
        for at in range(col_ends[j], col_ends[j + 1]):
            total += multipliers[col_rows[at]]
        out[j] = total


@compiled
def largest(sums: Floats, number: int) -> Ints:
    """Return the places of the largest sums, the largest first; ties by number (numpy's sorts take long to compile)."""
    out = np.empty(min(number, sums.size), dtype=np.int64)
    left = np.ones(sums.size, dtype=np.bool_)
    for turn_no in range(out.size):
        at = -1
        for j in range(sums.size):
            if left[j] and (at < 0 or sums[j] > sums[at]):
                at = j
        left[at] = False
        out[turn_no] = at
    return out


@compiled
def copy(into: Floats, values: Floats) -> None:
    """Copy values in a plain loop, which compiles faster than a slice."""
    for i in range(into.size):
        into[i] = values[i]


@compiled
def clear(values: Floats) -> None:
    """Set all values to 0."""
    for i in range(values.size):
        values[i] = 0.0


@compiled
def best_sites(sums: Floats, allowed: Bools, sites: int, col_ends: Ints, col_rows: Ints, count: Floats) -> float:
    """Take the `sites` largest sums; count how often each row is covered by them, return their total."""
    for j in range(sums.size):
        if not allowed[j]:
            sums[j] = -1.0
    clear(count)
    total = 0.0
    for j in largest(sums, sites):
        if sums[j] > 0.0:
            total += sums[j]
            for at in range(col_ends[j], col_ends[j + 1]):
                count[col_rows[at]] += 1.0
    return total


@compiled
def turn(first: Floats, second: Floats, multipliers: Floats, count: Floats, drift: Floats) -> float:
    """Smooth the direction in which the multipliers should go; return its squared length."""
    norm = 0.0
    for i in range(first.size):
        taken = (1.0 if first[i] > multipliers[i] else 0.0) + (1.0 if second[i] > multipliers[i] else 0.0)
        slope = count[i] - taken
        if (slope < 0.0 and multipliers[i] >= first[i]) or (slope > 0.0 and multipliers[i] <= 0.0):
            slope = 0.0
        drift[i] = slope + 0.5 * drift[i]
        norm += drift[i] * drift[i]
    return norm


@compiled
def subgradient(
    rounds: int, sites: int, col_ends: Ints, col_rows: Ints, first: Floats, second: Floats, allowed: Bools,
    known: float, scale: float, patience: int, multipliers: Floats, drift: Floats, best: Floats, best_sums: Floats,
    ceiling: float,
) -> tuple[float, float]:  # fmt: skip
    """Lower the Lagrangian bound of covering in `rounds` Polyak steps along a smoothed direction.

    `multipliers` and `drift` carry the search on from call to call, `best` and `best_sums` hold the best certificate
    and its column sums. Return the lowest bound and the scale of the steps.
    """
    rows = first.size
    sums, count = np.zeros(col_ends.size - 1), np.zeros(rows)
    waited = 0
    for _ in range(rounds):
        column_sums(col_ends, col_rows, multipliers, sums)
        bound = best_sites(sums, allowed, sites, col_ends, col_rows, count)
        for i in range(rows):
            bound += max(0.0, first[i] - multipliers[i]) + max(0.0, second[i] - multipliers[i])
        waited += 1
        if bound < ceiling:
            if bound < ceiling - 1e-5 * (ceiling - known):
                waited = 1
            ceiling = bound
            copy(best, multipliers)
            copy(best_sums, sums)
        if waited > patience:
            scale *= 0.6
            waited = 0
            copy(multipliers, best)
            clear(drift)
            continue
        norm = turn(first, second, multipliers, count, drift)
        if norm == 0.0 or bound <= known:
            break
        length = scale * (bound - known) / norm
        for i in range(rows):
            multipliers[i] = min(max(multipliers[i] - length * drift[i], 0.0), first[i])
    return ceiling, scale
