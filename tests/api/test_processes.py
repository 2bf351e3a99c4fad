"""Processes over HTTP: what they say of themselves, what they answer, and what they refuse."""

import base64
import csv
import io
import json
import re
from pathlib import Path
from time import sleep
from urllib.parse import quote

import numpy as np
import pytest
import shapely
from jsonschema import Draft7Validator
from lxml import html
from shapely.geometry import mapping

from api.processes.asking import MAX_BODY
from api.processes.registry import PROCESSES
from api.processes.routes import Processes
from layers.access import CITIZEN
from layers.query import Query
from tests.api.public import CRS84, EPSG, HIDDEN, PUBLIC, carry

ROOT = Path(__file__).resolve().parents[2]
EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"


@pytest.fixture(scope="module")
def key(demo_city):
    return demo_city.truth.showcase_parcel


@pytest.fixture(scope="module")
def execute(client):
    """Return a function that executes a process, and returns what is answered."""

    def ask(process, inputs, *, headers=None, **body):
        told = {"inputs": inputs, **body}
        return client.post(f"/processes/{process}/execution", json=told, headers=headers)

    return ask


@pytest.fixture(scope="module")
def parcel(reader, key):
    """Return the shape of the parcel, in the storage system."""
    rows = reader.frame(CITIZEN, "flurstueck", Query(equals={"flstkennz": key}))
    return shapely.union_all(rows.geometry.array)


# -- what there is ---------------------------------------------------------------------


@pytest.mark.proves("ogcapi-processes-1/1.0", "core", "json", "html", "oas30")
def test_links_lead_from_the_start_to_every_process(client, get):
    links = {k["rel"].rsplit("/", 1)[-1]: k for k in get("/")["links"]}
    listed = client.get(links["processes"]["href"]).json()
    assert [p["id"] for p in listed["processes"]] == list(PROCESSES)
    assert client.get(links["job-list"]["href"]).json()["jobs"] == []
    assert {k["rel"] for k in listed["links"]} == {"self", "alternate"}
    for process in listed["processes"]:
        (own,) = (k["href"] for k in process["links"] if k["rel"] == "self")
        described = client.get(own).json()
        assert {n: described[n] for n in process} == process
        for k in [*process["links"], *listed["links"]]:
            if not k["rel"].endswith("execute"):
                answer = client.get(k["href"])
                assert answer.headers["content-type"].split(";")[0] == k["type"]


def test_pages_of_the_list_are_the_whole(client):
    address, names = "/processes?limit=1", []
    while address:
        document = client.get(address).json()
        names += [p["id"] for p in document["processes"]]
        following = [k["href"] for k in document["links"] if k["rel"] == "next"]
        address = following[0] if following else None
    assert names == list(PROCESSES)


@pytest.mark.proves("ogcapi-processes-1/1.0", "ogc-process-description")
@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_describes_what_goes_in_and_comes_out(get, process):
    de, en = (get(f"/processes/{process}", lang=language) for language in ("de", "en"))
    assert de["title"] != en["title"]
    assert (de["id"], set(de["jobControlOptions"])) == (
        process,
        {"sync-execute", "async-execute", "dismiss"},
    )
    assert list(de["inputs"]) == list(PROCESSES[process].inputs.model_fields)
    for told in [*de["inputs"].values(), *de["outputs"].values()]:
        assert told["title"]
        Draft7Validator.check_schema(told["schema"])
        assert "anyOf" not in told["schema"]
    for one in ("collection", "collections"):
        if one in de["inputs"]:
            schema = de["inputs"][one]["schema"]
            assert schema.get("items", schema)["enum"] == [
                *(c for c in PUBLIC if c != "flurstueck_merkmale"),
                "flurstueck_merkmale",
            ]


def test_what_is_declared(get):
    declared = set(get("/conformance")["conformsTo"])
    assert set(Processes.CONFORMS) <= declared
    assert not [c for c in declared if "processes" in c and "callback" in c]


# -- answers are right -----------------------------------------------------------------


