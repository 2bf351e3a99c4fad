"""The figures of parcels, from the summaries that a merge made.

A collection without a feature on a parcel counts 0 there; one that was not merged, and a raster
without a value, leave the figure open.
"""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.store import ColumnType, Query, Snapshot, TableSchema
from gis_core.store.amend import Amendment
from layers.figures import Figure, figures, figures_schema
from layers.merging.inputs import Parcels
from layers.registry import Registry
from layers.spec import CollectionSpec, FieldType

_INTEGER, _NUMBER, _OBJECT = pd.Int64Dtype(), np.dtype(np.float64), np.dtype(object)
_DTYPES: dict[str, pd.Int64Dtype | np.dtype[Any]] = {"integer": _INTEGER, "number": _NUMBER}
_DECODER = json.JSONDecoder()


class Figures:
    """The figures of some parcels while a merge makes them, source by source."""

    def __init__(self, registry: Registry, parcels: CollectionSpec) -> None:
        self._figures = figures(registry)
        self._key, self._area = str(parcels.relation.key), parcels.relation.area
        self._covering = {c.id for _, c in registry.collections() if c.relation.covers}
        self._made: list[pd.DataFrame] = []
        self.schema: TableSchema = figures_schema(parcels, self._figures)

    def of_parcels(self, parcels: Parcels) -> None:
        """Take the official areas."""
        if self._area is not None:
            table = pd.DataFrame({self._area: parcels.official_m2}, index=parcels.fabric.key)
            self._made.append(table)

    def of_source(
        self, source: str, keys: NDArray[np.object_], summary: pd.DataFrame | None
    ) -> None:
        """Take what a collection or a raster says of parcels.

        Parameters
        ----------
        source
            The id of the collection or of the raster layer.
        keys
            (m,) text, unique: the parcels.
        summary
            Its summary, of these parcels or of more; None: there is nothing on any.
        """
        wanted = [f for f in self._figures if f.source == source]
        if not wanted:
            return
        columns: dict[str, object] = {}
        known = pd.Index([] if summary is None else summary["parcel_key"], dtype=object)
        at = known.get_indexer(pd.Index(keys, dtype=object))
        here = at >= 0
        for figure in wanted:
            if summary is not None and figure.column not in summary.columns:
                continue
            column = _nothing(figure, source, len(keys))
            if summary is not None:
                values = self._values(figure, summary.iloc[at[here]])
                column[here] = values
            columns[figure.field.name] = column
        made = pd.DataFrame(columns, index=keys)
        kinds = {f.field.name: _DTYPES.get(f.field.type.value, _OBJECT) for f in wanted}
        self._made.append(made.astype({n: k for n, k in kinds.items() if n in columns}))

    def _values(self, figure: Figure, summary: pd.DataFrame) -> NDArray[np.generic]:
        values = summary[figure.column].to_numpy()
        if figure.field.type is not FieldType.TEXT:
            return values
        if figure.source in self._covering:  # the parts are stored with the largest first
            return np.array([_first(text) for text in values], object)
        return np.array([_largest(text) for text in values], object)

    def frame(self, keys: NDArray[np.object_], former: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return the rows of these parcels, what was not made now as it was before."""
        columns: dict[str, object] = {self._key: keys}
        for column in self.schema.columns[1:]:
            parts = [made[column.name] for made in self._made if column.name in made]
            if former is not None:
                parts.insert(0, former[column.name])
            columns[column.name] = _laid_over(parts, keys, column.type)
        return pd.DataFrame(columns)

    def renew(self, merged: Snapshot, writer: Amendment, gone: Iterable[str]) -> None:
        """Replace the rows of the parcels of which something was made.

        Parameters
        ----------
        merged
            The links as they are served.
        gone
            Keys of which there is no parcel any more.
        """
        name = self.schema.name
        out = frozenset(gone)
        touched = out.union(*(made.index for made in self._made))
        stored = pd.DataFrame(merged.frame(name, Query(among={self._key: tuple(touched)})))
        table = writer.amend(name)
        table.delete(sorted(touched), by=self._key)
        keys = np.array(sorted(touched - out), object)
        if len(keys):
            table.append(self.frame(keys, stored.set_index(self._key, drop=False)))


def _nothing(figure: Figure, source: str, count: int) -> NDArray[np.generic]:
    if figure.field.type is FieldType.TEXT:
        return np.full(count, None, object)
    if figure.layer == source:  # a raster
        return np.full(count, np.nan)
    return np.zeros(count, np.int64 if figure.field.type is FieldType.INTEGER else np.float64)


def _laid_over(parts: list[pd.Series], keys: NDArray[np.object_], kind: ColumnType) -> pd.Series:
    """Return the last that is said of each key."""
    if len(parts) == 1 and len(parts[0]) == len(keys) and bool((parts[0].index == keys).all()):
        return parts[0].reset_index(drop=True)
    wanted = pd.Index(keys, dtype=object)
    cells = np.full(len(keys), None, object)
    for part in parts:
        at = wanted.get_indexer(pd.Index(part.index, dtype=object))
        cells[at[at >= 0]] = part.to_numpy(object)[at >= 0]
    dtype = _DTYPES.get(kind.value, _OBJECT)
    return pd.Series(
        pd.array(cells, dtype=dtype) if isinstance(dtype, pd.Int64Dtype) else cells.astype(dtype)
    )


def _first(areas: str) -> str | None:
    """Return the first name in ``{"name": area, …}`` without reading the rest."""
    if areas == "{}":
        return None
    name: str = _DECODER.raw_decode(areas, 1)[0]
    return name or None


def _largest(areas: str) -> str | None:
    parts: dict[str, float] = json.loads(areas)
    return max(parts, key=lambda name: parts[name], default="") or None
