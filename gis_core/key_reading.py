"""What reading a parcel key yields: for one text, and for a column of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gis_core.key_messages import problem_text
from gis_core.numerals import Lang


class Confidence(StrEnum):
    """How sure a reading is."""

    EXACT = "exact"  # the text is the canonical key
    NORMALISED = "normalised"  # another spelling in digits
    TEXT = "text"  # the district was given by name
    GUESSED = "guessed"  # a part was missing and only one current parcel fits


SURENESS = (Confidence.EXACT, Confidence.NORMALISED, Confidence.TEXT, Confidence.GUESSED)
"""The confidences as small numbers: their positions."""


@dataclass(frozen=True, slots=True)
class KeyReading:
    """One text, read.

    Attributes
    ----------
    text
        The source's spelling, unchanged.
    key
        The canonical key, None where the text was refused.
    confidence
        None where the text was refused.
    warnings
        Codes of what was let pass; `gis_core.key_messages.warning_text` explains them.
    candidates
        Keys, or an object identifier, that may have been meant: to offer, never to take.
    problem
        Stable code of the refusal, empty where there is a key.
    facts
        What the sentence about the problem is made of; beside it ``pattern``, the key with
        ``???`` for its section, where only that is missing, else empty or absent.
    """

    text: str
    key: str | None = None
    confidence: Confidence | None = None
    warnings: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    problem: str = ""
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def message(self) -> str:
        """What is wrong, as an English sentence; empty where nothing is."""
        return self.explain("en")

    def explain(self, lang: Lang) -> str:
        """Return what is wrong as a sentence; empty where nothing is."""
        return problem_text(self.problem, self.facts, lang)


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column of n texts, read.

    Attributes
    ----------
    key
        (n,) object: canonical key or None.
    confidence
        (n,) object: `Confidence` or None.
    problem
        (n,) object: problem code, empty where there is a key.
    readings
        The full reading of every distinct text that is not simply a canonical key.
    """

    key: NDArray[np.object_]
    confidence: NDArray[np.object_]
    problem: NDArray[np.object_]
    readings: Mapping[str, KeyReading]

    @classmethod
    def of(cls, readings: Sequence[KeyReading]) -> Self:
        """Return the column of readings made one by one."""
        rows = np.empty((3, len(readings)), dtype=object)
        for i, reading in enumerate(readings):
            rows[:, i] = reading.key, reading.confidence, reading.problem
        key, confidence, problem = rows
        return cls(key, confidence, problem, {reading.text: reading for reading in readings})

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.key)


class Readings(Mapping[str, KeyReading]):
    """Full readings of the distinct texts of a column, made when they are asked for."""

    def __init__(
        self,
        texts: NDArray[np.object_],
        known: Mapping[str, KeyReading],
        read: Callable[[str], KeyReading],
    ) -> None:
        """Keep what is known and how to read the rest of ``texts``."""
        self._texts = texts
        self._known = known
        self._read = read

    @cached_property
    def _distinct(self) -> dict[str, None]:
        return dict.fromkeys(self._texts)

    def __getitem__(self, text: str) -> KeyReading:
        """Return the reading of a text of the column."""
        if text in self._known:
            return self._known[text]
        if text not in self._distinct:
            raise KeyError(text)
        return self._read(text)

    def __iter__(self) -> Iterator[str]:
        """Go through the distinct texts in the order in which they occur."""
        return iter(self._distinct)

    def __len__(self) -> int:
        """Return the number of distinct texts."""
        return len(self._distinct)


@dataclass(frozen=True, slots=True)
class KeyBytes:
    """A column of n texts, read, without an object for each.

    Attributes
    ----------
    key
        (n,) bytes of 20: canonical key, empty where the text was refused.
    confidence
        (n,) int8, position in `SURENESS`; -1 where the text was refused.
    refused
        (k,) intp, the rows that were refused, ascending.
    why
        (k) readings that say why.
    """

    key: NDArray[np.bytes_]
    confidence: NDArray[np.int8]
    refused: NDArray[np.intp]
    why: Sequence[KeyReading]

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.key)
