"""A layer as data: what its layer.toml may say, checked on reading.

`layer` is the whole; a `collection` has `fields`, each with its class of `access`, and a
`relation` to parcels, a `time`, and words for the `figures` that parcels have of it; a layer may be
one `raster` instead. `terms` are what all of them are made
of, `reserved` the names that the store needs.
"""

from layers.spec.access import Access
from layers.spec.collection import CollectionSpec, GeometryKind, SourceSpec
from layers.spec.fields import FieldSpec, FieldType
from layers.spec.layer import Contact, LayerSpec
from layers.spec.raster import RasterKind, RasterSpec, Statistic
from layers.spec.relation import Join, Relation
from layers.spec.reserved import AS_FILED, CATALOGUE, CONFIDENCE, ENDED, UNMAPPED
from layers.spec.terms import Identifier, Title
from layers.spec.time import TimeSpec

__all__ = [
    "AS_FILED",
    "CATALOGUE",
    "CONFIDENCE",
    "ENDED",
    "UNMAPPED",
    "Access",
    "CollectionSpec",
    "Contact",
    "FieldSpec",
    "FieldType",
    "GeometryKind",
    "Identifier",
    "Join",
    "LayerSpec",
    "RasterKind",
    "RasterSpec",
    "Relation",
    "SourceSpec",
    "Statistic",
    "TimeSpec",
    "Title",
]
