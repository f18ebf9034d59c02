"""A small picture of each map page, drawn without a browser from the same classes and colours."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from PIL import Image

from changping_geo.model import SpecError
from changping_geo.present.headings import heading
from changping_geo.present.map_layers import NO_DATA, legend_of
from changping_geo.present.map_raster import MERCATOR
from changping_geo.present.map_rows import layer_of, only_rows, rows_of, town_names
from changping_geo.present.mapspec import Coloured, shown_column
from changping_geo.present.pdffont import print_font
from changping_geo.present.sheets import text_width
from changping_geo.present.thumbs_raster import paint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from changping_geo.model import Run
    from changping_geo.present.map_rows import Rows
    from changping_geo.present.mapspec import Drawn, MapSpec

Pair = tuple[str, str]

WIDTH_PX, HEIGHT_PX = 480, 330
_DPI = 100
_COLOURS = 64
# What a page shows while it shows the whole district. [zoom]
_FIRST_ZOOM = 10
# More shapes than this are smaller than a dot of the picture, and are drawn as dots. [rows]
_MOST_SHAPES = 4000
# Radii and widths of a page, in a picture of this size. [1]
_SCALE = 0.55
# Share of the picture's side that is left free around the district. [1]
_MARGIN = 0.04
_GROUND, _EDGE, _OUTLINE, _LAND, _MARK = "#eceee9", "#8d877a", "#5d574b", "#f8f7f3", "#c2185b"
# Height of a town's name in a picture that is large enough for names. [px of a small picture]
_NAME_PX = 8.5


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture of a map.

    Attributes
    ----------
    png : bytes
        The picture.
    title, unit : (str, str)
        What is coloured, and the unit in which `labels` are; empty where nothing is coloured by classes.
    colours : tuple of str
        ``#rrggbb`` per class.
    labels : (tuple of str, tuple of str)
        Chinese and English label per class.
    """

    png: bytes
    title: Pair = ("", "")
    unit: Pair = ("", "")
    colours: tuple[str, ...] = ()
    labels: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


def thumbnail(run: Run, spec: MapSpec, *, times: int = 1, marked: str = "") -> Thumbnail:
    """Draw what a page shows at its start: towns by class, and the layers that are on.

    Parameters
    ----------
    run : Run
        A finished run.
    spec : MapSpec
        A page of that run; of a page for the public only towns and rasters are drawn.
    times : int
        How many dots of the picture stand where a small picture has one, across; from 2 on the towns have names. [1]
    marked : str
        Code of a town that gets a strong outline.

    Raises
    ------
    SpecError
        If the run has no towns.
    """
    layer = layer_of(run, "towns")
    if layer is None or not isinstance(layer.data, gpd.GeoDataFrame):
        raise SpecError("a picture of a map needs the layer 'towns'")
    figure = Figure(figsize=(WIDTH_PX / _DPI, HEIGHT_PX / _DPI), dpi=_DPI * times, facecolor=_GROUND)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    shapes = layer.data.geometry.to_crs(MERCATOR)
    _show_all_of(axes, shapes)
    legend = _towns(axes, run, spec, layer.data, shapes)
    for drawn in _at_start(spec):
        found = (
            paint(axes, run, spec, drawn, _on_top(axes)) if drawn.draw == "raster" else _rows(axes, run, spec, drawn)
        )
        legend = found or legend
    _fill(axes, [shapes.union_all()], "none", edge=_OUTLINE, width=1.1)
    if marked:
        here = shapes[(layer.data["town_code"].astype(str) == marked).to_numpy()]
        _fill(axes, here, "none", edge=_MARK, width=2.2)
    if times > 1:
        _names(axes, layer.data, shapes)
    png = _png(figure)
    if legend is None:
        return Thumbnail(png)
    labels = tuple(legend["labels"][0]), tuple(legend["labels"][1])
    return Thumbnail(png, tuple(legend["title"]), tuple(legend["unit"]), tuple(legend["colours"]), labels)


