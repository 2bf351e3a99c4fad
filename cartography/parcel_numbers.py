"""Parcel numbers inside their parcels, proved by geometry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from cartography.labels import CLEARANCE, Array, Label, Taken, boxes, half_size, long_axis, upright
from cartography.style import Letter

MAIN_PART_MM2 = 25.0
"""A further part of a parcel of at least this size gets the number a second time, mm²."""
_MOST_OBSTACLES = 60

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Targets:
    """Parts of parcels that want their number, n rows.

    Attributes
    ----------
    row
        Position of the parcel in the scene.
    part
        The visible part, a polygon in map mm.
    main
        Whether this is the largest part of its parcel.
    lines
        The number: one line, or numerator and denominator.
    """

    row: NDArray[np.intp]
    part: NDArray[np.object_]
    main: Mask
    lines: tuple[tuple[str, ...], ...]

    def select(self, keep: NDArray[np.intp]) -> "Targets":
        """Return only the targets at the positions ``keep``."""
        lines = tuple(self.lines[i] for i in keep.tolist())
        return replace(
            self, row=self.row[keep], part=self.part[keep], main=self.main[keep], lines=lines
        )


def targets(
    visible: NDArray[np.object_], rows: NDArray[np.intp], lines: Sequence[tuple[str, ...]]
) -> Targets:
    """Split visible parcels into parts and keep the ones that want a number.

    Parameters
    ----------
    visible
        (n,) visible geometry of each parcel, map mm, not empty.
    rows
        (n,) positions of these parcels in the scene.
    lines
        The n numbers.
    """
    part, owner = shapely.get_parts(visible, return_index=True)
    polygon = shapely.get_dimensions(part) == 2
    part, owner = part[polygon], owner[polygon]
    area = shapely.area(part)
    order = np.lexsort((-area, owner))
    part, owner, area = part[order], owner[order], area[order]
    main = np.ones(len(owner), dtype=bool)
    main[1:] = owner[1:] != owner[:-1]
    keep = main | (area >= MAIN_PART_MM2)
    part, owner, main = part[keep], owner[keep], main[keep]
    return Targets(rows[owner], part, main, tuple(lines[i] for i in owner.tolist()))


def place_inside(
    wanted: Targets,
    letter: Letter,
    scale: int,
    taken: Taken,
    quiet: NDArray[np.object_],
    *,
    turned: bool = True,
    crossing: bool = True,
    samples: int = 240,
) -> tuple[list[Label], Targets]:
    """Put numbers inside their parcels.

    A place counts only when the box of the number, with clearance, lies within the
    part and meets nothing taken. Places are tried large before small, beside
    buildings and crowns before across their outlines, level before turned along
    the parcel.

    Parameters
    ----------
    wanted
        Parts and numbers. Parts must not overlap one another.
    letter
        Lettering with the sizes to try.
    scale
        Denominator of the scale.
    taken
        What is on the map already; the new labels are added.
    quiet
        Rings (outlines of buildings, crowns) that a number should not cross if it can help it.
    turned
        Whether a number may be turned along its parcel.
    crossing
        Whether a number may cross ``quiet`` rings when there is no other place.
    samples
        How many places are tried in a part where the few best ones fail.

    Returns
    -------
    labels, rest
        What was placed, in the order of ``wanted``, and the targets without a place.
        About 0.3 ms a parcel, more for those that are hard to place.
    """
    search = _Search(wanted, letter, taken, quiet, turned=turned)
    sizes = letter.sizes(scale)
    for calm in (True, False) if crossing and len(quiet) else (True,):
        for em in sizes:
            search.common_places(em, calm=calm)
        search.sampled_places(sizes, samples, calm=calm)
    chosen = _apart([search.found[i] for i in sorted(search.found)])
    for label in chosen:
        taken.add(label)
    placed = {id(label) for label in chosen}
    rest = [i for i in range(len(wanted.row)) if id(search.found.get(i)) not in placed]
    return chosen, wanted.select(np.array(rest, dtype=np.intp))


def _apart(labels: Sequence[Label]) -> list[Label]:
    """Return labels that do not meet: parts may overlap in damaged data, the later gives way."""
    box = np.array([label.box for label in labels], dtype=object)
    first, second = shapely.STRtree(box).query(box, predicate="intersects")
    rivals: dict[int, list[int]] = {}
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        if j < i:
            rivals.setdefault(i, []).append(j)
    kept: set[int] = set()
    for i in range(len(labels)):
        if kept.isdisjoint(rivals.get(i, ())):
            kept.add(i)
    return [labels[i] for i in sorted(kept)]


class _Search:
    """The search for places of one set of targets."""

    def __init__(
        self,
        wanted: Targets,
        letter: Letter,
        taken: Taken,
        quiet: NDArray[np.object_],
        *,
        turned: bool,
    ) -> None:
        self.wanted, self.letter, self.taken = wanted, letter, taken
        self.turned = turned
        self.found: dict[int, Label] = {}
        self.quiet = shapely.STRtree(quiet)
        shapely.prepare(wanted.part)
        self.axis = np.array([long_axis(part) for part in wanted.part])
        self.points = _common_points(wanted.part, self.quiet)
        self.unit = np.array([half_size(lines, letter, 1.0) for lines in wanted.lines])

    def common_places(self, em: float, *, calm: bool) -> None:
        """Try a few good points of all parts at once."""
        for turned in (0.0, 1.0) if self.turned else (0.0,):
            for points in self.points:
                left = self._left()
                if not len(left):
                    return
                angle = self.axis[left] * turned
                fits = self._fits(left, points[left], angle, em, calm=calm)
                for i, a in zip(left[fits].tolist(), angle[fits].tolist(), strict=True):
                    self._keep(i, points[i], a, em)

    def sampled_places(self, sizes: Sequence[float], samples: int, *, calm: bool) -> None:
        """Try many points of each part that is still without a place."""
        for i in self._left().tolist():
            points = _sample(self.wanted.part[i], samples)
            row = np.full(len(points), i)
            for em, angle in self._attempts(i, sizes):
                angles = np.full(len(points), angle)
                fits = np.flatnonzero(self._fits(row, points, angles, em, calm=calm))
                if len(fits):
                    self._keep(i, points[fits[0]], angle, em)
                    break

    def _attempts(self, i: int, sizes: Sequence[float]) -> Iterator[tuple[float, float]]:
        axis = float(self.axis[i])
        angles = (0.0, axis, upright(axis + np.pi / 2)) if self.turned else (0.0,)
        for em in sizes:
            for angle in angles:
                yield em, angle

    def _left(self) -> NDArray[np.intp]:
        rows = range(len(self.wanted.row))
        return np.array([i for i in rows if i not in self.found], dtype=np.intp)

    def _fits(
        self, rows: NDArray[np.intp], centre: Array, angle: Array, em: float, *, calm: bool
    ) -> Mask:
        # the bar has a fixed thickness: scaling the box of 1 mm letters errs on the large side
        half = self.unit[rows] * em
        box = boxes(centre, half, angle, clearance=CLEARANCE)
        fits: Mask = shapely.contains_properly(self.wanted.part[rows], box)
        passed = np.flatnonzero(fits)
        if len(passed):
            room = boxes(centre[passed], half[passed], angle[passed], clearance=self.letter.space)
            fits[passed] &= ~self.taken.meets(room)
        if calm and len(passed):
            fits[self.quiet.query(box, predicate="intersects")[0]] = False
        return fits

    def _keep(self, i: int, point: Array, angle: float, em: float) -> None:
        self.found[i] = Label(
            row=int(self.wanted.row[i]),
            lines=self.wanted.lines[i],
            x=float(point[0]),
            y=float(point[1]),
            em=em,
            letter=self.letter,
            angle=float(angle),
        )


def pole(geometry: NDArray[np.object_]) -> Array:
    """Return the pole of inaccessibility of each polygon as an (n, 2) array, to 0.2 mm."""
    circle = shapely.maximum_inscribed_circle(geometry, tolerance=0.2)
    return np.asarray(shapely.get_coordinates(shapely.get_point(circle, 0)), dtype=np.float64)


def _common_points(part: NDArray[np.object_], quiet: shapely.STRtree) -> list[Array]:
    """Return the middle of the open ground, of the whole part, and its centroid."""
    outlines = quiet.geometries
    owner, obstacle = quiet.query(part, predicate="intersects")
    open_ground = part.copy()
    count = np.bincount(owner, minlength=len(part))
    # a whole section has so many houses that the middle of what they leave is no better place
    for i in np.flatnonzero((count > 0) & (count <= _MOST_OBSTACLES)).tolist():
        solid = shapely.union_all(shapely.polygons(outlines[obstacle[owner == i]]))
        left = shapely.difference(part[i], solid)
        pieces = shapely.get_parts(left)
        pieces = pieces[shapely.get_dimensions(pieces) == 2]
        # nearly nothing left: buildings from wall to wall, or lines around every piece
        if len(pieces) and shapely.area(pieces).max() > 0.02 * shapely.area(part[i]):
            open_ground[i] = pieces[np.argmax(shapely.area(pieces))]
    middle: Array = shapely.get_coordinates(shapely.centroid(part))
    return [pole(open_ground), pole(part), middle]


def _sample(part: BaseGeometry, count: int) -> Array:
    """Return about ``count`` points inside a polygon, the ones farthest from its edge first."""
    west, south, east, north = part.bounds
    step = max(0.4, (part.area / count) ** 0.5)
    xs = np.arange(west + step / 2, east, step)
    ys = np.arange(south + step / 2, north, step)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    grid = grid[shapely.contains_xy(part, grid[:, 0], grid[:, 1])]
    reach = shapely.distance(shapely.boundary(part), shapely.points(grid))
    order: Array = grid[np.lexsort((grid[:, 1], grid[:, 0], -reach.round(3)))]
    return order
