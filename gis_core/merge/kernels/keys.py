"""Parcel keys as bytes: take texts apart at their digits, put keys together, find them.

The shape of a text is what stays of it when only the length of each run of digits is kept.
What a shape means is not decided here: `gis_core.key_shapes` learns it from the reader.
"""

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.kernels.compiled import kernel

LONGEST_TEXT = 120
MAX_RUNS = 6
LONGEST_RUN = 18
"""Digits that an int64 holds."""

PARTS = 6
STATE, DISTRICT, SECTION, NUMERATOR, DENOMINATOR, SEQUENCE = range(PARTS)

NO_SHAPE = -1

_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_ZERO, _NINE, _BLANK = 48, 57, 95

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Small = NDArray[np.int32]


@kernel
def find_shapes(
    data: Bytes, offset: Ints, slots: int
) -> tuple[Small, Small, NDArray[np.int64], NDArray[np.int64]]:
    """Give numbers to the texts before the first digit, and to the shapes of what follows.

    Parameters
    ----------
    data, offset
        n texts in UTF-8: bytes, and (n+1,) where each begins.
    slots
        Size of the two hash tables, a power of two; each takes half as many different entries.

    Returns
    -------
    prefix, tail : (n,) int32
        -1 where the text is longer than 120 bytes, has no digit, more than six runs of digits
        or one of more than 18, or where a table was full.
    first_prefix, first_tail : int64
        For every number the first text that has it.

    Notes
    -----
    Equal hashes are compared byte by byte: two shapes never share a number. O(bytes).
    """
    n, most = len(offset) - 1, slots // 2
    prefix, tail = np.full(n, NO_SHAPE, np.int32), np.full(n, NO_SHAPE, np.int32)
    first_prefix, first_tail = np.empty(most, np.int64), np.empty(most, np.int64)
    prefix_hash, tail_hash = np.empty(most, np.uint64), np.empty(most, np.uint64)
    prefix_table, tail_table = np.full(slots, -1, np.int32), np.full(slots, -1, np.int32)
    prefixes, tails = 0, 0
    for i in range(n):
        cut, before, after, good = _hash_text(data, offset[i], offset[i + 1])
        if not good:
            continue
        number = _number_of(
            (data, offset, i, cut, True), before, prefix_table, first_prefix, prefix_hash, prefixes
        )
        shape = _number_of(
            (data, offset, i, cut, False), after, tail_table, first_tail, tail_hash, tails
        )
        prefixes, tails = max(prefixes, number + 1), max(tails, shape + 1)
        if number >= 0 and shape >= 0:
            prefix[i], tail[i] = number, shape
    return prefix, tail, first_prefix[:prefixes].copy(), first_tail[:tails].copy()


@kernel
def _number_of(
    text: tuple[Bytes, Ints, int, int, bool],
    hashed: np.uint64,
    table: Small,
    first: Ints,
    hashes: NDArray[np.uint64],
    count: int,
) -> int:
    """Return the number of what stands before or after the cut, a new one if need be, or -1."""
    data, offset, row, cut, before = text
    slot = np.int64((hashed * _MIX) >> np.uint64(32)) & (len(table) - 1)
    while table[slot] >= 0:
        number = table[slot]
        if hashes[number] == hashed:
            begin, end = offset[first[number]], offset[first[number] + 1]
            if before:
                same = _same_prefix(data, offset[row], cut, begin, end)
            else:
                other = _first_digit(data, begin, end)
                same = _same_tail(data, cut, offset[row + 1], other, end)
            if same:
                return int(number)
        slot = (slot + 1) & (len(table) - 1)
    if count == len(first):
        return NO_SHAPE
    table[slot], first[count], hashes[count] = count, row, hashed
    return count


@kernel
def _hash_text(data: Bytes, begin: int, end: int) -> tuple[int, np.uint64, np.uint64, bool]:
    """Return where the first digit is, the hashes before and after, and whether it is usable."""
    before, after = _SEED, _SEED
    cut = end
    if end - begin > LONGEST_TEXT:
        return cut, before, after, False
    at = begin
    while at < end and not _ZERO <= data[at] <= _NINE:
        before = (before ^ np.uint64(data[at])) * _PRIME
        at += 1
    cut = at
    runs, length = 0, 0
    for place in range(cut, end):
        byte = data[place]
        if _ZERO <= byte <= _NINE:
            length += 1
            continue
        if length:
            if length > LONGEST_RUN:
                return cut, before, after, False
            runs += 1
            after = (after ^ np.uint64(256 + length)) * _PRIME
            length = 0
        after = (after ^ np.uint64(byte)) * _PRIME
    if length:
        runs += 1
        after = (after ^ np.uint64(256 + length)) * _PRIME
    return cut, before, after, 0 < runs <= MAX_RUNS and length <= LONGEST_RUN


@kernel
def _first_digit(data: Bytes, begin: int, end: int) -> int:
    at = begin
    while at < end and not _ZERO <= data[at] <= _NINE:
        at += 1
    return at


@kernel
def _same_prefix(data: Bytes, begin: int, cut: int, other: int, other_end: int) -> bool:
    length = cut - begin
    if other + length >= other_end:
        return False
    for k in range(length):
        if data[begin + k] != data[other + k]:
            return False
    return bool(_ZERO <= data[other + length] <= _NINE)


@kernel
def _same_tail(data: Bytes, begin: int, end: int, other: int, other_end: int) -> bool:
    if end - begin != other_end - other:
        return False
    for k in range(end - begin):
        a, b = data[begin + k], data[other + k]
        if a != b and not (_ZERO <= a <= _NINE and _ZERO <= b <= _NINE):
            return False
    return True


