"""Positions from the coordinate columns of a table."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.column_names import fold_column

_BLANKS = str.maketrans("", "", " \u00a0\u202f'\u2019")
_GROUPS = re.compile(r"[-+]?\d{1,3}(\.\d{3})+")
_SPELT_OUT = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "-infinity"})


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Figures of one coordinate column.

    Attributes
    ----------
    name
        The column's name.
    value
        (n,) float64; NaN where nothing is stated, where the file says so, and where the
        text is no figure.
    stated
        (n,) bool: the cell is not empty.
    unreadable
        (n,) bool: the cell holds something that is no figure.
    """

    name: str
    value: NDArray[np.float64]
    stated: NDArray[np.bool_]
    unreadable: NDArray[np.bool_]


def find_column(columns: pd.Index, wanted: tuple[str, ...]) -> str | None:
    """Return the column that carries the first of the wanted names, compared folded."""
    folded = {fold_column(str(column)): str(column) for column in reversed(columns)}
    return next((folded[name] for name in map(fold_column, wanted) if name in folded), None)


def read_coordinates(column: pd.Series) -> Coordinates:
    """Read a column of texts as coordinates: point or comma, with or without thousands.

    Examples
    --------
    >>> read_coordinates(pd.Series(["3.527.693,25", "3527693.25", "tree", None])).value.tolist()
    [3527693.25, 3527693.25, nan, nan]
    """
    texts = column.fillna("").astype("str").str.strip()
    stated = (texts != "").to_numpy()
    grouped = bool((texts.str.count(r"\.") > 1).any())
    # The usual forms at once; a point is a decimal point unless the column groups thousands.
    comma = texts.str.replace(",", ".", regex=False).where(~texts.str.contains(".", regex=False))
    value = _figures(texts)
    value = np.where(np.isnan(value), _figures(comma), value)
    retry = stated & np.isnan(value)
    if grouped:
        retry |= texts.str.contains(".", regex=False).to_numpy()
    unreadable = np.zeros(len(texts), dtype=bool)
    for i in np.flatnonzero(retry).tolist():
        text = texts.iloc[i]
        if text.lower() not in _SPELT_OUT:
            value[i] = _figure(text, grouped=grouped)
            unreadable[i] = np.isnan(value[i])
    return Coordinates(str(column.name), value, stated, unreadable)


def _figures(texts: pd.Series) -> NDArray[np.float64]:
    return pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _figure(text: str, *, grouped: bool) -> float:
    """Read one figure as German offices write it; NaN when it is none."""
    plain = text.translate(_BLANKS).replace("\u2212", "-")
    point, comma = plain.rfind("."), plain.rfind(",")
    if point >= 0 and comma >= 0:  # the mark that comes last stands before the decimals
        plain = plain.replace(*((",", "") if point > comma else (".", "")))
    elif grouped and _GROUPS.fullmatch(plain):
        plain = plain.replace(".", "")
    try:
        return float(plain.replace(",", "."))
    except ValueError:
        return np.nan


def as_points(x: Coordinates, y: Coordinates) -> NDArray[np.object_]:
    """Return points; None where neither coordinate is stated, NaN in what one lacks."""
    with np.errstate(invalid="ignore"):
        points = np.asarray(shapely.points(x.value, y.value), dtype=object)
    points[~(x.stated | y.stated)] = None
    return points
