"""What a layer file says of its fields for requests: other names, descriptions, indexes."""

import sqlite3
from contextlib import closing

import httpx
import pytest

from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.registry import find_layers
from tests.benches import BENCHES, PLACED, layer_folder
from tests.demo import serving

LAYER = (
    BENCHES
    + PLACED
    + """[[collection.field]]
name = "number"
aliases = ["bench_no", "nr"]
title = { de = "Nummer", en = "Number" }
access = "public"
[[collection.field]]
name = "state"
title = { de = "Zustand", en = "State" }
description = { de = "Bei der letzten Prüfung.", en = "At the last inspection." }
codes = { a = { de = "gut", en = "good" }, b = { de = "schlecht", en = "bad" } }
access = "public"
indexed = true
[[collection.field]]
name = "donor"
aliases = ["sponsor"]
title = { de = "Spender", en = "Donor" }
access = "personal"
indexed = true
"""
)
ROWS = "number;state;donor;x;y\nB1;a;Ada;330000;5690000\nB2;b;Bob;330010;5690000\n"


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    return layer_folder(tmp_path_factory.mktemp("city") / "layers", LAYER)


@pytest.fixture(scope="module")
def data(layers):
    rows = layers.parent / "benches.csv"
    rows.write_text(ROWS, encoding="utf-8")
    store = layers.parent / "data"
    import_files(store, find_layers([layers]), load_municipality("krefeld"), "benches", [rows])
    return store


@pytest.fixture(scope="module")
def ask(data, layers):
    with serving(data, layer_dirs=[layers]) as url, httpx.Client(base_url=url) as client:
        yield lambda path, **given: client.get(f"/collections/bank/{path}", params=given)


@pytest.mark.parametrize("name", ["number", "bench_no", "nr"])
def test_a_field_is_found_by_its_other_names_and_answers_by_its_own(ask, name):
    [bench] = ask("items", **{name: "B2", "properties": name}).json()["features"]
    assert bench["properties"] == {"number": "B2"}
    ordered = ask("items", sortby=f"-{name}").json()["features"]
    assert [b["id"] for b in ordered] == ["B2", "B1"]


def test_one_field_is_not_asked_for_by_two_names(ask):
    answer = ask("items", number="B1", nr="B2")
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "nr"


@pytest.mark.parametrize("given", [{"{}": "Ada"}, {"properties": "{}"}, {"sortby": "{}"}])
def test_the_other_name_of_a_hidden_field_is_as_absent_as_any(ask, given):
    problems = []
    for name in ("sponsor", "nothing"):
        filled = {k.format(name): v.format(name) for k, v in given.items()}
        answer = ask("items", **filled)
        assert answer.status_code == 400
        problems.append(answer.text.replace(name, "…"))
    assert problems[0] == problems[1]


@pytest.mark.parametrize("document", ["schema", "queryables"])
def test_a_description_stands_before_the_meaning_of_the_codes(ask, document):
    properties = ask(document, lang="en").json()["properties"]
    assert properties["state"]["description"] == "At the last inspection.\na: good; b: bad"
    assert "description" not in properties["number"]


def test_an_index_is_made_where_the_values_are(data):
    for file, column in (("open.gpkg", "state"), ("sealed.sqlite", "donor")):
        with closing(sqlite3.connect(data / "layers/benches/1" / file)) as db:
            plan = db.execute(f"EXPLAIN QUERY PLAN SELECT 1 FROM bank WHERE {column} = ?", "a")  # noqa: S608
            assert f"INDEX bank_{column}" in plan.fetchone()[-1]
