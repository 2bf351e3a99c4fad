"""How much of a map a tile keeps: by the size of its cells, never by what else is in the tile."""

from dataclasses import dataclass
from typing import Final

from gis_core.tiling import CELLS, Tile

EXTENT: Final = 4096
"""Parts along the side of a tile: all coordinates of a tile are whole numbers of these."""

BUFFER: Final = 64
"""Parts by which a tile reaches over its edge, so that outlines are drawn through it."""

_PIXEL = 8
"""Parts of a pixel on a screen that draws a tile 512 pixels wide."""

_FULL_CELL_M = 5.0


@dataclass(frozen=True, slots=True)
class Detail:
    """What is left of shapes.

    Attributes
    ----------
    grid
        Every vertex goes to the nearest node of a grid of this many parts. That depends on the
        vertex alone, so neighbours keep their common border, in one tile and over its edges.
    pixel
        Rings whose area, before any rounding, is less than this many parts squared are left out,
        lines that are shorter either way, and of the points in one square of that side all but
        the first. 0: nothing is.
    """

    grid: int = 1
    pixel: int = 0


FULL: Final = Detail()
"""Nothing is left out but what has no extent in whole parts."""

_COARSE = Detail(grid=_PIXEL // 2, pixel=_PIXEL)


def detail(tile: Tile) -> Detail:
    """Return how much a tile keeps: everything where a cell is 5 m or less, above by the pixel."""
    return FULL if tile.side / CELLS <= _FULL_CELL_M else _COARSE
