"""Rows in a region as they are stored, column by column, without a table made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gis_core.store import gpkg
from gis_core.store.schema import ColumnType, TableSchema

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Nearby:
    """Rows as they are stored, n of them: number, id, values by column, geometry."""

    number: NDArray[np.int64]
    feature_id: Sequence[str]
    values: Mapping[str, Sequence[str | bool | int | float | None]]
    geometry: NDArray[np.object_]

    @classmethod
    def none(cls, columns: Sequence[str]) -> Self:
        """Return no rows."""
        nothing = np.zeros(0, np.int64)
        return cls(nothing, (), dict.fromkeys(columns, ()), np.zeros(0, object))

    @classmethod
    def of(cls, rows: Sequence[Row], schema: TableSchema, columns: Sequence[str]) -> Self:
        """Return rows of number, id, columns, geometry as SQLite gives them."""
        if not rows or schema.geometry is None:
            return cls.none(columns)
        cells: list[Sequence[Any]] = list(zip(*rows, strict=True))
        values = dict(zip(columns, cells[2:-1], strict=True))
        for column in columns:
            if schema.column(column).type is ColumnType.BOOLEAN:
                values[column] = [None if v is None else bool(v) for v in values[column]]
        shapes = gpkg.decode(cells[-1], schema.geometry)
        return cls(np.array(cells[0], np.int64), cells[1], values, shapes)
