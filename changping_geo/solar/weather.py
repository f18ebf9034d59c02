"""A year of hours at a site, from whatever climate is at hand: a monthly table or hours of one or many years.

Missing parts of the irradiance are found from the others, or from global irradiance alone; years become one typical
year; every hour keeps GHI = DHI + DNI cos z.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from changping_geo.model import Cards, Parameter, ParameterError
from changping_geo.solar import climate
from changping_geo.solar import weather_typical as typical
from changping_geo.solar.climate import hourly_year
from changping_geo.solar.sun import LOWEST_COSZ, sun_position
from changping_geo.solar.weather_checks import WeatherError, checked
from changping_geo.solar.weather_typical import AIR, IRRADIANCE, typical_year

CARDS = Cards(
    typical.CARDS.cards.values(),
    Parameter(
        "decomposition",
        "erbs",
        "word",
        None,
        None,
        "erbs: Erbs et al. 1982, doi:10.1016/0038-092X(82)90302-4; disc: Maxwell 1987, SERI/TR-215-3087",
        verified=True,
        title_zh="直散分离模型",
        title_en="Split of global irradiance",
    ),
    Parameter(
        "cell_method",
        "nearest",
        "word",
        None,
        None,
        "nearest: the nearest cell; weighted: the nearest four by inverse distance",
        verified=True,
        title_zh="格点取值方法",
        title_en="Way from cells to the site",
    ),
)

Floats = NDArray[np.float64]

#: Below this sine of the elevation a direct beam is not divided out of a horizontal sum: pvlib's bound. [1]
LOWEST_BEAM = 0.065
#: Difference of given GHI and DHI + DNI cos z, summed over hours: told beyond the first share of GHI; beyond the second
#: they are of different skies. [1]
OPEN_TOLD, OPEN = 0.05, 0.15
CELLS = 4


def site_year(
    solar_climate: pd.DataFrame | xr.Dataset,
    latitude: float,
    longitude: float,
    *,
    sun_year: int = climate.CARDS["sun_year"],
    warmest_hour: float = climate.CARDS["warmest_hour"],
    decomposition: str = CARDS["decomposition"],
    typical_method: str = CARDS["typical_method"],
    cell_method: str = CARDS["cell_method"],
) -> xr.Dataset:
    """Return one year of hours at a site from the layer ``solar_climate``, be it months or hours.

    Parameters
    ----------
    solar_climate : DataFrame or Dataset
        Twelve months as `climate.hourly_year` takes them, or hours as `weather_checks.checked` takes them, which may
        have a dimension ``cell`` with ``lon`` and ``lat``.
    latitude, longitude : float
        Site. [degrees north, degrees east]
    sun_year : int
        Year of the sun's path. [1]
    warmest_hour : float
        For months: local mean solar time of the daily maximum of temperature. [h]
    decomposition : str
        For hours with global irradiance only: ``erbs`` or ``disc``.
    typical_method : str
        For several years: ``months`` or ``mean``.
    cell_method : str
        For cells: ``nearest`` or ``weighted``.

    Returns
    -------
    Dataset
        As `climate.hourly_year` gives it; the sun is that of the place of the data.

    Raises
    ------
    GeoError
        If the climate is not whole or not possible.
    """
    if isinstance(solar_climate, pd.DataFrame):
        return hourly_year(solar_climate, latitude, longitude, sun_year=sun_year, warmest_hour=warmest_hour)
    here = at_point(solar_climate, latitude, longitude, method=cell_method)
    lat, lon = float(here.attrs.get("latitude", latitude)), float(here.attrs.get("longitude", longitude))
    if not here.attrs.get("checked"):
        here, _ = checked(here, lat, lon)
    return typical_year(complete(here, lat, lon, model=decomposition), lat, lon, year=sun_year, method=typical_method)


def at_point(
    weather: xr.Dataset, latitude: float, longitude: float, *, method: str = CARDS["cell_method"]
) -> xr.Dataset:
    """Return the weather of a point from cells; a series without cells stays as it is.

    Parameters
    ----------
    weather : Dataset
        With or without a dimension ``cell`` and its coordinates ``lon``, ``lat``. [degrees]
    latitude, longitude : float
        The point. [degrees north, degrees east]
    method : str
        ``nearest`` or ``weighted``.

    Raises
    ------
    ParameterError
        If the method is unknown.
    """
    if method not in ("nearest", "weighted"):
        raise ParameterError(f"cell_method {method!r} is unknown; use nearest or weighted")
    if "cell" not in weather.dims:
        return weather
    east = (weather["lon"].to_numpy() - longitude) * np.cos(np.radians(latitude))
    away = np.hypot(east, weather["lat"].to_numpy() - latitude)
    order = np.argsort(away, kind="stable")[:CELLS]
    if method == "nearest" or away[order[0]] == 0.0 or len(order) == 1:
        out = weather.isel(cell=int(order[0]))
        place = {"latitude": float(out["lat"]), "longitude": float(out["lon"])}
    else:
        weight = xr.DataArray(1.0 / away[order] / (1.0 / away[order]).sum(), dims="cell")
        held = weather.isel(cell=order)
        out = held.map(lambda v: (v * weight).sum("cell", skipna=False) if "cell" in v.dims else v)
        place = {"latitude": latitude, "longitude": longitude}
    return out.drop_vars(["lon", "lat", "cell"], errors="ignore").assign_attrs(weather.attrs | place)


def remove_bias(weather: xr.Dataset, *, w_m2: float = 0.0, factor: float = 1.0) -> xr.Dataset:
    """Take a known bias out of the irradiance, all its parts by the same factor.

    Parameters
    ----------
    weather : Dataset
        Series of irradiance.
    w_m2 : float
        Mean of the data over all hours minus that of the truth. [W/m2]
    factor : float
        Mean of the data over that of the truth, applied after `w_m2`. [1]

    Returns
    -------
    Dataset
        With the attributes ``bias_w_m2`` and ``bias_factor``.

    Raises
    ------
    ParameterError
        If the bias leaves no light, or the factor is not positive.
    """
    total = weather["ghi"] if "ghi" in weather else weather["dhi"]
    mean = float(total.mean())
    if not (factor > 0 and mean > w_m2):
        raise ParameterError(
            f"a bias of {w_m2:g} W/m2 and a factor of {factor:g} leave nothing of a mean of {mean:.1f}"
        )
    scale = (mean - w_m2) / mean / factor
    return weather.assign({n: weather[n] * scale for n in IRRADIANCE if n in weather}).assign_attrs(
        bias_w_m2=w_m2, bias_factor=factor
    )


def complete(
    weather: xr.Dataset, latitude: float, longitude: float, *, model: str = CARDS["decomposition"]
) -> xr.Dataset:
    """Find the missing parts of the irradiance and close the balance.

    Given all three, DHI and DNI stay and GHI follows. Where the sun stands below 1 degree all light is diffuse.

    Parameters
    ----------
    weather : Dataset
        Hours without gaps, as `weather_checks.checked` gives them.
    latitude, longitude : float
        Site of the data. [degrees north, degrees east]
    model : str
        ``erbs`` or ``disc``; used when GHI alone is given.

    Returns
    -------
    Dataset
        With ``ghi``, ``dhi``, ``dni`` [W/m2], ``inside`` [1], and the attribute ``open``, the share of GHI that did not
        close [1].

    Raises
    ------
    ParameterError
        If the model is unknown.
    WeatherError
        If the three parts given do not belong together.
    """
    if model not in ("erbs", "disc"):
        raise ParameterError(f"decomposition {model!r} is unknown; use erbs or disc")
    time = pd.DatetimeIndex(weather["time"].to_numpy())
    inside = weather["inside"].to_numpy() if "inside" in weather else np.full(len(time), 0.5)
    sun = sun_position(time + pd.to_timedelta(inside, unit="h"), latitude, longitude, inside=0.0)
    cosz, extra = sun["cosz"].to_numpy(), sun["dni_extra"].to_numpy()
    given = {n: weather[n].to_numpy().astype(np.float64) for n in IRRADIANCE if n in weather}
    dhi, dni = _parts(given, time, sun, model)
    dni = np.clip(dni, 0.0, extra)
    up = cosz > LOWEST_COSZ
    total = given.get("ghi", dhi + dni * np.maximum(cosz, 0.0))
    dhi, dni = np.where(up, dhi, total), np.where(up, dni, 0.0)
    ghi = dhi + dni * np.maximum(cosz, 0.0)
    left = float(np.abs(ghi - total).sum() / total.sum())
    if left > OPEN:
        raise WeatherError(
            f"GHI and DHI + DNI cos z differ by {left:.1%} of GHI, more than {OPEN:.0%}: they are of different skies "
            "or times; check columns and time_label"
        )
    out = weather.assign(ghi=("time", ghi), dhi=("time", dhi), dni=("time", dni), inside=("time", inside))
    split = model if set(given) == {"ghi"} else "given"
    return out.assign_attrs(open=left, decomposition=split)


def _parts(given: dict[str, Floats], time: pd.DatetimeIndex, sun: xr.Dataset, model: str) -> tuple[Floats, Floats]:
    """Return DHI and DNI from what is given. [W/m2]"""
    cosz = sun["cosz"].to_numpy()
    if "dhi" in given and "dni" in given:
        return given["dhi"], given["dni"]
    ghi = given["ghi"]
    if "dhi" in given:
        dni = np.minimum(
            np.maximum(ghi - given["dhi"], 0.0) / np.maximum(cosz, LOWEST_BEAM), sun["dni_extra"].to_numpy()
        )
    elif "dni" in given:
        dni = given["dni"]
    else:
        irradiance = import_module("pvlib.irradiance")
        day = time.day_of_year.to_numpy()
        found = getattr(irradiance, model)(ghi, sun["zenith"].to_numpy(), day)
        dni = np.nan_to_num(np.asarray(found["dni"], dtype=np.float64))
    # GHI is kept: direct light that it cannot hold is not there.
    dni = np.minimum(dni, ghi / np.maximum(cosz, LOWEST_COSZ))
    return ghi - dni * np.maximum(cosz, 0.0), dni


def monthly_sums(year: xr.Dataset) -> pd.DataFrame:
    """Return the twelve months of a year of hours, in the form of the monthly table.

    Parameters
    ----------
    year : Dataset
        As `site_year` gives it.

    Returns
    -------
    DataFrame
        ``month``, ``ghi_kwh_m2``, ``dhi_kwh_m2``, ``dni_kwh_m2`` [kWh/m2], ``temp_air_c`` [degC], ``diurnal_range_k``
        [K], ``wind_m_s`` [m/s].
    """
    month = year["month"].to_numpy()
    frame = pd.DataFrame({n: year[n].to_numpy() for n in (*IRRADIANCE, *AIR)})
    of_month = frame.groupby(month)
    day = np.arange(len(month)) // 24
    of_day = frame["temp_air"].groupby([month, day])
    swing = (of_day.max() - of_day.min()).groupby(level=0).mean()
    sums, means = of_month.sum() / 1000.0, of_month.mean()
    columns = {f"{n}_kwh_m2": sums[n] for n in IRRADIANCE}
    columns |= {"temp_air_c": means["temp_air"], "diurnal_range_k": swing, "wind_m_s": means["wind_speed"]}
    return pd.DataFrame(columns).rename_axis("month").reset_index()


def closure(year: xr.Dataset, monthly: pd.DataFrame) -> pd.DataFrame:
    """Compare a year of hours with a monthly table.

    Parameters
    ----------
    year : Dataset
        As `site_year` gives it.
    monthly : DataFrame
        Twelve rows, columns as `monthly_sums` gives them.

    Returns
    -------
    DataFrame
        By month: the year over the table, less 1, for ``ghi``, ``dhi``, ``dni`` [1]; difference of ``temp_air`` [K].
    """
    found, table = monthly_sums(year).set_index("month"), monthly.set_index("month").sort_index()
    out = {n: found[f"{n}_kwh_m2"] / table[f"{n}_kwh_m2"] - 1.0 for n in IRRADIANCE}
    return pd.DataFrame({**out, "temp_air": found["temp_air_c"] - table["temp_air_c"]})
