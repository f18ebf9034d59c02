"""The smallest worst cost with a given number of sites (p-center): a search over radii, each a question of full cover.

References
----------
Minieka, E. (1970). The m-center problem. doi:10.1137/1012016
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from changping_geo.stations.problem import COST_STEP_DECIMALS, InfeasibleError
from changping_geo.stations.problem_checks import listed
from changping_geo.stations.siting_all import least_cover
from changping_geo.stations.siting_lagrange import certify
from changping_geo.stations.siting_most import Found
from changping_geo.stations.siting_reduce import Reduced, reduce
from changping_geo.stations.siting_search import good_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

#: Kicks of a probe, and looks of its bound, before the solver is asked.
PROBE_KICKS, PROBE_LOOKS = 6, 4


def smallest_worst(problem: Problem, seconds: float) -> Found:
    """Answer ``worst_cost``: every row with demand counts, however little.

    Parameters
    ----------
    problem
        The question.
    seconds
        Time limit [s].

    Raises
    ------
    InfeasibleError
        If some row cannot be reached at all by so many sites.
    """
    until = time.perf_counter() + seconds
    needed = np.flatnonzero(problem.weights > 0)
    costs = problem.costs[needed]
    costs = sparse.csr_array((np.round(costs.data, COST_STEP_DECIMALS), costs.indices, costs.indptr), shape=costs.shape)
    lost = needed[np.diff(costs.indptr) == 0]
    if lost.size:
        msg = f"no candidate reaches rows {listed(lost)}, so no worst cost is finite: set them aside or add candidates"
        raise InfeasibleError(msg, rows=lost)
    steps = np.unique(costs.data)
    asked = problem.with_(
        goal="cover_most", weights=np.ones(needed.size), costs=costs, towns=None, unserved_cost=None, radius=None
    )
    # No radius below the dearest of the rows' own cheapest costs can cover every row.
    low = int(np.searchsorted(steps, np.minimum.reduceat(costs.data, costs.indptr[:-1]).max()))
    high, plan, proven = len(steps), None, low
    tried = len(steps) - 1
    while low < high and time.perf_counter() < until:
        yes, no = _probe(asked.with_(radius=float(steps[tried])), until)
        if yes is not None:
            plan, high = yes, int(np.searchsorted(steps, _worst(costs, problem.existing, yes)))
        elif no:
            low = proven = tried + 1
        else:
            break
        tried = (low + high) // 2
    if plan is None:
        if low >= len(steps):
            msg = f"{problem.steps[-1]} new sites cannot reach every row by any stored pair: allow more sites"
        else:
            msg = "no plan that reaches every row was found within the time: raise it, or allow more sites"
        raise InfeasibleError(msg)
    bound = float(steps[high] if low >= high else steps[proven])
    return Found(
        phases=(np.sort(plan),),
        bound=bound,
        method="search over radii: greedy, swap; Lagrangian bound; HiGHS",
        multipliers=np.zeros(0),
        certified=float("nan"),
        notes=(),
    )


def _worst(costs: sparse.csr_array, existing: Ints, plan: Ints) -> float:
    return float(nearest(costs, np.concatenate([existing, plan])).max())


def nearest(costs: sparse.csr_array, sites: Ints) -> Floats:
    """Cost of each row to its nearest of some sites, infinite where none is stored; shape (n,).

    Parameters
    ----------
    costs
        Stored pairs. Shape (n, m).
    sites
        Candidates.
    """
    taken = np.zeros(costs.shape[1], dtype=np.bool_)
    taken[sites] = True
    out = np.full(costs.shape[0], np.inf)
    kept = taken[costs.indices]
    np.minimum.at(out, np.repeat(np.arange(costs.shape[0]), np.diff(costs.indptr))[kept], costs.data[kept])
    return out


def _probe(problem: Problem, until: float) -> tuple[Ints | None, bool]:
    """Sites that cover every row within the radius, or whether it is proven that there are none."""
    reduced = reduce(problem)
    rows = problem.weights.size
    if reduced.uncoverable.any():
        return None, True
    if not reduced.first.size:
        return np.zeros(0, dtype=np.int64), False
    sites = min(problem.steps[-1], int(reduced.allowed.sum()))
    if not sites:
        return None, True
    plan, _ = good_plan(problem, reduced, sites, kicks=PROBE_KICKS)
    if _covers_all(reduced, plan):
        return plan, False
    certificate, _ = certify(problem, reduced, sites, plan, looks=PROBE_LOOKS, free=False)
    if certificate.bound < rows * (1 - 1e-9):
        return None, True
    cover, never = least_cover(reduced, sites, max(until - time.perf_counter(), 0.01))
    return (cover, False) if cover.size else (None, never)


def _covers_all(reduced: Reduced, plan: Ints) -> bool:
    taken = np.zeros(reduced.allowed.size)
    taken[plan] = 1.0
    return bool(np.all(reduced.matrix @ taken > 0))
