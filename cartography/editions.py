"""Editions of a map: the signatures as they are, without colour, or with all the contrast there is.

They are reckoned from the catalogue, so that a new signature has every edition at once.
"""

from enum import StrEnum

PAPER = "#ffffff"
_INK = "#000000"
_STRONG_TINT = "#d0d0d0"
# How much each part of a colour adds to its brightness (ITU-R BT.709).
_WEIGHTS = (0.2126, 0.7152, 0.0722)


class Edition(StrEnum):
    """How the signatures of the catalogue are coloured."""

    COLOUR = "colour"
    GREY = "grey"
    CONTRAST = "contrast"

    def ink(self, colour: str) -> str:
        """Return the colour of a line, sign or letter.

        >>> Edition.GREY.ink("#8a2be2"), Edition.CONTRAST.ink("#8a2be2")
        ('#4c4c4c', '#000000')
        """
        if self is Edition.CONTRAST:
            return _INK
        return colour if self is Edition.COLOUR else _grey(colour)

    def tint(self, colour: str) -> str:
        """Return the colour of an area that lies under lines and letters."""
        if self is Edition.CONTRAST:
            return PAPER
        return colour if self is Edition.COLOUR else _grey(colour)

    def body(self, colour: str) -> str:
        """Return the colour of an area that must be told from the ground around it."""
        if self is Edition.CONTRAST:
            return _STRONG_TINT
        return self.tint(colour)

    def mark(self, colour: str) -> str:
        """Return the colour of what is selected; by its breadth it is told without colour, too."""
        return colour if self is not Edition.GREY else _INK

    @property
    def weight(self) -> float:
        """By how much lines and letters are heavier than in the catalogue."""
        return 1.5 if self is Edition.CONTRAST else 1.0


def _grey(colour: str) -> str:
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    level = round(sum(w * p for w, p in zip(_WEIGHTS, parts, strict=True)))
    return f"#{level:02x}{level:02x}{level:02x}"
