"""The only place where SQL text is put together: names are quoted here, values are always bound."""

# ruff: noqa: S608 - what is pasted here went through `quote`; that is the purpose of the module

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gis_core.errors import StoreError
from gis_core.store.schema import FEATURE_ID, FID, GEOMETRY, Box, ColumnType, TableSchema

SEALED = "sealed"  # schema name under which the sealed file is attached

_SQL_TYPES = {
    ColumnType.TEXT: "TEXT",
    ColumnType.PARCEL_KEY: "TEXT",
    ColumnType.WORDS: "TEXT",
    ColumnType.INTEGER: "INTEGER",
    ColumnType.NUMBER: "REAL",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.DATETIME: "DATETIME",
    ColumnType.LIST: "TEXT",
}


def quote(name: str) -> str:
    """Quote an identifier. Names come from the registry, never from a request as they are."""
    if not name or "\0" in name:
        raise StoreError("an empty name or one with a NUL cannot be stored", name=repr(name))
    return '"' + name.replace('"', '""') + '"'


def names(columns: Iterable[str]) -> str:
    """Quote and join column names."""
    return ", ".join(map(quote, columns))


def rtree(table: str) -> str:
    """Name the R-tree of a table as GeoPackage demands."""
    return f"rtree_{table}_{GEOMETRY}"


# -- writing ---------------------------------------------------------------------------


def create_table(schema: TableSchema, *, sealed_part: bool, geometry_type: str) -> str:
    """Return the CREATE statement of the rows' table, or of its sealed columns' table."""
    parts = [f"{quote(FID)} INTEGER PRIMARY KEY NOT NULL"]
    if not sealed_part:
        if schema.geometry:
            parts.append(f"{quote(GEOMETRY)} {geometry_type}")
        if schema.keyed:
            parts.append(f"{quote(FEATURE_ID)} TEXT NOT NULL")
    columns = schema.sealed_columns if sealed_part else schema.open_columns
    parts += [f"{quote(c.name)} {_SQL_TYPES[c.type]}" for c in columns]
    return f"CREATE TABLE {quote(schema.name)} ({', '.join(parts)})"


STAGED_FIXED = ("hilbert", GEOMETRY, "minx", "maxx", "miny", "maxy", FEATURE_ID)


def create_staged(table: str, columns: Sequence[str]) -> str:
    """Return the CREATE statement of the table in which rows wait for their order.

    The declared columns are called c0, c1 …: their own names could clash with the fixed ones.
    """
    own = "".join(f", {quote(f'c{i}')}" for i in range(len(columns)))
    return f"CREATE TABLE {quote(table)} ({names(STAGED_FIXED)}{own})"


def insert_staged(table: str, columns: Sequence[str]) -> str:
    """Return the INSERT for one staged row."""
    count = len(STAGED_FIXED) + len(columns)
    return f"INSERT INTO {quote(table)} VALUES ({', '.join('?' * count)})"


def rank_staged(schema: TableSchema, table: str) -> str:
    """Return the statement that numbers the staged rows in their final order."""
    place = {FEATURE_ID: FEATURE_ID} | {c.name: f"c{i}" for i, c in enumerate(schema.columns)}
    keys = [place[name] for name in schema.order] if schema.geometry is None else []
    keys += [FEATURE_ID] if schema.keyed else [place[c.name] for c in schema.columns]
    lead = [f"hilbert IS NULL, {quote('hilbert')}"] if schema.geometry else []
    tail = [] if schema.keyed or not schema.geometry else [quote(GEOMETRY)]
    order = ", ".join([*lead, *map(quote, dict.fromkeys(keys)), *tail, "rowid"])
    return (
        f"INSERT INTO temp.ranked (source) SELECT rowid FROM stage.{quote(table)} ORDER BY {order}"
    )


