"""AX_Flurstueck as a row of ``flurstueck``."""

from layers.alkis.cells import ObjectTable, Texts, joined
from layers.alkis.places import Places
from layers.source import SourceTable

CURRENT = "AX_Flurstueck"
HISTORIC = frozenset(
    {
        "AX_HistorischesFlurstueck",
        "AX_HistorischesFlurstueckALB",
        "AX_HistorischesFlurstueckOhneRaumbezug",
    }
)
KINDS = frozenset({CURRENT}) | HISTORIC

_LEGAL_STATE = {
    "true": "Abweichender Rechtszustand",
    "false": "Kein abweichender Rechtszustand",
}


def translate_parcels(source: SourceTable, places: Places) -> SourceTable:
    """Return parcels under the property names of the simplified schema.

    ``tntxt`` stays empty: an extract has land use as objects of its own. ``endet``
    holds the day that a parcel ended, if it has.
    """
    table = ObjectTable(source)
    ids = [oid and oid[:16] for oid in table.texts("gml_id")]
    keys = table.texts("flurstueckskennzeichen")
    begun = table.texts("lebenszeitintervall.beginnt")
    land, region, county, town = _administrative_keys(table)
    district = _district_keys(table, keys)
    section = _sections(table, keys)
    columns: dict[str, Texts] = {
        "oid": [oid and f"{oid}FL" for oid in ids],
        "idflurst": ids,
        "aktualit": [day and day[:10] for day in begun],
        "beginnt": begun,
        "endet": _ended(table, begun),
        "anlass": table.codes("anlass"),
        "flstkennz": keys,
        "land": [places.name("AX_Bundesland", key) for key in land],
        "landschl": land,
        "regbezirk": [places.name("AX_Regierungsbezirk", key) for key in region],
        "regbezschl": region,
        "kreis": [places.name("AX_KreisRegion", key) for key in county],
        "kreisschl": county,
        "gemeinde": [places.name("AX_Gemeinde", key) for key in town],
        "gmdschl": town,
        "gemarkung": [places.name("AX_Gemarkung", key) for key in district],
        "gemaschl": district,
        "flur": section,
        "flurschl": [d and d + (s or "___") for d, s in zip(district, section, strict=True)],
        "flstnrzae": _part(table, "flurstuecksnummer.zaehler", keys, slice(9, 14)),
        "flstnrnen": _part(table, "flurstuecksnummer.nenner", keys, slice(14, 18)),
        "flaeche": table.texts("amtlicheFlaeche"),
        "abwrecht": [
            _LEGAL_STATE.get(state) if state else None
            for state in table.texts("abweichenderRechtszustand")
        ],
        "lagebeztxt": _addresses(table, places),
        "tntxt": [None] * len(table),
        "nachfolger": [
            ";".join(keys) or None for keys in table.lists("nachfolgerFlurstueckskennzeichen")
        ],
    }
    return table.becoming("flurstueck", columns)


def _administrative_keys(table: ObjectTable) -> tuple[Texts, Texts, Texts, Texts]:
    """Return the keys of state, region, county and municipality."""
    parts = [
        table.texts(f"gemeindezugehoerigkeit.{part}")
        for part in ("land", "regierungsbezirk", "kreis", "gemeinde")
    ]
    stated = table.texts("gemarkung.land")
    land = [a or b for a, b in zip(parts[0], stated, strict=True)]
    return land, joined(parts[:2]), joined(parts[:3]), joined(parts)


def _district_keys(table: ObjectTable, keys: Texts) -> Texts:
    """Return the six-digit district keys, from the parcel key where they are not stated."""
    stated = joined([table.texts(f"gemarkung.{p}") for p in ("land", "gemarkungsnummer")])
    return [s or (key and key[:6]) for s, key in zip(stated, keys, strict=True)]


def _sections(table: ObjectTable, keys: Texts) -> Texts:
    """Return the section numbers, three digits; None where the state has none."""
    sections: Texts = []
    for stated, key in zip(table.texts("flurnummer"), keys, strict=True):
        number = (stated or (key or "")[6:9]).strip("_ ")
        sections.append(number.zfill(3) if number else None)
    return sections


def _part(table: ObjectTable, column: str, keys: Texts, place: slice) -> Texts:
    """Return a part of the parcel number without padding, from the key where it is not stated."""
    found = []
    for stated, key in zip(table.texts(column), keys, strict=True):
        number = (stated or (key or "")[place]).strip("_ ").lstrip("0")
        found.append(number or None)
    return found


def _ended(table: ObjectTable, begun: Texts) -> Texts:
    """Return when each parcel ended; a historic parcel has, whatever its own dates say."""
    ends = table.texts("lebenszeitintervall.endet")
    if table.kind not in HISTORIC:
        return ends
    history = table.texts("zeitpunktDerHistorisierung")
    return [a or b or c for a, b, c in zip(ends, history, begun, strict=True)]


def _addresses(table: ObjectTable, places: Places) -> Texts:
    """Return the addresses with and without house number."""
    rows = zip(table.lists("weistAuf"), table.lists("zeigtAuf"), strict=True)
    return [places.address([*numbered, *plain]) for numbered, plain in rows]
