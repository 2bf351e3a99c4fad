"""Parcels by the identifier that the cadastre gives to each of its objects."""

from layers.access import Actor
from layers.query import Query
from layers.reader import Reader
from layers.view import CollectionView

_FIELD = "idflurst"  # the simplified schema's own; the feature's identity may be another
_TAIL = "FL"  # behind the identifier where the feature's type is written into it


def keys_of_object(
    reader: Reader, actor: Actor, parcels: CollectionView, object_id: str
) -> tuple[str, ...]:
    """Return the keys of the parcels with an object identifier (16 characters), mostly one.

    Parameters
    ----------
    parcels
        The collection of parcels as the actor sees it.
    """
    key = parcels.spec.relation.key
    if key not in parcels.names:
        return ()
    for field in sorted({*parcels.spec.identity, _FIELD} & set(parcels.names)):
        among = {field: (object_id, object_id + _TAIL)}
        query = Query(among=among, columns=(key,), geometry=False)
        keys = reader.frame(actor, parcels.id, query)[key].dropna()
        if len(keys):
            return tuple(map(str, keys.unique()))
    return ()
