"""Hourly power of groups of roofs, from what each node of the yield table counts in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from changping_geo.model import Cards, Parameter, ParameterError, ResultError
from changping_geo.solar.kernel import MONTHS, Daylight, hourly_power, lit_hours
from changping_geo.solar.table import corners

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from changping_geo.solar.parts import Part
    from changping_geo.solar.pv import Chain

Floats = NDArray[np.float64]

SEASON = "winter heating season of the district, both days included; unverified, common in northern China"
CARDS = Cards(
    Parameter(
        "heating_season.first",
        "11-15",
        "word",
        None,
        None,
        SEASON,
        verified=False,
        title_zh="采暖季首日(月-日)",
        title_en="First day of the heating season (month-day)",
    ),
    Parameter(
        "heating_season.last",
        "03-15",
        "word",
        None,
        None,
        SEASON,
        verified=False,
        title_zh="采暖季末日(月-日)",
        title_en="Last day of the heating season (month-day)",
    ),
)
#: Planes whose hours are held at once. [count]
BLOCK = 32
LEAP_YEAR = 2024


def node_capacity(
    parts: Sequence[Part], power: Sequence[Floats], group: NDArray[np.int64], n_groups: int, table: xr.DataArray
) -> dict[str, Floats]:
    """Spread the capacity of planes over the nodes of the yield table, as its look-up weighs them.

    Parameters
    ----------
    parts : sequence of Part
        From `parts.lay_parts`.
    power : sequence of ndarray
        Capacity of each plane, shape (m,) each. [kW]
    group : ndarray
        Group of each roof, from 0, shape (n,).
    n_groups : int
        Groups. [count]
    table : DataArray
        A table of yields, for its nodes.

    Returns
    -------
    dict of str to ndarray
        By mounting, shape (groups, nodes). [kW]
    """
    n_nodes = table.sizes["tilt"] * table.sizes["azimuth"]
    out: dict[str, Floats] = {}
    for part, kw in zip(parts, power, strict=True):
        held = np.flatnonzero(kw > 0)
        node, weight = corners(table, part.tilt[held], part.azimuth[held])
        at = group[part.rows[held]] * n_nodes + node
        found: Floats = np.bincount(at.ravel(), (weight * kw[held]).ravel(), n_groups * n_nodes).astype(np.float64)
        found = found.reshape(n_groups, n_nodes)
        out[part.mounting] = out[part.mounting] + found if part.mounting in out else found
    return out


def town_hours(
    parts: Sequence[Part],
    power: Sequence[Floats],
    town_code: pd.Series,
    codes: Sequence[str],
    year: xr.Dataset,
    hours: Daylight,
    chains: Mapping[str, Chain],
    table: xr.DataArray,
    monthly_kwh: Floats | None = None,
) -> xr.Dataset:
    """Return the hourly power of each town, and of the roofs outside all towns.

    Parameters
    ----------
    parts, power, year, hours, chains, table
        As in `node_capacity` and `hourly_profiles`.
    town_code : Series
        Town of each roof, missing outside all towns, shape (n,).
    codes : sequence of str
        The towns in order, then the name of what lies outside.
    monthly_kwh : ndarray, optional
        Shape (towns + 1, 12): sums to bring the months to, where losses are known by month only. [kWh]

    Returns
    -------
    Dataset
        As `hourly_profiles` gives it.
    """
    group = pd.Index(list(codes)).get_indexer(pd.Index(town_code.fillna(codes[-1])))
    nodes = node_capacity(parts, power, group, len(codes), table)
    found = hourly_profiles(year, hours, chains, nodes, table, codes)
    return found if monthly_kwh is None else scaled_to_months(found, monthly_kwh)


def hourly_profiles(
    year: xr.Dataset,
    hours: Daylight,
    chains: Mapping[str, Chain],
    capacity: Mapping[str, Floats],
    table: xr.DataArray,
    codes: Sequence[str],
) -> xr.Dataset:
    """Return the power of each group in every hour of the year.

    Its sums by month are those of the table's look-up, to rounding.

    Parameters
    ----------
    year : Dataset
        As `climate.hourly_year` gives it.
    hours : Daylight
        The same year's hours with light.
    chains : mapping of str to Chain
        From irradiance to alternating current, by mounting.
    capacity : mapping of str to ndarray
        From `node_capacity`.
    table : DataArray
        The table of yields whose nodes these are.
    codes : sequence of str
        Name of each group.

    Returns
    -------
    Dataset
        ``pv_power_kw`` on ``town_code`` and ``time`` [kW]; ``time`` is the interval's start in UTC, with the
        coordinate ``month`` of local time.
    """
    tilt, azimuth = (a.ravel() for a in np.meshgrid(table["tilt"], table["azimuth"], indexing="ij"))
    lit = np.zeros((len(codes), hours.month.size))
    for mounting, kw in capacity.items():
        used = np.flatnonzero((kw > 0).any(axis=0))
        for at in range(0, used.size, BLOCK):
            block = used[at : at + BLOCK]
            lit += kw[:, block] @ hourly_power(hours, tilt[block], azimuth[block], chains[mounting])
    power = np.zeros((len(codes), year.sizes["time"]))
    power[:, lit_hours(year)] = lit
    out = xr.Dataset(
        {"pv_power_kw": (("town_code", "time"), power)},
        coords={
            "town_code": ("town_code", np.array(codes, dtype=object)),
            "time": year["time"],
            "month": ("time", year["month"].to_numpy()),
        },
        attrs={"title": "Hourly power of rooftop photovoltaics by town, technical potential"},
    )
    out["pv_power_kw"].attrs = {"units": "kW", "long_name": "mean power of the hour, alternating current"}
    out["time"].attrs = {"long_name": "start of the interval, UTC"}
    out["month"].attrs = {"long_name": "month in local time"}
    return out


def in_season(local: pd.DatetimeIndex, first: str, last: str) -> NDArray[np.bool_]:
    """Return which hours lie in a season, which may go over the turn of the year.

    Parameters
    ----------
    local : DatetimeIndex
        Start of the hours in local time, shape (h,).
    first, last : str
        Month and day as ``MM-DD``, both included.

    Returns
    -------
    ndarray of bool
        Shape (h,).

    Raises
    ------
    ParameterError
        If a day is none.
    """
    day = local.month.to_numpy() * 100 + local.day.to_numpy()
    start, end = _day(first), _day(last)
    inside: NDArray[np.bool_] = (day >= start) & (day <= end)
    around: NDArray[np.bool_] = (day >= start) | (day <= end)
    return inside if start <= end else around


def _day(text: str) -> int:
    found = pd.to_datetime(f"{LEAP_YEAR}-{text}", format="%Y-%m-%d", errors="coerce")
    if pd.isna(found):
        raise ParameterError(f"heating_season: {text!r} is no day; write month and day, as 11-15")
    return int(found.month) * 100 + int(found.day)


def winter_share(profiles: xr.Dataset, first: str, last: str) -> Floats:
    """Return the share of a year's energy that comes in a season; missing where there is none.

    Parameters
    ----------
    profiles : Dataset
        From `hourly_profiles`.
    first, last : str
        Month and day of local time as ``MM-DD``, both included.

    Returns
    -------
    ndarray
        Shape (groups,). [1]
    """
    # the year begins at the site's midnight on the first of January, which tells its clock
    start = pd.DatetimeIndex(profiles["time"].to_numpy())
    local = start + (start[0].round("D") - start[0])
    power = profiles["pv_power_kw"].to_numpy()
    whole = power.sum(axis=1)
    season = power[:, in_season(local, first, last)].sum(axis=1)
    out: Floats = np.divide(season, whole, out=np.full(whole.size, np.nan), where=whole > 0)
    return out


def town_columns(profiles: xr.Dataset, index: pd.Index, *, first: str, last: str) -> pd.DataFrame:
    """Return the share of energy in a season and the peak power of each town, and of all together.

    Parameters
    ----------
    profiles : Dataset
        From `hourly_profiles`.
    index : Index
        The groups in their order, then the whole.
    first, last : str
        Month and day of local time as ``MM-DD``, both included.

    Returns
    -------
    DataFrame
        ``winter_share`` [1] and ``peak_power_kw`` [kW] on `index`.
    """
    power = profiles["pv_power_kw"]
    whole = power.sum("town_code").expand_dims(town_code=[str(index[-1])])
    every = xr.concat([power, whole], "town_code").to_dataset(name="pv_power_kw")
    peak = every["pv_power_kw"].max("time").to_numpy()
    return pd.DataFrame({"winter_share": winter_share(every, first, last), "peak_power_kw": peak}, index)


def scaled_to_months(profiles: xr.Dataset, monthly_kwh: Floats) -> xr.Dataset:
    """Bring each month of each group to a given sum, for losses that are known by roof and month only.

    Parameters
    ----------
    profiles : Dataset
        From `hourly_profiles`.
    monthly_kwh : ndarray
        Energy by group and month, shape (groups, 12). [kWh]

    Returns
    -------
    Dataset
        The same with every hour times its month's ratio, so that hours and months stay one sum.

    Raises
    ------
    ResultError
        If energy is asked of a month that has no power.
    """
    power = profiles["pv_power_kw"].transpose("town_code", "time").to_numpy()
    month = profiles["month"].to_numpy().astype(np.int64) - 1
    sums = np.stack([power[:, month == number].sum(axis=1) for number in range(MONTHS)], axis=1)
    lost = (sums <= 0) & (monthly_kwh > 0)
    if lost.any():
        raise ResultError(f"{lost.sum()} months of towns have energy but no hour with power; their hours are missing")
    ratio = np.divide(monthly_kwh, sums, out=np.zeros(sums.shape), where=sums > 0)
    scaled = (("town_code", "time"), power * ratio[:, month], profiles["pv_power_kw"].attrs)
    return profiles.assign(pv_power_kw=scaled)
