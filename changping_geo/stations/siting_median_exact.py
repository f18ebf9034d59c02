"""Exact p-median on what the bound leaves: branching on row prices, or the radius form where sites must keep apart.

The radius form's columns ask "is row i farther than its k-th cost?". Branching needs no model at all: a site that is
certain moves into what each row has already, one that is excluded is shut, and the same prices bound what is left.

References
----------
García, S., Labbé, M., Marín, A. (2011). Solving large p-median problems with a radius formulation.
doi:10.1287/ijoc.1100.0418
"""

from __future__ import annotations

import heapq
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.stations import siting_median_kernel as kernel
from changping_geo.stations.problem import InfeasibleError
from changping_geo.stations.siting_median_table import descend, fix, only, step_of
from changping_geo.stations.siting_milp import Model, solve_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.siting_median_table import Priced

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

#: Steps of the bound at one node, their first length, and fruitless steps before it is shortened.
NODE_STEPS, NODE_SCALE, NODE_PATIENCE = 120, 0.5, 6
#: Nodes looked at for one new site; the more sites, the sooner the radius form is the faster way.
NODES = 20_000


def branch(
    table: Priced, sites: int, plan: Ints, prices: Floats, bound: float, until: float, gap: float
) -> tuple[Ints, float]:
    """Search the plans that the bound leaves, lowest bound first.

    Parameters
    ----------
    table
        Weighted costs of the candidates that are left.
    sites
        New sites at most.
    plan
        The best plan so far.
    prices
        Row prices of the bound.
    bound
        Bound of the root.
    until
        When to stop, by the performance counter [s].
    gap
        Relative gap at which to stop [-].

    Returns
    -------
    tuple
        The best plan, and what no plan is below.
    """
    value = table.of(plan)[0]
    none = np.zeros(0, dtype=np.int64)
    heap: list[tuple[float, int, Ints, Bools, Floats]] = [(bound, 0, none, table.allowed, prices)]
    made = 1
    while heap:
        low, _, certain, allowed, paid = heapq.heappop(heap)
        if low > value - step_of(table, value) or value - low <= gap * value:
            return plan, low if value - low <= gap * value else value
        if time.perf_counter() > until or made > NODES / sites:
            return plan, low
        node, left = _node(table, certain, allowed), sites - certain.size
        low, paid, sums = _bound(node, left, paid, value, low)
        trial = np.concatenate([certain, descend(node, np.argsort(-sums, kind="stable")[:left])])
        if table.of(trial)[0] < value:
            plan, value = trial, table.of(trial)[0]
        if low > value - step_of(table, value):
            continue
        keep, sure = fix(node, left, low, sums, value)
        certain, left = np.concatenate([certain, np.flatnonzero(sure)]), left - int(sure.sum())
        keep &= ~sure
        if not left or not keep.any():
            if table.of(certain)[0] < value:
                plan, value = certain, table.of(certain)[0]
            continue
        pick = int(np.argmax(np.where(keep, sums, -np.inf)))
        keep[pick] = False
        heapq.heappush(heap, (low, made, np.append(certain, pick), keep.copy(), paid))
        heapq.heappush(heap, (low, made + 1, certain, keep, paid))
        made += 2
    return plan, value


def _node(table: Priced, certain: Ints, allowed: Bools) -> Priced:
    """Make the question that is left: certain sites are what rows have, only `allowed` ones may be added."""
    if not certain.size:
        return only(table, allowed)
    taken = np.zeros(allowed.size, dtype=np.bool_)
    taken[certain] = True
    return replace(only(table, allowed), spare=table.rows_of(taken))


def _bound(node: Priced, left: int, paid: Floats, value: float, low: float) -> tuple[float, Floats, Floats]:
    prices = np.minimum(paid, node.spare)
    best, sums, drift = prices.copy(), np.zeros(node.allowed.size), np.zeros_like(prices)
    found, _ = kernel.price_rows(NODE_STEPS, left, node.ends, node.rows, node.costs, node.spare, node.allowed, value,
                                 NODE_SCALE, NODE_PATIENCE, prices, drift, best, sums, -np.inf)  # fmt: skip
    return max(found, low), best, np.where(node.allowed, sums, -1.0)


