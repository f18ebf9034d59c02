"""A surface model of ground and buildings, made window by window: coarse terrain with a block for each footprint.

The lattice of fine cells is one for the whole district, and what stands in a cell does not depend on the window
through which it is looked at, so that tiles fit together.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, gcd
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine

from changping_geo.model import Cards, GeometryError, Parameter, ParameterError
from changping_geo.solar.horizon_tiles import Raster

if TYPE_CHECKING:
    from changping_geo.solar.surface import Surface

CARDS = Cards(
    Parameter(
        "dsm_cell_m",
        2.0,
        "m",
        0.5,
        10.0,
        "planning range, unverified: the smallest houses are some 5 m wide",
        verified=False,
        title_zh="表面模型栅格边长",
        title_en="Cell of the surface model",
    ),
    Parameter(
        "cells_per_roof",
        16,
        "count",
        1,
        1000,
        "planning range, unverified: looked-at cells of a roof, spread evenly; larger roofs are sampled",
        verified=False,
        title_zh="每个屋顶的取样格数",
        title_en="Cells looked at per roof",
    ),
)

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]
Ints = NDArray[np.int64]

#: Cells of a sample lie on lines of this slope, the golden section, which spreads them most evenly. [1]
GOLDEN = 0.6180339887498949


def sample_terrain(terrain: Surface, x: Floats, y: Floats) -> Floats:
    """Return the ground at points, bilinear between the middles of four cells; NaN outside.

    Parameters
    ----------
    terrain : Surface
        Ground.
    x, y : ndarray
        Points, shape (n,). [m]

    Returns
    -------
    ndarray
        Shape (n,). [m]
    """
    rows, cols = terrain.heights.shape
    row, col = (y - terrain.y0) / terrain.north, (x - terrain.x0) / terrain.east
    inside = (row >= -0.5) & (row <= rows - 0.5) & (col >= -0.5) & (col <= cols - 0.5)  # noqa: PLR2004 - half a cell
    r0, r1, down = _between(np.where(inside, row, 0.0), rows)
    c0, c1, right = _between(np.where(inside, col, 0.0), cols)
    z = terrain.heights.astype(np.float64, copy=False)
    upper = z[r0, c0] + (z[r0, c1] - z[r0, c0]) * right
    lower = z[r1, c0] + (z[r1, c1] - z[r1, c0]) * right
    return np.where(inside, upper + (lower - upper) * down, np.nan)


def _between(position: Floats, count: int) -> tuple[Ints, Ints, Floats]:
    held = np.clip(position, 0.0, count - 1.0)
    first = np.floor(held).astype(np.int64)
    return first, np.minimum(first + 1, count - 1), held - first


@dataclass(frozen=True, slots=True)
class Blocks:
    """Terrain with buildings, to be looked at through windows of one lattice.

    Attributes
    ----------
    raster : Raster
        The lattice: it holds every roof on the terrain, and its surroundings as far as they were asked for.
    terrain : Surface
        Coarse ground.
    footprints : ndarray of Geometry
        Of the roofs on the terrain, from the lowest top to the highest, shape (m,).
    roof : ndarray
        Number of each of them among all roofs, shape (m,).
    top : ndarray
        Height above sea level, flat over the whole footprint, shape (m,). [m]
    every : ndarray
        One of how many cells is looked at, shape (m,). [cells]
    x, y : ndarray
        A point on each of all roofs, shape (n,). [m]
    outside : ndarray
        Which of all roofs lie outside the terrain, shape (n,).
    tree : STRtree
        Of the footprints.
    """

    raster: Raster
    terrain: Surface
    footprints: Shapes
    roof: Ints
    top: Floats
    every: Ints
    x: Floats
    y: Floats
    outside: NDArray[np.bool_]
    tree: shapely.STRtree

    def heights(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """Return ground or, where it is higher, roof, shape (rows, columns). [m]"""
        tops = np.append(-np.inf, self.top)
        built: Floats = np.maximum(self._ground(rows, cols), tops[self._burnt(rows, cols)])
        return built.astype(np.float32)

    def roofs(self, rows: slice, cols: slice) -> Ints:
        """Return the number of the roof in each cell that is to be looked at, -1 elsewhere, shape (rows, columns).

        Where footprints overlap, the cell belongs to the higher roof.
        """
        burnt = self._burnt(rows, cols)
        every = np.append(1, self.every)[burnt]
        row = np.arange(rows.start, rows.stop)[:, None]
        col = np.arange(cols.start, cols.stop)[None, :]
        slope = np.append(1, _slopes(self.every))[burnt]
        wanted = (burnt > 0) & ((row + slope * col) % every == 0)
        return np.where(wanted, np.append(-1, self.roof)[burnt], -1)

    def holds_roof(self, rows: slice, cols: slice) -> bool:
        """Return whether footprints may reach into a window."""
        return bool(self.tree.query(shapely.box(*self._bounds(rows, cols))).size)

    def _bounds(self, rows: slice, cols: slice) -> tuple[float, float, float, float]:
        a, _, c, _, e, f = self.raster.transform[:6]
        x, y = (c + a * cols.start, c + a * cols.stop), (f + e * rows.start, f + e * rows.stop)
        return min(x), min(y), max(x), max(y)

    def _ground(self, rows: slice, cols: slice) -> Floats:
        a, _, c, _, e, f = self.raster.transform[:6]
        y, x = f + e * (np.arange(rows.start, rows.stop) + 0.5), c + a * (np.arange(cols.start, cols.stop) + 0.5)
        z = self.terrain.heights
        r0, r1, down = _between((y - self.terrain.y0) / self.terrain.north, z.shape[0])
        c0, c1, right = _between((x - self.terrain.x0) / self.terrain.east, z.shape[1])
        left, top = int(c0.min()), int(r0.min())
        part = z[top : int(r1.max()) + 1, left : int(c1.max()) + 1].astype(np.float64)
        across = part[:, c0 - left] + (part[:, c1 - left] - part[:, c0 - left]) * right
        out: Floats = across[r0 - top] + (across[r1 - top] - across[r0 - top]) * down[:, None]
        return out

    def _burnt(self, rows: slice, cols: slice) -> NDArray[np.int32]:
        """Return which footprint, counted from 1, is uppermost in each cell; 0 where there is none."""
        shape = (rows.stop - rows.start, cols.stop - cols.start)
        met = np.sort(self.tree.query(shapely.box(*self._bounds(rows, cols))))
        if not met.size:
            return np.zeros(shape, np.int32)
        cell = self.raster.transform[0]
        shapes = self.footprints[met]
        # a roof narrower than a cell may hold no cell's middle: it gets the cell that its own middle lies in
        slim = np.flatnonzero(2.0 * shapely.area(shapes) < cell * shapely.length(shapes))
        spots = zip(shapely.point_on_surface(shapes[slim]), met[slim] + 1, strict=True)
        drawn: list[tuple[Any, int]] = [*spots, *zip(shapes, met + 1, strict=True)]
        a, _, c, _, e, f = self.raster.transform[:6]
        place = Affine(a, 0.0, c + a * cols.start, 0.0, e, f + e * rows.start)
        out: NDArray[np.int32] = rasterize(drawn, out_shape=shape, fill=0, transform=place, dtype="int32")
        return out


def blocks(
    footprints: Shapes,
    height: Floats,
    terrain: Surface,
    crs: str,
    *,
    reach_m: float,
    cell_m: float = CARDS["dsm_cell_m"],
    cells_per_roof: int = CARDS["cells_per_roof"],
) -> Blocks:
    """Put buildings on the ground.

    A building stands as high over the ground below a point inside it as its height says, and its roof is flat.

    Parameters
    ----------
    footprints : ndarray of Geometry
        Polygons in the terrain's CRS, shape (n,). [m]
    height : ndarray
        Over the ground, shape (n,). [m]
    terrain : Surface
        Ground.
    crs : str
        CRS of the terrain and the footprints.
    reach_m : float
        How far around the roofs the lattice reaches, as far as there is terrain. [m]
    cell_m : float
        Cell of the lattice. [m]
    cells_per_roof : int
        Of about how many cells of a roof the sky is looked at; of smaller roofs all. [count]

    Returns
    -------
    Blocks
        The model.

    Raises
    ------
    ParameterError
        If cell, reach or number of cells are none.
    GeometryError
        If no roof lies on the terrain.
    """
    if not (cell_m > 0 and reach_m >= 0 and cells_per_roof >= 1):
        raise ParameterError(f"cell {cell_m:g} m, reach {reach_m:g} m, {cells_per_roof} cells per roof are impossible")
    spot = shapely.point_on_surface(footprints)
    x, y = shapely.get_x(spot), shapely.get_y(spot)
    ground = sample_terrain(terrain, x, y)
    outside = np.isnan(ground)
    inside = np.flatnonzero(~outside)
    if not inside.size:
        raise GeometryError(
            f"none of {len(footprints)} roofs lies on the terrain; is the terrain of another place, or its CRS wrong?"
        )
    top = ground[inside] + height[inside]
    order = inside[np.argsort(top, kind="stable")]
    shapes = footprints[order]
    every = sampled_every(shapes, cell_m**2, cells_per_roof)
    raster = _lattice(terrain, shapely.total_bounds(shapes), crs, cell_m, reach_m)
    top = ground[order] + height[order]
    return Blocks(raster, terrain, shapes, order, top, every, x, y, outside, shapely.STRtree(shapes))


def _lattice(terrain: Surface, bounds: Floats, crs: str, cell: float, reach: float) -> Raster:
    """Return cells around the roofs, on multiples of the cell size, not beyond the terrain."""
    rows, cols = terrain.heights.shape
    ys = (terrain.y0 - terrain.north / 2, terrain.y0 + (rows - 0.5) * terrain.north)
    xs = (terrain.x0 - terrain.east / 2, terrain.x0 + (cols - 0.5) * terrain.east)
    west, east = max(min(xs), bounds[0] - reach), min(max(xs), bounds[2] + reach)
    south, north = max(min(ys), bounds[1] - reach), min(max(ys), bounds[3] + reach)
    left, right = floor(west / cell), ceil(east / cell)
    below, above = floor(south / cell), ceil(north / cell)
    transform = (cell, 0.0, left * cell, 0.0, -cell, above * cell)
    return Raster((above - below, right - left), transform, crs)


def sampled_every(footprints: Shapes, cell_m2: float, cells_per_roof: int) -> Ints:
    """Return of how many cells of each roof one is looked at, shape (n,). [cells]

    Parameters
    ----------
    footprints : ndarray of Geometry
        Shape (n,). [m]
    cell_m2 : float
        Area of a cell. [m2]
    cells_per_roof : int
        Of about how many cells of a roof the sky is looked at. [count]
    """
    every: Ints = np.maximum(1, np.ceil(shapely.area(footprints) / cell_m2 / cells_per_roof)).astype(np.int64)
    return every


def _slopes(every: Ints) -> Ints:
    """Return, for samples of one cell in `every`, how many columns go with a row: near the golden section, coprime."""
    sizes, at = np.unique(every, return_inverse=True)
    return np.array([_slope(int(size)) for size in sizes], np.int64)[at]


def _slope(every: int) -> int:
    near = max(1, round(every * GOLDEN))
    return next((g for g in range(near, every) if gcd(g, every) == 1), 1)
