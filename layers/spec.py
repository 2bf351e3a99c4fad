"""A layer as data: what its layer.toml may say, checked on reading."""

import codecs
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


def _in_both_languages(title: dict[Literal["de", "en"], str]) -> dict[Literal["de", "en"], str]:
    if not all(title.get(language, "").strip() for language in ("de", "en")):
        raise ValueError("expected a text in both languages, { de = …, en = … }")
    return title


Title = Annotated[dict[Literal["de", "en"], str], AfterValidator(_in_both_languages)]

# Names that the store makes of a layer's own; see `layers.schema`.
AS_FILED, CONFIDENCE = "_as_filed", "_confidence"  # beside a parcel key
ENDED, UNMAPPED = "_beendet", "_unmapped"  # beside a collection
_STORE_FIELDS = frozenset({"fid", "geometry", "feature_id"})
_STORE_PREFIXES = ("gpkg_", "rtree_", "sqlite_")


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

    @property
    def numeric(self) -> bool:
        """Whether values can be added up."""
        return self in {FieldType.INTEGER, FieldType.NUMBER}

    @property
    def dated(self) -> bool:
        """Whether values are days or moments."""
        return self in {FieldType.DATE, FieldType.DATETIME}


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
    factor: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    formats: tuple[str, ...] = ()
    separators: str = ""  # non-empty: a cell lists keys, split at any of these characters

    @model_validator(mode="after")
    def _name_is_free(self) -> Self:
        if self.name in _STORE_FIELDS:
            raise ValueError(f"a field cannot be called {self.name!r}: the store needs the name")
        return self

    @model_validator(mode="after")
    def _settings_fit_the_type(self) -> Self:
        of_numbers = bool(self.unit or self.range or self.refuse_beyond or self.factor != 1)
        for given, fits, what in (
            (of_numbers, self.type.numeric, "unit, range and factor are for numbers"),
            (self.formats, self.type.dated, "formats are for dates"),
            (self.separators, self.type is FieldType.PARCEL_KEY, "separators are for parcel keys"),
            (self.codes, self.type in {FieldType.TEXT, FieldType.INTEGER}, "codes are for texts"),
        ):
            if given and not fits:
                raise ValueError(f"field {self.name} is of type {self.type}: {what}")
        return self

    @model_validator(mode="after")
    def _figures_are_possible(self) -> Self:
        if self.range is not None and not self.range[0] <= self.range[1]:
            raise ValueError(f"field {self.name}: range must be [lowest, highest]")
        if self.type is FieldType.INTEGER and not all(map(_is_whole, self.codes or ())):
            raise ValueError(f"field {self.name}: codes of an integer field are whole numbers")
        return self

    @model_validator(mode="after")
    def _synonyms_lead_to_codes(self) -> Self:
        for word, code in self.synonyms.items():
            if code not in (self.codes or {}):
                raise ValueError(f"field {self.name}: synonym {word!r} leads to no code: {code!r}")
        return self


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()


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
    successors: Identifier | None = None  # of parcels: field with the keys of what came after one
    use: Identifier | None = None  # of parcels: field with the land use ("Weg;12|Wald;300")
    district: Identifier | None = None  # of parcels: field with the key of the Gemarkung

    @model_validator(mode="after")
    def _says_what_it_joins_by(self) -> Self:
        for joins, given, name in (
            ({Join.SELF, Join.KEY}, self.key, "key"),
            ({Join.ADDRESS}, self.address, "address"),
        ):
            if self.by in joins and given is None:
                raise ValueError(f"by = {self.by} needs {name} = the name of a field")
        if self.covers and self.by is not Join.SHARE:
            raise ValueError(f"by = {self.by}: only what is related by share can cover the ground")
        return self

    def fields(self) -> tuple[str, ...]:
        """Name every field that the relation speaks of."""
        stated = (self.key, self.address, self.circumference_cm, self.counts_by)
        of_parcels = (self.area, self.successors, self.use, self.district)
        return (*self.sums, *filter(None, (*stated, *of_parcels)))


class SourceSpec(_Strict):
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
        lifetime = (self.source.begins_at, self.source.ends_after)
        used = (*self.identity, *self.relation.fields(), *lifetime)
        for name in filter(None, used):
            if name not in names:
                raise ValueError(f"collection {self.id}: no field is called {name!r}")
        return self

    @model_validator(mode="after")
    def _names_are_free(self) -> Self:
        if self.id.startswith(_STORE_PREFIXES) or self.id.endswith((ENDED, UNMAPPED)):
            raise ValueError(f"a collection cannot be called {self.id!r}: the store needs the name")
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

    def field(self, name: str) -> FieldSpec:
        """Return the field of that name; KeyError when there is none."""
        for f in self.fields:
            if f.name == name:
                return f
        raise KeyError(name)


class RasterKind(StrEnum):
    """What the cells of a raster are."""

    CONTINUOUS = "continuous"  # measurements
    CLASSES = "classes"  # codes, as of land cover


class Statistic(StrEnum):
    """What to say about the cells in a parcel."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    STD = "std"
    SLOPE = "slope"  # mean and greatest, in degrees
    ASPECT = "aspect"  # direction downhill, in degrees from north


class RasterSpec(_Strict):
    """A layer that is a raster: what its cell values mean, and what of them goes to parcels."""

    title: Title
    unit: str = ""
    access: Access
    kind: RasterKind = RasterKind.CONTINUOUS
    statistics: tuple[Statistic, ...] = ()  # empty: mean, min, max and std of measurements
    exact: bool = False  # cells count by the fraction in the parcel, not whole by their centre
    codes: dict[str, Title] | None = None  # of classes

    @property
    def wanted(self) -> tuple[Statistic, ...]:
        """The statistics that each parcel gets; none where cells are counted by class."""
        if self.kind is RasterKind.CLASSES:
            return ()
        usual = (Statistic.MEAN, Statistic.MIN, Statistic.MAX, Statistic.STD)
        return self.statistics or usual

    @model_validator(mode="after")
    def _settings_fit_the_kind(self) -> Self:
        if self.kind is RasterKind.CLASSES:
            if self.statistics or self.unit:
                raise ValueError("classes have neither a unit nor statistics: they are counted")
            if not all(map(_is_whole, self.codes or ())):
                raise ValueError("the codes of classes are whole numbers")
            return self
        if self.codes:
            raise ValueError('codes are for kind = "classes"')
        if not self.unit:
            raise ValueError("unit is missing: in what are the cells measured?")
        if Statistic.SLOPE in self.statistics and self.unit != "m":
            raise ValueError(f"slope needs heights in m, the unit is {self.unit}")
        return self

    @model_validator(mode="after")
    def _is_no_secret(self) -> Self:
        if self.access.sealed:
            raise ValueError("a raster is a file that is given out whole, so it cannot be a secret")
        return self


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
