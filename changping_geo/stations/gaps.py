"""Gaps: demand without a station in reach, in clusters that lie together, ranked by people and by what they drive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from changping_geo.model import Cards, Parameter, ParameterError
from changping_geo.stations.demand import check_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

CARDS = Cards(
    Parameter("gap_link_m", 750.0, "m", 50.0, 5000.0, "planning range, unverified: one and a half demand cells",
              verified=False, title_zh="缺口聚类距离", title_en="Uncovered places are one gap within"),
)  # fmt: skip


def gap_labels(xy: ArrayLike, uncovered: ArrayLike, link_m: float) -> NDArray[np.int64]:
    """Give each gap a number: chains of uncovered places no farther apart than the link; -1 where covered.

    Parameters
    ----------
    xy : array_like
        Places, shape (n, 2). [m]
    uncovered : array_like of bool
        Shape (n,).
    link_m : float
        Places so near are one gap. [m]

    Returns
    -------
    ndarray
        Shape (n,); places without coordinates are gaps of their own.

    Raises
    ------
    ParameterError
        If the link is not positive.
    """
    if not link_m > 0:
        raise ParameterError(f"a link of {link_m} m joins nothing; give a positive one")
    at, open_ = np.asarray(xy, dtype=np.float64).reshape(-1, 2), np.flatnonzero(np.asarray(uncovered, dtype=bool))
    out = np.full(len(at), -1, np.int64)
    if not open_.size:
        return out
    known = np.flatnonzero(np.isfinite(at[open_]).all(axis=1))
    pairs = known[cKDTree(at[open_[known]]).query_pairs(link_m, output_type="ndarray").reshape(-1, 2)]
    near = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(open_.size, open_.size))
    _, label = connected_components(near, directed=False)
    out[open_] = label
    return out


def gaps(
    xy: ArrayLike,
    weight: ArrayLike,
    cost: ArrayLike,
    radius: float,
    *,
    crs: object,
    link_m: float = CARDS["gap_link_m"],
) -> gpd.GeoDataFrame:
    """Find and rank the gaps.

    Parameters
    ----------
    xy : array_like
        Places of demand, shape (n, 2). [m]
    weight : array_like
        Demand: people, shape (n,).
    cost : array_like
        Cost to the nearest station however far, infinite where none can be reached, shape (n,). [m or min]
    radius : float
        Largest cost that counts as covered. [as `cost`]
    crs : object
        CRS of the places.
    link_m : float
        Uncovered places so near are one gap. [m]

    Returns
    -------
    GeoDataFrame
        One row per gap with demand, the largest first: ``gap_id``, ``places``, ``demand``, ``extra`` (Σ demand × cost
        beyond the radius, over those who reach a station at all) [unit of weight × unit of cost], ``unreached``
        (demand that reaches none), ``mean_cost`` and ``largest_cost`` of those who do, ``rank_demand``,
        ``rank_extra`` (unreached demand comes before all distance), ``x``, ``y`` (weighted middle), and shapes: the
        places widened by half the link.
    """
    at = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    far, people = np.asarray(cost, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    check_weights(pd.DataFrame({"demand": people}), len(at))
    label = gap_labels(at, ~(far <= radius) & (people > 0) & np.isfinite(at).all(axis=1), link_m)
    rows = np.flatnonzero(label >= 0)
    met = np.isfinite(far[rows])
    w, way = people[rows], np.where(met, far[rows], 0.0)
    frame = pd.DataFrame({
        "label": label[rows], "places": 1, "demand": w, "extra": np.where(met, w * (way - radius), 0.0),
        "unreached": np.where(met, 0.0, w), "way": w * way, "largest_cost": np.where(met, way, np.nan),
        "x": w * at[rows, 0], "y": w * at[rows, 1],
    })  # fmt: skip
    rules = dict.fromkeys(("places", "demand", "extra", "unreached", "way", "x", "y"), "sum")
    out = frame.groupby("label").agg({**rules, "largest_cost": "max"})
    reached = out["demand"] - out["unreached"]
    out["mean_cost"] = out["way"] / reached.where(reached > 0)
    out[["x", "y"]] = out[["x", "y"]].div(out["demand"], axis=0)
    out["rank_demand"] = _rank(out[["demand", "extra"]])
    out["rank_extra"] = _rank(out[["unreached", "extra"]])
    shapes = [_ground(at[rows[label[rows] == k]], link_m) for k in out.index]
    out = out.assign(geometry=np.array(shapes, dtype=object)).sort_values("rank_demand", kind="stable")
    out.insert(0, "gap_id", [f"G{k:04d}" for k in range(1, len(out) + 1)])
    return gpd.GeoDataFrame(out.drop(columns="way").reset_index(drop=True), geometry="geometry", crs=crs)


def _rank(keys: pd.DataFrame) -> NDArray[np.int64]:
    """1 for the largest by the first key, then by the second."""
    order = np.lexsort([-keys[name].to_numpy() for name in reversed(list(keys))])
    rank = np.empty(len(keys), np.int64)
    rank[order] = np.arange(1, len(keys) + 1)
    return rank


def _ground(xy: Floats, link_m: float) -> shapely.MultiPolygon:
    shape = shapely.union_all(shapely.buffer(shapely.points(xy), link_m / 2, quad_segs=4))
    return shapely.multipolygons(shapely.get_parts(shape))
