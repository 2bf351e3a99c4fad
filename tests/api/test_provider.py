"""pygeoapi over our provider, as it would run without our own routes."""

import json

import pytest
from pygeoapi.api import API, APIRequest, itemtypes
from pygeoapi.provider.base import ProviderItemNotFoundError, ProviderQueryError
from starlette.datastructures import Headers, QueryParams

from api.ogc.config import pygeoapi_config
from api.ogc.provider import ReaderProvider, close_readers
from api.settings import Settings
from layers.access import CITIZEN
from layers.query import Query
from tests.api.public import CRS84, EPSG, HIDDEN, PUBLIC, SPECS


@pytest.fixture(scope="module")
def config(demo_store, reader):
    yield pygeoapi_config(Settings(data_dir=demo_store), reader, CITIZEN)
    close_readers()


@pytest.fixture
def provider(config):
    return lambda collection: ReaderProvider(config["resources"][collection]["providers"][0])


def test_the_configuration_knows_what_is_public_and_nothing_else(config):
    assert set(config["resources"]) == {*PUBLIC, "terrain"}
    assert not any(name in json.dumps(config) for name in HIDDEN)


@pytest.mark.parametrize("collection", PUBLIC)
def test_a_page_is_what_the_reader_releases(provider, reader, collection):
    offset = min(3, reader.count(CITIZEN, collection) - 1)
    page = provider(collection).query(offset=offset, limit=5)
    frame = reader.frame(CITIZEN, collection, Query(offset=offset, limit=5))
    assert [f["id"] for f in page["features"]] == frame.index.tolist()
    assert page["numberMatched"] == reader.count(CITIZEN, collection)
    public = {f.name for f in SPECS[collection].fields if f.access == "public"}
    assert set(page["features"][0]["properties"]) <= public
    assert set(provider(collection).fields) <= public
    one = provider(collection).get(frame.index[0])
    assert one == page["features"][0]


def test_filter_sort_select_and_box(provider, reader):
    trees = provider("baum")
    order = [{"property": "height_m", "order": "-"}]
    page = trees.query(
        properties=[("genus", "Tilia")], sortby=order, select_properties=["height_m"], limit=5
    )
    heights = [f["properties"]["height_m"] for f in page["features"]]
    assert heights == sorted(heights, reverse=True)
    assert trees.query(resulttype="hits")["features"] == []
    xmin, ymin, xmax, ymax = reader.bounds(CITIZEN, "baum")
    half = [xmin, ymin, (xmin + xmax) / 2, ymax]
    assert 0 < trees.query(bbox=half)["numberMatched"] < reader.count(CITIZEN, "baum")


@pytest.mark.parametrize(
    "asked",
    [
        {"properties": [("inspector", "x")]},
        {"sortby": [{"property": "vitality_class", "order": "+"}]},
        {"select_properties": ["inspector"]},
        {"q": "Tilia"},
        {"filterq": object()},
        {"datetime_": "2020-01-01"},
    ],
)
def test_what_is_hidden_or_not_offered_is_refused(provider, asked):
    with pytest.raises(ProviderQueryError):
        provider("baum").query(**asked)


def test_an_unknown_feature_is_not_found(provider):
    with pytest.raises(ProviderItemNotFoundError):
        provider("baum").get("nosuch")


class Asked:
    def __init__(self, **query):
        self.query_params = QueryParams(query)
        self.headers = Headers({})
        self.path_params = {}
        self.scope = {"path": "/"}
        self.url = "/"


def test_pygeoapi_serves_the_same_features_by_itself(config, client):
    api = API(config, openapi={})
    for crs in (CRS84, f"{EPSG}25832", f"{EPSG}4326"):
        request = APIRequest(Asked(f="json", limit="7", crs=crs), api.locales)
        _, status, content = itemtypes.get_collection_items(api, request, "baum")
        assert status == 200
        ours = client.get("/collections/baum/items", params={"limit": 7, "crs": crs}).json()
        theirs = json.loads(content)
        assert theirs["numberMatched"] == ours["numberMatched"]
        for one, other in zip(theirs["features"], ours["features"], strict=True):
            assert (one["id"], one["properties"]) == (other["id"], other["properties"])
            place = other["geometry"]["coordinates"]
            assert one["geometry"]["coordinates"] == pytest.approx(place, abs=2e-3)
