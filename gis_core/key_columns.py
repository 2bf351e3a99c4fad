"""Columns of texts: the keys among them are found without a look at every single one.

`canonical_rows` finds canonical keys with a few steps over arrays; `read_shapes` reads every usual
spelling with compiled loops, which pays for columns as long as `COMPILED_FROM`.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from gis_core.districts import DistrictCatalogue
from gis_core.key_shapes import Form, Prefix, read_prefix

Texts = Sequence[object] | NDArray[np.object_] | pd.Series
Learn = Callable[[str, str], Form | None]

COMPILED_FROM = 50_000
"""Texts from which loading the compiled loops (about half a second) pays."""

_KEY_LENGTH = 20
_LEAST_TEXTS = 4
"""How many texts must share a shape for learning it to cost less than reading them."""

_MOST_SKELETONS, _MOST_TAILS = 255, 4_095
_TAILS = _MOST_TAILS + 1
_SLOTS = 1 << 17


def as_texts(texts: Texts) -> NDArray[np.object_]:
    """Return an (n,) object array of str; missing values are empty, numbers are written out."""
    values = np.empty(len(texts), dtype=object)
    values[:] = texts.to_numpy(dtype=object) if isinstance(texts, pd.Series) else list(texts)
    if pd.api.types.infer_dtype(values, skipna=False) != "string":
        missing = pd.isna(values)
        values[missing] = ""
        values[~missing] = [str(value) for value in values[~missing]]
    return values


def as_arrow(texts: NDArray[np.object_]) -> pa.LargeStringArray | None:
    """Return texts as an Arrow column; None where one of them is no text that can be written."""
    try:
        return pa.array(texts, type=pa.large_string())
    except UnicodeEncodeError:  # a lone surrogate, left by a reader of broken text
        return None


def as_large_string(texts: pa.Array | pa.ChunkedArray) -> pa.LargeStringArray:
    """Return a column of texts as one array without nulls."""
    column = texts.cast(pa.large_string()).fill_null("")
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays([pa.array([], pa.large_string()), *column.chunks])
    return column


def canonical_rows(texts: NDArray[np.object_], catalogue: DistrictCatalogue) -> NDArray[np.bool_]:
    """Return which texts are canonical keys of parcels that can exist, (n,) bool.

    It judges as `gis_core.keys.read_key` does and errs on the side of no: what it
    does not take is read one by one. O(n) time, 20 bytes and some per text.
    """
    column = as_arrow(texts)
    if column is None:
        return np.zeros(len(texts), dtype=np.bool_)
    whole = np.diff(_offsets(column)) == _KEY_LENGTH
    if not whole.all():
        column = column.filter(pa.array(whole))
    start = int(_offsets(column)[0]) if len(column) else 0
    data = np.frombuffer(column.buffers()[2] or b"", dtype=np.uint8)
    end = start + len(column) * _KEY_LENGTH
    characters = data[start:end].reshape(len(column), _KEY_LENGTH)
    found = np.zeros(len(texts), dtype=np.bool_)
    found[whole] = _judge(characters, catalogue)
    return found


def read_shapes(
    column: pa.LargeStringArray, catalogue: DistrictCatalogue, learn: Learn
) -> tuple[NDArray[np.bytes_], NDArray[np.int8]]:
    """Read the texts whose shapes occur often, with compiled loops.

    Parameters
    ----------
    column
        n texts; missing ones are not read.
    catalogue
        Of a state with sections.
    learn
        Returns where a shape, given by its skeleton and any tail, holds the parts of a key.

    Returns
    -------
    key : (n,) bytes of 20
        Empty where the text was not read.
    confidence : (n,) int8
        0 exact, 1 normalised, 2 text; -1: not read, which says nothing about the text.

    Notes
    -----
    O(bytes); about 0.2 µs and 40 bytes of memory a text. What is read is read as
    `gis_core.keys.read_key` would: it was asked about the shape, and only digits differ.
    """
    from gis_core.merge.kernels import keys as kernels  # noqa: PLC0415 - loads compiled code

    if column.null_count:
        column = column.fill_null("")
    offset = _offsets(column)
    data = np.frombuffer(column.buffers()[2] or b"", dtype=np.uint8)
    prefix, tail, first_prefix, first_tail = kernels.find_shapes(data, offset, _SLOTS)

    def text(row: np.int64) -> str:
        return data[offset[row] : offset[row + 1]].tobytes().decode()

    prefixes = [read_prefix(_before_digit(text(row)), catalogue) for row in first_prefix]
    skeleton, skeletons = _skeletons(prefixes, np.bincount(prefix[prefix >= 0]))
    often = _most_often(np.bincount(tail[tail >= 0], minlength=len(first_tail)), _MOST_TAILS)
    tails = [_after_prefix(text(row)) for row in first_tail[often >= 0]]
    pair = _of(skeleton, prefix, _MOST_SKELETONS) * _TAILS + _of(often, tail, _MOST_TAILS)
    form_of, forms = _learned(np.bincount(pair), skeletons, tails, learn)
    named = np.asarray([p.district for p in prefixes] + [-1], np.int32)[prefix]
    key, confidence = kernels.compose_keys(
        data,
        offset,
        form_of[pair],
        named,
        *_packed(forms),
        catalogue.section_table,
        int(catalogue.state_code),
        np.frombuffer(catalogue.no_sequence.encode(), np.uint8),
    )
    return key.view("S20").ravel(), confidence


def _skeletons(
    prefixes: list[Prefix], count: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[str]]:
    """Give numbers to the skeletons that occur often; return each prefix's, -1 the others."""
    code, distinct = pd.factorize(np.asarray([p.skeleton for p in prefixes], object))
    total = np.zeros(len(distinct), np.int64)
    np.add.at(total, code, count)
    number = _most_often(total, _MOST_SKELETONS)
    return number[code], [str(s) for s in distinct[number >= 0]]


