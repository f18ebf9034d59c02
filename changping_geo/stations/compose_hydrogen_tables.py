"""Tables and layers that tell a hydrogen plan: who is served stage by stage, how well proven, what else might be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from changping_geo.stations.compose_hydrogen_words import FIXED, OUT, SPARE, STEP_WORDS, titled
from changping_geo.stations.eligibility import OWN, by_rule
from changping_geo.stations.isochrones import isochrones
from changping_geo.stations.roads_covered import road_reach
from changping_geo.stations.routing import ROUND_TRIP, TO_STATION
from changping_geo.stations.siting import alternatives, plan_value, solve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from changping_geo.stations.compose_hydrogen import Demand
    from changping_geo.stations.graph import Network
    from changping_geo.stations.problem import Problem, Siting
    from changping_geo.stations.snap import AccessPoints

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

#: Pairs of origin and destination that the map shows at most.
SHOWN_FLOWS = 400
NOW = "now"
LISTED = (
    *("candidate_id", "name", "role", "rank", "phase_year", "kind", "source", "capacity_kg_d", "verdict", "basis"),
    *("reason", "often", "gain"),
)


def covered_by(problem: Problem, sites: Ints) -> Bools:
    """Tell which rows the existing stations and these sites cover, shape (n,)."""
    taken = np.zeros(problem.n_candidates)
    taken[np.concatenate([problem.existing, sites])] = 1.0
    out: Bools = np.asarray(problem.covers() @ taken) > 0
    return out


def stages(problem: Problem, demand: Demand, phases: Mapping[str, Ints], towns: Sequence[str]) -> pd.DataFrame:
    """Tell who is served now and at the end of each phase.

    Parameters
    ----------
    problem : Problem
        The question.
    demand : Demand
        Its rows.
    phases : mapping of str to ndarray
        New sites at the end of each phase, by its name.
    towns : sequence of str
        Names of towns, by number.
    """
    rows: list[dict[str, Any]] = []
    town = demand.rows["town"].to_numpy()
    whole = np.bincount(town + 1, problem.weights, len(towns) + 1)[1:]
    for name, sites in {NOW: np.zeros(0, np.int64), **phases}.items():
        covered = covered_by(problem, sites)
        part = np.bincount(town + 1, problem.weights * covered, len(towns) + 1)[1:]
        share = np.divide(part, whole, out=np.full(len(towns), np.inf), where=whole > 0)
        worst = int(share.argmin())
        shares = {f"{kind}_share": value for kind, value in demand.shares(covered).items()}
        rows.append({"stage": name, "new_sites": len(sites), "stations": len(sites) + problem.existing.size, **shares,
                     "mix_share": float(problem.weights @ covered / problem.weights.sum()), "worst_town": towns[worst],
                     "worst_town_share": float(share[worst])})  # fmt: skip
    return pd.DataFrame(rows)


def account(answers: Mapping[tuple[str, str], Siting], whole: float) -> pd.DataFrame:
    """Tell of each answer its value, bound, gap, status, method and time.

    Values are shares of all demand, in the mean over phases where there are several; what a kind of note lists by
    number is left out.
    """
    rows = [
        {"what": f"{zh} / {en}", "new_sites": len(a.sites), "value": a.value / whole / len(a.phases),
         "bound": a.bound / whole / len(a.phases),
         "gap": a.gap, "said_zh": a.said[0], "said_en": a.said[1], "method": a.method, "seconds": round(a.seconds, 2),
         "notes": "; ".join(note.partition(":")[0] for note in a.notes)}
        for (zh, en), a in answers.items()
    ]  # fmt: skip
    return titled(pd.DataFrame(rows), "选址求解结论", "Account of the solver")


def flows_by_purpose(trips: pd.DataFrame, _places: pd.DataFrame, how: str, before: Bools, after: Bools) -> pd.DataFrame:
    """Add up trips by purpose, and what is served of them now and by the plan."""
    grouped = trips.assign(
        served_before_d=trips["trips_d"].where(before, 0.0), served_after_d=trips["trips_d"].where(after, 0.0),
        mass=trips["trips_d"] * trips["way_m"].where(np.isfinite(trips["way_m"]), 0.0),
    ).groupby("purpose", sort=False)[["trips_d", "served_before_d", "served_after_d", "mass"]].sum()  # fmt: skip
    grouped["way_m"] = grouped.pop("mass") / grouped["trips_d"].where(grouped["trips_d"] > 0)
    return titled(grouped.reset_index().assign(how=how), "重型车出行", "Trips of heavy vehicles")


def flow_lines(
    trips: pd.DataFrame, places: pd.DataFrame, how: str, before: Bools, after: Bools, crs: object
) -> gpd.GeoDataFrame:
    """Draw the largest trips as straight lines from end to end; the way driven is along roads.

    Returns
    -------
    GeoDataFrame
        ``origin``, ``destination``, ``purpose``, ``trips_d`` [1/d], ``served`` (``now``, ``plan``, ``never``), ``how``.
    """
    state = np.where(before, "now", np.where(after, "plan", "never"))
    large = np.argsort(-trips["trips_d"].to_numpy(), kind="stable")[:SHOWN_FLOWS]
    part, xy = trips.iloc[large], places[["x", "y"]].to_numpy(dtype=np.float64)
    ends = np.stack([xy[part["origin"]], xy[part["destination"]]], axis=1)
    apart = np.abs(ends[:, 0] - ends[:, 1]).max(axis=1, initial=0.0) > 0
    ids = places["id"].to_numpy(dtype=object)
    frame = pd.DataFrame({
        "origin": ids[part["origin"]], "destination": ids[part["destination"]],
        "purpose": part["purpose"].to_numpy(dtype=object), "trips_d": part["trips_d"].to_numpy(),
        "served": state[large], "how": how,
    })[apart].reset_index(drop=True)  # fmt: skip
    return gpd.GeoDataFrame(frame, geometry=shapely.linestrings(ends[apart]), crs=crs)


def places_of_plan(
    fixed: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    column: Ints,
    phases: Mapping[int, Ints],
    order: Ints,
    values: Mapping[str, Floats],
) -> gpd.GeoDataFrame:
    """Put existing stations, chosen sites, spare candidates and failed ones into one layer.

    Parameters
    ----------
    fixed, candidates : GeoDataFrame
        Stations that stay, and all candidates with their verdicts.
    column : ndarray
        Candidate of each column of the question behind the stations that stay.
    phases : mapping of int to ndarray
        New sites (columns) at the end of each phase, by its year.
    order : ndarray
        New sites in the order of building.
    values : mapping of str to ndarray
        Further columns by column of the question.

    Returns
    -------
    GeoDataFrame
        The candidates' columns with ``role``, ``phase_year`` and ``rank`` (missing where not chosen) and the values.
    """
    n = len(fixed)
    year, rank = np.full(n + len(column), np.nan), np.full(n + len(column), np.nan)
    for end, sites in reversed(list(phases.items())):
        year[sites] = end
    rank[order] = np.arange(len(order)) + 1
    have = gpd.GeoDataFrame(
        {"candidate_id": fixed["station_id"].astype(str), "name": fixed.get("name"), "source": "station",
         "kind": fixed.get("kind"), "capacity_kg_d": fixed.get("capacity_kg_d"), "role": FIXED},
        geometry=np.asarray(fixed.geometry.array), crs=candidates.crs,
    )  # fmt: skip
    role = np.where(candidates["verdict"] == "fail", OUT, SPARE).astype(object)
    chosen = np.isfinite(year[n:])
    role[column[chosen]] = [f"new_{int(y)}" for y in year[n:][chosen]]
    rest = candidates.assign(role=role, phase_year=np.nan, rank=np.nan)
    rest.loc[rest.index[column], ["phase_year", "rank"]] = np.column_stack([year[n:], rank[n:]])
    for name, value in values.items():
        rest[name] = np.nan
        rest.loc[rest.index[column], name] = value[n:]
        have[name] = value[:n]
    every = pd.concat([frame.dropna(axis=1, how="all") for frame in (have, rest)], ignore_index=True)
    return gpd.GeoDataFrame(every, geometry="geometry", crs=candidates.crs)


def reach_shapes(
    network: Network, points: AccessPoints, steps: Sequence[float], unit: str, direction: str, *, width_m: float
) -> gpd.GeoDataFrame:
    """Draw the ground within reach of stations, the farthest step first, so that nearer ones lie on top."""
    way = TO_STATION if direction == ROUND_TRIP else direction
    shapes = isochrones(road_reach(network, points, unit=unit, direction=way), steps, width_m=width_m)
    far = shapes.sort_values("threshold", ascending=False, kind="stable", ignore_index=True)
    rank = np.searchsorted(np.sort(np.asarray(steps)), far["threshold"].to_numpy())
    far.insert(0, "step", np.asarray(list(STEP_WORDS), dtype=object)[rank])
    return far


def plan_sites(places: gpd.GeoDataFrame, roles: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """List existing stations and chosen sites in the order of building."""
    mine = places[~places["role"].isin([SPARE, OUT])].sort_values("rank", na_position="first", kind="stable")
    return titled(pd.DataFrame(mine[[name for name in LISTED if name in mine]]).reset_index(drop=True),
                  "既有与规划站点", "Existing and planned stations", role=roles)  # fmt: skip


def exchanges(names: Sequence[str], problem: Problem, target: Ints, within: float, *, each: int = 3) -> pd.DataFrame:
    """Tell which sites may be replaced by which at little loss, the best few of each site.

    Parameters
    ----------
    names : sequence of str
        Names of the columns.
    problem : Problem
        The question in one period.
    target : ndarray
        New sites of the plan.
    within : float
        Loss that is allowed, as a share. [1]
    """
    value, whole = plan_value(problem, target), float(problem.weights.sum())
    plan = replace(solve(problem.with_(new_sites=0)), sites=target, phases=(target,), phase_values=(value,))
    best = alternatives(problem, plan, within).groupby("site", sort=False).head(each)
    out = pd.DataFrame({
        "site": [names[int(i)] for i in best["site"]], "instead": [names[int(i)] for i in best["instead"]],
        "loss": np.maximum(value - best["value"].to_numpy(dtype=np.float64), 0.0) / whole,
    })  # fmt: skip
    return titled(out, "可替换站点", "Sites that may be exchanged")


def gains_alone(problem: Problem) -> Floats:
    """Return the share of all demand that each site alone would cover anew, shape (m,). [1]"""
    open_ = problem.weights * ~covered_by(problem, np.zeros(0, dtype=np.int64))
    return np.asarray(problem.covers().T @ open_ / problem.weights.sum(), dtype=np.float64)


def rules_and_conditions(candidates: pd.DataFrame, rules: pd.DataFrame, around: Mapping[str, Any]) -> pd.DataFrame:
    """Count by rule and by the planner's own conditions."""
    table = by_rule(candidates, rules, around).drop(columns="measured_from")
    own = candidates.loc[candidates["basis"] == OWN, "reason"].value_counts()
    more = pd.DataFrame({"rule_id": own.index, "standard": "规划筛选条件 / planner's own", "held": True,
                         "binds": own.to_numpy(), "fails": own.to_numpy(), "broken": own.to_numpy(),
                         "surveys": 0})  # fmt: skip
    out = pd.concat([table, more], ignore_index=True) if len(more) else table
    return titled(out, "分规则筛选结果", "Eligibility by rule")
