"""Geometry in the whole numbers of a tile, as flat arrays."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Kind(IntEnum):
    """What a feature is; the numbers are those of the specification."""

    POINT = 1
    LINE = 2
    AREA = 3


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """Rings, lines or points of some features, without a geometry object.

    Stroke j has the vertices ``start[j]`` to ``start[j + 1]``; a ring does not repeat its first
    vertex, a point is a stroke of one. Holes follow their shell. Strokes of one feature follow
    one another, and features stand in the order of their rows.

    Attributes
    ----------
    xy
        (v, 2) int64, parts from the tile's upper left corner, y downwards.
    start
        (s + 1,) int64.
    shell
        (s,) bool: false for holes.
    row
        (s,) int64, ascending: the row of the feature.
    """

    kind: Kind
    xy: Ints
    start: Ints
    shell: Flags
    row: Ints

    @classmethod
    def none(cls, kind: Kind) -> Self:
        """Return no strokes at all."""
        none = np.zeros(0, np.int64)
        return cls(kind, np.zeros((0, 2), np.int64), np.zeros(1, np.int64), none > 0, none)

    def at(self, xy: Ints) -> Self:
        """Return the strokes with other coordinates."""
        return type(self)(self.kind, xy, self.start, self.shell, self.row)

    def __len__(self) -> int:
        """Return the number of strokes."""
        return len(self.row)

    @property
    def of_vertex(self) -> Ints:
        """The stroke of each vertex."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def rows(self) -> Ints:
        """Return the rows that have strokes, ascending."""
        return self.row[group_starts(self.row)]

    def boxes(self) -> Ints:
        """Return (s, 4) xmin, ymin, xmax, ymax of each stroke."""
        first = self.start[:-1]
        if not len(first):
            return np.zeros((0, 4), np.int64)
        low, high = np.minimum.reduceat(self.xy, first), np.maximum.reduceat(self.xy, first)
        return np.hstack([low, high])

    def row_boxes(self) -> Ints:
        """Return (f, 4) boxes of the features of :meth:`rows`."""
        box = self.boxes()
        first = group_starts(self.row)
        if not len(first):
            return box
        low = np.minimum.reduceat(box[:, :2], first)
        return np.hstack([low, np.maximum.reduceat(box[:, 2:], first)])

    def doubled_areas(self) -> Ints:
        """Return twice the area of each ring, positive where it turns right on the screen."""
        if not len(self):
            return np.zeros(0, np.int64)
        x, y = self.xy.T
        back = self.before()
        return np.add.reduceat(x[back] * y - x * y[back], self.start[:-1])

    def before(self) -> Ints:
        """Return the vertex before each vertex, around the ring."""
        back = np.arange(-1, len(self.xy) - 1)
        back[self.start[:-1]] = self.start[1:] - 1
        return back

    def convex(self) -> Flags:
        """Tell which rings turn one way only and once around: those cannot cross themselves."""
        step = self.xy - self.xy[self.before()]
        back = self.before()
        came = step[back]
        turn = came[:, 0] * step[:, 1] - came[:, 1] * step[:, 0]
        turn_back = (turn == 0) & ((came * step).sum(axis=1) <= 0)
        upward = (step[:, 0] > 0) | ((step[:, 0] == 0) & (step[:, 1] > 0))
        first = self.start[:-1]
        if not len(first):
            return np.zeros(0, bool)
        left, right = (np.logical_or.reduceat(t, first) for t in (turn < 0, turn > 0))
        folded = np.logical_or.reduceat(turn_back, first)
        halves = np.add.reduceat(upward != upward[back], first)
        return np.asarray(~(left & right) & ~folded & (halves == 2))

    def take(self, stroke: Ints) -> Self:
        """Return strokes by their positions, in that order."""
        length = np.diff(self.start)[stroke]
        start = offsets(length)
        member = np.arange(start[-1]) + np.repeat(self.start[stroke] - start[:-1], length)
        return type(self)(self.kind, self.xy[member], start, self.shell[stroke], self.row[stroke])

    def keep(self, which: Flags) -> Self:
        """Return the marked strokes."""
        return self if which.all() else self.take(np.flatnonzero(which))

    def of_rows(self, rows: Ints) -> Self:
        """Return the strokes of some rows."""
        return self.keep(np.isin(self.row, rows))

    def keep_vertices(self, which: Flags) -> Self:
        """Return the strokes with the marked vertices; those left without any are gone."""
        if which.all():
            return self
        length = np.bincount(self.of_vertex[which], minlength=len(self))
        some = length > 0
        return type(self)(
            self.kind, self.xy[which], offsets(length[some]), self.shell[some], self.row[some]
        )

    def joined(self, other: Self) -> Self:
        """Return both strokes in the order of their rows."""
        if not len(other):
            return self
        if not len(self):
            return other
        both = type(self)(
            self.kind,
            np.concatenate([self.xy, other.xy]),
            np.concatenate([self.start, other.start[1:] + self.start[-1]]),
            np.concatenate([self.shell, other.shell]),
            np.concatenate([self.row, other.row]),
        )
        return both.take(np.argsort(both.row, kind="stable"))


def offsets(length: Ints) -> Ints:
    """Return (n + 1,) offsets of runs of some lengths."""
    start = np.zeros(len(length) + 1, np.int64)
    np.cumsum(length, out=start[1:])
    return start


def group_starts(ordered: Ints) -> Ints:
    """Return where each run of equal values begins."""
    if not len(ordered):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
