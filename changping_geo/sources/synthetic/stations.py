"""Parking, charging, fuel and hydrogen stations, placed at buildings and along roads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from changping_geo.sources.synthetic._points import (
    along,
    by_chance,
    ids,
    numbered,
    plan_places,
    spaced,
    spread,
    town_names,
)
from changping_geo.sources.synthetic._raster import optional

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources import Context

    Floats = NDArray[np.float64]

# Parking: buildings of one kind in a square of this size share a lot. [m]
LOT_SQUARE = 260.0
LEAST_SPACES, MOST_SPACES = 25, 2400
HIGH_OFFICE = 7  # a commercial building with so many floors is an office block


class Lot(NamedTuple):
    """A kind of parking: spaces per floor area [1/m2] and the Chinese words for its name."""

    ratio: float
    words: str


LOTS: dict[str, Lot] = {
    "residential": Lot(0.0065, "小区停车场"),
    "commercial": Lot(0.0090, "商业停车场"),
    "office": Lot(0.0060, "写字楼停车场"),
    "public": Lot(0.0045, "公共停车场"),
    "park_and_ride": Lot(0.0, "驻车换乘停车场"),
    "scenic": Lot(0.0, "景区停车场"),
}
LOT_KINDS = {
    "housing": "residential",
    "commercial": "commercial",
    "public": "public",
    "education": "public",
    "health": "public",
    "transport": "public",
}
PARK_AND_RIDE_SPACES, SCENIC_SPACES, SCENIC_AREA = 420.0, 180.0, 2e5  # median [count], least park [m2]
# One lot per so many inhabitants, one charging station, one fuel station: a large city's outer district. [persons]
PERSONS_A_LOT, PERSONS_A_CHARGER, PERSONS_A_PUMP = 1400.0, 3600.0, 26_000.0
# Of charging stations: kind and chance by the lot's kind; plugs per space.
CHARGER_CHANCE = {
    "public": 1.5,
    "commercial": 1.6,
    "office": 1.2,
    "residential": 0.5,
    "park_and_ride": 3.0,
    "scenic": 1.0,
}
STATUS = {"operating": 0.90, "building": 0.05, "planned": 0.035, "closed": 0.015}
OPERATORS = ("充电运营商甲", "充电运营商乙", "充电运营商丙", "充电运营商丁", "物业自营")
BRANDS = ("加油品牌甲", "加油品牌甲", "加油品牌乙", "加油品牌乙", "民营")
KW_FAST, KW_SLOW = (60.0, 80.0, 120.0, 160.0), 7.0  # per plug [kW]
CHARGER_YEARS = (2014, 2021, 2024)  # first, most, first year after the data [a]
FUEL_ROADS = {"trunk": 1.5, "primary": 1.6, "secondary": 1.0, "motorway": 0.25, "tertiary": 0.15}
FUEL_APART, FUEL_SITE = 700.0, 2600.0  # [m], [m2]
# A hydrogen station whose capacity is not told gets a size that is common for the first stations for lorries. [kg/d]
HYDROGEN_CAPACITY = 600.0


def parking(ctx: Context) -> gpd.GeoDataFrame:
    """Make car parks at buildings, at the plan's railway stations and at large parks.

    Parameters
    ----------
    ctx : Context
        With the layers ``towns``, ``rooftops``, ``population``, and, where there are, ``plan_places`` and ``parks``.

    Returns
    -------
    GeoDataFrame
        Points: ``parking_id``, ``name``, ``kind``, ``spaces`` [count].
    """
    rng = ctx.rng("parking")
    lots = _lots(rng, ctx)
    lots = pd.concat([lots, _special_lots(rng, ctx)], ignore_index=True)
    xy = lots[["x", "y"]].to_numpy(float)
    names = town_names(ctx.layer("towns"), xy)
    stems = [f"{town}{LOTS[kind].words}" for town, kind in zip(names, lots["kind"], strict=True)]
    return gpd.GeoDataFrame(
        {
            "parking_id": ids("P", len(lots)),
            "name": pd.Series(numbered(stems), dtype="str"),
            "kind": lots["kind"].astype("str"),
            "spaces": lots["spaces"].to_numpy(np.int64),
        },
        geometry=shapely.points(xy),
        crs=ctx.frame.crs,
    )


def _lots(rng: np.random.Generator, ctx: Context) -> pd.DataFrame:
    """Return lots at buildings: x, y [m], kind, spaces."""
    roofs = ctx.layer("rooftops")
    kind = roofs["use"].astype(str).map(LOT_KINDS)
    floors = roofs["floors"].fillna(1).astype(float)
    kind = kind.mask((kind == "commercial") & (floors >= HIGH_OFFICE), "office")
    west, south, east, north = shapely.bounds(roofs.geometry.to_numpy()).T
    table = pd.DataFrame(
        {
            "kind": kind,
            "floor_area": roofs.geometry.area * floors,
            "x": (west + east) / 2,
            "y": (south + north) / 2,
        }
    ).dropna()
    table["square"] = (table["x"] // LOT_SQUARE) * 1e6 + table["y"] // LOT_SQUARE
    table = table.sort_values("floor_area", ascending=False, kind="stable")
    groups = table.groupby(["square", "kind"], sort=True)
    lots = groups[["x", "y"]].first()
    ratio = np.array([LOTS[word].ratio for word in lots.index.get_level_values("kind")])
    spaces = groups["floor_area"].sum().to_numpy() * spread(rng, ratio, 0.35, len(lots))
    lots = lots.assign(spaces=np.minimum(np.round(spaces), MOST_SPACES)).reset_index()
    lots = lots[lots["spaces"] >= LEAST_SPACES].reset_index(drop=True)
    count = max(1, round(float(ctx.layer("population")["persons"].sum()) / PERSONS_A_LOT))
    chosen = by_chance(rng, lots["spaces"].to_numpy(float) ** 0.5)[:count]
    return lots.iloc[np.sort(chosen)][["x", "y", "kind", "spaces"]]


def _special_lots(rng: np.random.Generator, ctx: Context) -> pd.DataFrame:
    """Return park-and-ride lots at the plan's railway stations and lots at large parks."""
    parts = []
    rail = [place.point for place in plan_places(ctx, ["rail_microcentre"])]
    parts.append(("park_and_ride", shapely.get_coordinates(rail), PARK_AND_RIDE_SPACES))
    parks = optional(ctx, "parks")
    if parks is not None:
        large = parks[parks.geometry.area >= SCENIC_AREA].geometry.to_numpy()
        gates = shapely.line_interpolate_point(
            shapely.get_exterior_ring(large), rng.random(len(large)), normalized=True
        )
        parts.append(("scenic", shapely.get_coordinates(gates), SCENIC_SPACES))
    frames = [
        pd.DataFrame(
            {"x": xy[:, 0], "y": xy[:, 1], "kind": kind, "spaces": np.round(spread(rng, median, 0.4, len(xy)))}
        )
        for kind, xy, median in parts
    ]
    return pd.concat(frames)


