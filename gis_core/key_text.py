"""The grammar of parcel keys written in words: "Gem. Krefeld, Fl. 12, Flst. 123/4".

Labels may be long, short, German or English, in any order, or absent where the order
is the usual one ("Krefeld 12 123/4"). What is not understood is refused if it holds a
number and noted if it is a word.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from gis_core.folding import fold_name
from gis_core.key_messages import KeyTextError
from gis_core.key_spelling import (
    SECTION_DIGITS,
    Number,
    Spelling,
    is_fraction,
    take_parcel_number,
    to_int,
)
from gis_core.numerals import digits_for_words

Slot = Literal["state", "district", "section", "parcel", "denominator", "sequence"]

_LABELS: dict[str, Slot] = {
    **dict.fromkeys(["land", "state"], "state"),
    **dict.fromkeys(["gemarkung", "gem", "gemkg", "gmkg", "gmk", "district"], "district"),
    **dict.fromkeys(["flur", "fl", "flurnr", "flurnummer", "section"], "section"),
    **dict.fromkeys(["flurstueck", "flurstuecke", "flurstuecks", "flurst", "parcel"], "parcel"),
    **dict.fromkeys(["flst", "flstk", "flstck", "flstnr", "flurstuecksnummer", "fs"], "parcel"),
    **dict.fromkeys(["flurstuecksnr", "parzelle", "zaehler"], "parcel"),
    "nenner": "denominator",
    **dict.fromkeys(["folge", "flurstuecksfolge", "sequence"], "sequence"),
}
_FILLERS = {"nr", "no", "nummer", "number", "der", "die", "von", "in", "im", "the", "of"}
_SEVERAL = {"und", "u", "sowie", "bis", "and", "to"}
_KEY_WORDS = {"flurstueckskennzeichen", "flstkennz", "fskz", "fsk", "kennzeichen", "key"} | {
    label for label, slot in _LABELS.items() if slot == "parcel"
}
_STROKES = {"strich", "schraegstrich", "schragstrich", "stroke", "slash"}
_TOKEN = re.compile(r"([^\W\d_]+)|([0-9]+|_+)")
_STROKE = re.compile(r"\s*\b(?:strich|schr[äa]gstrich|stroke|slash)\b\s*", re.IGNORECASE)


def read_text(text: str, *, has_sections: bool) -> Spelling:
    """Read a key in words; ``text`` holds at least one letter.

    Raises
    ------
    KeyTextError
        A number has no place, a letter touches a number, several parcels are named.
    """
    draft = _Draft(has_sections)
    end, touching = 0, ""
    for token in _TOKEN.finditer(text):
        gap = text[end : token.start()]
        word, digits = token.groups()
        # "123a" and "O12" are no numbers; "Fl.12" and "Krefeld12" only lack a blank.
        if end and not gap and (word or len(touching) == 1):
            raise KeyTextError("letters-in-number")
        if word:
            draft.take_word(word)
        else:
            draft.take_number(Number(gap, digits.strip("_")))
        end, touching = token.end(), word or ""
    return draft.finish()


def strip_key_words(text: str) -> str:
    """Return the text without words that announce a whole key ("Flurstückskennzeichen: ")."""
    while True:
        word = re.match(r"\W*([^\W\d_]+)[\W]*", text)
        if not word or fold_name(word[1]) not in _KEY_WORDS | _FILLERS:
            return text
        text = text[word.end() :]


def write_strokes(text: str) -> str:
    """Return the text with a spoken stroke written as ``/``."""
    return _STROKE.sub("/", text)


def is_label_or_filler(word: str) -> bool:
    """Return whether a word names a part of the key, or is passed over beside a name."""
    folded = fold_name(word)
    return folded in _LABELS or folded in _FILLERS


def is_plain_word(word: str) -> bool:
    """Return whether the grammar knows nothing of a word: it can only be part of a name."""
    folded = fold_name(word)
    known = _LABELS.keys() | _FILLERS | _SEVERAL | _KEY_WORDS | _STROKES
    return (
        folded not in known
        and not re.search("tausend|thousand", folded)
        and digits_for_words(word) == word
    )


@dataclass
class _Draft:
    """What has been read so far, and where the next number belongs."""

    has_sections: bool
    slot: Slot | None = None
    state: str = ""
    district: str = ""
    section: int | None = None
    bare_section: Number | None = None
    sequence: str = ""
    parcel: list[Number] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    other_words: list[str] = field(default_factory=list)
    fillers: list[str] = field(default_factory=list)
    name_before: list[str] = field(default_factory=list)
    name_open: bool = True
    parcel_open: bool = True
    labelled: bool = False

    def take_word(self, word: str) -> None:
        folded = fold_name(word)
        label = _LABELS.get(folded)
        if label == "state" and self.name:
            label = None  # the district "Orsoy-Land"
        if label:
            self._enter(label)
        elif folded in _SEVERAL and self.parcel:
            raise KeyTextError("several-parcels")
        elif self.name_open and self.slot in {None, "district"}:
            self._name(word, filler=folded in _FILLERS)
        elif folded not in _FILLERS:
            self.other_words.append(word)
            self.parcel_open = not self.parcel

    def take_number(self, number: Number) -> None:
        labelled = self.slot is not None
        slot = self._slot_for(number)
        self.slot, self.fillers = None, []
        if slot == "state":
            self.state = number.digits.zfill(2)
        elif slot == "district":
            digits = number.digits
            self.district = digits[-4:].zfill(4)
            self.state = digits[:-4].zfill(2) if len(digits) > 4 else self.state
        elif slot == "section":
            self.section = to_int(number, SECTION_DIGITS)
            self.bare_section = None if labelled else number
        elif slot == "sequence":
            self.sequence = number.digits.zfill(2)
        else:
            self.slot = "parcel"
            if self.bare_section and not self.parcel and is_fraction(self.bare_section, number):
                # "Krefeld 12/4" is number 12/4 without a section, not section 12, number 4.
                self.parcel, self.section = [self.bare_section], None
            self.parcel.append(Number("/", number.digits) if slot == "denominator" else number)
        self.name_open = not self.name

    def finish(self) -> Spelling:
        if not self.name and not self.district:
            # "Krefeld district": the label came after the name.
            self.name, self.name_before = self.name_before, []
        ignored = self.other_words + self.name_before
        numerator, denominator, sequence = None, 0, ""
        warnings: tuple[str, ...] = ()
        if self.parcel:
            numerator, denominator, sequence, warnings = take_parcel_number(
                self.parcel, lenient=not self.labelled
            )
        return Spelling(
            state=self.state,
            district=self.district,
            district_name=" ".join(self.name),
            section=self.section,
            numerator=numerator,
            denominator=denominator,
            sequence=self.sequence or sequence,
            warnings=(*warnings, "words-ignored") if ignored else warnings,
        )

    def _name(self, word: str, *, filler: bool) -> None:
        """Add a word to the district's name, a filler only between words of it."""
        if not filler:
            self.name += [*self.fillers, word]
            self.fillers = []
        elif self.name:
            self.fillers.append(word)

    def _enter(self, label: Slot) -> None:
        self.slot = label
        self.fillers = []
        if label == "parcel" and self.parcel:
            raise KeyTextError("several-parcels")
        if label == "district":
            self.name_before, self.name, self.name_open = self.name, [], True
        elif self.name:
            self.name_open = False
        if label == "parcel":
            self.labelled = True
        elif label != "denominator":
            self.parcel_open = not self.parcel

    def _slot_for(self, number: Number) -> Slot:
        """Return the part that a number is, by its label or else by the usual order."""
        slot = self.slot
        length = len(number.digits)
        if slot in {None, "district"}:
            slot = self._unlabelled(number)
        taken = {
            "state": bool(self.state),
            "district": bool(self.district),
            "section": self.section is not None,
            "parcel": not self.parcel_open,
            "denominator": len(self.parcel) != 1,
            "sequence": bool(self.sequence),
        }
        fits = {"state": length <= 2, "district": 3 <= length <= 6, "sequence": length <= 2}
        if slot is None or taken[slot] or not fits.get(slot, True):
            raise KeyTextError("not-understood", part=number.digits or "_")
        return slot

    def _unlabelled(self, number: Number) -> Slot | None:
        length = len(number.digits)
        if not self.district:
            if "(" in number.before or (length in {4, 6} and (self.has_sections or not self.name)):
                return "district"
            if not self.name:
                return "district" if self.slot == "district" else "state" if length <= 2 else None
        return "section" if self.has_sections and self.section is None else "parcel"
