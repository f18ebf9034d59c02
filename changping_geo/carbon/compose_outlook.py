"""The outlook as tables: by town and year, by method, plans, ages, breaks of the published series, targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.carbon.age_classes import advance, age_classes, class_table
from changping_geo.carbon.compose_growth import closed, trees_of
from changping_geo.carbon.compose_words import NOTES, titled
from changping_geo.carbon.goals import Goal, check_goal, goal_table, stock_by_town
from changping_geo.carbon.planting import plan_table
from changping_geo.carbon.targets import probability_of_reaching
from changping_geo.carbon.trend import break_test, by_rate, extrapolate
from changping_geo.carbon.units import co2_of
from changping_geo.geo.assign import DISTRICT, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from changping_geo.carbon.age_classes import AgeClasses
    from changping_geo.carbon.compose_growth import Outlook

Floats = NDArray[np.float64]

#: Width of an age class, and the age at which the open one begins. [a]
CLASS_A, OLDEST_A = 10.0, 100.0
FLOWS = ("growth_m3", "planting_m3", "harvest_m3", "land_change_m3")


def projection_table(outlook: Outlook, codes: Sequence[str]) -> pd.DataFrame:
    """Return area, volume with P10 and P90, its account since the year before, and carbon of trees, by town and year.

    Returns
    -------
    DataFrame
        ``town_code``, ``year``, and the columns. [ha, m3, t C]
    """
    run, drawn = outlook.planned, outlook.drawn
    blocks = []
    for at, year in enumerate(run.years):
        values = pd.DataFrame({name: array[:, at, 0] for name, array in run.arrays.items()})
        values["trees_t_c"] = trees_of(outlook, run, year)["carbon_t"].to_numpy()
        table = closed(values.groupby(run.groups["town_code"]).sum(), codes)
        ends = [
            np.percentile(drawn.draws("volume_m3", year, None if code == DISTRICT else code), [10.0, 90.0])
            for code in table.index
        ]
        table.insert(2, "volume_p10_m3", [low for low, _ in ends])
        table.insert(3, "volume_p90_m3", [high for _, high in ends])
        blocks.append(table.reset_index().assign(year=year))
    out = pd.concat(blocks, ignore_index=True)
    return titled(out[["town_code", "year", *(c for c in out if c not in ("town_code", "year"))]],
                  "分镇街蓄积预测", "Projection by town")  # fmt: skip


def method_table(
    outlook: Outlook, series: pd.DataFrame | None, *, beyond_limit_share: float, site_factor_max: float, alpha: float,
    rate_max: float, on_break: str,
) -> pd.DataFrame:  # fmt: skip
    """Return the district's volume by stands, by age classes, and by the rate of published series, with warnings.

    Returns
    -------
    DataFrame
        ``method``, ``year``, ``volume_m3`` [m3], ``rate`` [1/a], ``warning``.
    """
    run = outlook.planned
    rows: list[tuple[str, int, float, float, str]] = [
        ("stands", year, float(run.draws("volume_m3", year)[0]), np.nan, "") for year in run.years
    ]
    state = _classes(outlook, site_factor_max)
    for year in run.years:
        later = advance(state, outlook.curves, year - outlook.baseline, beyond_limit_share)
        told = "without plans; stands surveyed earlier are not grown up to the baseline"
        rows.append(("age classes", year, float(later.volume_m3.sum()), np.nan, told))
    start = float(run.draws("volume_m3", outlook.baseline)[0])
    for region, group in () if series is None else series.groupby("region", sort=False):
        found = break_test(group, alpha=alpha, rate_max=rate_max)
        name = f"rate of {region}"
        if found.found and on_break == "refuse":
            rows.append((name, outlook.years[-1], np.nan, np.nan, f"not extrapolated: {'; '.join(found.reasons)}"))
            continue
        last = int(group["year"].max())
        step = extrapolate(group, [last], alpha=alpha, rate_max=rate_max, on_break="warn").iloc[0]
        rate = max(float(step["rate"]), 0.0)
        rows += [
            (name, year, float(by_rate(start, rate, year - outlook.baseline)), rate, str(step["warning"]))
            for year in run.years
        ]
    table = pd.DataFrame(rows, columns=["method", "year", "volume_m3", "rate", "warning"])
    return titled(table, "蓄积预测方法比较", "Projection by method")


def break_table(series: pd.DataFrame | None, *, alpha: float, rate_max: float) -> pd.DataFrame:
    """Return the intervals of every published series with their rates, and the signs of a break."""
    blocks = []
    for region, group in () if series is None else series.groupby("region", sort=False):
        found = break_test(group, alpha=alpha, rate_max=rate_max)
        blocks.append(found.intervals.assign(region=region, p_value=found.p_value, reasons="; ".join(found.reasons)))
    columns = ["region", "year_from", "year_to", "rate", "too_fast", "basis_changes", "p_value", "reasons"]
    table = pd.concat(blocks, ignore_index=True)[columns] if blocks else pd.DataFrame(columns=columns)
    return titled(table, "公布序列断点检验", "Break test of the published series")


def age_table(outlook: Outlook, site_factor_max: float) -> pd.DataFrame:
    """Return area and volume by age class; stands without an age stand in the class of the age assumed."""
    table = class_table(_classes(outlook, site_factor_max)).groupby("age_from_a")[["area_ha", "volume_m3"]].sum()
    table = table.reset_index()
    table.insert(1, "age_to_a", [*table["age_from_a"][1:], np.nan])
    table["volume_m3_ha"] = table["volume_m3"] / table["area_ha"].where(table["area_ha"] > 0)
    return titled(table, "分龄级", "By age class")


def _classes(outlook: Outlook, most: float) -> AgeClasses:
    return age_classes(outlook.parts, outlook.curves, CLASS_A, OLDEST_A, most)


def plan_tables(outlook: Outlook) -> dict[str, pd.DataFrame]:
    """Return the plans as converted, and what they change of the district's volume and carbon, year by year."""
    with_, without = outlook.planned, outlook.bare
    rows = []
    for year in outlook.planned.years:
        one, other = (float(run.draws("volume_m3", year)[0]) for run in (with_, without))
        flows = [float(with_.draws(name, year)[0]) for name in FLOWS]
        carbon = sum(
            sign * float(trees_of(outlook, run, year)["carbon_t"].sum()) for sign, run in ((1, with_), (-1, without))
        )
        rows.append((year, one, other, one - other, co2_of(carbon), *flows))
    columns = ["year", "with_plans_m3", "without_plans_m3", "effect_m3", "effect_t_co2", *FLOWS]
    return {
        "plans": titled(plan_table(outlook.events), "造林与采伐计划", "Planting and harvest"),
        "plan_account": titled(pd.DataFrame(rows, columns=columns), "计划收支", "Account of the plans"),
    }


