"""Part 1: Core, OpenAPI 3.0, GeoJSON, HTML. Each test is named after a row of the checklist."""

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
import shapely
from openapi_spec_validator import OpenAPIV30SpecValidator

from tests.conformance.places import CRS84, CRS84H, parts, placed
from tests.conformance.site import (
    GEOJSON,
    HTML,
    JSON,
    LARGEST_WALK,
    OPENAPI,
    dumped,
    linked,
    plain,
)

CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"
BOXES = [
    (-1.5, 50, 1.5, 53),
    (-80, -5, -70, 5),
    (177, 65, -177, 70),
    (-180, 85, 180, 90),
    (-180, -90, 180, -85),
]
NO_PARAMETER = "x-of-no-server"


@pytest.fixture
def every(site, absent):
    """Return the collections of features, of which there is at least one."""
    if not site.collections:
        absent("the server has no collection of features")
    return site.collections


def check_links(document, address):
    for link in document["links"]:
        assert link.get("rel"), address
        assert link.get("type"), f"{address}: {link}"


def check_page(site, answer):
    """What every answer with features keeps: fc-response, fc-links, fc-timeStamp, fc-number…"""
    assert answer.status_code == 200, f"{answer.url}: {answer.status_code} {answer.text[:300]}"
    assert plain(answer.headers["content-type"]) in {GEOJSON, JSON}
    document = answer.json()
    assert document["type"] == "FeatureCollection", answer.url
    check_links(document, answer.url)
    assert linked(document, "self"), answer.url
    if site.declares("html"):
        assert linked(document, "alternate", HTML), answer.url
    if "timeStamp" in document:
        assert datetime.fromisoformat(document["timeStamp"]).tzinfo, answer.url
    if "numberReturned" in document:
        assert document["numberReturned"] == len(document["features"]), answer.url
    if "numberMatched" in document:
        assert document["numberMatched"] >= len(document["features"]), answer.url
    return document


def test_core_http(site):
    answer = site.get("")
    assert answer.http_version == "HTTP/1.1"


def test_root_op(site):
    assert site.get("", JSON).status_code == 200


@pytest.mark.proves("ogcapi-common-1/1.0", "core", "landing-page", "json")
@pytest.mark.proves("ogcapi-features-1/1.0", "core")
def test_root_success(site):
    assert linked(site.landing, "service-desc") or linked(site.landing, "service-doc")
    assert linked(site.landing, "conformance")
    assert linked(site.landing, "data")


def test_api_definition_op(site):
    [link, *_] = linked(site.landing, "service-desc", OPENAPI)
    answer = site.get(link["href"], link["type"])
    assert answer.status_code == 200
    assert plain(answer.headers["content-type"]) == plain(link["type"])


@pytest.mark.proves("ogcapi-common-1/1.0", "oas30")
@pytest.mark.proves("ogcapi-features-1/1.0", "oas30")
def test_api_definition_success(site):
    OpenAPIV30SpecValidator(site.definition).validate()


def test_conformance_op(site):
    answers = [site.get(p[1:]) for p in site.definition["paths"] if p.endswith("/conformance")]
    assert answers
    assert all(answer.status_code == 200 for answer in answers)


def test_conformance_success(site):
    assert isinstance(site.classes, list)
    assert all(isinstance(name, str) for name in site.classes)
    assert CORE in site.classes


def test_fc_md_op(site):
    answer = site.get("collections")
    assert answer.status_code == 200
    assert plain(answer.headers["content-type"]) == JSON


def test_fc_md_success_1(site):
    assert linked(site.listing, "self")
    if site.declares("html"):
        assert linked(site.listing, "alternate", HTML)
    check_links(site.listing, "collections")


def test_fc_md_success_3(site):
    if "crs" in site.listing:
        assert site.listing["crs"][0] in {CRS84, CRS84H}


@pytest.mark.proves("ogcapi-common-2/1.0", "collections")
def test_fc_md_success_4(site):
    assert site.listing["links"]
    assert site.listing["collections"]


def test_sfc_md_op(site, every):
    described = set(site.definition["paths"])
    for collection in every:
        ways = {f"/collections/{collection['id']}"}
        ways |= {p for p in described if re.fullmatch(r"/collections/\{[^/]+\}", p)}
        assert ways & described, collection["id"]
        assert site.get(site.path(collection)).status_code == 200


def test_sfc_md_success(site, every):
    for listed in every:
        alone = site.document(site.path(listed))
        for member in ("id", "title", "description", "extent"):
            assert dumped(alone.get(member)) == dumped(listed.get(member)), listed["id"]
        assert linked(alone, "items", GEOJSON)


def test_fc_op(site, every):
    for collection in every:
        check_page(site, site.items(collection))


@pytest.mark.proves("ogcapi-features-1/1.0", "core", "geojson")
def test_fc_response_1(site, every):
    for collection in every:
        assert site.items(collection).json()["type"] == "FeatureCollection"


def test_fc_response_2(site, every):
    for collection in every:
        assert isinstance(site.items(collection).json()["features"], list)


def test_fc_links(site, every):
    for collection in every:
        document = site.items(collection).json()
        assert linked(document, "self")
        if site.declares("html"):
            assert linked(document, "alternate", HTML)
        check_links(document, collection["id"])


