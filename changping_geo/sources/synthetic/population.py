"""Synthetic population points: each town's residents spread over its dwellings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from changping_geo.sources.synthetic.settlement import towns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources import Context

DWELLINGS = ("housing", "rural_house")
# One point stands for the dwellings in a square of this side. [m]
SQUARE_M = 150.0


def population(ctx: Context) -> gpd.GeoDataFrame:
    """Return points with residents, whole persons, adding up to each town's population exactly.

    Residents go by floor area. A town without dwellings keeps its residents at a point inside it.
    """
    every, territory = towns(ctx), np.asarray(ctx.layer("towns").geometry)
    at, town, floor = _dwellings(ctx, territory)
    square = np.floor(shapely.get_coordinates(at) / SQUARE_M).astype(np.intp)
    _, group = np.unique(np.column_stack([town, square]), axis=0, return_inverse=True)
    group = group.ravel()
    n = int(group.max(initial=-1)) + 1
    weight = np.bincount(group, floor, minlength=n)
    # The largest dwelling stands for its square: a mean of places could fall outside the town.
    order = np.lexsort((-floor, group))
    first = order[np.r_[True, group[order][1:] != group[order][:-1]]] if n else order
    points, town = at[first], town[first]
    empty = np.setdiff1d(np.arange(len(territory)), town)
    points = np.r_[points, shapely.point_on_surface(territory[empty])]
    town, weight = np.r_[town, empty], np.r_[weight, np.ones(len(empty))]
    persons = np.zeros(len(points))
    for t in range(len(territory)):
        rows = np.flatnonzero(town == t)
        persons[rows] = apportioned(round(float(every.persons[t])), weight[rows])
    keep = persons > 0
    data = {"point_id": [f"P{k:06d}" for k in range(1, int(keep.sum()) + 1)], "persons": persons[keep]}
    return gpd.GeoDataFrame(data, geometry=points[keep], crs=ctx.frame.crs)


def _dwellings(ctx: Context, territory: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[np.float64]]:
    """Points inside the dwellings, their towns' rows, and their floor area. [m2]"""
    roofs = ctx.layer("rooftops")
    roofs = roofs[roofs["use"].isin(DWELLINGS)]
    shape = np.asarray(roofs.geometry)
    at = shapely.centroid(shape)
    odd = ~shapely.contains(shape, at)
    at[odd] = shapely.point_on_surface(shape[odd])
    floors = roofs["floors"].fillna(1).to_numpy(dtype=np.float64) if "floors" in roofs else np.ones(len(roofs))
    town, row = shapely.STRtree(at).query(territory, predicate="intersects")
    row, one = np.unique(row, return_index=True)
    return at[row], town[one], (shapely.area(shape) * floors)[row]


def apportioned(total: int, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share out whole units in proportion, by largest remainder.

    Parameters
    ----------
    total : int
        What is shared out. [persons]
    weight : ndarray, shape (n,)
        Weights, not all zero. [1]

    Returns
    -------
    ndarray, shape (n,)
        Whole numbers that add up to `total`. [persons]
    """
    exact = total * weight / weight.sum()
    out: NDArray[np.float64] = np.floor(exact)
    left = total - int(out.sum())
    out[np.argsort(out - exact, kind="stable")[:left]] += 1
    return out
