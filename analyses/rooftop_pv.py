"""Rooftop-PV potential of every building and town, rung by rung: area, capacity, hours, money, CO2, best roofs.

Method (docs/methods/rooftop_pv.md): the climate becomes hours; hours, dust and snow become a table of yields by tilt
and azimuth; each footprint gives the planes of a roof at the slopes that it may have; setback, obstacles, usable share,
row spacing and module power give capacity; capacity times yield is energy. Rungs: theoretical (roof area), geographic
(usable area), technical, policy (whole-county ratios), economic (with a dated tariff), existing (where it is known).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from changping_geo.geo.assign import assign_to_towns, centre_lonlat, totals_by_town
from changping_geo.model import Cards, Output, Parameter, Result
from changping_geo.solar import (
    climate,
    economics,
    ladder,
    monthly,
    perez,
    plane,
    profile,
    programmes,
    pv,
    roof,
    shading,
    siting,
    tilts,
    usable,
    weather,
)
from changping_geo.solar import uncertainty as doubt
from changping_geo.solar.doubts import doubts_by_town
from changping_geo.solar.draws import ranges_of
from changping_geo.solar.layouts import flat_roof_layouts
from changping_geo.solar.parts import sun_weighted_yield
from changping_geo.solar.potential import MONTHLY, Shares, roof_kinds, share_ends, technical
from changping_geo.solar.purse import Purse
from changping_geo.solar.roof import FLAT
from changping_geo.solar.shaded_parts import shade_of, shading_table
from changping_geo.solar.site import climate_by_month, planes_at, yields_at
from changping_geo.solar.summary import area_steps, assumed_types, by_town_programme, by_use, plane_columns
from changping_geo.solar.uncertainty import shared_ranges
from changping_geo.solar.weather import site_year

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import xarray as xr
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TITLE = ("屋顶光伏潜力", "Rooftop PV potential")

#: Made only when `shading_method` asks for it: the horizons of every roof take minutes.
LAZY = ("roof_shading",)

_MODULES = (
    *(climate, weather, plane, monthly, pv, roof, tilts, usable, shading),
    *(ladder, programmes, profile, economics, siting, doubt),
)
PARAMETERS = Cards(
    (card for module in _MODULES for card in module.CARDS.cards.values()),
    Parameter(
        "emission_factor_region",
        "Beijing",
        "word",
        None,
        None,
        "a region of the layer emission_factors; set it for a district elsewhere",
        verified=True,
        title_zh="电力排放因子地区",
        title_en="Region of the emission factor",
    ),
)

_whole = PARAMETERS.merged
_MARGINS = (
    ("", "", "", ""),
    ("_low", ", 低值", ", low", "; low usable_share, high obstacle_share"),
    ("_high", ", 高值", ", high", "; high usable_share, low obstacle_share"),
)
_USABLE = (
    "Σ planes with min_plane_yield: area inside setback_m × (1 - obstacle_share) × usable_share, if min_usable_area_m2"
)
_IF_TARIFF = "of the roofs whose lcoe_cny_kwh is at most tariff_cny_kwh; missing without a tariff"
_IF_KNOWN = "; missing where the rooftops tell no pv_installed_kw at all"


def _ranged(stem: str, unit: str, zh: str, en: str, rung: tuple[str, str], formula: str, short: str) -> list[Output]:
    """Return the cards of a quantity and of the two ends of its range."""
    return [
        Output(stem + end, unit, f"{zh}({rung[0]}{of})", f"{en} ({rung[1]}{to})", formula + how, short=short + end[:3])
        for end, of, to, how in _MARGINS
    ]


OUTPUTS = (
    Output("n_roofs", "count", "屋顶数量", "Roofs", "count of rooftops", short="n_roofs"),
    Output("roof_area_m2", "m2", "屋顶面积(理论)", "Roof area (theoretical)",
           "footprint / cos(slope)", short="roof_m2"),
    *_ranged("usable_area_m2", "m2", "可用屋顶面积", "Usable roof area", ("地理", "geographic"), _USABLE, "use_m2"),
    Output(
        "module_area_m2", "m2", "组件面积(技术)", "Module area (technical)",
        "usable_area_m2 × min(flush_cover, L/D of GB 50797) on flat roofs, × flush_cover on others", short="module_m2",
    ),
    *_ranged(
        "pv_capacity_kw", "kW", "光伏装机", "PV capacity", ("技术", "technical"),
        "module_area_m2 × module_density_w_m2 / 1000", "pv_kw",
    ),
    *_ranged(
        "pv_energy_mwh_a", "MWh/a", "年发电量", "PV energy", ("技术", "technical"),
        "Σ planes: capacity × yield of the plane / 1000", "pv_mwh",
    ),
    *(
        Output(name, unit, zh, en, formula, extensive, short)
        for name, unit, zh, en, formula, extensive, short in (
            ("specific_yield_kwh_kw_a", "kWh/(kW a)", "单位装机年发电量(技术)", "Specific yield (technical)",
             "1000 × pv_energy_mwh_a / pv_capacity_kw", False, "kwh_per_kw"),
            ("winter_share", "1", "采暖季发电占比", "Share of energy in the heating season",
             "hourly energy in heating_season / pv_energy_mwh_a", False, "winter"),
            ("peak_power_kw", "kW", "最大出力(典型日)", "Peak power (typical days)",
             "largest hour of the hourly profile; peaks of towns do not add up", False, "peak_kw"),
            ("co2_avoided_t_a", "t CO2/a", "二氧化碳减排量(技术)", "CO2 avoided (technical)",
             "pv_energy_mwh_a × grid factor of emission_factor_region, _year and _kind", True, "co2_t"),
            ("policy_capacity_kw", "kW", "光伏装机(政策)", "PV capacity (policy)",
             "policy_share of the owner × roof_area_m2 × cover × module_density_w_m2 / 1000; urban households: none",
             True, "pol_kw"),
            ("policy_energy_mwh_a", "MWh/a", "年发电量(政策)", "PV energy (policy)",
             "policy_capacity_kw × mean yield of the roof's sunny planes / 1000", True, "pol_mwh"),
            ("economic_capacity_kw", "kW", "光伏装机(经济)", "PV capacity (economic)",
             f"pv_capacity_kw {_IF_TARIFF}", False, "eco_kw"),
            ("economic_energy_mwh_a", "MWh/a", "年发电量(经济)", "PV energy (economic)",
             f"pv_energy_mwh_a {_IF_TARIFF}", False, "eco_mwh"),
            ("pv_installed_kw", "kW", "已建光伏装机", "PV installed already",
             f"pv_installed_kw of the rooftops{_IF_KNOWN}", False, "inst_kw"),
            ("remaining_capacity_kw", "kW", "剩余光伏装机(技术减已建)", "PV capacity left (technical less existing)",
             f"max(pv_capacity_kw - pv_installed_kw, 0) by roof{_IF_KNOWN}", False, "left_kw"),
            ("remaining_energy_mwh_a", "MWh/a", "剩余年发电量(技术减已建)", "PV energy left (technical less existing)",
             f"remaining_capacity_kw × specific yield of the roof / 1000{_IF_KNOWN}", False, "left_mwh"),
            ("investment_cny", "CNY", "投资(技术)", "Investment (technical)",
             "pv_capacity_kw × money.capex_cny_w × 1000", True, "invest"),
            ("lcoe_cny_kwh", "CNY/kWh", "平准化度电成本(技术)", "Levelised cost (technical)",
             "(capex + Σ om (1+r)^-t) / Σ energy × degradation (1+r)^-t, t = 1 … money.lifetime_a", False, "lcoe"),
            ("payback_a", "a", "静态回收期(技术)", "Simple payback (technical)",
             "investment / (energy × tariff_cny_kwh - om), new modules; missing without a tariff", False, "payback_a"),
            ("lifetime_energy_mwh", "MWh", "寿命期发电量(技术)", "Energy over the lifetime (technical)",
             "pv_energy_mwh_a × Σ degradation over money.lifetime_a", True, "life_mwh"),
            ("lifetime_co2_avoided_t", "t CO2", "寿命期减排量(技术, 因子不变)",
             "CO2 avoided over the lifetime (same factor)",
             "lifetime_energy_mwh × grid factor, held at its year: less as the grid gets cleaner", True, "life_co2"),
        )
    ),
)  # fmt: skip
HEADLINE = ("usable_area_m2", "pv_capacity_kw", "pv_energy_mwh_a", "specific_yield_kwh_kw_a", "co2_avoided_t_a")
#: What stands in the table of towns only.
OF_TOWNS = (
    "n_roofs",
    "winter_share",
    "peak_power_kw",
    "lifetime_energy_mwh",
    "lifetime_co2_avoided_t",
    "pv_installed_kw",
)


def compute(
    towns: gpd.GeoDataFrame,
    rooftops: gpd.GeoDataFrame,
    solar_climate: pd.DataFrame | xr.Dataset,
    emission_factors: pd.DataFrame,
    roof_shading: Callable[[], pd.DataFrame] | None = None,
    *,
    decomposition: str = PARAMETERS["decomposition"],
    typical_method: str = PARAMETERS["typical_method"],
    cell_method: str = PARAMETERS["cell_method"],
    sun_year: int = PARAMETERS["sun_year"],
    warmest_hour: float = PARAMETERS["warmest_hour"],
    monthly_terms: str = PARAMETERS["monthly_terms"],
    albedo: float = PARAMETERS["albedo"],
    albedo_by_month: dict[str, float] = PARAMETERS["albedo_by_month"],
    soiling_by_month: dict[str, float] = PARAMETERS["soiling_by_month"],
    snow_by_month: dict[str, float] = PARAMETERS["snow_by_month"],
    iam_a_r: float = PARAMETERS["iam_a_r"],
    temperature_coefficient: float = PARAMETERS["temperature_coefficient"],
    faiman_u0: dict[str, float] = PARAMETERS["faiman_u0"],
    faiman_u1: dict[str, float] = PARAMETERS["faiman_u1"],
    losses: dict[str, float] = PARAMETERS["losses"],
    shading_method: str = PARAMETERS["shading_method"],
    shading_range: dict[str, float] = PARAMETERS["shading_range"],
    inverter_efficiency: float = PARAMETERS["inverter_efficiency"],
    dc_ac_ratio: float = PARAMETERS["dc_ac_ratio"],
    row_tilt_deg: float = PARAMETERS["row_tilt_deg"],
    roof_slope_deg: dict[str, float] = PARAMETERS["roof_slope_deg"],
    slope_spread_deg: dict[str, float] = PARAMETERS["slope_spread_deg"],
    old_house_before: int = PARAMETERS["old_house_before"],
    flush_cover: float = PARAMETERS["flush_cover"],
    module_density_w_m2: float = PARAMETERS["module_density_w_m2"],
    setback_m: dict[str, float] = PARAMETERS["setback_m"],
    obstacle_share: dict[str, float] = PARAMETERS["obstacle_share"],
    usable_share: dict[str, float] = PARAMETERS["usable_share"],
    typical_roof: dict[str, str] = PARAMETERS["typical_roof"],
    min_plane_yield: float = PARAMETERS["min_plane_yield"],
    min_usable_area_m2: float = PARAMETERS["min_usable_area_m2"],
    policy_share: dict[str, float] = PARAMETERS["policy_share"],
    programme_by_use: dict[str, str] = PARAMETERS["programme_by_use"],
    programme_by_owner: dict[str, str] = PARAMETERS["programme_by_owner"],
    heating_season: dict[str, str] = PARAMETERS["heating_season"],
    money: dict[str, float] = PARAMETERS["money"],
    degradation: dict[str, float] = PARAMETERS["degradation"],
    tariff_cny_kwh: float = PARAMETERS["tariff_cny_kwh"],
    tariff_date: str = PARAMETERS["tariff_date"],
    emission_factor_region: str = PARAMETERS["emission_factor_region"],
    emission_factor_year: int = PARAMETERS["emission_factor_year"],
    emission_factor_kind: str = PARAMETERS["emission_factor_kind"],
    best_roofs: dict[str, Any] = PARAMETERS["best_roofs"],
    uncertainty: dict[str, float] = PARAMETERS["uncertainty"],
    uncertainty_years: int = PARAMETERS["uncertainty_years"],
    uncertainty_draws: int = PARAMETERS["uncertainty_draws"],
) -> Result:
    """Compute every rung of each rooftop and add them up by town and programme.

    The parameters are those of `PARAMETERS`; groups (``usable_share``, ``losses``, ...) may be given in part.
    `roof_shading` gives the horizon losses of every roof when `shading_method` is ``geometric``.

    Raises
    ------
    GeoError
        If a layer does not hold what the method needs, or a sum does not close.
    """
    paid = economics.check_tariff(tariff_cny_kwh, tariff_date)
    factor = economics.grid_factor(emission_factors, emission_factor_region, emission_factor_year, emission_factor_kind)
    # 1. Sun and sky of the site, and the yield of every orientation, on open racks and close to the roof
    longitude, latitude = centre_lonlat(towns)
    year = site_year(
        solar_climate, latitude, longitude, sun_year=sun_year, warmest_hour=warmest_hour,
        decomposition=decomposition, typical_method=typical_method, cell_method=cell_method,
    )  # fmt: skip
    year, losses = monthly.with_terms(
        year, _whole("losses", losses), monthly_terms=monthly_terms, albedo=albedo,
        albedo_by_month=_whole("albedo_by_month", albedo_by_month),
        soiling_by_month=_whole("soiling_by_month", soiling_by_month),
        snow_by_month=_whole("snow_by_month", snow_by_month),
    )  # fmt: skip
    here = yields_at(
        year, latitude, losses, shade_of(shading_method, roof_shading, rooftops),
        u0=_whole("faiman_u0", faiman_u0), u1=_whole("faiman_u1", faiman_u1), iam_a_r=iam_a_r, albedo=albedo,
        temperature_coefficient=temperature_coefficient, inverter_efficiency=inverter_efficiency,
        dc_ac_ratio=dc_ac_ratio,
    )  # fmt: skip
    # 2. Roofs and their planes, at the slopes that they may have
    roofs = roof_kinds(rooftops, _whole("typical_roof", typical_roof))
    parts = planes_at(
        here, rooftops, roofs,
        roof_slope_deg=_whole("roof_slope_deg", roof_slope_deg), old_house_before=old_house_before,
        slope_spread_deg=_whole("slope_spread_deg", slope_spread_deg), setback_m=_whole("setback_m", setback_m),
        row_tilt_deg=row_tilt_deg, min_plane_yield=min_plane_yield,
    )  # fmt: skip
    # 3. Area, capacity, energy, with the ends of what nobody knows
    shares = Shares(
        share_ends(PARAMETERS, "obstacle_share", obstacle_share, roofs["roof_type"])[::-1],
        share_ends(PARAMETERS, "usable_share", usable_share, roofs["key"]),
    )
    cover = np.where(roofs["roof_type"] == FLAT, roof.row_cover(row_tilt_deg, latitude, flush_cover), flush_cover)
    out, power = technical(parts, rooftops.index, cover, module_density_w_m2, shares, min_usable_area_m2)
    kg_per_kwh = float(factor["kg_co2_per_kwh"].iloc[0])
    purse = Purse(_whole("money", money), _whole("degradation", degradation), losses["lid"], tariff_cny_kwh, kg_per_kwh)
    out = purse.spent(out)
    # 4. The rungs beside the technical one; a rung that nothing is known of is missing, not zero
    ratio = _whole("policy_share", policy_share)
    kw_m2, kwh_kw = cover * module_density_w_m2 / 1000.0, sun_weighted_yield(parts, len(out))
    out = ladder.with_policy(out, ladder.policy_share_of(roofs["owner"], ratio), kw_m2, kwh_kw)
    pays = paid & (purse.priced(out)["lcoe_cny_kwh"] <= tariff_cny_kwh)
    out, known = ladder.with_rungs(out, pays, rooftops)
    missing = ([] if paid else list(ladder.ECONOMIC)) + ([] if known else list(ladder.EXISTING))
    # 5. Programmes, towns, hours
    rules = _whole("programme_by_use", programme_by_use), _whole("programme_by_owner", programme_by_owner)
    programme = programmes.programme_of(roofs["use"], roofs["owner"], *rules)
    place = assign_to_towns(rooftops, towns)
    totals = totals_by_town(out, place, towns)
    monthly_kwh = 1000.0 * totals[MONTHLY].iloc[:-1].to_numpy() if here.seen is not None else None
    of_hours = (year, here.hours, here.chains, here.tables["open"])
    hourly = profile.town_hours(parts, power, place, list(totals.index[:-1]), *of_hours, monthly_kwh)
    season = profile.town_columns(hourly, totals.index, **_whole("heating_season", heating_season))
    by_town = purse.priced(totals).join(season).assign(**dict.fromkeys(missing, np.nan))
    # 6. What is handed over
    names = [output.name for output in OUTPUTS]
    values = purse.priced(out).assign(**dict.fromkeys(missing, np.nan))
    values = values[[name for name in (*names, *MONTHLY) if name in values and name not in OF_TOWNS]]
    told = pd.DataFrame({"roof_type_used": roofs["roof_type"], "programme": programme}, rooftops.index)
    features = pd.concat([place, told, plane_columns(parts, power, rooftops.index), values], axis=1)
    features.attrs["words"] = {"programme": programmes.PROGRAMMES, "roof_type_used": usable.TYPES}
    shared = shared_ranges(uncertainty_years, module_density=module_density_w_m2, **_whole("uncertainty", uncertainty))
    usable_ends = ranges_of(PARAMETERS, "usable_share", usable_share)
    obstacle_ends = ranges_of(PARAMETERS, "obstacle_share", obstacle_share)
    layouts = flat_roof_layouts(
        here.hours, here.chains, latitude,
        row_tilt_deg=row_tilt_deg, flush_cover=flush_cover, module_density_w_m2=module_density_w_m2,
    )  # fmt: skip
    return Result(
        by_town=by_town[["town_name", "name_en", *names]],
        features={"rooftops": features},
        tables={
            "ladder": ladder.ladder_table(
                by_town.iloc[-1], tariff=economics.tariff_text(tariff_cny_kwh, tariff_date), installed=known
            ),
            "by_town_programme": by_town_programme(out, place, programme, totals["town_name"], purse),
            "policy_by_owner": ladder.policy_by_owner(out, roofs["owner"], ratio),
            "best_roofs": siting.best_roofs(
                rooftops, features, totals["town_name"], **_whole("best_roofs", best_roofs)
            ),
            "monthly_by_town": totals[["town_name", "name_en", *MONTHLY]],
            "by_use": by_use(out, roofs, [name for name in names if name not in missing], purse),
            "roof_area_steps": area_steps(parts, shares, roofs, out["usable_area_m2"]),
            "flat_roof_layouts": layouts,
            "shading": shading_table(here.seen, losses, _whole("shading_range", shading_range), by_town.iloc[-1]),
            **doubts_by_town(features, roofs["key"], usable_ends, obstacle_ends, towns, shared, uncertainty_draws),
            "climate_by_month": climate_by_month(here, solar_climate),
            "sky_models": perez.transposition_sensitivity(year, albedo=albedo),
            "emission_factor": factor.assign(co2_avoided_t_a=totals["co2_avoided_t_a"].iloc[-1]),
            "assumed_roof_types": assumed_types(roofs),
        },
        datasets={"hourly_by_town": hourly},
    )
