"""Any file in, tables out: unpack, look at the content, hand over to the reader for it."""

from collections.abc import Iterator
from pathlib import Path

from layers.formats.archive import Limits, SourceFile, unpacked
from layers.formats.detect import Format, detect
from layers.formats.gml import read_gml
from layers.formats.gpx import read_gpx
from layers.formats.hints import Hints
from layers.formats.nas import read_nas
from layers.formats.table import read_table
from layers.formats.vector import read_vector
from layers.formats.xml import XmlFeatures
from layers.source import SourceTable


def read_tables(
    path: Path, hints: Hints | None = None, *, limits: Limits | None = None
) -> Iterator[SourceTable]:
    """Read a file of any supported format, plain or packed, as tables.

    Parameters
    ----------
    path
        NAS, simplified schema, other GML, GPX, GeoPackage, Shapefile, FlatGeobuf, GeoJSON,
        TopoJSON, OpenStreetMap PBF or CSV; also in .gz or .zip. The content decides what
        it is, not the name.
    hints
        What is known about the file from elsewhere.
    limits
        How far an archive may swell.

    Yields
    ------
    SourceTable
        Nothing renamed, nothing transformed, nothing dropped. Unpacked files are gone
        when the iterator ends or is closed.

    Raises
    ------
    SourceFileError
        The file cannot be read; the error says what was found and what to do.
    """
    with unpacked(path, limits) as files:
        for file in files:
            yield from _read(file, hints or Hints())


def _read(file: SourceFile, hints: Hints) -> Iterator[SourceTable]:
    match detect(file):
        case Format.NAS:
            return read_nas(file.path, file.name)
        case Format.SIMPLIFIED | Format.GML:
            return read_gml(file.path, file.name)
        case Format.EXCEPTION:
            return _refuse(file)
        case Format.GPX:
            return read_gpx(file)
        case Format.TABLE:
            return iter((read_table(file, hints),))
        case kind:
            return read_vector(file, kind, hints)


def _refuse(file: SourceFile) -> Iterator[SourceTable]:
    """Raise what the server said: nothing but its refusal is in the file."""
    with file.path.open("rb") as stream:
        for _ in XmlFeatures(stream, file.name):
            yield from ()
