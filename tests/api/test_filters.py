"""Filters over HTTP: the same features as shapely and pandas find, and clear words for the rest."""

import json
import re
from html import unescape
from random import Random

import numpy as np
import pytest
import shapely
from jsonschema import Draft202012Validator
from markupsafe import escape

from gis_core.filters import FUNCTIONS
from layers.access import CITIZEN
from tests.api.public import CRS, CRS84, EPSG, LATITUDE_FIRST, PUBLIC, SPECS, carry

STORAGE = f"{EPSG}25832"
ITEMS = "/collections/flurstueck/items"


@pytest.fixture(scope="session")
def parcels(reader):
    return reader.frame(CITIZEN, "flurstueck")


@pytest.fixture(scope="session")
def found(client):
    """Return a function that asks for the ids of a filter, exact count included."""

    def ask(text, collection="flurstueck", **more):
        given = {"filter": text, "limit": 10_000, "skipGeometry": "true", **more}
        answer = client.get(f"/collections/{collection}/items", params=given)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        ids = [feature["id"] for feature in document["features"]]
        assert document["numberMatched"] == len(ids) == len(set(ids))
        return set(ids)

    return ask


@pytest.fixture(scope="session")
def refused(client):
    def ask(text, collection="flurstueck", **more):
        given = {"filter": text, **more}
        answer = client.get(f"/collections/{collection}/items", params=given)
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()

    return ask


# -- every class, against pandas -----------------------------------------------------------


@pytest.mark.proves("ogcapi-features-3/1.0", "filter", "features-filter")
@pytest.mark.proves("cql2/1.0", "cql2-text", "basic-cql2", "advanced-comparison-operators")
def test_attributes_find_what_pandas_finds(found, parcels):
    area, name = parcels["flaeche"], parcels["lagebeztxt"]
    a_name = name.dropna().iloc[0]
    cases = {
        "flaeche > 800": area > 800,
        "NOT flaeche > 800": area <= 800,
        "flaeche BETWEEN 400 AND 800": area.between(400, 800),
        "flaeche > 400 AND flaeche < 500 OR flaeche > 2000": area.between(
            400, 500, inclusive="neither"
        )
        | (area > 2000),
        "lagebeztxt IS NULL": name.isna(),
        f"lagebeztxt = '{a_name}'": name == a_name,
        f"lagebeztxt LIKE '{a_name[:4]}%'": name.str.startswith(a_name[:4]).eq(True),
        f"CASEI(lagebeztxt) LIKE CASEI('%{a_name[-6:].upper()}')": name.str.casefold()
        .str.endswith(a_name[-6:].casefold())
        .eq(True),
        "ACCENTI(lagebeztxt) LIKE '%u%'": name.str.normalize("NFD").str.contains("u").eq(True),
        "flaeche / 2 + 1 < 200": area / 2 + 1 < 200,
        "flaeche % 2 = 0": area % 2 == 0,
        "flaeche div 100 = 4": area // 100 == 4,
        f"flaeche IN ({', '.join(map(str, area.iloc[:5]))})": area.isin(area.iloc[:5]),
        "flurschl = gemaschl": parcels["flurschl"] == parcels["gemaschl"],
        "text_length(flstkennz) = 20": parcels["flstkennz"].str.len() == 20,
        "year(aktualit) > 2000": parcels["aktualit"].dt.year > 2000,
        "T_AFTER(aktualit, DATE('2015-06-01'))": parcels["aktualit"] > "2015-06-01",
        "T_DURING(aktualit, INTERVAL('2010-01-01', '..'))": parcels["aktualit"] > "2010-01-01",
    }
    for text, there in cases.items():
        assert found(text) == set(parcels.index[there.fillna(False)]), text


@pytest.mark.proves("cql2/1.0", "cql2-json")
def test_json_finds_what_text_finds(found):
    tree = {
        "op": "and",
        "args": [
            {"op": ">", "args": [{"property": "flaeche"}, 500]},
            {"op": "like", "args": [{"property": "lagebeztxt"}, "%e%"]},
        ],
    }
    said = found("flaeche > 500 AND lagebeztxt LIKE '%e%'")
    assert found(json.dumps(tree), **{"filter-lang": "cql2-json"}) == said
    assert found("flaeche > 500 AND lagebeztxt LIKE '%e%'", **{"filter-lang": "cql2-text"}) == said


def test_a_filter_narrows_what_the_other_parameters_leave(client, found):
    both = found("flaeche > 500") & found("flaeche < 900")
    assert both
    ids, url = [], f"{ITEMS}?filter=flaeche > 500&limit=17&sortby=-flaeche"
    areas = []
    while url:
        page = client.get(url).json()
        ids += [f["id"] for f in page["features"]]
        areas += [f["properties"]["flaeche"] for f in page["features"]]
        url = next((k["href"] for k in page["links"] if k["rel"] == "next"), None)
    assert len(ids) == len(set(ids)) == page["numberMatched"]
    assert set(ids) == found("flaeche > 500")
    assert areas == sorted(areas, reverse=True)