def _most_often(count: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Give numbers, in order, to those that occur often, at most so many; -1 to the others."""
    chosen = count >= _LEAST_TEXTS
    if chosen.sum() > most:
        chosen[np.argsort(-count, kind="stable")[most:]] = False
    return np.where(chosen, np.cumsum(chosen) - 1, -1)


def _of(number: NDArray[np.int64], row: NDArray[np.int32], rare: int) -> NDArray[np.int64]:
    """Return the numbers of rows, ``rare`` for what has none."""
    return np.append(np.where(number < 0, rare, number), rare)[row]


def _learned(
    count: NDArray[np.int64], skeletons: list[str], tails: list[str], learn: Learn
) -> tuple[NDArray[np.int32], list[Form]]:
    """Return for every pair of skeleton and tail its row in the forms, -1 where not learned."""
    form_of = np.full(len(count), -1, np.int32)
    forms: list[Form] = []
    for pair in np.flatnonzero(count >= _LEAST_TEXTS).tolist():
        skeleton, tail = divmod(pair, _TAILS)
        rare = skeleton == _MOST_SKELETONS or tail == _MOST_TAILS
        form = None if rare else learn(skeletons[skeleton], tails[tail])
        if form is not None:
            form_of[pair] = len(forms)
            forms.append(form)
    return form_of, forms


def _packed(forms: list[Form]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return the forms as arrays, as `kernels.compose_keys` wants them."""
    nothing = (-1, 1, 1)
    rows = [[part.numbers if part else nothing for part in form.parts] for form in forms]
    flags = [f.named + 2 * f.zero_denominator + 4 * f.zero_sequence for f in forms]
    return np.asarray(rows, np.int64).reshape(len(forms), 6, 3), np.asarray(flags, np.uint8)


def _before_digit(text: str) -> str:
    return re.split("[0-9]", text, maxsplit=1)[0]


def _after_prefix(text: str) -> str:
    """Return what follows the first digit and that digit, all digits made ones."""
    return re.sub("[0-9]", "1", text[len(_before_digit(text)) :])


def key_positions(stated: NDArray[np.bytes_], keys: NDArray[np.bytes_]) -> NDArray[np.int64]:
    """Return where each stated key stands among the parcels' keys, -1 where it does not.

    Parameters
    ----------
    stated, keys
        (k,) and (m,) bytes, of the same length or not; empty ones stand nowhere.

    Notes
    -----
    A hash join, O(k + m); small inputs are joined by bisection, O((k + m) log m), and load no
    compiled code.

    Examples
    --------
    >>> key_positions(np.array([b"C", b"A", b"", b"X"]), np.array([b"A", b"B", b"C"])).tolist()
    [2, 0, -1, -1]
    """
    if len(stated) + len(keys) < COMPILED_FROM:
        found = _bisected(stated, keys)
    else:
        from gis_core.merge.kernels.keys import hash_positions  # noqa: PLC0415 - compiled code

        found = hash_positions(*(_words(rows, stated, keys) for rows in (keys, stated)))
    found[stated == b""] = -1
    return found


def _bisected(stated: NDArray[np.bytes_], keys: NDArray[np.bytes_]) -> NDArray[np.int64]:
    if not len(keys):
        return np.full(len(stated), -1, np.int64)
    order = np.argsort(keys, kind="stable")
    place = np.searchsorted(keys, stated, sorter=order)
    there = order[np.minimum(place, len(keys) - 1)]
    return np.where(keys[there] == stated, there, -1)


def _words(rows: NDArray[np.bytes_], *both: NDArray[np.bytes_]) -> NDArray[np.uint32]:
    """Return keys as rows of four-byte words, filled up to the length of the longest."""
    words = -(-max(array.dtype.itemsize for array in both) // 4)
    padded = np.ascontiguousarray(rows.astype(f"S{4 * words}", copy=False))
    return padded.view(np.uint32).reshape(len(rows), words)


def _offsets(column: pa.LargeStringArray) -> NDArray[np.int64]:
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int64)
    return offsets[column.offset : column.offset + len(column) + 1]


def _judge(characters: NDArray[np.uint8], catalogue: DistrictCatalogue) -> NDArray[np.bool_]:
    """Check (n, 20) characters part by part."""
    digits = characters - np.uint8(ord("0"))  # wraps: what is no digit becomes 10 or more
    blank = characters == np.uint8(ord("_"))
    is_digit = digits < 10

    state = np.frombuffer(catalogue.state_code.encode(), dtype=np.uint8)
    good: NDArray[np.bool_] = (characters[:, :2] == state).all(axis=1) & is_digit[:, 2:6].all(
        axis=1
    )
    if catalogue.has_sections:
        good &= is_digit[:, 6:9].all(axis=1)
        section = _value(digits[:, 6:9])
    else:
        good &= blank[:, 6:9].all(axis=1)
        section = np.zeros(len(characters), dtype=np.int64)
    numerator, denominator = _value(digits[:, 9:14]), _value(digits[:, 14:18])
    good &= is_digit[:, 9:14].all(axis=1) & (numerator > 0)
    has_denominator = is_digit[:, 14:18].all(axis=1) & (denominator > 0)
    good &= has_denominator | blank[:, 14:18].all(axis=1)
    none = np.frombuffer(catalogue.no_sequence.encode(), dtype=np.uint8)
    has_sequence = is_digit[:, 18:].all(axis=1) & (_value(digits[:, 18:]) > 0)
    good &= has_sequence | (characters[:, 18:] == none).all(axis=1)

    exists = catalogue.section_table
    rows = np.flatnonzero(good)
    good[rows] = exists[_value(digits[rows, 2:6]), section[rows]]
    return good


def _value(digits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the numbers that rows of digits are; nonsense where one is no digit."""
    value = np.zeros(len(digits), dtype=np.int64)
    for place in range(digits.shape[1]):
        value = value * 10 + digits[:, place]
    return value
