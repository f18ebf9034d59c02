"""Squares that stand for many shapes: what a district's map tells between its towns and its single buildings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from changping_geo.model import SpecError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# The finest squares of a page for the public. [m]
MIN_PUBLIC_M = 500.0


def squares(geometry: gpd.GeoSeries, values: ArrayLike, side: float, how: str = "sum") -> gpd.GeoDataFrame:
    """Gather values in the squares of a grid; every shape counts in the one square that holds its centre.

    The grid's lines lie at whole multiples of `side` in the layer's own metric CRS, so that squares of different
    layers and runs are the same squares.

    Parameters
    ----------
    geometry : GeoSeries, shape (n,)
        Shapes in a metric CRS.
    values : array, shape (n,)
        What is gathered; missing ones count as a shape, but add nothing. [any]
    side : float
        Side of a square. [m]
    how : str
        ``sum`` or ``mean``.

    Returns
    -------
    GeoDataFrame, shape (m, 3)
        Squares with a shape in them: ``value`` (NaN for a mean of nothing), ``count``, geometry.

    Raises
    ------
    SpecError
        If the side is not above zero or the CRS does not measure.

    Examples
    --------
    >>> points = gpd.GeoSeries.from_xy([10, 20, 600], [10, 20, 10], crs="EPSG:32650")
    >>> squares(points, [1.0, 2.0, 4.0], 500.0)["value"].tolist()
    [3.0, 4.0]
    """
    if not side > 0 or geometry.crs is None or not geometry.crs.is_projected:
        raise SpecError(f"squares of {side} m need a side above zero and a metric CRS, not {geometry.crs}")
    there = ~(geometry.isna() | geometry.is_empty).to_numpy()
    middle = shapely.centroid(geometry.to_numpy()[there])
    cells = np.floor(np.stack([shapely.get_x(middle), shapely.get_y(middle)], axis=1) / side).astype(np.int64)
    numbers = np.asarray(values, dtype=float)[there]
    unique, where = np.unique(cells, axis=0, return_inverse=True)
    where = where.reshape(-1)
    known = np.isfinite(numbers)
    total = np.bincount(where[known], weights=numbers[known], minlength=len(unique))
    if how == "mean":
        with_value = np.bincount(where[known], minlength=len(unique))
        total = np.divide(total, with_value, out=np.full(len(unique), np.nan), where=with_value > 0)
    count = np.bincount(where, minlength=len(unique))
    low = unique * side
    shapes = shapely.box(low[:, 0], low[:, 1], low[:, 0] + side, low[:, 1] + side)
    return gpd.GeoDataFrame({"value": total, "count": count}, geometry=shapes, crs=geometry.crs)
