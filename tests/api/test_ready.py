"""The short way gives the application's own answer, byte for byte, and knows when to step back."""

import asyncio
import gzip
import json
import shutil
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import numpy as np
import pytest
import shapely
from zstandard import ZstdDecompressor

from api.app import create_app
from api.context import EVERYBODY
from api.features.cursor import KEY_FILE, cursor_key
from api.raw.answer import Prepared
from api.settings import Settings
from gis_core.errors import DeadlineError
from layers.access import CITIZEN, Actor
from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.registry import find_layers
from tests.api.public import CRS, CRS84, EPSG, FIGURES, LATITUDE_FIRST, STORED, carry

STORAGE = f"{EPSG}25832"
READY = (CRS84, STORAGE)


class Asking:
    """Asks an application without a network."""

    def __init__(self, data):
        self.app = create_app(Settings(data_dir=data))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        async def end():
            inner = self.app.app
            async with inner.router.lifespan_context(inner):
                pass

        asyncio.run(end())

    def __call__(self, path, query="", method="GET", app=None, sent=None, **headers):
        if isinstance(query, dict):
            query = urlencode(query)
        raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost"), *raw],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
        }
        sent = [] if sent is None else sent

        async def run():
            asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

            async def receive():
                message = next(asked, None)
                if message is None:
                    await asyncio.sleep(60)
                return message

            async def send(message):
                sent.append(message)

            await (app or self.app)(scope, receive, send)

        asyncio.run(run())
        start, body = sent[0], b"".join(m.get("body", b"") for m in sent[1:])
        head = {k.decode(): v.decode() for k, v in start["headers"]}
        return start["status"], head, body


async def nobody(scope, _receive, _send):
    raise AssertionError(f"handed on: {scope['path']}?{scope['query_string'].decode()}")


@pytest.fixture(scope="module")
def asking(demo_store):
    with Asking(demo_store) as opened:
        yield opened


@pytest.fixture(scope="module")
def both(asking):
    """Return a function that asks the short way, then the application, and compares."""

    def ask(path, query="", **headers):
        short = asking.app
        handlers, behind = short._handlers, short.app
        short.app = nobody
        try:
            first = asking(path, query, **headers)
        finally:
            short.app = behind
        short._handlers = {}
        try:
            second = asking(path, query, **headers)
        finally:
            short._handlers = handlers
        assert first[0] == second[0]
        plain = [gzip.decompress(b) if b[:2] == b"\x1f\x8b" else b for b in (first[2], second[2])]
        assert plain[0] == plain[1]
        varying = {"vary"}
        if "/items/" in path:
            varying |= {"etag", "last-modified"}  # the application looks at the history, too
        if "accept_encoding" in headers:
            varying |= {"content-length"}
        heads = [{k: h[k] for k in h.keys() - varying} for h in (first[1], second[1])]
        assert heads[0] == heads[1]
        return first[1], plain[0]

    return ask


def items(collection):
    return f"/collections/{collection}/items"


@pytest.mark.parametrize("collection", STORED)
@pytest.mark.parametrize("crs", READY, ids=lambda uri: uri.rsplit("/")[-1])
def test_pages_are_the_application_s(both, reader, collection, crs):
    count = reader.count(CITIZEN, collection)
    for asked in (
        {},
        {"limit": 7, "offset": 3},
        {"limit": count + 5},
        {"offset": count - 1},
        {"offset": count, "lang": "en"},
        {"offset": 10_000_000},
        {"resulttype": "hits"},
        {"f": "geojson", "limit": 2},
    ):
        both(items(collection), {**asked, "crs": crs})
    both(items(collection), accept_language="en")
    both(items(collection), {"limit": 200}, accept_encoding="gzip")