def copy_ranked(schema: TableSchema, table: str, *, sealed_part: bool) -> str:
    """Return the statement that copies staged rows in rank order to where they belong."""
    columns = schema.sealed_columns if sealed_part else schema.open_columns
    place = {c.name: f"c{i}" for i, c in enumerate(schema.columns)}
    target = [FID]
    source = ["r.fid"]
    if not sealed_part:
        target += [GEOMETRY] if schema.geometry else []
        target += [FEATURE_ID] if schema.keyed else []
        source += [f"s.{quote(c)}" for c in target[1:]]
    target += [c.name for c in columns]
    source += [f"s.{quote(place[c.name])}" for c in columns]
    given = " OR ".join(f"s.{quote(place[c.name])} IS NOT NULL" for c in columns)
    where = f" WHERE {given}" if sealed_part else ""
    return (
        f"INSERT INTO {quote(schema.name)} ({names(target)}) SELECT {', '.join(source)} "
        f"FROM temp.ranked r JOIN stage.{quote(table)} s ON s.rowid = r.source{where} "
        "ORDER BY r.fid"
    )


def ranked_boxes(table: str) -> str:
    """Return the query for the staged boxes in rank order."""
    return (
        "SELECT r.fid, s.minx, s.maxx, s.miny, s.maxy "
        f"FROM temp.ranked r JOIN stage.{quote(table)} s ON s.rowid = r.source "
        "WHERE s.minx IS NOT NULL ORDER BY r.fid"
    )


def insert_rtree_node(table: str) -> str:
    """Return the INSERT (number, data) into the nodes of a table's R-tree.

    REPLACE, because SQLite makes an empty root when the R-tree is created.
    """
    return f"INSERT OR REPLACE INTO {quote(rtree(table) + '_node')} VALUES (?, ?)"


def insert_rtree_link(table: str, *, leaf: bool) -> str:
    """Return the INSERT (row or node, node that holds it) into a table's R-tree."""
    return f"INSERT INTO {quote(rtree(table) + ('_rowid' if leaf else '_parent'))} VALUES (?, ?)"


def create_rtree(table: str) -> str:
    """Return the CREATE statement of a table's R-tree."""
    return f"CREATE VIRTUAL TABLE {quote(rtree(table))} USING rtree(id, minx, maxx, miny, maxy)"


def staged_totals(table: str) -> str:
    """Return the query for the number of staged rows and the box around them."""
    return f"SELECT count(*), min(minx), min(miny), max(maxx), max(maxy) FROM {quote(table)}"


def staged_duplicate(table: str) -> str:
    """Return the query for a feature_id that was given more than once."""
    return (
        f"SELECT {quote(FEATURE_ID)} FROM stage.{quote(table)} "
        f"GROUP BY {quote(FEATURE_ID)} HAVING count(*) > 1 LIMIT 1"
    )


def create_index(table: str, column: str, *, unique: bool = False) -> str:
    """Return the CREATE statement of an index on one column."""
    kind = "UNIQUE INDEX" if unique else "INDEX"
    return f"CREATE {kind} {quote(f'{table}_{column}')} ON {quote(table)} ({quote(column)})"


def rtree_triggers(table: str, key: str, column: str) -> list[str]:
    """Return the triggers by which other programs keep the R-tree true when they edit a copy.

    Source: GeoPackage 1.3, annex F.3. ``ST_IsEmpty`` and its kin are the editor's functions.
    """
    t, i, c, r = quote(table), quote(key), quote(column), quote(rtree(table))
    box = ", ".join(f"ST_{side}(NEW.{c})" for side in ("MinX", "MaxX", "MinY", "MaxY"))
    given = f"NEW.{c} NOTNULL AND NOT ST_IsEmpty(NEW.{c})"
    gone = f"(NEW.{c} ISNULL OR ST_IsEmpty(NEW.{c}))"
    put = f"INSERT OR REPLACE INTO {r} VALUES (NEW.{i}, {box});"
    drop_old = f"DELETE FROM {r} WHERE id = OLD.{i};"
    bodies = {
        "insert": f"AFTER INSERT ON {t} WHEN ({given}) BEGIN {put} END",
        "update1": f"AFTER UPDATE OF {c} ON {t} WHEN OLD.{i} = NEW.{i} AND ({given}) "
        f"BEGIN {put} END",
        "update2": f"AFTER UPDATE OF {c} ON {t} WHEN OLD.{i} = NEW.{i} AND {gone} "
        f"BEGIN {drop_old} END",
        "update3": f"AFTER UPDATE ON {t} WHEN OLD.{i} != NEW.{i} AND ({given}) "
        f"BEGIN {drop_old} {put} END",
        "update4": f"AFTER UPDATE ON {t} WHEN OLD.{i} != NEW.{i} AND {gone} "
        f"BEGIN DELETE FROM {r} WHERE id IN (OLD.{i}, NEW.{i}); END",
        "delete": f"AFTER DELETE ON {t} WHEN OLD.{c} NOT NULL BEGIN {drop_old} END",
    }
    return [f"CREATE TRIGGER {quote(f'{rtree(table)}_{k}')} {v}" for k, v in bodies.items()]


