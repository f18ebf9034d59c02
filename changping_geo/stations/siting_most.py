"""Cover as much as can be: one kernel for one period, phases, spacing, budget, least shares and backup.

Rows merged, greedy and swap, Lagrangian certificate, candidates ruled out by it, HiGHS on what is left.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.stations.problem import SAME_VALUE, InfeasibleError
from changping_geo.stations.siting_cover import cover_model, plan_of, start_from
from changping_geo.stations.siting_diagnose import why_infeasible
from changping_geo.stations.siting_lagrange import Certificate, certify, fix, multipliers_of_rows
from changping_geo.stations.siting_milp import solve_model
from changping_geo.stations.siting_reduce import reduce
from changping_geo.stations.siting_search import SEED, Search, good_plan, order_phases

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem
    from changping_geo.stations.siting_reduce import Reduced

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

#: Entries of the largest model that is given to the solver: beyond, its first relaxation alone takes minutes.
LARGEST_MODEL = 2_000_000
#: Kicks where the bound leaves a gap: they are cheap beside the solver, and a better plan rules more candidates out.
MORE_KICKS, MORE_ENTRIES = 300, 300_000_000


@dataclass(frozen=True, kw_only=True)
class Found:
    """A plan before it is written up.

    Parameters
    ----------
    phases
        Sites at the end of each phase.
    bound
        What no plan passes.
    method
        What gave the plan and the bound.
    multipliers
        Certificate per row, empty if none.
    certified
        Bound of the certificate alone.
    notes
        What a reader should know.
    """

    phases: tuple[Ints, ...]
    bound: float
    method: str
    multipliers: Floats
    certified: float
    notes: tuple[str, ...]


def most(problem: Problem, seconds: float, gap: float) -> Found:
    """Answer ``cover_most`` and ``backup``.

    Parameters
    ----------
    problem
        The question.
    seconds
        Time limit of the whole [s].
    gap
        Relative gap at which to stop [-].

    Raises
    ------
    InfeasibleError
        If no plan keeps the limits.
    """
    until = time.perf_counter() + seconds
    reduced = reduce(problem)
    if not reduced.first.size and not reduced.constant and problem.steps[-1] > 0:
        msg = f"the radius covers nothing: no candidate has demand within {problem.radius}; raise it, or check its unit"
        raise InfeasibleError(msg)
    sites = min(problem.steps[-1], int(reduced.allowed.sum()))
    plan, kept = good_plan(problem, reduced, sites)
    if len(problem.steps) > 1:
        return _in_phases(problem, reduced, plan, until, gap, feasible=kept)
    return _one_period(problem, reduced, plan, sites, until, gap, feasible=kept)


def covered(problem: Problem, reduced: Reduced, sites: Ints) -> float:
    """Value of a set of new sites, the constant included [unit of the weights].

    Parameters
    ----------
    problem
        The question.
    reduced
        Its merged rows.
    sites
        New sites.
    """
    taken = np.zeros(problem.n_candidates)
    taken[sites] = 1.0
    count = np.rint(reduced.matrix @ taken)
    return float(reduced.constant + reduced.first[count > 0].sum() + reduced.second[count > 1].sum())


def _free(problem: Problem, reduced: Reduced) -> bool:
    return (
        problem.budget is None
        and problem.town_share is None
        and not reduced.rivals.size
        and problem.goal != "cover_share"
    )


def _settled(value: float, bound: float, reduced: Reduced, gap: float) -> bool:
    step = 1.0 - 1e-6 if reduced.whole_numbers else SAME_VALUE * max(1.0, abs(value))
    return bound < value + step or bound - value <= gap * abs(value)


def _one_period(problem: Problem, reduced: Reduced, plan: Ints, sites: int, until: float, gap: float, *,
                feasible: bool) -> Found:  # fmt: skip
    free = _free(problem, reduced)
    value = covered(problem, reduced, plan) if feasible else -np.inf
    certificate = Certificate(np.inf, np.zeros(0), np.zeros(0), sites)
    if sites > 0 and reduced.first.size:
        certificate, better = certify(problem, reduced, sites, plan, free=free)
        if free and covered(problem, reduced, better) > value:
            plan, value = better, covered(problem, reduced, better)
    else:
        certificate = Certificate(covered(problem, reduced, np.zeros(0, dtype=np.int64)), np.zeros(0), np.zeros(0), 0)
    every = reduced.constant + float(reduced.first.sum() + reduced.second.sum())
    bound = min(certificate.bound, every)
    method = "greedy, swap and kicks; Lagrangian bound"
    if not feasible or not _settled(value, bound, reduced, gap):
        if free and certificate.sums.size:
            plan = _kicked(problem, reduced, plan, sites)
            value = covered(problem, reduced, plan)
        small, certain = reduced, np.zeros(problem.n_candidates, dtype=np.bool_)
        if feasible and certificate.sums.size:
            keep, certain = fix(certificate, reduced, value)
            small = reduced.without(keep) if not keep.all() else reduced
        if small.row_cols.size <= LARGEST_MODEL:
            plans, bound, method = _exact(
                problem, reduced, small, certain, (plan,) if feasible else None, until, gap, bound
            )
            plan = plans[0]
    value = covered(problem, reduced, plan)
    bound = value if _settled(value, bound, reduced, 0.0) else bound
    rows = multipliers_of_rows(problem, reduced, certificate) if certificate.multipliers.size else np.zeros(0)
    certified = certificate.bound if rows.size else float("nan")
    return Found(phases=(np.sort(plan),), bound=bound, method=method, multipliers=rows, certified=certified,
                 notes=reduced.notes)  # fmt: skip


def _kicked(problem: Problem, reduced: Reduced, plan: Ints, sites: int) -> Ints:
    search = Search(reduced, problem.prices, None, idle=problem.exactly)
    search.add(plan)
    search.kick(sites, rounds=min(MORE_KICKS, MORE_ENTRIES // max(reduced.row_cols.size, 1)), seed=SEED + 1)
    return search.sites


def _exact(
    problem: Problem,
    reduced: Reduced,
    small: Reduced,
    certain: Bools,
    start: tuple[Ints, ...] | None,
    until: float,
    gap: float,
    bound: float,
) -> tuple[tuple[Ints, ...], float, str]:
    weights = sum(problem.step_weights)
    made = cover_model(problem, small, certain)
    known = None if start is None else start_from(made, small, start)
    left = until - time.perf_counter()
    solved = solve_model(made.model, most=True, seconds=left, start=known, step=made.step, gap=gap)
    left_out = int(problem.n_candidates - small.allowed.sum())
    method = f"Lagrangian bound ruled out {left_out} of {problem.n_candidates} candidates; HiGHS on the rest"
    if solved.status == "infeasible" or not solved.columns.size:
        if start is None:
            raise why_infeasible(problem, small, timed_out=solved.status != "infeasible")
        if solved.status == "infeasible":  # only better plans were left in: there is none
            bound = min(bound, _worth(problem, reduced, start))
        return start, bound, method
    plan = plan_of(made, solved.columns)
    if start is not None:
        plan = max(plan, start, key=lambda p: _worth(problem, reduced, p))
    return plan, min(bound, max(solved.bound, solved.value) + weights * small.constant), method


def _worth(problem: Problem, reduced: Reduced, phases: tuple[Ints, ...]) -> float:
    pairs = zip(problem.step_weights, phases, strict=True)
    return sum(weight * covered(problem, reduced, sites) for weight, sites in pairs)


def _in_phases(problem: Problem, reduced: Reduced, plan: Ints, until: float, gap: float, *, feasible: bool) -> Found:
    start = order_phases(problem, reduced, plan) if feasible else None
    bound = 0.0
    for step, weight in zip(problem.steps, problem.step_weights, strict=True):
        sites = min(step, int(reduced.allowed.sum()))
        every = reduced.constant + float(reduced.first.sum() + reduced.second.sum())
        best = reduced.constant if sites == 0 else every
        if sites and reduced.first.size:
            best = min(best, certify(problem, reduced, sites, plan[:sites], looks=8)[0].bound)
        bound += weight * best
    none = np.zeros(problem.n_candidates, dtype=np.bool_)
    phases, bound, _ = _exact(problem, reduced, reduced, none, start, until, gap, bound)
    value = _worth(problem, reduced, phases)
    bound = value if bound <= value * (1 + SAME_VALUE) else bound
    return Found(phases=tuple(np.sort(sites) for sites in phases), bound=bound,
                 method="greedy, swap and kicks; HiGHS on all phases at once", multipliers=np.zeros(0),
                 certified=float("nan"), notes=reduced.notes)  # fmt: skip
