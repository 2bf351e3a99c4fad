"""What a search for words reads of a collection: public texts, the same for every actor."""

from gis_core.store.schema import Searched
from layers.spec import Access, CollectionSpec, FieldSpec, FieldType
from layers.view import CollectionView

_TEXTS = frozenset({FieldType.TEXT, FieldType.PARCEL_KEY})


def searched(spec: CollectionSpec) -> Searched:
    """Return the columns that are searched, and what their codes are called in both languages.

    Without ``search`` in the layer file: all public texts. Of rows that are not public: none.
    """
    if spec.access is not Access.PUBLIC:
        return ()
    public = [f for f in spec.fields if f.access is Access.PUBLIC and f.type in _TEXTS]
    chosen = [f for f in public if spec.search is None or f.name in spec.search]
    return tuple((f.name, _spoken(f)) for f in chosen)


def searchable(view: CollectionView) -> Searched:
    """Return what is searched of a collection as it was imported."""
    return tuple(pair for pair in searched(view.spec) if pair[0] in view.names)


def _spoken(field: FieldSpec) -> tuple[tuple[str, str], ...]:
    codes = field.codes or {}
    return tuple((code, " ".join(dict.fromkeys(title.values()))) for code, title in codes.items())
