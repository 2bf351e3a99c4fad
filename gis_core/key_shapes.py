"""What the shapes of stated keys mean: learned from the reader, then read off a whole column.

Registers spell a million keys in a hundred ways. The shape of a text is what stays of it when
only the length of each run of digits is kept, and the district's name is set aside. Texts of one
shape are read alike: the reader looks at words, separators and lengths, and at digits only to
take their value, to see whether all are zero, and to ask the catalogue. So a few trial texts of a
shape show which digits are which part of the key (`learn_form`), and the loop over the column
does the rest. Whatever is not certain stays with the reader.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from gis_core.districts import DistrictCatalogue
from gis_core.folding import plain_text
from gis_core.key_messages import KeyTextError
from gis_core.key_spelling import Spelling
from gis_core.key_text import is_label_or_filler, is_plain_word

Speller = Callable[[str], Spelling]

STAND_IN = "Musterweiler"
"""Stands for the district's name in trial texts; no word of the grammar, no number."""

_TRIALS = 5
_RUN = re.compile("[0-9]+")
_WORD = re.compile(r"[^\W\d_]+")
_CUTS = {5: (1,), 6: (2,), 9: (2, 6), 14: (2, 6, 9), 18: (2, 6, 9, 14)}
"""Where a run of digits of that length may hold several parts."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Digits of a text: which run, from and to which digit, of how many."""

    run: int
    start: int
    end: int
    length: int

    def of(self, runs: list[str]) -> int:
        """Return the value."""
        return int(runs[self.run][self.start : self.end])

    @property
    def numbers(self) -> tuple[int, int, int]:
        """The run, what to divide its value by, and then the modulus."""
        return self.run, 10 ** (self.length - self.end), 10 ** (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Form:
    """Where a shape holds the parts of a key.

    Attributes
    ----------
    parts
        State, district, section, numerator, denominator, sequence; None where the shape says
        nothing of it.
    named
        Whether the district is named by the words before the first digit.
    zero_denominator, zero_sequence
        Whether a denominator of zeros, a sequence ``00``, is none.
    """

    parts: tuple[Slice | None, ...]
    named: bool
    zero_denominator: bool
    zero_sequence: bool


@dataclass(frozen=True, slots=True)
class Prefix:
    """The words before the first digit: with `STAND_IN` for the name, and whose name it is.

    ``district`` is the number of the only district of the municipality with that name, -1
    without a name.
    """

    skeleton: str
    district: int


def read_prefix(text: str, catalogue: DistrictCatalogue) -> Prefix:
    """Set a district's name aside if it is certain that any other name would be read alike.

    Examples
    --------
    >>> from gis_core.districts import District
    >>> krefeld = DistrictCatalogue("05", (District("053244", "Hüls"),), "Krefeld")
    >>> read_prefix("Gmkg. Huels, Flur ", krefeld)
    Prefix(skeleton='Gmkg. Musterweiler, Flur ', district=3244)
    """
    as_it_is = Prefix(text, -1)
    words = list(_WORD.finditer(text))
    named = [word for word in words if not is_label_or_filler(word[0])]
    if not named or "_" in text or " ".join(text.split()) != plain_text(text):
        return as_it_is
    first, last = named[0], named[-1]
    among = [word for word in words if first.start() <= word.start() <= last.start()]
    # Beginning with DE, a text may be an object identifier.
    if among != named or text.lstrip()[:2].upper() == "DE":
        return as_it_is
    if not all(len(word[0]) > 1 and is_plain_word(word[0]) for word in named):
        return as_it_is
    inside = [d for d in catalogue.by_name(" ".join(w[0] for w in named)) if d.municipality]
    if len(inside) != 1:
        return as_it_is
    return Prefix(text[: first.start()] + STAND_IN + text[last.end() :], int(inside[0].key[2:]))


def learn_form(skeleton: str, tail: str, spell: Speller) -> Form | None:
    """Find out by trial texts where a shape holds the parts of a key.

    Parameters
    ----------
    skeleton
        What stands before the first digit, the name replaced.
    tail
        The rest of any text of that shape.
    spell
        The reader's grammar, for a state with sections.

    Returns
    -------
    Form
        None where the reader refuses the shape or not every part is certain.
    """
    lengths = [len(run) for run in _RUN.findall(tail)]
    random = Random(f"{skeleton}\0{_RUN.sub('#', tail)}{lengths}")  # noqa: S311 - trial digits
    trials = [_digits(lengths, random, zeros=k >= _TRIALS - 2) for k in range(_TRIALS)]

    def read(runs: list[str]) -> Spelling:
        return spell(skeleton + _filled(tail, runs))

    try:
        spelled = [read(runs) for runs in trials]
    except KeyTextError:
        return None
    named = spelled[0].district_name
    if named not in {"", STAND_IN} or any(s.district_name != named for s in spelled):
        return None
    values = [_values(s) for s in spelled]
    pieces = _slices(lengths)
    parts = [_locate(of_part, trials, pieces) for of_part in zip(*values, strict=True)]
    if any(part == "unsure" for part in parts):
        return None
    found = tuple(part for part in parts if not isinstance(part, str))
    _, district, section, numerator, denominator, sequence = found
    if section is None or numerator is None or (district is None and not named):
        return None
    zero = [_may_lack(part, trials[0], values[0], read) for part in (denominator, sequence)]
    return Form(found, bool(named), zero[0], zero[1])


def _values(spelling: Spelling) -> tuple[str, ...]:
    """Return the parts as digits, empty where absent."""
    s = spelling
    numbers = (s.section or 0, s.numerator or 0, s.denominator)
    return s.state, s.district, *(str(n) if n else "" for n in numbers), s.sequence


def _locate(
    values: tuple[str, ...], trials: list[list[str]], pieces: list[Slice]
) -> Slice | str | None:
    """Return the only digits that have the part's value in every trial; None: always absent."""
    if not any(values):
        return None
    if not all(value.isdecimal() for value in values):
        return "unsure"
    wanted = [int(value) for value in values]
    fitting = [
        piece
        for piece in pieces
        if all(piece.of(runs) == value for runs, value in zip(trials, wanted, strict=True))
    ]
    return fitting[0] if len(fitting) == 1 else "unsure"


def _slices(lengths: list[int]) -> list[Slice]:
    pieces = []
    for run, length in enumerate(lengths):
        cuts = (0, *_CUTS.get(length, ()), length)
        pieces += [Slice(run, a, b, length) for a, b in pairwise(cuts)]
        if len(cuts) > 2:
            pieces.append(Slice(run, 0, length, length))
    return pieces


def _may_lack(
    part: Slice | None,
    runs: list[str],
    full: tuple[str, ...],
    read: Callable[[list[str]], Spelling],
) -> bool:
    """Return whether zeros in place of a part mean that there is none and change nothing else."""
    if part is None:
        return False
    run = runs[part.run]
    blank = [*runs]
    blank[part.run] = run[: part.start] + "0" * (part.end - part.start) + run[part.end :]
    try:
        rest = _values(read(blank))
    except KeyTextError:
        return False
    changed = [i for i, (a, b) in enumerate(zip(full, rest, strict=True)) if a != b]
    return len(changed) == 1 and not rest[changed[0]]


def _digits(lengths: list[int], random: Random, *, zeros: bool) -> list[str]:
    """Return runs of digits, padded with a zero where they can be."""
    runs = ["".join(random.choices("123456789", k=length)) for length in lengths]
    if not zeros:
        return runs
    return [_padded(run, random) for run in runs]


def _padded(run: str, random: Random) -> str:
    cuts = (0, *_CUTS.get(len(run), ()), len(run))
    pieces = [run[a:b] for a, b in pairwise(cuts)]
    return "".join(
        "0" + piece[1:] if len(piece) > 1 and random.random() < 0.7 else piece for piece in pieces
    )


def _filled(tail: str, runs: list[str]) -> str:
    following = iter(runs)
    return _RUN.sub(lambda _: next(following), tail)
