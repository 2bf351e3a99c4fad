"""One import in progress: tables in, rows stored, every one of them accounted for."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from gis_core.faults import Fault, Outcome
from gis_core.store.generation import Writer
from gis_core.store.store import Store
from layers.alkis.memory import Memory
from layers.errors import NothingUsableError
from layers.formats.hints import Hints
from layers.formats.reader import read_tables
from layers.ingest.advice import advice
from layers.ingest.files import describe_file
from layers.ingest.intake import Intake, OpenTable, reader_counts
from layers.ingest.mapping import route
from layers.ingest.reading import FileReading
from layers.ingest.report import ChangeReport, Counts, FaultLog, FileReport, IngestReport
from layers.ingest.translators import find_translator
from layers.municipality import Municipality
from layers.progress import Progress
from layers.registry import Registry
from layers.source import SourceTable
from layers.spec import LayerSpec


@dataclass(slots=True)
class Job:
    """One import in progress: its files, what became of their rows, what is to be said."""

    registry: Registry
    municipality: Municipality
    layer: LayerSpec
    crs: str | None
    progress: Progress
    writer: Writer | None = None
    memory: Memory | None = None
    intakes: dict[str, Intake] = field(default_factory=dict)
    files: list[FileReport] = field(default_factory=list)
    faults: FaultLog = field(default_factory=FaultLog)
    notes: list[str] = field(default_factory=list)
    made: dict[str, int] = field(default_factory=dict)  # rows by collection that no file holds
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _clock: float = field(default_factory=time.monotonic)

    def begin(
        self, writer: Writer | None, open_table: OpenTable | None = None, numbers: str = ""
    ) -> None:
        """Open the tables of every collection, so that each exists even when it stays empty.

        Parameters
        ----------
        open_table
            Where the tables come from; without it they are new.
        """
        self.writer = writer
        if writer is not None and open_table is None:
            open_table = writer.table
        for spec in self.layer.collections:
            crs = self.municipality.storage_crs
            self.intakes[spec.id] = Intake.begin(spec, crs, open_table, numbers=numbers)

    def read(self, paths: Sequence[Path]) -> None:
        """Take in files.

        They are translated as one, since an object in one file may need another in the next.
        """
        readings: list[FileReading] = []
        translate = find_translator(self.registry, self.layer.id)
        tables = self._tables(paths, readings)
        if self.memory is not None:
            tables = self.memory.watch(tables)
        done: Counter[str] = Counter()
        for table in translate(tables, self.municipality):
            reading = readings[table.part]
            name = reading.report.name
            done[name] += len(table)
            self.take(table, reading)
            self.progress(f"{self.layer.id}: {name}", done[name], 0)
        for name, count in done.items():
            self.progress(f"{self.layer.id}: {name}", count, count)

    def describe(self, path: Path) -> FileReport:
        """Note a file that is read."""
        report = describe_file(path)
        self.files.append(report)
        return report

    def take(self, table: SourceTable, reading: FileReading) -> None:
        """Take in a table of one file; what belongs to no collection is counted."""
        report = reading.report
        spec = route(table.kind, self.layer.collections)
        if spec is None:
            report.ignored[table.kind] = report.ignored.get(table.kind, 0) + len(table)
            notes = [fault for fault in table.faults if fault.outcome is Outcome.NOTED]
            self.keep(notes)
            return
        counts = reader_counts(table.faults)
        self.keep(table.faults, [table.lost.get(fault.row, "") for fault in table.faults])
        for checked in reading.check(table, spec):
            counts += self.intakes[spec.id].take(checked)
            faults = [fault for _, fault in checked.faults]
            lost = [checked.source_row(r) if checked.refused[r] else "" for r, _ in checked.faults]
            self.keep(faults, lost)
        report.collections[spec.id] = report.collections.get(spec.id, Counts()) + counts

    @property
    def today(self) -> str:
        """The day on which the import began."""
        return self.started_at.date().isoformat()

    def _tables(self, paths: Sequence[Path], readings: list[FileReading]) -> Iterator[SourceTable]:
        """Yield the tables of all files; add a reading for each file that is begun."""
        specs = self.layer.collections
        hints = Hints(
            x=tuple(dict.fromkeys(name for s in specs for name in s.source.x)),
            y=tuple(dict.fromkeys(name for s in specs for name in s.source.y)),
            encoding=next((s.source.encoding for s in specs if s.source.encoding), None),
        )
        for part, path in enumerate(paths):
            report = self.describe(path)
            readings.append(FileReading(report, self.municipality, self.crs, self.today))
            for table in read_tables(path, hints):
                yield replace(table, part=part)

    def keep(self, faults: Sequence[Fault], rows: Sequence[str] | None = None) -> None:
        """Count faults and put them into the quarantine, each with its row where that is lost."""
        self.faults.add(faults)
        if self.writer is not None and faults:
            self.writer.quarantine(faults, rows)

    def require_some_rows(self) -> None:
        """Stop when no row is left to publish; say what most of them suffered from."""
        total = self.report(None).counts
        if total.accepted + total.repaired:
            return
        names = ", ".join(f.name for f in self.files)
        hints = " ".join(note for f in self.files for note in f.notes)
        if not total.read:
            kinds = ", ".join(k for f in self.files for k in f.ignored) or "no rows at all"
            expected = ", ".join(k for s in self.layer.collections for k in s.source.kinds) or "any"
            raise NothingUsableError(
                f"{names}: nothing in it belongs to layer {self.layer.id}: found {kinds}, "
                f"expected {expected}; the served data stay as they were",
                advice="Check that it is the right file, or name another layer.",
                file=names,
                found=kinds,
                expected=expected,
            )
        worst = self.faults.sorted()[0]
        first = worst.examples[0]
        raise NothingUsableError(
            f"{names}: none of the {total.read:,} rows can be used; the served data stay as they "
            f"were. {worst.count:,} times {worst.code}, first in row {first.row}, {first.field}: "
            f"found {first.found or 'nothing'}, expected {first.expected}. {hints}".rstrip(),
            advice=advice(worst.code),
            file=first.file,
            row=first.row,
            field=first.field,
            found=first.found,
            expected=first.expected,
        )

    def compare(self, store: Store) -> None:
        """Note collections that the former generation had rows of and this one has not."""
        former = store.served().get(self.layer.id)
        counts = self.report(None).by_collection()
        for spec in self.layer.collections:
            table = former.table(spec.id) if former else None
            now = counts.get(spec.id, Counts()).stored + self.made.get(spec.id, 0)
            if table and table.count and not now:
                self.notes.append(
                    f"{spec.id} had {table.count:,} rows and has none now: an import replaces "
                    "the whole layer, so name all its files in one command"
                )

    @property
    def data_date(self) -> date | None:
        """The newest date of the data in what was read."""
        latest = max((intake.latest for intake in self.intakes.values()), default="")
        return date.fromisoformat(latest) if latest else None

    def report(self, generation: int | None, changes: ChangeReport | None = None) -> IngestReport:
        """Return what was done so far."""
        report = IngestReport(
            layer=self.layer.id,
            municipality=self.municipality.id,
            generation=generation,
            started_at=self.started_at,
            seconds=time.monotonic() - self._clock,
            files=tuple(self.files),
            faults=self.faults.sorted(),
            notes=tuple(self.notes),
            changes=changes,
        )
        if not report.counts.balanced:
            raise AssertionError(f"rows are unaccounted for: {report.counts}")
        return report
