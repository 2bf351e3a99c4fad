"""The signature catalogue as a MapLibre style: the map of the sheet, for vector tiles on a screen.

Millimetres of the catalogue are those of CSS, of which a pixel is 0.2646; scales become zoom
levels at the latitude of the data. Lettering is placed by the client.
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from cartography.compose import TREE_FILL
from cartography.editions import PAPER, Edition
from cartography.expressions import (
    Expression,
    by_words,
    ground,
    px,
    radius_on_ground,
    stepped,
    text_of,
    zoom_at,
)
from cartography.messages import messages
from cartography.style import Catalogue, Fill, Letter, Pen
from cartography.tile_layers import GROUND, Kind, Tiles, VectorLayer
from cartography.typeface import FAMILY
from layers.wording import Language

SOURCE = "flurbuch"
"""The name of the tiles within a style."""

_LEAST_LETTER_PX = 11.0  # smaller ones are not read on a screen
_LEAST_LINE_PX = 0.5
_POINT_MM = 0.9
_SMALLEST = {
    "signs": 10_000,
    "outline": 12_000,
    "tree": 8_000,
    "number": 4_000,
    "name": 4_000,
    "section": 12_000,
    "district": 40_000,
}
"""The smallest scales at which a screen shows what would cover everything on a smaller one."""
_DOT_MM = 0.35
_FAINT, _FULL = 40_000, 6_000  # between these scales parcel boundaries gain their full colour

Node = dict[str, Any]


def style(
    catalogue: Catalogue,
    layers: Sequence[VectorLayer],
    tiles: Tiles,
    edition: Edition,
    language: Language,
    *,
    name: str,
    sprite: str,
    glyphs: str,
) -> Node:
    """Compile the catalogue to a MapLibre style, version 8.

    Parameters
    ----------
    layers
        Those of the tiles; each is drawn by the signature of its kind.
    name
        Title of the style.
    sprite, glyphs
        Addresses of the signs (`cartography.sprites`) and of the lettering
        (`cartography.glyphs`); the latter with ``{fontstack}`` and ``{range}``.
    """
    west, south, east, north = tiles.bounds
    subject = catalogue.pen["subject"]
    compiler = _Compiler(catalogue, edition, language, (south + north) / 2)
    return {
        "version": 8,
        "name": name,
        "metadata": {
            "flurbuch:edition": edition.value,
            "flurbuch:credits": list(tiles.credits),
            "flurbuch:titles": {layer.id: layer.title for layer in layers},
            "flurbuch:ground": [layer.id for layer in layers if layer.kind in GROUND],
            "flurbuch:subject": {
                "colour": edition.mark(subject.colour),
                "width": px(subject.width_at(1) * edition.weight),
            },
        },
        "center": [round((west + east) / 2, 6), round((south + north) / 2, 6)],
        "zoom": 15,
        "sprite": sprite,
        "glyphs": glyphs,
        "sources": {
            SOURCE: {
                "type": "vector",
                "tiles": [tiles.url],
                "minzoom": tiles.levels[0],
                "maxzoom": tiles.levels[1],
                "bounds": list(tiles.bounds),
                "attribution": escape("; ".join(tiles.credits), quote=False),
            }
        },
        "layers": [
            {"id": "paper", "type": "background", "paint": {"background-color": PAPER}},
            *compiler.drawn(layers),
        ],
    }


class _Compiler:
    """Draws layers by one catalogue, in one edition, at one latitude."""

    def __init__(
        self, catalogue: Catalogue, edition: Edition, language: Language, latitude: float
    ) -> None:
        self.catalogue, self.edition, self.language = catalogue, edition, language
        self.latitude = latitude

    def drawn(self, layers: Sequence[VectorLayer]) -> list[Node]:
        """Return the layers of the style from the ground up, lettering on top."""
        order: list[tuple[Kind, Callable[[VectorLayer], list[Node]]]] = [
            (Kind.LAND_USE, self.land_use),
            (Kind.AREA, self.areas),
            (Kind.TREE, self.trees),
            (Kind.BUILDING, self.buildings),
            (Kind.DISTRICT, self.districts),
            (Kind.MUNICIPALITY, self.municipalities),
            (Kind.PARCEL, self.parcels),
            (Kind.LINE, self.lines),
            (Kind.POINT, self.points),
            (Kind.LAND_USE, self.names),
            (Kind.PARCEL, self.numbers),
            (Kind.DISTRICT, self.district_names),
        ]
        return [
            node
            for kind, draw in order
            for layer in layers
            if layer.kind is kind
            for node in draw(layer)
        ]

    def land_use(self, layer: VectorLayer) -> list[Node]:
        """Return tints, strewn signs and dashed borders."""
        fills, pen = self.catalogue.land_use, self.catalogue.pen["land_use"]
        tint = by_words(layer.words, fills, lambda fill: self.edition.tint(fill.fill))
        return [
            self._layer(layer, "tint", "fill", {"fill-color": tint, "fill-antialias": False}),
            *self._signs(layer, fills),
            self._outline(layer, pen, minzoom=self._zoom(_SMALLEST["outline"])),
        ]

    def buildings(self, layer: VectorLayer) -> list[Node]:
        """Return fills, hatches and outlines; what lies below the ground is dashed only."""
        pens, fills = self.catalogue.pen, self.catalogue.building
        body = by_words(layer.words, fills, lambda fill: self.edition.body(fill.fill))
        above, below = ground(layer.below)
        nodes = [
            self._layer(layer, "body", "fill", {"fill-color": body}, filter=above),
            *self._signs(layer, fills, above),
            self._outline(layer, pens["building"], filter=above),
        ]
        if layer.below:
            nodes.append(self._outline(layer, pens["underground"], "underground", filter=below))
        return nodes

    def parcels(self, layer: VectorLayer) -> list[Node]:
        """Return the boundaries, faint where they stand too close to be followed."""
        node = self._outline(layer, self.catalogue.pen["parcel"])
        steps = [self._zoom(_FAINT), 0.25, self._zoom(_FULL), 1]
        node["paint"]["line-opacity"] = ["interpolate", ["linear"], ["zoom"], *steps]
        return [node]

    def districts(self, layer: VectorLayer) -> list[Node]:
        """Return the borders of cadastral districts and of their sections."""
        pens, district = self.catalogue.pen, _is_district(layer)
        return [
            self._border(layer, pens["section"], "section", ["!", district]),
            self._border(layer, pens["district"], "district", district),
        ]

    def municipalities(self, layer: VectorLayer) -> list[Node]:
        """Return the borders of municipalities."""
        return [self._border(layer, self.catalogue.pen["municipality"], "border")]

    def district_names(self, layer: VectorLayer) -> list[Node]:
        """Return the names of districts, and on larger scales of their sections."""
        if not layer.name:
            return []
        letter, name = self.catalogue.letter["section"], text_of(layer.name)
        before, after = messages(self.language)("map.section", section="|").split("|")
        section: Expression = ["concat", before, name, after]
        district = _is_district(layer)
        above = self._lettering(layer, "district-name", letter, name, _SMALLEST["district"])
        below = self._lettering(layer, "section-name", letter, section, _SMALLEST["section"])
        above |= {"filter": district, "maxzoom": below["minzoom"]}
        return [{**below, "filter": ["!", district]}, above]

    def trees(self, layer: VectorLayer) -> list[Node]:
        """Return crowns as large as they are on the ground, at least a dot."""
        pen = self.catalogue.pen["tree"]
        paint: Node = {
            "circle-color": self.edition.body(TREE_FILL),
            "circle-opacity": 0.8,
            "circle-radius": radius_on_ground(layer.diameter, px(_DOT_MM), self.latitude),
            "circle-stroke-color": self.edition.ink(pen.colour),
            "circle-stroke-width": self._width(pen),
        }
        smallest = self._zoom(_SMALLEST["tree"])
        return [self._layer(layer, "crown", "circle", paint, minzoom=smallest, said=pen)]

    def areas(self, layer: VectorLayer) -> list[Node]:
        """Return areas without a signature of their own: a tint and an outline."""
        pen = self.catalogue.pen["other"]
        tint = {"fill-color": self.edition.body(pen.colour), "fill-opacity": 0.2}
        return [self._layer(layer, "tint", "fill", tint), self._outline(layer, pen)]

    def lines(self, layer: VectorLayer) -> list[Node]:
        """Return lines without a signature of their own."""
        return [self._outline(layer, self.catalogue.pen["other"], "line")]

    def points(self, layer: VectorLayer) -> list[Node]:
        """Return points without a signature of their own."""
        pen = self.catalogue.pen["other"]
        sizes = [self._zoom(_FAINT), px(_DOT_MM), self._zoom(_FULL), px(_POINT_MM)]
        paint = {
            "circle-color": self.edition.ink(pen.colour),
            "circle-radius": ["interpolate", ["linear"], ["zoom"], *sizes],
            "circle-stroke-color": PAPER,
            "circle-stroke-width": 1,
        }
        return [self._layer(layer, "point", "circle", paint, said=pen)]

    def numbers(self, layer: VectorLayer) -> list[Node]:
        """Return parcel numbers in one line, as signature 4113 of the AdV has them."""
        if not layer.number:
            return []
        whole, *part = [["to-string", ["get", field]] for field in layer.number]
        text: Expression = whole
        if part:
            text = ["case", ["!=", part[0], ""], ["concat", whole, "/", part[0]], whole]
        letter = self.catalogue.letter["parcel"]
        return [self._lettering(layer, "number", letter, text, _SMALLEST["number"])]

    def names(self, layer: VectorLayer) -> list[Node]:
        """Return the names of places."""
        if not layer.name:
            return []
        letter, text = self.catalogue.letter["place"], text_of(layer.name)
        node = self._lettering(layer, "name", letter, text, _SMALLEST["name"])
        node["filter"] = ["has", layer.name]
        return [node]

    def _signs(
        self, layer: VectorLayer, fills: Sequence[Fill], only: Expression | None = None
    ) -> list[Node]:
        """Return the signs strewn over areas, so that none is told by its colour alone."""
        if not layer.words:
            return []
        sign = by_words(layer.words, fills, lambda fill: fill.symbol)
        some: Expression = ["!=", sign, ""]
        return [
            self._layer(
                layer,
                "signs",
                "fill",
                {"fill-pattern": sign, "fill-antialias": False},
                filter=["all", only, some] if only else some,
                minzoom=self._zoom(_SMALLEST["signs"]),
            )
        ]

    def _outline(
        self,
        layer: VectorLayer,
        pen: Pen,
        part: str = "outline",
        *,
        filter: Expression | None = None,  # noqa: A002  # the style's own word
        minzoom: float | None = None,
    ) -> Node:
        drawn: Node = {
            "line-color": self.edition.ink(pen.colour),
            "line-width": self._width(pen),
        }
        if pen.dash:
            drawn["line-dasharray"] = [round(mm / pen.width_at(1), 2) for mm in pen.dash]
        return self._layer(layer, part, "line", drawn, filter=filter, minzoom=minzoom, said=pen)

    def _border(
        self, layer: VectorLayer, pen: Pen, part: str, only: Expression | None = None
    ) -> Node:
        """Return a border without its dashes: both neighbours draw it, and two would blur."""
        node = self._outline(layer, pen, part, filter=only)
        del node["paint"]["line-dasharray"]
        return node

    def _lettering(
        self, layer: VectorLayer, part: str, letter: Letter, text: Expression, smallest: int
    ) -> Node:
        steps = [(scale, sizes[0]) for scale, sizes in letter.em]
        size = stepped(steps, self.latitude, lambda mm: max(px(mm), _LEAST_LETTER_PX))
        bold = self.edition is Edition.CONTRAST
        face = {"Regular": "Bold", "Italic": "BoldItalic"}.get(letter.face, letter.face)
        layout = {
            "text-field": text,
            "text-font": [f"{FAMILY} {face if bold else letter.face}"],
            "text-size": size,
            "text-padding": px(letter.space),
            "text-max-width": 8,
        }
        paint = {
            "text-color": self.edition.ink(letter.colour),
            "text-halo-color": PAPER,
            "text-halo-width": 1.5,
        }
        return {
            **self._layer(layer, part, "symbol", paint, minzoom=self._zoom(smallest)),
            "layout": layout,
        }

    def _layer(
        self,
        layer: VectorLayer,
        part: str,
        how: str,
        paint: Node,
        *,
        filter: Expression | None = None,  # noqa: A002  # the style's own word
        minzoom: float | None = None,
        said: Pen | None = None,
    ) -> Node:
        title = {"flurbuch:title": said.title[self.language] if said else layer.title}
        known = {"flurbuch:alkis": said.alkis} if said and said.alkis else {}
        return {
            "id": f"{layer.id}-{part}",
            "type": how,
            "source": SOURCE,
            "source-layer": layer.id,
            "metadata": title | known,
            **({"filter": filter} if filter else {}),
            **({"minzoom": minzoom} if minzoom is not None else {}),
            "paint": paint,
        }

    def _zoom(self, scale: int) -> float:
        return zoom_at(scale, self.latitude)

    def _width(self, pen: Pen) -> float | Expression:
        steps = pen.width if isinstance(pen.width, tuple) else [(1, pen.width)]
        weight = self.edition.weight
        return stepped(steps, self.latitude, lambda mm: max(px(mm * weight), _LEAST_LINE_PX))


def _is_district(layer: VectorLayer) -> Expression:
    """Return what holds for cadastral districts, and not for their sections."""
    (kind,) = layer.words or ("art",)
    return ["==", ["get", kind], "Gemarkung"]
