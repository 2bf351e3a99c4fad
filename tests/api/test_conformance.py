"""Features parts 1 and 2 to the last digit, over every collection, where the store is the truth.

What any server must keep is asked in ``tests/conformance``.
"""

import ast
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from api.features.parameters import MAX_LIMIT
from layers.access import CITIZEN
from tests.api.public import CRS, CRS84, EPSG, LATITUDE_FIRST, PUBLIC, carry

GEOJSON = "application/geo+json"
OTHERS = {
    "text/html",
    "application/vnd.ogc.fg+json",
    "application/geo+json-seq",
    "text/csv",
    "application/flatgeobuf",
    "application/geopackage+sqlite3",
    "application/vnd.apache.parquet",
}
BOXES = (
    "-1.5,50,1.5,53",
    "-80,-5,-70,5",
    "177,65,-177,70",
    "-180,85,180,90",
    "-180,-90,180,-85",
    "-180,-90,180,90",
    "6.5,51,-179,52",
    "6.57,51.33,6.575,51.335",
)

TESTS = Path(__file__).resolve().parents[1]

over_collections = pytest.mark.parametrize("collection", PUBLIC)
over_crs = pytest.mark.parametrize("crs", CRS, ids=lambda uri: uri.rsplit("/")[-1])


def links(document, rel):
    found = [link for link in document["links"] if link["rel"] == rel]
    assert all(link["href"].startswith("http") and link["type"] for link in found)
    return found