def test_fc_time_stamp(site, every):
    for collection in every:
        told = site.items(collection).json().get("timeStamp")
        assert told is None or datetime.fromisoformat(told).tzinfo


def test_fc_number_returned(site, every):
    for collection in every:
        document = site.items(collection).json()
        assert document.get("numberReturned", len(document["features"])) == len(
            document["features"]
        )


def test_fc_number_matched(site, every, absent):
    counted = False
    for collection in every:
        page = site.items(collection).json()
        if "numberMatched" not in page:
            continue
        limit = max(10, -(-page["numberMatched"] // 7))
        pages = list(site.pages(site.items(collection, limit=limit).json()))
        assert all(p is None or p["numberMatched"] == page["numberMatched"] for p in pages)
        if pages[-1] is None:  # the largest page is so small that too many would follow
            assert len(pages) > LARGEST_WALK
            continue
        ids = [str(f["id"]) for p in pages for f in p["features"]]
        assert len(ids) == len(set(ids)) == page["numberMatched"], collection["id"]
        counted = True
    if not counted:
        absent("no collection tells numberMatched, or all have too many pages")


def test_crs84(site, every):
    for collection in every:
        xy = shapely.get_coordinates(placed(site.items(collection).json()["features"], CRS84))
        assert (abs(xy) <= (180, 90)).all(), collection["id"]


def test_bbox_definition(site, every):
    for collection in every:
        box = site.parameter(collection, "bbox")
        assert box["in"] == "query"
        assert not box.get("required", False)
        assert box.get("style", "form") == "form"
        assert box.get("explode") is False
        schema = box["schema"]
        assert (schema["type"], schema["minItems"], schema["maxItems"]) == ("array", 4, 6)
        assert schema["items"]["type"] == "number"


def test_bbox_response(site, every):
    for collection in every:
        own = collection["extent"]["spatial"]["bbox"][0]
        own = (*own[:2], *own[len(own) // 2 :][:2])
        for box in (*BOXES, own):
            answer = site.items(collection, bbox=",".join(map(str, box)))
            found = placed(check_page(site, answer)["features"], CRS84)
            inside = shapely.union_all(parts(box)).buffer(1e-7)
            assert shapely.intersects(found, inside).all(), answer.url


def test_limit_definition(site, every):
    for collection in every:
        limit = site.parameter(collection, "limit")
        assert limit["in"] == "query"
        assert not limit.get("required", False)
        assert limit.get("style", "form") == "form"
        assert limit.get("explode") is False
        assert limit["schema"]["type"] == "integer"
        assert limit["schema"]["minimum"] >= 0
        assert limit["schema"]["default"] >= 0


def test_limit_response(site, every):
    for collection in every:
        schema = site.parameter(collection, "limit")["schema"]
        least, most = max(1, schema["minimum"]), schema.get("maximum", 10_000)
        for limit in sorted({least, least + 1, schema["default"], min(50, most), most}):
            if (
                limit > 2000
                and site.items(collection, limit=1).json().get("numberMatched", 0) > 2e4
            ):
                continue  # nobody need send all of a state
            document = check_page(site, site.items(collection, limit=limit))
            assert len(document["features"]) <= limit


def test_datetime_definition(site, every):
    for collection in every:
        when = site.parameter(collection, "datetime")
        assert when["in"] == "query"
        assert not when.get("required", False)
        assert when.get("style", "form") == "form"
        assert when.get("explode") is False
        assert when["schema"]["type"] == "string"


def times(collection):
    """Return instants, intervals and a day with a duration, of the extent where there is one."""
    extent = collection.get("extent", {}).get("temporal", {}).get("interval", [[None, None]])[0]
    texts = [t for t in extent if t and t != ".."] or ["2018-02-12T23:20:50Z"]
    start = datetime.fromisoformat(texts[0])
    day, later = start.date(), (start + timedelta(days=34)).date()
    return [
        f"{day}T00:00:00Z",
        f"{day}T00:00:00Z/{later}T12:31:12Z",
        f"{day}/P2D",
        f"../{later}T00:00:00Z",
        f"{day}T00:00:00Z/..",
    ]


def test_datetime_response(site, every):
    for collection in every:
        for text in times(collection):
            check_page(site, site.items(collection, datetime=text))


def test_query_param_invalid(site, every):
    for collection in every:
        assert site.items(collection, limit="unlimited").status_code == 400


def test_query_param_unknown(site, every, absent):
    asked = [c for c in every if not site.freely_asked(c)]
    if not asked:
        absent("the server takes any parameter, as its OpenAPI document says")
    for collection in asked:
        assert site.items(collection, **{NO_PARAMETER: "1"}).status_code == 400


def test_f_op(site, every):
    for collection in every:
        feature = site.first(collection)
        answer = site.get(site.item_path(collection, feature), GEOJSON)
        assert answer.status_code == 200, answer.url
        assert plain(answer.headers["content-type"]) in {GEOJSON, JSON}
        assert answer.json()["id"] == feature["id"]


def test_f_success(site, every):
    for collection in every:
        document = site.document(site.item_path(collection, site.first(collection)), GEOJSON)
        check_links(document, collection["id"])
        assert linked(document, "self")
        if site.declares("html"):
            assert linked(document, "alternate", HTML)
        homes = [urlsplit(k["href"]).path.rstrip("/") for k in linked(document, "collection")]
        assert any(home.endswith(f"/{collection['id']}") for home in homes)
