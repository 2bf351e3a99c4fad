"""AX_Gebaeude, AX_Bauteil and the structures as rows of ``gebaeude_bauwerk``."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import shapely

from gis_core.faults import Fault, Outcome
from layers.alkis.cells import ObjectTable, Texts
from layers.alkis.codes import ObjectClass, read_catalogue
from layers.alkis.places import Places
from layers.source import SourceTable

KINDS = frozenset(
    name
    for name, entry in read_catalogue().classes.items()
    if entry.group in {"building", "structure"}
)


def translate_buildings(source: SourceTable, places: Places) -> SourceTable:
    """Return buildings and structures under the property names of the simplified schema.

    Structures that are points or lines are left out with a note: the schema, and this
    layer, have areas.
    """
    entry = read_catalogue().classes[source.kind]
    table = ObjectTable(_only_areas(source) if entry.group == "structure" else source)
    ids = [oid and oid[:16] for oid in table.texts("gml_id")]
    codes, meanings = _functions(table, entry)
    positions = read_catalogue().lists["lageZurErdoberflaeche"]
    columns: dict[str, Texts] = {
        "oid": [oid and f"{oid}BL" for oid in ids],
        "aktualit": [day and day[:10] for day in table.texts("lebenszeitintervall.beginnt")],
        "beginnt": table.texts("lebenszeitintervall.beginnt"),
        "endet": table.texts("lebenszeitintervall.endet"),
        "anlass": table.codes("anlass"),
        "gebnutzbez": [entry.title] * len(table),
        "funktion": meanings,
        "gfkzshh": [code and f"{entry.number}_{code}" for code in codes],
        "rellage": [
            position and positions.get(position, position)
            for position in table.texts("lageZurErdoberflaeche")
        ],
        "name": ["; ".join(names) or None for names in table.lists("name")],
        "anzahlgs": table.texts("anzahlDerOberirdischenGeschosse"),
        "gmdschl": [places.municipality_code(refs) for refs in _references(table)],
        "lagebeztxt": [places.address(refs) for refs in _references(table)],
    }
    return table.becoming("gebaeude_bauwerk", columns)


def _functions(table: ObjectTable, entry: ObjectClass) -> tuple[Texts, Texts]:
    """Return code and text of the attribute that says what a building is for."""
    codes: Texts = [None] * len(table)
    meanings: Texts = [None] * len(table)
    for attribute in entry.codes:
        for i, code in enumerate(table.texts(attribute)):
            if code and codes[i] is None:
                codes[i], meanings[i] = code, entry.describe(attribute, code)
    return codes, meanings


def _references(table: ObjectTable) -> Iterator[list[str]]:
    """Yield the addresses that each building points to, with and without house number."""
    for numbered, plain in zip(table.lists("zeigtAuf"), table.lists("zeigtAufOhne"), strict=True):
        yield [*numbered, *plain]


def _only_areas(table: SourceTable) -> SourceTable:
    """Return the structures that are areas; of the others, a note."""
    if table.geometry is None:
        return table
    keep = shapely.get_dimensions(table.geometry) == 2
    left_out = int((~keep).sum())
    if not left_out:
        return table
    fault = Fault(
        table.file,
        int(table.rows[~keep][0]),
        table.kind,
        f"{left_out} points or lines",
        "areas",
        "structure-without-area",
        Outcome.NOTED,
    )
    more = None if table.more is None else [m for m, k in zip(table.more, keep, strict=True) if k]
    return replace(
        table,
        rows=table.rows[keep],
        attributes=table.attributes[np.asarray(keep)].reset_index(drop=True),
        geometry=table.geometry[keep],
        faults=(*table.faults, fault),
        more=more,
    )