@kernel
def compose_keys(
    data: Bytes,
    offset: Ints,
    form: Small,
    named: Small,
    slices: NDArray[np.int64],
    flags: Bytes,
    exists: NDArray[np.bool_],
    state: int,
    none: Bytes,
) -> tuple[Bytes, NDArray[np.int8]]:
    """Put the keys of texts together whose form is known.

    Parameters
    ----------
    data, offset
        n texts.
    form
        (n,) row in ``slices``, -1: not known.
    named
        (n,) number of the district that the text's name means, -1: it has no name or none that
        is sure.
    slices
        (f, 6, 3) for each part of the key the run that holds it (-1: the text says nothing of
        it), what to divide the run by, and then the modulus.
    flags
        (f,) bits: 1 a name gives the district, 2 a denominator of zeros is none, 4 a sequence
        ``00`` is none.
    exists
        (10,000, 1,000) whether the municipality has a section of a district.
    state
        The catalogue's.
    none
        (2,) the characters of no sequence.

    Returns
    -------
    key : (n, 20) uint8
        ASCII, zero where the text was not read.
    confidence : (n,) int8
        0 the text is the key, 1 another spelling, 2 the district was named; -1 not read: whether
        it is a key, and why not, is the reader's to say.
    """
    n = len(offset) - 1
    key, confidence = np.zeros((n, 20), np.uint8), np.full(n, -1, np.int8)
    runs, part = np.zeros(MAX_RUNS, np.int64), np.zeros(PARTS, np.int64)
    for i in range(n):
        f = form[i]
        if f < 0:
            continue
        _read_runs(data, offset[i], offset[i + 1], runs)
        for p in range(PARTS):
            run, divisor, modulus = slices[f, p, 0], slices[f, p, 1], slices[f, p, 2]
            part[p] = -1 if run < 0 else (runs[run] // divisor) % modulus
        by_name = flags[f] & 1
        if by_name and part[DISTRICT] < 0:
            part[DISTRICT] = named[i]
        elif by_name and part[DISTRICT] != named[i]:
            continue
        if not _possible(part, flags[f], exists, state):
            continue
        _write_key(key[i], part, state, none)
        confidence[i] = 2 if by_name else 1
        if offset[i + 1] - offset[i] == 20 and _equal(data, offset[i], key[i]):
            confidence[i] = 0
    return key, confidence


@kernel
def _read_runs(data: Bytes, begin: int, end: int, runs: Ints) -> None:
    number, run, inside = 0, 0, False
    for at in range(begin, end):
        byte = data[at]
        if _ZERO <= byte <= _NINE:
            number = number * 10 + int(byte) - _ZERO
            inside = True
        elif inside:
            runs[run] = number
            number, inside = 0, False
            run += 1
    if inside:
        runs[run] = number


@kernel
def _possible(part: Ints, flags: int, exists: NDArray[np.bool_], state: int) -> bool:
    """Return whether such a parcel can be; no says only that the reader has to look."""
    if part[STATE] >= 0 and part[STATE] != state:
        return False
    if part[DISTRICT] < 0 or part[SECTION] <= 0 or part[NUMERATOR] <= 0:
        return False
    if part[DENOMINATOR] == 0 and not flags & 2:
        return False
    if part[SEQUENCE] == 0 and not flags & 4:
        return False
    return bool(exists[part[DISTRICT], part[SECTION]])


@kernel
def _write_key(key: Bytes, part: Ints, state: int, none: Bytes) -> None:
    _write(key, 0, 2, state)
    _write(key, 2, 4, part[DISTRICT])
    _write(key, 6, 3, part[SECTION])
    _write(key, 9, 5, part[NUMERATOR])
    if part[DENOMINATOR] > 0:
        _write(key, 14, 4, part[DENOMINATOR])
    else:
        for place in range(14, 18):
            key[place] = _BLANK
    if part[SEQUENCE] > 0:
        _write(key, 18, 2, part[SEQUENCE])
    else:
        key[18], key[19] = none[0], none[1]


@kernel
def _write(key: Bytes, place: int, width: int, value: int) -> None:
    for k in range(width - 1, -1, -1):
        key[place + k] = _ZERO + value % 10
        value //= 10


@kernel
def _equal(data: Bytes, begin: int, key: Bytes) -> bool:
    same = True
    for k in range(20):
        same &= data[begin + k] == key[k]
    return same


@kernel
def hash_positions(keys: NDArray[np.uint32], asked: NDArray[np.uint32]) -> Ints:
    """Return the row in ``keys`` of each row of ``asked``, -1 where there is none.

    Parameters
    ----------
    keys, asked
        (m, w) and (k, w) words of four bytes. Of equal keys the first is found.

    Notes
    -----
    Open addressing, half full at most: O(m + k) time, at most 16 bytes a key.
    """
    size = 2
    while size < 2 * len(keys):
        size *= 2
    table = np.full(size, -1, np.int32)
    for row in range(len(keys)):
        slot = _hash_words(keys[row]) & (size - 1)
        while table[slot] >= 0 and not _same_words(keys[table[slot]], keys[row]):
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot] = row
    found = np.full(len(asked), -1, np.int64)
    for row in range(len(asked)):
        slot = _hash_words(asked[row]) & (size - 1)
        while table[slot] >= 0:
            if _same_words(keys[table[slot]], asked[row]):
                found[row] = table[slot]
                break
            slot = (slot + 1) & (size - 1)
    return found


@kernel
def _hash_words(words: NDArray[np.uint32]) -> int:
    mixed = _SEED
    for word in words:
        mixed = (mixed ^ np.uint64(word)) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return int(mixed >> np.uint64(20))


@kernel
def _same_words(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> bool:
    same = True
    for k in range(len(one)):
        same &= one[k] == other[k]
    return same
