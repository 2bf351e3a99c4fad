"""The description of the interface is true: of answers, statuses, headers, versions and roles."""

import asyncio
import json
import re
from contextlib import closing

import httpx
import pytest
from openapi_schema_validator import OAS30Validator, OAS31Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from api.app import create_app
from api.context import KEY, Caller
from api.features.formats.registry import GEOJSON
from api.settings import Settings
from layers.access import Actor, load_policy
from layers.reader import open_reader
from tests.api.public import PUBLIC
from tests.api.test_openapi import tile_of

TYPE = "application/vnd.oai.openapi+json;version="
VERSIONS = {
    "3.0": (OpenAPIV30SpecValidator, OAS30Validator),
    "3.1": (OpenAPIV31SpecValidator, OAS31Validator),
}
over_versions = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture(scope="module")
def description(client):
    """Return a function that gives the description in a version, asked for by media type."""
    known = {}

    def of(version):
        if version not in known:
            answer = client.get("/openapi", headers={"accept": TYPE + version})
            assert answer.headers["content-type"] == TYPE + version
            known[version] = answer.json()
        return known[version]

    return of


@pytest.fixture(scope="module")
def operations(description, get, done):
    """Return the address of every path, filled in, with its description in 3.0."""
    first = {c: get(f"/collections/{c}/items", limit=1)["features"][0] for c in PUBLIC}
    found = []
    key = first["flurstueck"]["properties"]["flstkennz"]
    job = done("buffer-query", collection="baum", parcel=key)["jobID"]
    for path, node in description("3.0")["paths"].items():
        if "get" not in node:  # processes are executed by POST: test_processes
            continue
        words = path.split("/")
        collection = words[2] if words[1] == "collections" and len(words) > 2 else "baum"
        feature = first.get(collection, first["baum"])
        z, y, x = tile_of(feature)
        values = {"featureId": feature["id"], "tileMatrixSetId": "WebMercatorQuad"}
        values |= {"tileMatrix": z, "tileRow": y, "tileCol": x, "recordId": "baum"}
        values |= {"parcelKey": key, "jobId": job}
        for parameter in node.get("get", {}).get("parameters", ()):
            if parameter.get("in") == "path" and parameter["name"] not in values:
                schema = parameter["schema"]
                values[parameter["name"]] = (
                    parameter.get("example") or schema.get("example") or schema["enum"][0]
                )
        asked = {p["name"]: "Wehr" for p in node["get"]["parameters"] if p.get("required")}
        query = "?q=Wehr" if "q" in asked else ""
        found.append((path, path.format(**values) + query, node))
    return found


def checker(document, version, schema):
    """Return a validator of one schema of a description."""
    whole = Resource(contents=document, specification=DRAFT202012)
    registry = Registry().with_resource("urn:description", whole)
    text = json.dumps(schema).replace('"#/', '"urn:description#/')
    kind = VERSIONS[version][1]
    return kind(json.loads(text), registry=registry, format_checker=kind.FORMAT_CHECKER)


def references(node):
    if isinstance(node, dict):
        yield from (v for k, v in node.items() if k == "$ref" and isinstance(v, str))
        node = list(node.values())
    for part in node if isinstance(node, list) else ():
        yield from references(part)


@over_versions
@pytest.mark.parametrize("language", ["de", "en"])
def test_it_is_valid_and_whole_in_both_versions(get, version, language):
    form = "oas" + version.replace(".", "")
    document = get("/openapi", f=form, lang=language)
    assert document["openapi"].startswith(version)
    VERSIONS[version][0](document).validate()
    named = set(references(document))
    assert all(name.startswith("#/components/") for name in named)
    described = {
        f"#/components/{kind}/{name}"
        for kind, parts in document["components"].items()
        for name in parts
    }
    assert named <= described


def test_both_versions_are_linked_and_say_the_same(get, description):
    links = [k["type"] for k in get("/")["links"] if k["rel"] == "service-desc"]
    assert links == [TYPE + version for version in VERSIONS]
    old, new = (description(version) for version in VERSIONS)
    assert old["paths"].keys() == new["paths"].keys()
    assert "nullable" not in json.dumps(new)
    assert old["components"].keys() == new["components"].keys()


