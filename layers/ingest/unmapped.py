"""What a source says beyond the fields of its layer, kept with each row.

Nobody knows what is in it, so it is personal by nature: it is stored in the sealed file, and
only `layers.reader.Reader.unmapped` gives it out.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import orjson
from numpy.typing import NDArray

from layers.source import SourceTable

LIMIT = 4096
"""Bytes of JSON kept per row."""

CUT = "…"
"""Member that counts the values left out of a row for want of room."""


def unmapped_texts(table: SourceTable, columns: Iterable[str]) -> NDArray[np.object_]:
    """Return what no field takes as one JSON object per row, None where there is nothing.

    Parameters
    ----------
    table
        n rows; what its reader kept beside the columns counts in any case.
    columns
        The columns that no field takes.

    Returns
    -------
    (n,) object
        Text of at most ``LIMIT`` bytes; what does not fit is left out, and ``CUT`` says how
        many values that are. Missing and blank values are not mentioned.
    """
    rows: list[dict[str, object]] = [dict(bag) for bag in table.more or [{}] * len(table)]
    for column in columns:
        values = table.attributes[column]
        cells, name = values.tolist(), str(column)
        for i in np.flatnonzero(values.notna()).tolist():
            cell = cells[i].tolist() if isinstance(cells[i], np.ndarray) else cells[i]
            if cell not in ("", []):
                rows[i][name] = cell
    texts = np.empty(len(rows), dtype=object)
    texts[:] = [_text(row) if row else None for row in rows]
    return texts


def is_cut(text: str | None) -> bool:
    """Tell whether values were left out of a row's text."""
    return text is not None and text.startswith(f'{{"{CUT}":')


def _text(row: Mapping[str, object]) -> str:
    whole = _json(row)
    return (whole if len(whole) <= LIMIT else _fitting(row)).decode()


def _fitting(row: Mapping[str, object]) -> bytes:
    """Return the values that fit, in their order."""
    room = LIMIT - len(_json({CUT: len(row)}))
    kept: dict[str, object] = {}
    for name, value in row.items():
        size = len(_json({name: value})) - 1  # of its braces one is a comma here
        if size <= room:
            kept[name] = value
            room -= size
    return _json({CUT: len(row) - len(kept), **kept})


def _json(row: Mapping[str, object]) -> bytes:
    return orjson.dumps(row, default=str, option=orjson.OPT_SERIALIZE_NUMPY)
