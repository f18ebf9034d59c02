"""A map as an A3 sheet in PDF, without a browser: the classes and colours of the page, at a round true scale.

Text stays text, in a font of the system; nothing is drawn that the page does not show of the whole district.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.patheffects import Stroke
from pyproj import Transformer

from changping_geo.present.headings import heading
from changping_geo.present.map_check import check
from changping_geo.present.map_layers import legend_of
from changping_geo.present.map_rows import town_names
from changping_geo.present.mapdata import shapes_of
from changping_geo.present.mapspec import shown_column
from changping_geo.present.pdffont import print_font
from changping_geo.present.pdfground import PaperGround, paper_ground
from changping_geo.present.pdflayers import classes_of, compound, draw_layer
from changping_geo.present.pdfsheet import HEIGHT_MM, MAP_MM, WIDTH_MM, Sheet
from changping_geo.present.sheets import text_width

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    import geopandas as gpd
    from matplotlib.axes import Axes

    from changping_geo.model import Run
    from changping_geo.present.mapspec import MapSpec

log = logging.getLogger(__name__)
MM = 1 / 25.4  # inches
_STEPS = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_ZOOM_0 = 591_657_527.6  # scale of web Mercator at zoom 0 on the equator, at 96 pixels per inch
_LABEL_PT, _LABEL_MM = 8.5, 1.65  # size, and width of half a Chinese letter


def write_map_pdfs(run: Run, specs: Sequence[MapSpec], folder: Path, on: date | None = None) -> list[Path]:
    """Write every map of a run as ``<name>.pdf``; the base map is made once.

    Parameters
    ----------
    run : Run
        The run, with the layers that its maps asked for.
    specs : sequence of MapSpec
        The maps.
    folder : Path
        Where the files go.
    on : date, optional
        The date on the sheet; today when left out.

    Returns
    -------
    list of Path
        The files.
    """
    grounds: dict[tuple[str, ...], PaperGround] = {}
    files = []
    for spec in specs:
        if spec.ground not in grounds:
            grounds[spec.ground] = paper_ground(run, spec)
        files.append(folder / f"{spec.name}.pdf")
        write_map_pdf(run, spec, files[-1], on=on, ground=grounds[spec.ground])
    return files


def write_map_pdf(
    run: Run,
    spec: MapSpec,
    path: Path,
    use: str | None = None,
    *,
    on: date | None = None,
    ground: PaperGround | None = None,
) -> None:
    """Write a map as an A3 sheet, landscape.

    Parameters
    ----------
    run : Run
        A finished run.
    spec : MapSpec
        The page that is printed.
    path : Path
        The file, ``.pdf``.
    use : str, optional
        ``internal`` or ``public``, in place of what the spec says.
    on : date, optional
        The date on the sheet; today when left out.
    ground : PaperGround, optional
        The base map, when it is made already.

    Raises
    ------
    SpecError
        If the map names what the run does not have, or lacks what a map for the public must carry.
    """
    spec = spec if use is None else replace(spec, use=use)
    check(run, spec)
    font = print_font()
    settings: Any = {"pdf.fonttype": font.kind, "font.family": list(font.families), "text.hinting": "none"}
    with mpl.rc_context(settings), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        figure = Figure(figsize=(WIDTH_MM * MM, HEIGHT_MM * MM))
        FigureCanvasPdf(figure)
        sheet = Sheet(figure, font, spec.language)
        legends, scale = _draw_map(run, spec, sheet, ground or paper_ground(run, spec))
        sheet.furnish(run, spec, legends, scale, on or datetime.now(tz=UTC).astimezone().date())
        title = font.text(f"{run.frame.title_zh}{spec.title_zh}", f"{spec.title_en} – {run.frame.title_en}")
        metadata = {"Title": title, "Creator": "changping-geo", "CreationDate": None}
        figure.savefig(path, format="pdf", metadata=metadata)
    missing = sorted({str(one.message).split(" missing")[0] for one in told if "missing from" in str(one.message)})
    if missing:
        log.warning("%s: no font of this system has %s", path.name, ", ".join(missing))


def _draw_map(run: Run, spec: MapSpec, sheet: Sheet, ground: PaperGround) -> tuple[list[dict[str, Any]], float]:
    """Draw the map in its frame and return legends, the topmost layer first, and the scale's number."""
    towns = shapes_of(run, "towns").reset_index(drop=True)
    outline = towns.geometry.union_all()
    west, south, east, north = outline.bounds
    _, _, width, height = MAP_MM
    scale = round_scale(max((east - west) / (0.94 * width), (north - south) / (0.94 * height)) * 1000)
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    half_x, half_y = width * scale / 2000, height * scale / 2000
    ax = sheet.frame()
    clip = PathPatch(compound(np.array([outline])), facecolor="#f8f7f3", edgecolor="none", zorder=0.5)
    ax.add_patch(clip)
    ground.draw(ax, clip)
    legends = _towns(ax, run, spec, towns)
    _, latitude = Transformer.from_crs(run.frame.crs, "EPSG:4326", always_xy=True).transform(middle_x, middle_y)
    zoom = round(np.log2(_ZOOM_0 * np.cos(np.radians(latitude)) / scale))
    for place, drawn in enumerate(spec.layers):
        legend = draw_layer(ax, run, spec, drawn, zoom, 5 + place / 100)
        if legend is not None:
            legends.insert(0, legend)
    for shape, colour, width_pt in ((towns.geometry.to_numpy(), "#ffffff", 0.7), (np.array([outline]), "#6b6459", 1.1)):
        ax.add_patch(PathPatch(compound(shape), facecolor="none", edgecolor=colour, linewidth=width_pt, zorder=4.5))
    _labels(ax, sheet, towns, scale)
    ax.set(xlim=(middle_x - half_x, middle_x + half_x), ylim=(middle_y - half_y, middle_y + half_y))
    return legends, scale


