"""Synthetic built-up area: what lies between neighbouring buildings, by their kind, and the parks of the towns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize, shapes, sieve
from scipy import ndimage

from changping_geo.sources.synthetic._park_places import place_parks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from changping_geo.sources import Context

KINDS = ("urban", "village", "industrial")
KIND_OF_USE = {"rural_house": 2, "industrial": 3}
PIXEL_M = 20.0
# Gaps up to twice this belong to the settlement; its edge lies this far beyond the last wall.
CLOSING_M, MARGIN_M = 65.0, 20.0
SMOOTH_M = 80.0
LEAST_AREA_M2 = 12000.0
SIMPLIFY_M, INSIDE_M = 28.0, 45.0


def built_up(ctx: Context) -> gpd.GeoDataFrame:
    """Return urban areas, villages and industrial areas, with the parks of the towns.

    They do not overlap and share their edges.
    """
    places, _ = place_parks(ctx, quarters(ctx))
    return _areas(ctx, np.array(places, dtype=object))


def quarters(ctx: Context) -> gpd.GeoDataFrame:
    """Return the ground of buildings alone, as `built_up` without parks; what parks are laid beside."""
    return _areas(ctx, np.empty(0, dtype=object))


def _areas(ctx: Context, parks: NDArray[np.object_]) -> gpd.GeoDataFrame:
    roofs = ctx.layer("rooftops")
    district = shapely.union_all(np.asarray(ctx.layer("district").geometry))
    transform, shape = _raster(district)
    kind = roofs["use"].map(KIND_OF_USE).fillna(1).to_numpy(dtype=np.intp)
    cover = _cover(np.asarray(roofs.geometry), kind, transform, shape)
    inside = rasterize([shapely.buffer(district, -INSIDE_M)], out_shape=shape, transform=transform, dtype="uint8")
    ground = cover.sum(axis=0) > 0
    if parks.size:
        ground |= rasterize(list(parks), out_shape=shape, transform=transform, all_touched=True, dtype="uint8") > 0
    label = np.where(_closed(ground) & (inside > 0), _commonest(cover), 0).astype(np.uint8)
    label = sieve(label, int(LEAST_AREA_M2 / PIXEL_M**2), connectivity=4)
    found = [
        (shapely.geometry.shape(s), int(v)) for s, v in shapes(label, label > 0, connectivity=4, transform=transform)
    ]
    area = np.array([s for s, _ in found], dtype=object)
    value = np.array([v for _, v in found], dtype=np.intp)
    if len(area):
        area = shapely.coverage_simplify(area, SIMPLIFY_M)
    keep = shapely.area(area) > 0 if len(area) else np.empty(0, bool)
    area, value = area[keep], value[keep]
    data = {"built_id": [f"B{k:05d}" for k in range(1, len(area) + 1)], "kind": [KINDS[v - 1] for v in value]}
    return gpd.GeoDataFrame(data, geometry=area, crs=ctx.frame.crs)


def _raster(district: Any) -> tuple[Affine, tuple[int, int]]:
    """Raster over the district: transform, and shape (ny, nx)."""
    x_min, y_min, x_max, y_max = district.bounds
    shape = (int(np.ceil((y_max - y_min) / PIXEL_M)), int(np.ceil((x_max - x_min) / PIXEL_M)))
    return Affine(PIXEL_M, 0.0, x_min, 0.0, -PIXEL_M, y_max), shape


def _cover(
    shape: NDArray[Any], kind: NDArray[np.intp], transform: Affine, size: tuple[int, int]
) -> NDArray[np.float32]:
    """Roof area of each kind by pixel, put down along the walls, shape (3, ny, nx). [m2]"""
    walls, owner = shapely.get_coordinates(shapely.segmentize(shape, 0.7 * PIXEL_M), return_index=True)
    each = shapely.area(shape) / np.maximum(np.bincount(owner, minlength=len(shape)), 1)
    col = np.clip(((walls[:, 0] - transform.c) / PIXEL_M).astype(np.intp), 0, size[1] - 1)
    row = np.clip(((transform.f - walls[:, 1]) / PIXEL_M).astype(np.intp), 0, size[0] - 1)
    at = ((kind[owner] - 1) * size[0] + row) * size[1] + col
    total = np.bincount(at, each[owner], minlength=len(KINDS) * size[0] * size[1])
    return total.reshape(len(KINDS), *size).astype(np.float32)


def _closed(built: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Grow and shrink again, so that gaps between buildings fill, then leave a margin."""
    if not built.any():
        return built
    grown = np.pad(ndimage.distance_transform_edt(~built) * PIXEL_M <= CLOSING_M, 1)
    shrunk: NDArray[np.bool_] = ndimage.distance_transform_edt(grown)[1:-1, 1:-1] * PIXEL_M > CLOSING_M - MARGIN_M
    return shrunk


def _commonest(cover: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the kind with most roof area around each pixel."""
    size = int(SMOOTH_M / PIXEL_M) * 2 + 1
    best = np.full(cover.shape[1:], -1.0, np.float32)
    out = np.ones(cover.shape[1:], np.uint8)
    # Flats leave more ground free than courtyards do, so their roofs count for more.
    for k, weight in enumerate((1.6, 1.0, 1.0)):
        share = weight * ndimage.uniform_filter(cover[k], size)
        out[share > best] = k + 1
        np.maximum(best, share, out=best)
    return out
