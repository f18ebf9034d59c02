"""An A3 sheet in landscape for a QGIS project: title, map, legend, scale bar, north arrow, sources, date, status."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

from changping_geo.present.qgisxml import bounds, tree_layers
from changping_geo.present.style import LABEL_FONTS
from changping_geo.present.text import writable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from changping_geo.present.qgisxml import Entry

# Left, top, width and height of what stands on the sheet. [mm]
PAGE = (0.0, 0.0, 420.0, 297.0)
TITLE = (12.0, 8.0, 396.0, 13.0)
MAP = (12.0, 24.0, 300.0, 243.0)
LEGEND = (318.0, 24.0, 90.0, 178.0)
NORTH = (386.0, 206.0, 22.0, 22.0)
SCALE_BAR = (318.0, 210.0, 64.0, 14.0)
SCALE_TEXT = (318.0, 224.0, 64.0, 6.0)
STATUS = (318.0, 233.0, 90.0, 16.0)
DATE = (318.0, 251.0, 90.0, 16.0)
SOURCES = (12.0, 270.0, 396.0, 22.0)
_TYPES = {"page": 65638, "map": 65639, "picture": 65640, "label": 65641, "legend": 65642, "scalebar": 65646}
# Room left around the layers on the map. [1]
_MARGIN = 1.04
_NICE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_BAR_STEPS = (1.0, 2.0, 5.0, 10.0)
# Wished length of the scale bar on paper. [mm]
_BAR_MM = 45.0
_MAX_SOURCES = 700
_ARROW = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><path d="M50 30 L70 95 L50 80 Z" fill="#333"/>'
    '<path d="M50 30 L30 95 L50 80 Z" fill="#fff" stroke="#333" stroke-width="2"/>'
    '<path d="M41 24 V4 L59 24 V4" fill="none" stroke="#333" stroke-width="4"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet shows.

    Attributes
    ----------
    name : str
        Name of the layout.
    title : str
        Heading.
    theme : str
        The map theme whose layers are drawn.
    entries : sequence of Entry
        Those layers.
    status, sources : str
        The data status in words; where the data came from.
    crs : str
        Name of the CRS.
    """

    name: str
    title: str
    theme: str
    entries: Sequence[Entry]
    status: str
    sources: str
    crs: str


def layout(sheet: Sheet) -> ET.Element:
    """Return the sheet as QGIS writes it into a project."""
    scale, extent = _fitted(bounds(sheet.entries))
    root = ET.Element("Layout", name=writable(sheet.name), units="mm", printResolution="300", worldFileMap="")
    pages = ET.SubElement(root, "PageCollection")
    _page_symbol(pages)
    _page_symbol(_item(pages, sheet, "page", PAGE))
    map_id = _map(root, sheet, extent)
    _label(root, sheet, "title", TITLE, literal(sheet.title), size=26, align=4)
    _legend(root, sheet, map_id, scale)
    _scale_bar(root, sheet, map_id, scale)
    _label(root, sheet, "scale", SCALE_TEXT, f"1 : {scale:,.0f}", size=10)
    arrow = base64.b64encode(_ARROW.encode()).decode()
    picture = _item(root, sheet, "picture", NORTH)
    picture.attrib |= {"file": f"base64:{arrow}", "mapUuid": map_id, "northMode": "0", "resizeMode": "0", "mode": "2"}
    _label(root, sheet, "status", STATUS, literal(sheet.status), size=11)
    date = f"制图日期：[% format_date(now(), 'yyyy-MM-dd') %]\n坐标系：{literal(sheet.crs)}"
    _label(root, sheet, "date", DATE, date, size=9)
    _label(root, sheet, "sources", SOURCES, literal(_cut(sheet.sources)), size=8)
    ET.SubElement(root, "Atlas", enabled="0", hideCoverage="0", coverageLayer="", filterFeatures="0")
    return root


def literal(text: str) -> str:
    """Return text for a label of a layout, so that QGIS shows just that text and evaluates nothing in it.

    Examples
    --------
    >>> literal("[% 1 + 1 %]")
    "[%'[%'%] 1 + 1 %]"
    """
    return writable(text).replace("[%", "[%'[%'%]")


