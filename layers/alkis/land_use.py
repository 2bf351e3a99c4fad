"""Actual use (Tatsächliche Nutzung): the 28 classes as rows of ``nutzung``, and ``tntxt``."""

import re

from layers.alkis.cells import Texts, joined, lists, texts, with_columns
from layers.alkis.codes import read_catalogue
from layers.alkis.places import Places
from layers.source import SourceTable

KINDS = frozenset(
    name for name, entry in read_catalogue().classes.items() if entry.group == "land_use"
)

_NOTHING = re.compile(r"\s*\(\w+:null\)")


def translate_land_use(table: SourceTable, places: Places) -> SourceTable:
    """Return areas of actual use under the property names of the simplified schema."""
    entry = read_catalogue().classes[table.kind]
    ids = [oid and oid[:16] for oid in texts(table, "gml_id")]
    details: Texts = [None] * len(table)
    for attribute in entry.codes:
        for i, code in enumerate(texts(table, attribute)):
            if code and details[i] is None:
                details[i] = entry.describe(attribute, code)
    columns: dict[str, Texts] = {
        "oid": [oid and f"{oid}TN" for oid in ids],
        "aktualit": [day and day[:10] for day in texts(table, "lebenszeitintervall.beginnt")],
        "endet": texts(table, "lebenszeitintervall.endet"),
        "nutzart": [entry.title] * len(table),
        "bez": details,
        "name": _names(table, places),
    }
    return with_columns(table, "nutzung", columns)


def _names(table: SourceTable, places: Places) -> Texts:
    """Return the proper name: a text, or the street that a key stands for."""
    parts = ("land", "regierungsbezirk", "kreis", "gemeinde", "lage")
    keys = joined([texts(table, f"name.verschluesselt.{part}") for part in parts])
    plain = texts(table, "name.unverschluesselt")
    several = lists(table, "name")
    rows = zip(several, plain, keys, strict=True)
    return ["; ".join(n) or p or (k and places.street(k)) for n, p, k in rows]


def parse_tntxt(text: str) -> list[tuple[str, float | None]]:
    """Read the packed list of a parcel's uses with their areas.

    Parameters
    ----------
    text
        ``use;area`` entries separated by ``|``; the area follows the *last* semicolon.

    Returns
    -------
    list of (use, area)
        Areas in m². An area is None where it is missing: shapefiles cut the text
        at 254 bytes. Notes that say nothing, such as ``(funktion:null)``, are left out.

    Examples
    --------
    >>> parse_tntxt("Wohnbaufläche;523|Straßenverkehr(funktion:null);17")
    [('Wohnbaufläche', 523.0), ('Straßenverkehr', 17.0)]
    >>> parse_tntxt("Flugverkehr; 26005|Flugverkehr; 6462|Flie")
    [('Flugverkehr', 26005.0), ('Flugverkehr', 6462.0), ('Flie', None)]
    """
    uses = []
    for part in filter(None, map(str.strip, text.split("|"))):
        use, semicolon, area = part.rpartition(";")
        if not semicolon:
            use, area = part, ""
        uses.append((_NOTHING.sub("", use).strip(), _area(area)))
    return uses


def _area(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
