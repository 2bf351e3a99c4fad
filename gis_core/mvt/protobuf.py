"""The little of Protocol Buffers that a vector tile needs.

Source: Protocol Buffers encoding, wire types 0 (varint), 1 (64 bits) and 2 (bytes of a length).
"""

import numpy as np
from numpy.typing import NDArray

_BITS = 7
_MORE = 0x80


def zigzag(value: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0, -1, 1, -2, 2 and so on as 0, 1, 2, 3, 4: small numbers without a sign."""
    return np.asarray((value << 1) ^ (value >> 63))


def varint_sizes(value: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many bytes each number takes, none of them negative."""
    size = np.ones(len(value), np.int64)
    most = int(value.max(initial=0)).bit_length()
    for bits in range(_BITS, most, _BITS):
        size += value >= (1 << bits)
    return size


def varints(value: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return numbers as varints, one after the other.

    Parameters
    ----------
    value
        (n,), none negative.
    size
        (n,) of :func:`varint_sizes`.
    """
    end = np.cumsum(size)
    written = np.empty(int(end[-1]) if len(end) else 0, np.uint8)
    left, at, more = value, end - size, size
    while len(left):
        going_on = more > 1
        written[at] = left & (_MORE - 1) | going_on * _MORE
        left, at, more = left[going_on] >> _BITS, at[going_on] + 1, more[going_on] - 1
    return written


def varint(value: int) -> bytes:
    """Return one number that is not negative."""
    written = bytearray()
    while value >= _MORE:
        written.append(value & (_MORE - 1) | _MORE)
        value >>= _BITS
    written.append(value)
    return bytes(written)


def number(field: int, value: int) -> bytes:
    """Return a field that holds a number."""
    return varint(field << 3) + varint(value)


def block(field: int, content: bytes) -> bytes:
    """Return a field that holds bytes: a text, a message, packed numbers."""
    return varint(field << 3 | 2) + varint(len(content)) + content
