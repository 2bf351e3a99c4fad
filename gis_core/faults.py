"""A fault: one value in one row that an import could not use as it stands, or had to change."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of the row that a fault was found in."""

    QUARANTINED = "quarantined"
    REPAIRED = "repaired"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a value stands, what was found, what was expected, and what became of the row.

    ``row`` counts from 1: for tables the line in the file (the header is line 1),
    for features their ordinal. ``code`` is stable and has a translated advice.
    """

    file: str
    row: int
    field: str
    found: str
    expected: str
    code: str
    outcome: Outcome = Outcome.QUARANTINED
