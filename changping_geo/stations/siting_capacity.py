"""Cover as much as can be where a station can serve only so much: demand may be split among stations in reach.

z of a pair is the share of a row that the station serves; z <= x beside the capacity row makes the relaxation tight.

References
----------
Current, J. R., Storbeck, J. E. (1988). Capacitated covering models. doi:10.1068/b150153
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from changping_geo.stations.siting_cover import add_limits
from changping_geo.stations.siting_diagnose import why_infeasible
from changping_geo.stations.siting_milp import Model, solve_model
from changping_geo.stations.siting_most import Found
from changping_geo.stations.siting_reduce import merge, reduce, sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem
    from changping_geo.stations.siting_reduce import Reduced

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

#: Share of a value below which the solver's bound and plan are one; sums of shares of rows are not whole numbers.
EXACT = 1e-7


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Merged rows and the pairs that may serve them.

    Parameters
    ----------
    row, site
        Merged row and candidate of each pair.
    weight
        Weight of each merged row [any unit].
    members
        Merged row of each row of the question, -1 for none.
    """

    row: Ints
    site: Ints
    weight: Floats
    members: Ints


def most_served(problem: Problem, seconds: float, gap: float) -> tuple[Found, float, Floats]:
    """Answer ``cover_most`` with capacities; existing stations serve too, within theirs.

    Parameters
    ----------
    problem
        The question.
    seconds
        Time limit [s].
    gap
        Relative gap at which to stop [-].

    Returns
    -------
    tuple
        The plan, what it serves, and the served share of each row, shape (n,).

    Raises
    ------
    InfeasibleError
        If no plan keeps the limits.
    """
    until = time.perf_counter() + seconds
    reduced = reduce(problem)
    pairs, open_rows = _pairs(problem, reduced)
    model, site, share = _model(problem, open_rows, pairs)
    kept = np.flatnonzero(reduced.allowed)
    start = np.full(model.columns, np.nan)
    start[site] = np.isin(kept, _greedy(problem, open_rows, pairs))
    solved = solve_model(model, most=True, seconds=until - time.perf_counter(), start=start, gap=gap)
    if not solved.columns.size:
        raise why_infeasible(problem.with_(capacity=None), reduced, timed_out=solved.status != "infeasible")
    bound = max(solved.value, min(solved.bound, float(problem.weights.sum())))
    bound = solved.value if bound - solved.value <= EXACT * max(1.0, solved.value) else bound
    part = np.append(np.bincount(pairs.row, solved.columns[share], pairs.weight.size), 0.0)
    found = Found(phases=(kept[solved.columns[site] > 0.5],), bound=bound,  # noqa: PLR2004 - a column of 0 or 1
                  method="rows merged; greedy by what is left; HiGHS", notes=reduced.notes, multipliers=np.zeros(0),
                  certified=float("nan"))  # fmt: skip
    return found, float(solved.value), np.clip(part[pairs.members], 0.0, 1.0)


def _pairs(problem: Problem, reduced: Reduced) -> tuple[Pairs, Reduced]:
    """Pairs of merged rows and stations, existing ones included, and the rows as if nothing were covered yet."""
    covers = problem.covers()
    usable = reduced.allowed.copy()
    usable[problem.existing] = True
    kept = usable[covers.indices]
    ends = np.concatenate([[0], np.cumsum(kept)])[covers.indptr]
    matrix = sparse.csr_array((np.ones(int(kept.sum())), covers.indices[kept], ends), shape=covers.shape)
    town = np.full(problem.weights.size, -1, dtype=np.int64) if problem.towns is None else problem.towns
    label, count = merge(matrix, town, (problem.weights > 0) & (np.diff(ends) > 0))
    used = np.flatnonzero(label >= 0)
    first = used[np.unique(label[used], return_index=True)[1]]
    weight = sums(label[used], problem.weights[used], count)
    part = matrix[first]
    pairs = Pairs(row=np.repeat(np.arange(count), np.diff(part.indptr)), site=part.indices.astype(np.int64),
                  weight=weight, members=label)  # fmt: skip
    none = np.zeros(problem.weights.size, dtype=np.int64)
    return pairs, replace(reduced, first=weight, town=town[first], constant=0.0, existing_count=none)


def _model(problem: Problem, rows: Reduced, pairs: Pairs) -> tuple[Model, Ints, Ints]:
    """Make the model; return it with the columns of the free candidates and of the pairs' shares."""
    capacity = problem.prices if problem.capacity is None else problem.capacity
    model = Model()
    kept = np.flatnonzero(rows.allowed)
    rank = np.full(problem.n_candidates, -1, dtype=np.int64)
    rank[kept] = np.arange(kept.size)
    column = np.zeros(problem.n_candidates, dtype=np.int64)
    column[kept] = site = model.add_columns(np.zeros(kept.size), 0.0, 1.0, whole=True)
    column[problem.existing] = model.add_columns(np.zeros(problem.existing.size), 1.0, 1.0, whole=False)
    share = model.add_columns(np.zeros(pairs.row.size), 0.0, 1.0, whole=False)
    cover = model.add_columns(pairs.weight, 0.0, 1.0, whole=False)
    own, line = np.arange(pairs.row.size), np.arange(cover.size)
    model.add_rows(cover.size, [(pairs.row, share, 1.0), (line, cover, -1.0)], 0.0, 0.0)
    model.add_rows(own.size, [(own, share, 1.0), (own, column[pairs.site], -1.0)], -np.inf, 0.0)
    every = np.concatenate([kept, problem.existing])
    use = [(pairs.site, share, pairs.weight[pairs.row]), (every, column[every], -capacity[every])]
    model.add_rows(problem.n_candidates, use, -np.inf, 0.0)
    add_limits(problem, rows, model, site[None, :], rank, cover)
    return model, site, share


def _greedy(problem: Problem, rows: Reduced, pairs: Pairs) -> Ints:
    """Take the site that can serve most of what is left, within its capacity, again and again."""
    capacity = problem.prices if problem.capacity is None else problem.capacity
    left, free = pairs.weight.copy(), rows.allowed.copy()
    money = np.inf if problem.budget is None else problem.budget
    plan: list[int] = []
    for turn in range(problem.existing.size + problem.steps[-1]):
        reach = np.minimum(np.bincount(pairs.site, left[pairs.row], free.size), capacity)
        if turn < problem.existing.size:
            j = int(problem.existing[turn])
        else:
            free &= problem.prices <= money
            if not free.any():
                break
            j = int(np.argmax(np.where(free, reach, -1.0)))
            plan.append(j)
            money -= problem.prices[j]
            free[[j, *rows.rivals[rows.rival_ends[j] : rows.rival_ends[j + 1]]]] = False
        mine = pairs.row[pairs.site == j]
        order = mine[np.argsort(np.bincount(pairs.row, minlength=left.size)[mine], kind="stable")]
        before = np.concatenate([[0.0], np.cumsum(left[order])[:-1]])
        left[order] -= np.clip(capacity[j] - before, 0.0, left[order])
    return np.array(plan, dtype=np.int64)
