"""Tables of objects on their way into a collection: columns as plain lists, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from layers.source import SourceTable

Texts = list[str | None]


class ObjectTable:
    """The objects of one class; remembers which of their properties were asked for.

    What nobody asked for goes on to the row's unmapped values (`becoming`), so that a property
    that no translation knows is not lost.
    """

    def __init__(self, table: SourceTable) -> None:
        self.source = table
        self._asked: set[str] = set()

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.source)

    @property
    def kind(self) -> str:
        """The object class."""
        return self.source.kind

    def texts(self, column: str) -> Texts:
        """Return a property as text: the first where it has several values, None for none."""
        return [_first(cell) for cell in self._cells(column)]

    def lists(self, column: str) -> list[list[str]]:
        """Return a property as lists, empty for none."""
        cells = self._cells(column)
        return [c if isinstance(c, list) else [t] if (t := _first(c)) else [] for c in cells]

    def codes(self, column: str) -> Texts:
        """Return a property that lists codes as one text, with blanks between them."""
        return [" ".join(codes) or None for codes in self.lists(column)]

    def becoming(self, kind: str, columns: Mapping[str, Sequence[object]]) -> SourceTable:
        """Return the rows of a collection that these objects are."""
        bags = [dict(bag) for bag in self.source.more or [{}] * len(self)]
        for name in self.source.attributes.columns.difference(list(self._asked), sort=False):
            for bag, cell in zip(bags, self.source.attributes[name].tolist(), strict=True):
                if _first(cell) is not None:
                    bag[name] = cell
        return replace(self.source, kind=kind, attributes=frame_of(columns), more=bags)

    def _cells(self, column: str) -> list[object]:
        self._asked.add(column)
        if column not in self.source.attributes.columns:
            return [None] * len(self)
        return self.source.attributes[column].tolist()


def frame_of(columns: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    """Return columns as a frame of plain objects."""
    return pd.DataFrame({name: pd.Series(list(c), dtype=object) for name, c in columns.items()})


def joined(parts: Sequence[Texts]) -> Texts:
    """Return the row-wise concatenation; None where a part is missing."""
    rows = zip(*parts, strict=True)
    return ["".join(p for p in row if p) if all(row) else None for row in rows]


def _first(cell: object) -> str | None:
    if isinstance(cell, list):
        return _first(cell[0]) if cell else None
    return str(cell) if isinstance(cell, str) and cell else None
