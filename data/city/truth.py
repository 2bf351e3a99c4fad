"""What the files hold and what an import must find: known, because it was planted."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

DATA_DATE = "2026-01-01"
"""Day that all files describe; no clock is read."""


@dataclass(frozen=True)
class Planted:
    """One piece of dirt.

    Attributes
    ----------
    kind
        Stable name of the kind.
    register
        Folder of the file.
    row
        The row's own identifier: tree number, parcel key, tax file number.
    found
        What the file says.
    expected
        What an import has to make of it: ``accepted``, ``repaired``, ``quarantined``,
        ``unmatched``, or for clean rows with a known trap ``matched``.
    parcels
        The parcels it really belongs to.
    """

    kind: str
    register: str
    row: str
    found: str
    expected: str
    parcels: tuple[str, ...] = ()


@dataclass
class Register:
    """What one register's files must come to when they are imported.

    ``read = accepted + repaired + quarantined``; rows that repeat another to the letter
    are part of ``repaired``, like in the import's own report.
    """

    files: list[str] = field(default_factory=list)
    read: int = 0
    accepted: int = 0
    repaired: int = 0
    quarantined: int = 0
    duplicates: int = 0


@dataclass
class CityTruth:
    """Everything that is known about a city because it was made.

    Attributes
    ----------
    parcels, seed
        The arguments.
    area_m2
        Plane area of the municipality; the parcels cover it exactly.
    showcase_parcel
        A built lot with an address in the town, good to show.
    fits_window
        Whether all of it lies in the municipality's window of plausible coordinates.
    registers
        Counts per collection.
    planted
        Every piece of dirt.
    links
        Per register: its parcels and objects, see ``truth/*.csv``.
    files
        Everything that was written, relative to the folder.
    """

    parcels: int
    seed: int
    area_m2: float
    showcase_parcel: str
    fits_window: bool
    registers: dict[str, Register] = field(default_factory=dict)
    planted: list[Planted] = field(default_factory=list)
    links: dict[str, dict[str, object]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[Planted]:
        """Return the dirt of one kind."""
        return [p for p in self.planted if p.kind == kind]

    def kinds(self) -> dict[str, int]:
        """Count the dirt by kind."""
        count: dict[str, int] = {}
        for planted in self.planted:
            count[planted.kind] = count.get(planted.kind, 0) + 1
        return dict(sorted(count.items()))

    def write(self, file: Path) -> None:
        """Write it as JSON."""
        told = {
            "synthetic": "Synthetische Stadt: kein Flurstück, keine Person, kein Betrieb ist echt.",
            "data_date": DATA_DATE,
            "kinds": self.kinds(),
            **asdict(self),
        }
        file.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
