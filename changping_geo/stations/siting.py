"""Where the next stations go: one question in, one answer with its proof out.

References
----------
Chen, W. et al. (2024). Isomorphic aggregation in covering location. arXiv:2409.09834
Cordeau, J.-F., Furini, F., Ljubić, I. (2019). Benders decomposition for very large scale partial set covering and
maximal covering location problems. doi:10.1016/j.ejor.2018.12.021
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.model import Cards, Parameter
from changping_geo.stations.problem import (
    COST_STEP_DECIMALS,
    SAME_VALUE,
    InfeasibleError,
    Problem,
    Siting,
    gap_of,
    stored_pairs,
)
from changping_geo.stations.siting_all import cheapest
from changping_geo.stations.siting_capacity import most_served
from changping_geo.stations.siting_center import nearest, smallest_worst
from changping_geo.stations.siting_diagnose import check_town_shares, reachable_shares, town_shares
from changping_geo.stations.siting_fair import fairest_share
from changping_geo.stations.siting_median import least_cost
from changping_geo.stations.siting_median_table import priced
from changping_geo.stations.siting_most import Found, most
from changping_geo.stations.siting_reduce import choices, reduce
from changping_geo.stations.siting_search import Search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = [
    "SITING_CARDS", "InfeasibleError", "Problem", "Siting", "alternatives", "certified_bound", "frontier", "plan_value",
    "reachable_shares", "solve", "stored_pairs",
]  # fmt: skip

SITING_CARDS = Cards(
    Parameter("siting_seconds", 120.0, "s", 1.0, 3600.0, "measured on district-sized plans, which take a tenth of it",
              verified=True, title_zh="选址求解时限", title_en="Time limit of a siting proof"),
    Parameter("siting_gap", 0.0, "-", 0.0, 0.2, "0 asks for a proven optimum, a user's choice",
              verified=True, title_zh="可接受的最优差距", title_en="Gap at which a siting proof may stop"),
    Parameter("siting_alike", 0.01, "-", 0.0, 0.2, "plans this near the best are alternatives, a user's choice",
              verified=True, title_zh="近优方案的差距", title_en="Gap of plans that count as alternatives"),
)  # fmt: skip

#: Part of the time that the search for the largest share of the worst town may take [-].
FAIR_PART = 0.3


def solve(problem: Problem, *, seconds: float = SITING_CARDS["siting_seconds"], gap: float = 0.0) -> Siting:
    """Find the best sites and prove how good they are.

    Parameters
    ----------
    problem
        The question.
    seconds
        Time limit; when it ends the proof, the answer says so [s].
    gap
        Relative gap at which the proof may stop [-].

    Returns
    -------
    Siting
        Sites, value, bound, gap, status, method, seconds, who is covered.

    Raises
    ------
    InfeasibleError
        If no plan keeps the limits; the message names what stands in the way.
    """
    began = time.perf_counter()
    check_town_shares(problem)
    served: Floats | None = None
    value = float("nan")
    asked, notes, fair = problem, tuple[str, ...](), True
    if problem.fairest:
        asked, notes, fair = fairest_share(problem, seconds * FAIR_PART)
    seconds -= time.perf_counter() - began
    if asked.goal == "mean_cost":
        found = least_cost(asked, seconds, gap)
    elif asked.goal == "worst_cost":
        found = smallest_worst(asked, seconds)
    elif asked.goal in ("cover_all", "cover_share"):
        found = cheapest(asked, seconds, gap)
    elif asked.capacity is not None:
        found, value, served = most_served(asked, seconds, gap)
    else:
        found = most(asked, seconds, gap)
    return _written_up(asked, found, value, served, notes, began, fair=fair)


def _written_up(problem: Problem, found: Found, value: float, served: Floats | None, notes: tuple[str, ...],
                began: float, *, fair: bool) -> Siting:  # fmt: skip
    covers = problem.covers()
    built = np.concatenate([problem.existing, found.phases[-1]])
    before, after = _count(problem, problem.existing) > 0, _count(problem, built) > 0
    values = (value,) if served is not None else tuple(plan_value(problem, sites) for sites in found.phases)
    if served is None:
        by_weight = problem.goal in ("cover_most", "backup")
        value = sum(w * v for w, v in zip(problem.step_weights, values, strict=True)) if by_weight else values[0]
    gap = gap_of(value, found.bound)
    covered = after if served is None else served > 0
    usable = choices(problem)[0]
    usable[problem.existing] = True
    lost = (covers @ usable.astype(np.float64) == 0) & (problem.weights > 0)
    shares = town_shares(problem, after if served is None else served)
    return Siting(
        sites=found.phases[-1], phases=found.phases, value=value, bound=found.bound, gap=gap,
        status="optimal" if fair and gap <= SAME_VALUE else "best found", worst_town_proven=fair, method=found.method,
        seconds=time.perf_counter() - began, phase_values=values, already_covered=before,
        newly_covered=covered & ~before, uncoverable=np.asarray(lost), town_before=town_shares(problem, before),
        town_after=shares, multipliers=found.multipliers, certified=found.certified, notes=(*notes, *found.notes),
    )  # fmt: skip


def _count(problem: Problem, sites: Ints) -> Ints:
    taken = np.zeros(problem.n_candidates)
    taken[sites] = 1.0
    return np.asarray(np.rint(problem.covers() @ taken).astype(np.int64))


def plan_value(problem: Problem, sites: Ints) -> float:
    """Count what the goal counts for these new sites, from the question's own rows.

    Parameters
    ----------
    problem
        The question.
    sites
        New sites.
    """
    if problem.goal in ("cover_all", "cover_share"):
        return float(problem.prices[sites].sum())
    both = np.concatenate([problem.existing, sites])
    if problem.goal in ("cover_most", "backup"):
        count = _count(problem, both)
        second = problem.second_weight * problem.weights[count > 1].sum() if problem.goal == "backup" else 0.0
        return float(problem.weights[count > 0].sum() + second)
    cost = nearest(problem.costs, both)[problem.weights > 0]
    if problem.goal == "worst_cost":
        return float(np.round(cost, COST_STEP_DECIMALS).max(initial=0.0))
    if problem.unserved_cost is not None:
        cost = np.minimum(cost, problem.unserved_cost)
    return float(problem.weights[problem.weights > 0] @ cost)


def certified_bound(problem: Problem, multipliers: Floats) -> float:
    """Bound that multipliers prove, with one sparse product and no solver: anybody may check it.

    Parameters
    ----------
    problem
        The question, in one period.
    multipliers
        One per row, as an answer holds them. Shape (n,).

    Returns
    -------
    float
        Bound of the value: from above for ``cover_most`` and ``backup``, from below for ``mean_cost``.
    """
    allowed = choices(problem)[0]
    sites = min(problem.steps[-1], int(allowed.sum()))
    price = np.maximum(multipliers, 0.0)
    if problem.goal == "mean_cost":
        table = priced(problem)
        price = np.minimum(price, table.spare)
        column = np.repeat(np.arange(allowed.size), np.diff(table.ends))
        saved = np.bincount(column, np.maximum(price[table.rows] - table.costs, 0.0), allowed.size)
        return float(price.sum() - np.sort(saved)[::-1][:sites].sum())
    have = _count(problem, problem.existing)
    theta = problem.second_weight if problem.goal == "backup" else 0.0
    weights = problem.weights
    first = np.where(have == 0, weights, np.where(have == 1, theta * weights, 0.0))
    second = np.where(have == 0, theta * weights, 0.0)
    settled = weights[have > 0].sum() + theta * weights[have > 1].sum()
    covers = problem.covers()
    reach = np.rint(covers @ allowed.astype(np.float64)) > 0
    open_part = (np.maximum(first - price, 0.0) + np.maximum(second - price, 0.0))[reach].sum()
    sums = np.where(allowed, covers.T @ np.where(reach, price, 0.0), 0.0)
    return float(settled + open_part + np.sort(sums)[::-1][:sites].sum())


def frontier(problem: Problem, up_to: int, *, seconds: float = SITING_CARDS["siting_seconds"]) -> pd.DataFrame:
    """Ask what each number of new sites can reach, from none to `up_to`.

    Parameters
    ----------
    problem
        A question with `new_sites`.
    up_to
        Largest number of new sites.
    seconds
        Time limit of the whole [s].

    Returns
    -------
    pandas.DataFrame
        By number of new sites: value, share of all weight, bound, gap, status and the worst town's share.
    """
    until = time.perf_counter() + seconds
    whole = float(problem.weights.sum())
    lines = []
    for sites in range(up_to + 1):
        left = max((until - time.perf_counter()) / (up_to + 1 - sites), 1.0)
        answer = solve(problem.with_(new_sites=sites, phases=None), seconds=left)
        worst = float(np.nanmin(answer.town_after)) if np.isfinite(answer.town_after).any() else float("nan")
        lines.append((sites, answer.value, answer.value / whole, answer.bound, answer.gap, answer.status, worst))
    names = ["new_sites", "value", "per_weight", "bound", "gap", "status", "worst_town"]
    return pd.DataFrame(lines, columns=names).set_index("new_sites")


def alternatives(problem: Problem, answer: Siting, within: float = SITING_CARDS["siting_alike"]) -> pd.DataFrame:
    """Exchanges of one site that cost almost nothing: what a planner may do without losing cover.

    Parameters
    ----------
    problem
        A question of covering as much as can be.
    answer
        Its answer.
    within
        Loss of value that is allowed, as a share [-].

    Returns
    -------
    pandas.DataFrame
        Site given up, site taken instead, value; the best first.
    """
    reduced = reduce(problem)
    search = Search(reduced, problem.prices, problem.budget)
    lines = []
    for out in answer.sites:
        search.restart(answer.sites[answer.sites != out])
        value = reduced.constant + search.value
        free = reduced.allowed & ~search.taken & (search.blocked == 0) & (problem.prices <= search.left)
        free[out] = False
        into = np.flatnonzero(free & (value + search.gain >= (1 - within) * answer.phase_values[-1]))
        lines += [(int(out), int(k), float(value + search.gain[k])) for k in into]
    table = pd.DataFrame(lines, columns=["site", "instead", "value"])
    return table.sort_values(["value", "site", "instead"], ascending=[False, True, True]).reset_index(drop=True)
