"""Which rows hold which words: a list of all words, and of the rows of each."""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_core.folding import fold_words, spelt_words

Terms = tuple[tuple[str, ...], ...]
_APART = b"\n"


class WordIndex:
    """The words of n rows.

    Parameters
    ----------
    text
        (b,) uint8, every word once, in UTF-8 and sorted, a line each, a line feed before the first.
    starts
        (w + 1,) int64, where each word begins in the text, and where the next would.
    ends
        (w + 1,) int64, the rows of word i are ``rows[ends[i] : ends[i + 1]]``.
    rows
        (r,) uint32, positions of rows.
    count
        n

    Notes
    -----
    A search looks through the list of words, not through the rows: about 2 ms for 80,000 parcels,
    whose keys are most of the words.
    """

    def __init__(
        self,
        text: NDArray[np.uint8],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        rows: NDArray[np.uint32],
        count: int,
    ) -> None:
        self.text = text
        self.starts = starts
        self.ends = ends
        self.rows = rows
        self.count = count

    @classmethod
    def of(cls, columns: Sequence[Sequence[str | None]], count: int) -> "WordIndex":
        """Return the index of rows whose texts are given column by column.

        Examples
        --------
        >>> index = WordIndex.of([["Kölner Straße 12", "Ostwall 112", None]], 3)
        >>> [index.search(read_terms(q)).tolist() for q in ("koln strasse", "12", "wall,koel")]
        [[0], [0], [0, 1]]
        """
        numbers: dict[str, int] = {}
        word, row = _pairs(columns, numbers)
        return cls._joined(numbers, word, row, count)

    def amended(
        self,
        moved: NDArray[np.int64],
        columns: Sequence[Sequence[str | None]],
        places: NDArray[np.int64],
        count: int,
    ) -> "WordIndex":
        """Return the index after rows have come and gone.

        Parameters
        ----------
        moved
            (n,) where each of the rows is now, -1 where it is gone.
        columns, places
            Texts of rows that are new, column by column, and where these are.
        count
            How many rows there are now.
        """
        words = self.text.tobytes().decode().split(_APART.decode())[1:-1]
        numbers = {word: i for i, word in enumerate(words)}
        word = np.repeat(np.arange(len(words)), np.diff(self.ends))
        row = moved[self.rows]
        new_word, new_row = _pairs(columns, numbers)
        word = np.concatenate([word[row >= 0], new_word])
        row = np.concatenate([row[row >= 0], places[new_row]])
        used = np.bincount(word, minlength=len(numbers)) > 0
        place = np.cumsum(used) - 1
        left = [w for w, i in numbers.items() if used[i]]
        return self._joined({w: i for i, w in enumerate(left)}, place[word], row, count)

    @classmethod
    def _joined(
        cls, numbers: dict[str, int], word: NDArray[np.int64], row: NDArray[np.int64], count: int
    ) -> "WordIndex":
        """Return the index of words, by number, and the rows that hold them."""
        listed = sorted((w.encode(), i) for w, i in numbers.items())
        place = np.empty(len(listed), np.int64)
        place[[i for _, i in listed]] = np.arange(len(listed))
        wide = max(count, 1)
        joined = np.unique(place[word] * wide + row)
        ends = np.searchsorted(joined, np.arange(len(listed) + 1) * wide)
        starts = np.cumsum([1, *(len(w) + 1 for w, _ in listed)], dtype=np.int64)
        text = np.frombuffer(_APART + b"".join(w + _APART for w, _ in listed), np.uint8)
        return cls(text, starts, ends, (joined % wide).astype(np.uint32), count)

    def search(self, terms: Terms) -> NDArray[np.intp]:
        """Return the rows that hold all words of one of the terms, ascending."""
        found = np.zeros(self.count, dtype=bool)
        for words in terms:
            here = np.ones(self.count, dtype=bool)
            for word in words:
                here &= self._holding(word.encode())
            found |= here
        return np.flatnonzero(found)

    def _holding(self, word: bytes) -> NDArray[np.bool_]:
        """Return which rows hold a word: anywhere in a longer one, a number at its beginning."""
        mask = np.zeros(self.count, dtype=bool)
        if word[:1].isdigit():
            first, after = (
                self._first_from(word),
                self._first_from(word[:-1] + bytes([word[-1] + 1])),
            )
            mask[self.rows[self.ends[first] : self.ends[after]]] = True
            return mask
        which = np.unique(np.searchsorted(self.starts, self._places(word), side="right") - 1)
        mask[self.rows[_ranges(self.ends[which], self.ends[which + 1])]] = True
        return mask

    def _first_from(self, word: bytes) -> int:
        """Return the first word that does not come before one."""
        return bisect_left(range(len(self.starts) - 1), word, key=self._word)

    def _word(self, number: int) -> bytes:
        return self.text[self.starts[number] : self.starts[number + 1] - 1].tobytes()

    def _places(self, pattern: bytes) -> NDArray[np.intp]:
        """Return where a pattern begins in the text."""
        codes = np.frombuffer(pattern, np.uint8)
        beyond = max(0, len(self.text) - len(codes) + 1)
        rarest = int(np.argmin(self._often[codes]))
        at = np.flatnonzero(self.text[rarest : rarest + beyond] == codes[rarest])
        for i, code in enumerate(codes):
            if i != rarest:
                at = at[self.text[at + i] == code]
        return at

    @cached_property
    def _often(self) -> NDArray[np.int64]:
        """How often each byte occurs."""
        return np.bincount(self.text, minlength=256)


def read_terms(text: str) -> Terms:
    """Return what a text asks for: terms between commas, of which each is one or more words.

    Examples
    --------
    >>> read_terms("Ostwall 12, HÜLS,")
    (('ostwall', '12'), ('huels',))
    """
    terms = (tuple(dict.fromkeys(fold_words(part))) for part in text.split(","))
    return tuple(dict.fromkeys(filter(None, terms)))


def _pairs(
    columns: Sequence[Sequence[str | None]], numbers: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all words of columns by number, and the row of each; new words are given numbers."""
    words, rows = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for column in columns:
        codes, cells = pd.factorize(np.array(column, dtype=object))
        flat, last = array("q"), array("q", [0])
        for cell in cells:
            flat.extend(numbers.setdefault(word, len(numbers)) for word in spelt_words(cell))
            last.append(len(flat))
        row = np.flatnonzero(codes >= 0)
        bounds, own = np.frombuffer(last, np.int64), codes[row]
        first, after = bounds[own], bounds[own + 1]
        if len(flat):
            words.append(np.frombuffer(flat, np.int64)[_ranges(first, after)])
            rows.append(np.repeat(row, after - first))
    return np.concatenate(words), np.concatenate(rows)


def _ranges(first: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers from each first one to before each last one, one range after another."""
    lengths = after - first
    skipped: NDArray[np.int64] = np.repeat(first - (np.cumsum(lengths) - lengths), lengths)
    return np.arange(len(skipped)) + skipped
