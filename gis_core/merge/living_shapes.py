"""Shapes that change: a large base that stays, and the few that came since."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_core.errors import ChangeError
from gis_core.merge.flat import FlatShapes
from gis_core.merge.kernels.grid import Grid, box_pairs, build_grid
from gis_core.merge.shapes import Shapes

_PARTS = 32  # what came since the base is put into one part when it has become this many


@dataclass(frozen=True, slots=True)
class _Part:
    """Shapes that came together, found by place."""

    slot: NDArray[np.intp]
    flat: FlatShapes
    grid: Grid


class Growing[T: np.generic]:
    """A one-dimensional array that grows without being copied each time."""

    def __init__(self, values: NDArray[T]) -> None:
        self._room = values.copy()
        self._count = len(values)

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
    base are not written to.

    Parameters
    ----------
    ids
        (n,) text, unique.
    flat
        n shapes in one projected CRS (metre).
    number
        (n,) float64, a figure that belongs to each shape, such as a stem's radius; default 0.
    """

    def __init__(
        self,
        ids: NDArray[np.object_],
        flat: FlatShapes,
        number: NDArray[np.float64] | None = None,
    ) -> None:
        order = np.argsort(ids, kind="stable")
        self._known, self._slot_of_known = ids[order], order
        self._since: dict[str, int] = {}
        n = len(ids)
        self._id = Growing(ids)
        self._size = Growing(Shapes(flat=flat).size())
        self._number = Growing(np.zeros(n) if number is None else number.astype(np.float64))
        self._alive = Growing(np.ones(n, np.bool_))
        self._part_of = Growing(np.zeros(n, np.intp))
        self._place = Growing(np.arange(n))
        self.largest = float(self.number.max(initial=0.0))
        self._parts = [_Part(np.arange(n), flat, build_grid(flat.box))]

    @property
    def id(self) -> NDArray[np.object_]:
        """(slots,) ids, also of shapes that went."""
        return self._id.values

    @property
    def size(self) -> NDArray[np.float64]:
        """(slots,) areas in m², of lines lengths in metres."""
        return self._size.values

    @property
    def number(self) -> NDArray[np.float64]:
        """(slots,) the figure that belongs to each shape; none is above ``largest``."""
        return self._number.values

    @property
    def alive(self) -> NDArray[np.bool_]:
        """(slots,) whether the shape lives."""
        return self._alive.values

    def find(self, ids: Sequence[str]) -> NDArray[np.intp]:
        """Return the slots of living shapes.

        Raises
        ------
        ChangeError
            One of the ids is not, or no longer, there.
        """
        names = np.array([*ids], object)
        at = np.searchsorted(self._known, names)
        here = np.minimum(at, len(self._known) - 1)
        found = np.where(self._known[here] == names, self._slot_of_known[here], -1)
        if self._since:
            later = np.array([self._since.get(name, -1) for name in ids], np.intp)
            found = np.maximum(found, later)  # what came last lives
        lost = np.flatnonzero((found < 0) | ~self.alive[found])
        if len(lost):
            name = str(names[lost[0]])
            raise ChangeError(
                f"a change names {name!r}, which is not there",
                advice="Apply changes in their order, each once.",
                found=name,
            )
        return found

    def take(self, slots: NDArray[np.intp]) -> FlatShapes:
        """Return the shapes of slots, living or not, in this order."""
        pieces = [
            (self._parts[part].flat.take(self._place.values[slots[at]]), at)
            for part, at in self._by_part(slots)
        ]
        if len(pieces) == 1:
            return pieces[0][0]
        if not pieces:
            return self._parts[0].flat.take(np.empty(0, np.intp))
        back = np.argsort(np.concatenate([at for _, at in pieces]), kind="stable")
        return FlatShapes.concat([piece for piece, _ in pieces]).take(back)

    def near(self, boxes: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the slots of living shapes whose box meets one of (k, 4) boxes, ascending."""
        found = [part.slot[box_pairs(part.grid, part.flat.box, boxes)[1]] for part in self._parts]
        slots = np.unique(np.concatenate(found))
        return slots[self.alive[slots]]

    def remove(self, ids: Sequence[str]) -> NDArray[np.intp]:
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
        """Take in shapes and return their slots."""
        n, first = len(flat), len(self.alive)
        slots = np.arange(first, first + n)
        if not n:
            return slots
        figures = np.zeros(n) if number is None else number.astype(np.float64)
        self._id.extend(np.array([*ids], object))
        self._size.extend(Shapes(flat=flat).size())
        self._number.extend(figures)
        self._alive.extend(np.ones(n, np.bool_))
        self._part_of.extend(np.full(n, len(self._parts)))
        self._place.extend(np.arange(n))
        self.largest = max(self.largest, float(figures.max()))
        self._parts.append(_Part(slots, flat, build_grid(flat.box)))
        self._since.update(zip(ids, slots.tolist(), strict=True))
        if len(self._parts) > _PARTS:
            self._compact()
        return slots

    def _by_part(self, slots: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
        part = self._part_of.values[slots]
        for number in np.unique(part).tolist():
            yield number, np.flatnonzero(part == number)

    def _compact(self) -> None:
        """Put all that came since the base into one part."""
        slots = np.concatenate([part.slot for part in self._parts[1:]])
        flat = FlatShapes.concat([part.flat for part in self._parts[1:]])
        self._parts[1:] = [_Part(slots, flat, build_grid(flat.box))]
        self._part_of.values[slots], self._place.values[slots] = 1, np.arange(len(slots))
