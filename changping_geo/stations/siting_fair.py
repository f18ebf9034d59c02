"""The worst town first: the largest share that every town can have at once.

References
----------
Ogryczak, W. (1997). On the lexicographic minimax approach to location problems. doi:10.1016/S0377-2217(96)00154-3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from changping_geo.stations.problem import SAME_VALUE
from changping_geo.stations.problem_checks import listed
from changping_geo.stations.siting_cover import cover_model, plan_of, start_from
from changping_geo.stations.siting_diagnose import reachable_shares, town_shares, why_infeasible
from changping_geo.stations.siting_milp import solve_model
from changping_geo.stations.siting_reduce import reduce
from changping_geo.stations.siting_search import good_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

#: Halvings of the search for a fair plan, and kicks of each trial.
HALVINGS, FAIR_KICKS = 10, 10
#: Two shares that differ by less are the same [-].
NEAR = 1e-6


def fairest_share(problem: Problem, seconds: float) -> tuple[Problem, tuple[str, ...], bool]:
    """Turn "the worst town first" into a least share of each town; towns that nothing reaches are named and left out.

    Parameters
    ----------
    problem
        The question, with towns.
    seconds
        Time limit [s].

    Returns
    -------
    tuple
        The question with `town_share` set, what a reader should know, and whether that share is proven the largest.

    Raises
    ------
    InfeasibleError
        If no plan keeps the other limits.
    """
    towns = problem.towns if problem.towns is not None else np.zeros(0, dtype=np.int64)
    can = reachable_shares(problem)
    inside = np.flatnonzero(np.nan_to_num(can) > 0)
    lost = np.flatnonzero(can == 0)
    notes = (f"no candidate reaches towns {listed(lost)}; the worst of the others counts",) if lost.size else ()
    if not inside.size:
        return problem.with_(fairest=False), notes, True
    last = problem.with_(phases=None, phase_weights=None, new_sites=problem.steps[-1]) if problem.phases else problem
    reduced = reduce(last)
    made = cover_model(last, reduced)
    model = made.model
    model.reward = [np.zeros_like(block) for block in model.reward]
    worst = model.add_columns(1.0, 0.0, float(can[inside].min()), whole=False)
    whole = np.bincount(np.maximum(towns, -1) + 1, problem.weights)[1:]
    have = town_shares(problem, reduced.existing_count > 0) * whole
    for town in inside:
        own = np.flatnonzero(reduced.town == town)
        entries = np.append(made.cover[-1][own], worst)
        model.add_row(entries, np.append(reduced.first[own] / whole[town], -1.0), -have[town] / whole[town], np.inf)
    plan = _fair_plan(last, can[inside].min(), lambda sites: _worst_of(last, sites, inside))
    start = None
    if plan is not None:
        start = start_from(made, reduced, (plan,))
        start[worst] = _worst_of(last, plan, inside)
    solved = solve_model(model, most=True, seconds=seconds, start=start)
    if not solved.columns.size:
        raise why_infeasible(last, reduced, timed_out=solved.status != "infeasible")
    value = _worst_of(last, plan_of(made, solved.columns)[-1], inside)
    share = np.zeros(whole.size)
    share[inside] = max(0.0, value - SAME_VALUE)
    if problem.town_share is not None:
        given = np.asarray(problem.town_share, dtype=np.float64)
        share = np.maximum(share, given if given.ndim == 0 else given[: share.size])
    best = solved.bound - value <= NEAR
    told = "proven" if best else f"at most {solved.bound:.2%} possible"
    notes = (*notes, f"worst town's share {value:.2%}, {told}")
    return problem.with_(fairest=False, town_share=share), notes, best


def _fair_plan(problem: Problem, most: float, worst_of: Callable[[Ints], float]) -> Ints | None:
    """Ask for ever larger least shares, halving what is between the reached and the missed one."""
    sites = min(problem.steps[-1], problem.n_candidates - problem.existing.size)
    low, high, best = 0.0, float(most), None
    for _ in range(HALVINGS):
        asked = problem.with_(fairest=False, town_share=low if best is None else (low + high) / 2)
        plan, kept = good_plan(asked, reduce(asked), sites, kicks=FAIR_KICKS)
        if kept:
            best, low = plan, max(low, worst_of(plan))
        elif best is None:
            return None
        else:
            high = asked.town_share if isinstance(asked.town_share, float) else high
    return best


def _worst_of(problem: Problem, sites: Ints, inside: Ints) -> float:
    taken = np.zeros(problem.n_candidates)
    taken[problem.existing] = taken[sites] = 1.0
    return float(town_shares(problem, problem.covers() @ taken > 0)[inside].min())
