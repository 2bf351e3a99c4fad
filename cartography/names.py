"""Street names along their streets."""

from math import atan2

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from cartography.labels import Array, Label, Taken, boxes, half_size, upright
from cartography.style import Letter

REPEAT_MM = 130.0
"""A name is repeated along a street at this distance, mm."""
_GRID = 2.0
_CROSSING = 1.0
"""What crossing one crown costs a place, in mm off the axis of the street."""
_SPILL = 0.9
"""How far the name of a path may reach over its edge when it is too narrow, mm."""


def street_names(
    streets: NDArray[np.object_],
    names: NDArray[np.object_],
    letter: Letter,
    scale: int,
    taken: Taken,
    quiet: NDArray[np.object_],
) -> list[Label]:
    """Write each name along its street, as large as fits, again every 130 mm.

    Parameters
    ----------
    streets
        (n,) visible street areas, map mm, not empty.
    names
        (n,) names; "" is left out.
    letter, scale
        Lettering and scale denominator.
    taken
        What is on the map; the names are added.
    quiet
        Rings (crowns, grid crosses) that a name should not cross if it can help it.

    Returns
    -------
    The labels; a street without room for its name at the smallest size has none.
    """
    placed: list[Label] = []
    sizes = letter.sizes(scale)
    rings = shapely.STRtree(quiet)
    attempts = [(em, -0.2) for em in sizes] + [(sizes[-1], _SPILL)]
    for row in np.argsort(-shapely.area(streets), kind="stable").tolist():
        name = str(names[row])
        if not name:
            continue
        directions = main_directions(streets[row])
        for em, reach in attempts:
            room = shapely.buffer(streets[row], reach, join_style="mitre")
            template = Label(row, (name,), 0.0, 0.0, em, letter)
            found = _along(template, room, directions, taken, rings)
            if found:
                placed += found
                break
    return placed


def main_directions(area: BaseGeometry, count: int = 4) -> list[float]:
    """Return the directions (radian, upright) of the longest stretches of an outline."""
    outline = shapely.get_parts(shapely.boundary(shapely.simplify(area, 0.4)))
    weight = np.zeros(36)
    lean = np.zeros((36, 2))
    for line in outline:
        step = np.diff(shapely.get_coordinates(line), axis=0)
        length = np.hypot(*step.T)
        # doubling the angle makes both ways along a street the same direction
        double = 2 * np.arctan2(step[:, 1], step[:, 0])
        which = np.floor((double % (2 * np.pi)) / (2 * np.pi) * 36).astype(int) % 36
        np.add.at(weight, which, length)
        np.add.at(lean, which, length[:, None] * np.stack([np.cos(double), np.sin(double)], -1))
    best = [i for i in np.argsort(-weight, kind="stable")[:count] if weight[i] > 0]
    return [upright(atan2(lean[i, 1], lean[i, 0]) / 2) for i in best]


def _along(
    template: Label,
    room: BaseGeometry,
    directions: list[float],
    taken: Taken,
    rings: shapely.STRtree,
) -> list[Label]:
    """Find the best place of a name, then further ones far enough from it."""
    half = half_size(template.lines, template.letter, template.em)
    centres, angles, scores = [], [], []
    points = _grid(room)
    if not len(points):
        return []
    depth = shapely.distance(shapely.boundary(room), shapely.points(points))
    wide = depth >= half[1]
    points, depth = points[wide], depth[wide]
    shapely.prepare(room)
    middle = shapely.get_coordinates(shapely.centroid(room))[0]
    for angle in directions:
        shape = boxes(points, half, np.full(len(points), angle))
        fits = np.flatnonzero(shapely.contains(room, shape))
        space = template.letter.space
        wider = boxes(points[fits], half, np.full(len(fits), angle), clearance=space)
        fits = fits[~taken.meets(wider)]
        centres.append(points[fits])
        angles.append(np.full(len(fits), angle))
        crossed = np.bincount(
            rings.query(shape[fits], predicate="intersects")[0], minlength=len(fits)
        )
        # in the axis of the street first, clear of crowns, near its middle
        off = np.hypot(*(points[fits] - middle).T)
        scores.append(depth[fits] - 0.01 * off - _CROSSING * crossed)
    return _spread(template, np.concatenate(centres), np.concatenate(angles), scores, taken)


def _spread(
    template: Label, centres: Array, angles: Array, scores: list[Array], taken: Taken
) -> list[Label]:
    found: list[Label] = []
    order = np.argsort(-np.concatenate(scores).round(4), kind="stable")
    for i in order.tolist():
        x, y = centres[i].tolist()
        if any(np.hypot(x - f.x, y - f.y) < REPEAT_MM for f in found):
            continue
        label = Label(
            template.row, template.lines, x, y, template.em, template.letter, float(angles[i])
        )
        taken.add(label)
        found.append(label)
    return found


def _grid(room: BaseGeometry) -> Array:
    if room.is_empty:  # a street too narrow at this scale
        return np.empty((0, 2))
    west, south, east, north = room.bounds
    xs = np.arange(west + _GRID / 2, east, _GRID)
    ys = np.arange(south + _GRID / 2, north, _GRID)
    points: Array = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    shapely.prepare(room)
    return points[shapely.contains_xy(room, points[:, 0], points[:, 1])]
