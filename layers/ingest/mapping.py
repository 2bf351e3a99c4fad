"""Which source column holds which field, and which table belongs to which collection."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from layers.column_names import fold_column
from layers.errors import SourceFileError
from layers.spec import CollectionSpec, FieldSpec, GeometryKind


@dataclass(frozen=True, slots=True)
class Mapping:
    """Where a table keeps the fields of a collection.

    Attributes
    ----------
    columns
        Source column by field name.
    unused
        Source columns that no field claims; they are reported, not lost in silence.
    missing
        Required fields that no column holds.
    """

    columns: dict[str, str]
    unused: tuple[str, ...]
    missing: tuple[FieldSpec, ...]


def map_columns(collection: CollectionSpec, found: Sequence[str]) -> Mapping:
    """Find the column of each field: its own name first, then ``source`` in the stated order.

    A column whose name *is* a field's name is left to that field; otherwise one column
    may serve several fields.
    """
    by_name: dict[str, str] = {}
    for column in found:
        by_name.setdefault(fold_column(column), column)
    own = {fold_column(field.name) for field in collection.fields}
    columns: dict[str, str] = {}
    for field in collection.fields:
        for spelling in (field.name, *field.source):
            folded = fold_column(spelling)
            claimed = spelling != field.name and folded in own - {fold_column(field.name)}
            if folded in by_name and not claimed:
                columns[field.name] = by_name[folded]
                break
    position = {fold_column(n) for n in (*collection.source.x, *collection.source.y)}
    used = set(columns.values())
    unused = tuple(c for c in found if c not in used and fold_column(c) not in position)
    missing = tuple(f for f in collection.fields if f.required and f.name not in columns)
    return Mapping(columns, unused, missing)


def refuse_missing(
    collection: CollectionSpec, mapping: Mapping, file: str, found: Sequence[str]
) -> None:
    """Refuse a file that lacks the column of a required field.

    Raises
    ------
    SourceFileError
        Naming the field, the columns found and the names that would be accepted.
    """
    if not mapping.missing:
        return
    field = mapping.missing[0]
    accepted = ", ".join((field.name, *field.source))
    shown = ", ".join(found) or "none"
    raise SourceFileError(
        f"{file}: no column holds {field.title.get('en', field.name)!r}, which "
        f"{collection.id} needs; found the columns {shown}; accepted are {accepted}",
        advice=f"Rename the column, or add its name to `source` of {collection.id}.{field.name} "
        "in the layer's layer.toml.",
        file=file,
        field=field.name,
        found=shown,
        expected=accepted,
    )


def route(kind: str, collections: Sequence[CollectionSpec]) -> CollectionSpec | None:
    """Choose the collection that a table of some kind belongs to.

    ``source.kinds`` are shell patterns, compared with case; ``!pattern`` excludes. The
    pattern with the most literal characters wins, so that a catch-all never takes what
    another collection names; among equals the first. No pattern at all takes everything.

    Returns
    -------
    The collection, or None when the table is not of this layer.
    """
    best, best_length = None, -1
    for collection in collections:
        length = _match_length(kind, collection.source.kinds)
        if length > best_length:
            best, best_length = collection, length
    return best


def has_place(collection: CollectionSpec) -> bool:
    """Tell whether the collection's rows have a geometry."""
    return collection.geometry is not GeometryKind.NONE


def _match_length(kind: str, patterns: Sequence[str]) -> int:
    """Return the literal characters of the best matching pattern, -1 when none matches."""
    if any(fnmatchcase(kind, p[1:]) for p in patterns if p.startswith("!")):
        return -1
    wanted = [p for p in patterns if not p.startswith("!")]
    if not wanted:
        return 0
    return max((len(re.sub(r"[*?]", "", p)) for p in wanted if fnmatchcase(kind, p)), default=-1)
