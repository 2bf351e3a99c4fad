"""The catalogue: every data set the caller may know of, found by word, place and day; no other."""

import re
from datetime import date, datetime

import pytest
import shapely
from shapely.geometry import shape

from api.context import Caller
from api.records.asking import read
from api.records.documents import record
from api.settings import Settings
from layers.access import CITIZEN, Actor
from layers.registry import find_layers
from layers.spec import Access
from tests.api.public import FIGURES, HIDDEN, PUBLIC, SPECS

CATALOGUE = "/collections/katalog"
KNOWN = {*PUBLIC, "terrain"}
LAYERS = find_layers().layers


@pytest.fixture(scope="module")
def records(get):
    return {r["id"]: r for r in get(f"{CATALOGUE}/items")["features"]}


def found(get, **parameters):
    answer = get(f"{CATALOGUE}/items", **parameters)
    assert answer["numberReturned"] == len(answer["features"])
    return [r["id"] for r in answer["features"]]


@pytest.mark.proves("ogcapi-records-1/1.0", "record-collection", "json")
def test_links_lead_from_the_start_to_a_record_and_its_data(client, get):
    (link,) = (k for k in get("/")["links"] if k["rel"].endswith("/ogc-catalog"))
    catalogue = client.get(link["href"]).json()
    assert (catalogue["id"], catalogue["itemType"]) == ("katalog", "record")
    assert catalogue["type"] == "Collection"
    assert catalogue in get("/collections")["collections"]
    items = [k for k in catalogue["links"] if k["rel"] == "items"]
    assert {k["type"] for k in items} == {"application/geo+json", "text/html"}
    for kind in items:
        answer = client.get(kind["href"])
        assert answer.headers["content-type"].startswith(kind["type"])
    for one in client.get(items[0]["href"]).json()["features"]:
        for k in one["links"]:
            answer = client.get(k["href"])
            assert answer.status_code == 200, k
            assert answer.headers["content-type"].removesuffix("; charset=utf-8") == k["type"]


def test_the_records_are_the_public_data_sets(records, get):
    assert set(records) == KNOWN
    for name, one in records.items():
        assert get(f"{CATALOGUE}/items/{name}") == one


@pytest.mark.proves("ogcapi-records-1/1.0", "record-core")
@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_record_tells_what_the_layer_file_says(records, reader, name):
    one = records[name]
    about = one["properties"]
    (data,) = (d for d in reader.data_sets(CITIZEN) if d.id == name)
    assert (about["title"], about["license"]) == (data.title["de"], data.layer.licence)
    assert about["quality"] == data.layer.quality["de"]
    assert about["updateCycle"] == data.layer.update["de"]
    assert about["keywords"] == [word["de"] for word in data.layer.keywords]
    assert about["contacts"][0]["organization"] == data.layer.steward
    assert about["contacts"][0]["name"] == data.layer.contact.name["de"]
    assert about["contacts"][1]["emails"][0]["value"]
    assert about["type"] == "dataset"
    renewed = datetime.fromisoformat(about["updated"])
    assert renewed == data.generation.imported_at.replace(microsecond=0)
    assert datetime.fromisoformat(about["created"]) <= renewed
    assert (one["time"] is None) == (data.generation.data_date is None)
    rels = [link["rel"].rsplit("/", 1)[-1] for link in one["links"]]
    leads = {"items", "queryables", "schema"}
    cut = name in PUBLIC and SPECS[name].parts_of
    leads |= set() if name == FIGURES.id or cut else {"tilesets-vector"}
    assert leads <= set(rels) if name in PUBLIC else not leads & set(rels)
    assert one["type"] == "Feature"
    assert shape(one["geometry"]).bounds == tuple(one["bbox"])


@pytest.mark.parametrize("name", PUBLIC)
def test_the_extent_holds_every_feature(records, get, name):
    extent = shape(records[name]["geometry"]).buffer(1e-7)
    features = get(f"/collections/{name}/items", limit=500)["features"]
    assert all(
        extent.covers(shapely.Point(*shape(f["geometry"]).centroid.coords)) for f in features
    )
    counted = get(f"/collections/{name}/items", limit=1)["numberMatched"]
    assert records[name]["properties"]["numberOfFeatures"] == counted


def test_both_languages_say_the_same_differently(get):
    de, en = (
        get(f"{CATALOGUE}/items/baum", lang=language)["properties"] for language in ("de", "en")
    )
    for name in ("title", "description", "keywords", "quality", "updateCycle"):
        assert de[name] != en[name]
    assert (de["language"], en["language"]) == ({"code": "de"}, {"code": "en"})
    assert de["updated"] == en["updated"]


@pytest.mark.proves("ogcapi-records-1/1.0", "record-core-query-parameters", "searchable-catalog")
def test_words_find_records(get):
    assert found(get, q="stadtGRÜN") == ["baum"]
    assert found(get, q="Stadtgrün,Grabstätte") == ["grab", "baum"]
    assert found(get, q="Amt für Geisterkunde") == []
    assert found(get, q="urban  green", lang="en") == ["baum"]
    cadastre = {spec.id for spec in LAYERS["alkis"].collections} & set(SPECS)
    assert set(found(get, q="Katasterbehörde")) == {*cadastre, "terrain", FIGURES.id}
    assert found(get, ids="baum,grundsteuer,terrain") == ["baum", "terrain"]
    assert found(get, type="service") == []
    assert set(found(get, type="dataset")) == KNOWN


