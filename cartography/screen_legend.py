"""The legend of a map on a screen: every signature that it may show, with a sample."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cartography.compose import TREE_FILL
from cartography.editions import Edition
from cartography.expressions import px
from cartography.style import Catalogue, Fill, Pen
from cartography.tile_layers import Kind, VectorLayer
from layers.wording import Language

WIDTH, HEIGHT = 48, 24
"""Size of a sample, px."""

_SIGN_EVERY = 12  # px between the signs strewn over a sample
_PENS = {
    Kind.PARCEL: ("parcel",),
    Kind.BUILDING: ("building", "underground"),
    Kind.LAND_USE: ("land_use",),
    Kind.DISTRICT: ("section", "district"),
    Kind.MUNICIPALITY: ("municipality",),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """How a signature looks.

    Attributes
    ----------
    form
        ``line``, ``area`` or ``point``.
    fill, ink
        Colours of the area and of the line.
    width, dash
        Of the line, px.
    sign, sign_ink
        Strokes of the sign strewn over an area, px, as SVG writes points; and their colour.
    """

    form: str
    ink: str
    width: float
    dash: tuple[float, ...] = ()
    fill: str = ""
    sign: tuple[str, ...] = ()
    sign_ink: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a sign on the map means, its number in the catalogue of the AdV, and whose it is."""

    title: str
    alkis: str
    layer: VectorLayer
    sample: Sample


def signatures(
    catalogue: Catalogue, layers: Sequence[VectorLayer], edition: Edition, language: Language
) -> list[Signature]:
    """Return what may be seen on a map of some layers."""
    return [found for layer in layers for found in _of(catalogue, layer, edition, language)]


def _of(
    catalogue: Catalogue, layer: VectorLayer, edition: Edition, language: Language
) -> Iterator[Signature]:
    for name in _PENS.get(layer.kind, ()):
        pen = catalogue.pen[name]
        line = _line(pen, edition, dashed=layer.kind not in {Kind.DISTRICT, Kind.MUNICIPALITY})
        yield Signature(pen.title[language], pen.alkis, layer, line)
    if layer.words and layer.kind is Kind.BUILDING:
        outline = _line(catalogue.pen["building"], edition)
        for fill in catalogue.building:
            sample = _area(catalogue, fill, edition, replace(outline, fill=edition.body(fill.fill)))
            yield Signature(fill.title[language], fill.alkis, layer, sample)
    if layer.words and layer.kind is Kind.LAND_USE:
        outline = _line(catalogue.pen["land_use"], edition)
        for fill in catalogue.land_use:
            sample = _area(catalogue, fill, edition, replace(outline, fill=edition.tint(fill.fill)))
            yield Signature(fill.title[language], fill.alkis, layer, sample)
    if layer.kind not in _PENS:
        yield _plain(catalogue, layer, edition, language)


def _plain(
    catalogue: Catalogue, layer: VectorLayer, edition: Edition, language: Language
) -> Signature:
    """Return the signature of a tree, or of what has none of its own."""
    if layer.kind is Kind.TREE:
        pen = catalogue.pen["tree"]
        crown = replace(_line(pen, edition), form="point", fill=edition.body(TREE_FILL))
        return Signature(pen.title[language], pen.alkis, layer, crown)
    line = _line(catalogue.pen["other"], edition)
    form = {Kind.POINT: "point", Kind.LINE: "line"}.get(layer.kind, "area")
    fill = line.ink if form == "point" else "none"
    return Signature(layer.title, "", layer, replace(line, form=form, fill=fill))


def _line(pen: Pen, edition: Edition, *, dashed: bool = True) -> Sample:
    dash = tuple(px(mm) for mm in pen.dash) if dashed else ()
    return Sample("line", edition.ink(pen.colour), px(pen.width_at(1) * edition.weight), dash)


def _area(catalogue: Catalogue, fill: Fill, edition: Edition, sample: Sample) -> Sample:
    sample = replace(sample, form="area")
    if not fill.symbol:
        return sample
    symbol = catalogue.symbol[fill.symbol]
    strokes = tuple(
        " ".join(
            f"{x + px(dx):.1f},{HEIGHT / 2 - px(dy):.1f}"
            for dx, dy in zip(stroke[::2], stroke[1::2], strict=True)
        )
        for x in range(_SIGN_EVERY, WIDTH, _SIGN_EVERY)
        for stroke in symbol.strokes
    )
    return replace(sample, sign=strokes, sign_ink=edition.ink(symbol.colour))
