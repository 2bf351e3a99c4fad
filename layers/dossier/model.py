"""A parcel dossier as frozen data; `as_json` is its stable outer form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from shapely.geometry.base import BaseGeometry

from layers.dossier.words import words
from layers.spec import FieldSpec, LayerSpec, Title
from layers.wording import Language, format_value

Group = Literal["key", "size", "use", "address", "hint", "figure"]
Value = str | int | float | bool | date | None

SCHEMA = "flurbuch-dossier/1"


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement on a parcel or on a section.

    ``value`` is a number, a date, a text, or a text in both languages.
    """

    name: str
    title: Title
    value: Value | Title
    unit: str = ""
    group: Group = "figure"

    def text(self, lang: Language) -> str:
        """Return the value as people read it."""
        value = self.value[lang] if isinstance(self.value, dict) else self.value
        return format_value(value, lang, self.unit)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A parcel that shares ``border_m`` metres of border; direction n, ne, e, se, s, sw, w, nw."""

    parcel_key: str
    label: Title
    direction: str
    border_m: float

    def direction_name(self, lang: Language) -> str:
        """Return the direction in words."""
        return words("compass", self.direction)[lang]


@dataclass(frozen=True, slots=True)
class Link:
    """How a feature came to this parcel."""

    method: str
    confidence: str
    share: float
    distance_m: float
    area_m2: float
    boundary: bool
    sliver: bool

    def method_name(self, lang: Language) -> str:
        """Return the method in words."""
        return words("method", self.method)[lang]

    def confidence_name(self, lang: Language) -> str:
        """Return the confidence in words."""
        return words("confidence", self.confidence)[lang]


@dataclass(frozen=True, slots=True)
class Row:
    """One feature on the parcel: its id, the values that the actor may see, its link."""

    feature_id: str
    values: Mapping[str, Value]
    link: Link


@dataclass(frozen=True, slots=True)
class Section:
    """What one register knows of the parcel.

    Attributes
    ----------
    total
        Features linked to the parcel; ``rows`` may be fewer.
    facts
        Sums and counts over all of them.
    fields
        What ``rows`` hold, with title, unit and codes.
    """

    id: str
    title: Title
    layer: LayerSpec
    data_date: date | None
    total: int
    facts: tuple[Fact, ...] = ()
    fields: tuple[FieldSpec, ...] = ()
    rows: tuple[Row, ...] = ()

    @property
    def filled_fields(self) -> tuple[FieldSpec, ...]:
        """The fields that have a value in some row: what a table for people needs."""
        return tuple(
            f for f in self.fields if any(r.values[f.name] not in {None, ""} for r in self.rows)
        )


@dataclass(frozen=True, slots=True)
class Relative:
    """A predecessor or successor; ``share`` is its part of the common ground, 0 to 1, if known."""

    parcel_key: str
    label: Title
    share: float | None


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that the parcel took part in.

    Attributes
    ----------
    id, kind, day
        As in `layers.history.Event`.
    stated
        Whether the source said so; else it was noticed when a later delivery was compared.
    old, new
        The parcels before and after, ``share`` of each in what passed between the two sides.
    """

    id: str
    kind: str
    day: date
    stated: bool
    old: tuple[Relative, ...]
    new: tuple[Relative, ...]

    @property
    def title(self) -> Title:
        """What happened, in words."""
        return words("event", self.kind)

    def told(self, lang: Language) -> str:
        """Return how we know of it."""
        return words("event", "stated" if self.stated else "noticed")[lang]


@dataclass(frozen=True, slots=True)
class Ended:
    """That the parcel is no more: since when, and which current parcels have its ground."""

    on: date | None
    successors: tuple[Relative, ...]
    kind: str = ""


