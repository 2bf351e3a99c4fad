"""Columns of texts: the canonical keys among them are found without a loop."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from gis_core.districts import DistrictCatalogue

Texts = Sequence[object] | NDArray[np.object_] | pd.Series

_KEY_LENGTH = 20


def as_texts(texts: Texts) -> NDArray[np.object_]:
    """Return an (n,) object array of str; missing values are empty, numbers are written out."""
    values = np.empty(len(texts), dtype=object)
    values[:] = texts.to_numpy(dtype=object) if isinstance(texts, pd.Series) else list(texts)
    if pd.api.types.infer_dtype(values, skipna=False) != "string":
        missing = pd.isna(values)
        values[missing] = ""
        values[~missing] = [str(value) for value in values[~missing]]
    return values


def canonical_rows(texts: NDArray[np.object_], catalogue: DistrictCatalogue) -> NDArray[np.bool_]:
    """Return which texts are canonical keys of parcels that can exist, (n,) bool.

    It judges as `gis_core.keys.read_key` does and errs on the side of no: what it
    does not take is read one by one. O(n) time, 20 bytes and some per text.
    """
    try:
        column = pa.array(texts, type=pa.large_string())
    except UnicodeEncodeError:  # a lone surrogate, left by a reader of broken text
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
