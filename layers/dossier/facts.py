"""What is said of the parcel itself: key, size, use, address, hints, in this order."""

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pandas as pd
import shapely

from gis_core.keys import AlkisKeys, KeyScheme, format_key
from layers.dossier.model import Fact, Value
from layers.dossier.words import plain, words
from layers.spec import FieldSpec, FieldType, Title
from layers.uses import stated_uses
from layers.view import CollectionView
from layers.wording import format_number

_LEGAL_STATE = "abwrecht"
_NO = frozenset({"", "false", "nein", "no", "0"})


def read_value(value: Any, field: FieldSpec) -> Value:  # noqa: ANN401 - a cell of a table
    """Return a stored value as text, number, date or None."""
    if value is None or pd.isna(value):
        return None
    match field.type:
        case FieldType.INTEGER:
            return int(str(value))
        case FieldType.NUMBER:
            return float(str(value))
        case FieldType.BOOLEAN:
            return bool(value)
        case FieldType.DATE:
            return pd.Timestamp(str(value)).date()
        case FieldType.DATETIME:
            return pd.Timestamp(str(value)).to_pydatetime().replace(tzinfo=UTC)
    return str(value)


def key_facts(key: str, keys: KeyScheme) -> Iterator[Fact]:
    """Yield the key in its spellings."""
    yield Fact("parcel_key", words("fact", "parcel_key"), key, group="key")
    if short := short_key(key, keys):
        yield Fact("short_key", words("fact", "short_key"), short, group="key")
    yield Fact("label", words("fact", "label"), key_label(key, keys), group="key")


def key_label(key: str, keys: KeyScheme) -> Title:
    """Return the key as people say it, in both languages."""
    return {"de": keys.label(key, "de"), "en": keys.label(key, "en")}


def short_key(key: str, keys: KeyScheme) -> str:
    """Return the usual short spelling, "" where the scheme has none."""
    return format_key(key, "short", keys.catalogue) if isinstance(keys, AlkisKeys) else ""


def size_facts(official: Value, areas: pd.DataFrame, geometry: shapely.Geometry) -> Iterator[Fact]:
    """Yield the official area, then what is computed from the map, then the number of parts."""
    if official is not None:
        yield _area("official_area_m2", official)
    for row in areas.to_dict("records"):
        for name in ("geometric_area_m2", "corrected_area_m2", "area_deviation_m2"):
            if name in row and pd.notna(row[name]):
                yield _area(name, round(float(row[name]), 2))
    parts = int(shapely.get_num_geometries(geometry))
    if parts > 1:
        yield Fact("parts", words("fact", "parts"), parts, group="size")


def use_facts(text: Value, areas: str | None) -> Iterator[Fact]:
    """Yield the land uses: as the cadastre states them, else as the map's uses were shared out."""
    if isinstance(text, str) and text:
        for name, area in stated_uses(text):
            unit = "" if area is None else "m²"
            yield Fact(f"use.{name}", plain(name), area, unit, "use")
    elif areas:
        for name, area in sorted(json.loads(areas).items(), key=lambda part: (-part[1], part[0])):
            title = plain(name) if name else words("fact", "missing")
            yield Fact(f"use.{name}", title, float(area), "m²", "use")


def address_facts(address: str) -> Iterator[Fact]:
    """Yield the address as the cadastre writes it."""
    if address:
        yield Fact("address", words("fact", "address"), address, group="address")


def hint_facts(
    view: CollectionView,
    record: dict[str, object],
    areas: pd.DataFrame,
    geometry: shapely.Geometry,
    stale: tuple[Title, ...] | None,
) -> Iterator[Fact]:
    """Yield remarks: legal state, doubtful area, parts, links that are old or missing (None)."""
    if _LEGAL_STATE in record:
        field = view.spec.field(_LEGAL_STATE)
        state = str(read_value(record[_LEGAL_STATE], field) or "").strip()
        if state.casefold() not in _NO and not state.casefold().startswith("kein "):
            yield Fact(_LEGAL_STATE, field.title, state, group="hint")
    for row in areas.to_dict("records"):
        if row.get("beyond_bound") is True:
            bound = float(row["area_bound_m2"])
            shown: Title = {
                "de": format_number(bound, "de", 1),
                "en": format_number(bound, "en", 1),
            }
            yield hint("beyond_bound", bound=shown)
    parts = int(shapely.get_num_geometries(geometry))
    if parts > 1:
        yield hint("several_parts", parts=str(parts))
    if stale is None:
        yield hint("not_merged")
    elif stale:
        names = {lang: ", ".join(title[lang] for title in stale) for lang in stale[0]}
        yield hint("stale", layers=names)


def tax_hint() -> Fact:
    """Return the remark that other registers are left out on purpose."""
    return hint("tax_only")


def _area(name: str, value: Value) -> Fact:
    return Fact(name, words("fact", name), value, "m²", "size")


def hint(name: str | Title, **facts: str | Title) -> Fact:
    """Return a remark: by its name in the catalogue, or as a sentence of its own."""
    said = words("hint", name, **facts) if isinstance(name, str) else name
    label = name if isinstance(name, str) else "ended"
    return Fact(label, words("hint", "title"), said, group="hint")
