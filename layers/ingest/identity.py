"""Feature ids: stable where the source has an identifier, unique in any case."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from layers.ingest.values import as_written


@dataclass(frozen=True, slots=True)
class Named:
    """Ids for a run of rows.

    Attributes
    ----------
    ids
        (n,) object, str: unique over the whole import.
    repeats
        (n,) bool: the row equals an earlier one to the letter, so it is not stored again.
    clashes
        (n,) bool: another row has the same identifier, this one got ``~2``, ``~3`` …
    nameless
        (n,) bool: the source gives no identifier, the id is a running number.
    """

    ids: NDArray[np.object_]
    repeats: NDArray[np.bool_]
    clashes: NDArray[np.bool_]
    nameless: NDArray[np.bool_]


@dataclass(slots=True)
class Register:
    """Remembers the ids of one table during one import: about 200 bytes a row.

    Attributes
    ----------
    numbers
        What running numbers begin with.
    """

    has_identity: bool
    numbers: str = ""
    _first: dict[str, int] = field(default_factory=dict)  # identifier -> content of its first row
    _others: dict[str, list[int]] = field(default_factory=dict)  # content of rows that clash
    _taken: set[str] = field(default_factory=set)  # ids made here
    _running: int = 0

    def name(self, identity: Sequence[Sequence[object]], content: Sequence[int]) -> Named:
        """Give ids to rows.

        Parameters
        ----------
        identity
            The identity fields' values, one (n,) sequence per field; may be none.
        content
            (n,) hash of everything that would be stored of the row.
        """
        n = len(content)
        repeats, clashes, nameless = (np.zeros(n, dtype=bool) for _ in range(3))
        named = Named(np.empty(n, dtype=object), repeats, clashes, nameless)
        for row, base in enumerate(identifiers(identity, n)):
            digest = content[row]
            if base is None:
                named.nameless[row] = self.has_identity
                named.ids[row] = self._number()
            elif base not in self._first:
                self._first[base] = digest
                free = base not in self._taken
                named.ids[row] = base if free else self._suffixed(base)
                named.clashes[row] = not free
            elif digest == self._first[base] or digest in self._others.get(base, ()):
                named.ids[row], named.repeats[row] = base, True
            else:
                self._others.setdefault(base, []).append(digest)
                named.ids[row], named.clashes[row] = self._suffixed(base), True
        return named

    def _number(self) -> str:
        self._running += 1
        while self.has_identity and f"{self.numbers}{self._running}" in self._first:
            self._running += 1
        number = f"{self.numbers}{self._running}"
        if self.has_identity:
            self._taken.add(number)
        return number

    def _suffixed(self, base: str) -> str:
        count = len(self._others.get(base, ())) + 1
        while (made := f"{base}~{max(count, 2)}") in self._first or made in self._taken:
            count = max(count, 2) + 1
        self._taken.add(made)
        return made


def identifiers(identity: Sequence[Sequence[object]], count: int) -> Sequence[str | None]:
    """Return the identifier of each row, None where all its parts are missing."""
    if not identity:
        return [None] * count
    if len(identity) == 1:
        return [as_written(value) for value in identity[0]]
    rows = zip(*identity, strict=True)
    return ["-".join(filter(None, map(as_written, row))) or None for row in rows]


def content_hashes(columns: Sequence[Sequence[object]], count: int) -> list[int]:
    """Return one hash per row over the values of all columns (Python's, so for one run only)."""
    return [hash(row) for row in zip(*columns, strict=True)] if columns else list(range(count))
