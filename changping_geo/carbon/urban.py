"""Trees of urban green: carbon by the area of their crowns, not by the area of the green."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.carbon.stock import COLUMNS, Stock, same
from changping_geo.errors import ColumnError, ParameterError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

CANOPY = "canopy"


def urban_figures(table: pd.DataFrame, name: str) -> tuple[float, float]:
    """Return storage and gross uptake per area of crowns.

    Parameters
    ----------
    table : DataFrame
        ``set``, ``storage_t_c_ha``, ``gross_sink_t_c_ha_a``, ``base``. [t C/ha, t C/(ha a)]
    name : str
        The set.

    Returns
    -------
    storage, uptake : float
        Uptake is missing where the set has none. [t C/ha, t C/(ha a)]

    Raises
    ------
    ParameterError
        If the set is unknown, or its figures are not of the area of crowns.
    """
    rows = table[table["set"] == name]
    of_crowns = sorted(table.loc[table["base"] == CANOPY, "set"])
    if len(rows) != 1:
        raise ParameterError(f"urban trees: unknown set {name!r}; known are: {', '.join(of_crowns)}")
    row = rows.iloc[0]
    if row["base"] != CANOPY:
        raise ParameterError(
            f"urban trees: set {name!r} is per hectare of {row['base']}, not of crowns, and cannot be laid on canopy; "
            f"take one of: {', '.join(of_crowns)}"
        )
    return float(row["storage_t_c_ha"]), float(row["gross_sink_t_c_ha_a"])


def canopy_of(green: pd.DataFrame, missing: float) -> NDArray[np.float64]:
    """Return the share of crowns over each green.

    Parameters
    ----------
    green : DataFrame, shape (n,)
        ``canopy_cover``, if there is such a column. [1]
    missing : float
        Where it is not known. [1]

    Returns
    -------
    ndarray, shape (n,)
        [1]

    Raises
    ------
    ColumnError
        If a share is below 0 or above 1.
    """
    if "canopy_cover" not in green:
        return np.full(len(green), missing)
    cover = green["canopy_cover"].to_numpy(float)
    bad = (cover < 0.0) | (cover > 1.0)
    if bad.any():
        rows = ", ".join(str(i + 1) for i in np.flatnonzero(bad)[:5])
        raise ColumnError(
            f"urban_green: canopy_cover outside 0 to 1 in {bad.sum()} rows ({rows}); percent must be divided by 100"
        )
    return np.where(np.isnan(cover), missing, cover)


def urban_stock(
    green: gpd.GeoDataFrame, parts: pd.DataFrame, storage: float, spread: float, missing_canopy: float
) -> Stock:
    """Return the stock of urban trees by town and kind of green.

    Parameters
    ----------
    green : GeoDataFrame, shape (n,)
        ``canopy_cover`` [1] and ``kind``, where there are.
    parts : DataFrame, shape (m,)
        Of `stands.parts_in_towns`, for the greens clear of the stands (`tiers.without`).
    storage : float
        Carbon per area of crowns. [t C/ha]
    spread : float
        Its relative standard deviation. [1]
    missing_canopy : float
        Share of crowns where it is not known. [1]

    Returns
    -------
    Stock
    """
    row = parts["row"].to_numpy(int)
    kinds = (
        green["kind"].astype(object).where(green["kind"].notna(), "") if "kind" in green else pd.Series("", green.index)
    )
    table = pd.DataFrame(
        {
            "town_code": parts["town_code"].to_numpy(dtype=object),
            "kind": kinds.to_numpy(dtype=object)[row],
            "area_ha": parts["area_ha"].to_numpy(float),
            "crowns_ha": parts["area_ha"].to_numpy(float) * canopy_of(green, missing_canopy)[row],
        }
    )
    table = table.groupby(["town_code", "kind"], as_index=False).sum().assign(tier="urban_green")
    rows = table.assign(pool="urban_trees", t_c=table["crowns_ha"] * storage, factors=same(("urban_trees",), table))
    return Stock(rows[list(COLUMNS)], table[["town_code", "tier", "kind", "area_ha"]], {"urban_trees": spread})
