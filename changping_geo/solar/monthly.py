"""What changes from month to month beside the weather: the ground's albedo, dust and snow on the modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import Cards, Parameter, ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

Floats = NDArray[np.float64]
MONTHS = tuple(f"m{month:02d}" for month in range(1, 13))

#: A dry spring and a rainy July and August; the mean is the 2 % of PVWatts. [%]
SOILING = (2.5, 2.5, 3.0, 3.0, 2.5, 1.5, 1.0, 1.0, 1.5, 2.0, 2.0, 1.5)
#: A little snow in a dry winter. [%]
SNOW = (1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5)

CARDS = Cards(
    (
        Parameter(
            f"soiling_by_month.{month}",
            value,
            "%",
            0.0,
            15.0,
            "planning range, unverified: dusty spring, rain in summer, in the mean the 2 % of PVWatts",
            verified=False,
            title_zh=f"积灰损失({number}月)",
            title_en=f"Soiling loss, month {number}",
        )
        for number, (month, value) in enumerate(zip(MONTHS, SOILING, strict=True), 1)
    ),
    (
        Parameter(
            f"snow_by_month.{month}",
            value,
            "%",
            0.0,
            30.0,
            "planning range, unverified: few days with snow on modules in a dry winter",
            verified=False,
            title_zh=f"积雪损失({number}月)",
            title_en=f"Snow loss, month {number}",
        )
        for number, (month, value) in enumerate(zip(MONTHS, SNOW, strict=True), 1)
    ),
)

#: A loss of this much would leave nothing. [%]
ALL = 100.0


def monthly_losses(
    soiling: Mapping[str, float] | Sequence[float] | Floats = CARDS["soiling_by_month"],
    snow: Mapping[str, float] | Sequence[float] | Floats = CARDS["snow_by_month"],
) -> Floats:
    """Return dust and snow as one loss for each month.

    Parameters
    ----------
    soiling, snow : mapping, sequence or ndarray
        Twelve losses, January first, or by ``m01`` to ``m12``. [%]

    Returns
    -------
    ndarray
        1 - product of what each leaves, shape (12,). [%]

    Raises
    ------
    ParameterError
        If one has not twelve figures, or a figure lies outside 0 to below 100 %.
    """
    left = np.ones(12)
    for name, given in (("soiling", soiling), ("snow", snow)):
        loss = _twelve(name, given)
        if ((loss < 0) | (loss >= ALL)).any():
            raise ParameterError(f"{name} by month lies outside 0 to below 100 %: {loss.tolist()}; give losses in %")
        left *= 1.0 - loss / 100.0
    out: Floats = 100.0 * (1.0 - left)
    return out


def with_monthly_losses(monthly: Floats, losses: Floats, *, instead_of: float = 0.0) -> Floats:
    """Put losses by month into monthly yields, in place of a loss that was the same all year.

    The inverter's efficiency is held; between half and full load it moves by less than 1 %.

    Parameters
    ----------
    monthly : ndarray
        Monthly yields or energies, shape (..., 12). [any]
    losses : ndarray
        From `monthly_losses`, shape (12,). [%]
    instead_of : float
        The steady loss that `monthly` holds already, dust and snow as one. [%]

    Returns
    -------
    ndarray
        Shape (..., 12). [as monthly]

    Raises
    ------
    ParameterError
        If a loss leaves nothing, or there are not twelve.
    """
    loss = _twelve("losses", losses)
    if not 0 <= instead_of < ALL or ((loss < 0) | (loss >= ALL)).any():
        raise ParameterError("a monthly or steady loss lies outside 0 to below 100 %")
    out: Floats = np.asarray(monthly, np.float64) * ((100.0 - loss) / (100.0 - instead_of))
    return out


def with_albedo(year: xr.Dataset, albedo: Mapping[str, float] | Sequence[float] | Floats) -> xr.Dataset:
    """Give a year an albedo for each month; the yield engines use it in place of the chain's.

    Parameters
    ----------
    year : Dataset
        As `climate.hourly_year` gives it.
    albedo : mapping, sequence or ndarray
        Twelve albedos, January first, or by ``m01`` to ``m12``. [1]

    Returns
    -------
    Dataset
        The year with ``albedo`` on ``time``. [1]

    Raises
    ------
    ParameterError
        If there are not twelve figures between 0 and 1.
    """
    values = _twelve("albedo", albedo)
    if ((values < 0) | (values > 1)).any():
        raise ParameterError(f"albedo by month lies outside 0 to 1: {values.tolist()}; give shares, not percent")
    return year.assign(albedo=("time", values[year["month"].to_numpy().astype(np.int64) - 1]))


def _twelve(name: str, given: Mapping[str, float] | Sequence[float] | Floats) -> Floats:
    if isinstance(given, Mapping):
        if set(given) != set(MONTHS):
            raise ParameterError(f"{name} by month needs m01 to m12, each once, not: {', '.join(map(str, given))}")
        given = [given[month] for month in MONTHS]
    values = np.asarray(given, np.float64)
    if values.shape != (12,) or not np.isfinite(values).all():
        raise ParameterError(f"{name} by month needs twelve figures, January first; found shape {values.shape}")
    return values
