"""A drawing as SVG: whole micrometres, y turned downwards, nothing that depends on the day."""

from collections.abc import Iterator, Sequence
from html import escape
from math import degrees

import numpy as np
import shapely
from numpy.typing import NDArray

from cartography.boundaries import rings
from cartography.drawing import Areas, Discs, Drawing, Item, Layer, Lines, Text, Texts
from cartography.typeface import FAMILY, Face

UNITS = 1000
"""SVG user units per millimetre: one micrometre, a tenth of the exactness that is promised."""

_FACE = {
    Face.REGULAR: "",
    Face.ITALIC: ' font-style="italic"',
    Face.BOLD: ' font-weight="bold"',
    Face.BOLD_ITALIC: ' font-style="italic" font-weight="bold"',
}


def write_svg(
    drawing: Drawing,
    *,
    size: str | None = None,
    font: str = FAMILY,
    head: str = "",
    attributes: str = "",
    prefix: str = "",
) -> str:
    """Write a drawing as one SVG element.

    Parameters
    ----------
    drawing
        What to draw; millimetres, y upwards.
    size
        ``width`` and ``height`` attributes; the drawing's size in mm when ``None``.
    font
        Value of ``font-family``.
    head
        Markup to stand first inside the element: ``<title>``, ``<desc>``, ``<rect>``.
    attributes
        Further attributes of the element, beginning with a blank.
    prefix
        Put before every id, so that ids stay unique on a page.

    Returns
    -------
    SVG text. The same drawing gives the same text.
    """
    margin, width, height = (_unit(v) for v in (drawing.margin, drawing.width, drawing.height))
    full = (drawing.width + 2 * drawing.margin, drawing.height + 2 * drawing.margin)
    size = size or f'width="{full[0]:.3f}mm" height="{full[1]:.3f}mm"'
    box = f"{-margin} {-margin} {width + 2 * margin} {height + 2 * margin}"
    lines = 'stroke-linejoin="round" stroke-linecap="round" fill="none"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{box}"{attributes}>',
        head,
        f'<g font-family="{escape(font)}" font-kerning="none" {lines}>',
        *_cut_off(drawing, prefix),
        *_layers(drawing.around, drawing.height, prefix),
        "</g></svg>",
    ]
    return "\n".join(part for part in parts if part)


def _cut_off(drawing: Drawing, prefix: str) -> Iterator[str]:
    """Write the layers that end at the frame; the viewport cuts them where there is no margin."""
    layers = _layers(drawing.layers, drawing.height, prefix)
    if not drawing.margin:
        yield from layers
        return
    edge = f"M0 0h{_unit(drawing.width)}v{_unit(drawing.height)}h{-_unit(drawing.width)}z"
    yield f'<clipPath id="{prefix}map-area"><path d="{edge}"/></clipPath>'
    yield f'<g clip-path="url(#{prefix}map-area)">'
    yield from layers
    yield "</g>"


def _layers(layers: Sequence[Layer], height: float, prefix: str) -> Iterator[str]:
    for layer in layers:
        body = "".join(part for item in layer.items for part in _item(item, height))
        if body:
            yield f'<g id="{prefix}{layer.id}">{body}</g>'


def _unit(millimetre: float) -> int:
    return round(millimetre * UNITS)


def _item(item: Item, height: float) -> Iterator[str]:
    match item:
        case Areas():
            path = ring_path(item.geometry, height)
            if path:
                yield f'<path fill="{item.fill}" d="{path}"/>\n'
        case Lines():
            path = (ring_path if item.closed else line_path)(item.geometry, height)
            if path:
                dash = ",".join(str(_unit(part)) for part in item.dash)
                cap = f' stroke-dasharray="{dash}"' if dash else ""
                yield (
                    f'<path stroke="{item.colour}" stroke-width="{_unit(item.width)}"{cap}'
                    f' d="{path}"/>\n'
                )
        case Discs():
            yield from _discs(item, height)
        case Texts():
            for text in item.texts:
                yield _text(text, height)


def _discs(item: Discs, height: float) -> Iterator[str]:
    if not len(item.xyr):
        return
    flipped = item.xyr * [1, -1, 1] + [0, height, 0]
    whole = np.rint(flipped * UNITS).astype(np.int64)
    yield f'<g fill="{item.fill}" stroke="{item.colour}" stroke-width="{_unit(item.width)}">'
    for x, y, r in whole.tolist():
        yield f'<circle cx="{x}" cy="{y}" r="{r}"/>'
    yield "</g>\n"


def _text(text: Text, height: float) -> str:
    x, y = _unit(text.x), _unit(height - text.y)
    turn = f' transform="rotate({-degrees(text.angle):.4f} {x} {y})"' if text.angle else ""
    return (
        f'<text x="{x}" y="{y}" font-size="{_unit(text.em)}" fill="{text.colour}"'
        f"{_FACE[text.face]}{turn}>{escape(text.text)}</text>\n"
    )


def ring_path(geometry: NDArray[np.object_], height: float) -> str:
    """Return the rings of polygons as path data, each closed."""
    if not len(geometry):
        return ""
    return _path(rings(geometry), height, closed=True)


def line_path(geometry: NDArray[np.object_], height: float) -> str:
    """Return line strings (also multi) as path data, left open."""
    if not len(geometry):
        return ""
    return _path(shapely.get_parts(geometry), height, closed=False)


def _path(lines: NDArray[np.object_], height: float, *, closed: bool) -> str:
    """Write ragged coordinates as ``M x y l dx dy …`` in whole units.

    The steps are differences of rounded positions, so that rounding never adds up.
    One format string per number of points keeps it near the speed of C.
    """
    xy, line = shapely.get_coordinates(lines, return_index=True)
    whole = np.rint((xy * [1, -1] + [0, height]) * UNITS).astype(np.int64)
    counts = np.bincount(line, minlength=len(lines))
    starts = np.cumsum(counts) - counts
    steps = np.diff(whole, axis=0, prepend=whole[:1])
    steps[starts[counts > 0]] = whole[starts[counts > 0]]
    flat = steps.ravel().tolist()
    formats: dict[int, str] = {}
    out = []
    for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
        n = count - 1 if closed else count  # a ring's last point is its first: Z draws it
        if n < 2:
            continue
        if n not in formats:
            formats[n] = "M%d %dl" + " ".join(["%d %d"] * (n - 1)) + ("z" if closed else "")
        out.append(formats[n] % tuple(flat[2 * start : 2 * (start + n)]))
    return "".join(out)
