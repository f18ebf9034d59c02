"""How high the horizon stands around every cell of a raster of heights.

Near buildings come from a fine raster, mountains from a coarse one with the curved earth; the higher of the two counts.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import Cards, ColumnError, GeometryError, Parameter, ParameterError
from changping_geo.solar.scanlines import ScanLines, heading, scan_lines

if TYPE_CHECKING:
    from changping_geo.solar.surface import Surface

CARDS = Cards(
    Parameter(
        "refraction",
        0.13,
        "1",
        0.0,
        0.25,
        "default refractivity coefficient of ArcGIS Viewshed and Visibility (its tool reference); range unverified",
        verified=True,
        title_zh="大气折射系数",
        title_en="Coefficient of terrestrial refraction",
    ),
)

Floats = NDArray[np.float64]
Angles = NDArray[Any]
Box = tuple[int, int, int, int]

#: Mean radius of the earth, GRS 80 (Moritz 2000, doi:10.1007/s001900050278). [m]
EARTH_RADIUS_M = 6_371_008.8
#: Horizons are kept as whole half degrees; 180 is the zenith, `HOLE` a cell without a height.
HALF, ZENITH, HOLE = 0.5, 180, 255
#: Height that stands for a hole: hidden by all, hides nothing. [m]
HOLE_HEIGHT = np.float32(-1e20)
ENGINES = ("auto", "numba", "numpy")
UNITS = ("half_degrees", "degrees")
#: Buckets of t / (1 + t) in which at most one bound of a half degree lies; they are 0.0043 apart at least.
BUCKETS = 1024
#: Least tangent of each half degree from the first on: an angle is rounded to the nearest. [1]
BOUNDS = np.append(np.tan(np.radians(HALF * (np.arange(ZENITH) + HALF))), np.inf).astype(np.float32)


class Sight(NamedTuple):
    """What can be seen.

    Attributes
    ----------
    curved : bool
        Whether the ground falls away with distance, and light is bent; for far fields.
    nearest_m : float
        Obstacles nearer than this are left out, because a finer raster knows them better. [m]
    smooth : bool
        Whether heights lie on a slope between two cells, as in terrain, or are flat up to a cell's edge, as roofs.
    refraction : float
        Coefficient of terrestrial refraction. [1]
    """

    curved: bool = False
    nearest_m: float = 0.0
    smooth: bool = False
    refraction: float = CARDS["refraction"]

    def bend(self, spacing: float) -> float:
        """Return the fall of the ground at one step's distance. [steps]"""
        return spacing * (1.0 - self.refraction) / (2.0 * EARTH_RADIUS_M) if self.curved else 0.0

    def steps(self, spacing: float) -> int:
        """Return the distance from which on obstacles count. [steps]"""
        return max(1, ceil(self.nearest_m / spacing - 1e-9))


#: Everything counts, on a flat earth, up to the edge of each cell: for buildings.
NEAR = Sight()
#: Everything counts, on the curved earth, between the cells: for mountains.
FAR = Sight(curved=True, smooth=True)


def horizons(
    ground: Surface,
    azimuths: Floats,
    *,
    sight: Sight = NEAR,
    at: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
    units: str = "half_degrees",
    engine: str = "auto",
    threads: int | None = None,
    core: Box | None = None,
) -> Angles:
    """Return the elevation of the horizon around each cell, never below the horizontal.

    Parameters
    ----------
    ground : Surface
        Ground and buildings.
    azimuths : ndarray
        Where to look, north = 0, clockwise, shape (n,). [degrees]
    sight : Sight
        What can be seen.
    at : tuple of ndarray, optional
        Rows and columns of the cells that are wanted, each of shape (p,); all.
    units : str
        ``half_degrees``: rounded to bytes, `HOLE` in holes; ``degrees``: float32, NaN in holes.
    engine : str
        ``numba``; ``numpy``, whose cost grows with the raster's width for each cell; ``auto``: numba if installed.
    threads : int, optional
        Directions that are looked at at once; each needs one byte (four for degrees) per cell. All processors.
    core : tuple of int, optional
        Cells that are computed, the others being obstacles only: first row, end row, first column, end column; all.

    Returns
    -------
    ndarray
        Shape (n, rows, columns) of the core, or (p, n) for the wanted cells. [0.5 degrees or degrees]

    Raises
    ------
    ParameterError
        If units or engine are unknown, or the engine is not installed.
    GeometryError
        If wanted cells lie outside the raster.

    References
    ----------
    Dozier & Frew 1990, doi:10.1109/36.58986 (lines of cells); Andrew 1979, doi:10.1016/0020-0190(79)90072-3 (chain).
    """
    _refuse_words(units, engine)
    rows, cols = ground.heights.shape
    inner = (0, rows, 0, cols) if core is None else core
    kind = np.uint8 if units == "half_degrees" else np.float32
    look = Look(ground, sight, kind, engine)
    if at is None:
        whole = np.empty((len(azimuths), inner[1] - inner[0], inner[3] - inner[2]), kind)
    else:
        _refuse_cells(at, inner)
        place = (at[0] - inner[0], at[1] - inner[2])
        whole = np.empty((len(azimuths), at[0].size), kind)

    def one(number: int) -> None:
        view = look.towards(float(azimuths[number]), inner)
        whole[number] = view if at is None else view[place]

    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        list(pool.map(one, range(len(azimuths))))
    return whole if at is None else np.ascontiguousarray(whole.T)


