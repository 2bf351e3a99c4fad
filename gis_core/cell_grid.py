"""A regular grid of cells, north up: which cells a box touches, and where they lie."""

from dataclasses import dataclass
from math import ceil, floor

Box = tuple[float, float, float, float]

_ROUNDING = 1e-6
"""Part of a cell by which a box may miss a line between cells and still means the line."""


@dataclass(frozen=True, slots=True)
class Span:
    """Columns and rows of a grid: the first of each, and how many."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class CellGrid:
    """Where the cells of a raster lie.

    Attributes
    ----------
    west, north
        The outer corner of the first cell, x east.
    dx, dy
        Width and height of a cell, both positive, in units of the reference system.
    width, height
        How many columns and rows there are.
    """

    west: float
    north: float
    dx: float
    dy: float
    width: int
    height: int

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return self.width * self.height

    @property
    def box(self) -> Box:
        """The outer edges: xmin, ymin, xmax, ymax."""
        east, south = self.west + self.width * self.dx, self.north - self.height * self.dy
        return self.west, south, east, self.north

    def touched(self, box: Box) -> Span | None:
        """Return the cells whose inside a box touches; None where it misses the grid.

        A box without an area has the cells around its corner: of two that meet there, the one
        to the east and the one to the south.

        Examples
        --------
        >>> grid = CellGrid(0, 30, 10, 10, 4, 3)
        >>> grid.touched((10, 10, 20, 30))
        Span(left=1, top=0, width=1, height=2)
        >>> grid.touched((9, 9, 21, 30))
        Span(left=0, top=0, width=3, height=3)
        >>> grid.touched((40.5, 0, 50, 9)) is None
        True
        """
        xmin, ymin, xmax, ymax = box
        left, right = _between((xmin - self.west) / self.dx, (xmax - self.west) / self.dx)
        top, bottom = _between((self.north - ymax) / self.dy, (self.north - ymin) / self.dy)
        left, right = max(left, 0), min(right, self.width)
        top, bottom = max(top, 0), min(bottom, self.height)
        if left >= right or top >= bottom:
            return None
        return Span(left, top, right - left, bottom - top)

    def part(self, span: Span) -> "CellGrid":
        """Return the grid of some of the cells."""
        west, north = self.west + span.left * self.dx, self.north - span.top * self.dy
        return CellGrid(west, north, self.dx, self.dy, span.width, span.height)


def grid_over(box: Box, width: int, height: int) -> CellGrid:
    """Return the grid that cuts a box into so many columns and rows."""
    xmin, ymin, xmax, ymax = box
    return CellGrid(xmin, ymax, (xmax - xmin) / width, (ymax - ymin) / height, width, height)


def _between(low: float, high: float) -> tuple[int, int]:
    first = floor(low + _ROUNDING)
    return first, max(ceil(high - _ROUNDING), first + 1)
