"""The ground as a coarse raster: which town, how steep, how high above the valley floor, how dear a road."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize
from scipy import ndimage
from scipy.sparse import coo_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from changping_geo.sources import Context

# Pixels along the side of a square as large as the district: fine enough for a valley, coarse enough for one second.
PIXELS_A_SIDE = 300.0
STEP_RANGE_M = (50.0, 150.0)
# Villages look for valley floors: slope at which suitability falls to 1/e, and relief above the floor likewise.
GENTLE_SLOPE = 0.09
VALLEY_RELIEF_M = 60.0
VALLEY_WINDOW_M = 1800.0
# A road's cost per metre grows with its grade and with the side slope that has to be cut.
GRADE_COST, GRADE_SQUARE_COST, SIDE_COST = 8.0, 150.0, 3.0


@dataclass(frozen=True, slots=True)
class Ground:
    """A raster over the district.

    Attributes
    ----------
    x0, y0 : float
        Upper left corner. [m]
    step : float
        Pixel size. [m]
    town : ndarray of int, shape (ny, nx)
        Row of the town in the layer ``towns``; -1 outside. [1]
    height, slope, relief : ndarray, shape (ny, nx)
        Altitude [m], tangent of the slope [1], height above the valley floor. [m]
    """

    x0: float
    y0: float
    step: float
    town: NDArray[np.int16]
    height: NDArray[np.float64]
    slope: NDArray[np.float64]
    relief: NDArray[np.float64]

    def pixel(self, xy: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return row and column of points, clipped to the raster.

        Parameters
        ----------
        xy : ndarray, shape (..., 2)
            Points. [m]
        """
        ny, nx = self.town.shape
        row = np.clip(((self.y0 - xy[..., 1]) / self.step).astype(np.intp), 0, ny - 1)
        col = np.clip(((xy[..., 0] - self.x0) / self.step).astype(np.intp), 0, nx - 1)
        return row, col

    def centre(self, row: NDArray[Any], col: NDArray[Any]) -> NDArray[np.float64]:
        """Return the middle of pixels, shape (n, 2). [m]"""
        return np.column_stack([self.x0 + (col + 0.5) * self.step, self.y0 - (row + 0.5) * self.step])

    @property
    def suitability(self) -> NDArray[np.float64]:
        """How well a settlement sits, 0…1: flat and low in its valley. [1]"""
        fall: NDArray[np.float64] = np.exp(-((self.slope / GENTLE_SLOPE) ** 2) - self.relief / VALLEY_RELIEF_M)
        return fall


@lru_cache(maxsize=2)
def ground(ctx: Context) -> Ground:
    """Return the ground of a workspace, from its layers ``towns`` and ``terrain``."""
    polygons = np.asarray(ctx.layer("towns").geometry)
    x_min, y_min, x_max, y_max = shapely.total_bounds(polygons)
    step = float(np.clip(np.sqrt(shapely.area(polygons).sum()) / PIXELS_A_SIDE, *STEP_RANGE_M))
    shape = (int(np.ceil((y_max - y_min) / step)), int(np.ceil((x_max - x_min) / step)))
    transform = Affine(step, 0.0, x_min, 0.0, -step, y_max)
    town = rasterize(
        zip(polygons, range(len(polygons)), strict=True),
        out_shape=shape,
        transform=transform,
        fill=-1,
        dtype="int16",
    )
    height = ndimage.gaussian_filter(_sampled(ctx.layer("terrain"), transform, shape), 0.7)
    gy, gx = np.gradient(height, step) if min(shape) > 1 else (np.zeros(shape), np.zeros(shape))
    window = max(3, int(VALLEY_WINDOW_M / step) | 1)
    relief = height - ndimage.minimum_filter(height, window)
    return Ground(float(x_min), float(y_max), step, town, height, np.hypot(gx, gy), relief)


def _sampled(terrain: Any, transform: Affine, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Terrain at the pixels' middles, bilinear; the mean where it says nothing."""
    values = np.asarray(terrain.to_numpy(), dtype=np.float64)
    values = np.where(np.isfinite(values), values, np.nanmean(values))
    back = ~Affine(*tuple(terrain.attrs["transform"])[:6])
    rows, cols = np.mgrid[: shape[0], : shape[1]] + 0.5
    x, y = transform.c + transform.a * cols, transform.f + transform.e * rows
    col, row = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
    out: NDArray[np.float64] = ndimage.map_coordinates(values, [row - 0.5, col - 0.5], order=1, mode="nearest")
    return out


@lru_cache(maxsize=2)
def road_costs(ctx: Context) -> tuple[csr_matrix, NDArray[np.intp], NDArray[np.float64]]:
    """Return the grid on which roads look for their way.

    Returns
    -------
    graph : csr_matrix, shape (n, n)
        Cost of going from pixel to neighbouring pixel, both ways. [m of level road]
    number : ndarray of int, shape (ny, nx)
        Each pixel's node; the nearest node for pixels at the border or outside. [1]
    xy : ndarray, shape (n, 2)
        Middle of each node's pixel. [m]
    """
    land = ground(ctx)
    inside = ndimage.binary_erosion(np.pad(land.town >= 0, 1), iterations=1)[1:-1, 1:-1]
    parts, n_parts = ndimage.label(inside, np.ones((3, 3)))
    if n_parts == 0:
        inside = land.town >= 0
        parts, _ = ndimage.label(inside, np.ones((3, 3)))
    inside = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
    number = np.where(inside, np.cumsum(inside).reshape(inside.shape) - 1, -1)
    ends: list[NDArray[Any]] = []
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = number[: number.shape[0] - dr, max(0, -dc) : number.shape[1] - max(0, dc)]
        b = number[dr:, max(0, dc) : number.shape[1] + min(0, dc)]
        both = (a >= 0) & (b >= 0)
        ends.append(np.column_stack([a[both], b[both], np.full(both.sum(), np.hypot(dr, dc) * land.step)]))
    edges = np.vstack(ends)
    a, b, length = edges[:, 0].astype(np.intp), edges[:, 1].astype(np.intp), edges[:, 2]
    height, slope = land.height[inside], land.slope[inside]
    grade = np.abs(height[a] - height[b]) / length
    cost = length * (1 + GRADE_COST * grade + GRADE_SQUARE_COST * grade**2 + SIDE_COST * (slope[a] + slope[b]))
    n = int(inside.sum())
    graph = coo_matrix((np.r_[cost, cost], (np.r_[a, b], np.r_[b, a])), shape=(n, n)).tocsr()
    nearest = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    rows, cols = np.nonzero(inside)
    return graph, number[tuple(nearest)], land.centre(rows, cols)
