"""Features are changed by those who may, in the state that they know, and by nobody else."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import anyio.from_thread
import httpx
import pytest
from openapi_spec_validator import validate

from api.app import create_app
from api.context import EVERYBODY, KEY, Caller
from api.settings import Settings
from layers.access import CITIZEN, Actor
from layers.ingest.directory import refused_rows
from layers.reader import open_reader
from layers.registry import find_layers

INSPECTOR = Caller(Actor("tree_inspector", "Kontrolle 7/26", "Eva Linde"))
ROADS = Caller(Actor("road_inspector", "", "Max Weg"))
PLANNER = Caller(Actor("planner"))
ITEMS = "/collections/baum/items"
UTM = "<http://www.opengis.net/def/crs/EPSG/0/25832>"
LAT_LON = "<http://www.opengis.net/def/crs/EPSG/0/4326>"
PROBLEM = "application/problem+json"


class Site:
    """The service over a copy of the demo city, asked as whoever middleware has identified."""

    def __init__(self, data):
        self.data = data
        self.app = create_app(Settings(data_dir=data))
        self.caller = INSPECTOR
        self._open = ExitStack()
        self.portal = self._open.enter_context(anyio.from_thread.start_blocking_portal())
        lifespan = self.app.app.router.lifespan_context(self.app.app)
        self._open.enter_context(self.portal.wrap_async_context_manager(lifespan))

    def close(self):
        self._open.close()

    def ask(self, method, path, caller=None, **how):
        async def identified(scope, receive, send):
            await self.app({**scope, KEY: caller or self.caller}, receive, send)

        async def answer():
            transport = httpx.ASGITransport(app=identified)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return await client.request(method, path, **how)

        return self.portal.call(answer)

    def get(self, path, **how):
        answer = self.ask("GET", path, **how)
        assert answer.status_code == 200, answer.text
        return answer

    def send(self, method, path, document, kind="application/geo+json", **headers):
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return self.ask(method, path, json=document, headers={"content-type": kind, **named})

    def patch(self, path, document, **headers):
        return self.send("PATCH", path, document, "application/merge-patch+json", **headers)


@pytest.fixture(scope="module")
def site(demo_store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("edited") / "data"
    made = Site(shutil.copytree(demo_store, folder))
    yield made
    made.close()


@pytest.fixture(scope="module")
def tree(site):
    """Return a tree as a GeoJSON feature, to be sent under other numbers."""
    return site.get(f"{ITEMS}?limit=1").json()["features"][0]


def planted(tree, number, **properties):
    kept = {k: v for k, v in tree["properties"].items() if v is not None}
    return {
        "type": "Feature",
        "geometry": tree["geometry"],
        "properties": {**kept, "tree_number": number, **properties},
    }


def created(service, tree, number, **properties):
    answer = service.send("POST", ITEMS, planted(tree, number, **properties))
    assert answer.status_code == 201, answer.text
    return f"{ITEMS}/{number}", answer


def test_a_new_tree_is_there_for_all_at_its_address_and_on_its_parcel(site, tree):
    before = site.get(ITEMS).json()["numberMatched"]
    path, answer = created(site, tree, "N-1", height_m=12.5, inspector="Eva Linde")
    assert answer.headers["location"].endswith(path)
    told = site.get(path).json()
    assert told["properties"]["height_m"] == 12.5
    assert told["properties"]["inspector"] == "Eva Linde"
    assert told["geometry"]["coordinates"] == pytest.approx(
        tree["geometry"]["coordinates"], abs=2e-8
    )
    public = site.get(path, caller=EVERYBODY).json()
    assert "inspector" not in public["properties"]
    assert site.get(ITEMS, caller=EVERYBODY).json()["numberMatched"] == before + 1
    with closing(open_reader(site.data)) as reader:  # the links follow
        links = reader.links(CITIZEN, "baum", feature_ids=["N-1", tree["id"]])
        new, old = (set(links["parcel_key"][links["feature_id"] == i]) for i in ("N-1", tree["id"]))
        assert new == old != set()
        assert not reader.stale_links()


def test_nobody_changes_anything_without_the_right(site, tree):
    path, _ = created(site, tree, "N-2")
    tag = site.get(path).headers["etag"]
    for caller in (EVERYBODY, PLANNER, ROADS):
        for method, place, document in (
            ("POST", ITEMS, planted(tree, "N-3")),
            ("PUT", path, planted(tree, "N-2")),
            ("PATCH", path, {"properties": {"height_m": 3}}),
            ("DELETE", path, None),
        ):
            kind = "application/merge-patch+json" if method == "PATCH" else "application/geo+json"
            answer = site.ask(
                method,
                place,
                caller=caller,
                json=document,
                headers={"content-type": kind, "if-match": tag},
            )
            assert answer.status_code == 403, (caller, method)
            assert answer.headers["content-type"] == PROBLEM
    assert site.ask("GET", f"{ITEMS}/N-3").status_code == 404
    assert site.get(path).headers["etag"] == tag
    hidden = "/collections/grundsteuer/items"
    answers = [
        site.ask("POST", p, caller=EVERYBODY, json={}) for p in (hidden, "/collections/nope/items")
    ]
    assert [a.status_code for a in answers] == [404, 404]


def test_replacing_keeps_what_the_editor_does_not_see(site, tree):
    """Without a purpose the inspector's name is not read, and not lost either."""
    path, _ = created(site, tree, "N-4", inspector="Eva Linde", height_m=9)
    unpurposed = Caller(Actor("tree_inspector", "", "Eva Linde"))
    seen = site.get(path, caller=unpurposed)
    assert "inspector" not in seen.json()["properties"]
    document = planted(tree, "N-4", height_m=10)
    document["properties"].pop("inspector", None)
    headers = {"content-type": "application/geo+json", "if-match": seen.headers["etag"]}
    answer = site.ask("PUT", path, caller=unpurposed, json=document, headers=headers)
    assert answer.status_code == 204, answer.text
    after = site.get(path).json()["properties"]
    assert (after["inspector"], after["height_m"]) == ("Eva Linde", 10)
    secret = planted(tree, "N-4", inspector="X")
    headers["if-match"] = "*"
    refused = site.ask("PUT", path, caller=unpurposed, json=secret, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["found"] == "inspector"


def test_a_change_holds_for_the_state_that_was_read_only(site, tree):
    path, made = created(site, tree, "N-5", height_m=5)
    first = site.get(path).headers["etag"]
    in_english = site.get(f"{path}?lang=en", headers={"accept-encoding": "gzip"}).headers["etag"]
    assert in_english != first
    assert first.split(".")[0].strip('"') == made.headers["etag"].strip('"')
    for headers in ({}, {"if_unmodified_since": "someday"}):
        assert site.patch(path, {"properties": {"height_m": 6}}, **headers).status_code == 428
    assert site.patch(path, {"properties": {"height_m": 6}}, if_match='"other"').status_code == 412
    weak = f"W/{first}"
    assert site.patch(path, {"properties": {"height_m": 6}}, if_match=weak).status_code == 412
    done = site.patch(path, {"properties": {"height_m": 6}}, if_match=in_english)
    assert done.status_code == 204
    assert site.patch(path, {"properties": {"height_m": 7}}, if_match=first).status_code == 412
    assert site.get(path).json()["properties"]["height_m"] == 6
    again = site.patch(path, {"properties": {"height_m": 8}}, if_match=done.headers["etag"])
    assert again.status_code == 204
    unchanged = site.ask("GET", path, headers={"if-none-match": site.get(path).headers["etag"]})
    assert unchanged.status_code == 304


def test_the_time_of_a_state_tells_it_from_the_next(site, tree):
    path, _ = created(site, tree, "N-6", height_m=5)
    time.sleep(1.1)  # the making of the tree and of another one before may share a second
    assert site.patch(path, {"properties": {"height_m": 5.5}}, if_match="*").status_code == 204
    since = site.get(path).headers["last-modified"]
    first = site.patch(path, {"properties": {"height_m": 6}}, if_unmodified_since=since)
    assert first.status_code == 204
    # Even in the same second: then nobody can say which state was read.
    second = site.patch(path, {"properties": {"height_m": 7}}, if_unmodified_since=since)
    assert second.status_code == 412
    assert site.get(path).json()["properties"]["height_m"] == 6


def test_a_tree_is_deleted_once(site, tree):
    path, _ = created(site, tree, "N-7")
    tag = site.get(path).headers["etag"]
    assert site.ask("DELETE", path).status_code == 428
    assert site.ask("DELETE", path, headers={"if-match": tag}).status_code == 204
    assert site.ask("GET", path).status_code == 404
    assert site.ask("DELETE", path, headers={"if-match": tag}).status_code == 404


def test_a_merge_patch_changes_what_it_names(site, tree):
    path, _ = created(site, tree, "N-8", height_m=5, site="Markt")
    before = site.get(path).json()
    answer = site.patch(path, {"properties": {"site": None, "height_m": 7.5}}, if_match="*")
    assert answer.status_code == 204
    after = site.get(path).json()
    assert (after["properties"]["site"], after["properties"]["height_m"]) == (None, 7.5)
    assert after["geometry"] == before["geometry"]  # not carried over and back
    x, y = 330_500.25, 5_689_900.5
    moved = {"geometry": {"coordinates": [x, y]}}
    answer = site.patch(path, moved, if_match="*", content_crs=UTM)
    assert answer.status_code == 204, answer.text
    place = site.get(path, params={"crs": UTM.strip("<>")}).json()["geometry"]
    assert place["coordinates"] == [x, y]


def test_places_are_taken_in_the_axis_order_of_their_system(site, tree):
    lon, lat = tree["geometry"]["coordinates"]
    document = planted(tree, "N-9")
    document["geometry"] = {"type": "Point", "coordinates": [lat, lon]}
    answer = site.send("POST", ITEMS, document, content_crs=LAT_LON)
    assert answer.status_code == 201, answer.text
    place = site.get(f"{ITEMS}/N-9").json()["geometry"]["coordinates"]
    assert place == pytest.approx([lon, lat], abs=2e-8)


WRONG = {
    "number": ({"height_m": "tall"}, "height_m"),
    "comma": ({"height_m": "3,5"}, "height_m"),
    "beyond": ({"height_m": 400}, "height_m"),
    "negative": ({"trunk_circumference_cm": -5}, "trunk_circumference_cm"),
    "whole": ({"planting_year": 1999.5}, "planting_year"),
    "date": ({"inspected_on": "2026-02-30"}, "inspected_on"),
    "unknown": ({"nosuch": 1}, "properties"),
    "nameless": ({"tree_number": None}, "tree_number"),
    "object": ({"genus": {"a": 1}}, "genus"),
}
PLACES = {
    "absent": None,
    "polygon": {
        "type": "Polygon",
        "coordinates": [[[6.5, 51.3], [6.6, 51.3], [6.6, 51.4], [6.5, 51.3]]],
    },
    "swapped": {"type": "Point", "coordinates": [51.33, 6.56]},
    "far": {"type": "Point", "coordinates": [13.4, 52.5]},
    "empty": {"type": "Point", "coordinates": []},
    "words": {"type": "Point", "coordinates": ["a", "b"]},
    "kind": {"type": "Blob"},
    "list": [1, 2],
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_an_import_would_refuse_or_repair_is_refused(site, tree, wrong):
    properties, field = WRONG[wrong]
    answer = site.send("POST", ITEMS, planted(tree, "W-1", **properties))
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["field"] == field
    assert problem["expected"]
    assert "found" in problem
    assert site.ask("GET", f"{ITEMS}/W-1").status_code == 404


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_cannot_be_is_refused(site, tree, place):
    answer = site.send("POST", ITEMS, {**planted(tree, "W-2"), "geometry": PLACES[place]})
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == "geometry"


def test_bodies_that_are_none(site, tree):
    kind = {"content-type": "application/geo+json"}

    def post(content, headers=kind):
        return site.ask("POST", ITEMS, content=content, headers=headers).status_code

    assert [post(b) for b in (b"", b"{", b"[1]", b'"x"', b"\xff", b"[" * 5000)] == [400] * 6
    assert post(b"{}") == 422
    assert post(b'{"type": "FeatureCollection", "features": []}') == 422
    assert post(b" " * ((1 << 20) + 1)) == 413
    assert post(b"{}", {"content-type": "text/plain"}) == 415
    assert post(b"{}", {}) == 415
    crs = {**kind, "content-crs": "<http://nowhere/1>"}
    assert site.ask("POST", ITEMS, json=planted(tree, "W-3"), headers=crs).status_code == 400
    taken = site.send("POST", ITEMS, planted(tree, tree["properties"]["tree_number"]))
    assert taken.status_code == 409
    renamed = site.send("PUT", f"{ITEMS}/{tree['id']}", planted(tree, "other"), if_match="*")
    assert renamed.status_code == 422
    absent = site.send("PUT", f"{ITEMS}/nosuch", planted(tree, "nosuch"), if_match="*")
    assert absent.status_code == 404


def test_what_can_be_done_is_told(site, tree):
    items = site.ask("OPTIONS", ITEMS)
    assert (items.status_code, items.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    item = site.ask("OPTIONS", f"{ITEMS}/{tree['id']}")
    assert item.headers["allow"] == "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"
    assert item.headers["accept-patch"] == "application/merge-patch+json"
    for path in ("/collections/flurstueck/items", "/collections/katalog/items"):
        assert site.ask("OPTIONS", path).headers["allow"] == "GET, HEAD, OPTIONS"
        refused = site.send("POST", path, planted(tree, "W-4"))
        assert refused.status_code == 405
        assert refused.headers["allow"] == "GET, HEAD, OPTIONS"
    assert site.send("PUT", ITEMS, {}).status_code == 405
    assert site.send("POST", f"{ITEMS}/x", {}).status_code == 405


def test_the_service_tells_of_it_to_those_who_may(site):
    def told(caller):
        classes = site.get("/conformance", caller=caller).json()["conformsTo"]
        document = site.get("/openapi", caller=caller).json()
        validate(document)
        paths = {p: n for p, n in document["paths"].items() if p.startswith("/collections/")}
        methods = {m for node in paths.values() for m in node} - {"get", "head"}
        return {c.rsplit("/", 1)[-1] for c in classes if "features-4" in c}, methods

    assert told(EVERYBODY) == (set(), set())
    classes, methods = told(INSPECTOR)
    assert {"create-replace-delete", "update", "optimistic-locking-etags"} <= classes
    assert methods == {"post", "put", "patch", "delete"}


def test_what_imports_refused_stays_to_be_told(site, demo_store):
    registry = find_layers()
    before, after = (list(refused_rows(d, registry, "trees")) for d in (demo_store, site.data))
    assert before
    assert after == before


def test_of_many_who_read_the_same_state_one_changes_it(site, tree):
    path, _ = created(site, tree, "N-20", height_m=1)
    tag = site.get(path).headers["etag"]

    def change(height):
        return site.patch(path, {"properties": {"height_m": height}}, if_match=tag).status_code

    with ThreadPoolExecutor(6) as pool:
        heights = range(2, 8)
        outcomes = dict(zip(heights, pool.map(change, heights), strict=True))
    assert sorted(outcomes.values()) == [204, *[412] * 5]
    [winner] = [height for height, status in outcomes.items() if status == 204]
    assert site.get(path).json()["properties"]["height_m"] == winner
