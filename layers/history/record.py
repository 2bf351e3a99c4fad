"""How the history is stored: two tables in a pseudo-layer of its own.

``version_COLLECTION``
    Former versions of parcels with all that was known of them, their geometry, and when they
    were valid. ``basis`` says whether the source stated the end or whether it was noticed,
    because a later delivery no longer held the parcel.
``lineage_COLLECTION``
    The links of every event, old key to new key, with area and shares.

The newest generation holds everything: a step of the history copies the former one and adds to
it, so nothing is lost when old generations are dropped.
"""

from collections.abc import Iterable

import pandas as pd

from gis_core.store import Column, ColumnType, TableSchema
from layers.access import link_access
from layers.schema import table_schemas
from layers.spec import CollectionSpec

STATED, NOTICED = "stated", "noticed"
VALID_FROM, VALID_TO, BASIS = "valid_from", "valid_to", "basis"

_LINEAGE = (
    Column("event"),
    Column("at", ColumnType.DATETIME),
    Column("kind"),
    Column("basis"),
    Column("old_key", ColumnType.PARCEL_KEY),
    Column("new_key", ColumnType.PARCEL_KEY),
    Column("area_m2", ColumnType.NUMBER),
    Column("share_old", ColumnType.NUMBER),
    Column("share_new", ColumnType.NUMBER),
)


def version_table(collection: str) -> str:
    """Name the table of former versions."""
    return f"version_{collection}"


def lineage_table(collection: str) -> str:
    """Name the table of links from old to new parcels."""
    return f"lineage_{collection}"


def version_schema(spec: CollectionSpec, crs: int) -> TableSchema:
    """Return the schema of former versions: the parcels' own columns, and their lifetime."""
    main = table_schemas(spec, crs)[0]
    lifetime = (
        Column(VALID_FROM, ColumnType.DATETIME),
        Column(VALID_TO, ColumnType.DATETIME),
        Column(BASIS),
    )
    taken = {column.name for column in lifetime}
    return TableSchema(
        name=version_table(spec.id),
        columns=(*(c for c in main.columns if c.name not in taken), *lifetime),
        geometry=main.geometry,
        crs=main.crs,
        sealed_rows=main.sealed_rows,
        title=f"{main.title} (frühere Fassungen)",
    )


def lineage_schema(spec: CollectionSpec) -> TableSchema:
    """Return the schema of the links."""
    return TableSchema(
        name=lineage_table(spec.id),
        columns=_LINEAGE,
        keyed=False,
        sealed_rows=link_access(spec).sealed,
        order=("at", "event", "old_key", "new_key"),
        indexed=("event",),
        title=f"{spec.title['de']}: Vorgänger und Nachfolger",
    )


def version_ids(ids: Iterable[str], begins: pd.Series, ends: pd.Series) -> list[str]:
    """Return ids of versions: the parcel's own and when the version began, else when it ended."""
    said = [
        "@" + (f"{first:%Y%m%dT%H%M%S}" if pd.notna(first) else f"-{last:%Y%m%dT%H%M%S}")
        for first, last in zip(begins, ends, strict=True)
    ]
    return [f"{name}{tail}" for name, tail in zip(ids, said, strict=True)]


def looked_up(keys: pd.Series, moments: pd.Series) -> pd.Series:
    """Return the moment that each key has, NaT where it has none."""
    found = moments.reindex(keys.to_numpy()).to_numpy("datetime64[s]")
    return pd.Series(found, keys.index)
