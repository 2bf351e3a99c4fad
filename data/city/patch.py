"""A block as a bent rectangle: four sides, and a map from the unit square onto it."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np

from data.city.shapes import Floats

Rect = tuple[float, float, float, float]
"""s0, s1, t0, t1 in the unit square: s along the long sides, t from the bottom to the top."""

Spot = tuple[float, float]


LEFT_TIP: Spot = (-1.0, 0.5)
RIGHT_TIP: Spot = (2.0, 0.5)


@dataclass(frozen=True)
class Side:
    """One side of a block, from corner to corner."""

    xy: Floats
    share: Floats  # of the length, 0 to 1
    vertex: tuple[int, ...]  # of the block's ring, -1 for a corner that was put in
    length: float


@dataclass(frozen=True)
class Patch:
    """Bottom and top from left to right, left and right from bottom to top.

    A triangle has a fourth side across its sharpest corner. That corner, the tip, lies
    beyond the unit square: at `LEFT_TIP` or `RIGHT_TIP`.
    """

    bottom: Side
    right: Side
    top: Side
    left: Side
    left_tip: Floats | None = None
    right_tip: Floats | None = None

    @property
    def length(self) -> float:
        """Mean length of the long sides, metre."""
        return (self.bottom.length + self.top.length) / 2

    @property
    def depth(self) -> float:
        """Mean distance of the long sides, metre."""
        return (self.left.length + self.right.length) / 2

    @property
    def is_regular(self) -> bool:
        """Whether the map does not fold: every cell of a fine grid keeps its orientation."""
        s, t = np.meshgrid(np.linspace(0, 1, 17), np.linspace(0, 1, 9), indexing="ij")
        xy = self.on_ground(np.column_stack((s.ravel(), t.ravel()))).reshape(17, 9, 2)
        u, v = np.diff(xy, axis=0), np.diff(xy, axis=1)
        turns = [
            a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
            for a in (u[:, :-1], u[:, 1:])
            for b in (v[:-1], v[1:])
        ]
        return bool(min(float(turn.min()) for turn in turns) > 0)

    def on_ground(self, spots: Floats) -> Floats:
        """Map (n, 2) places in the unit square to the ground (a Coons patch), to a millimetre."""
        s, t = spots[:, 0], spots[:, 1]
        low, high = _along(self.bottom, s), _along(self.top, s)
        left, right = _along(self.left, t), _along(self.right, t)
        s, t = s[:, None], t[:, None]
        c00, c10 = self.bottom.xy[0], self.bottom.xy[-1]
        c01, c11 = self.top.xy[0], self.top.xy[-1]
        ruled = (1 - t) * low + t * high + (1 - s) * left + s * right
        corner = (1 - s) * (1 - t) * c00 + s * (1 - t) * c10 + (1 - s) * t * c01 + s * t * c11
        out = np.asarray(np.round(ruled - corner, 3))
        for tip, beyond in ((self.left_tip, spots[:, 0] < 0), (self.right_tip, spots[:, 0] > 1)):
            if tip is not None:
                out[beyond] = tip
        return out


def _along(side: Side, share: Floats) -> Floats:
    return np.column_stack(
        (np.interp(share, side.share, side.xy[:, 0]), np.interp(share, side.share, side.xy[:, 1]))
    )


def patch_of(ring: Floats) -> Patch:
    """Find the four corners of a ring and lay it so that bottom and top are the longer sides."""
    turn = _turns(ring)
    order = np.argsort(-turn, kind="stable")
    vertex = list(range(len(ring)))
    if len(ring) > 3 and turn[order[3]] > 0.6:
        xy, corner, tip = ring, sorted(order[:4].tolist()), None
    else:
        tip = int(order[0])
        xy = _blunted(ring, tip)
        vertex.insert(tip, -1)
        others = [c if c < tip else c + 1 for c in order[1:3].tolist()]
        corner = sorted([*others, tip, tip + 1])
    sides = [_side(xy, vertex, corner[k], corner[(k + 1) % 4]) for k in range(4)]
    across = -1 if tip is None else corner.index(tip)
    if sides[0].length + sides[2].length < sides[1].length + sides[3].length:
        sides, across = sides[1:] + sides[:1], (across + 3) % 4 if tip is not None else -1
    bottom, right, top, left = sides
    if across in {0, 2}:
        # The tip's own side is among the long ones: the triangle is nearly a point.
        tip = None
    point = None if tip is None else ring[tip]
    return Patch(
        bottom,
        right,
        _reversed(top),
        _reversed(left),
        point if across == 3 else None,
        point if across == 1 else None,
    )


def _turns(ring: Floats) -> Floats:
    after = np.roll(ring, -1, axis=0) - ring
    before = np.roll(after, 1, axis=0)
    sine = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    cosine = np.sum(before * after, axis=1)
    return np.asarray(np.arctan2(sine, cosine))


def _blunted(ring: Floats, tip: int) -> Floats:
    """Replace a corner by two points up to nine metres before and after it."""
    here, out = ring[tip], []
    for other in (ring[tip - 1], ring[(tip + 1) % len(ring)]):
        way = other - here
        out.append(np.round(here + way * min(0.4, 9.0 / np.hypot(*way)), 3))
    return np.concatenate((ring[:tip], out, ring[tip + 1 :]))


def _side(xy: Floats, vertex: list[int], first: int, last: int) -> Side:
    n = len(xy)
    index = [(first + k) % n for k in range((last - first) % n + 1)]
    line = xy[index]
    step = np.hypot(*np.diff(line, axis=0).T)
    reach = np.concatenate(([0.0], np.cumsum(step)))
    return Side(line, reach / reach[-1], tuple(vertex[i] for i in index), float(reach[-1]))


def _reversed(side: Side) -> Side:
    return Side(side.xy[::-1], (1 - side.share)[::-1], side.vertex[::-1], side.length)


@dataclass
class Tiling:
    """A unit square cut into rectangles; every vertex on an edge belongs to both neighbours.

    The rectangle beside a tip takes the whole of that side, and the tip with it.
    """

    patch: Patch
    rects: list[Rect]
    _level: dict[float, list[float]] = field(default_factory=dict)
    _upright: dict[float, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Collect on every line of the tiling the places where something ends."""
        level: dict[float, set[float]] = {0.0: set(), 1.0: set()}
        upright: dict[float, set[float]] = {0.0: set(), 1.0: set()}
        for s0, s1, t0, t1 in self.rects:
            for s in (s0, s1):
                for t in (t0, t1):
                    level.setdefault(t, set()).add(s)
                    upright.setdefault(s, set()).add(t)
        level[0.0] |= set(self.patch.bottom.share.tolist())
        level[1.0] |= set(self.patch.top.share.tolist())
        upright[0.0] |= set(self.patch.left.share.tolist())
        upright[1.0] |= set(self.patch.right.share.tolist())
        self._level = {t: sorted(s) for t, s in level.items()}
        self._upright = {s: sorted(t) for s, t in upright.items()}

    def ring(self, rect: Rect) -> list[Spot]:
        """Return the vertices around a rectangle, counter-clockwise from its lower left."""
        s0, s1, t0, t1 = rect
        low = [(s, t0) for s in _between(self._level[t0], s0, s1)]
        right = [(s1, t) for t in _between(self._upright[s1], t0, t1)]
        high = [(s, t1) for s in reversed(_between(self._level[t1], s0, s1))]
        left = [(s0, t) for t in reversed(_between(self._upright[s0], t0, t1))]
        if s1 == 1 and self.patch.right_tip is not None:
            right = [RIGHT_TIP]
        if s0 == 0 and self.patch.left_tip is not None:
            left = [LEFT_TIP]
        return [(s0, t0), *low, (s1, t0), *right, (s1, t1), *high, (s0, t1), *left]


def _between(ticks: list[float], low: float, high: float) -> list[float]:
    return ticks[bisect_right(ticks, low) : bisect_left(ticks, high)]
