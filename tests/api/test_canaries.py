"""A store in which every hidden value is a canary: none is in any answer, of any route and format.

The routes, their parameters and formats come from the description of the interface, so that what
is added is asked, too.
"""

import io
import re
import shutil
import sqlite3
import struct
from contextlib import closing
from itertools import count

import httpx
import pyarrow.parquet as pq
import pytest

from layers.access import Actor
from layers.query import Query
from layers.reader import open_reader
from layers.registry import find_layers
from layers.spec import Access, FieldType
from tests.api.public import HIDDEN, SPECS
from tests.demo import serving

WORD, NUMBER, YEAR = "zqxcanary", 7_361_948, 1791
TOLD = re.compile(
    rf"{WORD}|(?<!\d)7\D?361\D?948|{YEAR}-03-04|03\.{YEAR}|{YEAR}, 3, 4", re.IGNORECASE
)
_AS_STORED = {FieldType.INTEGER: NUMBER, FieldType.NUMBER: NUMBER + 0.25}
_AS_STORED |= {FieldType.DATE: f"{YEAR}-03-04", FieldType.BOOLEAN: None}
_AS_STORED |= {FieldType.DATETIME: f"{YEAR}-03-04T05:06:07.000Z"}


def hidden_fields():
    """Yield (collection, field) of every field that not everybody may read."""
    for _, spec in find_layers().collections():
        for field in spec.fields:
            if field.access is not Access.PUBLIC or spec.id in HIDDEN:
                yield spec.id, field


@pytest.fixture(scope="module")
def poisoned(demo_store, tmp_path_factory):
    """Return a store whose hidden columns hold canaries, and the fields that they are of."""
    store = shutil.copytree(demo_store, tmp_path_factory.mktemp("poisoned") / "data")
    numbers, changed = count(), set()
    fields = list(hidden_fields())
    for path in store.glob("layers/*/*/*"):
        if path.name not in {"open.gpkg", "sealed.sqlite"}:
            continue
        path.chmod(0o600)
        with closing(sqlite3.connect(path)) as file:
            names = file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in names:  # they call functions of GeoPackage's
                file.execute(f'DROP TRIGGER "{name}"')
            for collection, field in fields:
                columns = {row[1] for row in file.execute(f'PRAGMA table_info("{collection}")')}
                for column in columns & {field.name, f"{field.name}_as_filed"}:
                    value = _AS_STORED.get(field.type, f"{WORD}{next(numbers)}")
                    if field.type is FieldType.PARCEL_KEY and column == field.name:
                        continue  # links are made by it; it is public where it is shown
                    file.execute(f'UPDATE "{collection}" SET "{column}" = ?', [value])  # noqa: S608
                    changed.add((collection, field.name, field.access))
            file.commit()
    return store, changed


@pytest.fixture(scope="module")
def client(poisoned):
    with serving(poisoned[0]) as url, httpx.Client(base_url=url, timeout=120) as connection:
        yield connection


@pytest.fixture(scope="module")
def description(client):
    return client.get("/openapi").json()


def plain(answer):
    """Return all that an answer says as text; of a table that is packed, what it unpacks to."""
    text = answer.content.decode("utf-8", "replace")
    if answer.content[:4] == b"PAR1":
        table = pq.read_table(io.BytesIO(answer.content))
        kept = [name for name in table.column_names if name != "geometry"]
        text = f"{table.schema} {table.select(kept).to_pylist()}"
    return text + " ".join(answer.headers.values())


@pytest.fixture(scope="module")
def check(poisoned):
    """Return a check that an answer holds no canary and names no hidden field."""
    own = {f.name for spec in SPECS.values() for f in spec.fields if f.access is Access.PUBLIC}
    hidden = {name for _, name, _ in poisoned[1] if "_" in name or name.endswith("txt")}
    hidden -= own | {"parcel_key"}  # the latter is a word of the documents, too
    assert {access for *_, access in poisoned[1]} >= {Access.INTERNAL, Access.PERSONAL}
    assert {access for *_, access in poisoned[1]} >= {Access.TAX_SECRET}
    names = re.compile(rf"\b(?:{'|'.join(sorted(hidden))})\b")
    packed = [struct.pack(f"{order}d", NUMBER + 0.25) for order in "<>"]

    def of(answer, asked=""):
        text = plain(answer)
        assert not TOLD.search(text), answer.url
        assert not any(double in answer.content for double in packed), answer.url
        assert not names.search(text.replace(asked, "") if asked else text), answer.url
        return answer

    return of


def resolved(description, parameter):
    name = parameter.get("$ref", "").rsplit("/", 1)[-1]
    return description["components"]["parameters"].get(name, parameter)