def check_page(document, answer):
    """fc-response, fc-links, fc-numberReturned, crs84."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == GEOJSON
    assert document["type"] == "FeatureCollection"
    assert document["numberReturned"] == len(document["features"])
    assert document["numberMatched"] >= document["numberReturned"]
    assert "timeStamp" not in document  # optional; with it no two answers would be the same
    assert {link["type"] for link in links(document, "self")} == {GEOJSON}
    assert {link["type"] for link in links(document, "alternate")} == OTHERS
    for link in document["links"]:
        assert link["rel"]
        assert link["type"]
    for feature in document["features"]:
        xy = shapely.get_coordinates(shape(feature["geometry"]))
        assert (np.abs(xy) <= (180, 90)).all()


@pytest.fixture
def page(client):
    def ask(collection, **parameters):
        named = {k.replace("_", "-"): v for k, v in parameters.items()}
        return client.get(f"/collections/{collection}/items", params=named)

    return ask


def test_the_collections_are_the_public_ones_with_a_place(get):
    listed = get("/collections")["collections"]
    assert {c["id"] for c in listed if c["itemType"] == "feature"} == set(PUBLIC)
    assert [c["id"] for c in listed if c["itemType"] == "record"] == ["katalog"]
    assert [c["id"] for c in listed if c["itemType"] == "coverage"] == ["terrain"]


def proofs():
    """Return the names of the tests that are marked to prove a conformance class, by class."""
    found = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        for test in ast.parse(text).body if "mark.proves" in text else ():
            for mark in getattr(test, "decorator_list", ()):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.proves":
                    standard, *names = (ast.literal_eval(argument) for argument in mark.args)
                    for name in names:
                        uri = f"http://www.opengis.net/spec/{standard}/conf/{name}"
                        found.setdefault(uri, []).append(f"{path.name}::{test.name}")
    return found


def test_conformance_is_what_is_tested(get):
    """Each class that is declared names its proofs, by ``@pytest.mark.proves``, and no other is."""
    declared = get("/conformance")["conformsTo"]
    assert declared == sorted(declared)
    proved = proofs()
    assert set(declared) == set(proved), "declared and proved differ"
    assert all(
        test.split("::")[1].startswith("test_") for tests in proved.values() for test in tests
    )


def test_the_checklist_can_be_carried_to_another_server():
    """``tests/conformance`` imports nothing of the program, and each test there asks a server."""
    allowed = {"tests.conformance", "httpx", "numpy", "openapi_spec_validator", "pyproj", "pytest"}
    allowed |= {"shapely", "collections", "datetime", "functools", "json", "math", "re", "urllib"}
    for path in (TESTS / "conformance").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert any(name == a or name.startswith(f"{a}.") for a in allowed), (path, name)


def test_every_link_of_every_document_leads_to_what_it_says(client, get):
    pages = ["/", "/collections", *(f"/collections/{c}" for c in PUBLIC)]
    pages += [f"/collections/{c}/items" for c in PUBLIC]
    documents = [
        get(path, f="json", limit=1) if path.endswith("items") else get(path) for path in pages
    ]
    seen = {}
    for document in (*documents, *documents[1]["collections"]):
        assert len({(k["rel"], k["type"]) for k in document["links"]}) == len(document["links"])
        for link in document["links"]:
            seen[link["href"]] = link["type"]
    for href, media_type in seen.items():
        answer = client.get(href)
        assert answer.status_code == 200, href
        assert answer.headers["content-type"].replace("; charset=utf-8", "") == media_type, href


def test_link_titles_are_in_the_language_asked_for(get):
    titles = {
        language: [k["title"] for k in get("/collections/baum", lang=language)["links"]]
        for language in ("de", "en")
    }
    assert not set(titles["de"]) & set(titles["en"])


@over_collections
def test_a_collection_is_as_it_is_listed(get, collection):  # sfc-md-op, -success
    listed = next(c for c in get("/collections")["collections"] if c["id"] == collection)
    alone = get(f"/collections/{collection}")
    for member in ("id", "title", "description", "extent", "crs", "storageCrs", "itemType"):
        assert alone[member] == listed[member]
    assert {k["type"] for k in links(alone, "items")} == {GEOJSON, *OTHERS}
    west, south, east, north = alone["extent"]["spatial"]["bbox"][0]
    assert 6 < west < east < 7
    assert 51 < south < north < 52


@over_collections
def test_a_collection_names_its_reference_systems(get, collection):  # crs-uri, default, storage
    document = get(f"/collections/{collection}")
    assert document["crs"] == list(CRS)
    assert document["storageCrs"] == f"{EPSG}25832"
    assert document["storageCrs"] in document["crs"]


@over_collections
def test_a_page_of_features(page, collection):  # fc-op, fc-response, bbox response
    answer = page(collection)
    check_page(answer.json(), answer)
    for box in BOXES:
        answer = page(collection, bbox=box, limit=20)
        document = answer.json()
        check_page(document, answer)
        west, south, east, north = map(float, box.split(","))
        parts = [(west, south, east, north)]
        if west > east:
            parts = [(west, south, 180, north), (-180, south, east, north)]
        areas = [shapely.box(*part).buffer(1e-8) for part in parts]
        for feature in document["features"]:
            assert any(area.intersects(shape(feature["geometry"])) for area in areas)


@over_collections
def test_boxes_of_the_world_hold_everything(page, get, collection):
    total = get(f"/collections/{collection}/items")["numberMatched"]
    assert total == 1 if collection == "verwaltungseinheit" else total > 10
    for box in ("-180,-90,180,90", "6,51,0,7,52,1", "6.5,51,-179,52"):
        assert page(collection, bbox=box).json()["numberMatched"] == total
    for box in ("177,65,-177,70", "-80,-5,-70,5"):
        assert page(collection, bbox=box).json()["numberMatched"] == 0


@over_collections
@pytest.mark.parametrize("code", [4326, 4258])
def test_a_box_across_the_antimeridian_with_latitude_first(page, get, collection, code):
    total = get(f"/collections/{collection}/items")["numberMatched"]
    for box, matched in (("51,6.5,52,-179", total), ("65,177,70,-177", 0), ("-90,8,90,6", 0)):
        answer = page(collection, bbox=box, bbox_crs=f"{EPSG}{code}")
        assert answer.json()["numberMatched"] == matched


@over_collections
def test_limit_response(page, collection):
    for limit in (1, 7, 100, MAX_LIMIT, MAX_LIMIT + 1, 10**12 - 1):
        document = page(collection, limit=limit, skipGeometry="true").json()
        assert document["numberReturned"] == min(limit, document["numberMatched"])


@over_collections
def test_datetime_response(page, get, collection):
    total = get(f"/collections/{collection}/items")["numberMatched"]
    for text in (
        "2018-02-12",
        "2018-02-12T23:20:50Z",
        "2018-02-12T00:00:00Z/2018-03-18T12:31:12Z",
        "2018-02-12/P2D",
        "P1Y2M/2018-02-12T23:20:50.52Z",
        "../2018-03-18T12:31:12Z",
        "2018-02-12T00:00:00+01:00/..",
        "/2018-02-12",
    ):
        answer = page(collection, datetime=text, limit=1)
        check_page(answer.json(), answer)
        timeless = "temporal" not in get(f"/collections/{collection}")["extent"]
        assert answer.json()["numberMatched"] == total or not timeless


@pytest.mark.parametrize(
    "query",
    [
        "limit=unlimited",
        "limit=0",
        "limit=-1",
        "limit=1.5",
        "limit=",
        "limit=99999999999999999999",
        "offset=-1",
        "offset=99999999999",
        "datetime=abc",
        "datetime=2018-02-30",
        "datetime=2018-02-12/abc",
        "bbox=1,2,3",
        "bbox=1,2,3,4,5",
        "bbox=nan,nan,nan,nan",
        "bbox=1,2,inf,4",
        "bbox=6,52,7,51",
        f"bbox=52,6,51,7&bbox-crs={EPSG}4326",
        f"bbox=400000,1,300000,2&bbox-crs={EPSG}25832",
        f"crs={EPSG}31466",
        "bbox=a,b,c,d",
        "bbox=",
        "bbox-crs=http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        f"bbox=5,49,6,50&bbox-crs={EPSG}31467",
        f"crs={EPSG}31467",
        "crs=EPSG:25832",
        "crs=",
        "unknown=1",
        "filter=nothing='x'",
        "Limit=1",
        "limit=1&limit=2",
        "f=xml",
        "lang=fr",
        "properties=nosuch",
        "sortby=nosuch",
        "skipGeometry=perhaps",
    ],
)
def test_what_is_not_allowed_is_a_bad_request(client, query):
    for collection in PUBLIC:
        answer = client.get(f"/collections/{collection}/items?{query}")
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == 400
        assert problem["detail"]


@over_collections
def test_one_feature(client, get, collection):  # f-op, f-success
    feature = get(f"/collections/{collection}/items", limit=1)["features"][0]
    answer = client.get(f"/collections/{collection}/items/{feature['id']}")
    assert answer.headers["content-type"] == GEOJSON
    alone = answer.json()
    assert {m: alone[m] for m in feature} == feature
    for rel in ("self", "alternate", "collection"):
        assert links(alone, rel), rel
    assert client.get(f"/collections/{collection}/items/{feature['id']}?x=1").status_code == 400
    assert client.get(f"/collections/{collection}/items/nosuch").status_code == 404


@over_collections
@over_crs
def test_crs_of_the_answer(client, collection, crs):  # crs-parameter, crs transform
    plain = client.get(f"/collections/{collection}/items", params={"limit": 25})
    asked = client.get(f"/collections/{collection}/items", params={"limit": 25, "crs": crs})
    assert plain.headers["content-crs"] == f"<{CRS84}>"
    assert asked.headers["content-crs"] == f"<{crs}>"
    there = [shape(f["geometry"]) for f in asked.json()["features"]]
    here = [shape(f["geometry"]) for f in plain.json()["features"]]
    if crs in LATITUDE_FIRST:
        there = [shapely.transform(g, lambda xy: xy[:, ::-1]) for g in there]
    back = carry(np.array(there, object), crs, CRS84)
    assert shapely.equals_exact(back, np.array(here, object), 2e-8).all()

    one = asked.json()["features"][0]
    alone = client.get(f"/collections/{collection}/items/{one['id']}", params={"crs": crs})
    assert alone.headers["content-crs"] == f"<{crs}>"
    assert alone.json()["geometry"] == one["geometry"]


@over_collections
def test_an_unknown_crs_is_refused_for_one_feature_too(client, get, collection):
    one = get(f"/collections/{collection}/items", limit=1)["features"][0]["id"]
    answer = client.get(f"/collections/{collection}/items/{one}", params={"crs": f"{EPSG}2154"})
    assert answer.status_code == 400


@over_collections
@over_crs
def test_a_box_in_any_crs_finds_the_same(page, reader, collection, crs):  # bbox-crs-parameter
    xmin, ymin, xmax, ymax = reader.bounds(CITIZEN, collection)
    part = 0.3
    w, e = xmin + part * (xmax - xmin), xmax - part * (xmax - xmin)
    s, n = ymin + part * (ymax - ymin), ymax - part * (ymax - ymin)
    box = carry(np.array([shapely.box(w, s, e, n)], object), f"{EPSG}25832", CRS84)[0].bounds
    # A box of degrees is bent in metres: take the one whose sides are inside and outside.
    there = carry(np.array([shapely.box(*box)], object), CRS84, crs)[0].bounds
    if crs in LATITUDE_FIRST:
        there = (there[1], there[0], there[3], there[2])
    ids_only = {"limit": 10_000, "skipGeometry": "true"}
    expected = page(collection, bbox=",".join(map(repr, box)), **ids_only).json()
    got = page(collection, bbox=",".join(map(repr, there)), bbox_crs=crs, **ids_only).json()
    ids = [{f["id"] for f in document["features"]} for document in (expected, got)]
    assert ids[0] <= ids[1]
    if crs in {CRS84, f"{EPSG}4326", f"{EPSG}4258", f"{EPSG}3857"}:  # boxes stay boxes
        assert ids[0] == ids[1]
