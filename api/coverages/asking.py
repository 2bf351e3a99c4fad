"""How much: the parameters of a coverage and of a map, checked whole before anything is read."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from api.coverages.area import GridIn, carried, cut, read_area, read_crs, whole
from api.errors import OutsideError, ParameterError, TooLargeError
from gis_core.cell_grid import Box, CellGrid, Span, grid_over
from gis_core.offered_crs import is_geographic, northing_first, turned_box

MOST_CELLS = 1 << 22  # of an answer that has to be made
MOST_VALUES = 250_000  # of an answer as text
MOST_PIXELS = 1 << 22
MOST_SIDE = 4096  # pixels or cells
_USUAL_SIDE = 800
_LEAST_PART = 1e-12  # of a coordinate, that a cell must be wide
_AREA = ("bbox", "bbox-crs", "subset", "subset-crs", "crs")
_SIZE = ("width", "height", "resolution", "scale-factor", "scale-size", "scale-axes")
OF_COVERAGES = (*_AREA, *_SIZE, "properties", "exclude-properties", "f", "lang")
OF_MAPS = (*_AREA, "width", "height", "bgcolor", "transparent", "f", "lang")
_HEX = re.compile(r"(?:0x|#)?([0-9a-f]{6})", re.IGNORECASE)
_NAMED = {
    "black": "000000",
    "silver": "c0c0c0",
    "gray": "808080",
    "white": "ffffff",
    "maroon": "800000",
    "red": "ff0000",
    "purple": "800080",
    "fuchsia": "ff00ff",
    "green": "008000",
    "lime": "00ff00",
    "olive": "808000",
    "yellow": "ffff00",
    "navy": "000080",
    "blue": "0000ff",
    "teal": "008080",
    "aqua": "00ffff",
}
_AXES = {"lon": 0, "long": 0, "e": 0, "x": 0, "lat": 1, "n": 1, "y": 1}
_AXIS = re.compile(r"([A-Za-z]\w*)\(([^()]*)\)")
Pair = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class CoverageAsked:
    """A coverage that was asked for, checked.

    Attributes
    ----------
    crs, grid
        Where the cells of the answer lie, x east.
    own
        The raster's own cells that it is, exactly as they are stored; None when it is made anew.
    place
        Whether the value at one place was asked for.
    everything
        Whether nothing was asked but the whole, as it is stored.
    """

    crs: str
    grid: CellGrid
    own: Span | None
    place: bool = False
    everything: bool = False


@dataclass(frozen=True, slots=True)
class MapAsked:
    """A map that was asked for, checked; the grid's cells are its pixels, x east."""

    crs: str
    grid: CellGrid
    background: tuple[int, int, int]
    opaque: bool


def refuse_unknown(given: Sequence[tuple[str, str]], known: Collection[str]) -> None:
    """Refuse a parameter that is none here, or is given twice; ``subset`` may be.

    Raises
    ------
    ParameterError
        Naming it, and those there are.
    """
    seen: set[str] = set()
    for name, _ in given:
        if name not in known:
            raise ParameterError(
                f"{name[:80]!r} is not a parameter here",
                advice=f"Parameters: {', '.join(known)}",
                parameter=name[:80],
            )
        if name in seen and name != "subset":
            raise ParameterError(f"{name} is given twice", parameter=name)
        seen.add(name)


