"""A table that is made when it is read: what it is made of, as plain data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gis_core.store.schema import FID, TableSchema

Read = tuple[bool, str, str]
"""Whether it is in the other generation, table, column."""


@dataclass(frozen=True, slots=True)
class Own:
    """A column of the rows themselves."""

    name: str


@dataclass(frozen=True, slots=True)
class Fellow:
    """A column of the one row of the other generation that belongs to a row."""

    name: str


@dataclass(frozen=True, slots=True)
class First:
    """A column of the first row of a table whose key is a column of the rows.

    Attributes
    ----------
    beside
        Whether the table is in the other generation.
    otherwise
        Column of the rows that is taken where there is no value.
    """

    table: str
    key: str
    of: str
    name: str
    beside: bool = True
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """Texts put together."""

    parts: "tuple[Own | Fellow | First, ...]"


@dataclass(frozen=True, slots=True)
class Ratio:
    """One number by another."""

    number: "Own | Fellow | First"
    by: "Own | Fellow | First"


Source = Own | Fellow | First | Words | Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Rows of a table, each with the one of another generation that belongs to it.

    Attributes
    ----------
    schema
        What is read: keyed, without a place. Row numbers are those of ``rows``.
    rows
        The table; all of it is open, as is what is read besides.
    fellows, key, of
        The table of the other generation, its unique column, and that of ``rows`` that names it.
        A row without a fellow is left out.
    feature_id, columns
        Where everything comes from.
    """

    schema: TableSchema
    rows: str
    fellows: str
    key: str
    of: str
    feature_id: Source
    columns: Mapping[str, Source]

    def reads(self, columns: Sequence[str]) -> frozenset[Read]:
        """Name all that must be read for some columns."""
        found = {
            (False, self.rows, FID),
            (False, self.rows, self.of),
            (True, self.fellows, self.key),
        }
        for source in (self.feature_id, *(self.columns[name] for name in columns)):
            found.update(self._reads(source))
        return frozenset(found)

    def _reads(self, source: Source) -> Iterator[Read]:
        if isinstance(source, Own):
            yield False, self.rows, source.name
        elif isinstance(source, Fellow):
            yield True, self.fellows, source.name
        elif isinstance(source, First):
            yield source.beside, source.table, source.key
            yield source.beside, source.table, source.name
            yield source.beside, source.table, FID
            yield False, self.rows, source.of
            if source.otherwise is not None:
                yield False, self.rows, source.otherwise
        elif isinstance(source, Words):
            for part in source.parts:
                yield from self._reads(part)
        else:
            yield from self._reads(source.number)
            yield from self._reads(source.by)
