"""Well-known binary to flat arrays in two passes: count, then copy. No objects in between."""

import numpy as np
from numpy.typing import NDArray

from gis_core.errors import GeometryTypeError
from gis_core.merge.flat import Arrays, read_only
from gis_core.merge.kernels.compiled import kernel

_CUT, _ORDER, _KIND, _MIXED, _SHORT, _OPEN, _FINITE, _HEADER, _SHELL = range(1, 10)
_FAULTS = {
    _CUT: "ends before it is complete",
    _ORDER: "names no byte order",
    _KIND: "is of a kind that is no point, line or polygon (a curve or surface?)",
    _MIXED: "mixes points, lines and areas",
    _SHORT: "has a line of one vertex or a ring of fewer than three",
    _OPEN: "has a ring that does not close",
    _FINITE: "has a coordinate that is not finite",
    _HEADER: "has no GeoPackage header, or one of a private extension",
    _SHELL: "has holes in an empty shell",
}
_POINT, _LINE, _POLYGON, _FIRST_MULTI, _LAST_MULTI = 1, 2, 3, 4, 7


def decode(
    data: NDArray[np.uint8],
    offset: NDArray[np.int64],
    valid: NDArray[np.bool_],
    *,
    geopackage: bool = False,
) -> Arrays:
    """Return the arrays of `gis_core.merge.flat.FlatShapes`; parameters as in its `from_wkb`.

    Raises
    ------
    GeometryTypeError
        A row cannot be read; the error names the first such row.
    """
    if len(offset) and (offset[0] < 0 or offset[-1] > len(data) or (np.diff(offset) < 0).any()):
        raise GeometryTypeError(
            "the offsets do not fit the bytes", expected=f"ascending, 0 to {len(data)}"
        )
    xy, ring, role, shape, dimension, box, fault, row = _decode(
        read_only(data, "u1"), read_only(offset, "i8"), read_only(valid, "?"), geopackage
    )
    if fault:
        raise GeometryTypeError(
            f"the geometry of row {row} {_FAULTS[fault]}",
            advice="Repair the geometry or leave the row out.",
            row=row,
        )
    return xy, ring, role, shape, dimension, box


@kernel
def _decode(
    data: NDArray[np.uint8], offset: NDArray[np.int64], valid: NDArray[np.bool_], geopackage: bool
) -> tuple[
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.int8],
    NDArray[np.int64],
    NDArray[np.int8],
    NDArray[np.float64],
    int,
    int,
]:
    n = len(offset) - 1
    shape = np.zeros(n + 1, np.int64)
    dimension = np.full(n, -1, np.int8)
    box = np.full((n, 4), np.nan)
    raw, ring, role = np.empty(0, np.uint8), np.zeros(1, np.int64), np.empty(0, np.int8)
    v, r = 0, 0
    for i in range(n):
        if valid[i]:
            fault, v, r, kind = _walk(
                data, offset[i], offset[i + 1], geopackage, False, v, r, raw, ring, role
            )
            if fault:
                return np.empty((0, 2)), ring, role, shape, dimension, box, fault, i
            dimension[i] = kind
        shape[i + 1] = r
    xy = np.empty(2 * v)
    raw, ring, role = xy.view(np.uint8), np.zeros(r + 1, np.int64), np.empty(r, np.int8)
    v, r = 0, 0
    for i in range(n):
        if valid[i]:
            _, v, r, _ = _walk(
                data, offset[i], offset[i + 1], geopackage, True, v, r, raw, ring, role
            )
    places = xy.reshape((-1, 2))
    fault, row = _measure(places, ring, role, shape, box)
    return places, ring, role, shape, dimension, box, fault, row


@kernel
def _measure(
    xy: NDArray[np.float64],
    ring: NDArray[np.int64],
    role: NDArray[np.int8],
    shape: NDArray[np.int64],
    box: NDArray[np.float64],
) -> tuple[int, int]:
    """Fill in the boxes; return the first fault that only coordinates show, and its row."""
    for i in range(len(shape) - 1):
        if shape[i] == shape[i + 1]:
            continue
        x0, y0, x1, y1 = np.inf, np.inf, -np.inf, -np.inf
        for j in range(shape[i], shape[i + 1]):
            first, last = ring[j], ring[j + 1] - 1
            if role[j] != 0 and (xy[first, 0] != xy[last, 0] or xy[first, 1] != xy[last, 1]):
                finite = np.isfinite(xy[first]).all() and np.isfinite(xy[last]).all()
                return (_OPEN if finite else _FINITE), i
            for v in range(first, last + 1):
                x, y = xy[v, 0], xy[v, 1]
                if not (np.isfinite(x) and np.isfinite(y)):
                    return _FINITE, i
                x0, x1 = min(x0, x), max(x1, x)
                y0, y1 = min(y0, y), max(y1, y)
        box[i, 0], box[i, 1], box[i, 2], box[i, 3] = x0, y0, x1, y1
    return 0, -1


@kernel
def _walk(
    data: NDArray[np.uint8],
    p: int,
    end: int,
    geopackage: bool,
    write: bool,
    v: int,
    r: int,
    raw: NDArray[np.uint8],
    ring: NDArray[np.int64],
    role: NDArray[np.int8],
) -> tuple[int, int, int, int]:
    """Read one row from p to end; return fault, next vertex, next ring and dimension.

    Members of collections follow one another, so that a count of those still to come replaces
    a stack.
    """
    dimension, pending = -1, 1
    fault = 0
    if geopackage:
        fault, p = _skip_header(data, p, end)
    while pending and not fault:
        pending -= 1
        fault, kind, big, size, p = _kind(data, p, end)
        before = r
        if fault:
            break
        if kind == _POINT:
            fault, p, v, r = _point(data, p, end, big, size, write, v, r, raw, ring, role)
        elif kind == _LINE:
            fault, p, v, r = _ring(data, p, end, big, size, 2, 0, write, v, r, raw, ring, role)
        elif kind == _POLYGON:
            fault, p, v, r = _polygon(data, p, end, big, size, write, v, r, raw, ring, role)
        else:
            fault, members, p = _count(data, p, end, big, 5)
            pending += members
        if r > before:
            if dimension >= 0 and dimension != kind - 1:
                fault = _MIXED
            dimension = kind - 1
    return fault, v, r, dimension


