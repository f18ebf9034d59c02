"""What changes from month to month beside the weather: the ground's albedo, dust and snow on the modules.

The terms are laid into the year of hours itself, so that the exact kernel, the table of yields, the hours of towns and
the comparison of layouts all see the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from changping_geo.model import Cards, Parameter, ParameterError
from changping_geo.solar import plane, pv

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

Floats = NDArray[np.float64]
MONTHS = tuple(f"m{month:02d}" for month in range(1, 13))

#: A dry spring and a rainy July and August; the mean is the 2 % of PVWatts. [%]
SOILING = (2.5, 2.5, 3.0, 3.0, 2.5, 1.5, 1.0, 1.0, 1.5, 2.0, 2.0, 1.5)
#: A little snow in a dry winter. [%]
SNOW = (1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5)

METHODS = ("monthly", "steady")

CARDS = Cards(
    Parameter(
        "monthly_terms",
        "monthly",
        "word",
        None,
        None,
        "monthly: albedo, dust and snow by month; steady: one albedo, losses.soiling and losses.snow all year",
        verified=True,
        title_zh="逐月项(monthly 逐月, steady 全年不变)",
        title_en="Albedo, dust and snow: by month, or steady",
        choices=METHODS,
    ),
    (
        Parameter(
            f"albedo_by_month.{month}",
            plane.CARDS["albedo"],
            "1",
            0.05,
            0.9,
            "planning range, unverified: the common default in every month; put the site's own where it is known",
            verified=False,
            title_zh=f"地面反射率({number}月)",
            title_en=f"Ground albedo, month {number}",
        )
        for number, month in enumerate(MONTHS, 1)
    ),
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

#: Steady losses in whose place those by month stand.
STEADY = ("soiling", "snow")
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
        left *= 1.0 - _percent(name, given) / 100.0
    out: Floats = 100.0 * (1.0 - left)
    return out


def with_terms(
    year: xr.Dataset,
    losses: Mapping[str, float],
    *,
    monthly_terms: str = CARDS["monthly_terms"],
    albedo: float = plane.CARDS["albedo"],
    albedo_by_month: Mapping[str, float] = CARDS["albedo_by_month"],
    soiling_by_month: Mapping[str, float] = CARDS["soiling_by_month"],
    snow_by_month: Mapping[str, float] = CARDS["snow_by_month"],
) -> tuple[xr.Dataset, dict[str, float]]:
    """Lay the chosen terms into a year; what is laid by month is taken out of the steady losses.

    Parameters
    ----------
    year : Dataset
        As `climate.hourly_year` gives it.
    losses : mapping of str to float
        Each steady loss by name, all of `pv.LOSSES`. [%]
    monthly_terms : str
        ``monthly`` or ``steady``.
    albedo : float
        The steady albedo. [1]
    albedo_by_month, soiling_by_month, snow_by_month : mapping of str to float
        By ``m01`` to ``m12``. [1, %, %]

    Returns
    -------
    Dataset, dict of str to float
        The year, with ``albedo`` and ``kept`` when the terms are monthly; and the losses that stay steady. [%]

    Raises
    ------
    ParameterError
        If the word is unknown, a figure is none, or a term was chosen that the word leaves unused.
    """
    CARDS.cards["monthly_terms"].checked(monthly_terms)
    steady = {"albedo": albedo, **{f"losses.{name}": losses[name] for name in STEADY}}
    groups = {"albedo_by_month": albedo_by_month, "soiling_by_month": soiling_by_month, "snow_by_month": snow_by_month}
    if monthly_terms == "steady":
        _refuse_unused([name for name, given in groups.items() if dict(given) != CARDS[name]], "steady")
        return year, dict(losses)
    usual = {"albedo": plane.CARDS["albedo"], **{f"losses.{name}": pv.CARDS["losses"][name] for name in STEADY}}
    _refuse_unused([name for name, value in steady.items() if value != usual[name]], "monthly")
    laid = with_losses(with_albedo(year, albedo_by_month), monthly_losses(soiling_by_month, snow_by_month))
    return laid, {**losses, **dict.fromkeys(STEADY, 0.0)}


def _refuse_unused(names: Sequence[str], word: str) -> None:
    other = METHODS[1 - METHODS.index(word)]
    own = {"monthly": "albedo_by_month, soiling_by_month and snow_by_month", "steady": "albedo and losses"}
    if names:
        raise ParameterError(
            f"{', '.join(names)}: chosen, but monthly_terms = {word} leaves it unused; choose monthly_terms = {other}, "
            f"or set {own[word]} instead"
        )


def with_losses(year: xr.Dataset, losses: Mapping[str, float] | Sequence[float] | Floats) -> xr.Dataset:
    """Let a part of the light through to the modules only; cells keep the warmth of all of it.

    Parameters
    ----------
    year : Dataset
        As `climate.hourly_year` gives it.
    losses : mapping, sequence or ndarray
        Twelve losses, January first, or by ``m01`` to ``m12``, as from `monthly_losses`. [%]

    Returns
    -------
    Dataset
        The year with ``kept`` on ``time``, the share that is left. [1]

    Raises
    ------
    ParameterError
        If there are not twelve figures from 0 to below 100 %.
    """
    loss = _percent("losses", losses)
    return year.assign(kept=("time", 1.0 - loss[_month(year)] / 100.0))


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
    return year.assign(albedo=("time", values[_month(year)]))


def _month(year: xr.Dataset) -> NDArray[np.int64]:
    """Return the month of each hour, from 0."""
    return year["month"].to_numpy().astype(np.int64) - 1


def _percent(name: str, given: Mapping[str, float] | Sequence[float] | Floats) -> Floats:
    loss = _twelve(name, given)
    if ((loss < 0) | (loss >= ALL)).any():
        raise ParameterError(f"{name} by month lies outside 0 to below 100 %: {loss.tolist()}; give losses in %")
    return loss


def _twelve(name: str, given: Mapping[str, float] | Sequence[float] | Floats) -> Floats:
    if isinstance(given, Mapping):
        if set(given) != set(MONTHS):
            raise ParameterError(f"{name} by month needs m01 to m12, each once, not: {', '.join(map(str, given))}")
        given = [given[month] for month in MONTHS]
    values = np.asarray(given, np.float64)
    if values.shape != (12,) or not np.isfinite(values).all():
        raise ParameterError(f"{name} by month needs twelve figures, January first; found shape {values.shape}")
    return values
