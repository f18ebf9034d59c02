"""What wants hydrogen stations, measured along the roads: trips of heavy vehicles, vehicles at depots, people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from changping_geo.geo.assign import assign_to_towns
from changping_geo.stations.access import network_access
from changping_geo.stations.compose_hydrogen import Demand, served_kg, stacked
from changping_geo.stations.compose_hydrogen_what_if import WIDEST_DETOUR, WIDEST_REACH
from changping_geo.stations.demand import points_to_cells
from changping_geo.stations.flows import detours, way_table
from changping_geo.stations.flows_heavy import (
    COUNTED,
    RECONSTRUCTED,
    counted_trips,
    motorway_entries,
    reconstructed_trips,
    trip_places,
)
from changping_geo.stations.snap import AccessPoints, points_xy, snap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from changping_geo.stations.graph import Network
    from changping_geo.stations.problem import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

#: Places of trips may lie so far from a road: the middle of a town's people need not be a house. [m]
FAR_PLACE = 5000.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Demand and where it comes from.

    Attributes
    ----------
    demand : Demand
        Trips, vehicles, people, in that order.
    places, trips : DataFrame
        As `changping_geo.stations.flows_heavy` makes them.
    depots : DataFrame
        ``id``, ``kind``, ``x``, ``y`` [m], ``vehicles``, ``told`` (whether the layer tells them).
    how : str
        Whether trips are counted or reconstructed.
    ends : tuple of AccessPoints
        Depots and people on the network.
    off_persons : float
        People too far from any road. [persons]
    """

    demand: Demand
    places: pd.DataFrame
    trips: pd.DataFrame
    depots: pd.DataFrame
    how: str
    ends: tuple[AccessPoints, AccessPoints]
    off_persons: float


