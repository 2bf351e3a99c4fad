"""Arcs at street corners and round buildings, drawn densely and remembered for the NAS file."""

from dataclasses import dataclass, field

import numpy as np

from data.city.shapes import Floats

SAGITTA_M = 0.001
"""Largest distance between an arc and the chords that stand for it."""

Spot = tuple[float, float]


@dataclass
class Arcs:
    """Every arc of the city: from its first two drawn points to where it bends and ends."""

    known: dict[tuple[Spot, Spot], tuple[Spot, Spot, int]] = field(default_factory=dict)

    def add(self, start: Floats, middle: Floats, end: Floats) -> Floats:
        """Draw an arc through three points; return its vertices with both ends."""
        drawn = draw(start, middle, end)
        for line, bend in ((drawn, middle), (drawn[::-1], middle)):
            first, second, last = _spot(line[0]), _spot(line[1]), _spot(line[-1])
            self.known[first, second] = (_spot(bend), last, len(line))
        return drawn


def _spot(xy: Floats) -> Spot:
    return float(xy[0]), float(xy[1])


def draw(start: Floats, middle: Floats, end: Floats) -> Floats:
    """Return vertices on the arc through three points, at most a millimetre off, rounded to one."""
    centre, radius = _circle(start, middle, end)
    turn = [float(np.arctan2(p[1] - centre[1], p[0] - centre[0])) for p in (start, middle, end)]
    sweep = np.mod(turn[2] - turn[0], 2 * np.pi)
    if np.mod(turn[1] - turn[0], 2 * np.pi) > sweep:
        sweep -= 2 * np.pi
    step = 2 * np.arccos(max(0.0, 1 - SAGITTA_M / radius))
    count = max(2, int(np.ceil(abs(sweep) / step)))
    angle = turn[0] + sweep * np.arange(count + 1) / count
    drawn = centre + radius * np.column_stack((np.cos(angle), np.sin(angle)))
    drawn[0], drawn[-1] = start, end
    return np.asarray(np.round(drawn, 3))


def _circle(a: Floats, b: Floats, c: Floats) -> tuple[Floats, float]:
    ab, ac = b - a, c - a
    twice = 2 * (ab[0] * ac[1] - ab[1] * ac[0])
    ab2, ac2 = ab @ ab, ac @ ac
    off = np.array([ac[1] * ab2 - ab[1] * ac2, ab[0] * ac2 - ac[0] * ab2]) / twice
    return a + off, float(np.hypot(*off))


def fillet(
    corner: Floats, before: Floats, after: Floats, reach: float
) -> tuple[Floats, Floats, Floats]:
    """Round a corner: return start, middle and end of the arc that touches both its sides."""
    u = (before - corner) / np.hypot(*(before - corner))
    v = (after - corner) / np.hypot(*(after - corner))
    half = np.arccos(np.clip(u @ v, -1.0, 1.0)) / 2
    bisector = (u + v) / np.hypot(*(u + v))
    far = reach / np.cos(half)
    middle = corner + bisector * (far - reach * np.tan(half))
    return (
        np.round(corner + u * reach, 3),
        np.round(middle, 3),
        np.round(corner + v * reach, 3),
    )
