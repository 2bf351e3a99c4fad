"""How a collection's features find their parcels."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from layers.spec.terms import Identifier, Strict


class Join(StrEnum):
    """How a feature finds its parcel."""

    SELF = "self"  # it is the parcel
    DISC = "disc"  # stem disc, or the point itself where no size is known
    WITHIN = "within"  # covering parcel, else the nearest within nearest_m
    SHARE = "share"  # every parcel it covers, by share of area
    KEY = "key"  # by the parcel key(s) that the source states
    ADDRESS = "address"  # by the address that the source states
    NONE = "none"


class Relation(Strict):
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
