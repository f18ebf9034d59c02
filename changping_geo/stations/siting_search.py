"""Good plans fast: greedy, exchange of single sites, and repeated kicks; the bound is made elsewhere.

References
----------
Teitz, M. B., Bart, P. (1968). Heuristic methods for estimating the generalized vertex median of a weighted graph.
doi:10.1287/opre.16.5.955
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from changping_geo.stations import siting_kernel as kernel
from changping_geo.stations.problem import SAME_VALUE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem
    from changping_geo.stations.siting_reduce import Reduced

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

SEED = 7
#: Kicks of a search, and sites taken away in each.
KICKS, KICKED = 30, 3
#: Rounds in which towns below their share are given more weight, and the factor of each round.
FAIR_ROUNDS, FAIR_FACTOR = 14, 2.0


class Search:
    """One plan under change: which sites are taken, what each other would add, what money is left.

    Parameters
    ----------
    reduced
        The merged rows.
    prices
        Price of each candidate. Shape (m,).
    budget
        Limit of all prices; None for none.
    idle
        Whether sites that add nothing are built too, so that the number asked for is met.
    """

    def __init__(self, reduced: Reduced, prices: Floats, budget: float | None, *, idle: bool = False) -> None:
        self.reduced, self.prices, self.idle = reduced, prices, idle
        self.budget = np.inf if budget is None else float(budget)
        self.least = SAME_VALUE * max(1.0, float(reduced.first.sum() + reduced.second.sum()))
        self.reward(reduced.first, reduced.second)

    def reward(self, first: Floats, second: Floats) -> None:
        """Start from no sites, with these rewards of each merged row."""
        self.first, self.second = first, second
        size = self.reduced.allowed.size
        self.count = np.zeros(first.size, dtype=np.int64)
        self.taken = np.zeros(size, dtype=np.bool_)
        self.blocked = np.zeros(size, dtype=np.int64)
        self.gain = np.zeros(size)
        kernel.column_sums(self.reduced.col_ends, self.reduced.col_rows, first, self.gain)

    @property
    def _lines(self) -> tuple[Ints, Ints, Ints, Ints, Floats, Floats, Ints, Floats]:
        r = self.reduced
        return (r.row_ends, r.row_cols, r.col_ends, r.col_rows, self.first, self.second, self.count, self.gain)

    @property
    def _rivals(self) -> tuple[Ints, Ints]:
        return self.reduced.rival_ends, self.reduced.rivals

    @property
    def left(self) -> float:
        """Money that is left [unit of the prices]."""
        spent = float(self.prices[self.taken].sum())
        return self.budget - spent + (SAME_VALUE * max(1.0, spent) if np.isfinite(self.budget) else 0.0)

    @property
    def sites(self) -> Ints:
        """Sites taken, by number."""
        return np.flatnonzero(self.taken)

    @property
    def held(self) -> float:
        """What the plan covers, counted with the rewards that the search goes by."""
        return float(self.first[self.count > 0].sum() + self.second[self.count > 1].sum())

    @property
    def value(self) -> float:
        """What the plan covers, counted afresh with the true rewards, without the constant [weight]."""
        r = self.reduced
        return float(r.first[self.count > 0].sum() + r.second[self.count > 1].sum())

    def add(self, sites: Ints) -> None:
        """Take these sites in turn, as far as spacing and money allow."""
        for j in sites:
            if self.taken[j] or self.blocked[j] or not self.reduced.allowed[j] or self.prices[j] > self.left:
                continue
            self.take(int(j), 1)

    def fill(self, sites: int, *, by_price: bool = False, among: Bools | None = None) -> None:
        """Add sites greedily until there are so many."""
        allowed = self.reduced.allowed if among is None else among
        kernel.fill(sites, *self._lines, self.taken, self.blocked, allowed, self.prices, self.left,
                    int(by_price), *self._rivals, int(self.idle))  # fmt: skip

    def swap(self) -> None:
        """Exchange single sites until nothing is gained."""
        kernel.swap(*self._lines, self.taken, self.blocked, self.reduced.allowed, self.prices, self.left,
                    *self._rivals, self.least)  # fmt: skip

    def take(self, j: int, sign: int) -> None:
        """Add a site (1) or give it up (-1)."""
        kernel.put(j, sign, *self._lines)
        kernel.block(j, sign, *self._rivals, self.blocked)
        self.taken[j] = sign > 0

    def kick(self, sites: int, rounds: int = KICKS, size: int = KICKED, seed: int = SEED) -> None:
        """Give a few random sites up, fill without them, swap again, and keep what is better, `rounds` times."""
        rng = np.random.default_rng(seed)
        allowed = self.reduced.allowed
        held = self.held
        for _ in range(rounds if self.taken.any() else 0):
            before = self.sites
            out = rng.choice(before, min(size, before.size), replace=False)
            for j in out:
                self.take(int(j), -1)
            others = allowed.copy()
            others[out] = False
            self.fill(sites, among=others)
            self.fill(sites)
            self.swap()
            now = self.held
            if now < held - self.least or self.taken.sum() < before.size:
                for j in np.setdiff1d(self.sites, before):
                    self.take(int(j), -1)
                for j in np.setdiff1d(before, self.sites):
                    self.take(int(j), 1)
            else:
                held = now

    def restart(self, sites: Ints) -> None:
        """Start again from these sites."""
        self.reward(self.first, self.second)
        self.add(sites)


def town_targets(problem: Problem, reduced: Reduced) -> Floats:
    """Weight that each town still lacks to its least share; shape (towns,) [unit of the weights].

    Parameters
    ----------
    problem
        The question.
    reduced
        Its merged rows.
    """
    if problem.towns is None or problem.town_share is None:
        return np.zeros(0)
    towns = np.maximum(problem.towns, -1) + 1
    count = int(towns.max(initial=0)) + 1
    whole = np.bincount(towns, problem.weights, count)[1:]
    have = np.bincount(towns, np.where(reduced.existing_count > 0, problem.weights, 0.0), count)[1:]
    share = np.broadcast_to(np.asarray(problem.town_share, dtype=np.float64), whole.shape) if np.ndim(
        problem.town_share) == 0 else np.asarray(problem.town_share)[: whole.size]  # fmt: skip
    lack = share * whole - have
    return np.where(lack > SAME_VALUE * np.maximum(whole, 1.0), lack, 0.0)


def good_plan(problem: Problem, reduced: Reduced, sites: int, *, kicks: int = KICKS) -> tuple[Ints, bool]:
    """Find a good plan of so many sites by greedy, swap and kicks.

    Parameters
    ----------
    problem
        A question of covering as much as can be.
    reduced
        Its merged rows.
    sites
        New sites at most.
    kicks
        Rounds of shaking.

    Returns
    -------
    tuple
        Sites by number, and whether they keep every limit (the towns' shares, the number asked for).
    """
    search = Search(reduced, problem.prices, problem.budget, idle=problem.exactly)
    targets = town_targets(problem, reduced)
    if not targets.size:
        targets = np.zeros(int(reduced.town.max(initial=-1)) + 1)
    lift = np.ones(targets.size + 1)
    best: tuple[bool, float, Ints] = (False, -1.0, np.zeros(0, dtype=np.int64))
    town = np.maximum(reduced.town, -1)
    for _ in range(FAIR_ROUNDS if (targets > 0).any() else 1):
        factor = lift[town + 1]
        for by_price in (False, True) if problem.budget is not None and problem.site_costs is not None else (False,):
            search.reward(reduced.first * factor, reduced.second * factor)
            search.fill(sites, by_price=by_price)
            search.swap()
            search.kick(sites, rounds=kicks)
            covered = np.bincount(town + 1, np.where(search.count > 0, reduced.first, 0.0), targets.size + 1)[1:]
            short = covered < targets - SAME_VALUE * np.maximum(targets, 1.0)
            kept = not short.any() and not (problem.exactly and search.taken.sum() < sites)
            best = max(best, (kept, search.value, search.sites), key=lambda plan: plan[:2])
        if not short.any():
            break
        lift[1:][short] *= FAIR_FACTOR
    return best[2], best[0]


def order_phases(problem: Problem, reduced: Reduced, sites: Ints) -> tuple[Ints, ...]:
    """Order the sites of the last phase so that each earlier phase covers much.

    Parameters
    ----------
    problem
        A question in phases.
    reduced
        Its merged rows.
    sites
        Sites of the last phase.
    """
    only = np.zeros(problem.n_candidates, dtype=np.bool_)
    only[sites] = True
    small = reduced.without(only)
    search = Search(small, problem.prices, None, idle=problem.exactly)
    out = []
    for step in problem.steps[:-1]:
        search.fill(min(step, len(sites)))
        out.append(search.sites)
    return (*out, np.sort(sites))
