"""The exact yield of every plane: its own tilt and azimuth, every hour of daylight.

One engine is compiled by numba on first need, the other is plain numpy; they agree to 1e-10, whatever the number of
threads.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import ColumnError, ParameterError
from changping_geo.solar.compiled import FASTMATH, SMALLEST_A_R, loop
from changping_geo.solar.plane import cos_incidence, hay_davies, iam_beam, iam_diffuse
from changping_geo.solar.pv import (
    INVERTER_CURVE,
    INVERTER_REFERENCE,
    STC_C,
    STC_W_M2,
    Chain,
    faiman,
    pvwatts_dc,
    pvwatts_inverter,
)
from changping_geo.solar.sun import LOWEST_COSZ

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

Floats = NDArray[np.float64]

ENGINES = ("auto", "numba", "numpy")
MONTHS = 12
#: Plane-hours that the numpy engine holds at once, so that its arrays stay in the processor's cache. [1]
BLOCK = 100_000
#: Planes that one thread takes at a time. [1]
SHARE = 4096
HOURLY = ("ghi", "dhi", "dni", "dni_extra", "zenith", "azimuth", "cosz", "temp_air", "wind_speed")
#: What a year may have beside them: the ground's albedo, and the share of light that dust and snow let through. [1]
BY_MONTH = ("albedo", "kept")


class Daylight(NamedTuple):
    """The hours with light, in the order of their months.

    Attributes
    ----------
    values : dict of str to ndarray
        `HOURLY` by name, and those of `BY_MONTH` that the year has, each of shape (h,).
        [units of `climate.hourly_year`]
    month : ndarray
        From 0, rising, shape (h,).
    """

    values: dict[str, Floats]
    month: NDArray[np.int64]


def daylight(year: xr.Dataset) -> Daylight:
    """Pick the hours with light out of a year.

    Parameters
    ----------
    year : Dataset
        As `climate.hourly_year` gives it; its ``albedo``, if any, stands in place of the chain's, its ``kept`` comes
        on top of the chain's losses.

    Raises
    ------
    ColumnError
        If a variable is missing or has gaps.
    """
    lacking = [name for name in (*HOURLY, "month") if name not in year.variables]
    if lacking:
        raise ColumnError(f"the hourly climate lacks {', '.join(lacking)}")
    names = [*HOURLY, *(name for name in BY_MONTH if name in year.variables)]
    values = {name: year[name].to_numpy().astype(np.float64) for name in names}
    gaps = [f"{name} ({(~np.isfinite(v)).sum()} hours)" for name, v in values.items() if not np.isfinite(v).all()]
    if gaps:
        raise ColumnError(f"the hourly climate has gaps: {', '.join(gaps)}; fill them first")
    lit = lit_hours(year)
    month = year["month"].to_numpy().astype(np.int64)[lit] - 1
    return Daylight({name: v[lit] for name, v in values.items()}, month)


def lit_hours(year: xr.Dataset) -> NDArray[np.int64]:
    """Return the positions in a year of the hours that `daylight` picks, in its order.

    Parameters
    ----------
    year : Dataset
        As `climate.hourly_year` gives it.
    """
    lit = np.flatnonzero(year["ghi"].to_numpy() > 0)
    return lit[np.argsort(year["month"].to_numpy()[lit], kind="stable")]


def monthly_yield(hours: Daylight, tilt: Floats, azimuth: Floats, chain: Chain, *, engine: str = "auto") -> Floats:
    """Return the monthly yield of each plane.

    Parameters
    ----------
    hours : Daylight
        Of one site.
    tilt, azimuth : ndarray
        Planes, shape (n,); a missing value gives missing yields. [degrees]
    chain : Chain
        From irradiance to alternating current.
    engine : str
        ``numba``, ``numpy``, or ``auto``: numba where it is installed and the angular losses are within its reach.

    Returns
    -------
    ndarray
        Shape (n, 12). [kWh/kW]

    Raises
    ------
    ParameterError
        If a tilt lies outside 0 to 90 degrees, the engine is unknown or not installed, or the angular loss
        coefficient is too small for numba's.
    """
    tilts, azimuths = np.broadcast_arrays(np.asarray(tilt, np.float64).ravel(), np.asarray(azimuth, np.float64).ravel())
    if ((tilts < 0) | (tilts > 90)).any():  # noqa: PLR2004 - horizontal to upright
        raise ParameterError("a plane's tilt lies outside 0 to 90 degrees from the horizontal")
    if engine not in ENGINES:
        raise ParameterError(f"engine {engine!r} is unknown; use one of: {', '.join(ENGINES)}")
    if engine == "numpy" or (engine == "auto" and chain.iam_a_r < SMALLEST_A_R):
        return _by_block(hours, tilts, azimuths, chain)
    if chain.iam_a_r < SMALLEST_A_R:
        raise ParameterError(f"iam_a_r = {chain.iam_a_r:g} is less than {SMALLEST_A_R:g}; use the engine 'numpy'")
    compiled = _compiled()
    if compiled is not None:
        return _by_loop(compiled, hours, tilts, azimuths, chain)
    if engine == "numba":
        raise ParameterError("numba is not installed; use the engine 'numpy'")
    return _by_block(hours, tilts, azimuths, chain)


def hourly_power(hours: Daylight, tilt: Floats, azimuth: Floats, chain: Chain) -> Floats:
    """Return the power of each plane in each hour with light, from the formulas of `plane` and `pv`.

    Parameters
    ----------
    hours : Daylight
        Of one site.
    tilt, azimuth : ndarray
        Planes, shape (n,). [degrees]
    chain : Chain
        From irradiance to alternating current.

    Returns
    -------
    ndarray
        Mean power of the hour, shape (n, h). [kW/kW]
    """
    v = hours.values
    b, a = np.asarray(tilt, np.float64)[:, None], np.asarray(azimuth, np.float64)[:, None]
    cos_aoi = cos_incidence(v["zenith"], v["azimuth"], b, a)
    light = {name: v[name] for name in ("ghi", "dhi", "dni", "dni_extra")}
    poa = hay_davies(cos_aoi, v["cosz"], b, **light, albedo=v.get("albedo", chain.albedo))
    sky, ground = iam_diffuse(b, chain.iam_a_r)
    entered = poa.direct * iam_beam(cos_aoi, chain.iam_a_r) + poa.sky * sky + poa.ground * ground
    if "kept" in v:
        entered *= v["kept"]
    cell = faiman(poa.total, v["temp_air"], v["wind_speed"], chain.u0, chain.u1)
    dc = pvwatts_dc(entered, cell, 1.0 - chain.loss / 100.0, chain.temperature_coefficient)
    return pvwatts_inverter(dc, _inverter_input(chain), chain.inverter_efficiency)


def _inverter_input(chain: Chain) -> float:
    """Input at the inverter's rated power, per kW of modules. [kW]"""
    return 1.0 / (chain.dc_ac_ratio * chain.inverter_efficiency)


