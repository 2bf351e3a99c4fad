"""What a search finds."""

from dataclasses import dataclass
from typing import Literal

from gis_core.keys import Confidence


@dataclass(frozen=True, slots=True)
class Hit:
    """One parcel that was found.

    ``confidence`` says how well the text fits: for keys as in `gis_core.keys`, for
    addresses ``exact`` as stored, ``normalised`` in another spelling, ``guessed`` where
    only a part fits.
    """

    kind: Literal["parcel", "address"]
    parcel_key: str
    label: str
    address: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class FindResult:
    """What a search found.

    Attributes
    ----------
    hits
        The best first, no parcel twice.
    explanation
        What stands in the way or should be known, in sentences; empty where all is clear.
    candidates
        Parcel keys that may have been meant.
    former
        Key of the former parcel that the text names; else empty.
    successors
        Current parcels on its ground, the largest part first; they are candidates, too.
    problem
        Code of the first thing that is not clear, also where there are hits; else empty.
    """

    hits: tuple[Hit, ...] = ()
    explanation: str = ""
    candidates: tuple[str, ...] = ()
    problem: str = ""
    former: str = ""
    successors: tuple[str, ...] = ()
