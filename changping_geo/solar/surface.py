"""A raster of heights with square or oblong cells in metres, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import ColumnError, CrsError, GeometryError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

Heights = NDArray[np.float32]

HOLES = ("refuse", "no_obstacle")
#: No ground or building on earth lies outside; what does is in other units, or a code for "no data". [m]
LOWEST_M, HIGHEST_M = -500.0, 9000.0


@dataclass(frozen=True, slots=True)
class Surface:
    """Heights on a raster.

    Attributes
    ----------
    heights : ndarray
        NaN in holes, shape (rows, columns). [m]
    north, east : float
        Step per row to the north and per column to the east; negative where they count southwards, westwards. [m]
    y0, x0 : float
        Middle of the first row's first cell. [m]
    anchor : tuple of float
        Middle of the whole raster, of which this may be a part, in rows and columns of this part. [cells]
    """

    heights: Heights
    north: float
    east: float
    y0: float
    x0: float
    anchor: tuple[float, float]

    @property
    def cell(self) -> tuple[float, float]:
        """Steps to the north and to the east. [m]"""
        return self.north, self.east


def surface(heights: NDArray[Any], transform: Sequence[float], crs: str, *, holes: str = "refuse") -> Surface:
    """Check a raster of heights.

    Parameters
    ----------
    heights : ndarray
        Ground and buildings, NaN where unknown, shape (rows, columns). [m]
    transform : sequence of float
        Affine (a, b, c, d, e, f) from column and row to the corner of a cell: x = a col + b row + c,
        y = d col + e row + f; `e` is negative when the first row is the northernmost. [m]
    crs : str
        Coordinate system of the raster.
    holes : str
        ``refuse``, or ``no_obstacle``: where the height is unknown nothing stands, and no horizon is given.

    Returns
    -------
    Surface
        The raster.

    Raises
    ------
    CrsError
        If the coordinate system is in degrees or unknown.
    GeometryError
        If the raster is turned against the coordinate axes, or has no cells or no cell size.
    ColumnError
        If there are holes that may not be there, or heights that are none.
    ParameterError
        If the word for holes is unknown.
    """
    if holes not in HOLES:
        raise ParameterError(f"holes = {holes!r} is unknown; use one of: {', '.join(HOLES)}")
    refuse_degrees(crs)
    a, b, c, d, e, f = (float(v) for v in transform[:6])
    if heights.ndim != 2 or not heights.size:  # noqa: PLR2004 - rows and columns
        raise GeometryError(f"heights must have rows and columns, not the shape {heights.shape}")
    if b or d or not a or not e or not np.isfinite([a, c, e, f]).all():
        raise GeometryError(
            f"the raster's transform ({a}, {b}, {c}, {d}, {e}, {f}) is turned or has no cell size; "
            "warp the raster to rows and columns along the axes of its CRS"
        )
    _refuse_heights(heights, holes)
    plain = np.ascontiguousarray(heights, dtype=np.float32)
    middle = ((heights.shape[0] - 1) / 2, (heights.shape[1] - 1) / 2)
    return Surface(plain, e, a, f + e / 2, c + a / 2, middle)


def refuse_degrees(crs: str) -> None:
    """Refuse a coordinate system whose units are no metres.

    Raises
    ------
    CrsError
        If it is unknown, geographic, or in other units.
    """
    pyproj: Any = import_module("pyproj")
    try:
        system = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        raise CrsError(f"the raster's CRS {crs!r} is unknown; declare the metric CRS it is in") from None
    units = sorted({axis.unit_name for axis in system.axis_info[:2]})
    if not system.is_projected or units != ["metre"]:
        raise CrsError(f"the raster's cells are in {' and '.join(units)} ({crs}); warp it to the metric CRS first")


def _refuse_heights(heights: NDArray[Any], holes: str) -> None:
    faults = []
    unknown = int(np.isnan(heights).sum())
    if unknown and holes == "refuse":
        faults.append(
            f"{unknown} of {heights.size} cells have no height; fill them, or declare holes = 'no_obstacle' "
            "to let nothing stand there"
        )
    wild = int(((heights < LOWEST_M) | (heights > HIGHEST_M)).sum())
    if wild:
        faults.append(
            f"{wild} cells lie outside {LOWEST_M:g} to {HIGHEST_M:g} m; give heights in metres, and NaN where unknown"
        )
    if faults:
        raise ColumnError("the raster of heights: " + "; ".join(faults))
