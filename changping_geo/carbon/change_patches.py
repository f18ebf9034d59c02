"""Where land cover changed most: connected patches of one kind of change, largest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from changping_geo.carbon.change import pairs_of_change
from changping_geo.carbon.units import M2_PER_HA
from changping_geo.geo.zonal_raster import as_blocks, plane_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from changping_geo.carbon.change import Labels
    from changping_geo.geo.zonal_raster import Plane


def largest_patches(
    before: xr.DataArray, after: xr.DataArray, classes: Labels, *, n: int = 50, nodata: Sequence[float] | None = None
) -> gpd.GeoDataFrame:
    """Return the largest patches of one kind of change.

    Cells of a patch touch along a side and changed from the same class to the same class.

    Parameters
    ----------
    before, after, classes, nodata
        As in `changping_geo.carbon.change.change_raster`.
    n : int
        How many. [1]

    Returns
    -------
    GeoDataFrame, shape (at most n, 5)
        ``class_before``, ``class_after``, ``cells`` [1], ``area_ha`` [ha], outlines in the rasters' CRS; by falling
        area, then from the upper left.
    """
    pair, changed = pairs_of_change(before, after, classes, nodata=nodata)
    plane, codes = plane_of(as_blocks(before)), np.array(sorted(classes))
    row, column = np.nonzero(changed)
    patch = _patches(pair, changed)
    size = np.bincount(patch, weights=plane.row_areas(0, plane.shape[0])[row])
    first = np.full(size.size, patch.size)
    np.minimum.at(first, patch, np.arange(patch.size))
    largest = np.lexsort((first, -size))[:n]
    kind = pair[row, column][first[largest]]
    shapes = [_outline(row[cells], column[cells], plane) for cells in (np.flatnonzero(patch == p) for p in largest)]
    return gpd.GeoDataFrame(
        {
            "class_before": codes[kind // len(codes)], "class_after": codes[kind % len(codes)],
            "cells": np.bincount(patch, minlength=size.size)[largest], "area_ha": size[largest] / M2_PER_HA,
        },
        geometry=shapes,
        crs=plane.crs,
    )  # fmt: skip


def _patches(pair: NDArray[np.int32], changed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the patch of every changed cell, in the order of rows."""
    number = np.cumsum(changed.ravel()).reshape(changed.shape) - 1
    links: list[tuple[NDArray[Any], NDArray[Any]]] = []
    for here, there in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        same = changed[here] & changed[there] & (pair[here] == pair[there])
        links.append((number[here][same], number[there][same]))
    a, b = (np.concatenate(ends) for ends in zip(*links, strict=True))
    n = int(changed.sum())
    if not n:
        return np.zeros(0, dtype=np.int64)
    graph = coo_array((np.ones(a.size, dtype=np.int8), (a, b)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _outline(row: NDArray[np.int64], column: NDArray[np.int64], plane: Plane) -> shapely.Geometry:
    """Return the union of cells, drawn as runs along rows."""
    new = np.flatnonzero((np.diff(row, prepend=-1) != 0) | (np.diff(column, prepend=-2) != 1))
    last = np.append(new[1:], row.size) - 1
    x0, y0 = plane.from_cells(column[new].astype(np.float64), row[new].astype(np.float64))
    x1, y1 = plane.from_cells(column[last] + 1.0, row[last] + 1.0)
    return shapely.union_all(
        shapely.box(np.minimum(x0, x1), np.minimum(y0, y1), np.maximum(x0, x1), np.maximum(y0, y1))
    )
