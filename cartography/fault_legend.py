"""The legend of a check's picture: every kind that was found with its mark and its number."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import shapely

from cartography.drawing import Areas, Item, Lines, Text, Texts
from cartography.fault_marks import COLOUR, marks
from cartography.messages import Messages
from cartography.sheet import Box
from cartography.typeface import Face, metrics, printable
from gis_core.fabric_quality import Code, Severity
from layers.checking import CheckReport
from layers.checking.words import code_title

_HEADING, _ENTRY, _SMALL = 3.8, 3.1, 2.6  # sizes of letters, mm
_INDENT = 6.0
_PAPER = 210.0  # height of A4 landscape, mm
_NOTE = 14.0  # room that a note and the line after it may need, mm
_BLACK, _GREY = "#1a1a1a", "#6b655a"


def count_kinds(report: CheckReport) -> dict[tuple[Severity, Code], int]:
    """Count remarks by severity and code, in the order of both."""
    found = Counter((r.severity, r.code) for r in report.remarks)
    return {(s, c): found[s, c] for s in Severity for c in Code if found[s, c]}


def fault_legend(
    report: CheckReport, words: Messages, box: Box, pens: Mapping[str, tuple[str, float]]
) -> tuple[Item, ...]:
    """Draw the legend from the top of a box on A4 landscape downwards.

    Parameters
    ----------
    box
        Where on the paper; y down from its upper edge.
    pens
        Colour and width of the borders on the map, by name.
    """
    column = _Column(box.x, _PAPER - box.y, box.width)
    kinds = count_kinds(report)
    for severity in Severity:
        here = {code: n for (found, code), n in kinds.items() if found is severity}
        if here:
            total = words.number(sum(here.values()))
            column.heading(words(severity.value), total, COLOUR[severity])
            for code, n in here.items():
                column.entry(severity, code, code_title(code)[words.lang], words.number(n))
            column.skip(2.2)
    if not kinds:
        column.heading(words("none"), "", _BLACK)
        column.skip(2.2)
    nowhere = sum(r.place is None for r in report.remarks)
    if nowhere:
        column.paragraph(words("nowhere", n=words.number(nowhere)))
    absent = [code_title(c)[words.lang] for c, n in report.counts.items() if not n]
    if absent:
        column.paragraph(words("absent", names=", ".join(absent)))
    column.skip(1.0)
    for name, (colour, width) in reversed(list(pens.items())):
        if len(report.lines.get(name, ())):
            column.line(words(name), colour, width)
    column.skip(1.6)
    _notes(column, report, words, _PAPER - box.y - box.height)
    return (*column.items, Texts(tuple(column.texts)))


def _notes(column: "_Column", report: CheckReport, words: Messages, lowest: float) -> None:
    """Set as many notes as fit, and say how many do not."""
    for i, said in enumerate(report.notes):
        if column.y < lowest + _NOTE:
            column.paragraph(words("more_notes", n=words.number(len(report.notes) - i)))
            return
        column.paragraph(said[words.lang])


class _Column:
    """Sets one thing below the other, from the top of a column."""

    def __init__(self, x: float, top: float, width: float) -> None:
        self.items: list[Item] = []
        self.texts: list[Text] = []
        self._x, self.y, self._width = x, top, width

    def skip(self, height: float) -> None:
        self.y -= height

    def heading(self, title: str, number: str, colour: str) -> None:
        self.y -= 5.0
        self._text(title, self._x, _HEADING, Face.BOLD, colour)
        self._right(number, _HEADING, Face.BOLD, colour)
        rule = shapely.linestrings([[self._x, self.y - 1.5], [self._x + self._width, self.y - 1.5]])
        self.items.append(Lines(np.array([rule], np.object_), colour, 0.2))
        self.y -= 2.0

    def entry(self, severity: Severity, code: Code, title: str, number: str) -> None:
        self.y -= 4.9
        place = np.array([[self._x + 2.0, self.y + 1.05]])
        self.items.append(Areas(marks(code, place, 1.5), COLOUR[severity]))
        self._text(title, self._x + _INDENT, _ENTRY, Face.REGULAR, _BLACK)
        self._right(number, _ENTRY, Face.REGULAR, _BLACK)

    def line(self, title: str, colour: str, width: float) -> None:
        self.y -= 4.2
        dash = shapely.linestrings([[self._x, self.y + 0.9], [self._x + 4.2, self.y + 0.9]])
        self.items.append(Lines(np.array([dash], np.object_), colour, max(width, 0.12)))
        self._text(title, self._x + _INDENT, _SMALL, Face.REGULAR, _GREY)

    def paragraph(self, text: str) -> None:
        """Set a text in lines as wide as the column."""
        room, line = self._width / _SMALL, ""
        for word in printable(text).split(" "):
            longer = f"{line} {word}".strip()
            if line and metrics(Face.REGULAR).width(longer) > room:
                self._small(line)
                line = word
            else:
                line = longer
        self._small(line)
        self.y -= 1.6

    def _small(self, line: str) -> None:
        self.y -= 3.6
        self._text(line, self._x, _SMALL, Face.REGULAR, _GREY)

    def _text(self, text: str, x: float, em: float, face: Face, colour: str) -> None:
        self.texts.append(Text(text, x, self.y, em, 0.0, face, colour))

    def _right(self, text: str, em: float, face: Face, colour: str) -> None:
        x = self._x + self._width - metrics(face).width(text) * em
        self._text(text, x, em, face, colour)
