"""The parcel dossier: everything on one parcel that one actor may see for one purpose."""

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
