"""One field of a collection."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from layers.spec.access import Access
from layers.spec.reserved import STORE_FIELDS
from layers.spec.terms import Identifier, Strict, Title, is_whole


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


class FieldSpec(Strict):
    """One field: its name, where the source has it, its type and who may see it.

    ``source`` lists the spellings under which sources deliver the field (compared
    without case, blanks and punctuation); the name itself always counts. ``access``
    has no default: forgetting it is an error, not a leak. ``aliases`` are other names by
    which requests may call the field; answers call it by its own.
    """

    name: Identifier
    aliases: tuple[Identifier, ...] = ()
    title: Title
    description: Title = Field(default_factory=dict)
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
    indexed: bool = False  # imports make an index, so that few rows are found without reading all
    separators: str = ""  # non-empty: a cell lists keys, split at any of these characters

    @model_validator(mode="after")
    def _name_is_free(self) -> Self:
        for name in (self.name, *self.aliases):
            if name in STORE_FIELDS:
                raise ValueError(f"a field cannot be called {name!r}: the store needs the name")
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
        if self.type is FieldType.INTEGER and not all(map(is_whole, self.codes or ())):
            raise ValueError(f"field {self.name}: codes of an integer field are whole numbers")
        return self

    @model_validator(mode="after")
    def _synonyms_lead_to_codes(self) -> Self:
        for word, code in self.synonyms.items():
            if code not in (self.codes or {}):
                raise ValueError(f"field {self.name}: synonym {word!r} leads to no code: {code!r}")
        return self