@pytest.mark.proves("cql2/1.0", "array-functions")
def test_lists_of_keys_are_sets(found, reader):
    trees = reader.frame(CITIZEN, "baum")
    several = [f for f in SPECS["baum"].fields if f.separators]
    for field in several:
        key = next(iter(trees[field.name].dropna())).split(" ")[0]
        holds = trees[field.name].map(lambda v, k=key: isinstance(v, str) and k in v.split(" "))
        assert found(f"A_CONTAINS({field.name}, ('{key}'))", "baum") == set(trees.index[holds])


# -- places --------------------------------------------------------------------------------


def random_shapes(parcels, count, seed):
    """Yield polygons near the parcels, in the storage CRS."""
    random = Random(seed)  # noqa: S311
    xmin, ymin, xmax, ymax = parcels.total_bounds
    for _ in range(count):
        x, y = random.uniform(xmin, xmax), random.uniform(ymin, ymax)
        size = random.choice([5, 50, 200])
        corners = np.array([[random.uniform(-1, 1), random.uniform(-1, 1)] for _ in range(5)])
        yield shapely.MultiPoint(corners * size + [x, y]).convex_hull


@pytest.mark.proves(
    "cql2/1.0", "basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions"
)
@pytest.mark.parametrize("uri", CRS)
@pytest.mark.parametrize("op", ["intersects", "within", "disjoint", "overlaps"])
def test_places_in_every_crs_find_what_shapely_finds(found, parcels, uri, op):
    geometry = parcels.geometry
    for shape in random_shapes(parcels, 4, hash_of(op, uri)):
        there = carry(np.array([shape]), STORAGE, uri)[0]
        written = shapely.transform(there, lambda xy: np.round(xy, 9))
        here = carry(np.array([written]), uri, STORAGE)[0]
        if uri in LATITUDE_FIRST:
            written = shapely.transform(written, lambda xy: xy[:, ::-1])
        text = f"S_{op.upper()}(geometry, {shapely.to_wkt(written, rounding_precision=12)})"
        expected = set(parcels.index[getattr(geometry, op)(here)])
        assert found(text, **{"filter-crs": uri}) == expected


def hash_of(*words):
    return sum(map(ord, "".join(words)))


def test_the_whole_earth_holds_every_parcel(found, parcels):
    everything = set(parcels.index)
    assert found("S_WITHIN(geometry, BBOX(-180, -90, 180, 90))") == everything
    assert found("S_INTERSECTS(geometry, BBOX(150, -90, 149, 90))") == everything
    assert found("S_INTERSECTS(geometry, BBOX(150, -90, -150, 90))") == set()
    assert found("S_CONTAINS(geometry, BBOX(-180, -90, 180, 90))") == set()
    outer = "POLYGON((-170 -80, 170 -80, 170 80, -170 80, -170 -80))"
    assert found(f"S_DISJOINT(geometry, {outer})") == set()
    box = "BBOX(-80, -170, 80, 170)"
    assert found(f"S_WITHIN(geometry, {box})", **{"filter-crs": f"{EPSG}4326"}) == everything


def test_places_and_attributes_together(found, parcels):
    xmin, ymin, xmax, ymax = parcels.total_bounds.tolist()
    half = (xmin, ymin, (xmin + xmax) / 2, ymax)
    text = f"S_INTERSECTS(geometry, BBOX{half}) AND flaeche > 600"
    expected = parcels.intersects(shapely.box(*half)) & (parcels["flaeche"] > 600)
    assert found(text, **{"filter-crs": STORAGE}) == set(parcels.index[expected])
    text = f"NOT S_INTERSECTS(geometry, BBOX{half}) OR area(geometry) < 300"
    expected = ~parcels.intersects(shapely.box(*half)) | (parcels.area < 300)
    assert found(text, **{"filter-crs": STORAGE}) == set(parcels.index[expected])


# -- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("flaeche > ", 11, "value"),
        ("flaeche > 'x'", 11, "number"),
        ("flaeche > 1 AND nothing = 2", 17, "property"),
        ("aktualit > DATE('2020-02-30')", 17, "calendar"),
        ("S_INTERSECTS(geometry, POINT(90 180))", 33, "-90 to 90"),
        ("S_INTERSECTS(geometry, POLYGON((6 51, 7 52, 7 51, 6 52, 6 51)))", 24, "valid"),
        ("((((((((((((((((((((((((((((((((((flaeche > 1", 33, "32"),
        ("nosuch(flaeche) > 1", 1, "function"),
    ],
)
def test_a_problem_names_the_place(refused, text, position, expected):
    problem = refused(text)
    assert problem["type"] == "/problems/filter"
    assert problem["position"] == position
    assert expected in problem["expected"]
    assert problem["found"]
    assert refused(text, lang="de")["title"] != refused(text, lang="en")["title"]


