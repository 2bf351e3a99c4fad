"""Measures that come and go, found by feature and by parcel."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gis_core.merge.measures import Pairs

FEW = 256  # what came last is put together with what comes next as long as it is not more


@dataclass(slots=True)
class _Block[M: Pairs]:
    """Pairs that came together, sorted by feature."""

    pairs: M
    alive: NDArray[np.bool_] = field(init=False)
    _by_parcel: tuple[NDArray[np.intp], NDArray[np.intp]] | None = None

    def __post_init__(self) -> None:
        self.alive = np.ones(len(self.pairs), np.bool_)

    def of(self, features: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the living rows of features, one after the other."""
        rows = _runs(self.pairs.feature, features)
        return rows[self.alive[rows]]

    def on(self, parcels: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the living rows on parcels; the index of a block is made when first asked."""
        if self._by_parcel is None:
            row = np.argsort(self.pairs.parcel)
            self._by_parcel = (row, self.pairs.parcel[row])
        row, parcel = self._by_parcel
        rows = row[_runs(parcel, parcels)]
        return rows[self.alive[rows]]


class LivingRows[M: Pairs]:
    """Pairs by feature and by parcel; a change costs as much as it changes.

    Parameters
    ----------
    parts
        The base, in at least one part.
    """

    def __init__(self, parts: Sequence[M]) -> None:
        self._join = type(parts[0]).join
        self._blocks = [_Block(self._join(parts))]

    def all(self) -> M:
        """Return all pairs. O(k)."""
        return self._join([b.pairs.take(b.alive) for b in self._blocks])

    def of(self, features: NDArray[np.intp]) -> M:
        """Return the pairs of features. O(log k) each."""
        return self._join([b.pairs.take(b.of(features)) for b in self._blocks])

    def drop(self, features: NDArray[np.intp]) -> None:
        """Let the pairs of features go."""
        for block in self._blocks:
            block.alive[block.of(features)] = False

    def drop_on(self, parcels: NDArray[np.intp]) -> M:
        """Let the pairs on parcels go and return them."""
        lost = []
        for block in self._blocks:
            rows = block.on(parcels)
            block.alive[rows] = False
            lost.append(block.pairs.take(rows))
        return self._join(lost)

    def add(self, pairs: M) -> None:
        """Take in pairs, together with the last ones where those are few or not more."""
        together, size = [pairs], len(pairs)
        while self._blocks and len(self._blocks[-1].pairs) <= max(FEW, size):
            block = self._blocks.pop()
            together.append(block.pairs.take(block.alive))
            size += len(together[-1])
        self._blocks.append(_Block(self._join(together)))


def _runs(ascending: NDArray[np.intp], wanted: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return where sorted values are among the wanted ones, one run after the other."""
    start = np.searchsorted(ascending, wanted)
    count = np.searchsorted(ascending, wanted, side="right") - start
    skipped = np.repeat(start - (np.cumsum(count) - count), count)
    return np.asarray(np.arange(int(count.sum())) + skipped, np.intp)
