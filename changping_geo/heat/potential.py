"""Shallow-ground potential of parcels, what it covers of the demand near them, and which kind suits where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from changping_geo.heat.advice import elevation_and_slope
from changping_geo.heat.allocate import response_test, serve, suitability
from changping_geo.heat.ground import field_power, gpot_response
from changping_geo.heat.linesource import SIDES, crowding
from changping_geo.heat.parcels import count_bores, excluded_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import xarray as xr
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

HOURS_A_YEAR = 8760.0


@dataclass(frozen=True, slots=True)
class Ground:
    """Ground and bores.

    Attributes
    ----------
    temperature_c, least_fluid_c : float
        Undisturbed ground over the bore's depth, lowest fluid. [degC]
    season_days : float
        Days with load. [d]
    conductivity_w_mk, capacity_mj_m3k : float
        Of the ground. [W/(m K), MJ/(m3 K)]
    depth_m, radius_m, spacing_m, resistance_mk_w : float
        Of the bores. [m, m, m, m K/W]
    life_a : int
        Years. [a]
    balance_ratio : float
        Heat given back over heat taken. [1]
    method : str
        ``line_source`` or ``pygfunction``.
    """

    temperature_c: float
    least_fluid_c: float
    season_days: float
    conductivity_w_mk: float
    capacity_mj_m3k: float
    depth_m: float
    radius_m: float
    spacing_m: float
    resistance_mk_w: float
    life_a: int
    balance_ratio: float
    method: str = "line_source"

    def bore_power(self, bores: Floats, life_a: float | None = None, balance_ratio: float | None = None) -> Floats:
        """Return the heat that each bore of fields may take, averaged over the year.

        Parameters
        ----------
        bores : ndarray
            Bores of each field, shape (n,). [count]
        life_a, balance_ratio : float, optional
            Other ones than the ground's own. [a, 1]

        Returns
        -------
        ndarray
            Shape (n,); none where the ground is no warmer than the fluid may be. [W]
        """
        life = self.life_a if life_a is None else life_a
        ratio = self.balance_ratio if balance_ratio is None else balance_ratio
        ground = (self.radius_m, self.conductivity_w_mk, self.capacity_mj_m3k)
        responses = (gpot_response(self.season_days, 1.0, *ground), gpot_response(self.season_days, life, *ground))
        alpha = self.conductivity_w_mk / (self.capacity_mj_m3k * 1e6)
        crowd = crowding(bores, life, self.spacing_m, self.depth_m, self.radius_m, alpha, self.method)
        drop = max(self.temperature_c - self.least_fluid_c, 0.0)
        return field_power(
            drop, self.season_days, self.depth_m, self.resistance_mk_w, self.conductivity_w_mk, responses, crowd, ratio
        )


def undisturbed_ground(year_mean_c: float, gradient_k_m: float, depth_m: float) -> float:
    """Return the mean temperature of the ground along a bore: the air's yearly mean and half the gradient. [degC]"""
    return year_mean_c + gradient_k_m * depth_m / 2.0


def parcel_potential(
    candidates: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame | None,
    zones: Mapping[str, gpd.GeoDataFrame | None],
    terrain: xr.DataArray | None,
    ground: Ground,
    spf: float,
    *,
    setback_m: Mapping[str, float],
    least_parcel_m2: float,
    usable_ground: float,
    max_slope_deg: float,
) -> gpd.GeoDataFrame:
    """Return the parcels that are large enough, with their bores and the heat that they can deliver.

    Parameters
    ----------
    candidates, buildings, roads, setback_m
        As in `parcels.count_bores`.
    zones, terrain, max_slope_deg
        As in `parcels.excluded_by` and `advice.elevation_and_slope`.
    ground : Ground
        Ground and bores.
    spf : float
        Seasonal performance of ground source: heat delivered is what the ground gives times SPF/(SPF - 1). [1]
    least_parcel_m2 : float
        Smallest open ground. [m2]
    usable_ground : float
        Share of the open ground that can be drilled. [1]

    Returns
    -------
    GeoDataFrame
        ``parcel_id``, ``source``, ``open_m2`` [m2], ``n_bores``, ``bore_power_w_m`` (mean of the season) [W/m],
        ``ground_heat_mwh_a``, ``potential_mwh_a`` [MWh/a] (0 where excluded), ``excluded``; numbered from 0.
    """
    counted = count_bores(candidates, buildings, roads, setback_m, ground.spacing_m)
    open_m2 = counted * ground.spacing_m**2
    bores = np.floor(counted * usable_ground).astype(np.int64)
    keep = np.flatnonzero((open_m2 >= least_parcel_m2) & (bores > 0))
    out = candidates.iloc[keep].reset_index(drop=True)
    out["open_m2"], out["n_bores"] = open_m2[keep], bores[keep]
    middle = shapely.point_on_surface(np.asarray(out.geometry.array, dtype=object))
    _, slope = elevation_and_slope(terrain, shapely.get_x(middle), shapely.get_y(middle))
    out["excluded"] = excluded_by(out, zones, slope, max_slope_deg)
    watts = ground.bore_power(bores[keep].astype(np.float64))
    out["bore_power_w_m"] = watts / ground.depth_m * 365.0 / ground.season_days
    free = (out["excluded"] == "none").to_numpy()
    out["ground_heat_mwh_a"] = np.where(free, bores[keep] * watts * HOURS_A_YEAR / 1e6, 0.0)
    out["potential_mwh_a"] = out["ground_heat_mwh_a"] * spf / (spf - 1.0)
    return out


