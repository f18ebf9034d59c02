"""Whether a layer lies shifted against the district, as data in GCJ-02 do when they are taken for WGS84."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer

from changping_geo.layers.datum import from_wgs84, to_wgs84

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

# A layer covers the district when the area of its union differs from the district's by less than this share.
COVERS = 0.1
# Unions of more shapes take long and are not borders of a district.
MOST_POLYGONS = 5_000
# A shift is reported when undoing it takes away this share of the mismatch …
CLEARED = 0.5
CLEARED_POINTS = 0.8
# … and the mismatch is no chance: this many points that come back into the district.
FEWEST_POINTS = 10
WGS84 = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class Shift:
    """What registration against the district says.

    Attributes
    ----------
    offset_m : float
        Length of the GCJ-02 offset at the district's centre, computed from its formula. [m]
    azimuth_deg : float
        Its direction. [deg]
    before, after : float
        Mismatch as the layer lies and with the shift undone: area that belongs to one of layer and district only, or
        points outside the district. [m2 or points]
    measured_m : float
        For layers that cover the district: the distance between the centres of layer and district. [m]
    undone : bool
        Whether the layer looks as if a shift that it never had was undone: declared GCJ-02, but WGS84.
    """

    offset_m: float
    azimuth_deg: float
    before: float
    after: float
    measured_m: float | None
    undone: bool

    def text(self) -> str:
        """Tell finding and remedy in a sentence."""
        unit = "points outside the district" if self.measured_m is None else "m2 of mismatch with the district"
        found = f"{self.before:,.0f} {unit} become {self.after:,.0f} when it is undone"
        if self.undone:
            return (
                f"the layer looks as if a GCJ-02 shift was undone that it never had ({self.offset_m:.0f} m; {found}): "
                'if so, write datum = "wgs84" or "cgcs2000" in its [[sources]]'
            )
        return (
            f"the layer looks shifted like GCJ-02 ({self.offset_m:.0f} m to azimuth {self.azimuth_deg:.0f}°; {found}): "
            'if they come from a Chinese web map, write datum = "gcj02" in its [[sources]]'
        )


def shift_like_gcj02(shapes: NDArray[np.object_], district: BaseGeometry, crs: str) -> Shift | None:
    """Test a layer for a shift like that of GCJ-02.

    Layers that cover the district are compared by the area of the symmetric difference with it, others by how many of
    their points (or centres) lie outside. Points far from the border decide nothing; then there is no answer.

    Parameters
    ----------
    shapes : ndarray of shapely geometries, shape (n,)
        Valid shapes. [unit of `crs`]
    district : Polygon or MultiPolygon
        The district's outline, rightly placed. [unit of `crs`]
    crs : str
        The CRS of both; a geographic one is brought to a local metric one.

    Returns
    -------
    Shift or None
        Nothing when there is no sign of a shift.
    """
    shapes = np.asarray(shapes, dtype=object)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not shapes.size:
        return None
    if CRS(crs).is_geographic:
        x, y = district.centroid.x, district.centroid.y
        local = f"+proj=laea +lon_0={x:.6f} +lat_0={y:.6f} +datum=WGS84"
        bring = Transformer.from_crs(WGS84, local, always_xy=True).transform
        shapes = shapely.transform(shapes, bring, interleaved=False)
        district, crs = shapely.transform(district, bring, interleaved=False), local
    move = _mover(crs)
    if shapely.get_dimensions(shapes).min() == 2 and shapes.size <= MOST_POLYGONS:  # noqa: PLR2004 - areas
        union = shapely.union_all(shapes)
        if abs(union.area / district.area - 1.0) < COVERS:
            return _by_area(union, district, move)
    points = shapes if shapely.get_type_id(shapes).max() == 0 else shapely.centroid(shapes)
    return _by_points(shapely.get_coordinates(points), district, move)


class _Mover:
    """Moves coordinates of a metric CRS by the GCJ-02 offset, forth or back."""

    def __init__(self, crs: str) -> None:
        # The CRS's own longitude and latitude: its datum is taken as WGS84, and no way between datums is looked for.
        degrees = CRS(crs).geodetic_crs
        self._down = Transformer.from_crs(crs, degrees, always_xy=True).transform
        self._up = Transformer.from_crs(degrees, crs, always_xy=True).transform

    def back(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Undo a shift. [m]"""
        return np.column_stack(self._up(*to_wgs84(*self._down(*xy.T), "gcj02")))

    def forth(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Apply the shift. [m]"""
        return np.column_stack(self._up(*from_wgs84(*self._down(*xy.T), "gcj02")))

    def at(self, district: BaseGeometry) -> tuple[float, float, NDArray[np.float64]]:
        """Return length [m], azimuth [deg] and vector [m] of the offset at the district's centre."""
        centre = np.array([[district.centroid.x, district.centroid.y]])
        vector = (self.forth(centre) - centre)[0]
        return float(np.hypot(*vector)), float(np.degrees(np.arctan2(*vector)) % 360.0), vector


@lru_cache(maxsize=8)
def _mover(crs: str) -> _Mover:
    return _Mover(crs)


def _by_area(union: BaseGeometry, district: BaseGeometry, move: _Mover) -> Shift | None:
    length, azimuth, vector = move.at(district)
    before = union.symmetric_difference(district).area
    gap = np.array([union.centroid.x - district.centroid.x, union.centroid.y - district.centroid.y])
    for undone, mover, expected in ((False, move.back, vector), (True, move.forth, -vector)):
        after = shapely.transform(union, mover).symmetric_difference(district).area
        # The centres must say the same as the borders: nearer to the shift than to no shift.
        agrees = float(np.hypot(*(gap - expected))) < 0.5 * length
        if agrees and after < (1.0 - CLEARED) * before:
            return Shift(length, azimuth, before, after, float(np.hypot(*gap)), undone)
    return None


def _by_points(xy: NDArray[np.float64], district: BaseGeometry, move: _Mover) -> Shift | None:
    length, azimuth, _ = move.at(district)
    shapely.prepare(district)

    def outside(places: NDArray[np.float64]) -> int:
        return int((~shapely.contains_xy(district, *places.T)).sum())

    before = outside(xy)
    if before < FEWEST_POINTS:
        return None
    for undone, mover in ((False, move.back), (True, move.forth)):
        after = outside(mover(xy))
        if before - after >= FEWEST_POINTS and after <= (1.0 - CLEARED_POINTS) * before:
            return Shift(length, azimuth, before, after, None, undone)
    return None
