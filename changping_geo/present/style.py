"""Layer styles for GIS software: QML for QGIS and SLD for the others, made from the classes of the legend.

References
----------
OGC 02-070, Styled Layer Descriptor 1.0. QML is QGIS's own; versions from 3.16 read what is written here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np

from changping_geo.present.text import writable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from changping_geo.present.classes import Classes

# Tol's muted scheme, which stays apart for colour-blind readers (SRON/EPS/TN/09-002, 2021).
CATEGORY_COLOURS = (
    "#88ccee",
    "#cc6677",
    "#ddcc77",
    "#117733",
    "#332288",
    "#aa4499",
    "#44aa99",
    "#999933",
    "#882255",
    "#dddddd",
)
PLAIN_COLOURS = {"polygon": "#b8c4cc", "line": "#7d8791", "point": "#4d6b85"}
# First of these that a machine has; QGIS falls back to its own choice otherwise.
LABEL_FONTS = ("Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "WenQuanYi Micro Hei")

_QGIS_SYMBOL = {"polygon": ("fill", "SimpleFill"), "line": ("line", "SimpleLine"), "point": ("marker", "SimpleMarker")}
DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_SLD = "http://www.opengis.net/sld"
_OGC = "http://www.opengis.net/ogc"


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of a legend.

    Attributes
    ----------
    label : str
        What the legend says.
    colour : str
        ``#rrggbb``.
    low, high : float, optional
        The entry holds ``low <= value < high``; infinite ends are open. [the column's unit]
    word : str, optional
        The value, for a column of words.
    """

    label: str
    colour: str
    low: float = -math.inf
    high: float = math.inf
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """How a layer looks.

    Attributes
    ----------
    geometry : str
        ``polygon``, ``line`` or ``point``.
    rules : tuple of Rule
        The legend, all with numbers or all with words; one rule without a column colours all alike.
    column : str
        What is coloured; empty for one colour.
    ends : tuple of float
        Lowest and highest value, shown instead of infinite ends. [the column's unit]
    label : str
        Column whose text is written on the map; empty for none.
    aliases : dict of str to str
        Headings by column.
    words : dict of str to dict
        Per column of words: word to label.
    outline_mm : float
        Width of the border line of polygons. [mm]
    opacity : float
        1 covers what lies below. [1]
    min_scale : int
        The layer is hidden on maps smaller than ``1 : min_scale``; 0 shows it always.
    filled : bool
        Polygons without fill are borders over what lies below.
    """

    geometry: str
    rules: tuple[Rule, ...]
    column: str = ""
    ends: tuple[float, float] = (0.0, 0.0)
    label: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    outline_mm: float = 0.2
    opacity: float = 1.0
    min_scale: int = 0
    filled: bool = True


def class_rules(classes: Classes, unit: str = "") -> tuple[Rule, ...]:
    """Return the rules of numeric classes, labelled in Chinese with the `unit` in which the labels are."""
    inner = (-math.inf, *classes.edges[1:-1], math.inf)
    return tuple(
        Rule(f"{label} {unit}".rstrip(), colour, low, high)
        for (low, high), colour, label in zip(pairwise(inner), classes.colours, classes.labels_zh, strict=True)
    )


def word_rules(words: Mapping[str, str]) -> tuple[Rule, ...]:
    """Return one rule per word, with its label."""
    return tuple(
        Rule(label, CATEGORY_COLOURS[i % len(CATEGORY_COLOURS)], word=word)
        for i, (word, label) in enumerate(words.items())
    )


def places(style: Style, data: pd.DataFrame) -> list[int]:
    """Return the place of each row's rule in the legend, -1 where none holds it.

    Parameters
    ----------
    style : Style
        How the layer looks.
    data : DataFrame, shape (n, m)
        Rows of the layer.
    """
    if not style.column:
        return [0] * len(data)
    values = data[style.column]
    if style.rules[0].word is not None:
        order = {rule.word: i for i, rule in enumerate(style.rules)}
        return [order.get(value, -1) for value in values]
    numbers = values.to_numpy(dtype=float, na_value=math.nan)
    found = np.searchsorted([rule.high for rule in style.rules[:-1]], numbers, side="right")
    return [int(i) for i in np.where(np.isfinite(numbers), found, -1)]


def qml(style: Style) -> str:
    """Return a style as QGIS reads it from ``layer_styles`` or a ``.qml`` file."""
    root = ET.Element("qgis", version="3.22.0", styleCategories="Symbology|Labeling|Fields|Forms|Rendering")
    fill_in(root, style)
    ET.SubElement(root, "layerGeometryType").text = str(("point", "line", "polygon").index(style.geometry))
    return DOCTYPE + ET.tostring(root, encoding="unicode")


