"""Shapes held to their contract: coordinate system, extent, kind, validity, and place in the district."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.enums import WktVersion
from pyproj.exceptions import ProjError
from pyproj.transformer import TransformerGroup

from changping_geo.model import CrsError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from changping_geo.layers.faults import Faults, Verdicts
    from changping_geo.layers.spec import LayerSpec
    from changping_geo.model import Ledger

DIMENSION = {"point": 0, "line": 1, "polygon": 2}
COLLECTION = 7
MULTI = {4: 0, 5: 1, 6: 2}
# Datums that count as one at planning scale: they differ by less than a metre.
MODERN = ("wgs", "world geodetic", "china 2000", "china_2000", "cgcs", "international terrestrial")
# How far beyond the district a layer may reach and still be its layer, as a share of the district's size. [1]
REACH = 0.25


def hold_crs(crs: CRS | None, target: str, faults: Faults) -> Transformer | None:
    """Return the way from a layer's CRS to the metric one, if it is known and exact enough.

    A missing CRS is a fault, and so is one whose datum can only be brought over by assuming that both are the same.
    """
    if crs is None:
        faults.add(
            CrsError,
            'the coordinate system is unknown; write crs = "EPSG:…" in its [[sources]], for longitude and latitude '
            '"EPSG:4490" (CGCS2000) or "EPSG:4326" (WGS84)',
        )
        return None
    metric = CRS(target)
    if crs.geodetic_crs is None or not (crs.is_geographic or crs.is_projected or crs.is_bound):
        faults.add(
            CrsError, f"the coordinate system {name_of(crs)} is a local one without a place on Earth; declare crs"
        )
        return None
    if not crs.is_bound and not _same_datum(crs, metric):
        # The group warns of grids it lacks; the accuracy tells the same.
        best = TransformerGroup(crs, metric, always_xy=True).transformers
        if not best or best[0].accuracy < 0.0:
            faults.add(
                CrsError,
                f"there is no published way from {name_of(crs)} to {target} here; its datum's shift would be taken "
                "as zero, which is tens of metres wrong. Deliver CGCS2000, or declare crs as WKT or PROJ text with the "
                "seven parameters (+towgs84=…)",
            )
            return None
    return _way(crs, target)


@lru_cache(maxsize=32)
def _way(crs: CRS, target: str) -> Transformer:
    """Return a transformer; to look one up takes a tenth of a second."""
    return Transformer.from_crs(crs, target, always_xy=True)


def name_of(crs: CRS) -> str:
    """Return a short name of a CRS: its authority code when it has one."""
    authority = crs.to_authority(min_confidence=90)
    return ":".join(authority) if authority else (crs.name or crs.to_wkt(WktVersion.WKT2_2019))[:80]


def _same_datum(one: CRS, other: CRS) -> bool:
    def modern(crs: CRS) -> bool:
        datum = (crs.geodetic_crs or crs).datum
        return datum is not None and any(word in datum.name.lower() for word in MODERN)

    def name(crs: CRS) -> str:
        datum = (crs.geodetic_crs or crs).datum
        return datum.name if datum is not None else ""

    return (modern(one) and modern(other)) or (name(one) == name(other) != "")


def check_rows(spec: LayerSpec, shapes: NDArray[np.object_], verdicts: Verdicts) -> None:
    """Set aside rows without shape, with coordinates that are no numbers, and of another kind than the layer's."""
    verdicts.set_aside(shapely.is_missing(shapes) | shapely.is_empty(shapes), "no geometry")
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    broken = np.zeros(shapes.size, dtype=bool)
    broken[owner[~np.isfinite(xy).all(axis=1)]] = True
    verdicts.set_aside(broken, "a coordinate is not a finite number")
    kinds = shapely.get_type_id(shapes)
    wrong = (shapely.get_dimensions(shapes) != DIMENSION[spec.geometry]) | (kinds == COLLECTION)
    verdicts.set_aside(wrong, f"not a {spec.geometry}")
    if spec.geometry == "point":
        verdicts.set_aside(shapely.get_num_geometries(shapes) > 1, "several points in one row")


