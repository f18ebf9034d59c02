"""Footprints united and measured by town: what several layers cover, counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from changping_geo.geo.assign import OUTSIDE
from changping_geo.model import ColumnError, CrsError, GeometryError, ResultError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

POLYGON = 2
#: Relative gap between the places and the whole above which towns must overlap. [1]
CLOSURE = 1e-9


def check_polygons(layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Refuse layers whose areas cannot be laid over each other.

    Parameters
    ----------
    layers : mapping of str to GeoDataFrame
        By name.

    Raises
    ------
    CrsError
        If a CRS is unknown, geographic, or not that of the first layer.
    GeometryError
        If shapes are invalid, or no polygons; all layers at once.
    """
    first_name, first = next(iter(layers.items()))
    faults = []
    for name, frame in layers.items():
        if frame.crs is None:
            raise CrsError(f"{name}: the CRS is unknown; declare it in the layer's source")
        if frame.crs.is_geographic:
            raise CrsError(f"{name}: coordinates in degrees have no areas; bring the layer to the metric CRS first")
        if frame.crs != first.crs:
            raise CrsError(f"{name} and {first_name} are in different CRS; bring both to one")
        shapes = np.asarray(frame.geometry.array, dtype=object)
        told = {
            "are missing": shapely.is_missing(shapes),
            "are invalid": ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes),
            "are no polygons": ~shapely.is_empty(shapes) & (shapely.get_dimensions(shapes) != POLYGON),
        }
        for what, bad in told.items():
            if bad.any():
                rows = ", ".join(map(str, frame.index[bad][:5]))
                faults.append(f"{name}: {bad.sum()} shapes {what} (rows {rows}); repair them or leave them out")
    if faults:
        raise GeometryError("\n".join(faults))


def pieces_by_place(area: gpd.GeoDataFrame, towns: gpd.GeoDataFrame) -> dict[str, shapely.Geometry]:
    """Cut the union of an area at the towns' borders.

    Parameters
    ----------
    area, towns : GeoDataFrame
        Valid polygons in one metric CRS; towns with ``town_code``.

    Returns
    -------
    dict of str to Geometry
        By town in the order of `towns`, then what lies outside them all.

    Raises
    ------
    ColumnError
        If towns lack codes.
    ResultError
        If towns overlap, so that the pieces do not add up.
    """
    if "town_code" not in towns or towns["town_code"].isna().any() or towns["town_code"].duplicated().any():
        raise ColumnError("towns: every town needs a town_code of its own")
    whole = shapely.union_all(np.asarray(area.geometry.array, dtype=object))
    shapely.prepare(whole)
    shapes = np.asarray(towns.geometry.array, dtype=object)
    codes = towns["town_code"].astype(str)
    pieces = {code: _areal(shapely.intersection(whole, shape)) for code, shape in zip(codes, shapes, strict=True)}
    pieces[OUTSIDE] = _areal(shapely.difference(whole, shapely.union_all(shapes)))
    total = sum(piece.area for piece in pieces.values())
    if abs(total - whole.area) > CLOSURE * max(whole.area, 1.0):
        raise ResultError(
            f"the towns hold {total:.3f} m2 of an area of {whole.area:.3f} m2: towns overlap; mend their borders"
        )
    return pieces


def union_by_place(footprints: gpd.GeoDataFrame, places: Mapping[str, shapely.Geometry]) -> dict[str, shapely.Geometry]:
    """Unite footprints inside each place.

    Parameters
    ----------
    footprints : GeoDataFrame
        Valid polygons.
    places : mapping of str to Geometry
        Places that do not overlap.

    Returns
    -------
    dict of str to Geometry
        What the footprints cover of each place.
    """
    shapes = np.asarray(footprints.geometry.array, dtype=object)
    tree = shapely.STRtree(shapes)
    out = {}
    for code, place in places.items():
        shapely.prepare(place)
        near = shapes[np.sort(tree.query(place, predicate="intersects"))]
        whole = shapely.contains_properly(place, near)
        rim = shapely.intersection(shapely.union_all(near[~whole]), place)
        out[code] = shapely.union(shapely.union_all(near[whole]), _areal(rim))
    return out


def _areal(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape without the points and lines that overlays leave where borders only touch."""
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == POLYGON])