def _names(axes: Axes, towns: gpd.GeoDataFrame, shapes: gpd.GeoSeries) -> None:
    """Write the towns' Chinese names, large towns first; a name that would lie on another one is left out."""
    font = print_font()
    if not font.chinese:
        return
    parts = shapes.to_numpy()
    points = shapely.get_coordinates(shapely.get_point(shapely.maximum_inscribed_circle(parts), 0))
    west, east = axes.get_xlim()
    unit = (east - west) / WIDTH_PX
    taken: list[Any] = []
    for at in np.argsort(-shapely.area(parts), kind="stable"):
        text = town_names(towns)[at][0]
        (x, y), half = points[at], (0.5 * _NAME_PX * text_width(text) * 0.5 + 1) * unit
        box = shapely.box(x - half, y - 0.7 * _NAME_PX * unit, x + half, y + 0.7 * _NAME_PX * unit)
        if any(box.intersects(other) for other in taken):
            continue
        taken.append(box)
        axes.text(
            x, y, text, ha="center", va="center", fontsize=_NAME_PX * 72 / _DPI, color="#2b2a27",
            zorder=_on_top(axes),
            clip_on=True, family=list(font.families), parse_math=False,
            path_effects=[withStroke(linewidth=1.6, foreground="white")],
        )  # fmt: skip


def _at_start(spec: MapSpec) -> list[Drawn]:
    """Return the layers that a page draws while it shows the whole district; any that are on if there are none."""
    on = [d for d in spec.layers if d.show and (spec.use != "public" or d.draw == "raster")]
    first = [d for d in on if d.min_zoom <= _FIRST_ZOOM]
    return first if first or spec.towns is not None else on


def _show_all_of(axes: Axes, shapes: gpd.GeoSeries) -> None:
    west, south, east, north = shapes.total_bounds
    half = max((east - west) / WIDTH_PX, (north - south) / HEIGHT_PX) * (0.5 + _MARGIN)
    x, y = (west + east) / 2, (south + north) / 2
    axes.set_xlim(x - half * WIDTH_PX, x + half * WIDTH_PX)
    axes.set_ylim(y - half * HEIGHT_PX, y + half * HEIGHT_PX)


def _towns(
    axes: Axes, run: Run, spec: MapSpec, towns: gpd.GeoDataFrame, shapes: gpd.GeoSeries
) -> dict[str, Any] | None:
    card, coloured = spec.towns, shown_column(spec, "towns")
    _fill(axes, shapes, _LAND, edge="none")
    if card is None or coloured is None:
        _fill(axes, shapes, "none", edge=_EDGE, width=0.5)
        return None
    table = run.results[spec.analysis].by_town
    values = table[card.column].set_axis(table.index.astype(str)).reindex(towns["town_code"].astype(str))
    classes, legend = legend_of(
        heading(run, card.column, analysis=spec.analysis), coloured, values.to_numpy(dtype=float)
    )
    colours = _picked(classes.colours, classes.index(values.to_numpy(dtype=float)))
    _fill(axes, shapes, colours, edge="#ffffff", width=0.6, opacity=max(card.opacity, 0.4))
    return legend


def _rows(axes: Axes, run: Run, spec: MapSpec, drawn: Drawn) -> dict[str, Any] | None:
    rows = rows_of(run, spec, drawn.layer)
    if rows is None:
        return None
    data = only_rows(run, spec, drawn, rows)[0] if drawn.only else rows.data
    data = data[~(data.geometry.isna() | data.geometry.is_empty)]
    if data.empty:
        return None
    colours, legend = _colours(run, spec, drawn, rows, data)
    kind = str(data.geom_type.iloc[0]).removeprefix("Multi")
    if kind == "Point" or drawn.only:
        _dots(axes, data, colours, _areas(drawn, data), drawn.opacity)
    elif len(data) > _MOST_SHAPES:
        _specks(axes, data, colours)
    elif kind == "LineString":
        lines = [shapely.get_coordinates(part) for part in data.geometry.to_crs(MERCATOR).to_numpy()]
        width = drawn.width_px * _SCALE
        axes.add_collection(
            LineCollection(lines, colors=colours, linewidths=width, alpha=drawn.opacity, zorder=_on_top(axes))
        )
    else:
        _fill(axes, data.geometry.to_crs(MERCATOR), colours, edge="none", opacity=drawn.opacity)
    return legend


