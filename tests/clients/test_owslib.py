"""OWSLib reads features and records."""

import pytest
from owslib.ogcapi.features import Features
from owslib.ogcapi.records import Records
from shapely.geometry import shape

from tests.api.public import EPSG, PUBLIC


@pytest.mark.parametrize("collection", PUBLIC)
def test_it_reads_everything(served, whole, collection):
    service = Features(served)
    assert collection in service.feature_collections()
    assert service.collection(collection)["storageCrs"] == f"{EPSG}25832"
    features = []
    while True:
        page = service.collection_items(collection, limit=1000, offset=len(features))
        features += page["features"]
        if len(features) >= page["numberMatched"]:
            break
    places = [shape(feature["geometry"]) for feature in features]
    whole(collection).check(
        [f["id"] for f in features], places, [f["properties"] for f in features]
    )
    assert service.collection_item(collection, features[0]["id"])["id"] == features[0]["id"]
    fields = {name for feature in features for name in feature["properties"]}
    assert set(service.collection_queryables(collection)["properties"]) >= fields


def test_it_reads_the_catalogue(served, collections):
    service = Records(served)
    assert service.records() == ["katalog"]
    page = service.collection_items("katalog", limit=1000)
    assert page["numberMatched"] == len(page["features"])
    assert {*collections} <= {record["id"] for record in page["features"]}
