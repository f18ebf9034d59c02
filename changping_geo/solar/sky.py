"""What horizons take away: part of the sky, and the sun while it stands behind them.

A table holds, for a plane, how much beam comes from below each elevation in each sector of azimuth; a horizon is then
looked up once per sector, however many sun positions the table was made of.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import ColumnError, ParameterError
from changping_geo.solar.horizon import HALF, ZENITH, compiled
from changping_geo.solar.plane import cos_incidence

Floats = NDArray[np.float64]
Halves = NDArray[np.uint8]

#: Elevations of a table: each half degree from the horizontal to the zenith. [1]
LEVELS = ZENITH + 1


class BeamTable(NamedTuple):
    """Beam on a plane by where it comes from.

    Attributes
    ----------
    below : ndarray
        Beam from a sector below a number of half degrees, shape (sectors, 181, periods). [kWh/m2]
    total : ndarray
        Beam on the plane without horizon, shape (periods,). [kWh/m2]
    tilt, plane_azimuth : float
        The plane. [degrees]
    """

    below: Floats
    total: Floats
    tilt: float
    plane_azimuth: float

    def annual(self) -> BeamTable:
        """Return the table with all periods in one."""
        return self._replace(below=self.below.sum(axis=2, keepdims=True), total=self.total.sum(keepdims=True))


def sky_view(half_degrees: Halves, *, axis: int = -1) -> Floats:
    """Return the part of an even sky's light that reaches a horizontal plane: 1 - mean(sin^2 h).

    Parameters
    ----------
    half_degrees : ndarray
        Horizons, evenly spread directions along `axis`. [0.5 degrees]
    axis : int
        Which axis the directions lie along.

    Returns
    -------
    ndarray
        NaN in holes, without that axis. [1]

    References
    ----------
    Dozier & Frew 1990, doi:10.1109/36.58986
    """
    seen = np.full(256, np.nan)
    seen[:LEVELS] = np.cos(np.radians(HALF * np.arange(LEVELS))) ** 2
    moved = np.moveaxis(half_degrees, axis, 0)
    out = np.zeros(moved.shape[1:])
    for one in moved:
        out += seen[one]
    out /= len(moved)
    return out


def sky_view_tilted(half_degrees: Halves, tilt: Floats, plane_azimuth: Floats) -> Floats:
    """Return the part of an even sky's light that reaches a tilted plane.

    The mean over directions p of cos b cos^2 h + sin b cos(p - a) (pi/2 - h - sin h cos h), b being the tilt, a the
    plane's azimuth, h the horizon or the plane's own edge, whichever is higher; without horizon (1 + cos b) / 2.

    Parameters
    ----------
    half_degrees : ndarray
        Horizons in evenly spread directions from north, clockwise, shape (p, n). [0.5 degrees]
    tilt, plane_azimuth : ndarray
        Planes, shape (p,) or (). [degrees]

    Returns
    -------
    ndarray
        NaN in holes, shape (p,). [1]

    References
    ----------
    Dozier & Frew 1990, doi:10.1109/36.58986, the integral over azimuth with the horizon measured from the zenith
    """
    b, a = np.radians(np.asarray(tilt, np.float64)), np.radians(np.asarray(plane_azimuth, np.float64))
    angle = np.full(256, np.nan)
    angle[:LEVELS] = np.radians(HALF * np.arange(LEVELS))
    count = half_degrees.shape[1]
    out = np.zeros(half_degrees.shape[0])
    for number, way in enumerate(np.arange(count) * (2.0 * np.pi / count)):
        towards = np.cos(way - a)
        edge = np.arctan2(-np.sin(b) * towards, np.cos(b))
        h = np.maximum(angle[half_degrees[:, number]], edge)
        out += np.cos(b) * np.cos(h) ** 2 + np.sin(b) * towards * (np.pi / 2 - h - np.sin(h) * np.cos(h))
    out /= count
    return out


def spread_dni(dni: Floats, elevation: Floats) -> Floats:
    """Spread the direct irradiation of each hour evenly over those of its steps in which the sun is up.

    Parameters
    ----------
    dni : ndarray
        Mean direct normal irradiance of each hour, shape (h,). [W/m2]
    elevation : ndarray
        The sun's elevation in the middle of each step of each hour, shape (h, steps). [degrees]

    Returns
    -------
    ndarray
        Direct normal irradiation of each step; its sum over an hour is the hour's. Shape (h, steps). [kWh/m2]

    Raises
    ------
    ColumnError
        If the sun does not rise in an hour with direct irradiance.
    """
    up = elevation > 0
    steps = up.sum(axis=1)
    dark = int(((steps == 0) & (dni > 0)).sum())
    if dark:
        raise ColumnError(
            f"{dark} hours have direct irradiance while the sun is down; check time zone, time labels and site"
        )
    share: Floats = up * (dni / np.maximum(steps, 1) / 1000.0)[:, None]
    return share


def beam_table(
    elevation: Floats,
    azimuth: Floats,
    dni_kwh_m2: Floats,
    period: NDArray[np.int64],
    *,
    sectors: int = 72,
    periods: int = 12,
    tilt: float = 0.0,
    plane_azimuth: float = 180.0,
) -> BeamTable:
    """Gather the beam of many sun positions by sector and elevation.

    Parameters
    ----------
    elevation, azimuth : ndarray
        The sun, in steps of about five minutes, shape (t,). [degrees]
    dni_kwh_m2 : ndarray
        Direct normal irradiation of each step, shape (t,). [kWh/m2]
    period : ndarray
        Month of each step, from 0, shape (t,).
    sectors, periods : int
        Directions of the horizons; periods. [1]
    tilt, plane_azimuth : float
        The plane. [degrees]

    Returns
    -------
    BeamTable
        The sun is hidden by the horizon of the nearest direction when it stands below it.

    Raises
    ------
    ColumnError
        If irradiation is negative, missing, or comes while the sun is down, or periods lie outside their number.
    """
    _refuse_sun(elevation, azimuth, dni_kwh_m2, period, periods)
    cosine = cos_incidence(
        90.0 - elevation, azimuth, np.asarray(tilt, np.float64), np.asarray(plane_azimuth, np.float64)
    )
    beam: Floats = dni_kwh_m2 * np.maximum(cosine, 0.0)
    sector = np.floor(azimuth * (sectors / 360.0) + 0.5).astype(np.int64) % sectors
    # the lowest horizon that hides the sun; a sun in the zenith is never hidden and falls off the table
    level = np.floor(np.maximum(elevation, 0.0) / HALF).astype(np.int64) + 1
    place = (sector * (LEVELS + 1) + level) * periods + period
    gathered = np.bincount(place, beam, sectors * (LEVELS + 1) * periods).reshape(sectors, LEVELS + 1, periods)
    below = np.cumsum(gathered[:, :LEVELS], axis=1, dtype=np.float64)
    total = np.bincount(period, beam, periods).astype(np.float64)
    return BeamTable(np.ascontiguousarray(below), total, float(tilt), float(plane_azimuth))


def beam_loss(half_degrees: Halves, table: BeamTable, *, engine: str = "auto") -> Floats:
    """Look up how much beam each horizon takes.

    Parameters
    ----------
    half_degrees : ndarray
        Horizons in the table's sectors, shape (p, sectors). [0.5 degrees]
    table : BeamTable
        Of the plane.
    engine : str
        ``numpy``, or ``auto``: numba if installed.

    Returns
    -------
    ndarray
        Shape (p, periods). [kWh/m2]

    Raises
    ------
    ParameterError
        If the sectors differ.
    ColumnError
        If there are holes among the horizons.
    """
    if half_degrees.ndim != 2 or half_degrees.shape[1] != table.below.shape[0]:  # noqa: PLR2004 - cells, sectors
        raise ParameterError(
            f"horizons of the shape {half_degrees.shape} do not fit a table of {table.below.shape[0]} sectors"
        )
    holes = int((half_degrees > ZENITH).any(axis=1).sum())
    if holes:
        raise ColumnError(f"{holes} cells have no horizon because their height is unknown; leave them out")
    out = np.zeros((half_degrees.shape[0], table.below.shape[2]))
    kernel = compiled() if engine == "auto" else None
    if kernel is not None:
        kernel.lost(np.ascontiguousarray(half_degrees), table.below, out)
        return out
    for sector, below in enumerate(table.below):
        out += below[half_degrees[:, sector]]
    return out


def _refuse_sun(elevation: Floats, azimuth: Floats, dni: Floats, period: NDArray[np.int64], periods: int) -> None:
    faults = []
    for name, values in (("elevation", elevation), ("azimuth", azimuth), ("irradiation", dni)):
        missing = int((~np.isfinite(values)).sum())
        if missing:
            faults.append(f"{missing} steps have no {name}")
    if (dni < 0).any():
        faults.append(f"{int((dni < 0).sum())} steps have negative irradiation")
    if ((dni > 0) & (elevation <= 0)).any():
        faults.append(f"{int(((dni > 0) & (elevation <= 0)).sum())} steps have irradiation while the sun is down")
    if ((period < 0) | (period >= periods)).any():
        faults.append(f"periods must lie in 0 to {periods - 1}")
    if faults:
        raise ColumnError("the sun's steps: " + "; ".join(faults))
