"""Faults of a siting question, all told at once and each with its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from changping_geo.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem

GOALS = ("cover_most", "cover_all", "cover_share", "backup", "mean_cost", "worst_cost")
#: Goals that ask for a number of sites, a budget or phases.
LIMITED = ("cover_most", "backup", "mean_cost", "worst_cost")
#: Fields that some goals do not take: these goals do.
ONLY_FOR = {
    "capacity": ("cover_most",),
    "phases": ("cover_most", "backup"),
    "town_share": ("cover_most", "backup", "cover_share"),
    "fairest": ("cover_most", "backup"),
    "budget": ("cover_most", "backup"),
    "share": ("cover_share",),
    "unserved_cost": ("mean_cost",),
}
SHOWN = 8


def listed(numbers: NDArray[np.int64] | list[int]) -> str:
    """Name the first few of many numbers.

    Parameters
    ----------
    numbers
        Rows or candidates.
    """
    more = f" … ({len(numbers)} in all)" if len(numbers) > SHOWN else ""
    return ", ".join(str(int(n)) for n in numbers[:SHOWN]) + more


def check_problem(problem: Problem) -> None:
    """Raise on every fault of a siting question at once.

    Parameters
    ----------
    problem
        The question.

    Raises
    ------
    ParameterError
        If anything is wrong; the message lists all of it with remedies.
    """
    if not sparse.issparse(problem.costs):
        msg = "siting: `costs` must be a sparse matrix; stored_pairs(table) makes one that keeps zeros"
        raise ParameterError(msg)
    faults = [*_tables(problem), *_numbers(problem), *_places(problem), *_fairness(problem)]
    if faults:
        raise ParameterError("siting: " + "; ".join(faults))


def _tables(problem: Problem) -> Iterator[str]:
    rows, candidates = problem.costs.shape
    if problem.weights.shape != (rows,):
        yield f"{problem.weights.shape} weights for {rows} demand rows: give one weight per row of the cost matrix"
        return
    if not candidates:
        yield "no candidates: give at least one place where a station may stand"
    bad = np.flatnonzero(~(problem.weights >= 0) | np.isinf(problem.weights))
    if len(bad):
        yield f"weights must be finite and >= 0, not so in rows {listed(bad)}: mend them or set the rows aside"
    wrong = ~np.isfinite(problem.costs.data) | (problem.costs.data < 0)
    if wrong.any():
        at = np.unique(np.repeat(np.arange(rows), np.diff(problem.costs.indptr))[wrong])
        yield f"costs must be finite and >= 0, not so in rows {listed(at)}: leave a pair without a way unstored"
    tidy = problem.costs.sorted_indices()
    row = np.repeat(np.arange(rows), np.diff(tidy.indptr))
    twice = (np.diff(tidy.indices) == 0) & (np.diff(row) == 0)
    if twice.any():
        yield f"the cost matrix holds a pair twice in rows {listed(np.unique(row[1:][twice]))}: keep the cheaper one"
    if rows and not problem.weights.sum() > 0 and not len(bad):
        yield "all weights are 0: there is nothing to serve"


def _numbers(problem: Problem) -> Iterator[str]:
    if problem.goal not in GOALS:
        yield f"no goal {problem.goal!r}; there are {', '.join(GOALS)}"
    for name, goals in ONLY_FOR.items():
        given = getattr(problem, name)
        if given is not None and given is not False and problem.goal in GOALS and problem.goal not in goals:
            yield f"`{name}` has no meaning for goal {problem.goal}: it goes with {', '.join(goals)}"
    if problem.goal in LIMITED and problem.new_sites is None and problem.phases is None and problem.budget is None:
        yield f"goal {problem.goal} needs `new_sites`, `phases` or `budget`"
    if problem.new_sites is not None and problem.phases is not None:
        yield "give `new_sites` or `phases`, not both"
    if problem.goal == "cover_share" and (problem.share is None or not 0 < problem.share <= 1):
        yield f"share to be covered must lie in (0, 1], not {problem.share}"
    yield from _limits(problem)


def _limits(problem: Problem) -> Iterator[str]:
    if problem.radius is not None and not (np.isfinite(problem.radius) and problem.radius >= 0):
        yield f"radius must be finite and >= 0, not {problem.radius}"
    if problem.budget is not None and not (np.isfinite(problem.budget) and problem.budget >= 0):
        yield f"budget must be finite and >= 0, not {problem.budget}"
    if not 0 < problem.second_weight <= 1:
        yield f"weight of the second cover must lie in (0, 1], not {problem.second_weight}"
    if problem.unserved_cost is not None and not (np.isfinite(problem.unserved_cost) and problem.unserved_cost >= 0):
        yield f"cost of an unserved row must be finite and >= 0, not {problem.unserved_cost}"
    if any(a > b for a, b in zip(problem.steps, problem.steps[1:], strict=False)):
        yield f"phases count from the start and never fall: {problem.steps}"
    if len(problem.step_weights) != len(problem.steps) or not all(0 < w < np.inf for w in problem.step_weights):
        yield f"phase weights must be finite, > 0 and one per phase ({len(problem.steps)})"


def _places(problem: Problem) -> Iterator[str]:
    count = problem.costs.shape[1]
    for name in ("existing", "conflicts"):
        numbers = getattr(problem, name)
        if numbers.size and (numbers.min() < 0 or numbers.max() >= count):
            yield f"`{name}` names candidates outside 0–{count - 1}"
    for name in ("site_costs", "capacity"):
        given = getattr(problem, name)
        if given is not None and (given.shape != (count,) or not np.all(np.isfinite(given) & (given >= 0))):
            yield f"`{name}` must be one finite number >= 0 per candidate ({count})"
    free = count - len(problem.existing)
    asked = problem.steps[-1]
    given_number = problem.new_sites is not None or problem.phases is not None
    if given_number and not all(step >= 0 for step in problem.steps):
        yield f"the number of new sites must be >= 0, not {min(problem.steps)}"
    if given_number and asked > free:
        yield (
            f"{asked} new sites are asked for, but only {free} candidates are free "
            f"({count} less {len(problem.existing)} existing): add candidates or ask for fewer"
        )


def _fairness(problem: Problem) -> Iterator[str]:
    if problem.towns is None:
        if problem.town_share is not None or problem.fairest:
            yield "`town_share` and `fairest` need `towns`, the town number of each row"
        return
    if problem.towns.shape != problem.weights.shape:
        yield f"`towns` must hold one number per row ({problem.weights.size})"
        return
    if problem.fairest and problem.capacity is not None:
        yield "`fairest` does not go with capacities: give `town_share`"
    if problem.town_share is None:
        return
    wanted = np.atleast_1d(problem.town_share)
    if not np.all((wanted >= 0) & (wanted <= 1)):
        yield "`town_share` must lie in 0–1"
    count = int(problem.towns.max(initial=-1)) + 1
    if np.ndim(problem.town_share) and wanted.size < count:
        yield f"`town_share` holds {wanted.size} numbers for {count} towns"
