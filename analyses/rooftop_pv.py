"""Technical rooftop-PV potential of every building and town: usable roof, capacity, energy by month, CO2 avoided.

Method (docs/methods/rooftop_pv.md): the monthly climate becomes hours; hours become a table of yields by tilt and
azimuth; each footprint gives a roof with its planes; usable share, row spacing and module power give its capacity;
capacity times yield is its energy. Rungs: theoretical (roof area), geographic (usable area), technical (the rest).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.geo.assign import assign_to_towns, centre_lonlat, totals_by_town
from changping_geo.model import Cards, ColumnError, Output, Parameter, ParameterError, Result
from changping_geo.solar import climate, plane, pv, roof, usable
from changping_geo.solar.climate import hourly_year
from changping_geo.solar.kernel import daylight
from changping_geo.solar.roof import FLAT
from changping_geo.solar.table import look_up, yield_table
from changping_geo.solar.usable import USES

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.solar.pv import Chain
    from changping_geo.solar.roof import RoofPlanes

    Floats = NDArray[np.float64]

TITLE = ("屋顶光伏潜力", "Rooftop PV potential")

PARAMETERS = Cards(
    climate.CARDS.cards.values(),
    plane.CARDS.cards.values(),
    pv.CARDS.cards.values(),
    roof.CARDS.cards.values(),
    usable.CARDS.cards.values(),
    Parameter(
        "emission_factor_region",
        "Beijing",
        "word",
        None,
        None,
        "a region of the layer emission_factors",
        verified=True,
        title_zh="电力排放因子地区",
        title_en="Region of the emission factor",
    ),
    Parameter(
        "emission_factor_year",
        2023,
        "1",
        1990,
        2100,
        "a year of the layer emission_factors; factors are never extrapolated",
        verified=True,
        title_zh="电力排放因子年份",
        title_en="Year of the emission factor",
    ),
)

_RANGE = " with the {} end of usable_share"
OUTPUTS = (
    Output("n_roofs", "count", "屋顶数量", "Roofs", "count of rooftops", short="n_roofs"),
    Output(
        "roof_area_m2", "m2", "屋顶面积(理论)", "Roof area (theoretical)", "footprint / cos(slope)", short="roof_m2"
    ),
    *(
        Output(
            f"usable_area_m2{end}",
            "m2",
            f"可用屋顶面积(地理{zh})",
            f"Usable roof area (geographic{en})",
            "roof_area_m2 × share of planes with min_plane_yield × usable_share; 0 below min_usable_area_m2" + how,
            short=f"use_m2{end[:3]}",
        )
        for end, zh, en, how in (
            ("", "", "", ""),
            ("_low", ", 低值", ", low", _RANGE.format("low")),
            ("_high", ", 高值", ", high", _RANGE.format("high")),
        )
    ),
    Output(
        "module_area_m2",
        "m2",
        "组件面积(技术)",
        "Module area (technical)",
        "usable_area_m2 × min(flush_cover, L/D of GB 50797) on flat roofs, × flush_cover on others",
        short="module_m2",
    ),
    *(
        Output(
            f"pv_{what}{end}",
            unit,
            f"{name_zh}(技术{zh})",
            f"{name_en} (technical{en})",
            formula + how,
            short=f"{short}{end[:3]}",
        )
        for what, unit, name_zh, name_en, formula, short in (
            ("capacity_kw", "kW", "光伏装机", "PV capacity", "module_area_m2 × module_density_w_m2 / 1000", "pv_kw"),
            (
                "energy_mwh_a",
                "MWh/a",
                "年发电量",
                "PV energy",
                "pv_capacity_kw × yield of the planes / 1000",
                "pv_mwh",
            ),
        )
        for end, zh, en, how in (
            ("", "", "", ""),
            ("_low", ", 低值", ", low", _RANGE.format("low")),
            ("_high", ", 高值", ", high", _RANGE.format("high")),
        )
    ),
    Output(
        "specific_yield_kwh_kw_a",
        "kWh/(kW a)",
        "单位装机年发电量(技术)",
        "Specific yield (technical)",
        "1000 × pv_energy_mwh_a / pv_capacity_kw",
        extensive=False,
        short="kwh_per_kw",
    ),
    Output(
        "co2_avoided_t_a",
        "t CO2/a",
        "二氧化碳减排量(技术)",
        "CO2 avoided (technical)",
        "pv_energy_mwh_a × grid factor of emission_factor_region and emission_factor_year",
        short="co2_t",
    ),
)
HEADLINE = ("usable_area_m2", "pv_capacity_kw", "pv_energy_mwh_a", "specific_yield_kwh_kw_a", "co2_avoided_t_a")

ENDS = ("_low", "", "_high")
MONTHLY = [f"pv_energy_mwh_m{month:02d}" for month in range(1, 13)]


def compute(
    towns: gpd.GeoDataFrame,
    rooftops: gpd.GeoDataFrame,
    solar_climate: pd.DataFrame,
    emission_factors: pd.DataFrame,
    *,
    sun_year: int = PARAMETERS["sun_year"],
    warmest_hour: float = PARAMETERS["warmest_hour"],
    albedo: float = PARAMETERS["albedo"],
    iam_a_r: float = PARAMETERS["iam_a_r"],
    temperature_coefficient: float = PARAMETERS["temperature_coefficient"],
    faiman_u0: dict[str, float] = PARAMETERS["faiman_u0"],
    faiman_u1: dict[str, float] = PARAMETERS["faiman_u1"],
    losses: dict[str, float] = PARAMETERS["losses"],
    inverter_efficiency: float = PARAMETERS["inverter_efficiency"],
    dc_ac_ratio: float = PARAMETERS["dc_ac_ratio"],
    row_tilt_deg: float = PARAMETERS["row_tilt_deg"],
    gable_tilt_deg: float = PARAMETERS["gable_tilt_deg"],
    metal_tilt_deg: float = PARAMETERS["metal_tilt_deg"],
    flush_cover: float = PARAMETERS["flush_cover"],
    module_density_w_m2: float = PARAMETERS["module_density_w_m2"],
    usable_share: dict[str, float] = PARAMETERS["usable_share"],
    typical_roof: dict[str, str] = PARAMETERS["typical_roof"],
    min_plane_yield: float = PARAMETERS["min_plane_yield"],
    min_usable_area_m2: float = PARAMETERS["min_usable_area_m2"],
    emission_factor_region: str = PARAMETERS["emission_factor_region"],
    emission_factor_year: int = PARAMETERS["emission_factor_year"],
) -> Result:
    """Compute the technical potential of each rooftop and add it up by town.

    The parameters are those of `PARAMETERS`; groups (``usable_share``, ``losses``, ...) may be given in part.

    Raises
    ------
    GeoError
        If a layer does not hold what the method needs, or a sum does not close.
    """
    # 1. Sun and sky of the site, and the yield of every orientation, on open racks and close to the roof
    longitude, latitude = centre_lonlat(towns)
    year = hourly_year(solar_climate, latitude, longitude, sun_year=sun_year, warmest_hour=warmest_hour)
    loss = pv.pvwatts_losses(**_merged("losses", losses))
    u0, u1 = _merged("faiman_u0", faiman_u0), _merged("faiman_u1", faiman_u1)
    chains = {
        mounting: pv.Chain(
            temperature_coefficient, u0[mounting], u1[mounting], loss, inverter_efficiency, dc_ac_ratio, iam_a_r, albedo
        )
        for mounting in u0
    }
    # 2. Roofs and their planes
    roofs = _roofs(rooftops, _merged("typical_roof", typical_roof))
    kind = roofs["roof_type"].to_numpy(dtype=object)
    bearing = roof.long_side_bearing(np.asarray(rooftops.geometry.array, dtype=object))
    tilts = {"row_tilt_deg": row_tilt_deg, "gable_tilt_deg": gable_tilt_deg, "metal_tilt_deg": metal_tilt_deg}
    planes = roof.roof_planes(kind, bearing, latitude, **tilts)
    part, monthly_yield = _sunny(year, chains, planes, kind == FLAT, min_plane_yield)
    # 3. Area, capacity, energy
    share = _merged("usable_share", usable_share)
    cover = np.where(kind == FLAT, roof.row_cover(row_tilt_deg, latitude, flush_cover), flush_cover)
    out = pd.DataFrame({"n_roofs": 1.0, "roof_area_m2": rooftops.geometry.area * planes.surface}, rooftops.index)
    for end, shares in zip(ENDS, (PARAMETERS.low("usable_share"), share, PARAMETERS.high("usable_share")), strict=True):
        found = out["roof_area_m2"] * part * roofs["key"].map(shares).astype(np.float64)
        out[f"usable_area_m2{end}"] = found.where(found >= min_usable_area_m2, 0.0)
        out[f"pv_capacity_kw{end}"] = out[f"usable_area_m2{end}"] * cover * module_density_w_m2 / 1000.0
        out[f"pv_energy_mwh_a{end}"] = out[f"pv_capacity_kw{end}"] * monthly_yield.sum(axis=1) / 1000.0
    out["module_area_m2"] = out["usable_area_m2"] * cover
    out[MONTHLY] = out["pv_capacity_kw"].to_numpy()[:, None] * monthly_yield / 1000.0
    factor = _factor(emission_factors, emission_factor_region, emission_factor_year)
    out["co2_avoided_t_a"] = out["pv_energy_mwh_a"] * factor["kg_co2_per_kwh"].iloc[0]  # kg/kWh is t/MWh
    # 4. Towns
    features = pd.concat([assign_to_towns(rooftops, towns), _with_yield(out).drop(columns="n_roofs")], axis=1)
    features.insert(1, "roof_type_used", roofs["roof_type"])
    features.insert(2, "module_tilt_deg", planes.tilt[:, 0])
    features.insert(3, "module_azimuth_deg", planes.azimuth[:, 0])
    totals = totals_by_town(out, features["town_code"], towns)
    names = [output.name for output in OUTPUTS]
    by_use = out.groupby([roofs["use"], roofs["roof_type"]]).sum()
    return Result(
        by_town=_with_yield(totals)[["town_name", "name_en", *names]],
        features={"rooftops": features},
        tables={
            "monthly_by_town": totals[["town_name", "name_en", *MONTHLY]],
            "by_use": _with_yield(by_use)[names].reset_index(),
            "emission_factor": factor.assign(co2_avoided_t_a=totals["co2_avoided_t_a"].iloc[-1]),
            "assumed_roof_types": _assumed(roofs),
        },
    )


def _merged(group: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Complete a group of parameters with its defaults."""
    known = PARAMETERS[group]
    unknown = [f"{group}.{name}" for name in chosen if name not in known]
    if unknown:
        raise ParameterError(f"unknown parameters {', '.join(unknown)}; known in {group}: {', '.join(known)}")
    return {**known, **chosen}


