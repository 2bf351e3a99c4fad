"""How wide and how high a text is: measures taken from the font files themselves."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from unicodedata import category, normalize

from fontTools.ttLib import TTFont

FONT_FOLDER = Path(__file__).parent / "fonts"
FAMILY = "Flurbuch Sans"
MISSING = "□"


class Face(StrEnum):
    """The faces of the family; the values are the tails of the file names."""

    REGULAR = "Regular"
    ITALIC = "Italic"
    BOLD = "Bold"
    BOLD_ITALIC = "BoldItalic"


@dataclass(frozen=True, slots=True)
class Metrics:
    """Measures of one face, all in em.

    Attributes
    ----------
    advance
        Width of each character, by code point.
    digit_height
        Height of the digits above the base line.
    ascent, descent
        Reach of the tallest letter with umlaut and of the lowest, both positive.
    """

    advance: dict[int, float]
    digit_height: float
    ascent: float
    descent: float

    def width(self, text: str) -> float:
        """Return the width of ``text`` in em, set without kerning."""
        blank = self.advance[ord(MISSING)]
        return sum(self.advance.get(ord(letter), blank) for letter in text)


@cache
def metrics(face: Face) -> Metrics:
    """Read the measures of a face; once per process, about 10 ms."""
    with TTFont(FONT_FOLDER / f"FlurbuchSans-{face}.ttf", lazy=True) as font:
        em = font["head"].unitsPerEm
        widths, glyphs = font["hmtx"].metrics, font["glyf"]
        cmap: dict[int, str] = font.getBestCmap()
        return Metrics(
            advance={code: widths[name][0] / em for code, name in cmap.items()},
            digit_height=max(glyphs[cmap[ord(d)]].yMax for d in "0123456789") / em,
            ascent=max(glyphs[cmap[ord(c)]].yMax for c in "ÄÖÜÉŠbdfhklß") / em,
            descent=-min(glyphs[cmap[ord(c)]].yMin for c in "gjpqyç,") / em,
        )


def printable(text: object) -> str:
    r"""Return ``text`` as the typeface can set it, on one line.

    Control characters and line breaks become blanks, letters that the typeface
    lacks become ``□``; nothing is dropped silently.

    Examples
    --------
    >>> printable("Große\tStraße\x00 ✈")
    'Große Straße □'
    """
    known = metrics(Face.REGULAR).advance
    letters = (
        " "
        if category(letter) in {"Cc", "Zl", "Zp"}
        else letter
        if ord(letter) in known
        else MISSING
        for letter in normalize("NFC", str(text))
        if category(letter) not in {"Cf", "Cs"}
    )
    return re.sub(" +", " ", "".join(letters)).strip(" ")


def missing_letters(texts: Iterable[str]) -> tuple[str, ...]:
    """Name the letters in ``texts`` that the typeface lacks, as ``U+1F333``, sorted."""
    known = metrics(Face.REGULAR).advance
    letters = {letter for text in texts for letter in normalize("NFC", text)}
    absent = (c for c in letters if ord(c) not in known and category(c)[0] not in "CZ")
    return tuple(f"U+{ord(letter):04X}" for letter in sorted(absent))
