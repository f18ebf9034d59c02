"""Heat that buildings need: peak and annual, from use, period and floor area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from changping_geo.errors import ColumnError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from changping_geo.heat.season import Season

    Floats = NDArray[np.float64]

STOREY_M = 3.0  # height of a storey, where floors are not known but the height is [m]
ENDS = ("_low", "", "_high")


def floor_area(rooftops: gpd.GeoDataFrame) -> pd.Series:
    """Return footprint times floors; floors from height where they are not known, else one. [m2]"""
    floors = _number(rooftops, "floors")
    tall = (_number(rooftops, "height_m") / STOREY_M).round().clip(lower=1.0)
    return pd.Series(rooftops.geometry.area.to_numpy(), rooftops.index) * floors.fillna(tall).fillna(1.0)


def _number(frame: pd.DataFrame, column: str) -> pd.Series:
    if column not in frame:
        return pd.Series(np.nan, frame.index)
    return pd.to_numeric(frame[column], errors="coerce").astype(float)


def peak_intensity(rooftops: pd.DataFrame, heat_intensity: pd.DataFrame) -> pd.DataFrame:
    """Return the peak load of each building per floor area, after its use and year.

    A building without a year takes the oldest period of its use.

    Parameters
    ----------
    rooftops : DataFrame
        ``use``, and ``built_year`` where it is known.
    heat_intensity : DataFrame
        ``use``, ``built_from``, ``built_to`` (both included), ``peak_w_m2_low``, ``peak_w_m2``, ``peak_w_m2_high``
        [W/m2], ``heated_share`` [1].

    Returns
    -------
    DataFrame
        ``low``, ``central``, ``high`` over all floor area, heated or not [W/m2]; ``period`` ``told`` or ``assumed``.

    Raises
    ------
    ColumnError
        If a use or a year has no row, or periods overlap; all at once.
    """
    year = _number(rooftops, "built_year")
    table = heat_intensity.sort_values(["use", "built_from"]).reset_index(drop=True)
    oldest = table.groupby("use")["built_from"].min()
    use = rooftops["use"].astype(str)
    at_year = year.fillna(use.map(oldest).astype(float))
    row = np.full(len(rooftops), -1)
    hits = np.zeros(len(rooftops), dtype=int)
    for number, line in table.iterrows():
        match = ((use == line["use"]) & at_year.between(line["built_from"], line["built_to"])).to_numpy()
        row[match] = number
        hits += match
    if (hits != 1).any():
        cases = pd.DataFrame({"use": use, "year": at_year, "hits": hits})[hits != 1].drop_duplicates().head(5)
        told = "; ".join(f"{c.use} of {c.year:g}: {c.hits} rows" for c in cases.itertuples())
        raise ColumnError(f"heat_intensity must have one row for every use and year of the rooftops; {told}")
    share = table["heated_share"].to_numpy(dtype=np.float64)[row]
    columns = {"low": "peak_w_m2_low", "central": "peak_w_m2", "high": "peak_w_m2_high"}
    out = pd.DataFrame(
        {name: table[c].to_numpy(dtype=np.float64)[row] * share for name, c in columns.items()}, rooftops.index
    )
    out["period"] = np.where(year.isna(), "assumed", "told")
    return out


def building_demand(
    rooftops: gpd.GeoDataFrame, heat_intensity: pd.DataFrame, season: Season, indoor_c: float, design_c: float
) -> pd.DataFrame:
    """Return peak load and yearly heat of each building.

    Yearly heat is peak × 24 h × days × (T_in - T_mean)/(T_in - T_design).

    Parameters
    ----------
    rooftops, heat_intensity
        As in `floor_area` and `peak_intensity`.
    season : Season
        The heating season.
    indoor_c, design_c : float
        Room and design outdoor temperature. [degC]

    Returns
    -------
    DataFrame
        ``floor_area_m2`` [m2], ``heat_peak_kw`` [kW], ``heat_demand_mwh_a_low``, ``heat_demand_mwh_a``,
        ``heat_demand_mwh_a_high`` [MWh/a], on the index of `rooftops`.
    """
    intensity = peak_intensity(rooftops, heat_intensity)
    area = floor_area(rooftops)
    hours = 24.0 * season.days * season.load_share(indoor_c, design_c)
    out = pd.DataFrame({"floor_area_m2": area, "heat_peak_kw": area * intensity["central"] / 1000.0})
    for end, column in zip(ENDS, ("low", "central", "high"), strict=True):
        out[f"heat_demand_mwh_a{end}"] = area * intensity[column] * hours / 1e6
    return out


def cell_of(geometry: gpd.GeoSeries, size_m: float) -> NDArray[np.int64]:
    """Return column and row of the grid cell that holds each shape's middle, shape (n, 2)."""
    x0, y0, x1, y1 = shapely.bounds(np.asarray(geometry.array, dtype=object)).T
    return np.floor(np.column_stack([(x0 + x1) / 2, (y0 + y1) / 2]) / size_m).astype(np.int64)


def demand_cells(
    rooftops: gpd.GeoDataFrame, demand: pd.DataFrame, size_m: float
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Add buildings up on a grid whose lines are multiples of the cell size, whatever part of the data is given.

    Parameters
    ----------
    rooftops : GeoDataFrame
        Buildings.
    demand : DataFrame
        Extensive values on the same index.
    size_m : float
        Side of a cell. [m]

    Returns
    -------
    DataFrame
        ``x``, ``y`` of the cells' middles [m], ``n_buildings`` and the sums of `demand`, in the order of rows and
        columns of the grid.
    ndarray of int
        Cell of each building, shape (n,).
    """
    place = cell_of(rooftops.geometry, size_m)
    keys, cell = np.unique(place[:, ::-1], axis=0, return_inverse=True)
    out = pd.DataFrame(
        {
            "x": (keys[:, 1] + 0.5) * size_m,
            "y": (keys[:, 0] + 0.5) * size_m,
            "n_buildings": np.bincount(cell, minlength=len(keys)),
        }
    )
    for column in demand:
        out[column] = np.bincount(cell, demand[column].to_numpy(dtype=np.float64), len(keys))
    return out, cell.astype(np.int64)
