"""Carbon of forest, soil and urban trees by town: stock, sink and outlook, and the forest stock against the plan.

Method (docs/methods/carbon.md): each place is told by the best tier that knows it: stands, urban green, a biomass
raster, land cover. Volume becomes biomass by a line of the species' group (or by expansion factors and root ratios),
biomass becomes carbon; dead wood, litter and soil with its depth stand beside. Stands grow along curves of volume by
age; the difference of their carbon between two years is the sink, and rates by age are shown next to it. Every set of
parameters is carried along, and the unsure figures of the set in use are drawn together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from changping_geo.carbon import (
    compose_growth,
    compose_outlook,
    compose_stock,
    growth,
    planting,
    stands,
    stock_cards,
    trend,
    urban,
)
from changping_geo.carbon.account import Growing
from changping_geo.carbon.compose_words import named, titled
from changping_geo.carbon.fusion import Choice, Tables, fuse
from changping_geo.carbon.growth import Curves
from changping_geo.carbon.uncertainty import drawn_towns
from changping_geo.carbon.units import co2_of
from changping_geo.geo.assign import DISTRICT, assign_to_towns
from changping_geo.model import Cards, Grid, Output, Parameter, Result
from changping_geo.plan.indicators import Indicator, indicator_tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    import pandas as pd
    import xarray as xr

    from changping_geo.carbon.goals import Goal

TITLE = ("林业碳汇", "Carbon stock and sink")

#: What another district may not have.
OPTIONAL = ("biomass", "forest_series", "target_table")

#: The plan's code of the forest stock.
INDICATOR = "forest_stock_volume"

_CHOICE = "a choice of the planner"


def _plan_cards(
    group: str, zh: str, en: str, species: str, units: tuple[str, ...], more: Iterable[Parameter]
) -> list[Parameter]:
    """Return the cards of a plan: how much, of what, when and where; an amount of zero is no plan."""
    return [
        Parameter(f"{group}.amount", 0.0, "unit", 0.0, 1e9, _CHOICE, verified=True,
                  title_zh=f"{zh}数量", title_en=f"{en}: amount"),
        Parameter(f"{group}.unit", units[0], "word", None, None, _CHOICE, verified=True,
                  title_zh=f"{zh}单位", title_en=f"{en}: unit", choices=units),
        Parameter(f"{group}.species", species, "word", None, None, "a word of the layer growth_species", verified=True,
                  title_zh=f"{zh}树种", title_en=f"{en}: species"),
        Parameter(f"{group}.year", 2026, "a", 1900, 2200, _CHOICE, verified=True,
                  title_zh=f"{zh}年份", title_en=f"{en}: year"),
        Parameter(f"{group}.town", "", "word", None, None, "a code of the layer towns; empty means all", verified=True,
                  title_zh=f"{zh}镇街代码", title_en=f"{en}: town"),
        *more,
    ]  # fmt: skip


_YEARS = (("near", 2025, "近期", "near"), ("middle", 2030, "中期", "middle"), ("far", 2035, "远期", "far"))
PARAMETERS = Cards(
    (card for module in (stock_cards, growth, planting, trend) for card in module.CARDS.cards.values()),
    Parameter("baseline_year", 0, "a", 0, 2200, "0: the latest survey of the stands", verified=True,
              title_zh="基准年(0为最近调查年)", title_en="Year of the stock (0: the latest survey)"),
    (
        Parameter(f"projection_years.{name}", year, "a", 1900, 2200, "the plan looks to 2025 and 2030", verified=True,
                  title_zh=f"预测年: {zh}", title_en=f"Year of the projection: {en}")
        for name, year, zh, en in _YEARS
    ),
    Parameter("sink_method", "stock_difference", "word", None, None, "docs/decisions/0014", verified=True,
              title_zh="碳汇方法", title_en="Method of the sink", choices=("stock_difference", "age_rate")),
    _plan_cards("planting", "造林", "Planting", "platycladus", ("mu", "ha", "m2", "km2"), ()),
    _plan_cards("harvest", "采伐", "Harvest", "", ("m3", "mu", "ha", "m2", "km2"), (
        Parameter("harvest.min_age_a", 0.0, "a", 0.0, 600.0, _CHOICE, verified=True,
                  title_zh="采伐最低林龄", title_en="Harvest: least age"),
        Parameter("harvest.after", "regrow", "word", None, None, _CHOICE, verified=True,
                  title_zh="伐后", title_en="Harvest: afterwards", choices=planting.AFTER),
    )),
    Parameter("draw_seed", 1, "1", 0, 2**31, "any number; the same one gives the same draws", verified=True,
              title_zh="抽样种子", title_en="Seed of the draws"),
)  # fmt: skip

_whole = PARAMETERS.merged
_TIERS = (
    ("stands", "小班", "stands"),
    ("urban_green", "城市绿地", "urban green"),
    ("raster", "生物量栅格", "biomass raster"),
    ("land_cover", "土地覆盖", "land cover"),
    ("none", "无数据", "no data"),
)
_POOLS = (
    ("above", "地上", "above ground", "Σ area × biomass above ground × carbon fraction, over all tiers"),
    ("below", "地下", "below ground", "whole trees less above ground, or root ratio × above ground"),
    ("dead_wood", "枯死木", "dead wood", "dead_wood_ratio × biomass above ground × carbon fraction"),
    ("litter", "枯落物", "litter", "litter_ratio × biomass above ground × carbon fraction"),
    ("urban_trees", "城市树木", "urban trees", "area × canopy_cover × storage per area of crowns of urban_set"),
    ("soil", "土壤有机碳, 深度见分碳库表", "soil, depth in the table pools",
     "area × reference stock of soil_set and soil_climate × stock-change factor; no other pool is added to it"),
)  # fmt: skip
OUTPUTS = (
    *(Output(f"{name}_ha", "ha", f"面积({zh})", f"Area told by {en}", "each place counts once, by the best tier")
      for name, zh, en in _TIERS),
    *(Output(f"{name}_share", "1", f"面积占比({zh})", f"Share of area told by {en}", f"{name}_ha / area of the town",
             extensive=False) for name, zh, en in _TIERS),
    *(Output(f"{name}_t_c", "t C", f"碳储量({zh})", f"Carbon ({en})", how) for name, zh, en, how in _POOLS),
    *(
        Output(name, unit, zh, en, formula, extensive, short)
        for name, unit, zh, en, formula, extensive, short in (
            ("plants_t_c", "t C", "植物碳储量", "Carbon of plants",
             "above + below + dead wood + litter + urban trees", True, "plants_tc"),
            ("plants_t_co2", "t CO2", "植物碳储量(CO2)", "Carbon of plants as CO2", "plants_t_c × 44/12", True,
             "plants_co2"),
            ("soil_t_co2", "t CO2", "土壤有机碳(CO2)", "Soil carbon as CO2", "soil_t_c × 44/12", True, "soil_co2"),
            ("plants_t_c_ha", "t C/ha", "植物碳密度", "Carbon density of plants", "plants_t_c / area of the town",
             False, "tc_ha"),
            ("plants_p10_t_c", "t C", "植物碳储量P10", "Carbon of plants, P10",
             "correlated draws of the set in use; P10 of a sum is no sum of P10", False, "plants_p10"),
            ("plants_p90_t_c", "t C", "植物碳储量P90", "Carbon of plants, P90", "as plants_p10_t_c", False,
             "plants_p90"),
            ("sets_low_t_c", "t C", "植物碳储量(最低参数集)", "Carbon of plants, lowest set",
             "least of all parameter sets, town by town", False, "sets_low"),
            ("sets_high_t_c", "t C", "植物碳储量(最高参数集)", "Carbon of plants, highest set",
             "greatest of all parameter sets, town by town", False, "sets_high"),
            ("forest_volume_m3", "m3", "森林蓄积量", "Forest stock volume", "Σ area × volume_m3_ha at the baseline",
             True, "volume_m3"),
            ("sink_t_co2_a", "t CO2/a", "林木碳汇", "Sink of forest trees",
             "sink_stock_t_co2_a or sink_rate_t_co2_a, as sink_method says", True, "sink_co2"),
            ("sink_stock_t_co2_a", "t CO2/a", "林木碳汇(储量差法)", "Sink by stock difference",
             "(carbon of trees in the near year - at the baseline) / years × 44/12", True, "sink_diff"),
            ("sink_rate_t_co2_a", "t CO2/a", "林木碳汇(林龄速率法)", "Sink by rates of age",
             "Σ area × rate of species group and age × 44/12; no rate below 10 years", True, "sink_rate"),
            ("sink_stock_p10_t_co2_a", "t CO2/a", "碳汇P10", "Sink by stock difference, P10",
             "draws of growth and survey", False, "sink_p10"),
            ("sink_stock_p90_t_co2_a", "t CO2/a", "碳汇P90", "Sink by stock difference, P90",
             "draws of growth and survey", False, "sink_p90"),
            ("urban_uptake_t_co2_a", "t CO2/a", "城市树木毛固碳", "Gross uptake of urban trees",
             "area × canopy_cover × gross uptake of urban_set × 44/12; gross, so no part of the sink", True,
             "urban_up"),
        )
    ),
    *(Output(f"volume_{name}_m3", "m3", f"森林蓄积量({zh}预测)", f"Forest stock volume, {en} year",
             f"growth curves from the surveyed volumes to projection_years.{name}, with the plans", short=f"vol_{name}")
      for name, _, zh, en in _YEARS),
)  # fmt: skip
HEADLINE = ("plants_t_c", "plants_t_co2", "soil_t_c", "forest_volume_m3", "sink_t_co2_a", "volume_near_m3")


def compute(
    towns: gpd.GeoDataFrame,
    forest: gpd.GeoDataFrame,
    urban_green: gpd.GeoDataFrame,
    land_cover: xr.DataArray,
    biomass: xr.DataArray | None,
    carbon_volume: pd.DataFrame,
    carbon_bcef: pd.DataFrame,
    carbon_roots: pd.DataFrame,
    carbon_species: pd.DataFrame,
    carbon_factors: pd.DataFrame,
    carbon_age: pd.DataFrame,
    carbon_density: pd.DataFrame,
    carbon_urban: pd.DataFrame,
    carbon_soil: pd.DataFrame,
    carbon_soil_use: pd.DataFrame,
    carbon_soil_factors: pd.DataFrame,
    growth_curves: pd.DataFrame,
    growth_species: pd.DataFrame,
    growth_rates: pd.DataFrame,
    forest_series: pd.DataFrame | None,
    target_table: pd.DataFrame | None,
    *,
    volume_set: str = PARAMETERS["volume_set"],
    root_set: str = PARAMETERS["root_set"],
    density_set: str = PARAMETERS["density_set"],
    urban_set: str = PARAMETERS["urban_set"],
    soil_set: str = PARAMETERS["soil_set"],
    soil_climate: str = PARAMETERS["soil_climate"],
    soil_moisture: str = PARAMETERS["soil_moisture"],
    missing_canopy: float = PARAMETERS["missing_canopy"],
    raster_root_ratio: float = PARAMETERS["raster_root_ratio"],
    stock_doubt: dict[str, float] = PARAMETERS["stock_doubt"],
    species_correlation: float = PARAMETERS["species_correlation"],
    stock_draws: int = PARAMETERS["stock_draws"],
    site_factor_max: float = PARAMETERS["site_factor_max"],
    growth_factor: float = PARAMETERS["growth_factor"],
    beyond_limit_share: float = PARAMETERS["beyond_limit_share"],
    planting_survival: float = PARAMETERS["planting_survival"],
    break_alpha: float = PARAMETERS["break_alpha"],
    growth_rate_max: float = PARAMETERS["growth_rate_max"],
    on_break: str = PARAMETERS["on_break"],
    baseline_year: int = PARAMETERS["baseline_year"],
    projection_years: dict[str, int] = PARAMETERS["projection_years"],
    sink_method: str = PARAMETERS["sink_method"],
    planting: dict[str, Any] = PARAMETERS["planting"],
    harvest: dict[str, Any] = PARAMETERS["harvest"],
    draw_seed: int = PARAMETERS["draw_seed"],
) -> Result:
    """Compute stock, sink and outlook of every town.

    The parameters are those of `PARAMETERS`; groups (``stock_doubt``, ``planting``, ...) may be given in part.

    Raises
    ------
    GeoError
        If a layer does not hold what the method needs, or a sum does not close.
    """
    codes = [str(code) for code in towns["town_code"]]
    doubt = _whole("stock_doubt", stock_doubt)
    # 1. Stock: each place once, by the best tier that knows it, under every parameter set
    tables = Tables(
        carbon_volume, carbon_bcef, carbon_roots, carbon_species, carbon_factors, carbon_age, carbon_density,
        carbon_urban,
    )  # fmt: skip
    choice = Choice(volume_set, root_set, density_set, urban_set, raster_root_ratio, missing_canopy, doubt)
    fused = fuse(towns, forest, urban_green, land_cover, tables, choice, biomass)
    of_soil = (carbon_soil, carbon_soil_use, carbon_soil_factors)
    ground, depth = compose_stock.soil_of(
        fused, *of_soil, name=soil_set, climate=soil_climate, moisture=soil_moisture, spread=doubt["soil"]
    )
    drawn = drawn_towns(fused.stock, codes, correlation=species_correlation, draws=stock_draws, seed=draw_seed)
    by_town = compose_stock.town_columns(fused, ground, drawn, codes)
    # 2. Growth: from the surveyed volumes along the curves, with plans, without, and draw by draw
    goals = compose_outlook.goals_of(target_table, INDICATOR)
    baseline = compose_growth.baseline_of(forest, baseline_year)
    at = _whole("projection_years", projection_years)
    years = {int(at[name]) for name, *_ in _YEARS} | {goal.year for goal in goals if goal.year > baseline}
    grown = Growing.central(site_factor_max, growth_factor, beyond_limit_share)
    outlook = compose_growth.look_ahead(
        forest, stands.parts_in_towns(forest, towns), fused,
        Curves.from_tables(growth_curves, growth_species),
        baseline=baseline, years=sorted(years), towns=codes, growing=grown,
        events=compose_growth.plans_of(
            _whole("planting", planting), _whole("harvest", harvest), planting_survival,
            by_town["stands_ha"].reindex(codes),
        ),
        drawn=compose_growth.draws_of(
            stock_draws, draw_seed, PARAMETERS, site_factor_max=site_factor_max, growth_factor=growth_factor,
            beyond_limit_share=beyond_limit_share, volume_sd=doubt["volume_survey"],
        ),
    )  # fmt: skip
    # 3. Sink: stock difference on one land definition, and rates by age
    sink = compose_growth.sinks(outlook, growth_species, growth_rates, codes, volume_set)
    volume = compose_growth.volumes(outlook, codes)
    figures = urban.urban_figures(carbon_urban, urban_set)
    green = compose_stock.green_values(fused, assign_to_towns(urban_green, towns), figures, missing_canopy)
    crowns = stands.parts_in_towns(fused.green, towns)
    uptake = urban.canopy_of(fused.green, missing_canopy)[crowns["row"].to_numpy(int)] * crowns["area_ha"] * figures[1]
    by_town = by_town.assign(
        forest_volume_m3=volume[baseline],
        sink_t_co2_a=sink["sink_stock_t_co2_a" if sink_method == "stock_difference" else "sink_rate_t_co2_a"],
        **{name: sink[name] for name in sink.columns if name.startswith("sink_")},
        urban_uptake_t_co2_a=compose_growth.closed(
            co2_of(uptake).groupby(crowns["town_code"]).sum().to_frame("u"), codes
        )["u"],
        **{f"volume_{name}_m3": volume[int(at[name])] for name, *_ in _YEARS},
    )
    # 4. What is handed over
    stand_sink = compose_growth.stand_sinks(forest, outlook, grown)
    grid = compose_stock.carbon_grid(fused, forest, land_cover, biomass, tables, root_set, green)
    tests = {"alpha": break_alpha, "rate_max": growth_rate_max}
    return Result(
        by_town=named(by_town[[output.name for output in OUTPUTS]], towns),
        features={
            "forest": compose_stock.stand_values(forest, fused, assign_to_towns(forest, towns), stand_sink),
            "urban_green": green,
        },
        tables={
            "pools": compose_stock.pool_table(by_town, depth),
            "tiers": compose_stock.tier_table(fused),
            "parameter_sets": compose_stock.set_table(fused, towns),
            "uncertainty_by_town": compose_stock.doubt_table(drawn, by_town, towns),
            "by_species": compose_stock.species_table(forest, fused),
            "by_age_class": compose_outlook.age_table(outlook, site_factor_max),
            "soil": compose_stock.soil_table(fused, *of_soil, soil_moisture, (soil_set, soil_climate)),
            "sink_by_town": titled(named(sink, towns), "分镇街碳汇", "Sink by town"),
            "projection": compose_outlook.projection_table(outlook, codes),
            "projection_methods": compose_outlook.method_table(
                outlook, forest_series, beyond_limit_share=beyond_limit_share, site_factor_max=site_factor_max,
                on_break=on_break, **tests,
            ),
            "series_breaks": compose_outlook.break_table(forest_series, **tests),
            **compose_outlook.plan_tables(outlook),
            **compose_outlook.note_tables(outlook),
            **compose_outlook.volume_goals(outlook, volume[baseline], goals, codes),
            "unverified_rows": compose_stock.unverified_rows(
                fused, tables, forest["species"], density_set=density_set, references=carbon_soil,
                soil_use=(soil_set, soil_climate), growth_species=growth_species,
            ),
            **indicator_tables([_indicator(outlook, volume[baseline], goals, codes)]),
        },
        rasters={"carbon_density_grid": Grid("植物碳密度", "Carbon density of plants", "t C/ha", grid)},
    )  # fmt: skip


def _indicator(outlook: compose_growth.Outlook, volume: pd.Series, goals: list[Goal], codes: list[str]) -> Indicator:
    """Tell the plan what the forest holds at the baseline, and how likely its next target is."""
    low, high = compose_outlook.ends(outlook.drawn.draws("volume_m3", outlook.baseline))
    ahead = [goal for goal in goals if goal.year >= outlook.baseline]
    return Indicator(
        INDICATOR, float(volume[DISTRICT]), "m3", outlook.baseline,
        "小班面积×公顷蓄积之和; 区间为调查误差",
        "sum of area × volume per hectare of the stands; interval: survey error",
        low=low, high=high,
        probability=compose_outlook.chance(outlook, ahead[0]) if ahead else float("nan"),
        by_town={code: float(volume[code]) for code in codes},
    )  # fmt: skip
