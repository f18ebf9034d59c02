"""Areas cut into facets on cells, and facets turned into polygons that share smooth borders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from rasterio import features
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources.synthetic._raster import Cells

TOLERANCE = 1.3  # takes the steps out of borders that run across the cells [cells]


def merge_scraps(facets: NDArray[np.int32], least: int) -> NDArray[np.int32]:
    """Return connected facets, numbered from 1.

    Parameters
    ----------
    facets : ndarray of int, shape (ny, nx)
        Number of each cell's facet, 0 for none.
    least : int
        A scrap of fewer cells joins the nearest facet or, when far from any, is dropped. [cells]
    """
    parts = np.zeros_like(facets)
    shapes = features.shapes(facets, mask=facets > 0, connectivity=4)
    found = [(shape, value) for value, (shape, _) in enumerate(shapes, 1)]
    if not found:
        return parts
    features.rasterize(found, out=parts)
    size = np.bincount(parts.ravel())
    size[0] = 0
    large = size[parts] >= least
    if not large.any():
        return np.zeros_like(facets)
    nearest = ndimage.distance_transform_edt(~large, return_distances=False, return_indices=True)
    near = ndimage.binary_dilation(large, iterations=2) & (facets > 0)
    return np.where(near, parts[tuple(nearest)], 0).astype(np.int32)


def smooth_polygons(
    facets: NDArray[np.int32], cells: Cells, least: float
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the largest polygon of each facet, with the steps of the cells smoothed, and the facets' numbers.

    Parameters
    ----------
    facets : ndarray of int, shape (ny, nx)
        Number of each cell's facet, 0 for none.
    cells : Cells
        Where the cells lie.
    least : float
        Smaller polygons are dropped. [m2]

    Returns
    -------
    polygons : ndarray of Polygon, shape (n,)
        They do not overlap; neighbours share their vertices. [m]
    numbers : ndarray of int, shape (n,)
        In rising order.
    """
    found = list(features.shapes(facets, mask=facets > 0, connectivity=4))
    if not found:
        return np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
    polygons = np.array([shapely.geometry.shape(shape) for shape, _ in found], dtype=object)
    numbers = np.array([value for _, value in found], dtype=np.int64)
    # In whole cells, with a vertex at every cell, neighbours share all their vertices and are smoothed alike.
    smooth = shapely.coverage_simplify(shapely.segmentize(polygons, 1.0), TOLERANCE)
    corner, size = np.array([cells.west, cells.north]), np.array([cells.size, -cells.size])
    polygons = shapely.orient_polygons(shapely.transform(smooth, lambda at: corner + at * size))
    order = np.argsort(-shapely.area(polygons), kind="stable")
    first = order[np.unique(numbers[order], return_index=True)[1]]
    whole = shapely.get_type_id(polygons[first]) == shapely.GeometryType.POLYGON
    kept = first[whole & (shapely.area(polygons[first]) >= least)]
    return polygons[kept], numbers[kept]
