"""The plan of settlements: who lives where, and around which points towns, villages and parks grow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage

from changping_geo.sources.synthetic.siting import ground

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources import Context
    from changping_geo.sources.synthetic.siting import Ground

URBAN, VILLAGE, INDUSTRY, CAMPUS = range(4)
# Persons per km2 where no town of the same kind has a figure; a regression needs so many that have one.
USUAL_DENSITY = {"town": 600.0, "subdistrict": 9000.0}
ENOUGH_TO_FIT = 4
# Villagers' share of a town: 0.9 at 150 persons/km2, falling with the logarithm of density to 0.2 at 5,500.
RURAL_DENSE, RURAL_THIN = (5500.0, 0.20), (150.0, 0.90)
RURAL_SUBDISTRICT = 0.03
# Residential floor area per head [m2/person]: flats, and village houses that also take in tenants.
FLOOR_URBAN, FLOOR_RURAL = 33.0, 42.0
VILLAGE_MOST, VILLAGE_LEAST = 6500.0, 150.0
# Land per head of industry [m2/person] by kind of town, gross; one cell of a park is about 3.6 ha.
INDUSTRY_LAND = {"town": 24.0, "subdistrict": 4.0}
INDUSTRY_CELL, PARK_CELLS = 36000.0, 40
CAMPUS_FROM, CAMPUS_PERSONS_A_CELL, CAMPUS_CELLS = 55000.0, 7000.0, 14
# Slope from which a village follows its valley rather than the points of the compass. [1]
HILLY = 0.05
# Residential floor area per town area [1] from which there is no room for industry and campuses.
CROWDED = 0.6
# Street grid by kind: pitch east-west, pitch north-south, of which street. [m]
GRID = {
    URBAN: (196.0, 176.0, 20.0),
    VILLAGE: (142.0, 44.0, 5.0),
    INDUSTRY: (230.0, 158.0, 16.0),
    CAMPUS: (200.0, 170.0, 14.0),
}
LOTS_A_BLOCK, FLOOR_A_LOT = 17.0, 155.0
URBAN_FLOOR_A_CELL = 52000.0


@dataclass(frozen=True, slots=True)
class Towns:
    """The towns as the plan needs them, in the order of the layer ``towns``.

    Attributes
    ----------
    code, name, kind : ndarray of str, shape (n,)
        Statistical code, Chinese name, ``town`` or ``subdistrict``.
    shape : ndarray of Polygon, shape (n,)
        Territory, a little inside the border.
    persons : ndarray, shape (n,)
        Census population, or the estimate where there is none. [persons]
    rural : ndarray, shape (n,)
        Share that lives in villages. [1]
    settlements : ndarray of int, shape (n,)
        Villages and communities. [count]
    seat : ndarray, shape (n, 2)
        Seat. [m]
    """

    code: NDArray[Any]
    name: NDArray[Any]
    kind: NDArray[Any]
    shape: NDArray[Any]
    persons: NDArray[np.float64]
    rural: NDArray[np.float64]
    settlements: NDArray[np.intp]
    seat: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Patches:
    """Places that grow on one street grid each, largest first within a town.

    Attributes
    ----------
    town, kind : ndarray of int, shape (n,)
        Row of the town; `URBAN`, `VILLAGE`, `INDUSTRY` or `CAMPUS`. [1]
    xy : ndarray, shape (n, 2)
        Middle. [m]
    radius : ndarray, shape (n,)
        Radius of a disc as large as the place. [m]
    turn : ndarray, shape (n,)
        Rotation of the grid, counter-clockwise. [rad]
    wanted : ndarray, shape (n,)
        Residential floor area [m2] of urban places and villages, blocks of the others. [count]
    """

    town: NDArray[np.intp]
    kind: NDArray[np.intp]
    xy: NDArray[np.float64]
    radius: NDArray[np.float64]
    turn: NDArray[np.float64]
    wanted: NDArray[np.float64]


@lru_cache(maxsize=2)
def towns(ctx: Context) -> Towns:
    """Return the towns of a workspace with population and number of settlements, estimated where missing."""
    frame = ctx.layer("towns")
    table = ctx.layer("town_table").set_index("town_code").reindex(frame["town_code"])
    area = shapely.area(np.asarray(frame.geometry)) / 1e6
    kind = np.asarray(frame["kind"].fillna("town") if "kind" in frame else table["kind"].fillna("town")).astype(str)
    known = _floats(frame, "population_2020", table)
    count = _floats(table, "villages_and_communities", table)
    count = np.maximum(np.where(np.isnan(count), 3.0 + area / 6.0, count), 1.0)
    persons = _with_estimates(known, area, count, kind)
    (dense, low), (thin, high) = RURAL_DENSE, RURAL_THIN
    rank = np.log(np.maximum(persons, 1) / area / thin) / np.log(dense / thin)
    rural = np.where(kind == "subdistrict", RURAL_SUBDISTRICT, np.clip(high + (low - high) * rank, low, high))
    inner = shapely.buffer(np.asarray(frame.geometry), -45.0)
    seat = _seats(table, np.asarray(frame.geometry), ctx.frame.crs)
    code, name = (np.asarray(frame[c]).astype(str) for c in ("town_code", "name_zh"))
    return Towns(code, name, kind, inner, persons, rural, count.round().astype(np.intp), seat)


def _floats(frame: Any, column: str, spare: Any) -> NDArray[np.float64]:
    """Return a nullable column as floats, gaps filled from the town table. [the column's unit]"""
    own = [
        pd.to_numeric(f[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        for f in (frame, spare)
        if column in f
    ]
    if not own:
        return np.full(len(frame), np.nan)
    filled: NDArray[np.float64] = np.where(np.isnan(own[0]), own[-1], own[0])
    return filled


def _with_estimates(
    known: NDArray[np.float64], area: NDArray[np.float64], count: NDArray[np.float64], kind: NDArray[Any]
) -> NDArray[np.float64]:
    """Fill missing populations: persons per settlement fall with the land around each, as in the towns of that kind.

    Parameters
    ----------
    known : ndarray, shape (n,)
        Census figures, NaN where there is none. [persons]
    area : ndarray, shape (n,)
        Area of the town. [km2]
    count : ndarray, shape (n,)
        Villages and communities. [count]
    kind : ndarray of str, shape (n,)
        Kind of the town.
    """
    out = known.copy()
    thinness, size = np.log(area / count), np.log(np.maximum(known, 1.0) / count)
    for k in np.unique(kind):
        alike, gap = (kind == k) & np.isfinite(known), (kind == k) & np.isnan(known)
        if alike.sum() >= ENOUGH_TO_FIT and np.ptp(thinness[alike]) > 0:
            slope = np.polyfit(thinness[alike], size[alike], 1)[0]
            each = np.exp(size[alike].mean() + slope * (thinness[gap] - thinness[alike].mean()))
            out[gap] = np.round(each * count[gap])
        elif alike.any():
            out[gap] = np.round(np.exp(np.median(size[alike])) * count[gap])
        else:
            out[gap] = np.round(USUAL_DENSITY.get(str(k), 600.0) * area[gap])
    return out


def _seats(table: Any, shapes: NDArray[Any], crs: str) -> NDArray[np.float64]:
    """Return the seats, moved inside their towns where the table puts them outside, shape (n, 2). [m]"""
    lon, lat = (
        pd.to_numeric(table[c], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        for c in ("seat_lon", "seat_lat")
    )
    inside = shapely.point_on_surface(shapes)
    points = np.array(gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(crs))
    bad = ~np.isfinite(lon + lat)
    points[bad] = inside[bad]
    room = shapely.buffer(shapes, -250.0)
    room = np.where(shapely.is_empty(room), shapely.buffer(inside, 1.0), room)
    nearest = shapely.get_point(shapely.shortest_line(room, points), 0)
    out: NDArray[np.float64] = shapely.get_coordinates(np.where(shapely.covers(room, points), points, nearest))
    return out


@lru_cache(maxsize=2)
def patches(ctx: Context) -> Patches:
    """Return all places of a workspace: each town's seat, then its parks, campuses and villages."""
    every, land = towns(ctx), ground(ctx)
    rows: list[tuple[int, int, float, float, float, float, float]] = []
    for t in range(len(every.code)):
        rng = ctx.rng("settlement", every.code[t])
        wishes = _wishes(every, t, rng)
        centres = _placed(land, t, every.seat[t], wishes, rng)
        hilly = land.slope[land.pixel(centres)] > HILLY
        spread = np.where(wishes[:, 0] == VILLAGE, np.where(hilly, 22.0, 9.0), 4.0)
        turn = np.radians(rng.normal(0.0, 1.0, len(wishes)) * spread)
        rows += [(t, int(k), *xy, r, a, w) for (k, r, w), xy, a in zip(wishes, centres.tolist(), turn, strict=True)]
    data = np.array(rows, dtype=np.float64).reshape(-1, 7)
    return Patches(
        data[:, 0].astype(np.intp), data[:, 1].astype(np.intp), data[:, 2:4], data[:, 4], data[:, 5], data[:, 6]
    )


def _wishes(every: Towns, t: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """List what a town wants to place: rows of kind [1], radius [m], and floor area [m2] or blocks. [count]"""
    persons, rural = every.persons[t], every.rural[t]
    out: list[tuple[float, float, float]] = []

    def add(kind: int, wanted: float, blocks: float) -> None:
        out.append((kind, float(np.sqrt(max(blocks, 1.0) * GRID[kind][0] * GRID[kind][1] * 1.15 / np.pi)), wanted))

    floor = persons * (1 - rural) * FLOOR_URBAN
    free = float(np.clip((CROWDED - floor / max(shapely.area(every.shape[t]), 1.0)) / CROWDED * 2, 0.0, 1.0))
    add(URBAN, floor, 2 + 1.45 * floor / URBAN_FLOOR_A_CELL)
    cells = round(free * persons * INDUSTRY_LAND.get(every.kind[t], 20.0) / INDUSTRY_CELL)
    parks = int(np.ceil(cells / PARK_CELLS))
    for part in np.array_split(np.arange(cells), parks) if parks else []:
        add(INDUSTRY, len(part), len(part))
    if persons > CAMPUS_FROM:
        cells = int(np.ceil(free * persons / CAMPUS_PERSONS_A_CELL))
        for part in np.array_split(np.arange(cells), int(np.ceil(cells / CAMPUS_CELLS))) if cells else []:
            add(CAMPUS, len(part), len(part))
    villagers = persons * rural
    share = 0.95 * rural**0.6 if rural > RURAL_SUBDISTRICT else 2 * rural
    least, most = np.ceil(villagers / VILLAGE_MOST), max(1.0, villagers // VILLAGE_LEAST)
    n = int(np.clip(np.round(every.settlements[t] * share), least, most)) if villagers > 0 else 0
    size = rng.lognormal(0.0, 0.5, n)
    for floor in np.sort(size / size.sum() * villagers * FLOOR_RURAL)[::-1]:
        add(VILLAGE, float(floor), 1 + 1.12 * floor / (LOTS_A_BLOCK * FLOOR_A_LOT))
    return np.array(out, dtype=np.float64)


def _placed(
    land: Ground, t: int, seat: NDArray[np.float64], wishes: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Place a town's wishes one after another, apart from each other and on good ground, shape (n, 2). [m]"""
    row, col = np.nonzero(land.town == t)
    if len(row) == 0:
        return np.repeat(seat[None], len(wishes), axis=0)
    spots = land.centre(row, col) + rng.uniform(-0.5, 0.5, (len(row), 2)) * land.step
    good = np.log(np.maximum(land.suitability[row, col], 1e-9))
    edge = _edge_distance(land, t)[row, col]
    core = wishes[0, 1]
    flat = ndimage.gaussian_filter(land.suitability, core / land.step / 2)[row, col]
    first = -np.hypot(*(spots - seat).T) / (core + 600.0) + 2.5 * flat + 2.0 * np.minimum(edge / core, 0.9)
    centres = [spots[int(np.argmax(first))]]
    room = np.hypot(*(spots - centres[0]).T) - core
    near_park = np.where(room < 0, -3.0, -np.abs(room - 900.0) / 1500.0)
    gap = float(np.clip(0.35 * np.sqrt(len(row) * land.step**2 / len(wishes)), 60.0, 700.0))
    for kind, radius, _ in wishes[1:]:
        key = good * 1.5 + rng.gumbel(0.0, 1.0, len(row)) + 0.5 * np.minimum(edge / radius - 1.0, 0.0)
        if kind != VILLAGE:
            key += near_park + good
        best = int(np.argmax(np.where(room > radius + gap, key, -np.inf)))
        if room[best] <= radius + gap:
            best = int(np.argmax(np.minimum(room, radius) / radius + 0.1 * good))
        centres.append(spots[best])
        room = np.minimum(room, np.hypot(*(spots - spots[best]).T) - radius)
    return np.array(centres)


def _edge_distance(land: Ground, t: int) -> NDArray[np.float64]:
    """Distance of each pixel of a town to the town's border, shape (ny, nx). [m]"""
    out: NDArray[np.float64] = ndimage.distance_transform_edt(np.pad(land.town == t, 1))[1:-1, 1:-1] * land.step
    return out
