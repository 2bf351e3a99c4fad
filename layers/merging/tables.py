"""How links, summaries and leftovers are stored; the reader finds them by these names.

``link_COLLECTION``, ``summary_COLLECTION`` and, for all collections together, ``unmatched``.
What is a secret in a collection is one here: its tables go to the sealed file whole, and a
sum or a count of a sealed field goes there as a column.
"""

import numpy as np
import pandas as pd

from gis_core.merge.links import COLUMNS
from gis_core.store import Column, ColumnType, TableSchema
from layers.access import link_access
from layers.merging.inputs import Features
from layers.merging.joins import Joined
from layers.spec import CollectionSpec, FieldType

UNMATCHED = "unmatched"

_LINK_TYPES = {
    "parcel_key": ColumnType.PARCEL_KEY,
    "share": ColumnType.NUMBER,
    "distance_m": ColumnType.NUMBER,
    "area_m2": ColumnType.NUMBER,
    "boundary": ColumnType.BOOLEAN,
    "sliver": ColumnType.BOOLEAN,
}
_SUMMARY_TYPES = {
    "parcel_key": ColumnType.PARCEL_KEY,
    "counts": ColumnType.TEXT,
    "areas": ColumnType.TEXT,
    "classes": ColumnType.TEXT,
    "beyond_bound": ColumnType.BOOLEAN,
    **dict.fromkeys(("n", "boundary", "nearest", "cells"), ColumnType.INTEGER),
}


def link_schema(spec: CollectionSpec) -> TableSchema:
    """Return the schema of a collection's links."""
    return TableSchema(
        name=f"link_{spec.id}",
        columns=tuple(Column(n, _LINK_TYPES.get(n, ColumnType.TEXT)) for n in COLUMNS),
        keyed=False,
        sealed_rows=link_access(spec).sealed,
        order=("feature_id", "parcel_key"),
        indexed=("feature_id",),
        title=f"{spec.title['de']}: Flurstücksbezug",
    )


def summary_schema(name: str, table: pd.DataFrame, spec: CollectionSpec | None) -> TableSchema:
    """Return the schema of a summary with these columns; ``spec`` is None for rasters."""
    return TableSchema(
        name=f"summary_{name}",
        columns=tuple(_summary_column(str(n), spec) for n in table.columns),
        keyed=False,
        sealed_rows=spec is not None and link_access(spec).sealed,
        order=("parcel_key",),
        title=f"{spec.title['de'] if spec else name}: je Flurstück",
    )


def unmatched_schema(*, sealed: bool) -> TableSchema:
    """Return the schema of what found no parcel."""
    names = ("collection", "feature_id", "found", "reason", "detail")
    return TableSchema(
        name=UNMATCHED,
        columns=(*map(Column, names), Column("candidates", ColumnType.LIST)),
        keyed=False,
        sealed_rows=sealed,
        order=("collection", "feature_id", "found"),
        indexed=("collection",),
        title="Ohne Flurstücksbezug",
    )


def unmatched_table(spec: CollectionSpec, features: Features, joined: Joined) -> pd.DataFrame:
    """Return the cases of a collection without a parcel, sorted by feature."""
    cases = joined.unmatched
    return pd.DataFrame(
        {
            "collection": np.full(len(cases), spec.id, object),
            "feature_id": features.ids[cases.feature],
            "found": cases.found,
            "reason": cases.reason,
            "detail": np.array(joined.detail or [""] * len(cases), object),
            "candidates": [list(c) for c in cases.candidates],
        }
    )


def _summary_column(name: str, spec: CollectionSpec | None) -> Column:
    if spec is None:
        return Column(name, _SUMMARY_TYPES.get(name, ColumnType.NUMBER))
    source = _field_of(name, spec)
    sealed = source is not None and spec.field(source).access.sealed
    if name.startswith("sum_") and source is not None:
        whole = spec.field(source).type is FieldType.INTEGER
        return Column(name, ColumnType.INTEGER if whole else ColumnType.NUMBER, sealed)
    return Column(name, _SUMMARY_TYPES.get(name, ColumnType.NUMBER), sealed)


def _field_of(column: str, spec: CollectionSpec) -> str | None:
    """Return the field that a column of a summary rests on."""
    if column in {"counts", "areas"}:
        return spec.relation.counts_by
    return next((f for f in spec.relation.sums if column == f"sum_{f}"), None)
