"""Layers of a map on paper: the shapes of the page with the classes and colours of its legends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from affine import Affine
from matplotlib.collections import LineCollection
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from rasterio.transform import array_bounds
from rasterio.warp import Resampling, calculate_default_transform, reproject

from changping_geo.present.map_grid import squares
from changping_geo.present.map_layers import layer_card
from changping_geo.present.map_raster import class_labels, raster_card, rgba
from changping_geo.present.map_rows import only_rows, raster_of, rows_of

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from changping_geo.made import Grid
    from changping_geo.model import Run
    from changping_geo.present.mapspec import Drawn, MapSpec

_PT_PX = 0.75  # points per pixel of a page
_MOST_CELLS = 2000
_EDGE = "#4a3f30"


def draw_layer(ax: Axes, run: Run, spec: MapSpec, drawn: Drawn, zoom: int, order: float) -> dict[str, Any] | None:
    """Draw a data layer as the page shows it at a zoom.

    Parameters
    ----------
    ax : Axes
        In the run's metric CRS. [m]
    run, spec, drawn : Run, MapSpec and Drawn
        The page and its layer.
    zoom : int
        The zoom of the page that shows about as much as the paper.
    order : float
        The layer's place from the bottom up.

    Returns
    -------
    dict or None
        Its legend; None if the page does not show it at this zoom.
    """
    within = drawn.min_zoom <= zoom <= drawn.max_zoom
    if not drawn.show:
        return None
    if drawn.draw == "raster":
        grid = raster_of(run, spec, drawn.layer)
        return None if grid is None or not within else _raster(ax, run, spec, drawn, grid, order)
    cells = drawn.grid_m and drawn.grid_zoom <= zoom < drawn.min_zoom
    rows = rows_of(run, spec, drawn.layer)
    if rows is None or not (cells or (within and spec.use != "public")):
        return None
    card, _, _ = layer_card(run, spec, drawn)
    if cells:
        about = card["squares"]
        values = rows.data[drawn.grid_column or drawn.column].to_numpy(dtype=float)
        found = squares(rows.data.geometry, values, about["side_m"], about["column"].rpartition("_")[2])
        kinds = classes_of(found["value"], about["legend"])
        _shapes(ax, found.geometry, kinds, about["legend"]["colours"], drawn, order)
        return _entry(card["title"], about["legend"], drawn)
    data = only_rows(run, spec, drawn, rows)[0] if drawn.only else rows.data
    legend = card["legend"]
    kinds = classes_of(data[drawn.column] if drawn.column else None, legend, len(data))
    sizes = None
    if card["size"]:
        share = data[drawn.size].to_numpy(dtype=float) / card["size"]["most"]
        sizes = np.maximum(2.5, drawn.radius_px * np.sqrt(np.clip(np.nan_to_num(share), 0, None)))
    _shapes(ax, data.geometry, kinds, legend["colours"], drawn, order, least_px=card["least_px"], radius_px=sizes)
    return _entry(card["title"], legend, drawn)


def _entry(title: tuple[str, str], legend: dict[str, Any], drawn: Drawn) -> dict[str, Any]:
    """Return a legend with the layer's name and opacity, as the page shows it."""
    return {**legend, "layer": title, "opacity": drawn.opacity}


def classes_of(values: pd.Series | None, legend: dict[str, Any], count: int = 0) -> NDArray[np.int64]:
    """Return the place of each value's colour in a legend, by the rules of the page."""
    last = len(legend["colours"]) - 1
    if legend["kind"] == "one" or values is None:
        return np.zeros(count, dtype=np.int64)
    if legend["kind"] == "words":
        places = {word: place for place, word in enumerate(legend["words"])}
        return np.array([places.get(str(value), last) for value in values], dtype=np.int64)
    numbers = values.to_numpy(dtype=float)
    found = np.searchsorted(np.asarray(legend["edges"][1:-1]), numbers, side="right")
    return np.where(np.isfinite(numbers), found, last).astype(np.int64)


def compound(shapes: NDArray[Any]) -> Path:
    """Return polygons, holes and parts included, as one path."""
    rings = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(shapes)))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(points), Path.LINETO, dtype=np.uint8)
    starts = np.flatnonzero(np.diff(ring, prepend=-1))
    codes[starts] = Path.MOVETO
    codes[np.append(starts[1:], len(points)) - 1] = Path.CLOSEPOLY
    return Path(points, codes)


