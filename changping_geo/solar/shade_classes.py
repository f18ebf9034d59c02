"""What horizons take from a small set of planes at once: sky and beam of each, and the flat plane's beam by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.solar.horizon import HALF, HOLE
from changping_geo.solar.scanlines import DIRECTIONS
from changping_geo.solar.sky import LEVELS, BeamTable, beam_loss, beam_table, spread_dni
from changping_geo.solar.sun import sun_position

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr

Floats = NDArray[np.float64]
Halves = NDArray[np.uint8]
Ints = NDArray[np.int64]

#: Planes between which others are interpolated: the flat one, and each tilt with each azimuth. [degrees]
TILTS = (10, 20, 30, 45)
AZIMUTHS = (0, 45, 90, 135, 180, 225, 270, 315)
MONTHS = tuple(range(1, 13))
#: The sun is looked at this many times an hour. [1]
STEPS = 12
#: Cells that are looked up at once. [1]
BLOCK = 50_000

NAMES = ("t00", *(f"t{tilt:02d}_a{azimuth:03d}" for tilt in TILTS for azimuth in AZIMUTHS))
PLANES = ((0, 180), *((tilt, azimuth) for tilt in TILTS for azimuth in AZIMUTHS))
SKY = ("sky_view", *(f"sky_{name}" for name in NAMES[1:]))
LOSS = tuple(f"loss_{name}" for name in NAMES)
MONTHLY = tuple(f"loss_m{month:02d}" for month in MONTHS)
#: Columns of the shading of roofs, beside ``roof_id`` and ``cells``. [1]
COLUMNS = (*SKY, *LOSS, *MONTHLY)


class ShadeTable(NamedTuple):
    """What is taken from all planes by a horizon in each sector.

    Attributes
    ----------
    taken : BeamTable
        ``below``: sky of each plane, beam of each plane, beam on the flat plane by month, shape (sectors, 181, 78);
        ``total``: each without horizon, shape (78,). [1, kWh/m2]
    """

    taken: BeamTable

    @property
    def sectors(self) -> int:
        """Directions of the horizons."""
        return int(self.taken.below.shape[0])


class Sums(NamedTuple):
    """Sums over the cells of some roofs, which add up over tiles.

    Attributes
    ----------
    roof : ndarray
        Numbers of the roofs, rising, shape (k,).
    cells : ndarray
        Cells of each, shape (k,). [1]
    taken : ndarray
        In the table's order, shape (k, 78).
    """

    roof: Ints
    cells: Ints
    taken: Floats


def sun_steps(year: xr.Dataset, latitude: float, longitude: float) -> tuple[Floats, Floats, Floats, Ints]:
    """Return the sun in steps of five minutes, with each hour's direct irradiation spread over its steps.

    Parameters
    ----------
    year : Dataset
        Hours as `climate.hourly_year` gives them: ``dni`` [W/m2] and ``month`` on ``time``, the interval's start.
    latitude, longitude : float
        Site. [degrees north, degrees east]

    Returns
    -------
    tuple of ndarray
        Elevation and azimuth [degrees], direct normal irradiation [kWh/m2], month from 0; of the steps with sun.

    Raises
    ------
    ColumnError
        If the sun does not rise in an hour with direct irradiance.
    """
    dni = year["dni"].to_numpy().astype(np.float64)
    lit = np.flatnonzero(dni > 0)
    hour = pd.DatetimeIndex(year["time"].to_numpy()[lit])
    start = pd.DatetimeIndex(np.repeat(hour.to_numpy(), STEPS)) + pd.to_timedelta(
        np.tile(np.arange(STEPS) / STEPS, len(hour)), unit="h"
    )
    sun = sun_position(start, latitude, longitude, interval_h=1.0 / STEPS)
    elevation = 90.0 - sun["zenith"].to_numpy()
    step = spread_dni(dni[lit], elevation.reshape(-1, STEPS)).ravel()
    month = np.repeat(year["month"].to_numpy()[lit].astype(np.int64) - 1, STEPS)
    shone = step > 0
    return elevation[shone], sun["azimuth"].to_numpy()[shone], step[shone], month[shone]


def shade_table(
    elevation: Floats, azimuth: Floats, dni: Floats, month: Ints, *, sectors: int = DIRECTIONS
) -> ShadeTable:
    """Gather what each horizon takes from every plane.

    Parameters
    ----------
    elevation, azimuth, dni, month : ndarray
        As `sun_steps` gives them, shape (t,). [degrees, kWh/m2]
    sectors : int
        Directions of the horizons. [1]

    Returns
    -------
    ShadeTable
        Sky and beam of `PLANES`, and the flat plane's beam by month.
    """
    none = np.zeros(month.size, np.int64)
    parts, totals = [], []
    for tilt, facing in PLANES:
        below, total = _sky_below(float(tilt), float(facing), sectors)
        parts.append(below[:, :, None])
        totals.append(np.array([total]))
    for tilt, facing in PLANES:
        one = beam_table(elevation, azimuth, dni, none, sectors=sectors, periods=1, tilt=tilt, plane_azimuth=facing)
        parts.append(one.below)
        totals.append(one.total)
    monthly = beam_table(elevation, azimuth, dni, month, sectors=sectors, periods=len(MONTHS))
    below = np.ascontiguousarray(np.concatenate([*parts, monthly.below], axis=2))
    return ShadeTable(BeamTable(below, np.concatenate([*totals, monthly.total]), 0.0, 180.0))


def _sky_below(tilt: float, facing: float, sectors: int) -> tuple[Floats, float]:
    """Return the sky's light on a plane from below each half degree, and all of it; see `sky.sky_view_tilted`."""
    b, way = np.radians(tilt), np.arange(sectors) * (2.0 * np.pi / sectors)
    towards = np.cos(way - np.radians(facing))[:, None]
    h = np.maximum(np.radians(HALF * np.arange(LEVELS))[None], np.arctan2(-np.sin(b) * towards, np.cos(b)))
    seen = np.cos(b) * np.cos(h) ** 2 + np.sin(b) * towards * (np.pi / 2 - h - np.sin(h) * np.cos(h))
    return np.maximum(seen[:, :1] - seen, 0.0) / sectors, float(seen[:, 0].sum() / sectors)


