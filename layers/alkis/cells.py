"""Columns of source tables as plain lists, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from layers.source import SourceTable

Texts = list[str | None]


def texts(table: SourceTable, column: str) -> Texts:
    """Return a column's values as text: the first where a cell holds several, None for none."""
    if column not in table.attributes.columns:
        return [None] * len(table)
    return [_first(cell) for cell in table.attributes[column].tolist()]


def lists(table: SourceTable, column: str) -> list[list[str]]:
    """Return a column's values as lists, empty for none."""
    if column not in table.attributes.columns:
        return [[] for _ in range(len(table))]
    cells = table.attributes[column].tolist()
    return [c if isinstance(c, list) else [t] if (t := _first(c)) else [] for c in cells]


def joined(parts: Sequence[Texts]) -> Texts:
    """Return the row-wise concatenation; None where a part is missing."""
    rows = zip(*parts, strict=True)
    return ["".join(p for p in row if p) if all(row) else None for row in rows]


def with_columns(
    table: SourceTable, kind: str, columns: Mapping[str, Sequence[object]]
) -> SourceTable:
    """Return the table under another kind and with other columns."""
    frame = pd.DataFrame({name: pd.Series(list(c), dtype=object) for name, c in columns.items()})
    return replace(table, kind=kind, attributes=frame)


def _first(cell: object) -> str | None:
    if isinstance(cell, list):
        return _first(cell[0]) if cell else None
    return str(cell) if isinstance(cell, str) and cell else None
