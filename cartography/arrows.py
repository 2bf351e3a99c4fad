"""Numbers that do not fit into their parcel: beside it with an arrow, or as an index."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from cartography.labels import CLEARANCE, Array, Label, Taken, boxes, half_size
from cartography.parcel_numbers import pole
from cartography.style import Letter

HEAD = 1.5
"""Length of the arrow head, mm (AdV signature 2004: 1.20 × 1.50)."""
HEAD_WIDTH = 1.2
_NEAR, _FAR, _STEP = 2.5, 22.0, 1.3
_DIRECTIONS = 24
_LINE_COST = 4.0
"""What crossing one line costs, in mm of arrow length."""


class ArrowSearch:
    """Finds room for labels outside of what they name.

    Parameters
    ----------
    area
        The map area in mm; labels stay within it.
    lines
        Boundaries and outlines: crossing them is allowed and costs.
    taken
        What is on the map; every label found is added.
    """

    def __init__(self, area: Polygon, lines: NDArray[np.object_], taken: Taken) -> None:
        self.area = shapely.buffer(area, -0.8, join_style="mitre")
        shapely.prepare(self.area)
        self.lines = shapely.STRtree(lines)
        self.taken = taken

    def place(
        self, row: int, lines: tuple[str, ...], part: BaseGeometry, letter: Letter, em: float
    ) -> Label | None:
        """Place one label near ``part``, with an arrow that ends inside it.

        Parameters
        ----------
        row
            What the label names.
        lines
            Its text.
        part
            The visible polygon, mm; the arrow ends at its pole of inaccessibility.
        letter, em
            Lettering and size.

        Returns
        -------
        The nearest label that meets nothing taken, or None. About 2 ms.
        """
        target = pole(np.array([part]))[0]
        half = half_size(lines, letter, em)
        centre = target + _ring_points()
        shape = boxes(centre, half, np.zeros(len(centre)), clearance=CLEARANCE)
        start = _edge_points(centre, target, half + CLEARANCE)
        ends = np.stack([start, np.broadcast_to(target, start.shape)], axis=1)
        shaft = np.asarray(shapely.linestrings(ends), dtype=object)
        ok = shapely.contains(self.area, shape) & ~shapely.intersects(shape, part)
        ok &= np.hypot(*(start - target).T) >= HEAD + 0.5
        for candidates in (shape, shaft):
            left = np.flatnonzero(ok)
            ok[left] = ~self.taken.meets(candidates[left])
        left = np.flatnonzero(ok)
        if not len(left):
            return None
        cost = np.hypot(*(start[left] - target).T)
        cost += _LINE_COST * self._crossed(shape[left])
        best = left[np.argmin(cost.round(6))]
        x, y = centre[best].tolist()
        (fx, fy), (tx, ty) = start[best].tolist(), target.tolist()
        label = Label(row, lines, x, y, em, letter, arrow=((fx, fy), (tx, ty)))
        self.taken.add(label)
        return label

    def _crossed(self, shape: NDArray[np.object_]) -> NDArray[np.intp]:
        hit = self.lines.query(shape, predicate="intersects")[0]
        return np.bincount(hit, minlength=len(shape))


def arrow_heads(labels: Sequence[Label]) -> NDArray[np.object_]:
    """Return the filled heads of all arrows as triangles."""
    heads = []
    for label in labels:
        if label.arrow is None:
            continue
        start, tip = np.array(label.arrow)
        along = (tip - start) / np.hypot(*(tip - start))
        aside = np.array([-along[1], along[0]]) * HEAD_WIDTH / 4
        base = tip - along * HEAD / 2
        heads.append(shapely.Polygon([tip, base + aside, base - aside]))
    return np.array(heads, dtype=object)


def renumber(labels: Sequence[Label]) -> list[Label]:
    """Give index labels their numbers in reading order: from the top, then from the left."""
    order = sorted(labels, key=lambda label: (-round(label.y), label.x, label.row))
    return [replace(label, lines=(index_text(i),)) for i, label in enumerate(order, start=1)]


def index_text(number: int) -> str:
    """Return how an index stands on the map, so that nobody takes it for a parcel number."""
    return f"({number})"


def _ring_points() -> Array:
    angle = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS)
    reach = np.arange(_NEAR, _FAR, _STEP)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    points: Array = (reach[:, None, None] * ring[None]).reshape(-1, 2)
    return points


def _edge_points(centre: Array, target: Array, half: Array) -> Array:
    """Return where the line from each centre to the target leaves the label's box."""
    way = target - centre
    with np.errstate(divide="ignore"):
        share = np.min(half / np.abs(np.where(way == 0, 1e-12, way)), axis=1)
    points: Array = centre + way * np.minimum(share, 1.0)[:, None]
    return points
