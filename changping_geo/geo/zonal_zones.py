"""Zones as edges among a raster's cells: brought to its CRS with bent sides kept, and held to be polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from changping_geo.errors import CrsError, GeometryError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from changping_geo.geo.zonal_raster import Plane

#: How far a straight side may lie from the bent one after it was brought to another CRS. [cells]
BEND = 1e-4
POLYGONAL = (3, 6)  # polygon, multipolygon


class Outlines(NamedTuple):
    """Zones as directed edges, upper end first; rows count downwards in the raster's order.

    Attributes
    ----------
    zone : ndarray, shape (m,)
        Whose edge it is, from 0.
    x0, y0, x1, y1 : ndarray, shape (m,)
        Columns and rows of the upper and lower end, y0 < y1. [cells]
    sign : ndarray, shape (m,)
        1 if the zone lies on the side of rising columns, else -1.
    area_m2 : ndarray, shape (n,)
        Area of each zone. [m2]
    beyond : ndarray, shape (n,)
        Share of each zone that lies off the raster. [1]
    """

    zone: NDArray[np.int64]
    x0: NDArray[np.float64]
    y0: NDArray[np.float64]
    x1: NDArray[np.float64]
    y1: NDArray[np.float64]
    sign: NDArray[np.float64]
    area_m2: NDArray[np.float64]
    beyond: NDArray[np.float64]


def outlines(zones: gpd.GeoDataFrame, plane: Plane) -> Outlines:
    """Return the edges of zones in cells of a raster.

    Parameters
    ----------
    zones : GeoDataFrame
        Polygons, shape (n,), in any CRS.
    plane : Plane
        Of the raster.

    Raises
    ------
    CrsError
        If the zones have no CRS, or a corner has no place in the raster's.
    GeometryError
        If a zone is missing, empty, no polygon, or not valid.
    """
    shapes = np.asarray(zones.geometry.array, dtype=object)
    _refuse_shapes(zones, shapes)
    if zones.crs is None:
        raise CrsError("the zones have no CRS; declare it in the layer's source")
    bent = _to_crs(shapes, CRS.from_user_input(zones.crs), plane)
    cells = shapely.transform(bent, lambda xy: np.column_stack(plane.to_cells(xy[:, 0], xy[:, 1])))
    cells = shapely.orient_polygons(cells, exterior_cw=True)
    zone, x0, y0, x1, y1, sign = _edges(cells)
    return Outlines(zone, x0, y0, x1, y1, sign, _areas(cells, plane), _beyond(cells, plane))


def _refuse_shapes(zones: gpd.GeoDataFrame, shapes: NDArray[np.object_]) -> None:
    faults = []
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    other = ~missing & ~np.isin(shapely.get_type_id(shapes), POLYGONAL)
    invalid = ~missing & ~other & ~shapely.is_valid(shapes)
    for what, bad in (("no shape", missing), ("no polygon", other), ("crossing or touching sides", invalid)):
        if bad.any():
            rows = ", ".join(map(str, zones.index[bad][:5].tolist()))
            faults.append(f"{int(bad.sum())} with {what} (rows {rows})")
    if not len(shapes):
        faults.append("none at all")
    if faults:
        raise GeometryError(f"zones that cannot be counted: {'; '.join(faults)}; repair them or take them out")


def _to_crs(shapes: NDArray[np.object_], crs: CRS, plane: Plane) -> NDArray[np.object_]:
    """Bring shapes to the raster's CRS, with corners added where straight sides become bent."""
    if crs == plane.crs:
        return shapes
    way = Transformer.from_crs(crs, plane.crs, always_xy=True)

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        try:
            out = np.column_stack(way.transform(xy[:, 0], xy[:, 1]))
        except ProjError as error:
            raise CrsError(f"zones cannot be brought to the raster's CRS: {error}; check their CRS") from error
        if not np.isfinite(out).all():
            raise CrsError(f"corners of zones have no place in {plane.crs.name}; check the CRS of zones and raster")
        return out

    xy, part = shapely.get_coordinates(shapely.get_parts(_rings(shapes)), return_index=True)
    start = np.flatnonzero(part[1:] == part[:-1])
    a, b = xy[start], xy[start + 1]
    length = np.hypot(*(b - a).T)
    mid = np.column_stack(plane.to_cells(*move(0.5 * (a + b)).T))
    end_a, end_b = (np.column_stack(plane.to_cells(*move(p).T)) for p in (a, b))
    # The sagitta of a bent side grows with the square of its length.
    bend = np.hypot(*(mid - 0.5 * (end_a + end_b)).T)
    felt = bend > BEND
    if felt.any():
        longest = float(np.sqrt(BEND / (bend[felt] / length[felt] ** 2).max()))
        shapes = shapely.segmentize(shapes, longest)
    return np.asarray(shapely.transform(shapes, move), dtype=object)


def _rings(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.asarray(shapely.get_rings(shapely.get_parts(shapes)), dtype=object)


def _edges(cells: NDArray[np.object_]) -> tuple[NDArray[Any], ...]:
    parts, zone_of_part = shapely.get_parts(cells, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    start = np.flatnonzero(ring[1:] == ring[:-1])
    start = start[xy[start, 1] != xy[start + 1, 1]]  # level edges bound no row
    zone = zone_of_part[part_of_ring[ring[start]]].astype(np.int64)
    down = xy[start, 1] < xy[start + 1, 1]
    upper, lower = xy[np.where(down, start, start + 1)], xy[np.where(down, start + 1, start)]
    # With rows that count downwards a clockwise exterior, in numbers, climbs on its left side.
    sign = np.where(down, 1.0, -1.0)
    return zone, upper[:, 0].copy(), upper[:, 1].copy(), lower[:, 0].copy(), lower[:, 1].copy(), sign


def _areas(cells: NDArray[np.object_], plane: Plane) -> NDArray[np.float64]:
    """Area of each zone from its cells and the size of one at its centre; good enough to choose a rule by. [m2]"""
    row = np.clip(shapely.get_y(shapely.centroid(cells)), 0, plane.shape[0] - 1).astype(np.int64)
    at, back = np.unique(row, return_inverse=True)
    size = np.array([plane.row_areas(r, r + 1)[0] for r in at.tolist()])
    return np.asarray(shapely.area(cells) * size[back], dtype=np.float64)


def _beyond(cells: NDArray[np.object_], plane: Plane) -> NDArray[np.float64]:
    """Share of each zone that lies off the raster, in the raster's plane. [1]"""
    rows, columns = plane.shape
    x0, y0, x1, y1 = shapely.bounds(cells).T
    out = np.zeros(len(cells))
    cut = np.flatnonzero((x0 < 0) | (y0 < 0) | (x1 > columns) | (y1 > rows))
    if cut.size:
        inside = shapely.area(shapely.clip_by_rect(cells[cut], 0, 0, columns, rows))
        out[cut] = np.clip(1.0 - inside / shapely.area(cells[cut]), 0.0, 1.0)
    return out
