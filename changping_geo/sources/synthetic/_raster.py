"""What the synthetic layers share: cells, smooth noise, points in polygons, numbered ids and town names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from rasterio import features
from rasterio.transform import Affine, from_origin
from scipy import sparse
from scipy.interpolate import BSpline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

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
        """Return cells over bounds (west, south, east, north) and a margin, their corners on multiples of `size`. [m]"""
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
        return from_origin(self.west, self.north, self.size, self.size)

    @property
    def x(self) -> Floats:
        """Centres of the columns. [m]"""
        return self.west + (np.arange(self.shape[1]) + 0.5) * self.size

    @property
    def y(self) -> Floats:
        """Centres of the rows. [m]"""
        return self.north - (np.arange(self.shape[0]) + 0.5) * self.size

    def at(self, x: Floats, y: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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


def town_of(towns: shapely.Geometry, x: Floats, y: Floats) -> NDArray[np.int64]:
    """Return the row of the town of each point, the nearest town's for a point in none."""
    tree = shapely.STRtree(towns.geometry.to_numpy())
    return tree.query_nearest(shapely.points(x, y), all_matches=False)[1]