class Look:
    """A surface made ready to be looked at in any direction.

    Parameters
    ----------
    ground : Surface
        Ground and buildings.
    sight : Sight
        What can be seen.
    kind : type
        ``uint8`` for half degrees, ``float32`` for degrees.
    engine : str
        As in `horizons`.
    """

    def __init__(self, ground: Surface, sight: Sight, kind: type, engine: str = "auto") -> None:
        self.ground, self.sight, self.kind = ground, sight, kind
        self.kernel = None if engine == "numpy" else compiled()
        if self.kernel is None and engine == "numba":
            raise ParameterError("numba is not installed; use the engine 'numpy'")
        self.holes = np.isnan(ground.heights)
        if not self.holes.any():
            self.holes = np.zeros((0, 0), dtype=bool)
        filled = np.where(self.holes, HOLE_HEIGHT, ground.heights) if self.holes.size else ground.heights
        self.heights = {False: filled, True: np.ascontiguousarray(filled.T)}

    def towards(self, azimuth: float, core: Box) -> Angles:
        """Return the horizon of a core of cells in one direction.

        Parameters
        ----------
        azimuth : float
            North = 0, clockwise. [degrees]
        core : tuple of int
            First row, end row, first column, end column. [cells]

        Returns
        -------
        ndarray
            Of the core's shape. [0.5 degrees or degrees]
        """
        window, box = self._ahead(azimuth, core)
        shape = (window[1] - window[0], window[3] - window[2])
        anchor = (self.ground.anchor[0] - window[0], self.ground.anchor[1] - window[2])
        lines = scan_lines(shape, self.ground.cell, azimuth, anchor)
        if lines.transposed:
            window, box = window[2:] + window[:2], box[2:] + box[:2]
        heights = self.heights[lines.transposed][window[0] : window[1], window[2] : window[3]]
        heights = lines.blended(heights, HOLE_HEIGHT) if self.sight.smooth else np.ascontiguousarray(heights)
        out: Angles = np.empty((box[1] - box[0], box[3] - box[2]), self.kind)
        bend, nearest = self.sight.bend(lines.spacing), self.sight.steps(lines.spacing)
        halves = self.kind is np.uint8
        if self.kernel is None:
            slopes = slopes_by_steps(heights, lines, bend, nearest)[box[0] : box[1], box[2] : box[3]]
            out[...] = np.searchsorted(BOUNDS, slopes, side="right") if halves else slopes
        else:
            bounds = BOUNDS if halves else BOUNDS[:0]
            placed = (lines.offset, lines.lowest, lines.first, lines.last, lines.forward, lines.spacing)
            self.kernel.sweep(heights, *placed, bend, nearest, bounds, buckets(), box, out)
        if not halves:
            out = np.degrees(np.arctan(np.maximum(out, 0.0)))
        if lines.transposed:
            out = np.ascontiguousarray(out.T)
        if self.holes.size:
            out[self.holes[core[0] : core[1], core[2] : core[3]]] = HOLE if halves else np.nan
        return out

    def _ahead(self, azimuth: float, core: Box) -> tuple[Box, Box]:
        """Return the part of the raster that the core looks at, itself included, and the core's place in it."""
        east, north = heading(azimuth)
        ahead_row, ahead_col = north * self.ground.north, east * self.ground.east
        rows, cols = self.ground.heights.shape
        more = int(self.sight.smooth)  # heights between two cells need the one beside
        top = 0 if ahead_row < 0 else max(0, core[0] - more)
        bottom = rows if ahead_row > 0 else min(rows, core[1] + more)
        left = 0 if ahead_col < 0 else max(0, core[2] - more)
        right = cols if ahead_col > 0 else min(cols, core[3] + more)
        return (top, bottom, left, right), (core[0] - top, core[1] - top, core[2] - left, core[3] - left)


