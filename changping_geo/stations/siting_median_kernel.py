"""Inner loops of the p-median, compiled by numba: nearest sites, exchange, and the Lagrangian bound.

Costs are weighted already (weight x cost). A row may also stay with what it has (an existing station, or the price of
not being served), `spare`; so every row always has a finite cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from changping_geo.stations.siting_kernel import clear, compiled, copy, largest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@compiled
def assign(col_ends: Ints, col_rows: Ints, col_costs: Floats, taken: Bools, spare: Floats,
           near: Floats, after: Floats, at: Ints, loss: Floats) -> float:  # fmt: skip
    """Find each row's nearest (`near`, `at`) and second nearest (`after`) site; `loss`: the price of closing one."""
    copy(near, spare)
    copy(after, spare)
    at[:] = -1
    clear(loss)
    for j in np.flatnonzero(taken):
        for e in range(col_ends[j], col_ends[j + 1]):
            i, cost = col_rows[e], col_costs[e]
            if cost < near[i]:
                after[i] = near[i]
                near[i] = cost
                at[i] = j
            elif cost < after[i]:
                after[i] = cost
    total = 0.0
    for i in range(near.size):
        total += near[i]
        if at[i] >= 0:
            loss[at[i]] += after[i] - near[i]
    return total


@compiled
def best_exchange(k: int, col_ends: Ints, col_rows: Ints, col_costs: Floats, near: Floats, after: Floats, at: Ints,
                  loss: Floats, taken: Bools, change: Floats) -> tuple[float, int]:  # fmt: skip
    """Find what opening k and closing the site missed least saves; `change` is all zero before and after."""
    gain = 0.0
    for e in range(col_ends[k], col_ends[k + 1]):
        i, cost = col_rows[e], col_costs[e]
        if cost < near[i]:
            gain += near[i] - cost
            if at[i] >= 0:
                change[at[i]] -= after[i] - near[i]
        elif cost < after[i] and at[i] >= 0:
            change[at[i]] -= after[i] - cost
    best, out = -np.inf, -1
    for j in range(taken.size):
        if taken[j]:
            saving = gain - loss[j] - change[j]
            if saving > best:
                best, out = saving, j
            change[j] = 0.0
    return best, out


@compiled
def exchange(col_ends: Ints, col_rows: Ints, col_costs: Floats, taken: Bools, spare: Floats, allowed: Bools,
             least: float) -> float:  # fmt: skip
    """Exchange sites until no exchange saves `least`; return the cost."""
    rows, columns = spare.size, taken.size
    near, after, at = np.empty(rows), np.empty(rows), np.empty(rows, dtype=np.int64)
    loss, change = np.empty(columns), np.zeros(columns)
    total = assign(col_ends, col_rows, col_costs, taken, spare, near, after, at, loss)
    fruitless, k = 0, 0
    while fruitless < columns and taken.any():
        if allowed[k] and not taken[k]:
            saving, j = best_exchange(k, col_ends, col_rows, col_costs, near, after, at, loss, taken, change)
            if saving > least:
                taken[k] = True
                taken[j] = False
                total = assign(col_ends, col_rows, col_costs, taken, spare, near, after, at, loss)
                fruitless = 0
        fruitless += 1
        k = (k + 1) % columns
    return total


@compiled
def open_greedily(sites: int, col_ends: Ints, col_rows: Ints, col_costs: Floats, taken: Bools, spare: Floats,
                  allowed: Bools) -> None:  # fmt: skip
    """Open the site that saves most until there are `sites`; ties by number."""
    near = spare.copy()
    for j in np.flatnonzero(taken):
        for e in range(col_ends[j], col_ends[j + 1]):
            near[col_rows[e]] = min(near[col_rows[e]], col_costs[e])
    for _ in range(sites - taken.sum()):
        best, k = -1.0, -1
        for c in range(taken.size):
            if taken[c] or not allowed[c]:
                continue
            gain = 0.0
            for e in range(col_ends[c], col_ends[c + 1]):
                gain += max(0.0, near[col_rows[e]] - col_costs[e])
            if gain > best:
                best, k = gain, c
        if k < 0:
            break
        taken[k] = True
        for e in range(col_ends[k], col_ends[k + 1]):
            near[col_rows[e]] = min(near[col_rows[e]], col_costs[e])


@compiled
def savings(col_ends: Ints, col_rows: Ints, col_costs: Floats, allowed: Bools, prices: Floats, sums: Floats) -> None:
    """Sum what each candidate saves its rows against their prices; -1 for one that is shut."""
    for j in range(sums.size):
        total = 0.0 if allowed[j] else -1.0
        if allowed[j]:
            for e in range(col_ends[j], col_ends[j + 1]):
                total += max(0.0, prices[col_rows[e]] - col_costs[e])
        sums[j] = total


@compiled
def take_best(sites: int, col_ends: Ints, col_rows: Ints, col_costs: Floats, prices: Floats, sums: Floats,
              count: Floats) -> float:  # fmt: skip
    """Open the `sites` candidates that save most; count what serves each row, return the bound."""
    clear(count)
    bound = prices.sum()
    for j in largest(sums, sites):
        if sums[j] > 0.0:
            bound -= sums[j]
            for e in range(col_ends[j], col_ends[j + 1]):
                if prices[col_rows[e]] > col_costs[e]:
                    count[col_rows[e]] += 1.0
    return float(bound)


@compiled
def price_rows(rounds: int, sites: int, col_ends: Ints, col_rows: Ints, col_costs: Floats, spare: Floats,
               allowed: Bools, known: float, scale: float, patience: int, prices: Floats, drift: Floats,
               best: Floats, best_sums: Floats, floor: float) -> tuple[float, float]:  # fmt: skip
    """Raise the Lagrangian bound: a row pays `prices`, a site earns what it saves against them, the best are open.

    Prices never pass `spare`, so a row may always stay with what it has. Return the highest bound and the scale.
    """
    rows = spare.size
    sums, count = np.zeros(allowed.size), np.zeros(rows)
    waited = 0
    for _ in range(rounds):
        savings(col_ends, col_rows, col_costs, allowed, prices, sums)
        bound = take_best(sites, col_ends, col_rows, col_costs, prices, sums, count)
        waited += 1
        if bound > floor:
            if bound > floor + 1e-5 * (known - floor):
                waited = 1
            floor = bound
            copy(best, prices)
            copy(best_sums, sums)
        if waited > patience:
            scale *= 0.7
            waited = 0
            copy(prices, best)
            clear(drift)
            continue
        norm = 0.0
        for i in range(rows):
            slope = 0.0 if count[i] < 1.0 and prices[i] >= spare[i] else 1.0 - count[i]
            drift[i] = slope + 0.4 * drift[i]
            norm += drift[i] * drift[i]
        if norm == 0.0 or bound >= known:
            break
        length = scale * (known - bound) / norm
        for i in range(rows):
            prices[i] = min(max(prices[i] + length * drift[i], 0.0), spare[i])
    return floor, scale
