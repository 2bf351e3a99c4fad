"""What a first delivery leaves behind so that deliveries of changes can follow it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from gis_core.store import TableWriter, Writer
from layers.alkis.deliveries import FIRST, LEDGER, Entry, Part, ledger_rows
from layers.alkis.objects import (
    KEPT,
    NEEDS,
    OBJECTS,
    edge_rows,
    object_rows,
    table_values,
)
from layers.alkis.versions import OBJECT_ID, Version, read_moment
from layers.formats.gml_feature import Values
from layers.source import SourceTable


class Memory:
    """Keeps the objects that pass by on their way into a new generation, and begins its ledger.

    Tables that are no NAS leave nothing behind: where all are such, the generation has neither
    objects nor a ledger, and deliveries of changes are refused.

    Notes
    -----
    About 150 bytes of memory per object, for the ids that have been seen.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._tables: tuple[TableWriter, TableWriter] | None = None
        self._seen: set[str] = set()
        self._latest = ""
        self._counts: Counter[str] = Counter()

    def watch(self, tables: Iterator[SourceTable]) -> Iterator[SourceTable]:
        """Pass tables on and keep what is needed of them."""
        for table in tables:
            if table.kind in KEPT:
                self._note(table)
            yield table

    def _note(self, table: SourceTable) -> None:
        objects: list[tuple[Version, Values]] = []
        for values in table_values(table):
            oid = values.get("gml_id", [""])[0][:OBJECT_ID]
            begins = read_moment(values.get("lebenszeitintervall.beginnt", [""])[0]) or ""
            self._latest = max(self._latest, begins)
            # Of an object in several files the first counts; what has ended is not changed again.
            if oid and oid not in self._seen and not values.get("lebenszeitintervall.endet"):
                self._seen.add(oid)
                objects.append((Version(oid, table.kind, begins), values))
        self._counts[table.file] += len(objects)
        kept, needs = self._open()
        kept.append(object_rows(objects))
        needs.append(edge_rows((v.oid, v.kind, values) for v, values in objects))

    def _open(self) -> tuple[TableWriter, TableWriter]:
        if self._tables is None:
            self._tables = self._writer.table(OBJECTS), self._writer.table(NEEDS)
        return self._tables

    def close(self, parts: Sequence[Part], applied_at: datetime) -> None:
        """Begin the ledger with the files of a first delivery, if it was one."""
        if self._tables is None:
            return
        entries = [
            Entry(
                number=part.head.number,
                # Without a moment of its own a delivery is as new as what is in it.
                time=part.head.time or self._latest,
                kind=FIRST,
                portion=part.head.portion,
                file=part.name,
                sha256=part.sha256,
                insert=self._counts[part.name],
            )
            for part in parts
        ]
        self._writer.table(LEDGER).append(ledger_rows(entries, 0, applied_at))
