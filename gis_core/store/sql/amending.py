"""Statements that change a copy of a generation row by row."""

# ruff: noqa: S608 - what is pasted here went through `quote`; that is the purpose of the module

from gis_core.store.schema import FEATURE_ID, FID, GEOMETRY, TableSchema
from gis_core.store.sql.names import quote, quoted, rtree


def find_rows(schema: TableSchema, column: str) -> str:
    """Return the query for number, feature_id and geometry of rows with one of some values."""
    wanted = [
        FID,
        *([FEATURE_ID] if schema.keyed else []),
        *([GEOMETRY] if schema.geometry else []),
    ]
    return (
        f"SELECT {quoted(wanted)} FROM {quote(schema.name)} "
        f"WHERE {quote(column)} IN (SELECT value FROM json_each(?))"
    )


def delete_row(table: str) -> str:
    """Return the DELETE for the row of one number."""
    return f"DELETE FROM {quote(table)} WHERE {FID} = ?"


def insert_row(schema: TableSchema, *, sealed_part: bool) -> str:
    """Return the INSERT for a finished row: number, place and id as far as there are, columns."""
    target = [FID]
    if not sealed_part:
        target += [GEOMETRY] if schema.geometry else []
        target += [FEATURE_ID] if schema.keyed else []
    target += [c.name for c in (schema.sealed_columns if sealed_part else schema.open_columns)]
    marks = ", ".join("?" * len(target))
    return f"INSERT INTO {quote(schema.name)} ({quoted(target)}) VALUES ({marks})"


def last_row(table: str) -> str:
    """Return the query for the highest row number."""
    return f"SELECT max({FID}) FROM {quote(table)}"


def delete_box(table: str) -> str:
    """Return the DELETE of one row's box."""
    return f"DELETE FROM {quote(rtree(table))} WHERE id = ?"


def insert_box(table: str) -> str:
    """Return the INSERT (row, minx, maxx, miny, maxy) of one row's box."""
    return f"INSERT INTO {quote(rtree(table))} VALUES (?, ?, ?, ?, ?)"


def outermost(table: str, side: str) -> str:
    """Return the query for the outermost value of one side of the R-tree's boxes."""
    return f"SELECT {side[:3]}({side}) FROM {quote(rtree(table))}"


def shapes_at_side(table: str, side: str) -> str:
    """Return the query for the geometries whose box reaches a value on one side."""
    reaches = "<=" if side.startswith("min") else ">="
    return (
        f"SELECT {quote(GEOMETRY)} FROM {quote(table)} "
        f"WHERE {FID} IN (SELECT id FROM {quote(rtree(table))} WHERE {side} {reaches} ?)"
    )


def drop_table(schema: TableSchema) -> list[str]:
    """Return the statements that remove a table with its R-tree."""
    tables = [*([rtree(schema.name)] if schema.geometry else []), schema.name]
    return [f"DROP TABLE {quote(name)}" for name in tables]
