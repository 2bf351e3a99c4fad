"""One run of source rows, checked and made ready for the store."""

from dataclasses import dataclass, field

import numpy as np
import orjson
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_core.crs import Operation
from gis_core.faults import Fault, Outcome
from gis_core.keys import KeyScheme
from gis_core.window import Window
from layers.ingest.mapping import Mapping
from layers.ingest.numbers import Mark
from layers.ingest.parcel_keys import read_key_column
from layers.ingest.positions import Placed, place
from layers.ingest.unmapped import LIMIT, is_cut, unmapped_texts
from layers.ingest.values import as_written, expectation, read_column
from layers.source import SourceTable
from layers.spec import AS_FILED, CollectionSpec, FieldSpec, FieldType, Join


@dataclass(slots=True)
class Checked:
    """Rows of one `SourceTable` after reading every value; not yet named.

    Attributes
    ----------
    columns
        (n,) object by store column.
    geometry
        (n,) object in the storage CRS, None for collections without a place.
    refused, repaired, ended
        (n,) bool: the row goes to the quarantine; it was changed; what it describes has ended.
    unmapped
        (n,) object: what no field takes, as JSON text or None.
    faults
        Every fault with the position of its row in the table.
    """

    table: SourceTable
    columns: dict[str, NDArray[np.object_]]
    geometry: NDArray[np.object_] | None
    refused: NDArray[np.bool_]
    repaired: NDArray[np.bool_]
    ended: NDArray[np.bool_]
    unmapped: NDArray[np.object_]
    faults: list[tuple[int, Fault]] = field(default_factory=list)

    def blame(
        self, row: int, name: str, found: str, expected: str, code: str, out: Outcome
    ) -> None:
        """Record a fault and what it does to the row."""
        source_row = int(self.table.rows[row])
        self.faults.append(
            (row, Fault(self.table.file, source_row, name, found, expected, code, out))
        )
        if out is Outcome.QUARANTINED:
            self.refused[row] = True
        elif out is Outcome.REPAIRED:
            self.repaired[row] = True

    def source_row(self, row: int) -> str:
        """Return everything the file says about a row as JSON, so that nothing is lost."""
        attributes = self.table.attributes
        values: dict[str, object] = {
            str(name): as_written(value)
            for name, value in zip(attributes.columns, attributes.iloc[row], strict=True)
        }
        if self.table.geometry is not None and self.table.geometry[row] is not None:
            values["geometry"] = shapely.to_wkt(self.table.geometry[row], rounding_precision=-1)
        if self.table.more is not None and self.table.more[row]:
            values["more"] = self.table.more[row]
        return orjson.dumps(values, default=str).decode()


@dataclass(frozen=True, slots=True)
class Check:
    """How the rows of one collection from one file are read."""

    spec: CollectionSpec
    mapping: Mapping
    mark: Mark
    scheme: KeyScheme
    window: Window
    operation: Operation | None
    today: str

    def __call__(self, table: SourceTable) -> Checked:
        """Read all values and positions of a table."""
        refused, repaired, ended = (np.zeros(len(table), dtype=bool) for _ in range(3))
        unmapped = unmapped_texts(table, self.mapping.unused)
        checked = Checked(table, {}, None, refused, repaired, ended, unmapped)
        for spec in self.spec.fields:
            column = self.mapping.columns.get(spec.name)
            source = table.attributes.get(column) if column else None
            if spec.type is FieldType.PARCEL_KEY:
                self._key(checked, spec, source, column or spec.name)
            else:
                self._value(checked, spec, source, column or spec.name)
        if self.spec.source.ends_after:
            ends = checked.columns[self.spec.source.ends_after]
            checked.ended[:] = [end is not None and str(end) < self.today for end in ends]
        if self.operation is not None and table.geometry is not None:
            self._place(
                checked, place(table.geometry, self.operation, self.window, self.spec.geometry)
            )
        self._note_cuts(checked)
        return checked

    def _note_cuts(self, checked: Checked) -> None:
        for row in np.flatnonzero([is_cut(text) for text in checked.unmapped]).tolist():
            size, expected = f"more than {LIMIT:,} bytes", f"at most {LIMIT:,} bytes"
            checked.blame(row, "", size, expected, "unmapped-cut", Outcome.NOTED)

    def _value(
        self, checked: Checked, spec: FieldSpec, source: pd.Series | None, shown: str
    ) -> None:
        if source is None:
            checked.columns[spec.name] = np.full(len(checked.table), None, dtype=object)
            problem = np.full(len(checked.table), "", dtype=object)
        else:
            column = read_column(source, spec, self.mark)
            checked.columns[spec.name], problem = column.typed, column.problem
        out = Outcome.QUARANTINED if spec.required else Outcome.REPAIRED
        expected = expectation(spec)
        for row in np.flatnonzero(problem != "").tolist():
            found = as_written(source.iloc[row]) if source is not None else None
            impossible = spec.refuse_beyond and problem[row] == "out-of-range"
            cost = Outcome.QUARANTINED if impossible else out
            checked.blame(row, shown, found or "", expected, problem[row], cost)
        if spec.required:
            missing = np.array([v is None for v in checked.columns[spec.name]], dtype=bool)
            for row in np.flatnonzero(missing & (problem == "")).tolist():
                checked.blame(row, shown, "", expected, "required-missing", out)

    def _key(self, checked: Checked, spec: FieldSpec, source: pd.Series | None, shown: str) -> None:
        """Read parcel keys: only parcels themselves are refused for an unreadable one."""
        if source is None:
            source = pd.Series([None] * len(checked.table), dtype=object)
        cells = read_key_column(source, spec, self.scheme)
        checked.columns |= cells.columns
        own = self.spec.relation.by is Join.SELF and spec.name == self.spec.relation.key
        out = Outcome.QUARANTINED if own else Outcome.NOTED
        filed = cells.columns[spec.name + AS_FILED]
        for row in np.flatnonzero(cells.problem != "").tolist():
            code = f"key-{cells.problem[row]}"
            checked.blame(row, shown, filed[row], cells.message[row], code, out)
        absent = np.array([k is None for k in cells.columns[spec.name]], dtype=bool)
        absent &= cells.problem == ""
        if spec.required or spec.name == self.spec.relation.key:
            out = Outcome.QUARANTINED if spec.required else Outcome.NOTED
            for row in np.flatnonzero(absent).tolist():
                checked.blame(row, shown, "", expectation(spec), "key-missing", out)

    def _place(self, checked: Checked, placed: Placed) -> None:
        """Take over geometry that was placed, and the faults found on the way."""
        checked.geometry = placed.geometry
        expected = self._expected_place()
        for row in np.flatnonzero(placed.problem != "").tolist():
            code, found = placed.problem[row], placed.found[row]
            if code == "geometry-missing" and checked.ended[row]:
                continue  # what has ended may have lost its place, not its key
            checked.blame(row, "geometry", found, expected, code, Outcome.QUARANTINED)
        for row in np.flatnonzero(placed.repaired != "").tolist():
            code, found = placed.repaired[row], placed.found[row]
            checked.blame(row, "geometry", found, "valid geometry", code, Outcome.REPAIRED)

    def _expected_place(self) -> str:
        w = self.window
        return (
            f"a {self.spec.geometry.value} with easting {w.xmin:,.0f} to {w.xmax:,.0f}, "
            f"northing {w.ymin:,.0f} to {w.ymax:,.0f}"
        )
