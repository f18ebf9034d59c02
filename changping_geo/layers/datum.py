"""Chinese map datums: GCJ-02 and BD-09 to and from WGS84, on arrays.

CGCS2000 and WGS84 differ by less than a metre and count as one here. The GCJ-02 offset is a smooth function of position
with a slope of a few per mille, that of BD-09 one of about two per cent; both are inverted by fixed-point iteration.

References
----------
The offset functions are public facts, documented among others in https://en.wikipedia.org/wiki/Restrictions_on_geographic_data_in_China.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from changping_geo.layers.spec import DATUMS
from changping_geo.model import CrsError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]
Function = Callable[[Floats, Floats], Pair]

# Krassovsky 1940 ellipsoid, on which GCJ-02 is defined.
SEMI_MAJOR_M = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323
# The box in which GCJ-02 is shifted at all. [deg]
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271
# BD-09 adds a constant and a ripple to GCJ-02. [deg]
BD_LON, BD_LAT, BD_RADIUS, BD_ANGLE = 0.0065, 0.006, 2e-5, 3e-6
BD_WAVE = np.pi * 3000.0 / 180.0

# Arrays of a block stay in the processor's cache; blocks run side by side, as numpy lets go of the interpreter.
BLOCK = 16_384
WORKERS = 4
# Steps of the inverse: always as many, so that a point's answer does not depend on its neighbours. Each leaves
# 1/200 (GCJ-02) or 1/40 (BD-09) of the error before it; about a tenth of a millimetre remains.
STEPS_GCJ02, STEPS_BD09 = 3, 4


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: str) -> Pair:
    """Turn coordinates of a datum into WGS84.

    Parameters
    ----------
    lon, lat : array_like of float, shape (n,)
        Coordinates as the source gives them; not-a-number stays so. [deg]
    datum : str
        One of ``cgcs2000``, ``wgs84``, ``gcj02`` and ``bd09``.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Longitude and latitude in WGS84. [deg]

    Raises
    ------
    CrsError
        If the datum is unknown.
    """
    steps: dict[str, Function] = {"gcj02": _gcj02_to_wgs84, "bd09": _bd09_to_wgs84}
    return _convert(lon, lat, datum, steps)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: str) -> Pair:
    """Turn WGS84 coordinates into those of a datum.

    Parameters
    ----------
    lon, lat : array_like of float, shape (n,)
        Coordinates in WGS84. [deg]
    datum : str
        One of ``cgcs2000``, ``wgs84``, ``gcj02`` and ``bd09``.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Longitude and latitude in the datum. [deg]

    Raises
    ------
    CrsError
        If the datum is unknown.
    """
    steps: dict[str, Function] = {"gcj02": _wgs84_to_gcj02, "bd09": _wgs84_to_bd09}
    return _convert(lon, lat, datum, steps)


def _convert(lon: ArrayLike, lat: ArrayLike, datum: str, steps: dict[str, Function]) -> Pair:
    if datum not in DATUMS:
        raise CrsError(f"unknown datum {datum!r}; use one of: {', '.join(DATUMS)}")
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    if datum not in steps:
        return x.copy(), y.copy()
    step = steps[datum]
    flat_x, flat_y = x.ravel(), y.ravel()
    out_x, out_y = np.empty_like(flat_x), np.empty_like(flat_y)

    def block(start: int) -> None:
        part = slice(start, start + BLOCK)
        with np.errstate(invalid="ignore"):
            out_x[part], out_y[part] = step(flat_x[part], flat_y[part])

    starts = range(0, flat_x.size, BLOCK)
    if len(starts) > 1:
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(block, starts))
    else:
        block(0)
    return out_x.reshape(x.shape), out_y.reshape(y.shape)


def _sines(degrees: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Return the sines of 6, 2, 1, 1/3, 1/12 and 1/30 times pi times the degrees.

    All are multiples of one angle, so powers of one rotor give them with a single sine and cosine.
    """
    angle = degrees * (np.pi / 60.0)
    rotor = np.empty(angle.shape, dtype=np.complex128)
    rotor.real, rotor.imag = np.cos(angle), np.sin(angle)
    thirtieth = rotor * rotor
    twelfth = thirtieth * thirtieth * rotor
    third = np.square(np.square(twelfth))
    whole = third * third * third
    double = whole * whole
    sixfold = double * double * double
    return sixfold.imag, double.imag, whole.imag, third.imag, twelfth.imag, thirtieth.imag


def _wgs84_to_gcj02(lon: Floats, lat: Floats) -> Pair:
    x, y = lon - 105.0, lat - 35.0
    sixfold, double, whole_x, third_x, twelfth_x, thirtieth_x = _sines(x)
    whole_y, third_y, twelfth_y, thirtieth_y = _sines(y)[2:]
    ripple = 20.0 * (sixfold + double)
    root, product = np.sqrt(np.abs(x)), 0.1 * x * y
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + product + 0.1 * root
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + product + 0.2 * root
    east += (2.0 / 3.0) * (ripple + 20.0 * whole_x + 40.0 * third_x + 150.0 * twelfth_x + 300.0 * thirtieth_x)
    north += (2.0 / 3.0) * (ripple + 20.0 * whole_y + 40.0 * third_y + 160.0 * twelfth_y + 320.0 * thirtieth_y)
    sine = np.sin(np.radians(lat))
    squeeze = 1.0 - ECCENTRICITY_SQUARED * sine * sine
    meridian = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / (squeeze * np.sqrt(squeeze))
    parallel = SEMI_MAJOR_M / np.sqrt(squeeze) * np.sqrt(1.0 - sine * sine)
    shifted = (lon >= WEST) & (lon <= EAST) & (lat >= SOUTH) & (lat <= NORTH)
    return (
        np.where(shifted, lon + np.degrees(east / parallel), lon),
        np.where(shifted, lat + np.degrees(north / meridian), lat),
    )


def _gcj02_to_bd09(lon: Floats, lat: Floats) -> Pair:
    radius = np.hypot(lon, lat)
    radius = np.where(radius > 0.0, radius, 1.0)
    stretch = 1.0 + BD_RADIUS * np.sin(lat * BD_WAVE) / radius
    turn = BD_ANGLE * np.cos(lon * BD_WAVE)
    # The turn is below 3e-6 radians, so that these series are exact in double precision.
    cosine, sine = 1.0 - 0.5 * turn * turn, turn - turn**3 / 6.0
    return stretch * (lon * cosine - lat * sine) + BD_LON, stretch * (lat * cosine + lon * sine) + BD_LAT


def _wgs84_to_bd09(lon: Floats, lat: Floats) -> Pair:
    return _gcj02_to_bd09(*_wgs84_to_gcj02(lon, lat))


def _inverse(forward: Function, lon: Floats, lat: Floats, start: Pair, steps: int) -> Pair:
    """Find the point that `forward` brings to `lon`, `lat`, by fixed-point iteration."""
    x, y = start
    for _ in range(steps):
        there_x, there_y = forward(x, y)
        x, y = x + (lon - there_x), y + (lat - there_y)
    return x, y


def _gcj02_to_wgs84(lon: Floats, lat: Floats) -> Pair:
    return _inverse(_wgs84_to_gcj02, lon, lat, (lon, lat), STEPS_GCJ02)


def _bd09_to_wgs84(lon: Floats, lat: Floats) -> Pair:
    start = (lon - BD_LON, lat - BD_LAT)
    return _gcj02_to_wgs84(*_inverse(_gcj02_to_bd09, lon, lat, start, STEPS_BD09))
