"""Which label gets its place first: the order of all lettering on a map."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from cartography.arrows import ArrowSearch, index_text, renumber
from cartography.boundaries import group_unions, once
from cartography.ground import BORDER, SMALLEST_MEAN_PARCEL, Ground
from cartography.labels import Label, Taken, Way
from cartography.messages import Messages
from cartography.names import street_names
from cartography.parcel_numbers import Targets, place_inside, targets
from cartography.scene import Scene
from cartography.style import Catalogue, Letter
from cartography.typeface import printable

EDGE_SHARE = 0.5
"""A parcel of which less than this share is on the sheet gets no arrow, only a number inside."""
_NAMED_AREA_MM2 = 400.0


@dataclass(slots=True)
class Lettering:
    """All labels of a map, and how each parcel is found."""

    labels: list[Label] = field(default_factory=list)
    ways: dict[int, Way] = field(default_factory=dict)
    index: dict[int, int] = field(default_factory=dict)
    taken: Taken = field(default_factory=Taken)


def parcel_lines(scene: Scene, row: int) -> tuple[str, ...]:
    """Return the number of a parcel as printed: one line, or numerator and denominator."""
    number = printable(scene.parcels.number[row]) or printable(scene.parcels.key[row])
    subnumber = printable(scene.parcels.subnumber[row])
    return (number, subnumber) if subnumber else (number,)


def letter_map(
    scene: Scene,
    style: Catalogue,
    ground: Ground,
    words: Messages,
    *,
    reserved: Sequence[Polygon] = (),
    most_numbers: int | None = None,
) -> Lettering:
    """Place every label: the most needed first, each where nothing else stands.

    Order: number of the selected parcel, street names, other numbers inside, numbers
    with arrows, index numbers, names of sections, house numbers, names of places.
    ``reserved`` is kept free for something else that stands on the map. Where there are
    more than ``most_numbers`` parts of parcels, only the selected one has its number.
    """
    done = Lettering()
    done.taken.shapes += reserved
    scale = scene.frame.scale
    numbers = targets(
        _without_band(scene, style, ground),
        ground.parcel_rows,
        [parcel_lines(scene, row) for row in ground.parcel_rows.tolist()],
    )
    mine = numbers.row == scene.subject
    crowded = most_numbers is not None and len(numbers.row) > most_numbers
    if crowded or ground.mean_mm2 < SMALLEST_MEAN_PARCEL:
        numbers, mine = numbers.select(np.flatnonzero(mine)), np.ones(int(mine.sum()), dtype=bool)
    subject, others = numbers.select(np.flatnonzero(mine)), numbers.select(np.flatnonzero(~mine))
    rest: list[tuple[Targets, str]] = []
    for wanted, letter in ((subject, "subject"), (others, "parcel")):
        placed, left = place_inside(wanted, style.letter[letter], scale, done.taken, ground.quiet)
        done.labels += placed
        done.ways |= {label.row: Way.INSIDE for label in placed}
        rest.append((left, letter))
        if letter == "subject":
            done.labels += _streets(scene, style, ground, done)
    _beside(rest, style, ground, done, scale)
    done.labels += _sections(scene, style, ground, done, words)
    done.labels += _houses(scene, style, ground, done)
    done.labels += _places(scene, style, ground, done)
    for row in ground.parcel_rows.tolist():
        done.ways.setdefault(row, Way.LIST)
    return done


def _without_band(scene: Scene, style: Catalogue, ground: Ground) -> NDArray[np.object_]:
    """Return the visible parcels, the selected one without the band along its boundary."""
    room = ground.visible.copy()
    for i in np.flatnonzero(ground.parcel_rows == scene.subject):
        width = band_width(ground.parcels[i], style, scene.frame.scale)
        inner = shapely.buffer(room[i], -width, join_style="mitre")
        room[i] = room[i] if inner.is_empty else inner
    return room


def band_width(parcel: shapely.Geometry, style: Catalogue, scale: int) -> float:
    """Return the width of the band around the selected parcel: less where the parcel is narrow."""
    radius = shapely.length(shapely.maximum_inscribed_circle(np.array([parcel]), tolerance=0.1))
    return float(np.clip(0.2 * radius[0], 0.5, style.pen["subject"].width_at(scale)))


def _streets(scene: Scene, style: Catalogue, ground: Ground, done: Lettering) -> list[Label]:
    names = [printable(name) for name in scene.parcels.street[ground.parcel_rows]]
    streets = group_unions(ground.visible, names)
    return street_names(
        np.array(list(streets.values()), dtype=object),
        np.array(list(streets), dtype=object),
        style.letter["street"],
        scene.frame.scale,
        done.taken,
        ground.quiet,
    )


def _beside(
    rest: list[tuple[Targets, str]], style: Catalogue, ground: Ground, done: Lettering, scale: int
) -> None:
    """Give arrows or index numbers to the parcels whose number did not fit inside."""
    if scale > style.pen["arrow"].until:
        return
    lines = once(np.concatenate([ground.parcels, ground.buildings]))
    search = ArrowSearch(ground.area, lines, done.taken)
    share = dict(zip(ground.parcel_rows.tolist(), ground.share.tolist(), strict=True))
    homeless: list[Targets] = []
    for left, name in rest:
        letter = style.letter[name]
        em = letter.sizes(scale)[-2 if name == "parcel" else -1]
        for i in range(len(left.row)):
            row = int(left.row[i])
            cut_off = share[row] < EDGE_SHARE and name != "subject"
            if row in done.ways or not left.main[i] or cut_off:
                continue
            label = search.place(row, left.lines[i], left.part[i], letter, em)
            if label is None:
                homeless.append(left.select(np.array([i])))
            else:
                done.labels.append(label)
                done.ways[row] = Way.ARROW
    _index(homeless, search, style, scale, done)


def _index(
    homeless: list[Targets], search: ArrowSearch, style: Catalogue, scale: int, done: Lettering
) -> None:
    """Give short index numbers to parcels that have no room even for an arrow."""
    letter = style.letter["index"]
    # room is kept for the widest number; the final ones are never wider
    widest = index_text(int("8" * len(str(len(homeless)))))
    found: list[Label] = []
    for target in homeless:
        short = Targets(target.row, target.part, target.main, ((widest,),))
        placed, left = place_inside(short, letter, scale, done.taken, np.empty(0, dtype=object))
        found += placed
        for i in range(len(left.row)):
            em = letter.sizes(scale)[-1]
            label = search.place(int(left.row[i]), (widest,), left.part[i], letter, em)
            if label is not None:
                found.append(label)
    numbered = renumber(found)
    done.labels += numbered
    done.index = {label.row: i for i, label in enumerate(numbered, start=1)}
    done.ways |= {label.row: Way.INDEX for label in numbered}


def _sections(
    scene: Scene, style: Catalogue, ground: Ground, done: Lettering, words: Messages
) -> list[Label]:
    """Name the sections (and districts), where there is more than one on the sheet."""
    names = section_names(scene, ground, words)
    unions = group_unions(ground.visible, names)
    if len(unions) < 2:
        return []
    letter = style.letter["section"]
    wanted = targets(
        np.array([shapely.union_all(_largest(area)) for area in unions.values()], dtype=object),
        np.arange(len(unions)),
        [(name,) for name in unions],
    )
    edges = shapely.get_exterior_ring(shapely.get_parts(ground.visible))
    quiet = np.concatenate([ground.quiet, edges])
    return _names(wanted, letter, scene.frame.scale, done, quiet)


def _names(
    wanted: Targets, letter: Letter, scale: int, done: Lettering, quiet: NDArray[np.object_]
) -> list[Label]:
    """Write names into the largest part of each area: level, clear of lines, if that can be."""
    rest = wanted.select(np.flatnonzero(wanted.main))
    found: list[Label] = []
    for crossing in (False, True):
        for turned in (False, True):
            placed, rest = place_inside(
                rest, letter, scale, done.taken, quiet, turned=turned, crossing=crossing
            )
            found += placed
    return found


def section_names(scene: Scene, ground: Ground, words: Messages) -> list[str]:
    """Return for each parcel on the sheet the name of its section as lettered on the map."""
    rows = ground.parcel_rows
    districts = np.array([printable(d) for d in scene.parcels.district[rows]], dtype=object)
    sections = scene.parcels.section[rows]
    several = len(set(districts.tolist())) > 1
    names = []
    for district, section in zip(districts.tolist(), sections.tolist(), strict=True):
        flur = words("map.section", section=printable(section)) if section else ""
        parts = (district if several else "", flur)
        names.append(", ".join(part for part in parts if part))
    return names


def _largest(area: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(area)
    largest: shapely.Geometry = parts[np.argmax(shapely.area(parts))]
    return largest


def _houses(scene: Scene, style: Catalogue, ground: Ground, done: Lettering) -> list[Label]:
    if scene.frame.scale > style.letter["house"].until:
        return []
    texts = [printable(t) for t in scene.buildings.house_number[ground.building_rows]]
    return _inside_areas(scene, style, "house", ground.buildings, texts, ground, done)


def _places(scene: Scene, style: Catalogue, ground: Ground, done: Lettering) -> list[Label]:
    """Name land uses (parks, cemeteries, waters) that are large on paper."""
    rows = ground.land_use_rows.tolist()
    large = shapely.area(ground.land_use) >= _NAMED_AREA_MM2
    texts = [
        printable(scene.land_use.name[row])
        if large[i] and style.land_use_fill(str(scene.land_use.kind[row])).id != "traffic"
        else ""
        for i, row in enumerate(rows)
    ]
    return _inside_areas(scene, style, "place", ground.land_use, texts, ground, done)


def _inside_areas(
    scene: Scene,
    style: Catalogue,
    letter: str,
    geometry: NDArray[np.object_],
    texts: list[str],
    ground: Ground,
    done: Lettering,
) -> list[Label]:
    """Write a text into each area that has one, where there is room."""
    rows = np.array([i for i, text in enumerate(texts) if text], dtype=np.intp)
    room = shapely.buffer(ground.area, -BORDER, join_style="mitre")
    visible = shapely.intersection(geometry[rows], room)
    there = np.flatnonzero(shapely.area(visible) > 0)
    wanted = targets(visible[there], rows[there], [(texts[i],) for i in rows[there].tolist()])
    nothing = np.empty(0, dtype=object)
    if letter == "house":  # there are thousands, and no parcel is found by them
        rules, scale = style.letter[letter], scene.frame.scale
        return place_inside(wanted, rules, scale, done.taken, nothing, samples=30)[0]
    return _names(wanted, style.letter[letter], scene.frame.scale, done, nothing)