def slopes_by_steps(heights: NDArray[np.float32], lines: ScanLines, bend: float, nearest: int) -> NDArray[np.float32]:
    """Look from every cell at every farther cell of its line in turn: the plain account of what `sweep` finds.

    Parameters
    ----------
    heights : ndarray
        Shape (rows, columns). [m]
    lines : ScanLines
        The lines of a direction.
    bend : float
        Fall of the ground at one step's distance. [steps]
    nearest : int
        Distance from which on obstacles count. [steps]

    Returns
    -------
    ndarray
        Tangent of the horizon's elevation, shape (rows, columns). [1]
    """
    rows, cols = heights.shape
    scaled = heights * (1.0 / lines.spacing)
    out = np.zeros((rows, cols))
    row = np.arange(rows)[:, None]
    for step in range(nearest, cols):
        here = np.arange(cols - step) if lines.forward else np.arange(step, cols)
        there = here + step if lines.forward else here - step
        target = row + (lines.offset[there] - lines.offset[here])
        inside = (target >= 0) & (target < rows)
        rise = scaled[np.clip(target, 0, rows - 1), there] - scaled[:, here] - bend * step * step
        out[:, here] = np.maximum(out[:, here], np.where(inside, rise / step, 0.0))
    return out.astype(np.float32)


def in_degrees(half_degrees: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return horizons kept as half degrees in degrees, NaN in holes."""
    return np.where(half_degrees == HOLE, np.float32(np.nan), half_degrees * np.float32(HALF)).astype(np.float32)


def in_half_degrees(degrees: NDArray[Any]) -> NDArray[np.uint8]:
    """Round horizons in degrees to half degrees, `HOLE` where they are NaN.

    Raises
    ------
    ColumnError
        If an angle lies outside 0 to 90 degrees.
    """
    wrong = int(((degrees < 0) | (degrees > HALF * ZENITH)).sum())
    if wrong:
        raise ColumnError(f"{wrong} horizons lie outside 0 to 90 degrees; give elevations in degrees")
    rounded = np.floor(np.nan_to_num(degrees, nan=0.0) / HALF + 0.5)
    return np.where(np.isnan(degrees), HOLE, rounded).astype(np.uint8)


def together(*fields: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the highest of several horizons of the same cells; a hole in one is a hole in all. [0.5 degrees]"""
    highest: NDArray[np.uint8] = np.maximum.reduce(fields)
    return highest


@cache
def buckets() -> NDArray[np.uint8]:
    """Return the half degree at the lower end of each bucket of t / (1 + t), t being the tangent."""
    share = (np.arange(BUCKETS + 1) - 1e-3) / BUCKETS
    share[0] = 0.0
    return np.searchsorted(BOUNDS, (share / (1.0 - share)).astype(np.float32), side="right").astype(np.uint8)


@cache
def compiled() -> Any | None:
    """Load the compiled loops; None where numba is not installed."""
    try:
        return import_module("changping_geo.solar.horizon_kernel")
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        return None


def _refuse_words(units: str, engine: str) -> None:
    if units not in UNITS:
        raise ParameterError(f"units {units!r} are unknown; use one of: {', '.join(UNITS)}")
    if engine not in ENGINES:
        raise ParameterError(f"engine {engine!r} is unknown; use one of: {', '.join(ENGINES)}")


def _refuse_cells(at: tuple[NDArray[np.int64], NDArray[np.int64]], core: Box) -> None:
    inside = (at[0] >= core[0]) & (at[0] < core[1]) & (at[1] >= core[2]) & (at[1] < core[3])
    outside = int((~inside).sum())
    if outside:
        raise GeometryError(
            f"{outside} of {at[0].size} wanted cells lie outside rows {core[0]} to {core[1]}, columns {core[2]} to "
            f"{core[3]} of the raster of heights; widen the raster, or set these cells aside"
        )
