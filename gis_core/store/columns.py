"""Columns of open tables in memory: filters and sorts without a row of SQL.

A column is read when it is first asked for, and kept while there is room.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis_core.filters import ast
from gis_core.filters.columnar import Coded, Column, Numbers, true_of
from gis_core.store.cells import to_bound
from gis_core.store.query import Query
from gis_core.store.schema import FID, ColumnType, TableInfo

_MOST_BYTES = 256 << 20
_MOST_VALUES = 1000  # of a coded column
_EXACT = 2**53
_MANY = 50  # times the rows that are asked about
_CHUNK = 20_000
_NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.NUMBER})
_CODED = frozenset(
    {
        ColumnType.TEXT,
        ColumnType.PARCEL_KEY,
        ColumnType.BOOLEAN,
        ColumnType.DATE,
        ColumnType.DATETIME,
    }
)
Read = Callable[[Sequence[str]], Iterator[tuple[Any, ...]]]
Order = NDArray[np.intp]
_Key = tuple[Path, str, str]


class Columns:
    """The columns that a process holds, 256 MiB at most: the last ones asked for."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._kept: OrderedDict[_Key, Column | Order | None] = OrderedDict()
        self._most = most_bytes
        self._lock = threading.Lock()

    def numbers(
        self,
        generation: Path,
        table: TableInfo,
        query: Query,
        read: Read,
        among: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64] | None:
        """Return the numbers of the rows that fit a query, in the order asked for.

        Parameters
        ----------
        generation
            Folder of the generation.
        query
            Its fields were released.
        read
            Yields the rows, only these columns, in the order of their numbers.
        among
            Only of these rows, ascending; None: of all.

        Returns
        -------
        None where another way is needed, or is as good: an index has the value that is asked
        for, the table is too large, or columns cannot tell.
        """
        conditions = _conditions(table, query)
        if conditions is None or not (conditions or query.sort):
            return None
        asked = ast.And(tuple(conditions))
        names = [n.name for n in ast.walk(asked) if isinstance(n, ast.Prop)]
        names = list(dict.fromkeys([*names, *(name for name, _ in query.sort)]))
        kinds = {c.name: c.type for c in table.schema.open_columns}
        if not all(kinds.get(name) in _NUMBERS | _CODED for name in names):
            return None
        if table.schema.sealed_rows or table.count * 8 * (len(names) + 2) > self._most:
            return None
        # For a few rows whole columns are not worth being read.
        few = among is not None and len(among) * _MANY < table.count
        held = self._held(generation, table, [FID, *names], None if few else read)
        if held is None:
            return None
        fids = _plain(held[FID])
        some = None if among is None else np.searchsorted(fids, among.astype(np.float64))
        if some is not None:
            held = {name: column.take(some) for name, column in held.items()}
        chosen = None
        if conditions:
            chosen = true_of(asked, held.get, table.count if some is None else len(some))
            if chosen is None:
                return None
        if some is None and len(query.sort) == 1:
            [(name, down)] = query.sort
            order = self._order((generation, table.schema.name, name), held[name], down=down)
            rows = order if chosen is None else order[chosen[order]]
        else:
            rows = _sorted(query, held, chosen)
        last = None if query.limit is None else query.offset + query.limit
        return _plain(held[FID])[rows[query.offset : last]].astype(np.int64)

    def _order(self, key: _Key, column: Column, *, down: bool) -> Order:
        """Return all rows by one column, ties as they are stored."""
        place = (*key[:2], f"{key[2]} {'down' if down else 'up'}")  # no column has a blank
        with self._lock:
            known = self._kept.get(place)
        if isinstance(known, np.ndarray):
            return known
        made = np.argsort(_ranks(column, down=down), kind="stable")
        with self._lock:
            self._keep(place, made)
        return made

    def _held(
        self, generation: Path, table: TableInfo, names: Sequence[str], read: Read | None
    ) -> dict[str, Column] | None:
        """Return columns by name; None where one has too many values, or must not be read now."""
        found: dict[str, Column] = {}
        with self._lock:
            keys = {name: (generation, table.schema.name, name) for name in names}
            absent = [name for name, key in keys.items() if key not in self._kept]
            if absent:
                if read is None:
                    return None
                kinds = {c.name: c.type for c in table.schema.columns} | {FID: ColumnType.INTEGER}
                made = _read(absent, [kinds[name] for name in absent], read(absent))
                for name, column in made.items():
                    self._keep(keys[name], column)
            for name, key in keys.items():
                known = self._kept.get(key)
                if isinstance(known, Numbers | Coded):
                    self._kept.move_to_end(key)
                    found[name] = known
        return found if len(found) == len(keys) else None

    def _keep(self, key: _Key, made: Column | Order | None) -> None:
        if len(self._kept) % 16 == 0:
            for gone in [k for k in self._kept if not k[0].is_dir()]:
                del self._kept[gone]
        self._kept[key] = made
        while sum(map(_size, self._kept.values())) > self._most:
            self._kept.popitem(last=False)