def fill_in(root: ET.Element, style: Style) -> None:
    """Put a style into an element of QGIS: the root of a QML, or a layer of a project."""
    root.set("labelsEnabled", "1" if style.label else "0")
    root.set("hasScaleBasedVisibilityFlag", "1" if style.min_scale else "0")
    root.set("minScale", str(style.min_scale or 100_000_000))
    root.set("maxScale", "0")
    _fields(root, style)
    _renderer(root, style)
    if style.label:
        _labels(root, style)


def _renderer(root: ET.Element, style: Style) -> None:
    kind = "singleSymbol"
    if style.column:
        kind = "categorizedSymbol" if style.rules[0].word is not None else "graduatedSymbol"
    renderer = ET.SubElement(root, "renderer-v2", type=kind, symbollevels="0", enableorderby="0", forceraster="0")
    if style.column:
        renderer.set("attr", style.column)
    if kind == "graduatedSymbol":
        renderer.set("graduatedMethod", "GraduatedColor")
        ranges = ET.SubElement(renderer, "ranges")
        for i, rule in enumerate(style.rules):
            low, high = _shown_ends(rule, style)
            ET.SubElement(
                ranges, "range", symbol=str(i), label=shown_text(rule.label), lower=low, upper=high, render="true"
            )
    elif kind == "categorizedSymbol":
        categories = ET.SubElement(renderer, "categories")
        for i, rule in enumerate(style.rules):
            ET.SubElement(
                categories,
                "category",
                symbol=str(i),
                label=shown_text(rule.label),
                value=writable(rule.word),
                type="string",
                render="true",
            )
    symbols = ET.SubElement(renderer, "symbols")
    for i, rule in enumerate(style.rules):
        _symbol(symbols, str(i), style, rule.colour)


def _shown_ends(rule: Rule, style: Style) -> tuple[str, str]:
    # QGIS takes both ends as inside and the first class that fits; so an upper end is the number just below the break.
    low = style.ends[0] if math.isinf(rule.low) else rule.low
    high = style.ends[1] if math.isinf(rule.high) else math.nextafter(rule.high, -math.inf)
    return repr(float(low)), repr(float(max(low, high)))


def _symbol(parent: ET.Element, name: str, style: Style, colour: str) -> None:
    kind, layer_class = _QGIS_SYMBOL[style.geometry]
    symbol = ET.SubElement(
        parent, "symbol", type=kind, name=name, alpha=str(style.opacity), clip_to_extent="1", force_rhr="0"
    )
    layer = ET.SubElement(symbol, "layer", attrib={"class": layer_class}, enabled="1", locked="0")
    layer.set("pass", "0")
    properties = {
        "polygon": {
            "color": _rgba(colour),
            "style": "solid" if style.filled else "no",
            "outline_color": _rgba("#6b6b6b"),
            "outline_style": "solid",
            "outline_width": str(style.outline_mm),
            "outline_width_unit": "MM",
        },
        "line": {"line_color": _rgba(colour), "line_style": "solid", "line_width": "0.35", "line_width_unit": "MM"},
        "point": {
            "name": "circle",
            "color": _rgba(colour),
            "outline_color": _rgba("#ffffff"),
            "outline_style": "solid",
            "size": "2.2",
            "size_unit": "MM",
        },
    }[style.geometry]
    options = ET.SubElement(layer, "Option", type="Map")
    for key, value in properties.items():
        ET.SubElement(options, "Option", name=key, type="QString", value=value)
        ET.SubElement(layer, "prop", k=key, v=value)  # what versions before 3.22 read


def _fields(root: ET.Element, style: Style) -> None:
    configuration = ET.SubElement(root, "fieldConfiguration")
    for column, words in style.words.items():
        entry = ET.SubElement(configuration, "field", name=column, configurationFlags="None")
        config = ET.SubElement(ET.SubElement(entry, "editWidget", type="ValueMap"), "config")
        listed = ET.SubElement(ET.SubElement(config, "Option", type="Map"), "Option", name="map", type="List")
        for word, label in words.items():
            pair = ET.SubElement(listed, "Option", type="Map")
            ET.SubElement(pair, "Option", name=shown_text(label), type="QString", value=writable(word))
    aliases = ET.SubElement(root, "aliases")
    for i, (column, alias) in enumerate(style.aliases.items()):
        ET.SubElement(aliases, "alias", index=str(i), field=column, name=shown_text(alias))


