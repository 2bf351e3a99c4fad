"""The parcel dossier: everything on one parcel that one actor may see for one purpose.

`build` gathers it: `facts` of the parcel itself, `sections` of the registers. `model` is the
result and its JSON, `words` says it in two languages.
"""

from layers.dossier.build import build_dossier, read_parcel_key
from layers.dossier.model import Dossier, Fact, Link, Neighbour, Row, Section

__all__ = [
    "Dossier",
    "Fact",
    "Link",
    "Neighbour",
    "Row",
    "Section",
    "build_dossier",
    "read_parcel_key",
]
