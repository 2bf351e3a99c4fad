"""SQL text that looks at two generations at once; names are quoted, values bound."""

# ruff: noqa: S608 - what is pasted here went through `quote`

from collections.abc import Sequence

from gis_core.store.schema import FEATURE_ID, FID, GEOMETRY, TableSchema
from gis_core.store.sql.names import quote, rtree

APART = "_apart"  # added to a generation's schema name: its sealed file


def differing(
    mine: tuple[str, TableSchema],
    other: tuple[str, TableSchema],
    columns: Sequence[str],
    *,
    among: bool,
) -> str:
    """Return the query for ids of one generation's table that the other has not, or not so.

    ``among``: only ids of a JSON list, which is bound, are looked at.
    """
    ours, theirs = mine[1], other[1]
    compared = [*([GEOMETRY] if ours.geometry else []), *columns]
    pairs = [f"{_side('m', ours, c)} IS NOT {_side('o', theirs, c)}" for c in compared]
    text = f"SELECT mt.{quote(FEATURE_ID)} FROM {_stored(mine)} mt "
    text += f"LEFT JOIN {_stored(other)} ot ON ot.{quote(FEATURE_ID)} = mt.{quote(FEATURE_ID)} "
    for letter, (name, schema) in (("m", mine), ("o", other)):
        if schema.sealed_columns:
            text += f"LEFT JOIN {name}{APART}.{quote(schema.name)} {letter}s "
            text += f"ON {letter}s.{FID} = {letter}t.{FID} "
    wanted = f"mt.{quote(FEATURE_ID)} IN (SELECT value FROM json_each(?)) AND " if among else ""
    return text + f"WHERE {wanted}({' OR '.join([f'ot.{FID} IS NULL', *pairs])}) ORDER BY 1"


def ids_in_box(schema: TableSchema) -> str:
    """Return the query for ids of rows whose box meets a box (xmin, xmax, ymin, ymax)."""
    here = f"new{APART}" if schema.sealed_rows else "new"
    return (
        f"SELECT t.{quote(FEATURE_ID)} FROM {here}.{quote(rtree(schema.name))} r "
        f"JOIN {here}.{quote(schema.name)} t ON t.{FID} = r.id "
        "WHERE r.maxx >= ? AND r.minx <= ? AND r.maxy >= ? AND r.miny <= ?"
    )


def values_between(schema: TableSchema, column: str) -> str:
    """Return the query for a column's values from one to another."""
    return (
        f"SELECT DISTINCT {quote(column)} FROM {_stored(('new', schema))} "
        f"WHERE {quote(column)} >= ? AND {quote(column)} < ?"
    )


def _stored(table: tuple[str, TableSchema]) -> str:
    name, schema = table
    return f"{name}{APART if schema.sealed_rows else ''}.{quote(schema.name)}"


def _side(letter: str, schema: TableSchema, column: str) -> str:
    apart = any(c.name == column for c in schema.sealed_columns)
    return f"{letter}{'s' if apart else 't'}.{quote(column)}"
