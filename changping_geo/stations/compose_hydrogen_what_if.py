"""What if: other numbers of stations, other demand, other reach; every answer with its bound.

References
----------
Snyder, 2006. Facility location under uncertainty: a review. doi:10.1080/07408170500216480
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.model import Cards, Parameter
from changping_geo.stations.siting import plan_value, solve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from changping_geo.stations.compose_hydrogen import Demand
    from changping_geo.stations.problem import Problem, Siting

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

_RANGE = "planning range, unverified"
CARDS = Cards(
    Parameter("what_if_gap", 0.02, "1", 0.0, 0.2, "a choice of the planner: variants need no sharper proof",
              verified=True, title_zh="情景求解的可接受差距", title_en="Gap at which variants may stop"),
    Parameter("scenario_draws", 4, "count", 0, 100, "a choice of the planner", verified=True,
              title_zh="随机需求情景数", title_en="Draws of demand"),
    Parameter("scenario_spread", 0.3, "1", 0.0, 2.0, _RANGE + ": standard deviation of the logarithm, by town "
              "and purpose", verified=False, title_zh="需求随机幅度", title_en="Spread of drawn demand"),
    Parameter("scenario_seed", 1, "1", 0, 2**31 - 1, "any whole number", verified=True,
              title_zh="随机种子", title_en="Seed of the draws"),
)  # fmt: skip

BASE, DRAWN = "base", "drawn"
SCENARIOS = {
    BASE: ("基准", "as planned"),
    "reach_short": ("服务距离×0.75", "reach × 0.75"),
    "reach_long": ("服务距离×1.25", "reach × 1.25"),
    "detour_short": ("允许绕行×0.5", "detour × 0.5"),
    "detour_long": ("允许绕行×1.5", "detour × 1.5"),
    "freight_twice": ("货运出行×2", "freight trips × 2"),
    "buses_twice": ("公交环卫出行×2", "buses and sanitation × 2"),
    "trips_only": ("仅重型车出行", "trips alone"),
    "persons_only": ("仅人口", "people alone"),
    "minutes_peak": ("高峰车速, 按时间", "reach in minutes at the peak"),
    "minutes_free": ("自由流车速, 按时间", "reach in minutes, free flow"),
    DRAWN: ("随机需求", "drawn demand"),
}
#: Limits up to which tables are needed for the scenarios, over the limits that count. [1]
WIDEST_REACH, WIDEST_DETOUR = 1.25, 1.5
_FREIGHT, _BUSES = ("city_logistics", "trunk_freight", "cold_chain"), ("bus", "sanitation")


@dataclass(frozen=True, slots=True)
class Draws:
    """How demand is drawn: number, standard deviation of the logarithm [1], seed."""

    number: int
    spread: float
    seed: int


def scenarios(demand: Demand, timed: Mapping[str, Demand], draws: Draws) -> dict[str, Demand]:
    """Vary demand, reach and speed.

    Parameters
    ----------
    demand : Demand
        What is planned for, its tables wide enough for the longest reach.
    timed : mapping of str to Demand
        The same with reach in minutes, by scenario.
    draws : Draws
        How demand is drawn.

    Returns
    -------
    dict of str to Demand
        By word of `SCENARIOS`, drawn ones numbered.
    """
    purpose, kind = demand.rows["purpose"], demand.rows["kind"]
    alone = {word: {k: float(k == word) for k in demand.mix} for word in ("trips", "persons")}
    out = {
        BASE: demand,
        "reach_short": demand.scaled(reach=0.75),
        "reach_long": demand.scaled(reach=WIDEST_REACH),
        "detour_short": demand.scaled(detour=0.5),
        "detour_long": demand.scaled(detour=WIDEST_DETOUR),
        "freight_twice": demand.reweighted(np.where(purpose.isin(_FREIGHT), 2.0, 1.0)),
        "buses_twice": demand.reweighted(np.where(purpose.isin(_BUSES), 2.0, 1.0)),
        **{f"{word}_only": demand.mixed(mix) for word, mix in alone.items() if (kind == word).any()},
        **timed,
    }
    rng = np.random.default_rng(draws.seed)
    group = demand.rows.groupby(["kind", "town", "purpose"]).ngroup().to_numpy()
    for k in range(draws.number):
        out[f"{DRAWN}_{k + 1}"] = demand.reweighted(rng.lognormal(0.0, draws.spread, group.max() + 1)[group])
    return out


def variants(problem: Problem, varied: Mapping[str, Demand], new_sites: int) -> dict[str, Problem]:
    """Ask the plan's question for each scenario, in one period and without least shares of towns."""
    one = problem.with_(phases=None, new_sites=new_sites, exactly=False, town_share=None)
    return {word: one.with_(weights=demand.weights(), costs=demand.costs()) for word, demand in varied.items()}


