"""What a check found: one record each, with the rows of the fabric that it is about."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import shapely


class Code(StrEnum):
    """What is wrong or remarkable. Stable: other programs read it."""

    NO_KEY = "no-key"
    NO_GEOMETRY = "no-geometry"
    INVALID = "invalid-geometry"
    SELF_TOUCH = "self-touch"
    DUPLICATE_KEY = "duplicate-key"
    OVERLAP = "overlap"
    GAP = "gap"
    OPEN_GAP = "open-gap"
    TWO_DISTRICTS = "two-districts"
    AREA = "area-beyond-bound"
    ADDRESS = "address-without-parcel"
    T_JUNCTION = "t-junction"
    MULTI_PART = "multi-part"
    SLIVER = "sliver"


class Severity(StrEnum):
    """How bad it is: an error contradicts the model, a warning is to be looked at."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "information"


class Unit(StrEnum):
    """What a finding's measure counts."""

    M2 = "m²"
    M = "m"
    COUNT = "n"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or remarkable fact.

    Attributes
    ----------
    code, severity
        What, and how bad.
    row
        Row of the fabric that it is about; -1 where it is about none.
    others
        Further rows, ascending.
    measure, unit
        How much: m² of a gap, m of an offset, number of parts.
    geometry
        The ground or point to look at; None where there is no place.
    case
        Which of several forms of the code, "" where there is one.
    facts
        What its sentence names: numbers and texts.
    """

    code: Code
    severity: Severity
    row: int
    others: tuple[int, ...]
    measure: float
    unit: Unit
    geometry: "shapely.Geometry | None"
    case: str = ""
    facts: dict[str, float | str] = field(default_factory=dict)
