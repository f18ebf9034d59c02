"""Rasters as the zonal engine sees them: anything that reads blocks, with a place, a CRS and a value for nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import xarray as xr
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError, ProjError

from changping_geo.errors import CrsError, SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Window = tuple[tuple[int, int], tuple[int, int]]

#: Largest error of area that a projection may bring to cells of equal size. [1]
AREA_ERROR = 0.005
#: Cells of a block that a raster in memory offers. [cells]
HELD_BLOCK = 512
#: Two grids agree if their corners lie closer than this share of a cell. [1]
SAME_GRID = 1e-6


class Blocks(Protocol):
    """What is asked of a raster; an open ``rasterio.DatasetReader`` gives it as it is.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    transform : sequence of float
        Affine coefficients a, b, c, d, e, f of the upper left corner. [unit of the CRS]
    crs : any
        What ``pyproj.CRS`` accepts.
    nodata : float or None
        The value that means nothing.

    Notes
    -----
    Where it has them, ``count``, ``block_shapes``, ``scales``, ``offsets`` and a mask band (``mask_flag_enums`` and
    ``read_masks``) are heeded, too.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    def transform(self) -> Sequence[float]:
        """Affine coefficients of the upper left corner. [unit of the CRS]"""

    @property
    def crs(self) -> Any:
        """What ``pyproj.CRS`` accepts."""

    @property
    def nodata(self) -> float | None:
        """The value that means nothing."""

    def read(self, indexes: int, *, window: Window) -> NDArray[Any]:
        """Return the cells of a window ((first row, end), (first column, end)) of band `indexes`."""


@dataclass(frozen=True, slots=True)
class Held:
    """A DataArray (y, x) with attributes ``crs``, ``transform`` and ``nodata``, offered as `Blocks`.

    Attributes
    ----------
    cells : DataArray, shape (rows, columns)
        As `changping_geo.layers.rasters.as_dataarray` makes it.
    """

    cells: xr.DataArray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.cells.shape
        return rows, columns

    @property
    def transform(self) -> Sequence[float]:
        """Affine coefficients of the upper left corner. [unit of the CRS]"""
        return tuple(self.cells.attrs.get("transform") or ())

    @property
    def crs(self) -> Any:
        """Code or WKT; empty if unknown."""
        return self.cells.attrs.get("crs")

    @property
    def nodata(self) -> float | None:
        """The value that means nothing."""
        value = self.cells.attrs.get("nodata")
        return None if value is None else float(value)

    def read(self, indexes: int, *, window: Window) -> NDArray[Any]:  # noqa: ARG002 - one band
        """Return a copy of the cells of a window."""
        (r0, r1), (c0, c1) = window
        return np.array(self.cells[r0:r1, c0:c1].to_numpy())


