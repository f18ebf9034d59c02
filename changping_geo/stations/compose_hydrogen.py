"""Candidates, demand and siting of hydrogen stations put together: from layers' columns to one question of the kernel.

Three kinds of demand stand in one table: trips of heavy vehicles (a station serves a trip by a short detour), vehicles
at their depots and people (a station within reach). Each kind counts by its share in the mix, so that a covered
percent of trips weighs as much as the planner says, whatever the units.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from changping_geo.model import Cards, ColumnError, Parameter, ParameterError
from changping_geo.stations.problem import InfeasibleError, Problem
from changping_geo.stations.siting import reachable_shares, solve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from changping_geo.stations.access import Access
    from changping_geo.stations.problem import Siting

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

_RANGE = "planning range, unverified"
_CHOICE = "a choice of the planner"
MIX = {
    "trips": (0.6, "重型车出行", "trips of heavy vehicles"),
    "vehicles": (0.2, "场站车辆", "vehicles at depots"),
    "persons": (0.2, "人口", "people"),
}
CARDS = Cards(
    (
        Parameter(f"demand_mix.{word}", share, "1", 0.0, 1.0, _CHOICE, verified=True,
                  title_zh=f"需求权重({zh})", title_en=f"Weight of demand, {en}")
        for word, (share, zh, en) in MIX.items()
    ),
    Parameter("reach_unit", "m", "word", None, None, _CHOICE, verified=True, title_zh="服务范围计量",
              title_en="Reach is told in", choices=("m", "min")),
    Parameter("reach_m", 10_000.0, "m", 500.0, 50_000.0, _RANGE, verified=False,
              title_zh="加氢服务距离", title_en="Reach of a hydrogen station"),
    Parameter("reach_min", 15.0, "min", 1.0, 120.0, _RANGE, verified=False,
              title_zh="加氢服务时间", title_en="Reach of a hydrogen station in time"),
    Parameter("spacing_m", 2000.0, "m", 0.0, 5000.0, _CHOICE, verified=True,
              title_zh="站间最小距离", title_en="Least distance between stations"),
    Parameter("least_town_share", 0.2, "1", 0.0, 1.0, _CHOICE + "; a town that cannot have it gets what it can",
              verified=True, title_zh="各镇街最低覆盖率", title_en="Least share of each town's demand"),
    Parameter("backup_weight", 0.0, "1", 0.0, 1.0, _CHOICE + ": what a second station in reach counts; 0 for none",
              verified=True, title_zh="第二站覆盖的权重", title_en="Weight of a second station in reach"),
    Parameter("use_needs_survey", value=True, unit="1", low=None, high=None, source=_CHOICE, verified=True,
              title_zh="纳入需现场核测的候选点", title_en="Take candidates that need a survey"),
    Parameter("fixed_status", "building", "word", None, None, _CHOICE + ": stations so far ahead stay as they are",
              verified=True, title_zh="视为既有的状态", title_en="Stations that are fixed",
              choices=("operating", "building", "planned")),
    Parameter("fuel_cell_share", 0.05, "1", 0.0, 1.0, _RANGE, verified=False,
              title_zh="重型车中氢燃料车占比", title_en="Share of heavy vehicles that run on hydrogen"),
    Parameter("kg_per_vehicle_d", 10.0, "kg/d", 5.0, 20.0, "Foton station: 600 kg/d for 50 to 60 buses; "
              "8 to 12 per fill", verified=True, title_zh="单车日加氢量", title_en="Hydrogen per vehicle and day"),
)  # fmt: skip

#: Weight of all demand together, in whole units, so that proofs are exact.
UNITS = 1_000_000


@dataclass(frozen=True, slots=True)
class Demand:
    """Rows that want a station, kind by kind, and what reaches them.

    Attributes
    ----------
    rows : DataFrame
        ``kind`` (a word of `MIX`), ``amount`` [its unit], ``town`` (number, -1 for none), ``purpose``; shape (n,).
    tables : dict of str to Access
        By kind, over the same columns: detours of trips, ways of vehicles and people, up to a wide limit.
    limits : dict of str to float
        By kind, the limit that counts. [of its table]
    mix : dict of str to float
        Weight of each kind. [1]
    """

    rows: pd.DataFrame
    tables: dict[str, Access]
    limits: dict[str, float]
    mix: dict[str, float]

    def costs(self) -> sparse.csr_array:
        """Return the cost of every pair within the limits, shape (n, m). [m or min]"""
        parts = [self.tables[kind].within(self.limits[kind]).costs() for kind in self.tables]
        return sparse.csr_array(sparse.vstack(parts, format="csr"))

    def weights(self) -> Floats:
        """Return whole weights that add up to `UNITS`, but for rounding, shape (n,).

        Raises
        ------
        ParameterError
            If nothing weighs anything.
        """
        kind, amount = self.rows["kind"], self.rows["amount"].to_numpy(dtype=np.float64)
        whole = self.rows.groupby("kind")["amount"].transform("sum").to_numpy(dtype=np.float64)
        part = np.divide(amount, whole, out=np.zeros(len(amount)), where=whole > 0) * kind.map(self.mix).to_numpy()
        if not part.sum() > 0:
            raise ParameterError("no demand weighs anything: set a demand_mix above 0 for a kind that the layers tell")
        out: Floats = np.rint(part / part.sum() * UNITS)
        return out

    def shares(self, covered: Bools) -> dict[str, float]:
        """Return the share of each kind's own amount in covered rows. [1]"""
        held = self.rows["amount"].where(covered, 0.0).groupby(self.rows["kind"]).sum()
        whole = self.rows.groupby("kind")["amount"].sum()
        return {kind: float(held[kind] / whole[kind]) if whole.get(kind, 0.0) > 0 else np.nan for kind in self.tables}

    def scaled(self, reach: float = 1.0, detour: float = 1.0) -> Demand:
        """Return the same with other limits. [1]"""
        limits = {kind: limit * (detour if kind == "trips" else reach) for kind, limit in self.limits.items()}
        return replace(self, limits=limits)

    def mixed(self, mix: Mapping[str, float]) -> Demand:
        """Return the same with other weights of the kinds. [1]"""
        return replace(self, mix=dict(mix))

    def reweighted(self, factor: Floats) -> Demand:
        """Return the same with amounts times a factor, shape (n,). [1]"""
        return replace(self, rows=self.rows.assign(amount=self.rows["amount"] * factor))


