"""Synthetic rooftops: the blocks of the plan filled with buildings, floor area fitted to each town's population."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from changping_geo.sources.synthetic.blocks import TEMPLATES
from changping_geo.sources.synthetic.footprints import joined, polygons
from changping_geo.sources.synthetic.lattice import COLLEGE, FACTORY, MID, PARK, SLAB, TOWER, blocks
from changping_geo.sources.synthetic.settlement import FLOOR_RURAL, FLOOR_URBAN, VILLAGE, patches, towns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources import Context
    from changping_geo.sources.synthetic.footprints import Boxes
    from changping_geo.sources.synthetic.lattice import Blocks
    from changping_geo.sources.synthetic.settlement import Towns

# Half width of a road with its verge, by class: no building stands nearer to the middle line. [m]
ROAD_ROOM = {"motorway": 26.0, "trunk": 20.0, "primary": 15.0, "secondary": 9.0, "tertiary": 2.8, "residential": 2.4}
# When a block was built: first and last year by its use; others like mid-rise flats.
BUILT = {SLAB: (1984, 2004), MID: (2000, 2018), TOWER: (2004, 2022), FACTORY: (1994, 2019), COLLEGE: (1986, 2019)}
BUILT_VILLAGE, BUILT_OTHER = (1978, 2014), (1990, 2020)
OLDEST, NEWEST = 1949, 2023
OWNER = {
    "rural_house": "rural",
    "housing": "urban",
    "industrial": "business",
    "commercial": "business",
    "public": "public",
    "education": "public",
    "health": "public",
    "transport": "public",
    "other": "business",
}
GOVERNMENT = ("committee", "government")
# Flats may be this many floors lower or higher than their pattern, to meet the floor area per head.
FLOORS_HOUSING, FLOORS_RURAL = (3, 33), (1, 3)


def rooftops(ctx: Context) -> gpd.GeoDataFrame:
    """Return building footprints with use, owner, height, floors, roof, year and name.

    Residential floor area per head is fitted town by town: `FLOOR_URBAN` for those in flats, `FLOOR_RURAL` for
    those in village houses, so 33 to 41 m2/person by the town's mix.
    """
    every, cells = towns(ctx), blocks(ctx)
    found, trait = _filled(ctx, cells)
    shape = polygons(found, cells.xy, cells.turn)
    keep = _clear(ctx, shape)
    found, shape = found.take(keep), shape[keep]
    floors, keep = _fitted(ctx, every, cells, found)
    found, shape, floors = found.take(keep), shape[keep], floors[keep]
    return _table(ctx, cells, trait, found, floors, shape)


def _filled(ctx: Context, cells: Blocks) -> tuple[Boxes, NDArray[np.float64]]:
    """Fill every block by its template; traits are shared by a compound, or by a village."""
    rng = ctx.rng("rooftops", "traits")
    by_compound = rng.random((int(cells.compound.max(initial=0)) + 1, 6))
    trait = by_compound[cells.compound]
    thin = towns(ctx).rural[cells.town]
    village = cells.kind == VILLAGE
    trait[village, 1] *= 1.15 - thin[village]
    trait[:, 5] = rng.random(len(cells))
    parts = []
    for use, template in TEMPLATES.items():
        rows = np.flatnonzero(cells.use == use)
        if len(rows):
            parts.append(template(rows, trait[rows], ctx.rng("rooftops", use)))
    found = joined(parts)
    # Half of the blocks are built the other way round.
    side = np.where(rng.random(len(cells)) < 0.5, -1.0, 1.0)[found.block]  # noqa: PLR2004
    found = replace(found, x=found.x * side, cut_w=found.cut_w * side)
    return found.take(np.argsort(found.block, kind="stable")), trait


def _clear(ctx: Context, shape: NDArray[Any]) -> NDArray[np.intp]:
    """Rows of footprints that touch no earlier footprint and stand clear of the roads."""
    tree = shapely.STRtree(shape)
    bad = np.zeros(len(shape), dtype=bool)
    a, b = tree.query(shape, predicate="intersects")
    bad[np.maximum(a, b)[a != b]] = True
    roads = ctx.layer("roads")
    lines = np.asarray(roads.geometry)
    room = roads["class"].map(ROAD_ROOM).fillna(ROAD_ROOM["residential"]).to_numpy(dtype=np.float64)
    _, hit = tree.query(lines, predicate="dwithin", distance=room)
    bad[hit] = True
    return np.flatnonzero(~bad)


def _fitted(ctx: Context, every: Towns, cells: Blocks, found: Boxes) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Fit residential floor area to the population: floors [count] and the rows that stay. [1]"""
    floors = found.floors.astype(np.float64)
    stay = np.ones(len(found), dtype=bool)
    town = cells.town[found.block]
    fringe = cells.rank[found.block] + 0.02 * ctx.rng("rooftops", "fringe").random(len(found))
    urban, rural = found.use == "housing", found.use == "rural_house"
    for t in range(len(every.code)):
        flats, houses = np.flatnonzero(urban & (town == t)), np.flatnonzero(rural & (town == t))
        wanted = every.persons[t] * (1 - every.rural[t]) * FLOOR_URBAN
        short = _fit_part(found.area, floors, stay, flats, wanted, fringe, FLOORS_HOUSING)
        wanted = every.persons[t] * every.rural[t] * FLOOR_RURAL + short
        short = _fit_part(found.area, floors, stay, houses, wanted, fringe, FLOORS_RURAL)
        if short > 0 and len(flats):
            wanted = float((found.area * floors)[flats[stay[flats]]].sum()) + short
            _fit_part(found.area, floors, stay, flats[stay[flats]], wanted, fringe, FLOORS_HOUSING)
    return floors, np.flatnonzero(stay)


