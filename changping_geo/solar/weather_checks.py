"""Hours of weather held to what the sun allows: units, doubles, gaps, nights, limits, and whether the clock is right.

The sun used here is Spencer's (within 0.3 degrees), which the wide limits allow; yields use the exact one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from changping_geo.model import Cards, ColumnError, Parameter
from changping_geo.solar.weather_clock import cosz_of, in_hours, shift_minutes

CARDS = Cards(
    Parameter(
        "max_gap_h",
        3,
        "h",
        0,
        24,
        "planning range, unverified: longer gaps are refused rather than drawn through",
        verified=False,
        title_zh="可插补的最长缺测",
        title_en="Longest gap that is filled",
    ),
)

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

IRRADIANCE = ("ghi", "dhi", "dni")
AIR = ("temp_air", "wind_speed")
#: A sun 3 degrees below the horizon through the whole hour leaves less than 1 W/m2. [1]
DARK_COSZ = float(np.cos(np.radians(93.0)))
#: Offsets of a pyranometer at night, and rounding, stay above this. [W/m2]
LOWEST_W_M2 = -10.0
#: Light at night below this is noise. [W/m2]
NOISE_W_M2 = 5.0
#: Share of a sum, or of hours with sun, beyond which a fault is of the file and not of an hour. [1]
FEW = 0.01
#: Share of all hours that may be filled. [1]
MOST_FILLED = 0.05
#: Clearness of a whole series: outside of it no sky is known, and the unit is in doubt. [1]
CLEARNESS = (0.1, 0.85)
UNITS = {"J/m2 per hour": 3600.0, "kJ/m2 per hour": 3.6, "MJ/m2 per hour": 1.0 / 277.8, "kW/m2": 0.001}
#: Air temperature and wind that a place on land may have. [degC, m/s]
AIR_RANGE = {"temp_air": (-70.0, 60.0), "wind_speed": (0.0, 60.0)}
KELVIN = 150.0
#: A clock that is wrong by as much is told; by as much it is refused. [min]
TOLD_MIN, REFUSED_MIN = 20.0, 50.0
SHOWN = 3


class WeatherError(ColumnError):
    """Hours of weather that no sky of this site can give."""


@dataclass(slots=True)
class Account:
    """What became of the hours.

    Attributes
    ----------
    hours : int
        Hours looked at. [h]
    repaired, set_aside : Counter
        Hours by reason. [h]
    notes : list of str
        What a planner should know.
    """

    hours: int = 0
    repaired: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def checked(
    weather: xr.Dataset, latitude: float, longitude: float, *, max_gap_h: float = CARDS["max_gap_h"]
) -> tuple[xr.Dataset, Account]:
    """Hold a series of weather to what the sun allows, and bring it to whole hours without gaps.

    Parameters
    ----------
    weather : Dataset
        On ``time`` (start of the hour in which the interval's middle lies, UTC): ``ghi``, or ``dhi`` and ``dni``, or
        all [W/m2]; ``temp_air`` [degC], ``wind_speed`` [m/s]; ``inside``, where in the hour the middle lies, 0.5 when
        it is missing [1].
    latitude, longitude : float
        Site of the data. [degrees north, degrees east]
    max_gap_h : float
        Longer gaps are refused. [h]

    Returns
    -------
    Dataset, Account
        Every hour once, no gaps; and what was done.

    Raises
    ------
    WeatherError
        For everything that is wrong, at once.
    """
    lacking = [name for name in AIR if name not in weather]
    if not ("ghi" in weather or {"dhi", "dni"} <= set(weather.data_vars)):
        lacking.insert(0, "ghi (or dhi and dni)")
    if lacking:
        raise WeatherError(f"the weather lacks {', '.join(lacking)}")
    account, faults = Account(), list[str]()
    hours = in_hours(weather, latitude, longitude, account.notes)
    hours = _once(hours, account, faults)
    hours = _calendar(hours, float(weather.attrs.get("utc_offset_h", 0.0)), account)
    account.hours = len(hours)
    time = pd.DatetimeIndex(hours.index)
    cosz, extra = cosz_of(time, hours["inside"].to_numpy(), latitude, longitude)
    light = _Light(time, cosz, extra)
    if not _units(hours, light, faults):
        _limits(hours, light, account, faults)
        _nights(hours, light, account, faults)
        _air(hours, faults)
        _fill(hours, light, max_gap_h, account, faults)
    if not faults:
        _clock(hours, light, latitude, longitude, account, faults)
    if faults:
        raise WeatherError("weather:\n" + "\n".join(f"  - {fault}" for fault in faults))
    out = xr.Dataset({name: ("time", column.to_numpy()) for name, column in hours.items()}, {"time": hours.index})
    out.attrs = {**weather.attrs, "checked": 1}
    return out, account


class _Light:
    """The sun of every hour: `cosz` in its middle, the `highest` and the `extra` terrestrial light of the hour."""

    def __init__(self, time: pd.DatetimeIndex, cosz: tuple[Floats, Floats, Floats], extra: Floats) -> None:
        self.time, self.cosz, self.extra = time, np.maximum(cosz[1], 0.0), extra
        self.highest = np.maximum.reduce(cosz)
        self.dark: Mask = self.highest < DARK_COSZ
        self.lit: Mask = self.highest > 0.0
        self.flat = self.extra * self.cosz

    def first(self, mask: Mask) -> str:
        """Name the first hours of a mask."""
        shown = ", ".join(f"{t:%Y-%m-%d %H:%M}" for t in self.time[mask][:SHOWN])
        return f"{int(mask.sum())} hours ({shown}{', …' if mask.sum() > SHOWN else ''} UTC)"


def _once(hours: pd.DataFrame, account: Account, faults: list[str]) -> pd.DataFrame:
    """Keep each hour once; two that differ are a fault."""
    hours = hours.sort_index(kind="stable")
    double = hours.index.duplicated()
    if not double.any():
        return hours
    plain = hours[~hours.reset_index().duplicated().to_numpy()]
    again = plain.index.duplicated()
    if again.any():
        stamps = ", ".join(f"{t:%Y-%m-%d %H:%M}" for t in plain.index[again][:SHOWN])
        faults.append(
            f"{int(again.sum())} hours stand twice with different values ({stamps} UTC); is it summer time, or are two "
            "files or months joined twice?"
        )
    same = len(hours) - len(plain)
    if same:
        account.set_aside["the same hour again"] += same
    return plain[~again]


def _calendar(hours: pd.DataFrame, utc_offset_h: float, account: Account) -> pd.DataFrame:
    """Lay the hours on an unbroken calendar; a 29 February that is left out as a whole stays out."""
    full = pd.date_range(hours.index[0], hours.index[-1], freq="h", name="time")
    local = full + pd.Timedelta(hours=utc_offset_h)
    leap = np.asarray((local.month == 2) & (local.day == 29))  # noqa: PLR2004 - 29 February
    for day in np.unique(np.asarray(local.normalize())[leap]):
        of_day = leap & np.asarray(local.normalize() == day)
        if not full[of_day].isin(hours.index).any():
            leap[of_day] = False
            full = full.delete(np.flatnonzero(of_day))
            local, leap = local.delete(np.flatnonzero(of_day)), np.delete(leap, np.flatnonzero(of_day))
            account.notes.append(f"{pd.Timestamp(day):%Y-%m-%d} is left out by the file")
    out = hours.reindex(full)
    out["inside"] = out["inside"].ffill().bfill()
    return out


def _units(hours: pd.DataFrame, light: _Light, faults: list[str]) -> bool:
    """Look for a wrong unit; with one, other findings mean nothing."""
    before = len(faults)
    given = hours["ghi"] if "ghi" in hours else hours["dhi"] + hours["dni"] * light.cosz
    known = given.notna().to_numpy() & light.lit
    if not known.any():
        faults.append("no hour with sun has irradiance")
        return True
    ratio = float(given[known].clip(lower=0).sum() / light.flat[known].sum())
    if not CLEARNESS[0] <= ratio <= CLEARNESS[1]:
        like = [unit for unit, factor in UNITS.items() if 2 * CLEARNESS[0] <= ratio / factor <= CLEARNESS[1]]
        guess = f"; it looks like {like[0]}, W/m2 is needed" if like else "; check columns and units (W/m2)"
        faults.append(f"irradiance is {ratio:.3g} of that above the air, a sky passes 0.2 to 0.8{guess}")
    if float(hours["temp_air"].median()) > KELVIN:
        faults.append(f"air temperature has a median of {hours['temp_air'].median():.0f}: Kelvin, degC is needed")
    return len(faults) > before


def _limits(hours: pd.DataFrame, light: _Light, account: Account, faults: list[str]) -> None:
    """Hold irradiance to the physically possible limits of the BSRN (Long & Dutton 2002), widened to the hour."""
    high = np.maximum(light.highest, 0.0) ** 1.2
    most = {"ghi": 1.5 * light.extra * high + 100, "dhi": 0.95 * light.extra * high + 50, "dni": light.extra}
    if "ghi" in hours and "dhi" in hours:
        most["dhi"] = np.fmin(most["dhi"], 1.1 * hours["ghi"].to_numpy() + NOISE_W_M2)
    for name in [n for n in IRRADIANCE if n in hours]:
        values = hours[name].to_numpy().copy()
        low, much = values < LOWEST_W_M2, (values > most[name]) & ~light.dark
        if low.any():
            faults.append(f"{name} is negative, down to {np.nanmin(values):.0f} W/m2, in {light.first(low)}")
        elif (values < 0).any():
            account.repaired["slightly negative irradiance set to 0"] += int((values < 0).sum())
        if much.sum() > FEW * light.lit.sum():
            above = "GHI, or than a sky can give" if name == "dhi" else "the sun can give"
            faults.append(f"{name} is more than {above} in {light.first(much)}; check units, columns and time labels")
        elif much.any():
            account.repaired[f"{name} above the possible set to its limit"] += int(much.sum())
        hours[name] = np.where(much, most[name], np.where(values < 0, 0.0, values))


def _nights(hours: pd.DataFrame, light: _Light, account: Account, faults: list[str]) -> None:
    """Clear the nights, unless they are so bright that the clock must be wrong."""
    for name in [n for n in IRRADIANCE if n in hours]:
        values = hours[name].to_numpy().copy()
        bright = light.dark & (values > NOISE_W_M2)
        if values[bright].sum() > FEW * np.nansum(values):
            share = values[bright].sum() / np.nansum(values)
            faults.append(
                f"{share:.0%} of {name} falls at night, in {light.first(bright)}; set utc_offset_h or time_label of "
                "the source, or check the place of the data"
            )
        elif bright.any():
            account.repaired["light at night set to 0"] += int(bright.sum())
        empty = light.dark & np.isnan(values)
        if empty.any():
            account.repaired["night without a value set to 0"] += int(empty.sum())
        hours[name] = np.where(light.dark, 0.0, values)


def _air(hours: pd.DataFrame, faults: list[str]) -> None:
    for name, (low, high) in AIR_RANGE.items():
        wrong = (hours[name] < low) | (hours[name] > high)
        if wrong.any():
            extreme = hours.loc[wrong, name].iloc[0]
            faults.append(f"{name} is outside {low:g} to {high:g} in {int(wrong.sum())} hours, such as {extreme:g}")


def _fill(hours: pd.DataFrame, light: _Light, max_gap_h: float, account: Account, faults: list[str]) -> None:
    """Fill short gaps: irradiance by its share of the light above the air, the rest along a line."""
    gap = hours.isna().any(axis=1).to_numpy()
    if not gap.any():
        return
    begin = np.flatnonzero(gap & ~np.r_[False, gap[:-1]])
    length = np.flatnonzero(gap & ~np.r_[gap[1:], False]) - begin + 1
    long = length > max_gap_h
    if long.any():
        shown = ", ".join(
            f"{light.time[b]:%Y-%m-%d %H:%M} UTC ({n} h)" for b, n in zip(begin[long], length[long], strict=True)
        )
        faults.append(f"{int(long.sum())} gaps of more than {max_gap_h:g} h: {shown[:200]}; deliver the missing hours")
        return
    if gap.mean() > MOST_FILLED:
        faults.append(f"{gap.mean():.0%} of the hours have gaps, at most {MOST_FILLED:.0%} are filled; deliver them")
        return
    account.repaired["filled from its neighbours"] += int(gap.sum())
    account.notes.append(f"filled: {int(gap.sum())} hours in {len(begin)} gaps of up to {length.max()} h")
    at = np.arange(len(hours), dtype=np.float64)
    for name in hours.columns:
        values = hours[name].to_numpy().copy()
        empty = np.isnan(values)
        if name not in IRRADIANCE:
            hours[name] = np.where(empty, np.interp(at, at[~empty], values[~empty]), values)
            continue
        above = light.extra * (light.cosz > 0) if name == "dni" else light.flat
        use = ~empty & (above > 0)
        hours[name] = np.where(empty, np.interp(at, at[use], values[use] / above[use]) * above, values)


def _clock(
    hours: pd.DataFrame, light: _Light, latitude: float, longitude: float, account: Account, faults: list[str]
) -> None:
    ghi = hours["ghi"] if "ghi" in hours else hours["dhi"] + hours["dni"] * light.cosz
    late = shift_minutes(light.time, hours["inside"].to_numpy(), ghi.to_numpy(), latitude, longitude)
    if not abs(late) >= TOLD_MIN:
        return
    told = (
        f"on clear days the light comes {abs(late):.0f} minutes {'after' if late > 0 else 'before'} the sun; set "
        "time_label (start, mid, end) or utc_offset_h of the source"
    )
    if abs(late) >= REFUSED_MIN:
        faults.append(told)
    else:
        account.notes.append(told)
