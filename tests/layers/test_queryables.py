"""What a filter may name: what the actor may read, under every name, and nothing else."""

import pytest

from gis_core.errors import FilterError
from gis_core.filters import Type, checked, parse
from layers.access import CITIZEN, load_policy
from layers.queryables import field_type, filter_schema
from layers.registry import find_layers
from layers.spec import Access, FieldType, GeometryKind
from layers.view import CollectionView

SPECS = [(layer, spec) for layer, spec in find_layers().collections()]


def seen(layer, spec) -> CollectionView:
    policy = load_policy()
    fields = tuple(f for f in spec.fields if policy.allowed(CITIZEN, layer.id, f.access, spec.id))
    return CollectionView(layer, spec, fields, None, None, linked=False)


@pytest.mark.parametrize(("layer", "spec"), SPECS, ids=lambda s: s.id)
def test_the_schema_holds_what_is_public_and_the_place(layer, spec):
    schema = filter_schema(seen(layer, spec))
    public = {f.name for f in spec.fields if f.access is Access.PUBLIC}
    placed = spec.geometry is not GeometryKind.NONE
    assert set(schema.fields) == public | ({"geometry"} if placed else set())
    assert set(schema.aliases.values()) <= public
    for field in spec.fields:
        if field.access is not Access.PUBLIC:
            with pytest.raises(FilterError):
                checked(parse(f'"{field.name}" IS NULL'), schema)


def test_several_keys_are_a_list():
    fields = [f for _, spec in SPECS for f in spec.fields if f.type is FieldType.PARCEL_KEY]
    assert {field_type(f) for f in fields if f.separators} <= {Type.ARRAY}
    assert {field_type(f) for f in fields if not f.separators} <= {Type.TEXT}
