"""What the synthetic layers share: square cells, smooth noise, and layers that may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
import xarray as xr
from rasterio import features
from rasterio.transform import Affine
from scipy import sparse
from scipy.interpolate import BSpline

from changping_geo.model import GeoError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from changping_geo.sources import Context

    Floats = NDArray[np.float64]


class Cells(NamedTuple):
    """Square cells, north up.

    Attributes
    ----------
    west, north : float
        Outer corner. [m]
    size : float
        Edge of a cell. [m]
    shape : tuple of int
        Rows and columns.
    """

    west: float
    north: float
    size: float
    shape: tuple[int, int]

    @classmethod
    def over(cls, bounds: Iterable[float], size: float, margin: float = 0.0) -> Cells:
        """Return cells over bounds (west, south, east, north) and a margin, corners on multiples of `size`. [m]"""
        west, south, east, north = bounds
        left = np.floor((west - margin) / size) * size
        top = np.ceil((north + margin) / size) * size
        rows = int(np.ceil((top - (south - margin)) / size))
        columns = int(np.ceil((east + margin - left) / size))
        return cls(float(left), float(top), size, (rows, columns))

    @classmethod
    def of(cls, raster: xr.DataArray) -> Cells:
        """Return the cells of a raster layer."""
        x, y = raster["x"].to_numpy(), raster["y"].to_numpy()
        size = float(x[1] - x[0])
        return cls(float(x[0]) - size / 2, float(y[0]) + size / 2, size, (y.size, x.size))

    @property
    def transform(self) -> Affine:
        """Cell to metric coordinates, as rasterio has it."""
        return Affine(self.size, 0.0, self.west, 0.0, -self.size, self.north)

    @property
    def x(self) -> Floats:
        """Centres of the columns. [m]"""
        return np.asarray(self.west + (np.arange(self.shape[1]) + 0.5) * self.size, dtype=np.float64)

    @property
    def y(self) -> Floats:
        """Centres of the rows. [m]"""
        return np.asarray(self.north - (np.arange(self.shape[0]) + 0.5) * self.size, dtype=np.float64)

    def at(self, x: Floats | float, y: Floats | float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return row and column of points; points beyond the edge belong to the cells at the edge."""
        row = np.floor((self.north - np.asarray(y)) / self.size).astype(np.int64)
        column = np.floor((np.asarray(x) - self.west) / self.size).astype(np.int64)
        return np.clip(row, 0, self.shape[0] - 1), np.clip(column, 0, self.shape[1] - 1)

    def burn(self, shapes: Iterable[tuple[shapely.Geometry, int]], *, touched: bool = False) -> NDArray[np.int32]:
        """Return the value of the last shape over each cell's centre, 0 where there is none."""
        pairs = [(shape, value) for shape, value in shapes if not shape.is_empty]
        if not pairs:
            return np.zeros(self.shape, dtype=np.int32)
        burnt: NDArray[np.int32] = features.rasterize(
            pairs, out_shape=self.shape, transform=self.transform, all_touched=touched, dtype=np.int32
        )
        return burnt

    def under_lines(self, lines: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Return the cells through which lines pass; far faster than `burn` for many short lines."""
        marked = np.zeros(self.shape, dtype=bool)
        x, y = shapely.get_coordinates(shapely.segmentize(lines, self.size / 2)).T
        marked[self.at(x, y)] = True
        return marked

    def under_many(self, polygons: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Return the cells whose centres lie in any of many small polygons; far faster than `burn` for these."""
        marked = np.zeros(self.shape, dtype=bool)
        west, south, east, north = shapely.bounds(polygons).T
        top, left = self.at(west, north)
        bottom, right = self.at(east, south)
        across = right - left + 1
        count = across * (bottom - top + 1)
        which = np.repeat(np.arange(len(polygons)), count)
        step = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count)
        rows, columns = top[which] + step // across[which], left[which] + step % across[which]
        hit = shapely.contains_xy(polygons[which], self.x[columns], self.y[rows])
        marked[rows[hit], columns[hit]] = True
        return marked

    def raster(self, values: NDArray[np.generic], name: str, crs: str, nodata: float) -> xr.DataArray:
        """Return values as a raster layer."""
        return xr.DataArray(
            values,
            dims=("y", "x"),
            coords={"y": self.y, "x": self.x},
            name=name,
            attrs={"crs": crs, "transform": tuple(self.transform[:6]), "nodata": nodata},
        )


def spline_noise(rng: np.random.Generator, cells: Cells, wavelength: float) -> NDArray[np.float32]:
    """Return smooth noise over cells, about normal with unit variance: cubic B-splines on random knots.

    Parameters
    ----------
    rng : Generator
        Source of the knots.
    cells : Cells
        Where.
    wavelength : float
        Twice the distance of the knots. [m]
    """
    matrices = []
    for count in cells.shape:
        length = count * cells.size / (wavelength / 2)
        position = (np.arange(count) + 0.5) / count * length
        knots = np.arange(-3.0, np.ceil(length) + 4.0)
        matrices.append(sparse.csr_array(BSpline.design_matrix(position, knots, 3)).astype(np.float32))
    down, across = matrices
    knots_value = rng.standard_normal((down.shape[1], across.shape[1])).astype(np.float32)
    field = down @ np.asarray(across @ knots_value.T).T
    spread = 0.479  # mean of Σ b² over a cubic B-spline's knots, which one direction leaves of the variance
    return np.asarray(field, dtype=np.float32) / np.float32(spread)


def optional(ctx: Context, name: str) -> Any | None:
    """Return a layer that a workspace may do without; none when it is not there or cannot be read."""
    try:
        return ctx.layer(name)
    except GeoError:
        return None


def target(ctx: Context, indicator: str) -> float | None:
    """Return the plan's figure for an indicator in its first target year, in the plan's unit; none without a plan."""
    plan = optional(ctx, "target_table")
    if plan is None:
        return None
    rows = plan[plan["indicator"] == indicator].sort_values("year", kind="stable")
    return float(rows["target"].iloc[0]) if len(rows) else None


def grid_graph(resistance: NDArray[np.floating[Any]], size: float) -> sparse.csr_array:
    """Return the cost of going from each cell to its eight neighbours, each pair once.

    Parameters
    ----------
    resistance : ndarray, shape (ny, nx)
        Cost per length. [1]
    size : float
        Edge of a cell. [m]
    """
    number = np.arange(resistance.size).reshape(resistance.shape)
    rows, columns = resistance.shape
    pairs = [
        (
            number[: rows - down, max(0, -right) : columns - max(0, right)].ravel(),
            number[down:, max(0, right) : columns + min(0, right)].ravel(),
            np.hypot(down, right) * size,
        )
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1))
    ]
    a, b = (np.concatenate([pair[end] for pair in pairs]) for end in (0, 1))
    way = np.repeat([pair[2] for pair in pairs], [pair[0].size for pair in pairs])
    cost = way * (resistance.ravel()[a] + resistance.ravel()[b]) / 2
    return sparse.csr_array((cost, (a, b)), shape=(number.size, number.size))
