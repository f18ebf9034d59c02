"""The least total cost with a given number of sites (p-median).

Greedy and exchange give a plan, row prices a bound, the bound rules candidates out, and what is left goes to HiGHS in
the radius form, whose columns ask "is row i farther than its k-th distance?".

References
----------
Cornuéjols, G., Fisher, M. L., Nemhauser, G. L. (1977). Location of bank accounts to optimize float.
doi:10.1287/mnsc.23.8.789
García, S., Labbé, M., Marín, A. (2011). Solving large p-median problems with a radius formulation.
doi:10.1287/ijoc.1100.0418
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.stations import siting_median_kernel as kernel
from changping_geo.stations.problem import SAME_VALUE, InfeasibleError
from changping_geo.stations.problem_checks import listed
from changping_geo.stations.siting_center import nearest
from changping_geo.stations.siting_median_exact import branch, radius_form
from changping_geo.stations.siting_median_table import descend, fix, only, priced, proven, step_of
from changping_geo.stations.siting_most import LARGEST_MODEL, Found
from changping_geo.stations.siting_search import SEED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem
    from changping_geo.stations.siting_median_table import Priced

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

#: Shakes of a plan, at first and where the bound leaves a gap; steps of the bound between two descents, and descents.
SHAKES, MORE_SHAKES = 60, 400
STEPS, LOOKS = 40, 40
SCALE, PATIENCE, SHORTEST = 1.0, 10, 0.002
#: Sites exchanged at once by a shake, at most.
MOST_SHAKEN = 12


def least_cost(problem: Problem, seconds: float, gap: float) -> Found:
    """Answer ``mean_cost``; the value is the sum of weight x cost.

    Parameters
    ----------
    problem
        The question.
    seconds
        Time limit [s].
    gap
        Relative gap at which to stop [-].

    Raises
    ------
    InfeasibleError
        If the sites asked for cannot reach every row.
    """
    until = time.perf_counter() + seconds
    table = priced(problem)
    sites = min(problem.steps[-1], int(table.allowed.sum()))
    plan, value, bound, prices, sums = _priced_out(table, sites, until)
    certified = bound
    method = "greedy, exchange and shakes; Lagrangian bound"
    if not proven(table, value, bound, gap):
        keep, certain = fix(table, sites, bound, sums, value)
        small = only(table, keep)
        if small.rows.size <= LARGEST_MODEL:
            method = f"Lagrangian bound ruled out {int((~keep).sum())} of {keep.size} candidates; "
            known = plan if np.isfinite(value) else None
            if known is not None and not table.pairs.size:
                known, bound = branch(small, sites, known, prices, bound, until, gap)
                plan, value = known, table.of(known)[0]
                method += "branching on row prices"
            if known is None or not proven(table, value, bound, gap):
                plan, bound = radius_form(small, certain, known, sites, until, gap, bound)
                method += ("" if known is None else ", then ") + "HiGHS on the rest"
                value = table.of(plan)[0]
    taken = plan if not problem.existing.size else np.concatenate([plan, problem.existing])
    lost = np.flatnonzero(table.unserved & ~np.isfinite(nearest(problem.costs, taken)))
    if lost.size or not table.keeps(plan):
        msg = f"{sites} new sites found no way to reach rows {listed(lost)}: allow more sites or give `unserved_cost`"
        raise InfeasibleError(msg, rows=lost)
    bound = value if value - bound < step_of(table, value) else bound
    full = plan
    if problem.exactly and plan.size < sites:
        rest = np.setdiff1d(np.flatnonzero(table.allowed), plan)
        full = np.concatenate([plan, rest[: sites - plan.size]])
    return Found(phases=(np.sort(full),), bound=bound, method=method, multipliers=prices, certified=certified, notes=())


def _priced_out(table: Priced, sites: int, until: float) -> tuple[Ints, float, float, Floats, Floats]:
    """Plan, its value, the bound, and the bound's prices and savings."""
    plan = _good(table, sites, SHAKES, 0.0)
    kept = table.keeps(plan)
    value, prices = table.of(plan)
    best, sums, bound, scale = prices.copy(), np.zeros(table.allowed.size), -np.inf, SCALE
    drift = np.zeros_like(prices)
    lines = (table.ends, table.rows, table.costs)
    for look in range(LOOKS if sites else 0):
        known = value if np.isfinite(value) else table.of(plan)[0]
        bound, scale = kernel.price_rows(STEPS, sites, *lines, table.spare, table.allowed, known, scale, PATIENCE,
                                         prices, drift, best, sums, bound)  # fmt: skip
        if look % 4 == 0:
            trial = descend(table, np.argsort(-sums, kind="stable")[:sites])
            cost = table.of(trial)[0]
            if cost < value - SAME_VALUE * value and (not kept or table.keeps(trial)):
                plan, value = trial, cost
        if value - bound < step_of(table, value) or scale < SHORTEST or time.perf_counter() > until:
            break
    if not sites:
        bound = value
    if value - bound >= step_of(table, value):
        trial = _good(table, sites, MORE_SHAKES, bound, plan)
        if table.of(trial)[0] < value and (not kept or table.keeps(trial)):
            plan, value = trial, table.of(trial)[0]
    bound -= SAME_VALUE * max(1.0, abs(bound)) if sites else 0.0
    return plan, value if table.keeps(plan) else np.inf, bound, best, sums


def _good(table: Priced, sites: int, rounds: int, goal: float, plan: Ints | None = None) -> Ints:
    taken = np.zeros(table.allowed.size, dtype=np.bool_)
    lines = (table.ends, table.rows, table.costs)
    if plan is None:
        kernel.open_greedily(sites, *lines, taken, table.spare, table.allowed)
    else:
        taken[plan] = True
    least = SAME_VALUE * max(1.0, table.of(np.flatnonzero(taken))[0])
    cost = kernel.exchange(*lines, taken, table.spare, table.allowed, least)
    return _shaken(table, taken, rounds, least, cost, goal + step_of(table, goal) if goal > 0 else 0.0)


def _shaken(table: Priced, taken: Bools, rounds: int, least: float, cost: float, enough: float) -> Ints:
    """Exchange a growing number of random sites, descend, keep what is better; stop where it is good enough."""
    rng = np.random.default_rng(SEED)
    size = 1
    for _ in range(rounds):
        inside, outside = np.flatnonzero(taken), np.flatnonzero(table.allowed & ~taken)
        count = min(size, inside.size, outside.size)
        if not count or cost <= enough:
            break
        trial = taken.copy()
        trial[rng.choice(inside, count, replace=False)] = False
        trial[rng.choice(outside, count, replace=False)] = True
        lines = (table.ends, table.rows, table.costs)
        value = kernel.exchange(*lines, trial, table.spare, table.allowed, least)
        size = size % min(MOST_SHAKEN, max(2, inside.size // 2)) + 1
        if value < cost - least:
            taken, cost, size = trial, value, 1
    return np.flatnonzero(taken)
