"""Where hydrogen stations may stand, which come next, and the proof: eligibility, demand, phases to the plan's number.

Method (docs/methods/stations.md): fuel stations, depots and large parking lots are candidates; distances of a rules
table, held at the best spot of each site, and the planner's own conditions give each a verdict with its reason. Trips
of heavy vehicles (reconstructed until counts are given), vehicles at depots and people are measured along the roads.
Existing stations stay; new ones are chosen for all phases at once, each phase within the next, with a proven bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.geo.assign import assign_to_towns, totals_by_town
from changping_geo.model import Cards, Made, Output, Parameter, ParameterError, Result
from changping_geo.plan.indicators import Indicator, indicator_tables
from changping_geo.stations import (
    candidates_hydrogen,
    compose_hydrogen,
    compose_hydrogen_what_if,
    eligibility,
    flows,
    flows_heavy,
    graph,
    isochrones,
    snap,
)
from changping_geo.stations import compose_hydrogen_sites as sites
from changping_geo.stations import compose_hydrogen_tables as told
from changping_geo.stations import compose_hydrogen_what_if as what_if
from changping_geo.stations.compose_hydrogen_demand import Wanted, in_minutes, served_within, wanted
from changping_geo.stations.compose_hydrogen_words import HEADINGS, ROLES, SERVED, WORDS, scenario_words, titled
from changping_geo.stations.routing import DIRECTIONS
from changping_geo.stations.siting import SITING_CARDS

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr


TITLE = ("加氢站布局", "Siting of hydrogen stations")

#: What another district may not have.
OPTIONAL = ("power_lines", "red_line", "flood_zones", "heavy_trips", "target_table")

#: The plan's code of the number of stations.
INDICATOR = "hydrogen_stations"
YEARS = (2025, 2030, 2035)
SHARES_AIMED_AT = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)

_CHOICE, _STEP = "a choice of the planner", "steps of the map, a user's choice"
_MODULES = (
    *(candidates_hydrogen, eligibility, compose_hydrogen, compose_hydrogen_what_if),
    *(flows_heavy, flows, graph, snap, isochrones),
)
PARAMETERS = Cards(
    (card for module in _MODULES for card in module.CARDS.cards.values()),
    Parameter("new_sites_2025", -1, "count", -1, 200, "-1: what the plan's target lacks", verified=True,
              title_zh="2025年前新增加氢站(-1为按规划目标补足)",
              title_en="New stations by 2025 (-1: to the plan's target)"),
    (
        Parameter(f"new_sites_{year}", 3, "count", 0, 200, "planning range, unverified", verified=False,
                  title_zh=f"其后至{year}年新增加氢站", title_en=f"Further new stations by {year}")
        for year in YEARS[1:]
    ),
    Parameter("demand_cell_m", 1000.0, "m", 100.0, 5000.0, "planning range, unverified: a tenth of the reach",
              verified=False, title_zh="人口需求网格边长", title_en="Side of a cell of people"),
    Parameter("direction", "to_station", "word", None, None, _CHOICE, verified=True, title_zh="行驶方向",
              title_en="Way that is driven", choices=tuple(DIRECTIONS)),
    SITING_CARDS.cards["siting_seconds"],
    Parameter("siting_gap", 0.005, "-", 0.0, 0.2, _CHOICE + ": 0 asks for a proven optimum and takes minutes",
              verified=True, title_zh="可接受的最优差距", title_en="Gap at which the proof of the plan may stop"),
    SITING_CARDS.cards["siting_alike"],
    (
        Parameter(f"map_reach.{word}", share, "1", 0.1, 5.0, _STEP, verified=True, title_zh=f"图示范围/服务范围({zh})",
                  title_en=f"Step of the map over the reach, {word}")
        for word, share, zh in (("near", 0.5, "近"), ("middle", 1.0, "中"), ("far", 1.5, "远"))
    ),
    Parameter("status_year", 2025, "a", 2000, 2100, "the year for which the layer of stations is told", verified=True,
              title_zh="加氢站现状年", title_en="Year of the layer of stations"),
)  # fmt: skip

_BY_STAGE = (("before", "现状", "now"), ("after", "规划", "by the plan"))
_AMOUNTS = (
    ("trips", "trips_d", "1/d", "重型车出行", "Trips of heavy vehicles", "trips of depots in the town"),
    ("vehicles", "depot_vehicles", "count", "场站车辆", "Vehicles at depots", "vehicles of the layer depots"),
    ("persons", "persons", "persons", "人口", "People", "persons of the layer population"),
)
OUTPUTS = (
    Output("hydrogen_existing", "count", "既有加氢站", "Existing hydrogen stations",
           "hydrogen_stations of fixed_status or further ahead", short="h2_exist"),
    *(
        Output(f"hydrogen_new_{year}", "count", f"{year}年前新增加氢站", f"New hydrogen stations by {year}",
               "sites of the phase, by the town in which they stand", short=f"h2_{year}")
        for year in YEARS
    ),
    Output("hydrogen_capacity_kg_d", "kg/d", "加氢能力(规划)", "Hydrogen capacity (plan)",
           "capacity of existing and new stations", short="h2_kg_d"),
    *(
        Output(f"candidates_{word}", "count", f"候选点({zh})", f"Candidates, {en}",
               "candidates by verdict of the screening", short=f"cand_{word[:5]}")
        for word, (zh, en) in eligibility.VERDICTS.items()
    ),
    *(Output(name, unit, zh, en, formula, short=name[:10]) for _, name, unit, zh, en, formula in _AMOUNTS),
    *(
        Output(f"{kind}_covered_{stage}", unit, f"{zh}(可服务,{when_zh})", f"{en} served {when}",
               f"{name} with a station within the limits", short=f"{kind[:6]}_{stage[:3]}")
        for kind, name, unit, zh, en, _ in _AMOUNTS
        for stage, when_zh, when in _BY_STAGE
    ),
    *(
        Output(f"{kind}_share_{stage}", "1", f"{zh}覆盖率({when_zh})", f"{en} served {when}, share",
               f"{kind}_covered_{stage} / {name}", extensive=False, short=f"{kind[:4]}_s_{stage[:3]}")
        for kind, name, _, zh, en, _ in _AMOUNTS
        for stage, when_zh, when in _BY_STAGE
    ),
)  # fmt: skip
HEADLINE = ("hydrogen_existing", "hydrogen_new_2025", "trips_share_before", "trips_share_after", "persons_share_after")


def compute(
    towns: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    rooftops: gpd.GeoDataFrame,
    population: gpd.GeoDataFrame,
    depots: gpd.GeoDataFrame,
    fuel_stations: gpd.GeoDataFrame,
    parking: gpd.GeoDataFrame,
    hydrogen_stations: gpd.GeoDataFrame,
    terrain: xr.DataArray,
    safety_distances: pd.DataFrame,
    power_lines: gpd.GeoDataFrame | None = None,
    red_line: gpd.GeoDataFrame | None = None,
    flood_zones: gpd.GeoDataFrame | None = None,
    heavy_trips: pd.DataFrame | None = None,
    target_table: pd.DataFrame | None = None,
    *,
    least_site_m2: dict[str, float] = PARAMETERS["least_site_m2"],
    hydrogen_site_share: dict[str, float] = PARAMETERS["hydrogen_site_share"],
    area_per_space_m2: float = PARAMETERS["area_per_space_m2"],
    area_per_vehicle_m2: float = PARAMETERS["area_per_vehicle_m2"],
    vehicles_per_depot: int = PARAMETERS["vehicles_per_depot"],
    fuel_station_area_m2: float = PARAMETERS["fuel_station_area_m2"],
    station_capacity_kg_d: float = PARAMETERS["station_capacity_kg_d"],
    capacity_per_area_kg_d_m2: float = PARAMETERS["capacity_per_area_kg_d_m2"],
    least_parking_m2: float = PARAMETERS["least_parking_m2"],
    one_place_m: float = PARAMETERS["one_place_m"],
    neighbour_class: dict[str, str] = PARAMETERS["neighbour_class"],
    grade_limit_kg: dict[str, float] = PARAMETERS["grade_limit_kg"],
    storage_days: float = PARAMETERS["storage_days"],
    survey_margin_m: float = PARAMETERS["survey_margin_m"],
    max_site_slope_deg: float = PARAMETERS["max_site_slope_deg"],
    demand_mix: dict[str, float] = PARAMETERS["demand_mix"],
    reach_unit: str = PARAMETERS["reach_unit"],
    reach_m: float = PARAMETERS["reach_m"],
    reach_min: float = PARAMETERS["reach_min"],
    spacing_m: float = PARAMETERS["spacing_m"],
    least_town_share: float = PARAMETERS["least_town_share"],
    backup_weight: float = PARAMETERS["backup_weight"],
    use_needs_survey: bool = PARAMETERS["use_needs_survey"],
    fixed_status: str = PARAMETERS["fixed_status"],
    fuel_cell_share: float = PARAMETERS["fuel_cell_share"],
    kg_per_vehicle_d: float = PARAMETERS["kg_per_vehicle_d"],
    what_if_gap: float = PARAMETERS["what_if_gap"],
    scenario_draws: int = PARAMETERS["scenario_draws"],
    scenario_spread: float = PARAMETERS["scenario_spread"],
    scenario_seed: int = PARAMETERS["scenario_seed"],
    trips_per_vehicle_d: dict[str, float] = PARAMETERS["trips_per_vehicle_d"],
    entry_spacing_m: float = PARAMETERS["entry_spacing_m"],
    max_detour_m: float = PARAMETERS["max_detour_m"],
    trip_decay_m: float = PARAMETERS["trip_decay_m"],
    road_speed_km_h: dict[str, float] = PARAMETERS["road_speed_km_h"],
    peak_factor: float = PARAMETERS["peak_factor"],
    join_tolerance_m: float = PARAMETERS["join_tolerance_m"],
    min_main_share: float = PARAMETERS["min_main_share"],
    access_detour: float = PARAMETERS["access_detour"],
    max_access_m: dict[str, float] = PARAMETERS["max_access_m"],
    access_speed_km_h: float = PARAMETERS["access_speed_km_h"],
    isochrone_width_m: float = PARAMETERS["isochrone_width_m"],
    new_sites_2025: int = PARAMETERS["new_sites_2025"],
    new_sites_2030: int = PARAMETERS["new_sites_2030"],
    new_sites_2035: int = PARAMETERS["new_sites_2035"],
    demand_cell_m: float = PARAMETERS["demand_cell_m"],
    direction: str = PARAMETERS["direction"],
    siting_seconds: float = PARAMETERS["siting_seconds"],
    siting_gap: float = PARAMETERS["siting_gap"],
    siting_alike: float = PARAMETERS["siting_alike"],
    map_reach: dict[str, float] = PARAMETERS["map_reach"],
    status_year: int = PARAMETERS["status_year"],
) -> Result:
    """Screen candidates, measure demand, choose sites for every phase, and say how sure that is.

    The parameters are those of `PARAMETERS`; groups may be given in part.

    Raises
    ------
    GeoError
        If a layer does not hold what the method needs, or no plan keeps what is asked.
    """
    told_here = {n: v for n, v in locals().items() if n in PARAMETERS}
    chosen = {n: PARAMETERS.merged(n, v) if isinstance(v, dict) else v for n, v in told_here.items()}
    # 1. Stations that stay, the network, and where everything enters it
    fixed = sites.fixed_stations(hydrogen_stations, fixed_status)
    have_xy = snap.points_xy(np.asarray(fixed.geometry.array, dtype=object))
    snap.refuse_duplicates(fixed["station_id"], have_xy, "hydrogen_stations")
    how: dict[str, Any] = {
        "speed_km_h": chosen["road_speed_km_h"],
        "join_m": join_tolerance_m,
        "min_main_share": min_main_share,
    }
    network = graph.build_network(roads, peak_factor=peak_factor, **how)
    access = {"max_access_m": chosen["max_access_m"]["rural"], "detour": access_detour, "speed_km_h": access_speed_km_h}
    snap.refuse_far(snap.snap(have_xy, network, **access), fixed["station_id"], "hydrogen stations")
    # 2. Candidates, what the rules say of each
    candidates, gone = candidates_hydrogen.hydrogen_candidates(fuel_stations, depots, parking, fixed, chosen)
    xy = snap.points_xy(np.asarray(candidates.geometry.array, dtype=object))
    candidates = candidates.assign(slope_deg=candidates_hydrogen.slope_deg(terrain, xy))
    yards, least = candidates[candidates["source"] == "depot"], candidates["kind"].map(chosen["least_site_m2"])
    around = sites.neighbours_of(rooftops, roads, yards, power_lines, chosen["neighbour_class"])
    outside = sites.zones_hit(xy, {"red_line": red_line, "flood_zone": flood_zones}) | {
        "off_network": ~snap.snap(xy, network, **access).on,
        "area": (candidates["use_area_m2"] < least).to_numpy(),
        "slope": (candidates["slope_deg"] > max_site_slope_deg).to_numpy(),
    }
    candidates = sites.screened(candidates, around, safety_distances, outside, chosen)
    column = np.flatnonzero(sites.usable(candidates, survey=use_needs_survey))
    # 3. Demand along the roads
    every_xy = np.concatenate([have_xy, xy[column]])
    stations, layers = snap.snap(every_xy, network, **access), {"roads": roads, "depots": depots, "towns": towns}
    found = wanted(network, {**layers, "population": population}, heavy_trips, stations, chosen)
    # 4. Sites of every phase at once, each phase within the next
    lacking = _lacking(target_table, len(fixed)) if new_sites_2025 < 0 else int(new_sites_2025)
    steps = np.cumsum([lacking, int(new_sites_2030), int(new_sites_2035)]).tolist()
    sites.refuse_too_many(steps[-1], len(column), candidates)
    problem = compose_hydrogen.question(found.demand, len(fixed), every_xy, steps, chosen)
    names = [*fixed["station_id"].astype(str), *candidates["candidate_id"].iloc[column]]
    town_names = [str(name) for name in towns["name_zh"]]
    plan = compose_hydrogen.answered(problem, names, town_names, seconds=siting_seconds, gap=siting_gap)
    # 5. What if
    free = graph.build_network(roads, peak_factor=1.0, **how)
    speeds = {"minutes_peak": network, "minutes_free": free} if reach_unit == "m" else {"minutes_free": free}
    timed = in_minutes(found, speeds, stations, reach_min, direction)
    drawn = what_if.Draws(int(scenario_draws), scenario_spread, int(scenario_seed))
    varied = what_if.scenarios(found.demand, timed, drawn)
    target = plan.phases[0] if steps[0] else plan.sites
    limits = {"seconds": siting_seconds, "gap": what_if_gap}
    questions = what_if.variants(problem, varied, len(target))
    robust = what_if.robust(questions, target, **limits)
    curve, answers = what_if.frontier(problem, found.demand, steps[-1], **limits)
    # 6. What is handed over
    phases = dict(zip(YEARS, plan.phases, strict=True))
    values = {"often": robust.often, "gain": told.gains_alone(problem)}
    places = told.places_of_plan(
        fixed, candidates, column, phases, compose_hydrogen.building_order(problem, plan), values
    )
    before, after = (told.covered_by(problem, new) for new in (plan.sites[:0], plan.sites))
    of_trips = (found.demand.rows["kind"] == "trips").to_numpy()
    of_map = (found.trips, found.places, found.how, before[of_trips], after[of_trips])
    kg_d = np.r_[places["capacity_kg_d"].iloc[: len(fixed)].fillna(station_capacity_kg_d),
                 candidates["capacity_kg_d"].iloc[column]]  # fmt: skip
    steps_of_map = [chosen[f"reach_{reach_unit}"] * chosen["map_reach"][w] for w in ("near", "middle", "far")]
    built = snap.snap(every_xy[np.r_[problem.existing, plan.sites]], network, **access)
    stages = told.stages(problem, found.demand, {str(y): new for y, new in phases.items()}, town_names)
    return Result(
        by_town=_by_town(towns, places, found, before, after),
        tables={
            "phases": titled(served_within(stages, problem, found, [*plan.phases], kg_d, chosen), "分期覆盖", "Phases"),
            "plan_sites": told.plan_sites(places, _roles()),
            "solver": told.account({("分期布局", "plan in phases"): plan, **{
                (f"新增{k}座", f"{k} new stations"): a for k, a in enumerate(answers)}}, float(problem.weights.sum())),
            "frontier": titled(curve.assign(stations=curve["new_sites"] + len(fixed)), "新增站数与覆盖率",
                               "How many stations for which share"),
            "needed": titled(what_if.needed(curve, "trips_share", SHARES_AIMED_AT, len(fixed)),
                             "重型车出行覆盖目标所需站数", "Stations needed for a share of heavy-vehicle trips"),
            "eligibility": told.rules_and_conditions(candidates, safety_distances, around),
            "set_aside": titled(gone.rename(columns={"reason": "set_aside"}), "未列为候选的地点",
                                "Places that are no candidates"),
            "flows": told.flows_by_purpose(*of_map),
            "robustness": titled(robust.table, "情景稳健性", "Robustness over scenarios",
                                 scenario=scenario_words(list(robust.table["scenario"]))),
            "exchanges": told.exchanges(names, questions["base"], target, siting_alike),
            **_indicators(hydrogen_stations, towns, int(status_year)),
        },
        made={
            "hydrogen_candidates": _layer("加氢站候选点与规划", "Candidates and plan of hydrogen stations", places,
                                          "candidate_id", role=_roles()),
            "hydrogen_reach": _layer("加氢服务范围(规划)", "Reach of hydrogen stations (plan)", told.reach_shapes(
                network, built, steps_of_map, reach_unit, direction, width_m=isochrone_width_m)),
            "hydrogen_flows": _layer("重型车出行期望线", "Trips of heavy vehicles", told.flow_lines(
                *of_map, towns.crs), served=SERVED),
        },
    )  # fmt: skip


def _lacking(target_table: pd.DataFrame | None, have: int) -> int:
    """Return how many stations the plan's number lacks."""
    mine = None if target_table is None else target_table[target_table["indicator"] == INDICATOR]
    if mine is None or mine.empty:
        raise ParameterError(f"target_table lacks {INDICATOR!r}: set hydrogen_siting.new_sites_2025, or add it")
    return max(int(np.ceil(mine.sort_values("year")["target"].iloc[0])) - have, 0)


