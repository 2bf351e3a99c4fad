"""The public collections, and each of them whole, as plain HTTP gives it page by page."""

import httpx
import pytest

from tests.clients.whole import Whole

collect_ignore = ["qgis_reading.py"]  # another Python runs it
STORAGE = "http://www.opengis.net/def/crs/EPSG/0/25832"


@pytest.fixture(scope="session")
def client(served):
    with httpx.Client(base_url=served, timeout=60) as connection:
        yield connection


@pytest.fixture(scope="session")
def collections(client):
    """Return the ids of the collections of features, as they are listed."""
    listed = client.get("/collections").json()["collections"]
    return [c["id"] for c in listed if c["itemType"] == "feature"]


@pytest.fixture(scope="session")
def whole(client):
    """Return a function that gives a collection whole."""
    known = {}

    def features(collection, **asked):
        address, query = f"/collections/{collection}/items", {"limit": 500, **asked}
        while address:
            page = client.get(address, params=query).json()
            yield from page["features"]
            address = next((k["href"] for k in page["links"] if k["rel"] == "next"), None)
            query = None

    def of(collection):
        if collection not in known:
            stored = features(collection, crs=STORAGE)
            known[collection] = Whole(features(collection), stored)
        return known[collection]

    return of