@pytest.mark.parametrize("distance", [0, 35.5, 400])
@pytest.mark.parametrize("collection", ["baum", "flurstueck", "grab", "flurstueck_merkmale"])
def test_a_buffer_query_finds_what_is_near_and_nothing_else(
    execute, reader, key, parcel, collection, distance
):
    asked = {"collection": collection, "parcel": key, "distance": distance, "limit": 10_000}
    document = execute("buffer-query", asked).json()
    everything = reader.frame(CITIZEN, collection)
    distances = shapely.distance(np.asarray(everything.geometry.array, object), parcel)
    expected = dict(zip(everything.index, distances, strict=True))
    expected = {i: d for i, d in expected.items() if d <= distance}
    told = {f["id"]: f["properties"]["distance_m"] for f in document["features"]}
    assert told == pytest.approx(expected, abs=6e-4)
    assert list(told.values()) == sorted(told.values())
    assert document["numberMatched"] == document["numberReturned"] == len(expected)


def test_a_buffer_query_gives_features_as_items_do(execute, client, key):
    inputs = {"collection": "baum", "parcel": key, "distance": 300, "limit": 3}
    document = execute("buffer-query", inputs).json()
    assert document["numberReturned"] == 3 < document["numberMatched"]
    for feature in document["features"]:
        item = client.get(f"/collections/baum/items/{feature['id']}").json()
        assert feature["geometry"] == item["geometry"]
        distance = feature["properties"].pop("distance_m")
        assert (feature["properties"], distance >= 0) == (item["properties"], True)


def test_a_place_may_be_drawn_or_be_a_feature_of_the_service(execute, client, key):
    (found,) = client.get("/collections/flurstueck/items", params={"flstkennz": key}).json()[
        "features"
    ]
    address = client.get("/").json()["links"][0]["href"].split("?")[0].rstrip("/")
    shapes = {
        "geometry": found["geometry"],
        "feature": found,
        "qualified": {"value": found["geometry"], "mediaType": "application/geo+json"},
        "link": {"href": f"{address}/collections/flurstueck/items/{found['id']}"},
        "data": {"href": "data:application/geo+json," + quote(json.dumps(found["geometry"]))},
        "base64": {
            "href": "data:application/geo+json;base64,"
            + base64.b64encode(json.dumps(found["geometry"]).encode()).decode()
        },
    }
    whole = execute("buffer-query", {"collection": "baum", "parcel": key, "distance": 250}).json()
    assert whole["features"]
    for what, place in shapes.items():
        asked = {"collection": "baum", "place": place, "distance": 250}
        answer = execute("buffer-query", asked)
        assert answer.status_code == 200, (what, answer.text)
        assert [f["id"] for f in answer.json()["features"]] == [f["id"] for f in whole["features"]]


def test_area_statistics_are_those_of_shapely_and_pandas(execute, reader, key, parcel):
    keys = reader.frame(CITIZEN, "flurstueck", Query(limit=5))["flstkennz"].tolist()
    district = key[:6]
    drawn = shapely.box(*parcel.buffer(120).bounds)
    (moved,) = carry(np.array([drawn], object), f"{EPSG}25832", CRS84)
    inputs = {
        "collections": ["nutzung", "gebaeude_bauwerk", "baum"],
        "parcels": keys,
        "districts": [district],
        "zones": {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": {"name": "Block"}, "geometry": mapping(moved)}
            ],
        },
    }
    document = execute("area-statistics", inputs).json()
    parcels = reader.frame(CITIZEN, "flurstueck")
    zones = {k: shapely.union_all(parcels.geometry[parcels.flstkennz == k].array) for k in keys}
    zones[district] = shapely.union_all(parcels.geometry[parcels.gemaschl == district].array)
    zones["Block"] = drawn
    assert [zone["zone"] for zone in document["zones"]] == [*keys, district, "Block"]
    for zone in document["zones"]:
        ground = zones[zone["zone"]]
        assert zone["area_m2"] == pytest.approx(ground.area, rel=1e-6, abs=1e-2)
        for told in zone["collections"]:
            check(told, reader.frame(CITIZEN, told["collection"]), ground, zone)


