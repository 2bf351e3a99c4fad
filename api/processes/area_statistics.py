"""``area-statistics``: how much of each zone is covered by what."""

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Any, Self

import orjson
from pydantic import Field, model_validator

from api.processes.inputs import CollectionId, DistrictKey, Key, Zones
from api.processes.process import Inputs, Process, Work
from api.wording import words
from layers.analysis import (
    Figures,
    Group,
    Zone,
    district_place,
    drawn_place,
    measure_zones,
    parcel_place,
)
from layers.spec import GeometryKind
from layers.wording import Language, format_field

_JSON, _CSV = "application/json", "text/csv"
_COLUMNS = ("zone", "zone_m2", "collection", "value", "label", "count", "area_m2", "length_m")
_NAME = {GeometryKind.POLYGON: "area_m2", GeometryKind.LINE: "length_m"}


class AreaInputs(Inputs):
    """Of which collections, in which zones: parcels, cadastral districts, or drawn ones."""

    collections: Annotated[tuple[CollectionId, ...], Field(min_length=1, max_length=20)]
    parcels: Annotated[tuple[Key, ...], Field(max_length=200)] = ()
    districts: Annotated[tuple[DistrictKey, ...], Field(max_length=20)] = ()
    zones: Zones | None = None

    @model_validator(mode="after")
    def _has_a_zone(self) -> Self:
        if not (self.parcels or self.districts or self.zones):
            raise ValueError("expected parcels, districts or zones")
        return self


def _run(work: Work) -> bytes:
    asked: AreaInputs = work.inputs
    zones = list(_zones(work, asked))
    found, names = [], tuple(dict.fromkeys(asked.collections))
    for zone, figures in measure_zones(work.reader, work.actor, names, zones):
        found.append((zone, figures))
        work.task.step(0.2 + 0.8 * len(found) / len(zones))
    if work.media_type == _CSV:
        return _table(found, work.language)
    document = {"zones": [_zone(zone, figures, work.language) for zone, figures in found]}
    return orjson.dumps(document)


def _zones(work: Work, asked: AreaInputs) -> Iterator[Zone]:
    reader, actor = work.reader, work.actor
    for text in asked.parcels:
        work.task.step(0.05)
        yield Zone(*parcel_place(reader, actor, text))
    for key in asked.districts:
        work.task.step(0.1)
        yield Zone(key, district_place(reader, actor, key))
    for name, geometry in asked.zones or ():
        work.task.step(0.15)
        yield Zone(name, drawn_place(reader, geometry))


def _zone(zone: Zone, found: list[Figures], language: Language) -> dict[str, Any]:
    return {
        "zone": zone.name,
        "area_m2": _rounded(zone.area_m2),
        "collections": [_figures(zone, figures, language) for figures in found],
    }


def _figures(zone: Zone, found: Figures, language: Language) -> dict[str, Any]:
    document: dict[str, Any] = {
        "collection": found.view.id,
        "title": found.view.spec.title[language],
        "count": found.count,
        **_size(found, found.size),
    }
    if found.kind is GeometryKind.POLYGON and found.size is not None and zone.area_m2:
        document["share"] = round(found.size / zone.area_m2, 6)
    if found.field is not None:
        document["by"] = found.field.name
        document["groups"] = [
            {
                "value": group.value,
                "label": _label(found, group, language),
                "count": group.count,
                **_size(found, group.size),
            }
            for group in found.groups
        ]
    return document


def _size(found: Figures, size: float | None) -> dict[str, float]:
    return {} if size is None else {_NAME[found.kind]: _rounded(size)}


def _label(found: Figures, group: Group, language: Language) -> str:
    if found.field is None or group.value is None:
        return words("output", "without-value", language)
    return format_field(found.field, group.value, language)


def _table(found: list[tuple[Zone, list[Figures]]], language: Language) -> bytes:
    """Return a row for each group, and one without a value for each collection as a whole."""
    text = io.StringIO()
    rows = csv.DictWriter(text, _COLUMNS, restval="", lineterminator="\r\n")
    rows.writeheader()
    for zone, several in found:
        own = {"zone": _safe(zone.name), "zone_m2": _rounded(zone.area_m2)}
        for figures in several:
            every = own | {"collection": figures.view.id}
            whole = {"label": words("output", "all", language), "count": figures.count}
            rows.writerow(every | whole | _size(figures, figures.size))
            for group in figures.groups:
                label = _safe(_label(figures, group, language))
                told = {"value": _safe(group.value), "label": label, "count": group.count}
                rows.writerow(every | told | _size(figures, group.size))
    return text.getvalue().encode("utf-8")


def _safe(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value


def _rounded(size: float) -> float:
    return round(size, 3)


AREA_STATISTICS = Process(
    id="area-statistics",
    inputs=AreaInputs,
    output="statistics",
    media_types=(_JSON, _CSV),
    run=_run,
)