def _by_block(hours: Daylight, tilt: Floats, azimuth: Floats, chain: Chain) -> Floats:
    out = np.zeros((tilt.size, MONTHS))
    present, first = np.unique(hours.month, return_index=True)
    if not present.size:
        return out
    step = max(1, BLOCK // hours.month.size)
    for at in range(0, tilt.size, step):
        block = slice(at, at + step)
        power = hourly_power(hours, tilt[block], azimuth[block], chain)
        out[block, present] = np.add.reduceat(power, first, axis=1)
    return out


def _by_loop(compiled: Callable[..., None], hours: Daylight, tilt: Floats, azimuth: Floats, chain: Chain) -> Floats:
    b, a = np.radians(tilt), np.radians(azimuth)
    normal = np.stack([np.sin(b) * np.sin(a), np.sin(b) * np.cos(a), np.cos(b)], axis=1)
    sky, ground = iam_diffuse(tilt, chain.iam_a_r)
    sky_view, ground_view = 0.5 * (1.0 + np.cos(b)), 0.5 * (1.0 - np.cos(b))
    diffuse = np.stack([sky_view, ground_view, sky_view * sky, ground_view * ground], axis=1)
    first = np.searchsorted(hours.month, np.arange(MONTHS + 1))
    fixed = (_hours_table(hours, chain), first, _chain_tuple(chain))
    out = np.empty((tilt.size, MONTHS))

    def part(at: int) -> None:
        block = slice(at, at + SHARE)
        compiled(normal[block], diffuse[block], *fixed, out[block])

    # Each plane is summed by one thread in one order, so the number of threads changes no digit.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(part, range(0, tilt.size, SHARE)))
    return out


def _hours_table(hours: Daylight, chain: Chain) -> Floats:
    v = hours.values
    z, a = np.radians(v["zenith"]), np.radians(v["azimuth"])
    anisotropy = v["dni"] / v["dni_extra"]
    direct = v["dni"] + v["dhi"] * anisotropy / np.maximum(v["cosz"], LOWEST_COSZ)
    load = (1.0 - chain.loss / 100.0) / STC_W_M2 / _inverter_input(chain) * v.get("kept", 1.0)
    cold = load * (1.0 + chain.temperature_coefficient * (v["temp_air"] - STC_C))
    warming = load * chain.temperature_coefficient / (chain.u0 + chain.u1 * v["wind_speed"])
    sun = [np.sin(z) * np.sin(a), np.sin(z) * np.cos(a), np.cos(z)]
    ground = v["ghi"] * v.get("albedo", chain.albedo)
    return np.stack([*sun, direct, v["dhi"] * (1.0 - anisotropy), ground, cold, warming])


def _chain_tuple(chain: Chain) -> tuple[float, ...]:
    pdc0 = _inverter_input(chain)
    return (
        1.0 / chain.iam_a_r,
        float(-1.0 / np.expm1(-1.0 / chain.iam_a_r)),
        chain.inverter_efficiency / INVERTER_REFERENCE * pdc0,
        chain.inverter_efficiency * pdc0,
        *INVERTER_CURVE,
    )


@cache
def _compiled() -> Callable[..., None] | None:
    """Compile the loop; None where numba is not installed."""
    try:
        numba: Any = import_module("numba")
    except ImportError:
        return None
    try:
        compiled: Callable[..., None] = numba.njit(nogil=True, cache=True, fastmath=set(FASTMATH))(loop)
    except RuntimeError:  # numba finds no folder that it may write its cache to: compile for this process alone
        compiled = numba.njit(nogil=True, fastmath=set(FASTMATH))(loop)
    return compiled
