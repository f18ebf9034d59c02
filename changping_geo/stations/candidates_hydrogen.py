"""Where a hydrogen station might stand: beside fuel pumps, on yards of heavy vehicles, on large parking lots.

Each candidate has an area of its own that hydrogen may take, a kind that goes with it, and a capacity that goes with
the area. Places within a few steps of each other are one candidate; a place that has a station already is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from changping_geo.model import Cards, ColumnError, Parameter
from changping_geo.stations.snap import points_xy, same_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_RANGE = "planning range, unverified"
_FOTON = "Foton station: 1,700 m2, 600 kg/d"
SOURCES = {
    "fuel_station": ("加油站", "fuel station"),
    "depot": ("场站", "depot"),
    "parking": ("停车场", "parking"),
    "station": ("现有加氢站", "hydrogen station"),
}
KINDS = {
    "stand_alone": ("独立站", "stand-alone"),
    "oil_hydrogen": ("油氢合建", "with fuel station"),
    "skid": ("撬装", "skid-mounted"),
}
_LEAST = {
    "stand_alone": (1700.0, 800.0, 6000.0, _FOTON, True),
    "oil_hydrogen": (800.0, 300.0, 3000.0, _RANGE, False),
    "skid": (600.0, 200.0, 2000.0, _RANGE, False),
}
_SHARES = {"fuel_station": 0.4, "depot": 0.3, "parking": 0.3}

CARDS = Cards(
    (
        Parameter(f"least_site_m2.{kind}", value, "m2", low, high, source, verified=read,
                  title_zh=f"最小用地({KINDS[kind][0]})", title_en=f"Least ground, {KINDS[kind][1]}")
        for kind, (value, low, high, source, read) in _LEAST.items()
    ),
    (
        Parameter(f"hydrogen_site_share.{source}", share, "1", 0.05, 1.0, _RANGE, verified=False,
                  title_zh=f"可用于加氢的用地占比({SOURCES[source][0]})",
                  title_en=f"Share of the ground that hydrogen may take, {SOURCES[source][1]}")
        for source, share in _SHARES.items()
    ),
    Parameter("area_per_space_m2", 30.0, "m2", 20.0, 45.0, _RANGE, verified=False,
              title_zh="每车位用地", title_en="Ground per parking space"),
    Parameter("area_per_vehicle_m2", 100.0, "m2", 50.0, 200.0, _RANGE, verified=False,
              title_zh="每辆重型车用地", title_en="Ground per heavy vehicle"),
    Parameter("vehicles_per_depot", 50, "count", 5, 500, _RANGE + "; used where a depot tells no vehicles",
              verified=False, title_zh="场站车辆数(缺失时)", title_en="Vehicles of a depot that tells none"),
    Parameter("fuel_station_area_m2", 2500.0, "m2", 800.0, 6000.0, _RANGE + "; used where a station tells no area",
              verified=False, title_zh="加油站占地(缺失时)", title_en="Ground of a fuel station that tells none"),
    Parameter("station_capacity_kg_d", 1000.0, "kg/d", 500.0, 2000.0,
              "municipal plan: 148 t/d in 74 stations is 2,000 in the mean, Foton station 600", verified=False,
              title_zh="新建站日加注能力上限", title_en="Largest capacity of a new station"),
    Parameter("capacity_per_area_kg_d_m2", 0.353, "kg/(d m2)", 0.1, 2.0, _FOTON, verified=True,
              title_zh="单位用地加注能力", title_en="Capacity per ground"),
    Parameter("least_parking_m2", 1700.0, "m2", 500.0, 10_000.0, _RANGE + ": what hydrogen may take of a parking lot",
              verified=False, title_zh="停车场可用于加氢的最小用地", title_en="Least ground at a parking lot"),
    Parameter("one_place_m", 50.0, "m", 1.0, 500.0, _RANGE, verified=False,
              title_zh="同一地点的距离", title_en="Candidates nearer than this are one place"),
)  # fmt: skip

#: Kinds of parking where lorries and coaches may come.
OPEN_PARKING = ("public", "park_and_ride", "scenic")
COLUMNS = ("candidate_id", "name", "source", "kind", "site_area_m2", "area_told", "use_area_m2", "capacity_kg_d")


def hydrogen_candidates(
    fuel_stations: gpd.GeoDataFrame,
    depots: gpd.GeoDataFrame,
    parking: gpd.GeoDataFrame,
    stations: gpd.GeoDataFrame,
    chosen: Mapping[str, Any],
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Gather the candidates of a district.

    Parameters
    ----------
    fuel_stations, depots, parking : GeoDataFrame
        Layers of points; fuel stations tell ``site_area_m2``, depots ``vehicles``, parking ``spaces`` and ``kind``.
    stations : GeoDataFrame
        Hydrogen stations that there are.
    chosen : mapping
        Values of `CARDS`, by name; groups as mappings.

    Returns
    -------
    tuple
        `COLUMNS` and points, shape (n,), fuel stations first; and what became no candidate: ``source``, ``reason``
        (a word of `REASONS`), ``count``.
    """
    shares, least = chosen["hydrogen_site_share"], chosen["least_site_m2"]
    told = {
        "fuel_station": _gross(fuel_stations, "site_area_m2", 1.0, chosen["fuel_station_area_m2"]),
        "depot": _gross(depots, "vehicles", chosen["area_per_vehicle_m2"], chosen["vehicles_per_depot"]),
        "parking": _gross(parking, "spaces", chosen["area_per_space_m2"], 0.0),
    }
    ids = {"fuel_station": "station_id", "depot": "depot_id", "parking": "parking_id"}
    parts = []
    for source, layer in (("fuel_station", fuel_stations), ("depot", depots), ("parking", parking)):
        area, known = told[source]
        use = area * shares[source]
        wide = use >= least["stand_alone"]
        kind = np.where(wide, "stand_alone", "skid") if source != "fuel_station" else "oil_hydrogen"
        parts.append(gpd.GeoDataFrame(
            {"candidate_id": [f"{source[0].upper()}-{i}" for i in layer[ids[source]]], "name": _names(layer),
             "source": source, "kind": kind, "site_area_m2": area, "area_told": known, "use_area_m2": use,
             "lot": layer["kind"].astype(object).to_numpy() if source == "parking" else ""},
            geometry=np.asarray(layer.geometry.array), crs=layer.crs,
        ))  # fmt: skip
    every = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=fuel_stations.crs)
    by_area = every["use_area_m2"] * chosen["capacity_per_area_kg_d_m2"]
    every["capacity_kg_d"] = by_area.clip(upper=chosen["station_capacity_kg_d"])
    return _sift(every, stations, chosen["least_parking_m2"], chosen["one_place_m"])


