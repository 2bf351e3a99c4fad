"""Columns of a frame to SQLite values and back, one column at a time."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from gis_core.errors import StoreError
from gis_core.store.schema import Column, ColumnType

Cells = list[Any]
Values = ExtensionArray | NDArray[Any]
_STR = pd.StringDtype(na_value=np.nan)


def to_cells(values: pd.Series, column: Column) -> Cells:
    """Return the column's values as SQLite binds them, missing ones as None.

    Raises
    ------
    StoreError
        The values are not of the declared type.
    """
    try:
        return _TO[column.type](values)
    except (TypeError, ValueError, AttributeError) as fault:
        raise StoreError(
            f"column {column.name} holds values that are no {column.type}: {fault}",
            advice="Convert the values before they are written.",
            column=column.name,
        ) from fault


def from_cells(cells: Sequence[object], kind: ColumnType) -> Values:
    """Return stored values as an array of the type that `ColumnType` promises."""
    return _FROM[kind](cells)


def to_json(cells: Sequence[object], kind: ColumnType) -> Cells:
    """Return stored values as JSON has them; instants to the second."""
    write = _JSON.get(kind)
    if write is None:
        return list(cells)
    return [None if cell is None else write(cell) for cell in cells]


def to_bound(value: object, kind: ColumnType) -> str | int | float | None:
    """Return one value of a query as it is compared with stored ones of that type."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if kind in {ColumnType.DATE, ColumnType.DATETIME} and not isinstance(value, str):
        column = Column("value", kind)
        return str(to_cells(pd.Series([value]), column)[0])
    if kind is ColumnType.BOOLEAN and isinstance(value, str):
        return {"true": 1, "false": 0}.get(value.casefold(), value)
    return value if isinstance(value, str | int | float) else str(value)


def _with_none(values: pd.Series) -> Cells:
    plain = values.astype(object)
    return plain.where(values.notna().to_numpy(), None).tolist()


def _text(values: pd.Series) -> Cells:
    if isinstance(values.dtype, pd.StringDtype):
        return _with_none(values)
    return [v if v is None or isinstance(v, str) else str(v) for v in _with_none(values)]


def _integer(values: pd.Series) -> Cells:
    return _with_none(values.astype("Int64"))


def _number(values: pd.Series) -> Cells:
    numbers = pd.to_numeric(values).astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(numbers).any():
        raise ValueError("infinite")
    return numbers.tolist()  # sqlite3 binds NaN as NULL


def _boolean(values: pd.Series) -> Cells:
    return [None if v is None else int(v) for v in _with_none(values.astype("boolean"))]


def _date(values: pd.Series) -> Cells:
    return _instants(values, "D")


def _datetime(values: pd.Series) -> Cells:
    return [None if v is None else f"{v}Z" for v in _instants(values, "ms")]


def _instants(values: pd.Series, unit: str) -> Cells:
    instants = pd.to_datetime(values, utc=True, format=None if _is_dated(values) else "ISO8601")
    plain = instants.dt.tz_localize(None).to_numpy().astype(f"datetime64[{unit}]")
    texts = np.datetime_as_string(plain).tolist()
    return [None if gone else t for gone, t in zip(np.isnat(plain), texts, strict=True)]


def _is_dated(values: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(values.dtype)


def _list(values: pd.Series) -> Cells:
    return [_list_cell(v) for v in values]


def _list_cell(value: object) -> str | None:
    if isinstance(value, list | tuple | np.ndarray):
        return json.dumps([str(v) for v in value], ensure_ascii=False) if len(value) else None
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, str):
        return json.dumps([value], ensure_ascii=False)
    raise TypeError(f"{type(value).__name__} where a list was expected")


_TO: dict[ColumnType, Callable[[pd.Series], Cells]] = {
    ColumnType.TEXT: _text,
    ColumnType.PARCEL_KEY: _text,
    ColumnType.WORDS: _text,
    ColumnType.INTEGER: _integer,
    ColumnType.NUMBER: _number,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: _date,
    ColumnType.DATETIME: _datetime,
    ColumnType.LIST: _list,
}


def _read_text(cells: Sequence[object]) -> ExtensionArray:
    # From an Arrow array pandas takes the values without looking at each of them again.
    values: ExtensionArray = pd.array(pa.array(cells, type=pa.large_string()), dtype=_STR)
    return values


def _read_number(cells: Sequence[object]) -> NDArray[np.float64]:
    return np.array(cells, dtype=float)


def _read_integer(cells: Sequence[Any]) -> ExtensionArray:
    return pd.array(list(cells), dtype="Int64")


def _read_boolean(cells: Sequence[object]) -> ExtensionArray:
    return pd.array([None if c is None else bool(c) for c in cells], dtype="boolean")


def _read_date(cells: Sequence[object]) -> NDArray[np.datetime64]:
    days = np.array(["NaT" if c is None else c for c in cells], dtype="datetime64[D]")
    return days.astype("datetime64[s]")


def _read_datetime(cells: Sequence[object]) -> NDArray[np.datetime64]:
    texts = ["NaT" if c is None else str(c).removesuffix("Z") for c in cells]
    return np.array(texts, dtype="datetime64[ms]")


def _read_list(cells: Sequence[object]) -> NDArray[np.object_]:
    values = np.empty(len(cells), dtype=object)
    values[:] = [None if c is None else json.loads(str(c)) for c in cells]
    return values


_FROM: dict[ColumnType, Callable[[Sequence[object]], Values]] = {
    ColumnType.TEXT: _read_text,
    ColumnType.PARCEL_KEY: _read_text,
    ColumnType.WORDS: _read_text,
    ColumnType.INTEGER: _read_integer,
    ColumnType.NUMBER: _read_number,
    ColumnType.BOOLEAN: _read_boolean,
    ColumnType.DATE: _read_date,
    ColumnType.DATETIME: _read_datetime,
    ColumnType.LIST: _read_list,
}


_JSON: dict[ColumnType, Callable[[Any], object]] = {
    ColumnType.BOOLEAN: bool,
    ColumnType.DATETIME: lambda text: f"{text[:19]}Z",
    ColumnType.LIST: json.loads,
}
