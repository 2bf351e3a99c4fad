"""The map in words: the same facts in sentences, for those who do not see it."""

from dataclasses import dataclass
from math import atan2, isnan, pi

import numpy as np
import shapely

from cartography.compose import Map
from cartography.labels import Way
from cartography.messages import Messages
from cartography.scene import Scene

COMPASS = ("e", "ne", "n", "nw", "w", "sw", "s", "se")
_TOUCHING_M = 0.02
_SHARED_M = 0.10
"""Parcels that share less than this length of boundary only meet in a corner, metre."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A parcel that shares boundary with the selected one; ``direction`` is a key of COMPASS."""

    row: int
    direction: str


@dataclass(frozen=True, slots=True)
class Description:
    """The map in sentences: about the selected parcel, and about the sheet."""

    parcel: tuple[str, ...]
    sheet: tuple[str, ...]

    @property
    def text(self) -> str:
        """Everything as one text: the alternative text of the map."""
        return " ".join((*self.sheet[:1], *self.parcel, *self.sheet[1:]))


def parcel_number(scene: Scene, row: int) -> str:
    """Return the number as written in running text: ``123/4`` or ``123``."""
    number, sub = str(scene.parcels.number[row]), str(scene.parcels.subnumber[row])
    return f"{number}/{sub}" if sub else number


def parcel_label(scene: Scene, row: int, words: Messages) -> str:
    """Return the full name: Gemarkung Krefeld, Flur 12, Flurstück 123/4."""
    district, section = str(scene.parcels.district[row]), str(scene.parcels.section[row])
    parts = [words("map.district", district=district)] if district else []
    parts += [words("map.section", section=section)] if section else []
    number = parcel_number(scene, row)
    if not parts:
        return words("label.parcel_short", number=number)
    return words("label.parcel_full", place=", ".join(parts), number=number)


def direction(dx: float, dy: float) -> str:
    """Return the compass direction of a step east and north, one of eight.

    Examples
    --------
    >>> direction(0, 1), direction(1, 1), direction(-1, -0.1)
    ('n', 'ne', 'w')
    """
    return COMPASS[round(atan2(dy, dx) / (pi / 4)) % 8]


def neighbours(scene: Scene) -> tuple[Neighbour, ...]:
    """Find the parcels that share boundary with the selected one, clockwise from north.

    The direction is the one from a point inside the parcel to the middle of the
    longest shared stretch. Parcels that only meet in a corner are left out.
    """
    if scene.subject < 0:
        return ()
    geometry = scene.parcels.geometry
    subject = geometry[scene.subject]
    near = shapely.buffer(subject, _TOUCHING_M)
    shapely.prepare(near)
    rows = np.flatnonzero(shapely.intersects(near, geometry))
    rows = rows[rows != scene.subject]
    shared = shapely.intersection(shapely.boundary(geometry[rows]), near)
    middle = shapely.get_coordinates(shapely.point_on_surface(subject))[0]
    found = []
    for row, line in zip(rows.tolist(), shared, strict=True):
        if shapely.length(line) < _SHARED_M:
            continue
        stretch = _longest(line)
        x, y = shapely.get_coordinates(
            shapely.line_interpolate_point(stretch, 0.5, normalized=True)
        )[0]
        found.append(Neighbour(row, direction(x - middle[0], y - middle[1])))
    clockwise = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
    keys = scene.parcels.key
    return tuple(sorted(found, key=lambda n: (clockwise.index(n.direction), str(keys[n.row]))))


def _longest(line: shapely.Geometry) -> shapely.LineString:
    parts = shapely.get_parts(line)
    parts = parts[shapely.get_dimensions(parts) == 1]
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts)))
    longest: shapely.LineString = merged[np.argmax(shapely.length(merged))]
    return longest


def describe(scene: Scene, drawn: Map, words: Messages, *, with_table: bool = False) -> Description:
    """Say in words what the map shows.

    Order: key, size, use, address, neighbours by compass, what stands on the parcel,
    hints; then the sheet. Every number is counted from what was drawn.

    Parameters
    ----------
    scene
        The scene of the map.
    drawn
        The finished map.
    words
        The language.
    with_table
        Whether the reader also has the table of parcels: the words then point to it.

    Returns
    -------
    The description; the same map gives the same sentences.
    """
    return Description(
        parcel=tuple(_subject(scene, words)) if scene.subject >= 0 else (),
        sheet=(*_sheet(scene, drawn, words), *_hints(drawn, words, with_table=with_table)),
    )


