"""Coverage of charging, step by step: who counts, where each enters the roads, how far each has to go.

What is measured is told as rows of demand by kind (people, built-up ground, parking, roofs), each with weights, towns
and ways to the nearest station. Roads and trips are measured by rules of their own
(`changping_geo.stations.roads_covered`, `changping_geo.stations.flows`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from changping_geo.geo.assign import assign_to_towns
from changping_geo.model import Cards, ColumnError, Parameter, ParameterError
from changping_geo.stations.access import Access, nearest_by_road
from changping_geo.stations.coverage import gini, shares, shares_by_town, worst_town
from changping_geo.stations.demand import area_to_cells
from changping_geo.stations.flows import detours, gravity_trips, way_table
from changping_geo.stations.roads_covered import covered_share, road_reach
from changping_geo.stations.routing import FROM_STATION, TO_STATION
from changping_geo.stations.snap import (
    REASONS,
    AccessPoints,
    places,
    points_xy,
    refuse_duplicates,
    refuse_far,
    snap,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from changping_geo.stations.graph import Network
    from changping_geo.stations.roads_covered import RoadReach

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

_CHOICE = "a user's choice"
CARDS = Cards(
    (
        Parameter(f"count_kind.{word}", word == "public", "1", None, None,
                  "the aims of service radius speak of public charging; " + _CHOICE, verified=True,
                  title_zh=f"计入{zh}站", title_en=f"Count stations: {en}")
        for word, zh, en in (("public", "公用", "public"), ("residential", "居住区", "residential"),
                             ("dedicated", "专用", "dedicated"))
    ),
    (
        Parameter(f"count_status.{word}", word == "operating", "1", None, None, _CHOICE, verified=True,
                  title_zh=f"计入{zh}站", title_en=f"Count stations: {en}")
        for word, zh, en in (("operating", "运营", "operating"), ("building", "在建", "under construction"),
                             ("planned", "规划", "planned"))
    ),
    Parameter("direction", TO_STATION, "word", None, None, _CHOICE, verified=True, title_zh="行驶方向",
              title_en="Direction of the way", choices=(TO_STATION, FROM_STATION)),
    Parameter("core_ground", "urban", "word", None, None, "ground that the core radius is asked of; " + _CHOICE,
              verified=True, title_zh="按核心区半径要求的建成区", title_en="Ground of the core radius",
              choices=("urban", "village", "industrial")),
)  # fmt: skip

#: Classes of roads that have no drives to houses; only what finds no other road nearby enters here.
NO_DRIVES = ("motorway",)


@dataclass(frozen=True, slots=True)
class Ground:
    """The network, and how places enter it.

    Attributes
    ----------
    network : Network
        The network.
    drives : ndarray
        Edges that have drives to houses, shape (m,).
    built_up : GeoDataFrame
        Built-up ground, with ``kind`` where it is known.
    max_access_m : mapping
        Longest access in ``built_up`` and ``rural`` ground. [m]
    detour, speed_km_h : float
        Access way over straight line [1], speed on it [km/h].
    """

    network: Network
    drives: Flags
    built_up: gpd.GeoDataFrame
    max_access_m: Mapping[str, float]
    detour: float
    speed_km_h: float

    def enter(self, xy: Floats, *, anywhere: bool = False) -> AccessPoints:
        """Find where places enter the roads; `anywhere`, those far from a drive enter any road within rural reach."""
        far = np.where(within(xy, self.built_up), self.max_access_m["built_up"], self.max_access_m["rural"])
        how = {"detour": self.detour, "speed_km_h": self.speed_km_h}
        points = snap(xy, self.network, max_access_m=far, usable=self.drives, **how)
        if points.on.all() or not anywhere:
            return points
        lost = np.flatnonzero(~points.on)
        again = snap(xy[lost], self.network, max_access_m=max(self.max_access_m.values()), **how)
        for name in ("edge", "along_m", "straight_m", "leg_m", "minutes", "reason", "moved"):
            getattr(points, name)[lost] = getattr(again, name)
        return points


@dataclass(frozen=True, slots=True)
class Reached:
    """Rows of one kind of demand, and their ways to the nearest station.

    Attributes
    ----------
    weights : DataFrame
        One column per measure, shape (n, k).
    town : Series
        Town of each row, on the same index.
    points : AccessPoints
        Where they enter the roads.
    metres, minutes : ndarray
        Way and time to the nearest station by road, infinite where there is none, shape (n,). [m, min]
    straight : ndarray
        Straight distance to the nearest station, shape (n,). [m]
    nearest : ndarray
        The station nearest by way, -1 for none, shape (n,).
    """

    weights: pd.DataFrame
    town: pd.Series
    points: AccessPoints
    metres: Floats
    minutes: Floats
    straight: Floats
    nearest: NDArray[np.int32]


def within(xy: Floats, areas: gpd.GeoDataFrame) -> Flags:
    """Tell which places lie in one of the areas, its border included, shape (n,)."""
    out = np.zeros(len(xy), bool)
    found = shapely.STRtree(shapely.points(np.nan_to_num(xy, nan=-1e12))).query(
        np.asarray(areas.geometry.array, dtype=object), predicate="intersects"
    )
    out[found[1]] = True
    return out


def drives_of(network: Network, roads: gpd.GeoDataFrame) -> Flags:
    """Tell which edges have drives to houses, shape (m,); all of them where there is nothing but motorways."""
    kind = roads["class"].to_numpy(dtype=object)[network.road] if "class" in roads else np.full(len(network.road), "")
    open_ = ~np.isin(kind.astype(str), NO_DRIVES)
    return open_ if (open_ & network.main).any() else np.ones_like(open_)


def counted(stations: gpd.GeoDataFrame, kinds: Mapping[str, bool], status: Mapping[str, bool]) -> gpd.GeoDataFrame:
    """Return the stations that count, with their own index.

    Raises
    ------
    ParameterError
        If none counts.
    """
    held = stations["status"].isin([word for word, on in status.items() if on])
    if "kind" in stations and stations["kind"].notna().any():
        held &= stations["kind"].isin([word for word, on in kinds.items() if on])
    if not held.any():
        raise ParameterError(
            f"none of {len(stations)} charging stations counts; allow more by count_kind.* and count_status.*, or "
            "correct the columns kind and status"
        )
    return stations[held]


def place_stations(stations: gpd.GeoDataFrame, ground: Ground) -> AccessPoints:
    """Put stations on the network.

    Raises
    ------
    ColumnError
        If a station is there twice.
    GeometryError
        If a station is too far from any road.
    """
    xy = places(stations, ground.network, "charging stations")
    refuse_duplicates(stations["station_id"], xy, "charging stations")
    points = ground.enter(xy, anywhere=True)
    refuse_far(points, stations["station_id"].to_numpy(), "charging stations")
    return points


def reach_stations(
    ground: Ground, frame: gpd.GeoDataFrame, weights: pd.DataFrame, town: pd.Series, stations: AccessPoints,
    direction: str, what: str,
) -> Reached:  # fmt: skip
    """Measure the way of every row of a layer to its nearest station.

    Parameters
    ----------
    ground : Ground
        Network and access.
    frame : GeoDataFrame
        The layer.
    weights, town
        As `Reached` holds them.
    stations : AccessPoints
        The stations that count.
    direction : str
        ``to_station`` or ``from_station``.
    what : str
        The layer, for messages.
    """
    xy = places(frame, ground.network, what)
    points = ground.enter(xy)
    metres, nearest = nearest_by_road(ground.network, points, stations, unit="m", direction=direction)
    minutes, _ = nearest_by_road(ground.network, points, stations, unit="min", direction=direction)
    known = np.isfinite(xy).all(axis=1)
    straight = np.full(len(xy), np.inf)
    straight[known] = np.round(cKDTree(stations.xy).query(xy[known])[0], 3)
    return Reached(weights, town, points, metres, minutes, straight, nearest)


def built_cells(
    built_up: gpd.GeoDataFrame, towns: gpd.GeoDataFrame, cell_m: float
) -> tuple[gpd.GeoDataFrame, pd.Series]:
    """Cut built-up ground by cells; a cell belongs to the town in which the middle of its built-up ground lies.

    Returns
    -------
    tuple of GeoDataFrame and Series
        Points with ``area_m2`` [m2], and their towns.
    """
    cells = area_to_cells(np.asarray(built_up.geometry.array, dtype=object), cell_m)
    frame = gpd.GeoDataFrame(cells, geometry=gpd.points_from_xy(cells["x"], cells["y"]), crs=built_up.crs)
    return frame, assign_to_towns(frame, towns)


def road_rows(
    network: Network, stations: AccessPoints, direction: str, radii: Sequence[float], minutes: Sequence[float]
) -> tuple[dict[tuple[str, float], Floats], dict[str, RoadReach]]:
    """Measure the roads: covered length of every edge by unit and threshold [m], and the measured networks by unit."""
    reaches = {unit: road_reach(network, stations, unit=unit, direction=direction) for unit in ("m", "min")}
    steps = [*(("m", r) for r in radii), *(("min", t) for t in minutes)]
    return {step: network.length_m * covered_share(reaches[step[0]], step[1]) for step in steps}, reaches


def depot_trips(
    ground: Ground, depots: gpd.GeoDataFrame | None, stations: AccessPoints, decay_m: float, limits: Mapping[str, float]
) -> tuple[pd.DataFrame, dict[str, Access]]:
    """Reconstruct trips of fleets between depots, and find which pass a station with a short detour.

    Each vehicle makes one trip, to depots near and large by preference; a depot without a known fleet has none.

    Returns
    -------
    tuple of DataFrame and dict
        ``origin`` (row of the depots), ``destination``, ``trips``; detours by unit.
    """
    nobody = pd.DataFrame({"origin": [], "destination": [], "trips": []}).astype({"origin": int, "destination": int})
    if depots is None or not len(depots):
        return nobody, {}
    points = ground.enter(places(depots, ground.network, "depots"), anywhere=True)
    fleet = depots["vehicles"].fillna(0).to_numpy(dtype=np.float64) if "vehicles" in depots else np.zeros(len(depots))
    trips = gravity_trips(way_table(ground.network, points, points), fleet, fleet, decay=decay_m)
    if not len(trips):
        return nobody, {}
    found = {
        unit: detours(ground.network, points, trips, stations, max_detour=limit, unit=unit)
        for unit, limit in limits.items()
    }
    return trips, found


def share_rows(reached: Reached, radii: Sequence[float], minutes: Sequence[float]) -> pd.DataFrame:
    """Return the shares of every measure of a kind at every threshold, straight lines beside."""
    by_way = shares(reached.metres, reached.weights, radii).assign(unit="m")
    line = shares(reached.straight, reached.weights, radii)
    by_way["share_straight"] = line["share"]
    by_way["ratio"] = line["share"] / by_way["share"].where(by_way["share"] > 0)
    return pd.concat([by_way, shares(reached.minutes, reached.weights, minutes).assign(unit="min")], ignore_index=True)


def town_shares(reached: Reached, towns: pd.DataFrame, threshold: float, *, minutes: bool = False) -> pd.DataFrame:
    """Return totals, covered amounts and shares by town within a threshold. [m or min]"""
    cost = reached.minutes if minutes else reached.metres
    return shares_by_town(cost, reached.weights, reached.town, towns, threshold)


def equity_row(reached: Reached, by_town: pd.DataFrame, measure: str) -> dict[str, object]:
    """Return the worst town of a measure, and how unevenly ways are shared.

    Ways that do not exist are left out of the Gini coefficient and counted beside it.
    """
    weight = reached.weights[measure].to_numpy(dtype=np.float64)
    met = np.isfinite(reached.metres)
    row: dict[str, object] = {
        "measure": measure, "share": by_town[f"{measure}_share"].iloc[-1], "unreached": float(weight[~met].sum()),
        "gini_way": gini(reached.metres[met], weight[met]) if met.any() else np.nan,
    }  # fmt: skip
    if not by_town[f"{measure}_share"].iloc[:-2].notna().any():
        return row
    worst = worst_town(by_town, measure)
    return row | {"worst_town": worst["town_name"], "worst_town_en": worst["name_en"],
                  "worst_share": worst[f"{measure}_share"], "worst_code": worst.name}  # fmt: skip


def set_aside(kinds: Mapping[str, Reached], ids: Mapping[str, pd.Series]) -> pd.DataFrame:
    """List the rows that are too far from any road: layer, id, reason, distance and what they weigh.

    Raises
    ------
    ColumnError
        If a kind has no ids.
    """
    if lack := [name for name in kinds if name not in ids]:
        raise ColumnError(f"rows set aside need ids: {', '.join(lack)}")
    parts = []
    for name, reached in kinds.items():
        told = reached.points.ledger()
        row = told["row"].to_numpy()
        words = told["reason"].map({word: pair[0] for word, pair in REASONS.items()})
        lead = reached.weights.iloc[row, 0].to_numpy(dtype=np.float64)
        parts.append(pd.DataFrame({
            "demand": name, "id": ids[name].to_numpy(dtype=object)[row].astype(str), "reason": told["reason"],
            "reason_zh": words, "distance_m": told["distance_m"], "measure": reached.weights.columns[0], "amount": lead,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def mean_by_town(values: Floats, weight: Floats, total: Callable[[pd.DataFrame], pd.DataFrame]) -> Floats:
    """Return weighted means by town, missing where nobody is counted; infinite values are left out. [as `values`]"""
    met = np.isfinite(values)
    frame = pd.DataFrame({"mass": np.where(met, weight * np.where(met, values, 0.0), 0.0), "weight": weight * met})
    sums = total(frame)
    out: Floats = (sums["mass"] / sums["weight"].where(sums["weight"] > 0)).to_numpy(dtype=np.float64)
    return out


def roof_points(rooftops: gpd.GeoDataFrame, chosen: Flags) -> gpd.GeoDataFrame:
    """Return the middles of some roofs as points."""
    xy = points_xy(np.asarray(rooftops.geometry.array[chosen], dtype=object))
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(xy[:, 0], xy[:, 1]), crs=rooftops.crs)
