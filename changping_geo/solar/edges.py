"""What lies beyond the data: rasters of heights that end at the district's outline."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine

from changping_geo.model import ColumnError
from changping_geo.solar.surface import HOLES, Surface, refuse_degrees, surface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

Heights = NDArray[np.float32]


#: Rings of cells around the known ones that continue them: as many as interpolation and lines of sight may touch.
RINGS = 3


class Ground(NamedTuple):
    """A raster of heights, checked, and what is missing of it.

    Attributes
    ----------
    surface : Surface
        The heights.
    missing : int
        Cells without a height, all beyond the district. [cells]
    """

    surface: Surface
    missing: int

    @property
    def share(self) -> float:
        """Share of the cells that have no height. [1]"""
        return self.missing / self.surface.heights.size


def ground_within(
    heights: Heights,
    transform: Sequence[float],
    crs: str,
    district: BaseGeometry,
    *,
    name: str,
    beyond: str = HOLES[0],
    smooth: bool = True,
) -> Ground:
    """Check a raster of heights that may end at a district's outline.

    Parameters
    ----------
    heights : ndarray
        NaN where unknown, shape (rows, columns). [m]
    transform, crs
        As in `surface.surface`.
    district : Polygon or MultiPolygon
        In the raster's CRS. [m]
    name : str
        What the raster is called in messages.
    beyond : str
        ``refuse`` cells without a height, or ``no_obstacle``: beyond the district nothing stands in them.
    smooth : bool
        Whether heights will be interpolated, as of terrain: the known ones are then continued by `RINGS` cells, and all
        others take the lowest height, which hides nothing. Else unknown cells stay NaN.

    Returns
    -------
    Ground
        The raster.

    Raises
    ------
    ColumnError
        If cells of the district have no height, or others have none and nothing was declared of them.
    GeoError
        As `surface.surface`.
    """
    refuse_degrees(crs)
    unknown = np.isnan(heights)
    missing = int(unknown.sum())
    if not missing:
        return Ground(surface(heights, transform, crs), 0)
    within = int((unknown & _cells_of(district, transform, heights.shape)).sum())
    if within or beyond != "no_obstacle":
        raise ColumnError(
            f"{name}: {missing} of {heights.size} cells have no height, {within} of them in the district; fill these, "
            'and where the raster ends at the outline write beyond = "no_obstacle" in its [[sources]] '
            f"entry (layers/{name}.toml), or deliver it with its surroundings"
        )
    filled = _continued(heights) if smooth else heights
    return Ground(surface(filled, transform, crs, holes="no_obstacle"), missing)


def near_edge(district: BaseGeometry, shapes: NDArray[np.object_], reach_m: float) -> int:
    """Return how many shapes lie within reach of the district's outline. [count]

    Parameters
    ----------
    district : Polygon or MultiPolygon
        The outline. [m]
    shapes : ndarray of Geometry
        Footprints, shape (n,).
    reach_m : float
        How far obstacles are looked for. [m]
    """
    edge = district.boundary
    shapely.prepare(edge)
    return int(shapely.dwithin(edge, shapes, reach_m).sum())


def _cells_of(district: BaseGeometry, transform: Sequence[float], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the cells that lie in the district by more than their own size."""
    a, b, c, d, e, f = (float(v) for v in transform[:6])
    core = shapely.buffer(district, -float(np.hypot(a, e)))
    if core.is_empty:
        return np.zeros(shape, bool)
    place = Affine(a, b, c, d, e, f)
    drawn: NDArray[np.uint8] = rasterize([(core, 1)], out_shape=shape, transform=place, dtype="uint8")
    return drawn.astype(bool)


def _continued(heights: Heights) -> Heights:
    """Continue the known heights by some rings of cells, and lay all cells beyond as low as the lowest."""
    out = heights
    for _ in range(RINGS):
        out = _one_ring_more(out)
    return np.where(np.isnan(out), np.nanmin(heights), out)


def _one_ring_more(heights: Heights) -> Heights:
    """Give unknown cells beside known ones the mean of these."""
    known = np.isfinite(heights)
    total, count = np.zeros(heights.shape, np.float32), np.zeros(heights.shape, np.uint8)
    plain, rows, cols = np.where(known, heights, np.float32(0.0)), *heights.shape
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            to = (slice(max(0, down), rows + min(0, down)), slice(max(0, right), cols + min(0, right)))
            of = (slice(max(0, -down), rows + min(0, -down)), slice(max(0, -right), cols + min(0, -right)))
            total[to] += plain[of]
            count[to] += known[of]
    ring = ~known & (count > 0)
    return np.where(ring, total / np.maximum(count, 1), heights).astype(np.float32)
