"""Isochrones for the eye: the ground beside the roads that lie within reach.

The shape is the covered part of every road, widened by an access distance, holes kept; a hull around reached points
would claim mountains and far river banks. Numbers never come from these shapes: they come from the sparse table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from changping_geo.model import Cards, Parameter, ParameterError
from changping_geo.stations.roads_covered import covered_parts, covered_share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from changping_geo.stations.roads_covered import RoadReach

CARDS = Cards(
    Parameter("isochrone_width_m", 150.0, "m", 10.0, 1000.0, "planning range, unverified: ground that a road serves on "
              "either side", verified=False, title_zh="等时圈道路缓冲宽度", title_en="Ground beside a reached road"),
)  # fmt: skip

#: Shapes are drawn to this share of the width. [1]
COARSE = 0.1
#: Segments of a quarter circle.
ROUND = 2
#: Width of the rim that keeps one shape within the next. [m]
HAIR = 0.1


def isochrones(
    reach: RoadReach, thresholds: ArrayLike, *, width_m: float = CARDS["isochrone_width_m"]
) -> gpd.GeoDataFrame:
    """Draw what lies within each threshold of a station; a smaller threshold's shape lies in every larger one's.

    Parameters
    ----------
    reach : RoadReach
        The measured network.
    thresholds : array_like
        Largest costs. [the reach's unit]
    width_m : float
        Ground beside a reached road. [m]

    Returns
    -------
    GeoDataFrame
        ``threshold``, ``road_km`` (road length within) [km], ``area_km2`` [km2] and multipolygons, the smallest
        threshold first; thresholds that reach nothing are left out.

    Raises
    ------
    ParameterError
        If a threshold or the width is not positive.
    """
    steps = np.unique(np.asarray(thresholds, dtype=np.float64))
    if not (steps.size and steps[0] > 0 and width_m > 0):
        raise ParameterError("isochrones need thresholds and a width above 0")
    rows, inner, before = [], shapely.MultiPolygon(), 0.0
    for threshold in steps:
        parts = covered_parts(reach, threshold, beyond=before)
        wide = shapely.buffer(shapely.simplify(parts, COARSE * width_m), width_m, quad_segs=ROUND)
        shape = shapely.simplify(shapely.union_all(wide), COARSE * width_m)
        # the inner shape grows by a hair, so that rounding never lets it stick out of the outer one
        inner = _many(shapely.union(shape, shapely.buffer(inner, HAIR, join_style="mitre"), grid_size=HAIR / 10))
        road_m = float((reach.network.length_m * covered_share(reach, threshold)).sum())
        rows.append((float(threshold), road_m / 1000.0, inner.area / 1e6, inner))
        before = float(threshold)
    rows = [row for row in rows if not row[3].is_empty]
    columns = ["threshold", "road_km", "area_km2", "geometry"]
    return gpd.GeoDataFrame(
        {name: [row[k] for row in rows] for k, name in enumerate(columns)}, geometry="geometry", crs=reach.network.crs
    )


def _many(shape: shapely.Geometry) -> shapely.MultiPolygon:
    sound = shape if shapely.is_valid(shape) else shapely.make_valid(shape)
    parts = shapely.get_parts(shapely.get_parts(sound))
    return shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])  # noqa: PLR2004 - areas only
