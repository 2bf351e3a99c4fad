"""The words of a generation's public texts, so that a search reads no rows.

Kept in ``words/TABLE`` beside the tables. It can always be made again from them, and nothing is
lost where it is absent: it is then made in memory, at the first search.
"""

import json
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis_core.store import sql
from gis_core.store.disk import copy_file
from gis_core.store.fragments.files import create
from gis_core.store.schema import FID, Searched, TableInfo, TableSchema
from gis_core.word_index import WordIndex

FOLDER = "words"
_HEAD = "head.json"
_VERSION = 1
_TYPES: Mapping[str, np.dtype[Any]] = {
    "text": np.dtype("u1"),
    "starts": np.dtype("<i8"),
    "ends": np.dtype("<i8"),
    "rows": np.dtype("<u4"),
    "fid": np.dtype("<i8"),
}
_MOST_OPEN = 32
Rows = Sequence[tuple[object, ...]]
Numbers = NDArray[np.int64]
Words = tuple[WordIndex, Numbers]


def select_texts(
    schema: TableSchema, searched: Searched, numbers: Sequence[int] | None = None
) -> sql.Statement:
    """Return the query for the texts that are searched, each row's number first."""
    conditions = [] if numbers is None else [sql.any_of(schema, FID, numbers)]
    columns = [FID, *(name for name, _ in searched)]
    return sql.Statement(schema=schema, columns=columns, conditions=conditions)


def words_of(rows: Rows, searched: Searched) -> Words:
    """Return the index of rows, and their numbers; what a code means is found with the code."""
    numbers, columns = _texts(rows, searched)
    return WordIndex.of(columns, len(rows)), numbers


def write_words(db: sqlite3.Connection, generation: Path, info: TableInfo) -> None:
    """Write the index of a table; nothing happens where nothing of it is searched.

    About 25 µs for a parcel.
    """
    searched = info.schema.searched
    if searched:
        text, values = sql.select(select_texts(info.schema, searched))
        _write(generation, info, words_of(db.execute(text, values).fetchall(), searched))


def carry_words(
    db: sqlite3.Connection,
    former: Path,
    generation: Path,
    before: TableInfo,
    after: TableInfo,
    *,
    put: Collection[int],
) -> None:
    """Write the index of an amended table: the former one's, but for the rows that were changed.

    ``put``: numbers of the rows that were put in.
    """
    searched = after.schema.searched
    known = _opened(former, before, searched) if searched else None
    if known is None:
        write_words(db, generation, after)
        return
    index, old = known
    numbers = _numbers(db, sql.Statement(schema=after.schema, columns=[FID]))
    added = np.array(sorted(put), dtype=np.int64)
    at = np.searchsorted(numbers, old)
    there = numbers[np.minimum(at, max(len(numbers) - 1, 0))] == old if len(numbers) else at < 0
    moved = np.where(there & ~np.isin(old, added), at, -1)
    chosen = select_texts(after.schema, searched, added.tolist())
    rows = db.execute(*sql.select(chosen)).fetchall()
    places = np.searchsorted(numbers, added)
    amended = index.amended(moved, _texts(rows, searched)[1], places, len(numbers))
    _write(generation, after, (amended, numbers))


def _numbers(db: sqlite3.Connection, statement: sql.Statement) -> Numbers:
    return np.array([row[0] for row in db.execute(*sql.select(statement))], dtype=np.int64)


def _texts(rows: Rows, searched: Searched) -> tuple[Numbers, list[list[str | None]]]:
    """Return the numbers of rows, and their texts column by column."""
    numbers, *columns = zip(*rows, strict=True) if rows else ((), *((),) * len(searched))
    told = []
    for cells, (_, spoken) in zip(columns, searched, strict=True):
        words = dict(spoken)
        plain = [None if cell is None else str(cell) for cell in cells]
        told.append([f"{c} {words[c]}" if c in words else c for c in plain] if words else plain)
    return np.array(numbers, dtype=np.int64), told


def _write(generation: Path, info: TableInfo, words: Words) -> None:
    index, numbers = words
    folder = generation / FOLDER / info.schema.name
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700)
    arrays = {"fid": numbers, **{n: getattr(index, n) for n in ("text", "starts", "ends", "rows")}}
    for name, kind in _TYPES.items():
        with create(folder / name) as file:
            file.write(np.ascontiguousarray(arrays[name], dtype=kind).tobytes())
    with create(folder / _HEAD) as file:
        file.write(_head(info.schema.searched, info.count).encode())


def copy_words(former: Path, generation: Path, info: TableInfo) -> None:
    """Copy the index of a table that stayed as it was; nothing happens where there is none."""
    source, target = (f / FOLDER / info.schema.name for f in (former, generation))
    if not (source / _HEAD).is_file():
        return
    target.parent.mkdir(mode=0o700, exist_ok=True)
    target.mkdir(mode=0o700)
    for path in sorted(source.iterdir()):
        create(target / path.name).close()
        copy_file(path, target / path.name)


class KeptWords:
    """The indexes that a process holds: the last ones asked for."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[Path, str, Searched], Words] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self, generation: Path, info: TableInfo, searched: Searched, read: Callable[[], Rows]
    ) -> Words:
        """Return the index of a table, as it is kept or made of what ``read`` returns."""
        key = (generation, info.schema.name, searched)
        with self._lock:
            known = self._open.get(key)
        if known is None:
            known = _opened(generation, info, searched) or words_of(read(), searched)
        with self._lock:
            # Generations that are no longer kept are let go of: an open file holds its space.
            for gone in [k for k in self._open if not k[0].is_dir()]:
                del self._open[gone]
            self._open[key] = known
            self._open.move_to_end(key)
            while len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
        return known


def _opened(generation: Path, info: TableInfo, searched: Searched) -> Words | None:
    folder = generation / FOLDER / info.schema.name
    try:
        if (folder / _HEAD).read_text(encoding="utf-8") != _head(searched, info.count):
            return None
        arrays = {name: _mapped(folder / name, kind) for name, kind in _TYPES.items()}
    except (OSError, ValueError):
        return None
    numbers = arrays.pop("fid")
    if len(numbers) != info.count or len(arrays["starts"]) != len(arrays["ends"]):
        return None
    return WordIndex(**arrays, count=info.count), numbers


def _mapped(path: Path, kind: np.dtype[Any]) -> NDArray[Any]:
    if not path.stat().st_size:
        return np.empty(0, kind)  # nothing cannot be mapped
    return np.memmap(path, dtype=kind, mode="r")


def _head(searched: Searched, count: int) -> str:
    record = {"version": _VERSION, "searched": searched, "count": count}
    return json.dumps(record, ensure_ascii=False)
