"""Which parcel warms which demand: bores to the heat within reach, each unit of heat given once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from changping_geo.heat.planning import planned
from changping_geo.model import Cards, Parameter

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CARDS = Cards(
    planned("reach_m", 500.0, "m", 50.0, 2000.0, "供热半径", "Farthest demand that a parcel's field serves"),
    Parameter("cell_m", 100.0, "m", 50.0, 1000.0, "the grid on which heat demand is asked for",
              verified=True, title_zh="热需求网格边长", title_en="Side of a cell of the demand grid"),
)  # fmt: skip
#: Thresholds of heated area for a thermal response test (GB 50366-2005, 2009 edition, 3.2.2A). [m2]
TEST_ADVISED, TEST_COMPULSORY = 3000.0, 5000.0
TESTS = {
    "compulsory": ("必须做热响应试验", "compulsory"),
    "advised": ("宜做热响应试验", "advisable"),
    "not_asked": ("不要求", "not asked for"),
}


def serve(
    parcels: gpd.GeoDataFrame, potential_mwh: Floats, cells: pd.DataFrame, demand_mwh: Floats, reach_m: float
) -> pd.DataFrame:
    """Give the heat of parcels to the demand within reach, nearest first, the parcel with most demand per heat first.

    A unit of demand is served once, a parcel gives no more than it has. Neither the order of parcels nor that of cells
    matters.

    Parameters
    ----------
    parcels : GeoDataFrame
        ``parcel_id``; shapes in a metric CRS, shape (n,).
    potential_mwh : ndarray
        Heat that each parcel can deliver, shape (n,). [MWh/a]
    cells : DataFrame
        ``x``, ``y`` of the cells' middles [m], shape (c,).
    demand_mwh : ndarray
        Heat that is still to be covered, shape (c,). [MWh/a]
    reach_m : float
        Farthest distance between the parcel's inner point and a cell's middle, beyond the parcel's own radius. [m]

    Returns
    -------
    DataFrame
        ``parcel``, ``cell`` (numbers of rows) and ``mwh_a``: the links that carry heat. [MWh/a]
        ``attrs["in_reach_mwh_a"]``: demand within reach of each parcel, shape (n,). [MWh/a]
    """
    inner = parcels.geometry.representative_point()
    radius = np.sqrt(np.asarray(parcels.geometry.area, dtype=np.float64) / np.pi)
    at = np.column_stack([cells["x"], cells["y"]]).astype(np.float64).reshape(-1, 2)
    wanted = np.asarray(demand_mwh, dtype=np.float64)
    points = np.column_stack([inner.x, inner.y]).reshape(-1, 2)
    found: list[list[int]] = cKDTree(at).query_ball_point(points, radius + reach_m).tolist() if len(at) else []
    near = [np.array(cells_near, dtype=np.int64) for cells_near in found]
    in_reach = np.array([wanted[n].sum() for n in near]) if near else np.zeros(len(parcels))
    left, links = wanted.copy(), []
    heat = np.asarray(potential_mwh, dtype=np.float64)
    ratio = np.where(heat > 0, in_reach / np.maximum(heat, 1e-12), -1.0)
    for row in np.lexsort([parcels["parcel_id"].astype(str).to_numpy(), -ratio]):
        cell = near[row] if near else np.empty(0, dtype=np.int64)
        if not (heat[row] > 0 and len(cell)):
            continue
        distance = np.hypot(*(at[cell] - points[row]).T)
        cell = cell[np.lexsort([at[cell, 1], at[cell, 0], distance])]
        before = np.cumsum(left[cell]) - left[cell]
        given = np.clip(heat[row] - before, 0.0, left[cell])
        left[cell] -= given
        used = given > 0
        links.append((np.full(used.sum(), row), cell[used], given[used]))
    columns = zip(*links, strict=True) if links else ([np.empty(0, int)], [np.empty(0, int)], [np.empty(0)])
    parcel, cell, mwh = (np.concatenate(column) for column in columns)
    out = pd.DataFrame({"parcel": parcel, "cell": cell, "mwh_a": mwh})
    out.attrs["in_reach_mwh_a"] = in_reach
    return out


def response_test(heated_area_m2: Floats) -> NDArray[np.object_]:
    """Return whether a thermal response test is asked for, by heated area.

    Parameters
    ----------
    heated_area_m2 : ndarray
        Shape (n,). [m2]

    References
    ----------
    GB 50366-2005 (2009 edition), 3.2.2A
    """
    area = np.asarray(heated_area_m2, dtype=np.float64)
    steps = [area >= TEST_COMPULSORY, area >= TEST_ADVISED]
    return np.select(steps, ["compulsory", "advised"], "not_asked").astype(object)


def spread_rank(values: Floats) -> Floats:
    """Return the place of each value among all, 0 for the least and 1 for the most, equal values alike. [1]"""
    if len(values) < 2:  # noqa: PLR2004 - a single value has no place
        return np.zeros(len(values))
    rank = pd.Series(values).rank(method="average").to_numpy(dtype=np.float64)
    out: Floats = ((rank - 1.0) / (len(values) - 1.0)).astype(np.float64)
    return out


def suitability(potential_mwh: Floats, coverage: Floats, served_mwh: Floats, excluded: NDArray[np.bool_]) -> Floats:
    """Return how well a parcel suits, from 0 to 1: mean place by heat served, share of its heat used, and coverage.

    Parameters
    ----------
    potential_mwh, served_mwh : ndarray
        Heat that a parcel can deliver, and that it is given to demand, shape (n,). [MWh/a]
    coverage : ndarray
        Potential over demand within reach, shape (n,). [1]
    excluded : ndarray of bool
        Which parcels cannot be used at all; they have 0, shape (n,).
    """
    used = np.divide(served_mwh, potential_mwh, out=np.zeros(len(served_mwh)), where=potential_mwh > 0)
    score = (spread_rank(served_mwh) + spread_rank(used) + spread_rank(np.minimum(coverage, 1.0))) / 3.0
    out: Floats = np.where(excluded | (served_mwh <= 0), 0.0, score)
    return out
