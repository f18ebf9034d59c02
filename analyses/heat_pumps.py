"""Heat-pump projects against the plan, heat demand of every building, and where the ground can cover it.

Method (docs/methods/heat_pumps.md): projects give heat by area, electricity by a performance that fields measure, and
CO2 against gas and coal, which may be none; buildings need heat by use and age; bores in parks and green, cooled by
their neighbours, give heat to the demand within reach; wells and air source suit where the ground does not reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from changping_geo.geo.assign import assign_to_towns, centre_lonlat
from changping_geo.heat import advice, allocate, cost, estimate, ground, parcels, planarea, projects, pump, season
from changping_geo.heat import outlook as ahead
from changping_geo.heat import tables as shown
from changping_geo.heat.demand import building_demand, floor_area
from changping_geo.heat.headings import CELL_HEADINGS, PARCEL_HEADINGS
from changping_geo.heat.potential import (
    Ground,
    field_sizes,
    parcel_potential,
    parcel_sums,
    undisturbed_ground,
    with_coverage,
)
from changping_geo.made import Made
from changping_geo.model import Cards, Output, Parameter, Result
from changping_geo.plan.indicators import indicator_tables
from changping_geo.solar.economics import check_tariff, grid_factor
from changping_geo.solar.weather import site_year

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

TITLE = ("热泵供热", "Heat pumps")
OPTIONAL = (
    *("parks", "urban_green", "roads", "terrain", "open_land", "water_protection", "red_line"),
    *("geothermal_fields", "key_areas", "plan_places", "target_table"),
)
_MODULES = (season, pump, projects, estimate, cost, ground, parcels, allocate, advice, planarea)
PARAMETERS = Cards(
    (card for module in _MODULES for card in module.CARDS.cards.values()),
    Parameter("design_outdoor_c", -7.6, "degC", -45.0, 15.0,
              "GB 50736-2012, heating design temperature of Beijing, from memory; set it for a district elsewhere",
              verified=False, title_zh="供暖室外计算温度", title_en="Design outdoor temperature"),
    Parameter("pilot_area", "Future Science City", "word", None, None,
              "the plan, section 3(1)3: its named pilots count to this area wherever they lie; empty for none",
              verified=False, title_zh="试点归属区域", title_en="Area to which the named pilots count"),
    Parameter("emission_factor_region", "Beijing", "word", None, None,
              "a region of the layer emission_factors; set it for a district elsewhere", verified=True,
              title_zh="电力排放因子地区", title_en="Region of the emission factor"),
    Parameter("emission_factor_year", 2023, "1", 1990, 2100,
              "a year of the layer emission_factors; factors are never extrapolated", verified=True,
              title_zh="电力排放因子年份", title_en="Year of the emission factor"),
    Parameter("emission_factor_kind", "average", "word", None, None, "the column kind of the layer emission_factors",
              verified=True, title_zh="排放因子类型(平均/边际)", title_en="Kind of the emission factor",
              choices=("average", "marginal")),
)  # fmt: skip
_whole = PARAMETERS.merged
_ENDS = (("_low", ", 低值", ", low"), ("", "", ""), ("_high", ", 高值", ", high"))


def _three(stem: str, unit: str, zh: str, en: str, formula: str, short: str) -> list[Output]:
    """Return the cards of a quantity and of the two ends of its range."""
    return [Output(stem + e, unit, zh + z, en + n, formula, short=short + e[:3]) for e, z, n in _ENDS]


_OPERATING = "operating projects: "
OUTPUTS = (
    Output("n_projects", "count", "运营项目数", "Operating projects", "count of operating projects", short="n_hp"),
    Output("project_area_m2", "m2", "运营供热面积", "Heated area, operating", "Σ heated_area_m2", short="hp_m2"),
    Output("new_area_m2", "m2", "新增供热面积(不含空气源)", "New heated area (without air source)",
           "Σ heated_area_m2, operating, new_from_year to as_of_year, without air source", short="new_m2"),
    Output("project_heat_mwh_a", "MWh/a", "项目供热量", "Heat of projects",
           _OPERATING + "heated_area_m2 × project_heat_kwh_m2 / 1000", short="hp_heat"),
    *_three("project_electricity_mwh_a", "MWh/a", "项目用电量", "Electricity of projects",
            _OPERATING + "heat / (COP × field_factor)", "hp_el"),
    Output("project_spf", "kWh/kWh", "项目季节能效", "Seasonal performance of projects",
           "project_heat_mwh_a / project_electricity_mwh_a", extensive=False, short="hp_spf"),
    *_three("project_co2_saved_gas_t_a", "t CO2/a", "减排量(对燃气锅炉)", "CO2 saved against gas boilers",
            _OPERATING + "heat × gas factor × (1 - break-even SPF / SPF); negative: no saving", "co2g"),
    Output("project_co2_saved_coal_t_a", "t CO2/a", "减排量(对燃煤锅炉)", "CO2 saved against coal boilers",
           _OPERATING + "heat × coal factor × (1 - break-even SPF / SPF)", short="co2coal"),
    Output("heat_cost_cny_kwh", "CNY/kWh", "供热成本", "Cost of heat",
           "(investment + upkeep + electricity) / heat, discounted; missing without electricity_cny_kwh",
           extensive=False, short="heatcost"),
    Output("heat_peak_kw", "kW", "建筑热负荷", "Heat load of buildings",
           "Σ floor area × peak load × heated share; peaks at one time are less", short="peak_kw"),
    *_three("heat_demand_mwh_a", "MWh/a", "建筑热需求", "Heat demand of buildings",
            "heat load × 24 h × days × (indoor_c - T_mean)/(indoor_c - design_outdoor_c)", "heat"),
    Output("open_demand_mwh_a", "MWh/a", "项目外热需求", "Demand without a project",
           "heat_demand_mwh_a of buildings in no operating project", short="open"),
    Output("n_parcels", "count", "地块数", "Parcels", "parcels of at least least_parcel_m2, not excluded",
           short="n_parc"),
    Output("n_bores", "count", "可布孔数", "Boreholes that fit",
           "lattice of bore.spacing_m inside the parcels' setbacks × usable_ground", short="n_bores"),
    Output("ground_potential_mwh_a", "MWh/a", "浅层地源可供热量", "Heat that shallow ground can deliver",
           "n_bores × G.POT power with crowding and balance × 8.76 × SPF/(SPF - 1)", short="gr_pot"),
    Output("ground_covered_mwh_a", "MWh/a", "地源可覆盖热需求", "Demand that ground source covers",
           "potential given to the open demand within reach_m, each once", short="gr_cov"),
    Output("ground_covered_share", "1", "地源覆盖率", "Share of demand covered by ground source",
           "ground_covered_mwh_a / open_demand_mwh_a", extensive=False, short="gr_share"),
    Output("ground_co2_saved_t_a", "t CO2/a", "地源减排潜力(对燃气)", "CO2 that ground source would save against gas",
           "ground_covered_mwh_a × gas factor × (1 - break-even SPF / SPF)", short="gr_co2"),
    Output("air_mountain_mwh_a", "MWh/a", "山区空气源热需求", "Demand of the mountains, for air source",
           "open demand of cells above mountain_m that ground does not cover", short="air_mwh"),
)  # fmt: skip
HEADLINE = (
    *("new_area_m2", "project_heat_mwh_a", "project_spf", "project_co2_saved_gas_t_a"),
    *("heat_demand_mwh_a", "ground_potential_mwh_a", "ground_covered_share"),
)


def compute(
    towns: gpd.GeoDataFrame,
    rooftops: gpd.GeoDataFrame,
    heat_pump_projects: gpd.GeoDataFrame,
    solar_climate: pd.DataFrame | xr.Dataset,
    emission_factors: pd.DataFrame,
    heat_sources: pd.DataFrame,
    heat_intensity: pd.DataFrame,
    rooftop_pv: Result,
    parks: gpd.GeoDataFrame | None = None,
    urban_green: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
    terrain: xr.DataArray | None = None,
    open_land: gpd.GeoDataFrame | None = None,
    water_protection: gpd.GeoDataFrame | None = None,
    red_line: gpd.GeoDataFrame | None = None,
    geothermal_fields: gpd.GeoDataFrame | None = None,
    key_areas: gpd.GeoDataFrame | None = None,
    plan_places: gpd.GeoDataFrame | None = None,
    target_table: pd.DataFrame | None = None,
    *,
    heating_season: dict[str, str] = PARAMETERS["heating_season"],
    indoor_c: float = PARAMETERS["indoor_c"],
    base_c: float = PARAMETERS["base_c"],
    design_outdoor_c: float = PARAMETERS["design_outdoor_c"],
    field_factor: dict[str, float] = PARAMETERS["field_factor"],
    cop_basis: str = PARAMETERS["cop_basis"],
    supply_c: float = PARAMETERS["supply_c"],
    exchange_k: float = PARAMETERS["exchange_k"],
    source_c: dict[str, float] = PARAMETERS["source_c"],
    as_of_year: int = PARAMETERS["as_of_year"],
    new_from_year: int = PARAMETERS["new_from_year"],
    pilot_area: str = PARAMETERS["pilot_area"],
    key_area_radius_m: float = PARAMETERS["key_area_radius_m"],
    project_heat_kwh_m2: float = PARAMETERS["project_heat_kwh_m2"],
    capex_cny_m2: dict[str, float] = PARAMETERS["capex_cny_m2"],
    heat_money: dict[str, float] = PARAMETERS["heat_money"],
    electricity_cny_kwh: float = PARAMETERS["electricity_cny_kwh"],
    electricity_date: str = PARAMETERS["electricity_date"],
    conductivity_w_mk: float = PARAMETERS["conductivity_w_mk"],
    capacity_mj_m3k: float = PARAMETERS["capacity_mj_m3k"],
    gradient_k_m: float = PARAMETERS["gradient_k_m"],
    bore: dict[str, float] = PARAMETERS["bore"],
    least_fluid_c: float = PARAMETERS["least_fluid_c"],
    field_life_a: int = PARAMETERS["field_life_a"],
    balance_ratio: float = PARAMETERS["balance_ratio"],
    drift_method: str = PARAMETERS["drift_method"],
    setback: dict[str, float] = PARAMETERS["setback"],
    least_parcel_m2: float = PARAMETERS["least_parcel_m2"],
    usable_ground: float = PARAMETERS["usable_ground"],
    max_slope_deg: float = PARAMETERS["max_slope_deg"],
    reach_m: float = PARAMETERS["reach_m"],
    cell_m: float = PARAMETERS["cell_m"],
    mountain_m: float = PARAMETERS["mountain_m"],
    lapse_k_km: float = PARAMETERS["lapse_k_km"],
    site_elevation_m: float = PARAMETERS["site_elevation_m"],
    geothermal_radius_m: float = PARAMETERS["geothermal_radius_m"],
    ground_share: float = PARAMETERS["ground_share"],
    emission_factor_region: str = PARAMETERS["emission_factor_region"],
    emission_factor_year: int = PARAMETERS["emission_factor_year"],
    emission_factor_kind: str = PARAMETERS["emission_factor_kind"],
) -> Result:
    """Compute projects, demand and ground potential, and add them up by town.

    The parameters are those of `PARAMETERS`; groups (``field_factor``, ``bore``, ...) may be given in part. Optional
    layers that nobody delivered are None: exclusions then exclude nothing, named areas become circles.

    Raises
    ------
    GeoError
        If a layer does not hold what the method needs, projects cannot be as told, or a sum does not close.
    """
    paid = check_tariff(electricity_cny_kwh, electricity_date)
    boilers = pump.heat_factors(heat_sources, ("gas_boiler", "coal_boiler"))
    factor = grid_factor(emission_factors, emission_factor_region, emission_factor_year, emission_factor_kind)
    grid, gas = float(factor["kg_co2_per_kwh"].iloc[0]), boilers["gas_boiler"]
    # 1. The heating season, the ground, and what each kind of heat pump reaches in them
    longitude, latitude = centre_lonlat(towns)
    if isinstance(solar_climate, pd.DataFrame):
        air = season.hours_from_months(solar_climate)
    else:
        air = season.hours_of_year(site_year(solar_climate, latitude, longitude)["temp_air"], round(longitude / 15.0))
    days = _whole("heating_season", heating_season)
    cold = season.heating_season(air, days["first"], days["last"], base_c)
    holes = _whole("bore", bore)
    soil = Ground(
        undisturbed_ground(cold.year_mean_c, gradient_k_m, holes["depth_m"]), least_fluid_c, cold.days,
        conductivity_w_mk, capacity_mj_m3k, holes["depth_m"], holes["radius_m"], holes["spacing_m"],
        holes["resistance_mk_w"], field_life_a, balance_ratio, drift_method,
    )  # fmt: skip
    warm = _whole("source_c", source_c)
    rated, monthly = pump.kinds_in_season(cold, soil.temperature_c, supply_c, exchange_k, warm)
    chosen = _whole("field_factor", field_factor)
    ends = pump.factor_ends(chosen, PARAMETERS.low("field_factor"), PARAMETERS.high("field_factor"))
    spf = {kind: max(rated[kind] * ends[kind][1], 1.001) for kind in rated}
    # 2. Projects: checked, then heat, electricity, CO2, cost, and what counts as new
    site = estimate.inside_sites(rooftops, heat_pump_projects)
    projects.check_projects(
        heat_pump_projects, as_of_year, estimate.inside_area(site, floor_area(rooftops), len(heat_pump_projects))
    )
    home = assign_to_towns(heat_pump_projects, towns)
    money = _whole("heat_money", heat_money)
    means = estimate.Factors(
        grid, gas, boilers["coal_boiler"], _whole("capex_cny_m2", capex_cny_m2), money["om_share"],
        money["discount_rate"], int(money["lifetime_a"]), electricity_cny_kwh if paid else 0.0,
    )  # fmt: skip
    told = pump.performance(heat_pump_projects, rated, ends, cop_basis)
    values = estimate.project_values(heat_pump_projects, told, project_heat_kwh_m2, means)
    runs = (heat_pump_projects["status"] == "operating").to_numpy()
    new = projects.counts_as_new(heat_pump_projects, home, new_from_year, as_of_year, with_air=False)
    project_sums = estimate.project_totals(heat_pump_projects, values, runs, new)
    # 3. Demand of every building, on a grid; parcels, what they hold, and what they reach
    demand = building_demand(rooftops, heat_intensity, cold, indoor_c, design_outdoor_c)
    has_project = estimate.in_running(site, runs)
    cells, cell = ahead.open_cells(rooftops, demand, has_project, cell_m, terrain)
    green = {"open_land": open_land, "parks": parks, "urban_green": urban_green}
    lots = parcel_potential(
        parcels.gather(green, {"open_land": "land_id", "parks": "park_id", "urban_green": "green_id"}, towns.crs),
        rooftops, roads, {"water_protection": water_protection, "red_line": red_line}, terrain, soil,
        spf[pump.GROUND], setback_m=_whole("setback", setback), least_parcel_m2=least_parcel_m2,
        usable_ground=usable_ground, max_slope_deg=max_slope_deg,
    )  # fmt: skip
    lots, covered = with_coverage(lots, cells, reach_m, project_heat_kwh_m2)
    fields = advice.fields_of(geothermal_fields, plan_places, geothermal_radius_m, towns.crs)
    cells = ahead.with_advice(
        cells, covered, fields, cold, spf, supply_c=supply_c, air_factor=ends[pump.AIR][1],
        site_elevation_m=site_elevation_m, lapse_k_km=lapse_k_km, ground_share=ground_share, mountain_m=mountain_m,
    )  # fmt: skip
    # 4. Towns: projects by their site, parcels by theirs, demand by building
    place = rooftop_pv.features["rooftops"]["town_code"]
    lots["town_code"] = assign_to_towns(lots, towns)
    heat = ahead.building_columns(demand, cells, cell, has_project, grid, gas, spf[pump.GROUND])
    parts = [(project_sums, home), (parcel_sums(lots), lots["town_code"]), (heat, place)]
    by_town = ahead.with_ratios(ahead.town_totals(parts, towns), means)
    # 5. The plan's areas; PV of the same roofs; what is handed over
    areas = planarea.named_areas(target_table, key_areas, plan_places, key_area_radius_m)
    pilots = ahead.pilot_table(heat_pump_projects, plan_places)
    plan, indicators = ahead.plan_areas(
        heat_pump_projects, home, target_table, areas, {pilot_area: set(pilots["name_zh"])},
        (new_from_year, as_of_year),
    )  # fmt: skip
    near = shown.areas_shown(areas, key_areas, plan_places, key_area_radius_m)
    power = ahead.electricity_of_demand(cells, spf, monthly)
    used = estimate.shares_by_month(heat_pump_projects[runs], values["electricity_mwh_a"][runs], monthly)
    lots.insert(2, "town_name", lots["town_code"].map(by_town["town_name"]).fillna(""))
    names = [output.name for output in OUTPUTS]
    return Result(
        by_town=by_town[["town_name", "name_en", *names]],
        features={
            "heat_pump_projects": shown.project_features(values, home, new),
            "rooftops": demand[["heat_peak_kw", "heat_demand_mwh_a"]],
        },
        tables={
            "plan_areas": plan,
            "pilots": pilots,
            "area_by_year_kind": planarea.area_by_year_kind(heat_pump_projects),
            "project_issues": projects.project_issues(heat_pump_projects, home, as_of_year),
            "kinds": shown.kinds_table(rated, ends, grid, gas),
            "break_even": shown.break_even_table(emission_factors, boilers),
            "siting": shown.siting_table(lots, by_town["town_name"]),
            "key_areas": shown.key_area_table(near, cells, lots),
            "advice": shown.advice_table(cells, grid, gas),
            "field_sizes": field_sizes(soil),
            "pv_beside_heat": shown.pv_tables(
                rooftop_pv.features["rooftops"], has_project, used, power, cold.by_month() > 0
            ),
            "season": shown.season_table(cold, soil.temperature_c, cold.load_share(indoor_c, design_outdoor_c)),
            **indicator_tables(indicators),
        },
        made={
            "heat_parcels": Made(
                "浅层地源地块", "parcels for ground source", shown.parcels_shown(lots), PARCEL_HEADINGS,
                shown.PARCEL_WORDS, "parcel_id",
            ),
            "heat_demand_grid": Made(
                "热需求网格", "grid of heat demand", shown.cells_shown(cells), CELL_HEADINGS,
                {"advice": advice.ADVICE}, "cell_id",
            ),
            **shown.fields_made(fields),
        },
    )  # fmt: skip
