"""The signs of the catalogue as one picture, for maps on a screen."""

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartography.distance import lattice, to_segments
from cartography.editions import Edition
from cartography.expressions import PX_PER_MM
from cartography.style import Catalogue, Symbol

_LEAST_WIDTH_PX = 1.0

Picture = NDArray[np.uint8]


def sprite_index(catalogue: Catalogue, ratio: int) -> dict[str, dict[str, Any]]:
    """Return where each sign lies in the picture.

    Parameters
    ----------
    ratio
        Pixels of the picture for one of CSS.
    """
    index, x = {}, 0
    for name, symbol in catalogue.symbol.items():
        width = _side(symbol) * ratio
        index[name] = {"x": x, "y": 0, "width": width, "height": 2 * width, "pixelRatio": ratio}
        x += width
    return index


def sprite_picture(catalogue: Catalogue, edition: Edition, ratio: int) -> bytes:
    """Return the picture as PNG.

    Each sign is there twice, in staggered rows, so that areas can be strewn with it.
    """
    cells = [_cell(symbol, edition, ratio) for symbol in catalogue.symbol.values()]
    whole = np.zeros((max(len(c) for c in cells), sum(c.shape[1] for c in cells), 4), np.uint8)
    x = 0
    for cell in cells:
        whole[: len(cell), x : x + cell.shape[1]] = cell
        x += cell.shape[1]
    return _png(whole)


def _side(symbol: Symbol) -> int:
    return max(round(symbol.step * PX_PER_MM), 1)


def _cell(symbol: Symbol, edition: Edition, ratio: int) -> Picture:
    """Return one sign in the middle of a left and one in the middle of a right half."""
    side = _side(symbol) * ratio
    scale = side / symbol.step
    strokes = [np.array(stroke).reshape(-1, 2) * (scale, -scale) for stroke in symbol.strokes]
    start = np.concatenate([stroke[:-1] for stroke in strokes])
    end = np.concatenate([stroke[1:] for stroke in strokes])
    # Neighbours of the cell are drawn, too: a sign may reach over the rim.
    middles = [
        np.array([side * (column + 0.25 + 0.5 * row), side * (row + 0.5)])
        for row in (0, 1)
        for column in (-1, 0, 1)
    ]
    distance = to_segments(
        lattice(side, 2 * side),
        np.concatenate([start + middle for middle in middles]),
        np.concatenate([end + middle for middle in middles]),
    )
    width = max(symbol.width * edition.weight * scale, _LEAST_WIDTH_PX * ratio)
    picture = np.zeros((2 * side, side, 4), np.uint8)
    ink = edition.ink(symbol.colour)
    picture[..., :3] = [int(ink[i : i + 2], 16) for i in (1, 3, 5)]
    cover = np.clip(0.5 + width / 2 - distance, 0, 1)
    picture[..., 3] = np.round(255 * cover).reshape(2 * side, side)
    return picture


def _png(picture: Picture) -> bytes:
    """Return a picture with transparency as PNG (ISO/IEC 15948)."""
    height, width, _ = picture.shape
    lines = np.zeros((height, 1 + 4 * width), np.uint8)  # each begins with its filter: none
    lines[:, 1:] = picture.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