@over_versions
def test_every_answer_in_json_is_as_described(client, get, description, operations, version):
    checked = set()
    for path, address, _ in operations:
        content = description(version)["paths"][path]["get"]["responses"]["200"]["content"]
        if path.endswith("/results"):  # of a job comes what was asked for, and nothing else
            content = {GEOJSON: content[GEOJSON]}
        for media_type, described in content.items():
            if not re.search(r"\bjson|\+json", media_type) or media_type.endswith("json-seq"):
                continue
            asked = {} if "?" in address else whole(path)
            if path.endswith("/coverage") and media_type == "application/json":  # of one place
                west, south, east, north = get(path[:-9])["extent"]["spatial"]["bbox"][0]
                asked = {"subset": f"Lon({(west + east) / 2}),Lat({(south + north) / 2})"}
            answer = client.get(address, params=asked or None, headers={"accept": media_type})
            assert answer.status_code == 200, answer.url
            assert answer.headers["content-type"] == media_type, answer.url
            assert described["schema"] not in ({}, {"type": "object"}), (path, media_type)
            check = checker(description(version), version, described["schema"])
            faults = sorted(
                f"{e.json_path}: {e.message[:200]}" for e in check.iter_errors(answer.json())
            )
            assert faults == [], (path, media_type)
            checked.add(path)
    assert len(checked) > 60


def whole(path):
    """Return the parameters that ask for all features, and for few cells."""
    if path.endswith("/coverage"):
        return {"width": 10}
    return {"limit": 10_000} if re.fullmatch(r"/collections/(?!katalog)[^/]+/items", path) else {}


def test_a_wrong_answer_would_be_found(client, description):
    path = "/collections/baum/items"
    content = description("3.0")["paths"][path]["get"]["responses"]["200"]["content"]
    check = checker(description("3.0"), "3.0", content["application/geo+json"]["schema"])
    page = client.get(path).json()
    assert check.is_valid(page)
    for spoil in (
        lambda p: p["features"][0]["properties"].update(inspector="x"),
        lambda p: p["features"][0]["properties"].update(height_m="high"),
        lambda p: p["features"][0]["geometry"].update(type="Polygon"),
        lambda p: p.pop("numberMatched"),
    ):
        wrong = json.loads(json.dumps(page))
        spoil(wrong)
        assert not check.is_valid(wrong)


def test_every_operation_keeps_its_statuses(client, operations):
    """An unknown parameter, an unservable Accept, HEAD and validators, wherever they are told."""
    for path, address, node in operations:
        statuses, mark = node["get"]["responses"], "&" if "?" in address else "?"
        plain = client.get(address)
        assert plain.status_code == 200, path
        for query in ("zzunknown=1", "zzunknown"):
            refused = client.get(f"{address}{mark}{query}")
            assert refused.status_code == 400, path
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.json()["detail"]
        if "406" in statuses:
            refused = client.get(address, headers={"accept": "application/x-nothing"})
            assert refused.status_code == 406, path
        assert ("etag" in plain.headers) == ("304" in statuses), path
        if "etag" in plain.headers:
            known = {"if-none-match": plain.headers["etag"]}
            assert client.get(address, headers=known).status_code == 304, path
        head = client.head(address)
        assert (head.status_code, head.content) == (200, b"")
        same = ("content-type", "etag", "content-crs", "content-language", "link")
        assert [head.headers.get(n) for n in same] == [plain.headers.get(n) for n in same], path
        for method in {"POST", "PUT", "DELETE", "PATCH"} - {m.upper() for m in node}:
            refused = client.request(method, address)
            assert refused.status_code in {403, 405}, (method, path)
            if refused.status_code == 403:  # others may edit here
                continue
            allowed = {m.strip() for m in refused.headers["allow"].split(",")}
            assert allowed >= {m.upper() for m in node if m != "parameters"}, path


def test_each_role_has_a_description_of_its_own(demo_store):
    """It names the collections and fields that the role may know of, and no others."""

    async def ask(actor):
        app = create_app(Settings(data_dir=demo_store))

        async def identified(scope, receive, send):
            await app({**scope, KEY: Caller(actor)}, receive, send)

        async with app.app.router.lifespan_context(app.app):
            transport = httpx.ASGITransport(app=identified)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return (await client.get("/openapi")).json()

    for role in load_policy().roles:
        document = asyncio.run(ask(Actor(role)))
        OpenAPIV30SpecValidator(document).validate()
        with closing(open_reader(demo_store)) as reader:
            views = [v for v in reader.collections(Actor(role)) if v.spec.geometry != "none"]
        schemas = document["components"]["schemas"]
        named = {p.split("/")[2] for p in document["paths"] if p.startswith("/collections/")}
        assert {view.id for view in views} == named - {"katalog", "terrain"}
        for view in views:
            told = schemas[f"{view.id}.feature"]["properties"]["properties"]
            fields = told.get("anyOf", [told])[0]["properties"]  # else the profile's
            assert set(fields) == set(view.names), (role, view.id)
            parameters = document["paths"][f"/collections/{view.id}/items"]["get"]["parameters"]
            asked = {p["name"] for p in parameters if "name" in p}
            assert asked - {"profile"} == {*view.called()}
