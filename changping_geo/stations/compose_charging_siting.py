"""Where the next charging stations go: the question put together, from pairs, limits and phases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from changping_geo.model import Cards, Parameter
from changping_geo.stations.access import Access
from changping_geo.stations.problem import Problem
from changping_geo.stations.siting import reachable_shares, solve
from changping_geo.stations.snap import AccessPoints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from changping_geo.stations.problem import Siting

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_CHOICE = "a user's choice"
_RANGE = "planning range, unverified"
_PHASES = (("phase_1", "近期", 10, 2027), ("phase_2", "中期", 20, 2030), ("phase_3", "远期", 30, 2035))
CARDS = Cards(
    (
        Parameter(f"new_sites.{name}", count, "1", 0, 5000, _CHOICE + "; counted from the start", verified=True,
                  title_zh=f"新增站数({zh}, 累计)", title_en=f"New stations by the end of {name}")
        for name, zh, count, _ in _PHASES
    ),
    (
        Parameter(f"phase_year.{name}", year, "a", 2000, 2200, _CHOICE, verified=True,
                  title_zh=f"{zh}年份", title_en=f"Year of {name}")
        for name, zh, _, year in _PHASES
    ),
    Parameter("radius_rule", "by_ground", "word", None, None, _CHOICE + ": the core radius on core ground, the other "
              "elsewhere", verified=True, title_zh="服务半径口径", title_en="Which radius counts",
              choices=("by_ground", "one_radius")),
    Parameter("equity", "none", "word", None, None, _CHOICE + ": the worst town first, or a least share of each town",
              verified=True, title_zh="公平性要求", title_en="Equity by town",
              choices=("none", "worst_first", "least_share")),
    Parameter("town_share", 0.5, "1", 0.0, 1.0, _CHOICE + "; towns that cannot have it get what they can",
              verified=True, title_zh="各镇街最低覆盖率", title_en="Least share of each town"),
    Parameter("target_share", 0.9, "1", 0.01, 1.0, _CHOICE, verified=True,
              title_zh="覆盖率目标", title_en="Share of people to be covered"),
    Parameter("new_apart_m", 300.0, "m", 0.0, 10_000.0, _RANGE, verified=False,
              title_zh="新站最小间距", title_en="Least distance between new stations"),
    Parameter("frontier_points", 7, "1", 2, 60, _CHOICE, verified=True,
              title_zh="站数与覆盖率曲线点数", title_en="Points of the curve of new stations"),
    Parameter(name="robust", value=True, unit="1", low=None, high=None, source=_CHOICE, verified=True,
              title_zh="情景稳健性", title_en="Ask scenarios, too"),
    Parameter("radius_swing", 0.2, "1", 0.0, 0.9, _RANGE, verified=False,
              title_zh="情景: 半径变化", title_en="Scenarios: radius less and more"),
    Parameter("demand_swing", 0.3, "1", 0.0, 5.0, _RANGE, verified=False,
              title_zh="情景: 需求变化", title_en="Scenarios: people on core or other ground more"),
    Parameter("aim_minutes", 5.0, "min", 1.0, 120.0, _RANGE, verified=False,
              title_zh="情景: 到站时间", title_en="Scenario by time: longest way"),
)  # fmt: skip


def pairs_within(access: Access, limit: Floats) -> csr_array:
    """Return the pairs of demand and station within each row's own limit, shape (n, m). [m or min]"""
    keep = access.cost <= limit[access.demand]
    shape = (access.n_demand, access.n_stations)
    out = csr_array((access.cost[keep], (access.demand[keep], access.station[keep])), shape=shape)
    out.sort_indices()
    return out


def rivals(xy: Floats, apart_m: float, n_existing: int) -> Ints:
    """Return pairs of candidates nearer than a distance; they stand behind the existing stations, shape (k, 2)."""
    if apart_m <= 0 or len(xy) < 2:  # noqa: PLR2004 - a pair
        return np.empty((0, 2), np.int64)
    pairs = cKDTree(xy).query_pairs(np.nextafter(apart_m, 0.0), output_type="ndarray").reshape(-1, 2)
    return np.asarray(np.sort(pairs, axis=1) + n_existing, dtype=np.int64)


def asked(
    costs: csr_array, persons: Floats, town: Ints, n_existing: int, conflicts: Ints, phases: Sequence[int],
    equity: str, town_share: float,
) -> tuple[Problem, tuple[str, ...]]:  # fmt: skip
    """Put the question: cover most people in nested phases, existing stations fixed.

    Phases that ask for more sites than there are candidates are cut to what there is.

    Returns
    -------
    tuple of Problem and tuple of str
        The question, and what had to be given up.
    """
    free, notes = costs.shape[1] - n_existing, []
    steps = tuple(int(v) for v in np.maximum.accumulate(np.minimum(phases, free)))
    if max(phases) > free:
        notes.append(f"{max(phases)} new stations are asked for, {free} candidates are free: all of them are the limit")
    problem = Problem(
        goal="cover_most", weights=persons, costs=costs, existing=np.arange(n_existing), conflicts=conflicts,
        towns=town, phases=steps, fairest=equity == "worst_first",
    )  # fmt: skip
    if equity == "least_share":
        can = np.nan_to_num(reachable_shares(problem), nan=0.0)
        least = np.minimum(town_share, np.floor(can * 1e9) / 1e9)
        problem = problem.with_(town_share=least)
        notes.append(f"{int((can < town_share).sum())} towns cannot have the least share: they get what they can")
    return problem, tuple(notes)