# -- amending --------------------------------------------------------------------------


def find_rows(schema: TableSchema, column: str) -> str:
    """Return the query for number, feature_id and geometry of rows with one of some values."""
    wanted = [
        FID,
        *([FEATURE_ID] if schema.keyed else []),
        *([GEOMETRY] if schema.geometry else []),
    ]
    return (
        f"SELECT {names(wanted)} FROM {quote(schema.name)} "
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
    return f"INSERT INTO {quote(schema.name)} ({names(target)}) VALUES ({marks})"


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


def integrity_check(table: str | None = None, *, quick: bool = False) -> str:
    """Return the PRAGMA that checks a whole file, or one table of it.

    ``quick``: every page and every row's form, but not whether rows and indexes agree.
    """
    kind = "quick_check" if quick else "integrity_check"
    return f"PRAGMA {kind}({quote(table)})" if table else f"PRAGMA {kind}"


def check_rtree() -> str:
    """Return the query for SQLite's verdict on an R-tree, whose name is bound."""
    return "SELECT rtreecheck(?)"


def touch(file: str, table: str) -> str:
    """Return a query that opens a table and reads nothing."""
    return f"SELECT 1 FROM {quote(file)}.{quote(table)} LIMIT 0"


# -- reading ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of a WHERE clause, the values bound to it, and the columns that it looks at."""

    text: str
    values: tuple[object, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What `select` needs: all names belong to ``schema``; the caller has checked them."""

    schema: TableSchema
    columns: Sequence[str]
    conditions: Sequence[Condition] = ()
    sort: Sequence[tuple[str, bool]] = ()
    limit: int | None = None
    offset: int = 0


def place(schema: TableSchema) -> str:
    """Return the schema name of the file that holds the rows."""
    return SEALED if schema.sealed_rows else "main"


def alias(schema: TableSchema, column: str) -> str:
    """Return the qualified name of a column, whichever file it is in."""
    apart = any(c.name == column for c in schema.sealed_columns)
    return f"{'s' if apart else 't'}.{quote(column)}"


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


def in_box(schema: TableSchema, box: Box) -> Condition:
    """Return the condition that a row's box meets the box, by the R-tree: a superset."""
    xmin, ymin, xmax, ymax = box
    text = (
        f"t.{quote(FID)} IN (SELECT id FROM {place(schema)}.{quote(rtree(schema.name))} "
        "WHERE maxx >= ? AND minx <= ? AND maxy >= ? AND miny <= ?)"
    )
    return Condition(text, (xmin, xmax, ymin, ymax))


def select(statement: Statement) -> tuple[str, tuple[object, ...]]:
    """Return the text of a SELECT and the values bound to it; no columns: count the rows."""
    schema = statement.schema
    text = "SELECT " + (", ".join(alias(schema, c) for c in statement.columns) or "count(*)")
    text += f" FROM {place(schema)}.{quote(schema.name)} t"
    used = {*statement.columns, *(c for c, _ in statement.sort)}
    used |= {name for c in statement.conditions for name in c.columns}
    if used & {c.name for c in schema.sealed_columns}:
        text += f" LEFT JOIN {SEALED}.{quote(schema.name)} s ON s.{FID} = t.{FID}"
    if statement.conditions:
        text += " WHERE " + " AND ".join(c.text for c in statement.conditions)
    values = [v for c in statement.conditions for v in c.values]
    if statement.columns:
        sort = [f"{alias(schema, c)}{' DESC' if down else ''}" for c, down in statement.sort]
        text += f" ORDER BY {', '.join([*sort, f't.{FID}'])}"
        if statement.limit is not None or statement.offset:
            text += " LIMIT ? OFFSET ?"
            values += [-1 if statement.limit is None else statement.limit, statement.offset]
    return text, tuple(values)
