"""Clients in JavaScript: @camptocamp/ogc-client in Node, MapLibre in Chromium."""

import json
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote

import pytest
from shapely.geometry import shape

from tests.api.browser import Browser, find_chromium

FOLDER = Path(__file__).resolve().parents[1] / "js"
ZOOM, SIDE = 16, 2048


def needs(package):
    if not (FOLDER / "node_modules" / package).is_dir():
        pytest.skip(f"{package} is absent: npm ci --prefix tests/js")


# -- @camptocamp/ogc-client ----------------------------------------------------------------


@pytest.fixture(scope="module")
def read(served):
    """Return what ogc-client read of the service."""
    needs("@camptocamp/ogc-client")
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is absent: apt install nodejs")
    done = subprocess.run(
        [node, FOLDER / "ogc_client.mjs", f"{served}/"],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_ogc_client_reads_everything(read, collections, whole):
    assert read["title"]
    assert sorted(read["features"]) == sorted(collections)
    for collection in collections:
        features = read["items"][collection]
        places = [shape(feature["geometry"]) for feature in features]
        fields = [feature["properties"] for feature in features]
        whole(collection).check([f["id"] for f in features], places, fields)
        assert read["one"][collection]["id"] == features[0]["id"]
        assert read["narrowed"][collection]["numberMatched"] == len(features)
        assert len(read["narrowed"][collection]["features"]) == min(5, len(features))


@pytest.mark.proves("ogcapi-records-1/1.0", "record-api")
def test_ogc_client_reads_the_catalogue(read, collections):
    assert read["records"] == ["katalog"]
    assert {*collections} <= {record["id"] for record in read["items"]["katalog"]}


def test_ogc_client_finds_the_tiles(read, client):
    assert read["tiles"]
    assert read["tilesets"].keys() == {*read["tiles"]}
    for address in read["tilesets"].values():
        links = client.get(address).json()["links"]
        assert [k for k in links if k["rel"] == "item" and "{tileMatrix}" in k["href"]]


# -- MapLibre ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scripts():
    """Serve the test's page and MapLibre itself, on loopback."""
    needs("maplibre-gl")

    class Quiet(SimpleHTTPRequestHandler):
        def guess_type(self, path):
            return "text/javascript" if path.endswith(".mjs") else super().guess_type(path)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=FOLDER)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    program = find_chromium()
    if program is None:
        pytest.skip("Chromium is absent: apt install chromium")
    opened = Browser(program, "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
    yield opened
    opened.close()


@pytest.mark.browser
def test_maplibre_draws_every_feature(browser, scripts, served, client, whole):
    tilejson = f"{served}/tiles/WebMercatorQuad?f=tilejson"
    page = f"{scripts}/maplibre.html?{quote(tilejson, safe='')}#{ZOOM}"
    browser.open(page, width=SIDE, height=SIDE)
    deadline = monotonic() + 60
    while browser.ask("window.drawn && 1") != 1 and monotonic() < deadline:
        sleep(0.1)
    assert browser.ask("window.faults") == []
    drawn = browser.ask("window.drawn")
    west, south, east, north = client.get(tilejson).json()["bounds"]
    assert drawn["low"]["lng"] < west < east < drawn["high"]["lng"], "the map is too small"
    assert drawn["low"]["lat"] < south < north < drawn["high"]["lat"], "the map is too small"
    for collection, ids in drawn["ids"].items():
        assert ids == whole(collection).ids, collection
    assert drawn["rendered"] > 1000
