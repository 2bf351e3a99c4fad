"""One kind of feature, and which rows of a source are such."""

import codecs
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from layers.spec.access import Access
from layers.spec.fields import FieldSpec, FieldType
from layers.spec.figures import FigureNames
from layers.spec.relation import Join, Relation
from layers.spec.reserved import (
    AS_FILED,
    CATALOGUE,
    CONFIDENCE,
    ENDED,
    STORE_PREFIXES,
    UNMAPPED,
)
from layers.spec.terms import Identifier, Strict, Title
from layers.spec.time import TimeSpec

_TEXTS = frozenset({FieldType.TEXT, FieldType.PARCEL_KEY})


class GeometryKind(StrEnum):
    """What a collection's features look like on the map."""

    NONE = "none"
    POINT = "point"
    LINE = "line"
    POLYGON = "polygon"


class SourceSpec(Strict):
    """Which rows of a source file belong to a collection, and how a table states positions."""

    kinds: tuple[str, ...] = ()  # source row types, shell patterns; empty: all
    crs: str | None = None  # used only where the file is silent
    x: tuple[str, ...] = ()  # column names of easting/longitude in tables
    y: tuple[str, ...] = ()
    encoding: str | None = None
    begins_at: str | None = None  # field with the date from which a row is valid
    ends_after: str | None = None  # field with the date a row ended; ended rows are kept apart

    @model_validator(mode="after")
    def _encoding_is_known(self) -> Self:
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise ValueError(f"no encoding is called {self.encoding!r}") from None
        return self


