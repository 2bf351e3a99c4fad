"""A scene becomes a drawing: contents, labels, and the account of what was drawn."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from cartography import furniture
from cartography.arrows import arrow_heads
from cartography.boundaries import group_borders, group_unions, once
from cartography.drawing import Areas, Discs, Drawing, Item, Layer, Lines
from cartography.ground import Ground, lay_out
from cartography.labelling import Lettering, band_width, letter_map, section_names
from cartography.labels import Label, Taken, Way, label_items
from cartography.messages import Messages
from cartography.scene import Scene
from cartography.signs import Filled, areas, by_fill, strewn
from cartography.style import Catalogue

TREE_FILL = "#dff0d8"
"""Tint of a crown."""
MOST_NUMBERS_ON_SCREEN = 200
"""Above this many parts a web page's map numbers only its own parcel: it must be quick."""
_BAR_AT = (2.0, 2.0)
"""Lower left corner of the scale bar on a map without a frame, mm."""


@dataclass(frozen=True, slots=True)
class Map:
    """A finished map: the drawing and what a legend, a list and a text must know of it.

    Attributes
    ----------
    drawing
        The display list with frame and coordinates around it.
    parcel_rows
        Positions in the scene of the parcels on the sheet.
    ways
        For each of them, how its number is found.
    index
        Number in the list on the sheet by parcel position, for the way ``index``.
    points
        A point inside the visible part of each of them, map mm.
    sections
        Names of the sections on the sheet, sorted.
    streets
        Names of the streets on the sheet, sorted.
    labels
        Every label, for the proof that none meets another.
    land_use, buildings
        What was drawn, by signature.
    drawn
        Number of things drawn with a pen of the catalogue, by the pen's name.
    """

    drawing: Drawing
    parcel_rows: NDArray[np.intp]
    ways: tuple[Way, ...]
    index: dict[int, int]
    points: NDArray[np.float64]
    sections: tuple[str, ...]
    streets: tuple[str, ...]
    labels: tuple[Label, ...]
    land_use: tuple[Filled, ...]
    buildings: tuple[Filled, ...]
    drawn: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Contents:
    land_use: list[Filled]
    buildings: list[Filled]
    underground: NDArray[np.object_]
    sections: NDArray[np.object_]
    districts: NDArray[np.object_]


def draw_map(scene: Scene, style: Catalogue, words: Messages, *, framed: bool = True) -> Map:
    """Draw the map of a scene.

    Parameters
    ----------
    scene
        What lies on the sheet.
    style
        The signature catalogue.
    words
        The language of what is written on the map itself (Flur, Gemarkung).
    framed
        Whether the map has a frame with coordinates, and their grid; else a scale bar.

    Returns
    -------
    The map. The same scene and style give the same map, to the last digit.

    Raises
    ------
    EmptySheetError, CrowdedSheetError
        There is nothing to draw, or too much to be read (never without a frame: then
        only the selected parcel has its number).
    """
    ground = lay_out(scene, crowds=not framed)
    furnishing, reserved, most = furniture.grid_crosses(scene.frame, style), [], None
    if not framed:
        most = MOST_NUMBERS_ON_SCREEN
        bar = furniture.scale_bar(scene.frame.scale, 40.0, at=_BAR_AT)
        furnishing, reserved = bar.layers[0], [_room(bar)]
    lettering = letter_map(scene, style, ground, words, reserved=reserved, most_numbers=most)
    contents = _contents(scene, style, ground, words)
    drawing = Drawing(
        scene.frame.width,
        scene.frame.height,
        (*_layers(scene, style, ground, lettering, contents), furnishing),
        (furniture.surround(scene.frame, style),) if framed else (),
        furniture.MAP_MARGIN if framed else 0.0,
    )
    return Map(
        drawing=drawing,
        parcel_rows=ground.parcel_rows,
        ways=tuple(lettering.ways[row] for row in ground.parcel_rows.tolist()),
        index=lettering.index,
        points=shapely.get_coordinates(shapely.point_on_surface(ground.visible)),
        sections=tuple(sorted({n for n in section_names(scene, ground, words) if n})),
        streets=tuple(sorted({str(n) for n in scene.parcels.street[ground.parcel_rows] if n})),
        labels=tuple(lettering.labels),
        land_use=tuple(contents.land_use),
        buildings=tuple(contents.buildings),
        drawn={
            "parcel": len(ground.parcel_rows),
            "building": len(ground.building_rows),
            "underground": len(contents.underground),
            "land_use": len(ground.land_use_rows),
            "tree": len(ground.trees),
            "section": len(contents.sections),
            "district": len(contents.districts),
            "subject": int((ground.parcel_rows == scene.subject).sum()),
            "arrow": sum(label.arrow is not None for label in lettering.labels),
            "grid": int(framed),
        },
    )


