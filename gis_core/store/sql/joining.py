"""The statement that makes a table out of others for one connection."""

# ruff: noqa: S608 - what is pasted here went through `quote`; that is the purpose of the module

from collections.abc import Sequence

from gis_core.store.join import Fellow, First, Join, Own, Ratio, Source, Words
from gis_core.store.schema import FEATURE_ID, FID
from gis_core.store.sql.names import BESIDE, VIEWS, quote


def create_view(join: Join, columns: Sequence[str]) -> str:
    """Return the statement that makes the view with some columns."""
    told = [(FID, Own(FID)), (FEATURE_ID, join.feature_id)]
    told += [(name, join.columns[name]) for name in columns]
    listed = ", ".join(f"{_value(source)} AS {quote(name)}" for name, source in told)
    return (
        f"CREATE TEMP VIEW {quote(join.schema.name)} AS SELECT {listed} "
        f"FROM main.{quote(join.rows)} b JOIN {BESIDE}.{quote(join.fellows)} f "
        f"ON f.{quote(join.key)} = b.{quote(join.of)}"
    )


def touch_view(name: str) -> str:
    """Return a query that sets up a view and reads nothing."""
    return f"SELECT 1 FROM {VIEWS}.{quote(name)} LIMIT 0"


def _value(source: Source) -> str:
    if isinstance(source, Own):
        return f"b.{quote(source.name)}"
    if isinstance(source, Fellow):
        return f"f.{quote(source.name)}"
    if isinstance(source, Words):
        return f"({' || '.join(map(_value, source.parts))})"
    if isinstance(source, Ratio):
        return f"({_value(source.number)} / {_value(source.by)})"
    return _first(source)


def _first(source: First) -> str:
    value = f"p.{quote(source.name)}"
    if source.otherwise is not None:
        value = f"CASE WHEN {value} IS NULL THEN b.{quote(source.otherwise)} ELSE {value} END"
    table = f"{BESIDE if source.beside else 'main'}.{quote(source.table)}"
    return (
        f"(SELECT {value} FROM {table} p WHERE p.{quote(source.key)} = b.{quote(source.of)} "
        f"ORDER BY p.{FID} LIMIT 1)"
    )
