"""Versions of parcels in time: what follows what, and what has stayed in its place."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Times = NDArray[np.datetime64]

_NEVER = np.datetime64("9999-12-31", "s")


@dataclass(frozen=True, slots=True)
class ParcelVersions:
    """n versions of parcels: what was valid from when to when.

    Attributes
    ----------
    key
        (n,) object, parcel keys as text. A key may have several versions.
    geometry
        (n,) object, valid polygons in one projected CRS (metre), or None.
    official_m2
        (n,) float64, official area; NaN where unknown.
    begins, ends
        (n,) datetime64[s], UTC; NaT: unknown, and not ended. An end belongs to the next version.
    seen
        (n,) datetime64[s], for ends that were only noticed: when it was last there for certain;
        NaT where the end is stated.
    """

    key: NDArray[np.object_]
    geometry: NDArray[np.object_]
    official_m2: NDArray[np.float64]
    begins: Times
    ends: Times
    seen: Times

    @classmethod
    def of(
        cls,
        key: object,
        geometry: object,
        *,
        official_m2: object = None,
        begins: object = None,
        ends: object = None,
        seen: object = None,
    ) -> Self:
        """Make versions of sequences; what is left out is unknown."""
        names = np.array(key, object)
        shapes = np.empty(len(names), object)
        shapes[:] = geometry
        nat = np.full(len(names), "NaT")
        first, last, last_seen = (
            np.asarray(nat if side is None else side, "datetime64[s]")
            for side in (begins, ends, seen)
        )
        area = np.full(len(names), np.nan) if official_m2 is None else official_m2
        return cls(names, shapes, np.asarray(area, np.float64), first, last, last_seen)

    def __len__(self) -> int:
        """Return the number of versions."""
        return len(self.key)


def same_place(
    versions: ParcelVersions, possible: NDArray[np.bool_], reach: float
) -> list[tuple[int, int]]:
    """Return (old, new) where a version is followed by one of the same key and shape."""
    at = in_time(versions, np.flatnonzero(possible))
    order = at[np.argsort(pd.factorize(versions.key[at])[0], kind="stable")]
    old, new = order[:-1], order[1:]
    follows = (versions.key[old] == versions.key[new]) & ~np.isnat(versions.ends[old])
    follows &= ~(versions.begins[new] < versions.seen[old])
    follows &= np.isnat(versions.ends[new]) | (versions.ends[new] > versions.ends[old])
    old, new = old[follows], new[follows]
    before, after = versions.geometry[old], versions.geometry[new]
    # A version without a shape cannot be told from one that stayed in its place.
    same = shapely.is_missing(before) | shapely.is_missing(after) | alike(before, after, reach)
    return list(zip(old[same].tolist(), new[same].tolist(), strict=True))


def alike(one: NDArray[np.object_], other: NDArray[np.object_], reach: float) -> NDArray[np.bool_]:
    """Return where no border of one shape is further than ``reach`` from the other's."""
    near = np.abs(shapely.bounds(one) - shapely.bounds(other)).max(axis=1, initial=0.0) <= reach
    near[near] = shapely.hausdorff_distance(one[near], other[near]) <= reach
    return np.asarray(near, np.bool_)


def time_ranks(
    versions: ParcelVersions, old: NDArray[np.intp], new: NDArray[np.intp]
) -> NDArray[np.int8]:
    """Return how well the times of pairs fit: 0 best, 3 worst, -1 not at all."""
    end, begin = versions.ends[old], versions.begins[new]
    lasts = np.isnat(versions.ends[new]) | (versions.ends[new] > end)
    # What was there all along did not come in the old one's place.
    late = (begin < end) & ~(begin <= versions.begins[old]) & ~(begin < versions.seen[old])
    rank = np.full(len(old), -1, np.int8)
    rank[begin > end] = 3
    rank[np.isnat(begin)] = 2
    rank[late] = 1
    rank[begin.astype("datetime64[D]") == end.astype("datetime64[D]")] = 0
    rank[~lasts | (old == new)] = -1
    return rank


def in_time(versions: ParcelVersions, at: NDArray[np.intp]) -> NDArray[np.intp]:
    """Sort versions by their end, those that have not ended last, then by their begin."""
    end = versions.ends[at]
    return at[np.lexsort((versions.begins[at], np.where(np.isnat(end), _NEVER, end)))]
