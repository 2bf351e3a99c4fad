"""Small registers of Krefeld, written as offices would write them."""

import json
from pathlib import Path

import shapely

from gis_core.store import HISTORY, Store
from layers.ingest.pipeline import ingest
from layers.municipality import load_municipality
from layers.registry import find_layers

X, Y = 324_000, 5_690_000
GARDEN, STREET, YARD = "05304901200001______", "05304901200002______", "053049012000030001__"

TREES = """\
Baum-Nr.;Rechtswert;Hochwert;Art;Stammumfang cm;Pflanzjahr;Kontrolleur;Farbe
1;324005,5;5690005;Tilia cordata, Winter-Linde;80,5;1987;A. Beispiel;grün
2;324015,0;5690010;Quercus robur;0;1900;;
3;324025,0;5690012;Acer;120;2001;;
"""


class City:
    """Krefeld with an empty data directory of the test's own."""

    def __init__(self, folder: Path, *, layers=()) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.registry = find_layers(layers)
        self.profile = load_municipality("krefeld", layers)

    def write(self, name, text, encoding="utf-8"):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    def ingest(self, layer, *files, **more):
        with Store.open(self.data, create=True) as store:
            return ingest(store, self.registry, self.profile, layer, files, **more)

    def trees(self, text=TREES, **more):
        return self.ingest("trees", self.write("baum.csv", text), **{"crs": "EPSG:25832", **more})

    def frame(self, layer, table):
        with Store.open(self.data) as store:
            return store.snapshot(layer).frame(table)

    def served(self):
        """Return the number of the served import by layer."""
        with Store.open(self.data) as store:
            served = store.served().items()
            return {layer: info.number for layer, info in served if layer != HISTORY}


def box(x0, y0, x1, y1):
    return shapely.box(X + x0, Y + y0, X + x1, Y + y1)


def geojson(*features, crs="EPSG:25832"):
    """Return features (properties, shapely geometry or mapping) as GeoJSON text."""
    members = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": shapely.geometry.mapping(shape) if hasattr(shape, "wkt") else shape,
        }
        for properties, shape in features
    ]
    collection = {"type": "FeatureCollection", "name": "flurstueck", "features": members}
    if crs:
        collection["crs"] = {"type": "name", "properties": {"name": crs}}
    return json.dumps(collection)


def parcels(*rows, name="flurstueck"):
    """Return parcels (oid, key, geometry[, more properties]) as GeoJSON text."""
    features = [({"oid": o, "flstkennz": k, **dict(*more)}, g) for o, k, g, *more in rows]
    return geojson(*features).replace('"flurstueck"', json.dumps(name))


def codes(report):
    """Return {(code, outcome): how many}."""
    return {(group.code, group.outcome.value): group.count for group in report.faults}


def balance(report):
    c = report.counts
    assert c.balanced
    return c.read, c.accepted, c.repaired, c.quarantined