@dataclass(frozen=True, slots=True)
class Robust:
    """Scenarios laid side by side.

    Attributes
    ----------
    table : DataFrame
        By scenario: what its own best plan reaches, what the recommended plan reaches there, ``regret``
        and what it is at most, by the bound [1], gap.
    often : ndarray
        Share of scenarios whose best plan holds each candidate, shape (m,). [1]
    """

    table: pd.DataFrame
    often: Floats


def robust(questions: Mapping[str, Problem], recommended: Ints, *, seconds: float, gap: float) -> Robust:
    """Solve every scenario, and value the recommended sites in each.

    Parameters
    ----------
    questions : mapping of str to Problem
        Questions in one period on the same candidates.
    recommended : ndarray
        New sites of the plan.
    seconds : float
        Time limit of the whole. [s]
    gap : float
        Gap at which each may stop. [1]
    """
    often = np.zeros(next(iter(questions.values())).n_candidates)
    rows = []
    for word, problem in questions.items():
        best = solve(problem, seconds=seconds / len(questions), gap=gap)
        ours, whole = plan_value(problem, recommended), float(problem.weights.sum())
        often[best.sites] += 1.0 / len(questions)
        top = max(best.value, ours)  # within its gap the scenario's own plan may be the lesser one
        shared = float(np.isin(recommended, best.sites).mean()) if recommended.size else 1.0
        lost = (1.0 - ours / worth if worth > 0 else 0.0 for worth in (top, max(best.bound, ours)))
        rows.append((word, top / whole, ours / whole, *lost, shared, best.gap))
    columns = ["scenario", "best_share", "plan_share", "regret", "regret_bound", "sites_shared", "gap"]
    return Robust(pd.DataFrame(rows, columns=columns), often)


def frontier(
    problem: Problem, demand: Demand, up_to: int, *, seconds: float, gap: float
) -> tuple[pd.DataFrame, list[Siting]]:
    """Ask what each number of new stations can reach, from none to `up_to`, without least shares of towns.

    Returns
    -------
    tuple
        By ``new_sites``: share of each kind of demand and of the mix [1], worst town's share [1], bound of the mix [1],
        gap [1], how good the answer is; and the answers.
    """
    whole, rows, answers = float(problem.weights.sum()), [], []
    for number in range(up_to + 1):
        one = problem.with_(phases=None, new_sites=number, exactly=False, town_share=None)
        best = solve(one, seconds=seconds / (up_to + 1), gap=gap)
        shares = demand.shares(best.already_covered | best.newly_covered)
        worst = float(np.nanmin(best.town_after)) if np.isfinite(best.town_after).any() else np.nan
        row: dict[str, Any] = {"new_sites": number, **{f"{kind}_share": share for kind, share in shares.items()}}
        bound = min(best.bound / whole, 1.0) if problem.goal == "cover_most" else best.bound / whole
        rows.append({**row, "mix_share": best.value / whole, "worst_town_share": worst, "mix_bound": bound,
                     "gap": best.gap, "said_zh": best.said[0], "said_en": best.said[1]})  # fmt: skip
        answers.append(best)
    return pd.DataFrame(rows), answers


def needed(curve: pd.DataFrame, column: str, aims: Sequence[float], existing: int) -> pd.DataFrame:
    """Read from the frontier how many new stations a share asks for.

    Returns
    -------
    DataFrame
        ``share`` aimed at [1], ``new_sites`` and ``stations`` in all, missing where the frontier ends below it.
    """
    rows = []
    for aim in aims:
        enough = curve.loc[curve[column] >= aim, "new_sites"]
        number = float(enough.iloc[0]) if len(enough) else np.nan
        rows.append((aim, number, number + existing))
    return pd.DataFrame(rows, columns=["share", "new_sites", "stations"])
