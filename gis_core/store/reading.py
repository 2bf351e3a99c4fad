"""Rows out of a generation: R-tree first, exact geometry second, columns last."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.merge.flat import FlatShapes
from gis_core.store import sql
from gis_core.store.asking import asked, kind_of, run, stated
from gis_core.store.cells import to_bound, to_json
from gis_core.store.columns import Columns
from gis_core.store.exact import exact
from gis_core.store.fragments import Segment, Segments
from gis_core.store.frames import assembled
from gis_core.store.guard import Connections, Guarded, Release
from gis_core.store.nearby import Nearby
from gis_core.store.query import Query, Text
from gis_core.store.schema import (
    FEATURE_ID,
    FID,
    GEOMETRY,
    Box,
    ColumnType,
    GenerationInfo,
    TableInfo,
)
from gis_core.store.words import KeptWords, Words, select_texts

_LARGE_CHUNK = 20_000
Row = tuple[object, ...]


class Snapshot:
    """One generation, opened for reading; it stays the same while others are published."""

    def __init__(
        self,
        info: GenerationInfo,
        connections: Connections,
        segments: Segments,
        columns: Columns,
        words: KeptWords,
        deadline_s: float | None = None,
    ) -> None:
        self.info = info
        self._connections = connections
        self._segments = segments
        self._held = columns
        self._words = words
        self._deadline_s = deadline_s

    def table(self, name: str, *, sealed: bool | None = None) -> TableInfo:
        """Return a table's schema, count and bounds.

        Raises
        ------
        StoreError
            The generation has no such table.
        """
        info = self.info.table(name, sealed=sealed)
        if info is None:
            raise StoreError(
                f"generation {self.info.number} of {self.info.layer} has no table {name!r}",
                advice="Import the layer again.",
                table=name,
            )
        return info

    def frame(
        self,
        name: str,
        query: Query | None = None,
        *,
        released: Sequence[str] | None = None,
        sealed: bool | None = None,
    ) -> gpd.GeoDataFrame | pd.DataFrame:
        """Return the rows that the query describes.

        Parameters
        ----------
        name, sealed
            The table; ``sealed`` tells an open from a sealed one of the same name.
        query
            None: everything.
        released
            Columns that may be read; SQLite itself refuses the others. None: all.

        Returns
        -------
        A GeoDataFrame for tables with geometry (unless ``query.geometry`` is false), else
        a DataFrame; index ``feature_id`` for keyed tables. Types as in `ColumnType`.

        Raises
        ------
        DeadlineError
            The query took too long.
        StoreError
            A column does not exist or was not released.

        Notes
        -----
        Conditions on ids, keys and boxes go through indexes. Cost is linear in the rows
        returned, plus those whose box meets the searched one without their geometry doing so.
        """
        query = query or Query()
        table = self.table(name, sealed=sealed)
        names = self._columns(table, query, released)
        query = self._worded(table, query, released)
        with_geometry = query.geometry and table.schema.geometry is not None
        if query.places and (table.schema.geometry is None or not table.count):
            rows: list[Row] = []
        else:
            rows = self._rows(table, query, names, released, with_geometry=with_geometry)
        return assembled(table, names, rows, with_geometry=with_geometry)

    def flat(self, name: str, query: Query | None = None) -> tuple[pd.DataFrame, FlatShapes]:
        """Return rows as `frame` does, their geometry apart and as flat arrays.

        A table without geometry has missing ones. Costs a fraction of `frame` once the compiled
        kernels are loaded.
        """
        query = query or Query()
        table = self.table(name)
        names = self._columns(table, query, None)
        placed = table.schema.geometry is not None
        frames, data, length = [], bytearray(), [0]
        for rows in self._chunks(table, query, names):
            frames.append(assembled(table, names, rows, with_geometry=False))
            blobs: list[Any] = [row[-1] or b"" for row in rows] if placed else [b""] * len(rows)
            data += b"".join(blobs)
            length += map(len, blobs)
        offset = np.cumsum(length, dtype=np.int64)
        there = np.diff(offset) > 0
        blob = np.frombuffer(memoryview(data).toreadonly(), np.uint8)
        shapes = FlatShapes.from_wkb(blob, offset, there, geopackage=True)
        return pd.concat(frames), shapes

    def near(
        self,
        name: str,
        box: Box,
        columns: Sequence[str],
        *,
        released: Sequence[str],
        least_area: float = 0.0,
    ) -> Nearby:
        """Return the rows whose box meets a box, their geometry not asked: for tiles.

        ``columns`` among the ``released`` ones; ``least_area``: of the row's own box, in squared
        units of the CRS. About 2 µs a row.
        """
        table = self.table(name)
        schema = table.schema
        if schema.geometry is None or not table.count:
            return Nearby.none(columns)
        names = self._columns(table, Query(columns=tuple(columns)), released)
        statement = sql.Statement(
            schema=schema,
            columns=[FID, FEATURE_ID, *names, GEOMETRY],
            conditions=[sql.in_box(schema, box, least_area)],
        )
        with self._lend(table, released) as db:
            return Nearby.of(run(db, statement).fetchall(), schema, names)

    def count(
        self,
        name: str,
        query: Query | None = None,
        *,
        released: Sequence[str] | None = None,
        sealed: bool | None = None,
    ) -> int:
        """Count the rows that the query describes, exactly; limit and offset do not matter."""
        query = query or Query()
        table = self.table(name, sealed=sealed)
        self._columns(table, query, released)
        query = self._worded(table, query, released)
        conditions, lent = asked(table, query)
        if not conditions:
            return table.count
        if not query.places:
            statement = sql.Statement(schema=table.schema, columns=(), conditions=conditions)
            with self._lend(table, released) as db, db.calling(lent):
                return int(run(db, statement).fetchone()[0])
        if table.schema.geometry is None or not table.count:
            return 0
        return len(self._rows(table, query.unpaged(), (), released, with_geometry=False))

    def numbers(
        self,
        name: str,
        query: Query,
        *,
        released: Sequence[str],
        among: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        """Return the numbers of an open table's rows that fit a query, in the order asked for.

        The query asks nothing of the place, but for its filter; ``among``: only of these rows,
        ascending.
        """
        table = self.table(name, sealed=False)
        self._columns(table, query, released)
        query = self._worded(table, query, released)
        read = partial(self._in_order, table, released)
        known = self._held.numbers(self.info.path, table, query, read, among)
        if known is not None:
            return known
        conditions, lent = asked(table, query)
        if among is not None:
            conditions.insert(0, sql.any_of(table.schema, FID, among.tolist()))
        paged = query.limit is not None or query.offset > 0
        statement = sql.Statement(
            schema=table.schema,
            columns=[FID],
            conditions=conditions,
            sort=query.sort,
            limit=query.limit,
            offset=query.offset,
            ordered=paged or bool(query.sort),
        )
        with self._lend(table, released) as db, db.calling(lent):
            rows = run(db, statement).fetchall()
        found = np.fromiter(chain.from_iterable(rows), np.int64, len(rows))
        return found if statement.ordered else np.sort(found)

    def _in_order(
        self, table: TableInfo, released: Sequence[str], columns: Sequence[str]
    ) -> Iterator[Row]:
        """Yield columns of all rows in the order of their numbers."""
        with self._lend(table, released) as db:
            yield from run(db, sql.Statement(schema=table.schema, columns=columns))

    def cells(
        self,
        name: str,
        columns: Sequence[str],
        by: str,
        values: Sequence[object],
        *,
        released: Sequence[str],
    ) -> tuple[list[int], dict[str, list[object]]]:
        """Return rows of an open table without their place, as JSON has them.

        By number; ``values`` is what ``by``, a column or `FID`, has to be. About 3 µs a row.
        """
        table = self.table(name, sealed=False)
        names = self._columns(table, Query(columns=tuple(columns)), released)
        kind = ColumnType.INTEGER if by == FID else kind_of(table, by)
        bound = [to_bound(v, kind) for v in values]
        statement = sql.Statement(
            schema=table.schema,
            columns=[FID, *names],
            conditions=[sql.any_of(table.schema, by, bound)],
        )
        with self._lend(table, released) as db:
            rows = run(db, statement).fetchall()
        numbers, *found = zip(*rows, strict=True) if rows else [()] * (len(names) + 1)
        kinds = [table.schema.column(n).type for n in names]
        made = {n: to_json(c, k) for n, c, k in zip(names, found, kinds, strict=True)}
        return list(numbers), made

    def found(
        self, name: str, text: Text, *, released: Sequence[str] | None = None
    ) -> NDArray[np.intp]:
        """Return the positions of the rows that hold words, in the order of an unsorted query.

        At most 4 ms for 80,000 rows, where the words are kept; else they are read first, once.
        """
        table = self.table(name)
        self._columns(table, Query(text=text, columns=()), released)
        return self._index(table, text, released)[0].search(text.terms)

    def _worded(self, table: TableInfo, query: Query, released: Sequence[str] | None) -> Query:
        """Return a query that names the rows that hold the words it asks for."""
        if query.text is None:
            return query
        index, numbers = self._index(table, query.text, released)
        held = numbers[index.search(query.text.terms)]
        if query.numbers is not None:
            held = np.intersect1d(held, np.array(query.numbers, dtype=np.int64))
        return replace(query, text=None, numbers=held.tolist())

    def _index(self, table: TableInfo, text: Text, released: Sequence[str] | None) -> Words:
        def read() -> list[Row]:
            statement = select_texts(table.schema, text.searched)
            with self._lend(table, released) as db:
                return run(db, statement).fetchall()

        return self._words.of(self.info.path, table, text.searched, read)

    def segment(self, name: str, *, released: Sequence[str]) -> Segment | None:
        """Return the ready features of an open table, None where there are none to be had.

        Those that show a column beyond ``released`` are not: one release decides for all reads.
        """
        table = self.info.table(name, sealed=False)
        if table is None or table.schema.published is None:
            return None
        shown = Release.of(table.schema, table.schema.published)
        given = Release.of(table.schema, released)
        if not (shown.open <= given.open and shown.sealed <= given.sealed):
            return None
        return self._segments.of(self.info.path, table)

    def attachment(self, name: str) -> Path:
        """Return the path of an attached file."""
        return self.info.path / name

    def _columns(
        self, table: TableInfo, query: Query, released: Sequence[str] | None
    ) -> tuple[str, ...]:
        allowed = [c.name for c in table.schema.columns]
        if released is not None:
            given = set(released)
            allowed = [name for name in allowed if name in given]
        free = {*allowed, FEATURE_ID} if table.schema.keyed else set(allowed)
        for name in query.fields():
            if name not in free:
                raise StoreError(f"table {table.schema.name} has no column {name!r}", column=name)
        if query.ids is not None and not table.schema.keyed:
            raise StoreError(f"rows of {table.schema.name} have no ids", table=table.schema.name)
        wanted = allowed if query.columns is None else query.columns
        return tuple(c for c in wanted if c != FEATURE_ID or not table.schema.keyed)

    def _lend(
        self, table: TableInfo, released: Sequence[str] | None
    ) -> AbstractContextManager[Guarded]:
        columns = [c.name for c in table.schema.columns] if released is None else released
        release = Release.of(table.schema, columns)
        return self._connections.lend(self.info.path, release, self._deadline_s)

    def _rows(
        self,
        table: TableInfo,
        query: Query,
        names: Sequence[str],
        released: Sequence[str] | None,
        *,
        with_geometry: bool,
    ) -> list[Row]:
        statement, lent = stated(table, query, names, with_geometry=with_geometry)
        with self._lend(table, released) as db, db.calling(lent):
            cursor = run(db, statement)
            return list(exact(cursor, table, query)) if query.places else cursor.fetchall()

    def _chunks(self, table: TableInfo, query: Query, names: Sequence[str]) -> Iterator[list[Row]]:
        """Yield the rows, the geometry last if there is one, once or so often that few are held."""
        placed = table.schema.geometry is not None
        if query.places:
            found = placed and table.count > 0
            yield self._rows(table, query, names, None, with_geometry=True) if found else []
            return
        statement, lent = stated(table, query, names, with_geometry=placed)
        with self._lend(table, None) as db, db.calling(lent):
            cursor = run(db, statement)
            yield cursor.fetchmany(_LARGE_CHUNK)
            while rows := cursor.fetchmany(_LARGE_CHUNK):
                yield rows
