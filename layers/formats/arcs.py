"""Circular arcs as chains of chords that stay within a stated distance of the arc."""

import math

Point = tuple[float, float]

_STRAIGHT = 1e9  # radius beyond which three points count as a straight line
_WIDEST = math.pi / 4  # angle of a chord: the smallest circle still is one, not a line


def arc_through(start: Point, middle: Point, end: Point, tolerance: float) -> list[Point]:
    """Return the arc through three points as vertices, both ends included.

    Parameters
    ----------
    start, middle, end
        Three points in the order in which the arc passes them. ``start`` equal to
        ``end`` means the full circle with ``middle`` opposite to them.
    tolerance
        Largest distance between a chord and the arc (sagitta), same unit as the points.

    Returns
    -------
    list of points
        The three given points stand in it unchanged; the rest lie on the circle.

    Notes
    -----
    The same arc passed the other way gives the very same vertices, so two
    parcels that share it leave neither gap nor overlap. A chord over the angle
    a is r·(1 − cos(a/2)) away from its arc.

    Examples
    --------
    >>> quarter = arc_through((1.0, 0.0), (0.5**0.5, 0.5**0.5), (0.0, 1.0), 0.1)
    >>> [(round(x, 3), round(y, 3)) for x, y in quarter]
    [(1.0, 0.0), (0.707, 0.707), (0.0, 1.0)]
    """
    if end < start:
        return arc_through(end, middle, start, tolerance)[::-1]
    if start == end:
        centre = ((start[0] + middle[0]) / 2, (start[1] + middle[1]) / 2)
        half = math.dist(start, middle) / 2
        there = _sweep(start, middle, centre, half, math.pi, tolerance)
        return [*there, *_sweep(middle, end, centre, half, math.pi, tolerance)[1:]]
    found = _circle(start, middle, end)
    if found is None:
        return [start, middle, end]
    centre, radius, turn = found
    first = _angle(start, middle, centre, turn)
    second = _angle(middle, end, centre, turn)
    there = _sweep(start, middle, centre, radius, first, tolerance)
    return [*there, *_sweep(middle, end, centre, radius, second, tolerance)[1:]]


def circle_through(first: Point, second: Point, third: Point, tolerance: float) -> list[Point]:
    """Return the full circle through three points, closed, starting and ending at the first.

    The circle runs through the points in the order given. Three points on a line
    give the way there and back.
    """
    found = _circle(first, second, third)
    if found is None:
        return [first, second, third, first]
    centre, radius, turn = found
    vertices = [first]
    for start, end in ((first, second), (second, third), (third, first)):
        angle = _angle(start, end, centre, turn)
        vertices += _sweep(start, end, centre, radius, angle, tolerance)[1:]
    return vertices


def circle_around(centre: Point, radius: float, tolerance: float) -> list[Point]:
    """Return the full circle of a radius around a centre, closed, counter-clockwise."""
    x, y = centre
    east, west = (x + radius, y), (x - radius, y)
    upper = _sweep(east, west, centre, radius, math.pi, tolerance)
    return [*upper, *_sweep(west, east, centre, radius, math.pi, tolerance)[1:]]


def _circle(start: Point, middle: Point, end: Point) -> tuple[Point, float, int] | None:
    """Return centre, radius and turn (+1 left, −1 right); None for a straight line."""
    # Relative to the start: eastings and northings of 10⁶ m would cost six digits.
    bx, by = middle[0] - start[0], middle[1] - start[1]
    cx, cy = end[0] - start[0], end[1] - start[1]
    cross = 2 * (bx * cy - by * cx)
    if cross == 0:
        return None
    b, c = bx * bx + by * by, cx * cx + cy * cy
    x, y = (cy * b - by * c) / cross, (bx * c - cx * b) / cross
    radius = math.hypot(x, y)
    if not radius < _STRAIGHT:
        return None
    return (start[0] + x, start[1] + y), radius, 1 if cross > 0 else -1


def _angle(start: Point, end: Point, centre: Point, turn: int) -> float:
    """Return the signed angle from one point to the other around the centre, in that turn."""
    there = math.atan2(end[1] - centre[1], end[0] - centre[0])
    here = math.atan2(start[1] - centre[1], start[0] - centre[0])
    return turn * (((there - here) * turn) % math.tau)


def _sweep(
    start: Point, end: Point, centre: Point, radius: float, angle: float, tolerance: float
) -> list[Point]:
    """Return the vertices from start over the angle to end, both as given."""
    depth = tolerance / radius if radius > 0 else 1.0
    step = min(_WIDEST, 2 * math.acos(max(0.0, 1 - depth)))
    pieces = max(1, math.ceil(abs(angle) / step - 1e-9)) if step > 0 else 1
    begin = math.atan2(start[1] - centre[1], start[0] - centre[0])
    inner = (begin + angle * i / pieces for i in range(1, pieces))
    x, y = centre
    return [start, *((x + radius * math.cos(a), y + radius * math.sin(a)) for a in inner), end]
