"""Row groups out of a dataset, and the boxes that say which of them are wanted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.store.parquet.storage import Storage
from gis_core.store.parquet.writing import COVERING, DESCRIPTION, SIDES, VERSION


class RowGroup(NamedTuple):
    """What is read at once: its number in the dataset, the file, the place in it, the rows."""

    number: int
    file: str
    group: int
    rows: int


@dataclass(frozen=True)
class Dataset:
    """A dataset that is complete.

    Attributes
    ----------
    crs
        EPSG code.
    run
        Rows that share one box of :meth:`covering`; 0 where there is none.
    groups
        g row groups in Hilbert order.
    boxes
        (g, 4) float64, the box around each group; NaN where its rows have no place.
    """

    storage: Storage
    name: str
    crs: int
    rows: int
    run: int
    groups: tuple[RowGroup, ...]
    boxes: NDArray[np.float64] = field(repr=False)

    def tables(
        self, groups: Iterable[RowGroup], columns: Sequence[str]
    ) -> Iterator[tuple[RowGroup, pa.Table]]:
        """Yield columns of row groups, each as one table; ``bbox.xmin`` is one part of a column.

        Raises
        ------
        StoreError
            A file is absent or damaged, or the storage cannot be reached.
        """
        for file, run in groupby(groups, key=lambda g: g.file):
            with self.storage.parquet(f"{self.name}/{file}") as parquet:
                names = _there(parquet, columns)
                for group in run:
                    yield group, parquet.read_row_group(group.group, names, use_threads=False)

    def read(self, groups: Iterable[RowGroup], columns: Sequence[str]) -> pa.Table:
        """Return columns of row groups, at least one, as one table; see `tables`."""
        tables = []
        for file, run in groupby(groups, key=lambda g: g.file):
            with self.storage.parquet(f"{self.name}/{file}") as parquet:
                names, places = _there(parquet, columns), [group.group for group in run]
                tables.append(parquet.read_row_groups(places, names, use_threads=False))
        return pa.concat_tables(tables).combine_chunks()

    def covering(self) -> NDArray[np.float64]:
        """Return (k, 4) float64, the box around every ``run`` rows of each group in turn."""
        table = self.storage.read_table(f"{self.name}/{COVERING}")
        return np.column_stack([table[side].to_numpy() for side in SIDES])

    def runs(self, groups: slice) -> slice:
        """Return which rows of the covering belong to a slice of the groups."""
        count = [-(-g.rows // self.run) for g in self.groups]
        end = np.concatenate([[0], np.cumsum(count)])
        start, stop, _ = groups.indices(len(self.groups))
        return slice(int(end[start]), int(end[stop]))


def _there(parquet: pq.ParquetFile, columns: Sequence[str]) -> list[str]:
    """Return those of the columns that a file has."""
    there = set(parquet.schema_arrow.names)
    return [c for c in columns if c.partition(".")[0] in there]


def read_dataset(storage: Storage, name: str) -> Dataset:
    """Return what a dataset consists of; its rows stay where they are.

    Raises
    ------
    StoreError
        There is no complete dataset of that name, or it is of another version.
    """
    found: dict[str, Any] = storage.read_json(f"{name}/{DESCRIPTION}")
    if found.get("version") != VERSION:
        raise StoreError(
            f"{storage.shown}/{name}: made by another version of Flurbuch",
            advice="Export it again: flurbuch tiles export.",
            found=str(found.get("version")),
            expected=VERSION,
        )
    groups: list[RowGroup] = []
    boxes: list[list[float]] = []
    for part in found["parts"]:
        for place, group in enumerate(part["groups"]):
            groups.append(RowGroup(len(groups), part["file"], place, group["rows"]))
            boxes.append(group["box"] or [np.nan] * 4)
    return Dataset(
        storage=storage,
        name=name,
        crs=found["crs"],
        rows=found["rows"],
        run=found["run"],
        groups=tuple(groups),
        boxes=np.array(boxes, np.float64).reshape(-1, 4),
    )