def sums_of_cells(roof: Ints, half_degrees: Halves, table: ShadeTable) -> Sums:
    """Add up what horizons take over the cells of each roof.

    Parameters
    ----------
    roof : ndarray
        Roof of each cell, shape (p,).
    half_degrees : ndarray
        Horizons of the cells, shape (p, sectors). [0.5 degrees]
    table : ShadeTable
        Of the planes.

    Returns
    -------
    Sums
        Of the roofs that have a cell with a horizon.
    """
    held = np.flatnonzero((half_degrees != HOLE).all(axis=1))
    roofs, place, cells = np.unique(roof[held], return_inverse=True, return_counts=True)
    taken = np.zeros((roofs.size, table.taken.total.size))
    for at in range(0, held.size, BLOCK):
        block = slice(at, at + BLOCK)
        np.add.at(taken, place[block], beam_loss(half_degrees[held[block]], table.taken))
    return Sums(roofs.astype(np.int64), cells.astype(np.int64), taken)


def roof_table(count: int, sums: Iterable[Sums], table: ShadeTable) -> pd.DataFrame:
    """Return the shading of roofs from the sums of all tiles.

    Parameters
    ----------
    count : int
        Roofs.
    sums : iterable of Sums
        Of tiles.
    table : ShadeTable
        Of the planes.

    Returns
    -------
    DataFrame
        ``cells`` [1]; ``sky_view`` and ``sky_*``, the share that is left of an even sky's light; ``loss_*``, the share
        of the beam that is lost, in the year and, on the flat plane, by month [1]. NaN for roofs without cells and for
        planes and months without beam.
    """
    cells = np.zeros(count, np.int64)
    taken = np.zeros((count, table.taken.total.size))
    for one in sums:
        cells[one.roof] += one.cells
        taken[one.roof] += one.taken
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.minimum(taken / cells[:, None] / table.taken.total, 1.0)
    share[:, : len(SKY)] = 1.0 - share[:, : len(SKY)]
    out = pd.DataFrame(share, columns=list(COLUMNS))
    out.insert(0, "cells", cells)
    return out
