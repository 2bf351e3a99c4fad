"""The access log: who read which secret, why, and how much; written before the answer."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gis_core.store.audit import AuditFile, AuditRow
from layers.access import Actor, Policy
from layers.errors import AccessError
from layers.spec import Access

FILE = "state.sqlite"
_NAMED = 200  # so many ids are kept by name; a larger read counts as having touched everything


@dataclass(frozen=True, slots=True)
class Reading:
    """One read of secrets: what was asked and what is about to be answered."""

    action: str
    layer: str
    collection: str
    classes: frozenset[Access]
    question: str
    ids: Sequence[str]
    count: int


def _now() -> datetime:
    return datetime.now(UTC)


class AuditLog:
    """Writes the log for the reader and shows it to auditors."""

    def __init__(self, data_dir: Path, clock: Callable[[], datetime] = _now) -> None:
        self._file = AuditFile(data_dir / FILE)
        self._clock = clock

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def record(self, actor: Actor, reading: Reading) -> None:
        """Write one entry durably.

        Raises
        ------
        StoreError
            It could not be written: the answer must not be given.
        """
        ids = [str(i) for i in reading.ids]
        self._file.append(
            {
                "time": self._clock().isoformat(timespec="milliseconds"),
                "name": actor.name,
                "role": actor.role,
                "purpose": actor.purpose,
                "action": reading.action,
                "layer": reading.layer,
                "collection": reading.collection,
                "classes": sorted(reading.classes),
                # The question may itself hold a name or a tax number, so only its checksum is kept.
                "question": hashlib.sha256(reading.question.encode()).hexdigest(),
                "count": reading.count,
                "ids": ids if len(ids) <= _NAMED else [],
            }
        )

    def entries(self, actor: Actor, policy: Policy) -> Iterable[AuditRow]:
        """Show the log to a role that audits.

        Raises
        ------
        AccessError
            The role does not.
        """
        if not policy.role(actor).audits:
            raise AccessError(f"role {actor.role} may not read the access log", role=actor.role)
        return self._file.rows()

    def first_break(self) -> int | None:
        """Return the number of the first entry that was tampered with, None when all is well."""
        return self._file.first_break()
