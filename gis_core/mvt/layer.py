"""A layer of a vector tile as bytes."""

from collections.abc import Mapping, Sequence
from math import isnan
from struct import Struct
from types import NoneType

import numpy as np
from numpy.typing import NDArray

from gis_core.mvt import protobuf
from gis_core.mvt.detail import EXTENT
from gis_core.mvt.strokes import Ints, Kind, Strokes, group_starts, offsets

Value = str | bool | int | float | None

_VERSION, _NAME, _KEY, _VALUE, _EXTENT = 15, 1, 3, 4, 5
_LAYER = 3
# Nearly all values are short texts or numbers; what stands before them is written beforehand.
_SHORT_TEXT = [bytes((_VALUE << 3 | 2, n + 2, 1 << 3 | 2, n)) for n in range(126)]
_DOUBLE_HEAD, _DOUBLE = bytes((_VALUE << 3 | 2, 9, 3 << 3 | 1)), Struct("<3sd").pack
_MOVE, _LINE, _CLOSE = 1, 2, 15
_FEATURE, _ID, _TAGS, _TYPE, _GEOMETRY = 0x12, 0x08, 0x12, 0x18, 0x22
"""Field 2 of a layer and fields 1 to 4 of a feature, with their wire types."""
_HEAD, _MIDDLE = 6, 4
"""Numbers of a feature before its tags, and between those and its geometry."""


def encode_layer(
    name: str,
    strokes: Strokes,
    ids: NDArray[np.int64],
    columns: Mapping[str, Sequence[Value]],
) -> bytes:
    """Return a layer with its features, ready to be joined with others to a tile.

    Parameters
    ----------
    strokes
        As :func:`gis_core.mvt.fit` made them: coordinates in parts of the tile.
    ids
        (n,) a number for each row, not negative.
    columns
        (n,) values of each row: text, numbers, truth values. None and NaN are left out.

    Returns
    -------
    Nothing for a layer without features, as the specification wants it.
    """
    if not len(strokes):
        return b""
    rows = strokes.rows()
    tags, tag_start, values = _tags(columns, rows)
    geometry, geometry_start = _commands(strokes)
    features = _features(ids[rows], strokes.kind, (tags, tag_start), (geometry, geometry_start))
    return protobuf.block(
        _LAYER,
        protobuf.number(_VERSION, 2)
        + protobuf.block(_NAME, name.encode())
        + features
        + b"".join(protobuf.block(_KEY, key.encode()) for key in columns)
        + b"".join(values)
        + protobuf.number(_EXTENT, EXTENT),
    )


def _tags(columns: Mapping[str, Sequence[Value]], rows: Ints) -> tuple[Ints, Ints, list[bytes]]:
    """Return pairs of key and value of all features, their offsets, and the values' fields."""
    known: dict[bytes, int] = {}
    pair = np.full((len(rows), len(columns), 2), -1, np.int64)
    wanted = rows.tolist()
    for key, column in enumerate(columns.values()):
        cells: list[object] = [column[row] for row in wanted]
        if len(set(map(type, cells)) - {NoneType}) > 1:
            cells = [(type(cell), cell) for cell in cells]  # 1, 1.0 and true are equal otherwise
        place = dict.fromkeys(cells, -1)
        for cell, message in zip(place, _messages(list(place)), strict=True):
            if message:
                place[cell] = known.setdefault(message, len(known))
        pair[:, key, 0] = key
        pair[:, key, 1] = list(map(place.__getitem__, cells))
    given = pair[:, :, 1] >= 0
    return pair[given].ravel(), offsets(2 * given.sum(axis=1)), list(known)


def _messages(cells: list[object]) -> list[bytes]:
    """Return a layer's fields with values, which may stand in pairs with their types."""
    if all(type(cell) is str for cell in cells):
        texts = [cell.encode() for cell in cells if isinstance(cell, str)]
        return [
            _SHORT_TEXT[len(t)] + t if len(t) < len(_SHORT_TEXT) else _message(t.decode())
            for t in texts
        ]
    return [_message(cell[1] if isinstance(cell, tuple) else cell) for cell in cells]


