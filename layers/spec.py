"""A layer as data: what its layer.toml may say, checked on reading."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Title = dict[Literal["de", "en"], str]


class Access(StrEnum):
    """Who may see a field at all; see roles.toml for which role reads which class."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    TAX_SECRET = "tax_secret"  # noqa: S105 - the class of secret, not a secret

    @property
    def sealed(self) -> bool:
        """Whether such values are kept in a file of their own."""
        return self in {Access.PERSONAL, Access.TAX_SECRET}


class FieldType(StrEnum):
    """The type of a field's values."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    PARCEL_KEY = "parcel_key"


class GeometryKind(StrEnum):
    """What a collection's features look like on the map."""

    NONE = "none"
    POINT = "point"
    LINE = "line"
    POLYGON = "polygon"


class Join(StrEnum):
    """How a feature finds its parcel."""

    SELF = "self"  # it is the parcel
    DISC = "disc"  # stem disc, or the point itself where no size is known
    WITHIN = "within"  # covering parcel, else the nearest within nearest_m
    SHARE = "share"  # every parcel it covers, by share of area
    KEY = "key"  # by the parcel key(s) that the source states
    ADDRESS = "address"  # by the address that the source states
    NONE = "none"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldSpec(_Strict):
    """One field: its name, where the source has it, its type and who may see it.

    ``source`` lists the spellings under which sources deliver the field (compared
    without case, blanks and punctuation); the name itself always counts. ``access``
    has no default: forgetting it is an error, not a leak.
    """

    name: Identifier
    title: Title
    access: Access
    type: FieldType = FieldType.TEXT
    source: tuple[str, ...] = ()
    unit: str = ""
    range: tuple[float, float] | None = None
    refuse_beyond: bool = False  # a value outside of ``range`` costs the row, not only the value
    codes: dict[str, Title] | None = None
    synonyms: dict[str, str] = Field(default_factory=dict)  # a source's word -> code
    required: bool = False
    empty: tuple[str, ...] = ()
    factor: float = 1.0
    formats: tuple[str, ...] = ()
    separators: str = ""  # non-empty: a cell holds a list, split at any of these characters

    @model_validator(mode="after")
    def _synonyms_lead_to_codes(self) -> Self:
        for word, code in self.synonyms.items():
            if code not in (self.codes or {}):
                raise ValueError(f"field {self.name}: synonym {word!r} leads to no code: {code!r}")
        return self


class Relation(_Strict):
    """How the collection's features are related to parcels."""

    by: Join
    key: Identifier | None = None  # field with the parcel key(s)
    address: Identifier | None = None  # field with street and house number
    circumference_cm: Identifier | None = None  # field with the trunk circumference
    nearest_m: float = Field(default=0.0, ge=0, le=1000)
    sums: tuple[Identifier, ...] = ()  # numeric fields to sum per parcel
    counts_by: Identifier | None = None  # field whose values are counted per parcel
    covers: bool = False  # it covers the ground without gaps: areas are scaled to the official one
    prefer: tuple[str, ...] = ()  # uses of parcels that go first, such as streets for road damage
    area: Identifier | None = None  # of parcels: field with the official area
    use: Identifier | None = None  # of parcels: field with the land use ("Weg;12|Wald;300")


class SourceSpec(_Strict):
    """Which rows of a source file belong to a collection, and how a table states positions."""

    kinds: tuple[str, ...] = ()  # source row types, shell patterns; empty: all
    crs: str | None = None  # used only where the file is silent
    x: tuple[str, ...] = ()  # column names of easting/longitude in tables
    y: tuple[str, ...] = ()
    encoding: str | None = None
    ends_after: str | None = None  # field with the date a row ended; ended rows are kept apart


class CollectionSpec(_Strict):
    """One kind of feature: its fields, its geometry, its relation to parcels."""

    id: Identifier
    title: Title
    description: Title = Field(default_factory=dict)
    geometry: GeometryKind
    access: Access
    identity: tuple[Identifier, ...] = ()
    accuracy_m: float = Field(default=0.1, ge=0)
    source: SourceSpec = SourceSpec()
    relation: Relation
    fields: tuple[FieldSpec, ...] = Field(alias="field")

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        names = [f.name for f in self.fields]
        if len(set(names)) != len(names):
            raise ValueError(f"collection {self.id}: a field name is given twice")
        used = [*self.identity, *self.relation.sums]
        used += [
            n
            for n in (
                self.relation.key,
                self.relation.address,
                self.relation.circumference_cm,
                self.relation.counts_by,
                self.relation.area,
                self.relation.use,
                self.source.ends_after,
            )
            if n
        ]
        for name in used:
            if name not in names:
                raise ValueError(f"collection {self.id}: no field is called {name!r}")
        return self

    @model_validator(mode="after")
    def _secrets_have_no_place(self) -> Self:
        if self.access is Access.TAX_SECRET and self.geometry is not GeometryKind.NONE:
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

    def field(self, name: str) -> FieldSpec:
        """Return the field of that name; KeyError when there is none."""
        for f in self.fields:
            if f.name == name:
                return f
        raise KeyError(name)


class RasterSpec(_Strict):
    """A layer that is a raster: what its cell values mean."""

    title: Title
    unit: str
    access: Access


class LayerSpec(_Strict):
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
    def _holds_something(self) -> Self:
        if not self.collections and self.raster is None:
            raise ValueError(f"layer {self.id}: neither a collection nor a raster")
        return self

    def collection(self, collection_id: str) -> CollectionSpec:
        """Return the collection of that id; KeyError when there is none."""
        for c in self.collections:
            if c.id == collection_id:
                return c
        raise KeyError(collection_id)
