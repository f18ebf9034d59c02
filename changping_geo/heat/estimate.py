"""What projects deliver, use, save and cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from changping_geo.heat.cost import cost_of_heat
from changping_geo.heat.planning import planned
from changping_geo.heat.projects import number
from changping_geo.heat.pump import break_even_spf, co2_saved
from changping_geo.model import Cards

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SAVING = {
    "saves": ("减排", "saves over the whole range"),
    "depends": ("取决于实测能效", "depends on the measured performance"),
    "no_saving": ("不减排", "no saving over the whole range"),
}
CARDS = Cards(
    planned("project_heat_kwh_m2", 84.5, "kWh/(m2 a)", 30.0, 150.0, "项目单位面积年供热量",
            "Heat that a project delivers per heated area",
            "middle of 63, measured at an airport (0.227 GJ/m²), and 106, mean of northern cities at the source"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Factors:
    """What CO2 and money hang on.

    Attributes
    ----------
    grid : float
        CO2 of electricity. [kg/kWh]
    gas, coal : float
        CO2 of heat from the boilers that are replaced. [kg/kWh]
    capex : mapping of str to float
        Investment per heated area by kind. [CNY/m2]
    om_share, rate : float
        Upkeep and discount rate. [1/a]
    lifetime_a : int
        Years. [a]
    electricity_cny_kwh : float
        Price; 0 when none is given. [CNY/kWh]
    """

    grid: float
    gas: float
    coal: float
    capex: Mapping[str, float]
    om_share: float
    rate: float
    lifetime_a: int
    electricity_cny_kwh: float


def saving_word(spf_low: Floats, spf_high: Floats, even: float) -> NDArray[np.object_]:
    """Return whether the whole range of performance lies above break-even, below it, or astride, shape (n,)."""
    low, high = np.asarray(spf_low), np.asarray(spf_high)
    return np.select([low > even, high <= even], ["saves", "no_saving"], "depends").astype(object)


def project_values(projects: pd.DataFrame, spf: pd.DataFrame, heat_kwh_m2: float, factors: Factors) -> pd.DataFrame:
    """Return heat, electricity, CO2 and cost of each project, whatever its status.

    Parameters
    ----------
    projects : DataFrame
        ``kind``, ``heated_area_m2`` [m2].
    spf : DataFrame
        From `pump.performance`, on the same index.
    heat_kwh_m2 : float
        Heat per heated area. [kWh/(m2 a)]
    factors : Factors
        CO2 and money.

    Returns
    -------
    DataFrame
        `spf`, and ``heat_mwh_a``, ``electricity_mwh_a`` with ends, ``co2_saved_gas_t_a`` with ends,
        ``co2_saved_coal_t_a``, ``saving_gas``, ``investment_cny``, ``heat_cost_cny_kwh`` (missing without a price).
    """
    area = number(projects, "heated_area_m2").to_numpy()
    heat = area * heat_kwh_m2 / 1000.0
    out = spf.assign(heat_mwh_a=heat)
    for end, of in (("_low", "spf_high"), ("", "spf"), ("_high", "spf_low")):
        out[f"electricity_mwh_a{end}"] = heat / spf[of]
    for end in ("_low", "", "_high"):
        out[f"co2_saved_gas_t_a{end}"] = co2_saved(heat, spf[f"spf{end}"].to_numpy(), factors.grid, factors.gas)
    out["co2_saved_coal_t_a"] = co2_saved(heat, spf["spf"].to_numpy(), factors.grid, factors.coal)
    even = break_even_spf(factors.grid, factors.gas)
    out["saving_gas"] = saving_word(spf["spf_low"].to_numpy(), spf["spf_high"].to_numpy(), even)
    invest: Floats = area * projects["kind"].map(dict(factors.capex)).to_numpy(dtype=np.float64)
    out["investment_cny"] = invest
    paid = out["electricity_mwh_a"].to_numpy(dtype=np.float64) * 1000.0 * factors.electricity_cny_kwh
    cost = cost_of_heat(invest, factors.om_share, heat * 1000.0, paid, factors.lifetime_a, factors.rate)
    out["heat_cost_cny_kwh"] = cost if factors.electricity_cny_kwh > 0 else np.nan
    return out


def project_totals(
    projects: pd.DataFrame, values: pd.DataFrame, runs: NDArray[np.bool_], new: NDArray[np.bool_]
) -> pd.DataFrame:
    """Return what adds up over projects: of the operating ones all, of the new ones the area.

    Parameters
    ----------
    projects : DataFrame
        ``heated_area_m2`` [m2].
    values : DataFrame
        From `project_values`.
    runs, new : ndarray of bool
        Which projects operate, and which count as new, shape (n,).
    """
    area = number(projects, "heated_area_m2")
    out = pd.DataFrame({"n_projects": runs.astype(float), "project_area_m2": area * runs, "new_area_m2": area * new})
    columns = ["heat_mwh_a", *(f"electricity_mwh_a{end}" for end in ("_low", "", "_high"))]
    columns += [*(f"co2_saved_gas_t_a{end}" for end in ("_low", "", "_high")), "co2_saved_coal_t_a", "investment_cny"]
    return out.join((values[columns] * runs[:, None]).add_prefix("project_"))


def inside_sites(rooftops: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the row of the first site that holds the inner point of each roof, -1 where there is none.

    Parameters
    ----------
    rooftops, sites : GeoDataFrame
        Polygons in one metric CRS, shape (n,) and (m,).

    Returns
    -------
    ndarray of int
        Shape (n,).
    """
    shapes = np.asarray(rooftops.geometry.array, dtype=object)
    out = np.full(len(shapes), -1)
    tree = shapely.STRtree(shapes)
    site, roof = tree.query(np.asarray(sites.geometry.array, dtype=object), "intersects")
    place = np.asarray(sites.geometry.array, dtype=object)[site]
    held = shapely.contains(place, shapely.point_on_surface(shapes[roof]))
    site, roof = site[held], roof[held]
    order = np.argsort(-site, kind="stable")
    out[roof[order]] = site[order]
    return out


