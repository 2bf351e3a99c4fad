"""A raster painted: one set of colours for the whole, whatever part of it is asked for."""

from dataclasses import dataclass, replace
from math import ceil, cos, floor, radians

import numpy as np

from api.coverages.asking import MapAsked
from cartography.png import encode_png
from cartography.relief import Colour, Ramp, classes, code_colours, on_background, relief
from gis_core.cell_grid import CellGrid
from gis_core.offered_crs import box_to_crs84, definition, is_geographic
from layers.reader import Reader
from layers.reader.rasters import RasterView
from layers.wording import Language

PNG = "image/png"
_DEGREE_M = 111_320.0
_MERCATOR = "EPSG:3857"


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the legend: a colour, as ``#rrggbb``, and what it stands for."""

    colour: str
    says: str | float


def png(reader: Reader, view: RasterView, asked: MapAsked) -> bytes:
    """Return the picture of a part of a raster."""
    if view.classes:
        codes = reader.cells_on(view, asked.crs, asked.grid).measured()
        picture = classes(codes, _codes(view))
    else:
        # One more cell all round, so that light falls alike on both sides of an edge.
        heights = reader.cells_on(view, asked.crs, _larger(asked.grid)).measured()
        metres = _metres(asked.grid, asked.crs)
        picture = relief(
            heights, asked.grid.dx * metres[0], asked.grid.dy * metres[1], _ramp(reader, view)
        )
    return encode_png(on_background(picture, asked.background, opaque=asked.opaque))


def legend(reader: Reader, view: RasterView, language: Language) -> list[Step]:
    """Return what the colours stand for."""
    if view.classes:
        said = {int(code): title[language] for code, title in (view.spec.codes or {}).items()}
        return [Step(_hex(colour), said[code]) for code, colour in _codes(view).items()]
    return [Step(_hex(colour), value) for value, colour in _ramp(reader, view).steps()]


def _codes(view: RasterView) -> dict[int, Colour]:
    return code_colours({int(code): title for code, title in (view.spec.codes or {}).items()})


def _ramp(reader: Reader, view: RasterView) -> Ramp:
    seen = reader.raster_survey(view)
    low, high = floor(seen.low), ceil(seen.high)
    return Ramp(low, high if high > low else low + 1)


def _larger(grid: CellGrid) -> CellGrid:
    return replace(
        grid,
        west=grid.west - grid.dx,
        north=grid.north + grid.dy,
        width=grid.width + 2,
        height=grid.height + 2,
    )


def _metres(grid: CellGrid, crs: str) -> tuple[float, float]:
    """Return how many metres on the ground a unit is, across and up, in the middle, about."""
    west, south, east, north = grid.box
    if is_geographic(crs):
        shrink = cos(radians(np.clip((south + north) / 2, -85, 85)))
        return _DEGREE_M * shrink, _DEGREE_M
    if definition(crs) == _MERCATOR:
        middle = box_to_crs84((west, south, east, north), 3857)
        shrink = cos(radians((middle[1] + middle[3]) / 2))
        return shrink, shrink
    return 1.0, 1.0


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()
