"""The history of parcels: which became which, told from their lifetimes and their ground."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_core.lifetimes import ParcelVersions, Times, alike, in_time, same_place, time_ranks

SMALLEST_AREA_M2 = 1e-6
SLIVER_SHARE = 0.02
WHOLE = 1.02  # more than all of a parcel does not go to successors; drawings differ a little
NOTHING = -1  # instead of a position: no parcel on that side


class EventKind(StrEnum):
    """What happened to parcels."""

    SPLIT = "split"  # 1 → n
    MERGE = "merge"  # n → 1
    REARRANGEMENT = "rearrangement"  # n → m, or one into another of another shape
    RESURVEY = "resurvey"  # all keys stay, borders do not
    RENUMBER = "renumber"  # the shape stays, the key does not
    AREA_CORRECTION = "area_correction"  # key and shape stay, the official area does not
    NEW = "new"  # nothing was there before
    GONE = "gone"  # nothing is there afterwards: the ground has left the municipality


@dataclass(frozen=True, slots=True)
class Lineage:
    """e events and their k links from an old to a new version.

    Attributes
    ----------
    kind, at
        (e,) object, `EventKind`; (e,) datetime64[s], when it happened.
    event, old, new
        (k,) intp, position of the event and of the versions; -1 where a side has none.
    area_m2, share_old, share_new
        (k,) float64, common ground, and its part of the old and of the new parcel, 0 to 1.
    reused
        (r,) intp, versions whose key was another parcel's before. A number once used is not
        to be used again, so each is a finding.
    impossible
        (i,) intp, versions that end before they begin; they take no part.
    """

    kind: NDArray[np.object_]
    at: Times
    event: NDArray[np.intp]
    old: NDArray[np.intp]
    new: NDArray[np.intp]
    area_m2: NDArray[np.float64]
    share_old: NDArray[np.float64]
    share_new: NDArray[np.float64]
    reused: NDArray[np.intp]
    impossible: NDArray[np.intp]


class _Pair(NamedTuple):
    """An old and a new version, their common ground, and when one followed the other."""

    old: int
    new: int
    area_m2: float
    at: np.datetime64


class _Event(NamedTuple):
    kind: EventKind
    at: np.datetime64
    pairs: list[_Pair]


def trace(
    versions: ParcelVersions,
    *,
    accuracy_m: float = 0.06,
    since: np.datetime64 | None = None,
) -> Lineage:
    """Tell what happened to parcels.

    Parameters
    ----------
    versions
        All that may take part: those that ended, and those that came in their place. One that
        neither ended nor began in the time in question may be left out.
    accuracy_m
        Positional accuracy of the borders. A border that moved by less than twice of it has not
        moved; a narrower strip that is less than 2 % of both parcels links nobody. So a
        homogenised fabric, shifted by centimetres, has no events.
    since
        What begins later with nothing before it is new; None: nothing is said to be new, as in a
        record that begins somewhere.

    Returns
    -------
    Lineage
        In the order of time, then of the lowest old position. An event is a connected component
        of old and new parcels that share ground and time. A new version of a parcel with the
        same shape and official area is no event.

    Notes
    -----
    An old version is followed by what lies on its ground once it has ended: what begins on the
    same day; else what began in its last time (its end was registered late); else what begins at
    an unknown time; else what begins next. The latter ones get only ground that those before
    have not got. O((n + k) log n) for k pairs of overlapping boxes, and an overlay of each.

    Source: GeoInfoDok, Fortführungsfall; domain handbook, history. Shares are ratios of plane
    areas at one place, so the scale factor of the projection cancels.

    Examples
    --------
    >>> versions = ParcelVersions.of(
    ...     ["12", "12/1", "12/2"],
    ...     [shapely.box(0, 0, 4, 1), shapely.box(0, 0, 3, 1), shapely.box(3, 0, 4, 1)],
    ...     begins=["2001-05-07", "2024-06-12", "2024-06-12"],
    ...     ends=["2024-06-12", "NaT", "NaT"],
    ... )
    >>> told = trace(versions)
    >>> [str(kind) for kind in told.kind], told.share_old.tolist()
    (['split'], [0.75, 0.25])
    """
    reach = 2 * accuracy_m
    possible = ~(versions.ends <= versions.begins)
    stays = same_place(versions, possible, reach)
    pairs = list(_followers(versions, possible, stays, reach))
    events = [
        *(_Event(_kind(versions, group, reach), _last(group), group) for group in _joined(pairs)),
        *_corrected(versions, stays),
        *_alone(versions, possible, stays, pairs, since),
    ]
    events.sort(key=lambda event: (event.at, event.pairs[0].old, event.pairs[0].new))
    return _told(versions, events, _reused(versions, possible, stays, events), ~possible)


def _followers(
    versions: ParcelVersions,
    possible: NDArray[np.bool_],
    stays: list[tuple[int, int]],
    reach: float,
) -> Iterator[_Pair]:
    """Yield who got whose ground."""
    there = possible & ~shapely.is_missing(versions.geometry)
    left, came = there & ~np.isnat(versions.ends), there.copy()
    left[[old for old, _ in stays]] = False
    came[[new for _, new in stays]] = False
    before, after = np.flatnonzero(left), np.flatnonzero(came)
    tree = shapely.STRtree(versions.geometry[after])
    i, j = tree.query(versions.geometry[before])
    old, new = before[i], after[j]
    rank = time_ranks(versions, old, new)
    old, new, rank = old[rank >= 0], new[rank >= 0], rank[rank >= 0]
    common = shapely.intersection(versions.geometry[old], versions.geometry[new])
    area, rim = shapely.area(common), shapely.length(common)
    size = shapely.area(versions.geometry)
    narrow = 2 * area < reach * rim
    small = (area < SLIVER_SHARE * size[old]) & (area < SLIVER_SHARE * size[new])
    some = (area > SMALLEST_AREA_M2) & ~(narrow & small)
    old, new, rank, area = old[some], new[some], rank[some], area[some]
    # Unknown begins have a rank of their own, so it does not matter where they are sorted.
    turn = versions.begins[new].astype("datetime64[D]").astype(np.int64)
    order = np.lexsort((new, turn, rank, old))
    columns = (column[order].tolist() for column in (old, new, rank, turn, area))
    for first, rows in groupby(zip(*columns, strict=True), key=itemgetter(0)):
        yield from _shared_out(versions, rows, float(size[first]))


def _shared_out(
    versions: ParcelVersions, rows: Iterable[tuple[int, int, int, int, float]], size: float
) -> Iterator[_Pair]:
    """Yield the pairs of one old version, best times first, until its ground is given away.

    Parameters
    ----------
    rows
        Old, new, rank, day, common area; sorted.
    size
        Area of the old version.
    """
    given = 0.0
    for _, group in groupby(rows, key=itemgetter(2, 3)):
        if given > (1 - SLIVER_SHARE) * size:
            return
        taken = [row for row in group if row[4] <= WHOLE * size - given]
        given += sum(row[4] for row in taken)
        for old, new, rank, _, area in taken:
            at = versions.begins[new] if rank in {0, 1} else versions.ends[old]
            yield _Pair(old, new, area, at)


def _joined(pairs: list[_Pair]) -> Iterator[list[_Pair]]:
    """Yield the pairs that hang together by a parcel and a day."""
    root: dict[tuple[bool, int, np.datetime64], int] = {}
    group = list(range(len(pairs)))

    def find(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = group[i]
        return i

    for i, pair in enumerate(pairs):
        day = pair.at.astype("datetime64[D]")
        for side in ((False, pair.old, day), (True, pair.new, day)):
            group[find(i)] = find(root.setdefault(side, i))
    together: dict[int, list[_Pair]] = {}
    for i, pair in enumerate(pairs):
        together.setdefault(find(i), []).append(pair)
    yield from together.values()


def _kind(versions: ParcelVersions, pairs: list[_Pair], reach: float) -> EventKind:
    old, new = {p.old for p in pairs}, {p.new for p in pairs}
    if {versions.key[i] for i in old} == {versions.key[j] for j in new}:
        return EventKind.RESURVEY
    if len(old) > 1 or len(new) > 1:
        by_size = {(True, False): EventKind.SPLIT, (False, True): EventKind.MERGE}
        return by_size.get((len(old) == 1, len(new) == 1), EventKind.REARRANGEMENT)
    [[i], [j]] = old, new
    same = alike(versions.geometry[[i]], versions.geometry[[j]], reach)[0]
    return EventKind.RENUMBER if same else EventKind.REARRANGEMENT


def _corrected(versions: ParcelVersions, stays: list[tuple[int, int]]) -> Iterator[_Event]:
    """Yield the parcels whose official area alone has changed."""
    for old, new in stays:
        if abs(versions.official_m2[old] - versions.official_m2[new]) > SMALLEST_AREA_M2:
            begin = versions.begins[new]
            at = versions.ends[old] if np.isnat(begin) else begin
            ground = float(shapely.area(versions.geometry[new]))
            yield _Event(EventKind.AREA_CORRECTION, at, [_Pair(old, new, ground, at)])


def _alone(
    versions: ParcelVersions,
    possible: NDArray[np.bool_],
    stays: list[tuple[int, int]],
    pairs: list[_Pair],
    since: np.datetime64 | None,
) -> Iterator[_Event]:
    """Yield what went without a successor and what came without a predecessor."""
    there = possible & ~shapely.is_missing(versions.geometry)
    left = there & ~np.isnat(versions.ends)
    left[[p.old for p in pairs] + [old for old, _ in stays]] = False
    for old in np.flatnonzero(left).tolist():
        at = versions.ends[old]
        yield _Event(EventKind.GONE, at, [_Pair(old, NOTHING, 0.0, at)])
    if since is None:
        return
    came = there & (versions.begins > since)
    came[[p.new for p in pairs] + [new for _, new in stays]] = False
    for new in np.flatnonzero(came).tolist():
        at = versions.begins[new]
        yield _Event(EventKind.NEW, at, [_Pair(NOTHING, new, 0.0, at)])


def _reused(
    versions: ParcelVersions,
    possible: NDArray[np.bool_],
    stays: list[tuple[int, int]],
    events: list[_Event],
) -> NDArray[np.intp]:
    """Return versions whose key had ended before, in another event than the one they came from."""
    carried = {new for _, new in stays}
    for event in events:
        before = {versions.key[p.old] for p in event.pairs if p.old >= 0}
        carried |= {p.new for p in event.pairs if versions.key[p.new] in before}
    seen: set[object] = set()
    found = []
    for version in in_time(versions, np.flatnonzero(possible)).tolist():
        if versions.key[version] in seen and version not in carried:
            found.append(version)
        seen.add(versions.key[version])
    return np.array(found, np.intp)


def _last(pairs: list[_Pair]) -> np.datetime64:
    return max(p.at for p in pairs)


def _told(
    versions: ParcelVersions,
    events: list[_Event],
    reused: NDArray[np.intp],
    impossible: NDArray[np.bool_],
) -> Lineage:
    pairs = [pair for event in events for pair in sorted(event.pairs, key=lambda p: p[:2])]
    old, new = (np.array([pair[side] for pair in pairs], np.intp) for side in (0, 1))
    area = np.array([pair.area_m2 for pair in pairs], np.float64)
    size = shapely.area(versions.geometry)
    shares = [
        np.minimum(np.where(side < 0, 0.0, area / np.where(size > 0, size, 1.0)[side]), 1.0)
        for side in (old, new)
    ]
    return Lineage(
        kind=np.array([event.kind for event in events], object),
        at=np.array([event.at for event in events], "datetime64[s]"),
        event=np.repeat(np.arange(len(events)), [len(event.pairs) for event in events]),
        old=old,
        new=new,
        area_m2=area,
        share_old=shares[0],
        share_new=shares[1],
        reused=reused,
        impossible=np.flatnonzero(impossible),
    )
