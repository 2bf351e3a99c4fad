"""``q``: words that features hold, in every format, page by page; told by pandas."""

import shutil
from contextlib import closing

import httpx
import pytest

from api.features.formats.registry import FORMATS
from gis_core.folding import spelt_words
from gis_core.store import Store
from gis_core.word_index import read_terms
from layers.access import CITIZEN
from layers.query import Query, Text
from layers.reader import open_reader
from layers.registry import find_layers
from layers.searching import searched
from layers.spec import Access, FieldType
from tests.api.public import STORED
from tests.api.test_leaks import insider
from tests.demo import serving

PARCELS = "/collections/flurstueck/items"


@pytest.fixture(scope="module")
def texts(reader):
    """Return what is searched of each feature: a set of words by collection and id."""

    def words(collection):
        frame = reader.frame(CITIZEN, collection, Query(geometry=False))
        spec = reader.view(CITIZEN, collection).spec
        found = {}
        for row in frame.to_dict("index").items():
            cells = []
            for name, spoken in searched(spec):
                value = row[1][name]
                if isinstance(value, str):
                    cells += [value, dict(spoken).get(value, "")]
            found[row[0]] = {w for cell in cells for w in spelt_words(cell)}
        return found

    return words


def fitting(words, text):
    def holds(own, word):
        return any(w.startswith(word) if word[0].isdigit() else word in w for w in own)

    terms = read_terms(text)
    return sorted(
        i for i, own in words.items() if any(all(holds(own, w) for w in t) for t in terms)
    )


