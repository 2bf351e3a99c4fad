"""The NAS objects behind the layer, kept so that changes of some can be told in others.

A parcel's row holds addresses and its owners' rows hold names that are objects of their own. When
such an object changes without the parcel, the parcel's rows are translated again; for that, what
the translation reads of every current object is kept in two sealed tables of the generation:

``nas_objekt``
    By object id: class, begin, end (of objects that deliveries ended) and the values as read.
    Of classes that hold personal data only what `layers.alkis.owners` joins; ended objects keep
    no values.
``nas_bezug``
    Who needs whom to be translated: a parcel its addresses and bookings, an address its street,
    a booking its sheet, a sheet its entries, an entry its person.

Nobody but an import reads them: they belong to no collection.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from gis_core.store import Column, ColumnType, Query, Snapshot, TableSchema
from gis_core.store.schema import FEATURE_ID
from layers.alkis import buildings, land_use, owners, parcels, places
from layers.alkis.versions import OBJECT_ID, Version
from layers.formats.gml_feature import Feature, Values
from layers.formats.nas.classes import read_classes
from layers.source import SourceTable

MAIN = parcels.KINDS | buildings.KINDS | land_use.KINDS
KEPT = (MAIN | places.KINDS | owners.KINDS) - {"AX_GemarkungsteilFlur"}
NAMES = frozenset(
    {"AX_Bundesland", "AX_Regierungsbezirk", "AX_KreisRegion", "AX_Gemeinde", "AX_Gemarkung"}
)
BOOKING = "AX_Buchungsstelle"

OBJECTS = TableSchema(
    "nas_objekt",
    (
        Column("klasse"),
        Column("beginnt"),
        Column("endet"),
        Column("flstkennz", ColumnType.PARCEL_KEY),
        Column("werte"),
    ),
    sealed_rows=True,
    indexed=("klasse",),
    title="NAS-Objekte",
)
NEEDS = TableSchema(
    "nas_bezug",
    (Column("oid"), Column("von"), Column("auf")),
    sealed_rows=True,
    keyed=False,
    indexed=("oid", "von", "auf"),
    title="NAS-Bezüge",
)

_BEGINS, _ENDS = "lebenszeitintervall.beginnt", "lebenszeitintervall.endet"
_KEY = "flurstueckskennzeichen"
_STREET = ("land", "regierungsbezirk", "kreis", "gemeinde")
_MANY = 5_000  # ids asked for at a time

Edge = tuple[str, str]  # who needs, who is needed


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object with what the translation reads of it; the key only of parcels."""

    version: Version
    key: str | None
    values: Values

    @property
    def feature(self) -> Feature:
        """The object as a reader would yield it, without its geometry."""
        return Feature(self.version.kind, self.values)


def kept_values(kind: str, values: Values) -> Values:
    """Return the values that are kept of an object: no more of a person than is joined."""
    shape = read_classes()[kind]
    if shape.bag or shape.columns is None:
        return dict(values)
    return {name: texts for name, texts in values.items() if name in shape.columns}


def table_values(table: SourceTable) -> Iterator[Values]:
    """Yield the values of each row of a reader's table, as `kept_values` does of one object."""
    columns = {str(name): cells.tolist() for name, cells in table.attributes.items()}
    for i in range(len(table)):
        values: Values = {}
        for name, cells in columns.items():
            if texts := _texts(cells[i]):
                values[name] = texts
        if table.more is not None:
            values |= {name: _texts(cell) for name, cell in table.more[i].items()}
        yield values


def object_rows(objects: Iterable[tuple[Version, Values | None]]) -> pd.DataFrame:
    """Return rows of ``nas_objekt``; objects without values have ended."""
    rows = [
        (
            version.oid,
            version.kind,
            version.begins,
            version.ends,
            (values or {}).get(_KEY, [None])[0],
            None if values is None else json.dumps(values, ensure_ascii=False),
        )
        for version, values in objects
    ]
    return pd.DataFrame(
        rows, columns=[FEATURE_ID, *(c.name for c in OBJECTS.columns)], dtype=object
    )


def edge_rows(objects: Iterable[tuple[str, str, Values]]) -> pd.DataFrame:
    """Return rows of ``nas_bezug`` for objects given as id, class, values."""
    rows = [(oid, *edge) for oid, kind, values in objects for edge in edges(oid, kind, values)]
    return pd.DataFrame(rows, columns=[c.name for c in NEEDS.columns], dtype=object)


def edges(oid: str, kind: str, values: Values) -> Iterator[Edge]:
    """Yield who needs whom, as far as one object says it.

    A street stands between addresses and its name as ``lage:KEY``.
    """
    forward: tuple[str, ...] = ()
    backward: tuple[str, ...] = ()
    if kind == parcels.CURRENT:
        forward = ("weistAuf", "zeigtAuf", "istGebucht")
    elif kind in buildings.KINDS:
        forward = ("zeigtAuf", "zeigtAufOhne")
    elif kind == BOOKING:
        forward, backward = ("istBestandteilVon",), ("an",)
    elif kind == "AX_Namensnummer":
        forward, backward = ("benennt",), ("istBestandteilVon",)
    for name in forward:
        yield from ((oid, target[:OBJECT_ID]) for target in values.get(name, ()))
    for name in backward:
        yield from ((target[:OBJECT_ID], oid) for target in values.get(name, ()))
    street = _street(kind, values)
    if street is not None:
        names = kind in {"AX_LagebezeichnungKatalogeintrag", "AX_GeoreferenzierteGebaeudeadresse"}
        yield (street, oid) if names else (oid, street)


