"""Open ground near demand: green and parks less buildings and roads, and how many bores it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from changping_geo.heat.planning import planned
from changping_geo.model import Cards

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Shapes = NDArray[np.object_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

#: Half the width of a road by class. [m]
HALF_WIDTH = {"motorway": 16.0, "trunk": 14.0, "primary": 12.0, "secondary": 9.0, "tertiary": 6.0, "residential": 3.5}
OTHER_ROAD = 5.0
FAR = 1 << 31  # more lattice lines than any district has
CHUNK = 2_000_000  # points looked at together
SOURCES = {
    "open_land": ("交付的可用地", "delivered open land"),
    "parks": ("公园", "park"),
    "urban_green": ("附属与防护绿地", "urban green"),
}
EXCLUSIONS = {
    "none": ("无", "none"),
    "water_protection": ("水源保护区", "water protection"),
    "red_line": ("生态保护红线", "ecological red line"),
    "steep": ("坡度过大", "steep slope"),
}
CARDS = Cards(
    planned("setback.building_m", 4.0, "m", 1.0, 15.0, "距建筑退距", "Distance kept from buildings"),
    planned("setback.edge_m", 2.0, "m", 0.0, 10.0, "距地块边界退距", "Distance kept from the parcel's edge"),
    planned("setback.road_m", 1.0, "m", 0.0, 10.0, "距道路边线退距", "Distance kept from the side of a road"),
    planned("least_parcel_m2", 500.0, "m2", 50.0, 20000.0, "最小地块面积", "Smallest parcel"),
    planned("usable_ground", 0.6, "1", 0.1, 1.0, "地块可布孔比例", "Share of the open ground that can be drilled",
            "trees, water, pipes and paths are not known"),
    planned("max_slope_deg", 15.0, "degree", 3.0, 40.0, "最大坡度", "Steepest slope on which bores are drilled"),
)  # fmt: skip


def gather(
    layers: Mapping[str, gpd.GeoDataFrame | None], key: Mapping[str, str], crs: object = None
) -> gpd.GeoDataFrame:
    """Return the polygons that may be parcels, named after their layer and row, sorted by layer and name.

    Parameters
    ----------
    layers : mapping of str to GeoDataFrame
        By name, in order of preference; missing ones are None.
    key : mapping of str to str
        The column that names a layer's rows.
    crs : CRS
        Of the layers.

    Returns
    -------
    GeoDataFrame
        ``parcel_id``, ``source``; numbered from 0.
    """
    parts = []
    for name, frame in layers.items():
        if frame is None or not len(frame):
            continue
        ids = name + ":" + frame[key[name]].astype(str)
        shapes = np.asarray(frame.geometry.array, dtype=object)
        part = pd.DataFrame({"parcel_id": ids.to_numpy(), "source": name, "geometry": shapes})
        parts.append(part.sort_values("parcel_id", kind="stable"))
    columns = ["parcel_id", "source", "geometry"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return gpd.GeoDataFrame(table[columns[:2]], geometry=table["geometry"].to_numpy(), crs=crs)


def road_widths(roads: pd.DataFrame, setback_m: float) -> NDArray[np.float64]:
    """Return the distance kept from the middle line of each road, shape (n,). [m]"""
    half = roads["class"].astype(str).map(HALF_WIDTH).fillna(OTHER_ROAD)
    out: Floats = (half.to_numpy(dtype=np.float64) + setback_m).astype(np.float64)
    return out


def count_bores(
    candidates: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame | None,
    setback_m: Mapping[str, float],
    spacing_m: float,
) -> Ints:
    """Count the places of bores in each parcel, clear of its edge, of buildings and of roads.

    Places are the points of one square lattice whose lines are multiples of the spacing: where parcels overlap, the
    first one has the place, and the count of a parcel does not hang on what else is given.

    Parameters
    ----------
    candidates : GeoDataFrame
        From `gather`, shape (n,).
    buildings, roads : GeoDataFrame
        Footprints; middle lines with ``class``.
    setback_m : mapping of str to float
        ``building_m``, ``edge_m``, ``road_m``. [m]
    spacing_m : float
        Distance of bores. [m]

    Returns
    -------
    ndarray of int
        Shape (n,). [count]
    """
    shapes = np.asarray(candidates.geometry.array, dtype=object)
    inner = shapely.buffer(shapes, -float(setback_m["edge_m"]), join_style="mitre")
    shapely.prepare(inner)
    row, key = lattice(inner, shapely.bounds(inner), spacing_m)
    if not len(key):
        return np.zeros(len(shapes), dtype=np.int64)
    first = np.unique(key, return_index=True)[1]
    row, key = row[first], key[first]
    walls = np.asarray(buildings.geometry.array, dtype=object)
    blocked = [_blocked(inner, walls, np.full(len(walls), float(setback_m["building_m"])), spacing_m)]
    if roads is not None and len(roads):
        lines = np.asarray(roads.geometry.array, dtype=object)
        blocked.append(_blocked(inner, lines, road_widths(roads, float(setback_m["road_m"])), spacing_m))
    free = np.ones(len(key), dtype=bool)
    for taken in blocked:
        at = np.minimum(np.searchsorted(key, taken), len(key) - 1)  # np.unique has sorted the keys
        free[at[key[at] == taken]] = False
    return np.bincount(row[free], minlength=len(shapes)).astype(np.int64)


def lattice(shapes: Shapes, boxes: Floats, spacing_m: float) -> tuple[Ints, Ints]:
    """Return the lattice points inside shapes.

    Parameters
    ----------
    shapes : ndarray of Polygon
        Shape (n,).
    boxes : ndarray
        West, south, east, north within which each is looked at, shape (n, 4). [m]
    spacing_m : float
        Distance of points. [m]

    Returns
    -------
    ndarray of int
        Row of the shape of each point, shape (p,).
    ndarray of int
        One number for each point of the plane, shape (p,).
    """
    low, high = np.ceil(boxes[:, :2] / spacing_m), np.floor(boxes[:, 2:] / spacing_m)
    size = np.where(np.isfinite(boxes[:, :1]), np.maximum(high - low + 1, 0), 0).astype(np.int64)
    total = size.prod(axis=1)
    ends = np.cumsum(total)
    rows, keys = [], []
    for part in np.split(np.arange(len(shapes)), np.flatnonzero(np.diff(ends // CHUNK)) + 1):
        row = np.repeat(part, total[part])
        nth = np.arange(len(row)) - np.repeat(np.cumsum(total[part]) - total[part], total[part])
        wide = size[row, 0]
        column, line = low[row, 0].astype(np.int64) + nth % wide, low[row, 1].astype(np.int64) + nth // wide
        inside = shapely.contains_xy(shapes[row], column * spacing_m, line * spacing_m)
        rows.append(row[inside])
        keys.append((column * FAR + line)[inside])
    return np.concatenate(rows), np.concatenate(keys)


def _blocked(inner: Shapes, obstacles: Shapes, distance_m: Floats, spacing_m: float) -> Ints:
    """Return the lattice points inside parcels that lie too near to an obstacle."""
    west, south, east, north = shapely.bounds(obstacles).T
    reach = shapely.box(west - distance_m, south - distance_m, east + distance_m, north + distance_m)
    obstacle, parcel = shapely.STRtree(inner).query(reach)
    used, obstacle = np.unique(obstacle, return_inverse=True)
    wide = shapely.buffer(obstacles[used], distance_m[used], quad_segs=2, join_style="mitre", mitre_limit=2.0)
    shapely.prepare(wide)
    here, there = shapely.bounds(wide)[obstacle], shapely.bounds(inner)[parcel]
    boxes = np.column_stack([np.maximum(here[:, :2], there[:, :2]), np.minimum(here[:, 2:], there[:, 2:])])
    return lattice(wide[obstacle], boxes, spacing_m)[1]


def excluded_by(
    parcels: gpd.GeoDataFrame, zones: Mapping[str, gpd.GeoDataFrame | None], slope_deg: Floats, steepest: float
) -> NDArray[np.object_]:
    """Return why each parcel is left out: the first zone that it touches, a steep slope, or ``none``.

    Parameters
    ----------
    parcels : GeoDataFrame
        Open ground.
    zones : mapping of str to GeoDataFrame
        Polygons by the words of `EXCLUSIONS`; None where nobody delivered any.
    slope_deg : ndarray
        Slope of each parcel, missing where the terrain is not known. [degree]
    steepest : float
        Largest slope. [degree]
    """
    out = np.full(len(parcels), "none", dtype=object)
    out[np.asarray(slope_deg, dtype=np.float64) > steepest] = "steep"
    shapes = np.asarray(parcels.geometry.array, dtype=object)
    for word, frame in reversed(list(zones.items())):
        if frame is not None and len(frame):
            hit = shapely.STRtree(np.asarray(frame.geometry.array, dtype=object)).query(shapes, "intersects")[0]
            out[np.unique(hit)] = word
    return out
