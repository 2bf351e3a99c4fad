"""Any number of rows in Hilbert order, with the memory of a few parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

POSITION = "hilbert_position"
_BATCH = 4096  # rows of a spilled run that are read at once
_SAMPLE = 64  # every so many rows one position stands for its neighbours


@dataclass(frozen=True)
class _Run:
    """A sorted part of the input on disk, and the first position of each of its batches."""

    path: Path
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    sample: NDArray[np.int64]
    rows: int


class HilbertSorter:
    """Takes tables in any order and gives them back in the order of a position column.

    Notes
    -----
    Sample sort: what comes in is sorted in runs on disk; a sample of positions cuts the curve
    into ranges of about equal count; each range is read from all runs and sorted alone. Every
    row is written and read once; memory is one run or one range.
    """

    def __init__(self, scratch: Path, rows_per_run: int) -> None:
        self._scratch = scratch
        self._rows_per_run = rows_per_run
        self._waiting: list[pa.Table] = []
        self._runs: list[_Run] = []
        self._rows = 0

    def __len__(self) -> int:
        """Return the rows taken so far."""
        return self._rows

    def append(self, table: pa.Table) -> None:
        """Take rows; ``POSITION`` is one of their columns."""
        self._waiting.append(table)
        self._rows += table.num_rows
        if sum(t.num_rows for t in self._waiting) >= self._rows_per_run:
            self._spill()

    def ranges(self, rows: int) -> Iterator[pa.Table]:
        """Yield all rows in order, about ``rows`` at a time; equal positions as they came."""
        if self._waiting:
            self._spill()
        if not self._runs:
            return
        sample = np.sort(np.concatenate([run.sample for run in self._runs]))
        step = max(rows // _SAMPLE, 1)
        cuts = np.unique(sample[step::step])
        low = np.int64(0)
        for high in [*cuts.tolist(), np.iinfo(np.int64).max]:
            parts = [batch for run in self._runs for batch in _between(run, int(low), high)]
            low = np.int64(high)
            if parts:
                yield _sorted(pa.Table.from_batches(parts))

    def _spill(self) -> None:
        table = _sorted(pa.concat_tables(self._waiting))
        self._waiting = []
        position = table[POSITION].to_numpy()
        path = self._scratch / f"run-{len(self._runs):05}.arrow"
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(path, table.schema, options=options) as sink:
            sink.write_table(table, max_chunksize=_BATCH)
        starts = np.arange(0, len(position), _BATCH)
        ends = np.minimum(starts + _BATCH, len(position)) - 1
        self._runs.append(
            _Run(path, position[starts], position[ends], position[::_SAMPLE].copy(), len(position))
        )


def _between(run: _Run, low: int, high: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a run with low <= position < high."""
    some = np.flatnonzero((run.last >= low) & (run.first < high))
    if not len(some):
        return
    with pa.OSFile(str(run.path)) as file:
        reader = pa.ipc.open_file(file)
        for i in some.tolist():
            batch = reader.get_batch(i)
            position = batch.column(POSITION).to_numpy()
            start, stop = np.searchsorted(position, [low, high])
            if start < stop:
                yield batch.slice(start, stop - start)


def _sorted(table: pa.Table) -> pa.Table:
    """Sort rows by position and put them into one chunk."""
    order = np.argsort(table[POSITION].to_numpy(), kind="stable")
    return table.combine_chunks().take(pa.array(order))
