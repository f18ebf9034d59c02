"""Rasters beside stands: areas of classes and sums of amounts inside zones, with exact shares of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from pyproj import CRS
from rasterio.transform import Affine

from changping_geo.carbon.units import M2_PER_HA
from changping_geo.errors import ColumnError, CrsError

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from numpy.typing import NDArray

#: Shift and size of cells by which two grids may differ and still be one, over the size of a cell. [1]
ALIGNED = 1e-6


def check_raster(raster: xr.DataArray, where: str) -> None:
    """Refuse a raster without a place or without a value for nothing.

    Parameters
    ----------
    raster : DataArray, shape (rows, columns)
        With the attributes ``crs``, ``transform``, ``nodata``.
    where : str
        File or layer, for messages.

    Raises
    ------
    CrsError
        If it has no CRS, no transform, or is in degrees.
    ColumnError
        If it has no nodata value.
    """
    crs, transform = raster.attrs.get("crs"), raster.attrs.get("transform")
    if not crs or transform is None:
        raise CrsError(f"{where}: the raster has no {'CRS' if not crs else 'transform'}; set it in the file")
    if CRS(crs).is_geographic:
        raise CrsError(
            f"{where}: the raster is in degrees ({crs}), its cells have no one area; warp it to the metric CRS"
        )
    if raster.attrs.get("nodata") is None:
        raise ColumnError(
            f"{where}: the raster has no nodata value, so its empty cells would count; set it in the file"
        )


def check_aligned(one: xr.DataArray, other: xr.DataArray, names: tuple[str, str]) -> None:
    """Refuse two rasters whose cells are not the same pieces of ground.

    Raises
    ------
    CrsError
        If CRS, origin, cell size or shape differ.
    """
    a, b = (np.asarray(raster.attrs["transform"][:6], dtype=float) for raster in (one, other))
    told = []
    if CRS(one.attrs["crs"]) != CRS(other.attrs["crs"]):
        told.append(f"CRS {one.attrs['crs']} and {other.attrs['crs']}")
    if np.abs(a - b).max() > ALIGNED * abs(a[0]) or one.shape != other.shape:
        shift = f"shifted by {a[2] - b[2]:g}, {a[5] - b[5]:g} m, cells of {a[0]:g} and {b[0]:g} m"
        told.append(f"{shift}, {one.shape} and {other.shape} cells")
    if told:
        raise CrsError(
            f"{names[0]} and {names[1]} are not on one grid: {'; '.join(told)}; warp one to the other's grid"
        )


def empty_cells(raster: xr.DataArray) -> NDArray[np.bool_]:
    """Return the cells without a value."""
    cells, nodata = raster.to_numpy(), raster.attrs["nodata"]
    empty = np.isnan(cells) if cells.dtype.kind == "f" else np.zeros(cells.shape, dtype=bool)
    return empty if np.isnan(nodata) else empty | (cells == nodata)


def class_areas(raster: xr.DataArray, zones: gpd.GeoDataFrame, empty: NDArray[np.bool_]) -> pd.DataFrame:
    """Return the area of every class in every zone.

    Parameters
    ----------
    raster : DataArray, shape (rows, columns)
        Class codes in a metric CRS.
    zones : GeoDataFrame, shape (n,)
        Polygons, possibly empty, in any metric CRS.
    empty : ndarray of bool, shape (rows, columns)
        Cells not to count.

    Returns
    -------
    DataFrame, shape (n, classes)
        Indexed from 0 in the order of the zones, a column per code. [ha]
    """
    found = _extract(raster, raster.to_numpy(), zones, empty, ["unique", "frac", "count"])
    hectares = abs(raster.attrs["transform"][0] * raster.attrs["transform"][4]) / M2_PER_HA
    out = {
        zone: dict(zip(np.asarray(codes, dtype=int).tolist(), np.asarray(frac) * count * hectares, strict=True))
        for zone, codes, frac, count in found
        if count > 0
    }
    table = pd.DataFrame.from_dict(out, orient="index", dtype=float)
    return table.reindex(range(len(zones))).fillna(0.0).sort_index(axis=1)


def amounts(
    raster: xr.DataArray, cells: NDArray[np.floating[Any]], zones: gpd.GeoDataFrame, empty: NDArray[np.bool_]
) -> pd.DataFrame:
    """Return area and integral of an amount per hectare in every zone.

    Parameters
    ----------
    raster : DataArray, shape (rows, columns)
        The grid.
    cells : ndarray, shape (rows, columns)
        An amount per hectare. [1/ha]
    zones, empty
        As in `class_areas`.

    Returns
    -------
    DataFrame, shape (n,)
        ``area_ha`` [ha] and ``amount`` [unit of cells times ha].
    """
    found = _extract(raster, cells, zones, empty, ["count", "sum"])
    hectares = abs(raster.attrs["transform"][0] * raster.attrs["transform"][4]) / M2_PER_HA
    table = pd.DataFrame(0.0, index=range(len(zones)), columns=["area_ha", "amount"])
    for zone, count, total in found:
        if count > 0:
            table.loc[zone] = [count * hectares, total * hectares]
    return table


def _extract(
    raster: xr.DataArray, cells: NDArray[Any], zones: gpd.GeoDataFrame, empty: NDArray[np.bool_], ops: list[str]
) -> list[tuple[Any, ...]]:
    """Return the number of each zone that has an area, and what was asked of it."""
    a, _, west, _, e, north = raster.attrs["transform"][:6]
    rows, columns = cells.shape
    # exactextract takes grids with the north on top.
    if e > 0:
        cells, empty, north, e = cells[::-1], empty[::-1], north + e * rows, -e
    wkt = CRS(raster.attrs["crs"]).to_wkt()
    source = NumPyRasterSource(
        np.ma.masked_array(cells, mask=empty), west, north + e * rows, west + a * columns, north, srs_wkt=wkt
    )
    held = zones[["geometry"]].reset_index(drop=True)
    held = held[~(held.is_empty | held.geometry.isna())].to_crs(wkt)
    if not len(held):
        return []
    held["zone"] = held.index
    table = exact_extract(source, held, ops, include_cols=["zone"], output="pandas")
    return list(table[["zone", *ops]].itertuples(index=False, name=None))


def transform_of(raster: xr.DataArray) -> Affine:
    """Return the affine transform of a raster."""
    return Affine(*raster.attrs["transform"][:6])