def nice(value: float, steps: Sequence[float] = _NICE) -> float:
    """Return the next number not below `value` whose first digits are one of `steps`."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in steps if step * power >= value * (1 - 1e-9))


def _fitted(box: tuple[float, float, float, float]) -> tuple[float, tuple[float, float, float, float]]:
    """Return a round scale at which a box fits the map, and the extent that fills the map then."""
    west, south, east, north = box
    width, height = MAP[2] / 1000, MAP[3] / 1000
    scale = nice(_MARGIN * max((east - west) / width, (north - south) / height, 1.0))
    x, y = (west + east) / 2, (south + north) / 2
    return scale, (x - scale * width / 2, y - scale * height / 2, x + scale * width / 2, y + scale * height / 2)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SOURCES else f"{text[:_MAX_SOURCES]}…"


def _item(parent: ET.Element, sheet: Sheet, kind: str, place: tuple[float, ...], name: str = "") -> ET.Element:
    uuid = "{" + str(uuid5(NAMESPACE_URL, f"{sheet.name}/{kind}/{name}")) + "}"
    x, y, width, height = place
    item = ET.SubElement(parent, "LayoutItem", type=str(_TYPES[kind]), uuid=uuid, templateUuid=uuid, id=name or kind)
    item.attrib |= {"position": f"{x},{y},mm", "positionOnPage": f"{x},{y},mm", "size": f"{width},{height},mm"}
    item.attrib |= {"referencePoint": "0", "visibility": "1", "opacity": "1", "blendMode": "0", "itemRotation": "0"}
    item.attrib |= {"frame": "false", "background": "false", "outlineWidthM": "0.3,mm", "excludeFromExports": "0"}
    item.set("zValue", str(len(parent)))
    ET.SubElement(item, "FrameColor", red="60", green="60", blue="60", alpha="255")
    ET.SubElement(item, "BackgroundColor", red="255", green="255", blue="255", alpha="255")
    return item


def _map(root: ET.Element, sheet: Sheet, extent: tuple[float, ...]) -> str:
    item = _item(root, sheet, "map", MAP)
    item.attrib |= {"followPreset": "true", "followPresetName": writable(sheet.theme), "keepLayerSet": "false"}
    item.attrib |= {"mapRotation": "0", "drawCanvasItems": "true", "frame": "true", "background": "true"}
    item.attrib |= {"labelMargin": "0,mm", "mapFlags": "0"}
    box = dict(zip(("xmin", "ymin", "xmax", "ymax"), map(repr, extent), strict=True))
    ET.SubElement(item, "Extent", box)
    return item.attrib["uuid"]


def _label(
    root: ET.Element, sheet: Sheet, name: str, place: tuple[float, ...], text: str, *, size: int, align: int = 1
) -> None:
    item = _item(root, sheet, "label", place, name)
    item.attrib |= {"labelText": text, "htmlState": "0", "halign": str(align), "valign": "32"}
    item.attrib |= {"marginX": "0", "marginY": "0"}
    ET.SubElement(item, "LabelFont", description=_font(size), style="")
    ET.SubElement(item, "FontColor", red="40", green="40", blue="40", alpha="255")


def _legend(root: ET.Element, sheet: Sheet, map_id: str, scale: float) -> None:
    item = _item(root, sheet, "legend", LEGEND)
    item.attrib |= {"title": "图例", "titleAlignment": "1", "map_uuid": map_id, "resizeToContents": "1"}
    item.attrib |= {"columnCount": "1", "splitLayer": "0", "legendFilterByAtlas": "0", "equalColumnWidth": "0"}
    item.attrib |= {"symbolWidth": "7", "symbolHeight": "4.5", "boxSpace": "1", "columnSpace": "2", "wrapChar": ""}
    item.attrib |= {"fontColor": "#282828", "lineSpacing": "1", "rasterBorder": "1", "rasterBorderWidth": "0"}
    item.attrib |= {"wmsLegendWidth": "50", "wmsLegendHeight": "25", "symbolAlignment": "1"}
    styles = ET.SubElement(item, "styles")
    for name, size, top in (("title", 15, 0), ("group", 12, 3), ("subgroup", 11, 3), ("symbol", 9, 2)):
        style = ET.SubElement(styles, "style", name=name, alignment="1", indent="0", marginTop=str(top))
        style.set("marginBottom", "3" if name == "title" else "0")
        ET.SubElement(style, "styleFont", description=_font(size), style="")
    style = ET.SubElement(styles, "style", name="symbolLabel", alignment="1", indent="0", marginTop="2", marginLeft="2")
    ET.SubElement(style, "styleFont", description=_font(9), style="")
    drawn = [e for e in sheet.entries if e.style is None or not 0 < e.style.min_scale < scale]
    tree_layers(ET.SubElement(item, "layer-tree-group"), drawn)


def _scale_bar(root: ET.Element, sheet: Sheet, map_id: str, scale: float) -> None:
    segment = nice(_BAR_MM / 1000 * scale / 4, _BAR_STEPS)
    item = _item(root, sheet, "scalebar", SCALE_BAR)
    kilometres = segment >= 1000  # noqa: PLR2004 - metres of a kilometre
    item.attrib |= {"mapUuid": map_id, "style": "Single Box", "unitType": "km" if kilometres else "meters"}
    item.attrib |= {"unitLabel": "km" if kilometres else "m", "numMapUnitsPerScaleBarUnit": "1"}
    item.attrib |= {"numUnitsPerSegment": repr(segment / 1000 if kilometres else segment), "numSegments": "2"}
    item.attrib |= {"numSegmentsLeft": "0", "segmentSizeMode": "0", "height": "2.5", "boxContentSpace": "1"}
    item.attrib |= {"segmentMillimeters": repr(segment / scale * 1000), "labelBarSpace": "2", "alignment": "0"}
    item.attrib |= {"minBarWidth": "20", "maxBarWidth": "60", "outlineWidth": "0.3", "lineJoinStyle": "miter"}
    text = ET.SubElement(item, "text-style", fontFamily=LABEL_FONTS[0], fontSize="9", fontSizeUnit="Point")
    text.attrib |= {"textColor": "40,40,40,255", "textOpacity": "1", "allowHtml": "0", "multilineHeight": "1"}


def _page_symbol(parent: ET.Element) -> None:
    symbol = ET.SubElement(parent, "symbol", type="fill", name="", alpha="1", clip_to_extent="1", force_rhr="0")
    layer = ET.SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"})
    options = ET.SubElement(layer, "Option", type="Map")
    for key, value in {"color": "255,255,255,255", "style": "solid", "outline_style": "no"}.items():
        ET.SubElement(options, "Option", name=key, type="QString", value=value)
        ET.SubElement(layer, "prop", k=key, v=value)


def _font(size: int) -> str:
    """Return a font as Qt writes it."""
    return f"{LABEL_FONTS[0]},{size},-1,5,50,0,0,0,0,0"
