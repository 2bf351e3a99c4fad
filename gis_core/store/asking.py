"""A query as SQL: its conditions, its statement, and the functions that its filter calls."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gis_core.store import sql
from gis_core.store.cells import to_bound
from gis_core.store.filter_functions import functions
from gis_core.store.query import Query
from gis_core.store.schema import FEATURE_ID, FID, GEOMETRY, ColumnType, TableInfo

Functions = Mapping[str, Callable[..., Any]]


def stated(
    table: TableInfo, query: Query, names: Sequence[str], *, with_geometry: bool
) -> tuple[sql.Statement, Functions]:
    """Return the statement that answers a query, and what its filter calls.

    Where the place decides, the page is left to who asks the geometry itself.
    """
    columns = [*names]
    columns += [FEATURE_ID] if table.schema.keyed else []
    columns += [GEOMETRY] if with_geometry or query.places else []
    paged = not query.places
    conditions, lent = asked(table, query)
    statement = sql.Statement(
        schema=table.schema,
        columns=columns or [FID],
        conditions=conditions,
        sort=query.sort,
        limit=query.limit if paged else None,
        offset=query.offset if paged else 0,
    )
    return statement, lent


def run(db: sqlite3.Connection, statement: sql.Statement) -> sqlite3.Cursor:
    """Carry a statement out."""
    text, values = sql.select(statement)
    return db.execute(text, values)


def asked(table: TableInfo, query: Query) -> tuple[list[sql.Condition], Functions]:
    """Return the query's conditions, and what its filter calls: nothing for most queries."""
    schema = table.schema
    conditions = [sql.in_box(schema, query.search_box())] if query.places else []
    if query.ids is not None:
        conditions.append(sql.any_of(schema, FEATURE_ID, query.ids))
    if query.numbers is not None:
        conditions.append(sql.any_of(schema, FID, query.numbers))
    for name, values in query.among.items():
        kind = kind_of(table, name)
        conditions.append(sql.any_of(schema, name, [to_bound(v, kind) for v in values]))
    lent: Functions = {}
    if query.where is not None:
        found, relations = sql.filtering.conditions(query.where, schema, table.bounds)
        conditions += found
        if called := sql.filtering.called(found):
            made = functions(relations, schema.geometry)
            lent = {name: made[name] for name in called}
    for name, value in query.equals.items():
        conditions.append(sql.equals(schema, name, to_bound(value, kind_of(table, name))))
    return conditions, lent


def kind_of(table: TableInfo, name: str) -> ColumnType:
    """Return the type of a column; that of an id is text."""
    own = {c.name: c.type for c in table.schema.columns}
    return own.get(name, ColumnType.TEXT)
