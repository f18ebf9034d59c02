"""Green coverage and park green per person as columns of towns, values of built-up pieces, and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from changping_geo.carbon.indicators import green_coverage
from changping_geo.draws import even_draws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

Floats = NDArray[np.float64]

SEED = 1


def town_columns(cover: pd.DataFrame, park: pd.DataFrame) -> pd.DataFrame:
    """Return both indicators by town, with what they are divided from.

    Parameters
    ----------
    cover, park : DataFrame
        Of `indicators.green_coverage` and `indicators.park_green_per_person`.

    Returns
    -------
    DataFrame
        By town, ``outside`` and ``district``.
    """
    missing = pd.Series(np.nan, index=cover.index)
    out = cover[["built_up_m2", "green_m2"]].assign(
        green_coverage_percent=100.0 * cover["coverage"],
        green_lacking_m2=cover.get("lacking_m2", missing),
        park_lacking_m2=park.get("lacking_m2", missing),
    )
    return out.join(park[["park_m2", "park_all_m2", "persons", "persons_all", "park_m2_per_person"]])


def piece_values(sources: Mapping[str, gpd.GeoDataFrame], built_up: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the green coverage of every piece of the built-up area, for a map.

    Returns
    -------
    DataFrame
        On the index of `built_up`: ``piece_m2``, ``piece_green_m2`` [m2], ``piece_coverage_percent`` [%].
    """
    pieces = built_up[["geometry"]].assign(town_code=[str(i) for i in range(len(built_up))])
    cover = green_coverage(sources, built_up, pieces).iloc[:-2]
    out = pd.DataFrame(
        {
            "piece_m2": cover["built_up_m2"].to_numpy(),
            "piece_green_m2": cover["green_m2"].to_numpy(),
            "piece_coverage_percent": 100.0 * cover["coverage"].to_numpy(),
        },
        index=built_up.index,
    )
    out.attrs["headings"] = {
        "piece_m2": ("建成区面积", "Built-up area", "m2"),
        "piece_green_m2": ("绿化覆盖面积", "Area under green", "m2"),
        "piece_coverage_percent": ("绿化覆盖率", "Green coverage", "%"),
    }
    return out


def around(name: str, value: float, spread: float, draws: int) -> Floats:
    """Return lognormal draws with the value as their median; none without a value.

    Parameters
    ----------
    name : str
        The indicator; it decides the order of its draws.
    value : float
        [any unit]
    spread : float
        Relative standard deviation. [1]
    draws : int
        Number of draws. [1]
    """
    if not value > 0:
        return np.array([])
    shares = even_draws(name, draws, SEED)
    out: Floats = value * np.exp(np.sqrt(np.log1p(spread**2)) * norm.ppf(shares))
    return out


def spelled_out(sources: Sequence[str], counted: str) -> dict[str, dict[str, str]]:
    """Return numerator and denominator of both indicators in words."""
    return {
        "urban_green_coverage": {
            "numerator": f"union of {', '.join(sources)} inside the built-up area",
            "denominator": "union of the built-up area",
        },
        "park_green_per_person": {
            "numerator": "union of parks inside the built-up area",
            "denominator": f"people in the built-up area ({counted})",
        },
    }
