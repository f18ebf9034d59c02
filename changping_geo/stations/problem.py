"""What a siting question is, and what an answer to it must tell.

One record for every question: the rows are whatever wants to be served (people, built-up area, parking spaces, road
length, vehicle flows), the columns are places where a station may stand, and a stored pair holds the cost of getting
from one to the other. What is not stored is out of reach. Goals, limits and phases are fields, not classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from changping_geo.errors import ParameterError
from changping_geo.stations.problem_checks import check_problem

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

#: A tie at the radius is decided once, at this step [unit of the costs; 1 mm for metres].
COST_STEP_DECIMALS = 3
#: Two values that differ by less than this share of their size are the same value; it lies above rounding only.
SAME_VALUE = 1e-9


class InfeasibleError(ParameterError):
    """No plan can meet what is asked; the message says which limit stands in the way and what to do.

    Parameters
    ----------
    message
        What is asked, why it cannot be, and the remedy.
    rows
        Demand rows that are to blame, if any.
    candidates
        Candidates that are to blame, if any.
    """

    def __init__(self, message: str, rows: ArrayLike = (), candidates: ArrayLike = ()) -> None:
        super().__init__(message)
        self.rows = np.asarray(rows, dtype=np.int64)
        self.candidates = np.asarray(candidates, dtype=np.int64)


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One siting question.

    Parameters
    ----------
    goal
        ``cover_most`` (MCLP), ``cover_all`` (LSCP), ``cover_share`` (PSCLP), ``backup`` (second cover counts too),
        ``mean_cost`` (p-median) or ``worst_cost`` (p-center).
    weights
        Demand per row, >= 0; integers make the proofs exact. Shape (n,) [any extensive unit].
    costs
        Cost from row to candidate; stored pairs only, a stored 0 counts. Shape (n, m) [m, min or any unit].
    radius
        A pair counts as covered up to and including this cost [unit of `costs`]; None: every stored pair does.
    new_sites
        New stations at most; existing ones are not counted.
    exactly
        Whether `new_sites` (or each phase) is to be met in full, as a target number of stations.
    existing
        Candidates where a station stands already.
    conflicts
        Pairs of candidates of which at most one may be taken (spacing). Shape (k, 2).
    site_costs
        Price of each candidate; 1 each if None. Shape (m,) [any unit].
    budget
        Limit of the price of all new sites [unit of `site_costs`].
    share
        Share of all weight to be covered by goal ``cover_share``, 0–1 [-].
    capacity
        What one station at each candidate can serve, goal ``cover_most``. Shape (m,) [unit of `weights`].
    towns
        Number of the town of each row, -1 for none. Shape (n,).
    town_share
        Least share of each town's weight to be covered (in the last phase); one number or one per town, 0–1 [-].
    fairest
        Whether the worst town's share is made as large as can be first, and the total second.
    phases
        New stations at the end of each phase, counted from the start, as 2, 5, 10; each phase keeps the former's.
    phase_weights
        What a covered unit counts in each phase; 1 each if None. Shape (phases,) [-].
    second_weight
        What a second cover counts against the first, goal ``backup``, 0–1 [-].
    unserved_cost
        Cost of a row that no station reaches, goal ``mean_cost`` [unit of `costs`]; None: every row must be reached.
    """

    goal: str
    weights: Floats
    costs: sparse.csr_array
    radius: float | None = None
    new_sites: int | None = None
    exactly: bool = False
    existing: Ints = field(default_factory=_none)
    conflicts: Ints = field(default_factory=_none)
    site_costs: Floats | None = None
    budget: float | None = None
    share: float | None = None
    capacity: Floats | None = None
    towns: Ints | None = None
    town_share: float | Floats | None = None
    fairest: bool = False
    phases: tuple[int, ...] | None = None
    phase_weights: tuple[float, ...] | None = None
    second_weight: float = 0.5
    unserved_cost: float | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "weights", np.asarray(self.weights, dtype=np.float64))
        if sparse.issparse(self.costs):
            put(self, "costs", sparse.csr_array(self.costs).astype(np.float64))
        put(self, "existing", np.unique(np.asarray(self.existing, dtype=np.int64).ravel()))
        put(self, "conflicts", np.asarray(self.conflicts, dtype=np.int64).reshape(-1, 2))
        for name, kind in (("site_costs", np.float64), ("capacity", np.float64), ("towns", np.int64)):
            given = getattr(self, name)
            if given is not None:
                put(self, name, np.asarray(given, dtype=kind))
        if self.town_share is not None and np.ndim(self.town_share):
            put(self, "town_share", np.asarray(self.town_share, dtype=np.float64))
        check_problem(self)

    @property
    def n_candidates(self) -> int:
        """Number of candidates, existing stations among them."""
        return int(self.costs.shape[1])

    @property
    def prices(self) -> Floats:
        """Price of each candidate, 1 each where none is given; shape (m,) [unit of `site_costs`]."""
        return np.ones(self.n_candidates) if self.site_costs is None else self.site_costs

    @property
    def steps(self) -> tuple[int, ...]:
        """New sites at the end of each phase; one phase where none are given."""
        if self.phases is not None:
            return self.phases
        return (self.n_candidates if self.new_sites is None else self.new_sites,)

    @property
    def step_weights(self) -> tuple[float, ...]:
        """What a covered unit counts in each phase [-]."""
        return (1.0,) * len(self.steps) if self.phase_weights is None else self.phase_weights

    def covers(self) -> sparse.csr_array:
        """Pairs within the radius, inclusive; shape (n, m), every stored value is 1."""
        costs = self.costs
        if self.radius is None:
            keep = np.ones(costs.nnz, dtype=np.bool_)
        else:
            limit = np.round(self.radius, COST_STEP_DECIMALS)
            keep = np.round(costs.data, COST_STEP_DECIMALS) <= limit
        ends = np.concatenate([[0], np.cumsum(keep)])[costs.indptr]
        kept = (np.ones(int(keep.sum())), costs.indices[keep], ends)
        out = sparse.csr_array(kept, shape=costs.shape)
        out.sort_indices()
        return out

    def with_(self, **changes: Any) -> Problem:
        """Return the same question with other fields, as a what-if."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Problem(**{**fields, **changes})


@dataclass(frozen=True, kw_only=True)
class Siting:
    """An answer to a siting question, with its proof.

    Parameters
    ----------
    sites
        New sites in order of their numbers.
    phases
        New sites at the end of each phase; each contains the one before.
    value
        What the goal counts: weight covered (existing stations' share included; summed over phases by their weights),
        price of the sites, weight x cost, or the worst cost.
    bound
        No plan whatever can be better than this; above `value` where more is better, below it where less is.
    gap
        Distance from `value` to `bound` as a share of `value` [-].
    status
        ``optimal``, or ``best found`` where a limit ended the proof.
    method
        What gave the plan and what gave the bound.
    seconds
        Whole time, making of the model included [s].
    phase_values
        Weight covered at the end of each phase; for other goals the value [unit of `weights`].
    already_covered, newly_covered, uncoverable
        Rows by who covers them: an existing station, a new site, no candidate at all. Shape (n,) each.
    town_before, town_after
        Share of each town's weight that is covered, without and with the new sites; NaN for a town without weight [-].
    multipliers
        Certificate: one multiplier per row, from which one sparse product gives `certified` again. Shape (n,) or (0,).
    certified
        Bound that the multipliers alone give; NaN without multipliers.
    worst_town_proven
        False where the worst town's share was to be made as large as can be and the proof of that was not finished.
    notes
        What a reader should know, in plain words.
    """

    sites: Ints
    phases: tuple[Ints, ...]
    value: float
    bound: float
    gap: float
    status: str
    method: str
    seconds: float
    phase_values: tuple[float, ...]
    already_covered: Bools
    newly_covered: Bools
    uncoverable: Bools
    town_before: Floats
    town_after: Floats
    multipliers: Floats = field(default_factory=lambda: np.zeros(0))
    certified: float = float("nan")
    worst_town_proven: bool = True
    notes: tuple[str, ...] = ()

    @property
    def said(self) -> tuple[str, str]:
        """Status in words, Chinese and English."""
        if self.status == "optimal":
            return "已证明最优", "proven optimal"
        if not np.isfinite(self.gap):
            return "目前最好的方案,尚无界", "best found, nothing proven yet"
        if not self.worst_town_proven and self.gap <= SAME_VALUE:
            return "总量已证明最优,最差镇的份额未证明", "total proven optimal, the worst town's share is the best found"
        percent = np.ceil(self.gap * 1e4) / 100
        return f"目前最好的方案,差距不超过 {percent:g}%", f"best found, within {percent:g} %"


def gap_of(value: float, bound: float) -> float:
    """Distance from a value to its bound as a share of the value [-].

    Parameters
    ----------
    value
        Value of a plan.
    bound
        Bound that no plan passes.
    """
    if not np.isfinite(bound):
        return float("inf")
    distance = abs(bound - value)
    return 0.0 if distance <= SAME_VALUE * max(abs(value), 1.0) else distance / max(abs(value), 1e-12)


def stored_pairs(costs: ArrayLike, limit: float = np.inf) -> sparse.csr_array:
    """Store every pair of a dense table up to a limit, zeros included.

    Parameters
    ----------
    costs
        Cost from each row to each candidate; NaN or infinite where there is no way. Shape (n, m) [any unit].
    limit
        Largest cost that is kept, inclusive [unit of `costs`].
    """
    table = np.asarray(costs, dtype=np.float64)
    keep = np.isfinite(table) & (table <= limit)
    ends = np.concatenate([[0], np.cumsum(keep.sum(axis=1))])
    return sparse.csr_array((table[keep], np.nonzero(keep)[1], ends), shape=table.shape)
