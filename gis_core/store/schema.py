"""What a stored table and a generation look like, as plain frozen data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gis_core.errors import StoreError

FEATURE_ID = "feature_id"
GEOMETRY = "geometry"
FID = "fid"
_OWN = frozenset({GEOMETRY, FID})

Box = tuple[float, float, float, float]
Searched = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""Columns whose words are searched; of each, what its codes are called in words."""


class ColumnType(StrEnum):
    """The type of a column's values, and what a frame holds for them.

    text, parcel_key: ``str``; words: ``str``, several with one blank between them; integer:
    ``Int64``; number: ``float64``; boolean: ``boolean``; date and datetime: ``datetime64``
    (second, millisecond; datetimes are UTC without a zone); list: Python lists of text.
    Missing values stay missing.
    """

    TEXT = "text"
    PARCEL_KEY = "parcel_key"
    WORDS = "words"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    LIST = "list"


class Shape(StrEnum):
    """The kind of geometry; lines and polygons are always stored as their multi kind."""

    POINT = "point"
    LINE = "line"
    POLYGON = "polygon"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``sealed``: its values go to the sealed file and nowhere else."""

    name: str
    type: ColumnType = ColumnType.TEXT
    sealed: bool = False

    def __post_init__(self) -> None:
        """Take the type's name for the type."""
        object.__setattr__(self, "type", ColumnType(self.type))


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table to write.

    Attributes
    ----------
    name
        Usually the collection's id.
    columns
        Without ``geometry`` and, where rows are keyed, ``feature_id``: they need no
        declaration.
    geometry
        None for a table without a place.
    crs
        EPSG code of the geometry; needed when there is one.
    sealed_rows
        The whole table goes to the sealed file. An open and a sealed table may
        share a name.
    keyed
        Rows are features: the frame carries a unique, non-empty ``feature_id``.
        Without it (link tables) rows need no identity, and a column may be called so.
    order
        Columns that give rows without geometry their order; default: ``feature_id``,
        else all columns. Rows with geometry are in Hilbert order of the box centre.
    indexed
        Columns to index beside ``feature_id`` and all of type ``parcel_key``.
    together
        Open columns of one more index, in this order: what is asked of them alone is answered
        from it, and a range of the first one reads no more than that.
    published
        Columns that everybody may read: of these, with id and place, ready GeoJSON is kept
        beside the table (`gis_core.store.fragments`). None: there is none.
    searched
        Open columns whose words are kept beside the table (`gis_core.store.words`).
    view
        It is no table: its rows are made of others' when they are read (`Join`).
    """

    name: str
    columns: tuple[Column, ...]
    geometry: Shape | None = None
    crs: int | None = None
    sealed_rows: bool = False
    keyed: bool = True
    order: tuple[str, ...] = ()
    indexed: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    published: tuple[str, ...] | None = None
    searched: Searched = ()
    title: str = ""
    view: bool = False

    def __post_init__(self) -> None:
        """Check that the schema agrees with itself."""
        if self.geometry is not None:
            object.__setattr__(self, "geometry", Shape(self.geometry))
            if self.crs is None:
                raise StoreError(f"table {self.name}: geometry without a CRS", table=self.name)
        names = [c.name for c in self.columns]
        for name in names:
            if name.casefold() in _OWN or (self.keyed and name == FEATURE_ID):
                raise StoreError(
                    f"a column cannot be called {name!r}: the store needs the name",
                    advice="Rename the field in layer.toml.",
                    table=self.name,
                    column=name,
                )
        if len(set(map(str.casefold, names))) != len(names):
            raise StoreError(f"table {self.name}: a column is given twice", table=self.name)
        for name in (*self.order, *self.indexed):
            if name not in names and not (self.keyed and name == FEATURE_ID):
                raise StoreError(f"table {self.name}: no column {name!r}", table=self.name)
        apart = {c.name for c in self.sealed_columns}
        for name in (*self.together, *(name for name, _ in self.searched)):
            if name not in names or name in apart:
                raise StoreError(f"table {self.name}: no open column {name!r}", table=self.name)
        self._check_published()

    def _check_published(self) -> None:
        if self.published is None:
            return
        open_to_all = {c.name for c in self.columns if not c.sealed and not self.sealed_rows}
        for name in self.published:
            if name not in open_to_all:
                raise StoreError(
                    f"table {self.name}: {name!r} cannot be published: it is no open column",
                    table=self.name,
                )
        if self.sealed_rows or not self.keyed or not self.name.isidentifier():
            raise StoreError(
                f"table {self.name}: only open rows with an identity are published",
                table=self.name,
            )

    def column(self, name: str) -> Column:
        """Return the column of that name; KeyError when there is none."""
        for c in self.columns:
            if c.name == name:
                return c
        raise KeyError(name)

    @property
    def open_columns(self) -> tuple[Column, ...]:
        """Columns in the file that holds the rows."""
        return tuple(c for c in self.columns if self.sealed_rows or not c.sealed)

    @property
    def sealed_columns(self) -> tuple[Column, ...]:
        """Columns kept apart from rows that are open themselves."""
        return () if self.sealed_rows else tuple(c for c in self.columns if c.sealed)

    @property
    def index_columns(self) -> tuple[Column, ...]:
        """Columns with an index of their own."""
        return tuple(
            c for c in self.columns if c.name in self.indexed or c.type is ColumnType.PARCEL_KEY
        )


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A written table: its schema, how many rows, and the box around all of them."""

    schema: TableSchema
    count: int
    bounds: Box | None = None


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """One immutable generation of a layer and where it came from.

    ``provenance`` is what the import recorded: sources with checksum, operation and
    accuracy, counts; for merges ``inputs`` (layer → generation number).
    """

    layer: str
    number: int
    imported_at: datetime
    data_date: date | None
    provenance: Mapping[str, object]
    tables: tuple[TableInfo, ...]
    attachments: tuple[str, ...]
    path: Path = field(compare=False)

    def table(self, name: str, *, sealed: bool | None = None) -> TableInfo | None:
        """Return the table of that name (open before sealed), None when absent."""
        found = [
            t
            for t in self.tables
            if t.schema.name == name and sealed in {None, t.schema.sealed_rows}
        ]
        return min(found, key=lambda t: t.schema.sealed_rows, default=None)

    @property
    def inputs(self) -> Mapping[str, int]:
        """The generations that a merge was made from, by layer."""
        stated = self.provenance.get("inputs")
        return MappingProxyType(dict(stated) if isinstance(stated, dict) else {})


