"""The description of the interface: valid without the net, complete, and nothing but the truth."""

import re
import tomllib
from pathlib import Path

import pytest
import shapely
from openapi_spec_validator import validate
from shapely.geometry import shape
from starlette.routing import Mount, Route

from api.app import create_app
from api.settings import Settings
from api.status import STATUS
from api.wording import documents
from gis_core.crs import plan_operation, transform_xy
from gis_core.tiling import WEB_MERCATOR_QUAD
from layers.spec import FieldType
from tests.api.public import PUBLIC, SPECS

ROOT = Path(__file__).resolve().parents[2]
PAGES_ONLY = {"/accessibility", "/robots.txt", "/favicon.ico", "/static"}


@pytest.fixture(scope="module", params=["de", "en"])
def document(request, get):
    return get("/openapi", lang=request.param)


def test_it_is_valid_and_needs_no_other_document(document):
    validate(document)
    references = set(re.findall(r"'\$ref': '([^']*)'", repr(document)))
    assert references
    assert all(reference.startswith("#/components/") for reference in references)


def test_it_has_the_media_type_that_the_landing_page_promises(client, get):
    link, *_ = (k for k in get("/")["links"] if k["rel"] == "service-desc")
    answer = client.get(link["href"], headers={"accept": link["type"]})
    assert answer.headers["content-type"] == link["type"]
    assert answer.json()["openapi"].startswith("3.0.")


def test_it_describes_every_route_and_no_other(document, demo_store):
    app = create_app(Settings(data_dir=demo_store))
    routes = {general(r.path) for r in app.app.routes if isinstance(r, Route | Mount)}
    routes -= PAGES_ONLY
    described = set()
    for path in document["paths"]:
        named = general(path).replace("{featureId}", "{feature:path}")
        described.add(named.replace("{parcelKey}", "{key:path}"))
    assert described == routes
    named = {m[1] for path in document["paths"] if (m := re.match("/collections/([^/]+)", path))}
    assert named == {*PUBLIC, "katalog", "terrain"}


def general(path):
    """Return a path with a place for the collection, unless it is the catalogue."""
    return re.sub(r"^/collections/(?!katalog)[^/{]+", "/collections/{collection}", path)


@pytest.mark.proves("ogcapi-tiles-1/1.0", "oas30")
def test_every_path_answers_as_described(document, client, get, done):
    first = {c: get(f"/collections/{c}/items", limit=1)["features"][0] for c in PUBLIC}
    key = first["flurstueck"]["properties"]["flstkennz"]
    job = done("buffer-query", collection="baum", parcel=key)["jobID"]
    for path, node in document["paths"].items():
        if "get" not in node:  # what is asked by POST: tests/api/test_processes.py
            continue
        collection = path.split("/")[2] if path.startswith("/collections/") else "baum"
        collection = collection if collection in first else "baum"
        z, y, x = tile_of(first[collection])
        asked = path.format(
            featureId=first[collection]["id"],
            parcelKey=key,
            recordId="baum",
            processId="buffer-query",
            jobId=job,
            tileMatrixSetId="WebMercatorQuad",
            tileMatrix=z,
            tileRow=y,
            tileCol=x,
            styleId="colour",
            sprite=".png",
            fontstack="Flurbuch Sans Italic",
            range="0-255",
        )
        required = {p["name"]: "Wehr" for p in node["get"]["parameters"] if p.get("required")}
        found = client.get(asked, params={k: v for k, v in required.items() if k == "q"})
        assert found.status_code == 200, asked
        promised = node["get"]["responses"]["200"]["content"]
        assert found.headers["content-type"] in promised


def test_what_a_browser_opens_is_a_page(document, client, get, done):
    """Every document has one; what is no document for people has none."""
    no_documents = {
        "/healthz",
        "/styles/{styleId}/sprite{sprite}",
        "/fonts/{fontstack}/{range}.pbf",
    }
    tree = get("/collections/baum/items", limit=1)["features"][0]["id"]
    job = done("map-preview", parcel="Krefeld 1 99999")["jobID"]
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for path, node in document["paths"].items():
        if path in no_documents or path.endswith("{tileCol}") or "{parcelKey}" in path:
            continue
        if "get" not in node:  # processes are executed by POST, also by forms: test_processes
            continue
        content = node["get"]["responses"]["200"]["content"]
        if any(media_type.startswith("image/") for media_type in content):
            continue
        assert "text/html" in content, path
        if path.startswith("/collections/") and not path.startswith("/collections/baum"):
            continue
        names = {"processId": "map-preview", "jobId": job, "tileMatrixSetId": "AdV_25832"}
        asked = path.format(featureId=tree, styleId="grey", **names)
        answer = client.get(asked, headers={"accept": browser})
        assert answer.headers["content-type"].startswith("text/html"), path


def tile_of(feature):
    """Return level, row, column of a tile that has something of a feature."""
    corner = shapely.get_coordinates(shape(feature["geometry"]))[0]
    x, y = transform_xy(*corner[:, None], plan_operation("OGC:CRS84", "EPSG:3857"))
    limits = WEB_MERCATOR_QUAD.limits((x[0], y[0], x[0], y[0]), 16)
    return 16, limits.first_row, limits.first_column


@pytest.mark.parametrize("collection", PUBLIC)
def test_parameters_of_items(document, collection):
    operation = document["paths"][f"/collections/{collection}/items"]["get"]
    shared = document["components"]["parameters"]
    parameters = {}
    for parameter in operation["parameters"]:
        parameter = shared.get(parameter.get("$ref", "").rsplit("/", 1)[-1], parameter)  # noqa: PLW2901
        parameters[parameter["name"]] = parameter
        assert parameter["in"] == "query"
        assert not parameter["required"]
        assert parameter["description"]
        assert (parameter["style"], parameter["explode"]) == ("form", False)
    box = parameters["bbox"]["schema"]
    assert (box["type"], box["minItems"], box["maxItems"]) == ("array", 4, 6)
    assert box["items"] == {"type": "number"}
    limit = parameters["limit"]["schema"]
    assert (limit["type"], limit["minimum"], limit["default"]) == ("integer", 1, 10)
    assert parameters["datetime"]["schema"] == {"type": "string"}
    public = {f.name for f in SPECS[collection].fields if f.access == "public"}
    assert public <= set(parameters)


def test_the_two_languages_say_the_same_differently(get):
    de, en = (get("/openapi", lang=language) for language in ("de", "en"))
    for path in de["paths"]:
        for method in de["paths"][path]:
            told = [d["paths"][path][method]["summary"] for d in (de, en)]
            assert told[0] != told[1]


def test_words_are_there_for_everything_that_can_be_said():
    words = documents()
    parts = [tomllib.loads(p.read_text()) for p in (ROOT / "api/messages/documents").glob("*.toml")]
    for group, titles in words.items():  # no word is told by two parts
        assert len(titles) == sum(len(part.get(group, ())) for part in parts)
    codes = {error.code for error in STATUS}
    assert set(words["problem"]) == codes | {"internal", "404", "405", "414", "http"}
    assert set(words["type"]) == set(FieldType)
    for group in words.values():
        for title in group.values():
            assert set(title) == {"de", "en"}
            assert all(title.values())