@dataclass(frozen=True)
class Dossier:
    """Everything on one parcel that one actor may see for one purpose.

    Attributes
    ----------
    parcel_key
        Canonical.
    label, short_key
        The key as people say it; the usual short spelling, "" where the scheme has none.
    facts
        In the order key, size, use, address, hints.
    geometry
        In the storage CRS.
    position, position_wgs84
        A point in the parcel: easting and northing, longitude and latitude.
    neighbours
        Clockwise from north.
    sections
        One per register, in the registry's order.
    as_of
        The day that the parcel is shown of; None: as it is now.
    ended
        That it has ended, and its successors; None: there is a parcel of that key now.
    history
        The events that it took part in, in the order of time.
    """

    parcel_key: str
    label: Title
    short_key: str
    layer: LayerSpec
    data_date: date | None
    facts: tuple[Fact, ...]
    geometry: BaseGeometry
    crs: int
    position: tuple[float, float]
    position_wgs84: tuple[float, float]
    address: str
    neighbours: tuple[Neighbour, ...] = ()
    sections: tuple[Section, ...] = field(default=())
    as_of: date | None = None
    ended: Ended | None = None
    history: tuple[Happening, ...] = ()

    @property
    def hints(self) -> tuple[Fact, ...]:
        """The facts that are remarks."""
        return tuple(f for f in self.facts if f.group == "hint")

    def as_json(self, lang: Language = "de") -> dict[str, object]:
        """Return the dossier as plain JSON values, see dossier.schema.json.

        Dates are ISO 8601, numbers are numbers, codes stay codes with their meaning beside
        the field. Names of members don't depend on the language; titles and texts do.
        """
        x, y = self.position
        lon, lat = self.position_wgs84
        return {
            "schema": SCHEMA,
            "lang": lang,
            "parcel_key": self.parcel_key,
            "label": self.label[lang],
            "short_key": self.short_key,
            "data_date": _plain(self.data_date),
            "licence": self.layer.licence,
            "steward": self.layer.steward,
            "position": {"crs": f"EPSG:{self.crs}", "x": x, "y": y},
            "position_wgs84": {"lon": lon, "lat": lat},
            "bbox": [round(v, 3) for v in self.geometry.bounds],
            "address": self.address,
            "facts": [_fact(f, lang) for f in self.facts],
            "neighbours": [
                {
                    "parcel_key": n.parcel_key,
                    "label": n.label[lang],
                    "direction": n.direction,
                    "direction_name": n.direction_name(lang),
                    "border_m": n.border_m,
                }
                for n in self.neighbours
            ],
            "sections": [_section(s, lang) for s in self.sections],
            "as_of": _plain(self.as_of),
            "ended": _ended(self.ended, lang),
            "history": [_happening(h, lang) for h in self.history],
        }


def _ended(end: Ended | None, lang: Language) -> dict[str, object] | None:
    if end is None:
        return None
    successors = [_relative(r, lang) for r in end.successors]
    return {"on": _plain(end.on), "kind": end.kind or None, "successors": successors}


def _happening(event: Happening, lang: Language) -> dict[str, object]:
    return {
        "id": event.id,
        "kind": event.kind,
        "title": event.title[lang],
        "day": _plain(event.day),
        "basis": "stated" if event.stated else "noticed",
        "old": [_relative(r, lang) for r in event.old],
        "new": [_relative(r, lang) for r in event.new],
    }


def _relative(parcel: Relative, lang: Language) -> dict[str, object]:
    return {"parcel_key": parcel.parcel_key, "label": parcel.label[lang], "share": parcel.share}


def _fact(fact: Fact, lang: Language) -> dict[str, object]:
    value = fact.value[lang] if isinstance(fact.value, dict) else fact.value
    return {
        "name": fact.name,
        "group": fact.group,
        "title": fact.title[lang],
        "value": _plain(value),
        "unit": fact.unit,
    }


def _section(section: Section, lang: Language) -> dict[str, object]:
    return {
        "id": section.id,
        "title": section.title[lang],
        "layer": section.layer.id,
        "steward": section.layer.steward,
        "licence": section.layer.licence,
        "data_date": _plain(section.data_date),
        "total": section.total,
        "shown": len(section.rows),
        "facts": [_fact(f, lang) for f in section.facts],
        "fields": [
            {
                "name": f.name,
                "title": f.title[lang],
                "type": f.type.value,
                "unit": f.unit,
                "codes": {code: title[lang] for code, title in (f.codes or {}).items()},
            }
            for f in section.fields
        ],
        "rows": [
            {
                "feature_id": row.feature_id,
                "values": {name: _plain(value) for name, value in row.values.items()},
                "link": {
                    "method": row.link.method,
                    "confidence": row.link.confidence,
                    "share": row.link.share,
                    "distance_m": row.link.distance_m,
                    "area_m2": row.link.area_m2,
                    "boundary": row.link.boundary,
                    "sliver": row.link.sliver,
                },
            }
            for row in section.rows
        ],
    }


def _plain(value: Value) -> Value:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value