def check(told, frame, ground, zone):
    shapes = np.asarray(frame.geometry.array, object)
    if told["collection"] == "baum":
        inside = shapely.intersects(ground, shapes)
        assert told["count"] == inside.sum()
        assert "area_m2" not in told
        counts = frame["genus"][inside].value_counts().to_dict()
        assert {g["value"]: g["count"] for g in told["groups"]} == counts
        return
    areas = shapely.area(shapely.intersection(shapes, ground))
    near = zone["area_m2"] * 1e-6 + 0.02
    assert told["area_m2"] == pytest.approx(areas.sum(), abs=near)
    assert told["share"] == pytest.approx(areas.sum() / ground.area, abs=1e-5)
    if told["collection"] == "nutzung":
        sums = frame.assign(m2=areas).groupby("nutzart")["m2"].sum()
        groups = {g["value"]: g["area_m2"] for g in told["groups"]}
        for value, area in sums[sums > 0.1].items():
            assert groups[value] == pytest.approx(area, abs=near)
        assert sum(groups.values()) == pytest.approx(told["area_m2"], abs=0.01)


def test_statistics_as_a_table_say_the_same(execute, key):
    inputs = {"collections": ["nutzung", "baum"], "districts": [key[:6]]}
    (zone,) = execute("area-statistics", inputs).json()["zones"]
    answer = execute(
        "area-statistics", inputs, outputs={"statistics": {"format": {"mediaType": "text/csv"}}}
    )
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    for told in zone["collections"]:
        own = [r for r in rows if r["collection"] == told["collection"]]
        assert (own[0]["label"], int(own[0]["count"])) == ("alle", told["count"])
        assert [r["value"] for r in own[1:]] == [g["value"] for g in told["groups"]]
        assert [r["area_m2"] for r in own[1:]] == [
            str(g.get("area_m2", "")) for g in told["groups"]
        ]


def test_a_dossier_is_the_one_of_the_parcels_page(execute, get, key):
    document = execute("parcel-dossier", {"parcel": key}).json()
    own = get(f"/parcels/{key}")
    assert document == own
    for media_type, begin in {"application/pdf": b"%PDF-", "text/html": b"<!doctype html>"}.items():
        answer = execute(
            "parcel-dossier",
            {"parcel": key},
            outputs={"dossier": {"format": {"mediaType": media_type}}},
        )
        assert answer.headers["content-type"].split(";")[0] == media_type
        assert answer.content.startswith(begin)
        assert answer.headers["content-disposition"].startswith("attachment")
    few = execute("parcel-dossier", {"parcel": key, "rows": 0}).json()
    assert all(not s["rows"] for s in few["sections"])


def test_a_preview_is_the_sheet_that_is_printed(execute, key):
    def ask(media_type, **inputs):
        chosen = {"map": {"format": {"mediaType": media_type}}}
        answer = execute("map-preview", {"parcel": key, **inputs}, outputs=chosen)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == media_type
        return answer.content

    png = ask("image/png", width=500)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(png[i : i + 4]) for i in (16, 20))
    assert (width, height) == (pytest.approx(500, abs=1), pytest.approx(500 * 297 / 210, abs=2))
    wide = ask("image/png", width=500, paper="A3")
    assert int.from_bytes(wide[20:24]) == pytest.approx(500 * 297 / 420, abs=2)
    svg = ask("image/svg+xml", scale=500).decode()
    assert 'viewBox="0 0 595.27' in svg
    assert not re.search(r"<script|\son\w+=|(href|src)=\"(?!#|data:image)", svg)


def test_the_examples_of_the_documentation_work(client, key):
    text = (ROOT / "docs/processes.md").read_text(encoding="utf-8")
    commands = re.findall(r"^curl .*?-d '(.*?)'.*?8000(\S+)", text, re.MULTILINE | re.DOTALL)
    assert len(commands) == 4
    for body, address in commands:
        own = body.replace("05304500100018______", key).replace("053045", key[:6])
        headers = {"content-type": "application/json"}
        answer = client.post(address, content=own, headers=headers)
        assert answer.status_code == 200, (address, answer.text)


# -- how it is answered ----------------------------------------------------------------


def test_an_output_comes_as_it_is_or_within_a_document(execute, key):
    raw = execute("map-preview", {"parcel": key, "width": 300})
    document = execute("map-preview", {"parcel": key, "width": 300}, response="document").json()
    assert base64.b64decode(document["map"]["value"]) == raw.content
    assert (document["map"]["mediaType"], document["map"]["encoding"]) == ("image/png", "base64")
    inputs = {"collection": "baum", "parcel": key}
    told = execute("buffer-query", inputs, response="document").json()["features"]
    assert told["value"] == execute("buffer-query", inputs).json()
    assert told["mediaType"] == "application/geo+json"