def _labels(root: ET.Element, style: Style) -> None:
    labeling = ET.SubElement(root, "labeling", type="simple")
    settings = ET.SubElement(labeling, "settings", calloutType="simple")
    text = ET.SubElement(settings, "text-style", fieldName=style.label, isExpression="0", allowHtml="0")
    text.attrib |= {
        "fontFamily": LABEL_FONTS[0],
        "fontSize": "9",
        "fontSizeUnit": "Point",
        "fontWeight": "50",
        "textColor": "40,40,40,255",
        "textOpacity": "1",
        "multilineHeight": "1",
    }
    families = ET.SubElement(text, "families")
    for font in LABEL_FONTS:
        ET.SubElement(families, "family", name=font)
    buffer = {"bufferDraw": "1", "bufferSize": "0.8", "bufferSizeUnits": "MM", "bufferColor": "255,255,255,255"}
    ET.SubElement(text, "text-buffer", attrib=buffer | {"bufferOpacity": "0.85", "bufferNoFill": "1"})
    placement = {"polygon": "4", "line": "2", "point": "0"}[style.geometry]
    ET.SubElement(settings, "placement", placement=placement, priority="5", dist="0", centroidInside="1")
    rendering = ET.SubElement(
        settings, "rendering", drawLabels="1", obstacle="1", labelPerPart="0", scaleVisibility="0"
    )
    rendering.set("displayAll", "1" if style.geometry == "polygon" else "0")  # no town without its name


def sld(style: Style, layer: str) -> str:
    """Return a style as SLD 1.0 for the layer called `layer`."""
    root = ET.Element("StyledLayerDescriptor", {"version": "1.0.0", "xmlns": _SLD, "xmlns:ogc": _OGC})
    named = ET.SubElement(root, "NamedLayer")
    ET.SubElement(named, "Name").text = layer
    kind = ET.SubElement(ET.SubElement(named, "UserStyle"), "FeatureTypeStyle")
    for i, rule in enumerate(style.rules):
        entry = ET.SubElement(kind, "Rule")
        ET.SubElement(entry, "Name").text = f"class {i + 1}"
        ET.SubElement(entry, "Title").text = shown_text(rule.label)
        if style.column:
            _filter(entry, style.column, rule)
        _sld_symbol(entry, style, rule.colour)
    return ET.tostring(root, encoding="unicode")


def _filter(parent: ET.Element, column: str, rule: Rule) -> None:
    tests: list[tuple[str, str]] = []
    if rule.word is not None:
        tests.append(("PropertyIsEqualTo", writable(rule.word)))
    if math.isfinite(rule.low):
        tests.append(("PropertyIsGreaterThanOrEqualTo", repr(float(rule.low))))
    if math.isfinite(rule.high):
        tests.append(("PropertyIsLessThan", repr(float(rule.high))))
    if not tests:
        return
    box = ET.SubElement(parent, "ogc:Filter")
    box = ET.SubElement(box, "ogc:And") if len(tests) > 1 else box
    for test, value in tests:
        comparison = ET.SubElement(box, f"ogc:{test}")
        ET.SubElement(comparison, "ogc:PropertyName").text = column
        ET.SubElement(comparison, "ogc:Literal").text = value


def _sld_symbol(parent: ET.Element, style: Style, colour: str) -> None:
    if style.geometry == "polygon":
        symbol = ET.SubElement(parent, "PolygonSymbolizer")
        _css(symbol, "Fill", [("fill", colour), ("fill-opacity", str(style.opacity if style.filled else 0))])
        _css(symbol, "Stroke", [("stroke", "#6b6b6b"), ("stroke-width", str(3 * style.outline_mm))])
    elif style.geometry == "line":
        _css(ET.SubElement(parent, "LineSymbolizer"), "Stroke", [("stroke", colour), ("stroke-width", "1")])
    else:
        graphic = ET.SubElement(ET.SubElement(parent, "PointSymbolizer"), "Graphic")
        mark = ET.SubElement(graphic, "Mark")
        ET.SubElement(mark, "WellKnownName").text = "circle"
        _css(mark, "Fill", [("fill", colour)])
        ET.SubElement(graphic, "Size").text = "7"


def _css(parent: ET.Element, name: str, parameters: Sequence[tuple[str, str]]) -> None:
    element = ET.SubElement(parent, name)
    for key, value in parameters:
        ET.SubElement(element, "CssParameter", name=key).text = value


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def shown_text(text: object) -> str:
    """Return text for a legend or a name in QGIS, which would evaluate what stands between ``[%`` and ``%]``."""
    return writable(text).replace("[%", "[ %")
