"""A delivered raster: recognised by a window over the district, and cut to it without reading the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio
import shapely
from pyproj import CRS, Transformer
from rasterio.errors import RasterioError
from rasterio.windows import Window, from_bounds

from changping_geo.intake.words import tables
from changping_geo.layers.grids import ALONE
from changping_geo.model import CrsError, SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from changping_geo.intake.look import Part
    from changping_geo.layers.spec import LayerSpec

# GDAL keeps no more blocks than this. [MB]
CACHE_MB = 64
STRIP = 512
MARGIN = 2
LOOKED_AT = 512
# A raster with more cells, of which the district needs less than this share, is cut. [cells, 1]
LARGE, NEEDED = 4_000_000, 0.5
ENV = ALONE | {"GDAL_CACHEMAX": CACHE_MB}
TITLE, CODES, RANGE = 2.5, 2.0, 0.5


def window_of(path: Path, crs: str, district: BaseGeometry, metric: str) -> tuple[Window, tuple[int, int]]:
    """Return the window that covers the district, and rows and columns of the whole.

    Raises
    ------
    CrsError
        If the raster names no CRS or does not meet the district.
    """
    if not crs:
        raise CrsError(f"{path}: the raster names no coordinate system; deliver it georeferenced")
    back = Transformer.from_crs(metric, CRS(crs), always_xy=True)
    step = max(district.bounds[2] - district.bounds[0], district.bounds[3] - district.bounds[1]) / 50
    outline = shapely.transform(shapely.segmentize(district.envelope, step), back.transform, interleaved=False)
    with rasterio.Env(**ENV), rasterio.open(path, driver="GTiff") as file:
        window = from_bounds(*outline.bounds, transform=file.transform)
        row, column = int(np.floor(window.row_off)) - MARGIN, int(np.floor(window.col_off)) - MARGIN
        bottom = int(np.ceil(window.row_off + window.height)) + MARGIN
        right = int(np.ceil(window.col_off + window.width)) + MARGIN
        row, column = max(row, 0), max(column, 0)
        bottom, right = min(bottom, file.height), min(right, file.width)
        if bottom <= row or right <= column:
            raise CrsError(f"{path}: nothing of the raster lies in the district; check its coordinate system")
        return Window(column, row, right - column, bottom - row), (file.height, file.width)


def is_large(window: Window, shape: tuple[int, int]) -> bool:
    """Return whether a raster is to be cut to the district."""
    cells = shape[0] * shape[1]
    return cells > LARGE and window.width * window.height < NEEDED * cells


def clip(path: Path, window: Window, target: Path) -> None:
    """Write a window of a GeoTIFF as a tiled one, strip by strip.

    Raises
    ------
    SourceError
        If the raster is damaged.
    """
    try:
        with rasterio.Env(**ENV), rasterio.open(path, driver="GTiff") as file:
            profile = {
                "driver": "GTiff",
                "width": window.width,
                "height": window.height,
                "count": 1,
                "dtype": file.dtypes[0],
                "crs": file.crs,
                "transform": file.window_transform(window),
                "nodata": file.nodata,
                "tiled": True,
                "compress": "deflate",
            }
            with rasterio.open(target, "w", **profile) as out:
                for top in range(0, int(window.height), STRIP):
                    rows = min(STRIP, int(window.height) - top)
                    part = Window(window.col_off, window.row_off + top, window.width, rows)
                    out.write(file.read(1, window=part), 1, window=Window(0, top, window.width, rows))
                out.scales, out.offsets = file.scales[:1], file.offsets[:1]
    except (RasterioError, OSError, ValueError) as error:
        raise SourceError(f"{path}: the raster is damaged ({error}); deliver it again") from error


def sample(path: Path, window: Window) -> NDArray[np.float64]:
    """Return some cells of the window that have a value, shape (n,)."""
    rows, columns = (min(int(n), LOOKED_AT) for n in (window.height, window.width))
    middle = Window(
        window.col_off + (window.width - columns) // 2, window.row_off + (window.height - rows) // 2, columns, rows
    )
    try:
        with rasterio.Env(**ENV), rasterio.open(path, driver="GTiff") as file:
            cells = file.read(1, window=middle, masked=True)
            values = cells.compressed().astype(np.float64) * file.scales[0] + file.offsets[0]
    except (RasterioError, OSError, ValueError) as error:
        raise SourceError(f"{path}: the raster is damaged ({error}); deliver it again") from error
    kept: NDArray[np.float64] = values[np.isfinite(values)]
    return kept


def score(part: Part, spec: LayerSpec, values: NDArray[np.float64]) -> float:
    """Return the points of a raster for a layer: its name, and whether its cells are accepted."""
    signs = tables()["signs"].get(spec.name, {"title": []})["title"]
    words = part.words.lower()
    points = TITLE if any(sign in words for sign in [*signs, spec.name]) else 0.0
    column = next(iter(spec.columns.values()), None)
    if column is None or not values.size:
        return points
    if column.values:
        return points + CODES * float(np.isin(values, [float(w) for w in column.values]).mean())
    low, high = column.range or (-np.inf, np.inf)
    return points + RANGE * float(((values >= low) & (values <= high)).mean())
