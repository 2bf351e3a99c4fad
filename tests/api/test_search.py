"""``/search``: many collections in one answer, told by asking each of them."""

import itertools

import pytest
from lxml import html

OTHERS = ("flurstueck", "gebaeude_bauwerk", "strassenschaden", "baum")


@pytest.fixture(scope="module")
def alone(client):
    """Return a function that asks each collection by itself: its features by id, in order."""

    def ask(collection, **asked):
        features, answer = (
            {},
            client.get(f"/collections/{collection}/items", params={"limit": 1000, **asked}),
        )
        while True:
            assert answer.status_code == 200, answer.text
            features |= {f["id"]: f for f in answer.json()["features"]}
            following = [k["href"] for k in answer.json()["links"] if k["rel"] == "next"]
            if not following:
                return features
            answer = client.get(following[0])

    return ask


def walk(client, **asked):
    answer = client.get("/search", params=asked)
    assert answer.status_code == 200, answer.text
    yield answer.json()
    while following := [k["href"] for k in answer.json()["links"] if k["rel"] == "next"]:
        answer = client.get(following[0])
        yield answer.json()


BOX = "6.572,51.333,6.577,51.337"


@pytest.mark.parametrize(
    ("limit", "asked"),
    [
        (7, {"q": "weg,linde", "bbox": BOX}),
        (100, {"bbox": BOX}),
        (100, {"q": "weg"}),
        (1000, {"q": "weg"}),
        (100, {"filter": "S_INTERSECTS(geometry, BBOX(6.573,51.334,6.575,51.336))"}),
        (100, {"datetime": "2025-03-01/P1M", "q": "strasse, weg"}),
    ],
    ids=str,
)
def test_pages_together_are_what_each_collection_answers(client, alone, asked, limit):
    expected = [(name, own) for name in OTHERS for own in alone(name, **asked)]
    pages = list(walk(client, limit=limit, collections=",".join(OTHERS), **asked))
    found = [(f["collection"], f["id"]) for page in pages for f in page["features"]]
    assert found == expected
    for page in pages:
        assert page["numberMatched"] == len(expected)
        assert page["numberReturned"] == len(page["features"]) <= limit
        counts = {c["id"]: c["numberMatched"] for c in page["collections"]}
        own = {n: len(list(g)) for n, g in itertools.groupby(expected, key=lambda pair: pair[0])}
        assert counts == {n: own.get(n, 0) for n in OTHERS}


def test_a_feature_is_as_in_its_collection_and_says_where_it_is_from(client, alone):
    [page] = walk(client, q="linde", collections="baum", limit=1000)
    trees = alone("baum", q="linde")
    assert len(trees) > 0
    for feature in page["features"]:
        [link] = feature.pop("links")
        assert feature.pop("collection") == "baum"
        assert feature == trees[feature["id"]]
        assert link["rel"] == "canonical"
    assert client.get(link["href"]).json()["id"] == feature["id"]


def test_without_names_all_are_searched_that_can_answer(client, alone):
    [page] = walk(client, q="weg", limit=1000, skipGeometry="true")
    searched = {c["id"] for c in page["collections"]}
    once_more = {"flurstueck_merkmale", "flurstueck_punkt", "nutzung_flurstueck"}
    listed = {c["id"] for c in client.get("/collections").json()["collections"]}
    assert set(OTHERS) <= searched <= listed - once_more
    page = client.get("/search", params={"filter": "flaeche > 400", "limit": 1}).json()
    assert [c["id"] for c in page["collections"]] == ["flurstueck"]
    assert page["numberMatched"] == len(alone("flurstueck", filter="flaeche > 400"))
    everything = client.get("/search", params={"resulttype": "hits"}).json()
    assert everything["features"] == []
    assert everything["numberMatched"] == sum(
        client.get(f"/collections/{c['id']}/items?limit=1").json()["numberMatched"]
        for c in everything["collections"]
    )


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"nosuch": "1"}, 400),
        ({"collections": "nosuch"}, 404),
        ({"collections": "grundsteuer"}, 404),
        ({"collections": "flurstueck_eigentuemer"}, 404),
        ({"collections": ","}, 400),
        ({"collections": "baum,baum"}, 400),
        ({"collections": "flurstueck_merkmale", "q": "weg"}, 400),
        ({"collections": "baum", "filter": "flaeche > 400"}, 400),
        ({"filter": "flaeche >"}, 400),
        ({"filter": "nosuch = 1"}, 400),
        ({"filter": "inspector = 'x'"}, 400),
        ({"q": ""}, 400),
        ({"datetime": "x"}, 400),
        ({"bbox": "1,2,3"}, 400),
        ({"limit": "0"}, 400),
        ({"cursor": "x"}, 400),
        ({"crs": "EPSG:1"}, 400),
        ({"f": "csv"}, 400),
    ],
    ids=str,
)
def test_what_cannot_be_searched_is_refused(client, asked, status):
    answer = client.get("/search", params=asked)
    assert answer.status_code == status
    assert answer.json()["status"] == status


def test_a_cursor_holds_for_its_question_only(client):
    first = client.get("/search", params={"q": "weg", "limit": 5}).json()
    [following] = [k["href"] for k in first["links"] if k["rel"] == "next"]
    second = client.get(following)
    assert [k["rel"] for k in second.json()["links"]] == ["self", "alternate", "next", "prev"]
    assert client.get(following.replace("q=weg", "q=platz")).status_code == 400
    again = client.get(following, headers={"If-None-Match": second.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("lang", ["de", "en"])
def test_people_search_by_keyboard(client, lang):
    page = html.fromstring(client.get(f"/search?f=html&lang={lang}").text)
    fields = page.xpath("//form[@action='/search']//input[not(@type='hidden')]")
    assert {f.get("name") for f in fields} == {"q", "datetime", "bbox", "collections"}
    for f in fields:
        labelled = f.getparent().tag == "label" or page.xpath(f"//label[@for='{f.get('id')}']")
        assert labelled
    asked = "q=weg&datetime=&bbox=&collections=baum&collections=flurstueck&f=html"
    page = html.fromstring(client.get(f"/search?{asked}&lang={lang}").text)
    links = page.xpath("//tbody//a/@href")
    assert links
    assert all(
        link.startswith(("/collections/flurstueck/", "/collections/baum/")) for link in links
    )
    assert client.get(links[0]).status_code == 200
    [following] = page.xpath("//a[@rel='next']/@href")
    assert client.get(following).status_code == 200
