"""ALKIS on its way into the layer: NAS objects become rows of the simplified schema."""

import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Self

import numpy as np

from gis_core.keys import AlkisKeys
from layers.alkis import buildings, land_use, owners, parcels, places
from layers.alkis.owners import Owners
from layers.alkis.places import Places
from layers.alkis.simplified import normalise
from layers.alkis.twins import Twins
from layers.municipality import Municipality
from layers.source import SourceCRS, SourceTable

_IN_MEMORY = 64 << 20


def translate(tables: Iterator[SourceTable], municipality: Municipality) -> Iterator[SourceTable]:
    """Turn the tables of one delivery into rows of the layer's collections.

    Parameters
    ----------
    tables
        What a reader yields: object classes of NAS, or types of the simplified schema.
    municipality
        Its district catalogue names the districts that the file itself does not.

    Yields
    ------
    SourceTable
        ``kind`` is a collection of the layer: ``flurstueck``, ``gebaeude_bauwerk``,
        ``nutzung``, ``flurstueck_eigentuemer``. Tables of the simplified schema come
        through with their names evened out; classes without a collection unchanged.

    Notes
    -----
    An address may stand behind the parcel that points to it, so parcels and buildings
    wait for the end of the files, above 64 MB in a temporary file. Of a parcel that two
    cadastral offices deliver the older object is kept.
    """
    keys = municipality.keys
    names = Places(keys.catalogue if isinstance(keys, AlkisKeys) else None)
    holders = Owners()
    twins = Twins()
    with _Waiting() as waiting:
        for table in tables:
            if table.kind in places.KINDS:
                names.note(table)
            elif table.kind in owners.KINDS:
                holders.note(table)
            elif table.kind in _TRANSLATED:
                twins.note(table)
                waiting.put(table)
            else:
                yield normalise(table)
        yield from _joined(map(twins.without, waiting.take()), names, holders)


def _joined(
    waiting: Iterator[SourceTable], names: Places, holders: Owners
) -> Iterator[SourceTable]:
    """Yield the waiting tables, translated; the last one says what could not be joined."""
    last: SourceTable | None = None
    for table in waiting:
        if last is not None:
            yield last
        last = _TRANSLATED[table.kind](table, names)
        if table.kind == parcels.CURRENT and (owned := holders.rows(table)) is not None:
            yield owned
    if last is not None:
        yield replace(last, faults=(*last.faults, *names.faults(last.file)))


_TRANSLATED = (
    dict.fromkeys(parcels.KINDS, parcels.translate_parcels)
    | dict.fromkeys(buildings.KINDS, buildings.translate_buildings)
    | dict.fromkeys(land_use.KINDS, land_use.translate_land_use)
)


class _Waiting:
    """Tables that wait for the end of their file; large ones wait on disk."""

    def __init__(self) -> None:
        self._store = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._count = 0
        self._crs: SourceCRS | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def put(self, table: SourceTable) -> None:
        """Keep a table."""
        self._crs = self._crs or table.crs
        pickle.dump(table, self._store, protocol=pickle.HIGHEST_PROTOCOL)
        self._count += 1

    def take(self) -> Iterator[SourceTable]:
        """Yield the tables in the order in which they came.

        Those without a single geometry get the file's reference system, so that they can
        be stored beside the others: a parcel of the past may have lost its place.
        """
        self._store.seek(0)
        for _ in range(self._count):
            table: SourceTable = pickle.load(self._store)  # noqa: S301 - our own, a moment ago
            place = table.geometry
            if place is None:
                place = np.full(len(table), None, dtype=object)
            yield replace(table, geometry=place, crs=table.crs or self._crs)
