"""Run by the system's Python: open layers of a GeoPackage in QGIS, tell what it sees, draw a picture.

Usage: ``python qgis_look.py FILE PICTURE LAYER...``; JSON on stdout.
"""

from __future__ import annotations

import json
import sys

from qgis.core import (
    QgsApplication,
    QgsFeatureRequest,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRenderContext,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor


def told(layer):
    renderer = layer.renderer()
    seen = {
        "valid": layer.isValid(),
        "rows": layer.featureCount(),
        "crs": layer.crs().authid(),
        "renderer": renderer.type(),
        "aliases": {field.name(): layer.attributeAlias(i) for i, field in enumerate(layer.fields())},
        "widgets": {field.name(): layer.editorWidgetSetup(i).type() for i, field in enumerate(layer.fields())},
        "labels": layer.labelsEnabled(),
        "scale": layer.hasScaleBasedVisibility(),
    }
    if layer.labeling():
        seen["label_field"] = layer.labeling().settings().fieldName
    if renderer.type() == "graduatedSymbol":
        seen["column"] = renderer.classAttribute()
        seen["classes"] = [
            [r.lowerValue(), r.upperValue(), r.label(), r.symbol().color().name()] for r in renderer.ranges()
        ]
        seen["colours"] = colours(layer, renderer)
    if renderer.type() == "categorizedSymbol":
        seen["column"] = renderer.classAttribute()
        seen["classes"] = [[c.value(), c.label()] for c in renderer.categories()]
    return seen


def colours(layer, renderer):
    context = QgsRenderContext()
    renderer.startRender(context, layer.fields())
    request = QgsFeatureRequest().setLimit(1000)
    found = []
    for feature in layer.getFeatures(request):
        symbol = renderer.symbolForFeature(feature, context)
        found.append([feature[renderer.classAttribute()], symbol.color().name() if symbol else None])
    renderer.stopRender(context)
    return found


def main(path, picture, names):
    app = QgsApplication([], False)
    app.initQgis()
    layers = [QgsVectorLayer(f"{path}|layername={name}", name, "ogr") for name in names]
    json.dump({layer.name(): told(layer) for layer in layers}, sys.stdout)
    QgsProject.instance().addMapLayers(layers)
    settings = QgsMapSettings()
    settings.setLayers(list(reversed(layers)))
    settings.setDestinationCrs(layers[0].crs())
    settings.setExtent(layers[0].extent().buffered(layers[0].extent().width() * 0.03))
    settings.setOutputSize(QSize(900, 700))
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(picture)
    app.exitQgis()


main(sys.argv[1], sys.argv[2], sys.argv[3:])
