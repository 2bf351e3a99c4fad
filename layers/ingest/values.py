"""Columns of a source's texts, figures and dates turned into the types that a layer states.

Every distinct value is read once. What cannot be read keeps its place as a missing value
with the code of the fault; nothing is corrected by guessing.
"""

import datetime as dt
import math
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.folding import fold_name
from layers.ingest.moments import read_boolean, read_date, read_datetime
from layers.ingest.numbers import NOT_KNOWN, Mark, NumberProblem, decimal_mark, read_number
from layers.spec import FieldSpec, FieldType

Value = str | int | float | bool | None
Reading = tuple[Value, str]  # the value and the fault code; one of them is empty

_NUMERIC = (FieldType.INTEGER, FieldType.NUMBER)
_LARGEST_INTEGER = 2**63 - 1  # what the store's integers can hold
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Column:
    """One column, read.

    Attributes
    ----------
    typed
        (n,) object: str (also for dates, in ISO form), int, float, bool, or None.
    problem
        (n,) object: fault code, empty where the value could be read or is missing.
    """

    typed: NDArray[np.object_]
    problem: NDArray[np.object_]


def as_written(value: object) -> str | None:
    """Return a source's value as text, None where it is missing.

    Whole floats lose their ``.0`` (DBF and spreadsheets store numbers of trees and sheets
    as 12.0); lists are joined by a semicolon; dates come in ISO form.

    Examples
    --------
    >>> as_written(12.0), as_written(" 20 "), as_written(["a", "b"]), as_written(float("nan"))
    ('12', '20', 'a; b', None)
    """
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    match value:
        case str():
            return value.strip() or None
        case bool() | np.bool_():
            return "true" if value else "false"
        case float() | np.floating():
            return None if math.isnan(value) else _float_text(float(value))
        case dt.datetime() | dt.date():
            return value.isoformat()
        case list() | tuple() | np.ndarray():
            parts = [text for text in map(as_written, value) if text]
            return "; ".join(parts) or None
    return str(value).strip() or None


def read_column(source: pd.Series, field: FieldSpec, mark: Mark = Mark.UNKNOWN) -> Column:
    """Read one column into the field's type.

    Parameters
    ----------
    source
        (n,) values as the file holds them: text, figure, date, list or missing.
    field
        Type, unit, range, codes, formats, factor and what counts as empty.
    mark
        The file's decimal mark, where the column itself does not show it.

    Notes
    -----
    O(n) plus one reading per distinct value.
    """
    codes, distinct = distinct_texts(source)
    if field.type in _NUMERIC:
        own = decimal_mark(distinct, source_unit(field)) if _is_text(source) else Mark.POINT
        mark = mark if own is Mark.UNKNOWN else own
    read = _reader(field, mark)
    readings = [read(text) for text in distinct] + [(None, "")]
    values, problem = np.empty(len(readings), dtype=object), np.empty(len(readings), dtype=object)
    values[:] = [value for value, _ in readings]
    problem[:] = [code for _, code in readings]
    return Column(values[codes], problem[codes])


