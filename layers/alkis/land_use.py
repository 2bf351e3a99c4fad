"""Actual use (Tatsächliche Nutzung): the 28 classes as rows of ``nutzung``."""

from layers.alkis.cells import ObjectTable, Texts, joined
from layers.alkis.codes import read_catalogue
from layers.alkis.places import Places
from layers.source import SourceTable

KINDS = frozenset(
    name for name, entry in read_catalogue().classes.items() if entry.group == "land_use"
)


def translate_land_use(source: SourceTable, places: Places) -> SourceTable:
    """Return areas of actual use under the property names of the simplified schema."""
    entry, table = read_catalogue().classes[source.kind], ObjectTable(source)
    ids = [oid and oid[:16] for oid in table.texts("gml_id")]
    details: Texts = [None] * len(table)
    for attribute in entry.codes:
        for i, code in enumerate(table.texts(attribute)):
            if code and details[i] is None:
                details[i] = entry.describe(attribute, code)
    columns: dict[str, Texts] = {
        "oid": [oid and f"{oid}TN" for oid in ids],
        "aktualit": [day and day[:10] for day in table.texts("lebenszeitintervall.beginnt")],
        "beginnt": table.texts("lebenszeitintervall.beginnt"),
        "endet": table.texts("lebenszeitintervall.endet"),
        "anlass": table.codes("anlass"),
        "nutzart": [entry.title] * len(table),
        "bez": details,
        "name": _names(table, places),
    }
    return table.becoming("nutzung", columns)


def _names(table: ObjectTable, places: Places) -> Texts:
    """Return the proper name: a text, or the street that a key stands for."""
    parts = ("land", "regierungsbezirk", "kreis", "gemeinde", "lage")
    keys = joined([table.texts(f"name.verschluesselt.{part}") for part in parts])
    plain = table.texts("name.unverschluesselt")
    several = table.lists("name")
    rows = zip(several, plain, keys, strict=True)
    return ["; ".join(n) or p or (k and places.street(k)) for n, p, k in rows]
