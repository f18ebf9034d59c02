"""A QGIS project and a layer definition beside the files of a run, written without QGIS.

The project has one group per analysis; a map theme and an A3 sheet show its shapes, and one more each of its rasters.
Its paths are relative, so that the folder can be moved and mailed.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from changping_geo.model import ResultError
from changping_geo.present.gislayers import BASE
from changping_geo.present.layerfiles import told
from changping_geo.present.layout import Sheet, layout
from changping_geo.present.qgisxml import TOP, VERSION, bounds, crs_of, groups_of, map_layer, reference_system, tree
from changping_geo.present.style import DOCTYPE, shown_text

if TYPE_CHECKING:
    from pathlib import Path

    from changping_geo.present.bundle import Bundle
    from changping_geo.present.qgisxml import Entry

_TIME = (2000, 1, 1, 0, 0, 0)  # a constant: the same results give the same file
_WARNINGS = ("", "", "含重建数据，引用前请换成正式数据", "演示结果，不可用于决策")


@dataclass(frozen=True, slots=True)
class View:
    """A map theme: layers that are looked at together.

    Attributes
    ----------
    name : str
        What it is called.
    title : str
        What its sheet shows.
    entries : list of Entry
        Its layers.
    """

    name: str
    title: str
    entries: list[Entry]


def write_qgz(bundle: Bundle, path: Path) -> None:
    """Write the project of a bundle; it names files beside itself.

    Parameters
    ----------
    bundle : Bundle
        What the run hands over; its GeoPackage and rasters lie in the same folder.
    path : Path
        The ``.qgz``.

    Raises
    ------
    ResultError
        If there is nothing to show, or the file cannot be written.
    """
    groups = groups_of(bundle)
    if not groups:
        raise ResultError(f"{path.name}: there is no layer to show")
    entry = zipfile.ZipInfo(f"{path.stem}.qgs", _TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    text = DOCTYPE + ET.tostring(_project(bundle, groups), encoding="unicode")
    with told(path), zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, text.encode("utf-8"))


def write_qlr(bundle: Bundle, path: Path) -> None:
    """Write the groups of a bundle as a layer definition, to be dragged into any other project."""
    groups = groups_of(bundle)
    root = ET.Element("qlr")
    root.append(tree(groups))
    layers = ET.SubElement(root, "maplayers")
    layers.extend(map_layer(entry) for entries in groups.values() for entry in entries)
    text = "<!DOCTYPE qgis-layer-definition>\n" + ET.tostring(root, encoding="unicode")
    with told(path):
        path.write_text(text, encoding="utf-8", newline="\n")


def _project(bundle: Bundle, groups: dict[str, list[Entry]]) -> ET.Element:
    views = views_of(groups)
    title = f"{bundle.about.get('district_zh', bundle.name)}碳达峰空间分析"
    every = [entry for entries in groups.values() for entry in entries]
    root = ET.Element("qgis", version=VERSION, projectname=shown_text(title))
    ET.SubElement(root, "homePath", path="")
    ET.SubElement(root, "title").text = shown_text(title)
    ET.SubElement(root, "projectCrs").append(reference_system(crs_of(every[0])))
    layer_tree = tree(groups, views[0].entries)
    order = ET.SubElement(layer_tree, "custom-order", enabled="0")
    for entry in every:
        ET.SubElement(order, "item").text = entry.id
    root.append(layer_tree)
    root.append(_canvas(views[0].entries))
    layers = ET.SubElement(root, "projectlayers")
    layers.extend(map_layer(entry) for entry in every)
    properties = ET.SubElement(root, "properties")
    ET.SubElement(ET.SubElement(properties, "Paths"), "Absolute", type="bool").text = "false"
    # Without it QGIS leaves the CRS of the project aside.
    system = ET.SubElement(properties, "SpatialRefSys")
    ET.SubElement(system, "ProjectionsEnabled", type="int").text = "1"
    themes = ET.SubElement(root, "visibility-presets")
    sheets = ET.SubElement(root, "Layouts")
    for view in views:
        _theme(themes, view)
        sheets.append(layout(_sheet(bundle, view)))
    return root


def views_of(groups: dict[str, list[Entry]]) -> list[View]:
    """Return what is looked at in one picture: the shapes of an analysis, then each raster below the towns' borders."""
    borders, views = groups.get(TOP, []), []
    results = {group: entries for group, entries in groups.items() if group not in (TOP, BASE)}
    for group, entries in (results or groups).items():
        shapes = [entry for entry in entries if entry.style]
        views += [View(group, group, shapes)] if shapes else []
        rasters = [entry for entry in entries if not entry.style]
        views += [View(f"{group} {entry.title}", entry.title, [*borders, entry]) for entry in rasters]
    return views


def _canvas(entries: list[Entry]) -> ET.Element:
    canvas = ET.Element("mapcanvas", name="theMapCanvas", annotationsVisible="1")
    ET.SubElement(canvas, "units").text = "meters"
    extent = ET.SubElement(canvas, "extent")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), bounds(entries), strict=True):
        ET.SubElement(extent, name).text = repr(value)
    ET.SubElement(canvas, "rotation").text = "0"
    ET.SubElement(canvas, "destinationsrs").append(reference_system(crs_of(entries[0])))
    return canvas


def _theme(parent: ET.Element, view: View) -> None:
    theme = ET.SubElement(parent, "visibility-preset", {"name": shown_text(view.name), "has-checked-group-info": "0"})
    for entry in view.entries:
        ET.SubElement(theme, "layer", id=entry.id, visible="1", expanded="1", style="default")


def _sheet(bundle: Bundle, view: View) -> Sheet:
    district, plan = (bundle.about.get(key, "") for key in ("district_zh", "plan_zh"))
    status = max(entry.layer.status for entry in view.entries)
    warning = _WARNINGS[status]
    return Sheet(
        name=f"A3 {shown_text(view.name)}",
        title=f"{district}{view.title}",
        theme=shown_text(view.name),
        entries=view.entries,
        status=f"数据状态：{status.label_zh}" + (f"\n{warning}" if warning else ""),
        sources="数据来源：" + "；".join(bundle.sources) + (f"\n依据：{plan}" if plan else ""),
        crs=crs_of(view.entries[0]).name,
    )