def depot_table(depots: gpd.GeoDataFrame, usual: float) -> pd.DataFrame:
    """Return depots with their vehicles, a usual number where the layer tells none.

    Parameters
    ----------
    depots : GeoDataFrame
        Points with ``depot_id``, ``kind`` and ``vehicles``.
    usual : float
        Vehicles of a depot that tells none. [count]
    """
    told = np.full(len(depots), np.nan)
    if "vehicles" in depots:
        told = pd.to_numeric(depots["vehicles"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    xy = points_xy(np.asarray(depots.geometry.array, dtype=object))
    return pd.DataFrame({
        "id": depots["depot_id"].astype(str).to_numpy(), "kind": depots["kind"].to_numpy(dtype=object),
        "x": xy[:, 0], "y": xy[:, 1], "vehicles": np.where(np.isnan(told), usual, told), "told": ~np.isnan(told),
    })  # fmt: skip


def town_numbers(xy: Floats, towns: gpd.GeoDataFrame) -> Ints:
    """Return the row of the town of each point, -1 outside, shape (n,)."""
    at = gpd.GeoDataFrame(geometry=gpd.points_from_xy(xy[:, 0], xy[:, 1]), crs=towns.crs)
    found = pd.Index(towns["town_code"]).get_indexer(pd.Index(assign_to_towns(at, towns).fillna("")))
    return np.asarray(found, dtype=np.int64)


def wanted(
    network: Network,
    layers: Mapping[str, gpd.GeoDataFrame],
    counts: pd.DataFrame | None,
    stations: AccessPoints,
    chosen: Mapping[str, Any],
) -> Wanted:
    """Measure demand against stations and candidates.

    Parameters
    ----------
    network : Network
        The network.
    layers : mapping of str to GeoDataFrame
        ``roads``, ``depots``, ``population`` and ``towns``.
    counts : DataFrame, optional
        Counted trips; without them trips are reconstructed.
    stations : AccessPoints
        Stations that stay, then candidates.
    chosen : mapping
        Values of the cards, by name.
    """
    towns, kinds = layers["towns"], layers["roads"]["class"].to_numpy(dtype=object)
    depots = depot_table(layers["depots"], chosen["vehicles_per_depot"])
    people = _people(layers["population"], towns, chosen["demand_cell_m"])
    entries = motorway_entries(network, kinds, chosen["entry_spacing_m"])
    codes = towns["town_code"].to_numpy(dtype=object)
    told = people.assign(town_code=pd.Series(codes).reindex(people["town"]).to_numpy())
    places = trip_places(depots, entries, told)
    how = {"detour": chosen["access_detour"], "speed_km_h": chosen["access_speed_km_h"]}
    at = snap(places[["x", "y"]].to_numpy(), network, max_access_m=FAR_PLACE, **how)
    ways = way_table(network, at, at)
    if counts is None:
        trips = reconstructed_trips(places, ways, chosen["trips_per_vehicle_d"], chosen["trip_decay_m"])
    else:
        trips = counted_trips(counts, places, ways)
    longest = WIDEST_DETOUR * chosen["max_detour_m"]
    rural = chosen["max_access_m"]["rural"]
    yards = snap(depots[["x", "y"]].to_numpy(), network, max_access_m=rural, **how)
    homes = snap(people[["x", "y"]].to_numpy(), network, max_access_m=rural,
                 usable=kinds[network.road] != "motorway", **how)  # fmt: skip
    unit, reach = chosen["reach_unit"], chosen[f"reach_{chosen['reach_unit']}"]
    near = {"limit": WIDEST_REACH * reach, "unit": unit, "direction": chosen["direction"]}
    tables = {
        "trips": detours(network, at, trips, stations, max_detour=longest),
        "vehicles": network_access(network, yards, stations, **near),
        "persons": network_access(network, homes, stations, **near),
    }
    towns_of_places = town_numbers(places[["x", "y"]].to_numpy(), towns)
    parts = {
        "trips": pd.DataFrame({"amount": trips["trips_d"], "town": towns_of_places[trips["origin"]],
                               "purpose": trips["purpose"]}),
        "vehicles": pd.DataFrame({"amount": depots["vehicles"], "town": towns_of_places[: len(depots)]}),
        "persons": people[["amount", "town"]],
    }  # fmt: skip
    limits = {"trips": chosen["max_detour_m"], "vehicles": reach, "persons": reach}
    demand = stacked(parts, tables, limits, chosen["demand_mix"])
    off = float(people.loc[~homes.on, "amount"].sum())
    return Wanted(demand, places, trips, depots, COUNTED if counts is not None else RECONSTRUCTED, (yards, homes), off)


def _people(population: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, cell_m: float) -> pd.DataFrame:
    """People by town and cell: ``x``, ``y``, ``persons`` (``amount``) and ``town``; nobody changes town."""
    xy = points_xy(np.asarray(population.geometry.array, dtype=object))
    number = town_numbers(xy, towns)
    parts = []
    for town in np.unique(number):
        mine = number == town
        weights = population.loc[mine, ["persons"]].fillna(0.0)
        parts.append(points_to_cells(xy[mine], weights, cell_m).assign(town=town))
    out = pd.concat(parts, ignore_index=True)
    return out[out["persons"] > 0].reset_index(drop=True).assign(amount=lambda f: f["persons"])


def in_minutes(
    found: Wanted, networks: Mapping[str, Network], stations: AccessPoints, minutes: float, direction: str
) -> dict[str, Demand]:
    """Return the same demand with reach in minutes over other networks, by scenario.

    Parameters
    ----------
    found : Wanted
        The demand.
    networks : mapping of str to Network
        The same roads at other speeds, by scenario.
    stations : AccessPoints
        Stations that stay, then candidates.
    minutes : float
        Reach. [min]
    direction : str
        As in `changping_geo.stations.access.network_access`.
    """
    out = {}
    for word, network in networks.items():
        tables = {
            kind: network_access(network, ends, stations, limit=minutes, unit="min", direction=direction)
            for kind, ends in zip(("vehicles", "persons"), found.ends, strict=True)
        }
        limits = {**found.demand.limits, "vehicles": minutes, "persons": minutes}
        out[word] = replace(found.demand, tables={**found.demand.tables, **tables}, limits=limits)
    return out


def served_within(
    stages: pd.DataFrame,
    problem: Problem,
    found: Wanted,
    phases: Sequence[Ints],
    capacity_kg_d: Floats,
    chosen: Mapping[str, Any],
) -> pd.DataFrame:
    """Add to the stages how much hydrogen is wanted, and how much the built stations can give within capacity. [kg/d]

    Parameters
    ----------
    stages : DataFrame
        Now and the end of each phase, shape (t + 1, k).
    problem : Problem
        The question.
    found : Wanted
        The demand.
    phases : sequence of ndarray
        New sites at the end of each phase, shape (t,).
    capacity_kg_d : ndarray
        Of every column, shape (m,). [kg/d]
    chosen : mapping
        Values of the cards, by name.
    """
    kg = found.depots["vehicles"].to_numpy() * chosen["fuel_cell_share"] * chosen["kg_per_vehicle_d"]
    near = found.demand.tables["vehicles"].within(found.demand.limits["vehicles"])
    served = [0.0 for _ in range(len(phases) + 1)]
    for k, new in enumerate((problem.existing[:0], *phases)):
        built = np.concatenate([problem.existing, new])
        if kg.sum() > 0 and built.size:
            served[k] = served_kg(near, kg, capacity_kg_d, built, seconds=chosen["siting_seconds"]).value
    return stages.assign(wanted_kg_d=float(kg.sum()), served_kg_d=served)
