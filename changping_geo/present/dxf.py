"""DXF for CAD: one layer per class, named in Chinese; closed polylines, points and text; metres.

GDAL stamps its DXF as Western although it writes UTF-8, so that Chinese layer names garble; this is written by ezdxf as
R2010, whose files are UTF-8 by definition.

References
----------
AutoCAD 2010 DXF Reference, AC1024.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import shapely
from ezdxf import units
from ezdxf._options import options
from ezdxf.document import Drawing
from ezdxf.enums import TextEntityAlignment

from changping_geo.model import ResultError
from changping_geo.present.kml import NAMES
from changping_geo.present.layerfiles import told
from changping_geo.present.style import places
from changping_geo.present.tables import is_missing
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ezdxf.layouts.layout import Modelspace

    from changping_geo.present.gislayers import GisLayer

VERSION = "R2010"
TEXT_STYLE = "HZ"
FONT = "simhei.ttf"
# Height of labels as a share of the drawing's width. [1]
TEXT_SHARE = 0.004
# More labels than these hide the drawing. [rows]
MAX_LABELS = 5_000
# What a layer's name may not hold, and the full-width sign that stands for it.
_FORBIDDEN = str.maketrans('<>/\\":;?*|=`', "＜＞／＼＂：；？＊｜＝‘", ",")
_MAX_NAME = 120
_TITLE = "_注记"


def write_dxf(layers: Sequence[GisLayer], path: Path, about: str) -> None:
    """Write layers as one drawing.

    Parameters
    ----------
    layers : sequence of GisLayer
        Layers in one metric CRS.
    path : Path
        The file.
    about : str
        What the drawing's comment says: district, CRS, data status.

    Raises
    ------
    ResultError
        If the CRS is no metric one, or the drawing is not sound.
    """
    crs = layers[0].data.crs
    if crs is None or not crs.is_projected:
        raise ResultError("a drawing is in metres: take a plane CRS for --format dxf, such as a CGCS2000 zone")
    with _fixed_times():
        drawing = Drawing.new(VERSION)
    drawing.units = units.M
    drawing.header["$MEASUREMENT"] = 1
    drawing.header.custom_vars.append("about", writable(about))
    drawing.styles.new(TEXT_STYLE, dxfattribs={"font": FONT})
    boxes = [layer.data.total_bounds for layer in layers if len(layer.data)]
    height = TEXT_SHARE * max((float(box[2] - box[0]) for box in boxes), default=1.0)
    for layer in reversed(layers):  # what comes first lies on top
        _draw(drawing, layer, height)
    audit = drawing.audit()
    if audit.has_errors:
        raise ResultError(f"{path}: the drawing has {len(audit.errors)} faults; nothing is published")
    with told(path), _fixed_times():
        drawing.saveas(path)


@contextmanager
def _fixed_times() -> Iterator[None]:
    """Write constant times and identifiers, so that the same results give the same file."""
    before = options.write_fixed_meta_data_for_testing
    options.write_fixed_meta_data_for_testing = True
    try:
        yield
    finally:
        options.write_fixed_meta_data_for_testing = before


def layer_name(*parts: str) -> str:
    """Return a name that a drawing's layer may have.

    Examples
    --------
    >>> layer_name("屋顶", "≥ 1,000 kW")
    '屋顶_≥ 1000 kW'
    """
    name = " ".join(writable("_".join(parts)).translate(_FORBIDDEN).split())
    return name[:_MAX_NAME].strip() or "0"


def _draw(drawing: Drawing, layer: GisLayer, height: float) -> None:
    style, space = next(iter(layer.styles.values())), drawing.modelspace()
    held = places(style, layer.data)
    single = len(style.rules) == 1
    names = [layer_name(layer.title_zh, *([] if single else [rule.label])) for rule in style.rules]
    for name, rule in zip(names, style.rules, strict=True):
        if name not in drawing.layers:
            drawing.layers.add(name, true_color=int(rule.colour[1:], 16))
    bare = layer_name(layer.title_zh)
    if bare not in drawing.layers:
        drawing.layers.add(bare)
    for shape, place in zip(layer.data.geometry, held, strict=True):
        if shape is not None and not shape.is_empty:
            _shape(space, shape, names[place] if place >= 0 else bare)
    column = next((c for c in (style.label, *NAMES) if c in layer.headings), "")
    if column and len(layer.data) <= MAX_LABELS:
        _labels(drawing, layer, column, height)


def _shape(space: Modelspace, shape: shapely.Geometry, name: str) -> None:
    attributes = {"layer": name}
    for part in shapely.get_parts(shape):
        if part.geom_type == "Point":
            space.add_point((part.x, part.y), dxfattribs=attributes)
        elif part.geom_type == "Polygon":
            for ring in (part.exterior, *part.interiors):
                space.add_lwpolyline(shapely.get_coordinates(ring)[:-1], close=True, dxfattribs=attributes)
        else:
            space.add_lwpolyline(shapely.get_coordinates(part), dxfattribs=attributes)


def _labels(drawing: Drawing, layer: GisLayer, column: str, height: float) -> None:
    name = layer_name(layer.title_zh) + _TITLE
    drawing.layers.add(name)
    attributes = {"layer": name, "style": TEXT_STYLE}
    space, point = drawing.modelspace(), layer.data.geometry.geom_type.isin(("Point", "MultiPoint"))
    anchors = layer.data.geometry.representative_point()
    for text, place, beside in zip(layer.data[column].astype(object), anchors, point, strict=True):
        if is_missing(text) or place is None or place.is_empty:
            continue
        entity = space.add_text(label_text(str(text)), height=height, dxfattribs=attributes)
        if beside:
            entity.set_placement((place.x + height, place.y + height / 2), align=TextEntityAlignment.LEFT)
        else:
            entity.set_placement((place.x, place.y), align=TextEntityAlignment.MIDDLE_CENTER)


def label_text(text: str) -> str:
    """Return text in one line in which a drawing finds no control codes."""
    line = " ".join(writable(text).split())
    return re.sub(r"%(?=%)", "%\u200b", line).replace("\\U+", "\\\u200bU+").replace("\\M+", "\\\u200bM+")[:1000]
