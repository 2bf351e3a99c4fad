"""Rows of many kinds in document order become tables of one kind each, of bounded size."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis_core.faults import Fault
from layers.formats.gml_feature import Feature, Values
from layers.source import SourceCRS, SourceTable

ROWS_PER_KIND = 20_000
ROWS_IN_ALL = 50_000


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table of one kind looks like.

    Attributes
    ----------
    columns
        Its columns, each there even when empty; None: whatever the rows have.
    lists
        Columns that always hold lists; the others do where a value repeats.
    place
        Whether its rows have a geometry.
    bag
        Whether values without a column are kept per row.
    """

    columns: tuple[str, ...] | None = None
    lists: Collection[str] = frozenset()
    place: bool = True
    bag: bool = True


@dataclass(slots=True)
class _Pending:
    """Rows of one kind and one reference system, not yet handed out."""

    kind: str
    crs: SourceCRS | None
    shape: Shape
    rows: list[int] = field(default_factory=list)
    found: list[Values] = field(default_factory=list)
    geometry: list[BaseGeometry | None] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def table(self, file: str) -> SourceTable:
        columns = self.shape.columns
        more = None
        if columns is None:
            columns = tuple(dict.fromkeys(name for row in self.found for name in row))
        elif self.shape.bag:
            known = set(columns)
            more = [_rest(row, known) for row in self.found]
        cells = {name: self._cells(name) for name in columns}
        place = _objects(self.geometry) if self.shape.place else None
        return SourceTable(
            file=file,
            kind=self.kind,
            rows=np.array(self.rows, dtype=np.int64),
            attributes=pd.DataFrame(cells, columns=list(columns)),
            geometry=place,
            crs=self.crs,
            faults=tuple(self.faults),
            more=more,
        )

    def _cells(self, name: str) -> NDArray[np.object_]:
        """Return a column: lists, or text with a list only where a value repeats."""
        as_list = name in self.shape.lists
        cells = np.empty(len(self.found), dtype=object)
        for i, row in enumerate(self.found):
            values = row.get(name)
            if as_list:
                cells[i] = values or []
            elif values is not None:
                cells[i] = values[0] if len(values) == 1 else values
        return cells


class Chunks:
    """Collects features by kind and reference system and hands out full tables.

    Parameters
    ----------
    file
        Name to show.
    shapes
        What is known of the kinds; a kind that is not in it has free columns.
    """

    def __init__(self, file: str, shapes: Mapping[str, Shape]) -> None:
        self._file = file
        self._shapes = shapes
        self._pending: dict[tuple[str, SourceCRS | None], _Pending] = {}
        self._count = 0
        self._crs: dict[str, SourceCRS | None] = {}

    def add(self, row: int, feature: Feature) -> Iterator[SourceTable]:
        """Take a row in; yield what has become full by it.

        A feature whose geometry could not be read becomes a fault of its table.
        """
        pending = self._of(feature)
        if feature.problem is not None:
            pending.faults.append(
                Fault(
                    self._file,
                    row,
                    "geometry",
                    feature.problem.found,
                    feature.problem.expected,
                    "geometry-unreadable",
                )
            )
        else:
            pending.rows.append(row)
            pending.found.append(feature.values)
            pending.geometry.append(feature.geometry)
        self._count += 1
        if len(pending.rows) >= ROWS_PER_KIND:
            self._count -= len(pending.rows) + len(pending.faults)
            yield self._pending.pop((pending.kind, pending.crs)).table(self._file)
        elif self._count >= ROWS_IN_ALL:
            yield from self.rest()

    def rest(self) -> Iterator[SourceTable]:
        """Yield everything that is left, in the order in which the kinds appeared."""
        pending, self._pending, self._count = self._pending, {}, 0
        for waiting in pending.values():
            yield waiting.table(self._file)

    def _of(self, feature: Feature) -> _Pending:
        kind, crs = feature.kind, feature.crs
        if crs is None:  # a row without geometry goes with its neighbours
            crs = self._crs.get(kind)
        self._crs[kind] = crs
        key = (kind, crs)
        if key not in self._pending:
            self._pending[key] = _Pending(kind, crs, self._shapes.get(kind) or Shape())
        return self._pending[key]


def _rest(row: Values, known: Collection[str]) -> dict[str, object]:
    rest = {k: v for k, v in row.items() if k not in known}
    return {k: v[0] if len(v) == 1 else v for k, v in rest.items()}


def _objects(items: list[BaseGeometry | None]) -> NDArray[np.object_]:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array
