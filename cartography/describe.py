"""The map in words: the same facts in sentences, for those who do not see it."""

from dataclasses import dataclass
from math import isnan

import numpy as np
import shapely

from cartography.compose import Map
from cartography.labels import Way
from cartography.messages import Messages
from cartography.scene import Scene
from cartography.typeface import printable
from gis_core.neighbours import find_neighbours

LONGEST_ALTERNATIVE = 6000
"""Characters of alternative text after which the page in words takes over."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A parcel that shares boundary with the selected one; direction n, ne, e … nw."""

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


def shortened(text: str, words: Messages) -> str:
    """Return a description as alternative text; a very long one refers to the page in words.

    A text string of PDF/A holds 32,767 characters, and nobody listens that long.
    """
    text = printable(text)
    if len(text) <= LONGEST_ALTERNATIVE:
        return text
    return f"{text[:LONGEST_ALTERNATIVE].rpartition(' ')[0]} … {words('describe.more')}"


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


def neighbours(scene: Scene) -> tuple[Neighbour, ...]:
    """Find the parcels that share boundary with the selected one, clockwise from north."""
    if scene.subject < 0:
        return ()
    geometry = scene.parcels.geometry
    subject = geometry[scene.subject]
    others = np.delete(np.arange(len(geometry)), scene.subject)
    found = find_neighbours(subject, geometry[others], shapely.centroid(subject))
    rows = others[found.position].tolist()
    directions = found.direction.tolist()
    return tuple(Neighbour(row, way) for row, way in zip(rows, directions, strict=True))


def describe(scene: Scene, drawn: Map, words: Messages, *, printed: bool = True) -> Description:
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
    printed
        Whether the map is a sheet that is true to scale, with the table of its parcels;
        else it is a picture on a page, of which width and height on the ground are told.

    Returns
    -------
    The description; the same map gives the same sentences.
    """
    return Description(
        parcel=tuple(_subject(scene, words)) if scene.subject >= 0 else (),
        sheet=(
            _first(scene, words, printed=printed),
            *_sheet(scene, drawn, words),
            *_hints(drawn, words, with_table=printed),
        ),
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


def _first(scene: Scene, words: Messages, *, printed: bool) -> str:
    imprint, frame = scene.imprint, scene.frame
    municipality, date = imprint.municipality[words.lang], words.day(imprint.data_date)
    if printed:
        return words("describe.sheet", scale=frame.scale, municipality=municipality, date=date)
    west, south, east, north = frame.extent
    width, height = words.number(east - west), words.number(north - south)
    return words(
        "describe.picture", municipality=municipality, date=date, width=width, height=height
    )


def _sheet(scene: Scene, drawn: Map, words: Messages) -> list[str]:
    parts = [
        words.count("describe.parcels", drawn.drawn["parcel"]),
        words.count("describe.buildings", drawn.drawn["building"]),
    ]
    if scene.has_trees:
        parts.append(words.count("describe.trees", drawn.drawn["tree"]))
    said = [words("describe.on_sheet", list=words.listing(parts))]
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
