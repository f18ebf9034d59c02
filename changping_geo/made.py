"""What an analysis makes beside numbers: layers and rasters of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

__all__ = ["Grid", "Made"]


@dataclass(frozen=True, slots=True)
class Made:
    """A layer that an analysis made: chosen sites, isochrones, gaps, parcels.

    Attributes
    ----------
    title_zh, title_en : str
        Headings.
    data : GeoDataFrame, shape (n, m)
        Rows indexed from 0, geometry of one kind in the workspace's metric CRS.
    headings : dict of str to tuple of str
        Per column Chinese and English heading, and the unit if there is one; outputs and common columns have theirs.
    words : dict of str to dict
        Per column of words: word to Chinese and English label.
    key : str
        The column whose values are unique; empty when rows need no name.
    """

    title_zh: str
    title_en: str
    data: gpd.GeoDataFrame
    headings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    words: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A raster that an analysis made: carbon density, suitability, change of land cover.

    Attributes
    ----------
    title_zh, title_en : str
        Headings.
    unit : str
        Unit of the cells, empty for classes.
    data : DataArray, shape (rows, columns)
        Cells as `changping_geo.layers.rasters.as_dataarray` makes them: dimensions (y, x), attributes ``crs``,
        ``transform`` and ``nodata``.
    classes : dict of int to (str, str, str)
        For a raster of classes: code to Chinese label, English label and colour (``#rrggbb``).
    palette : str
        For a raster of amounts: its colours, of `changping_geo.present.classes`.
    """

    title_zh: str
    title_en: str
    unit: str
    data: xr.DataArray
    classes: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    palette: str = "green"
