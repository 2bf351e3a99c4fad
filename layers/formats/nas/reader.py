"""A streaming reader for NAS files: extracts, WFS answers and single objects."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from lxml.etree import _Element as Element

from gis_core.faults import Fault, Outcome
from layers.errors import SourceFileError
from layers.formats.chunks import Chunks
from layers.formats.gml_feature import FeatureReader
from layers.formats.nas.classes import read_classes
from layers.formats.xml import XmlFeatures, local_name
from layers.source import SourceTable

_NAMESPACE = "adv-online.de/namespaces/adv/gid"
_CHANGES = {"Replace", "Update", "Delete"}
_WHAT_TO_DO = "Ask the cadastral office for a full extract (Bestandsdatenauszug) in NAS."


def read_nas(source: Path | BinaryIO, file_name: str) -> Iterator[SourceTable]:
    """Read the objects of a NAS file.

    Classes and properties are recognised by their local names, so GeoInfoDok 6
    and 7 read alike. A code is its value, whether it stands as text or as a link
    into the code registry; a relation is a list of object ids.

    Parameters
    ----------
    source
        The file, or its bytes unpacked.
    file_name
        Name to show.

    Yields
    ------
    SourceTable
        ``kind`` is the class (``AX_Flurstueck``), columns are dotted paths
        (``gemarkung.gemarkungsnummer``) with values as text, ``rows`` the ordinal
        of the object in the file. At most 20,000 rows; one reference system.
        The objects of a class that is not read make one table without columns, and a
        fault that says so.

    Raises
    ------
    SourceFileError
        The file is cut off, malformed, unsafe, a server's refusal, no NAS, or a
        delivery of changes, which makes no sense without what it changes.

    Notes
    -----
    Memory holds the tables being filled, 50,000 rows at most. About 10 MB of XML
    per second of processor time for parcels, more where classes are skipped.
    """
    with ExitStack() as stack:
        stream = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        yield from _read(XmlFeatures(stream, file_name), file_name)


def _read(document: XmlFeatures, file: str) -> Iterator[SourceTable]:
    refuse_foreign(document.root, file)
    classes = read_classes()
    chunks = Chunks(file, classes)
    features = FeatureReader(main=("position",))
    skipped = _Skipped()
    row = 0
    for element in document:
        name = local_name(element)
        if not is_object(name):
            if name in _CHANGES:
                raise _no_extract(name, file)
            note_facts(element, name, features)
            continue
        refuse_foreign(element, file)
        row += 1
        if name in classes:
            yield from chunks.add(row, features.read(element))
        else:
            skipped.add(name, row)
    yield from chunks.rest()
    yield from skipped.tables(file)


def is_object(name: str) -> bool:
    """Tell whether an element of that name is an object of the GeoInfoDok."""
    return name.startswith(("AX_", "AP_", "AA_"))


def _no_extract(name: str, file: str) -> SourceFileError:
    return SourceFileError(
        f"{file} is a delivery of changes (NBA with wfs:{name}), not a full extract",
        advice=_WHAT_TO_DO,
        file=file,
        found=name,
        expected="objects in featureMember or Insert",
    )


def note_facts(element: Element, name: str, features: FeatureReader) -> None:
    """Take what the document says of its reference system."""
    if name == "boundedBy":
        features.note_envelope(element)
    elif name == "koordinatenangaben":
        stated = "".join(part.text or "" for part in element.iter("{*}standard")).strip()
        if stated != "false":
            for crs in element.iter("{*}crs"):
                for key, value in crs.attrib.items():
                    if str(key).endswith("}href"):
                        features.note_crs(str(value))


def refuse_foreign(element: Element, file: str) -> None:
    """Refuse objects that bear a class name but belong to no GeoInfoDok namespace."""
    name = local_name(element)
    namespace = str(element.tag).rpartition("}")[0].lstrip("{")
    if name.startswith("AX_") and _NAMESPACE not in namespace:
        raise SourceFileError(
            f"{file}: {name} is in the namespace {namespace or '(none)'}",
            advice=_WHAT_TO_DO,
            file=file,
            found=namespace or "none",
            expected="http://www.adv-online.de/namespaces/adv/gid/6.0 or …/7.1",
        )


@dataclass(slots=True)
class _Skipped:
    """Objects of classes that are not read: where they stand, and no more."""

    rows: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, row: int) -> None:
        self.rows[name].append(row)

    def tables(self, file: str) -> Iterator[SourceTable]:
        for name, rows in self.rows.items():
            fault = Fault(
                file,
                rows[0],
                name,
                f"{len(rows)} objects",
                "a class that is read",
                "class-skipped",
                Outcome.NOTED,
            )
            bare = pd.DataFrame(index=range(len(rows)))
            yield SourceTable(file, name, np.array(rows, dtype=np.int64), bare, faults=(fault,))
