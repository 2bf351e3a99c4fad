"""Tables that are in the simplified schema already: the dialects of states evened out."""

import re
from dataclasses import replace

import pandas as pd

from gis_core.folding import fold_name
from layers.source import SourceTable

# Feature types by their folded names; shapefiles of several states spell the second one wrong.
_KINDS = {
    "flurstueck": "flurstueck",
    "gebaeudebauwerk": "gebaeude_bauwerk",
    "gebauedebauwerk": "gebaeude_bauwerk",
    "nutzung": "nutzung",
    "flurstueckeigentuemer": "flurstueck_eigentuemer",
    "flurstueckpunkt": "flurstueck_punkt",
    "nutzungflurstueck": "nutzung_flurstueck",
    "katasterbezirk": "katasterbezirk",
    "verwaltungseinheit": "verwaltungseinheit",
}
_TELLING = frozenset({"flstkennz", "gebnutzbez", "nutzart"})  # columns of no other schema
_NAMES = {"tntext": "tntxt", "oid_": "oid", "objid": "oid", "flurstid": "idflurst"}
_KEYS = frozenset(
    {"flstkennz", "landschl", "regbezschl", "kreisschl", "gmdschl", "gemaschl", "flurschl"}
)
_PROTECTED = re.compile(r"^DE(?=\d)")  # put before keys to keep their leading zeros
_PART_OF_NAME = re.compile(r"[^a-z]")


def normalise(table: SourceTable) -> SourceTable:
    """Return a table with the schema's own spelling of type, columns and keys.

    Column names lose capitals, a ``DE`` before a key's digits goes; ``flur`` stays as
    delivered. A table of another schema comes back as it is.
    """
    kind = _KINDS.get(_PART_OF_NAME.sub("", fold_name(table.kind)))
    frame = table.attributes.rename(columns=_columns(table.attributes))
    if kind is None:
        if not _TELLING & set(frame.columns):
            return table
        kind = table.kind
    for key in _KEYS & set(frame.columns):
        frame[key] = frame[key].map(_bare_key, na_action="ignore")
    return replace(table, kind=kind, attributes=frame)


def _columns(frame: pd.DataFrame) -> dict[str, str]:
    """Return the schema's name of each column; a name that is taken already keeps its spelling."""
    names: dict[str, str] = {}
    taken = set(frame.columns)
    for column in frame.columns:
        lower = str(column).lower()
        name = _NAMES.get(lower, lower)
        if name != column and name not in taken:
            names[column] = name
            taken.add(name)
    return names


def _bare_key(cell: object) -> object:
    return _PROTECTED.sub("", cell.strip()) if isinstance(cell, str) else cell