class CollectionSpec(Strict):
    """One kind of feature: its fields, its geometry, its relation to parcels."""

    id: Identifier
    title: Title
    description: Title = Field(default_factory=dict)
    geometry: GeometryKind
    access: Access
    identity: tuple[Identifier, ...] = ()
    accuracy_m: float = Field(default=0.1, ge=0)
    editable: bool = False  # single features may be changed by roles that edit
    tiles: tuple[Identifier, ...] = ()  # fields that features have in vector tiles
    search: tuple[Identifier, ...] | None = None  # texts that a search reads; None: all public ones
    figures: FigureNames | None = None
    source: SourceSpec = SourceSpec()
    time: TimeSpec | None = None  # by default, the lifetime that ``source`` names
    relation: Relation
    parts_of: Identifier | None = None  # made of these by parcel, where no file delivers any
    points_of: Identifier | None = None  # the label points of these, where no file delivers any
    fields: tuple[FieldSpec, ...] = Field(alias="field")

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        names = [f.name for f in self.fields]
        if len(set(names)) != len(names):
            raise ValueError(f"collection {self.id}: a field name is given twice")
        called = [*names, *(alias for f in self.fields for alias in f.aliases)]
        for name in called:
            if called.count(name) > 1:
                raise ValueError(f"collection {self.id}: {name!r} is given twice, as name or alias")
        lifetime = (self.source.begins_at, self.source.ends_after)
        timed = self.time.fields() if self.time else ()
        read = self.search or ()
        used = (*self.identity, *self.relation.fields(), *lifetime, *timed, *self.tiles, *read)
        for name in filter(None, used):
            if name not in names:
                raise ValueError(f"collection {self.id}: no field is called {name!r}")
        return self

    @model_validator(mode="after")
    def _what_is_edited_can_be_told_apart(self) -> Self:
        if not self.editable:
            return self
        if not self.identity:
            raise ValueError(f"collection {self.id}: to be editable it needs an identity")
        if self.geometry is GeometryKind.NONE:
            raise ValueError(f"collection {self.id}: to be editable it needs a geometry")
        if self.source.ends_after or self.relation.by is Join.SELF:
            raise ValueError(f"collection {self.id}: what has a history is not editable")
        return self

    @model_validator(mode="after")
    def _names_are_free(self) -> Self:
        if self.id.startswith(STORE_PREFIXES) or self.id.endswith((ENDED, UNMAPPED)):
            raise ValueError(f"a collection cannot be called {self.id!r}: the store needs the name")
        if self.id == CATALOGUE:
            raise ValueError(f"a collection cannot be called {self.id!r}: the catalogue is")
        keys = [f.name for f in self.fields if f.type is FieldType.PARCEL_KEY]
        beside = {key + tail for key in keys for tail in (AS_FILED, CONFIDENCE)}
        for f in self.fields:
            if f.name in beside:
                raise ValueError(f"field {f.name}: the store needs the name for a parcel key")
        return self

    @model_validator(mode="after")
    def _relation_fits_the_fields(self) -> Self:
        relation = self.relation
        by_place = relation.by in {Join.SELF, Join.DISC, Join.WITHIN, Join.SHARE}
        if by_place and self.geometry is GeometryKind.NONE:
            raise ValueError(f"collection {self.id}: by = {relation.by} needs a geometry")
        numbers = (*relation.sums, *filter(None, [relation.area, relation.circumference_cm]))
        for name in numbers:
            if not self.field(name).type.numeric:
                raise ValueError(f"field {name}: a number is needed to be added up or measured by")
        if relation.key and self.field(relation.key).type is not FieldType.PARCEL_KEY:
            raise ValueError(f"field {relation.key}: to join by it, its type must be parcel_key")
        for side in ("begins_at", "ends_after"):
            name = getattr(self.source, side)
            if name and not self.field(name).type.dated:
                raise ValueError(f"field {name}: {side} needs a date")
        return self

    @model_validator(mode="after")
    def _search_reads_public_texts(self) -> Self:
        for name in self.search or ():
            field = self.field(name)
            if field.access is not Access.PUBLIC or field.type not in _TEXTS:
                raise ValueError(f"field {name}: only public texts are searched")
        return self

    @model_validator(mode="after")
    def _what_is_made_is_open(self) -> Self:
        if self.made_of is None:
            return self
        if self.parts_of and self.points_of:
            raise ValueError(f"collection {self.id}: expected parts_of or points_of, not both")
        if any(f.access.sealed for f in self.fields):
            raise ValueError(f"collection {self.id}: what is made of others holds no secrets")
        return self

    @model_validator(mode="after")
    def _time_is_dated(self) -> Self:
        for name in self.time.fields() if self.time else ():
            if not self.field(name).type.dated:
                raise ValueError(f"field {name}: time needs a date")
        return self

    @model_validator(mode="after")
    def _secrets_have_no_place(self) -> Self:
        classes = {self.access, *(f.access for f in self.fields)}
        if Access.TAX_SECRET in classes and self.geometry is not GeometryKind.NONE:
            raise ValueError(f"collection {self.id}: tax secrets are never drawn on a map")
        return self

    @model_validator(mode="after")
    def _fields_are_no_more_open_than_rows(self) -> Self:
        order = list(Access)
        for f in self.fields:
            if order.index(f.access) < order.index(self.access):
                raise ValueError(
                    f"{self.id}.{f.name}: field is {f.access}, its rows are {self.access}"
                )
        return self

    @model_validator(mode="after")
    def _ids_are_no_secret(self) -> Self:
        order = list(Access)
        for name in self.identity:
            if order.index(self.field(name).access) > order.index(self.access):
                raise ValueError(
                    f"{self.id}.{name}: feature ids are made of it, so it must be {self.access}"
                )
        return self

    @model_validator(mode="after")
    def _tiles_hold_no_secrets(self) -> Self:
        for name in self.tiles:
            if self.field(name).access.sealed:
                raise ValueError(f"{self.id}.{name}: what is read with a purpose is in no tile")
        return self

    @property
    def made_of(self) -> str | None:
        """The collection of the same layer that this one is made of when it is read."""
        return self.parts_of or self.points_of

    @property
    def lifetime(self) -> TimeSpec | None:
        """Which fields tell when a feature was, None where none does."""
        begin, end = self.source.begins_at, self.source.ends_after
        return self.time or (TimeSpec(begin=begin, end=end) if begin or end else None)

    def field(self, name: str) -> FieldSpec:
        """Return the field of that name; KeyError when there is none."""
        for f in self.fields:
            if f.name == name:
                return f
        raise KeyError(name)
