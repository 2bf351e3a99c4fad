"""The demo city's registers come in exactly as the city's own truth says."""

import json

import pytest

from gis_core.store import Store
from layers.ingest.directory import refused_rows
from layers.registry import find_layers

COLLECTIONS = {
    "flurstueck": "alkis",
    "gebaeude_bauwerk": "alkis",
    "nutzung": "alkis",
    "flurstueck_eigentuemer": "alkis",
    "grundsteuer": "property_tax",
    "gewerbesteuer": "trade_tax",
    "baum": "trees",
    "strassenschaden": "road_damage",
    "grab": "cemetery",
    "grab_anonym": "cemetery",
}


def test_every_register_has_a_truth(demo_city):
    assert set(demo_city.truth.registers) == set(COLLECTIONS)


@pytest.mark.parametrize(("collection", "layer"), COLLECTIONS.items())
def test_counts(demo_city, demo_store, collection, layer):
    with Store.open(demo_store) as store:
        info = store.served()[layer]
    counts = [file["collections"].get(collection, {}) for file in info.provenance["files"]]
    truth = demo_city.truth.registers[collection]
    for name in ("read", "accepted", "repaired", "quarantined", "duplicates"):
        assert sum(c.get(name, 0) for c in counts) == getattr(truth, name), name
    stored = truth.accepted + truth.repaired - truth.duplicates
    assert info.table(collection).count == stored


def test_the_refused_trees_are_the_spoilt_ones(demo_city, demo_store):
    planted = {
        p.row
        for p in demo_city.truth.planted
        if (p.register, p.expected) == ("trees", "quarantined")
    }
    rows = refused_rows(demo_store, find_layers(), "trees")
    refused = {json.loads(source)["Baumnummer"] for _, source in rows if source}
    assert planted
    assert refused == planted
