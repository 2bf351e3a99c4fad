"""The parcel dossier: everything on one parcel that one actor may see for one purpose.

`build` gathers it: `looking_up` finds the parcel as it is or was, `facts` are of the parcel
itself, `sections` of the registers; of a former parcel `past` tells the end and `ground` what lies
there today. `model` is the result and its JSON, `words` says it in two languages.
"""

from layers.dossier.build import build_dossier, read_parcel_key
from layers.dossier.looking_up import ended_error
from layers.dossier.model import Dossier, Fact, Link, Neighbour, Row, Section

__all__ = [
    "Dossier",
    "Fact",
    "Link",
    "Neighbour",
    "Row",
    "Section",
    "build_dossier",
    "ended_error",
    "read_parcel_key",
]