def test_in_json_the_place_is_a_pointer(refused):
    text = '{"op":"=","args":[{"property":"flaeche"},"x"]}'
    assert refused(text, **{"filter-lang": "cql2-json"})["position"] == "/args/1"


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        ({"filter": "true", "filter-lang": "cql"}, "filter-lang"),
        ({"filter-lang": "cql2-text"}, "filter-lang"),
        ({"filter-crs": CRS84}, "filter-crs"),
        ({"filter": "true", "filter-crs": "EPSG:4326"}, "filter-crs"),
    ],
)
def test_the_other_parameters_are_checked(client, given, parameter):
    answer = client.get(ITEMS, params=given)
    assert answer.status_code == 400
    assert answer.json()["parameter"] == parameter


@pytest.mark.parametrize("text", ["(" * 5000, "NOT " * 7000 + "true", "'" * 7001, "\0", "ä" * 3000])
def test_hostile_filters_are_refused_and_the_server_lives(client, refused, text):
    refused(text)
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("text", ["flaeche > 500", "lagebeztxt = '<b>' AND flaeche < 0"])
def test_pages_take_filters_say_them_and_let_go_of_them(client, text):
    asked = {"filter": text, "filter-lang": "cql2-text", "f": "html", "limit": 3, "offset": 0}
    answer = client.get(ITEMS, params=asked)
    assert answer.status_code == 200
    assert f"<code>{escape(text)}</code>" in answer.text
    (link,) = re.findall(r'</code> · <a href="([^"]+)">', answer.text)
    everything = client.get(unescape(link))
    assert everything.status_code == 200
    assert "<code>" not in everything.text


def test_a_page_of_a_wrong_filter_repeats_no_markup(client):
    wrong = client.get(ITEMS, params={"filter": "<script>", "f": "html"})
    assert wrong.status_code == 400
    assert "<script>" not in wrong.text


# -- documents -----------------------------------------------------------------------------


@pytest.mark.proves("ogcapi-features-3/1.0", "queryables")
@pytest.mark.parametrize("collection", PUBLIC)
def test_queryables_are_a_schema_of_what_can_be_asked(client, get, collection):
    url = f"/collections/{collection}/queryables"
    answer = client.get(url, params={"f": "json"})
    document = answer.json()
    assert answer.headers["content-type"] == "application/schema+json"
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"].endswith(url)
    assert document["type"] == "object"
    assert document["additionalProperties"] is False
    assert document["properties"]["geometry"]["format"].startswith("geometry-")
    for field in SPECS[collection].fields:
        if field.name in document["properties"]:
            described = document["properties"][field.name]
            assert described["title"] in field.title.values()
            assert described.get("x-ogc-unit", "") == field.unit
            assert list(map(str, described.get("enum", []))) == list(field.codes or [])
    for name, described in document["properties"].items():
        given = {"filter": f'"{name}" IS NOT NULL', "limit": 1}
        assert get(f"/collections/{collection}/items", **given)["numberReturned"] <= 1
        assert described["title"]


@pytest.mark.parametrize("collection", PUBLIC)
def test_sortables_sort(get, collection):
    url = f"/collections/{collection}/sortables"
    document = get(url, f="json")
    assert document["$id"].endswith(url)
    assert "geometry" not in document["properties"]
    for name in document["properties"]:
        assert get(f"/collections/{collection}/items", sortby=f"-{name}", limit=1)["features"]


@pytest.mark.proves("ogcapi-features-3/1.0", "queryables-query-parameters")
def test_queryables_are_parameters(client, get):
    first = get(ITEMS, limit=1)["features"][0]["properties"]
    for name in get("/collections/flurstueck/queryables", f="json")["properties"]:
        value = first.get(name)
        if isinstance(value, str | int):
            answer = client.get(ITEMS, params={name: value, "limit": 10_000})
            told = {f["properties"][name] for f in answer.json()["features"]}
            assert told == {value}


@pytest.mark.proves("cql2/1.0", "functions")
def test_functions_are_described_as_they_are(get):
    described = {f["name"]: f for f in get("/functions", lang="en")["functions"]}
    assert set(described) == {*FUNCTIONS, "casei", "accenti"}
    assert described["year"]["arguments"] == [{"type": ["datetime"]}]
    assert described["area"]["returns"] == ["number"]
    assert all(f["description"] for f in described.values())
    german = {f["description"] for f in get("/functions", lang="de")["functions"]}
    assert german.isdisjoint(f["description"] for f in described.values())
