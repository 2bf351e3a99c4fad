"""Parcel keys as registers file them, beside the canonical keys that they mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.keys import KeyScheme
from layers.ingest.values import distinct_texts
from layers.spec import AS_FILED, CONFIDENCE, FieldSpec


@dataclass(frozen=True, slots=True)
class KeyCells:
    """One key field, read.

    Attributes
    ----------
    columns
        (n,) object per stored column, by name; see `layers.schema`.
    problem
        (n,) object: the key scheme's code of the first piece that could not be read, or
        empty.
    message
        (n,) object: what is wrong with it, in a sentence.
    """

    columns: dict[str, NDArray[np.object_]]
    problem: NDArray[np.object_]
    message: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class _Cell:
    keys: str | None
    confidence: str | None
    problem: str = ""
    message: str = ""


def read_key_column(source: pd.Series, field: FieldSpec, scheme: KeyScheme) -> KeyCells:
    """Read a column of parcel keys, or of lists of them.

    Every distinct text is read once; a key that occurs twice in one cell is kept once.
    """
    codes, distinct = distinct_texts(source)
    cells = [split_cell(text, field) for text in distinct]
    read = _read_pieces(list(dict.fromkeys(p for cell in cells for p in cell)), scheme)
    joined = [_join([read[p] for p in cell]) for cell in cells] + [_Cell(None, None)]
    columns = {
        field.name: _take([c.keys for c in joined], codes),
        field.name + AS_FILED: _take([*distinct, None], codes),
        field.name + CONFIDENCE: _take([c.confidence for c in joined], codes),
    }
    problem = _take([c.problem for c in joined], codes)
    return KeyCells(columns, problem, _take([c.message for c in joined], codes))


def split_cell(text: str, field: FieldSpec) -> list[str]:
    """Cut a cell into the keys that it lists, each once; none where it says that there is none."""
    pieces = re.split(f"[{re.escape(field.separators)}]", text) if field.separators else [text]
    nothing = {"", *(token.strip().casefold() for token in field.empty)}
    return [p for p in dict.fromkeys(map(str.strip, pieces)) if p.casefold() not in nothing]


def _read_pieces(pieces: Sequence[str], scheme: KeyScheme) -> dict[str, _Cell]:
    column = scheme.read_column(pieces)
    cells = {}
    for piece, key, sure, problem in zip(
        pieces, column.key, column.confidence, column.problem, strict=True
    ):
        if problem:
            cells[piece] = _Cell(None, None, str(problem), column.readings[piece].message)
        else:
            cells[piece] = _Cell(key, str(sure))
    return cells


def _join(pieces: Sequence[_Cell]) -> _Cell:
    if len(pieces) == 1:
        return pieces[0]
    sure = {p.keys: p.confidence for p in reversed(pieces) if p.keys and p.confidence}
    keys = list(dict.fromkeys(p.keys for p in pieces if p.keys))
    bad = next((p for p in pieces if p.problem), _Cell(None, None))
    return _Cell(
        " ".join(keys) or None,
        " ".join(sure[key] for key in keys) or None,
        bad.problem,
        bad.message,
    )


def _take(values: Sequence[str | None], codes: NDArray[np.intp]) -> NDArray[np.object_]:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out[codes]
