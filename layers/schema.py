"""How a collection is stored: the only place that turns a layer.toml into store tables.

A field of type ``parcel_key`` takes three columns, all of the field's access class:

``NAME``
    The canonical keys, joined by one blank where the field holds a list; missing where
    none could be read.
``NAME_as_filed``
    The source's spelling, untouched.
``NAME_confidence``
    One word per key, in the same order (exact, normalised, text, guessed).

A row whose key cannot be read is kept: it is the merge that reports it as being without a
parcel. `split_keys` undoes the joining.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.store.schema import Column, ColumnType, Shape, TableSchema
from layers.searching import searched
from layers.spec import (
    AS_FILED,
    CONFIDENCE,
    ENDED,
    UNMAPPED,
    Access,
    CollectionSpec,
    FieldSpec,
    FieldType,
    GeometryKind,
    Join,
)

UNMAPPED_TEXT = "unmapped"

_SHAPES = {
    GeometryKind.NONE: None,
    GeometryKind.POINT: Shape.POINT,
    GeometryKind.LINE: Shape.LINE,
    GeometryKind.POLYGON: Shape.POLYGON,
}


def table_schemas(spec: CollectionSpec, crs: int) -> tuple[TableSchema, ...]:
    """Return the tables of a collection: its features, then those that have ended, if it says.

    Parameters
    ----------
    crs
        EPSG code of the municipality's storage CRS.

    Notes
    -----
    Ended features (``source.ends_after``) are kept only to explain their keys and
    identifiers: with identity, keys, lifetime and the geometry if there was one. Of parcels all
    that is no secret is kept: what a parcel was is asked for long after it has ended.
    """
    shape = _SHAPES[spec.geometry]
    main = TableSchema(
        name=spec.id,
        columns=tuple(column for f in spec.fields for column in _columns(f)),
        geometry=shape,
        crs=crs if shape else None,
        sealed_rows=spec.access.sealed,
        indexed=_indexed(spec),
        published=_published(spec),
        searched=searched(spec),
        title=spec.title.get("de", spec.id),
    )
    if spec.source.ends_after is None:
        return (main,)
    kept = [f for f in spec.fields if f.name in ended_fields(spec)]
    ended = TableSchema(
        name=spec.id + ENDED,
        columns=tuple(column for f in kept for column in _columns(f)),
        geometry=shape,
        crs=crs if shape else None,
        sealed_rows=spec.access.sealed,
        title=f"{main.title} (beendet)",
    )
    return main, ended


def unmapped_schema(spec: CollectionSpec) -> TableSchema:
    """Return the table with what no field of the collection takes: JSON text by feature."""
    return TableSchema(
        name=spec.id + UNMAPPED,
        columns=(Column(UNMAPPED_TEXT),),
        sealed_rows=True,
        title=f"{spec.title.get('de', spec.id)} (nicht zugeordnet)",
    )


def ended_fields(spec: CollectionSpec) -> frozenset[str]:
    """Return the names of the fields that are kept of ended features."""
    if spec.relation.by is Join.SELF:
        return frozenset(
            f.name for f in spec.fields if not f.access.sealed or f.name in _kept(spec)
        )
    return _kept(spec)


def _indexed(spec: CollectionSpec) -> tuple[str, ...]:
    stated = [f.name for f in spec.fields if f.indexed]
    return tuple(dict.fromkeys([*filter(None, [spec.relation.address]), *stated]))


def _kept(spec: CollectionSpec) -> frozenset[str]:
    keys = [f.name for f in spec.fields if f.type is FieldType.PARCEL_KEY]
    lifetime = [spec.source.begins_at, spec.source.ends_after]
    return frozenset([*spec.identity, *keys, *filter(None, lifetime)])


def split_keys(
    frame: pd.DataFrame, field: FieldSpec
) -> tuple[NDArray[np.intp], NDArray[np.object_], NDArray[np.object_]]:
    """Return the parcel keys of a stored key field, one per line.

    Parameters
    ----------
    frame
        Rows with the columns ``NAME`` and ``NAME_confidence`` of the field.

    Returns
    -------
    row : (k,) intp
        Position in ``frame``; rows without a readable key do not occur.
    key, confidence : (k,) object
        Canonical key and how sure it is.
    """
    some = np.flatnonzero(frame[field.name].notna())
    keys = frame[field.name].to_numpy(dtype=object)
    sure = frame[field.name + CONFIDENCE].to_numpy(dtype=object)
    if not field.separators:
        return some, keys[some], sure[some]
    parts = [keys[i].split(" ") for i in some]
    row = np.repeat(some, [len(p) for p in parts])
    flat = np.array([key for p in parts for key in p], dtype=object)
    words = np.array([word for i in some for word in sure[i].split(" ")], dtype=object)
    return row, flat, words


def _published(spec: CollectionSpec) -> tuple[str, ...] | None:
    """Name the fields that everybody may read, of rows that everybody may know of."""
    if spec.access is not Access.PUBLIC:
        return None
    return tuple(f.name for f in spec.fields if f.access is Access.PUBLIC)


def _columns(field: FieldSpec) -> tuple[Column, ...]:
    sealed = field.access.sealed
    if field.type is not FieldType.PARCEL_KEY:
        return (Column(field.name, ColumnType(field.type.value), sealed),)
    kind = ColumnType.WORDS if field.separators else ColumnType.PARCEL_KEY
    beside = [Column(field.name + tail, sealed=sealed) for tail in (AS_FILED, CONFIDENCE)]
    return (Column(field.name, kind, sealed), *beside)
