"""PMTiles version 3: one file of tiles that any web server can serve, from its parts as bytes.

Source: PMTiles Specification 3.
"""

import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from gis_core.mvt.protobuf import varint

HEADER_BYTES = 127
_ROOM = 16_384 - HEADER_BYTES  # a client reads header and root in its first request
_LEAF = 4096
_HEADER = struct.Struct("<7sB11Q6B4iB2i")
_GZIP, _MVT = 2, 1


@dataclass(frozen=True, slots=True)
class Entry:
    """Tiles of consecutive ids that have the same bytes; ``run`` 0: a leaf of the directory."""

    tile_id: int
    offset: int
    length: int
    run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the head of an archive says: levels, and a box in degrees west, south, east, north."""

    first: int
    last: int
    box: tuple[float, float, float, float]


def tile_id(z: int, x: int, y: int) -> int:
    """Return the number of a tile: level by level, along a Hilbert curve in each.

    >>> [tile_id(0, 0, 0), tile_id(1, 0, 0), tile_id(1, 0, 1), tile_id(1, 1, 1), tile_id(1, 1, 0)]
    [0, 1, 2, 3, 4]
    """
    number = ((1 << 2 * z) - 1) // 3
    step = 1 << z >> 1
    while step:
        right, lower = x & step > 0, y & step > 0
        number += step * step * (3 * right ^ lower)
        x, y = x & (step - 1), y & (step - 1)
        if not lower:
            if right:
                x, y = step - 1 - x, step - 1 - y
            x, y = y, x
        step >>= 1
    return number


def runs(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries in the order of their ids, consecutive ones of equal content as one."""
    joined: list[Entry] = []
    for entry in entries:
        last = joined[-1] if joined else None
        if last and (last.tile_id + last.run, last.offset) == (entry.tile_id, entry.offset):
            joined[-1] = replace(last, run=last.run + entry.run)
        else:
            joined.append(entry)
    return joined


def head(entries: Sequence[Entry], metadata: bytes, data_bytes: int, about: About) -> bytes:
    """Return everything that stands before the tiles: header, directories, metadata.

    Parameters
    ----------
    entries
        Of :func:`runs`; offsets count from the first tile.
    metadata
        A JSON object, with the layers as ``vector_layers``.
    data_bytes
        Size of all tiles together.
    """
    root, leaves = _directories(entries)
    packed = gzip.compress(metadata, mtime=0)
    at = [HEADER_BYTES]
    for part in (root, packed, leaves):
        at.append(at[-1] + len(part))
    lengths = [len(root), len(packed), len(leaves), data_bytes]
    places = [n for pair in zip(at, lengths, strict=True) for n in pair]
    counts = sum(e.run for e in entries), len(entries), len({e.offset for e in entries})
    west, south, east, north = (round(v * 1e7) for v in about.box)
    kinds = (1, _GZIP, _GZIP, _MVT, about.first, about.last)
    middle = (about.first, (west + east) // 2, (south + north) // 2)
    header = _HEADER.pack(
        b"PMTiles", 3, *places, *counts, *kinds, west, south, east, north, *middle
    )
    return header + root + packed + leaves


def _directories(entries: Sequence[Entry]) -> tuple[bytes, bytes]:
    """Return the root and the leaves, which are empty where the root has room for all."""
    root = _directory(entries)
    size = _LEAF
    leaves = b""
    while len(root) > _ROOM:
        packed = [
            (entries[i].tile_id, _directory(entries[i : i + size]))
            for i in range(0, len(entries), size)
        ]
        leaves = b"".join(leaf for _, leaf in packed)
        begin = 0
        above = []
        for first, leaf in packed:
            above.append(Entry(first, begin, len(leaf), 0))
            begin += len(leaf)
        root = _directory(above)
        size *= 2
    return root, leaves


def _directory(entries: Sequence[Entry]) -> bytes:
    ids = [0, *(e.tile_id for e in entries)]
    numbers = [len(entries), *(b - a for a, b in pairwise(ids))]
    numbers += [e.run for e in entries]
    numbers += [e.length for e in entries]
    end = 0
    for position, entry in enumerate(entries):
        follows = position > 0 and entry.offset == end
        numbers.append(0 if follows else entry.offset + 1)
        end = entry.offset + entry.length
    return gzip.compress(b"".join(map(varint, numbers)), mtime=0)
