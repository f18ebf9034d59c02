"""Charging stations: which share of people, ground, roads, parking, roofs and trips they serve, where they are lacking.

Method (docs/methods/stations.md): roads become a network with one-way streets, speeds of the peak and closed roads;
people, built-up ground, parking and roofs enter it at their nearest drive, and what lies too far off is set aside; the
way to the nearest station that counts decides what is covered, a threshold includes its own value. Roads are measured
exactly, without cutting them. What lies beyond the radius is grouped into gaps, and each station is sized by its queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.geo.assign import assign_to_towns
from changping_geo.geo.zonal import class_table
from changping_geo.model import Cards, Output, Parameter, Result
from changping_geo.stations import (
    accessibility,
    coverage,
    demand,
    flows,
    gaps,
    graph,
    isochrones,
    queueing,
    snap,
    spaces,
)
from changping_geo.stations import compose_charging as measure
from changping_geo.stations import compose_charging_tables as tell
from changping_geo.stations.access import network_access
from changping_geo.stations.compose_charging_words import LOTS
from changping_geo.stations.snap import points_xy

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

TITLE = ("充电站服务覆盖", "Coverage of charging stations")

#: Trips of fleets are left out where no depots are known, the plain where no terrain is.
OPTIONAL = ("depots", "terrain")

_MODULES = (graph, snap, coverage, demand, flows, isochrones, gaps, accessibility, queueing, spaces, measure, tell)
PARAMETERS = Cards(
    (card for module in _MODULES for card in module.CARDS.cards.values()),
    Parameter("plain_below_m", 100.0, "m", -400.0, 5000.0, "planning range, unverified: ground below it is "
              "the plain, a base area of the service radius", verified=False,
               title_zh="平原海拔上限", title_en="The plain lies below"),
)  # fmt: skip

_whole = PARAMETERS.merged
_IN = "Σ over rows whose way to the nearest station is at most"
_R = "charging_radius_m.district"
OUTPUTS = tuple(
    Output(name, unit, zh, en, formula, extensive, short)
    for name, unit, zh, en, formula, extensive, short in (
        ("persons", "persons", "人口", "People", "population", True, "persons"),
        ("persons_covered", "persons", "覆盖人口(目标半径)", "People covered", f"{_IN} {_R}", True, "pers_cov"),
        ("persons_share", "1", "人口覆盖率(目标半径)", "Share of people covered", "persons_covered / persons", False,
         "pers_shr"),
        ("persons_near", "persons", "近距离覆盖人口", "People within the near radius", f"{_IN} map_radius_m.near", True,
         "pers_near"),
        ("persons_far", "persons", "远距离覆盖人口", "People within the far radius", f"{_IN} map_radius_m.far", True,
         "pers_far"),
        ("persons_in_time", "persons", "时间圈内人口", "People within the middle time", f"{_IN} map_minutes.middle",
         True, "pers_time"),
        ("core_persons", "persons", "核心建成区人口", "People on core ground",
         "population on built-up ground of core_ground", True, "core_pers"),
        ("core_persons_covered", "persons", "核心建成区覆盖人口(核心半径)", "People on core ground covered",
         f"{_IN} charging_radius_m.core", True, "core_cov"),
        ("core_persons_share", "1", "核心建成区人口覆盖率(核心半径)", "Share of people on core ground covered",
         "core_persons_covered / core_persons", False, "core_shr"),
        ("built_up_m2", "m2", "建成区面积", "Built-up area", "cells of built_up by the middle of their ground", True,
         "built_m2"),
        ("built_up_covered_m2", "m2", "覆盖建成区面积", "Built-up area covered", f"{_IN} {_R}", True, "built_cov"),
        ("built_up_share", "1", "建成区覆盖率", "Share of built-up area covered", "built_up_covered_m2 / built_up_m2",
         False, "built_shr"),
        ("road_m", "m", "道路长度", "Road length", "roads, each in the town that holds most of it", True, "road_m"),
        ("road_covered_m", "m", "覆盖道路长度", "Road length covered",
         f"parts of edges whose way is at most {_R}, exact", True, "road_cov"),
        ("road_share", "1", "道路覆盖率", "Share of roads covered", "road_covered_m / road_m", False, "road_shr"),
        ("parking_spaces", "count", "停车位", "Parking spaces", "spaces of parking", True, "spaces"),
        ("parking_spaces_covered", "count", "覆盖停车位", "Parking spaces covered", f"{_IN} {_R}", True, "space_cov"),
        ("parking_spaces_share", "1", "停车位覆盖率", "Share of parking spaces covered",
         "parking_spaces_covered / parking_spaces", False, "space_shr"),
        ("pv_roofs", "count", "可装光伏屋顶", "Roofs with photovoltaics", "rooftops with pv_capacity_kw of rooftop_pv",
         True, "pv_roofs"),
        ("pv_roofs_covered", "count", "覆盖可装光伏屋顶", "Roofs with photovoltaics covered", f"{_IN} {_R}", True,
         "pvr_cov"),
        ("trips", "count", "车队出行(重建)", "Trips of fleets (reconstructed)",
         "one per vehicle of the depots, by gravity; in the town of origin", True, "trips"),
        ("trips_covered", "count", "可顺路充电的出行(重建)", "Trips that pass a station",
         "trips with a detour of at most max_detour_m", True, "trips_cov"),
        ("mean_way_m", "m", "人均到站距离", "Mean way to the nearest station",
         "Σ persons × way / Σ persons, of those with a way", False, "mean_way"),
        ("stations", "count", "计入充电站", "Stations that count", "charging_stations of count_kind and count_status",
         True, "stations"),
        ("plugs_fast", "count", "快充枪", "Fast plugs", "plugs_fast of stations that count", True, "plug_fast"),
        ("plugs_slow", "count", "慢充枪", "Slow plugs", "plugs_slow of stations that count", True, "plug_slow"),
        ("plugs_per_1000", "1", "每千人可达充电枪", "Plugs in reach per 1,000 people",
         "E2SFCA: shared supply of plugs as fast ones, mean over people", False, "plug_1000"),
        ("plugs_needed", "count", "所需快充枪", "Fast plugs needed",
         "Erlang C with max_wait_probability, at every station for those to whom it is the nearest", True, "plug_need"),
        ("plugs_lacking", "count", "快充枪缺口", "Fast plugs lacking", "Σ max(plugs_needed - plugs as fast ones, 0)",
         True, "plug_lack"),
        ("charging_spaces_required", "count", "应配充电车位", "Charging spaces required",
         "Σ ceil(spaces × charging_space_share of the kind)", True, "cs_req"),
        ("charging_spaces_short", "count", "充电车位缺口", "Charging spaces short",
         "Σ max(required - plugs at the lot, 0): a surplus here does not help there", True, "cs_short"),
        ("extra_person_km", "person km", "超出半径的人公里", "Way beyond the radius",
         f"Σ persons × max(way - {_R}, 0), of those with a way", True, "extra_pkm"),
    )
)  # fmt: skip
HEADLINE = ("persons_covered", "persons_share", "core_persons_share", "road_share", "stations", "plugs_lacking")


def compute(
    towns: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    charging_stations: gpd.GeoDataFrame,
    population: gpd.GeoDataFrame,
    parking: gpd.GeoDataFrame,
    built_up: gpd.GeoDataFrame,
    rooftops: gpd.GeoDataFrame,
    rooftop_pv: Result,
    depots: gpd.GeoDataFrame | None = None,
    terrain: xr.DataArray | None = None,
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
    map_radius_m: dict[str, float] = PARAMETERS["map_radius_m"],
    map_minutes: dict[str, float] = PARAMETERS["map_minutes"],
    demand_cell_m: float = PARAMETERS["demand_cell_m"],
    plain_below_m: float = PARAMETERS["plain_below_m"],
    trip_decay_m: float = PARAMETERS["trip_decay_m"],
    max_detour_m: float = PARAMETERS["max_detour_m"],
    isochrone_width_m: float = PARAMETERS["isochrone_width_m"],
    gap_link_m: float = PARAMETERS["gap_link_m"],
    gap_rows: int = PARAMETERS["gap_rows"],
    catchment_minutes: dict[str, float] = PARAMETERS["catchment_minutes"],
    catchment_weight: dict[str, float] = PARAMETERS["catchment_weight"],
    ev_per_person: float = PARAMETERS["ev_per_person"],
    public_charges_per_day: float = PARAMETERS["public_charges_per_day"],
    busy_hour_share: float = PARAMETERS["busy_hour_share"],
    charging_minutes: dict[str, float] = PARAMETERS["charging_minutes"],
    max_wait_probability: float = PARAMETERS["max_wait_probability"],
    charging_space_share: dict[str, float] = PARAMETERS["charging_space_share"],
    plug_at_lot_m: float = PARAMETERS["plug_at_lot_m"],
) -> Result:
    """Measure the coverage of charging. The parameters are those of `PARAMETERS`; groups may be given in part.

    Raises
    ------
    GeoError
        If a layer does not hold what the method needs: a station off the network or given twice, roads that do not
        hang together, a speed of zero, a negative weight.
    """
    aims, near = _whole("charging_radius_m", charging_radius_m), _whole("map_radius_m", map_radius_m)
    roles = {"core": aims["core"], "near": near["near"], "district": aims["district"], "far": near["far"]}
    clock = _whole("map_minutes", map_minutes)
    radius, radii, minutes = aims["district"], sorted(set(roles.values())), sorted(set(clock.values()))
    names = dict(zip(towns["town_code"].astype(str), towns["name_zh"], strict=True))
    # 1. Roads, and who enters them where
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
    at_station = assign_to_towns(held, towns)
    # 2. The way of everybody to the nearest station
    core = built_up[built_up["kind"] == core_ground] if "kind" in built_up else built_up
    on_core = measure.within(points_xy(np.asarray(population.geometry.array, dtype=object)), core)
    cells, cell_town = measure.built_cells(built_up, towns, demand_cell_m)
    sunny = rooftop_pv.features["rooftops"]
    with_pv = (sunny["pv_capacity_kw"] > 0).to_numpy()
    roofs = measure.roof_points(rooftops, with_pv)
    roof_town = sunny["town_code"][with_pv].reset_index(drop=True)
    roof_weights = pd.DataFrame({"pv_roofs": 1.0, "pv_mwh_a": sunny["pv_energy_mwh_a"][with_pv].to_numpy()})
    people = population[["persons"]].assign(core_persons=population["persons"] * on_core)
    kinds = {
        name: measure.reach_stations(ground, frame, weights, town, stations, direction, name)
        for name, frame, weights, town in (
            ("population", population, people, assign_to_towns(population, towns)),
            ("built_up", cells, cells[["area_m2"]].set_axis(["built_up_m2"], axis=1), cell_town),
            ("parking", parking, parking[["spaces"]].set_axis(["parking_spaces"], axis=1),
             assign_to_towns(parking, towns)),
            ("rooftops", roofs, roof_weights, roof_town),
        )
    }  # fmt: skip
    crowd, persons = kinds["population"], people["persons"].to_numpy(dtype=np.float64)
    # 3. Roads by exact length, trips by detour
    covered_m, reaches = measure.road_rows(network, stations, direction, radii, minutes)
    limits = {"m": max(*radii, max_detour_m), "min": max(minutes)}
    depot_town = pd.Series(dtype="str") if depots is None else assign_to_towns(depots, towns)
    trips, passing = measure.depot_trips(ground, depots, stations, trip_decay_m, limits)
    # 4. Shares: by threshold, by town, worst town
    shares = tell.named(pd.concat([
        *(measure.share_rows(kind, radii, minutes) for kind in kinds.values()),
        *(tell.shared("road_m", unit, {step: (float(covered_m[unit, step].sum()), float(network.length_m.sum()))
                                       for step in steps}) for unit, steps in (("m", radii), ("min", minutes))),
        *(tell.shared("trips", unit, {
            step: (float(trips["trips"][table.reached(step)].sum()), float(trips["trips"].sum()))
            for step in (radii if unit == "m" else minutes)}) for unit, table in passing.items()),
    ], ignore_index=True))  # fmt: skip
    by_kind = {name: measure.town_shares(kind, towns, radius) for name, kind in kinds.items()}
    equity = pd.DataFrame([
        measure.equity_row(table, by_kind[name], str(word))
        for name, table in kinds.items() for word in table.weights if table.weights[word].sum() > 0
    ])  # fmt: skip
    # 5. Shared supply, queues, charging spaces
    slow = _whole("charging_minutes", charging_minutes)
    plugs = held[["plugs_fast", "plugs_slow"]].fillna(0).astype(np.float64)
    as_fast = (plugs["plugs_fast"] + plugs["plugs_slow"] * slow["fast"] / slow["slow"]).to_numpy()
    steps, weights = _whole("catchment_minutes", catchment_minutes), _whole("catchment_weight", catchment_weight)
    bands = [steps[name] for name in ("near", "middle", "far")]
    in_time = network_access(network, crowd.points, stations, limit=bands[-1], unit="min", direction=direction)
    catchment = accessibility.e2sfca(in_time, persons, as_fast, bands, [weights[n] for n in ("near", "middle", "far")])
    in_reach = network_access(network, crowd.points, stations, limit=radius, direction=direction)
    rate = ev_per_person * public_charges_per_day * busy_hour_share
    sizes = tell.sized(crowd, in_reach, as_fast, rate, slow["fast"], max_wait_probability).set_index(held.index)
    share_of = _whole("charging_space_share", charging_space_share)
    open_ = charging_stations[charging_stations["status"] == "operating"]
    every_plug = open_[["plugs_fast", "plugs_slow"]].fillna(0).sum(axis=1)
    at_lot, elsewhere = spaces.plugs_at_lots(
        kinds["parking"].points.xy, points_xy(np.asarray(open_.geometry.array, dtype=object)), every_plug,
        within_m=plug_at_lot_m,
    )  # fmt: skip
    lots = tell.lot_values(parking, at_lot, share_of)
    # 6. Gaps, towns, and what is handed over
    gap = tell.gap_layer(crowd, radius, gap_link_m, network.crs, names, held["station_id"].astype(str).tolist())
    by_town = tell.town_table(
        towns, kinds, by_kind, {**roles, "time": clock["middle"]},
        more=(
            (pd.DataFrame({"road_m": network.length_m, "road_covered_m": covered_m["m", radius]}),
             assign_to_towns(roads, towns).iloc[network.road].reset_index(drop=True)),
            tell.trip_columns(trips, passing, max_detour_m, depot_town),
            (plugs.assign(stations=1.0, plugs_needed=sizes["plugs_needed_here"], plugs_lacking=sizes["plugs_lacking"]),
             at_station),
            (lots[["spaces_required", "spaces_short"]].add_prefix("charging_"), kinds["parking"].town),
        ),
        per_person=catchment.per_person,
    )  # fmt: skip
    bases = {
        "district": ("全区", float(towns.area.sum())), "built_up": ("建成区", float(built_up.area.sum())),
        "core": ("核心建成区", float(core.area.sum())), "plain": ("平原", _plain_m2(terrain, towns, plain_below_m)),
    }  # fmt: skip
    sheets = {
        "shares": (shares, "覆盖率: 路网与直线", "Coverage by road, straight lines beside"),
        "shares_by_town": (tell.town_thresholds(crowd, towns, radii, minutes), "各镇街人口覆盖率",
                           "Share of people by town and threshold"),
        "service_radius": (tell.radius_table(len(held), bases, crowd, radius), "平均服务半径(三种含义)",
                           "Average service radius, three meanings"),
        "equity": (tell.named(equity), "公平性: 最低镇街与基尼系数", "Equity: the worst town, Gini"),
        "curve": (tell.curves(in_reach, crowd, held["station_id"].astype(str), held["open_year"], names),
                  "站数与覆盖率曲线", "Stations and coverage"),
        "gaps": (gap.data.drop(columns="geometry").head(gap_rows), "充电服务缺口(人口最多)",
                 "Gaps with the most people"),
        "charging_spaces": (tell.kind_table(parking, at_lot, elsewhere, share_of, LOTS), "停车场充电车位配建",
                            "Charging spaces at parking"),
        "off_network": (measure.set_aside(kinds, {
            "population": population["point_id"], "built_up": pd.Series(cells.index), "parking": parking["parking_id"],
            "rooftops": rooftops["roof_id"][with_pv].reset_index(drop=True)}), "距路网过远",
            "Set aside: too far from roads"),
        "network": (tell.network_table(network.notes), "路网检查", "What was found of the network"),
    }  # fmt: skip
    features = {
        "charging_stations": tell.with_words(sizes.reindex(charging_stations.index).assign(
            counts=np.where(charging_stations.index.isin(held.index), "yes", "no"),
            town_code=assign_to_towns(charging_stations, towns)), roles),
        "population": tell.with_words(pd.DataFrame({
            "town_code": crowd.town, "way_m": _finite(crowd.metres), "way_min": _finite(crowd.minutes),
            "nearest_station": np.array([*held["station_id"].astype(str), ""], dtype=object)[crowd.nearest],
            "band": tell.band_of(crowd.metres, roles), "plugs_per_1000": 1000.0 * catchment.per_person}), roles),
        "parking": tell.with_words(lots.assign(town_code=kinds["parking"].town, way_m=_finite(kinds["parking"].metres)),
                                   roles),
    }  # fmt: skip
    return Result(
        by_town=by_town[["town_name", "name_en", *(output.name for output in OUTPUTS)]],
        features=features,
        tables={name: tell.titled(frame, zh, en) for name, (frame, zh, en) in sheets.items()},
        made={
            "charging_reach": tell.reach_layer(reaches["m"], roles, isochrone_width_m, time=False),
            "charging_reach_time": tell.reach_layer(reaches["min"], clock, isochrone_width_m, time=True),
            "charging_gaps": gap,
        },
    )  # fmt: skip


def _finite(cost: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(cost), cost, np.nan)


def _plain_m2(terrain: xr.DataArray | None, towns: gpd.GeoDataFrame, below_m: float) -> float:
    """Return the area of the towns that lies below a height, 0 where the terrain is not known. [m2]"""
    if terrain is None:
        return 0.0
    lost = np.isnan(terrain) | (terrain == terrain.attrs["nodata"])
    low = (terrain < below_m).astype("uint8").where(~lost, 255).astype("uint8")
    low.attrs = {**terrain.attrs, "nodata": 255}
    table = class_table(low, towns, classes=(0, 1)).frame()
    return float(table[1].sum()) if 1 in table else 0.0