def _roofs(rooftops: gpd.GeoDataFrame, typical_roof: dict[str, str]) -> pd.DataFrame:
    """Return ``use``, ``roof_type``, whether it was ``assumed``, and the ``key`` of the usable share."""
    if "use" not in rooftops:
        raise ColumnError("the rooftops lack the column 'use'")
    use = rooftops["use"].astype(object)
    unknown = use[~use.isin(list(USES))]
    if len(unknown):
        words = ", ".join(sorted({repr(word) for word in unknown})[:5])
        raise ColumnError(f"{len(unknown)} rooftops have no known use ({words}); use one of: {', '.join(USES)}")
    given = rooftops.get("roof_type", pd.Series(None, index=rooftops.index)).astype(object)
    assumed = given.isna()
    roofs = pd.DataFrame({"use": use, "roof_type": given.where(~assumed, use.map(typical_roof)), "assumed": assumed})
    return roofs.assign(key=roofs["use"].str.cat(roofs["roof_type"], sep="_").astype("category"))


def _sunny(
    year: xr.Dataset, chains: dict[str, Chain], planes: RoofPlanes, flat: NDArray[np.bool_], least: float
) -> tuple[Floats, Floats]:
    """Return the share of each roof's surface with enough sun, shape (n,), and its monthly yield, shape (n, 12)."""
    hours = daylight(year)
    tables = {mounting: yield_table(hours, chain) for mounting, chain in chains.items()}
    yields = np.zeros((*planes.part.shape, 12))
    part = planes.part.copy()
    for mounting, roofs in (("open", flat), ("close", ~flat)):
        best = float(tables[mounting].sum("month").max())
        for side in range(part.shape[1]):
            held = np.flatnonzero(roofs & (part[:, side] > 0))
            found = look_up(tables[mounting], planes.tilt[held, side], planes.azimuth[held, side])
            yields[held, side] = found
            if mounting == "close":  # the slopes of a roof are given; rows on a flat roof are laid as one likes
                part[held, side] *= found.sum(axis=1) >= least * best
    used = part.sum(axis=1)
    mean = np.einsum("rs,rsm->rm", part, yields) / np.where(used > 0, used, 1.0)[:, None]
    return used, mean


def _with_yield(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the specific yield; missing where there is no capacity."""
    capacity = frame["pv_capacity_kw"].where(frame["pv_capacity_kw"] > 0)
    return frame.assign(specific_yield_kwh_kw_a=1000.0 * frame["pv_energy_mwh_a"] / capacity)


def _factor(factors: pd.DataFrame, region: str, year: int) -> pd.DataFrame:
    """Return the one row of the factor that was asked for, with its document."""
    rows = factors[(factors["region"] == region) & (factors["year"] == year)]
    if len(rows) != 1:
        known = ", ".join(sorted({f"{r} {y}" for r, y in zip(factors["region"], factors["year"], strict=True)}))
        raise ParameterError(
            f"{len(rows)} emission factors for {region!r} {year}, one is needed; set emission_factor_region and "
            f"emission_factor_year to one of: {known}"
        )
    return rows.reset_index(drop=True)


def _assumed(roofs: pd.DataFrame) -> pd.DataFrame:
    """Count the roofs whose type was not known, by use and assumed type."""
    rows = roofs[roofs["assumed"]]
    return rows.groupby(["use", "roof_type"]).size().rename("n_roofs").reset_index()
