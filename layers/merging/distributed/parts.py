"""What workers write and tell: parts of links, rows for others to go on with, counts."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from gis_core.store.parquet import Storage


@dataclass(frozen=True)
class Counts:
    """What became of some of a collection's features; counts of tiles add up.

    Attributes
    ----------
    features, linked
        Features that were decided, and those of them that have a parcel.
    links, boundary, nearest, slivers
        As in `CollectionReport`.
    unmatched
        Features without a parcel, by reason.
    """

    features: int = 0
    linked: int = 0
    links: int = 0
    boundary: int = 0
    nearest: int = 0
    slivers: int = 0
    unmatched: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: "Counts") -> "Counts":
        """Add up."""
        return Counts(
            self.features + other.features,
            self.linked + other.linked,
            self.links + other.links,
            self.boundary + other.boundary,
            self.nearest + other.nearest,
            self.slivers + other.slivers,
            dict(sorted((Counter(self.unmatched) + Counter(other.unmatched)).items())),
        )


@dataclass(frozen=True)
class Shared:
    """Rows for that tile or bucket to go on with: one row group of one file."""

    home: int
    file: str
    group: int


@dataclass(frozen=True)
class Done:
    """What a task tells.

    Attributes
    ----------
    number
        Of its tile, bucket or file.
    counts
        What became of features, by collection.
    links, unmatched
        Parts it wrote, by collection.
    shared
        What is left for others to go on with, by collection.
    """

    number: int
    counts: dict[str, Counts] = field(default_factory=dict)
    links: dict[str, list[str]] = field(default_factory=dict)
    unmatched: dict[str, list[str]] = field(default_factory=dict)
    shared: dict[str, list[Shared]] = field(default_factory=dict)


@dataclass(frozen=True)
class Parts:
    """Where the parts of one task and collection go, and the account of what was written."""

    storage: Storage
    run: str
    collection: str
    name: str
    done: Done

    def write_links(self, table: pa.Table) -> None:
        """Write links, if there are any."""
        self._write("links", table, self.done.links)

    def write_unmatched(self, ids: pa.Array, reason: NDArray[np.object_]) -> None:
        """Write features that have no parcel, if there are any."""
        table = pa.table({"feature_id": ids, "reason": pa.array(reason, pa.string())})
        self._write("unmatched", table, self.done.unmatched)

    def write_shared(self, kind: str, table: pa.Table, home: NDArray[np.int64]) -> None:
        """Write rows for others, the rows of each home as one row group."""
        order = np.argsort(home, kind="stable")
        homes, start = np.unique(home[order], return_index=True)
        ends = [*start[1:].tolist(), len(order)]
        rows = table.take(pa.array(order))
        cuts = zip(homes.tolist(), start.tolist(), ends, strict=True)
        self.write_homes(kind, {home: rows.slice(a, b - a) for home, a, b in cuts})

    def write_homes(self, kind: str, tables: dict[int, pa.Table]) -> None:
        """Write tables for others, one for each home."""
        some = [(home, table) for home, table in tables.items() if table.num_rows]
        if some:
            file = self._file(kind)
            self.storage.write_groups(file, [table for _, table in some])
            places = [Shared(home, file, group) for group, (home, _) in enumerate(some)]
            self.done.shared[self.collection] = places

    def _write(self, kind: str, table: pa.Table, account: dict[str, list[str]]) -> None:
        if table.num_rows:
            self.storage.write_table(self._file(kind), table, brief=True)
            account[self.collection] = [self._file(kind)]

    def _file(self, kind: str) -> str:
        return f"runs/{self.run}/{kind}/{self.collection}/{self.name}.parquet"


def read_shared(storage: Storage, part: Shared) -> pa.Table:
    """Return rows that another task left."""
    with storage.parquet(part.file) as file:
        return file.read_row_group(part.group, use_threads=False)


def bucket_of(texts: pa.Array, buckets: int) -> NDArray[np.int64]:
    """Return (n,) numbers below ``buckets`` that follow from the texts alone."""
    values = pd.util.hash_array(texts.to_numpy(zero_copy_only=False), categorize=False)
    return np.asarray(values % np.uint64(buckets), np.int64)