@kernel
def _skip_header(data: NDArray[np.uint8], p: int, end: int) -> tuple[int, int]:
    """Return the fault of a GeoPackage header at p and where the well-known binary begins."""
    if p + 8 > end:
        return _CUT, p
    flags = np.int64(data[p + 3])
    box = (flags >> 1) & 7
    if data[p] != 0x47 or data[p + 1] != 0x50 or box > 4 or flags & 0x20:
        return _HEADER, p
    # No box, or x and y, or these with z or m, or with both.
    size = 0 if box == 0 else 32 if box == 1 else 64 if box == 4 else 48
    return 0, p + 8 + size


@kernel
def _kind(data: NDArray[np.uint8], p: int, end: int) -> tuple[int, int, bool, int, int]:
    """Return fault, kind, whether big-endian, bytes a vertex, and what follows the header at p."""
    if p + 5 > end:
        return _CUT, 0, False, 0, p
    if data[p] > 1:
        return _ORDER, 0, False, 0, p
    big = data[p] == 0
    code = _word(data, p + 1, big)
    p += 9 if code & 0x20000000 else 5
    plain = code & 0x0FFFFFFF
    thousand = plain // 1000
    kind = plain - 1000 * thousand
    if thousand > 3 or kind < _POINT or kind > _LAST_MULTI:
        return _KIND, 0, big, 0, p
    z = code & 0x80000000 or thousand == 1 or thousand == 3
    m = code & 0x40000000 or thousand >= 2
    size = 16 + (8 if z else 0) + (8 if m else 0)
    return 0, kind, big, size, p


@kernel
def _word(data: NDArray[np.uint8], p: int, big: bool) -> int:
    a, b, c, d = (
        np.int64(data[p]),
        np.int64(data[p + 1]),
        np.int64(data[p + 2]),
        np.int64(data[p + 3]),
    )
    if big:
        return int(a << 24 | b << 16 | c << 8 | d)
    return int(d << 24 | c << 16 | b << 8 | a)


@kernel
def _count(
    data: NDArray[np.uint8], p: int, end: int, big: bool, least: int
) -> tuple[int, int, int]:
    """Return fault, the count at p, and what follows; each thing counted needs ``least`` bytes."""
    if p + 4 > end:
        return _CUT, 0, p
    count = _word(data, p, big)
    p += 4
    if count * least > end - p:
        return _CUT, 0, p
    return 0, count, p


@kernel
def _copy(
    data: NDArray[np.uint8],
    p: int,
    big: bool,
    size: int,
    count: int,
    v: int,
    raw: NDArray[np.uint8],
) -> None:
    """Copy x and y of ``count`` vertices at p to vertex v and on."""
    if size == 16 and not big:
        raw[16 * v : 16 * (v + count)] = data[p : p + 16 * count]
        return
    for k in range(count):
        for b in range(16):
            raw[16 * (v + k) + b] = data[p + size * k + (b ^ 7 if big else b)]


@kernel
def _ring(
    data: NDArray[np.uint8],
    p: int,
    end: int,
    big: bool,
    size: int,
    least: int,
    part: int,
    write: bool,
    v: int,
    r: int,
    raw: NDArray[np.uint8],
    ring: NDArray[np.int64],
    role: NDArray[np.int8],
) -> tuple[int, int, int, int]:
    """Read a counted run of vertices; an empty one leaves no trace."""
    fault, count, p = _count(data, p, end, big, size)
    if fault or count == 0:
        return fault, p, v, r
    if count < least:
        return _SHORT, p, v, r
    if write:
        _copy(data, p, big, size, count, v, raw)
        role[r] = part
        ring[r + 1] = v + count
    return 0, p + size * count, v + count, r + 1


@kernel
def _polygon(
    data: NDArray[np.uint8],
    p: int,
    end: int,
    big: bool,
    size: int,
    write: bool,
    v: int,
    r: int,
    raw: NDArray[np.uint8],
    ring: NDArray[np.int64],
    role: NDArray[np.int8],
) -> tuple[int, int, int, int]:
    fault, rings, p = _count(data, p, end, big, 4)
    before = r
    for k in range(rings):
        part = 1 if k == 0 else -1
        fault, p, v, r = _ring(data, p, end, big, size, 3, part, write, v, r, raw, ring, role)
        if k == 0:
            shell = r > before
        elif r > before and not shell:
            fault = _SHELL
        if fault:
            break
    return fault, p, v, r


@kernel
def _point(
    data: NDArray[np.uint8],
    p: int,
    end: int,
    big: bool,
    size: int,
    write: bool,
    v: int,
    r: int,
    raw: NDArray[np.uint8],
    ring: NDArray[np.int64],
    role: NDArray[np.int8],
) -> tuple[int, int, int, int]:
    if p + size > end:
        return _CUT, p, v, r
    place = np.empty(2)
    _copy(data, p, big, size, 1, 0, place.view(np.uint8))
    if np.isnan(place[0]) and np.isnan(place[1]):  # how an empty point is written
        return 0, p + size, v, r
    if write:
        _copy(data, p, big, size, 1, v, raw)
        role[r] = 0
        ring[r + 1] = v + 1
    return 0, p + size, v + 1, r + 1