def test_an_external_id_is_the_address_of_the_data(get, records):
    (own,) = records["grab"]["properties"]["externalIds"]
    assert found(get, externalIds=own["value"]) == ["grab"]
    assert found(get, externalIds="grab") == []


def test_boxes_find_what_they_meet(get, records):
    west, south, east, north = records["grab"]["bbox"]
    middle = f"{(west + east) / 2},{(south + north) / 2}"
    expected = {
        name
        for name, one in records.items()
        if shape(one["geometry"]).intersects(shapely.Point(*map(float, middle.split(","))))
    }
    assert set(found(get, bbox=f"{middle},{middle}")) == expected
    assert "grab" in expected
    for box, some in {
        "-180,-90,180,90": True,
        "6,-90,-170,90": True,  # over the antimeridian
        "170,-90,-170,90": False,
        "6,51,0,7,52,100": True,
        "8,51,9,52": False,
    }.items():
        assert bool(found(get, bbox=box)) == some, box


def test_days_find_the_state_of_the_data(get, records):
    dated = {n: date.fromisoformat(r["time"]["date"]) for n, r in records.items() if r["time"]}
    assert dated
    day = next(iter(dated.values()))
    undated = KNOWN - set(dated)
    for asked, hit in {
        f"{day}": True,
        f"{day}T00:00:00Z/..": True,
        f"../{day}": True,
        f"1900-01-01/{day.replace(year=day.year - 1)}": False,
        "2999-01-01/": False,
    }.items():
        names = set(found(get, datetime=asked))
        assert undated <= names  # what has no day is not ruled out
        assert ({n for n, d in dated.items() if d == day} <= names) == hit, asked


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_pages_together_are_the_whole(client, get, limit):
    answer = get(f"{CATALOGUE}/items", limit=limit)
    names = [r["id"] for r in answer["features"]]
    while following := [k["href"] for k in answer["links"] if k["rel"] == "next"]:
        answer = client.get(following[0]).json()
        names += [r["id"] for r in answer["features"]]
        assert [k for k in answer["links"] if k["rel"] == "prev"]
    assert sorted(names) == sorted(KNOWN)
    assert answer["numberMatched"] == len(KNOWN)


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3",
        "bbox=nan,0,1,1",
        "bbox=0,2,1,1",
        "bbox=",
        "limit=0",
        "limit=x",
        "limit=-1",
        "offset=99999999",
        "datetime=",
        "datetime=..",
        "datetime=2025-02-30",
        "datetime=2025-01-02/2025-01-01",
        "datetime=a/b/c",
        "q=,",
        "q=a&q=b",
        "q=" + 500 * "x",
        "ids=",
        "nosuch=1",
        "f=xml",
        "lang=fr",
    ],
)
def test_bad_questions_are_refused(client, query):
    answer = client.get(f"{CATALOGUE}/items?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", [*HIDDEN, "zzunknownzz", "merge", "history", "trees"])
def test_what_is_hidden_is_as_absent_as_any(client, name):
    answers = [client.get(f"{CATALOGUE}/items/{n}") for n in (name, "zzabsentzz")]
    assert [a.status_code for a in answers] == [404, 404]
    told, absent = (
        a.text.replace(n, "NAME") for a, n in zip(answers, (name, "zzabsentzz"), strict=True)
    )
    assert told == absent
    assert client.get(f"{CATALOGUE}/items", params={"ids": name}).json()["numberMatched"] == 0


def test_the_catalogue_names_nothing_hidden(client):
    titles = [spec.title[lang] for _, spec in find_layers().collections() for lang in ("de", "en")]
    hidden = [t for t in titles if t not in {t for s in SPECS.values() for t in s.title.values()}]
    fields = [f.name for s in SPECS.values() for f in s.fields if f.access is not Access.PUBLIC]
    assert len(hidden) > 3
    for form in ("json", "html"):
        for language in ("de", "en"):
            parameters = {"f": form, "lang": language}
            for path in (CATALOGUE, f"{CATALOGUE}/items", "/collections"):
                text = client.get(path, params=parameters).text
                assert not [t for t in hidden if t in text]
                assert not re.search(rf"\b({'|'.join(fields)}|Steueramt|Tax)\b", text)


def test_roles_find_what_they_may_know_of_without_a_purpose(reader):
    clerk = Caller(Actor("property_tax_clerk", "assessment 1", "someone"))
    names = {d.id for d in reader.data_sets(clerk.actor)}
    assert names == {d.id for d in reader.data_sets(clerk.purposeless)}
    assert not names & {"grundsteuer", "gewerbesteuer"}


def test_every_layer_says_whom_to_ask_and_how_good_it_is(reader):
    for layer in LAYERS.values():
        assert layer.contact is not None
        assert layer.keywords
        assert layer.quality.keys() == {"de", "en"}
    asked = read({})
    town = reader.municipality
    for data in reader.data_sets(CITIZEN):
        assert asked.matches(record(Settings(), town, data, "en"))
