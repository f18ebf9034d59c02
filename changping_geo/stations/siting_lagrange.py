"""A bound that anybody can check, and the candidates that it rules out.

The covering rows y <= sum of x are priced by multipliers 0 <= lambda <= w. For any such prices no plan of p new sites
covers more than U = constant + sum(w - lambda) + the p largest sums of lambda over what a candidate covers. Limits
that are left aside (spacing, shares, budget) only lower the truth, so U stays valid.

References
----------
Galvão, R. D., ReVelle, C. (1996). A Lagrangean heuristic for the maximal covering location problem.
doi:10.1016/0377-2217(94)00159-6
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.stations import siting_kernel as kernel
from changping_geo.stations.problem import SAME_VALUE
from changping_geo.stations.siting_search import Search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem
    from changping_geo.stations.siting_reduce import Reduced

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

#: Steps between two looks at the plan that the prices suggest, and looks at most.
STEPS, LOOKS = 25, 40
#: Length of the first steps (Polyak's factor), fruitless steps before it is shortened, and where it ends.
SCALE, PATIENCE, SHORTEST = 1.0, 20, 0.001


@dataclass(frozen=True)
class Certificate:
    """Multipliers and the bound that they prove.

    Parameters
    ----------
    bound
        No plan of `sites` new sites covers more; the constant included [unit of the weights].
    multipliers
        One per merged row. Shape (rows,).
    sums
        Multipliers over what each candidate covers, -1 for one that is shut. Shape (m,).
    sites
        New sites that the bound is for.
    """

    bound: float
    multipliers: Floats
    sums: Floats
    sites: int


def certify(
    problem: Problem, reduced: Reduced, sites: int, plan: Ints, *, looks: int = LOOKS, free: bool = True
) -> tuple[Certificate, Ints]:
    """Lower the bound of a covering question, and better the plan on the way.

    Parameters
    ----------
    problem
        The question.
    reduced
        Its merged rows.
    sites
        New sites at most.
    plan
        A good plan.
    looks
        Times that the prices' own plan is tried.
    free
        Whether the question has no limit but the number of sites, so that any plan of that size is one.

    Returns
    -------
    tuple
        The certificate and the best plan.
    """
    search = Search(reduced, problem.prices, None)
    search.add(plan)
    known = search.value
    best_plan = plan
    prices = np.where(search.count == 0, reduced.first, np.where(search.count == 1, 0.5, 0.1) * reduced.first)
    drift, best = np.zeros_like(prices), prices.copy()
    sums, bound, scale = np.zeros(reduced.allowed.size), np.inf, SCALE
    least = 1.0 if reduced.whole_numbers else SAME_VALUE * max(1.0, known)
    for look in range(looks):
        bound, scale = kernel.subgradient(
            STEPS, sites, reduced.col_ends, reduced.col_rows, reduced.first, reduced.second, reduced.allowed, known,
            scale, PATIENCE, prices, drift, best, sums, bound,
        )  # fmt: skip
        if bound < known + least or scale < SHORTEST:
            break
        if free and look % 2 == 0:
            search.restart(np.argsort(-sums, kind="stable")[:sites])
            search.swap()
            if search.value > known + search.least:
                known, best_plan = search.value, search.sites
    slack = SAME_VALUE * max(1.0, abs(bound))
    return Certificate(bound + slack + reduced.constant, best, sums, sites), best_plan


def fix(certificate: Certificate, reduced: Reduced, known: float) -> tuple[Bools, Bools]:
    """Candidates that no better plan can hold, and those that every better plan must.

    Parameters
    ----------
    certificate
        Multipliers and bound.
    reduced
        Merged rows.
    known
        Value of the best plan, the constant included [unit of the weights].

    Returns
    -------
    tuple
        Candidates to be kept, and candidates that are certain. Shape (m,) each.
    """
    target = known + (1.0 - 1e-6 if reduced.whole_numbers else SAME_VALUE * max(1.0, abs(known)))
    order = np.argsort(-certificate.sums, kind="stable")
    inside = order[: certificate.sites]
    edge = max(float(certificate.sums[inside[-1]]), 0.0)
    after = order[certificate.sites : certificate.sites + 1]
    following = max(float(certificate.sums[after[0]]), 0.0) if len(after) else 0.0
    keep = reduced.allowed & (certificate.bound - edge + certificate.sums >= target)
    keep[inside] = reduced.allowed[inside]
    certain = np.zeros_like(keep)
    certain[inside] = certificate.bound - certificate.sums[inside] + following < target
    return keep, certain & reduced.allowed


def multipliers_of_rows(problem: Problem, reduced: Reduced, certificate: Certificate) -> Floats:
    """Spread the multipliers of merged rows to the rows of the question, by weight; shape (n,) [unit of the weights].

    Parameters
    ----------
    problem
        The question.
    reduced
        Its merged rows.
    certificate
        Multipliers of the merged rows.
    """
    inside = reduced.members >= 0
    out = np.zeros(problem.weights.size)
    label = reduced.members[inside]
    whole = np.bincount(label, problem.weights[inside], reduced.first.size)
    out[inside] = problem.weights[inside] * (certificate.multipliers / np.maximum(whole, 1e-300))[label]
    return out
