"""Statements that build the tables of a generation: rows staged, ranked and copied in order."""

# ruff: noqa: S608 - what is pasted here went through `quote`; that is the purpose of the module

from collections.abc import Sequence

from gis_core.store.schema import FEATURE_ID, FID, GEOMETRY, ColumnType, TableSchema
from gis_core.store.sql.names import quote, quoted, rtree

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
    return f"CREATE TABLE {quote(table)} ({quoted(STAGED_FIXED)}{own})"


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
        f"INSERT INTO {quote(schema.name)} ({quoted(target)}) SELECT {', '.join(source)} "
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


def create_joint_index(table: str, columns: Sequence[str]) -> str:
    """Return the CREATE statement of the one index on several columns."""
    return f"CREATE INDEX {quote(f'{table} together')} ON {quote(table)} ({quoted(columns)})"


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
