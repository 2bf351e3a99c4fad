"""Reads collections as QGIS does, for `test_qgis`; runs under the Python that QGIS belongs to.

Reads orders as JSON from standard input, each a collection with what is asked of it, and writes
what QGIS found as JSON to a file: ``qgis_reading.py URL OUT < orders``.
"""

import json
import sys

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QVariant


def plain(value):
    """Return an attribute as JSON knows it."""
    if isinstance(value, QVariant):
        return None if value.isNull() else plain(value.value())
    if isinstance(value, QDate | QDateTime):
        return value.toString(Qt.ISODateWithMs)
    return value


def opened(url, order, *, by_box=False):
    """Return a layer of a collection; ``by_box`` asks the server for what lies in a box only."""
    source = f"url='{url}' typename='{order['collection']}' pageSize='{order['page']}'"
    source += f" restrictToRequestBBOX='{int(by_box)}'"
    layer = QgsVectorLayer(source, order["collection"], "OAPIF")
    if not layer.isValid():
        raise SystemExit(f"{order['collection']}: {layer.error().message()}")
    return layer


def whole(layer):
    """Return everything of a layer."""
    names = [field.name() for field in layer.fields()]
    return [
        {
            "wkb": bytes(feature.geometry().asWkb()).hex(),
            "properties": dict(zip(names, map(plain, feature.attributes()), strict=True)),
        }
        for feature in layer.getFeatures()
    ]


def ids(features):
    return sorted(str(plain(feature["id"])) for feature in features)


def in_rectangle(layer, box):
    """Return the ids that a rectangle drawn in a project in EPSG:25832 selects."""
    system = QgsCoordinateReferenceSystem.fromEpsgId(25832)
    area = QgsGeometry.fromRect(QgsRectangle(*box))
    area.transform(QgsCoordinateTransform(system, layer.crs(), QgsProject.instance()))
    request = QgsFeatureRequest().setFilterRect(area.boundingBox())
    found = layer.getFeatures(request.setFlags(QgsFeatureRequest.ExactIntersect))
    return ids(feature for feature in found if feature.geometry().intersects(area))


def read(url, order):
    layer = opened(url, order)
    answer = {"crs": layer.crs().authid(), "features": whole(layer)}
    answer["count"] = layer.featureCount()
    request = QgsFeatureRequest().setFilterExpression(order["expression"])
    answer["expression"] = ids(layer.getFeatures(request))
    narrowed = opened(url, order)
    if not narrowed.setSubsetString(order["subset"]):
        raise SystemExit(f"{order['collection']}: QGIS refuses {order['subset']}")
    answer["subset"] = ids(narrowed.getFeatures())
    answer["box"] = in_rectangle(opened(url, order, by_box=True), order["box"])
    return answer


def main(url, out):
    application = QgsApplication([], False)
    application.initQgis()
    answers = {order["collection"]: read(url, order) for order in json.load(sys.stdin)}
    with open(out, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(answers, file)
    application.exitQgis()


main(*sys.argv[1:])
