"""What workers write and tell: parts of links, rows for others to go on with, counts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis_core.store.parquet import Storage

_HASHED = 64  # characters of a text that say which bucket it belongs to
_SEED, _MIX = np.uint64(0xCBF29CE484222325), np.uint64(0x9E3779B97F4A7C15)


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
    """Rows for that tile or bucket to go on with: one batch of one file."""

    home: int
    file: str
    batch: int


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

    def write_shared(self, kind: str, table: pa.Table, home: NDArray[np.uint16]) -> None:
        """Write rows for others, the rows of each home as one batch."""
        end = np.cumsum(np.bincount(home))
        # Sixteen bits are sorted by counting.
        rows = table.take(pa.array(np.argsort(home, kind="stable"))) if len(end) > 1 else table
        cuts = enumerate(pairwise([0, *end.tolist()]))
        self.write_homes(kind, {home: rows.slice(a, b - a) for home, (a, b) in cuts})

    def write_homes(self, kind: str, tables: dict[int, pa.Table]) -> None:
        """Write tables for others, one for each home."""
        some = [(home, table) for home, table in tables.items() if table.num_rows]
        if some:
            file = self._file(kind, "arrow")
            self.storage.write_batches(file, [table for _, table in some])
            places = [Shared(home, file, batch) for batch, (home, _) in enumerate(some)]
            self.done.shared[self.collection] = places

    def _write(self, kind: str, table: pa.Table, account: dict[str, list[str]]) -> None:
        if table.num_rows:
            file = self._file(kind, "parquet")
            self.storage.write_table(file, table, brief=True)
            account[self.collection] = [file]

    def _file(self, kind: str, form: str) -> str:
        return f"runs/{self.run}/{kind}/{self.collection}/{self.name}.{form}"


@contextmanager
def one_allocator() -> Iterator[None]:
    """Have Arrow get its memory where numpy does: what one gives back the other can use."""
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def read_shared(storage: Storage, parts: Sequence[Shared]) -> pa.Table:
    """Return rows that other tasks left, at least one part."""
    tables = [storage.read_batch(part.file, part.batch) for part in parts]
    return pa.concat_tables(tables).combine_chunks()


def bucket_of(texts: pa.Array, buckets: int) -> NDArray[np.uint16]:
    """Return (n,) numbers below ``buckets`` that follow from the texts alone."""
    mixed = np.full(len(texts), _SEED, np.uint64)
    if buckets > 1:
        for word in _words(texts):
            more = (mixed ^ word) * _MIX
            # What fills a text up to the length of its neighbours must not count.
            mixed = np.where(word == 0, mixed, more ^ (more >> np.uint64(29)))
    return ((mixed >> np.uint64(32)) % np.uint64(buckets)).astype(np.uint16)


def _words(texts: pa.Array) -> NDArray[np.uint64]:
    """Return (w, n) texts as numbers of eight bytes each, filled up with zeros."""
    short = pc.utf8_slice_codeunits(texts, 0, _HASHED)
    width = -(-(pc.max(pc.binary_length(short)).as_py() or 0) // 8) * 8
    filled = pc.ascii_rpad(short, width, padding="\0").buffers()[2]
    words = np.frombuffer(filled or b"", np.uint64, len(texts) * width // 8)
    return words.reshape(len(texts), width // 8).T