def radius_form(
    table: Priced, certain: Bools, plan: Ints | None, sites: int, until: float, gap: float, bound: float
) -> tuple[Ints, float]:
    """Solve the radius form; a row's levels are its distinct costs below what the certain sites and `spare` give.

    Parameters
    ----------
    table
        Weighted costs of the candidates that are left.
    certain
        Candidates that are surely taken. Shape (m,).
    plan
        A known plan, None if none keeps the spacing.
    sites
        New sites at most.
    until
        When to stop, by the performance counter [s].
    gap
        Relative gap at which to stop [-].
    bound
        Bound so far.

    Raises
    ------
    InfeasibleError
        If no plan keeps the spacing.
    """
    model = Model()
    kept = np.flatnonzero(table.allowed)
    rank = np.full(table.allowed.size, -1, dtype=np.int64)
    rank[kept] = np.arange(kept.size)
    site = model.add_columns(np.zeros(kept.size), certain[kept].astype(float), 1.0, whole=True)
    model.add_row(site, 1.0, -np.inf, float(sites))
    known = table.pairs[(rank[table.pairs] >= 0).all(axis=1)]
    line = np.arange(len(known))
    model.add_rows(len(known), [(line, site[rank[known[:, k]]], 1.0) for k in (0, 1)], -np.inf, 1.0)
    taken = np.zeros(table.allowed.size)
    taken[certain] = 1.0
    column = np.repeat(np.arange(rank.size), np.diff(table.ends))
    cap = table.spare.copy()
    np.minimum.at(cap, table.rows[certain[column]], table.costs[certain[column]])
    use = table.costs < cap[table.rows]
    row, cost, who = table.rows[use], table.costs[use], site[rank[column[use]]]
    order = np.lexsort((who, cost, row))
    row, cost, who = row[order], cost[order], who[order]
    new = (
        np.concatenate([[True], (np.diff(row) > 0) | (np.diff(cost) > 0)]) if row.size else np.zeros(0, dtype=np.bool_)
    )
    level, first = np.cumsum(new) - 1, np.flatnonzero(new)
    own, height = row[first], cost[first]
    last = np.concatenate([np.diff(own) > 0, [True]]) if own.size else np.zeros(0, dtype=np.bool_)
    above = np.where(last, cap[own], np.append(height[1:], 0.0))
    farther = model.add_columns(above - height, 0.0, 1.0, whole=False)
    starts = np.concatenate([[True], last[:-1]]) if own.size else last
    later = np.flatnonzero(~starts)
    entries = [(np.arange(own.size), farther, 1.0), (level, who, 1.0), (later, farther[later - 1], -1.0)]
    model.add_rows(own.size, entries, starts.astype(float), np.inf)
    base = float(cap.sum() - (cap[own[starts]] - height[starts]).sum())
    start = None
    if plan is not None:
        start = np.full(model.columns, np.nan)
        start[site] = np.isin(kept, plan)
    solved = solve_model(model, most=False, seconds=until - time.perf_counter(), start=start, step=table.step, gap=gap)
    if not solved.columns.size:
        if plan is None:
            msg = "no plan keeps the spacing and reaches every row: lower the spacing, or allow more sites"
            raise InfeasibleError(msg)
        if solved.status == "infeasible":  # only better plans were left in: there is none
            bound = max(bound, table.of(plan)[0])
        return plan, bound
    found = kept[solved.columns[site] > 0.5]  # noqa: PLR2004 - a column of 0 or 1
    if plan is not None and table.of(plan)[0] <= table.of(found)[0]:
        found = plan
    return found, max(bound, min(solved.bound, solved.value) + base)