def charging_stations(ctx: Context) -> gpd.GeoDataFrame:
    """Make charging stations at car parks and depots.

    Parameters
    ----------
    ctx : Context
        With the layers ``towns``, ``parking``, ``population`` and ``depots``.

    Returns
    -------
    GeoDataFrame
        Points: ``station_id``, ``name``, ``status``, ``kind``, ``plugs_fast`` and ``plugs_slow`` [count],
        ``power_kw`` [kW], ``open_year`` (none for those not yet open), ``operator``.
    """
    rng = ctx.rng("charging_stations")
    lots, depots = ctx.layer("parking"), ctx.layer("depots")
    count = max(1, round(float(ctx.layer("population")["persons"].sum()) / PERSONS_A_CHARGER))
    weight = lots["kind"].astype(str).map(CHARGER_CHANCE).fillna(0.5) * lots["spaces"].astype(float) ** 0.6
    lots = lots.iloc[np.sort(by_chance(rng, weight.to_numpy(float))[:count])]
    fleets = depots[depots["kind"].isin(["bus", "sanitation", "logistics"])]
    fleets = fleets[rng.random(len(fleets)) < 0.6]  # noqa: PLR2004 - share of depots with their own plugs
    kind = np.r_[np.where(lots["kind"] == "residential", "residential", "public"), np.full(len(fleets), "dedicated")]
    demand = np.r_[lots["spaces"].to_numpy(float), 2.0 * fleets["vehicles"].fillna(30).to_numpy(float)]
    xy = shapely.get_coordinates(np.r_[lots.geometry.to_numpy(), fleets.geometry.to_numpy()])
    plugs = np.clip(np.round(spread(rng, 0.11, 0.5, len(xy)) * demand), 4, 120)
    fast_share = np.select([kind == "residential", kind == "dedicated"], [0.15, 0.85], 0.6)
    fast = np.round(plugs * np.clip(fast_share + 0.15 * rng.standard_normal(len(xy)), 0, 1)).astype(np.int64)
    slow = plugs.astype(np.int64) - fast
    status = rng.choice(list(STATUS), len(xy), p=list(STATUS.values()))
    first, mode, end = CHARGER_YEARS
    year = pd.Series(rng.triangular(first, mode, end, len(xy)).astype(int)).astype("Int64")
    stems = [
        f"{town}{'专用' if k == 'dedicated' else ''}充电站"
        for town, k in zip(town_names(ctx.layer("towns"), xy), kind, strict=True)
    ]
    return gpd.GeoDataFrame(
        {
            "station_id": ids("C", len(xy)),
            "name": pd.Series(numbered(stems), dtype="str"),
            "status": pd.Series(status, dtype="str"),
            "kind": pd.Series(kind, dtype="str"),
            "plugs_fast": fast,
            "plugs_slow": slow,
            "power_kw": fast * rng.choice(KW_FAST, len(xy)) + KW_SLOW * slow,
            "open_year": year.mask(pd.Series(status).isin(["building", "planned"])),
            "operator": pd.Series(rng.choice(OPERATORS, len(xy)), dtype="str"),
        },
        geometry=shapely.points(xy),
        crs=ctx.frame.crs,
    )


