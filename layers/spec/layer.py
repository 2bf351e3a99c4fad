"""A layer as a whole: what its folder's layer.toml says."""

from typing import Self

from pydantic import Field, model_validator

from layers.spec.collection import CollectionSpec, GeometryKind
from layers.spec.raster import RasterSpec
from layers.spec.relation import Join
from layers.spec.terms import Identifier, Strict, Title

Keywords = tuple[Title, ...]


class Contact(Strict):
    """Where to ask about a layer: an office by name, and how it is reached if that is public."""

    name: Title
    email: str = Field(default="", pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$")
    phone: str = Field(default="", pattern=r"^(\+?[0-9][0-9 ()/-]{2,30})?$")
    url: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")


class LayerSpec(Strict):
    """A layer as data. Immutable; safe to share between threads."""

    id: Identifier
    title: Title
    description: Title = Field(default_factory=dict)
    steward: str
    licence: str
    update: Title = Field(default_factory=dict)
    retention: Title = Field(default_factory=dict)
    contact: Contact | None = None
    quality: Title = Field(default_factory=dict)  # what the data can be relied on for, what not
    keywords: Keywords = ()
    collections: tuple[CollectionSpec, ...] = Field(default=(), alias="collection")
    raster: RasterSpec | None = None

    @model_validator(mode="after")
    def _holds_one_kind_of_thing(self) -> Self:
        if bool(self.collections) == (self.raster is not None):
            raise ValueError(f"layer {self.id}: expected either collections or one raster")
        return self

    @model_validator(mode="after")
    def _keywords_are_told_once(self) -> Self:
        for language in ("de", "en"):
            said = [word[language].casefold() for word in self.keywords]
            for word in said:
                if said.count(word) > 1:
                    raise ValueError(f"layer {self.id}: the keyword {word!r} is given twice")
        return self

    @model_validator(mode="after")
    def _is_made_of_its_own(self) -> Self:
        for spec in self.collections:
            if spec.made_of is None:
                continue
            of = next((c for c in self.collections if c.id == spec.made_of), None)
            if of is None or of.geometry is not GeometryKind.POLYGON:
                raise ValueError(
                    f"collection {spec.id}: expected areas of this layer, not {spec.made_of!r}"
                )
            if spec.parts_of and of.relation.by is not Join.SHARE:
                raise ValueError(f"collection {spec.id}: {of.id} is not cut by parcels")
        return self

    def collection(self, collection_id: str) -> CollectionSpec:
        """Return the collection of that id; KeyError when there is none."""
        for c in self.collections:
            if c.id == collection_id:
                return c
        raise KeyError(collection_id)
