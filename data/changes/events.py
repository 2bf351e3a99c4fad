"""Events in the life of parcels: what ends, what begins, what goes on with another shape."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import shapely

from data.changes.plots import Numbers, Plot

MM = 1e-3
_BORDER_M = 5.0  # of neighbours that are merged or exchange land
_STRIP_M = 0.4  # by which a border moves when it is measured anew


class Kind(StrEnum):
    """What happened."""

    SPLIT = "split"
    MERGE = "merge"
    REARRANGEMENT = "rearrangement"  # two become two others
    RENUMBER = "renumber"
    RESURVEY = "resurvey"  # a border was measured anew: two parcels, same keys
    AREA = "area"  # official area corrected, geometry as it was


@dataclass(frozen=True)
class Event:
    """One event: parcels that ended, parcels that began, parcels that go on in a new version.

    ``kept`` are pairs of the version before and after, with the same key and object id.
    """

    kind: Kind
    ended: tuple[Plot, ...] = ()
    began: tuple[Plot, ...] = ()
    kept: tuple[tuple[Plot, Plot], ...] = ()


@dataclass
class Drawing:
    """Draws events on a city's parcels; no parcel takes part in two.

    Parameters
    ----------
    plots, numbers
        As `read_plots` returns them.
    seed
        Another seed, other parcels.
    """

    plots: list[Plot]
    numbers: Numbers
    seed: int
    _used: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Put the parcels into the order in which they are looked at."""
        self._tree = shapely.STRtree([p.shape for p in self.plots])
        order = np.random.default_rng(self.seed).permutation(len(self.plots))
        self._order: Iterator[int] = iter(order.tolist())

    def draw(self, kind: Kind, count: int, when: str) -> list[Event]:
        """Return events of one kind.

        Parameters
        ----------
        when
            Moment from which what is new is valid, ``YYYY-MM-DDThh:mm:ssZ``.

        Raises
        ------
        ValueError
            The city has not so many parcels that are fit for it.
        """
        draw: Callable[[int, str], Event | None] = {
            Kind.SPLIT: self._split,
            Kind.MERGE: self._merge,
            Kind.REARRANGEMENT: self._rearrange,
            Kind.RENUMBER: self._renumber,
            Kind.RESURVEY: self._resurvey,
            Kind.AREA: self._correct,
        }[kind]
        events: list[Event] = []
        while len(events) < count:
            at = next(self._order, None)
            if at is None:
                raise ValueError(
                    f"only {len(events)} parcels are fit for {kind}: make a larger city"
                )
            event = None if at in self._used else draw(at, when)
            if event is not None:
                events.append(event)
        return events

    def _split(self, at: int, when: str) -> Event | None:
        old = self.plots[at]
        parts = _halves(old.shape)
        if parts is None:
            return None
        self._used.add(at)
        numerator = old.number[0]
        began = [
            self._new(old, part, area, (numerator, 0), when)
            for part, area in zip(parts, _shares(old.area_m2, parts), strict=True)
        ]
        return Event(Kind.SPLIT, (old,), tuple(began))

    def _merge(self, at: int, when: str) -> Event | None:
        found = self._pair(at)
        if found is None:
            return None
        one, other, both = found
        number = (self.numbers.next_numerator(one.section), -1)
        began = self._new(one, both, one.area_m2 + other.area_m2, number, when)
        return Event(Kind.MERGE, (one, other), (began,))

    def _rearrange(self, at: int, when: str) -> Event | None:
        found = self._pair(at)
        if found is None:
            return None
        one, other, both = found
        parts = _halves(both)
        if parts is None:
            return None
        areas = _shares(one.area_m2 + other.area_m2, parts)
        began = [
            self._new(one, p, a, (self.numbers.next_numerator(one.section), -1), when)
            for p, a in zip(parts, areas, strict=True)
        ]
        return Event(Kind.REARRANGEMENT, (one, other), tuple(began))

    def _renumber(self, at: int, when: str) -> Event | None:
        old = self.plots[at]
        self._used.add(at)
        number = (self.numbers.next_numerator(old.section), -1)
        began = self._new(old, old.shape, old.area_m2, number, when)
        return Event(Kind.RENUMBER, (old,), (began,))

    def _resurvey(self, at: int, when: str) -> Event | None:
        found = self._pair(at)
        if found is None:
            return None
        one, other, _ = found
        border = shapely.intersection(one.shape, other.shape)
        strip = one.shape.intersection(border.buffer(_STRIP_M, cap_style="flat"))
        less, more = _exact(one.shape.difference(strip)), _exact(other.shape.union(strip))
        if less is None or more is None:
            return None
        areas = (round(less.area), round(more.area))
        kept = [
            (plot, plot.begin(when).reshaped(shape, area))
            for plot, shape, area in zip((one, other), (less, more), areas, strict=True)
        ]
        return Event(Kind.RESURVEY, kept=tuple(kept))

    def _correct(self, at: int, when: str) -> Event | None:
        old = self.plots[at]
        self._used.add(at)
        new = old.begin(when).reshaped(old.shape, old.area_m2 + 3)
        return Event(Kind.AREA, kept=((old, new),))

    def _pair(self, at: int) -> tuple[Plot, Plot, shapely.Polygon] | None:
        """Return a parcel, the neighbour it has the longest border with, and both in one."""
        one = self.plots[at]
        best, longest = None, _BORDER_M
        for other in self._tree.query(one.shape, predicate="touches").tolist():
            if other in self._used or self.plots[other].section != one.section:
                continue
            border = shapely.intersection(one.shape, self.plots[other].shape)
            lines = [p for p in shapely.get_parts(border) if shapely.get_dimensions(p) == 1]
            length = float(sum(line.length for line in lines))
            if length > longest:
                best, longest = other, length
        if best is None:
            return None
        both = _exact(one.shape.union(self.plots[best].shape))
        if both is None:
            return None
        self._used |= {at, best}
        return one, self.plots[best], both

    def _new(
        self, like: Plot, shape: shapely.Polygon, area: int, number: tuple[int, int], when: str
    ) -> Plot:
        """Return a new parcel; a denominator of 0 asks for the next, -1 for none."""
        above, below = number
        if below == 0:
            below = self.numbers.next_denominator(like.section, above)
        oid = self.numbers.next_object()
        new = like.begin(when).reshaped(shape, area)
        return new.numbered(oid, above, max(below, 0))


