"""From checked rows to the tables of a generation: ids, duplicates, what has ended, counts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import compress

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_core.faults import Fault, Outcome
from gis_core.store.amended_table import TableAmendment
from gis_core.store.schema import FEATURE_ID, ColumnType, TableSchema
from gis_core.store.tables import TableWriter
from layers.ingest.checking import Checked
from layers.ingest.identity import Register, content_hashes
from layers.ingest.report import Counts
from layers.schema import UNMAPPED_TEXT, table_schemas, unmapped_schema
from layers.spec import CollectionSpec, Join

DATA_DATE = "aktualit"  # the simplified schema's own name for the date of the data


OpenTable = Callable[[TableSchema], TableWriter | TableAmendment]
Listener = Callable[[Checked, NDArray[np.intp]], None]


@dataclass(slots=True)
class _Table:
    """One table of the collection on its way into the store."""

    schema: TableSchema
    identity: tuple[str, ...]
    register: Register
    writer: TableWriter | TableAmendment | None


@dataclass(slots=True)
class Intake:
    """Takes the rows of one collection, from all files of an import."""

    spec: CollectionSpec
    tables: list[_Table]
    open_table: OpenTable | None
    latest: str = ""  # the newest date of the data seen so far
    listener: Listener | None = None  # hears of the rows that are stored as current
    _keys: set[str] = field(default_factory=set)
    _unmapped: TableWriter | TableAmendment | None = None

    @classmethod
    def begin(
        cls, spec: CollectionSpec, crs: int, open_table: OpenTable | None, *, numbers: str = ""
    ) -> "Intake":
        """Open the collection's tables.

        Parameters
        ----------
        open_table
            None (dry run): rows are only counted.
        numbers
            What running numbers begin with, where other imports have given numbers before.
        """
        begins = (spec.source.begins_at,) if spec.source.begins_at else ()
        tables = [
            _Table(
                schema,
                # Of what has ended there may be several versions.
                (*spec.identity, *begins) if i and spec.identity else spec.identity,
                Register(bool(spec.identity), numbers),
                open_table(schema) if open_table else None,
            )
            for i, schema in enumerate(table_schemas(spec, crs))
        ]
        return cls(spec, tables, open_table)

    def take(self, checked: Checked) -> Counts:
        """Name the usable rows, drop repetitions, store the rest; return what became of all.

        Faults found on the way are added to ``checked``.
        """
        usable = ~checked.refused
        content = self._content(checked)
        duplicates = 0
        groups = (usable & ~checked.ended, usable & checked.ended)[: len(self.tables)]
        for table, group in zip(self.tables, groups, strict=True):
            rows = np.flatnonzero(group)
            if len(rows):
                duplicates += self._store(table, checked, rows, content)
        self._note_date(checked, usable)
        return Counts(
            read=len(usable),
            accepted=int((usable & ~checked.repaired).sum()),
            repaired=int((usable & checked.repaired).sum()),
            quarantined=int(checked.refused.sum()),
            duplicates=duplicates,
            ended=int((usable & checked.ended).sum()),
        )

    def _content(self, checked: Checked) -> list[int]:
        columns = [values.tolist() for values in checked.columns.values()]
        if checked.geometry is not None:
            columns.append(shapely.to_wkb(checked.geometry).tolist())
        return content_hashes(columns, len(checked.refused))

    def _store(
        self, table: _Table, checked: Checked, rows: NDArray[np.intp], content: list[int]
    ) -> int:
        """Store the rows of one table; return how many repeat earlier ones."""
        identity = [checked.columns[name][rows].tolist() for name in table.identity]
        named = table.register.name(identity, [content[row] for row in rows.tolist()])
        shown = "+".join(table.identity) or "row"
        for flags, code, out in (
            (named.repeats, "duplicate-row", Outcome.REPAIRED),
            (named.clashes, "duplicate-identity", Outcome.NOTED),
            (named.nameless, "identity-missing", Outcome.NOTED),
        ):
            for row, new in zip(rows[flags].tolist(), named.ids[flags], strict=True):
                checked.blame(row, shown, str(new), "an identifier of its own", code, out)
        kept, ids = rows[~named.repeats], named.ids[~named.repeats]
        if table is self.tables[0]:
            self._note_keys(checked, kept)
            self._store_unmapped(ids, checked.unmapped[kept])
            if self.listener is not None:
                self.listener(checked, kept)
        if table.writer is not None and len(kept):
            geometry = None if checked.geometry is None else checked.geometry[kept]
            frame = stored_rows(table.schema, checked, kept)
            frame[FEATURE_ID] = ids
            table.writer.append(frame, geometry)
        return int(named.repeats.sum())

    def _store_unmapped(self, ids: NDArray[np.object_], texts: NDArray[np.object_]) -> None:
        """Store what no field takes; there is no table for it where there is nothing."""
        some = np.array([text is not None for text in texts], dtype=bool)
        if self.open_table is None or not some.any():
            return
        if self._unmapped is None:
            self._unmapped = self.open_table(unmapped_schema(self.spec))
        self._unmapped.append(pd.DataFrame({FEATURE_ID: ids[some], UNMAPPED_TEXT: texts[some]}))

    def _note_keys(self, checked: Checked, rows: NDArray[np.intp]) -> None:
        """Note parcels whose key another current parcel has."""
        name = self.spec.relation.key
        if self.spec.relation.by is not Join.SELF or name is None:
            return
        for row, key in zip(rows.tolist(), checked.columns[name][rows], strict=True):
            if key in self._keys:
                expected = "a key that no other current parcel has"
                checked.blame(row, name, key, expected, "duplicate-parcel-key", Outcome.NOTED)
            elif key is not None:
                self._keys.add(key)

    def _note_date(self, checked: Checked, usable: NDArray[np.bool_]) -> None:
        if DATA_DATE in checked.columns:
            dates = filter(None, compress(checked.columns[DATA_DATE], usable))
            self.latest = max(self.latest, max(dates, default=""))


def reader_counts(faults: tuple[Fault, ...]) -> Counts:
    """Count the rows that a format reader could not decode."""
    lost = len({(f.file, f.row) for f in faults if f.outcome is Outcome.QUARANTINED})
    return Counts(read=lost, quarantined=lost)


def stored_rows(schema: TableSchema, checked: Checked, rows: NDArray[np.intp]) -> pd.DataFrame:
    """Return checked rows with the columns of a table."""
    columns: dict[str, object] = {}
    for column in schema.columns:
        values = checked.columns[column.name][rows]
        # Through floats, integers above 2**53 would change.
        is_integer = column.type is ColumnType.INTEGER
        columns[column.name] = pd.array(values.tolist(), dtype="Int64") if is_integer else values
    return pd.DataFrame(columns)
