"""Weighted costs of a p-median question by candidate, and what a plan costs in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from changping_geo.stations import siting_median_kernel as kernel
from changping_geo.stations.problem import SAME_VALUE, InfeasibleError
from changping_geo.stations.problem_checks import listed
from changping_geo.stations.siting_center import nearest
from changping_geo.stations.siting_reduce import choices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Priced:
    """Weighted costs by candidate, and what a row pays without any new site.

    Parameters
    ----------
    ends, rows, costs
        Rows and weighted costs of each candidate, cheaper than `spare` only (compressed columns).
    spare
        Weighted cost of each row without a new site. Shape (n,).
    unserved
        Rows whose `spare` stands for "not served at all". Shape (n,).
    allowed
        Candidates that may be taken. Shape (m,).
    pairs
        Colliding candidates. Shape (k, 2).
    """

    ends: Ints
    rows: Ints
    costs: Floats
    spare: Floats
    unserved: Bools
    allowed: Bools
    pairs: Ints

    @property
    def step(self) -> float:
        """Distance of two values that differ: 1 for whole costs, else 0."""
        return 1.0 if np.all(self.costs % 1 == 0) and np.all(self.spare % 1 == 0) else 0.0

    def of(self, plan: Ints) -> tuple[float, Floats]:
        """Cost of a plan, and of each row."""
        taken = np.zeros(self.allowed.size, dtype=np.bool_)
        taken[plan] = True
        near, after = np.empty_like(self.spare), np.empty_like(self.spare)
        at, loss = np.empty(self.spare.size, dtype=np.int64), np.empty(self.allowed.size)
        kernel.assign(self.ends, self.rows, self.costs, taken, self.spare, near, after, at, loss)
        return float(near.sum()), near + 0.3 * (np.minimum(after, 2 * near) - near)

    def rows_of(self, taken: Bools) -> Floats:
        """Cost of each row with these sites; shape (n,)."""
        near, after = np.empty_like(self.spare), np.empty_like(self.spare)
        at, loss = np.empty(self.spare.size, dtype=np.int64), np.empty(self.allowed.size)
        kernel.assign(self.ends, self.rows, self.costs, taken, self.spare, near, after, at, loss)
        return near

    def keeps(self, plan: Ints) -> bool:
        """Whether a plan keeps the spacing."""
        return not np.isin(self.pairs, plan).all(axis=1).any()


def priced(problem: Problem) -> Priced:
    """Weight the costs and cap them by what each row has already.

    Parameters
    ----------
    problem
        The question.

    Raises
    ------
    InfeasibleError
        If a row with demand reaches no candidate and being unserved has no price.
    """
    allowed, ends, rivals, _ = choices(problem)
    weights, costs = problem.weights, problem.costs
    have = np.where(weights > 0, nearest(costs, problem.existing), 0.0)
    have[weights > 0] *= weights[weights > 0]
    line = np.repeat(np.arange(weights.size), np.diff(costs.indptr))
    value = costs.data * weights[line]
    price = np.inf if problem.unserved_cost is None else problem.unserved_cost
    unserved = ~np.isfinite(have)
    lost = np.flatnonzero(unserved & (np.bincount(line, allowed[costs.indices], weights.size) == 0))
    if lost.size and not np.isfinite(price):
        msg = f"no candidate reaches rows {listed(lost)}: give `unserved_cost`, set the rows aside, or add candidates"
        raise InfeasibleError(msg, rows=lost)
    much = 1.0 + np.ceil(value.sum() if value.size else 0.0)
    out_of_reach = np.full(weights.size, much) if not np.isfinite(price) else weights * price
    spare = np.minimum(have, out_of_reach)
    keep = allowed[costs.indices] & (value < spare[line])
    order = np.lexsort((line[keep], costs.indices[keep]))
    columns = np.bincount(costs.indices[keep], minlength=allowed.size)
    rival_of = np.repeat(np.arange(allowed.size), np.diff(ends))
    pairs = np.stack([rival_of, rivals], axis=1)
    return Priced(
        ends=np.concatenate([[0], np.cumsum(columns)]).astype(np.int64), rows=line[keep][order].astype(np.int64),
        costs=value[keep][order], spare=spare, unserved=unserved & (not np.isfinite(price)), allowed=allowed,
        pairs=pairs[pairs[:, 0] < pairs[:, 1]],
    )  # fmt: skip


def step_of(table: Priced, value: float) -> float:
    """Least distance of a better plan from a value.

    Parameters
    ----------
    table
        Weighted costs.
    value
        Cost of a plan.
    """
    return table.step * (1 - 1e-6) if table.step else SAME_VALUE * max(1.0, value)


def proven(table: Priced, value: float, bound: float, gap: float) -> bool:
    """Whether a bound is near enough to a value.

    Parameters
    ----------
    table
        Weighted costs.
    value
        Cost of the best plan, infinite if there is none.
    bound
        What no plan is below.
    gap
        Relative gap that is allowed [-].
    """
    return bool(np.isfinite(value)) and (value - bound < step_of(table, value) or value - bound <= gap * value)


def descend(table: Priced, plan: Ints) -> Ints:
    """Exchange single sites until nothing is saved.

    Parameters
    ----------
    table
        Weighted costs.
    plan
        Sites to start from.
    """
    taken = np.zeros(table.allowed.size, dtype=np.bool_)
    taken[plan] = table.allowed[plan]
    least = SAME_VALUE * max(1.0, float(table.spare.max(initial=0.0)))
    kernel.exchange(table.ends, table.rows, table.costs, taken, table.spare, table.allowed, least)
    return np.flatnonzero(taken)


def fix(table: Priced, sites: int, bound: float, sums: Floats, value: float) -> tuple[Bools, Bools]:
    """Candidates that a better plan may hold, and those that it must.

    Parameters
    ----------
    table
        Weighted costs.
    sites
        New sites at most.
    bound
        Bound of the prices.
    sums
        What each candidate saves against them.
    value
        Cost of the best plan.
    """
    order = np.argsort(-sums, kind="stable")
    inside, after = order[:sites], order[sites : sites + 1]
    edge = max(float(sums[inside[-1]]), 0.0) if sites else 0.0
    following = max(float(sums[after[0]]), 0.0) if len(after) else 0.0
    keep = table.allowed.copy()
    certain = np.zeros_like(keep)
    if np.isfinite(value):
        target = value - step_of(table, value)
        keep &= bound + edge - sums <= target
        keep[inside] = table.allowed[inside]
        certain[inside] = bound + sums[inside] - following > target
    return keep, certain & table.allowed


def only(table: Priced, keep: Bools) -> Priced:
    """Keep fewer candidates; their numbers stay.

    Parameters
    ----------
    table
        Weighted costs.
    keep
        Candidates that are kept. Shape (m,).
    """
    column = np.repeat(np.arange(keep.size), np.diff(table.ends))
    stay = keep[column]
    ends = np.concatenate([[0], np.cumsum(np.bincount(column[stay], minlength=keep.size))]).astype(np.int64)
    return replace(table, ends=ends, rows=table.rows[stay], costs=table.costs[stay], allowed=keep)
