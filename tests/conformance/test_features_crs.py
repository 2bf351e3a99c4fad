"""Part 2: coordinate reference systems. Each test is named after a row of the checklist."""

import re

import numpy as np
import pytest
import shapely

from tests.conformance.places import (
    CRS84,
    CRS84H,
    box_around,
    carried,
    placed,
    system,
    written,
)
from tests.conformance.site import ENOUGH, GEOJSON

CRS_URI = re.compile(r"https?://www\.opengis\.net/def/crs/[^/]+/[^/]+/[^/]+|urn:ogc:def:crs:\S+")
NOWHERE = "http://www.opengis.net/def/crs/EPSG/0/0"
NEAR = 1e-5  # degrees
CLASS = "/ogcapi-features-2/1.0/conf/crs"


@pytest.fixture
def every(site, absent):
    """Return the collections of features with the reference systems in which they are given."""
    if not any(name.endswith(CLASS) for name in site.classes):
        absent("the server does not declare Features part 2")
    return [(c, systems(site, c)) for c in site.collections if c.get("crs")]


def systems(site, collection):
    """Return the reference systems of a collection; ``#/crs`` means those of the list."""
    return list(
        dict.fromkeys(
            uri
            for named in collection["crs"]
            for uri in (site.listing["crs"] if named == "#/crs" else [named])
        )
    )


def told(answer):
    """Return the reference system that an answer says it is in."""
    return answer.headers["content-crs"].strip("<>")


def default(uris):
    return next(uri for uri in uris if uri in {CRS84, CRS84H})


def test_crs_uri(site, every):
    for named in site.listing.get("crs", ()):
        assert CRS_URI.fullmatch(named)
    for collection, uris in every:
        assert all(CRS_URI.fullmatch(uri) for uri in uris), collection["id"]
        assert CRS_URI.fullmatch(collection.get("storageCrs", CRS84))


def test_default_crs(every):
    for collection, uris in every:
        assert {CRS84, CRS84H} & set(uris), collection["id"]


def test_storage_crs(every):
    for collection, uris in every:
        assert collection.get("storageCrs", uris[0]) in uris


def test_crs_parameter(site, every):
    for collection, uris in every:
        feature = site.first(collection)
        for uri in uris:
            assert told(site.items(collection, crs=uri, limit=1)) == uri
            answer = site.get(site.item_path(collection, feature), GEOJSON, crs=uri)
            assert answer.status_code == 200
            assert told(answer) == uri


def test_crs_parameter_invalid(site, every):
    for collection, _ in every:
        one = site.item_path(collection, site.first(collection))
        for asked in (NOWHERE, "nonsense", ""):
            assert site.items(collection, crs=asked).status_code == 400
            assert site.get(one, GEOJSON, crs=asked).status_code == 400


def test_crs_parameter_default(site, every):
    for collection, uris in every:
        answer = site.items(collection, limit=1)
        assert told(answer) == default(uris)
        one = site.item_path(collection, answer.json()["features"][0])
        assert told(site.get(one, GEOJSON)) == default(uris)


@pytest.mark.proves("ogcapi-features-2/1.0", "crs")
def test_crs_transform(site, every):
    for collection, uris in every:
        plain = site.items(collection, limit=25).json()["features"]
        here = placed(plain, CRS84)
        for uri in uris:
            asked = site.items(collection, limit=25, crs=uri).json()["features"]
            assert [f["id"] for f in asked] == [f["id"] for f in plain]
            back = carried(placed(asked, uri), uri, CRS84)
            assert shapely.equals_exact(back, here, NEAR).all(), f"{collection['id']} {uri}"


def some_box(site, collection):
    """Return a box of the collection that holds some of its features, not too many, not all."""
    bbox = collection["extent"]["spatial"]["bbox"][0]
    west, south, east, north = (*bbox[:2], *bbox[len(bbox) // 2 :][:2])
    centre = shapely.centroid(placed([site.first(collection)], CRS84)[0])
    part = 0.5
    for _ in range(12):
        dx, dy = part * (east - west) / 2, part * (north - south) / 2
        box = (centre.x - dx, centre.y - dy, centre.x + dx, centre.y + dy)
        found = site.items(collection, bbox=written(box, CRS84), limit=ENOUGH).json()
        if not [k for k in found["links"] if k["rel"] == "next"]:
            return box, found["features"]
        part /= 2
    raise AssertionError("no box that holds few")


@pytest.mark.proves("ogcapi-features-2/1.0", "crs")
def test_bbox_crs_parameter(site, every):
    """The same place in another CRS: nothing is lost, and what more is found lies in that box."""
    for collection, uris in every:
        box, found = some_box(site, collection)
        ids = {f["id"] for f in found}
        for uri in uris:
            there = box_around(box, uri)
            asked = {"bbox": written(there, uri), "bbox_crs": uri, "limit": 3 * ENOUGH}
            answer = site.items(collection, crs=uri, **asked)
            assert answer.status_code == 200, answer.url
            features = answer.json()["features"]
            assert ids <= {f["id"] for f in features}, answer.url
            if system(uri).is_geographic and uri != CRS84:
                assert ids == {f["id"] for f in features}, answer.url
            area = shapely.box(*there).buffer(1e-7 if system(uri).is_geographic else 0.01)
            more = np.array([f["id"] not in ids for f in features])
            inside = shapely.intersects(placed(features, uri), area)
            assert inside[more].all(), answer.url


def test_bbox_crs_default(site, every):
    for collection, uris in every:
        box, found = some_box(site, collection)
        asked = {"bbox": written(box, CRS84), "bbox_crs": default(uris), "limit": ENOUGH}
        same = site.items(collection, **asked).json()["features"]
        assert [f["id"] for f in same] == [f["id"] for f in found]


def test_bbox_crs_invalid(site, every):
    for collection, _ in every:
        assert site.items(collection, bbox="5,49,6,50", bbox_crs=NOWHERE).status_code == 400