def test_answers_are_kept_by_nobody_and_other_sites_may_ask(client, execute, key):
    answer = execute("buffer-query", {"collection": "baum", "parcel": key})
    assert answer.headers["cache-control"] == "no-store"
    asked = {
        "origin": "https://other.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,prefer",
    }
    before = client.options("/processes/buffer-query/execution", headers=asked)
    assert before.status_code == 200
    assert "POST" in before.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in before.headers


def test_a_preference_that_is_not_known_changes_nothing(execute, key):
    inputs = {"collection": "baum", "parcel": key}
    for prefer in ("wait=10", "return=minimal", ", ;="):
        assert execute("buffer-query", inputs, headers={"prefer": prefer}).status_code == 200


# -- bad input -------------------------------------------------------------------------

POINT = {"type": "Point", "coordinates": [6.56, 51.33]}
BUFFER = [
    {},
    {"collection": "baum"},
    {"collection": "baum", "parcel": ""},
    {"collection": "baum", "parcel": "x" * 201},
    {"collection": "baum", "parcel": "\x00"},
    {"collection": "baum", "parcel": 5},
    {"collection": "baum", "parcel": "Krefeld 1 1", "place": POINT},
    {"collection": ["baum"], "place": POINT},
    {"collection": "../baum", "place": POINT},
    {"collection": "baum", "place": POINT, "nosuch": 1},
    {"collection": "baum", "place": POINT, "distance": -1},
    {"collection": "baum", "place": POINT, "distance": 5001},
    {"collection": "baum", "place": POINT, "distance": "100"},
    {"collection": "baum", "place": POINT, "distance": True},
    {"collection": "baum", "place": POINT, "limit": 0},
    {"collection": "baum", "place": POINT, "limit": 1.5},
    {"collection": "baum", "place": POINT, "limit": 10**30},
    *(
        {"collection": "baum", "place": place}
        for place in (
            "POINT(6 51)",
            [6, 51],
            {"type": "Point"},
            {"type": "Point", "coordinates": []},
            {"type": "Point", "coordinates": ["a", "b"]},
            {"type": "Point", "coordinates": [None, None]},
            {"type": "Point", "coordinates": [1e400, 51]},
            {"type": "Point", "coordinates": [51.33, 6.56]},  # latitude first
            {"type": "Point", "coordinates": [600, 51]},
            {"type": "Circle", "coordinates": [6, 51]},
            {"type": "GeometryCollection", "geometries": [POINT]},
            {"type": "LineString", "coordinates": [[6.5, 51.3]]},
            {"type": "Polygon", "coordinates": [[[6.5, 51.3], [6.6, 51.3]]]},
            {"type": "Polygon", "coordinates": [[6.5, 51.3]]},
            {
                "type": "Polygon",
                "coordinates": [[[6.5, 51.3], [6.6, 51.4], [6.6, 51.3], [6.5, 51.4], [6.5, 51.3]]],
            },
            {"type": "Polygon", "coordinates": []},
            {"type": "MultiPoint", "coordinates": [[6.5 + i / 1e6, 51.3] for i in range(10_001)]},
            {"type": "Feature", "geometry": None},
            {"type": "Feature"},
            {"href": "http://127.0.0.1:1/collections/baum/items/1"},
            {"href": "file:///etc/passwd"},
            {"href": "data:application/json,{"},
            {"href": "data:application/json;base64,@@"},
            {"href": "data:"},
            {"href": ""},
            {"href": 5},
            {"value": {"value": POINT}},
        )
    ),
]
AREAS = [
    {"collections": []},
    {"collections": ["nutzung"]},
    {"collections": "nutzung", "parcels": ["x"]},
    {"collections": ["nutzung"] * 21, "districts": ["053049"]},
    {"collections": ["nutzung"], "parcels": ["Krefeld 1 1"] * 201},
    {"collections": ["nutzung"], "parcels": [None]},
    {"collections": ["nutzung"], "districts": ["' OR 1=1"]},
    {"collections": ["nutzung"], "zones": {"type": "FeatureCollection", "features": []}},
    {"collections": ["nutzung"], "zones": {"features": [{"geometry": POINT}]}},
    {"collections": ["nutzung"], "zones": {"features": [5]}},
    {"collections": ["nutzung"], "zones": {"features": [{"geometry": POINT}] * 201}},
    {"collections": ["nutzung"], "zones": []},
]
PREVIEW = [
    {"parcel": "Krefeld 1 1", "scale": 700},
    {"parcel": "Krefeld 1 1", "scale": "1000"},
    {"parcel": "Krefeld 1 1", "paper": "A5"},
    {"parcel": "Krefeld 1 1", "width": 199},
    {"parcel": "Krefeld 1 1", "width": 100_000},
    {"parcel": "Krefeld 1 1", "orientation": "up"},
    {"parcel": "no key at all"},
]
DOSSIER = [
    {"parcel": None},
    {"parcel": ["x"]},
    {"parcel": "no key at all"},
    {"parcel": "Krefeld 1 1", "rows": -1},
    {"parcel": "Krefeld 1 1", "rows": 1001},
    {"parcel": "Krefeld 1 1", "as_of": "yesterday"},
    {"parcel": "Krefeld 1 1", "as_of": "2025-02-30"},
    {"parcel": "Krefeld 1 1", "as_of": "0001-01-01"},
]


