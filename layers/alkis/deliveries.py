"""Deliveries of the cadastre: what their heads say, and the ledger of those that were applied."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import pandas as pd

from gis_core.store import Column, ColumnType, Snapshot, TableSchema
from gis_core.store.schema import FEATURE_ID
from layers.alkis.versions import read_moment
from layers.errors import DeliveryError

LEDGER = TableSchema(
    "lieferung",
    (
        Column("number"),
        Column("time", ColumnType.DATETIME),
        Column("kind"),
        Column("portion", ColumnType.INTEGER),
        Column("file"),
        Column("sha256"),
        *(Column(n, ColumnType.INTEGER) for n in ("insert", "replace", "delete", "update")),
        Column("ignored", ColumnType.INTEGER),
        Column("applied_at", ColumnType.DATETIME),
    ),
    title="Lieferungen",
)
FIRST, CHANGE = "first", "change"
COUNTED = ("insert", "replace", "delete", "update", "ignored")

_ROOT = re.compile(rb"<(?:[\w.-]+:)?AX_NutzerbezogeneBestandsdatenaktualisierung_NBA[\s>]")
_EXTRACT = re.compile(rb"<(?:[\w.-]+:)?AX_Bestandsdatenauszug[\s>]")
_OPERATION = re.compile(rb"<(?:[\w.-]+:)?(Replace|Delete|Update)[\s>/]")
_PORTION = re.compile(
    rb"<(?:[\w.-]+:)?AX_Portionskennung[\s>].*?</(?:[\w.-]+:)?AX_Portionskennung>", re.DOTALL
)
_OBJECT = re.compile(rb"<(?:[\w.-]+:)?(A[AXP]_\w+)\s[^<>]*?gml:id=[\"']([A-Za-z0-9]{16})")
_HEAD = 1 << 16
_SAMPLE = 1_000
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Head:
    """What one file says of the delivery that it is a part of.

    Attributes
    ----------
    is_nba
        It is an incremental delivery by its root element; a first one is that too.
    changes
        It replaces, deletes or updates something.
    number
        Of the order; with the profile it names the delivery. Empty where none is stated.
    time
        Moment of the delivery, ``YYYY-MM-DDThh:mm:ssZ``; empty where none is stated.
    """

    is_nba: bool
    changes: bool
    number: str
    time: str
    portion: int | None


_NO_NAS = Head(is_nba=False, changes=False, number="", time="", portion=None)


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a delivery."""

    path: Path
    name: str
    sha256: str
    head: Head


@dataclass(frozen=True, slots=True)
class Delivery:
    """All files of one delivery: one transaction."""

    number: str
    time: str
    parts: tuple[Part, ...]

    @property
    def shown(self) -> str:
        """The delivery in words."""
        return f"delivery {self.number or self.parts[0].name} of {self.time or 'unknown time'}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger: one file that was applied."""

    number: str
    time: str
    kind: str
    portion: int | None
    file: str
    sha256: str
    insert: int = 0
    replace: int = 0
    delete: int = 0
    update: int = 0
    ignored: int = 0


def read_head(path: Path) -> Head:
    """Read what a file says of its delivery, without parsing it.

    Notes
    -----
    The file is searched once from end to end for operations, at the speed of the disk; facts are
    taken from its first and last 64 KB, since offices put them before or behind the objects.
    """
    with path.open("rb") as stream:
        start = stream.read(_HEAD)
        is_nba = bool(_ROOT.search(start))
        if not is_nba and not _EXTRACT.search(start):
            return _NO_NAS
        changes = is_nba and _has_operations(path)
        stream.seek(max(0, path.stat().st_size - _HEAD))
        end = stream.read()
    facts = start + b"\n" + end
    stated = _PORTION.search(facts)
    portion = stated[0] if stated else b""
    number = _fact(facts, "antragsnummer") or _fact(facts, "auftragsnummer")
    running = _fact(portion, "laufendeNummer")
    return Head(
        is_nba,
        changes,
        "/".join(p for p in (_fact(portion, "profilkennung"), number) if p),
        read_moment(_fact(portion, "datum")) or "",
        int(running) if running.isdigit() else None,
    )


def group(parts: Iterable[Part]) -> list[Delivery]:
    """Return the deliveries that files make up, in the order of their time.

    Files of one number and time are portions of one delivery; a file that states neither is a
    delivery of its own.
    """

    def key(part: Part) -> tuple[str, str, str]:
        head = part.head
        return head.time, head.number, "" if head.time or head.number else part.sha256

    def place(part: Part) -> tuple[tuple[str, str, str], int, str]:
        return key(part), part.head.portion or 0, part.name

    found = groupby(sorted(parts, key=place), key=key)
    return [Delivery(number, time, tuple(files)) for (time, number, _), files in found]


