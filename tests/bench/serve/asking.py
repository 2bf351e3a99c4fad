"""The questions R1 to R10: the same places for every server, each in that server's own words."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import numpy as np
import pyproj
import shapely

from tests.bench.serve.answers import Answer
from tests.bench.serve.parcels import EPSG, Parcels

PLACES = 1_500  # that are asked about, so that hardly any is asked twice
STORED = f"http://www.opengis.net/def/crs/EPSG/0/{EPSG}"
_HALF_M = 250.0
_LARGER_M = 10.0  # by which some servers make a window larger that they carry to another CRS
_HALF_WORLD_M = math.pi * 6_378_137
_SEED = 5

Box = tuple[float, float, float, float]
Tile = tuple[int, int, int]  # zoom, column, row


@dataclass(frozen=True, slots=True)
class Question:
    """Paths of one kind, and between how many features each answer holds, counted so."""

    key: str
    paths: list[str]
    least: list[int]
    most: list[int]
    count: Callable[[Answer], int]
    headers: Mapping[str, str] = field(default_factory=dict)

    def part(self, of: int, parts: int) -> "Question":
        """Return every so-many-th path."""
        some = slice(of, None, parts)
        paths, least, most = self.paths[some], self.least[some], self.most[some]
        return Question(self.key, paths, least, most, self.count, self.headers)


@dataclass(frozen=True)
class Dialect:
    """How a server is asked.

    Attributes
    ----------
    items, common
        Path of the items; parameters that always go along, ending in ``&``.
    item
        What stands for a row's feature below the items.
    hits
        Parameter for the number alone.
    equals
        Whether ``tax_file=`` finds parcels.
    crs
        Whether answers come in EPSG:25832.
    tile
        Path of a tile.
    headers
        Sent along when tiles are asked for.
    exact
        Whether a window is meant in degrees. Most servers take the box around it in the CRS of
        the data instead, and find more.
    """

    items: str
    item: Callable[[int], str]
    common: str = ""
    hits: str = "resulttype=hits"
    equals: bool = True
    crs: bool = True
    tile: Callable[[int, int, int], str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    exact: bool = False


@dataclass(frozen=True)
class Places:
    """Where is asked, and how many parcels are there."""

    parcels: Parcels
    rows: np.ndarray
    boxes: list[Box]
    found: list[int]
    around: list[int]
    tiles: dict[int, list[Tile]]
    inside: dict[Tile, tuple[int, int]]

    @property
    def deep(self) -> int:
        """The row at which the deep page begins: 50,000 of 80,000."""
        return len(self.parcels) * 5 // 8


def choose_places(parcels: Parcels) -> Places:
    """Choose places by chance, the same ones every time."""
    rng = np.random.default_rng(_SEED)
    rows = rng.integers(0, len(parcels), PLACES)
    middles = shapely.get_coordinates(shapely.centroid(parcels.shapes[rows]))
    boxes = list(_windows(middles))
    areas = [_stored(4326, box) for box in boxes]
    found = _counts(parcels, areas, "intersects")
    envelopes = [shapely.box(*area.bounds).buffer(_LARGER_M, join_style="mitre") for area in areas]
    around = _counts(parcels, envelopes, None)
    tiles: dict[int, list[Tile]] = {}
    inside: dict[Tile, tuple[int, int]] = {}
    for zoom in (15, 16):
        chosen = sorted(set(_tiles_at(zoom, middles)))
        rng.shuffle(chosen)
        tiles[zoom] = [(zoom, x, y) for x, y in chosen]
        wholly = _counts(parcels, [_stored(3857, _extent(t)) for t in tiles[zoom]], "contains")
        beside = [_stored(3857, _extent(t, beside=1 / 8)) for t in tiles[zoom]]
        touching = _counts(parcels, beside, "intersects")
        inside |= dict(zip(tiles[zoom], zip(wholly, touching, strict=True), strict=True))
    return Places(parcels, rows, boxes, found, around, tiles, inside)


def questions(dialect: Dialect, places: Places) -> Iterator[Question]:
    """Yield the questions that a server can be asked."""
    items, total, start = dialect.items, len(places.parcels), f"{dialect.items}?{dialect.common}"
    windows = [f"bbox={x0:.6f},{y0:.6f},{x1:.6f},{y1:.6f}" for x0, y0, x1, y1 in places.boxes]
    found = (places.found, places.found if dialect.exact else places.around)
    yield _of_degrees("R1", [f"{start}limit=10"], [10])
    yield _of_degrees("R2", [f"{start}limit=1000"], [1000])
    yield Question("R3", [f"{start}limit=1000&{w}" for w in windows], *found, _degrees)
    alone = "?" + dialect.common.rstrip("&") if dialect.common else ""
    ones = [f"{items}/{dialect.item(int(row))}{alone}" for row in places.rows]
    yield _of_degrees("R4", ones, [1] * len(ones))
    if dialect.equals:
        files = places.parcels.attributes["tax_file"][places.rows]
        yield _of_degrees("R5", [f"{start}tax_file={name}" for name in files], [1] * len(files))
    yield _of_degrees("R6", [f"{start}limit=100&offset={places.deep}"], [100])
    yield Question("R7", [f"{start}{dialect.hits}&{w}" for w in windows], *found, _matched)
    if dialect.tile:
        for zoom, tiles in places.tiles.items():
            yield tile_question(f"R8 z{zoom}", dialect, places, tiles)
    yield _of_degrees("R9", [f"{start}limit={total}"], [total])
    if dialect.crs:
        stored = [f"{start}limit=1000&{w}&crs={STORED}" for w in windows]
        yield Question("R10", stored, *found, _metres)


def tile_question(key: str, dialect: Dialect, places: Places, tiles: Sequence[Tile]) -> Question:
    """Return the question for some tiles."""
    assert dialect.tile
    paths = [dialect.tile(*tile) for tile in tiles]
    least, most = zip(*(places.inside[tile] for tile in tiles), strict=True)
    return Question(key, paths, list(least), list(most), _in_tile, dialect.headers)


def _of_degrees(key: str, paths: list[str], features: list[int]) -> Question:
    return Question(key, paths, features, features, _degrees)


def _degrees(answer: Answer) -> int:
    return answer.features_in(metres=False)


def _metres(answer: Answer) -> int:
    return answer.features_in(metres=True)


def _matched(answer: Answer) -> int:
    return answer.matched


def _in_tile(answer: Answer) -> int:
    return answer.in_tile


def _windows(middles: np.ndarray) -> Iterator[Box]:
    """Yield boxes of 500 m in degrees, as written in requests."""
    to_degrees = _carrying(EPSG, 4326)
    west, south = to_degrees(*(middles - _HALF_M).T)
    east, north = to_degrees(*(middles + _HALF_M).T)
    for box in np.column_stack([west, south, east, north]).round(6).tolist():
        yield tuple(box)


def _stored(epsg: int, box: Box) -> shapely.Polygon:
    """Return a box of another CRS in that of the parcels, its sides bent as they are there."""
    outline = shapely.segmentize(shapely.box(*box), (box[2] - box[0]) / 16)
    carry = _carrying(epsg, EPSG)
    return shapely.transform(outline, lambda xy: np.column_stack(carry(*xy.T)))


@cache
def _carrying(source: int, target: int) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Return what carries x and y, or longitude and latitude, from one CRS to another."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True).transform


def _counts(
    parcels: Parcels, areas: list[shapely.Polygon], how: Literal["intersects", "contains"] | None
) -> list[int]:
    """Return how many parcels each area has; without a predicate, how many boxes of parcels."""
    area, _ = parcels.tree.query(np.array(areas, dtype=object), predicate=how)
    return np.bincount(area, minlength=len(areas)).tolist()


def _tiles_at(zoom: int, middles: np.ndarray) -> Iterator[tuple[int, int]]:
    side = 2 * _HALF_WORLD_M / 2**zoom
    for x, y in np.column_stack(_carrying(EPSG, 3857)(*middles.T)).tolist():
        yield int((x + _HALF_WORLD_M) // side), int((_HALF_WORLD_M - y) // side)


def _extent(tile: Tile, beside: float = 0.0) -> Box:
    """Return a tile's box in EPSG:3857, larger by a part of its side."""
    zoom, x, y = tile
    side = 2 * _HALF_WORLD_M / 2**zoom
    west, north = x * side - _HALF_WORLD_M, _HALF_WORLD_M - y * side
    more = beside * side
    return west - more, north - side - more, west + side + more, north + more
