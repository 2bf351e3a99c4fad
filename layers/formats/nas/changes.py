"""Deliveries of changes (NBA): what is inserted, replaced, deleted and updated, in document order.

Source of the form: the NAS schema of GeoInfoDok 6 (``wfsext:Replace``, ``ogc:FeatureId``) and 7
(``wfs:Replace``, ``fes:ResourceId``), as the comment at the head of GDAL's NAS reader shows both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lxml.etree import _Element as Element

from layers.errors import SourceFileError
from layers.formats.gml_feature import Feature, FeatureReader
from layers.formats.nas.reader import is_object, note_facts, refuse_foreign
from layers.formats.xml import XmlFeatures, local_name

_OBJECT_URN = "urn:adv:oid:"
_TARGETS = ("{*}ResourceId", "{*}FeatureId")
_ENDS = "endet"
_REASON = "anlass"


class Operation(StrEnum):
    """What a delivery does to an object."""

    INSERT = "insert"
    REPLACE = "replace"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Change:
    """One operation on one object.

    Attributes
    ----------
    file, row
        Name of the file and the ordinal of the operation in it.
    kind
        Object class.
    feature
        The new version, of inserts and replacements.
    target
        What is replaced, deleted or updated: 16 characters name an object, 32 a version of it.
    ends, reasons
        Of updates: the end (Endet) and why (Anlass).
    safe_to_ignore
        Of replacements: one of an object by itself may be left out.
    """

    operation: Operation
    file: str
    row: int
    kind: str
    feature: Feature | None = None
    target: str = ""
    ends: str | None = None
    reasons: tuple[str, ...] = ()
    safe_to_ignore: bool = True


def read_changes(path: Path, file: str) -> Iterator[Change]:
    """Yield the operations of one file of a delivery.

    Raises
    ------
    SourceFileError
        The file is cut off, malformed or unsafe, or an operation in it says not to what, or
        something that is not understood; the error names file and operation.

    Notes
    -----
    Memory holds one operation at a time. An update may set the end and reasons, as the
    standard has it; one that sets anything else is refused, since ignoring it would be a loss.
    """
    with path.open("rb") as stream:
        features = FeatureReader(main=("position",))
        row = 0
        for element in XmlFeatures(stream, file):
            name = local_name(element)
            if is_object(name):
                row += 1
                yield _insertion(element, row, file, features)
            elif name in {"Replace", "Delete", "Update"}:
                row += 1
                yield from _operation(element, row, file, features)
            else:
                note_facts(element, name, features)


def _insertion(element: Element, row: int, file: str, features: FeatureReader) -> Change:
    refuse_foreign(element, file)
    feature = features.read(element)
    return Change(Operation.INSERT, file, row, feature.kind, feature)


def _operation(element: Element, row: int, file: str, features: FeatureReader) -> Iterator[Change]:
    operation = Operation(local_name(element).lower())
    targets = [_target(part) for part in element.iter(*_TARGETS)]
    if not targets or not all(targets):
        raise _error(file, row, operation, "no object id", "fes:ResourceId or ogc:FeatureId")
    if operation is Operation.REPLACE:
        inner = next((child for child in element if is_object(local_name(child))), None)
        if inner is None or len(targets) > 1:
            found = "no object" if inner is None else f"{len(targets)} object ids"
            raise _error(file, row, operation, found, "one object and what it replaces")
        refuse_foreign(inner, file)
        feature = features.read(inner)
        safe = element.get("safeToIgnore", "true").strip() != "false"
        yield Change(operation, file, row, feature.kind, feature, targets[0], safe_to_ignore=safe)
        return
    kind = (element.get("typeName") or element.get("typeNames") or "").rpartition(":")[2]
    ends, reasons = _properties(element, row, file) if operation is Operation.UPDATE else (None, ())
    for target in targets:
        yield Change(operation, file, row, kind, target=target, ends=ends, reasons=reasons)


def _target(part: Element) -> str:
    return (part.get("rid") or part.get("fid") or "").strip().removeprefix(_OBJECT_URN)


def _properties(element: Element, row: int, file: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the end and the reasons that an update sets."""
    ends: str | None = None
    reasons: list[str] = []
    for part in element.iter("{*}Property"):
        paths = [(e.text or "").strip() for e in part.iter("{*}Name", "{*}ValueReference")]
        values = [_text(e) for e in part.iter("{*}Value")]
        name = paths[0].rpartition("/")[2].rpartition(":")[2] if paths else ""
        value = values[0] if values else ""
        if name == _ENDS:
            ends = value or None
        elif name == _REASON:
            reasons += [value] if value else []
        else:
            raise _error(
                file, row, Operation.UPDATE, paths[0] if paths else "nothing", "endet or anlass"
            )
    return ends, tuple(reasons)


def _text(element: Element) -> str:
    """Return a value: its text, or the last part of the code that it links to."""
    linked = next((str(v) for k, v in element.attrib.items() if str(k).endswith("}href")), "")
    return "".join(map(str, element.itertext())).strip() or linked.rpartition("/")[2]


def _error(file: str, row: int, operation: Operation, found: str, expected: str) -> SourceFileError:
    return SourceFileError(
        f"{file}, operation {row} ({operation}): found {found}, expected {expected}",
        advice="Ask the cadastral office to deliver the file again, in NAS of GeoInfoDok 6 or 7.",
        file=file,
        row=row,
        found=found,
        expected=expected,
    )