def round_scale(least: float) -> float:
    """Return the next round number of a scale: 1 : 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8 or 10 times a power of ten.

    Examples
    --------
    >>> round_scale(187_000.0)
    200000.0
    """
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9)))


def _towns(ax: Axes, run: Run, spec: MapSpec, towns: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    coloured = shown_column(spec, "towns") if spec.towns is not None else None
    if spec.towns is None or coloured is None:
        return []
    table = run.results[spec.analysis].by_town
    values = table.set_axis(table.index.astype(str))[coloured.column].reindex(towns["town_code"].astype(str))
    card = heading(run, coloured.column, analysis=spec.analysis)
    _, legend = legend_of(card, coloured, values.to_numpy(dtype=float))
    kinds = classes_of(values, legend)
    for shape, kind in zip(towns.geometry, kinds, strict=True):
        patch = PathPatch(compound(np.array([shape])), facecolor=legend["colours"][kind], edgecolor="none", zorder=3)
        patch.set_alpha(spec.towns.opacity)
        ax.add_patch(patch)
    title = run.titles.get("towns", ("镇街", "Towns"))
    return [{**legend, "layer": title, "opacity": spec.towns.opacity}]


def _labels(ax: Axes, sheet: Sheet, towns: gpd.GeoDataFrame, scale: float) -> None:
    """Write the towns' names, large towns first; a name that would lie on another one is left out."""
    shapes = towns.geometry.to_numpy()
    points = shapely.get_coordinates(shapely.get_point(shapely.maximum_inscribed_circle(shapes), 0))
    names = town_names(towns)
    taken: list[Any] = []
    for at in np.argsort(-shapely.area(shapes)):
        text = sheet.text(*names[at])
        half_x, half_y = (size * scale / 1000 for size in (_LABEL_MM * text_width(text) / 2 + 0.4, 2.0))
        x, y = points[at]
        box = shapely.box(x - half_x, y - half_y, x + half_x, y + half_y)
        if any(box.intersects(other) for other in taken):
            continue
        taken.append(box)
        look: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": _LABEL_PT, "parse_math": False}
        # Effects turn text into shapes: the halo is a text of its own, and the name above it stays text.
        ax.text(x, y, text, color="white", path_effects=[Stroke(linewidth=2.2, foreground="white")], zorder=7, **look)
        ax.text(x, y, text, color="#2b2a27", zorder=8, **look)
    frame = Rectangle((0, 0), 1, 1, transform=ax.transAxes, fill=False, edgecolor="#6b6459", linewidth=0.8, zorder=9)
    ax.add_patch(frame).set_clip_on(False)
