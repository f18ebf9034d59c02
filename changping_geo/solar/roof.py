"""Roofs from footprints: which way they face, which planes they have, how many modules lie on a square metre."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from changping_geo.model import Cards, ColumnError, Parameter, ParameterError

Floats = NDArray[np.float64]

FLAT, GABLE, METAL = "flat", "gable", "shed_metal"
ROOF_TYPES = (FLAT, GABLE, METAL)

CARDS = Cards(
    Parameter(
        "row_tilt_deg",
        10.0,
        "degrees",
        0.0,
        45.0,
        "planning range, unverified: low rows give most energy per square metre of roof (see the method page)",
        verified=False,
        title_zh="平屋顶组件倾角",
        title_en="Tilt of rows on flat roofs",
    ),
    Parameter(
        "flush_cover",
        0.9,
        "1",
        0.7,
        0.98,
        "planning range, unverified: modules laid flush, gaps between them left out; also the most that rows may cover",
        verified=False,
        title_zh="平铺覆盖率",
        title_en="Cover of flush modules",
    ),
    Parameter(
        "module_density_w_m2",
        215.0,
        "W/m2",
        180.0,
        240.0,
        "planning range, unverified: modules on the market 200 to 225 W/m2",
        verified=False,
        title_zh="组件功率密度",
        title_en="Module power per area",
    ),
)

#: Coefficients of the row distance, GB 50797: no shadow from 9:00 to 15:00 solar time at the winter solstice. [1]
GB_50797 = (0.707, 0.4338)
#: Sides that differ by less make a square, whose ridge is laid so that a plane faces the equator. [1]
SQUARE = 0.01
#: Cosine of a corner that passes for a right angle, as walls drawn to the centimetre have it. [1]
RIGHT_ANGLE = 0.01
#: Corners of a closed rectangle. [count]
CORNERS = 5
#: Shapely's number for polygons. [1]
POLYGON = 3


class RoofPlanes(NamedTuple):
    """The planes of roofs: rows on a flat roof, two planes on a pitched one.

    Attributes
    ----------
    tilt : ndarray
        Tilt of the modules, shape (n, 2). [degrees]
    azimuth : ndarray
        Azimuth of the modules, shape (n, 2). [degrees]
    part : ndarray
        Share of the roof's surface, shape (n, 2). [1]
    surface : ndarray
        Roof surface per footprint, shape (n,). [1]
    """

    tilt: Floats
    azimuth: Floats
    part: Floats
    surface: Floats


def equator_azimuth(latitude: float) -> float:
    """Return the azimuth towards the equator. [degrees]

    Parameters
    ----------
    latitude : float
        Site. [degrees north]
    """
    return 180.0 if latitude >= 0 else 0.0


class Sides(NamedTuple):
    """The sides of footprints, from their minimum rotated rectangles.

    Attributes
    ----------
    bearing : ndarray
        Of the long side, clockwise from grid north, 0 to below 180, shape (n,). [degrees]
    along, across : ndarray
        Length of the long side and of the other, 0 where there is no rectangle, shape (n,). [m]
    """

    bearing: Floats
    along: Floats
    across: Floats


def roof_sides(footprints: NDArray[np.object_]) -> Sides:
    """Return the sides of each footprint, from the rectangle along its walls, or the smallest one around it.

    Parameters
    ----------
    footprints : ndarray of Geometry
        Polygons in a metric CRS, shape (n,).

    Returns
    -------
    Sides
        Of a square (sides within 1 %) the side nearest to east-west counts as the long one; the bearing is 90 where
        there is no rectangle (empty or without area).
    """
    out = Sides(np.full(len(footprints), 90.0), np.zeros(len(footprints)), np.zeros(len(footprints)))
    known, corners = _rectangles(footprints)
    sides = corners[:, 1:3] - corners[:, 0:2]
    length = np.hypot(sides[..., 0], sides[..., 1])
    bearing = np.mod(np.degrees(np.arctan2(sides[..., 0], sides[..., 1])), 180.0)
    first_longer = length[:, 0] > length[:, 1]
    square = np.abs(length[:, 0] - length[:, 1]) <= SQUARE * length.max(axis=1)
    off_west = np.abs(bearing - 90.0)
    first = np.where(square, off_west[:, 0] < off_west[:, 1], first_longer)
    out.bearing[known] = np.where(first, bearing[:, 0], bearing[:, 1])
    out.along[known] = np.where(first, length[:, 0], length[:, 1])
    out.across[known] = np.where(first, length[:, 1], length[:, 0])
    return out


def _rectangles(footprints: NDArray[np.object_]) -> tuple[NDArray[np.int64], Floats]:
    """Return which footprints have a rectangle, shape (m,), and its corners, shape (m, 5, 2). [-, m]

    A house drawn with right angles only has the rectangle along its walls; for others the smallest one is sought.
    """
    counts = shapely.get_num_coordinates(footprints)
    simple = (shapely.get_num_geometries(footprints) == 1) & (shapely.get_type_id(footprints) == POLYGON)
    simple &= shapely.get_num_interior_rings(footprints) == 0
    found, boxes = [], []
    for count in np.unique(counts[simple & (counts >= CORNERS)]):
        rows = np.flatnonzero(simple & (counts == count))
        corners = shapely.get_coordinates(footprints[rows]).reshape(-1, count, 2)
        side = np.diff(corners, axis=1)
        size = np.hypot(side[..., 0], side[..., 1])
        turn = np.abs((side * np.roll(side, -1, axis=1)).sum(axis=2))
        square = (turn <= RIGHT_ANGLE * size * np.roll(size, -1, axis=1)).all(axis=1) & (size > 0).all(axis=1)
        found.append(rows[square])
        boxes.append(corners[square] if count == CORNERS else _along_walls(corners[square], side[square, 0]))
    left = np.ones(len(footprints), dtype=bool)
    for rows in found:
        left[rows] = False
    rest = np.flatnonzero(left)
    sought = shapely.oriented_envelope(footprints[rest])
    there = shapely.get_num_coordinates(sought) == CORNERS
    found.append(rest[there])
    boxes.append(shapely.get_coordinates(sought[there]).reshape(-1, CORNERS, 2))
    return np.concatenate(found), np.concatenate(boxes)


def _along_walls(corners: Floats, wall: Floats) -> Floats:
    """Return the rectangles along a wall of each shape, closed, shape (m, 5, 2). [m]"""
    ahead = wall / np.hypot(wall[:, 0], wall[:, 1])[:, None]
    aside = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    origin = corners[:, :1]
    x, y = (((corners - origin) * axis[:, None]).sum(axis=2) for axis in (ahead, aside))
    ends = [(x.min(axis=1), y.min(axis=1)), (x.max(axis=1), y.min(axis=1))]
    ends += [(x.max(axis=1), y.max(axis=1)), (x.min(axis=1), y.max(axis=1))]
    out: Floats = np.stack([u[:, None] * ahead + v[:, None] * aside for u, v in [*ends, ends[0]]], axis=1) + origin
    return out


def facing_azimuth(bearing: Floats, latitude: float) -> Floats:
    """Return the edge normal that is nearest to the equator.

    Parameters
    ----------
    bearing : ndarray
        Bearing of any edge of a rectangle, shape (n,). [degrees]
    latitude : float
        Site. [degrees north]

    Returns
    -------
    ndarray
        Azimuth within 45 degrees of the equator's, 0 to below 360, shape (n,). [degrees]
    """
    off = np.mod(bearing + 45.0, 90.0) - 45.0
    return np.mod(equator_azimuth(latitude) + off, 360.0)


def row_spacing(tilt: float, latitude: float) -> float:
    """Return the distance from row to row over the slant length of a row.

    Parameters
    ----------
    tilt : float
        Tilt of the rows, facing the equator. [degrees]
    latitude : float
        Site. [degrees north]

    Returns
    -------
    float
        D / L of GB 50797: no shadow between 9:00 and 15:00 solar time at the winter solstice. [1]

    Raises
    ------
    ParameterError
        Where the sun does not rise high enough for the formula (beyond 58 degrees).

    References
    ----------
    GB 50797-2012, Code for design of photovoltaic power station, row distance of fixed arrays
    """
    b = np.radians(tilt)
    return float(np.cos(b) + np.sin(b) * shadow_factor(latitude))


def shadow_factor(latitude: float) -> float:
    """Return the length of a row's shadow towards the pole over the row's height, after GB 50797. [1]

    Parameters
    ----------
    latitude : float
        Site. [degrees north]

    Raises
    ------
    ParameterError
        Where the sun does not rise high enough for the formula (beyond 58 degrees).
    """
    cosine, sine = GB_50797
    slope = np.tan(np.radians(abs(latitude)))
    if cosine <= sine * slope:
        raise ParameterError(f"the row distance of GB 50797 is not defined at latitude {latitude:g}; it ends at 58")
    return float((cosine * slope + sine) / (cosine - sine * slope))


def row_cover(tilt: float, latitude: float, most: float) -> float:
    """Return module area over usable flat roof. [1]

    Parameters
    ----------
    tilt : float
        Tilt of the rows. [degrees]
    latitude : float
        Site. [degrees north]
    most : float
        The most that modules may cover, walkways and gaps left out. [1]
    """
    return min(most, 1.0 / row_spacing(tilt, latitude))


def roof_planes(
    roof_type: NDArray[np.object_],
    bearing: Floats,
    latitude: float,
    *,
    row_tilt_deg: float = CARDS["row_tilt_deg"],
    slope_deg: float | Floats = 0.0,
) -> RoofPlanes:
    """Lay the planes of roofs: rows that face the equator, or two planes on either side of a ridge along the long side.

    Parameters
    ----------
    roof_type : ndarray of str
        ``flat``, ``gable`` or ``shed_metal``, shape (n,).
    bearing : ndarray
        Bearing of the long side, shape (n,). [degrees]
    latitude : float
        Site. [degrees north]
    row_tilt_deg : float
        Tilt of rows on flat roofs. [degrees]
    slope_deg : float or ndarray
        Slope of pitched and metal roofs, shape (n,); of flat roofs it is left aside. [degrees]

    Returns
    -------
    RoofPlanes
        Of a flat roof the first plane holds all, the second nothing.

    Raises
    ------
    ColumnError
        If a roof type is unknown.
    """
    unknown = sorted({str(word) for word in pd.unique(roof_type)} - set(ROOF_TYPES))
    if unknown:
        raise ColumnError(f"unknown roof types {', '.join(map(repr, unknown[:5]))}; use: {', '.join(ROOF_TYPES)}")
    flat = roof_type == FLAT
    slope = np.where(flat, 0.0, slope_deg)
    tilt = np.where(flat, row_tilt_deg, slope)
    first = np.where(flat, facing_azimuth(bearing, latitude), np.mod(bearing + 90.0, 360.0))
    azimuth = np.stack([first, np.mod(first + 180.0, 360.0)], axis=1)
    part = np.where(flat[:, None], [[1.0, 0.0]], [[0.5, 0.5]])
    return RoofPlanes(np.stack([tilt, tilt], axis=1), azimuth, part, 1.0 / np.cos(np.radians(slope)))
