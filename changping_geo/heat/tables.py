"""Tables of the heat-pump analysis: break-even, kinds, siting, coverage of key areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from changping_geo.heat.advice import ADVICE, FIELD_BASIS
from changping_geo.heat.allocate import TESTS
from changping_geo.heat.estimate import SAVING, pv_beside, saving_word
from changping_geo.heat.headings import PARCEL_HEADINGS, PROJECT_HEADINGS
from changping_geo.heat.parcels import EXCLUSIONS, SOURCES
from changping_geo.heat.planarea import key_area
from changping_geo.heat.pump import KINDS, break_even_spf
from changping_geo.made import Made

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from changping_geo.heat.planarea import KeyArea
    from changping_geo.heat.season import Season

    Floats = NDArray[np.float64]

BEST = 100  # parcels in the siting table


def break_even_table(emission_factors: pd.DataFrame, heat: Mapping[str, float]) -> pd.DataFrame:
    """Return the seasonal performance at which nothing is saved, for every dated factor and boiler.

    Parameters
    ----------
    emission_factors : DataFrame
        ``year``, ``region``, ``kg_co2_per_kwh``, ``document``.
    heat : mapping of str to float
        CO2 of heat by boiler. [kg/kWh]
    """
    out = emission_factors[["year", "region", "kg_co2_per_kwh", "document"]].copy()
    for name, factor in heat.items():
        out[f"break_even_spf_{name}"] = out["kg_co2_per_kwh"].astype(float) / factor
    out.attrs = {
        "title_zh": "盈亏平衡季节能效", "title_en": "break-even seasonal performance",
        "headings": {"year": ("因子年份", "Year of the factor"), "region": ("地区", "Region"),
                     "kg_co2_per_kwh": ("电力排放因子", "Grid factor", "kg CO2/kWh"),
                     "document": ("文号", "Document"),
                     "break_even_spf_gas_boiler": ("平衡能效(对燃气锅炉)", "Break-even SPF, gas boiler", "1"),
                     "break_even_spf_coal_boiler": ("平衡能效(对燃煤锅炉)", "Break-even SPF, coal boiler", "1")},
    }  # fmt: skip
    return out.reset_index(drop=True)


def kinds_table(
    regression: Mapping[str, float], factors: Mapping[str, tuple[float, float, float]], grid: float, gas: float
) -> pd.DataFrame:
    """Return performance of each kind by the regression, with its field range and what it means for CO2.

    Parameters
    ----------
    regression : mapping of str to float
        Seasonal performance before the field factor. [1]
    factors : mapping of str to tuple of float
        Low, central and high field factor. [1]
    grid, gas : float
        CO2 of electricity and of heat from gas. [kg/kWh]
    """
    even = break_even_spf(grid, gas)
    rows = []
    for kind, rated in regression.items():
        spf = np.maximum(rated * np.asarray(factors[kind]), 1.0)
        word = str(saving_word(spf[[0]], spf[[2]], even)[0])
        rows.append((kind, *KINDS[kind], rated, *spf, even, *SAVING[word]))
    columns = ["kind", "kind_zh", "kind_en", "cop_rated", "spf_low", "spf", "spf_high", "break_even_spf"]
    out = pd.DataFrame(rows, columns=[*columns, "saving_zh", "saving_en"])
    out.attrs = {
        "title_zh": "各类热泵季节能效", "title_en": "seasonal performance by kind",
        "headings": {"cop_rated": ("回归季节能效", "Regression", "1"), "spf_low": ("实测低值", "Field, low", "1"),
                     "spf": ("实测中值", "Field, central", "1"), "spf_high": ("实测高值", "Field, high", "1"),
                     "break_even_spf": ("盈亏平衡能效", "Break-even", "1"), "kind_zh": ("类型", "Kind (Chinese)"),
                     "kind_en": ("类型(英文)", "Kind"), "saving_zh": ("对燃气锅炉", "Against gas (Chinese)"),
                     "saving_en": ("对燃气锅炉(英文)", "Against gas")},
    }  # fmt: skip
    return out


def siting_table(parcels: gpd.GeoDataFrame, town_names: pd.Series) -> pd.DataFrame:
    """Return the parcels that suit best, with the place of a point inside each.

    Parameters
    ----------
    parcels : GeoDataFrame
        With ``town_code`` and what `potential.with_coverage` gives.
    town_names : Series
        Names by town code.
    """
    columns = ["parcel_id", "source", "open_m2", "n_bores", "potential_mwh_a", "served_mwh_a", "coverage"]
    columns += ["heated_area_m2", "response_test", "suitability"]
    rows = parcels[parcels["suitability"] > 0].sort_values(["suitability", "parcel_id"], ascending=[False, True])
    rows = rows.head(BEST)
    out = pd.DataFrame(rows[columns]).reset_index(drop=True)
    names = rows["town_code"].map(town_names).fillna("").to_numpy()
    out.insert(0, "rank", np.arange(1, len(out) + 1))
    out.insert(1, "town_name", names)
    at = rows.geometry.representative_point()
    at = at.to_crs("EPSG:4326") if len(at) else at
    out["lon"], out["lat"] = at.x.to_numpy(), at.y.to_numpy()
    out.attrs = {
        "title_zh": "浅层地源选址", "title_en": "best parcels for ground source",
        "headings": PARCEL_HEADINGS | {"rank": ("名次", "Rank"), "lon": ("经度", "Longitude", "degree"),
                                       "lat": ("纬度", "Latitude", "degree")},
    }  # fmt: skip
    return out


def key_area_table(areas: Iterable[KeyArea], cells: gpd.GeoDataFrame, parcels: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return demand and ground potential inside key areas, by the middles of cells and parcels.

    Parameters
    ----------
    areas : iterable of KeyArea
        The areas.
    cells : GeoDataFrame
        ``x``, ``y``, ``heat_demand_mwh_a``, ``open_demand_mwh_a``, ``covered_mwh_a``.
    parcels : GeoDataFrame
        ``potential_mwh_a``, ``n_bores``.
    """
    inner = parcels.geometry.representative_point()
    rows = []
    for area in areas:
        if area.shape is None:
            rows.append((area.name, area.boundary, *[np.nan] * 6))
            continue
        shapely.prepare(area.shape)
        cell = shapely.contains_xy(area.shape, cells["x"], cells["y"])
        parcel = shapely.contains_xy(area.shape, inner.x, inner.y)
        open_, covered = (float(cells[c].to_numpy()[cell].sum()) for c in ("open_demand_mwh_a", "covered_mwh_a"))
        whole = float(cells["heat_demand_mwh_a"].to_numpy()[cell].sum())
        potential = float(parcels["potential_mwh_a"].to_numpy()[parcel].sum())
        rows.append((area.name, area.boundary, area.shape.area, whole, potential, open_, covered,
                     covered / open_ if open_ > 0 else np.nan))  # fmt: skip
    columns = ["area", "boundary", "area_m2", "heat_demand_mwh_a", "potential_mwh_a", "open_demand_mwh_a"]
    out = pd.DataFrame(rows, columns=[*columns, "covered_mwh_a", "covered_share"])
    out.attrs = {
        "title_zh": "重点区域供热潜力", "title_en": "ground potential of key areas",
        "headings": {"area": ("区域", "Area"), "boundary": ("范围依据", "Extent"), "area_m2": ("面积", "Area", "m2"),
                     "heat_demand_mwh_a": ("热需求", "Heat demand", "MWh/a"),
                     "potential_mwh_a": ("浅层地源可供热量", "Ground potential", "MWh/a"),
                     "open_demand_mwh_a": ("未由项目供给的热需求", "Demand without a project", "MWh/a"),
                     "covered_mwh_a": ("地源覆盖", "Covered by ground", "MWh/a"),
                     "covered_share": ("覆盖率", "Coverage", "1")},
    }  # fmt: skip
    return out