def _colours(
    run: Run, spec: MapSpec, drawn: Drawn, rows: Rows, data: gpd.GeoDataFrame
) -> tuple[list[str], dict[str, Any] | None]:
    """Return a colour per row, and the legend where it has classes."""
    if drawn.colour:
        return [drawn.colour] * len(data), None
    if drawn.colours:
        return [drawn.colours.get(str(word), NO_DATA) for word in data[drawn.column]], None
    own = drawn.column not in rows.owners
    card = heading(
        run,
        drawn.column,
        analysis=rows.owners.get(drawn.column, spec.analysis),
        layer=drawn.layer if own else "",
    )
    coloured = Coloured(drawn.column, drawn.layer, drawn.palette, drawn.kind, drawn.classes)
    values = data[drawn.column].to_numpy(dtype=float)
    classes, legend = legend_of(card, coloured, values)
    return _picked(classes.colours, classes.index(values)), legend


def _picked(colours: tuple[str, ...], index: NDArray[np.int64]) -> list[str]:
    return [colours[i] if i >= 0 else NO_DATA for i in index]


def _areas(drawn: Drawn, data: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return the area of each dot. [pt²]"""
    full = (2 * max(drawn.radius_px if drawn.draw == "points" else 5.5, 4.0) * _SCALE * 72 / _DPI) ** 2
    if not drawn.size:
        return np.full(len(data), full)
    values = np.nan_to_num(data[drawn.size].to_numpy(dtype=float))
    most = float(values.max(initial=0.0)) or 1.0
    return np.asarray(full * np.clip(values / most, 0.1, 1.0))


def _middles(data: gpd.GeoDataFrame) -> NDArray[np.float64]:
    middle = gpd.GeoSeries(shapely.centroid(data.geometry.to_numpy()), crs=data.crs).to_crs(MERCATOR)
    return np.asarray(shapely.get_coordinates(middle.to_numpy()))


def _dots(axes: Axes, data: gpd.GeoDataFrame, colours: list[str], areas: NDArray[np.float64], opacity: float) -> None:
    at = _middles(data)
    axes.scatter(
        at[:, 0], at[:, 1], s=areas, c=colours, edgecolors=_EDGE, linewidths=0.4, alpha=opacity, zorder=_on_top(axes)
    )


def _specks(axes: Axes, data: gpd.GeoDataFrame, colours: list[str]) -> None:
    """Draw one dot of the picture per row; where several fall on one, the last in the order of the legend is seen."""
    at = _middles(data)
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    times = round(axes.figure.dpi / _DPI)
    width, height = WIDTH_PX * times, HEIGHT_PX * times
    column = np.floor((at[:, 0] - west) / (east - west) * width).astype(np.int64)
    row = np.floor((north - at[:, 1]) / (north - south) * height).astype(np.int64)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    known, which = np.unique(colours, return_inverse=True)
    picture = np.zeros((height, width, 4))
    picture[row[inside], column[inside]] = to_rgba_array(list(known))[which[inside]]
    axes.imshow(
        picture, extent=(west, east, south, north), aspect="auto", interpolation="nearest", zorder=_on_top(axes)
    )


def _fill(
    axes: Axes, shapes: Any, colours: str | list[str], *, edge: str, width: float = 0.0, opacity: float = 1.0
) -> None:
    paths = [path for path in map(_path, shapes) if path is not None]
    face = (
        [c for c, shape in zip(colours, shapes, strict=True) if not shape.is_empty]
        if isinstance(colours, list)
        else colours
    )
    drawn = PathCollection(
        paths, facecolors=face, edgecolors=edge, linewidths=width, alpha=opacity, zorder=_on_top(axes)
    )
    axes.add_collection(drawn)


def _on_top(axes: Axes) -> int:
    """Return the place above all that is drawn: lines, areas and pictures lie in the order of the page."""
    return 1 + len(axes.get_children())


def _path(shape: shapely.Geometry) -> Path | None:
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(shape))]
    if not rings:
        return None
    codes = [np.r_[Path.MOVETO, np.full(len(ring) - 2, Path.LINETO, dtype=np.uint8), Path.CLOSEPOLY] for ring in rings]
    return Path(np.concatenate(rings), np.concatenate(codes).astype(np.uint8))


def _png(figure: Figure) -> bytes:
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    out = io.BytesIO()
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
