"""Binary geometry of unknown origin: looked through before a parser that recurses sees it."""

import struct
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.geometry import MAX_DEPTH

_HEADER: Final = 5  # byte order, type
_POINT, _LINE, _POLYGON = 1, 2, 3
_CURVED: Final = frozenset({8, 9, 10, 11, 12, 13, 14})
_ARC: Final = 8
_TRIANGLE: Final = 17
_LAST: Final = 17
_EWKB_Z, _EWKB_M, _EWKB_SRID = 0x80000000, 0x40000000, 0x20000000


def decode_wkb(wkb: NDArray[np.object_]) -> NDArray[np.object_]:
    """Decode geometries; what is broken or nested too deep becomes None.

    Parameters
    ----------
    wkb
        (n,) bytes or None. GeoPackages hand out what stands in them, unchecked: nested
        150,000 deep it would end the process.
    """
    sound = np.array([blob if blob and not too_deep(blob) else None for blob in wkb], dtype=object)
    with np.errstate(invalid="ignore"):  # NaN among the vertices is for the checks to find
        return np.asarray(shapely.from_wkb(sound, on_invalid="ignore"), dtype=object)


def has_curves(wkb: NDArray[np.object_]) -> bool:
    """Tell whether any geometry is of a curved type, which shapely does not take."""
    return any(_kind(blob)[0] in _CURVED for blob in wkb if blob and len(blob) >= _HEADER)


def too_deep(blob: bytes, *, depth: int = MAX_DEPTH) -> bool:
    r"""Tell whether collections are nested deeper than ``depth``, without recursion.

    Only headers and counts are read: about 1 µs per part. What ends early is not too
    deep; the parser finds that out safely.

    Examples
    --------
    >>> too_deep(shapely.to_wkb(shapely.Point(1, 2))), too_deep(b"\x01\x07\0\0\0\x01\0\0\0" * 99)
    (False, True)
    """
    left = [1]  # geometries still to come, per level
    at = 0
    try:
        while left:
            if not left[-1]:
                left.pop()
                continue
            left[-1] -= 1
            at, children = _skip(blob, at)
            if children:
                left.append(children)
                if len(left) > depth + 1:
                    return True
    except struct.error:
        pass
    return False


def _kind(blob: bytes, at: int = 0) -> tuple[int, int, int, str]:
    """Return the base type, bytes per vertex, length of the header, byte order."""
    order = "<" if blob[at : at + 1] == b"\x01" else ">"
    (code,) = struct.unpack_from(f"{order}I", blob, at + 1)
    plain = code & 0x0FFFFFFF
    base, family = plain % 1000, plain // 1000
    size = (
        2 + (family in {1, 3} or bool(code & _EWKB_Z)) + (family in {2, 3} or bool(code & _EWKB_M))
    )
    return base, 8 * size, _HEADER + (4 if code & _EWKB_SRID else 0), order


def _skip(blob: bytes, at: int) -> tuple[int, int]:
    """Step over one geometry's own vertices; return where it ends and how many parts follow."""
    base, vertex, header, order = _kind(blob, at)
    at += header
    if base == _POINT:
        return at + vertex, 0
    (count,) = struct.unpack_from(f"{order}I", blob, at)
    at += 4
    if base in {_LINE, _ARC}:
        return at + count * vertex, 0
    if base in {_POLYGON, _TRIANGLE}:
        for _ in range(count):
            (points,) = struct.unpack_from(f"{order}I", blob, at)
            at += 4 + points * vertex
        return at, 0
    if base > _LAST:
        raise struct.error(f"type {base}")
    return at, count
