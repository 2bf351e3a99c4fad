"""Filters in the store: SQLite finds what the evaluator in Python finds, and nothing leaks."""

import json
from random import Random

import pandas as pd
import pytest
import shapely
from hypothesis import given, settings

from gis_core.errors import DeadlineError, StoreError
from gis_core.filters import checked, evaluate, parse
from gis_core.store import Column, ColumnType, Query, Store, TableSchema
from gis_core.store.sql import filtering
from tests.gis_core.filter_expressions import simple_trees, trees
from tests.gis_core.filter_world import FOUND, ROWS, SCHEMA

COLUMNS = tuple(
    Column(name, "list" if kind == "array" else kind.value, sealed=name in {"h", "name"})
    for name, kind in SCHEMA.fields.items()
    if name != "geometry"
)
TABLE = TableSchema("places", COLUMNS, "polygon", 25832)


def frame_of(rows):
    columns = {"feature_id": list(rows)}
    for column in COLUMNS:
        values = [row[column.name] for row in rows.values()]
        if column.type is ColumnType.INTEGER:
            values = pd.array([pd.NA if v is None else v for v in values], dtype="Int64")
        elif column.type is ColumnType.DATETIME:
            values = pd.Series([None if v is None else v.isoformat() for v in values])
        columns[column.name] = values
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return the six places as a snapshot; two of their columns are sealed."""
    with Store.open(tmp_path_factory.mktemp("world"), create=True) as store:
        with store.stage("world") as writer:
            table = writer.table(TABLE)
            table.append(frame_of(ROWS), [row["geometry"] for row in ROWS.values()])
            writer.publish({}, None)
        yield store.snapshot("world")


def stored(world, where) -> str:
    query = Query(where=where, columns=(), geometry=False)
    ids = "".join(sorted(world.frame("places", query).index))
    assert world.count("places", query) == len(ids)
    return ids


@pytest.mark.proves(
    "cql2/1.0", "case-insensitive-comparison", "accent-insensitive-comparison", "temporal-functions"
)
@pytest.mark.proves("cql2/1.0", "property-property", "arithmetic", "array-functions", "functions")
@pytest.mark.parametrize("text", FOUND)
def test_the_store_finds_what_was_found_by_hand(world, text):
    assert stored(world, checked(parse(text), SCHEMA)) == FOUND[text]


@settings(max_examples=400, deadline=None)
@given(trees())
def test_the_store_and_the_evaluator_agree(world, tree):
    asked = checked(parse(json.dumps(tree), "cql2-json"), SCHEMA)
    truths = {key: evaluate(asked, row) for key, row in ROWS.items()}
    assert stored(world, asked) == "".join(k for k, t in truths.items() if t is True)
    refused = checked(parse(json.dumps({"op": "not", "args": [tree]}), "cql2-json"), SCHEMA)
    assert stored(world, refused) == "".join(k for k, t in truths.items() if t is False)


def as_pandas(frame, tree):
    """Return truth and falsehood of a simple tree; what is neither is unknown."""
    op, args = tree["op"], tree["args"]
    if op in {"and", "or", "not"}:
        parts = [as_pandas(frame, arg) for arg in args]
        yes = [p[0] for p in parts]
        no = [p[1] for p in parts]
        if op == "not":
            return no[0], yes[0]
        every, some = (yes, no) if op == "and" else (no, yes)
        both = pd.concat(every, axis=1).all(axis=1), pd.concat(some, axis=1).any(axis=1)
        return both if op == "and" else both[::-1]
    values = frame[args[0]["property"]]
    if op == "isNull":
        return values.isna(), values.notna()
    compared = {
        "=": lambda v: v == args[1],
        "<>": lambda v: v != args[1],
        "<": lambda v: v < args[1],
        "<=": lambda v: v <= args[1],
        ">": lambda v: v > args[1],
        ">=": lambda v: v >= args[1],
        "between": lambda v: (v >= args[1]) & (v <= args[2]),
        "in": lambda v: v.isin(args[1]),
    }
    there = values.dropna()
    true = compared[op](there.astype(object)).astype(bool)
    yes = true.reindex(values.index, fill_value=False)
    return yes, (~true).reindex(values.index, fill_value=False)


@settings(max_examples=150, deadline=None)
@given(simple_trees())
def test_simple_filters_find_what_pandas_finds(world, tree):
    frame = pd.DataFrame({key: pd.Series(row, dtype=object) for key, row in ROWS.items()}).T
    yes, _ = as_pandas(frame, tree)
    asked = checked(parse(json.dumps(tree), "cql2-json"), SCHEMA)
    assert stored(world, asked) == "".join(frame.index[yes])


# -- size and cost -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quilt(tmp_path_factory):
    """Return 10,000 squares of 10 m, numbered row by row."""
    names = ("n", "h", "name")
    kept = tuple(c for c in COLUMNS if c.name in names)
    boxes = shapely.box(*zip(*[(x, y, x + 9, y + 9) for y in range(0, 1000, 10)
                               for x in range(0, 1000, 10)], strict=True))  # fmt: skip
    frame = pd.DataFrame(
        {
            "feature_id": [f"q{i:05d}" for i in range(10_000)],
            "n": range(10_000),
            "h": [i / 7 for i in range(10_000)],
            "name": [f"Weg {i % 97}" for i in range(10_000)],
        }
    )
    with Store.open(tmp_path_factory.mktemp("quilt"), create=True) as store:
        with store.stage("quilt") as writer:
            writer.table(TableSchema("places", kept, "polygon", 25832)).append(frame, boxes)
            writer.publish({}, None)
        yield store


def count(quilt, text, deadline_s=None, **more) -> int:
    where = checked(parse(text), SCHEMA)
    return quilt.snapshot("quilt", deadline_s=deadline_s).count(
        "places", Query(where=where, **more)
    )


def test_huge_lists_and_ten_thousand_vertices_are_carried_out(quilt):
    assert count(quilt, f"n IN ({', '.join(map(str, range(0, 20_000, 2)))})") == 5000
    ring = [f"{x} {-1 - x % 2}" for x in range(9_990)]
    shape = f"POLYGON(({', '.join(ring)}, 9990 45, -5 45, {ring[0]}))"
    assert count(quilt, f"S_INTERSECTS(geometry, {shape})") == 500
    assert count(quilt, f"NOT S_INTERSECTS(geometry, {shape})") == 9500


def test_hundreds_of_alternatives_are_no_deep_expression(quilt):
    assert count(quilt, " OR ".join(f"n = {i}" for i in range(240))) == 240
    assert count(quilt, " AND ".join(f"n <> {i}" for i in range(240))) == 9760


def test_only_candidates_of_the_rtree_are_asked_exactly(quilt, monkeypatch):
    asked = []
    real = shapely.from_wkb
    monkeypatch.setattr(shapely, "from_wkb", lambda blob: asked.append(blob) or real(blob))
    shape = "POLYGON((100 100, 130 100, 130 130, 100 100))"
    assert count(quilt, f"n >= 0 AND S_INTERSECTS(geometry, {shape})") == 10
    assert len(asked) <= 16
    asked.clear()
    assert count(quilt, f"n = 5 OR S_INTERSECTS(geometry, {shape})") == 11
    assert len(asked) <= 16


def test_a_filter_joins_the_other_conditions_and_the_page(quilt):
    where = checked(parse("n >= 100 AND name LIKE 'Weg 1%'"), SCHEMA)
    snapshot = quilt.snapshot("quilt")
    all_of_it = snapshot.frame(
        "places", Query(where=where, bbox=(0, 0, 500, 100), sort=(("n", True),))
    )
    page = snapshot.frame(
        "places",
        Query(where=where, bbox=(0, 0, 500, 100), sort=(("n", True),), limit=5, offset=3),
    )
    assert list(page.index) == list(all_of_it.index[3:8])
    assert all_of_it["name"].str.startswith("Weg 1").all()
    assert all_of_it["n"].min() >= 100


def test_a_filter_ends_at_its_deadline(quilt):
    slow = " OR ".join(f"CASEI(name) LIKE '%{i}%_x'" for i in range(60))
    with pytest.raises(DeadlineError):
        count(quilt, slow, deadline_s=0.01)
    assert count(quilt, "n = 1", deadline_s=5) == 1


# -- what is not released ----------------------------------------------------------------


def test_what_is_not_released_is_refused_by_sqlite_itself(world):
    where = checked(parse("name = 'Aachen'"), SCHEMA)
    with pytest.raises(StoreError):
        world.count("places", Query(where=where), released=("n",))


def test_functions_are_there_for_filters_only(world):
    with world._lend(world.table("places"), None) as db:
        with db.calling({"fb_casei": str.casefold}):
            assert db.execute("SELECT fb_casei('X')").fetchone() == ("x",)
        for text in ("SELECT fb_casei('X')", "SELECT load_extension('x')", "SELECT upper('x')"):
            with pytest.raises(Exception, match=r"prohibited|not authorized|no such function"):
                db.execute(text).fetchone()


@pytest.mark.parametrize(
    "word", ["x' OR 1=1 --", "%'; DROP TABLE places; --", '"; --', "fb_casei("]
)
def test_what_is_asked_is_bound_never_pasted(world, word):
    where = checked(parse(json.dumps({"op": "=", "args": [{"property": "name"}, word]}),
                          "cql2-json"), SCHEMA)  # fmt: skip
    found, _ = filtering.conditions(where, TABLE)
    assert all(word not in condition.text for condition in found)
    assert stored(world, where) == ""


def test_functions_never_fail_whatever_they_get(world):
    numbers = ["1e300 * 1e300", "-(1e300 * 1e300)", "9007199254740993", "0", "n", "h", "n / 0"]
    pick = Random(1)  # noqa: S311
    for op in ("+", "-", "*", "/", "div", "%", "^"):
        for name in ("abs", "ceil", "floor", "round"):
            a, b = pick.choice(numbers), pick.choice(numbers)
            text = f"{name}(({a}) {op} ({b})) >= 0"
            asked = checked(parse(text), SCHEMA)
            truths = [k for k, row in ROWS.items() if evaluate(asked, row) is True]
            assert stored(world, asked) == "".join(truths), text