class Ledger:
    """The deliveries that the served generation is made of.

    Parameters
    ----------
    entries
        Its lines, the oldest first.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)

    @classmethod
    def read(cls, snapshot: Snapshot) -> "Ledger | None":
        """Return the ledger of a generation; None when it did not come as NAS."""
        if snapshot.info.table(LEDGER.name) is None:
            return None
        frame = snapshot.frame(LEDGER.name).sort_index(key=lambda ids: ids.astype(int))
        frame["time"] = ["" if pd.isna(t) else f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in frame["time"]]
        columns = list(Entry.__dataclass_fields__)
        plain = frame[columns].astype(object)
        plain = plain.where(plain.notna(), None)
        return cls([Entry(*row) for row in plain.itertuples(index=False, name=None)])

    @property
    def time(self) -> str:
        """The moment of the newest delivery, empty when none was stated."""
        return max((e.time for e in self.entries), default="")

    def has(self, delivery: Delivery) -> bool:
        """Tell whether a delivery was applied already.

        Raises
        ------
        DeliveryError
            One of the same number was, with other files; or it is older than the newest one.
        """
        known = {e.sha256 for e in self.entries}
        new = [part for part in delivery.parts if part.sha256 not in known]
        if not new:
            return True
        same = [
            e
            for e in self.entries
            if delivery.number and (e.number, e.time) == (delivery.number, delivery.time)
        ]
        if same or len(new) < len(delivery.parts):
            raise DeliveryError(
                f"{new[0].name}: {delivery.shown} was applied before, without this file",
                advice="All portions of a delivery belong into one command. If the office has "
                "delivered it anew, import a first delivery (Bestandsdatenauszug) and go on "
                "from there.",
                reason="nba-number-known",
                file=new[0].name,
                found=delivery.number,
                expected="the files that were applied, or a delivery that is newer",
            )
        if delivery.time and delivery.time <= self.time:
            raise DeliveryError(
                f"{new[0].name}: {delivery.shown} is no newer than what was applied last "
                f"({self.time})",
                advice="Deliveries are applied in their order. What was left out cannot be put "
                "in later: import a first delivery (Bestandsdatenauszug) and go on from there.",
                reason="nba-out-of-order",
                file=new[0].name,
                found=delivery.time,
                expected=f"later than {self.time}",
            )
        return False

    def with_entries(self, entries: Iterable[Entry]) -> "Ledger":
        """Return the ledger with further lines."""
        return Ledger((*self.entries, *entries))


def entries_of(delivery: Delivery, counts: Mapping[str, Mapping[str, int]]) -> list[Entry]:
    """Return the lines of the ledger for a delivery of changes; counts are by file."""
    return [
        Entry(
            number=delivery.number,
            time=delivery.time,
            kind=CHANGE,
            portion=part.head.portion,
            file=part.name,
            sha256=part.sha256,
            **{name: counts.get(part.name, {}).get(name, 0) for name in COUNTED},
        )
        for part in delivery.parts
    ]


def ledger_rows(entries: Sequence[Entry], after: int, applied_at: datetime) -> pd.DataFrame:
    """Return rows of the ledger's table; ``after`` is the number of lines that are there."""
    columns = list(Entry.__dataclass_fields__)
    frame = pd.DataFrame([[getattr(e, c) for c in columns] for e in entries], columns=columns)
    frame["time"] = [e.time or None for e in entries]
    frame["portion"] = pd.array([e.portion for e in entries], dtype="Int64")
    frame["applied_at"] = f"{applied_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    frame[FEATURE_ID] = [str(after + i + 1) for i in range(len(entries))]
    return frame


def count_objects(path: Path, kinds: Collection[str]) -> tuple[int, set[str]]:
    """Return how many objects of some classes a file holds, and the ids of the first thousand."""
    count = 0
    first: set[str] = set()
    for window in _windows(path):
        found = [m for m in _OBJECT.finditer(window) if m[1].decode() in kinds]
        count += len(found)
        first |= {m[2].decode() for m in found[: max(0, _SAMPLE - len(first))]}
    return count, first


def _has_operations(path: Path) -> bool:
    return any(_OPERATION.search(window) for window in _windows(path))


def _windows(path: Path) -> Iterator[bytes]:
    """Yield the file in runs that end before the begin of a tag, so that none is cut in two."""
    rest = b""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            whole, mark, rest = (rest + chunk).rpartition(b"<")
            rest = mark + rest
            yield whole
    yield rest


def _fact(text: bytes, name: str) -> str:
    pattern = rb"<(?:[\w.-]+:)?" + name.encode() + rb"(?:\s[^<>]*)?>\s*([^<]*?)\s*</"
    match = re.search(pattern, text)
    return match[1].decode("utf-8", errors="replace") if match else ""