def check_extent(
    shapes: NDArray[np.object_],
    raw: NDArray[np.object_],
    crs: CRS,
    way: Transformer,
    district: BaseGeometry | None,
    verdicts: Verdicts,
    faults: Faults,
) -> bool:
    """Refuse layers that lie elsewhere, above all with longitude and latitude swapped.

    Parameters
    ----------
    shapes, raw : ndarray of shapely geometries, shape (n,)
        Projected shapes [m], and as they were read. [unit of `crs`]
    crs, way
        The source's CRS, and the way from it to the metric one.
    district : Polygon or MultiPolygon, optional
        The outline [m]; without it the area of use of the metric CRS serves.
    verdicts, faults
        Receive rows and faults.

    Returns
    -------
    bool
        Whether the layer lies in the district.
    """
    kept = verdicts.kept
    if not kept.any():
        return True
    box = _reach(district, way)
    if box is None:
        return True
    bounds = shapely.bounds(shapes)
    with np.errstate(invalid="ignore"):
        fits = (bounds[:, 0] <= box[2]) & (bounds[:, 2] >= box[0]) & (bounds[:, 1] <= box[3]) & (bounds[:, 3] >= box[1])
    fits &= np.isfinite(bounds).all(axis=1)
    source = shapely.bounds(raw)
    centre = np.column_stack([source[:, [0, 2]].mean(axis=1), source[:, [1, 3]].mean(axis=1)])
    x, y = _apply(way, centre[:, ::-1])
    with np.errstate(invalid="ignore"):
        swapped = ~fits & (x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3])
    extent = ", ".join(f"{v:.6g}" for v in (*np.nanmin(source[kept, :2], axis=0), *np.nanmax(source[kept, 2:], axis=0)))
    told = f"extent (west, south, east, north) {extent} in {name_of(crs)}"
    if (swapped & kept).sum() > (fits & kept).sum():
        axes = "longitude and latitude" if crs.is_geographic else "easting and northing"
        faults.add(CrsError, f"{axes} are swapped ({told} lies in the district once they are exchanged); exchange them")
        return False
    if not (fits & kept).any():
        faults.add(
            CrsError,
            f"nothing of the layer lies in the district: {told}; check the declared crs, its zone, and the file",
        )
        return False
    verdicts.set_aside(swapped, "longitude and latitude swapped" if crs.is_geographic else "axes swapped")
    return True


def _reach(district: BaseGeometry | None, way: Transformer) -> tuple[float, float, float, float] | None:
    if district is not None:
        west, south, east, north = district.bounds
        more = REACH * max(east - west, north - south)
        return west - more, south - more, east + more, north + more
    target = CRS(way.target_crs) if way.target_crs is not None else None
    area = target.area_of_use if target is not None else None
    if area is None:
        return None
    up = Transformer.from_crs("EPSG:4326", target, always_xy=True)
    found: tuple[float, float, float, float] = up.transform_bounds(*area.bounds)
    return found


def _apply(way: Transformer, xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Transform points; those that have no place become infinite."""
    x, y = way.transform(xy[:, 0], xy[:, 1])
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def project(shapes: NDArray[np.object_], way: Transformer, verdicts: Verdicts) -> NDArray[np.object_]:
    """Bring the kept shapes to the metric CRS; those that have no place there are set aside."""
    out = shapes.copy()
    kept = verdicts.kept
    try:
        out[kept] = shapely.transform(shapes[kept], lambda xy: np.column_stack(_apply(way, xy)))
    except ProjError:
        verdicts.set_aside(kept, "coordinates have no place in the metric CRS")
    return out


def unplaced(shapes: NDArray[np.object_], verdicts: Verdicts) -> None:
    """Set aside kept shapes whose projection is not finite."""
    lost = ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    verdicts.set_aside(lost, "coordinates have no place in the metric CRS")


def repair(spec: LayerSpec, shapes: NDArray[np.object_], verdicts: Verdicts, ledger: Ledger) -> NDArray[np.object_]:
    """Make invalid shapes valid, keeping their kind; note the area before and after."""
    bad = verdicts.kept & ~shapely.is_valid(shapes)
    out = shapes.copy()
    if not bad.any():
        return out
    mended = shapely.make_valid(shapes[bad], method="structure", keep_collapsed=False)
    mended = np.array([_reduce(shape, DIMENSION[spec.geometry]) for shape in mended], dtype=object)
    lost = np.zeros(shapes.size, dtype=bool)
    lost[np.flatnonzero(bad)[shapely.is_empty(mended)]] = True
    before, after = np.abs(shapely.area(shapes[bad])).sum(), shapely.area(mended).sum()
    out[bad] = mended
    verdicts.set_aside(lost, "nothing is left of the shape once it is made valid")
    verdicts.repair(bad & ~lost, "invalid geometry made valid")
    ledger.notes.append(
        f"{int((bad & ~lost).sum())} invalid shapes made valid: area {before:,.3f} m2 before, {after:,.3f} m2 after"
    )
    return out


def _reduce(shape: BaseGeometry, dimension: int) -> BaseGeometry:
    """Keep the parts of a shape that have the layer's dimension."""
    if shape.geom_type != "GeometryCollection":
        return shape
    parts = [part for part in shapely.get_parts(shape) if shapely.get_dimensions(part) == dimension]
    return shapely.union_all(parts)
