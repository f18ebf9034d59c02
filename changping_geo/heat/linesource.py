"""How bores of a field cool each other: g-functions of finite line sources, and drift over decades."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf

from changping_geo.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

YEAR_S = 365.0 * 86400.0
BURIED_M = 1.0  # top of the bores below ground [m]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(160)
#: Sides of the square fields between which g is interpolated. [count]
SIDES = (1, 2, 3, 5, 8, 12, 20, 32, 50)


def _ierf(x: Floats) -> Floats:
    out: Floats = x * erf(x) - (1.0 - np.exp(-(x**2))) / np.sqrt(np.pi)
    return out


def line_source_response(distance_m: Floats, time_s: float, depth_m: float, diffusivity_m2_s: float) -> Floats:
    """Return the mean response along a bore at distances from a finite line source of equal depth.

    Parameters
    ----------
    distance_m : ndarray
        Distances, shape (n,); the bore's own radius for itself. [m]
    time_s : float
        Time since the load began. [s]
    depth_m, diffusivity_m2_s : float
        Of bores and ground. [m, m2/s]

    Returns
    -------
    ndarray
        Temperature drop times 2πλ over the load per metre, shape (n,). [1]

    References
    ----------
    Claesson & Javed 2011, ASHRAE Transactions 117(2):279-288
    """
    low = 1.0 / np.sqrt(4 * diffusivity_m2_s * time_s)
    distance = np.asarray(distance_m, dtype=np.float64)
    high = np.maximum(6.0 / distance, 2.0 * low)
    span = np.log(high / low)[:, None]
    s = low * np.exp(0.5 * (NODES[None, :] + 1.0) * span)
    hs, ds = depth_m * s, BURIED_M * s
    inner = 2 * _ierf(hs) + 2 * _ierf(hs + 2 * ds) - _ierf(2 * hs + 2 * ds) - _ierf(2 * ds)
    value = np.exp(-((distance[:, None] * s) ** 2)) * inner / (depth_m * s**2)
    out: Floats = 0.5 * (value * s * WEIGHTS * 0.5 * span).sum(axis=1)
    return out


@lru_cache(maxsize=256)
def square_g(side: int, spacing_m: float, time_s: float, depth_m: float, radius_m: float, alpha_m2_s: float) -> float:
    """Return the g-function of a square field whose bores all carry the same load. [1]

    Parameters
    ----------
    side : int
        Bores along a side. [count]
    spacing_m, depth_m, radius_m : float
        Of the bores. [m]
    time_s : float
        Time since the load began. [s]
    alpha_m2_s : float
        Diffusivity of the ground. [m2/s]
    """
    step = np.arange(side)
    pairs = (2.0 - (step == 0)) * (side - step)  # how often an offset stands between two of `side` bores in a row
    distance = spacing_m * np.hypot(step[:, None], step[None, :])
    distance[0, 0] = radius_m
    found, at = np.unique(distance, return_inverse=True)
    response = line_source_response(found, time_s, depth_m, alpha_m2_s)[at].reshape(side, side)
    return float((pairs[:, None] * pairs[None, :] * response).sum() / side**2)


@lru_cache(maxsize=256)
def pygfunction_g(
    side: int, spacing_m: float, time_s: float, depth_m: float, radius_m: float, alpha_m2_s: float
) -> float:
    """Return the g-function of a square field with equal wall temperatures, computed by pygfunction. [1]

    The arguments are those of `square_g`.

    Raises
    ------
    ParameterError
        If pygfunction is not installed.
    """
    try:
        import pygfunction  # noqa: PLC0415 - an extra
    except ImportError:
        raise ParameterError(
            "drift_method = 'pygfunction' needs the extra 'ground' (pygfunction); install it, or use line_source"
        ) from None
    field = pygfunction.borefield.Borefield.rectangle_field(
        side, side, spacing_m, spacing_m, depth_m, BURIED_M, radius_m
    )
    made = pygfunction.gfunction.gFunction(
        field, alpha_m2_s, time=np.array([time_s]), boundary_condition="UBWT", method="equivalent"
    )
    return float(np.asarray(made.gFunc)[-1])


def crowding(
    bores: Floats, life_a: float, spacing_m: float, depth_m: float, radius_m: float, alpha_m2_s: float, method: str
) -> Floats:
    """Return how much more a field's bores cool than a single one, at the end of its life.

    Parameters
    ----------
    bores : ndarray
        Bores of each field, taken as a square, shape (n,). [count]
    life_a : float
        Years. [a]
    spacing_m, depth_m, radius_m, alpha_m2_s
        As in `square_g`.
    method : str
        ``line_source`` or ``pygfunction``.

    Returns
    -------
    ndarray
        g of the field less g of a single bore, shape (n,). [1]
    """
    g_of = pygfunction_g if method == "pygfunction" else square_g
    counts = np.asarray(bores, dtype=np.float64)
    largest = float(counts.max()) if counts.size else 1.0
    sides = [n for i, n in enumerate(SIDES) if i == 0 or SIDES[i - 1] ** 2 < largest]
    found = np.array([g_of(n, spacing_m, life_a * YEAR_S, depth_m, radius_m, alpha_m2_s) for n in sides])
    at = np.log(np.maximum(counts, 1.0))
    out: Floats = np.interp(at, np.log(np.square(sides, dtype=np.float64)), found - found[0])
    return out


def yearly_drift(load_w_m: Floats, g_monthly: Floats, conductivity_w_mk: float) -> Floats:
    """Return the coldest wall of each year under monthly loads, by superposition.

    Parameters
    ----------
    load_w_m : ndarray
        Heat taken from the ground per metre of bore, one year of months, repeated, shape (12,). [W/m]
    g_monthly : ndarray
        g-function at the end of each month since the start, shape (12 years,). [1]
    conductivity_w_mk : float
        Of the ground. [W/(m K)]

    Returns
    -------
    ndarray
        Largest drop of each year below the undisturbed ground, shape (years,). [K]

    Raises
    ------
    ParameterError
        If the months are not whole years.
    """
    months = len(g_monthly)
    if months % 12:
        raise ParameterError(f"{months} months are no whole years; give g for every month of the field's life")
    load = np.tile(np.asarray(load_w_m, dtype=np.float64), months // 12)
    steps = np.diff(load, prepend=0.0)
    drop = np.convolve(steps, g_monthly)[:months] / (2 * np.pi * conductivity_w_mk)
    out: Floats = drop.reshape(-1, 12).max(axis=1)
    return out
