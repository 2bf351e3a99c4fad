"""How wide the columns of a printed table must be so that no word runs into the next column."""

from collections.abc import Sequence
from dataclasses import dataclass

from cartography.typeface import Face, metrics, printable

PORTRAIT, LANDSCAPE = 174.0, 261.0
"""Room for a table across A4, mm."""
_SIZES = (8.5, 8.0, 7.5, 7.0, 6.5)
_INSET = 3.0
_MM_PER_PT = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to be set.

    Attributes
    ----------
    header, rows
        Texts as the typeface can set them.
    widths
        Width of each column, mm; the sum is the room across the page.
    numbers
        Whether each column is set to the right.
    size
        Size of the letters, point.
    wide
        Whether the page must lie on its long side.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    numbers: tuple[bool, ...]
    size: float
    wide: bool


def lay_out_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()
) -> Table:
    """Choose size, page and column widths of a table.

    Parameters
    ----------
    header, rows
        Texts; every row has as many cells as the header.
    numbers
        Positions of the columns that are set to the right.

    Returns
    -------
    The table at the largest size at which every word fits into its column, upright if
    that can be; words too long even for the long side are broken by the page engine.
    """
    head = tuple(printable(cell) for cell in header)
    body = tuple(tuple(printable(cell) for cell in row) for row in rows)
    columns = list(zip(head, *body, strict=True))
    needed = [max(_longest_word(cell) for cell in column) for column in columns]
    whole = [max(_width(cell) for cell in column) for column in columns]
    for room in (PORTRAIT, LANDSCAPE):
        for size in _SIZES:
            least = [em * size * _MM_PER_PT + _INSET for em in needed]
            if sum(least) <= room:
                wish = [em * size * _MM_PER_PT + _INSET for em in whole]
                widths = _share_out(room, least, wish)
                return _table(head, body, widths, numbers, size, wide=room == LANDSCAPE)
    equal = [LANDSCAPE / len(head)] * len(head)
    return _table(head, body, equal, numbers, _SIZES[-1], wide=True)


def _table(
    head: tuple[str, ...],
    body: tuple[tuple[str, ...], ...],
    widths: Sequence[float],
    numbers: Sequence[int],
    size: float,
    *,
    wide: bool,
) -> Table:
    right = tuple(i in numbers for i in range(len(head)))
    return Table(head, body, tuple(round(w, 2) for w in widths), right, size, wide)


def _share_out(room: float, least: Sequence[float], wish: Sequence[float]) -> list[float]:
    """Give every column what it needs and the rest to those that wish for more."""
    spare = room - sum(least)
    lacking = [max(w - n, 0.0) for n, w in zip(least, wish, strict=True)]
    if sum(lacking) <= spare:
        more = (spare - sum(lacking)) / len(least)
        return [n + extra + more for n, extra in zip(least, lacking, strict=True)]
    return [n + spare * extra / sum(lacking) for n, extra in zip(least, lacking, strict=True)]


def _width(text: str) -> float:
    return metrics(Face.BOLD).width(text)


def _longest_word(text: str) -> float:
    return max((_width(word) for word in text.replace("-", "- ").split(" ")), default=0.0)