def with_coverage(
    parcels: gpd.GeoDataFrame, cells: pd.DataFrame, reach_m: float, heat_kwh_m2: float
) -> tuple[gpd.GeoDataFrame, NDArray[np.float64]]:
    """Return parcels with what they serve, and the heat that reaches each cell.

    Parameters
    ----------
    parcels : GeoDataFrame
        From `parcel_potential`.
    cells : DataFrame
        ``x``, ``y``, ``open_demand_mwh_a`` [MWh/a].
    reach_m : float
        As in `allocate.serve`. [m]
    heat_kwh_m2 : float
        Heat per heated area, for the size of what a parcel can heat. [kWh/(m2 a)]

    Returns
    -------
    GeoDataFrame
        With ``demand_in_reach_mwh_a``, ``served_mwh_a`` [MWh/a], ``coverage`` [1], ``heated_area_m2`` [m2],
        ``response_test``, ``suitability`` [1].
    ndarray
        Heat given to each cell, shape (c,). [MWh/a]
    """
    heat = parcels["potential_mwh_a"].to_numpy(dtype=np.float64)
    links = serve(parcels, heat, cells, cells["open_demand_mwh_a"].to_numpy(dtype=np.float64), reach_m)
    near = links.attrs["in_reach_mwh_a"]
    served = np.bincount(links["parcel"].to_numpy(int), links["mwh_a"].to_numpy(), len(parcels)).astype(np.float64)
    out = parcels.assign(demand_in_reach_mwh_a=near, served_mwh_a=served)
    out["coverage"] = np.divide(heat, near, out=np.full(len(heat), np.nan), where=near > 0)
    out["heated_area_m2"] = served * 1000.0 / heat_kwh_m2
    out["response_test"] = response_test(out["heated_area_m2"].to_numpy())
    shut = (out["excluded"] != "none").to_numpy()
    out["suitability"] = suitability(heat, np.nan_to_num(out["coverage"].to_numpy()), served, shut)
    return out, np.bincount(links["cell"].to_numpy(int), links["mwh_a"].to_numpy(), len(cells)).astype(np.float64)


def parcel_sums(parcels: pd.DataFrame) -> pd.DataFrame:
    """Return what adds up over the parcels that nothing excludes: number, bores and heat. [count, count, MWh/a]"""
    free = (parcels["excluded"] == "none").astype(float)
    return pd.DataFrame(
        {"n_parcels": free, "n_bores": free * parcels["n_bores"], "ground_potential_mwh_a": parcels["potential_mwh_a"]}
    ).astype(float)


def field_sizes(ground: Ground) -> pd.DataFrame:
    """Return what a bore may take in fields of several sizes, after 25 years and the field's life, by balance.

    Parameters
    ----------
    ground : Ground
        Ground and bores.
    """
    bores = np.square(SIDES, dtype=np.float64)
    out = pd.DataFrame({"n_bores": np.square(SIDES)})
    to_season = 365.0 / ground.season_days / ground.depth_m
    for life in dict.fromkeys((25, ground.life_a)):
        for word, ratio in (("unbalanced", 0.0), ("as_set", ground.balance_ratio), ("balanced", 1.0)):
            out[f"{word}_{life}a_w_m"] = ground.bore_power(bores, life, ratio) * to_season
    out["heat_taken_mwh_a"] = ground.bore_power(bores) * HOURS_A_YEAR / 1e6
    words = {"unbalanced": ("不回灌", "nothing given back"), "as_set": ("按设定回灌", "balance as set"),
             "balanced": ("冷热平衡", "balanced")}  # fmt: skip
    headings = {
        "n_bores": ("钻孔数", "Boreholes", "count"),
        "heat_taken_mwh_a": ("单孔年取热", "Heat per bore", "MWh/a"),
    }
    for column in out.columns[1:-1]:
        word, years = column.removesuffix("a_w_m").rsplit("_", 1)
        headings[column] = (
            f"采暖季平均取热, {words[word][0]}, {years} 年",
            f"Season mean, {words[word][1]}, {years} a",
            "W/m",
        )
    out.attrs = {"title_zh": "地埋管场规模与取热能力", "title_en": "what a bore may take, by size of field",
                 "headings": headings}  # fmt: skip
    return out
