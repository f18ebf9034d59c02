"""The average service radius, in each of the meanings that plans give to the words, by name.

The phrase has no single definition. Three are told side by side: the radius of equal circles over a named base area,
the weighted mean way to the nearest station, and the share within a radius. The base area decides the first: over
mountains where nobody lives it asks for stations that nobody needs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from changping_geo.model import ParameterError
from changping_geo.stations.coverage import shares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

MEANINGS = {
    "equal_circles": ("等面积圆半径", "radius of equal circles"),
    "mean_way": ("需求加权平均到站距离", "demand-weighted mean way to the nearest station"),
    "share_within": ("服务半径内占比", "share within the radius"),
}


def equal_circle_radius(area_m2: float, stations: int) -> float:
    """Return the radius of circles that together have the base area, √(A / (π N)). [m]

    Parameters
    ----------
    area_m2 : float
        Base area. [m2]
    stations : int
        Number of stations.

    Raises
    ------
    ParameterError
        If the area is not positive or the number is negative.
    """
    if not area_m2 > 0 or stations < 0:
        raise ParameterError(f"{stations} stations over {area_m2} m2 have no service radius; give a positive base area")
    return math.sqrt(area_m2 / (math.pi * stations)) if stations else math.inf


def stations_for_radius(area_m2: float, radius_m: float) -> int:
    """Return how many equal circles of a radius have at least the base area.

    Parameters
    ----------
    area_m2 : float
        Base area. [m2]
    radius_m : float
        Radius. [m]

    Raises
    ------
    ParameterError
        If area or radius is not positive.
    """
    if not (area_m2 > 0 and radius_m > 0):
        raise ParameterError("a base area and a radius above 0 are needed")
    return math.ceil(area_m2 / (math.pi * radius_m**2) * (1 - 1e-12))


def service_radius(
    stations: int,
    base_areas_m2: Mapping[str, float],
    cost: ArrayLike,
    weights: pd.DataFrame,
    radius: float,
) -> pd.DataFrame:
    """Tell the average service radius in its three meanings.

    Parameters
    ----------
    stations : int
        Number of stations.
    base_areas_m2 : mapping
        Base areas by name: district, built-up, plain. [m2]
    cost : array_like
        Way to the nearest station by road, infinite where there is none, shape (n,). [m]
    weights : DataFrame
        One column per kind of demand, shape (n, k).
    radius : float
        The radius aimed at. [m]

    Returns
    -------
    DataFrame
        ``meaning`` (a word of `MEANINGS`), ``base`` (base area or kind of demand), ``base_amount`` (m2, or the unit of
        the demand), ``value``, ``unit``; for circles also ``stations_for_radius``; for the mean way ``unreached`` (the
        demand without any station, which has no way to be averaged). One row per meaning and base.
    """
    rows = [
        {
            "meaning": "equal_circles", "base": name, "base_amount": area, "unit": "m",
            "value": equal_circle_radius(area, stations), "stations_for_radius": stations_for_radius(area, radius),
        }
        for name, area in base_areas_m2.items()
    ]  # fmt: skip
    held = shares(cost, weights, [radius])
    within = dict(zip(held["measure"], held["share"], strict=True))
    way = np.asarray(cost, dtype=np.float64)
    met = np.isfinite(way)
    for name in weights:
        weight = weights[name].to_numpy(dtype=np.float64)
        reached = float(weight[met].sum())
        mean = float((weight[met] * way[met]).sum()) / reached if reached > 0 else math.nan
        row = {"base": name, "base_amount": float(weight.sum()), "unreached": float(weight[~met].sum())}
        rows.append({"meaning": "mean_way", "value": mean, "unit": "m", **row})
        rows.append({"meaning": "share_within", "value": within[name], "unit": "1", **row})
    columns = ["meaning", "base", "base_amount", "value", "unit", "stations_for_radius", "unreached"]
    order = {word: k for k, word in enumerate(MEANINGS)}
    out = pd.DataFrame(rows).reindex(columns=columns)
    return out.sort_values("meaning", key=lambda s: s.map(order), kind="stable", ignore_index=True)
