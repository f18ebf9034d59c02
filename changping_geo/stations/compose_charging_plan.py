"""The answer to where charging stations go: proofs, phases, sites, scenarios as tables and a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from changping_geo.made import Made
from changping_geo.stations.candidates_charging import REASONS, SOURCES
from changping_geo.stations.compose_charging_siting import covered_by, share_by_town
from changping_geo.stations.compose_charging_words import SITING_HEADINGS, YES_NO
from changping_geo.stations.eligibility import FAIL, VERDICTS
from changping_geo.stations.siting import alternatives, solve
from changping_geo.stations.siting_robust import robustness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from changping_geo.stations.problem import Problem, Siting

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

#: Places told for each site that could stand in for it.
MOST_ALTERNATIVES = 5
GOAL_ZH = {"phases": "分期选址(覆盖最多人口)", "how_many": "达到目标所需站数", "worst_first": "先保最低镇街"}
SCENARIOS_ZH = {
    "base": "基准", "radius_less": "半径缩小", "radius_more": "半径放大", "core_more": "核心区需求增加",
    "other_more": "其他地区需求增加", "by_time": "按到站时间", "all": "各情景合并",
}  # fmt: skip


def robust_tables(
    questions: Mapping[str, Problem], ids: NDArray[np.object_], n_existing: int, seconds: float
) -> tuple[pd.DataFrame, dict[str, tuple[pd.DataFrame, str, str]]]:
    """Return in which share of the scenarios each site is chosen, and the tables of scenarios with their titles."""
    if not questions:
        return pd.DataFrame({"site_id": ids, "chosen_in": np.nan}), {}
    found = robustness(questions, seconds=seconds)
    often = found.chosen.reset_index()
    often.insert(0, "site_id", ids[often["candidate"].to_numpy() - n_existing])
    often = often.drop(columns="candidate").rename(columns={"probability": "chosen_in"})
    often = often.sort_values(["chosen_in", "site_id"], ascending=[False, True], ignore_index=True)
    words = often.replace({True: "yes", False: "no"}) if len(often) else often
    regret = found.regret.rename_axis("plan").reset_index()
    regret.insert(1, "plan_zh", regret["plan"].map(SCENARIOS_ZH))
    regret["status_en"] = [found.answers[name].said[1] for name in regret["plan"]]
    regret["recommended"] = np.where(regret["plan"] == found.recommended, "yes", "no")
    sheets = {
        "robustness": (words, "各情景入选的场址", "Sites by scenario"),
        "regret": (regret, "各方案的后悔值", "Regret of each plan"),
    }
    return often[["site_id", "chosen_in"]], sheets


def people_table(problem: Problem, answer: Siting) -> pd.DataFrame:
    """Return by row of demand who is covered before and after, who is new, and who is out of all reach."""
    persons = problem.weights
    before = covered_by(problem, problem.existing)
    after = covered_by(problem, np.concatenate([problem.existing, answer.sites]))
    lost = np.diff(problem.covers().indptr) == 0
    return pd.DataFrame({
        "persons": persons, "persons_before": persons * before, "persons_after": persons * after,
        "persons_gained": persons * (after & ~before), "persons_out_of_reach": persons * lost,
    })  # fmt: skip


def site_counts(sites: pd.DataFrame) -> pd.DataFrame:
    """Return what each place adds to the counts of its town."""
    chosen = sites["rank"].notna()
    return pd.DataFrame({
        "candidates": sites["verdict"] != FAIL, "places_failed": sites["verdict"] == FAIL, "new_sites": chosen,
        "plugs_new": sites["plugs_needed"].fillna(0.0), "pv_sites": chosen & (sites["pv_storage"] == "yes"),
    }).astype(np.float64)  # fmt: skip


def told_of(goal: float, target: float) -> tuple[str, ...]:
    """Say which share was asked for."""
    return (f"asked for {goal:.1%} of people" + ("" if goal >= target else ", all that any plan can cover"),)


def proof_row(question: str, problem: Problem, answer: Siting, notes: Sequence[str] = ()) -> dict[str, object]:
    """Return one line of the table of proofs."""
    held = covered_by(problem, np.concatenate([problem.existing, answer.sites]))
    return {
        "question": question, "question_zh": GOAL_ZH[question], "new_sites": len(answer.sites), "value": answer.value,
        "bound": answer.bound, "gap": answer.gap, "status_zh": answer.said[0], "status_en": answer.said[1],
        "method": answer.method, "seconds": answer.seconds, "persons_covered": float(problem.weights[held].sum()),
        "note_en": "; ".join((*notes, *answer.notes)),
    }  # fmt: skip


def phase_table(problem: Problem, answer: Siting, years: Sequence[int], names: Sequence[str]) -> pd.DataFrame:
    """Return what each phase reaches: sites, people covered, the worst town before and after."""
    whole, rows = float(problem.weights.sum()), []
    for number, (year, sites) in enumerate([(0, np.empty(0, np.int64)), *zip(years, answer.phases, strict=True)]):
        held = covered_by(problem, np.concatenate([problem.existing, sites]))
        share = share_by_town(problem, held)
        worst = int(np.nanargmin(share)) if np.isfinite(share).any() else -1
        covered = float(problem.weights[held].sum())
        told = str(year) if year else ""
        rows.append({"phase": number, "year": told, "new_sites": len(sites), "persons_covered": covered,
                     "share": covered / whole, "worst_town": names[worst] if worst >= 0 else "",
                     "worst_share": share[worst] if worst >= 0 else np.nan})  # fmt: skip
    return pd.DataFrame(rows)


def candidate_layer(table: pd.DataFrame, years: Sequence[int], crs: object) -> Made:
    """Return all candidates as points, the chosen with phase and rank, the failed with their reason."""
    columns = [name for name in table.columns if name not in {"x", "y"}]
    frame = gpd.GeoDataFrame(table[columns], geometry=gpd.points_from_xy(table["x"], table["y"]), crs=crs)
    words = {
        "source": SOURCES, "reason": REASONS, "verdict": VERDICTS, "pv_storage": YES_NO,
        "choice": {**{f"phase_{k}": (f"第{k}期({year})", f"phase {k} ({year})") for k, year in enumerate(years, 1)},
                   "candidate": ("候选", "candidate"), "failed": ("不通过", "failed")},
    }  # fmt: skip
    headings = {name: SITING_HEADINGS[name] for name in columns if name in SITING_HEADINGS}
    return Made("充电站候选与选址", "Candidates and sites of charging", frame.reset_index(drop=True), headings, words,
                "site_id")  # fmt: skip


def site_table(
    places: pd.DataFrame, free: Ints, ranked: pd.DataFrame, alone: Floats, chosen: Ints, served: Floats,
    plugs: pd.Series, years: Sequence[int],
) -> pd.DataFrame:  # fmt: skip
    """Return all places with what the plan says of them.

    Parameters
    ----------
    places : DataFrame
        Screened places.
    free : ndarray
        Rows that were candidates, shape (m,).
    ranked : DataFrame
        By row of a chosen place ``phase``, ``rank``, ``persons_new``.
    alone : ndarray
        What each candidate would cover anew by itself, shape (m,). [persons]
    chosen : ndarray
        Chosen candidates, shape (k,).
    served, plugs : ndarray
        People to whom each chosen site is the nearest [persons], plugs for them, shape (k,).
    years : sequence of int
        Years of the phases.
    """
    out = places.copy()
    out["choice"] = np.where(out["verdict"] == FAIL, "failed", "candidate")
    out.loc[ranked.index, "choice"] = [f"phase_{k}" for k in ranked["phase"]]
    out["phase_year"] = pd.Series([years[k - 1] for k in ranked["phase"]], ranked.index, dtype=np.float64)
    out["rank"] = ranked["rank"].astype(np.float64)
    out["persons_new"] = ranked["persons_new"].astype(np.float64)
    out["persons_alone"] = pd.Series(alone, free)
    out["persons_nearest"] = pd.Series(served, free[chosen])
    out["plugs_needed"] = pd.Series(plugs.to_numpy(dtype=np.float64), free[chosen])
    out["plugs_over_room"] = (out["plugs_needed"] - out["room_plugs"]).clip(lower=0.0)
    lead = ["site_id", "name", "source", "choice", "phase_year", "rank", "verdict", "reason", "persons_new",
            "persons_alone", "persons_nearest", "room_plugs", "plugs_needed", "plugs_over_room"]  # fmt: skip
    return out[[*lead, *(name for name in out.columns if name not in lead)]]


def chosen_table(places: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the chosen places by rank, their years as words."""
    held = places[places["rank"].notna()].drop(columns=["geometry", "reason"]).sort_values("rank")
    year = [str(int(value)) for value in held["phase_year"]]
    return pd.DataFrame(held).assign(rank=held["rank"].astype(np.int64), phase_year=year)


