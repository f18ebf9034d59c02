"""Where next: cells of demand with what covers them, and what a plan's areas and pilots come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from changping_geo.geo.assign import totals_by_town
from changping_geo.heat.advice import advise, air_spf, elevation_and_slope
from changping_geo.heat.cost import cost_of_heat
from changping_geo.heat.demand import demand_cells
from changping_geo.heat.planarea import AREA_CODE, BOUNDARIES, DISTRICT_CODE, UNKNOWN, KeyArea, in_area, plan_row
from changping_geo.heat.projects import STATUS, counts_as_new, number
from changping_geo.heat.pump import AIR, co2_saved
from changping_geo.plan.indicators import Indicator

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.heat.estimate import Factors
    from changping_geo.heat.season import Season

    Floats = NDArray[np.float64]


def open_cells(
    rooftops: gpd.GeoDataFrame,
    demand: pd.DataFrame,
    served: NDArray[np.bool_],
    size_m: float,
    terrain: xr.DataArray | None,
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64]]:
    """Return the cells with buildings as squares, their demand, and what of it no project serves.

    Parameters
    ----------
    rooftops : GeoDataFrame
        Buildings, shape (n,).
    demand : DataFrame
        From `demand.building_demand`.
    served : ndarray of bool
        Which buildings stand in an operating project, shape (n,).
    size_m : float
        Side of a cell. [m]
    terrain : DataArray, optional
        Heights. [m]

    Returns
    -------
    GeoDataFrame
        ``cell_id``, ``x``, ``y`` [m], ``n_buildings``, sums of `demand`, ``open_demand_mwh_a`` [MWh/a],
        ``elevation_m`` [m]; numbered from 0.
    ndarray of int
        Cell of each building, shape (n,).
    """
    values = demand.assign(open_demand_mwh_a=np.where(served, 0.0, demand["heat_demand_mwh_a"]))
    table, cell = demand_cells(rooftops, values, size_m)
    x, y = table["x"].to_numpy(), table["y"].to_numpy()
    column, row = np.floor(x / size_m).astype(np.int64), np.floor(y / size_m).astype(np.int64)
    table.insert(0, "cell_id", [f"{c}_{r}" for c, r in zip(column, row, strict=True)])
    table["elevation_m"] = elevation_and_slope(terrain, x, y)[0]
    half = size_m / 2.0
    squares = shapely.box(x - half, y - half, x + half, y + half)
    return gpd.GeoDataFrame(table, geometry=squares, crs=rooftops.crs), cell


def with_advice(
    cells: gpd.GeoDataFrame,
    covered_mwh: Floats,
    fields: gpd.GeoDataFrame,
    season: Season,
    spf: Mapping[str, float],
    *,
    supply_c: float,
    air_factor: float,
    site_elevation_m: float,
    lapse_k_km: float,
    ground_share: float,
    mountain_m: float,
) -> gpd.GeoDataFrame:
    """Return cells with the kind that suits them, and its seasonal performance.

    Parameters
    ----------
    cells : GeoDataFrame
        From `open_cells`.
    covered_mwh : ndarray
        Heat that parcels give to each, shape (c,). [MWh/a]
    fields : GeoDataFrame
        Geothermal fields.
    season : Season
        The heating season.
    spf : mapping of str to float
        Measured-like performance of ``shallow_ground`` and ``deep_geothermal``. [1]
    supply_c, air_factor, site_elevation_m, lapse_k_km
        As in `advice.air_spf`.
    ground_share, mountain_m
        As in `advice.advise`.

    Returns
    -------
    GeoDataFrame
        With ``covered_mwh_a`` [MWh/a], ``covered_share`` [1], ``advice``, ``spf`` [1].
    """
    open_ = cells["open_demand_mwh_a"].to_numpy()
    share = np.divide(covered_mwh, open_, out=np.full(len(cells), np.nan), where=open_ > 0)
    out = cells.assign(covered_mwh_a=covered_mwh, covered_share=share)
    out["advice"] = advise(out, fields, ground_share=ground_share, mountain_m=mountain_m)
    height = out["elevation_m"].to_numpy()
    cold = air_spf(season, supply_c, air_factor, height, site_elevation_m, lapse_k_km)
    fixed = out["advice"].map(dict(spf)).to_numpy(dtype=np.float64)
    out["spf"] = np.where(np.isnan(fixed), cold, fixed)
    out.loc[out["advice"] == "existing", "spf"] = np.nan
    return out


def building_columns(
    demand: pd.DataFrame,
    cells: pd.DataFrame,
    cell: NDArray[np.int64],
    served: NDArray[np.bool_],
    grid_kg_kwh: float,
    gas_kg_kwh: float,
    ground_spf: float,
) -> pd.DataFrame:
    """Return what adds up over buildings: demand, and the share of its cell that ground source covers.

    Parameters
    ----------
    demand : DataFrame
        From `demand.building_demand`.
    cells : DataFrame
        From `with_advice`.
    cell : ndarray of int
        Cell of each building, shape (n,).
    served : ndarray of bool
        Which buildings stand in an operating project, shape (n,).
    grid_kg_kwh, gas_kg_kwh : float
        CO2 of electricity and of heat from gas. [kg/kWh]
    ground_spf : float
        Seasonal performance of ground source. [1]
    """
    open_ = np.where(served, 0.0, demand["heat_demand_mwh_a"])
    covered = open_ * np.nan_to_num(cells["covered_share"].to_numpy())[cell]
    high = (cells["advice"] == "air_mountain").to_numpy()[cell]
    return demand.drop(columns="floor_area_m2").assign(
        open_demand_mwh_a=open_,
        ground_covered_mwh_a=covered,
        ground_co2_saved_t_a=co2_saved(covered, ground_spf, grid_kg_kwh, gas_kg_kwh),
        air_mountain_mwh_a=np.where(high, open_ - covered, 0.0),
    )


def with_ratios(by_town: pd.DataFrame, means: Factors) -> pd.DataFrame:
    """Return totals with what does not add up: performance and cost of projects, coverage of demand.

    Parameters
    ----------
    by_town : DataFrame
        Sums by town.
    means : Factors
        For the cost of heat.
    """
    heat, power = by_town["project_heat_mwh_a"], by_town["project_electricity_mwh_a"]
    open_ = by_town["open_demand_mwh_a"]
    cost = cost_of_heat(
        by_town["project_investment_cny"].to_numpy(),
        means.om_share,
        heat.to_numpy() * 1000.0,
        power.to_numpy() * 1000.0 * means.electricity_cny_kwh,
        means.lifetime_a,
        means.rate,
    )
    return by_town.assign(
        project_spf=heat / power.where(power > 0),
        heat_cost_cny_kwh=cost if means.electricity_cny_kwh > 0 else np.nan,
        ground_covered_share=by_town["ground_covered_mwh_a"] / open_.where(open_ > 0),
    )


def electricity_of_demand(cells: pd.DataFrame, spf: Mapping[str, float], monthly: Mapping[str, Floats]) -> Floats:
    """Return the electricity by month if every cell took the kind that suits it, shape (12,). [MWh]

    Parameters
    ----------
    cells : DataFrame
        From `with_advice`.
    spf : mapping of str to float
        The kinds whose shares are known. [1]
    monthly : mapping of str to ndarray
        By kind, share of the year's electricity in each month, shape (12,). [1]
    """
    power = np.where(cells["spf"].notna(), cells["open_demand_mwh_a"] / cells["spf"].fillna(1.0), 0.0)
    kind = cells["advice"].where(cells["advice"].isin(list(spf)), AIR)
    sums = pd.Series(power).groupby(kind.to_numpy()).sum()
    out: Floats = sum((sums[k] * monthly[k] for k in sums.index), np.zeros(12))
    return out


def town_totals(parts: list[tuple[pd.DataFrame, pd.Series]], towns: pd.DataFrame) -> pd.DataFrame:
    """Return the totals of several kinds of features by town, side by side.

    Parameters
    ----------
    parts : list of (DataFrame, Series)
        What adds up, and the town of each feature.
    towns : DataFrame
        As in `totals_by_town`.
    """
    tables = [totals_by_town(values, place, towns) for values, place in parts]
    return tables[0].join([t.drop(columns=["town_name", "name_en"]) for t in tables[1:]])


def plan_areas(
    projects: gpd.GeoDataFrame,
    town_code: pd.Series,
    targets: pd.DataFrame | None,
    areas: Mapping[str, KeyArea],
    pilots: Mapping[str, set[str]],
    years: tuple[int, int],
) -> tuple[pd.DataFrame, list[Indicator]]:
    """Return new heated area beside every target of the plan, and the indicators told of it.

    Parameters
    ----------
    projects : GeoDataFrame
        Checked projects.
    town_code : Series
        Town of each, missing outside all.
    targets : DataFrame, optional
        The plan's table: ``indicator``, ``scope``, ``target`` [m2], ``year``.
    areas : mapping of str to KeyArea
        Named areas by scope.
    pilots : mapping of str to set of str
        Names of the projects that the plan counts to an area wherever they lie, by scope.
    years : tuple of int
        First year of what counts as new, and the last that is history.
    """
    rows, told = [], []
    wanted = [] if targets is None else list(targets[targets["indicator"].isin([DISTRICT_CODE, AREA_CODE])].iterrows())
    for _, target in wanted:
        name = str(target["scope"])
        area = None if name == "district" else areas.get(name, KeyArea(name, None, UNKNOWN))
        everywhere = np.ones(len(projects), dtype=bool)
        inside = everywhere if area is None else in_area(projects, area, pilots.get(name, set()))
        last = years[1] if pd.isna(target["year"]) else min(years[1], int(target["year"]))
        row = plan_row(projects, town_code, target, inside, area.boundary if area else "", (years[0], last))
        known = area is None or area.shape is not None
        row["new_area_m2"] = row["new_area_m2"] if known else np.nan
        row["gap_m2"] = row["gap_m2"] if known else np.nan
        rows.append(row)
        with_air = target["indicator"] == AREA_CODE
        new = counts_as_new(projects, town_code, years[0], last, with_air=with_air) & inside
        by_town = number(projects, "heated_area_m2")[new].groupby(town_code[new]).sum()
        extent = BOUNDARIES[area.boundary] if area else ("全区", "whole district")
        told.append(_indicator(row, target, extent, {str(k): float(v) for k, v in by_town.items()}, with_air=with_air))
    out = pd.DataFrame(rows)
    out.attrs = {"title_zh": "新增热泵供热面积与规划目标", "title_en": "new heated area beside the plan",
                 "headings": _PLAN_HEADINGS}  # fmt: skip
    return out, told


def _indicator(
    row: Mapping[str, object], target: pd.Series, extent: tuple[str, str], by_town: dict[str, float], *, with_air: bool
) -> Indicator:
    first, last, undated = row["first_year"], row["last_year"], row["operating_without_year_m2"]
    value = float(str(row["new_area_m2"]))
    air_zh, air_en = ("含空气源", "air source included") if with_air else ("不含空气源", "air source excluded")
    return Indicator(
        code=str(target["indicator"]),
        scope=str(target["scope"]),
        value=value,
        unit=str(target["unit"]),
        year=int(str(last)),
        definition_zh=(
            f"{first}至{last}年投运项目供热面积，{air_zh}；范围：{extent[0]}；无年份的 {undated:,.0f} m² 未计入"
        ),
        definition_en=(
            f"heated area of projects that went into operation from {first} to {last}, {air_en}; extent: {extent[1]}; "
            f"{undated:,.0f} m2 without a year are left out"
        ),
        by_town=None if np.isnan(value) else by_town,
    )


def pilot_table(projects: pd.DataFrame, places: pd.DataFrame | None) -> pd.DataFrame:
    """Return the named pilots of a plan, and what is known of each among the projects.

    Parameters
    ----------
    projects : DataFrame
        Projects with ``name``.
    places : DataFrame, optional
        ``name_zh``, ``name_en``, ``theme``.
    """
    names = projects["name"].astype(str) if "name" in projects else pd.Series("", projects.index)
    pilots = [] if places is None else list(places[places["theme"] == "heat_pump_pilot"].itertuples())
    rows = []
    for pilot in pilots:
        hits = projects[(names == pilot.name_zh).to_numpy()]
        states = "、".join(dict.fromkeys(STATUS[s][0] for s in hits["status"]))
        kinds = "、".join(dict.fromkeys(hits["kind"].astype(str)))
        area = float(number(hits, "heated_area_m2").sum()) if len(hits) else np.nan
        rows.append(
            (pilot.name_zh, pilot.name_en, len(hits), states or "无项目", kinds, number(hits, "year").max(), area)
        )
    columns = ["name_zh", "name_en", "n_projects", "status_zh", "kind", "year", "heated_area_m2"]
    out = pd.DataFrame(rows, columns=columns)
    out.attrs = {
        "title_zh": "规划试点项目", "title_en": "named pilots of the plan",
        "headings": {"name_zh": ("名称", "Name (Chinese)"), "name_en": ("英文名称", "Name"),
                     "n_projects": ("项目数", "Projects", "count"), "status_zh": ("状态", "Status (Chinese)"),
                     "kind": ("类型", "Kind"), "year": ("年份", "Year"),
                     "heated_area_m2": ("供热面积", "Heated area", "m2")},
    }  # fmt: skip
    return out


_PLAN_HEADINGS = {
    "indicator": ("指标代号", "Indicator code"),
    "scope": ("范围", "Scope"),
    "boundary_zh": ("范围依据", "Extent (Chinese)"),
    "boundary_en": ("范围依据(英文)", "Extent"),
    "first_year": ("起算年", "First year"),
    "last_year": ("截止年", "Last year"),
    "target_m2": ("规划目标", "Target", "m2"),
    "new_area_m2": ("新增面积", "New heated area", "m2"),
    "gap_m2": ("差额", "Gap", "m2"),
    "operating_without_year_m2": ("已运营但无年份", "Operating, year not known", "m2"),
    "building_m2": ("在建", "Under construction", "m2"),
    "planned_m2": ("规划", "Planned", "m2"),
    "n_projects": ("计入项目数", "Projects counted", "count"),
}