def _roles() -> dict[str, tuple[str, str]]:
    return {**ROLES, **{f"new_{year}": (f"{year}年前新建", f"new by {year}") for year in YEARS}}


def _layer(zh: str, en: str, data: gpd.GeoDataFrame, key: str = "", **words: dict[str, tuple[str, str]]) -> Made:
    headings = {name: HEADINGS[name] for name in data if name in HEADINGS}
    known = {**WORDS, **words}
    return Made(zh, en, data, headings, {name: known[name] for name in data if name in known}, key)


def _by_town(towns: gpd.GeoDataFrame, places: gpd.GeoDataFrame, found: Wanted, before: Any, after: Any) -> pd.DataFrame:
    """Add up stations, candidates and demand by town."""
    at = assign_to_towns(places, towns)
    new = {f"hydrogen_new_{year}": places["role"] == f"new_{year}" for year in YEARS}
    built = (places["role"] == "existing") | np.logical_or.reduce(list(new.values()))
    counted = pd.DataFrame({
        "hydrogen_existing": places["role"] == "existing", **new,
        "hydrogen_capacity_kg_d": places["capacity_kg_d"].fillna(0.0).where(built, 0.0),
        **{f"candidates_{word}": places["verdict"] == word for word in eligibility.VERDICTS},
    }).astype(np.float64)  # fmt: skip
    rows, codes = found.demand.rows, towns["town_code"]
    town = rows["town"].map(dict(enumerate(codes)))
    amounts = {}
    for kind, name, *_ in _AMOUNTS:
        amount = rows["amount"].where(rows["kind"] == kind, 0.0)
        amounts[name] = amount
        for stage, held in (("before", before), ("after", after)):
            amounts[f"{kind}_covered_{stage}"] = amount.where(held, 0.0)
    out = totals_by_town(counted, at, towns).join(totals_by_town(pd.DataFrame(amounts), town, towns).iloc[:, 2:])
    for kind, name, *_ in _AMOUNTS:
        for stage in ("before", "after"):
            out[f"{kind}_share_{stage}"] = out[f"{kind}_covered_{stage}"] / out[name].where(out[name] > 0)
    return out[["town_name", "name_en", *(output.name for output in OUTPUTS)]]


def _indicators(stations: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, year: int) -> dict[str, pd.DataFrame]:
    """Tell the stations in operation as the plan counts them."""
    operating = stations[stations["status"] == "operating"]
    ones = pd.DataFrame({"n": 1.0}, index=operating.index)
    by_town = totals_by_town(ones, assign_to_towns(operating, towns), towns)["n"]
    return indicator_tables([
        Indicator(INDICATOR, float(len(operating)), "count", year, "运营中的加氢站座数(图层hydrogen_stations)",
                  "hydrogen stations in operation, of the layer hydrogen_stations",
                  by_town={str(k): float(v) for k, v in by_town.iloc[:-1].items()}),
    ])  # fmt: skip
