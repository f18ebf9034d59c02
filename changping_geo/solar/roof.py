"""Roofs from footprints: which way they face, which planes they have, how many modules lie on a square metre."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
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
        "gable_tilt_deg",
        27.0,
        "degrees",
        10.0,
        60.0,
        "planning range, unverified: slope of tiled village roofs",
        verified=False,
        title_zh="坡屋顶坡度",
        title_en="Slope of pitched roofs",
    ),
    Parameter(
        "metal_tilt_deg",
        6.0,
        "degrees",
        1.0,
        20.0,
        "planning range, unverified: slope of profiled metal sheet",
        verified=False,
        title_zh="金属屋面坡度",
        title_en="Slope of metal roofs",
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
#: Cosine of a corner that passes for a right angle. [1]
RIGHT_ANGLE = 1e-6
#: Corners of a closed rectangle. [count]
CORNERS = 5


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


def long_side_bearing(footprints: NDArray[np.object_]) -> Floats:
    """Return the bearing of each footprint's long side, from its minimum rotated rectangle.

    Parameters
    ----------
    footprints : ndarray of Geometry
        Polygons in a metric CRS, shape (n,).

    Returns
    -------
    ndarray
        Clockwise from grid north, 0 to below 180, shape (n,). Of a square (sides within 1 %) the side nearest to
        east-west; 90 where there is no rectangle (empty or without area). [degrees]
    """
    out = np.full(len(footprints), 90.0)
    known, corners = _rectangles(footprints)
    sides = corners[:, 1:3] - corners[:, 0:2]
    length = np.hypot(sides[..., 0], sides[..., 1])
    bearing = np.mod(np.degrees(np.arctan2(sides[..., 0], sides[..., 1])), 180.0)
    first_longer = length[:, 0] > length[:, 1]
    square = np.abs(length[:, 0] - length[:, 1]) <= SQUARE * length.max(axis=1)
    off_west = np.abs(bearing - 90.0)
    first = np.where(square, off_west[:, 0] < off_west[:, 1], first_longer)
    out[known] = np.where(first, bearing[:, 0], bearing[:, 1])
    return out


def _rectangles(footprints: NDArray[np.object_]) -> tuple[NDArray[np.int64], Floats]:
    """Return which footprints have a rectangle, shape (m,), and its corners, shape (m, 5, 2). [-, m]"""
    # most houses are drawn as rectangles, and need none to be sought
    four = np.flatnonzero(
        (shapely.get_num_coordinates(footprints) == CORNERS) & (shapely.get_num_geometries(footprints) == 1)
    )
    corners = shapely.get_coordinates(footprints[four]).reshape(-1, CORNERS, 2)
    side = np.diff(corners, axis=1)
    size = np.hypot(side[..., 0], side[..., 1])
    turn = np.abs((side[:, :-1] * side[:, 1:]).sum(axis=2)) <= RIGHT_ANGLE * size[:, :-1] * size[:, 1:]
    own = turn.all(axis=1) & (size > 0).all(axis=1)
    left = np.ones(len(footprints), dtype=bool)
    left[four[own]] = False
    rest = np.flatnonzero(left)
    sought = shapely.oriented_envelope(footprints[rest])
    found = shapely.get_num_coordinates(sought) == CORNERS
    others = shapely.get_coordinates(sought[found]).reshape(-1, CORNERS, 2)
    return np.concatenate([four[own], rest[found]]), np.concatenate([corners[own], others])


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
    gable_tilt_deg: float = CARDS["gable_tilt_deg"],
    metal_tilt_deg: float = CARDS["metal_tilt_deg"],
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
    row_tilt_deg, gable_tilt_deg, metal_tilt_deg : float
        Tilt of rows on flat roofs, slope of pitched and of metal roofs. [degrees]

    Returns
    -------
    RoofPlanes
        Of a flat roof the first plane holds all, the second nothing.

    Raises
    ------
    ColumnError
        If a roof type is unknown.
    """
    unknown = sorted({str(word) for word in roof_type} - set(ROOF_TYPES))
    if unknown:
        raise ColumnError(f"unknown roof types {', '.join(map(repr, unknown[:5]))}; use: {', '.join(ROOF_TYPES)}")
    flat = roof_type == FLAT
    slope = np.select([flat, roof_type == GABLE], [0.0, gable_tilt_deg], metal_tilt_deg)
    tilt = np.where(flat, row_tilt_deg, slope)
    first = np.where(flat, facing_azimuth(bearing, latitude), np.mod(bearing + 90.0, 360.0))
    azimuth = np.stack([first, np.mod(first + 180.0, 360.0)], axis=1)
    part = np.where(flat[:, None], [[1.0, 0.0]], [[0.5, 0.5]])
    return RoofPlanes(np.stack([tilt, tilt], axis=1), azimuth, part, 1.0 / np.cos(np.radians(slope)))