def screening_table(sites: pd.DataFrame) -> pd.DataFrame:
    """Count places by kind and reason: how many there are, passed, were chosen."""
    frame = sites.assign(candidates=1, passed=sites["verdict"] != FAIL, chosen=sites["rank"].notna())
    out = frame.groupby(["source", "reason"])[["candidates", "passed", "chosen"]].sum().reset_index()
    out.insert(1, "source_zh", [SOURCES[word][0] for word in out["source"]])
    out.insert(3, "reason_zh", [REASONS[word][0] for word in out["reason"]])
    return out


def exchange_table(
    problem: Problem, answer: Siting, within: float, ids: NDArray[np.object_], n_existing: int
) -> pd.DataFrame:
    """Return for every chosen site the places that would do almost as well, five at most."""
    one = problem.with_(phases=None, new_sites=problem.steps[-1], fairest=False, town_share=None)
    found = alternatives(one, answer, within)
    best = found.groupby("site", sort=False).head(MOST_ALTERNATIVES)
    value = answer.phase_values[-1]
    return pd.DataFrame({
        "site": ids[best["site"].to_numpy(dtype=np.intp) - n_existing],
        "instead": ids[best["instead"].to_numpy(dtype=np.intp) - n_existing],
        "persons_covered": best["value"].to_numpy(), "loss": 1.0 - best["value"].to_numpy() / value,
    })  # fmt: skip


