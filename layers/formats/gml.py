"""Feature collections with flat properties: the AdV simplified schema, any other WFS answer."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from lxml.etree import _Element as Element

from gis_core.faults import Fault, Outcome
from layers.errors import SourceFileError
from layers.formats.chunks import Chunks
from layers.formats.gml_feature import FeatureReader
from layers.formats.xml import XmlFeatures, local_name
from layers.source import SourceTable

_COLLECTIONS = {"FeatureCollection", "SimpleFeatureCollection", "Transaction"}
_ABOUT = {"boundedBy", "description", "identifier", "metaDataProperty", "name"}


def read_gml(source: Path | BinaryIO, file_name: str) -> Iterator[SourceTable]:
    """Read the features of a GML document with flat properties, such as a WFS page.

    Parameters
    ----------
    source
        The file, or its bytes unpacked.
    file_name
        Name to show.

    Yields
    ------
    SourceTable
        ``kind`` is the feature's element (``Flurstueck``), columns are the
        properties' names as delivered, plus ``gml_id``; values are text. At most
        20,000 rows; one reference system. Where the document says that it holds
        only a part, the last table carries a fault that says so.

    Raises
    ------
    SourceFileError
        The file is cut off, malformed, unsafe, a server's refusal, or no
        collection of features.

    Notes
    -----
    Coordinates come out as x (easting, longitude), y; see
    :mod:`layers.formats.srs_name` for how the order is decided.
    """
    with ExitStack() as stack:
        stream = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        yield from _read(XmlFeatures(stream, file_name), file_name)


def _read(document: XmlFeatures, file: str) -> Iterator[SourceTable]:
    root = document.root
    _refuse_other(root, file)
    features = FeatureReader()
    chunks = Chunks(file, {})
    last: SourceTable | None = None
    row = 0
    for element in document:
        name = local_name(element)
        if name == "boundedBy":
            features.note_envelope(element)
        if name in _ABOUT or len(element) == 0:
            continue
        row += 1
        yield from chunks.add(row, features.read(element))
    for table in chunks.rest():
        if last is not None:
            yield last
        last = table
    if last is not None:
        yield replace(last, faults=(*last.faults, *_only_a_part(root, row, file)))


def _refuse_other(root: Element, file: str) -> None:
    """Refuse a document that is neither a collection of features nor a feature."""
    name = local_name(root)
    is_feature = any(str(key).endswith("}id") for key in root.attrib)
    if name in _COLLECTIONS or is_feature:
        return
    raise SourceFileError(
        f"{file}: <{name}> is no collection of features",
        advice="Deliver a WFS answer or another GML feature collection.",
        file=file,
        found=str(root.tag),
        expected="wfs:FeatureCollection",
    )


def _only_a_part(root: Element, found: int, file: str) -> Iterator[Fault]:
    """Yield a note where the collection announces more features than it holds.

    Some servers announce none although they deliver, so only more counts.
    """
    announced = 0
    for key in ("numberMatched", "numberReturned", "numberOfFeatures"):
        number = root.get(key) or ""
        announced = max(announced, int(number) if number.isdigit() else 0)
    if announced > found:
        yield Fault(
            file,
            1,
            "numberMatched",
            f"{found} features",
            f"{announced} features",
            "part-of-collection",
            Outcome.NOTED,
        )
