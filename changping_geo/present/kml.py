"""KML of small layers, for Google Earth and Ovital: folders and headings in Chinese, coloured by class.

References
----------
OGC 12-007r2, KML 2.3. Coordinates are longitude and latitude in WGS84.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import shapely

from changping_geo.model import ResultError
from changping_geo.present.layerfiles import told
from changping_geo.present.style import places
from changping_geo.present.tables import is_missing
from changping_geo.present.targetcrs import WGS84
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from changping_geo.present.gislayers import GisLayer
    from changping_geo.present.style import Rule, Style

# More rows than these no viewer of KML shows with pleasure. [rows]
MAX_ROWS = 20_000
NAMES = ("name_zh", "name", "label", "title")
_KML = "http://www.opengis.net/kml/2.2"
_DIGITS = 7
_TYPES = {"i": "int", "u": "int", "b": "bool", "f": "double"}
_OPEN, _CLOSE = 0.7, 1.0


def write_kml(layers: Sequence[GisLayer], path: Path, title: str) -> None:
    """Write layers as folders of one document.

    Parameters
    ----------
    layers : sequence of GisLayer
        Layers of at most `MAX_ROWS` rows.
    path : Path
        The file.
    title : str
        Name of the document.

    Raises
    ------
    ResultError
        If a layer is too large.
    """
    large = [f"{layer.name} ({len(layer.data)} rows)" for layer in layers if len(layer.data) > MAX_ROWS]
    if large:
        raise ResultError(
            f"KML is for towns and stations, up to {MAX_ROWS} rows a layer; too large: {', '.join(large)}; "
            "choose others with --layer, or another --format"
        )
    root = ET.Element("kml", xmlns=_KML)
    document = ET.SubElement(root, "Document")
    ET.SubElement(document, "name").text = writable(title)
    for layer in layers:
        style = next(iter(layer.styles.values()))
        for i, rule in enumerate(style.rules):
            _style(document, f"{layer.name}_{i}", style, rule)
        _schema(document, layer)
        _folder(document, layer, style)
    with told(path):
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _style(document: ET.Element, name: str, style: Style, rule: Rule) -> None:
    entry = ET.SubElement(document, "Style", id=name)
    if style.geometry == "point":
        icon = ET.SubElement(entry, "IconStyle")
        ET.SubElement(icon, "color").text = _colour(rule.colour, _CLOSE)
        return
    line = ET.SubElement(entry, "LineStyle")
    ET.SubElement(line, "color").text = _colour("#5a5a5a" if style.geometry == "polygon" else rule.colour, _CLOSE)
    ET.SubElement(line, "width").text = "1.5"
    if style.geometry == "polygon":
        fill = ET.SubElement(entry, "PolyStyle")
        ET.SubElement(fill, "color").text = _colour(rule.colour, _OPEN)


def _schema(document: ET.Element, layer: GisLayer) -> None:
    schema = ET.SubElement(document, "Schema", name=layer.name, id=f"schema_{layer.name}")
    for column, heading in layer.headings.items():
        kind = _TYPES.get(layer.data[column].dtype.kind, "string")
        field = ET.SubElement(schema, "SimpleField", type=kind, name=column)
        ET.SubElement(field, "displayName").text = writable(heading.label_zh)


def _folder(document: ET.Element, layer: GisLayer, style: Style) -> None:
    folder = ET.SubElement(document, "Folder")
    ET.SubElement(folder, "name").text = writable(layer.title_zh)
    data = layer.data.to_crs(WGS84)
    name = next((column for column in (style.label, *NAMES) if column in layer.headings), "")
    columns = {column: data[column].astype(object).tolist() for column in layer.headings}
    titles = columns.get(name) or [f"{layer.title_zh} {i + 1}" for i in range(len(data))]
    for i, (shape, rule) in enumerate(zip(data.geometry, places(style, layer.data), strict=True)):
        mark = ET.SubElement(folder, "Placemark")
        ET.SubElement(mark, "name").text = "" if is_missing(titles[i]) else writable(titles[i])
        if rule >= 0:
            ET.SubElement(mark, "styleUrl").text = f"#{layer.name}_{rule}"
        box = ET.SubElement(ET.SubElement(mark, "ExtendedData"), "SchemaData", schemaUrl=f"#schema_{layer.name}")
        for column, values in columns.items():
            if not is_missing(values[i]):
                ET.SubElement(box, "SimpleData", name=column).text = _written(values[i])
        if shape is not None and not shape.is_empty:
            _shape(mark, shape)


def _written(value: object) -> str:
    return repr(value) if isinstance(value, float) else writable(value)


def _shape(parent: ET.Element, shape: shapely.Geometry) -> None:
    parts = shapely.get_parts(shape)
    parent = ET.SubElement(parent, "MultiGeometry") if len(parts) > 1 else parent
    for part in parts:
        if part.geom_type == "Polygon":
            polygon = ET.SubElement(parent, "Polygon")
            # KML wants outer rings counter-clockwise.
            turned = shapely.orient_polygons(part)
            _line(ET.SubElement(polygon, "outerBoundaryIs"), "LinearRing", turned.exterior)
            for ring in turned.interiors:
                _line(ET.SubElement(polygon, "innerBoundaryIs"), "LinearRing", ring)
        else:
            _line(parent, "Point" if part.geom_type == "Point" else "LineString", part)


def _line(parent: ET.Element, kind: str, shape: shapely.Geometry) -> None:
    points = shapely.get_coordinates(shape).round(_DIGITS)
    texts = " ".join(f"{x:.{_DIGITS}f},{y:.{_DIGITS}f}" for x, y in points)
    ET.SubElement(ET.SubElement(parent, kind), "coordinates").text = texts


def _colour(colour: str, opacity: float) -> str:
    """Return a colour as KML writes it: opacity, blue, green, red."""
    return f"{round(255 * opacity):02x}{colour[5:7]}{colour[3:5]}{colour[1:3]}"
