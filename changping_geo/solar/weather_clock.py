"""Whole hours from series of any step, and whether a series keeps time with the sun."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.model import ColumnError

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

HOUR = pd.Timedelta(hours=1)
#: Steps that are drawn out into hours; within longer ones the sky changes too much. [h]
LONGEST_STEP_H = 3
#: Clear days: the brightest fifth of each month's days. [1]
CLEAR_SHARE = 0.8
#: Days that are compared at most, for speed. [d]
MOST_DAYS = 400
FEWEST_DAYS = 20
RADIATION = ("ghi", "dhi", "dni")


def hour_angle_terms(time: pd.DatetimeIndex, longitude: float) -> tuple[Floats, Floats, Floats]:
    """Return hour angle and declination of the sun, and extraterrestrial irradiance.

    Parameters
    ----------
    time : DatetimeIndex
        Instants, UTC, shape (t,).
    longitude : float
        Site. [degrees east]

    Returns
    -------
    tuple of ndarray
        Hour angle, 0 at solar noon [rad]; declination [rad]; irradiance above the air on a normal plane [W/m2].

    References
    ----------
    Spencer 1971, Search 2(5):172
    """
    position, irradiance = import_module("pvlib.solarposition"), import_module("pvlib.irradiance")
    day = time.day_of_year.to_numpy()
    minute = (time - time.normalize()) / pd.Timedelta(minutes=1)
    solar = np.asarray(minute, dtype=np.float64) + 4.0 * longitude + position.equation_of_time_spencer71(day)
    angle: Floats = np.radians(0.25 * solar - 180.0)
    return angle, position.declination_spencer71(day), irradiance.get_extra_radiation(day)


def cosz_of(
    time: pd.DatetimeIndex, inside: Floats, latitude: float, longitude: float
) -> tuple[tuple[Floats, Floats, Floats], Floats]:
    """Return the sun's height in each hour, to 0.3 degrees.

    Parameters
    ----------
    time : DatetimeIndex
        Hours, UTC, shape (t,).
    inside : ndarray
        Where in the hour its middle lies. [1]
    latitude, longitude : float
        Site. [degrees north, degrees east]

    Returns
    -------
    tuple
        Cosines of the zenith angle half an hour before the middle, in it, and half an hour after [1]; and
        extraterrestrial irradiance on a normal plane [W/m2].
    """
    angle, declination, extra = hour_angle_terms(time, longitude)
    middle = angle + np.radians(15.0) * inside
    sin, cos = np.sin(np.radians(latitude)), np.cos(np.radians(latitude))
    up, out = sin * np.sin(declination), cos * np.cos(declination)
    before, at, after = (up + out * np.cos(middle + np.radians(15.0 * h)) for h in (-0.5, 0.0, 0.5))
    return (before, at, after), extra


def in_hours(weather: xr.Dataset, latitude: float, longitude: float, notes: list[str]) -> pd.DataFrame:
    """Bring a series to a step of one hour: shorter steps are averaged, steps of 2 or 3 hours drawn out with the sun.

    Parameters
    ----------
    weather : Dataset
        As `weather_checks.checked` takes it.
    latitude, longitude : float
        Site. [degrees north, degrees east]
    notes : list of str
        What was done is added here.

    Returns
    -------
    DataFrame
        Indexed by the start of the hour; the variables, and ``inside``.

    Raises
    ------
    ColumnError
        If the step is none that fits into hours.
    """
    time = pd.DatetimeIndex(weather["time"].to_numpy(), name="time")
    names = [str(n) for n in weather.data_vars if n != "inside" and weather[n].dims == ("time",)]
    frame = pd.DataFrame({n: weather[n].to_numpy().astype(np.float64) for n in names}, index=time)
    frame["inside"] = weather["inside"].to_numpy() if "inside" in weather else 0.5
    middle = time + pd.to_timedelta(frame["inside"].to_numpy(), unit="h")
    gaps = np.diff(np.sort(middle.to_numpy())) / np.timedelta64(1, "m")
    gaps = gaps[gaps > 0]
    if gaps.size == 0:
        raise ColumnError("the weather has one time only; hours of at least a year are needed")
    step = round(float(np.median(gaps)))
    if step == 60:  # noqa: PLR2004 - minutes of an hour
        return frame
    if step < 60 and 60 % step == 0:  # noqa: PLR2004
        notes.append(f"steps of {step} minutes averaged to hours")
        # An hour of which a part is missing is missing.
        mean, count = frame.groupby(level=0).mean(), frame.groupby(level=0).count()
        return mean.where(count == 60 // step)
    if step % 60 == 0 and step <= 60 * LONGEST_STEP_H:
        notes.append(f"steps of {step // 60} hours drawn out into hours, irradiance with the height of the sun")
        return _drawn_out(frame, middle, step // 60, latitude, longitude)
    raise ColumnError(f"steps of {step} minutes; hours, parts of an hour, or 2 or 3 hours are needed")


def _drawn_out(
    frame: pd.DataFrame, middle: pd.DatetimeIndex, step: int, latitude: float, longitude: float
) -> pd.DataFrame:
    parts = (np.arange(step) - 0.5 * (step - 1))[:, None] * np.timedelta64(3600, "s")
    stamps = pd.DatetimeIndex((middle.to_numpy()[None, :].astype("datetime64[s]") + parts).T.ravel(), name="time")
    whole = stamps.floor("h")
    inside = np.asarray((stamps - whole) / HOUR, dtype=np.float64)
    cosz = np.maximum(cosz_of(whole, inside, latitude, longitude)[0][1], 0.0).reshape(-1, step)
    out = pd.DataFrame(index=whole.rename("time"))
    order = np.argsort(middle.to_numpy())
    for name in frame.columns.drop("inside"):
        values = frame[name].to_numpy()
        if name not in RADIATION:
            known = order[np.isfinite(values[order])]
            drawn = np.interp(
                stamps.to_numpy().astype("int64"),
                stamps.to_numpy().astype("int64").reshape(-1, step).mean(axis=1)[known],
                values[known],
            )
            out[name] = np.where(np.repeat(np.isfinite(values), step), drawn, np.nan)
            continue
        weight = (cosz > 0).astype(np.float64) if name == "dni" else cosz
        total = weight.sum(axis=1, keepdims=True)
        even = np.where(total > 0, step * weight / np.where(total > 0, total, 1.0), 1.0)
        out[name] = (values[:, None] * even).ravel()
    out["inside"] = inside
    return out


def shift_minutes(time: pd.DatetimeIndex, inside: Floats, ghi: Floats, latitude: float, longitude: float) -> float:
    """Return by how much the light comes after the sun, on clear days.

    On the brightest days of each month irradiance is symmetric about solar noon; the shift at which it correlates best
    with a clear sky is the error of the clock.

    Parameters
    ----------
    time : DatetimeIndex
        Hours, UTC, shape (t,).
    inside : ndarray
        Where in the hour its middle lies. [1]
    ghi : ndarray
        Global horizontal irradiance. [W/m2]
    latitude, longitude : float
        Site. [degrees north, degrees east]

    Returns
    -------
    float
        Positive when the light is late; missing with fewer than 20 clear days. [min]

    References
    ----------
    Haurwitz 1945, J. Meteorology 2:154 (clear sky)
    """
    take = _clear_hours(time, inside, ghi, latitude, longitude)
    if take.size < FEWEST_DAYS * 24:
        return float("nan")
    angle, declination, _ = hour_angle_terms(time[take], longitude)
    angle = angle + np.radians(15.0) * inside[take]
    up = np.sin(np.radians(latitude)) * np.sin(declination)
    out = np.cos(np.radians(latitude)) * np.cos(declination)
    light = ghi[take] - ghi[take].mean()

    def fit(minutes: float) -> float:
        cosz = np.maximum(up + out * np.cos(angle - np.radians(0.25 * minutes)), 1e-3)
        clear = cosz * np.exp(-0.059 / cosz)
        clear -= clear.mean()
        return float(light @ clear / np.sqrt((light @ light) * (clear @ clear)))

    best = max(np.arange(-720.0, 720.0, 60.0), key=fit)
    for step in (15.0, 5.0, 1.0):
        best = max(best + step * np.arange(-4.0, 5.0), key=fit)
    return float(best)


def _clear_hours(
    time: pd.DatetimeIndex, inside: Floats, ghi: Floats, latitude: float, longitude: float
) -> NDArray[np.intp]:
    """Return the places of the hours of clear days, whole solar days only."""
    cosz, extra = cosz_of(time, inside, latitude, longitude)
    solar = time + pd.to_timedelta(inside + longitude / 15.0, unit="h")
    days = pd.DataFrame(
        {"day": solar.normalize(), "ghi": ghi, "sun": extra * np.maximum(cosz[1], 0.0), "at": np.arange(len(time))}
    )
    of_day = days.groupby("day").agg(ghi=("ghi", "sum"), sun=("sun", "sum"), n=("ghi", "count"))
    of_day = of_day[(of_day["n"] == 24) & (of_day["sun"] > 0)]  # noqa: PLR2004 - hours of a day
    clearness = of_day["ghi"] / of_day["sun"]
    month = pd.DatetimeIndex(clearness.index).strftime("%Y-%m")
    clear = clearness.index[(clearness >= clearness.groupby(month).transform("quantile", CLEAR_SHARE)).to_numpy()]
    clear = clear[:: max(1, -(-len(clear) // MOST_DAYS))]
    out: NDArray[np.intp] = days.loc[days["day"].isin(clear), "at"].to_numpy()
    return out
