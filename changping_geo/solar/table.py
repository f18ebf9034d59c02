"""Yield by tilt and azimuth, computed once and looked up for any number of planes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from changping_geo.model import ParameterError
from changping_geo.solar.kernel import MONTHS, Daylight, monthly_yield

if TYPE_CHECKING:
    from changping_geo.solar.pv import Chain

Floats = NDArray[np.float64]

#: Spacing of the table, chosen so that bilinear look-up stays within 0.5 % of the exact kernel. [degrees]
TILT_STEP, AZIMUTH_STEP = 2.5, 7.5


def yield_table(
    hours: Daylight,
    chain: Chain,
    *,
    tilt_step: float = TILT_STEP,
    azimuth_step: float = AZIMUTH_STEP,
    engine: str = "numpy",
) -> xr.DataArray:
    """Compute the monthly yield on a grid of tilts and azimuths.

    Parameters
    ----------
    hours : Daylight
        Of one site.
    chain : Chain
        From irradiance to alternating current.
    tilt_step, azimuth_step : float
        Spacing; divides 90 and 360. [degrees]
    engine : str
        As in `kernel.monthly_yield`; numpy needs no compilation, which would take longer than the table.

    Returns
    -------
    DataArray
        On ``tilt`` (0 to 90), ``azimuth`` (0 to below 360) and ``month`` (1 to 12). [kWh/kW]

    Raises
    ------
    ParameterError
        If a step does not divide its circle.
    """
    if 90 % tilt_step or 360 % azimuth_step:
        raise ParameterError(f"steps {tilt_step:g} and {azimuth_step:g} must divide 90 and 360 degrees")
    tilt = np.arange(0.0, 90.0 + tilt_step / 2, tilt_step)
    azimuth = np.arange(0.0, 360.0, azimuth_step)
    grid = np.meshgrid(tilt, azimuth, indexing="ij")
    values = monthly_yield(hours, grid[0].ravel(), grid[1].ravel(), chain, engine=engine)
    return xr.DataArray(
        values.reshape(tilt.size, azimuth.size, MONTHS),
        dims=("tilt", "azimuth", "month"),
        coords={"tilt": tilt, "azimuth": azimuth, "month": np.arange(1, MONTHS + 1)},
        name="specific_yield",
        attrs={"units": "kWh/kW"},
    )


def look_up(table: xr.DataArray, tilt: Floats, azimuth: Floats) -> Floats:
    """Return the monthly yield of planes by bilinear interpolation; azimuth goes round.

    Parameters
    ----------
    table : DataArray
        From `yield_table`.
    tilt, azimuth : ndarray
        Planes, shape (n,); a missing value gives missing yields. [degrees]

    Returns
    -------
    ndarray
        Shape (n, 12). [kWh/kW]

    Raises
    ------
    ParameterError
        If a tilt lies outside 0 to 90 degrees.
    """
    flat = table.to_numpy().reshape(table.sizes["tilt"] * table.sizes["azimuth"], -1)
    node, weight = corners(table, tilt, azimuth)
    found: Floats = flat[node[0]] * weight[0][:, None]
    for corner in range(1, len(node)):
        found += flat[node[corner]] * weight[corner][:, None]
    return found


def corners(table: xr.DataArray, tilt: Floats, azimuth: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return the four nodes of the table around each plane, and what each counts.

    Parameters
    ----------
    table : DataArray
        From `yield_table`.
    tilt, azimuth : ndarray
        Planes, shape (n,). [degrees]

    Returns
    -------
    tuple of ndarray
        Number of the node, tilt by tilt, and its weight, each of shape (4, n); weights add up to 1. [1, 1]

    Raises
    ------
    ParameterError
        If a tilt lies outside 0 to 90 degrees.
    """
    tilts, azimuths = np.broadcast_arrays(np.asarray(tilt, np.float64), np.asarray(azimuth, np.float64))
    if ((tilts < 0) | (tilts > 90)).any():  # noqa: PLR2004 - horizontal to upright
        raise ParameterError("a plane's tilt lies outside 0 to 90 degrees from the horizontal")
    n_tilt, n_azimuth = table.sizes["tilt"], table.sizes["azimuth"]
    row, down = _place(tilts / (90.0 / (n_tilt - 1)), n_tilt - 2)
    column, across = _place(np.mod(azimuths, 360.0) / (360.0 / n_azimuth), n_azimuth - 1)
    after = (column + 1) % n_azimuth
    node = [row * n_azimuth + column, row * n_azimuth + after]
    weight = [(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across]
    return np.stack([*node, *(n + n_azimuth for n in node)]), np.stack(weight)


def _place(position: Floats, last: int) -> tuple[NDArray[np.int64], Floats]:
    """Split positions on an axis into the node below and the way to the next."""
    below = np.clip(np.floor(np.nan_to_num(position)), 0, last).astype(np.int64)
    return below, position - below