def headed(frame: pd.DataFrame, zh: str, en: str, headings: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    """Return a table with its titles and headings; scenarios by their names."""
    out = pd.DataFrame(frame).reset_index(drop=True)
    named = {name: (zh_name, name.replace("_", " ")) for name, zh_name in SCENARIOS_ZH.items()}
    known = {name: (named | dict(headings))[name] for name in out.columns if name in headings or name in named}
    out.attrs = {"title_zh": zh, "title_en": en, "headings": known}
    return out


def with_shares(by_town: pd.DataFrame) -> pd.DataFrame:
    """Return the table of towns with the shares of people covered before and after."""
    whole = by_town["persons"].where(by_town["persons"] > 0)
    return by_town.assign(**{f"share_{name}": by_town[f"persons_{name}"] / whole for name in ("before", "after")})


def frontier_table(problem: Problem, points: int, *, seconds: float) -> pd.DataFrame:
    """Return what growing numbers of new stations reach, each planned by itself for most people, equity left aside.

    Parameters
    ----------
    problem : Problem
        The question in phases; the last phase's number is the largest.
    points : int
        Numbers asked for, spread evenly from none to the largest.
    seconds : float
        Time limit of the whole. [s]
    """
    whole, rows = float(problem.weights.sum()), []
    for count in np.unique(np.round(np.linspace(0, problem.steps[-1], points)).astype(int)):
        question = problem.with_(phases=None, new_sites=int(count), town_share=None, fairest=False)
        answer = solve(question, seconds=seconds / points)
        rows.append({"new_sites": int(count), "persons_covered": answer.value, "share": answer.value / whole,
                     "worst_share": float(np.nanmin(answer.town_after)), "bound": answer.bound, "gap": answer.gap,
                     "status_zh": answer.said[0], "status_en": answer.said[1]})  # fmt: skip
    return pd.DataFrame(rows)