def _shapes(
    ax: Axes,
    geometry: gpd.GeoSeries,
    kinds: NDArray[np.int64],
    colours: list[str],
    drawn: Drawn,
    order: float,
    *,
    least_px: float = 0.0,
    radius_px: NDArray[np.float64] | None = None,
) -> None:
    shapes, known = geometry.to_numpy(), ~(geometry.isna() | geometry.is_empty).to_numpy()
    dimension = int(shapely.get_dimensions(shapes[known]).max(initial=0))
    for kind, colour in enumerate(colours):
        here = known & (kinds == kind)
        if not here.any():
            continue
        if dimension == 1:
            lines = [shapely.get_coordinates(line) for line in shapely.get_parts(shapes[here])]
            width = max(0.5, drawn.width_px * _PT_PX * 0.7)
            ax.add_collection(LineCollection(lines, colors=colour, linewidths=width, alpha=drawn.opacity, zorder=order))
        elif dimension == 0:
            points = shapely.get_coordinates(shapely.centroid(shapes[here]))
            size = drawn.radius_px if radius_px is None else radius_px[here]
            dots = ax.scatter(points[:, 0], points[:, 1], s=(2 * _PT_PX * np.asarray(size)) ** 2, c=colour)
            dots.set(edgecolors="white", linewidths=0.7, alpha=drawn.opacity, zorder=order)
        elif least_px > 2:  # noqa: PLR2004 - as on the page: few shapes that must be found
            points = shapely.get_coordinates(shapely.centroid(shapes[here]))
            dots = ax.scatter(points[:, 0], points[:, 1], s=(least_px * _PT_PX * 0.9) ** 2, c=colour, marker="s")
            dots.set(edgecolors=_EDGE, linewidths=0.4, alpha=drawn.opacity, zorder=order)
        else:
            patch = PathPatch(compound(shapes[here]), facecolor=colour, edgecolor=_EDGE, linewidth=0.15)
            patch.set(alpha=drawn.opacity, zorder=order)
            ax.add_patch(patch)


def _raster(ax: Axes, run: Run, spec: MapSpec, drawn: Drawn, grid: Grid, order: float) -> dict[str, Any]:
    """Draw a raster cell by cell; one that is finer than paper shows is gathered."""
    card = raster_card(run, spec, drawn, grid)
    legend: dict[str, Any] = card["legend"]
    cells, extent = _in_frame(grid, run.frame.crs, codes=legend["kind"] == "words")
    colours = legend["colours"]
    index = np.full(cells.shape, len(colours))
    if legend["kind"] == "words":
        for place, code in enumerate(class_labels(run, drawn, grid)):
            index[cells == code] = place
    else:
        found = np.searchsorted(np.asarray(legend["edges"][1:-1]), cells, side="right")
        index = np.where(np.isfinite(cells), found, len(colours))
    palette = np.array([*(rgba(colour) for colour in colours), (0, 0, 0, 0)], dtype=np.uint8)
    ax.imshow(palette[index], extent=extent, interpolation="nearest", alpha=drawn.opacity, zorder=order, aspect="equal")
    return _entry(card["title"], legend, drawn)


def _in_frame(grid: Grid, crs: str, *, codes: bool) -> tuple[NDArray[np.float64], tuple[float, float, float, float]]:
    data = grid.data
    cells = np.asarray(data.values, dtype=np.float64)
    nodata = data.attrs.get("nodata")
    cells = cells if nodata is None else np.where(cells == nodata, np.nan, cells)
    transform = Affine(*data.attrs["transform"][:6])
    rows, columns = cells.shape
    if str(data.attrs["crs"]) != crs or max(rows, columns) > _MOST_CELLS:
        bounds = array_bounds(rows, columns, transform)
        target, width, height = calculate_default_transform(data.attrs["crs"], crs, columns, rows, *bounds)
        coarser = max(max(width, height) / _MOST_CELLS, 1.0)
        target, width, height = calculate_default_transform(
            data.attrs["crs"], crs, columns, rows, *bounds, resolution=coarser * target.a
        )
        out = np.full((height, width), np.nan)
        reproject(cells, out, src_transform=transform, src_crs=data.attrs["crs"], src_nodata=np.nan,
                  dst_transform=target, dst_crs=crs, dst_nodata=np.nan,
                  resampling=Resampling.mode if codes else Resampling.average)  # fmt: skip
        cells, transform = out, target
    west, south, east, north = array_bounds(*cells.shape, transform)
    return cells, (west, east, south, north)
