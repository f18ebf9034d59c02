"""Layers as QGIS writes them into a project or a layer definition: with style, CRS, and a path relative to the file."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

from pyproj import CRS
from rasterio.transform import Affine, array_bounds

from changping_geo.present.cog import fill_in_raster
from changping_geo.present.gislayers import BASE, SHARED, TOWNS
from changping_geo.present.gisrasters import GisRaster
from changping_geo.present.style import Rule, fill_in, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from changping_geo.present.bundle import Bundle
    from changping_geo.present.gislayers import GisLayer
    from changping_geo.present.style import Style

VERSION = "3.22.0"
_GEOMETRY = {"point": "Point", "line": "Line", "polygon": "Polygon"}
# From the top of a group down: points lie on lines, lines on polygons, polygons on rasters.
_RANK = {"point": 0, "line": 1, "polygon": 2}
_RASTER_RANK = 4
BORDERS = "borders"
TOP = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A layer of a project.

    Attributes
    ----------
    id : str
        Its identifier in the project.
    title : str
        What the layer tree says.
    source : str
        Path relative to the project, and the layer within.
    layer : GisLayer or GisRaster
        What it shows.
    style : Style, optional
        How, for vectors.
    """

    id: str
    title: str
    source: str
    layer: GisLayer | GisRaster
    style: Style | None = None

    @property
    def provider(self) -> str:
        """QGIS's word for how the file is read."""
        return "ogr" if self.style else "gdal"

    @property
    def rank(self) -> float:
        """Its place in a group, 0 on top; towns lie below other polygons."""
        if self.style is None:
            return _RASTER_RANK
        shared = self.style.geometry == "polygon" and self.style.label != "" and self.style.opacity < 1
        return _RANK[self.style.geometry] + (0.5 if shared else 0)


def groups_of(bundle: Bundle) -> dict[str, list[Entry]]:
    """Return the layers of a project by group: one group per analysis, then the layers without results.

    Over all of them, in no group, lie the towns' borders when there are rasters.

    Parameters
    ----------
    bundle : Bundle
        What the run hands over.
    """
    groups: dict[str, list[Entry]] = {}
    package = f"./{bundle.name}.gpkg"
    for layer in bundle.layers:
        for title, style in layer.styles.items():
            group = title if layer.group == SHARED else layer.group
            shown = layer.headings.get(style.column)
            name = f"{layer.title_zh}：{shown.zh}" if shown else layer.title_zh
            entry = Entry(_id(layer.name, title), name, f"{package}|layername={layer.name}", layer, style)
            groups.setdefault(group, []).append(entry)
    for raster in bundle.rasters:
        entry = Entry(_id(raster.name), raster.title_zh, f"./{raster.name}.tif", raster)
        groups.setdefault(raster.group, []).append(entry)
    last = groups.pop(BASE, [])
    groups |= {BASE: last} if last else {}
    groups = {group: sorted(entries, key=lambda entry: entry.rank) for group, entries in groups.items()}
    borders = _borders(bundle, package)
    return ({TOP: borders} if borders and bundle.rasters else {}) | groups


def _borders(bundle: Bundle, package: str) -> list[Entry]:
    """Return the towns once more, without fill: they lie over rasters."""
    towns = next((layer for layer in bundle.layers if layer.name == TOWNS), None)
    if towns is None:
        return []
    title = f"{towns.title_zh}界线"
    style = next(iter(towns.styles.values()))
    style = replace(style, rules=(Rule(title, "#ffffff"),), column="", filled=False, opacity=1.0, outline_mm=0.3)
    return [Entry(_id(TOWNS, BORDERS), title, f"{package}|layername={TOWNS}", towns, style)]


def _id(*parts: str) -> str:
    """Return a name for a layer; QGIS takes none of ten letters or less."""
    return f"{parts[0]}_{uuid5(NAMESPACE_URL, '/'.join(parts)).hex}"


def tree(groups: dict[str, list[Entry]], shown: Iterable[Entry] | None = None) -> ET.Element:
    """Return the layer tree of a project.

    Parameters
    ----------
    groups : dict of str to list of Entry
        Layers by group.
    shown : iterable of Entry, optional
        Those that are switched on; by default all.
    """
    root = ET.Element("layer-tree-group")
    on = {entry.id for entry in shown} if shown is not None else None
    for title, entries in groups.items():
        some = on is None or any(entry.id in on for entry in entries)
        group = root
        if title != TOP:
            group = ET.SubElement(root, "layer-tree-group", name=shown_text(title), expanded="1" if some else "0")
            group.set("checked", "Qt::Checked")
        tree_layers(group, entries, on)
    return root