def _exact(shape: shapely.Geometry) -> shapely.Polygon | None:
    """Return a polygon in whole millimetres; None where it is something else."""
    exact = shapely.set_precision(shape, MM)
    if not isinstance(exact, shapely.Polygon) or exact.is_empty or exact.interiors:
        return None
    return exact


def _halves(shape: shapely.Polygon) -> tuple[shapely.Polygon, shapely.Polygon] | None:
    """Cut a polygon across its longer side, through its centre."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
    sides = np.diff(corners[:3], axis=0)
    along = sides[int(np.argmax(np.hypot(*sides.T)))]
    across = np.array([-along[1], along[0]]) / np.hypot(*along) * 1_000
    centre = np.array(shape.centroid.coords[0])
    left = shapely.Polygon(
        [centre - across, centre + across, centre + across + along * 9, centre - across + along * 9]
    )
    one = _exact(shape.intersection(left))
    other = None if one is None else _exact(shape.difference(one))
    if one is None or other is None or min(one.area, other.area) < 0.2 * shape.area:
        return None
    return one, other


def _shares(total: int, parts: tuple[shapely.Polygon, ...]) -> list[int]:
    """Share out an official area by plane area, so that the sum stays."""
    whole = sum(p.area for p in parts)
    shares = [round(total * p.area / whole) for p in parts[:-1]]
    return [*shares, total - sum(shares)]
