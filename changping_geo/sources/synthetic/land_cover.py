"""Land cover with the codes of ESA WorldCover, put together from the other layers, with rivers and reservoirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy import ndimage
from scipy.interpolate import make_splprep
from scipy.sparse.csgraph import dijkstra

from changping_geo.sources.synthetic._raster import Cells, grid_graph, optional, spline_noise

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.sources import Context

    Codes = NDArray[np.uint8]

CELL = 10.0  # [m]
TREE, SHRUB, GRASS, CROP, BUILT, BARE, WATER, WETLAND = 10, 20, 30, 40, 50, 60, 80, 90
GROUND_CELL = 60.0  # heights and slopes are judged on such cells [m]
PATCHES = (1600.0, 350.0)  # sizes of patches of shrub, grass and fields [m]
FIELD_SLOPE, ROCK_SLOPE = 0.06, 0.75  # gentler ground is farmed, steeper ground may be bare [1]
RIVERS = 2
RIVER_CELL, UPHILL, IN_TOWN = 240.0, 0.35, 4.0  # search grid [m], cost per metre of rise [1], in built-up land [1]
RIVER_WIDTH, BANK = 38.0, 22.0  # half width of the water, width of the wet banks [m]
RESERVOIR = 1.4e6  # median area of the reservoir at a river's head [m2]
ROAD_CLASSES = ("motorway", "trunk", "primary")  # wide enough for cells of their own
LARGE_PARK_TREES = 0.55  # share of a park under trees [1]
# What part of a class had been something else some years before: towns grew over fields, slopes were planted. [1]
BECAME = (
    (BUILT, CROP, 0.05),
    (BUILT, TREE, 0.012),
    (TREE, SHRUB, 0.03),
    (TREE, CROP, 0.012),
    (GRASS, CROP, 0.06),
    (SHRUB, TREE, 0.02),
    (SHRUB, GRASS, 0.02),
)
CHANGE_PATCH = 700.0  # size of the patches in which it changed [m]


def land_cover(ctx: Context) -> xr.DataArray:
    """Make the land cover of the district.

    Parameters
    ----------
    ctx : Context
        With the layers ``district``, ``terrain``, and, where there are, ``forest``, ``built_up``, ``parks``, ``roads``.

    Returns
    -------
    DataArray, dims (y, x), uint8
        ``class_code``: 10 trees, 20 shrubs, 30 grass, 40 crops, 50 built-up, 60 bare, 80 water, 90 wetland; 0 outside
        the district.
    """
    outline = shapely.union_all(ctx.layer("district").geometry.to_numpy())
    cells = Cells.over(outline.bounds, CELL)
    codes = _open_land(ctx.rng("land_cover"), ctx.layer("terrain"), cells)
    shapes: list[tuple[shapely.Geometry, int]] = []
    for name, code in (("forest", TREE), ("built_up", BUILT)):
        frame = optional(ctx, name)
        shapes += [] if frame is None else [(geometry, code) for geometry in frame.geometry]
    parks, roads = optional(ctx, "parks"), optional(ctx, "roads")
    if parks is not None:
        trees = ctx.rng("land_cover", "parks").random(len(parks)) < LARGE_PARK_TREES
        shapes += [(g, TREE if tree else GRASS) for g, tree in zip(parks.geometry, trees, strict=True)]
    shapes += rivers(ctx, outline)
    over = cells.burn(shapes)
    codes = np.where(over > 0, over, codes).astype(np.uint8)
    if roads is not None:
        wide = roads["class"].isin(ROAD_CLASSES).to_numpy()
        codes[cells.under_lines(roads.geometry.to_numpy()[wide])] = BUILT
    codes[cells.burn([(outline, 1)]) == 0] = 0
    return cells.raster(codes, "class_code", ctx.frame.crs, 0)


def land_cover_before(ctx: Context) -> xr.DataArray:
    """Make the land cover of an earlier year: that of today, taken back in patches.

    Parameters
    ----------
    ctx : Context
        With the layer ``land_cover``.

    Returns
    -------
    DataArray, dims (y, x), uint8
        ``class_code`` on the grid of the land cover of today.
    """
    today = ctx.layer("land_cover")
    later, cells = today.to_numpy(), Cells.of(today)
    every = max(1, int(GROUND_CELL / cells.size))
    coarse = Cells(
        cells.west, cells.north, every * cells.size, (-(-cells.shape[0] // every), -(-cells.shape[1] // every))
    )
    before = later.copy()
    for number, (after, was, share) in enumerate(BECAME):
        patch = spline_noise(ctx.rng("land_cover_before", number), coarse, CHANGE_PATCH)
        patch = np.repeat(np.repeat(patch, every, axis=0), every, axis=1)[: cells.shape[0], : cells.shape[1]]
        here = later == after
        if here.any():
            before[here & (patch > np.quantile(patch[here], 1.0 - share))] = was
    return cells.raster(before, "class_code", ctx.frame.crs, today.attrs["nodata"])


def _open_land(rng: np.random.Generator, terrain: xr.DataArray, cells: Cells) -> Codes:
    """Return fields on gentle ground, shrub, grass and rock on slopes."""
    every = int(GROUND_CELL / cells.size)
    coarse = Cells(cells.west, cells.north, GROUND_CELL, (-(-cells.shape[0] // every), -(-cells.shape[1] // every)))
    source = Cells.of(terrain)
    at = np.ix_(source.at(source.west, coarse.y)[0], source.at(coarse.x, source.north)[1])
    height = ndimage.gaussian_filter(np.asarray(terrain.to_numpy())[at], 1.0)
    slope = np.hypot(*np.gradient(height, GROUND_CELL))
    wide, narrow = (spline_noise(rng, coarse, wave) for wave in PATCHES)
    patch = wide + 0.7 * narrow
    codes = np.where(patch > 0.35, GRASS, SHRUB)  # noqa: PLR2004 - a little more shrub than grass
    codes[slope < FIELD_SLOPE * np.exp(0.3 * narrow)] = CROP
    codes[(codes == CROP) & (patch > 1.7)] = GRASS  # noqa: PLR2004 - a tenth of the fields lies fallow
    codes[slope > ROCK_SLOPE * np.exp(0.2 * narrow)] = BARE
    fine = np.repeat(np.repeat(codes.astype(np.uint8), every, axis=0), every, axis=1)
    return np.ascontiguousarray(fine[: cells.shape[0], : cells.shape[1]])


def rivers(ctx: Context, outline: shapely.Geometry) -> list[tuple[shapely.Geometry, int]]:
    """Return wet banks, rivers that wind from the hills to the lowest border, and reservoirs at their heads.

    Parameters
    ----------
    ctx : Context
        With the layer ``terrain`` and, where there is one, ``built_up``.
    outline : Polygon
        Of the district. [m]

    Returns
    -------
    list of (geometry, code)
        Banks before water, so that water lies on top.
    """
    rng = ctx.rng("land_cover", "rivers")
    cells = Cells.over(outline.bounds, RIVER_CELL)
    source = Cells.of(ctx.layer("terrain"))
    at = np.ix_(source.at(source.west, cells.y)[0], source.at(cells.x, source.north)[1])
    height = ndimage.gaussian_filter(np.asarray(ctx.layer("terrain").to_numpy(), dtype=float)[at], 1.0)
    inside = cells.burn([(outline, 1)], touched=True) > 0
    built = optional(ctx, "built_up")
    town = np.zeros(cells.shape, dtype=bool)
    if built is not None:
        town = cells.burn((g, 1) for g in built.geometry) > 0
    if inside.sum() < 50:  # noqa: PLR2004 - no room for a river
        return []
    winding = np.exp(0.5 * spline_noise(rng, cells, 6 * RIVER_CELL))
    cost = (1 + IN_TOWN * town + UPHILL * np.maximum(height - height[inside].min(), 0) / 10) * winding
    cost[~inside] *= 1e3
    outlet = int(np.argmin(np.where(inside & ~ndimage.binary_erosion(inside), height, np.inf)))
    _, before = dijkstra(grid_graph(cost, RIVER_CELL), directed=False, indices=[outlet], return_predecessors=True)
    rise = height - height[inside].min()
    foot = inside & ~town & (rise > 0.10 * rise[inside].max()) & (rise < 0.25 * rise[inside].max())
    water: list[tuple[shapely.Geometry, int]] = []
    banks: list[tuple[shapely.Geometry, int]] = []
    heads = np.flatnonzero(foot)
    for number in range(RIVERS if heads.size else 0):
        head = int(rng.choice(heads))
        course = _course(cells, before[0], head, outlet)
        if course is None:
            continue
        water.append((course.buffer(RIVER_WIDTH / (1 + 0.5 * number)), WATER))
        banks.append((course.buffer(RIVER_WIDTH / (1 + 0.5 * number) + BANK), WETLAND))
        lake = shapely.Point(course.coords[0]).buffer((RESERVOIR * rng.uniform(0.5, 1.5) / np.pi) ** 0.5)
        water.append((_shored(rng, lake), WATER))
        far = np.hypot(*(np.array(divmod(heads, cells.shape[1])).T - divmod(head, cells.shape[1])).T)
        heads = heads[far > 0.25 * max(cells.shape)] if (far > 0.25 * max(cells.shape)).any() else heads
    return banks + water


def _course(cells: Cells, before: NDArray[np.int32], head: int, outlet: int) -> shapely.LineString | None:
    """Return the smooth way from a cell to the outlet."""
    way = [head]
    while way[-1] != outlet and before[way[-1]] >= 0:
        way.append(int(before[way[-1]]))
    if len(way) < 6:  # noqa: PLR2004 - too short for a spline
        return None
    rows, columns = np.divmod(np.array(way), cells.shape[1])
    spline, _ = make_splprep([cells.x[columns], cells.y[rows]], s=len(way) * (0.45 * cells.size) ** 2)
    return shapely.LineString(np.asarray(spline(np.linspace(0, 1, 6 * len(way)))).T)


def _shored(rng: np.random.Generator, lake: shapely.Polygon) -> shapely.Polygon:
    """Return a lake with bays."""
    centre = np.array(lake.centroid.coords[0])
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    radius = (lake.area / np.pi) ** 0.5 * np.ones_like(angle)
    for wave in range(2, 8):
        radius *= 1 + 0.22 / wave**0.6 * rng.standard_normal() * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    radius = np.maximum(radius, 0.2 * radius.max())
    return shapely.Polygon(centre + radius[:, None] * np.column_stack([1.5 * np.cos(angle), np.sin(angle) / 1.5]))
