"""Roofs on a delivered surface model, which holds buildings and trees as they were measured."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from changping_geo.model import ColumnError, GeometryError
from changping_geo.solar.building_heights import HIGHEST_MEDIAN_M
from changping_geo.solar.dsm import CARDS, Blocks, Shapes, sample_terrain, sampled_every
from changping_geo.solar.horizon_tiles import Raster

if TYPE_CHECKING:
    from changping_geo.solar.surface import Surface

Floats = NDArray[np.float64]

#: Larger cells hold no house. [m]
LARGEST_CELL_M = float(CARDS.cards["dsm_cell_m"].high or 0.0)
#: How far around a footprint the ground beside it is looked for. [m]
BESIDE_M = 15.0
#: Roofs that stand for all when their height above their surroundings is looked at. [count]
LOOKED_AT = 2000


@dataclass(frozen=True, slots=True)
class Scanned(Blocks):
    """A delivered surface model, to be looked at through windows of its own cells.

    Attributes
    ----------
    dsm : Surface
        Ground, buildings and trees. Its cells are the lattice; `terrain` serves the far field alone.
    """

    dsm: Surface

    def heights(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """Return the surface, shape (rows, columns). [m]"""
        return self.dsm.heights[rows, cols]


def scanned(
    footprints: Shapes,
    dsm: Surface,
    terrain: Surface,
    crs: str,
    *,
    cells_per_roof: int = CARDS["cells_per_roof"],
) -> Scanned:
    """Put footprints on a surface model.

    Parameters
    ----------
    footprints : ndarray of Geometry
        Polygons in the CRS of both rasters, shape (n,). [m]
    dsm : Surface
        Ground, buildings and trees.
    terrain : Surface
        Coarse ground, for the far field.
    crs : str
        CRS of rasters and footprints.
    cells_per_roof : int
        As in `dsm.blocks`.

    Returns
    -------
    Scanned
        The model; roofs whose middle has no surface or no terrain lie outside.

    Raises
    ------
    GeometryError
        If the cells are too large for buildings, or no roof lies on the surface model.
    ColumnError
        If roofs stand so high above their surroundings that the heights must be in another unit.
    """
    cell = max(abs(dsm.north), abs(dsm.east))
    if cell > LARGEST_CELL_M:
        raise GeometryError(
            f"the surface model (dsm) has cells of {cell:g} m, in which no house is seen; deliver one of at most "
            f"{LARGEST_CELL_M:g} m, or deliver this one as terrain"
        )
    spot = shapely.point_on_surface(footprints)
    x, y = shapely.get_x(spot), shapely.get_y(spot)
    z = sample_terrain(dsm, x, y)
    outside = np.isnan(z) | np.isnan(sample_terrain(terrain, x, y))
    inside = np.flatnonzero(~outside)
    if not inside.size:
        raise GeometryError(
            f"none of {len(footprints)} roofs lies on both the surface model (dsm) and the terrain; is one of another "
            "place, or its CRS wrong?"
        )
    order = inside[np.argsort(z[inside], kind="stable")]
    shapes = footprints[order]
    every = sampled_every(shapes, abs(dsm.north * dsm.east), cells_per_roof)
    place = (dsm.east, 0.0, dsm.x0 - dsm.east / 2, 0.0, dsm.north, dsm.y0 - dsm.north / 2)
    holes = "no_obstacle" if np.isnan(dsm.heights).any() else "refuse"
    rows, cols = dsm.heights.shape
    raster = Raster((rows, cols), place, crs, holes)
    tree = shapely.STRtree(shapes)
    made = Scanned(raster, terrain, shapes, order, z[order], every, x, y, outside, tree, dsm)
    _refuse_other_units(roof_rise(made))
    return made


def roof_rise(model: Scanned) -> float:
    """Return how far roofs stand above the lowest cell beside them, in the median. [m]

    Parameters
    ----------
    model : Scanned
        Roofs on a surface model.
    """
    dsm, step = model.dsm, ceil(len(model.footprints) / LOOKED_AT)
    rises = []
    for shape, top in zip(model.footprints[::step], model.top[::step], strict=True):
        west, south, east, north = shape.bounds
        rows = _span((south - BESIDE_M, north + BESIDE_M), dsm.y0, dsm.north, dsm.heights.shape[0])
        cols = _span((west - BESIDE_M, east + BESIDE_M), dsm.x0, dsm.east, dsm.heights.shape[1])
        rises.append(top - np.nanmin(dsm.heights[rows, cols]))
    return float(np.median(rises))


def _span(ends: tuple[float, float], origin: float, step: float, count: int) -> slice:
    """Return the cells whose middles lie between two coordinates, at least one."""
    first, last = sorted((end - origin) / step for end in ends)
    start = int(np.clip(np.ceil(first), 0, count - 1))
    return slice(start, int(np.clip(np.floor(last) + 1, start + 1, count)))


def _refuse_other_units(rise: float) -> None:
    if rise > HIGHEST_MEDIAN_M:
        raise ColumnError(
            f"the surface model (dsm): roofs stand {rise:.0f} m above their surroundings in the median, more than "
            f"{HIGHEST_MEDIAN_M:g} m: is it in centimetres? Give metres above sea level"
        )