def _subject(scene: Scene, words: Messages) -> list[str]:
    row, table = scene.subject, scene.parcels
    said = [words("describe.key", label=parcel_label(scene, row, words))]
    if not isnan(table.area_m2[row]):
        said.append(words("describe.area", area=words.area(float(table.area_m2[row]))))
    if table.use[row]:
        said.append(words("describe.use", use=table.use[row]))
    if table.address[row]:
        said.append(words("describe.address", address=table.address[row]))
    said.append(_neighbours(scene, words))
    said.append(_on_parcel(scene, words))
    share = _visible_share(scene)
    if share < 0.999:
        said.append(words("describe.beyond", share=words.number(100 * share)))
    return said


def _neighbours(scene: Scene, words: Messages) -> str:
    found = neighbours(scene)
    if not found:
        return words("describe.no_neighbours")
    sides = []
    for side in dict.fromkeys(n.direction for n in found):
        names = [_neighbour(scene, n.row, words) for n in found if n.direction == side]
        where = words(f"compass.{side}")
        sides.append(words("describe.towards", direction=where, parcels=words.listing(names)))
    return words("describe.neighbours", list="; ".join(sides))


def _neighbour(scene: Scene, row: int, words: Messages) -> str:
    number = parcel_number(scene, row)
    same = all(
        str(column[row]) == str(column[scene.subject])
        for column in (scene.parcels.district, scene.parcels.section)
    )
    if not same:
        return parcel_label(scene, row, words)
    street = str(scene.parcels.street[row])
    if street:
        return words("describe.neighbour_street", street=street, number=number)
    return words("describe.neighbour", number=number)


def _on_parcel(scene: Scene, words: Messages) -> str:
    subject = scene.parcels.geometry[scene.subject]
    # a wall on the boundary belongs to the neighbour's building: count from 1 m² of ground
    covered = shapely.area(shapely.intersection(subject, scene.buildings.geometry))
    parts = [words.count("describe.buildings", int((covered >= 1.0).sum()))]
    if scene.has_trees:
        inside = shapely.intersects(subject, scene.trees.geometry)
        parts.append(words.count("describe.trees_on_parcel", int(inside.sum())))
    return words("describe.on_parcel", list=words.listing(parts))


def _visible_share(scene: Scene) -> float:
    subject = scene.parcels.geometry[scene.subject]
    return float(subject.intersection(shapely.box(*scene.frame.extent)).area / subject.area)


def _sheet(scene: Scene, drawn: Map, words: Messages) -> list[str]:
    imprint = scene.imprint
    parts = [
        words.count("describe.parcels", drawn.drawn["parcel"]),
        words.count("describe.buildings", drawn.drawn["building"]),
    ]
    if scene.has_trees:
        parts.append(words.count("describe.trees", drawn.drawn["tree"]))
    said = [
        words(
            "describe.sheet",
            scale=scene.frame.scale,
            municipality=imprint.municipality[words.lang],
            date=words.day(imprint.data_date),
        ),
        words("describe.on_sheet", list=words.listing(parts)),
    ]
    if drawn.streets:
        said.append(words("describe.streets", list=words.listing(list(drawn.streets))))
    if drawn.land_use:
        said.append(words("describe.uses", list=", ".join(_uses(scene, drawn, words))))
    if len(drawn.sections) > 1:
        said.append(words("describe.sections", list="; ".join(drawn.sections)))
    return said


def _hints(drawn: Map, words: Messages, *, with_table: bool) -> list[str]:
    said = []
    arrows, listed = drawn.ways.count(Way.ARROW), drawn.ways.count(Way.LIST)
    if arrows:
        said.append(words.count("describe.beside", arrows))
    if listed:
        said.append(words.count("describe.listed", listed))
    if with_table:
        said.append(words("describe.table"))
    return said


def _uses(scene: Scene, drawn: Map, words: Messages) -> list[str]:
    area = scene.frame.area
    areas: list[tuple[float, str]] = []
    for group in drawn.land_use:
        visible = shapely.area(shapely.intersection(group.geometry, area)).sum()
        areas.append((100 * float(visible) / area.area, group.fill.title[words.lang]))
    return [
        words("describe.use_share", use=title, share=words.number(share))
        if share >= 1
        else words("describe.use_small", use=title)
        for share, title in sorted(areas, key=lambda entry: (-entry[0], entry[1]))
    ]
