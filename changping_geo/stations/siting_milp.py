"""A mixed-integer model as arrays, and HiGHS to solve it: status and bound are always told.

References
----------
Huangfu, Q., Hall, J. A. J. (2018). Parallelizing the dual revised simplex method. doi:10.1007/s12532-017-0130-5
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from scipy import sparse

from changping_geo.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

#: Distance of two whole-number objectives that are surely the same, for the solver's absolute gap.
WHOLE = 1.0 - 1e-4
#: Largest breach of a row and of integrality that the solver may leave.
FEASIBLE = 1e-7


@dataclass
class Model:
    """Columns and rows of a model, gathered block by block."""

    reward: list[Floats] = field(default_factory=list)
    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    whole: list[NDArray[np.bool_]] = field(default_factory=list)
    blocks: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    row_lower: list[Floats] = field(default_factory=list)
    row_upper: list[Floats] = field(default_factory=list)
    columns: int = 0
    rows: int = 0

    def add_columns(self, reward: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, whole: bool) -> Ints:
        """Add columns; return their numbers."""
        rewards = np.atleast_1d(np.asarray(reward, dtype=np.float64))
        size = rewards.size
        self.reward.append(rewards)
        self.lower.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), size))
        self.upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), size))
        self.whole.append(np.full(size, whole))
        self.columns += size
        return np.arange(self.columns - size, self.columns)

    def add_rows(self, count: int, entries: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]], lower: ArrayLike,
                 upper: ArrayLike) -> None:  # fmt: skip
        """Add rows whose entries are given as (row within the block, column, value)."""
        for row, column, value in entries:
            at = np.atleast_1d(np.asarray(row, dtype=np.int64)) + self.rows
            where = np.atleast_1d(np.asarray(column, dtype=np.int64))
            self.blocks.append((at, where, np.broadcast_to(np.asarray(value, dtype=np.float64), where.shape)))
        self.row_lower.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), count))
        self.row_upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), count))
        self.rows += count

    def add_row(self, column: ArrayLike, value: ArrayLike, lower: float, upper: float) -> None:
        """Add one row."""
        where = np.atleast_1d(np.asarray(column, dtype=np.int64))
        self.add_rows(1, [(np.zeros(where.size, dtype=np.int64), where, value)], lower, upper)

    def matrix(self) -> sparse.csc_array:
        """All entries as one sparse matrix."""
        if not self.blocks:
            return sparse.csc_array((self.rows, self.columns))
        row, column, value = (np.concatenate([block[k] for block in self.blocks]) for k in range(3))
        return sparse.csc_array((value, (row, column)), shape=(self.rows, self.columns))


@dataclass(frozen=True)
class Solved:
    """What the solver says.

    Parameters
    ----------
    status
        ``optimal``, ``infeasible`` or ``limit``.
    value
        Objective of the plan found, NaN if none.
    bound
        Bound of the objective.
    columns
        Values of the columns, empty if no plan was found.
    """

    status: str
    value: float
    bound: float
    columns: Floats


def solve_model(model: Model, *, most: bool, seconds: float, start: Floats | None = None, step: float = 0.0,
                gap: float = 0.0, target: float | None = None) -> Solved:  # fmt: skip
    """Solve a model with HiGHS, one thread, fixed seed.

    Parameters
    ----------
    model
        Columns and rows.
    most
        Whether more is better.
    seconds
        Time limit [s].
    start
        Values of all columns of a known plan, NaN where unknown. Shape (columns,).
    step
        Two objectives differ by this at least; 0 if nothing is known.
    gap
        Relative gap at which to stop [-].
    target
        An objective that is good enough: the search ends there.

    Raises
    ------
    ResultError
        If the solver breaks down.
    """
    solver = _loaded(model, most=most)
    for name, value in {
        "time_limit": max(seconds, 0.01), "mip_rel_gap": gap, "mip_abs_gap": max(step * WHOLE, 1e-6),
        "mip_feasibility_tolerance": FEASIBLE,
    }.items():  # fmt: skip
        solver.setOptionValue(name, value)
    if target is not None:
        solver.setOptionValue("objective_target", target)
    if start is not None:
        known = np.flatnonzero(np.isfinite(start))
        solver.setSolution(known.size, known.astype(np.int32), start[known])
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    kinds = highspy.HighsModelStatus
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        return Solved("infeasible", np.nan, np.nan, np.zeros(0))
    if status not in (kinds.kOptimal, kinds.kTimeLimit, kinds.kObjectiveTarget, kinds.kModelEmpty):
        msg = f"siting: the solver stopped with {solver.modelStatusToString(status)}: scale the weights nearer to 1"
        raise ResultError(msg)
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    integers = any(whole.any() for whole in model.whole)
    value = info.objective_function_value if found else np.nan
    bound = info.mip_dual_bound if integers else (value if status == kinds.kOptimal else np.nan)
    if not np.isfinite(bound):
        bound = np.inf if most else -np.inf
    columns = np.array(solver.getSolution().col_value) if found else np.zeros(0)
    return Solved("optimal" if status == kinds.kOptimal else "limit", value, bound, columns)


def _loaded(model: Model, *, most: bool) -> Any:
    make: Any = highspy.Highs
    solver = make()
    for name, value in {"output_flag": False, "threads": 1, "random_seed": 0}.items():
        solver.setOptionValue(name, value)
    matrix = model.matrix()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = model.columns, model.rows
    lp.col_cost_ = np.concatenate(model.reward)
    lp.col_lower_, lp.col_upper_ = np.concatenate(model.lower), np.concatenate(model.upper)
    lp.row_lower_ = np.concatenate([np.zeros(0), *model.row_lower])
    lp.row_upper_ = np.concatenate([np.zeros(0), *model.row_upper])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    lp.sense_ = highspy.ObjSense.kMaximize if most else highspy.ObjSense.kMinimize
    whole = np.concatenate(model.whole)
    lp.integrality_ = [highspy.HighsVarType.kInteger if one else highspy.HighsVarType.kContinuous for one in whole]
    if solver.passModel(lp) == highspy.HighsStatus.kError:
        msg = "siting: the solver refused the model: weights or costs are too large; scale them nearer to 1"
        raise ResultError(msg)
    return solver
