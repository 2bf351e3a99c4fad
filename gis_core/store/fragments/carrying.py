"""The segment after an amendment: what was not touched is copied, the rest is made anew."""

import sqlite3
from collections.abc import Collection, Iterator
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from gis_core.store.disk import copy_file
from gis_core.store.fragments import files
from gis_core.store.fragments.segment import Segment
from gis_core.store.fragments.writing import Row, SegmentWriter, select_rows, write_segment
from gis_core.store.schema import TableInfo

_CHUNK = 5000


def copy_segment(former: Path, generation: Path, info: TableInfo) -> None:
    """Copy the segment of a table that stayed as it was; nothing happens where there is none."""
    source = files.segment_folder(former, info.schema.name)
    if files.read_head(source) is None:
        return
    target = files.segment_folder(generation, info.schema.name)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    target.mkdir(mode=0o700)
    for path in sorted(source.iterdir()):
        files.create(target / path.name).close()
        copy_file(path, target / path.name)


def carry_segment(
    db: sqlite3.Connection,
    former: Path,
    generation: Path,
    before: TableInfo,
    after: TableInfo,
    *,
    taken: Collection[int],
    put: Collection[int],
) -> None:
    """Write the segment of an amended table.

    Parameters
    ----------
    db
        Connection to the file that holds the amended table.
    former
        Folder of the generation that was amended.
    before, after
        The table in it and now.
    taken, put
        Numbers of the rows that were taken out of the former table, and of those put in.

    Notes
    -----
    Copies bytes, and makes the features of rows that were put in: linear in the table's size,
    at the speed of the disk.
    """
    segment = Segment.open(former, before)
    if segment is None:
        write_segment(db, generation, after)
        return
    changed = np.array(sorted({*taken, *put}), dtype=np.int64)
    added = np.array(sorted(put), dtype=np.int64)
    kept = np.flatnonzero(~np.isin(segment.fids, changed))
    source = np.concatenate([kept, np.full(len(added), -1)])
    order = np.argsort(np.concatenate([segment.fids[kept], added]), kind="stable")
    source = source[order]
    rows = iter(db.execute(*select_rows(after.schema, added.tolist())))
    with SegmentWriter(generation, after.schema) as writer:
        for first, last in _runs(source):
            if source[first] >= 0:
                start = int(source[first])
                writer.copy(segment, start, start + last - first)
            else:
                _append(writer, rows, last - first)
    segment.close()


def _runs(source: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[tuple[int, int]]:
    """Yield first and last + 1 of rows that can be copied, or made, at one stroke."""
    made = source < 0
    follows = np.where(made[1:], made[:-1], (source[1:] == source[:-1] + 1) & ~made[:-1])
    breaks = np.flatnonzero(~follows) + 1
    bounds = [0, *breaks.tolist(), len(source)]
    yield from ((a, b) for a, b in pairwise(bounds) if a < b)


def _append(writer: SegmentWriter, rows: Iterator[Row], count: int) -> None:
    for start in range(0, count, _CHUNK):
        writer.append(list(islice(rows, min(_CHUNK, count - start))))
