"""QGIS, headless: loads all, filters by expression, selects by rectangle in EPSG:25832."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import shapely

from tests.clients.whole import told

READING = Path(__file__).with_name("qgis_reading.py")
SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def qgis():
    """Return the Python that QGIS belongs to, or skip."""
    probe = [SYSTEM_PYTHON, "-c", "import qgis.core"]
    found = shutil.which(SYSTEM_PYTHON) is not None
    if not found or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("QGIS is absent: apt install python3-qgis")
    return SYSTEM_PYTHON


def text_of(whole):
    """Return a field of text and a value: one that some features have but not all, if there is."""
    found = []
    for name in whole.features[whole.ids[0]]["properties"]:
        values = [whole.features[i]["properties"].get(name) for i in whole.ids]
        texts = [v for v in values[:50] if isinstance(v, str) and "'" not in v and told(v) == v]
        found += [(1 < values.count(t) < len(values) - 1, name, t) for t in texts]
    return max(found)[1:]


@pytest.fixture(scope="module")
def orders(collections, whole):
    """Return what is asked for of each collection."""
    found = []
    for collection in collections:
        everything = whole(collection)
        name, text = text_of(everything)
        middle = shapely.centroid(everything.stored[len(everything.ids) // 2])
        found.append(
            {
                "collection": collection,
                "page": 300,
                "expression": f"lower(\"{name}\") <> '{text.lower()}'",
                "subset": f"\"{name}\" = '{text}'",
                "box": shapely.box(*middle.buffer(150).bounds).bounds,
                "equal": (name, text),
            }
        )
    return found


@pytest.fixture(scope="module")
def read(qgis, orders, served, tmp_path_factory):
    """Return what QGIS read of every collection, in one run."""
    home = tmp_path_factory.mktemp("qgis")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(home)}  # noqa: TID251
    environment |= {"XDG_RUNTIME_DIR": str(home), "PYTHONPATH": "", "LC_ALL": "C.UTF-8"}
    out = home / "read.json"
    subprocess.run(
        [qgis, READING, served, out],
        input=json.dumps(orders),
        env=environment,
        text=True,
        timeout=300,
        check=False,  # QGIS may fall over when it ends; what it read is written before
    )
    return json.loads(out.read_text())


def test_everything_is_loaded(read, collections, whole):
    assert sorted(read) == sorted(collections)
    for collection, answer in read.items():
        properties = [feature["properties"] for feature in answer["features"]]
        places = shapely.from_wkb([feature["wkb"] for feature in answer["features"]])
        assert answer["count"] == len(whole(collection).ids)
        whole(collection).check([p["id"] for p in properties], places, properties)


def test_an_expression_filters(read, orders, whole):
    for order in orders:
        everything, (name, text) = whole(order["collection"]), order["equal"]
        values = {i: everything.properties(i).get(name) for i in everything.ids}
        expected = [i for i, v in values.items() if v is not None and v.lower() != text.lower()]
        assert read[order["collection"]]["expression"] == expected
        assert len(expected) < len(everything.ids)
        assert expected or len({*values.values()} - {None}) == 1


def test_a_filter_of_the_layer(read, orders, whole):
    for order in orders:
        everything, (name, text) = whole(order["collection"]), order["equal"]
        expected = [i for i in everything.ids if everything.properties(i).get(name) == text]
        assert read[order["collection"]]["subset"] == expected


def thin(geometry):
    areas = shapely.get_dimensions(geometry) == 2
    return areas & shapely.is_empty(shapely.buffer(geometry, -0.05))


def test_a_rectangle_in_25832_selects(read, orders, whole):
    for order in orders:
        everything, box = whole(order["collection"]), shapely.box(*order["box"])
        got = set(read[order["collection"]]["box"])
        for grown, holds in ((-0.05, got.issuperset), (0.05, got.issubset)):
            meets = shapely.intersects(everything.stored, box.buffer(grown))
            if grown < 0:  # what is thinner than its coordinates are exact may be lost
                meets &= ~thin(everything.stored)
            assert holds({i for i, hit in zip(everything.ids, meets, strict=True) if hit})
        assert got