@pytest.mark.parametrize("collection", STORED)
def test_windows_are_the_application_s(both, reader, collection):
    frame = reader.frame(CITIZEN, collection)
    stored = np.asarray(frame.geometry.array, object)
    rng = np.random.default_rng(len(collection))
    for uri in CRS:
        shapes = stored if uri == STORAGE else carry(stored, STORAGE, uri)
        west, south, east, north = shapely.total_bounds(shapes)
        size = np.array([east - west, north - south])
        for scale in (0.02, 0.1, 0.4, 3):
            at = shapely.get_coordinates(shapely.point_on_surface(rng.choice(shapes)))[0]
            half = size * scale * rng.uniform(0.3, 0.5, 2)
            box = [*(at - half), *(at + half)]
            if uri in LATITUDE_FIRST:
                box = [box[1], box[0], box[3], box[2]]
            asked = {"bbox": ",".join(map(repr, map(float, box))), "bbox-crs": uri, "limit": 50}
            _, body = both(items(collection), asked)
            document = json.loads(body)
            _, counted = both(items(collection), {**asked, "resulttype": "hits"})
            assert json.loads(counted)["numberMatched"] == document["numberMatched"]
            both(items(collection), {**asked, "crs": STORAGE, "offset": 2})


@pytest.mark.parametrize("collection", STORED)
def test_single_features_are_the_application_s(both, reader, collection):
    ids = reader.frame(CITIZEN, collection).index
    for feature_id in (ids[0], ids[len(ids) // 2], ids[-1]):
        for asked in ({}, {"crs": STORAGE, "lang": "en"}):
            both(f"{items(collection)}/{feature_id}", asked)


def test_indexed_values_are_the_application_s(both, reader):
    keys = reader.frame(CITIZEN, "flurstueck")["flstkennz"]
    for key in (keys.iloc[0], keys.iloc[-1], "05", ""):
        both(items("flurstueck"), {"flstkennz": key})
    x = "6.5,51.3,6.6,51.4"
    _, body = both(items("flurstueck"), {"flstkennz": keys.iloc[3], "bbox": x})
    assert json.loads(body)["numberMatched"] == 1


SEARCHES = [
    {"filter": "flaeche > 2000"},
    {"filter": "flaeche > 2000 OR gemarkung LIKE 'F%'", "limit": "3", "offset": "2"},
    {"filter": "casei(gemarkung) = casei('fischeln') AND NOT flaeche < 500", "lang": "en"},
    {"filter": "S_INTERSECTS(geometry, BBOX(6.5, 51.3, 6.58, 51.34)) AND flaeche > 400"},
    {"filter": "flaeche > 600", "bbox": "6.5,51.3,6.58,51.34"},
    {"filter": "flaeche > 1e9"},
    {"filter": "flaeche > 600", "resulttype": "hits"},
    {"filter": '{"op": "<", "args": [{"property": "flaeche"}, 90]}', "filter-lang": "cql2-json"},
    {"gemarkung": "Fischeln"},
    {"gemarkung": "Fischeln", "flaeche": "500", "bbox": "6.5,51.3,6.6,51.4"},
    {"objid": "x"},
    {"sortby": "-flaeche,flstkennz"},
    {"sortby": "gemarkung", "offset": "7", "limit": "5"},
    {"sortby": "-flaeche", "bbox": "6.5,51.3,6.58,51.34", "limit": "20"},
    {"sortby": "flaeche", "filter": "flaeche > 300", "offset": "2", "crs": STORAGE},
    {"properties": "flaeche,flstkennz"},
    {"properties": ""},
    {"properties": "oid", "skipGeometry": "true", "bbox": "6.5,51.3,6.58,51.34"},
    {"skipGeometry": "true", "limit": "30"},
    {"skipGeometry": "true", "sortby": "-flaeche", "resulttype": "hits"},
    {"sortby": "flaeche", "offset": "10000000"},
]


@pytest.mark.parametrize("asked", SEARCHES, ids=str)
def test_searches_are_the_application_s(both, asked):
    both(items("flurstueck"), asked)


FIGURED = [
    {},
    {"limit": "400", "offset": "11", "crs": STORAGE, "lang": "en"},
    {"resulttype": "hits"},
    {"filter": "flaeche > 2000 AND gebaeude_anzahl = 0 AND baum_anzahl >= 3", "limit": "1000"},
    {"filter": "nutzung_ueberwiegend = 'Landwirtschaft'", "sortby": "-baum_anzahl,flaeche"},
    {"filter": "gelaende_mittel > 20", "resulttype": "hits"},
    {"filter": "S_INTERSECTS(geometry, BBOX(6.5, 51.3, 6.58, 51.34)) AND baum_anzahl > 0"},
    {"bbox": "6.5,51.3,6.58,51.34", "limit": "40"},
    {"bbox": "6.5,51.3,6.58,51.34", "filter": "baum_anzahl > 0", "sortby": "-baum_anzahl"},
    {"properties": "baum_anzahl", "skipGeometry": "true"},
    {"properties": "baum_anzahl,flstkennz", "baum_anzahl": "1"},
    {"sortby": "-gelaende_mittel", "limit": "4"},
    {"offset": "10000000"},
]


@pytest.mark.parametrize("asked", FIGURED, ids=str)
def test_parcels_with_figures_are_the_application_s(both, asked):
    both(items(FIGURES.id), asked)


def test_large_answers_of_a_search_come_in_pieces(asking):
    whole = asking(items("flurstueck"), "limit=100000")[2]
    status, head, body = asking(items("flurstueck"), "limit=100000&filter=flaeche%20%3E%200")
    assert int(head["content-length"]) == len(body)
    found, every = (json.loads(text)["features"] for text in (body, whole))
    assert found == [f for f in every if f["properties"]["flaeche"] > 0]
    assert status == 200


OTHERS = [
    "datetime=2020-01-01",
    "f=html",
    f"crs={EPSG}4326",
    "bbox=1,2,3",
    "sortby=nope",
    "properties=oid,nope",
    "skipGeometry=perhaps",
    "filter=nope%20%3D%201",
    "filter=flaeche%20%3E",
    "filter=flaeche%20%3E%201&filter-lang=sql",
    "filter-lang=cql2-text",
    "flaeche=large",
    "bbox=nan,51,7,52",
    "bbox=7,51,6,52",
    "bbox=6,52,7,51",
    "bbox-crs=x&bbox=6,51,7,52",
    "limit=0",
    "limit=-1",
    "limit=x",
    "offset=99999999999",
    "limit=1&limit=2",
    "cursor=x",
    "resulttype=all",
    "nope=1",
    "owner=1",
    "lang=fr",
    "f=xml",
]


@pytest.mark.parametrize("query", OTHERS)
def test_what_it_does_not_know_is_handed_on(asking, query):
    seen = []

    async def behind(scope, _receive, send):
        seen.append(scope["query_string"].decode())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    short = asking.app
    inner, short.app = short.app, behind
    try:
        assert asking(items("flurstueck"), query)[0] == 204
    finally:
        short.app = inner
    assert seen == [query]
    assert asking(items("flurstueck"), query)[0] in {200, 400}


def test_strange_paths_are_the_application_s(asking):
    for path in ("absent/items", "flurstueck/items/", "flurstueck/items//", "flurstueck/items/a/b"):
        assert asking(f"/collections/{path}")[0] in {308, 404}
    assert asking(items("flurstueck"), method="POST")[0] == 405


# -- validators ----------------------------------------------------------------------------


def test_a_tag_stands_for_the_same_bytes_in_each_encoding(asking):
    for path in (items("flurstueck"), items("flurstueck") + "/" + first_id(asking)):
        encodings = ("identity", "gzip", "zstd")
        plain, packed, other = (asking(path, accept_encoding=e)[1] for e in encodings)
        assert len({plain["etag"], packed["etag"], other["etag"]}) == 3
        assert plain["etag"].startswith('"')
        again = asking(path, accept_encoding="gzip", if_none_match=packed["etag"])
        assert (again[0], again[2]) == (304, b"")
        assert again[1]["etag"] == packed["etag"]
        assert again[1]["cache-control"] == "public, no-cache"
        assert "x-content-type-options" in again[1]
        assert asking(path, accept_encoding="gzip", if_none_match=plain["etag"])[0] == 200
        for header in ("*", f"W/{plain['etag']}", f'"a", {plain["etag"]}'):
            assert asking(path, if_none_match=header)[0] == 304
        assert asking(path, if_none_match='"a"')[0] == 200


def first_id(asking):
    return json.loads(asking(items("flurstueck"), "limit=1")[2])["features"][0]["id"]


def test_the_time_of_the_import_counts_where_no_tag_is_known(asking):
    path = items("baum")
    modified = asking(path)[1]["last-modified"]
    assert asking(path, if_modified_since=modified)[0] == 304
    later = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    earlier = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)
    assert asking(path, if_modified_since=later)[0] == 304
    for since in (earlier, "yesterday"):
        assert asking(path, if_modified_since=since)[0] == 200
    assert asking(path, if_modified_since=later, if_none_match='"a"')[0] == 200


def test_an_invalid_question_is_no_known_answer(asking):
    assert asking(items("baum"), "bbox=6,52,7,51", if_none_match="*")[0] == 400


def test_the_head_is_that_of_the_answer(asking):
    for query in ("", "limit=3000", "bbox=6,51,7,52"):
        for encoding in ("identity", "gzip", "zstd"):
            got = asking(items("flurstueck"), query, accept_encoding=encoding)
            head = asking(items("flurstueck"), query, method="HEAD", accept_encoding=encoding)
            assert head[1] == got[1]
            assert head[2] == b""
            assert int(got[1].get("content-length", len(got[2]))) == len(got[2])


def test_other_sites_scripts_may_read_what_anybody_may(asking):
    head = asking(items("baum"), origin="https://example.org")[1]
    assert head["access-control-allow-origin"] == "*"
    assert "Content-Crs" in head["access-control-expose-headers"]
    assert "access-control-allow-origin" not in asking(items("baum"))[1]


def test_large_answers_come_in_pieces_and_whole(asking):
    total = json.loads(asking(items("flurstueck"), "resulttype=hits")[2])["numberMatched"]
    status, head, body = asking(items("flurstueck"), "limit=100000")
    assert len(json.loads(body)["features"]) == total
    assert int(head["content-length"]) == len(body)
    _, head, packed = asking(items("flurstueck"), "limit=100000", accept_encoding="gzip")
    assert gzip.decompress(packed) == body
    _, head, packed = asking(items("flurstueck"), "limit=100000", accept_encoding="zstd")
    assert ZstdDecompressor().decompressobj().decompress(packed) == body
    assert status == 200


# -- who may ask ---------------------------------------------------------------------------


def test_who_reads_more_is_not_answered_with_less(reader):
    assert reader.ready(CITIZEN, "flurstueck") is not None
    roles = [name for name in reader.policy.roles if name != "citizen"]
    for role in roles:
        for purpose in ("", "test 1"):
            actor = Actor(role, purpose, "x")
            for collection in STORED:
                try:
                    view = reader.view(actor, collection)
                except Exception:  # noqa: BLE001, S112 - not for this role
                    continue
                ready = reader.ready(actor, collection)
                assert ready is None or ready.segment.columns == view.names
                assert ready is None or not view.classes(view.names)


# -- cursors -------------------------------------------------------------------------------


def following(document, rel="next"):
    return next((k["href"] for k in document["links"] if k["rel"] == rel), None)


def ask_link(asking, href):
    parts = urlsplit(href)
    return asking(parts.path, parts.query)


def test_a_cursor_holds_for_its_question_only(asking):
    document = json.loads(asking(items("baum"), "limit=5")[2])
    href = following(document)
    cursor = dict(parse_qsl(urlsplit(href).query))["cursor"]
    assert ask_link(asking, href)[0] == 200
    assert asking(items("baum"), {"cursor": cursor, "limit": 9, "crs": STORAGE})[0] == 200
    raw = bytearray(urlsafe_b64decode(cursor + "=="))
    for i in range(len(raw)):
        raw[i] ^= 1
        forged = urlsafe_b64encode(raw).rstrip(b"=").decode()
        status, _, body = asking(items("baum"), {"cursor": forged})
        assert (status, json.loads(body)["type"]) == (400, "/problems/cursor")
        raw[i] ^= 1
    for wrong in (cursor + "A", cursor[:-1], "!" + cursor, cursor + "!", "", "ü", "A" * 5000):
        assert asking(items("baum"), {"cursor": wrong})[0] == 400
    assert asking(items("grab"), {"cursor": cursor})[0] == 400
    assert asking(items("baum"), {"cursor": cursor, "bbox": "6,51,7,52"})[0] == 400
    assert asking(items("baum"), {"cursor": cursor, "sortby": "genus"})[0] == 400


@pytest.mark.parametrize("asked", [{}, {"sortby": "-height_m"}, {"bbox": "6,51,7,52"}])
def test_pages_stay_with_their_import_as_long_as_it_is_kept(demo_store, demo_city, tmp_path, asked):
    data = shutil.copytree(demo_store, tmp_path / "data")
    [fewer] = [p for p in demo_city.files("trees") if p.suffix == ".geojson"]
    registry, profile = find_layers(), load_municipality("krefeld")
    with Asking(data) as asking:
        check_walk(asking, data, (registry, profile), fewer, asked)


def check_walk(asking, data, known, fewer, asked):
    whole = json.loads(asking(items("baum"), {**asked, "limit": 10_000})[2])
    ids = [f["id"] for f in whole["features"]]
    document = json.loads(asking(items("baum"), {**asked, "limit": len(ids) // 5})[2])
    found = [f["id"] for f in document["features"]]
    while href := following(document):
        if len(found) == 2 * (len(ids) // 5):
            import_files(data, *known, "trees", [fewer])
        status, _, body = ask_link(asking, href)
        assert status == 200
        document = json.loads(body)
        found += [f["id"] for f in document["features"]]
    assert found == ids
    back = json.loads(ask_link(asking, following(document, "prev"))[2])
    step = len(ids) // 5
    assert back["features"][0]["id"] == ids[(len(ids) - 1) // step * step - step]
    begun_anew = json.loads(asking(items("baum"), asked)[2])
    assert begun_anew["numberMatched"] < len(ids)
    for _ in range(5):
        import_files(data, *known, "trees", [fewer])
    status, _, body = ask_link(asking, following(begun_anew))
    assert (status, json.loads(body)["type"]) == (410, "/problems/cursor-gone")


def test_the_key_is_made_once_and_is_the_owner_s(tmp_path):
    first = cursor_key("", tmp_path)
    assert cursor_key("", tmp_path) == first
    assert len(first) == 32
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    assert [p.name for p in tmp_path.iterdir()] == [KEY_FILE]
    assert cursor_key("stated", tmp_path) == b"stated"
    assert cursor_key("", tmp_path / "absent") != cursor_key("", tmp_path / "absent")


def test_a_search_that_takes_too_long_is_not_begun_again(asking):
    def late():
        raise DeadlineError("too long")

    def prepared(*_):
        return Prepared(EVERYBODY, "a", datetime.now(UTC), late, waits=True)

    short = asking.app
    handlers, short._handlers = short._handlers, {"collections/items": prepared}
    behind, short.app = short.app, nobody
    try:
        status, head, body = asking(items("baum"))
    finally:
        short._handlers, short.app = handlers, behind
    assert (status, json.loads(body)["type"]) == (503, "/problems/deadline")
    assert head["cache-control"] == "no-store"


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_what_nobody_foresaw_is_a_fault_of_the_service_like_any_other(asking, accept, caplog):
    def broken(*_):
        raise RuntimeError("secret of the house")

    short = asking.app
    handlers, short._handlers = short._handlers, {"collections/items": broken}
    answered = []
    try:
        with pytest.raises(RuntimeError):  # for the server's log, after the answer
            asking(items("baum"), accept=accept, sent=answered)
    finally:
        short._handlers = handlers
    start, body = answered
    head = {k.decode(): v.decode() for k, v in start["headers"]}
    assert start["status"] == 500
    assert head["content-type"].startswith(accept.replace("json", "problem+json"))
    assert head["content-security-policy"]
    assert head["cache-control"] == "no-store"
    assert b"secret" not in body["body"]
    assert "secret of the house" in caplog.text