def note_tables(outlook: Outlook) -> dict[str, pd.DataFrame]:
    """Return what was capped, held or extrapolated, and the ages that were assumed."""
    notes = outlook.planned.notes.copy()
    notes.insert(
        0, "what_zh", [next((zh for head, zh in NOTES.items() if w.startswith(head)), "") for w in notes["what"]]
    )
    return {
        "projection_notes": titled(notes, "预测说明", "Notes on the projection"),
        "assumed_ages": titled(outlook.ages.table.reset_index(), "推定林龄", "Ages assumed"),
    }


def goals_of(targets: pd.DataFrame | None, indicator: str) -> list[Goal]:
    """Return the targets that a plan sets for an indicator."""
    if targets is None:
        return []
    rows = targets[(targets["indicator"] == indicator) & targets["year"].notna()]
    return [
        Goal(indicator, float(target), str(unit), int(year), str(operator))
        for target, unit, year, operator in rows[["target", "unit", "year", "operator"]].itertuples(index=False)
    ]


def volume_goals(
    outlook: Outlook, volume: pd.Series, goals: Sequence[Goal], codes: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Return the forest stock against its targets, and each town's share of the nearest one.

    Parameters
    ----------
    outlook : Outlook
        With the targets' years among its own.
    volume : Series
        By town, ``outside`` and ``district``. [m3]
    goals : sequence of Goal
        Targets; those before the baseline are left out.
    codes : sequence of str
        Town codes.

    Returns
    -------
    dict of str to DataFrame
        ``targets`` and ``target_by_town``.
    """
    open_ = [goal for goal in goals if goal.year >= outlook.baseline]
    rows = [
        check_goal(
            goal, float(volume[DISTRICT]), outlook.baseline,
            at_target=outlook.drawn.draws("volume_m3", goal.year),
            numerator="volume of the stands", denominator="",
        )
        for goal in open_
    ]  # fmt: skip
    out = {"targets": goal_table(rows)}
    if open_ and volume[DISTRICT] > 0:
        shares = stock_by_town(volume[[*codes, OUTSIDE]], open_[0], outlook.baseline)
        out["target_by_town"] = titled(
            shares.rename_axis("town_code"), "蓄积目标分摊", "The target shared out to towns"
        )
    return out


def ends(draws: Floats) -> tuple[float, float]:
    """Return P10 and P90 of draws. [unit of the draws]"""
    low, high = np.percentile(draws, [10.0, 90.0])
    return float(low), float(high)


def chance(outlook: Outlook, goal: Goal) -> float:
    """Return the probability that the forest stock reaches a target by its year. [1]"""
    return probability_of_reaching(outlook.drawn.draws("volume_m3", goal.year), goal.target, goal.operator)