@pytest.mark.parametrize("prefer", ["", "respond-async"])
@pytest.mark.parametrize(
    ("process", "inputs"),
    [
        *(("buffer-query", i) for i in BUFFER),
        *(("area-statistics", i) for i in AREAS),
        *(("map-preview", i) for i in PREVIEW),
        *(("parcel-dossier", i) for i in DOSSIER),
    ],
)
@pytest.mark.usefixtures("at_work")
def test_bad_inputs_are_refused(client, process, inputs, prefer):
    body = json.dumps({"inputs": inputs}).replace("Infinity", "1e400")
    headers = {"content-type": "application/json", "prefer": prefer}
    answer = client.post(f"/processes/{process}/execution", content=body, headers=headers)
    if answer.status_code == 201:  # what only the data can tell is found out later
        job = answer.headers["location"]
        while (client.get(job).json())["status"] in {"accepted", "running"}:
            sleep(0.02)
        answer = client.get(f"{job}/results")
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert len(answer.text) < 1500


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'{"inputs": 5}',
        b'{"inputs": {}, "mode": "async"}',
        b'{"inputs": {}, "subscriber": {"successUri": "http://127.0.0.1:1/"}}',
        b'{"inputs": {}, "response": "zip"}',
        b'{"inputs": {}, "outputs": {"nosuch": {}}}',
        b'{"inputs": {}, "outputs": {"dossier": {"transmissionMode": "reference"}}}',
        b'{"inputs": {}, "outputs": {"dossier": {"format": {"mediaType": "image/gif"}}}}',
        b'{"inputs": {"parcel": NaN}}',
        b'{"inputs": {"parcel": ' + b"[" * 5000 + b"]" * 5000 + b"}}",
        b'{"inputs": {"parcel": ' + b"[" * 900 + b"]" * 900 + b"}}",
        b"",
    ],
)
def test_bad_bodies_are_refused(client, body):
    headers = {"content-type": "application/json"}
    answer = client.post("/processes/parcel-dossier/execution", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"]


def test_bodies_are_small(client):
    big = json.dumps({"inputs": {"parcel": "x" * MAX_BODY}}).encode()
    for content in (big, iter([big[:1000]] * 1000)):
        answer = client.post("/processes/parcel-dossier/execution", content=content)
        assert answer.status_code == 413
        assert answer.json()["type"] == "/problems/too-large"


def test_other_ways_of_asking_are_refused(client):
    address = "/processes/parcel-dossier/execution"
    assert (
        client.post(address, content=b"<a/>", headers={"content-type": "text/xml"}).status_code
        == 415
    )
    assert client.get(address).status_code == 405
    assert client.put(address).status_code == 405
    assert client.post(f"{address}?x=1", json={}).status_code == 400
    for path in (
        "/processes?nosuch=1",
        "/processes?limit=0",
        "/processes?offset=x",
        "/jobs?status=x",
    ):
        assert client.get(path).status_code == 400


@pytest.mark.parametrize("path", ["nope", "..%2fjobs", "%00", "x" * 3000, "parcel-dossier%20"])
def test_an_unknown_process_is_named_as_the_standard_says(client, path):
    for answer in (client.get(f"/processes/{path}"), client.post(f"/processes/{path}/execution")):
        assert answer.status_code == 404
        assert answer.json()["type"] in {f"{EXCEPTIONS}/no-such-process", "/problems/404"}
    assert client.get("/processes/nope").json()["type"] == f"{EXCEPTIONS}/no-such-process"


@pytest.mark.parametrize("collection", [*HIDDEN, "terrain", "merge"])
def test_a_hidden_collection_is_as_absent_as_any(execute, key, collection):
    zone = {"parcels": [key]}
    for process, inputs, field in (
        ("buffer-query", {"parcel": key}, "collection"),
        ("area-statistics", zone, "collections"),
    ):
        answers = []
        for name_ in (collection, "zzunknownzz"):
            value = name_ if field == "collection" else [name_]
            answers.append(execute(process, {**inputs, field: value}))
        assert [a.status_code for a in answers] == [404, 404]
        assert answers[0].text.replace(collection, "N") == answers[1].text.replace(
            "zzunknownzz", "N"
        )


# -- the form --------------------------------------------------------------------------


def fill(client, process, language="de", **fields):
    """Fill in the form of a page and send it, as a browser without script does."""
    page = html.document_fromstring(
        client.get(f"/processes/{process}?f=html&lang={language}").text,
        base_url=str(client.base_url),
    )
    (form,) = page.forms
    for field, value in fields.items():
        element = form.inputs[field]
        if isinstance(value, set):
            element.value = value
        else:
            element.value = str(value)
    address = form.action
    return client.post(
        address,
        data=dict_of(form.form_values()),
        headers={"accept": "text/html"},
        follow_redirects=True,
    )


def dict_of(pairs):
    told = {}
    for field, value in pairs:
        told.setdefault(field, []).append(value)
    return told


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.usefixtures("at_work")
def test_a_planner_fills_in_a_form(client, key, language):
    answer = fill(client, "area-statistics", language, collections={"nutzung"}, parcels=key)
    assert answer.status_code == 200
    assert len(answer.history) == 1
    assert answer.history[0].status_code == 303
    page = html.document_fromstring(answer.text)
    assert page.get("lang") == language
    (result,) = page.xpath("//a[contains(@href, '/results')]/@href")
    table = html.document_fromstring(client.get(result).text).xpath("//tbody/tr/th/text()")
    assert set(table) == {key}


@pytest.mark.parametrize(
    ("process", "fields"),
    [
        ("buffer-query", {"collection": "baum", "distance": "250,5"}),
        ("buffer-query", {"collection": "baum", "limit": "10"}),
        ("map-preview", {"scale": "500", "paper": "A3", "output-format": "image/svg+xml"}),
        ("map-preview", {"orientation": "landscape", "width": "300"}),
        ("parcel-dossier", {"rows": "5", "output-format": "application/json"}),
    ],
)
@pytest.mark.usefixtures("at_work")
def test_every_form_does_what_it_says(client, key, process, fields):
    answer = fill(client, process, parcel=key, **fields)
    assert "/results" in answer.text, answer.text


@pytest.mark.parametrize(
    ("process", "fields", "said"),
    [
        ("buffer-query", {"distance": "far"}, "distance"),
        ("buffer-query", {"parcel": ""}, "either parcel or place"),
        ("buffer-query", {"place": "somewhere", "parcel": ""}, "no JSON"),
        ("area-statistics", {}, "collections is missing"),
    ],
)
def test_a_form_that_is_wrong_comes_back_as_it_was_filled_in(client, key, process, fields, said):
    given = {"parcel": key, **fields} if process == "buffer-query" else fields
    answer = fill(client, process, **given)
    assert answer.status_code == 400
    page = html.document_fromstring(answer.text)
    (alert,) = page.xpath("//*[@role='alert']")
    assert said in alert.text_content()
    for field, value in fields.items():
        assert page.forms[0].inputs[field].value == value


def test_forms_that_are_none_are_refused(client):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for body in (b"\xff\xfe", b"a&b", b"&".join(b"a=%d" % i for i in range(200))):
        answer = client.post("/processes/buffer-query/execution", content=body, headers=headers)
        assert answer.status_code == 400