def inside_area(site: NDArray[np.int64], floor_m2: pd.Series, count: int) -> Floats:
    """Return the floor area of the buildings inside each site.

    Parameters
    ----------
    site : ndarray of int
        From `inside_sites`, shape (n,).
    floor_m2 : Series
        Floor area of each building, shape (n,). [m2]
    count : int
        Sites.
    """
    held = site >= 0
    return np.bincount(site[held], floor_m2.to_numpy(dtype=np.float64)[held], count).astype(np.float64)


def in_running(site: NDArray[np.int64], runs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which buildings stand in the site of an operating project.

    Parameters
    ----------
    site : ndarray of int
        From `inside_sites`, shape (n,).
    runs : ndarray of bool
        Which projects operate, shape (m,).
    """
    out = np.zeros(len(site), dtype=bool)
    held = site >= 0
    out[held] = runs[site[held]]
    return out


def shares_by_month(
    projects: pd.DataFrame, electricity: pd.Series, shares: Mapping[str, Floats]
) -> NDArray[np.float64]:
    """Return the electricity of projects by month, shape (12,). [MWh]

    Parameters
    ----------
    projects : DataFrame
        ``kind``.
    electricity : Series
        On the same index. [MWh/a]
    shares : mapping of str to ndarray
        By kind, share of the year's electricity in each month, shape (12,). [1]
    """
    by_kind = electricity.groupby(projects["kind"].astype(str)).sum()
    out: Floats = sum((by_kind[kind] * shares[kind] for kind in by_kind.index), np.zeros(12))
    return out


def pv_beside(
    pv_mwh: Floats, electricity_mwh: Floats, in_season: NDArray[np.bool_], scope: tuple[str, str]
) -> pd.DataFrame:
    """Return PV of roofs beside the electricity of heat pumps by month, then the heating season and the year.

    Parameters
    ----------
    pv_mwh, electricity_mwh : ndarray
        Shape (12,). [MWh]
    in_season : ndarray of bool
        Months in which heat is needed, shape (12,).
    scope : tuple of str
        Chinese and English name of what is compared.
    """
    rows = [(str(m + 1), pv_mwh[m], electricity_mwh[m]) for m in range(12)]
    rows += [("season", pv_mwh[in_season].sum(), electricity_mwh[in_season].sum())]
    rows += [("year", pv_mwh.sum(), electricity_mwh.sum())]
    out = pd.DataFrame(rows, columns=["period", "pv_mwh", "heat_pump_electricity_mwh"])
    met = np.minimum(pv_mwh, electricity_mwh)
    out["met_in_month_mwh"] = [*met, met[in_season].sum(), met.sum()]
    used = out["heat_pump_electricity_mwh"].where(out["heat_pump_electricity_mwh"] > 0)
    out["pv_over_electricity"] = out["pv_mwh"] / used
    made = out["pv_mwh"].where(out["pv_mwh"] > 0)
    out["share_of_year_pv"] = out["pv_mwh"] / made.iloc[-1]
    out.insert(0, "scope_zh", scope[0])
    out.insert(1, "scope_en", scope[1])
    return out
