"""A yearly series of an indicator: its pace, what it needs, and where it leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from changping_geo.cards import Cards, Parameter

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["PARAMETERS", "Forecast", "Trend", "forecast", "probability_of", "required_rate", "trend"]

PARAMETERS = Cards(
    Parameter(
        "forecast_coverage", 0.8, "1", 0.5, 0.99,
        source="P10 to P90, the interval used throughout this toolkit",
        verified=True, title_zh="预测区间覆盖率", title_en="Coverage of the forecast interval",
    ),
)  # fmt: skip
_LEAST_FOR_SPREAD = 3


class Trend(NamedTuple):
    """A straight line through a series.

    Attributes
    ----------
    rate : float
        Change per year; missing with fewer than two years. [unit/a]
    rate_error : float
        Standard error of the rate; missing with fewer than three years. [unit/a]
    years, values : array of shape (n,)
        What it rests on. [a], [unit]
    """

    rate: float
    rate_error: float
    years: np.ndarray
    values: np.ndarray


class Forecast(NamedTuple):
    """Where a line leads.

    Attributes
    ----------
    value, low, high : float
        The line, and the ends of the prediction interval; the ends are missing with fewer than three years. [unit]
    spread : float
        Standard error of the prediction. [unit]
    freedom : int
        Degrees of freedom of the interval. [1]
    """

    value: float
    low: float
    high: float
    spread: float
    freedom: int


def trend(years: ArrayLike, values: ArrayLike) -> Trend:
    """Return the least-squares line through a yearly series.

    Parameters
    ----------
    years : array of shape (n,)
        Each year once. [a]
    values : array of shape (n,)
        Missing ones are left out. [unit]

    References
    ----------
    Draper, N. R., Smith, H. (1998): Applied Regression Analysis, 3rd ed., chapter 1. doi:10.1002/9781118625590
    """
    x, y = np.asarray(years, dtype=np.float64), np.asarray(values, dtype=np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    order = np.argsort(x[known])
    x, y = x[known][order], y[known][order]
    if len(x) < 2:  # noqa: PLR2004 - a line needs two points
        return Trend(np.nan, np.nan, x, y)
    centred = x - x.mean()
    rate = float(centred @ (y - y.mean()) / (centred @ centred))
    if len(x) < _LEAST_FOR_SPREAD:
        return Trend(rate, np.nan, x, y)
    left = y - y.mean() - rate * centred
    error = float(np.sqrt(left @ left / (len(x) - 2) / (centred @ centred)))
    return Trend(rate, error, x, y)


def forecast(line: Trend, year: float, coverage: float = float(PARAMETERS["forecast_coverage"])) -> Forecast:
    """Return where a series leads if it goes on as it did.

    Parameters
    ----------
    line : Trend
        The line.
    year : float
        The year asked for. [a]
    coverage : float
        Share of outcomes inside the interval. [1]

    References
    ----------
    Draper, N. R., Smith, H. (1998): Applied Regression Analysis, 3rd ed., section 3.1 (prediction of a new value).
    """
    if not np.isfinite(line.rate):
        return Forecast(np.nan, np.nan, np.nan, np.nan, 0)
    x, y = line.years, line.values
    away = year - x.mean()
    value = float(y.mean() + line.rate * away)
    if not np.isfinite(line.rate_error):
        return Forecast(value, np.nan, np.nan, np.nan, 0)
    centred, freedom = x - x.mean(), len(x) - 2
    left = y - y.mean() - line.rate * centred
    spread = float(np.sqrt(left @ left / freedom * (1.0 + 1.0 / len(x) + away**2 / (centred @ centred))))
    reach = float(stats.t.ppf(0.5 + coverage / 2.0, freedom)) * spread
    return Forecast(value, value - reach, value + reach, spread, freedom)


def required_rate(value: float, year: float, target: float, target_year: float) -> float:
    """Return the change per year that reaches a target on time; missing when its year has come. [unit/a]"""
    return (target - value) / (target_year - year) if target_year > year else np.nan


def probability_of(found: Forecast, target: float, *, at_least: bool) -> float:
    """Return how likely a forecast meets a target; missing without an interval. [1]

    Parameters
    ----------
    found : Forecast
        Where the series leads.
    target : float
        What is asked for. [unit]
    at_least : bool
        Whether more is better.
    """
    if not np.isfinite(found.spread):
        return np.nan
    if found.spread == 0:
        return float(found.value >= target if at_least else found.value <= target)
    below = float(stats.t.cdf((target - found.value) / found.spread, found.freedom))
    return 1.0 - below if at_least else below