def _street(kind: str, values: Values) -> str | None:
    """Return the street that an object names or lies at."""
    if kind == "AX_LagebezeichnungKatalogeintrag":
        parts: list[str | None] = [values.get("schluesselGesamt", [None])[0]]
    elif kind == "AX_GeoreferenzierteGebaeudeadresse":
        parts = [values.get(part, [None])[0] for part in (*_STREET, "strassenschluessel")]
    elif kind in land_use.KINDS or kind.startswith("AX_Lagebezeichnung"):
        prefix = "name" if kind in land_use.KINDS else "lagebezeichnung"
        stated = (f"{prefix}.verschluesselt.{part}" for part in (*_STREET, "lage"))
        parts = [values.get(name, [None])[0] for name in stated]
    else:
        return None
    return "lage:" + "".join(p for p in parts if p) if all(parts) else None


class Objects:
    """The objects of one generation, looked up by id, class and need."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def versions(self, oids: Collection[str]) -> Iterator[Version]:
        """Yield the stored version of each object that is known."""
        columns = ("klasse", "beginnt", "endet")
        for part in _parts(oids):
            frame = self._snapshot.frame(OBJECTS.name, Query(ids=part, columns=columns))
            for oid, kind, begins, ends in frame.itertuples(name=None):
                yield Version(oid, kind, begins, ends if isinstance(ends, str) else None)

    def load(self, oids: Collection[str]) -> Iterator[StoredObject]:
        """Yield objects that have not ended, with their values."""
        for part in _parts(oids):
            yield from self._read(Query(ids=part))

    def of_classes(self, kinds: Collection[str]) -> Iterator[StoredObject]:
        """Yield all objects of some classes that have not ended."""
        yield from self._read(Query(among={"klasse": tuple(kinds)}))

    def with_keys(self, keys: Collection[str]) -> Iterator[StoredObject]:
        """Yield the parcels of some keys that have not ended."""
        for part in _parts(keys):
            yield from self._read(Query(among={"flstkennz": part}))

    def shown(self, collection: str, rows: Collection[str]) -> set[str]:
        """Return those of some row ids that a collection holds."""
        query = Query(ids=tuple(rows), columns=(), geometry=False)
        return set(self._snapshot.frame(collection, query).index) if rows else set()

    def has(self, kind: str) -> bool:
        """Tell whether there is any object of a class."""
        query = Query(equals={"klasse": kind}, columns=("klasse",), limit=1)
        return len(self._snapshot.frame(OBJECTS.name, query)) > 0

    def edges(self, by: str, nodes: Collection[str]) -> Iterator[tuple[str, str, str]]:
        """Yield (stated by, who needs, who is needed) for nodes on the side ``von`` or ``auf``."""
        for part in _parts(nodes):
            frame = self._snapshot.frame(NEEDS.name, Query(among={by: part}))
            yield from frame[["oid", "von", "auf"]].itertuples(index=False, name=None)

    def _read(self, query: Query) -> Iterator[StoredObject]:
        frame = self._snapshot.frame(OBJECTS.name, query)
        for oid, kind, begins, _, key, values in frame.itertuples(name=None):
            if isinstance(values, str):
                known = key if isinstance(key, str) else None
                yield StoredObject(Version(oid, kind, begins), known, json.loads(values))


@dataclass(frozen=True, slots=True)
class Graph:
    """Who needs whom: as stored, except what changed objects said, and what they say now."""

    objects: Objects
    changed: Collection[str]
    now: tuple[Edge, ...]

    def users(self, nodes: Collection[str]) -> set[str]:
        """Return all that need one of the nodes, before or now, directly or not."""
        below: dict[str, set[str]] = {}
        for user, used in self.now:
            below.setdefault(used, set()).add(user)

        def step(front: Collection[str]) -> set[str]:
            found = {user for _, user, _ in self.objects.edges("auf", front)}
            return found.union(*(below.get(node, ()) for node in front))

        return _closure(nodes, step)

    def needed(self, nodes: Collection[str]) -> set[str]:
        """Return all that the nodes need now, directly or not."""
        above: dict[str, set[str]] = {}
        for user, used in self.now:
            above.setdefault(user, set()).add(used)

        def step(front: Collection[str]) -> set[str]:
            stored = self.objects.edges("von", front)
            found = {used for oid, _, used in stored if oid not in self.changed}
            return found.union(*(above.get(node, ()) for node in front))

        return _closure(nodes, step)


def name_of(values: Mapping[str, list[str]]) -> tuple[str | None, str | None]:
    """Return key and name of a catalogue object."""
    return values.get("schluesselGesamt", [None])[0], values.get("bezeichnung", [None])[0]


def _closure(nodes: Collection[str], step: Callable[[Collection[str]], set[str]]) -> set[str]:
    seen: set[str] = set()
    front = set(nodes)
    while front:
        seen |= front
        front = step(front) - seen
    return seen - set(nodes)


def _parts(ids: Collection[str]) -> Iterator[tuple[str, ...]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _MANY):
        yield tuple(ordered[start : start + _MANY])


def _texts(cell: object) -> list[str]:
    if isinstance(cell, list):
        return [str(text) for text in cell]
    return [cell] if isinstance(cell, str) and cell else []