def distinct_texts(source: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """Return a column as trimmed texts, each once, and where each row's text is in them.

    Returns
    -------
    codes : (n,) intp
        Position in ``texts``, -1 where the cell is missing or blank.
    texts
        Not sorted. Two cells that differ in outer blanks only may be listed twice.
    """
    if source.dtype == object:  # may hold lists, or True beside 1, which are equal to pandas
        values = source.to_numpy(dtype=object)
        texts = np.empty(len(values), dtype=object)
        texts[:] = [
            (value.strip() or None) if type(value) is str else as_written(value) for value in values
        ]
        codes, found = pd.factorize(texts, use_na_sentinel=True)
        return codes, found.tolist()
    codes, distinct = pd.factorize(source, use_na_sentinel=True)
    written = [as_written(value) for value in distinct.astype(object)]
    blank = np.array([text is None for text in written] + [True], dtype=bool)
    codes[blank[codes]] = -1
    return codes, [text or "" for text in written]


def shared_mark(table: Mapping[str, pd.Series], fields: Mapping[str, FieldSpec]) -> Mark:
    """Say which decimal mark a file uses, if its number columns agree on one.

    Parameters
    ----------
    table, fields
        Source column and field by the field's name.
    """
    marks = set()
    for name, field in fields.items():
        if field.type in _NUMERIC and name in table and _is_text(table[name]):
            _, texts = distinct_texts(table[name])
            marks.add(decimal_mark(texts, source_unit(field)))
    marks.discard(Mark.UNKNOWN)
    return marks.pop() if len(marks) == 1 else Mark.UNKNOWN


def source_unit(field: FieldSpec) -> str:
    """Return the unit in which a source states the field, before the factor is applied."""
    if field.factor == 1:
        return field.unit
    return "€" if (field.unit, field.factor) == ("ct", 100) else ""


def expectation(field: FieldSpec) -> str:
    """Say in a few words what a value of the field must look like."""
    unit = f" in {source_unit(field)}" if source_unit(field) else ""
    if field.codes:
        return "one of " + ", ".join(field.codes)
    match field.type:
        case FieldType.INTEGER | FieldType.NUMBER:
            kind = "whole number" if _whole(field) else "number"
            span = f" from {field.range[0]:g} to {field.range[1]:g}" if field.range else ""
            scaled = f" (times {field.factor:g})" if span and field.factor != 1 else ""
            return f"{kind}{unit}{span}{scaled}"
        case FieldType.DATE | FieldType.DATETIME:
            known = ", ".join(field.formats) or "YYYY-MM-DD, DD.MM.YYYY or YYYYMMDD"
            return f"date as {known}"
        case FieldType.BOOLEAN:
            return "ja or nein, true or false, 1 or 0"
        case FieldType.PARCEL_KEY:
            return "a parcel key"
    return "a text"


def _is_text(source: pd.Series) -> bool:
    """Tell whether the first value that is there is a text."""
    if pd.api.types.is_numeric_dtype(source.dtype):
        return False
    present = source.dropna()
    return present.empty or isinstance(present.iloc[0], str)


def _float_text(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _whole(field: FieldSpec) -> bool:
    return field.type is FieldType.INTEGER and field.factor == 1


def _reader(field: FieldSpec, mark: Mark) -> Callable[[str], Reading]:
    """Return the function that reads one text of the field."""
    empty = {token.strip().casefold() for token in field.empty}
    if field.type not in (FieldType.TEXT, FieldType.PARCEL_KEY):
        empty |= NOT_KNOWN
    read = _coded(field) if field.codes else _typed(field, mark)

    def outer(text: str) -> Reading:
        return (None, "") if text.casefold() in empty else read(text)

    return outer


def _coded(field: FieldSpec) -> Callable[[str], Reading]:
    codes = field.codes or {}
    known = {fold_name(label): code for code, title in codes.items() for label in title.values()}
    known |= {fold_name(word): code for word, code in field.synonyms.items()}
    known |= {fold_name(code): code for code in codes}  # the code itself wins

    as_integer = field.type is FieldType.INTEGER

    def read(text: str) -> Reading:
        code = text if text in codes else known.get(fold_name(text))
        if not code:
            return None, "unknown-code"
        return (int(code) if as_integer else code), ""

    return read


def _typed(field: FieldSpec, mark: Mark) -> Callable[[str], Reading]:
    match field.type:
        case FieldType.INTEGER | FieldType.NUMBER:
            return _number(field, mark)
        case FieldType.DATE:
            return lambda text: read_date(text, field.formats)
        case FieldType.DATETIME:
            return lambda text: read_datetime(text, field.formats)
        case FieldType.BOOLEAN:
            return read_boolean
    return _text


def _text(text: str) -> Reading:
    if text.isascii() and text.isprintable():
        return text, ""
    return _CONTROL.sub(" ", unicodedata.normalize("NFC", text)).strip() or None, ""


def _number(field: FieldSpec, mark: Mark) -> Callable[[str], Reading]:
    unit, whole, factor = source_unit(field), _whole(field), Decimal(repr(field.factor))
    no_value = {
        value for token in field.empty if (value := read_number(token, unit=unit)[0]) is not None
    }
    limit = _LARGEST_INTEGER if field.type is FieldType.INTEGER else sys.float_info.max
    low, high = field.range or (-limit, limit)

    def read(text: str) -> Reading:
        number, problem = read_number(text, unit=unit, mark=mark, whole=whole)
        if number is None:
            return None, problem.value
        if number in no_value:
            return None, ""
        number *= factor
        if not low <= number <= high:
            return None, "out-of-range"
        if field.type is FieldType.NUMBER:
            return float(number), ""
        if number != number.to_integral_value():
            return None, NumberProblem.NOT_WHOLE.value
        return int(number), ""

    return read
