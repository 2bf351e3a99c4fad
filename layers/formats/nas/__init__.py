"""ALKIS NAS: objects of the GeoInfoDok, versions 6 and 7."""

from layers.formats.nas.reader import read_nas

__all__ = ["read_nas"]
