"""Shapes that change: a large base that stays, and the few that came since."""

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_core.errors import ChangeError
from gis_core.merge.engine_kernels import KernelEngine
from gis_core.merge.engines import Near
from gis_core.merge.flat import FlatShapes
from gis_core.merge.shapes import Shapes

FEW = 256  # what came last is put together with what comes next as long as it is not more


class Part(NamedTuple):
    """Shapes with slots one after the other, indexed together."""

    first: int
    engine: KernelEngine


class Growing[T: np.generic]:
    """A one-dimensional array that grows without being copied each time."""

    def __init__(self, values: NDArray[T]) -> None:
        self._count = len(values)
        # With room at once, so that the first change does not pay for a copy.
        self._room = np.empty(self._count + self._count // 8 + FEW, values.dtype)
        self._room[: self._count] = values

    @property
    def values(self) -> NDArray[T]:
        """The array as it is now; writing to it is allowed."""
        return self._room[: self._count]

    def extend(self, values: NDArray[T]) -> None:
        """Add values at the end; O(len(values)) on average."""
        count = self._count + len(values)
        if count > len(self._room):
            wider = np.empty(max(count, self._count + self._count // 2), self._room.dtype)
            wider[: self._count] = self.values
            self._room = wider
        self._room[self._count : count] = values
        self._count = count


class LivingShapes:
    """Shapes by id, found by place; a change of k of them does not cost as much as there are.

    A shape has a slot as long as it lives, and a slot is never used twice. The arrays of the
    base are not written to. As an engine it measures points against all shapes that live, with
    slots for positions.

    Parameters
    ----------
    ids
        (n,) text, unique.
    flat
        n shapes in one projected CRS (metre).
    number
        (n,) float64, a figure that belongs to each shape, such as a stem's radius; default 0.

    Notes
    -----
    What comes is indexed by itself. Parts of like size are put together, so that k shapes that
    came one by one are in O(log k) parts and each was moved O(log k) times.
    """

    def __init__(
        self,
        ids: NDArray[np.object_],
        flat: FlatShapes,
        number: NDArray[np.float64] | None = None,
    ) -> None:
        figures = np.zeros(len(ids)) if number is None else number.astype(np.float64)
        self._slot: dict[str, int] = dict(zip(ids.tolist(), range(len(ids)), strict=True))
        self._id = Growing(ids)
        self._size = Growing(Shapes(flat=flat).size())
        self._linear = Growing(flat.dimension == 1)
        self._number = Growing(figures)
        self._marked = Growing(figures > 0)
        self._alive = Growing(np.ones(len(ids), np.bool_))
        self.largest = float(figures.max(initial=0.0))
        self._parts = [Part(0, KernelEngine(Shapes(flat=flat)))]
        self._picked = (np.empty(0, np.intp), KernelEngine(Shapes(flat=flat.take(slice(0)))))

    @property
    def id(self) -> NDArray[np.object_]:
        """(slots,) ids, also of shapes that went."""
        return self._id.values

    @property
    def size(self) -> NDArray[np.float64]:
        """(slots,) areas in m², of lines lengths in metres."""
        return self._size.values

    @property
    def linear(self) -> NDArray[np.bool_]:
        """(slots,) whether the shape is a line."""
        return self._linear.values

    @property
    def number(self) -> NDArray[np.float64]:
        """(slots,) the figure that belongs to each shape; none is above ``largest``."""
        return self._number.values

    @property
    def marked(self) -> NDArray[np.bool_]:
        """(slots,) whether that figure is above 0."""
        return self._marked.values

    @property
    def alive(self) -> NDArray[np.bool_]:
        """(slots,) whether the shape lives."""
        return self._alive.values

    def find(self, ids: Sequence[str] | NDArray[np.object_]) -> NDArray[np.intp]:
        """Return the slots of living shapes.

        Raises
        ------
        ChangeError
            One of the ids is not, or no longer, there.
        """
        slots = self._last(ids)
        lost = np.flatnonzero((slots < 0) | ~self.alive[slots])
        if len(lost):
            name = str(ids[lost[0]])
            raise ChangeError(
                f"a change names {name!r}, which is not there",
                advice="Apply changes in their order, each once.",
                found=name,
            )
        return slots

    def take(self, slots: NDArray[np.intp]) -> FlatShapes:
        """Return the shapes of slots, living or not, in this order."""
        pieces = [
            (part.engine.flat.take(slots[at] - part.first), at) for part, at in self.parts(slots)
        ]
        if not pieces:
            return self._parts[0].engine.flat.take(slots)
        if len(pieces) == 1:
            return pieces[0][0]
        back = np.argsort(np.concatenate([at for _, at in pieces]), kind="stable")
        return FlatShapes.concat([piece for piece, _ in pieces]).take(back)

    def boxes(self, slots: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the boxes (k, 4) of shapes, living or not."""
        box = np.empty((len(slots), 4))
        for part, at in self.parts(slots):
            box[at] = part.engine.flat.box[slots[at] - part.first]
        return box

    def parts(self, slots: NDArray[np.intp]) -> Iterator[tuple[Part, NDArray[np.intp]]]:
        """Yield each part that shapes are in, and which of them."""
        part = np.searchsorted([p.first for p in self._parts], slots, side="right") - 1
        for number in np.flatnonzero(np.bincount(part)).tolist():
            yield self._parts[number], np.flatnonzero(part == number)

    def pick(self, slots: NDArray[np.intp]) -> KernelEngine:
        """Return shapes, living or not, as an engine; collections ask for the same in turn."""
        if not np.array_equal(slots, self._picked[0]):
            self._picked = (slots, KernelEngine(Shapes(flat=self.take(slots))))
        return self._picked[1]

    def meeting(self, boxes: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return pairs of one of (k, 4) boxes and a living shape whose box touches it."""
        found = [part.engine.meeting(boxes) for part in self._parts]
        asking = np.concatenate([box for box, _ in found])
        slot = np.concatenate(
            [own + part.first for part, (_, own) in zip(self._parts, found, strict=True)]
        )
        living = self.alive[slot]
        return asking[living], slot[living]

    def near(self, xy: NDArray[np.float64], reach: NDArray[np.float64]) -> Near:
        """See `Engine.near`; of one point's shapes those that came later may come later."""
        found = [part.engine.near(xy, reach) for part in self._parts]
        point, slot, covered, distance = (np.concatenate(c) for c in zip(*found, strict=True))
        slot += np.repeat([part.first for part in self._parts], [len(f[0]) for f in found])
        living = np.flatnonzero(self.alive[slot])
        living = living[np.argsort(point[living], kind="stable")]
        return point[living], slot[living], covered[living], distance[living]

    def disc_areas(
        self, xy: NDArray[np.float64], radius: NDArray[np.float64], parcel: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """See `Engine.disc_areas`."""
        area = np.empty(len(parcel))
        for part, at in self.parts(parcel):
            area[at] = part.engine.disc_areas(xy[at], radius[at], parcel[at] - part.first)
        return area

    def remove(self, ids: Sequence[str] | NDArray[np.object_]) -> NDArray[np.intp]:
        """Let shapes go and return their slots, which stay readable."""
        slots = self.find(ids)
        self.alive[slots] = False
        return slots

    def add(
        self,
        ids: Sequence[str] | NDArray[np.object_],
        flat: FlatShapes,
        number: NDArray[np.float64] | None = None,
    ) -> NDArray[np.intp]:
        """Take in shapes and return their slots.

        Raises
        ------
        ChangeError
            One of the ids lives already.
        """
        n, first = len(flat), len(self.alive)
        slots = np.arange(first, first + n)
        if not n:
            return slots
        before = self._last(ids)
        taken = np.flatnonzero((before >= 0) & self.alive[before])
        if len(taken):
            name = str(ids[taken[0]])
            raise ChangeError(
                f"a change adds {name!r}, which is there already",
                advice="Let what it replaces go first.",
                found=name,
            )
        figures = np.zeros(n) if number is None else number.astype(np.float64)
        self._id.extend(np.array([*ids], object))
        self._size.extend(Shapes(flat=flat).size())
        self._linear.extend(flat.dimension == 1)
        self._number.extend(figures)
        self._marked.extend(figures > 0)
        self._alive.extend(np.ones(n, np.bool_))
        self.largest = max(self.largest, float(figures.max()))
        self._slot.update(zip(ids, slots.tolist(), strict=True))
        self._append(first, flat)
        return slots

    def _last(self, ids: Sequence[str] | NDArray[np.object_]) -> NDArray[np.intp]:
        """Return the slots that ids have, or had last; -1 where there never was one."""
        return np.fromiter(map(self._slot.get, ids, repeat(-1)), np.intp, len(ids))

    def _append(self, first: int, flat: FlatShapes) -> None:
        """Index shapes, together with the last ones where those are few or not more."""
        together = [flat]
        size = len(flat)
        while self._parts and len(self._parts[-1].engine.flat) <= max(FEW, size):
            first, engine = self._parts.pop()
            together.append(engine.flat)
            size += len(engine.flat)
        self._parts.append(
            Part(first, KernelEngine(Shapes(flat=FlatShapes.concat(together[::-1]))))
        )
