"""Many years of hours made into one typical year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.model import Cards, Parameter, ParameterError
from changping_geo.solar import climate
from changping_geo.solar.sun import LOWEST_COSZ, sun_position
from changping_geo.solar.weather_checks import WeatherError
from changping_geo.solar.weather_clock import HOUR

if TYPE_CHECKING:
    import xarray as xr

CARDS = Cards(
    Parameter(
        "typical_method",
        "months",
        "word",
        None,
        None,
        "months: of each month the year nearest to the mean, scaled to it; mean: the mean of the years, hour by hour",
        verified=True,
        title_zh="典型年方法",
        title_en="Way to a typical year",
    ),
)

Floats = NDArray[np.float64]

IRRADIANCE = ("ghi", "dhi", "dni")
AIR = ("temp_air", "wind_speed")
#: A month of a year is whole, and may be picked, with this share of its hours. [1]
WHOLE = 0.95


def typical_year(
    weather: xr.Dataset,
    latitude: float,
    longitude: float,
    *,
    year: int = climate.CARDS["sun_year"],
    method: str = CARDS["typical_method"],
) -> xr.Dataset:
    """Make one year of 8760 hours from a year or many.

    Parameters
    ----------
    weather : Dataset
        As `weather.complete` gives it.
    latitude, longitude : float
        Site of the data. [degrees north, degrees east]
    year : int
        Year of the sun's path; a leap year's 29 February is left out. [1]
    method : str
        ``months``: for each month the year whose GHI is nearest to the mean of the years, scaled to that mean;
        ``mean``: the mean of the years, hour by hour, which smooths the weather.

    Returns
    -------
    Dataset
        As `climate.hourly_year` gives it; DHI and DNI are those of the data, GHI follows from the year's sun.

    Raises
    ------
    ParameterError
        If the method is unknown.
    WeatherError
        If a month is not whole in any year.
    """
    if method not in ("months", "mean"):
        raise ParameterError(f"typical_method {method!r} is unknown; use months or mean")
    shift = round(longitude / 15.0) * HOUR
    local = pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq="h", inclusive="left")
    local = local[~((local.month == 2) & (local.day == 29))]  # noqa: PLR2004 - 29 February
    years, cube = _cube(weather, shift)
    months = np.asarray(local.month) - 1
    values, picked = _mean(cube, months) if method == "mean" else _months(cube, months, years)
    start = local - shift
    sun = sun_position(start + pd.to_timedelta(values["inside"], unit="h"), latitude, longitude, inside=0.0)
    out = sun.assign_coords(time=start, month=("time", months + 1))
    cosz, extra = out["cosz"].to_numpy(), out["dni_extra"].to_numpy()
    up = cosz > LOWEST_COSZ
    dni = np.where(up, np.clip(values["dni"], 0.0, extra), 0.0)
    dhi = np.where(up, values["dhi"], values["ghi"])
    found = {"ghi": dhi + dni * np.maximum(cosz, 0.0), "dhi": dhi, "dni": dni} | {n: values[n] for n in AIR}
    attrs = {k: v for k, v in weather.attrs.items() if k not in ("checked", "latitude", "longitude")}
    out = out.assign({n: ("time", v) for n, v in found.items()})
    told = {"typical_method": method, "years": [int(y) for y in years], "picked": picked}
    return out.assign_attrs(told | attrs)


def _cube(weather: xr.Dataset, shift: pd.Timedelta) -> tuple[NDArray[np.int64], dict[str, Floats]]:
    """Lay the hours out by year of the site's own calendar and hour of the year; shape (years, 8760)."""
    local = pd.DatetimeIndex(weather["time"].to_numpy()) + shift
    keep = ~np.asarray((local.month == 2) & (local.day == 29))  # noqa: PLR2004 - 29 February
    leap = np.asarray(local.is_leap_year & (local.day_of_year > 60), dtype=np.int64)  # noqa: PLR2004 - its place
    at = (24 * (local.day_of_year.to_numpy() - 1 - leap) + local.hour.to_numpy())[keep]
    years, row = np.unique(local.year.to_numpy()[keep], return_inverse=True)
    cube = {}
    for name in (*IRRADIANCE, *AIR, "inside"):
        table = np.full((len(years), 8760), np.nan)
        table[row, at] = weather[name].to_numpy()[keep]
        cube[name] = table
    return years, cube


def _mean_of_years(table: Floats) -> Floats:
    count = np.isfinite(table).sum(axis=0)
    out: Floats = np.where(count > 0, np.nansum(table, axis=0) / np.maximum(count, 1), np.nan)
    return out


def _mean(cube: dict[str, Floats], months: NDArray[np.int64]) -> tuple[dict[str, Floats], str]:
    values = {name: _mean_of_years(table) for name, table in cube.items()}
    empty = np.unique(months[~np.isfinite(values["ghi"])]) + 1
    if empty.size:
        raise WeatherError(f"no year has all hours of month {', '.join(map(str, empty))}; deliver a whole year")
    return values, "mean of the years"


def _months(
    cube: dict[str, Floats], months: NDArray[np.int64], years: NDArray[np.int64]
) -> tuple[dict[str, Floats], str]:
    """Pick a year for each month. The first and last hours of a UTC year are borrowed from the others."""
    values = {name: np.empty(len(months)) for name in cube}
    picked, faults = [], []
    for month in range(12):
        of_month = months == month
        known = np.isfinite(cube["ghi"][:, of_month])
        whole = np.flatnonzero(known.mean(axis=1) >= WHOLE)
        if not whole.size or not known.any(axis=0).all():
            faults.append(str(month + 1))
            continue
        part = {name: table[:, of_month] for name, table in cube.items()}
        full = {name: np.where(known, table, _mean_of_years(table)) for name, table in part.items()}
        sums = full["ghi"][whole].sum(axis=1)
        best = int(whole[np.argmin(np.abs(sums - sums.mean()))])
        scale = sums.mean() / full["ghi"][best].sum() if full["ghi"][best].sum() > 0 else 1.0
        picked.append(int(years[best]))
        for name, table in full.items():
            values[name][of_month] = table[best] * (scale if name in IRRADIANCE else 1.0)
    if faults:
        raise WeatherError(f"no year has all hours of month {', '.join(faults)}; deliver a whole year")
    return values, ", ".join(f"{m}: {y}" for m, y in enumerate(picked, 1))