@dataclass(frozen=True, slots=True)
class Plane:
    """The place of a raster's cells.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    transform : tuple of six floats
        Affine coefficients without turn. [unit of the CRS]
    crs : CRS
        Projected or geographic.
    """

    shape: tuple[int, int]
    transform: tuple[float, ...]
    crs: CRS

    def to_cells(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return columns and rows of points, the first cell from 0 to 1. [cells]"""
        a, _, c, _, e, f = self.transform
        return (x - c) / a, (y - f) / e

    def from_cells(self, column: NDArray[np.float64], row: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the points at columns and rows. [unit of the CRS]"""
        a, _, c, _, e, f = self.transform
        return c + a * column, f + e * row

    def row_areas(self, first: int, end: int) -> NDArray[np.float64]:
        """Return the area of one cell of each of the rows.

        Returns
        -------
        ndarray, shape (end - first,)
            On the ellipsoid by latitude for a grid in degrees, from the cell's sides otherwise. [m2]

        References
        ----------
        Snyder 1987, Map Projections: a Working Manual, USGS Professional Paper 1395, eq. 3-12 (authalic latitude).
        """
        a, _, _, _, e, f = self.transform
        unit = _unit(self.crs)
        if not self.crs.is_geographic:
            return np.full(end - first, abs(a * e) * unit * unit)
        edges = np.clip((f + e * np.arange(first, end + 1)) * unit, -math.pi / 2, math.pi / 2)
        return band_areas(self.crs, edges[:-1], edges[1:]) * abs(a) * unit


def band_areas(crs: CRS, south: NDArray[np.float64], north: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area between two parallels per radian of longitude.

    Parameters
    ----------
    crs : CRS
        Its ellipsoid counts.
    south, north : ndarray
        Geodetic latitudes in any order. [rad]

    Returns
    -------
    ndarray
        [m2/rad]

    References
    ----------
    Snyder 1987, eq. 3-12; its difference is taken in closed form, so that thin bands lose no digits.
    """
    ellipsoid = crs.ellipsoid
    if ellipsoid is None:
        raise CrsError("the raster's CRS has no ellipsoid; give it another")
    a, b = ellipsoid.semi_major_metre, ellipsoid.semi_minor_metre
    e2 = 1.0 - (b / a) ** 2
    s0, s1 = np.sin(south), np.sin(north)
    rise = 2.0 * np.cos(0.5 * (north + south)) * np.sin(0.5 * (north - south))  # sin north - sin south
    first = rise * (1.0 + e2 * s0 * s1) / (2.0 * (1.0 - e2 * s0 * s0) * (1.0 - e2 * s1 * s1))
    e = math.sqrt(e2)
    second = np.arctanh(e * rise / (1.0 - e2 * s0 * s1)) / (2.0 * e) if e > 0.0 else rise / 2.0
    area: NDArray[np.float64] = b * b * np.abs(first + second)
    return area


def as_blocks(raster: Blocks | xr.DataArray) -> Blocks:
    """Return a raster as something that reads blocks."""
    return Held(raster) if isinstance(raster, xr.DataArray) else raster


def plane_of(blocks: Blocks, what: str = "the raster") -> Plane:
    """Return the place of a raster's cells.

    Raises
    ------
    CrsError
        If it has no CRS, no transform, or is turned.
    SourceError
        If it has several bands or no cells.
    """
    count = getattr(blocks, "count", 1)
    if count != 1:
        raise SourceError(f"{what}: {count} bands instead of one; give the one that is meant")
    if not blocks.crs:
        raise CrsError(f"{what} has no CRS; declare it in the file or in its [[sources]] entry")
    transform = tuple(float(v) for v in tuple(blocks.transform)[:6])
    shape = (int(blocks.shape[0]), int(blocks.shape[1]))
    if len(transform) != 6 or transform == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0):  # noqa: PLR2004 - affine
        raise CrsError(f"{what} has no place on the ground (transform); deliver it georeferenced")
    if transform[1] != 0.0 or transform[3] != 0.0 or transform[0] == 0.0 or transform[4] == 0.0:
        raise CrsError(f"{what} is turned against its axes; warp it to a grid that is north up")
    if min(shape) < 1:
        raise SourceError(f"{what} has no cells; deliver it again")
    try:
        crs = CRS.from_user_input(blocks.crs)
    except CRSError as error:
        raise CrsError(f"{what}: the CRS does not parse ({error}); declare an authority code") from error
    return Plane(shape, transform, crs)


def refuse_other_grid(one: Plane, other: Plane) -> None:
    """Refuse two rasters whose cells do not lie upon each other.

    Raises
    ------
    CrsError
        With what differs.
    """
    faults = []
    if one.shape != other.shape:
        faults.append(f"sizes {one.shape[0]} × {one.shape[1]} and {other.shape[0]} × {other.shape[1]}")
    if one.crs != other.crs:
        faults.append(f"CRS {one.crs.name} and {other.crs.name}")
    a, _, c, _, e, f = one.transform
    a2, _, c2, _, e2, f2 = other.transform
    off = max(
        abs(c2 - c), abs(c2 - c + (a2 - a) * one.shape[1])
    ) > SAME_GRID * abs(a) or max(abs(f2 - f), abs(f2 - f + (e2 - e) * one.shape[0])) > SAME_GRID * abs(e)  # fmt: skip
    if off:
        faults.append(
            f"corners ({c:.10g}, {f:.10g}) and ({c2:.10g}, {f2:.10g}), cells {a:g} × {e:g} and {a2:g} × {e2:g}"
        )
    if faults:
        raise CrsError(f"the rasters do not lie upon each other: {'; '.join(faults)}; warp one to the other's grid")


def refuse_stretched(plane: Plane, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Refuse a projection whose cells are of quite another size on the ground.

    Parameters
    ----------
    plane : Plane
        Of the raster.
    x, y : ndarray
        Where it is asked. [unit of the CRS]

    Raises
    ------
    CrsError
        If areas are off by more than `AREA_ERROR`.
    """
    if plane.crs.is_geographic or plane.crs.geodetic_crs is None:
        return
    try:
        way = Transformer.from_crs(plane.crs, plane.crs.geodetic_crs, always_xy=True)
        lon, lat = way.transform(x, y)
        scale = np.asarray(Proj(plane.crs).get_factors(np.asarray(lon), np.asarray(lat)).areal_scale)
    except (CRSError, ProjError) as error:
        raise CrsError(
            f"the scale of {plane.crs.name} is unknown ({error}); warp the raster to a metric CRS"
        ) from error
    worst = float(np.abs(scale - 1.0).max()) if np.isfinite(scale).all() else math.inf
    if worst > AREA_ERROR:
        raise CrsError(
            f"{plane.crs.name} shows areas {worst:.1%} too large or small here; warp the raster to a metric or "
            "equal-area CRS first"
        )


def _unit(crs: CRS) -> float:
    """Radians or metres in one unit of the axes."""
    return float(crs.axis_info[0].unit_conversion_factor) if crs.axis_info else 1.0