PARCEL_WORDS = {"source": SOURCES, "excluded": EXCLUSIONS, "response_test": TESTS}
_PARCEL_COLUMNS = (
    *("parcel_id", "source", "town_name", "excluded", "open_m2", "n_bores", "bore_power_w_m", "ground_heat_mwh_a"),
    *("potential_mwh_a", "demand_in_reach_mwh_a", "served_mwh_a", "coverage", "heated_area_m2", "response_test"),
    "suitability",
)
_CELL_COLUMNS = (
    *("cell_id", "n_buildings", "floor_area_m2", "heat_peak_kw", "heat_demand_mwh_a", "open_demand_mwh_a"),
    *("covered_mwh_a", "covered_share", "elevation_m", "advice", "spf"),
)


def parcels_shown(parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the columns of parcels that a map shows."""
    return parcels[[*_PARCEL_COLUMNS, "geometry"]].copy()


def cells_shown(cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the cells with heat demand, and the columns that a map shows."""
    rows = cells[cells["heat_demand_mwh_a"] > 0]
    return rows[[*_CELL_COLUMNS, "geometry"]].reset_index(drop=True)


def fields_made(fields: gpd.GeoDataFrame) -> dict[str, Made]:
    """Return the geothermal fields as a layer, marked by what their extent rests on; nothing when there are none."""
    if fields.empty:
        return {}
    headings: dict[str, tuple[str, ...]] = {
        "name": ("名称", "Name"),
        "depth_class": ("深度类别", "Depth class"),
        "basis": ("范围依据", "Extent"),
    }
    depths = {
        "unknown": ("未知", "unknown"),
        "shallow": ("浅层(<200米)", "shallow, under 200 m"),
        "medium": ("中深层(200至3000米)", "200 to 3000 m"),
        "deep": ("深层(>3000米)", "over 3000 m"),
    }
    words = {"basis": FIELD_BASIS, "depth_class": depths}
    return {"heat_fields": Made("地热田(所用范围)", "geothermal fields as used", fields, headings, words)}


def project_features(values: pd.DataFrame, town_code: pd.Series, new: NDArray[np.bool_]) -> pd.DataFrame:
    """Return the values of projects with their headings and words."""
    out = pd.concat([town_code, values], axis=1)
    out["counted_as_new"] = np.where(new, "yes", "no")
    out.attrs = {
        "headings": PROJECT_HEADINGS,
        "words": {
            "saving_gas": SAVING,
            "cop_basis": {"design": ("设计能效", "design COP"), "regression": ("回归式", "regression")},
            "counted_as_new": {"yes": ("是", "yes"), "no": ("否", "no")},
        },
    }
    return out


def areas_shown(
    areas: Mapping[str, KeyArea],
    delivered: gpd.GeoDataFrame | None,
    places: gpd.GeoDataFrame | None,
    radius_m: float,
) -> list[KeyArea]:
    """Return the areas of the targets, and the further key areas that are delivered or named as places.

    Parameters
    ----------
    areas : mapping of str to KeyArea
        Areas of the targets.
    delivered, places : GeoDataFrame, optional
        As in `planarea.key_area`.
    radius_m : float
        Radius of a circle. [m]
    """
    points = places[places["theme"] == "key_area"] if places is not None else None
    rows = [] if delivered is None else list(delivered.itertuples())
    rows += [] if points is None else list(points.itertuples())
    out = [area for area in areas.values() if area.shape is not None]
    seen = {area.name for area in out}
    for row in rows:
        names = {str(row.name_zh), str(getattr(row, "name_en", ""))}
        if not names & seen:
            out.append(key_area(str(row.name_zh), delivered, places, radius_m))
            seen |= names
    return out


def advice_table(cells: pd.DataFrame, grid: float, gas: float) -> pd.DataFrame:
    """Return demand by the kind that suits, with its performance and what it would save against gas.

    Parameters
    ----------
    cells : DataFrame
        From `outlook.with_advice`.
    grid, gas : float
        CO2 of electricity and of heat from gas. [kg/kWh]
    """
    known = cells["spf"].notna()
    power = (cells["open_demand_mwh_a"] / cells["spf"]).where(known, 0.0)
    work = cells.assign(power=power, heat=cells["open_demand_mwh_a"].where(known, 0.0), n_cells=1)
    out = (
        work.groupby("advice")[["n_cells", "heat_demand_mwh_a", "heat", "power"]]
        .sum()
        .reindex(list(ADVICE))
        .fillna(0.0)
    )
    out["spf"] = out["heat"] / out["power"].where(out["power"] > 0)
    out["co2_saved_t_a"] = gas * out["heat"] - grid * out["power"]
    out = out.rename(columns={"heat": "open_demand_mwh_a", "power": "electricity_mwh_a"}).reset_index()
    out.insert(1, "advice_zh", [ADVICE[word][0] for word in out["advice"]])
    out.insert(2, "advice_en", [ADVICE[word][1] for word in out["advice"]])
    out.attrs = {
        "title_zh": "建议类型汇总", "title_en": "demand by the kind that suits",
        "headings": {"advice": ("代号", "Code"), "advice_zh": ("建议类型", "Kind (Chinese)"),
                     "advice_en": ("建议类型(英文)", "Kind"), "n_cells": ("网格数", "Cells", "count"),
                     "electricity_mwh_a": ("用电量", "Electricity", "MWh/a"), "spf": ("季节能效", "SPF", "1"),
                     "co2_saved_t_a": ("减排量(对燃气)", "CO2 saved against gas", "t CO2/a")},
    }  # fmt: skip
    return out


def pv_tables(
    pv: pd.DataFrame,
    has_project: NDArray[np.bool_],
    of_projects: Floats,
    of_demand: Floats,
    in_season: NDArray[np.bool_],
) -> pd.DataFrame:
    """Return PV of the roofs of operating projects beside their electricity, and of all roofs beside all demand.

    Parameters
    ----------
    pv : DataFrame
        Monthly energy of each roof, ``pv_energy_mwh_m01`` and on. [MWh]
    has_project : ndarray of bool
        Which roofs stand in an operating project, shape (n,).
    of_projects, of_demand : ndarray
        Electricity of the projects, and of all demand outside them by the kind that suits, shape (12,). [MWh]
    in_season : ndarray of bool
        Months in which heat is needed, shape (12,).
    """
    months = pv[[f"pv_energy_mwh_m{month:02d}" for month in range(1, 13)]].to_numpy(dtype=np.float64)
    there, rest = months[has_project].sum(axis=0), months[~has_project].sum(axis=0)
    out = pd.concat(
        [
            pv_beside(there, of_projects, in_season, ("运营项目内屋顶", "roofs inside operating projects")),
            pv_beside(rest, of_demand, in_season, ("其余屋顶与热需求", "all other roofs and heat demand")),
        ],
        ignore_index=True,
    )
    out.attrs = {
        "title_zh": "屋顶光伏与热泵用电(逐月)", "title_en": "rooftop PV beside heat-pump electricity by month",
        "headings": {"scope_zh": ("范围", "Scope (Chinese)"), "scope_en": ("范围(英文)", "Scope"),
                     "period": ("月份/采暖季月份/全年", "Month, season's months, year"),
                     "pv_mwh": ("光伏发电", "PV", "MWh"),
                     "heat_pump_electricity_mwh": ("热泵用电", "Heat-pump electricity", "MWh"),
                     "met_in_month_mwh": ("当月可抵用电", "Met within the month", "MWh"),
                     "pv_over_electricity": ("发电/用电", "PV over electricity", "1"),
                     "share_of_year_pv": ("占全年发电", "Share of the year's PV", "1")},
    }  # fmt: skip
    return out


def season_table(season: Season, ground_c: float, load_share: float) -> pd.DataFrame:
    """Return the heating season's figures, one row each."""
    rows = [
        ("采暖季天数", "days of the season", season.days, "d"),
        ("采暖季平均气温", "mean temperature of the season", season.mean_c, "degC"),
        ("年平均气温", "mean temperature of the year", season.year_mean_c, "degC"),
        ("采暖度日数(18℃, 全年)", "degree-days below 18 degC, whole year", season.hdd18, "K d"),
        ("平均/设计热负荷", "mean over design load", load_share, "1"),
        ("原始地温(孔深平均)", "undisturbed ground along the bore", ground_c, "degC"),
    ]
    out = pd.DataFrame(rows, columns=["figure_zh", "figure_en", "value", "unit"])
    out.attrs = {
        "title_zh": "采暖季", "title_en": "heating season",
        "headings": {"figure_zh": ("项目", "Figure (Chinese)"), "figure_en": ("项目(英文)", "Figure"),
                     "value": ("数值", "Value"), "unit": ("单位", "Unit")},
    }  # fmt: skip
    return out
