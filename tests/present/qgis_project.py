"""Run by the system's Python: open a project in QGIS, tell what it sees, draw its sheets.

Usage: ``python qgis_project.py PROJECT OUT [LAYER_DEFINITION]``; JSON on stdout, ``OUT/<layout>.png`` and ``.pdf``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsLayerDefinition,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsProject,
    QgsReadWriteContext,
)
from qgis.PyQt.QtXml import QDomDocument

KINDS = {
    QgsLayoutItemLabel: "label",
    QgsLayoutItemLegend: "legend",
    QgsLayoutItemMap: "map",
    QgsLayoutItemPicture: "picture",
    QgsLayoutItemScaleBar: "scalebar",
}


def told(layer):
    seen = {"valid": layer.isValid(), "name": layer.name(), "crs": layer.crs().authid(), "source": layer.source()}
    renderer = layer.renderer()
    seen["renderer"] = renderer.type()
    if layer.type() == 0:
        seen["rows"] = layer.featureCount()
        seen["labels"] = layer.labelsEnabled()
        seen["geometry"] = layer.geometryType()
        if hasattr(renderer, "ranges"):
            seen["classes"] = [[r.label(), r.symbol().color().name()] for r in renderer.ranges()]
        if hasattr(renderer, "categories"):
            seen["classes"] = [[c.label(), c.symbol().color().name()] for c in renderer.categories()]
    elif seen["renderer"] == "paletted":
        seen["classes"] = [[c.value, c.label, c.color.name()] for c in renderer.classes()]
    else:
        items = renderer.shader().rasterShaderFunction().colorRampItemList()
        seen["classes"] = [[i.label, i.color.name()] for i in items]
    return seen


def items(layout):
    found = {}
    for item in layout.items():
        kind = next((name for cls, name in KINDS.items() if isinstance(item, cls)), None)
        if kind:
            found.setdefault(kind, []).append(item)
    return found


def sheet(layout, out):
    found = items(layout)
    page = layout.pageCollection().page(0).pageSize()
    seen = {
        "items": {kind: len(every) for kind, every in found.items()},
        "page": [page.width(), page.height()],
        "texts": {item.id(): item.currentText() for item in found["label"]},
        "scale": found["map"][0].scale(),
        "drawn": [layer.name() for layer in found["map"][0].layersToRender()],
        "legend": [node.name() for node in found["legend"][0].model().rootGroup().findLayers()],
        "linked": found["scalebar"][0].linkedMap() is not None and found["legend"][0].linkedMap() is not None,
    }
    exporter = QgsLayoutExporter(layout)
    picture = QgsLayoutExporter.ImageExportSettings()
    picture.dpi = 100
    stem = out / f"{layout.name()}"
    seen["png"] = exporter.exportToImage(f"{stem}.png", picture)
    seen["pdf"] = exporter.exportToPdf(f"{stem}.pdf", QgsLayoutExporter.PdfExportSettings())
    return seen


def definition(path):
    project = QgsProject()
    document = QDomDocument()
    document.setContent(Path(path).read_text(encoding="utf-8"))
    context = QgsReadWriteContext()
    context.setPathResolver(project.pathResolver())
    done, error = QgsLayerDefinition.loadLayerDefinition(path, project, project.layerTreeRoot())
    return {
        "done": done,
        "error": error,
        "groups": [group.name() for group in project.layerTreeRoot().findGroups()],
        "layers": {key: told(layer) for key, layer in project.mapLayers().items()},
    }


def main(path, out, *more):
    app = QgsApplication([], False)
    app.initQgis()
    project = QgsProject.instance()
    read = project.read(path)
    root = project.layerTreeRoot()
    seen = {
        "read": read,
        "title": project.title(),
        "crs": project.crs().authid(),
        "absolute": project.readBoolEntry("Paths", "/Absolute", True)[0],
        "groups": {g.name(): [n.name() for n in g.findLayers()] for g in root.findGroups()},
        "visible": [node.name() for node in root.findLayers() if node.isVisible()],
        "themes": project.mapThemeCollection().mapThemes(),
        "layers": {key: told(layer) for key, layer in project.mapLayers().items()},
        "sheets": {layout.name(): sheet(layout, Path(out)) for layout in project.layoutManager().printLayouts()},
    }
    if more:
        seen["definition"] = definition(more[0])
    json.dump(seen, sys.stdout)
    project.clear()
    app.exitQgis()


main(*sys.argv[1:])
