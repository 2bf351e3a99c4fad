"""Reading the segment of a table: mapped files, no row of SQL."""

import mmap
import threading
from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from gis_core.search_area import SearchArea
from gis_core.store.fragments import files
from gis_core.store.fragments.boxes import BoxTree
from gis_core.store.schema import Box, TableInfo

_MOST_OPEN = 64
_VERTEX = np.arange(16)
_BEFORE = np.arange(-4, 0)
_WKB_LEADS = {1: 5, 5: 18, 6: 22}  # point, several lines, several polygons
Rows = NDArray[np.intp]
Items = tuple[mmap.mmap | bytes, NDArray[np.int64]]


class Segment:
    """The ready features of one table of one generation; it never changes.

    Rows are counted from 0 in the order of the stored rows' numbers, which is the order in which
    an unsorted query answers.
    """

    def __init__(self, folder: Path, head: files.Head) -> None:
        self.count = head.count
        self.columns = head.columns
        self._place = {uri: files.texts(i) for i, uri in enumerate(head.variants)}
        names = (*self._place.values(), files.SHAPES)
        self._items = {
            name: (_mapped(folder / name), _array(folder / files.ends(name), files.END))
            for name in names
        }
        arrays = {name: _array(folder / name, kind) for name, kind in files.TYPES.items()}
        self.fids: NDArray[np.int64] = arrays[files.FIDS]
        self.boxes: NDArray[np.float64] = arrays[files.BOXES]
        self.tags: NDArray[np.uint64] = arrays[files.TAGS]
        self._keys: NDArray[np.uint64] = arrays[files.KEYS]
        self._key_rows: NDArray[np.int64] = arrays[files.KEY_ROWS]

    @classmethod
    def open(cls, generation: Path, info: TableInfo) -> Self | None:
        """Open the segment of a table; None where there is none, or none that fits the table."""
        folder = files.segment_folder(generation, info.schema.name)
        head = files.read_head(folder)
        if head is None or info.schema.published != head.columns or head.count != info.count:
            return None
        try:
            segment = cls(folder, head)
        except (OSError, ValueError):
            return None
        return segment if segment._whole() else None

    def _whole(self) -> bool:
        lengths = {len(a) for a in (self.fids, self.boxes, self.tags, self._keys, self._key_rows)}
        lengths |= {len(ends) for _, ends in self._items.values()}
        sizes = all(
            len(data) == (int(ends[-1]) if len(ends) else 0) for data, ends in self._items.values()
        )
        return lengths == {self.count} and sizes

    def close(self) -> None:
        """Let go of the texts; arrays are let go of with the last who holds one."""
        for data, _ in self._items.values():
            if isinstance(data, mmap.mmap):
                data.close()

    # -- which rows ------------------------------------------------------------------------

    def row_of(self, feature_id: str) -> int | None:
        """Return the row of a feature, None when there is no such feature."""
        key = id_key(feature_id)
        lead = b'{"type":"Feature","id":%s,' % orjson.dumps(feature_id)
        data, ends = self._items[next(iter(self._place.values()))]
        at = int(self._keys.searchsorted(np.uint64(key)))  # a plain int makes floats of all keys
        while at < self.count and self._keys[at] == key:
            row = int(self._key_rows[at])
            start = int(ends[row - 1]) if row else 0
            if data[start : start + len(lead)] == lead:
                return row
            at += 1
        return None

    def rows_of(self, fids: NDArray[np.int64]) -> Rows:
        """Return the rows with these numbers, in their order."""
        return np.searchsorted(self.fids, fids)

    def search(self, box: Box) -> Rows:
        """Return the rows whose box meets a box in the storage system, ascending."""
        return self._tree.search(box)

    def meeting(self, area: SearchArea) -> Rows:
        """Return the rows that have a point in common with an area, ascending."""
        near = self.search(area.outer)
        found = area.meets(
            self.boxes.take(near, axis=0),
            lambda some: self.vertices(near[some]),
            lambda some: self.outlines(near[some]),
            lambda some: self.shapes(near[some]),
        )
        return near[found]

    def shapes(self, rows: Rows) -> NDArray[np.object_]:
        """Return the geometries of rows in the storage system."""
        data, ends = self._items[files.SHAPES]
        starts = np.where(rows > 0, ends[rows - 1], 0).tolist()
        blobs = [data[a:b] or None for a, b in zip(starts, ends[rows].tolist(), strict=True)]
        found: NDArray[np.object_] = shapely.from_wkb(np.array(blobs, dtype=object))
        return found

    def vertices(self, rows: Rows) -> NDArray[np.float64]:
        """Return (n, 2) the first vertex of each of n geometries, without parsing them."""
        _, ends = self._items[files.SHAPES]
        first = np.where(rows > 0, ends[rows - 1], 0) + self._lead
        bytes_ = self._shape_bytes[first[:, None] + _VERTEX]
        return bytes_.view("<f8")

    def outlines(self, rows: Rows) -> tuple[NDArray[np.float64], Rows]:
        """Return (v, 2) all vertices of n geometries, and (n,) where those of each begin."""
        data, ends = self._items[files.SHAPES]
        lasts = ends[rows]
        starts = np.where(rows > 0, ends[rows - 1], 0) + self._lead
        # What comes before the first vertex is how many there are; of a point, its kind: one.
        counts = self._shape_bytes[starts[:, None] + _BEFORE].view("<u4")[:, 0]
        rings = [data[a:b] for a, b in zip(starts.tolist(), lasts.tolist(), strict=True)]
        for i in np.flatnonzero(counts * 16 != lasts - starts).tolist():  # more than one ring
            rings[i] = shapely.get_coordinates(self.shapes(rows[i : i + 1])).tobytes()
        sizes = np.array([len(ring) // 16 for ring in rings])
        xy = np.frombuffer(b"".join(rings), dtype="<f8").reshape(-1, 2)
        return xy, np.cumsum(sizes) - sizes

    @cached_property
    def _shape_bytes(self) -> NDArray[np.uint8]:
        return np.frombuffer(self._items[files.SHAPES][0], dtype=np.uint8)

    @cached_property
    def _lead(self) -> int:
        """How many bytes of WKB come before the first vertex: all shapes are of one kind."""
        kind = int(self._shape_bytes[1:5].view("<u4")[0])
        return _WKB_LEADS[kind]

    @cached_property
    def _tree(self) -> BoxTree:
        return BoxTree(self.boxes)

    # -- their bytes -----------------------------------------------------------------------

    def variant(self, uri: str) -> str | None:
        """Return under what the features in a system are kept; without a place it is all one."""
        if len(self._place) == 1:
            return next(iter(self._place.values()))
        return self._place.get(uri)

    def slice(self, variant: str, first: int, last: int) -> bytes:
        """Return the features first to last - 1, with commas between them."""
        data, ends = self._items[variant]
        if first >= last:
            return b""
        return data[int(ends[first - 1]) if first else 0 : int(ends[last - 1]) - 1]

    def size(self, variant: str, first: int, last: int) -> int:
        """Return how many bytes `slice` would return."""
        _, ends = self._items[variant]
        return int(ends[last - 1] - (ends[first - 1] if first else 0)) - 1 if first < last else 0

    def pieces(self, variant: str, first: int, last: int, size: int) -> Iterator[memoryview]:
        """Yield what `slice` would return in pieces of about so many bytes, without copying."""
        data, ends = self._items[variant]
        whole = memoryview(data)
        while first < last:
            start = int(ends[first - 1]) if first else 0
            until = max(first + 1, int(np.searchsorted(ends[:last], start + size)))
            yield whole[start : int(ends[until - 1]) - (until == last)]
            first = until

    def gather(self, variant: str, rows: Rows) -> list[memoryview]:
        """Return the features of rows in their order, with commas between them, in runs."""
        if not len(rows):
            return []
        data, ends = self._items[variant]
        breaks = np.flatnonzero(np.diff(rows) != 1)
        first = np.concatenate([rows[:1], rows[breaks + 1]])
        last = np.concatenate([rows[breaks], rows[-1:]])
        starts = np.where(first > 0, ends[first - 1], 0).tolist()
        whole = memoryview(data)
        runs = [whole[a:b] for a, b in zip(starts, ends[last].tolist(), strict=True)]
        return [*runs[:-1], runs[-1][:-1]]

    def each(self, variant: str, rows: Rows) -> list[bytes]:
        """Return the features of rows one by one."""
        data, ends = self._items[variant]
        starts = np.where(rows > 0, ends[rows - 1], 0).tolist()
        lasts = (ends[rows] - 1).tolist()
        return [data[a:b] for a, b in zip(starts, lasts, strict=True)]

    def tag(self, row: int) -> str:
        """Return the checksum of one feature as it is in all systems."""
        return f"{int(self.tags[row]):016x}"

    # -- for who writes the next one -------------------------------------------------------

    def items(self, name: str) -> Items:
        """Return a file of features or places, and where each of them ends."""
        return self._items[name]

    def keys_by_row(self) -> NDArray[np.uint64]:
        """Return the keys of the ids, row by row."""
        keys = np.empty_like(self._keys)
        keys[self._key_rows] = self._keys
        return keys


class Segments:
    """The segments that a process holds open: the last ones asked for."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[Path, str], Segment | None] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, generation: Path, info: TableInfo) -> Segment | None:
        """Return the segment of a table, None where there is none."""
        key = (generation, info.schema.name)
        with self._lock:
            if key not in self._open:
                # Generations that are no longer kept are let go of: an open file holds its space.
                for gone in [k for k in self._open if not k[0].is_dir()]:
                    del self._open[gone]
                self._open[key] = Segment.open(generation, info)
            self._open.move_to_end(key)
            while len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
            return self._open[key]


def id_key(feature_id: str) -> int:
    """Return the number by which a feature's id is looked up."""
    return int.from_bytes(blake2b(feature_id.encode(), digest_size=8).digest(), "little")


def _mapped(path: Path) -> mmap.mmap | bytes:
    with path.open("rb") as file:
        if not path.stat().st_size:
            return b""  # nothing cannot be mapped
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _array(path: Path, kind: np.dtype[Any]) -> NDArray[Any]:
    data = _mapped(path)
    values = np.frombuffer(data, dtype=kind.base)
    return values.reshape(-1, *kind.shape)
