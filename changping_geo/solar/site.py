"""The sun and sky of one site, the yield of every orientation there, and the roofs' planes under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from changping_geo.solar import pv
from changping_geo.solar.kernel import Daylight, daylight
from changping_geo.solar.parts import CLOSE, Part, footprint_shapes, lay_parts
from changping_geo.solar.shaded_parts import shade_parts
from changping_geo.solar.shading import diffuse_share, loss_without_shading
from changping_geo.solar.table import yield_table
from changping_geo.solar.tilts import slopes
from changping_geo.solar.weather import closure, monthly_sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import xarray as xr

    from changping_geo.solar.pv import Chain

Floats = NDArray[np.float64]

#: What the table of the climate holds beside the months of `weather.monthly_sums`.
HEADINGS = {
    "ghi_kwh_m2": ("水平面总辐照量", "Global horizontal irradiation", "kWh/m2"),
    "dhi_kwh_m2": ("水平面散射辐照量", "Diffuse horizontal irradiation", "kWh/m2"),
    "dni_kwh_m2": ("法向直接辐照量", "Direct normal irradiation", "kWh/m2"),
    "temp_air_c": ("气温", "Air temperature", "°C"),
    "diurnal_range_k": ("日较差", "Daily range of temperature", "K"),
    "wind_m_s": ("风速", "Wind speed", "m/s"),
    "albedo": ("地面反射率", "Ground albedo", "1"),
    "dust_and_snow_pct": ("积灰与积雪损失", "Loss by dust and snow", "%"),
    "ghi_off_pct": ("总辐照量闭合差", "Global: hours less months", "%"),
    "dhi_off_pct": ("散射辐照量闭合差", "Diffuse: hours less months", "%"),
    "dni_off_pct": ("直接辐照量闭合差", "Direct: hours less months", "%"),
    "temp_air_off_k": ("气温闭合差", "Temperature: hours less months", "K"),
}


class Site(NamedTuple):
    """What planes yield at a site.

    Attributes
    ----------
    latitude : float
        [degrees north]
    year : Dataset
        Its year of hours.
    hours : Daylight
        Those with light.
    losses : dict of str to float
        Steady losses by name. [%]
    chains : dict of str to Chain
        From irradiance to alternating current, by mounting.
    tables : dict of str to DataArray
        Yield by tilt, azimuth and month, by mounting. [kWh/kW]
    seen : DataFrame or None
        The shading of each roof where it is computed; the chains then have no flat shading loss. [1]
    """

    latitude: float
    year: xr.Dataset
    hours: Daylight
    losses: dict[str, float]
    chains: dict[str, Chain]
    tables: dict[str, xr.DataArray]
    seen: pd.DataFrame | None


def yields_at(
    year: xr.Dataset,
    latitude: float,
    losses: Mapping[str, float],
    seen: pd.DataFrame | None,
    *,
    u0: Mapping[str, float],
    u1: Mapping[str, float],
    **electric: float,
) -> Site:
    """Compute the yield of every orientation, for each mounting.

    Parameters
    ----------
    year : Dataset
        From `weather.site_year`, with its terms by month from `monthly.with_terms`.
    latitude : float
        [degrees north]
    losses : mapping of str to float
        Steady losses by name, all of `pv.LOSSES`. [%]
    seen : DataFrame or None
        From `shaded_parts.shade_of`. [1]
    u0, u1 : mapping of str to float
        Heat loss by mounting. [W/(m2 K), W s/(m3 K)]
    **electric : float
        The other fields of `pv.Chain`.

    Returns
    -------
    Site
        With a table for each mounting.
    """
    system = pv.pvwatts_losses(**losses) if seen is None else loss_without_shading(losses)
    chains = {how: pv.Chain(u0=u0[how], u1=u1[how], loss=system, **electric) for how in u0}
    hours = daylight(year)
    tables = {how: yield_table(hours, chain) for how, chain in chains.items()}
    return Site(latitude, year, hours, dict(losses), chains, tables, seen)


def planes_at(
    site: Site,
    rooftops: gpd.GeoDataFrame,
    roofs: pd.DataFrame,
    *,
    roof_slope_deg: dict[str, float],
    slope_spread_deg: dict[str, float],
    old_house_before: int,
    setback_m: Mapping[str, float],
    row_tilt_deg: float,
    min_plane_yield: float,
) -> list[Part]:
    """Lay the planes of roofs and look their yield up, shaded where the shading is computed.

    Parameters
    ----------
    site : Site
        From `yields_at`.
    rooftops : GeoDataFrame
        Footprints in a metric CRS, n rows. [m]
    roofs : DataFrame
        From `potential.roof_kinds`, n rows.
    roof_slope_deg, slope_spread_deg, old_house_before
        As in `tilts.slopes`. [degrees, degrees, a]
    setback_m : mapping of str to float
        By roof type. [m]
    row_tilt_deg, min_plane_yield : float
        As in `parts.lay_parts`. [degrees, 1]

    Returns
    -------
    list of Part
        As `parts.lay_parts` gives them.
    """
    kind = roofs["roof_type"].to_numpy(dtype=object)
    slope = slopes(
        kind,
        roofs["use"].to_numpy(dtype=object),
        roofs["built_year"].to_numpy(),
        roof_slope_deg=roof_slope_deg,
        slope_spread_deg=slope_spread_deg,
        old_house_before=old_house_before,
    )
    shapes = footprint_shapes(np.asarray(rooftops.geometry.array, dtype=object), kind)
    setback: Floats = np.asarray(roofs["roof_type"].map(dict(setback_m)), dtype=np.float64)
    how = {"row_tilt_deg": row_tilt_deg, "min_plane_yield": min_plane_yield}
    parts = lay_parts(shapes, slope, setback, site.tables, site.latitude, **how)
    if site.seen is None:
        return parts
    diffuse = {mounting: diffuse_share(site.hours, chain) for mounting, chain in site.chains.items()}
    least = min_plane_yield * float(site.tables[CLOSE].sum("month").max())
    return shade_parts(parts, site.seen, diffuse, flat_loss=site.losses["shading"], least_kwh_kw=least)


def climate_by_month(site: Site, given: pd.DataFrame | xr.Dataset) -> pd.DataFrame:
    """Return the months of the year of hours, with the terms by month, and how far they are from a monthly climate.

    Parameters
    ----------
    site : Site
        From `yields_at`.
    given : DataFrame or Dataset
        The layer ``solar_climate``: months, which the hours must add up to, or hours, which are what they are.

    Returns
    -------
    DataFrame
        Twelve rows, columns of `HEADINGS`; those of the closure for a climate of months only.
    """
    out = monthly_sums(site.year)
    of_month = site.year["month"].to_numpy()
    for name, usual in {"albedo": next(iter(site.chains.values())).albedo, "kept": 1.0}.items():
        hourly = site.year[name].to_numpy() if name in site.year else np.full(of_month.size, usual)
        out[name] = pd.Series(hourly).groupby(of_month).first().to_numpy()
    out["dust_and_snow_pct"] = 100.0 * (1.0 - out.pop("kept"))
    if isinstance(given, pd.DataFrame):
        off = closure(site.year, given).reset_index(drop=True)
        for name in ("ghi", "dhi", "dni"):
            out[f"{name}_off_pct"] = 100.0 * off[name]
        out["temp_air_off_k"] = off["temp_air"]
    out.attrs = {"title_zh": "逐月气候与闭合差", "title_en": "climate by month, and closure", "headings": HEADINGS}
    return out
