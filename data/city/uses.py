"""Actual land use: a full cover of its own that follows parcel borders only roughly."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from data.city.blocks import Block
from data.city.drawing import City
from data.city.patch import Patch, Rect, Tiling, patch_of
from data.city.roads import pave
from data.city.shapes import Floats, Objects, polygons_of
from data.city.streets import Kind
from data.city.zones import Zone


@dataclass(frozen=True)
class Use:
    """A class of land use: its element in NAS, its code, and its name in the simplified schema."""

    element: str
    attribute: str
    code: str
    name: str


HOMES = Use("AX_Wohnbauflaeche", "", "", "Wohnbaufläche")
MIXED = Use("AX_FlaecheGemischterNutzung", "", "", "Fläche gemischter Nutzung")
WORKS = Use(
    "AX_IndustrieUndGewerbeflaeche",
    "funktion",
    "1700",
    "Industrie- und Gewerbefläche / Industrie und Gewerbe",
)
TRADE = Use(
    "AX_IndustrieUndGewerbeflaeche",
    "funktion",
    "1400",
    "Industrie- und Gewerbefläche / Handel und Dienstleistung",
)
PUBLIC = Use(
    "AX_FlaecheBesondererFunktionalerPraegung",
    "funktion",
    "1100",
    "Fläche besonderer funktionaler Prägung / Öffentliche Zwecke",
)
EDUCATION = Use(
    "AX_FlaecheBesondererFunktionalerPraegung",
    "funktion",
    "1120",
    "Fläche besonderer funktionaler Prägung / Bildung und Forschung",
)
CHURCHES = Use(
    "AX_FlaecheBesondererFunktionalerPraegung",
    "funktion",
    "1140",
    "Fläche besonderer funktionaler Prägung / Religiöse Einrichtung",
)
PARK = Use(
    "AX_SportFreizeitUndErholungsflaeche",
    "funktion",
    "4420",
    "Sport-, Freizeit- und Erholungsfläche / Park",
)
PLAYGROUND = Use(
    "AX_SportFreizeitUndErholungsflaeche",
    "funktion",
    "4470",
    "Sport-, Freizeit- und Erholungsfläche / Spielplatz, Bolzplatz",
)
GARDENS = Use(
    "AX_SportFreizeitUndErholungsflaeche",
    "funktion",
    "4440",
    "Sport-, Freizeit- und Erholungsfläche / Kleingarten",
)
CEMETERY = Use("AX_Friedhof", "funktion", "9403", "Friedhof / Parkfriedhof")
ARABLE = Use("AX_Landwirtschaft", "vegetationsmerkmal", "1010", "Landwirtschaft / Ackerland")
GRASS = Use("AX_Landwirtschaft", "vegetationsmerkmal", "1020", "Landwirtschaft / Grünland")
FOREST = Use("AX_Wald", "vegetationsmerkmal", "1300", "Wald / Laub- und Nadelholz")
COPSE = Use("AX_Gehoelz", "", "", "Gehölz")
SQUARE = Use("AX_Platz", "funktion", "5130", "Platz / Parkplatz")
ROAD = Use("AX_Strassenverkehr", "", "", "Straßenverkehr")
PATH = Use("AX_Weg", "funktion", "5212", "Weg / Hauptwirtschaftsweg")
RAIL = Use("AX_Bahnverkehr", "", "", "Bahnverkehr")
WATER = Use("AX_Fliessgewaesser", "funktion", "8200", "Fließgewässer / Fluss")

USES = (
    HOMES,
    MIXED,
    WORKS,
    TRADE,
    PUBLIC,
    EDUCATION,
    CHURCHES,
    PARK,
    PLAYGROUND,
    GARDENS,
    CEMETERY,
    ARABLE,
    GRASS,
    FOREST,
    COPSE,
    SQUARE,
    ROAD,
    PATH,
    RAIL,
    WATER,
)

OF_ZONE = {
    Zone.OLD_TOWN: (MIXED, HOMES, TRADE),
    Zone.CENTRE: (HOMES, MIXED, TRADE),
    Zone.ROWS: (HOMES, HOMES, PLAYGROUND),
    Zone.HOUSES: (HOMES, HOMES, MIXED),
    Zone.INDUSTRY: (WORKS, TRADE, WORKS),
    Zone.ALLOTMENTS: (GARDENS, GARDENS, COPSE),
    Zone.PARK: (PARK, PLAYGROUND, COPSE),
    Zone.CEMETERY: (CEMETERY, CEMETERY, CEMETERY),
    Zone.FOREST: (FOREST, FOREST, GRASS),
    Zone.FIELD: (ARABLE, GRASS, COPSE),
    Zone.SCHOOL: (EDUCATION, PUBLIC, PLAYGROUND),
    Zone.CHURCH: (CHURCHES, CHURCHES, COPSE),
    Zone.SQUARE: (SQUARE, SQUARE, COPSE),
}
"""For every zone the usual use, another one, and the one of an odd corner."""

OF_WAY = {
    Kind.WATER: WATER,
    Kind.RAIL: RAIL,
    Kind.MAIN: ROAD,
    Kind.COLLECTOR: ROAD,
    Kind.STREET: ROAD,
    Kind.PATH: PATH,
}


@dataclass(frozen=True)
class LandUse:
    """Uses as columns.

    Attributes
    ----------
    geometry
        (n,) polygons without gaps or overlaps, to a millimetre.
    use
        (n,) position in `USES`.
    name
        (n,) of a park, a cemetery, a road; else empty.
    shifted
        Blocks whose use border was moved off the parcel border, so that slivers arise.
    """

    geometry: Objects
    use: NDArray[np.int64]
    name: NDArray[np.object_]
    shifted: tuple[int, ...]


def lay_uses(city: City, *, slivers: bool) -> LandUse:
    """Cover the city with land use.

    Parameters
    ----------
    slivers
        Move the borders of some blocks by 2 to 30 cm, which leaves slivers on road parcels.
    """
    frame = city.frame
    rng = frame.plan.random(30)
    rings: list[Floats] = []
    outlines: list[Floats] = []
    uses: list[int] = []
    names: list[str] = []
    shifted: list[int] = []
    for number, block in enumerate(frame.blocks):
        patch = frame.patches[number]
        if slivers and rng.uniform() < 0.2 and block.zone < Zone.PARK:
            moved = _moved(block, rng)
            if moved is not None:
                patch = moved
                shifted.append(number)
        parts = _parts(block, patch, rng)
        tiling = Tiling(patch, [rect for rect, _ in parts])
        around = tiling.ring((0.0, 1.0, 0.0, 1.0))
        outlines.append(patch.on_ground(np.asarray(around)))
        for rect, use in parts:
            rings.append(patch.on_ground(np.asarray(tiling.ring(rect))))
            uses.append(USES.index(use))
            names.append(_name(use, number))
    inner = polygons_of(rings)
    roads = pave(frame.net, frame.edges, outlines, _joints(city, shifted, outlines, rng), frame.rim)
    way_use = [USES.index(OF_WAY[Kind(int(kind))]) for kind in roads.kind]
    street = [city.names[int(s)] for s in roads.street]
    return LandUse(
        np.concatenate((inner, roads.geometry)),
        np.asarray([*uses, *way_use], dtype=np.int64),
        np.asarray([*names, *street], dtype=object),
        tuple(shifted),
    )


def _name(use: Use, number: int) -> str:
    title = {PARK: "Musterpark", CEMETERY: "Friedhof", FOREST: "Musterwald"}.get(use)
    return f"{title} {number}" if title else ""


def _moved(block: Block, rng: np.random.Generator) -> Patch | None:
    """Shift every corner a little; give up where the block would lose its shape."""
    reach = rng.uniform(0.02, 0.3, len(block.ring))
    turn = rng.uniform(0, 2 * np.pi, len(block.ring))
    shift = reach[:, None] * np.column_stack((np.cos(turn), np.sin(turn)))
    ring = np.round(block.ring + shift, 3)
    if not shapely.Polygon(ring).is_valid:
        return None
    patch = patch_of(ring)
    return patch if patch.is_regular else None


def _parts(block: Block, patch: Patch, rng: np.random.Generator) -> list[tuple[Rect, Use]]:
    """Cut a block into one to three uses; their borders ignore those of the lots."""
    usual, other, odd = OF_ZONE[block.zone]
    draw = rng.uniform(size=3)
    whole = (0.0, 1.0, 0.0, 1.0)
    if not patch.is_regular or draw[0] < 0.62 or patch.length < 60:
        return [(whole, usual)]
    cut = round(0.3 + 0.45 * float(draw[1]), 6)
    if draw[0] < 0.9 or patch.depth < 40 or patch.right_tip is not None:
        return [((0.0, cut, 0.0, 1.0), usual), ((cut, 1.0, 0.0, 1.0), other)]
    level = round(0.35 + 0.3 * float(draw[2]), 6)
    return [
        ((0.0, cut, 0.0, 1.0), usual),
        ((cut, 1.0, 0.0, level), odd),
        ((cut, 1.0, level, 1.0), other),
    ]


def _joints(
    city: City, shifted: list[int], outlines: list[Floats], rng: np.random.Generator
) -> Floats:
    """Cut the roads' use where the kind changes, and at some other mouths."""
    frame = city.frame
    mouths = frame.mouths
    moved = set(shifted)

    def vertex(place: tuple[int, int], rim: tuple[float, float]) -> tuple[float, float]:
        block, i = place
        if block < 0:
            return rim
        spot = frame.blocks[block].ring[i]
        if block in moved:
            gap = np.hypot(*(outlines[block] - spot).T)
            spot = outlines[block][int(np.argmin(gap))]
        return float(spot[0]), float(spot[1])

    keep = (rng.uniform(size=len(mouths.left)) < 0.66) | np.asarray(mouths.change)
    rows = zip(mouths.left, mouths.right, mouths.rim, keep, strict=True)
    return np.asarray([(vertex(a, rim), vertex(b, rim)) for a, b, rim, k in rows if k])
