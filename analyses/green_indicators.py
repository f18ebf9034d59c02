"""Urban green coverage and park green per person of the built-up area, by town and against the plan.

Method (docs/methods/carbon.md, section 8): what green covers of the built-up area is the union of all footprints, so
that a place under two layers counts once; park green per person is park area inside the built-up area over the people
who live in it. Numerator and denominator stand beside each ratio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from changping_geo.carbon.compose_green import around, piece_values, spelled_out, town_columns
from changping_geo.carbon.compose_outlook import goals_of
from changping_geo.carbon.compose_words import named
from changping_geo.carbon.goals import check_goal, goal_table
from changping_geo.carbon.indicators import green_coverage, park_green_per_person
from changping_geo.geo.assign import DISTRICT
from changping_geo.model import Cards, Output, Parameter, Result
from changping_geo.plan.indicators import Indicator, indicator_tables

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

TITLE = ("城市绿化", "Urban green")

OPTIONAL = ("forest", "target_table")

#: The plan's codes, and the area that both are of.
COVERAGE, PER_PERSON, SCOPE = "urban_green_coverage", "park_green_per_person", "built-up area"

_RANGE = "planning range, unverified"
PARAMETERS = Cards(
    Parameter("survey_year", 2023, "a", 1900, 2200, "set it with the layers that are delivered", verified=False,
              title_zh="绿地与人口数据年份", title_en="Year of the layers of green and people"),
    Parameter("footprint_doubt", 0.05, "1", 0.0, 0.5, _RANGE, verified=False,
              title_zh="相对标准差: 绿地面积", title_en="Relative standard deviation: area of green"),
    Parameter("built_up_doubt", 0.03, "1", 0.0, 0.5, _RANGE, verified=False,
              title_zh="相对标准差: 建成区面积", title_en="Relative standard deviation: built-up area"),
    Parameter("people_doubt", 0.03, "1", 0.0, 0.5, _RANGE, verified=False,
              title_zh="相对标准差: 人口", title_en="Relative standard deviation: people"),
    Parameter("indicator_draws", 1000, "1", 10, 100_000, "as for the other analyses", verified=True,
              title_zh="抽样次数", title_en="Draws"),
)  # fmt: skip

OUTPUTS = tuple(
    Output(name, unit, zh, en, formula, extensive, short)
    for name, unit, zh, en, formula, extensive, short in (
        ("built_up_m2", "m2", "建成区面积", "Built-up area", "union of the layer built_up in the town",
         True, "built_m2"),
        ("green_m2", "m2", "绿化覆盖面积", "Area under green",
         "union of parks, urban_green and forest inside the built-up area", True, "green_m2"),
        ("green_coverage_percent", "%", "绿化覆盖率", "Green coverage", "100 × green_m2 / built_up_m2",
         False, "cover_pct"),
        ("green_lacking_m2", "m2", "距目标缺绿面积", "Green that lacks to the target",
         "max(target × built_up_m2 - green_m2, 0), town by town; missing without a target", False, "lack_green"),
        ("park_m2", "m2", "建成区公园绿地面积", "Park green in the built-up area",
         "union of parks inside the built-up area", True, "park_m2"),
        ("park_all_m2", "m2", "公园绿地面积(含建成区外)", "Park green anywhere", "union of parks in the town", True,
         "park_all"),
        ("persons", "persons", "建成区人口", "People in the built-up area",
         "points inside count whole, cells by the share of their area", True, "persons"),
        ("persons_all", "persons", "常住人口", "People anywhere", "population of the town", True, "people_all"),
        ("park_m2_per_person", "m2/person", "建成区人均公园绿地面积", "Park green per person", "park_m2 / persons",
         False, "park_pp"),
        ("park_lacking_m2", "m2", "距目标缺公园面积", "Park green that lacks to the target",
         "max(target × persons - park_m2, 0), town by town; missing without a target", False, "lack_park"),
    )
)  # fmt: skip
HEADLINE = ("green_coverage_percent", "park_m2_per_person", "built_up_m2", "green_m2", "park_m2", "persons")


def compute(
    towns: gpd.GeoDataFrame,
    built_up: gpd.GeoDataFrame,
    urban_green: gpd.GeoDataFrame,
    parks: gpd.GeoDataFrame,
    population: gpd.GeoDataFrame,
    forest: gpd.GeoDataFrame | None = None,
    target_table: pd.DataFrame | None = None,
    *,
    survey_year: int = PARAMETERS["survey_year"],
    footprint_doubt: float = PARAMETERS["footprint_doubt"],
    built_up_doubt: float = PARAMETERS["built_up_doubt"],
    people_doubt: float = PARAMETERS["people_doubt"],
    indicator_draws: int = PARAMETERS["indicator_draws"],
) -> Result:
    """Measure both indicators in every town.

    Raises
    ------
    GeoError
        If a layer does not hold what the method needs, or towns overlap.
    """
    targets = {code: goals_of(target_table, code) for code in (COVERAGE, PER_PERSON)}
    first = {code: goals[0].target if goals else None for code, goals in targets.items()}
    # 1. Coverage: parks own the ground first, then other green, then woods; a place counts once
    sources = {"parks": parks, "urban_green": urban_green} | ({} if forest is None else {"forest": forest})
    wanted = first[COVERAGE]
    cover = green_coverage(sources, built_up, towns, None if wanted is None else wanted / 100.0)
    # 2. Park green per person, numerator and denominator apart
    park = park_green_per_person(parks, built_up, towns, population, first[PER_PERSON])
    by_town = town_columns(cover, park)
    # 3. How sure the ratios are, and what the plan asks for
    spread = {COVERAGE: np.hypot(footprint_doubt, built_up_doubt), PER_PERSON: np.hypot(footprint_doubt, people_doubt)}
    column = {COVERAGE: "green_coverage_percent", PER_PERSON: "park_m2_per_person"}
    value = {code: float(by_town[name][DISTRICT]) for code, name in column.items()}
    drawn = {code: around(code, value[code], float(spread[code]), indicator_draws) for code in column}
    words = spelled_out(list(sources), park.attrs["share_method"])
    rows = [
        check_goal(goal, value[code], survey_year, at_target=drawn[code], **words[code])
        for code, goals in targets.items()
        for goal in goals
        if goal.year >= survey_year and np.isfinite(value[code])
    ]
    ends = {code: np.percentile(draws, [10.0, 90.0]) if draws.size else (np.nan, np.nan)
            for code, draws in drawn.items()}  # fmt: skip
    told = [
        Indicator(
            code, value[code], unit, survey_year, definition_zh, definition_en, SCOPE, float(ends[code][0]),
            float(ends[code][1]),
            by_town={str(town): float(v) for town, v in by_town[column[code]].iloc[:-2].dropna().items()},
        )
        for code, unit, definition_zh, definition_en in (
            (COVERAGE, "%", "建成区内绿化投影面积(各图层并集)÷建成区面积",
             "union of all green footprints inside the built-up area / built-up area"),
            (PER_PERSON, "m2/person", "建成区内公园绿地面积÷建成区人口",
             "park green inside the built-up area / people living in it"),
        )
    ]  # fmt: skip
    names = [output.name for output in OUTPUTS]
    return Result(
        by_town=named(by_town[names], towns),
        features={"built_up": piece_values(sources, built_up)},
        tables={"coverage_by_source": named(cover, towns), "targets": goal_table(rows), **indicator_tables(told)},
    )
