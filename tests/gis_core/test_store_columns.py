"""Columns in memory: the rows and the order that SQL would have found, or nothing at all."""

import json
from datetime import date
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from gis_core.filters import checked, evaluate, parse
from gis_core.filters.columnar import true_of
from gis_core.filters.times import as_text
from gis_core.store import Column, ColumnType, Query, Store, TableSchema
from gis_core.store import columns as held
from gis_core.store.columns import Columns
from tests.gis_core.filter_expressions import trees
from tests.gis_core.filter_world import FOUND, ROWS, SCHEMA
from tests.gis_core.test_store_filters import COLUMNS, frame_of

OPEN = tuple(Column(c.name, c.type) for c in COLUMNS)
NAMES = tuple(c.name for c in OPEN)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("open"), create=True) as store:
        with store.stage("world") as writer:
            table = writer.table(TableSchema("places", OPEN, "polygon", 25832))
            table.append(frame_of(ROWS), [row["geometry"] for row in ROWS.values()])
            writer.publish({}, None)
        yield store.snapshot("world")


def by_sql(world, query):
    frame = world.frame("places", query)
    every = world.frame("places", Query(columns=(), geometry=False)).index
    return [every.get_loc(own) + 1 for own in frame.index]


def by_columns(world, query):
    read = lambda names: world._in_order(world.table("places"), None, names)  # noqa: E731
    found = Columns().numbers(world.info.path, world.table("places"), query, read)
    return None if found is None else found.tolist()


def asked(where, **more):
    return Query(where=where, columns=(), geometry=False, **more)


@pytest.mark.parametrize("text", FOUND)
def test_columns_find_what_was_found_by_hand_or_nothing(world, text):
    query = asked(checked(parse(text), SCHEMA))
    found = by_columns(world, query)
    assert found is None or found == by_sql(world, query)
    assert world.numbers("places", query, released=NAMES).tolist() == by_sql(world, query)


def stored(value):
    if isinstance(value, date):
        return as_text(value)
    return int(value) if isinstance(value, bool) else value


SMALL = [{**row, "n": None if row["n"] is None else min(row["n"], 30)} for row in ROWS.values()]
PLAIN = [c for c in OPEN if c.type in held._NUMBERS | held._CODED]
HELD = held._read(
    [c.name for c in PLAIN],
    [c.type for c in PLAIN],
    iter([tuple(stored(row[c.name]) for c in PLAIN) for row in SMALL]),
)


@settings(max_examples=400, deadline=None)
@given(trees())
def test_columns_and_the_evaluator_agree(tree):
    for whole in (tree, {"op": "not", "args": [tree]}):
        where = checked(parse(json.dumps(whole), "cql2-json"), SCHEMA)
        found = true_of(where.root, HELD.get, len(SMALL))
        truths = [evaluate(where, row) is True for row in SMALL]
        assert found is None or found.tolist() == truths


def test_most_comparisons_can_be_told():
    names = ("name", "n", "h", "capital", "founded", "seen")
    told = [
        "n > 5 AND h < 2 OR NOT name = 'x'",
        "name LIKE 'A%' AND capital",
        "casei(name) = 'aachen'",
        "founded > DATE('2000-01-01') AND seen IS NULL",
        "n IN (1, 2) AND n BETWEEN 0 AND 9",
        "n < h",
    ]
    world = {name: held.Coded(np.array([0, 1], np.uint8), ("a",)) for name in names}
    world |= {name: held.Numbers(np.array([np.nan, 1.0])) for name in ("n", "h")}
    for text in told:
        assert true_of(checked(parse(text), SCHEMA).root, world.get, 2) is not None
    for text in ("n + 1 = 2", "abs(n) = 1", "n = 9007199254740993", "geometry IS NULL"):
        assert true_of(checked(parse(text), SCHEMA).root, world.get, 2) is None