def read_coverage(
    given: Mapping[str, str],
    subsets: Sequence[str],
    field: str,
    storage: str,
    grid_in: GridIn,
    most: int = MOST_CELLS,
) -> CoverageAsked:
    """Read the parameters of ``/collections/{id}/coverage``.

    Parameters
    ----------
    given, subsets
        Query parameters, each at most once, and all ``subset``.
    field
        The only field there is.
    storage
        URI of the storage CRS.
    grid_in
        Returns the grid of the raster in a reference system.
    most
        Cells of one answer at most; the whole as it is stored may have more.

    Raises
    ------
    ParameterError, UnsupportedCRSError
        A value that is not allowed.
    OutsideError
        The area lies beyond the data.
    TooLargeError
        The answer would have too many cells.
    """
    _fields(given, field)
    epsg = int(storage.rsplit("/", 1)[-1])
    crs, area = read_crs(given, "crs", storage, epsg), read_area(given, subsets, epsg)
    size, cell = _size(given), _cell(given, grid_in(crs))
    if sum(pair != (None, None) for pair in (size, cell)) > 1:
        raise ParameterError("found two scales, expected one", parameter="resolution")
    scaled = size != (None, None) or cell != (None, None)
    if area is not None and any(area.single):
        if scaled:
            raise ParameterError("found one place and a scale, expected one", parameter="subset")
        if not area.place and area.crs != crs:
            raise ParameterError("subset: a line is cut only in the answer's crs", parameter="crs")
    grid = grid_in(crs)
    box = grid.box
    if area is not None:
        inside = cut(area, grid_in)
        box = carried(whole(area, grid_in) if size != (None, None) else inside, area.crs, crs)
    span = grid.touched(box)
    if span is None:
        raise OutsideError("the area lies beyond the data", crs=crs)
    if scaled:
        over = box if size != (None, None) else grid.part(span).box
        grid, own = _scaled(over, span, size, cell), None
    else:
        grid, own = grid.part(span), span if crs == storage else None
    everything = area is None and not scaled and crs == storage
    if not everything:
        check_size(grid, most)
    return CoverageAsked(crs, grid, own, area is not None and area.place, everything)


def check_size(grid: CellGrid, most: int) -> None:
    """Refuse an answer of too many cells.

    Raises
    ------
    TooLargeError
        Saying how many it would have, and how many are allowed.
    ParameterError
        Its cells are too small to be told apart.
    """
    least = _LEAST_PART * max(1.0, *map(abs, grid.box))
    if min(grid.dx, grid.dy) < least:
        raise _refused("bbox", f"cells of {min(grid.dx, grid.dy):.3g}", f"{least:.3g} at least")
    if grid.cells > most:
        raise TooLargeError(
            f"the answer would have {grid.width} x {grid.height} = {grid.cells} cells, "
            f"the most are {most}",
            advice="Ask for a smaller bbox, or for fewer cells with width and height.",
            found=grid.cells,
            allowed=most,
        )


def read_map(
    given: Mapping[str, str], subsets: Sequence[str], storage: str, grid_in: GridIn
) -> MapAsked:
    """Read the parameters of ``/collections/{id}/map``.

    Raises
    ------
    ParameterError, UnsupportedCRSError
        A value that is not allowed.
    TooLargeError
        The picture would have too many pixels.
    """
    epsg = int(storage.rsplit("/", 1)[-1])
    crs, area = read_crs(given, "crs", storage, epsg), read_area(given, subsets, epsg)
    box = grid_in(crs).box
    if area is not None:
        asked = whole(area, grid_in)
        if not (asked[0] < asked[2] and asked[1] < asked[3]):
            raise ParameterError("bbox: found no area, expected one", parameter="bbox")
        box = carried(asked, area.crs, crs)
    wide, high = box[2] - box[0], box[3] - box[1]
    width, height = (_pixels(given, name) for name in ("width", "height"))
    if width is None and height is None:
        width = _USUAL_SIDE if wide >= high else None
        height = None if wide >= high else _USUAL_SIDE
    width = width or max(1, round(min((height or 1) * wide / high, MOST_SIDE + 1)))
    height = height or max(1, round(min(width * high / wide, MOST_SIDE + 1)))
    grid = grid_over(box, width, height)
    check_size(grid, MOST_PIXELS)
    if max(width, height) > MOST_SIDE:
        raise TooLargeError(
            f"the picture would have {width} x {height} pixels",
            advice=f"A side has at most {MOST_SIDE} pixels.",
            found=max(width, height),
            allowed=MOST_SIDE,
        )
    background, opaque = read_background(given)
    return MapAsked(crs, grid, background, opaque)


def content_bbox(grid: CellGrid, crs: str) -> str:
    """Return the edges of an answer in the axis order of its reference system."""
    box: Box = turned_box(grid.box) if northing_first(crs) else grid.box
    digits = 9 if is_geographic(crs) else 4
    return ",".join(f"{side:.{digits}f}".rstrip("0").rstrip(".") for side in box)


def content_headers(grid: CellGrid, crs: str) -> dict[str, str]:
    """Return the headers that say where an answer lies."""
    return {"Content-Crs": f"<{crs}>", "Content-Bbox": content_bbox(grid, crs)}