def how_many(problem: Problem, share: float, *, seconds: float, gap: float) -> tuple[Siting, float]:
    """Ask for the fewest new stations that cover a share of all people; where none can, for the most that can be.

    Returns
    -------
    tuple of Siting and float
        The answer, and the share that was asked for. [1]
    """
    reach = np.diff(problem.costs.indptr) > 0
    can = float(problem.weights[reach].sum() / problem.weights.sum())
    goal = min(share, np.floor(can * 1e6) / 1e6)
    question = problem.with_(goal="cover_share", share=goal, phases=None, fairest=False, town_share=None)
    return solve(question, seconds=seconds, gap=gap), goal


def scenarios(problem: Problem, by_way: Access, by_time: Access, limit: Floats, core: Flags, swings: Mapping[str, float]
              ) -> dict[str, Problem]:  # fmt: skip
    """Return the question under other radii, other demand and by time instead of distance."""
    low, high, more = 1.0 - swings["radius"], 1.0 + swings["radius"], 1.0 + swings["demand"]
    plain = problem.with_(fairest=False, town_share=None)
    return {
        "base": plain,
        "radius_less": plain.with_(costs=pairs_within(by_way, limit * low)),
        "radius_more": plain.with_(costs=pairs_within(by_way, limit * high)),
        "core_more": plain.with_(weights=np.round(problem.weights * np.where(core, more, 1.0))),
        "other_more": plain.with_(weights=np.round(problem.weights * np.where(core, 1.0, more))),
        "by_time": plain.with_(costs=pairs_within(by_time, np.full(len(limit), swings["minutes"]))),
    }


def covered_by(problem: Problem, sites: Ints) -> Flags:
    """Tell which rows a set of stations covers, shape (n,)."""
    taken = np.zeros(problem.n_candidates)
    taken[sites] = 1.0
    out: Flags = problem.covers() @ taken > 0
    return out


def in_order(problem: Problem, answer: Siting, free: Ints) -> pd.DataFrame:
    """Rank the chosen sites: phase by phase, in each the one that covers most anew first.

    Returns
    -------
    DataFrame
        By place (row `free` of each candidate) ``phase``, ``rank``, ``persons_new``: what it adds to all before it.
    """
    covers = problem.covers().tocsc()
    left = np.where(covered_by(problem, problem.existing), 0.0, problem.weights)
    rows: list[tuple[int, int, int, float]] = []
    before = np.empty(0, np.int64)
    for phase, sites in enumerate(answer.phases, 1):
        todo = list(np.setdiff1d(sites, before))
        before = sites
        while todo:
            gain = [float(left[covers.indices[covers.indptr[j] : covers.indptr[j + 1]]].sum()) for j in todo]
            best = todo.pop(int(np.argmax(gain)))
            rows.append((int(best), phase, len(rows) + 1, max(gain)))
            left[covers.indices[covers.indptr[best] : covers.indptr[best + 1]]] = 0.0
    out = pd.DataFrame(rows, columns=["candidate", "phase", "rank", "persons_new"])
    place = pd.Index(free[out["candidate"].to_numpy(dtype=np.intp) - problem.existing.size], name="place")
    return out.drop(columns="candidate").set_index(place)


def share_by_town(problem: Problem, held: Flags) -> Floats:
    """Return the share of each town's people in some rows, by number of the town; missing where nobody lives. [1]"""
    town = problem.towns if problem.towns is not None else np.full(len(held), -1)
    known = town >= 0
    whole = np.bincount(town[known], problem.weights[known])
    part = np.bincount(town[known], (problem.weights * held)[known])
    share: Floats = np.divide(part, whole, out=np.full(whole.size, np.nan), where=whole > 0)
    return share


def together(stations: AccessPoints, candidates: AccessPoints, rows: Ints) -> AccessPoints:
    """Return stations and some candidates behind them as one set of access points."""
    return AccessPoints(*(
        np.concatenate([getattr(stations, name), getattr(candidates, name)[rows]])
        for name in ("xy", "edge", "along_m", "straight_m", "leg_m", "minutes", "reason", "moved")
    ))  # fmt: skip


def table_of(covers: csr_array) -> Access:
    """Return pairs that cover as a table of access without costs."""
    by_station = covers.tocsc()
    return Access(
        covers.shape[0], by_station.indptr.astype(np.int64), by_station.indices.astype(np.int32),
        np.zeros(by_station.nnz), 0.0, "m", "covers",
    )  # fmt: skip
