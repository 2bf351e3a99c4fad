"""Successors and predecessors of a parcel, over any number of events."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gis_core.lifetimes import Times


@dataclass(frozen=True)
class KeyLinks:
    """k links of events, by parcel key: what `gis_core.lineage` tells, as it is kept.

    Attributes
    ----------
    at
        (k,) datetime64[s], time of the event.
    old, new
        (k,) object, parcel keys; None: no parcel on that side.
    share_old, share_new
        (k,) float64, part of the old and of the new parcel that the link is about; NaN where
        nobody knows.
    """

    at: Times
    old: NDArray[np.object_]
    new: NDArray[np.object_]
    share_old: NDArray[np.float64]
    share_new: NDArray[np.float64]
    _leaving: dict[str, list[int]] = field(init=False, repr=False, compare=False)
    _coming: dict[str, list[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the links by key, in the order of time."""
        sides: list[dict[str, list[int]]] = []
        for side in (self.old, self.new):
            index: dict[str, list[int]] = defaultdict(list)
            for link in np.argsort(self.at, kind="stable").tolist():
                if side[link] is not None:
                    index[side[link]].append(link)
            sides.append(dict(index))
        object.__setattr__(self, "_leaving", sides[0])
        object.__setattr__(self, "_coming", sides[1])

    def successors(self, key: str) -> dict[str, float]:
        """Return the parcels that a parcel has come to, and the part of it that lies in each.

        Parameters
        ----------
        key
            A parcel that ended, or any other.

        Returns
        -------
        The last parcels of every line, the largest part first; ``{key: 1.0}`` where nothing ever
        happened to it. What left the municipality is in none of them, so the parts may add up to
        less than 1. NaN, last, where a part is not known.

        Notes
        -----
        Only events later than the one before are followed, so a key that comes back in a later
        event makes no circle. O(links on the way).

        Examples
        --------
        >>> links = KeyLinks(
        ...     at=np.array(["2020-01-01", "2020-01-01", "2024-01-01"], "datetime64[s]"),
        ...     old=np.array(["12", "12", "12/2"], object),
        ...     new=np.array(["12/1", "12/2", "13"], object),
        ...     share_old=np.array([0.75, 0.25, 1.0]),
        ...     share_new=np.array([1.0, 1.0, 0.5]),
        ... )
        >>> links.successors("12"), links.predecessors("13")
        ({'12/1': 0.75, '13': 0.25}, {'12': 0.5})
        """
        return self._followed(key, self._leaving, self.new, self.share_old, forward=True)

    def predecessors(self, key: str) -> dict[str, float]:
        """Return the first parcels that a parcel came from, and the part of it that each gave."""
        return self._followed(key, self._coming, self.old, self.share_new, forward=False)

    def _followed(
        self,
        key: str,
        index: dict[str, list[int]],
        side: NDArray[np.object_],
        share: NDArray[np.float64],
        *,
        forward: bool,
    ) -> dict[str, float]:
        """Walk from event to event; times only grow (or shrink), so the walk ends."""
        ends: dict[str, float] = defaultdict(float)
        waiting: dict[tuple[str, np.datetime64 | None], float] = {(key, None): 1.0}
        while waiting:
            state = next(iter(waiting))
            name, since = state
            part = waiting.pop(state)
            links = self._next_event(index.get(name, []), since, forward=forward)
            if not links:
                ends[name] += part
            for link in links:
                if side[link] is not None:
                    onward = (str(side[link]), self.at[link])
                    waiting[onward] = waiting.get(onward, 0.0) + part * float(share[link])
        return dict(sorted(ends.items(), key=lambda end: (np.isnan(end[1]), -end[1], end[0])))

    def _next_event(
        self, links: list[int], since: np.datetime64 | None, *, forward: bool
    ) -> list[int]:
        """Return the links of the first event after a time (backwards: of the last before)."""
        ordered = links if forward else links[::-1]
        later = [
            link
            for link in ordered
            if since is None or (self.at[link] > since if forward else self.at[link] < since)
        ]
        return [link for link in later if self.at[link] == self.at[later[0]]]
