"""Rasters on the small picture of a map page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.colors import ListedColormap

from changping_geo.layers.rasters import as_dataarray
from changping_geo.present.headings import Heading
from changping_geo.present.map_layers import legend_of
from changping_geo.present.map_raster import MERCATOR, class_labels, warp
from changping_geo.present.map_rows import raster_of
from changping_geo.present.mapspec import Coloured

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from changping_geo.made import Grid
    from changping_geo.model import Run
    from changping_geo.present.mapspec import Drawn, MapSpec

_LONLAT = "EPSG:4326"
_WIDTH_PX = 480
# Cells along the shorter side of a raster that are looked at. [cells]
_CELLS = 1000


def paint(axes: Axes, run: Run, spec: MapSpec, drawn: Drawn, above: int) -> dict[str, Any] | None:
    """Paint a raster above so many other things, and return its legend where it has classes.

    Parameters
    ----------
    axes : Axes
        A picture in web Mercator, its limits set.
    run : Run
        The run.
    spec : MapSpec
        The page.
    drawn : Drawn
        A raster of the page; nothing is painted when the run lacks it.
    above : int
        Its place in the order of drawing. [1]
    """
    grid = raster_of(run, spec, drawn.layer)
    if grid is None:
        return None
    known = class_labels(run, drawn, grid)
    picture = warp(_sampled(grid.data), _WIDTH_PX, classes=bool(known))
    legend = None
    if known:
        index = np.full(picture.cells.shape, -1)
        for place, code in enumerate(known):
            index[picture.cells == code] = place
        colours = [colour for _, _, colour in known.values()]
    else:
        colours, index, legend = _amounts(drawn, grid, picture.cells)
    (south, west), (north, east) = picture.bounds
    left, low, right, high = (
        gpd.GeoSeries([shapely.box(west, south, east, north)], crs=_LONLAT).to_crs(MERCATOR).total_bounds
    )
    shown = np.ma.masked_less(index, 0)
    axes.imshow(
        shown,
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=len(colours) - 0.5,
        extent=(left, right, low, high),
        aspect="auto",
        interpolation="nearest",
        alpha=drawn.opacity,
        zorder=above,
    )
    return legend


def _sampled(data: xr.DataArray) -> xr.DataArray:
    """Return every n-th cell, with a few cells left for each dot of the picture."""
    step = max(1, min(data.shape) // (_CELLS))
    if step == 1:
        return data
    a, b, c, d, e, f = data.attrs["transform"][:6]
    place = (a * step, b * step, c, d * step, e * step, f)
    return as_dataarray(data.values[::step, ::step], place, data.attrs["crs"], data.attrs.get("nodata"))


def _amounts(
    drawn: Drawn, grid: Grid, cells: NDArray[np.float64]
) -> tuple[list[str], NDArray[np.int64], dict[str, Any]]:
    palette = grid.palette if drawn.palette == "amber" else drawn.palette
    coloured = Coloured(drawn.key, drawn.layer, palette, drawn.kind, drawn.classes)
    card = Heading(drawn.key, grid.title_zh, grid.title_en, grid.unit)
    classes, legend = legend_of(card, coloured, cells[np.isfinite(cells)])
    return list(classes.colours), classes.index(cells.ravel()).reshape(cells.shape), legend