def fuel_stations(ctx: Context) -> gpd.GeoDataFrame:
    """Make fuel stations beside main roads.

    Parameters
    ----------
    ctx : Context
        With the layers ``district``, ``towns``, ``roads`` and ``population``.

    Returns
    -------
    GeoDataFrame
        Points: ``station_id``, ``name``, ``brand``, ``site_area_m2`` [m2].
    """
    rng = ctx.rng("fuel_stations")
    roads = ctx.layer("roads")
    weight = roads["class"].astype(str).map(FUEL_ROADS).fillna(0.0).to_numpy(float)
    main = weight > 0
    xy = along(rng, roads.geometry.to_numpy()[main], weight[main], 150.0, 28.0)
    xy = xy[shapely.contains_xy(shapely.union_all(ctx.layer("district").geometry.to_numpy()), xy[:, 0], xy[:, 1])]
    count = max(1, round(float(ctx.layer("population")["persons"].sum()) / PERSONS_A_PUMP))
    xy = xy[spaced(xy, np.arange(len(xy)), count, FUEL_APART)] if len(xy) else xy
    return gpd.GeoDataFrame(
        {
            "station_id": ids("F", len(xy)),
            "name": pd.Series(numbered([f"{town}加油站" for town in town_names(ctx.layer("towns"), xy)]), dtype="str"),
            "brand": pd.Series(rng.choice(BRANDS, len(xy)), dtype="str"),
            "site_area_m2": np.round(np.clip(spread(rng, FUEL_SITE, 0.4, len(xy)), 700, 9000), -1),
        },
        geometry=shapely.points(xy),
        crs=ctx.frame.crs,
    )


def hydrogen_stations(ctx: Context) -> gpd.GeoDataFrame:
    """Return the hydrogen stations that the plan's places name; none without a plan.

    The place's role tells status, year of opening and capacity, as in ``已建(2021-08-15)、600 kg/d``.

    Returns
    -------
    GeoDataFrame
        Points: ``station_id``, ``name``, ``status``, ``kind``, ``capacity_kg_d`` [kg/d], ``open_year``.
    """
    places = plan_places(ctx, ["hydrogen"])
    roles = [place.role for place in places]
    status = ["operating" if re.search(r"已建|运营|in service|operat", role) else "planned" for role in roles]
    years = [re.search(r"\b(?:19|20)\d\d\b", role) for role in roles]
    capacity = [re.search(r"(\d+(?:\.\d+)?)\s*(?:kg/d|公斤/日|kg/日)", role) for role in roles]
    return gpd.GeoDataFrame(
        {
            "station_id": ids("H", len(places)),
            "name": pd.Series([place.name for place in places], dtype="str"),
            "status": pd.Series(status, dtype="str"),
            "kind": pd.Series(["stand_alone"] * len(places), dtype="str"),
            "capacity_kg_d": pd.Series([float(c[1]) if c else HYDROGEN_CAPACITY for c in capacity], dtype=float),
            "open_year": pd.Series([int(y[0]) if y else None for y in years], dtype="Int64"),
        },
        geometry=[place.point for place in places],
        crs=ctx.frame.crs,
    )