def _conditions(table: TableInfo, query: Query) -> list[ast.Condition] | None:
    """Return what a query asks of fields; None where columns cannot tell, or an index can."""
    schema = table.schema
    if query.ids is not None or query.numbers is not None or query.among:
        return None
    indexed = {c.name for c in schema.index_columns}
    if query.where is None and not query.sort and query.equals.keys() <= indexed:
        return None
    kinds = {c.name: c.type for c in schema.columns}
    found: list[ast.Condition] = [] if query.where is None else [query.where.root]
    for name, value in query.equals.items():
        bound = None if name not in kinds else to_bound(value, kinds[name])
        if bound is None:
            found.append(ast.IsNull(ast.Prop(name)))
        else:
            found.append(ast.Compare("=", ast.Prop(name), ast.Literal(bound)))
    return found


def _read(
    names: Sequence[str], kinds: Sequence[ColumnType], rows: Iterator[tuple[Any, ...]]
) -> dict[str, Column | None]:
    made: list[_Numbers | _Codes] = [_Numbers() if kind in _NUMBERS else _Codes() for kind in kinds]
    while chunk := list(islice(rows, _CHUNK)):
        for column, cells in zip(made, zip(*chunk, strict=True), strict=True):
            column.add(cells)
    return {name: column.done() for name, column in zip(names, made, strict=True)}


class _Numbers:
    def __init__(self) -> None:
        self._parts: list[NDArray[np.float64]] = [np.empty(0)]

    def add(self, cells: Sequence[Any]) -> None:
        self._parts.append(np.array(cells, dtype=np.float64))

    def done(self) -> Numbers | None:
        values = np.concatenate(self._parts)
        return None if (np.abs(values) >= _EXACT).any() else Numbers(values)


class _Codes:
    def __init__(self) -> None:
        self._codes: dict[Any, int] = {}
        self._parts: list[NDArray[np.int32]] = [np.empty(0, np.int32)]

    def add(self, cells: Iterable[Any]) -> None:
        known = self._codes
        if len(known) <= _MOST_VALUES + 1:
            codes = [known.setdefault(cell, len(known)) for cell in cells]
            self._parts.append(np.array(codes, np.int32))

    def done(self) -> Coded | None:
        there = sorted(value for value in self._codes if value is not None)
        if len(there) > _MOST_VALUES:
            return None
        place = {None: 0} | {value: i for i, value in enumerate(there, 1)}
        small = np.min_scalar_type(len(there))
        renamed = np.array([place[value] for value in self._codes] or [0], small)
        return Coded(renamed[np.concatenate(self._parts)], tuple(there))


def _ranks(column: Column, *, down: bool) -> NDArray[np.float64] | NDArray[np.int32]:
    """Return numbers that are in order as values are, missing ones the lowest."""
    if isinstance(column, Numbers):
        ranks = np.where(np.isnan(column.values), -np.inf, column.values)
        return -ranks if down else ranks
    codes = column.codes.astype(np.int32)
    return -codes if down else codes


def _sorted(query: Query, held: Mapping[str, Column], chosen: NDArray[np.bool_] | None) -> Order:
    """Return the rows that were chosen, None: all, in the order asked for."""
    rows = np.arange(len(_plain(held[FID]))) if chosen is None else np.flatnonzero(chosen)
    if not query.sort:
        return rows
    keys = [_ranks(held[name], down=down)[rows] for name, down in reversed(query.sort)]
    return rows[np.lexsort(keys)]


def _plain(column: Column) -> NDArray[np.float64]:
    return column.values if isinstance(column, Numbers) else np.empty(0)


def _size(made: Column | Order | None) -> int:
    if made is None:
        return 0
    if isinstance(made, np.ndarray):
        return made.nbytes
    return made.values.nbytes if isinstance(made, Numbers) else made.codes.nbytes
