"""A raster as one DataArray: dimensions (y, x), cell centres as coordinates, its place and nodata as attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio
import xarray as xr
from rasterio.transform import Affine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def as_dataarray(
    cells: NDArray[np.generic], transform: Sequence[float], crs: str, nodata: float | None, name: str = ""
) -> xr.DataArray:
    """Return cells with their place.

    Parameters
    ----------
    cells : array of shape (rows, columns)
        Values, first row in the north unless the transform says otherwise.
    transform : sequence of six floats
        Affine coefficients a, b, c, d, e, f of the upper left corner. [unit of the CRS]
    crs : str
        Authority code or WKT.
    nodata : float or None
        The value that means nothing.
    name : str
        Name of the array.

    Returns
    -------
    DataArray of shape (rows, columns)
    """
    a, _, c, _, e, f = transform[:6]
    rows, columns = cells.shape
    return xr.DataArray(
        cells,
        dims=("y", "x"),
        coords={"y": f + e * (np.arange(rows) + 0.5), "x": c + a * (np.arange(columns) + 0.5)},
        attrs={"crs": crs, "transform": tuple(float(v) for v in transform[:6]), "nodata": nodata},
        name=name or None,
    )


def write_raster(raster: xr.DataArray, path: Path) -> None:
    """Write a DataArray as a tiled, compressed GeoTIFF."""
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=raster.shape[0],
        width=raster.shape[1],
        count=1,
        dtype=raster.dtype.name,
        crs=raster.attrs["crs"],
        transform=Affine(*raster.attrs["transform"]),
        nodata=raster.attrs["nodata"],
        tiled=True,
        compress="deflate",
        predictor=3 if raster.dtype.kind == "f" else 2,
        zlevel=1,
    ) as file:
        file.write(raster.to_numpy(), 1)


def read_raster(path: Path) -> xr.DataArray:
    """Read the first band of a GeoTIFF whole."""
    with rasterio.open(path, driver="GTiff") as file:
        crs = file.crs
        code = f"EPSG:{crs.to_epsg()}" if crs and crs.to_epsg() else (crs.to_wkt() if crs else "")
        return as_dataarray(file.read(1), tuple(file.transform), code, file.nodata, path.stem)
