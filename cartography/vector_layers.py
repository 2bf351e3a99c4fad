"""What a collection is on the map: which signature it is drawn by, and which fields decide."""

from collections.abc import Sequence
from dataclasses import dataclass

from cartography.reading import BUILDINGS, LAND_USE, TREES
from cartography.style import Catalogue, Fill, Pen
from cartography.tile_layers import Kind, VectorLayer
from layers.reader.tiles import tile_fields
from layers.spec import GeometryKind, Join
from layers.view import CollectionView
from layers.wording import Language

_PENS = {
    Kind.PARCEL: ("parcel",),
    Kind.BUILDING: ("building", "underground"),
    Kind.LAND_USE: ("land_use",),
    Kind.DISTRICT: ("section", "district"),
    Kind.MUNICIPALITY: ("municipality",),
    Kind.TREE: ("tree",),
}
_KNOWN = {
    BUILDINGS: Kind.BUILDING,
    LAND_USE: Kind.LAND_USE,
    TREES: Kind.TREE,
    "katasterbezirk": Kind.DISTRICT,
    "verwaltungseinheit": Kind.MUNICIPALITY,
}
_GEOMETRY = {
    GeometryKind.POINT: Kind.POINT,
    GeometryKind.LINE: Kind.LINE,
    GeometryKind.POLYGON: Kind.AREA,
}
_WORDS = {
    Kind.BUILDING: ("funktion", "gebnutzbez"),
    Kind.LAND_USE: ("nutzart",),
    Kind.DISTRICT: ("art",),
}
_NAME = {Kind.LAND_USE: "name", Kind.DISTRICT: "name"}
_NUMBER = ("flstnrzae", "flstnrnen")
_BELOW = {Kind.BUILDING: "rellage"}
_DIAMETER = {Kind.TREE: "crown_diameter_m"}


def vector_layer(view: CollectionView, language: Language) -> VectorLayer:
    """Return how a collection's layer of the tiles is drawn, by the fields that it has there."""
    fields = {field.name for field in tile_fields(view)}
    kind = _KNOWN.get(view.id, _GEOMETRY[view.spec.geometry])
    if view.spec.relation.by is Join.SELF:
        kind = Kind.PARCEL

    def known(field: str) -> str:
        return field if field in fields else ""

    return VectorLayer(
        id=view.id,
        title=view.spec.title[language],
        kind=kind,
        words=tuple(f for f in _WORDS.get(kind, ()) if f in fields),
        below=known(_BELOW.get(kind, "")),
        number=tuple(f for f in _NUMBER if f in fields) if kind is Kind.PARCEL else (),
        name=known(_NAME.get(kind, "")),
        diameter=known(_DIAMETER.get(kind, "")),
    )


@dataclass(frozen=True, slots=True)
class Signature:
    """What a sign on the map means, its number in the catalogue of the AdV, and whose it is."""

    title: str
    alkis: str
    layer: str
    layer_title: str


def signatures(
    catalogue: Catalogue, views: Sequence[CollectionView], language: Language
) -> list[Signature]:
    """Return what may be seen on a map of some collections, in words."""
    found = []
    for layer in (vector_layer(view, language) for view in views):
        shown: list[Pen | Fill] = [catalogue.pen[name] for name in _PENS.get(layer.kind, ())]
        if layer.words:
            fills = {Kind.BUILDING: catalogue.building, Kind.LAND_USE: catalogue.land_use}
            shown += fills.get(layer.kind, ())
        found += [Signature(s.title[language], s.alkis, layer.id, layer.title) for s in shown]
        if not shown:
            found.append(Signature(layer.title, "", layer.id, layer.title))
    return found
