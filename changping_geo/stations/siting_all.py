"""Cover everything, or a share of everything, at the least price.

References
----------
Toregas, C., Swain, R., ReVelle, C., Bergman, L. (1971). The location of emergency service facilities.
doi:10.1287/opre.19.6.1363
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.stations.problem import SAME_VALUE, InfeasibleError
from changping_geo.stations.problem_checks import listed
from changping_geo.stations.siting_cover import cliques, cover_model, plan_of, share_lack, start_from
from changping_geo.stations.siting_diagnose import why_infeasible
from changping_geo.stations.siting_lagrange import certify, multipliers_of_rows
from changping_geo.stations.siting_milp import Model, solve_model
from changping_geo.stations.siting_most import Found
from changping_geo.stations.siting_reduce import reduce
from changping_geo.stations.siting_search import Search, good_plan, town_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem
    from changping_geo.stations.siting_reduce import Reduced

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

#: Rows and candidates up to which rows that follow from others are looked for (a dense table of both is made).
DENSE = 3000


def cheapest(problem: Problem, seconds: float, gap: float) -> Found:
    """Answer ``cover_all`` and ``cover_share``; the value is the price of the new sites.

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
        If the share cannot be met, or the limits allow no plan.
    """
    until = time.perf_counter() + seconds
    reduced = reduce(problem)
    if problem.goal == "cover_share":
        _check_share(problem, reduced)
    plan = _cheap_plan(problem, reduced)
    unit = bool(np.all(problem.prices == 1))
    low, rows, certified = 0.0, np.zeros(0), float("nan")
    if plan is not None and unit and problem.goal == "cover_share" and plan.size > 1:
        low, rows, certified = _fewest(problem, reduced, plan)
    method = "greedy and swap; Lagrangian bound of one site less"
    value = np.inf if plan is None else float(problem.prices[plan].sum())
    if value > low + (1.0 - 1e-6 if unit else SAME_VALUE):
        method = "greedy and swap; HiGHS"
        plan, low = _exact(problem, reduced, plan, until, gap, low)
        value = float(problem.prices[plan].sum())
    bound = value if value - low < (1.0 - 1e-6 if unit else SAME_VALUE * max(value, 1.0)) else low
    final = np.sort(plan) if plan is not None else np.zeros(0, dtype=np.int64)
    return Found(phases=(final,), bound=bound, method=method, multipliers=rows, certified=certified,
                 notes=reduced.notes)  # fmt: skip


def _check_share(problem: Problem, reduced: Reduced) -> None:
    whole = float(problem.weights.sum())
    can = (reduced.constant + float(reduced.first.sum())) / whole
    if can < (problem.share or 0.0) - SAME_VALUE:
        rows = np.flatnonzero(reduced.uncoverable)
        msg = (
            f"{problem.share:.1%} are to be covered, but all candidates together reach {can:.1%}; rows out of reach: "
            f"{listed(rows)}. Lower the share, raise the radius, or add candidates there"
        )
        raise InfeasibleError(msg, rows=rows)


def _lack(problem: Problem, reduced: Reduced) -> float:
    return share_lack(problem, reduced) if problem.goal == "cover_share" else float(reduced.first.sum())


def _cheap_plan(problem: Problem, reduced: Reduced) -> Ints | None:
    """Greedy by gain per price to the share, then every site that is not needed is dropped; None if it falls short."""
    lack = _lack(problem, reduced)
    prices = problem.prices
    search = Search(reduced, np.maximum(prices, SAME_VALUE), None)
    if problem.goal == "cover_all":  # every row counts alike: the last ones weigh as much as the first
        search.reward(np.ones_like(reduced.first), np.zeros_like(reduced.second))
    sites = 0
    while search.value < lack * (1 - SAME_VALUE):
        sites += 1
        search.fill(sites, by_price=True)
        if search.taken.sum() < sites:
            return None
    plan = search.sites
    for j in plan[np.argsort(-prices[plan], kind="stable")]:
        rest = plan[plan != j]
        search.restart(rest)
        if search.value >= lack * (1 - SAME_VALUE):
            plan = rest
    while plan.size > 1 and problem.goal == "cover_share" and np.all(prices == 1):
        fewer, _ = good_plan(problem, reduced, plan.size - 1)
        search.restart(fewer)
        if search.value < lack * (1 - SAME_VALUE):
            break
        plan = fewer
    return plan if _keeps_towns(problem, reduced, plan) else None


def _keeps_towns(problem: Problem, reduced: Reduced, plan: Ints) -> bool:
    targets = town_targets(problem, reduced)
    if not (targets > 0).any():
        return True
    search = Search(reduced, problem.prices, None)
    search.add(plan)
    town = np.maximum(reduced.town, -1) + 1
    have = np.bincount(town, np.where(search.count > 0, reduced.first, 0.0), targets.size + 1)[1:]
    return bool(np.all(have >= targets * (1 - SAME_VALUE)))


def _fewest(problem: Problem, reduced: Reduced, plan: Ints) -> tuple[float, Floats, float]:
    """Least number of sites that the certificate of one site less leaves possible."""
    certificate, _ = certify(problem, reduced, plan.size - 1, plan[:-1], free=False)
    base = certificate.bound - np.maximum(np.sort(-certificate.sums)[: plan.size - 1] * -1, 0).sum()
    reach = base + np.concatenate([[0.0], np.cumsum(np.maximum(np.sort(certificate.sums)[::-1], 0.0))])
    need = reduced.constant + _lack(problem, reduced) * (1 - SAME_VALUE)
    rows = multipliers_of_rows(problem, reduced, certificate)
    return float(np.argmax(reach >= need)) if (reach >= need).any() else float(plan.size), rows, certificate.bound


def _exact(
    problem: Problem, reduced: Reduced, plan: Ints | None, until: float, gap: float, low: float
) -> tuple[Ints, float]:
    small = needed_rows(reduced) if problem.goal == "cover_all" else reduced
    made = cover_model(problem, small)
    every = made.site[0]
    if low > 0:
        made.model.add_row(every, problem.prices[made.candidates], low, np.inf)
    start = None if plan is None else start_from(made, small, (plan,))
    solved = solve_model(
        made.model, most=True, seconds=until - time.perf_counter(), start=start, step=made.step, gap=gap
    )
    if not solved.columns.size:
        if plan is None:
            raise why_infeasible(problem, reduced, timed_out=solved.status != "infeasible")
        return plan, low
    found = plan_of(made, solved.columns)[0]
    if plan is not None and problem.prices[plan].sum() <= problem.prices[found].sum():
        found = plan
    return found, max(low, -max(solved.bound, solved.value))


def needed_rows(reduced: Reduced) -> Reduced:
    """Drop rows that are covered whenever another one is.

    Parameters
    ----------
    reduced
        Merged rows, all of which must be covered.
    """
    if max(reduced.shape) > DENSE or not reduced.first.size:
        return reduced
    table = reduced.matrix.toarray() > 0
    keep, _ = essential(table, np.zeros(reduced.allowed.size, dtype=np.bool_), np.ones(reduced.allowed.size))
    return reduced.rows_only(keep)


def essential(table: Bools, removable: Bools, prices: Floats) -> tuple[Bools, Bools]:
    """Rows and candidates of a full cover that matter: neither implied by another row nor beaten by another candidate.

    Parameters
    ----------
    table
        Whether a candidate covers a row. Shape (n, m).
    removable
        Candidates that may be dropped. Shape (m,).
    prices
        Price of each candidate. Shape (m,).

    Returns
    -------
    tuple
        Rows and candidates to be kept.
    """
    rows, columns = np.ones(table.shape[0], dtype=np.bool_), np.ones(table.shape[1], dtype=np.bool_)
    for _ in range(DENSE):
        before = rows.sum() + columns.sum()
        part = table[np.ix_(rows, columns)].astype(np.float32)
        rows[np.flatnonzero(rows)[_implied(part)]] = False
        part = table[np.ix_(rows, columns)].astype(np.float32)
        beaten = _beaten(part.T, prices[columns]) & removable[columns]
        columns[np.flatnonzero(columns)[beaten]] = False
        if rows.sum() + columns.sum() == before:
            break
    return rows, columns


def _implied(part: NDArray[np.float32]) -> Bools:
    """Rows that hold all candidates of another row (of equal ones, all but the first)."""
    both, size = part @ part.T, part.sum(axis=1)
    holds = both >= size[None, :]
    first = np.arange(size.size)[None, :] < np.arange(size.size)[:, None]
    return np.asarray((holds & ((size[:, None] > size[None, :]) | first)).any(axis=1))


def _beaten(part: NDArray[np.float32], prices: Floats) -> Bools:
    """Candidates whose rows another, no dearer one covers too (of equal ones, all but the first)."""
    both, size = part @ part.T, part.sum(axis=1)
    holds = (both >= size[:, None]) & (prices[None, :] <= prices[:, None])
    first = np.arange(size.size)[None, :] < np.arange(size.size)[:, None]
    same = (size[:, None] == size[None, :]) & (prices[None, :] == prices[:, None])
    return np.asarray((holds & (~same | first)).any(axis=1))


def least_cover(reduced: Reduced, sites: int, seconds: float) -> tuple[Ints, bool]:
    """Cover all merged rows by `sites` candidates at most, spacing kept.

    Parameters
    ----------
    reduced
        Merged rows, all of which must be covered.
    sites
        Number of candidates at most.
    seconds
        Time limit [s].

    Returns
    -------
    tuple
        Candidates of a full cover, empty if none was found, and whether it is proven that there is none.
    """
    table = reduced.matrix.toarray() > 0
    apart = not reduced.rivals.size
    rows, columns = essential(table, np.full(table.shape[1], apart), np.ones(table.shape[1]))
    columns &= reduced.allowed
    small, kept = table[np.ix_(rows, columns)], np.flatnonzero(columns)
    rank = np.full(table.shape[1], -1, dtype=np.int64)
    rank[kept] = np.arange(kept.size)
    model = Model()
    site = model.add_columns(np.ones(kept.size), 0.0, 1.0, whole=True)
    at, where = np.nonzero(small)
    model.add_rows(small.shape[0], [(at, site[where], 1.0)], 1.0, np.inf)
    model.add_row(site, 1.0, -np.inf, float(sites))
    for group in cliques(reduced):
        model.add_row(site[rank[group]], 1.0, -np.inf, 1.0)
    solved = solve_model(model, most=False, seconds=seconds, target=float(sites))
    if solved.columns.size:
        return kept[solved.columns > 0.5], False  # noqa: PLR2004 - a column of 0 or 1
    return np.zeros(0, dtype=np.int64), solved.status == "infeasible"
