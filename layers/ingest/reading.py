"""One source file on its way in: which table goes where, in which reference system."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from gis_core.crs import Operation, plan_operation
from gis_core.errors import UnknownCRSError
from gis_core.window import Window, guess_crs
from layers.errors import SourceFileError
from layers.grids import fingerprints
from layers.ingest.checking import Check, Checked
from layers.ingest.mapping import has_place, map_columns, refuse_missing
from layers.ingest.numbers import Mark
from layers.ingest.positions import MISPLACED, source_positions
from layers.ingest.report import FileReport
from layers.ingest.values import shared_mark
from layers.municipality import Municipality
from layers.source import SourceTable
from layers.spec import CollectionSpec

SLICE = 20_000  # rows checked at a time
_SAMPLE = 1_000  # positions looked at for a better reference system
_MOST = 0.5


@dataclass(slots=True)
class FileReading:
    """What has to be the same for all tables of one file."""

    report: FileReport
    municipality: Municipality
    crs: str | None
    today: str
    _marks: dict[tuple[str, str], Mark] = field(default_factory=dict)
    _operations: dict[str, Operation] = field(default_factory=dict)
    _suggested: bool = False

    @property
    def window(self) -> Window:
        """Where positions can be."""
        return Window(*self.municipality.window)

    def check(self, table: SourceTable, spec: CollectionSpec) -> Iterator[Checked]:
        """Read a table's rows in slices of bounded size.

        Raises
        ------
        SourceFileError
            The column of a required field, or of the coordinates, is missing.
        UnknownCRSError
            Nobody says in which reference system the coordinates are.
        DatumGridMissingError
            The accurate transformation needs a grid that is not installed.
        """
        found = [str(c) for c in table.attributes.columns]
        mapping = map_columns(spec, found)
        part = (table.file, table.kind)  # of an archive every member has columns of its own
        if part not in self._marks:
            refuse_missing(spec, mapping, table.file, found)
        if not self._marks.get(part):  # an earlier slice may have left it open
            fields = {f.name: f for f in spec.fields}
            columns = {name: table.attributes[c] for name, c in mapping.columns.items()}
            self._marks[part] = shared_mark(columns, fields)
        kept_apart = (name for bag in table.more or () for name in bag)
        self._note_unused(spec, (*mapping.unused, *dict.fromkeys(kept_apart)))
        operation = self._operation(table, spec) if has_place(spec) else None
        if operation is None and table.geometry is not None:
            self._note(f"{spec.id} has no place: the positions of {table.kind} are not taken")
        check = Check(
            spec=spec,
            mapping=mapping,
            mark=self._marks[part],
            scheme=self.municipality.keys,
            window=self.window,
            operation=operation,
            today=self.today,
        )
        for piece in _slices(table):
            checked = check(piece)
            self._suggest(checked, operation)
            yield checked

    def _operation(self, table: SourceTable, spec: CollectionSpec) -> Operation:
        """Plan, once per reference system, how the table's coordinates get to the storage CRS."""
        if table.geometry is None:
            raise _no_coordinates(table, spec)
        stated = table.crs.definition if table.crs else None
        definition = self.crs or stated or spec.source.crs
        if definition is None:
            raise self._no_crs(table)
        if definition not in self._operations:
            target = self.municipality.storage_crs
            operation = plan_operation(definition, target, area=self.window.area_of_use(target))
            self._operations[definition] = operation
            self.report.operations.append(operation)
            self.report.grids |= fingerprints(operation.grids)
            if self.crs and stated and self.crs != stated:
                self._note(f"reference system {self.crs} as ordered; the file states {stated}")
            elif not (self.crs or stated):
                self._note(f"reference system {definition} from the layer; the file states none")
        return self._operations[definition]

    def _no_crs(self, table: SourceTable) -> UnknownCRSError:
        guesses = self._guess(table, None)
        hint = f" The positions would lie inside as {guesses}." if guesses else ""
        return UnknownCRSError(
            f"{table.file}: no reference system is stated for the coordinates.{hint}",
            advice="State it with --crs EPSG:…, or as `crs` under [collection.source] in "
            "the layer's layer.toml; it is never guessed.",
            file=table.file,
            found="none",
            expected="a reference system",
        )

    def _guess(self, table: SourceTable, used: Operation | None) -> str:
        """Name the reference systems that would put most positions into the window."""
        if table.geometry is None:
            return ""
        x, y = source_positions(table.geometry[:_SAMPLE])
        there = np.isfinite(x) & np.isfinite(y)
        target = self.municipality.storage_crs
        guesses = guess_crs(x[there], y[there], self.window, target) if there.any() else ()
        likely = [
            g.definition + (" with x and y changed over" if g.swapped else "")
            for g in guesses
            if g.share > _MOST and (g.swapped or used is None or g.definition != used.source)
        ]
        return " or ".join(likely[:3])

    def _suggest(self, checked: Checked, operation: Operation | None) -> None:
        """Say once that a whole file seems to be in another reference system."""
        codes = set(MISPLACED.values())
        wrong = sum(fault.code in codes for _, fault in checked.faults)
        if operation is None or wrong <= _MOST * len(checked.table) or self._suggested:
            return
        self._suggested = True
        guesses = self._guess(checked.table, operation)
        remedy = f"; they would lie inside as {guesses}" if guesses else ""
        self._note(
            f"{wrong:,} of {len(checked.table):,} positions lie outside "
            f"{self.municipality.name} as {operation.source}{remedy}"
        )

    def _note_unused(self, spec: CollectionSpec, unused: tuple[str, ...]) -> None:
        known = self.report.unused.get(spec.id, ())
        self.report.unused[spec.id] = tuple(dict.fromkeys((*known, *unused)))

    def _note(self, text: str) -> None:
        if text not in self.report.notes:
            self.report.notes.append(text)


def _no_coordinates(table: SourceTable, spec: CollectionSpec) -> SourceFileError:
    found = ", ".join(map(str, table.attributes.columns))
    names = ", ".join((*spec.source.x, *spec.source.y)) or "none are configured"
    return SourceFileError(
        f"{table.file}: {spec.id} needs positions, and no column holds coordinates; "
        f"found the columns {found}; accepted are {names}",
        advice="Add the columns' names as `x` and `y` under [collection.source] in the "
        "layer's layer.toml.",
        file=table.file,
        found=found,
        expected=names,
    )


def _slices(table: SourceTable) -> Iterator[SourceTable]:
    """Cut a large table, so that memory is bounded by the slice."""
    for start in range(0, len(table), SLICE):
        cut = slice(start, start + SLICE)
        yield SourceTable(
            file=table.file,
            kind=table.kind,
            rows=table.rows[cut],
            attributes=table.attributes.iloc[cut],
            geometry=None if table.geometry is None else table.geometry[cut],
            crs=table.crs,
            more=None if table.more is None else table.more[cut],
            part=table.part,
        )
