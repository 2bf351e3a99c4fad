"""Statements that answer a query: conditions and the SELECT; values are always bound."""

# ruff: noqa: S608 - what is pasted here went through `quote`; that is the purpose of the module

import json
from collections.abc import Sequence
from dataclasses import dataclass

from gis_core.store.schema import FID, Box, ColumnType, TableSchema
from gis_core.store.sql.names import SEALED, alias, aliases, place, quote, rtree


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of a WHERE clause, the values bound to it, and the columns that it looks at."""

    text: str
    values: tuple[object, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What `select` needs: all names belong to ``schema``; the caller has checked them.

    ``ordered`` False: in any order, so that SQLite is free to choose its way.
    """

    schema: TableSchema
    columns: Sequence[str]
    conditions: Sequence[Condition] = ()
    sort: Sequence[tuple[str, bool]] = ()
    limit: int | None = None
    offset: int = 0
    ordered: bool = True


def equals(schema: TableSchema, column: str, value: object) -> Condition:
    """Return the condition that a column has a value; a list or words: that it is among them."""
    name = alias(schema, column)
    if value is None:
        return Condition(f"{name} IS NULL", (), (column,))
    kind = _kind(schema, column)
    if kind is ColumnType.LIST:
        text = f"EXISTS (SELECT 1 FROM json_each({name}) j WHERE j.value = ?)"
    else:
        text = _holds_word(name, "?") if kind is ColumnType.WORDS else f"{name} = ?"
    return Condition(text, (value,), (column,))


def any_of(schema: TableSchema, column: str, values: Sequence[object]) -> Condition:
    """Return the condition that a column has (a list, words: contain) one of the values.

    They are bound as one JSON array, so their number is free.
    """
    name = alias(schema, column)
    kind = _kind(schema, column)
    if kind is ColumnType.LIST:
        text = (
            f"EXISTS (SELECT 1 FROM json_each({name}) j "
            "WHERE j.value IN (SELECT value FROM json_each(?)))"
        )
    elif kind is ColumnType.WORDS:
        text = f"EXISTS (SELECT 1 FROM json_each(?) j WHERE {_holds_word(name, 'j.value')})"
    else:
        text = f"{name} IN (SELECT value FROM json_each(?))"
    return Condition(text, (json.dumps(list(values)),), (column,))


def _holds_word(name: str, word: str) -> str:
    return f"instr(' ' || {name} || ' ', ' ' || {word} || ' ') > 0"


def _kind(schema: TableSchema, column: str) -> ColumnType | None:
    return next((c.type for c in schema.columns if c.name == column), None)


def in_box(schema: TableSchema, box: Box, least_area: float = 0.0) -> Condition:
    """Return the condition that a row's box meets the box, by the R-tree: a superset.

    ``least_area``: that of its own box, at least.
    """
    xmin, ymin, xmax, ymax = box
    large = " AND (maxx - minx) * (maxy - miny) >= ?" if least_area else ""
    text = (
        f"t.{quote(FID)} IN (SELECT id FROM {place(schema)}.{quote(rtree(schema.name))} "
        f"WHERE maxx >= ? AND minx <= ? AND maxy >= ? AND miny <= ?{large})"
    )
    return Condition(text, (xmin, xmax, ymin, ymax, *([least_area] if least_area else [])))


def select(statement: Statement) -> tuple[str, tuple[object, ...]]:
    """Return the text of a SELECT and the values bound to it; no columns: count the rows."""
    schema = statement.schema
    text = "SELECT " + (", ".join(aliases(schema, statement.columns)) or "count(*)")
    text += f" FROM {place(schema)}.{quote(schema.name)} t"
    used = {*statement.columns, *(c for c, _ in statement.sort)}
    used |= {name for c in statement.conditions for name in c.columns}
    if used & {c.name for c in schema.sealed_columns}:
        text += f" LEFT JOIN {SEALED}.{quote(schema.name)} s ON s.{FID} = t.{FID}"
    if statement.conditions:
        text += " WHERE " + " AND ".join(c.text for c in statement.conditions)
    values = [v for c in statement.conditions for v in c.values]
    if statement.columns and statement.ordered:
        sort = [f"{alias(schema, c)}{' DESC' if down else ''}" for c, down in statement.sort]
        text += f" ORDER BY {', '.join([*sort, f't.{FID}'])}"
        if statement.limit is not None or statement.offset:
            text += " LIMIT ? OFFSET ?"
            values += [-1 if statement.limit is None else statement.limit, statement.offset]
    return text, tuple(values)


def touch(file: str, table: str) -> str:
    """Return a query that opens a table and reads nothing."""
    return f"SELECT 1 FROM {quote(file)}.{quote(table)} LIMIT 0"
