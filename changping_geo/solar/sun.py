"""Where the sun stands, and how strong it is above the air."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
import xarray as xr

from changping_geo.model import ParameterError

#: Below this elevation's sine (1 degree) ratios to the horizontal are held: pvlib's bound for R_b. [1]
LOWEST_COSZ = 0.01745


def sun_position(
    start: pd.DatetimeIndex, latitude: float, longitude: float, *, interval_h: float = 1.0, inside: float = 0.5
) -> xr.Dataset:
    """Return the sun's place inside each interval, by the Solar Position Algorithm.

    Parameters
    ----------
    start : DatetimeIndex
        Beginnings of the intervals, UTC without zone, shape (t,).
    latitude, longitude : float
        Site. [degrees north, degrees east]
    interval_h : float
        Length of an interval. [h]
    inside : float
        Where in the interval the sun is looked at; 0.5 is its middle. [1]

    Returns
    -------
    Dataset
        On ``time`` (interval start), shape (t,): ``zenith`` and ``azimuth`` of the refracted sun, north = 0 clockwise
        [degrees]; ``cosz``, the cosine of the zenith [1]; ``dni_extra``, extraterrestrial normal irradiance [W/m2].

    Raises
    ------
    ParameterError
        If the site is not on the globe, or the stamps carry a zone.

    References
    ----------
    Reda & Andreas 2004, doi:10.1016/j.solener.2003.12.003 (position); Spencer 1971, Search 2(5):172 (eccentricity).
    """
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # noqa: PLR2004 - the globe
        raise ParameterError(f"latitude {latitude}, longitude {longitude} is no place on the globe; is the CRS right?")
    if start.tz is not None:
        raise ParameterError("time stamps carry a zone; give plain UTC")
    # pvlib takes as long to load as everything else together, so only those who look at the sun pay for it.
    solarposition = import_module("pvlib.solarposition")
    irradiance = import_module("pvlib.irradiance")
    looked = (start + pd.Timedelta(hours=inside * interval_h)).tz_localize("UTC")
    at = solarposition.get_solarposition(looked, latitude, longitude, method="nrel_numpy")
    zenith = at["apparent_zenith"].to_numpy()
    columns = {
        "zenith": zenith,
        "azimuth": at["azimuth"].to_numpy(),
        "cosz": np.cos(np.radians(zenith)),
        "dni_extra": irradiance.get_extra_radiation(looked.day_of_year.to_numpy()),
    }
    sun = xr.Dataset({name: ("time", values) for name, values in columns.items()}, coords={"time": start})
    sun.attrs = {"label": "interval start, UTC", "latitude": latitude, "longitude": longitude}
    return sun


def relative_airmass(zenith: np.ndarray) -> np.ndarray:
    """Return the air mass relative to the zenith.

    Parameters
    ----------
    zenith : ndarray
        Zenith angle of the refracted sun, below 90. [degrees]

    Returns
    -------
    ndarray
        Relative air mass. [1]

    References
    ----------
    Kasten & Young 1989, doi:10.1364/AO.28.004735
    """
    z = np.asarray(zenith, dtype=np.float64)
    above = np.maximum(96.07995 - z, 1e-9)
    out: np.ndarray = 1.0 / (np.cos(np.radians(z)) + 0.50572 * above**-1.6364)
    return out