def _room(bar: Drawing) -> Polygon:
    """Return the ground that the scale bar covers."""
    return shapely.box(_BAR_AT[0], _BAR_AT[1], _BAR_AT[0] + bar.width, _BAR_AT[1] + bar.height)


def _contents(scene: Scene, style: Catalogue, ground: Ground, words: Messages) -> _Contents:
    kinds = scene.land_use.kind[ground.land_use_rows]
    below = scene.buildings.underground[ground.building_rows]
    functions = scene.buildings.function[ground.building_rows][~below]
    districts = group_unions(ground.parcels, scene.parcels.district[ground.parcel_rows].tolist())
    sections = group_unions(ground.parcels, section_names(scene, ground, words))
    district_lines = group_borders(list(districts.values()))
    section_lines = group_borders(list(sections.values()))
    if len(district_lines):  # a district's border is drawn as such, not as a section's as well
        section_lines = shapely.difference(
            section_lines, shapely.buffer(shapely.union_all(district_lines), 0.01)
        )
        section_lines = section_lines[~shapely.is_empty(section_lines)]
    return _Contents(
        by_fill(ground.land_use, kinds, style.land_use, style),
        by_fill(ground.buildings[~below], functions, style.building, style),
        ground.buildings[below],
        section_lines,
        district_lines,
    )


def _layers(
    scene: Scene, style: Catalogue, ground: Ground, lettering: Lettering, contents: _Contents
) -> tuple[Layer, ...]:
    scale = scene.frame.scale
    west, south, _, _ = scene.frame.extent
    factor = scene.frame.mm_per_metre
    origin = (-(west * factor) % 1000.0, -(south * factor) % 1000.0)

    def pen(name: str, geometry: NDArray[np.object_], *, closed: bool = False) -> Lines:
        p = style.pen[name]
        return Lines(geometry, p.colour, p.width_at(scale), p.dash, closed)

    tree = style.pen["tree"]
    crowns = Discs(ground.trees, TREE_FILL, tree.colour, tree.width_at(scale))
    stems = Discs(
        np.column_stack([ground.trees[:, :2], np.full(len(ground.trees), 0.22)]),
        tree.colour,
        tree.colour,
        0.01,
    )
    return (
        Layer("land-use", (*areas(contents.land_use), pen("land_use", once(ground.land_use)))),
        Layer("signs", strewn(contents.land_use, style, origin, lettering.taken)),
        Layer("trees", (crowns, stems)),
        Layer("subject", _subject(scene, style, ground)),
        Layer(
            "buildings",
            (
                *areas(contents.buildings),
                *strewn(contents.buildings, style, origin, lettering.taken),
                *(pen("building", group.geometry, closed=True) for group in contents.buildings),
                pen("underground", contents.underground, closed=True),
            ),
        ),
        Layer("borders", (pen("section", contents.sections), pen("district", contents.districts))),
        Layer("parcels", (pen("parcel", once(ground.parcels)),)),
        Layer("arrows", _arrows(style, lettering, scale)),
        Layer("labels", label_items(lettering.labels)),
    )


def _subject(scene: Scene, style: Catalogue, ground: Ground) -> tuple[Item, ...]:
    """Draw a broad band along the inner side of the selected parcel's boundary."""
    where = np.flatnonzero(ground.parcel_rows == scene.subject)
    if not len(where):
        return ()
    pen = style.pen["subject"]
    parcel = ground.parcels[where]
    width = band_width(parcel[0], style, scene.frame.scale)
    band = shapely.difference(parcel, shapely.buffer(parcel, -width, join_style="mitre"))
    return (Areas(band, pen.colour),)


def _arrows(style: Catalogue, lettering: Lettering, scale: int) -> tuple[Item, ...]:
    shafts = [shapely.LineString(label.arrow) for label in lettering.labels if label.arrow]
    if not shafts:
        return ()
    pen = style.pen["arrow"]
    return (
        Lines(np.array(shafts, dtype=object), pen.colour, pen.width_at(scale)),
        Areas(arrow_heads(lettering.labels), pen.colour),
    )


def is_clear(labels: tuple[Label, ...]) -> bool:
    """Return whether no two labels meet: the proof that every map must pass."""
    taken = Taken()
    for label in labels:
        if taken.meets(np.array([label.box]))[0]:
            return False
        taken.add(label)
    return True
