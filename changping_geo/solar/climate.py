"""A monthly climate table drawn out into a typical year of hours that gives back every monthly figure.

Every day of a month is alike but for the sun's path. Direct normal irradiance follows an attenuation law whose two
coefficients are found from two monthly sums; diffuse irradiance follows Liu and Jordan's daily profile; so three
sums close at once and every hour keeps GHI = DHI + DNI cos z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq

from changping_geo.model import Cards, ColumnError, Parameter
from changping_geo.solar.sun import LOWEST_COSZ, relative_airmass, sun_position

if TYPE_CHECKING:
    import xarray as xr

CARDS = Cards(
    Parameter(
        "sun_year",
        2023,
        "1",
        1950,
        2100,
        "any year without 29 February; the sun's path differs by less than 0.3 degrees between years",
        verified=True,
        title_zh="太阳位置计算年份",
        title_en="Year of the sun's path",
    ),
    Parameter(
        "warmest_hour",
        15.0,
        "h",
        12.0,
        17.0,
        "planning range, unverified: local mean solar time of the daily maximum",
        verified=False,
        title_zh="日最高气温时刻(地方平太阳时)",
        title_en="Warmest hour, local mean solar time",
    ),
)

#: Exponent of the air mass in the attenuation law (Meinel & Meinel 1976). [1]
AIRMASS_EXPONENT = 0.678
#: Attenuation is sought between none and a sky that passes the sun at noon only. [1]
ATTENUATION = (0.0, 40.0)

COLUMNS = ("ghi_kwh_m2", "dhi_kwh_m2", "dni_kwh_m2", "temp_air_c", "diurnal_range_k", "wind_m_s")
Floats = NDArray[np.float64]


class ClimateError(ColumnError):
    """Months whose figures no sun of this site can give."""


def hourly_year(
    monthly: pd.DataFrame,
    latitude: float,
    longitude: float,
    *,
    sun_year: int = CARDS["sun_year"],
    warmest_hour: float = CARDS["warmest_hour"],
) -> xr.Dataset:
    """Draw a monthly climate out into hours.

    Parameters
    ----------
    monthly : DataFrame
        Twelve rows with ``month`` (1 to 12) and ``ghi_kwh_m2``, ``dhi_kwh_m2``, ``dni_kwh_m2`` [kWh/m2 per month],
        ``temp_air_c`` [degC], ``diurnal_range_k`` [K], ``wind_m_s`` [m/s].
    latitude, longitude : float
        Site. [degrees north, degrees east]
    sun_year : int
        Year of the sun's path. [1]
    warmest_hour : float
        Local mean solar time of the daily maximum of temperature. [h]

    Returns
    -------
    Dataset
        8760 hours (8784 in a leap year) on ``time``, the interval's start in UTC, with the coordinate ``month``;
        ``ghi``, ``dhi``, ``dni``, ``dni_extra`` [W/m2], ``temp_air`` [degC], ``wind_speed`` [m/s], and ``zenith``,
        ``azimuth`` [degrees], ``cosz`` [1] of the sun in the middle of the hour. The year and its months begin at
        the site's own midnight, rounded to whole hours.

    Raises
    ------
    ColumnError
        If columns, months or values are missing.
    ClimateError
        If a month's three sums cannot belong together; every such month is named.

    References
    ----------
    Liu & Jordan 1960, doi:10.1016/0038-092X(60)90062-1 (diffuse profile);
    Meinel & Meinel 1976, Applied Solar Energy, Addison-Wesley (attenuation by a power of the air mass).
    """
    table = _checked(monthly)
    shift = pd.Timedelta(hours=round(longitude / 15.0))
    local = pd.date_range(f"{sun_year}-01-01", f"{sun_year + 1}-01-01", freq="h", inclusive="left")
    year = sun_position(local - shift, latitude, longitude)
    month = local.month.to_numpy() - 1
    up = year["cosz"].to_numpy() > LOWEST_COSZ
    dhi, dni = np.zeros(len(local)), np.zeros(len(local))
    faults = []
    for number, row in table.iterrows():
        day = np.flatnonzero(up & (month == int(str(number)) - 1))
        cosz, zenith, extra = (year[name].to_numpy()[day] for name in ("cosz", "zenith", "dni_extra"))
        try:
            dni[day] = _direct(row["ghi_kwh_m2"], row["dhi_kwh_m2"], row["dni_kwh_m2"], cosz, zenith, extra)
            dhi[day] = _diffuse(row["dhi_kwh_m2"], cosz * extra)
        except ClimateError as error:
            faults.append(f"month {number}: {error}")
    if faults:
        raise ClimateError("solar climate:\n" + "\n".join(f"  - {fault}" for fault in faults))
    of_month = {name: table[name].to_numpy()[month] for name in COLUMNS}
    hour = (local.hour.to_numpy() + 0.5) + (longitude / 15.0 - shift / pd.Timedelta(hours=1))
    swing = np.cos((hour - warmest_hour) * (np.pi / 12.0))
    year["ghi"] = ("time", dhi + dni * year["cosz"].to_numpy())
    year["dhi"] = ("time", dhi)
    year["dni"] = ("time", dni)
    year["temp_air"] = ("time", of_month["temp_air_c"] + 0.5 * of_month["diurnal_range_k"] * swing)
    year["wind_speed"] = ("time", of_month["wind_m_s"])
    return year.assign_coords(month=("time", month + 1))


def _checked(monthly: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in ("month", *COLUMNS) if name not in monthly]
    if missing:
        raise ColumnError(f"the solar climate lacks the columns {', '.join(missing)}")
    table = monthly.set_index("month")[list(COLUMNS)].astype(np.float64).sort_index()
    faults = []
    if [int(m) for m in table.index] != list(range(1, 13)):
        faults.append(f"months must be 1 to 12, each once, not {list(monthly['month'])}")
    for name, column in table.items():
        empty = table.index[~np.isfinite(column.to_numpy())]
        if len(empty):
            faults.append(f"{name} is missing in month {', '.join(map(str, empty))}")
    negative = [name for name in COLUMNS if name != "temp_air_c" and (table[name] < 0).any()]
    if negative:
        faults.append(f"negative values in {', '.join(negative)}")
    if faults:
        raise ColumnError("solar climate: " + "; ".join(faults))
    return table


def _diffuse(dhi_kwh: float, profile: Floats) -> Floats:
    """Spread a month's diffuse sum over its hours as the extraterrestrial horizontal sun. [W/m2]"""
    if dhi_kwh > 0 and not profile.size:
        raise ClimateError("the sun does not rise here, yet diffuse irradiation is given")
    out: Floats = 1000.0 * dhi_kwh * profile / profile.sum() if profile.size else profile
    return out