def tree_layers(parent: ET.Element, entries: Iterable[Entry], on: set[str] | None = None) -> None:
    """Put layers into a group of a layer tree; `on` holds those that are switched on, by default all."""
    for entry in entries:
        node = {"id": entry.id, "name": shown_text(entry.title), "source": entry.source, "providerKey": entry.provider}
        node |= {"checked": "Qt::Checked" if on is None or entry.id in on else "Qt::Unchecked"}
        node |= {"expanded": "1" if on is None or entry.id in on else "0", "legend_exp": ""}
        layer = ET.SubElement(parent, "layer-tree-layer", node)
        if isinstance(entry.layer, GisRaster):
            # The first line of a raster's legend says "Band 1"; the classes follow it.
            order = ",".join(str(i + 1) for i in range(len(entry.layer.rules)))
            options = ET.SubElement(ET.SubElement(layer, "customproperties"), "Option", type="Map")
            ET.SubElement(options, "Option", name="legend/node-order", type="QString", value=order)


def map_layer(entry: Entry) -> ET.Element:
    """Return a layer with CRS and style."""
    root = ET.Element("maplayer", autoRefreshEnabled="0", styleCategories="AllStyleCategories")
    if entry.style:
        root.attrib |= {"type": "vector", "geometry": _GEOMETRY[entry.style.geometry]}
        root.attrib |= {"simplifyDrawingHints": "1", "simplifyDrawingTol": "1", "simplifyAlgorithm": "0"}
    else:
        root.attrib |= {"type": "raster", "hasScaleBasedVisibilityFlag": "0"}
    extent = ET.SubElement(root, "extent")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), bounds([entry]), strict=True):
        ET.SubElement(extent, name).text = repr(value)
    ET.SubElement(root, "id").text = entry.id
    ET.SubElement(root, "datasource").text = entry.source
    ET.SubElement(root, "layername").text = shown_text(entry.title)
    ET.SubElement(root, "srs").append(reference_system(crs_of(entry)))
    provider = ET.SubElement(root, "provider")
    provider.text = entry.provider
    if isinstance(entry.layer, GisRaster):
        fill_in_raster(root, entry.layer)
    elif entry.style:
        provider.set("encoding", "UTF-8")
        fill_in(root, entry.style)
    _metadata(root, entry)
    return root


def _metadata(root: ET.Element, entry: Entry) -> None:
    layer = entry.layer
    told = ET.SubElement(root, "resourceMetadata")
    ET.SubElement(told, "title").text = shown_text(layer.title_zh)
    about = f"{layer.title_en}; data status: {layer.status.word} ({layer.status.label_zh})"
    ET.SubElement(told, "abstract").text = shown_text(about)


def crs_of(entry: Entry) -> CRS:
    """Return the CRS of a layer."""
    data = entry.layer.data
    return CRS(data.crs if entry.style else data.attrs["crs"])


def bounds(entries: Sequence[Entry]) -> tuple[float, float, float, float]:
    """Return west, south, east and north of layers, in their CRS; those without shapes have none."""
    boxes = []
    for entry in entries:
        data = entry.layer.data
        whole = data.total_bounds if entry.style else array_bounds(*data.shape, Affine(*data.attrs["transform"]))
        box = [float(value) for value in whole]
        boxes += [box] if all(map(math.isfinite, box)) else []
    if not boxes:
        return 0.0, 0.0, 1.0, 1.0
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def reference_system(crs: CRS) -> ET.Element:
    """Return a CRS as QGIS writes it."""
    root = ET.Element("spatialrefsys")
    authority = crs.to_authority(min_confidence=70)
    ET.SubElement(root, "wkt").text = crs.to_wkt("WKT2_2019")
    ET.SubElement(root, "srid").text = authority[1] if authority and authority[1].isdigit() else "0"
    ET.SubElement(root, "authid").text = ":".join(authority) if authority else ""
    ET.SubElement(root, "description").text = crs.name
    ET.SubElement(root, "geographicflag").text = "true" if crs.is_geographic else "false"
    return root