SORTED = ("name", "h", "capital", "founded", "seen", "starts")


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize(("first", "second"), [*product(SORTED, SORTED[:3]), ("h", None)])
def test_the_order_is_that_of_sql(world, first, second, down):
    sort = ((first, down), *([(second, not down)] if second else []))
    where = checked(parse("h > 0 OR name IS NULL"), SCHEMA)
    for query in (asked(None, sort=sort), asked(where, sort=sort)):
        found = by_columns(world, query)
        assert found == by_sql(world, query)
        page = Query(**{**vars_of(query), "limit": 2, "offset": 1})
        assert by_columns(world, page) == found[1:3]


@pytest.mark.parametrize("sort", [(), (("h", True),), (("name", False), ("h", True))], ids=str)
@pytest.mark.parametrize("text", ["h > 0", "n > 0 OR name IS NULL", "true"])
def test_some_rows_are_asked_as_all_are(world, text, sort):
    query = asked(checked(parse(text), SCHEMA), sort=sort)
    for some in ([], [2], [1, 3, 4, 6]):
        among = np.array(some, np.int64)
        found = world.numbers("places", query, released=NAMES, among=among)
        assert found.tolist() == [own for own in by_sql(world, query) if own in some]


def vars_of(query):
    return {name: getattr(query, name) for name in query.__dataclass_fields__}


def test_values_are_typed_as_in_a_query(world):
    for equals in ({"h": 1.5}, {"capital": True}, {"name": None}, {"name": "Hüls"}):
        query = Query(equals=equals, columns=(), geometry=False)
        assert by_columns(world, query) == by_sql(world, query) != []


def test_indexes_large_numbers_and_lists_are_left_to_sql(world):
    for query in (
        asked(None, sort=(("n", False),)),
        asked(None, sort=(("feature_id", False),)),
        Query(equals={"tags": "x"}),
        Query(equals={"feature_id": "a"}),
        Query(ids=("a",), sort=(("h", False),)),
        Query(),
    ):
        assert by_columns(world, query) is None


@pytest.fixture
def many(tmp_path):
    with Store.open(tmp_path / "data", create=True) as store:
        with store.stage("many") as writer:
            columns = (Column("n", ColumnType.INTEGER), Column("word"), Column("kind"))
            table = writer.table(TableSchema("rows", columns, indexed=("kind",)))
            count = 1 + held._MOST_VALUES
            frame = pd.DataFrame({"feature_id": [f"{i:05d}" for i in range(count)]})
            words = [f"w{i}" for i in range(count)]
            table.append(frame.assign(n=range(count), word=words, kind="k"))
            writer.publish({}, None)
        yield store


def test_what_has_too_many_values_or_too_many_rows_is_not_held(many):
    snapshot = many.snapshot("many")
    table = snapshot.table("rows")

    def found(columns, query):
        read = lambda names: snapshot._in_order(table, None, names)  # noqa: E731
        return columns.numbers(snapshot.info.path, table, query, read)

    columns = Columns()
    assert found(columns, Query(equals={"word": "w7"})) is None
    assert found(columns, Query(equals={"n": 7})).tolist() == [8]
    assert found(columns, Query(equals={"kind": "k"})) is None
    assert found(Columns(most_bytes=1000), Query(equals={"n": 7})) is None
    for way in (Query(equals={"word": "w7"}), Query(equals={"n": 7}), Query(equals={"kind": "k"})):
        numbers = snapshot.numbers("rows", way, released=("n", "word", "kind"))
        assert len(numbers) == snapshot.count("rows", way)


def test_room_is_made_for_what_is_asked_for_last(many):
    snapshot = many.snapshot("many")
    table = snapshot.table("rows")
    columns = Columns(most_bytes=table.count * 8 * 4)
    for name in ("n", "kind", "n"):
        for down in (False, True):
            query = Query(sort=((name, down),), equals={"n": 7})
            read = lambda names: snapshot._in_order(table, None, names)  # noqa: E731
            assert columns.numbers(snapshot.info.path, table, query, read).tolist() == [8]
    assert sum(map(held._size, columns._kept.values())) <= table.count * 8 * 4
