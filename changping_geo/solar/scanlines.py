"""Parallel lines of cells across a raster, one set per azimuth: every cell lies on exactly one line.

A line takes one cell from each column (or row, whichever its direction crosses faster) and the nearest cell across.
It is anchored at the middle of the whole raster, so that a raster turned by 90 degrees or mirrored has lines turned
or mirrored, and a tile has the lines of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import ParameterError

Ints = NDArray[np.int64]

#: Directions of a full survey; a 36-direction survey takes half the time. [1]
DIRECTIONS = 72
QUADRANT = 90.0


def directions(count: int = DIRECTIONS) -> NDArray[np.float64]:
    """Return evenly spread azimuths from north, clockwise, shape (count,). [degrees]

    Raises
    ------
    ParameterError
        If fewer than four are asked for.
    """
    if count < 4:  # noqa: PLR2004 - the cardinal points
        raise ParameterError(f"{count} directions are too few for a horizon; ask for at least 4 (72 is the default)")
    out: NDArray[np.float64] = np.arange(count, dtype=np.float64) * (360.0 / count)
    return out


def heading(azimuth: float) -> tuple[float, float]:
    """Return the unit vector of an azimuth, alike to the last digit in all eight octants.

    Parameters
    ----------
    azimuth : float
        North = 0, clockwise. [degrees]

    Returns
    -------
    tuple of float
        To the east and to the north. [1]
    """
    quarter, rest = divmod(azimuth % 360.0, QUADRANT)
    across, along = _octant(rest) if rest <= QUADRANT / 2 else _octant(QUADRANT - rest)[::-1]
    turned = ((across, along), (along, -across), (-across, -along), (-along, across))
    return turned[int(quarter)]


def _octant(angle: float) -> tuple[float, float]:
    if angle == QUADRANT / 2:
        return sin(radians(angle)), sin(radians(angle))
    return sin(radians(angle)), cos(radians(angle))


@dataclass(frozen=True, slots=True)
class ScanLines:
    """The lines of one azimuth.

    Line `k` holds the cells (k + offset[c], c) for c from first to last (exclusive), in the raster or its transpose.

    Attributes
    ----------
    transposed : bool
        Whether rows and columns are exchanged.
    forward : bool
        Whether the direction runs with growing column.
    spacing : float
        Ground distance from one cell of a line to the next. [m]
    offset : ndarray
        Row of line 0 in each column, shape (columns,). [cells]
    rest : ndarray
        How much farther down the ideal line runs, shape (columns,). [cells]
    lowest : int
        The first line's number. [1]
    first, last : ndarray
        Columns of each line that lie in the raster, from `lowest` on; shape (lines,). [cells]
    """

    transposed: bool
    forward: bool
    spacing: float
    offset: Ints
    rest: NDArray[np.float64]
    lowest: int
    first: Ints
    last: Ints

    def blended(self, heights: NDArray[np.float32], hole: np.float32) -> NDArray[np.float32]:
        """Return heights on the ideal lines, between the two cells that they pass. [m]

        Parameters
        ----------
        heights : ndarray
            In the lines' rows and columns. [m]
        hole : float32
            The height that stands for a hole; a cell beside one keeps its own height. [m]
        """
        below, above = np.concatenate([heights[1:], heights[-1:]]), np.concatenate([heights[:1], heights[:-1]])
        passed: NDArray[np.float32] = np.where(self.rest > 0, below, above)
        beside = np.where(passed == hole, heights, passed)
        return heights + (beside - heights) * np.abs(self.rest).astype(np.float32)


def scan_lines(
    shape: tuple[int, int], cell: tuple[float, float], azimuth: float, anchor: tuple[float, float] | None = None
) -> ScanLines:
    """Lay the lines of one azimuth over a raster.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns. [cells]
    cell : tuple of float
        Step to the north per row and to the east per column, with their signs. [m]
    azimuth : float
        Where one looks, north = 0, clockwise. [degrees]
    anchor : tuple of float, optional
        Row and column through which line 0 passes; the middle of the raster. [cells]

    Returns
    -------
    ScanLines
        The lines.
    """
    middle = anchor if anchor is not None else ((shape[0] - 1) / 2, (shape[1] - 1) / 2)
    east, north = heading(azimuth)
    per_col, per_row = east / cell[1], north / cell[0]
    transposed = abs(per_row) > abs(per_col)
    rows, cols = shape[::-1] if transposed else shape
    along, across = (per_row, per_col) if transposed else (per_col, per_row)
    offset, rest = _offsets(across / along, np.arange(cols), middle[0] if transposed else middle[1])
    lowest = -int(offset.max())
    lines = np.arange(lowest, rows - int(offset.min()))
    rising = offset if offset[-1] >= offset[0] else -offset
    if rising is offset:
        first, last = np.searchsorted(rising, -lines, "left"), np.searchsorted(rising, rows - 1 - lines, "right")
    else:
        first, last = np.searchsorted(rising, lines - rows + 1, "left"), np.searchsorted(rising, lines, "right")
    return ScanLines(transposed, along > 0, 1.0 / abs(along), offset, rest, lowest, first, last)


def _offsets(slope: float, columns: Ints, middle: float) -> tuple[Ints, NDArray[np.float64]]:
    if abs(slope) == 1.0:  # a diagonal needs no rounding, which would put a kink at the middle of an even raster
        return columns * int(slope), np.zeros(columns.size)
    ideal = slope * (columns - middle)
    nearest = np.sign(ideal) * np.floor(np.abs(ideal) + 0.5)
    return nearest.astype(np.int64), ideal - nearest