def stacked(parts: Mapping[str, pd.DataFrame], tables: Mapping[str, Access], limits: Mapping[str, float],
            mix: Mapping[str, float]) -> Demand:  # fmt: skip
    """Put kinds of demand below each other.

    Parameters
    ----------
    parts : mapping of str to DataFrame
        By kind ``amount``, ``town`` and, for trips, ``purpose``.
    tables, limits, mix
        As in `Demand`, the kinds in the same order.
    """
    rows = pd.concat([part.assign(kind=kind) for kind, part in parts.items()], ignore_index=True)
    rows["purpose"] = rows["purpose"].fillna("") if "purpose" in rows else ""
    bad = rows.index[~(rows["amount"] >= 0)]
    if len(bad):
        raise ColumnError(f"demand is missing or negative in {len(bad)} rows, first of {rows['kind'][bad[0]]}")
    return Demand(rows, dict(tables), dict(limits), dict(mix))


def spacing_pairs(xy: Floats, spacing_m: float) -> Ints:
    """Return the pairs of places nearer to each other than a distance, shape (k, 2)."""
    if spacing_m <= 0:
        return np.zeros((0, 2), dtype=np.int64)
    pairs = cKDTree(xy).query_pairs(spacing_m, output_type="ndarray").astype(np.int64)
    out: Ints = pairs[np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T) < spacing_m]
    return out


