"""What a collection is on the map: which signature it is drawn by, and which fields decide."""

from cartography.reading import BUILDINGS, LAND_USE, TREES
from cartography.tile_layers import Kind, VectorLayer
from layers.reader.tiles import tile_fields
from layers.spec import GeometryKind, Join
from layers.view import CollectionView
from layers.wording import Language

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