def manifest_text(tables: tuple[TableInfo, ...], attachments: tuple[str, ...]) -> str:
    """Write the tables of a generation as JSON, for the catalogue."""
    return json.dumps(
        {"tables": [_table_record(t) for t in tables], "attachments": list(attachments)},
        ensure_ascii=False,
    )


def manifest_from(text: str) -> tuple[tuple[TableInfo, ...], tuple[str, ...]]:
    """Read what `manifest_text` wrote."""
    record = json.loads(text)
    return tuple(_table_from(t) for t in record["tables"]), tuple(record["attachments"])


def _table_record(info: TableInfo) -> dict[str, object]:
    schema = info.schema
    return {
        "name": schema.name,
        "title": schema.title,
        "geometry": schema.geometry,
        "crs": schema.crs,
        "sealed_rows": schema.sealed_rows,
        "keyed": schema.keyed,
        "order": schema.order,
        "indexed": schema.indexed,
        "together": schema.together,
        "published": schema.published,
        "searched": schema.searched,
        "columns": [[c.name, c.type, c.sealed] for c in schema.columns],
        "count": info.count,
        "bounds": info.bounds,
    }


def _table_from(record: Mapping[str, Any]) -> TableInfo:
    columns = tuple(
        Column(name, ColumnType(kind), sealed) for name, kind, sealed in record["columns"]
    )
    published = record.get("published")  # unknown to older imports
    schema = TableSchema(
        name=record["name"],
        columns=columns,
        geometry=record["geometry"],
        crs=record["crs"],
        sealed_rows=record["sealed_rows"],
        keyed=record["keyed"],
        order=tuple(record["order"]),
        indexed=tuple(record["indexed"]),
        together=tuple(record.get("together", ())),  # unknown to older imports
        published=None if published is None else tuple(published),
        searched=tuple(
            (name, tuple((code, words) for code, words in spoken))
            for name, spoken in record.get("searched", ())
        ),
        title=record["title"],
    )
    bounds = record["bounds"]
    return TableInfo(schema, record["count"], tuple(bounds) if bounds else None)