def _direct(ghi_kwh: float, dhi_kwh: float, dni_kwh: float, cosz: Floats, zenith: Floats, extra: Floats) -> Floats:
    """Find DNI = A exp(-k m^p) whose sums are DNI and GHI - DHI. [W/m2]"""
    beam_kwh = ghi_kwh - dhi_kwh
    if beam_kwh == 0 and dni_kwh == 0:
        return np.zeros(cosz.size)
    if beam_kwh <= 0 or dni_kwh <= 0 or not cosz.size:
        raise ClimateError(
            f"GHI {ghi_kwh:g}, DHI {dhi_kwh:g} and DNI {dni_kwh:g} kWh/m2 contradict each other: "
            "GHI exceeds DHI exactly when there is direct sun; check columns and units"
        )
    path = relative_airmass(zenith) ** AIRMASS_EXPONENT
    path -= path.min()  # shifts A only, and keeps the exponential from underflowing

    def gap(k: float) -> float:
        weight = np.exp(-k * path)
        return float(weight @ cosz / weight.sum()) - beam_kwh / dni_kwh

    even, noon = gap(ATTENUATION[0]), gap(ATTENUATION[1])
    if even > 0 or noon < 0:
        ratio = beam_kwh / dni_kwh
        raise ClimateError(
            f"(GHI - DHI) / DNI = {ratio:.3f}, but at this latitude it lies between {even + ratio:.3f} (sun as strong "
            f"all day) and {noon + ratio:.3f} (sun at noon only); check columns, units and the place of the data"
        )
    shape = np.exp(-brentq(gap, *ATTENUATION, xtol=1e-14, rtol=1e-14, maxiter=200) * path)
    out: Floats = 1000.0 * dni_kwh * shape / shape.sum()
    if (out > extra).any():
        raise ClimateError(
            f"DNI {dni_kwh:g} kWh/m2 needs {out.max():.0f} W/m2 at noon, more than the sun gives above the air; "
            "check units (kWh/m2 per month)"
        )
    return out
