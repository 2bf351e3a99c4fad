"""Profiles: the same parcels as GeoJSON in other words."""

import pytest
from shapely.geometry import shape

from tests.api.public import EPSG, PUBLIC

ITEMS = "/collections/flurstueck/items"
INSPIRE = "http://inspire.ec.europa.eu/featureconcept/CadastralParcel"
RFC7946 = "http://www.opengis.net/def/profile/ogc/0/rfc7946"


@pytest.mark.parametrize("name", ["inspire", INSPIRE, "rfc7946,inspire", f"{INSPIRE},{RFC7946}"])
def test_parcels_as_cadastral_parcels(client, get, name):
    plain = get(ITEMS, limit=20)["features"]
    answer = client.get(ITEMS, params={"limit": 20, "profile": name})
    told = answer.json()["features"]
    assert answer.headers["content-type"].startswith("application/geo+json")
    assert f'<{INSPIRE}>; rel="profile"' in answer.headers["link"]
    assert 'rel="next"' in answer.headers["link"]
    for own, other in zip(plain, told, strict=True):
        assert (other["id"], other["geometry"]) == (own["id"], own["geometry"])
        have, said = own["properties"], other["properties"]
        number = have["flstnrzae"] + (f"/{have['flstnrnen']}" if have["flstnrnen"] else "")
        assert said["label"] == number
        assert said["nationalCadastralReference"] == have["flstkennz"]
        assert (said["areaValue"], said["areaValue_uom"]) == (have["flaeche"], "m2")
        assert said["beginLifespanVersion"] == have["beginnt"]
        assert said["endLifespanVersion"] == have["endet"]
        assert said["inspireId"]["localId"] == own["id"]
        assert said["inspireId"]["namespace"].endswith(ITEMS)
        inside = shape(said["referencePoint"])
        assert shape(own["geometry"]).buffer(1e-8).covers(inside)
        assert have.keys().isdisjoint(said)


def test_what_it_refers_to_is_there(client, get):
    one = get(ITEMS, limit=1, profile="inspire")["features"][0]["properties"]
    plain = get(ITEMS, limit=1)["features"][0]["properties"]
    zone = client.get(one["zoning"]).json()["properties"]
    assert zone["schluessel"] == plain["flurschl"]
    assert client.get(one["administrativeUnit"]).json()["properties"]["ags"] == plain["gmdschl"]
    space = one["inspireId"]
    assert client.get(f"{space['namespace']}/{space['localId']}").status_code == 200


def test_one_parcel_and_other_systems(client, get):
    one = get(ITEMS, limit=1)["features"][0]
    answer = client.get(f"{ITEMS}/{one['id']}", params={"profile": "inspire"})
    assert answer.json()["properties"]["nationalCadastralReference"]
    assert f'<{INSPIRE}>; rel="profile"' in answer.headers["link"]
    far = client.get(
        f"{ITEMS}/{one['id']}", params={"profile": "inspire", "crs": f"{EPSG}25832"}
    ).json()
    assert shape(far["geometry"]).covers(shape(far["properties"]["referencePoint"]))
    flat = get(ITEMS, limit=1, profile="inspire", skipGeometry="true")["features"][0]
    assert flat["geometry"] is None
    assert "referencePoint" not in flat["properties"]


def test_filters_and_pages_go_on(client, get):
    asked = {"profile": "inspire", "filter": "flaeche > 500", "sortby": "-flaeche", "limit": 7}
    first = get(ITEMS, **asked)
    areas = [f["properties"]["areaValue"] for f in first["features"]]
    assert areas == sorted(areas, reverse=True)
    following = next(k["href"] for k in first["links"] if k["rel"] == "next")
    assert "profile=inspire" in following
    second = client.get(following).json()["features"]
    assert second[0]["properties"]["areaValue"] <= areas[-1]
    for link in first["links"]:
        assert link["rel"] != "alternate" or "profile" not in link["href"]
        assert client.get(link["href"]).status_code == 200


def test_the_usual_profile_is_the_usual_answer(client):
    plain = client.get(ITEMS, params={"limit": 3})
    named = client.get(ITEMS, params={"limit": 3, "profile": "rfc7946"})
    assert named.json()["features"] == plain.json()["features"]
    assert f'<{RFC7946}>; rel="profile"' in named.headers["link"]
    both = client.get(ITEMS, params={"limit": 3, "f": "jsonfg", "profile": "jsonfg"})
    assert 'profile/ogc/0/jsonfg>; rel="profile"' in both.headers["link"]


@pytest.mark.parametrize(
    ("collection", "asked"),
    [
        ("flurstueck", {"profile": "gml"}),
        ("flurstueck", {"profile": ""}),
        ("flurstueck", {"profile": "inspire,gml"}),
        ("flurstueck", {"profile": "inspire", "f": "csv"}),
        ("flurstueck", {"profile": "inspire", "f": "jsonfg"}),
        ("flurstueck", {"profile": "inspire", "properties": "oid"}),
        ("flurstueck", {"profile": "unknown", "f": "html"}),
        ("baum", {"profile": "inspire"}),
        ("flurstueck_merkmale", {"profile": "inspire"}),
        ("flurstueck_punkt", {"profile": "inspire"}),
    ],
)
def test_other_profiles_are_refused(client, collection, asked):
    answer = client.get(f"/collections/{collection}/items", params=asked)
    assert answer.status_code == 400
    if asked.get("f") == "html":
        assert answer.headers["content-type"].startswith("text/html")
        return
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["parameter"] in {"profile", "properties"}


@pytest.mark.parametrize("collection", PUBLIC)
def test_the_description_says_which_there_are(client, collection):
    paths = client.get("/openapi", params={"f": "json"}).json()["paths"]
    for path in (
        f"/collections/{collection}/items",
        f"/collections/{collection}/items/{{featureId}}",
    ):
        (said,) = (p for p in paths[path]["get"]["parameters"] if p.get("name") == "profile")
        names = said["schema"]["items"]["enum"]
        for name in names:
            form = "jsonfg" if "jsonfg" in name else "json"
            given = {"profile": name, "limit": 1, "f": form}
            answer = client.get(f"/collections/{collection}/items", params=given)
            assert answer.status_code == 200
        assert ("inspire" in names) == (collection == "flurstueck")
