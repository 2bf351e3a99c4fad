"""ALKIS NAS: objects of the GeoInfoDok, versions 6 and 7, and deliveries that change them."""

from layers.formats.nas.changes import Change, Operation, read_changes
from layers.formats.nas.reader import read_nas

__all__ = ["Change", "Operation", "read_changes", "read_nas"]
