"""What an import did, counted so that nothing is lost without a word."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime

from gis_core.crs import Operation
from gis_core.faults import Fault, Outcome

EXAMPLES = 5  # faults shown per code


@dataclass(slots=True)
class Counts:
    """Rows of one collection from one file: read = accepted + repaired + quarantined.

    ``duplicates`` (rows that repeat an earlier one to the letter and are stored once)
    are part of ``repaired``; ``ended`` (kept apart from what is current) is part of
    accepted and repaired.
    """

    read: int = 0
    accepted: int = 0
    repaired: int = 0
    quarantined: int = 0
    duplicates: int = 0
    ended: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Return the sum of two counts."""
        mine, theirs = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + theirs[name] for name in mine})

    @property
    def balanced(self) -> bool:
        """Whether every row that was read is accounted for."""
        return self.read == self.accepted + self.repaired + self.quarantined

    @property
    def stored(self) -> int:
        """Rows in the collection's table."""
        return self.accepted + self.repaired - self.duplicates - self.ended


@dataclass(slots=True)
class FileReport:
    """One file: what it is, where its coordinates came from, what became of its rows.

    Attributes
    ----------
    ignored
        Rows by kind that belong to no collection of the layer.
    unused
        Source columns and properties by collection that no field claims.
    operations
        How coordinates were transformed; one per reference system in the file.
    grids
        SHA-256 of the datum grids that the operations read, by name.
    notes
        Sentences for the reader, such as a reference system that would fit better.
    """

    name: str
    sha256: str
    bytes: int
    collections: dict[str, Counts] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    unused: dict[str, tuple[str, ...]] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    grids: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def counts(self) -> Counts:
        """All collections together."""
        return sum(self.collections.values(), Counts())

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON-ready values."""
        return {
            "file": self.name,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "collections": {name: asdict(counts) for name, counts in self.collections.items()},
            "ignored": self.ignored,
            "unused_columns": {name: list(columns) for name, columns in self.unused.items()},
            "operations": [operation.as_dict() for operation in self.operations],
            "grids": self.grids,
            "notes": self.notes,
        }


@dataclass(slots=True)
class FaultGroup:
    """All faults of one code and outcome: how many, and the first few."""

    code: str
    outcome: Outcome
    count: int = 0
    examples: list[Fault] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return the group as JSON-ready values."""
        return {
            "code": self.code,
            "outcome": self.outcome.value,
            "count": self.count,
            "examples": [asdict(fault) for fault in self.examples],
        }


@dataclass(slots=True)
class FaultLog:
    """Faults as they come in, grouped."""

    groups: dict[tuple[str, Outcome], FaultGroup] = field(default_factory=dict)

    def add(self, faults: Iterable[Fault]) -> None:
        """Count faults and keep the first of each group."""
        for fault in faults:
            key = (fault.code, fault.outcome)
            group = self.groups.setdefault(key, FaultGroup(*key))
            group.count += 1
            if len(group.examples) < EXAMPLES:
                group.examples.append(fault)

    def sorted(self) -> tuple[FaultGroup, ...]:
        """Return the groups: what cost rows first, then by number."""
        order = list(Outcome)
        return tuple(
            sorted(self.groups.values(), key=lambda g: (order.index(g.outcome), -g.count, g.code))
        )


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """One delivery of changes: ``applied`` now, or found to be applied before."""

    number: str
    time: str
    applied: bool
    files: tuple[str, ...]
    operations: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON-ready values."""
        return asdict(self) | {"files": list(self.files)}


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """What deliveries of changes did to the rows that were stored.

    Attributes
    ----------
    ended
        Rows that ended, by collection: they went to its table of ended ones.
    refreshed
        Rows translated again since an address, a name or a booking changed, by collection.
    rows
        Rows that hold now, by collection.
    """

    deliveries: tuple[DeliveryReport, ...]
    ended: dict[str, int] = field(default_factory=dict)
    refreshed: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON-ready values."""
        return asdict(self) | {"deliveries": [d.as_json() for d in self.deliveries]}


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The outcome of one import command; ``generation`` is None when none was made.

    ``changes`` is there when deliveries of changes were imported.
    """

    layer: str
    municipality: str
    generation: int | None
    started_at: datetime
    seconds: float
    files: tuple[FileReport, ...]
    faults: tuple[FaultGroup, ...]
    notes: tuple[str, ...] = ()
    changes: ChangeReport | None = None

    @property
    def counts(self) -> Counts:
        """All files together."""
        return sum((file.counts for file in self.files), Counts())

    def by_collection(self) -> dict[str, Counts]:
        """Return the counts of each collection over all files."""
        out: dict[str, Counts] = {}
        for file in self.files:
            for name, counts in file.collections.items():
                out[name] = out.get(name, Counts()) + counts
        return out

    def provenance(self) -> dict[str, object]:
        """Return what is stored with the generation: as JSON, without any value of a row.

        Provenance is public; a fault's example may quote a tax number.
        """
        groups = [
            {"code": g.code, "outcome": g.outcome.value, "count": g.count} for g in self.faults
        ]
        return self.as_json() | {"faults": groups}

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON-ready values, with the first faults of each code."""
        return {
            "layer": self.layer,
            "municipality": self.municipality,
            "generation": self.generation,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 3),
            "counts": asdict(self.counts),
            "files": [file.as_json() for file in self.files],
            "faults": [group.as_json() for group in self.faults],
            "notes": list(self.notes),
            **({"changes": self.changes.as_json()} if self.changes else {}),
        }
