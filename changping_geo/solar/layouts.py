"""Ways to lay modules on a flat roof: rows at any tilt, or flush; best per kilowatt and best per square metre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.solar.kernel import Daylight, monthly_yield
from changping_geo.solar.roof import equator_azimuth, row_cover, row_spacing

if TYPE_CHECKING:
    from changping_geo.solar.pv import Chain

#: Tilts of rows that the table shows. [degrees]
TILTS = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)
#: Tilts among which the best are sought. [degrees]
SOUGHT = np.arange(1.0, 61.0)


def flat_roof_layouts(
    hours: Daylight,
    chains: dict[str, Chain],
    latitude: float,
    *,
    row_tilt_deg: float,
    flush_cover: float,
    module_density_w_m2: float,
) -> pd.DataFrame:
    """Compare layouts on a square metre of usable flat roof whose edges face the equator.

    Parameters
    ----------
    hours : Daylight
        Of the site.
    chains : dict of str to Chain
        From irradiance to alternating current: ``open`` for rows, ``close`` for flush modules.
    latitude : float
        Site. [degrees north]
    row_tilt_deg : float
        The tilt that the results rest on. [degrees]
    flush_cover : float
        Cover of flush modules, and the most that rows may cover. [1]
    module_density_w_m2 : float
        Module power per module area. [W/m2]

    Returns
    -------
    DataFrame
        ``layout``, ``row_tilt_deg``, ``row_distance_ratio`` (D / L of GB 50797), ``ground_cover`` (module area over
        roof area), ``power_w_m2``, ``yield_kwh_kw_a``, ``energy_kwh_m2_a``, and ``best_per_kw``, ``best_rows_per_m2``,
        ``best_per_m2``, ``layout_used``. The best tilt per kW has a row of its own.

    References
    ----------
    GB 50797-2012, Code for design of photovoltaic power station, row distance of fixed arrays
    """
    south = equator_azimuth(latitude)
    sought = monthly_yield(hours, SOUGHT, np.full(SOUGHT.size, south), chains["open"]).sum(axis=1)
    best = float(SOUGHT[int(np.argmax(sought))])
    tilts = np.array(sorted({*TILTS, row_tilt_deg, best}))
    rows = monthly_yield(hours, tilts, np.full(tilts.size, south), chains["open"]).sum(axis=1)
    flush = monthly_yield(hours, np.zeros(1), np.array([south]), chains["close"]).sum(axis=1)
    out = pd.DataFrame(
        {
            "layout": ["flush", *["rows"] * tilts.size],
            "row_tilt_deg": [0.0, *tilts],
            "row_distance_ratio": [np.nan, *(row_spacing(tilt, latitude) for tilt in tilts)],
            "ground_cover": [flush_cover, *(row_cover(tilt, latitude, flush_cover) for tilt in tilts)],
            "yield_kwh_kw_a": [*flush, *rows],
        }
    )
    out.insert(4, "power_w_m2", out["ground_cover"] * module_density_w_m2)
    out["energy_kwh_m2_a"] = out["power_w_m2"] * out["yield_kwh_kw_a"] / 1000.0
    standing = out["layout"] == "rows"
    out["best_per_kw"] = out["row_tilt_deg"].eq(best) & standing
    out["best_rows_per_m2"] = out["energy_kwh_m2_a"].eq(out.loc[standing, "energy_kwh_m2_a"].max()) & standing
    out["best_per_m2"] = out["energy_kwh_m2_a"] == out["energy_kwh_m2_a"].max()
    out["layout_used"] = out["row_tilt_deg"].eq(row_tilt_deg) & standing
    out.attrs = {"title_zh": "平屋顶布置比较", "title_en": "layouts on flat roofs"}
    return out