def _message(value: object) -> bytes:
    """Return a layer's field with a value; nothing for one that is missing."""
    match value:
        case None:
            return b""
        case str():
            text = value.encode()
            if len(text) < len(_SHORT_TEXT):
                return _SHORT_TEXT[len(text)] + text
            inner = protobuf.block(1, text)
        case bool():
            inner = protobuf.number(7, value)
        case int():
            inner = protobuf.number(6, -2 * value - 1) if value < 0 else protobuf.number(5, value)
        case float():
            return b"" if isnan(value) else _DOUBLE(_DOUBLE_HEAD, value)
        case _:
            raise TypeError(f"a tile holds text, numbers and truth values, not {type(value)}")
    return protobuf.block(_VALUE, inner)


def _commands(strokes: Strokes) -> tuple[Ints, Ints]:
    """Return the drawing commands of all features, and their offsets by feature."""
    if strokes.kind is Kind.AREA:
        strokes = _turned(strokes)
    first = group_starts(strokes.row)
    step = np.diff(strokes.xy, axis=0, prepend=0)
    begin = strokes.start[first]
    step[begin] = strokes.xy[begin]
    step = protobuf.zigzag(step)
    if strokes.kind is Kind.POINT:
        return _moves(step, first, len(strokes))
    length = np.diff(strokes.start)
    closing = strokes.kind is Kind.AREA
    start = offsets(2 * length + 2 + closing)
    of = strokes.of_vertex
    inner = np.arange(len(of)) - strokes.start[of]
    at = start[of] + 2 * inner + np.where(inner, 2, 1)
    command = np.empty(start[-1], np.int64)
    command[at], command[at + 1] = step.T
    command[start[:-1]] = _MOVE | 1 << 3
    command[start[:-1] + 3] = _LINE | (length - 1) << 3
    if closing:
        command[start[1:] - 1] = _CLOSE
    return command, np.append(start[first], start[-1])


def _moves(step: Ints, first: Ints, n: int) -> tuple[Ints, Ints]:
    """Return the commands of points: one for all points of a feature."""
    count = np.diff(np.append(first, n))
    start = offsets(1 + 2 * count)
    command = np.empty(start[-1], np.int64)
    at = np.arange(n) * 2 + 1 + np.repeat(np.arange(len(first)), count)
    command[at], command[at + 1] = step.T
    command[start[:-1]] = _MOVE | count << 3
    return command, start


def _turned(rings: Strokes) -> Strokes:
    """Return shells turning right on the screen and holes turning left, as demanded."""
    wrong = (rings.doubled_areas() > 0) != rings.shell
    if not wrong.any():
        return rings
    of = rings.of_vertex
    index = np.arange(len(of))
    back = wrong[of]
    index[back] = (rings.start[of] + rings.start[of + 1] - 1 - index)[back]
    return Strokes(rings.kind, rings.xy[index], rings.start, rings.shell, rings.row)


def _features(ids: Ints, kind: Kind, tags: tuple[Ints, Ints], geometry: tuple[Ints, Ints]) -> bytes:
    """Return all features of a layer: one run of numbers, written at once."""
    (tag, tag_start), (command, command_start) = tags, geometry
    tag_count, command_count = np.diff(tag_start), np.diff(command_start)
    tag_bytes = _run_bytes(tag, tag_start)
    command_bytes = _run_bytes(command, command_start)
    size = protobuf.varint_sizes
    start = offsets(_HEAD + _MIDDLE + tag_count + command_count)
    run = np.empty(start[-1], np.int64)
    head, middle = start[:-1], start[:-1] + _HEAD + tag_count
    inner = 5 + size(ids) + size(tag_bytes) + tag_bytes + size(command_bytes) + command_bytes
    for at, value in enumerate((_FEATURE, inner, _ID, ids, _TAGS, tag_bytes)):
        run[head + at] = value
    for at, value in enumerate((_TYPE, int(kind), _GEOMETRY, command_bytes)):
        run[middle + at] = value
    run[_members(head + _HEAD, tag_count)] = tag
    run[_members(middle + _MIDDLE, command_count)] = command
    return protobuf.varints(run, size(run)).tobytes()


def _members(start: Ints, count: Ints) -> Ints:
    first = offsets(count)
    return np.arange(first[-1]) + np.repeat(start - first[:-1], count)


def _run_bytes(value: Ints, start: Ints) -> Ints:
    """Return how many bytes each run of numbers takes."""
    return np.diff(offsets(protobuf.varint_sizes(value))[start])