def _fields(given: Mapping[str, str], field: str) -> None:
    for name in ("properties", "exclude-properties"):
        for asked in filter(None, given.get(name, "").split(",")):
            if asked not in {field, "*"}:
                raise _refused(name, asked, f"the only field: {field}")
    if given.get("exclude-properties"):
        raise _refused("exclude-properties", field, "a field to be left over")


def _size(given: Mapping[str, str]) -> Pair:
    """Return how many columns and rows are asked for."""
    stated = {name: _pixels(given, name) for name in ("width", "height")}
    if "scale-size" in given:
        if any(stated.values()):
            raise _refused("scale-size", given["scale-size"], "no width or height beside it")
        return _by_axis("scale-size", given["scale-size"], _whole)
    return stated["width"], stated["height"]


def _cell(given: Mapping[str, str], native: CellGrid) -> Pair:
    """Return the asked width and height of a cell, in units of the answer's CRS."""
    asked = [name for name in ("resolution", "scale-factor", "scale-axes") if name in given]
    if len(asked) > 1:
        raise _refused(asked[1], given[asked[1]], f"no {asked[0]} beside it")
    if not asked:
        return None, None
    [name] = asked
    if name == "resolution":
        if not given[name].strip():
            return None, None
        return _by_axis(name, given[name], _positive)
    if name == "scale-factor":
        factor = _positive(name, given[name])
        across, up = factor, factor
    else:
        across, up = (n or 1.0 for n in _by_axis(name, given[name], _positive))
    if (across, up) == (1.0, 1.0):
        return None, None
    return native.dx * (across or 1.0), native.dy * (up or 1.0)


def _by_axis(name: str, text: str, read: Callable[[str, str], float | None]) -> Pair:
    found = _AXIS.findall(text)
    if ",".join(f"{axis}({value})" for axis, value in found) != text.replace(" ", "") or not found:
        raise _refused(name, text, "a value for each axis, as E(10),N(10)")
    values: dict[int, float | None] = {}
    for axis, value in found:
        place = _AXES.get(axis.lower())
        if place is None or place in values:
            raise _refused(name, text, "the axes E and N, or Lon and Lat, each once")
        values[place] = read(name, value) if value.strip() else None
    return values.get(0), values.get(1)


def _scaled(box: Box, span: Span, size: Pair, cell: Pair) -> CellGrid:
    xmin, ymin, xmax, ymax = box
    if size != (None, None):
        return grid_over(box, int(size[0] or span.width), int(size[1] or span.height))
    dx = cell[0] or (xmax - xmin) / span.width
    dy = cell[1] or (ymax - ymin) / span.height
    width = max(1, ceil((xmax - xmin) / dx - 1e-6))
    height = max(1, ceil((ymax - ymin) / dy - 1e-6))
    return CellGrid(xmin, ymax, dx, dy, width, height)


def _pixels(given: Mapping[str, str], name: str) -> int | None:
    return _whole(name, given[name]) if name in given else None


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < 1:
        raise _refused(name, text, "a whole number, 1 or more")
    return int(text)


def _positive(name: str, text: str) -> float:
    if not re.fullmatch(r"\d{1,12}(\.\d{1,15})?", text) or not float(text) > 0:
        raise _refused(name, text, "a number greater than 0")
    return float(text)


def read_background(given: Mapping[str, str]) -> tuple[tuple[int, int, int], bool]:
    """Return the colour where there are no data, and whether it is seen.

    Raises
    ------
    ParameterError
        ``bgcolor`` is no colour, or ``transparent`` neither true nor false.
    """
    text = given.get("bgcolor", "0xFFFFFF")
    found = _HEX.fullmatch(_NAMED.get(text.lower(), text))
    if found is None:
        raise _refused("bgcolor", text, "0xRRGGBB or one of the sixteen basic names of colours")
    clear = given.get("transparent", "false" if "bgcolor" in given else "true").lower()
    if clear not in {"true", "false"}:
        raise _refused("transparent", clear, "true or false")
    red, green, blue = bytes.fromhex(found[1])
    return (red, green, blue), clear == "false"


def _refused(name: str, found: str, expected: str) -> ParameterError:
    return ParameterError(
        f"{name}: found {found[:80]!r}, expected {expected}", parameter=name, expected=expected
    )
