"""The planes of every roof, weighed by how likely their slope is: area, setback, sun, and what they carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from changping_geo.solar.kernel import MONTHS
from changping_geo.solar.roof import FLAT, Sides, roof_planes, roof_sides
from changping_geo.solar.setback import inner_share
from changping_geo.solar.table import look_up
from changping_geo.solar.tilts import CHANCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

Floats = NDArray[np.float64]

#: How modules are mounted on a flat roof, and on any other.
OPEN, CLOSE = "open", "close"
SIDES = 2


class Shapes(NamedTuple):
    """Footprints as their roofs need them.

    Attributes
    ----------
    area, outline : ndarray
        Shape (n,). [m2, m]
    sides : Sides
        Of the minimum rotated rectangle.
    roof_type : ndarray of str
        Shape (n,).
    """

    area: Floats
    outline: Floats
    sides: Sides
    roof_type: NDArray[np.object_]


class Part(NamedTuple):
    """One plane of many roofs, at one of the slopes that they may have.

    Attributes
    ----------
    rows : ndarray
        The roofs, each once, shape (m,). [row]
    side : int
        0 for rows on a flat roof and the first plane of a pitched one, 1 for the second.
    chance : float
        Weight of the slope. [1]
    mounting : str
        ``open`` or ``close``.
    tilt, azimuth : ndarray
        Of the modules, shape (m,). [degrees]
    area : ndarray
        Of the plane, shape (m,). [m2]
    inner : ndarray
        Share of it inside the setback, shape (m,). [1]
    sunny : ndarray
        Whether its yield reaches the least that is asked for, shape (m,).
    monthly : ndarray
        Its yield, shape (m, 12). [kWh/kW]
    """

    rows: NDArray[np.int64]
    side: int
    chance: float
    mounting: str
    tilt: Floats
    azimuth: Floats
    area: Floats
    inner: Floats
    sunny: NDArray[np.bool_]
    monthly: Floats

    @property
    def offered(self) -> Floats:
        """Sunny area inside the setback, weighed by the chance of the slope, shape (m,). [m2]"""
        return self.chance * self.area * self.inner * self.sunny


def footprint_shapes(footprints: NDArray[np.object_], roof_type: NDArray[np.object_]) -> Shapes:
    """Measure footprints.

    Parameters
    ----------
    footprints : ndarray of Geometry
        Polygons in a metric CRS, shape (n,).
    roof_type : ndarray of str
        Shape (n,).
    """
    return Shapes(shapely.area(footprints), shapely.length(footprints), roof_sides(footprints), roof_type)


def lay_parts(
    shapes: Shapes,
    slope: Floats,
    setback: Floats,
    tables: dict[str, xr.DataArray],
    latitude: float,
    *,
    row_tilt_deg: float,
    min_plane_yield: float,
) -> list[Part]:
    """Lay the planes of every roof at every slope that it may have.

    Parameters
    ----------
    shapes : Shapes
        The footprints.
    slope : ndarray
        Slopes to be weighed by `tilts.CHANCES`, shape (3, n). [degrees]
    setback : ndarray
        Shape (n,). [m]
    tables : dict of str to DataArray
        Yield by tilt and azimuth of each mounting, from `table.yield_table`.
    latitude : float
        Site. [degrees north]
    row_tilt_deg : float
        Tilt of rows on flat roofs. [degrees]
    min_plane_yield : float
        A plane of a roof that is not flat is sunny from this share of the best orientation's yield up. [1]
    """
    flat = np.flatnonzero(shapes.roof_type == FLAT)
    pitched = np.flatnonzero(shapes.roof_type != FLAT)
    least = min_plane_yield * float(tables[CLOSE].sum("month").max())
    out = []
    for rows, chances in ((flat, (1.0,)), (pitched, CHANCES)):
        mounting = OPEN if rows is flat else CLOSE
        n_sides = 1 if rows is flat else SIDES
        for number, chance in enumerate(chances):
            here = slope[number, rows]
            planes = roof_planes(
                shapes.roof_type[rows],
                shapes.sides.bearing[rows],
                latitude,
                row_tilt_deg=row_tilt_deg,
                slope_deg=here,
            )
            sides = (shapes.sides.along[rows], shapes.sides.across[rows])
            inner = inner_share(shapes.area[rows], shapes.outline[rows], *sides, here, setback[rows], n_sides)
            for side in range(n_sides):
                tilt, azimuth = planes.tilt[:, side], planes.azimuth[:, side]
                monthly = look_up(tables[mounting], tilt, azimuth)
                # the slopes of a roof are given; rows on a flat roof are laid as one likes
                sunny = monthly.sum(axis=1) >= (least if mounting == CLOSE else 0.0)
                area = shapes.area[rows] * planes.surface * planes.part[:, side]
                out.append(Part(rows, side, chance, mounting, tilt, azimuth, area, inner, sunny, monthly))
    return out


def usable_areas(parts: Sequence[Part], share: Floats, least_m2: float) -> list[Floats]:
    """Return the usable area of each part, weighed by the chance of its slope.

    Parameters
    ----------
    parts : sequence of Part
        From `lay_parts`.
    share : ndarray
        What can be used of the area inside the setback, shape (n,). [1]
    least_m2 : float
        A plane with less is not used. [m2]

    Returns
    -------
    list of ndarray
        Shape (m,) each. [m2]
    """
    out = []
    for part in parts:
        found = part.area * part.inner * part.sunny * share[part.rows]
        out.append(part.chance * np.where(found >= least_m2, found, 0.0))
    return out


def sum_parts(parts: Sequence[Part], values: Sequence[Floats], n: int, side: int | None = None) -> Floats:
    """Add values of parts up by roof.

    Parameters
    ----------
    parts : sequence of Part
        From `lay_parts`.
    values : sequence of ndarray
        One array per part, shape (m,) or (m, 12). [any unit]
    n : int
        Roofs. [count]
    side : int, optional
        Take the planes of this side only.

    Returns
    -------
    ndarray
        Shape (n,) or (n, 12). [unit of the values]
    """
    width = values[0].shape[1:] if len(values) else ()
    out: Floats = np.zeros((n, *width))
    for part, value in zip(parts, values, strict=True):
        if side is None or part.side == side:
            out[part.rows] += value  # the rows of a part are distinct
    return out


def sun_weighted_yield(parts: Sequence[Part], n: int) -> Floats:
    """Return the annual yield of each roof over its sunny area inside the setback; 0 where there is none. [kWh/kW]

    Parameters
    ----------
    parts : sequence of Part
        From `lay_parts`.
    n : int
        Roofs. [count]
    """
    area = sum_parts(parts, [part.offered for part in parts], n)
    product = sum_parts(parts, [part.offered * part.monthly.sum(axis=1) for part in parts], n)
    out: Floats = product / np.where(area > 0, area, 1.0)
    return out


def monthly_products(parts: Sequence[Part], areas: Sequence[Floats], n: int) -> Floats:
    """Return usable area times yield of each roof and month, shape (n, 12). [m2 kWh/kW]

    Parameters
    ----------
    parts : sequence of Part
        From `lay_parts`.
    areas : sequence of ndarray
        From `usable_areas`.
    n : int
        Roofs. [count]
    """
    if not parts:
        return np.zeros((n, MONTHS))
    return sum_parts(parts, [area[:, None] * part.monthly for part, area in zip(parts, areas, strict=True)], n)
