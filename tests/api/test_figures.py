"""Parcels with their figures over HTTP."""

from tests.api.public import FIGURES

ITEMS = f"/collections/{FIGURES.id}/items"
QUESTION = "flaeche > 2000 AND gebaeude_anzahl = 0 AND baum_anzahl >= 3"


def test_large_parcels_with_trees_and_no_building_are_one_request(get, pages):
    every = list(pages(ITEMS))
    found = get(ITEMS, filter=QUESTION, sortby="-baum_anzahl,flaeche", limit=10_000)
    expected = {
        f["id"]
        for f in every
        for p in (f["properties"],)
        if p["flaeche"] > 2000 and p["gebaeude_anzahl"] == 0 and p["baum_anzahl"] >= 3
    }
    assert 0 < len(expected) < len(every) / 2
    assert {f["id"] for f in found["features"]} == expected
    assert found["numberMatched"] == found["numberReturned"] == len(expected)
    trees = [f["properties"]["baum_anzahl"] for f in found["features"]]
    assert trees == sorted(trees, reverse=True)
    assert all(f["geometry"]["type"] == "MultiPolygon" for f in found["features"])


def test_the_key_is_the_id_in_any_spelling(client, get):
    one = get(ITEMS, limit=1)["features"][0]
    assert one["id"] == one["properties"]["flstkennz"]
    answer = client.get(f"{ITEMS}/{one['id'].rstrip('_')}")
    assert answer.status_code == 308
    assert answer.headers["location"].endswith(f"{ITEMS}/{one['id']}")


def test_pages_for_people_say_what_the_figures_are(client):
    for lang, words in (("de", "Bäume: Anzahl"), ("en", "Trees: number")):
        page = client.get(ITEMS, params={"f": "html", "lang": lang, "limit": 200})
        assert page.status_code == 200
        assert words in page.text


def test_other_names_of_parcels_are_known(get):
    one = get("/collections/flurstueck/items", limit=1)["features"][0]["properties"]
    for name, own in (
        ("objid", "oid"),
        ("flurstid", "idflurst"),
        ("flurstueckskennzeichen", "flstkennz"),
    ):
        found = get("/collections/flurstueck/items", **{name: one[own]})
        assert found["numberMatched"] == 1
        assert found["features"][0]["properties"] == one
        found = get("/collections/flurstueck/items", filter=f"{name} = '{one[own]}'")
        assert found["numberMatched"] == 1
