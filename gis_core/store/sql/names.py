"""Names in SQL text: quoted in one place, and in which file they are looked for."""

from collections.abc import Iterable

from gis_core.errors import StoreError
from gis_core.store.schema import GEOMETRY, TableSchema

SEALED = "sealed"  # schema name under which the sealed file is attached
BESIDE = "beside"  # the same of the open file of another generation
VIEWS = "temp"


def quote(name: str) -> str:
    """Quote an identifier. Names come from the registry, never from a request as they are."""
    if not name or "\0" in name:
        raise StoreError("an empty name or one with a NUL cannot be stored", name=repr(name))
    return '"' + name.replace('"', '""') + '"'


def quoted(columns: Iterable[str]) -> str:
    """Quote and join column names."""
    return ", ".join(map(quote, columns))


def rtree(table: str) -> str:
    """Name the R-tree of a table as GeoPackage demands."""
    return f"rtree_{table}_{GEOMETRY}"


def place(schema: TableSchema) -> str:
    """Return the schema name of the file that holds the rows."""
    if schema.view:
        return VIEWS
    return SEALED if schema.sealed_rows else "main"


def alias(schema: TableSchema, column: str) -> str:
    """Return the qualified name of a column, whichever file it is in."""
    return aliases(schema, (column,))[0]


def aliases(schema: TableSchema, columns: Iterable[str]) -> list[str]:
    """Return the qualified names of columns."""
    apart = {c.name for c in schema.sealed_columns}
    return [f"{'s' if c in apart else 't'}.{quote(c)}" for c in columns]
