"""What of a collection may be named in a filter, by one actor."""

from gis_core.filters import Schema, Type
from gis_core.store import GEOMETRY
from layers.spec import FieldSpec, FieldType, GeometryKind
from layers.view import CollectionView

_TYPES = {
    FieldType.TEXT: Type.TEXT,
    FieldType.PARCEL_KEY: Type.TEXT,
    FieldType.INTEGER: Type.INTEGER,
    FieldType.NUMBER: Type.NUMBER,
    FieldType.BOOLEAN: Type.BOOLEAN,
    FieldType.DATE: Type.DATE,
    FieldType.DATETIME: Type.DATETIME,
}


def filter_schema(view: CollectionView) -> Schema:
    """Return the properties that a filter may name: those that the actor may read, and the place.

    What the actor may not read is not in it, and so is as unknown as what there is not.
    """
    fields = {field.name: field_type(field) for field in view.fields}
    if view.spec.geometry is not GeometryKind.NONE:
        fields[GEOMETRY] = Type.GEOMETRY
    aliases = {alias: field.name for field in view.fields for alias in field.aliases}
    return Schema(fields, aliases)


def field_type(field: FieldSpec) -> Type:
    """Return what the values of a field are in a filter: several parcel keys are a list."""
    several = field.type is FieldType.PARCEL_KEY and field.separators
    return Type.ARRAY if several else _TYPES[field.type]