def _fit_part(
    area: NDArray[np.float64],
    floors: NDArray[np.float64],
    stay: NDArray[np.bool_],
    rows: NDArray[np.intp],
    wanted: float,
    fringe: NDArray[np.float64],
    limits: tuple[int, int],
) -> float:
    """Drop dwellings from the fringe or add floors, in place, to fit the floor area; return what is short. [m2]"""
    if not len(rows):
        return wanted
    held = float((area[rows] * floors[rows]).sum())
    if held > wanted:
        order = rows[np.argsort(fringe[rows], kind="stable")]
        total = np.cumsum(area[order] * floors[order])
        stay[order[total > wanted + area[order] * floors[order] / 2]] = False
        return wanted - float((area[rows] * floors[rows])[stay[rows]].sum())
    base = floors[rows].copy()
    low, high = 1.0, limits[1] / max(base.min(), 1.0)
    for _ in range(40):
        factor = (low + high) / 2
        grown = np.clip(np.floor(base * factor + (rows * 0.618034) % 1.0), base, np.maximum(limits[1], base))
        low, high = (factor, high) if float((area[rows] * grown).sum()) < wanted else (low, factor)
    floors[rows] = grown
    return wanted - float((area[rows] * grown).sum())


def _table(
    ctx: Context,
    cells: Blocks,
    trait: NDArray[np.float64],
    found: Boxes,
    floors: NDArray[np.float64],
    shape: NDArray[Any],
) -> gpd.GeoDataFrame:
    """Put the columns of the layer ``rooftops`` beside the footprints."""
    use = found.use.astype(str)
    owner = np.array([OWNER[u] for u in use], dtype="U10")
    owner[np.isin(found.title, GOVERNMENT)] = "government"
    first, last = _years(cells)[found.block].T
    age = ctx.rng("rooftops", "year").integers(-1, 3, len(found)) + found.age.astype(np.intp)
    year = np.clip(np.round(first + (last - first) * trait[found.block, 2]) - age, OLDEST, NEWEST).astype(np.intp)
    flat = np.where(found.roof == "gable", 1.2, 0.4)
    return gpd.GeoDataFrame(
        {
            "roof_id": [f"R{k:07d}" for k in range(1, len(found) + 1)],
            "use": use,
            "owner": owner,
            "height_m": np.round(np.maximum(floors * found.storey + flat, 2.4), 1),
            "floors": floors.astype(np.intp),
            "roof_type": found.roof.astype(str),
            "built_year": year,
            "name": _names(ctx, cells, found),
        },
        geometry=shape,
        crs=ctx.frame.crs,
    )


def _years(cells: Blocks) -> NDArray[np.intp]:
    """First and last year in which each block's like were built, shape (blocks, 2)."""
    out = np.array([BUILT.get(u, BUILT_OTHER) for u in range(PARK + 3)])[cells.use]
    out[cells.kind == VILLAGE] = BUILT_VILLAGE
    return out


def _names(ctx: Context, cells: Blocks, found: Boxes) -> NDArray[Any]:
    """Names of notable buildings: numbered, so that nobody takes them for real ones."""
    every, places = towns(ctx), patches(ctx)
    out = np.full(len(found), None, dtype=object)
    village = np.zeros(len(places.town), np.intp)
    for t in range(len(every.code)):
        mine = np.flatnonzero((places.town == t) & (places.kind == VILLAGE))
        village[mine] = np.arange(1, len(mine) + 1)
    count: dict[tuple[str, str], int] = {}
    words = {
        "mall": "商业中心",
        "school": "学校",
        "hospital": "医院",
        "depot": "公交场站",
        "factory": "产业园",
        "college": "高校园区",
    }
    for row in np.flatnonzero(found.title != ""):
        title, block = str(found.title[row]), int(found.block[row])
        town = str(every.name[cells.town[block]])
        key = (town, title)
        number = count[key] = count.get(key, 0) + 1
        if title in ("committee", "clinic", "nursery"):
            suffix = {"committee": "村民委员会", "clinic": "卫生室", "nursery": "幼儿园"}[title]
            out[row] = f"{town}{village[cells.patch[block]]}号村{suffix}"
        elif title == "government":
            office = "人民政府" if every.kind[cells.town[block]] == "town" else "办事处"
            out[row] = f"{town}{office}" if number == 1 else f"{town}第{number - 1}公共服务中心"
        elif title in ("factory", "college"):
            unit = "号厂房" if title == "factory" else "号楼"
            out[row] = f"{town}{words[title]}{number}{unit}"
        else:
            out[row] = f"{town}第{number}{words[title]}"
    return out
