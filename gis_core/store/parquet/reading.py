"""Row groups out of a dataset, and of those the rows whose boxes meet given ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from gis_core.errors import StoreError
from gis_core.store.parquet.storage import Storage
from gis_core.store.parquet.writing import BOX, COVERING, DESCRIPTION, SIDES, VERSION, box_array


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

    def meeting(self, near: shapely.STRtree, reach_m: float = 0.0) -> list[RowGroup]:
        """Return the row groups whose box, widened by ``reach_m``, meets one of these boxes."""
        hit = meets(self.boxes, near, reach_m)
        return [self.groups[i] for i in np.flatnonzero(hit).tolist()]

    def read(
        self,
        groups: Iterable[RowGroup],
        columns: Sequence[str],
        *,
        near: shapely.STRtree | None = None,
        reach_m: float = 0.0,
    ) -> pa.Table:
        """Return columns of row groups, one chunk each.

        Parameters
        ----------
        groups
            Which; the rows come in this order.
        near
            Only rows whose box, widened by ``reach_m``, meets one of these boxes, edges included.

        Raises
        ------
        StoreError
            A file is absent or damaged, or the storage cannot be reached.
        """
        wanted = list(dict.fromkeys([*columns, BOX] if near is not None else columns))
        tables = []
        for file, run in groupby(groups, key=lambda g: g.file):
            with self.storage.parquet(f"{self.name}/{file}") as parquet:
                for group in run:
                    table = parquet.read_row_group(group.group, wanted, use_threads=False)
                    if near is not None:
                        boxes = box_array(table[BOX].combine_chunks())
                        table = table.filter(pa.array(meets(boxes, near, reach_m)))
                    tables.append(table.select(list(columns)))
        if not tables:
            with self.storage.parquet(f"{self.name}/{self.groups[0].file}") as parquet:
                return parquet.schema_arrow.empty_table().select(list(columns))
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


def meets(
    boxes: NDArray[np.float64], tree: shapely.STRtree, reach_m: float = 0.0
) -> NDArray[np.bool_]:
    """Return which of (n, 4) boxes, widened by ``reach_m``, meet one of the tree's; NaN: none."""
    hit = np.zeros(len(boxes), np.bool_)
    there = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    low, high = boxes[there, :2] - reach_m, boxes[there, 2:] + reach_m
    asked, _ = tree.query(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
    hit[there[asked]] = True
    return hit
