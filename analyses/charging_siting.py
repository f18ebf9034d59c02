"""Where the next charging stations go: candidates with room and reason, sites in phases, and the proof of the plan.

Method (docs/methods/stations.md): places that may carry a station are screened, and those that fail stay with their
reason; people enter the roads and reach stations and candidates by road; stations that exist are fixed, and the sites
of nested phases are chosen so that most people lie within the radius of their ground. Every answer tells its bound and
gap; scenarios of demand, radius and speed tell how often each site is chosen. Sites whose roofs nearby yield enough are
marked for photovoltaics, storage and charging together.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.geo.assign import assign_to_towns, totals_by_town
from changping_geo.model import Cards, Output, Result
from changping_geo.stations import candidates_charging as places
from changping_geo.stations import compose_charging as measure
from changping_geo.stations import compose_charging_plan as tell_plan
from changping_geo.stations import compose_charging_siting as plan
from changping_geo.stations import compose_charging_tables as tell
from changping_geo.stations import coverage, graph, queueing, siting, snap, spaces
from changping_geo.stations.access import nearest_by_road, network_access
from changping_geo.stations.compose_charging_words import SITING_HEADINGS
from changping_geo.stations.coverage import gains
from changping_geo.stations.eligibility import FAIL
from changping_geo.stations.snap import points_xy

if TYPE_CHECKING:
    import geopandas as gpd

TITLE = ("充电站选址", "Siting of charging stations")

#: Kinds of places that may be missing.
OPTIONAL = ("parks", "fuel_stations", "depots", "plan_places")

_SHARED = {
    coverage: ("charging_radius_m",),
    queueing: ("max_wait_probability", "charging_minutes"),
    spaces: ("charging_space_share",),
    tell: ("ev_per_person", "public_charges_per_day", "busy_hour_share"),
    siting: ("siting_seconds", "siting_gap", "siting_alike"),
}
PARAMETERS = Cards(
    (card for module in (graph, snap, measure, places, plan) for card in module.CARDS.cards.values()),
    (
        card
        for module, names in _SHARED.items()
        for name, card in (module.SITING_CARDS if module is siting else module.CARDS).cards.items()
        if name.partition(".")[0] in names
    ),
)

_whole = PARAMETERS.merged
_AIM = "within the radius of their ground (radius_rule)"
OUTPUTS = tuple(
    Output(name, unit, zh, en, formula, extensive, short)
    for name, unit, zh, en, formula, extensive, short in (
        ("persons", "persons", "人口", "People", "population", True, "persons"),
        ("persons_before", "persons", "现状覆盖人口", "People covered before",
         f"people {_AIM} of a station that counts", True, "pers_bef"),
        ("persons_after", "persons", "规划覆盖人口", "People covered after", f"people {_AIM} of these and the new ones",
         True, "pers_aft"),
        ("persons_gained", "persons", "新增覆盖人口", "People newly covered", "persons_after - persons_before", True,
         "pers_gain"),
        ("persons_out_of_reach", "persons", "候选均不可及人口", "People out of reach of every candidate",
         "people whom neither a station nor any candidate covers", True, "pers_out"),
        ("share_before", "1", "现状覆盖率", "Share covered before", "persons_before / persons", False, "shr_bef"),
        ("share_after", "1", "规划覆盖率", "Share covered after", "persons_after / persons", False, "shr_aft"),
        ("candidates", "count", "候选场址", "Candidates", "places that passed the screening or need a survey", True,
         "cands"),
        ("places_failed", "count", "未通过场址", "Places that failed", "kept with their reason", True, "failed"),
        ("new_sites", "count", "新增站", "New stations", "sites of the last phase", True, "new_sites"),
        ("plugs_new", "count", "新增站所需快充枪", "Fast plugs of new stations",
         "Erlang C for the people to whom the site is the nearest of all", True, "plugs_new"),
        ("pv_sites", "count", "宜建光储充的新增站", "New stations with PV and storage",
         "new stations whose roofs within pv_within_m yield pv_least_share of their energy", True, "pv_sites"),
    )
)  # fmt: skip
HEADLINE = ("persons_before", "persons_after", "share_before", "share_after", "new_sites", "plugs_new")


def compute(
    towns: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    charging_stations: gpd.GeoDataFrame,
    population: gpd.GeoDataFrame,
    parking: gpd.GeoDataFrame,
    built_up: gpd.GeoDataFrame,
    rooftops: gpd.GeoDataFrame,
    rooftop_pv: Result,
    parks: gpd.GeoDataFrame | None = None,
    fuel_stations: gpd.GeoDataFrame | None = None,
    depots: gpd.GeoDataFrame | None = None,
    plan_places: gpd.GeoDataFrame | None = None,
    *,
    road_speed_km_h: dict[str, float] = PARAMETERS["road_speed_km_h"],
    peak_factor: float = PARAMETERS["peak_factor"],
    join_tolerance_m: float = PARAMETERS["join_tolerance_m"],
    min_main_share: float = PARAMETERS["min_main_share"],
    access_detour: float = PARAMETERS["access_detour"],
    max_access_m: dict[str, float] = PARAMETERS["max_access_m"],
    access_speed_km_h: float = PARAMETERS["access_speed_km_h"],
    direction: str = PARAMETERS["direction"],
    count_kind: dict[str, bool] = PARAMETERS["count_kind"],
    count_status: dict[str, bool] = PARAMETERS["count_status"],
    core_ground: str = PARAMETERS["core_ground"],
    charging_radius_m: dict[str, float] = PARAMETERS["charging_radius_m"],
    radius_rule: str = PARAMETERS["radius_rule"],
    charging_space_share: dict[str, float] = PARAMETERS["charging_space_share"],
    site_plugs: dict[str, int] = PARAMETERS["site_plugs"],
    least_plugs: int = PARAMETERS["least_plugs"],
    most_plugs: int = PARAMETERS["most_plugs"],
    park_spaces_per_ha: float = PARAMETERS["park_spaces_per_ha"],
    plugs_per_depot_vehicle: float = PARAMETERS["plugs_per_depot_vehicle"],
    fuel_site_m2: float = PARAMETERS["fuel_site_m2"],
    apart_from_existing_m: float = PARAMETERS["apart_from_existing_m"],
    same_site_m: float = PARAMETERS["same_site_m"],
    pv_within_m: float = PARAMETERS["pv_within_m"],
    pv_least_share: float = PARAMETERS["pv_least_share"],
    plug_kw: float = PARAMETERS["plug_kw"],
    plug_hours_a: float = PARAMETERS["plug_hours_a"],
    new_sites: dict[str, int] = PARAMETERS["new_sites"],
    phase_year: dict[str, int] = PARAMETERS["phase_year"],
    new_apart_m: float = PARAMETERS["new_apart_m"],
    equity: str = PARAMETERS["equity"],
    town_share: float = PARAMETERS["town_share"],
    target_share: float = PARAMETERS["target_share"],
    frontier_points: int = PARAMETERS["frontier_points"],
    robust: bool = PARAMETERS["robust"],
    radius_swing: float = PARAMETERS["radius_swing"],
    demand_swing: float = PARAMETERS["demand_swing"],
    aim_minutes: float = PARAMETERS["aim_minutes"],
    ev_per_person: float = PARAMETERS["ev_per_person"],
    public_charges_per_day: float = PARAMETERS["public_charges_per_day"],
    busy_hour_share: float = PARAMETERS["busy_hour_share"],
    charging_minutes: dict[str, float] = PARAMETERS["charging_minutes"],
    max_wait_probability: float = PARAMETERS["max_wait_probability"],
    siting_seconds: float = PARAMETERS["siting_seconds"],
    siting_gap: float = PARAMETERS["siting_gap"],
    siting_alike: float = PARAMETERS["siting_alike"],
) -> Result:
    """Choose the sites. The parameters are those of `PARAMETERS`; groups may be given in part.

    Raises
    ------
    GeoError
        If a layer does not hold what the method needs, or no plan keeps what is asked.
    """
    until = time.perf_counter() + siting_seconds
    names = dict(zip(towns["town_code"].astype(str), towns["name_zh"], strict=True))
    # 1. Roads, stations that exist, and candidates on them
    network = graph.build_network(
        roads, speed_km_h=_whole("road_speed_km_h", road_speed_km_h), peak_factor=peak_factor, join_m=join_tolerance_m,
        min_main_share=min_main_share,
    )  # fmt: skip
    ground = measure.Ground(
        network, measure.drives_of(network, roads), built_up, _whole("max_access_m", max_access_m), access_detour,
        access_speed_km_h,
    )  # fmt: skip
    held = measure.counted(charging_stations, _whole("count_kind", count_kind), _whole("count_status", count_status))
    stations = measure.place_stations(held, ground)
    everywhere = places.candidate_places(
        parking, parks, fuel_stations, depots, plan_places,
        space_share=_whole("charging_space_share", charging_space_share), site_plugs=_whole("site_plugs", site_plugs),
        park_spaces_per_ha=park_spaces_per_ha, plugs_per_vehicle=plugs_per_depot_vehicle, fuel_site_m2=fuel_site_m2,
    )  # fmt: skip
    entered = ground.enter(everywhere[["x", "y"]].to_numpy(), anywhere=True)
    everywhere = places.screened(
        everywhere, entered, stations.xy, least_plugs=least_plugs, most_plugs=most_plugs,
        apart_m=apart_from_existing_m, same_m=same_site_m,
    )  # fmt: skip
    everywhere = everywhere.join(places.pv_nearby(
        everywhere[["x", "y"]].to_numpy(), points_xy(np.asarray(rooftops.geometry.array, dtype=object)),
        rooftop_pv.features["rooftops"]["pv_energy_mwh_a"].to_numpy(), everywhere["room_plugs"].to_numpy(),
        within_m=pv_within_m, least_share=pv_least_share, plug_kw=plug_kw, plug_hours_a=plug_hours_a,
    ))  # fmt: skip
    free = np.flatnonzero(everywhere["verdict"] != FAIL)
    both = plan.together(stations, entered, free)
    n = len(stations)
    # 2. People, the radius of their ground, and who reaches what
    aims = _whole("charging_radius_m", charging_radius_m)
    xy = snap.places(population, network, "population")
    core = measure.within(xy, built_up[built_up["kind"] == core_ground] if "kind" in built_up else built_up)
    limit = np.where(core & (radius_rule == "by_ground"), aims["core"], aims["district"])
    people = ground.enter(xy)
    persons, town = population["persons"].to_numpy(dtype=np.float64), assign_to_towns(population, towns)
    number = pd.Index(names).get_indexer(pd.Index(town.fillna("")))
    by_way = network_access(network, people, both, limit=float(limit.max()) * (1 + radius_swing), direction=direction)
    by_time = network_access(network, people, both, limit=aim_minutes, unit="min", direction=direction)
    # 3. The plan in phases, how many the target needs, and other scenarios
    conflicts = plan.rivals(entered.xy[free], new_apart_m, n)
    phases, years = (list(_whole(group, chosen).values()) for group, chosen in
                     (("new_sites", new_sites), ("phase_year", phase_year)))  # fmt: skip
    problem, given_up = plan.asked(
        plan.pairs_within(by_way, limit), persons, number, n, conflicts, phases, equity, town_share
    )
    answer = siting.solve(problem, seconds=siting_seconds / 3, gap=siting_gap)
    fewest, goal = plan.how_many(problem, target_share, seconds=siting_seconds / 6, gap=siting_gap)
    proofs = [tell_plan.proof_row("phases", problem, answer, given_up),
              tell_plan.proof_row("how_many", problem, fewest, tell_plan.told_of(goal, target_share))]  # fmt: skip
    ids = everywhere["site_id"].to_numpy(dtype=object)[free]
    swings = {"radius": radius_swing, "demand": demand_swing, "minutes": aim_minutes}
    questions = plan.scenarios(problem, by_way, by_time, limit, core, swings) if robust else {}
    often, doubts = tell_plan.robust_tables(questions, ids, n, max(until - time.perf_counter(), 1.0))
    everywhere = everywhere.merge(often, on="site_id", how="left")
    # 4. What the chosen sites serve and need
    ranked = plan.in_order(problem, answer, free)
    built = plan.together(stations, entered, free[answer.sites - n])
    _, nearest = nearest_by_road(network, people, built, direction=direction)
    served = np.bincount(nearest[nearest >= 0], weights=persons[nearest >= 0], minlength=len(built))[n:]
    rate = ev_per_person * public_charges_per_day * busy_hour_share
    queue = queueing.plugs_per_site(
        pd.Series(served * rate), _whole("charging_minutes", charging_minutes)["fast"],
        max_wait_probability=max_wait_probability,
    )  # fmt: skip
    fits = problem.covers()
    alone = gains(plan.table_of(fits), persons, plan.covered_by(problem, np.arange(n)))[n:]
    sites = tell_plan.site_table(
        everywhere, free, ranked, alone, answer.sites - n, served.astype(np.float64), queue["plugs"], years
    )
    # 5. Towns, tables and the layer
    crowd = tell_plan.people_table(problem, answer).set_index(population.index)
    layer = tell_plan.candidate_layer(sites, years, network.crs)
    of_site = assign_to_towns(layer.data, towns)
    layer.data.insert(3, "town_name", of_site.map(names))
    by_town = tell_plan.with_shares(totals_by_town(crowd, town, towns).join(
        totals_by_town(tell_plan.site_counts(sites), of_site, towns).drop(columns=["town_name", "name_en"])
    ))  # fmt: skip
    sheets = {
        "proof": (pd.DataFrame(proofs), "选址结果与证明", "Answers and proofs"),
        "phases": (tell_plan.phase_table(problem, answer, years, list(names.values())), "分期结果",
                   "What each phase reaches"),
        "sites": (tell_plan.chosen_table(layer.data), "选定场址", "Chosen sites"),
        "frontier": (tell_plan.frontier_table(problem, frontier_points, seconds=siting_seconds / 6),
                     "新增站数与覆盖率曲线", "New stations and coverage"),
        "alternatives": (tell_plan.exchange_table(problem, answer, siting_alike, ids, n), "几乎等效的替代场址",
                         "Sites that would do almost as well"),
        "screening": (tell_plan.screening_table(sites), "候选初筛", "Screening of candidates"),
        **doubts,
    }  # fmt: skip
    return Result(
        by_town=by_town[["town_name", "name_en", *(output.name for output in OUTPUTS)]],
        tables={name: tell_plan.headed(*sheet, SITING_HEADINGS) for name, sheet in sheets.items()},
        made={"charging_candidates": layer},
    )
