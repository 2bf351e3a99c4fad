"""Collections that are made of another one when they are read: parts by parcel, and points.

Parts are links that the merge made (`link_schema`), each with what its feature says; nothing of it
is stored twice. Their ids are those of parcel and feature, one after the other.
"""

from gis_core.store.join import Fellow, First, Join, Own, Ratio, Source, Words
from gis_core.store.schema import FEATURE_ID, Column, ColumnType, TableSchema
from layers.spec import CollectionSpec, FieldSpec

AREA, SHARE, SLIVER = "flaeche", "anteil", "splitter"
"""The fields with what the link says: area, its share of the parcel's, whether it is a sliver."""

PARCEL_KEY = "parcel_key"
SHORT_ID = "idflurst"
_SHORT_ID_LENGTH, _KEY_LENGTH = 16, 20


def feature_field(of: CollectionSpec) -> str:
    """Name the field with the id of the feature that a part is of."""
    return f"id{of.id}"


def parts_join(
    spec: CollectionSpec,
    of: CollectionSpec,
    parcels: CollectionSpec,
    fields: tuple[FieldSpec, ...],
    stored: frozenset[str],
) -> Join:
    """Return what the parts are made of.

    Parameters
    ----------
    spec, of, parcels
        The parts, the collection that they are parts of, and the parcels.
    fields
        Those of the parts that are read.
    stored
        The columns of the parcels' table.
    """
    key = str(parcels.relation.key)
    number = Words(
        (
            First(parcels.id, key, PARCEL_KEY, SHORT_ID, otherwise=PARCEL_KEY)
            if SHORT_ID in stored
            else Own(PARCEL_KEY),
            Own(FEATURE_ID),
        )
    )
    drawn = First(
        f"summary_{parcels.id}", PARCEL_KEY, PARCEL_KEY, "geometric_area_m2", beside=False
    )
    own: dict[str, Source] = {
        key: Own(PARCEL_KEY),
        feature_field(of): Own(FEATURE_ID),
        AREA: Own("area_m2"),
        SHARE: Ratio(Own("area_m2"), drawn),
        SLIVER: Own("sliver"),
    }
    own |= dict.fromkeys(spec.identity, number)
    columns = {f.name: own.get(f.name) or Fellow(f.name) for f in fields}
    columns |= {name: own[name] for name in (key, feature_field(of))}
    types = {f.name: ColumnType(f.type.value) for f in fields}
    return Join(
        schema=TableSchema(
            name=spec.id,
            columns=tuple(Column(name, types.get(name, ColumnType.TEXT)) for name in columns),
            view=True,
        ),
        rows=f"link_{of.id}",
        fellows=of.id,
        key=FEATURE_ID,
        of=FEATURE_ID,
        feature_id=number,
        columns=columns,
    )


def made_by_links(spec: CollectionSpec, of: CollectionSpec, parcels: CollectionSpec) -> set[str]:
    """Name the fields of parts that come from the links, not from what they are parts of."""
    key = str(parcels.relation.key)
    return {key, feature_field(of), AREA, SHARE, SLIVER, *spec.identity}


def keys_in(feature_id: str) -> tuple[str, str]:
    """Return what of a part's id can be its parcel's short id, and what its key."""
    return feature_id[:_SHORT_ID_LENGTH], feature_id[:_KEY_LENGTH]
