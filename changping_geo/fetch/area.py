"""The district as providers need it: its outline in metres and in degrees, and boxes around it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

WGS84 = "EPSG:4326"
# A straight border of the district is bent in degrees; corners this far apart follow it. [m]
STEP_M = 1000.0
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """A district.

    Attributes
    ----------
    outline : Polygon or MultiPolygon
        In the metric CRS. [m]
    crs : str
        The metric CRS.
    """

    outline: BaseGeometry
    crs: str

    @property
    def km2(self) -> float:
        """Its area. [km2]"""
        return float(self.outline.area) / 1e6

    def box(self, margin_m: float = 0.0) -> Box:
        """Return west, south, east, north of the district and a margin around it. [degrees]"""
        shape = self.outline.buffer(margin_m) if margin_m else self.outline
        lonlat = shapely.get_coordinates(shapely.segmentize(shape, STEP_M))
        lon, lat = way(self.crs).transform(*lonlat.T)
        west, south, east, north = (float(v) for v in (np.min(lon), np.min(lat), np.max(lon), np.max(lat)))
        return west, south, east, north

    def centre(self) -> tuple[float, float]:
        """Return longitude and latitude of a point inside, near the middle. [degrees]"""
        point = (
            self.outline.centroid if self.outline.contains(self.outline.centroid) else self.outline.point_on_surface()
        )
        lon, lat = way(self.crs).transform(point.x, point.y)
        return round(float(lon), 4), round(float(lat), 4)

    def within(self, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the rows, in the metric CRS, that touch the district; their shapes stay whole."""
        placed = rows.to_crs(self.crs)
        shapely.prepare(self.outline)
        return placed[shapely.intersects(self.outline, placed.geometry.to_numpy())].reset_index(drop=True)


@lru_cache(maxsize=8)
def way(crs: str, other: str = WGS84) -> Transformer:
    """Return the way from one CRS to another, by default to degrees; to look one up takes a tenth of a second."""
    return Transformer.from_crs(crs, other, always_xy=True)


def split(box: Box, across: int, down: int) -> list[Box]:
    """Cut a box into tiles, from the south-west, row by row."""
    west, south, east, north = box
    xs, ys = np.linspace(west, east, across + 1).tolist(), np.linspace(south, north, down + 1).tolist()
    return [(xs[i], ys[j], xs[i + 1], ys[j + 1]) for j in range(down) for i in range(across)]
