"""Covering as a mixed-integer model: phases, spacing, budget, least shares of towns and backup as rows of one model.

The cover of a row is a continuous column between 0 and 1: with whole sites it takes whole values by itself.

References
----------
Church, R., ReVelle, C. (1974). The maximal covering location problem. doi:10.1007/BF01942293
Hogan, K., ReVelle, C. (1986). Concepts and applications of backup coverage. doi:10.1287/mnsc.32.11.1434
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.stations.problem import SAME_VALUE
from changping_geo.stations.siting_milp import Model
from changping_geo.stations.siting_search import town_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem
    from changping_geo.stations.siting_reduce import Reduced

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class CoverModel:
    """A model and where its columns are.

    Parameters
    ----------
    model
        Columns and rows.
    candidates
        Candidates that have columns.
    site
        Column of each such candidate in each phase. Shape (phases, kept).
    cover, second
        Column of each merged row's first and second cover; `second` is empty without rewards. Shape (phases, rows).
    step
        Two objectives differ by this at least, 0 if nothing is known.
    """

    model: Model
    candidates: Ints
    site: Ints
    cover: Ints
    second: Ints
    step: float


def cliques(reduced: Reduced) -> list[Ints]:
    """Gather colliding pairs into groups of which at most one may be taken; every pair is in a group.

    Parameters
    ----------
    reduced
        Merged rows with the rivals of each candidate.
    """
    near = [set(reduced.rivals[a:b].tolist()) for a, b in zip(reduced.rival_ends, reduced.rival_ends[1:], strict=False)]
    done: set[tuple[int, int]] = set()
    out = []
    for j, others in enumerate(near):
        if not reduced.allowed[j]:
            continue
        for k in sorted(others):
            if k < j or (j, k) in done or not reduced.allowed[k]:
                continue
            group = [j, k]
            common = others & near[k]
            while common:
                new = min(common)
                if reduced.allowed[new]:
                    group.append(new)
                common = common & near[new]
            group.sort()
            done.update((a, b) for at, a in enumerate(group) for b in group[at + 1 :])
            out.append(np.array(group, dtype=np.int64))
    return out


def cover_model(problem: Problem, reduced: Reduced, certain: Bools | None = None) -> CoverModel:
    """Make the model of a covering question; the constant is left out of its objective.

    Parameters
    ----------
    problem
        The question.
    reduced
        Its merged rows.
    certain
        Candidates that are surely taken. Shape (m,).
    """
    model = Model()
    kept = np.flatnonzero(reduced.allowed)
    rank = np.full(problem.n_candidates, -1, dtype=np.int64)
    rank[kept] = np.arange(kept.size)
    rows, phases = reduced.first.size, len(problem.steps)
    sure = np.zeros(kept.size) if certain is None else certain[kept].astype(np.float64)
    by_need = problem.goal in ("cover_all", "cover_share")
    site = np.array([model.add_columns(-problem.prices[kept] if by_need else np.zeros(kept.size),
                                       sure, 1.0, whole=True) for _ in range(phases)])  # fmt: skip
    rewards = [0.0 if by_need else weight for weight in problem.step_weights]
    cover = np.array([model.add_columns(reduced.first * w, 0.0, 1.0, whole=False) for w in rewards])
    twice = np.flatnonzero(reduced.second > 0)
    second = np.array([model.add_columns(reduced.second[twice] * w, 0.0, 1.0, whole=False) for w in rewards])
    line = np.repeat(np.arange(rows), np.diff(reduced.row_ends))
    for t in range(phases):
        entries = [(np.arange(rows), cover[t], 1.0), (line, site[t][rank[reduced.row_cols]], -1.0)]
        model.add_rows(rows, [*entries, (twice, second[t], 1.0)], -np.inf, 0.0)
        if t:
            own = np.arange(kept.size)
            model.add_rows(kept.size, [(own, site[t], 1.0), (own, site[t - 1], -1.0)], 0.0, 1.0)
    add_limits(problem, reduced, model, site, rank, cover[-1])
    whole = reduced.whole_numbers and all(w % 1 == 0 for w in problem.step_weights) and not by_need
    priced = by_need and bool(np.all(problem.prices % 1 == 0))
    return CoverModel(model, kept, site, cover, second if twice.size else np.zeros((phases, 0), dtype=np.int64),
                      1.0 if whole or priced else 0.0)  # fmt: skip


def add_limits(problem: Problem, reduced: Reduced, model: Model, site: Ints, rank: Ints, cover: Ints) -> None:
    """Add number, budget, spacing, least shares and what the goal itself demands to a model.

    Parameters
    ----------
    problem
        The question.
    reduced
        Its merged rows.
    model
        Columns and rows so far.
    site
        Column of each kept candidate in each phase. Shape (phases, kept).
    rank
        Place of each candidate among the kept ones, -1 for others. Shape (m,).
    cover
        Column of each merged row's cover in the last phase. Shape (rows,).
    """
    last = site[-1]
    if problem.new_sites is not None or problem.phases is not None:
        for t, step in enumerate(problem.steps):
            model.add_row(site[t], 1.0, step if problem.exactly else -np.inf, step)
    if problem.budget is not None:
        kept = np.flatnonzero(rank >= 0)
        model.add_row(last, problem.prices[kept], -np.inf, problem.budget)
    for group in cliques(reduced):
        model.add_row(last[rank[group]], 1.0, -np.inf, 1.0)
    for town, lack in enumerate(town_targets(problem, reduced)):
        if lack > 0:
            own = np.flatnonzero(reduced.town == town)
            model.add_row(cover[own], reduced.first[own], lack * (1 - SAME_VALUE), np.inf)
    if problem.goal == "cover_all":
        model.add_rows(cover.size, [(np.arange(cover.size), cover, 1.0)], 1.0, 1.0)
    if problem.goal == "cover_share":
        lack = share_lack(problem, reduced)
        model.add_row(cover, reduced.first, lack * (1 - SAME_VALUE), np.inf)


def share_lack(problem: Problem, reduced: Reduced) -> float:
    """Weight still to be covered to meet the share asked for [unit of the weights].

    Parameters
    ----------
    problem
        A question with a share.
    reduced
        Its merged rows.
    """
    return max(float((problem.share or 0.0) * problem.weights.sum()) - reduced.constant, 0.0)


def start_from(made: CoverModel, reduced: Reduced, phases: tuple[Ints, ...]) -> Floats:
    """Values of all columns for a known plan.

    Parameters
    ----------
    made
        The model.
    reduced
        Its merged rows.
    phases
        Sites at the end of each phase.
    """
    out = np.zeros(made.model.columns)
    twice = np.flatnonzero(reduced.second > 0)
    for t, sites in enumerate(phases):
        taken = np.zeros(reduced.allowed.size)
        taken[sites] = 1.0
        count = np.rint(reduced.matrix @ taken)
        out[made.site[t]] = taken[made.candidates]
        out[made.cover[t]] = count > 0
        if made.second.size:
            out[made.second[t]] = count[twice] > 1
    return out


def plan_of(made: CoverModel, columns: Floats) -> tuple[Ints, ...]:
    """Sites of each phase from the solver's columns.

    Parameters
    ----------
    made
        The model.
    columns
        Values of its columns.
    """
    return tuple(made.candidates[columns[columns_of] > 0.5] for columns_of in made.site)  # noqa: PLR2004 - 0 or 1