def question(demand: Demand, n_fixed: int, xy: Floats, steps: Sequence[int], chosen: Mapping[str, Any]) -> Problem:
    """Ask where new stations go; the first columns are the stations that stay.

    Parameters
    ----------
    demand : Demand
        What is to be served.
    n_fixed : int
        Stations that stay.
    xy : ndarray
        Stations, then candidates, shape (m, 2). [m]
    steps : sequence of int
        New stations at the end of each phase, counted from the start.
    chosen : mapping
        Values of `CARDS`.
    """
    near = spacing_pairs(xy, chosen["spacing_m"])
    theta = chosen["backup_weight"]
    how: dict[str, Any] = {"goal": "backup", "second_weight": theta} if theta > 0 else {"goal": "cover_most"}
    asked = Problem(
        **how, weights=demand.weights(), costs=demand.costs(), phases=tuple(steps), exactly=True,
        existing=np.arange(n_fixed), conflicts=near[near.max(axis=1, initial=0) >= n_fixed],
        towns=demand.rows["town"].to_numpy(dtype=np.int64),
    )  # fmt: skip
    least = chosen["least_town_share"]
    if least <= 0:
        return asked
    can = np.nan_to_num(reachable_shares(asked), nan=0.0)
    return asked.with_(town_share=np.minimum(least, can))


def answered(problem: Problem, names: Sequence[str], towns: Sequence[str], *, seconds: float, gap: float) -> Siting:
    """Solve a question; what stands in the way is told by names of candidates and towns.

    Raises
    ------
    InfeasibleError
        If no plan keeps every limit.
    """
    try:
        return solve(problem, seconds=seconds, gap=gap)
    except InfeasibleError as error:
        told = [str(error)]
        if error.candidates.size:
            told.append("candidates: " + ", ".join(names[int(i)] for i in error.candidates[:8]))
        if error.rows.size and problem.towns is not None:
            number = np.unique(problem.towns[error.rows])
            told.append("towns: " + ", ".join(towns[int(i)] for i in number[number >= 0][:8]))
        told.append("in this analysis: spacing_m, least_town_share, new_sites_…, reach_m and max_detour_m")
        raise InfeasibleError("; ".join(told), rows=error.rows, candidates=error.candidates) from error


def building_order(problem: Problem, plan: Siting) -> Ints:
    """Return the new sites in the order in which to build them: phase by phase, the one that adds most first."""
    covers = sparse.csc_array(problem.covers())
    theta = problem.second_weight if problem.goal == "backup" else 0.0
    count = np.asarray(covers[:, problem.existing].sum(axis=1)).ravel()
    order: list[int] = []
    for phase in plan.phases:
        left = [int(j) for j in phase if int(j) not in order]
        while left:
            worth = problem.weights * np.where(count == 0, 1.0, np.where(count == 1, theta, 0.0))
            gain = covers[:, left].T @ worth
            best = left.pop(int(np.argmax(gain)))
            order.append(best)
            count = count + np.asarray(covers[:, [best]].todense()).ravel()
    return np.array(order, dtype=np.int64)


def served_kg(table: Access, kg_d: Floats, capacity_kg_d: Floats, built: Ints, *, seconds: float) -> Siting:
    """Say how much hydrogen the built stations can give within their capacity: the same kernel, no new sites.

    Parameters
    ----------
    table : Access
        Depots by stations.
    kg_d : ndarray
        Hydrogen wanted at each depot, shape (n,). [kg/d]
    capacity_kg_d : ndarray
        Shape (m,). [kg/d]
    built : ndarray
        Stations that stand.
    seconds : float
        Time limit. [s]
    """
    asked = Problem(goal="cover_most", weights=kg_d, costs=table.costs(), new_sites=0, existing=built,
                    capacity=capacity_kg_d)  # fmt: skip
    return solve(asked, seconds=seconds)
