"""Signs strewn over areas, so that no land use is told by its colour alone."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from cartography.drawing import Areas, Item, Lines
from cartography.labels import Taken
from cartography.style import Catalogue, Fill, Symbol


@dataclass(frozen=True, slots=True)
class Filled:
    """Areas of one signature: what is drawn and what the legend must explain."""

    fill: Fill
    geometry: NDArray[np.object_]


def by_fill(
    geometry: NDArray[np.object_],
    words: NDArray[np.object_],
    fills: tuple[Fill, ...],
    style: Catalogue,
) -> list[Filled]:
    """Sort areas into the signatures that their words ask for, in catalogue order."""
    find = style.building_fill if fills is style.building else style.land_use_fill
    verdict = {word: find(str(word)).id for word in set(words.tolist())}
    ids = np.array([verdict[word] for word in words.tolist()], dtype=object)
    groups = ((fill, np.flatnonzero(ids == fill.id)) for fill in fills)
    return [Filled(fill, geometry[rows]) for fill, rows in groups if len(rows)]


def areas(filled: list[Filled]) -> tuple[Item, ...]:
    """Return the tints as items of a drawing."""
    return tuple(Areas(group.geometry, group.fill.fill) for group in filled)


def strewn(
    filled: list[Filled], style: Catalogue, origin: tuple[float, float], taken: Taken
) -> tuple[Item, ...]:
    """Return the signs of all groups that have one.

    Parameters
    ----------
    filled
        The areas by signature, map mm.
    style
        The catalogue with the signs.
    origin
        Where the lattice of signs starts, mm; bound to the ground, so that the signs of
        neighbouring sheets continue each other.
    taken
        Labels; a sign that would touch one is left out.
    """
    items: list[Item] = []
    for group in filled:
        if group.fill.symbol:
            symbol = style.symbol[group.fill.symbol]
            items += _strokes(group.geometry, symbol, origin, taken)
    return tuple(items)


def _strokes(
    geometry: NDArray[np.object_], symbol: Symbol, origin: tuple[float, float], taken: Taken
) -> list[Item]:
    reach = max(max(abs(v) for v in stroke) for stroke in symbol.strokes) + symbol.width
    inner = shapely.buffer(shapely.union_all(geometry), -reach - 0.2, quad_segs=2)
    if inner.is_empty:
        return []
    points = _lattice(inner.bounds, symbol.step, origin)
    shapely.prepare(inner)
    points = points[shapely.contains_xy(inner, points[:, 0], points[:, 1])]
    corner = np.array([reach, reach])
    points = points[~taken.meets(shapely.box(*(points - corner).T, *(points + corner).T))]
    lines = [
        shapely.linestrings(points[:, None, :] + np.array(stroke).reshape(-1, 2)[None])
        for stroke in symbol.strokes
    ]
    return [Lines(np.concatenate(lines), symbol.colour, symbol.width)]


def _lattice(
    bounds: tuple[float, float, float, float], step: float, origin: tuple[float, float]
) -> NDArray[np.float64]:
    """Return staggered rows of points over a rectangle."""
    west, south, east, north = bounds
    rows = np.arange(np.floor((south - origin[1]) / step), np.ceil((north - origin[1]) / step) + 1)
    columns = np.arange(
        np.floor((west - origin[0]) / step) - 1, np.ceil((east - origin[0]) / step) + 1
    )
    row, column = np.meshgrid(rows, columns, indexing="ij")
    x = origin[0] + (column + (row % 2) / 2) * step
    return np.stack([x, origin[1] + row * step], axis=-1).reshape(-1, 2)