@pytest.mark.parametrize("collection", STORED)
def test_words_of_a_feature_find_it_and_its_like(get, pages, texts, collection):
    words = texts(collection)
    some = sorted(words, key=lambda i: sorted(words[i]))[:: max(1, len(words) // 5)]
    asks = [" ".join(sorted(words[i])[:3]) for i in some] + ["a", "1", "strasse, weg", "zzz"]
    for text in asks:
        expected = fitting(words, text)
        path = f"/collections/{collection}/items"
        assert get(path, q=text)["numberMatched"] == len(expected)
        assert sorted(f["id"] for f in pages(path, q=text, limit=500)) == expected


@pytest.mark.parametrize("text", ["{street}", "{STREET}", "{bare}", "{spelt} 1", "{half}"])
def test_case_accents_and_spelling_make_no_difference(get, texts, street, text):
    bare = " ".join(list(spelt_words(street))[-1:])
    spelt = " ".join(list(spelt_words(street))[:1])
    asked = text.format(street=street, STREET=street.upper(), bare=bare, spelt=spelt, half=bare[2:])
    expected = fitting(texts("flurstueck"), asked)
    assert get(PARCELS, q=asked)["numberMatched"] == len(expected) > 0


def test_the_meaning_of_a_code_is_found_in_both_languages(get, texts):
    path = "/collections/grab/items"
    one = get(path, q="Wahlgrab")["numberMatched"]
    assert one == get(path, q="elective")["numberMatched"] > 0
    assert one == len(fitting(texts("grab"), "wahlgrab"))


def test_words_go_with_every_other_condition(client, get, texts, reader):
    expected = fitting(texts("flurstueck"), "weg")
    frame = reader.frame(CITIZEN, "flurstueck", Query(ids=tuple(expected), geometry=False))
    large = frame.index[frame["flaeche"] > 400]
    asked = {"q": "weg", "filter": "flaeche > 400", "sortby": "-flaeche"}
    found = get(PARCELS, limit=1000, **asked)
    assert sorted(f["id"] for f in found["features"]) == sorted(large)
    values = [f["properties"]["flaeche"] for f in found["features"]]
    assert values == sorted(values, reverse=True)
    box = "6.57,51.33,6.58,51.34"
    inside = {f["id"] for f in get(PARCELS, bbox=box, limit=1000)["features"]}
    both = {f["id"] for f in get(PARCELS, bbox=box, q="weg", limit=1000)["features"]}
    assert both == inside & set(expected)
    assert get(PARCELS, q="weg", datetime="../..")["numberMatched"] == len(expected)
    page = client.get(PARCELS, params={"q": "weg", "f": "html"})
    assert page.status_code == 200


@pytest.mark.parametrize("form", [f for f in FORMATS if FORMATS[f].text])
def test_every_format_holds_the_same(client, texts, form):
    expected = fitting(texts("strassenschaden"), "schlagloch")
    asked = {"q": "Schlagloch", "limit": 1000, "f": form}
    answer = client.get("/collections/strassenschaden/items", params=asked)
    assert all(name in answer.text for name in expected)
    hits = client.get("/collections/strassenschaden/items", params={"q": "Schlagloch"}).json()
    assert hits["numberMatched"] == len(expected)


@pytest.mark.parametrize("text", ["", " ", ",", "-", "x" * 401, " ".join(map(str, range(50)))])
def test_what_is_no_search_is_refused(client, text):
    answer = client.get(PARCELS, params={"q": text})
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "q"


def test_hidden_texts_are_never_searched(client, get, reader, texts):
    """What only some may read is found by nobody: not even as a number of hits."""
    asked = 0
    for layer, spec in reader.registry.collections():
        if spec.access is not Access.PUBLIC:
            assert searched(spec) == ()
        if spec.id not in STORED:
            continue
        hidden = [f for f in spec.fields if f.access is not Access.PUBLIC]
        for field in (f for f in hidden if f.type is FieldType.TEXT):
            actor = insider(layer.id, spec.id, field.access)
            values = reader.frame(actor, spec.id, Query(columns=(field.name,)))[field.name]
            for value in values.dropna().unique()[:3]:
                found = get(f"/collections/{spec.id}/items", q=value)["numberMatched"]
                assert found == len(fitting(texts(spec.id), value)) == 0
                asked += 1
    assert asked > 3
    assert client.get("/collections/flurstueck_merkmale/items?q=weg").status_code == 400


def test_an_import_without_kept_words_is_searched_all_the_same(demo_store, get, tmp_path):
    shutil.copytree(demo_store, tmp_path / "data")
    for folder in (tmp_path / "data" / "layers").glob("*/*/words"):
        shutil.rmtree(folder)
    with serving(tmp_path / "data") as url:
        found = httpx.get(f"{url}{PARCELS}", params={"q": "weg", "limit": 1000}).json()
    expected = get(PARCELS, q="weg", limit=1000)
    assert [f["id"] for f in found["features"]] == [f["id"] for f in expected["features"]]


def test_words_follow_an_amendment(demo_store, tmp_path):
    shutil.copytree(demo_store, tmp_path / "data")
    with Store.open(tmp_path / "data") as store:
        before = store.snapshot("alkis")
        rows = before.frame("flurstueck", Query(limit=3))
        with store.amend("alkis") as writer:
            table = writer.amend("flurstueck")
            table.delete(list(rows.index))
            changed = rows.drop(columns="geometry").reset_index()
            changed["lagebeztxt"] = ["Zwölfergasse", "Zwölfergasse am Achter", None]
            table.append(changed, rows.geometry.to_numpy(object))
            info = writer.publish({}, None)
        assert (info.path / "words" / "flurstueck" / "head.json").is_file()
    spec = find_layers().layer("alkis").collection("flurstueck")
    with closing(open_reader(tmp_path / "data")) as reader:
        ready = reader.ready(CITIZEN, "flurstueck")
        for text, ids in (("zwolfergasse", 2), ("zwoelfer achter", 1), ("gasse neuner", 0)):
            query = Query(text=Text(read_terms(text), searched(spec)), geometry=False)
            assert len(reader.frame(CITIZEN, "flurstueck", query)) == ids
            assert len(ready.found(query.text)) == ids


def test_collections_are_found_by_words_and_listed_in_pages(get, client):
    every = get("/collections")
    ids = [c["id"] for c in every["collections"]]
    assert every["numberMatched"] == every["numberReturned"] == len(ids) > 3
    found = get("/collections", q="baume,parcel", lang="de")
    assert {"baum"} <= {c["id"] for c in found["collections"]} < set(ids)
    seen, page = [], get("/collections", limit=2)
    while True:
        assert page["numberMatched"] == len(ids)
        seen += [c["id"] for c in page["collections"]]
        following = [k["href"] for k in page["links"] if k["rel"] == "next"]
        if not following:
            break
        page = client.get(following[0]).json()
    assert seen == ids
    assert get("/collections", q="nirgendwo")["collections"] == []
    for wrong in ({"q": ""}, {"q": "-"}, {"limit": "0"}, {"offset": "-1"}, {"nosuch": "1"}):
        assert client.get("/collections", params=wrong).status_code == 400
