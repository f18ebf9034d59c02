"""The scoreboard: every quantified target of the plan, held against what is computed and reported of it.

Computed indicators come from the other analyses, each with its definition and its interval; the rest is read from the
table that planners fill in. A target of which nothing is known says so. Others are *met*, *on track* or *behind*: by
the straight line through their series, or by an even pace since the baseline year; one that is due and not met is
behind. What photovoltaics and heat pumps give is shown as amounts of energy beside the target for the renewable share,
which only statistics can tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from changping_geo.cards import Cards, Parameter
from changping_geo.model import Output, Result
from changping_geo.plan.indicators import read_indicators
from changping_geo.plan.reports import HEADINGS, filled_in, summary, town_columns
from changping_geo.plan.scoreboard import scoreboard, series_table

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

TITLE = ("规划目标评估", "Scoreboard of the plan")
OPTIONAL = ("reported_indicators",)

PARAMETERS = Cards(
    Parameter(
        "assessment_year", 2025, "a", 2021, 2060,
        source="choice: the year in which the plan is looked at; reports of later years are refused",
        verified=True, title_zh="评估年", title_en="Year of assessment",
    ),
    Parameter(
        "forecast_year", 2030, "a", 2025, 2060,
        source="the plan's horizon: carbon peak before 2030", verified=True,
        title_zh="预测年", title_en="Year of the forecast",
    ),
)  # fmt: skip

_BY_TOWN = (
    ("forest_stock_volume", "district", "forest_stock_m3", "m3", "森林蓄积量", "Forest stock volume", True),
    ("urban_green_coverage", "built-up area", "urban_green_coverage_pct", "%", "城市绿化覆盖率",
     "Urban green coverage", False),
    ("park_green_per_person", "built-up area", "park_green_per_person_m2", "m2/person", "建成区人均公园绿地面积",
     "Park green per person in the built-up area", False),
    ("new_ground_heat_pump_heated_area", "district", "new_ground_heat_pump_m2", "m2",
     "新增地热及热泵供热面积(不含空气源)", "New geothermal and heat-pump heated area (no air source)", True),
    ("hydrogen_stations", "district", "hydrogen_stations", "count", "加氢站", "Hydrogen stations", True),
)  # fmt: skip
_AMOUNTS = (
    ("pv_energy_mwh_a", "rooftop_pv.pv_energy_mwh_a: technical potential, not yet built", "屋顶光伏年发电量(技术潜力)",
     "Rooftop-PV energy (technical potential)"),
    ("heat_pump_renewable_mwh_a", "heat_pumps: heat delivered less electricity", "热泵可再生热量",
     "Renewable heat of heat pumps"),
)  # fmt: skip
OUTPUTS = (
    *(
        Output(name, unit, zh, en, f"indicator {code} of the scope '{scope}', per town", extensive=extensive)
        for code, scope, name, unit, zh, en, extensive in _BY_TOWN
    ),
    *(Output(name, "MWh/a", zh, en, how) for name, how, zh, en in _AMOUNTS),
)
HEADLINE = ("forest_stock_m3", "new_ground_heat_pump_m2", "hydrogen_stations")


def compute(
    towns: gpd.GeoDataFrame,
    target_table: pd.DataFrame,
    reported_indicators: pd.DataFrame | None,
    rooftop_pv: Result,
    carbon_sink: Result,
    green_indicators: Result,
    heat_pumps: Result,
    hydrogen_siting: Result,
    *,
    assessment_year: int = PARAMETERS["assessment_year"],
    forecast_year: int = PARAMETERS["forecast_year"],
) -> Result:
    """Hold every target against what is known of it.

    Raises
    ------
    GeoError
        If a report is incomplete, names no target or another unit, or tells a year twice or one yet to come.
    """
    told_by = {
        "carbon_sink": carbon_sink,
        "green_indicators": green_indicators,
        "heat_pumps": heat_pumps,
        "hydrogen_siting": hydrogen_siting,
    }
    indicators, parts = read_indicators({name: result.tables for name, result in told_by.items()})
    indicators["data_status"] = [told_by[name].status.word for name in indicators["analysis"]]
    reported = filled_in(reported_indicators)
    names = towns.set_index("town_code")["name_zh"]
    board = scoreboard(
        target_table,
        indicators,
        reported,
        assessment_year=assessment_year,
        forecast_year=forecast_year,
        towns=parts.assign(town_name=parts["town_code"].map(names)),
    )
    board.attrs = {"title_zh": "规划目标一览", "title_en": "targets of the plan", "headings": HEADINGS}
    known = series_table(target_table, indicators, reported)
    known.attrs = {"title_zh": "逐年数据", "title_en": "yearly series", "headings": HEADINGS}
    by_town = town_columns(towns, indicators, parts, [(c, scope, name, ext) for c, scope, name, *_, ext in _BY_TOWN])
    by_town["pv_energy_mwh_a"] = rooftop_pv.by_town["pv_energy_mwh_a"]
    heat, electricity = (heat_pumps.by_town[f"project_{what}_mwh_a"] for what in ("heat", "electricity"))
    by_town["heat_pump_renewable_mwh_a"] = heat - electricity
    return Result(by_town=by_town, tables={"plan_targets": board, "series": known, "summary": summary(board)})