def examples(client, description):
    """Yield the address of every path, filled in from what the service itself answers."""
    first, record = {}, "baum"
    for path in description["paths"]:
        if match := re.fullmatch(r"/collections/([^/{]+)/items", path):
            page = client.get(path, params={"limit": 1}).json()
            first[match[1]] = page["features"][0]["id"]
    parcel = client.get("/collections/flurstueck/items?limit=1").json()["features"][0]
    values = {"recordId": record, "parcelKey": parcel["properties"]["flstkennz"]}
    values |= {"tileMatrixSetId": "WebMercatorQuad"}
    for path, node in description["paths"].items():
        if "get" not in node or "{jobId}" in path:  # jobs are tested where they are made
            continue
        collection = path.split("/")[2] if path.startswith("/collections/") else ""
        own = {"featureId": first.get(collection, ""), **values}
        for parameter in (resolved(description, p) for p in node["get"].get("parameters", ())):
            schema = parameter.get("schema", {})
            if parameter["in"] == "path" and parameter["name"] not in own:
                told = parameter.get("example") or schema.get("example")
                own[parameter["name"]] = told or (schema.get("enum") or ["x"])[0]
        yield path, path.format(**own), node


def test_canaries_are_there_for_who_may_read_them(poisoned):
    store, changed = poisoned
    assert {collection for collection, *_ in changed} >= set(HIDDEN) - {"nas_objekt", "nas_bezug"}
    inspector = Actor("tree_inspector", "test of what leaks", "test")
    with closing(open_reader(store)) as reader:
        trees = reader.frame(inspector, "baum", Query(geometry=False))
    assert trees["inspector"].dropna().map(TOLD.search).all()
    assert (trees["vitality_class"] == NUMBER).all()
    assert trees["inspected_on"].astype(str).map(TOLD.search).all()
    assert trees["inspector"].notna().any()


def test_every_route_in_every_format_and_language(client, description, check):
    asked = 0
    for path, address, node in examples(client, description):
        given = [resolved(description, p) for p in node["get"].get("parameters", ())]
        forms = next((p["schema"]["enum"] for p in given if p["name"] == "f"), [None])
        for form in forms:
            for language in ("de", "en") if form in {"json", "html"} else (None,):
                query = {"f": form, "lang": language, "q": "Wehr" if path == "/find" else None}
                query = {name: value for name, value in query.items() if value is not None}
                if path.endswith("/items") and "katalog" not in path and form != "html":
                    query["limit"] = 10_000
                answer = check(client.get(address, params=query))
                assert answer.status_code in {200, 204, 400, 404, 413}, answer.url
                asked += answer.status_code == 200
    assert asked > 300


def test_every_sort_and_filter_in_every_format(client, description, check):
    """By a public field everything comes, by a hidden one nothing: as if there were no such."""
    forms = description["components"]["parameters"]["f-features"]["schema"]["enum"]
    for collection, spec in SPECS.items():
        path = f"/collections/{collection}/items"
        shown = [f.name for f in spec.fields if f.access is Access.PUBLIC]
        hidden = [f for f in spec.fields if f.access is not Access.PUBLIC]
        for form in forms:
            for query in ({"sortby": f"-{shown[-1]}"}, {"filter": f"{shown[-1]} IS NOT NULL"}):
                check(client.get(path, params={"f": form, "limit": 100, **query}))
        for field in hidden:
            value = _AS_STORED.get(field.type, f"{WORD}0")
            for form in forms:
                for query in (
                    {"sortby": field.name},
                    {"properties": field.name},
                    {field.name: str(value)},
                    {"filter": f"{field.name} IS NULL"},
                    {"filter": f"NOT ({field.name} = '{value}')"},
                ):
                    answer = client.get(path, params={"f": form, **query})
                    assert answer.status_code == 400, answer.url


def test_every_tile(client, description, check):
    found = 0
    for path in description["paths"]:
        if not path.endswith("/{tileCol}"):
            continue
        base = path.split("/{tileMatrixSetId}")[0]
        for name in ("WebMercatorQuad", "AdV_25832"):
            limits = client.get(f"{base}/{name}").json()["tileMatrixSetLimits"]
            for level in (limits[0], limits[len(limits) // 2], limits[-3]):
                rows = range(level["minTileRow"], level["maxTileRow"] + 1)
                columns = range(level["minTileCol"], level["maxTileCol"] + 1)
                for row in rows:
                    for column in columns:
                        tile = f"{base}/{name}/{level['tileMatrix']}/{row}/{column}"
                        found += check(client.get(tile)).status_code == 200
    assert found > 100


def test_searches_for_canaries_find_nothing(client):
    for word in (WORD, f"{WORD}1", str(NUMBER), f"{YEAR}-03-04"):
        assert client.get("/find", params={"q": word}).json()["hits"] == []
        records = client.get("/collections/katalog/items", params={"q": word}).json()
        assert records["numberMatched"] == 0
        for path in (f"/parcels/{word}", f"/collections/baum/items/{word}"):
            assert client.get(path).status_code in {400, 404}
