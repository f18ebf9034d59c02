"""The heating season: its hours, how cold they are, and how a year's heat lies in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.errors import ColumnError, ParameterError
from changping_geo.model import Cards, Parameter
from changping_geo.solar.profile import SEASON, in_season

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CARDS = Cards(
    Parameter("heating_season.first", "11-15", "word", None, None, SEASON, verified=False,
              title_zh="采暖季首日(月-日)", title_en="First day of the heating season (month-day)"),
    Parameter("heating_season.last", "03-15", "word", None, None, SEASON, verified=False,
              title_zh="采暖季末日(月-日)", title_en="Last day of the heating season (month-day)"),
    Parameter("indoor_c", 18.0, "degC", 14.0, 24.0, "least room temperature of heating contracts in northern China",
              verified=False, title_zh="室内设计温度", title_en="Indoor temperature"),
    Parameter("base_c", 15.0, "degC", 8.0, 20.0, "threshold of the degree-day profile, as atlite has it",
              verified=True, title_zh="供暖阈值温度", title_en="Outdoor temperature below which heat is needed"),
)  # fmt: skip
#: A year of 365 days, to which months are drawn out.
COMMON_YEAR = 2023
WARMEST_HOUR = 14.5
HDD_BASE = 18.0
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Season:
    """A heating season.

    Attributes
    ----------
    month : ndarray of int
        Month of each of its hours, shape (h,).
    outdoor : ndarray
        Air temperature of each hour, shape (h,). [degC]
    weight : ndarray
        Share of the year's heat in each hour, shape (h,), together 1. [1]
    days : float
        Its length. [d]
    mean_c : float
        Its mean temperature. [degC]
    year_mean_c : float
        Mean temperature of the whole year. [degC]
    hdd18 : float
        Degree-days of the whole year below 18 °C, from daily means. [K d]
    """

    month: NDArray[np.int64]
    outdoor: Floats
    weight: Floats
    days: float
    mean_c: float
    year_mean_c: float
    hdd18: float

    def load_share(self, indoor_c: float, design_c: float) -> float:
        """Return mean over peak load of the season: (T_in - T_mean)/(T_in - T_design), at most 1. [1]

        Raises
        ------
        ParameterError
            If the design day is not colder than the rooms.
        """
        if design_c >= indoor_c:
            raise ParameterError(f"design_outdoor_c = {design_c} must lie below indoor_c = {indoor_c}")
        return float(np.clip((indoor_c - self.mean_c) / (indoor_c - design_c), 0.0, 1.0))

    def by_month(self, values: Floats | None = None) -> Floats:
        """Return the sum of weights, or of weights times `values`, in each month, shape (12,)."""
        amount = self.weight if values is None else self.weight * values
        return np.bincount(self.month - 1, amount, MONTHS).astype(np.float64)


def hours_from_months(monthly: pd.DataFrame) -> pd.Series:
    """Draw monthly means of air temperature out into hours that keep every month's mean.

    Days follow straight lines between mid-months, whose values solve for the twelve means; a cosine with the month's
    daily range lies on them.

    Parameters
    ----------
    monthly : DataFrame
        ``month`` (1 to 12), ``temp_air_c`` [degC], ``diurnal_range_k`` [K].

    Returns
    -------
    Series
        Temperature on local hours of a common year, shape (8760,). [degC]

    Raises
    ------
    ColumnError
        If a column, a month or a value is missing.
    """
    need = ["month", "temp_air_c", "diurnal_range_k"]
    lacking = [name for name in need if name not in monthly]
    if lacking:
        raise ColumnError(f"the climate lacks {', '.join(lacking)}; the heating season needs temperatures by month")
    table = monthly[need].astype(float).sort_values("month")
    if list(table["month"]) != list(range(1, MONTHS + 1)) or table.isna().to_numpy().any():
        raise ColumnError("the climate must have each month from 1 to 12 once, with temperature and daily range")
    time = pd.date_range(f"{COMMON_YEAR}-01-01", periods=8760, freq="h")
    of_month = time.month.to_numpy() - 1
    starts = np.flatnonzero(np.diff(of_month, prepend=-1))
    middle = (starts + np.diff([*starts, len(time)]) / 2).astype(np.float64)
    hour = np.arange(len(time), dtype=np.float64) + 0.5
    weights = np.column_stack([_between(hour, middle, node) for node in range(MONTHS)])
    means = np.vstack([weights[of_month == m].mean(axis=0) for m in range(MONTHS)])
    nodes = np.linalg.solve(means, table["temp_air_c"].to_numpy())
    swing = 0.5 * table["diurnal_range_k"].to_numpy()[of_month]
    daily = np.cos(2 * np.pi * (time.hour.to_numpy() + 0.5 - WARMEST_HOUR) / 24)
    return pd.Series(weights @ nodes + swing * daily, time)


def _between(hour: Floats, middle: Floats, node: int) -> Floats:
    """Return the weight of one mid-month in the straight lines between mid-months, round the year."""
    values = np.zeros(MONTHS)
    values[node] = 1.0
    return np.interp(hour, middle, values, period=8760.0)


def hours_of_year(temp_air: xr.DataArray, utc_offset_h: float) -> pd.Series:
    """Return hourly temperatures on local hours.

    Parameters
    ----------
    temp_air : DataArray
        On ``time`` in UTC, shape (h,). [degC]
    utc_offset_h : float
        Local time minus UTC. [h]
    """
    local = pd.DatetimeIndex(temp_air["time"].to_numpy()) + pd.Timedelta(hours=utc_offset_h)
    return pd.Series(temp_air.to_numpy().astype(np.float64), local)


def heating_season(temperature: pd.Series, first: str, last: str, base_c: float) -> Season:
    """Return the season of a year of hours.

    Parameters
    ----------
    temperature : Series
        On local hours. [degC]
    first, last : str
        Days of the year as ``MM-DD``, both included.
    base_c : float
        Outdoor temperature below which heat is needed. [degC]

    Raises
    ------
    ParameterError
        If no hour of the season is colder than `base_c`, or a day is none.
    """
    local = pd.DatetimeIndex(temperature.index)
    inside = in_season(local, first, last)
    outdoor = temperature.to_numpy(dtype=np.float64)
    cold = np.maximum(base_c - outdoor[inside], 0.0)
    if not cold.sum() > 0:
        raise ParameterError(f"no hour from {first} to {last} is colder than base_c = {base_c} degC: check the climate")
    daily = temperature.groupby(local.normalize()).mean()
    years = len(daily) / 365.25 if len(daily) > 366 else 1.0  # noqa: PLR2004 - days of a year
    return Season(
        month=local.month.to_numpy()[inside].astype(np.int64),
        outdoor=outdoor[inside],
        weight=cold / cold.sum(),
        days=float(inside.sum()) / 24 / years,
        mean_c=float(outdoor[inside].mean()),
        year_mean_c=float(outdoor.mean()),
        hdd18=float(np.maximum(HDD_BASE - daily, 0.0).sum() / years),
    )
