"""A layer as a whole: what its folder's layer.toml says."""

from typing import Self

from pydantic import Field, model_validator

from layers.spec.collection import CollectionSpec
from layers.spec.raster import RasterSpec
from layers.spec.terms import Identifier, Strict, Title


class LayerSpec(Strict):
    """A layer as data. Immutable; safe to share between threads."""

    id: Identifier
    title: Title
    description: Title = Field(default_factory=dict)
    steward: str
    licence: str
    update: Title = Field(default_factory=dict)
    retention: Title = Field(default_factory=dict)
    collections: tuple[CollectionSpec, ...] = Field(default=(), alias="collection")
    raster: RasterSpec | None = None

    @model_validator(mode="after")
    def _holds_one_kind_of_thing(self) -> Self:
        if bool(self.collections) == (self.raster is not None):
            raise ValueError(f"layer {self.id}: expected either collections or one raster")
        return self

    def collection(self, collection_id: str) -> CollectionSpec:
        """Return the collection of that id; KeyError when there is none."""
        for c in self.collections:
            if c.id == collection_id:
                return c
        raise KeyError(collection_id)