REASONS = {
    "kind_of_parking": ("停车场类型不适合重型车", "kind of parking without heavy vehicles"),
    "small_parking": ("停车场过小", "parking too small"),
    "has_station": ("已有加氢站", "has a hydrogen station already"),
    "one_place": ("与另一候选为同一地点", "same place as another candidate"),
}


def _sift(
    every: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, lot_m2: float, near_m: float
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Take out what is no place for heavy vehicles, has a station, or is a place told twice."""
    lot = (every["source"] == "parking").to_numpy()
    reason = np.full(len(every), "", dtype=object)
    reason[lot & ~every["lot"].isin(OPEN_PARKING).to_numpy()] = "kind_of_parking"
    reason[lot & (reason == "") & (every["use_area_m2"] < lot_m2).to_numpy()] = "small_parking"
    left = np.flatnonzero(reason == "")
    have = points_xy(np.asarray(stations.geometry.array, dtype=object))
    xy = points_xy(np.asarray(every.geometry.array, dtype=object)[left])
    first = same_place(np.concatenate([have, xy]), within_m=near_m)[len(have) :]
    reason[left[first < len(have)]] = "has_station"
    reason[left[(first >= len(have)) & (first != np.arange(len(left)) + len(have))]] = "one_place"
    gone = every.loc[reason != "", ["source"]].assign(reason=reason[reason != ""])
    kept = every.loc[reason == "", [*COLUMNS, "geometry"]].reset_index(drop=True)
    return kept, gone.value_counts(["source", "reason"], sort=False).rename("count").reset_index()


def _gross(layer: gpd.GeoDataFrame, column: str, each: float, otherwise: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Ground of each place, and whether the layer tells it. [m2]"""
    told = np.full(len(layer), np.nan)
    if column in layer:
        told = pd.to_numeric(layer[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    known = told > 0
    area: Floats = np.where(known, told, otherwise) * each
    return area, known & (column == "site_area_m2")


def _names(layer: gpd.GeoDataFrame) -> NDArray[np.object_]:
    if "name" not in layer:
        return np.full(len(layer), "", dtype=object)
    return np.asarray(layer["name"].fillna("").astype(object))


def slope_deg(terrain: xr.DataArray, xy: ArrayLike) -> Floats:
    """Return how steep the ground is at places, over three by three cells; missing beyond the raster, shape (n,). [deg]

    Parameters
    ----------
    terrain : DataArray
        Ground height, dimensions (y, x), with ``transform`` and ``nodata``. [m]
    xy : array_like
        Places, shape (n, 2). [m]

    Raises
    ------
    ColumnError
        If the raster is turned.

    References
    ----------
    Horn, 1981. Hill shading and the reflectance map. doi:10.1109/PROC.1981.11918
    """
    wide, turned, left, tilted, tall, top = terrain.attrs["transform"][:6]
    if turned or tilted:
        raise ColumnError("the terrain raster is turned; warp it to the axes of the metric CRS")
    at = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    column, row = np.floor((at[:, 0] - left) / wide), np.floor((at[:, 1] - top) / tall)
    high, broad = terrain.shape
    there = (row >= 1) & (row < high - 1) & (column >= 1) & (column < broad - 1)
    r, c = row[there].astype(np.intp), column[there].astype(np.intp)
    steps = np.arange(-1, 2)
    z = np.asarray(terrain.values)[r[:, None, None] + steps[:, None], c[:, None, None] + steps].astype(np.float64)
    z[z == terrain.attrs.get("nodata")] = np.nan
    smooth = np.array([1.0, 2.0, 1.0])
    east = ((z[:, :, 2] - z[:, :, 0]) @ smooth) / (8.0 * abs(wide))
    south = ((z[:, 2, :] - z[:, 0, :]) @ smooth) / (8.0 * abs(tall))
    out = np.full(len(at), np.nan)
    out[there] = np.degrees(np.arctan(np.hypot(east, south)))
    return out
