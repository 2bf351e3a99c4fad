"""How a block is shared out: rows of lots back to back, lots at its ends, plots behind others."""

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np

from data.city.patch import Patch, Rect
from data.city.zones import Zone


class Lot(IntEnum):
    """What a parcel in a block is for."""

    WHOLE = 0  # the whole block, or a part of a park, field or forest
    FRONT = 1  # a lot at the street
    REAR = 2  # a lot behind another
    ACCESS = 3  # the strip that leads there


class Front(IntEnum):
    """Side of the block's unit square that a lot faces."""

    BOTTOM = 0
    RIGHT = 1
    TOP = 2
    LEFT = 3


@dataclass(frozen=True)
class Share:
    """One lot of a block."""

    rect: Rect
    lot: Lot
    front: Front


WHOLE_BLOCK = Share((0.0, 1.0, 0.0, 1.0), Lot.WHOLE, Front.BOTTOM)


@dataclass(frozen=True)
class Custom:
    """How lots are measured in a zone, metre."""

    frontage: float
    spread: float
    least: float
    most: float
    two_rows_from: float
    ends: float  # depth of the lots at the ends of a block, 0: none


CUSTOM = {
    Zone.OLD_TOWN: Custom(13.5, 0.16, 9.0, 24.0, 36.0, 22.0),
    Zone.CENTRE: Custom(15.0, 0.15, 11.0, 24.0, 40.0, 25.0),
    Zone.ROWS: Custom(9.5, 0.10, 7.5, 13.0, 44.0, 0.0),
    Zone.HOUSES: Custom(18.5, 0.17, 12.5, 30.0, 42.0, 28.0),
    Zone.INDUSTRY: Custom(66.0, 0.25, 40.0, 150.0, 135.0, 0.0),
}


def share_out(patch: Patch, zone: Zone, fields: int, rng: np.random.Generator) -> list[Share]:
    """Cut a block into lots.

    Parameters
    ----------
    patch
        The block.
    zone
        Its character; parks, schools and squares stay whole, a cemetery has two parts.
    fields
        Number of parcels that a field or forest is cut into; not used elsewhere.
    rng
        Source of the frontages.
    """
    if zone in {Zone.FIELD, Zone.FOREST}:
        return _strips(patch, fields, rng)
    if zone is Zone.CEMETERY and patch.is_regular:
        # The old part and the extension; graves were laid across the border between them.
        cut = 0.617
        return [
            Share((0.0, cut, 0.0, 1.0), Lot.WHOLE, Front.BOTTOM),
            Share((cut, 1.0, 0.0, 1.0), Lot.WHOLE, Front.BOTTOM),
        ]
    custom = CUSTOM.get(zone)
    if (
        not patch.is_regular
        or custom is None
        or patch.length < 1.6 * custom.frontage
        or patch.depth < 14.0
    ):
        return [WHOLE_BLOCK]
    begin, stop = _deep_enough(patch, 0.85 * custom.two_rows_from)
    if patch.depth < custom.two_rows_from or (stop - begin) * patch.length < custom.frontage:
        return _one_row(patch, (0.0, 1.0), custom, rng)
    out = _one_row(patch, (0.0, begin), custom, rng) if begin > 0 else []
    out += _one_row(patch, (stop, 1.0), custom, rng) if stop < 1 else []
    return out + _two_rows(patch, (begin, stop), custom, zone, rng)


def _deep_enough(patch: Patch, depth: float) -> tuple[float, float]:
    """Return the stretch in which a block, as a wedge, is at least so deep."""
    left, right = patch.left.length, patch.right.length
    begin, stop = 0.0, 1.0
    if left < depth < right:
        begin = round((depth - left) / (right - left), 6)
    elif right < depth < left:
        stop = round((left - depth) / (left - right), 6)
    return begin, stop


def _one_row(
    patch: Patch, span: tuple[float, float], custom: Custom, rng: np.random.Generator
) -> list[Share]:
    """Cut a stretch into lots from street to street; the one at a narrow end reaches farther."""
    low, high = span
    first, last = _deep_enough(patch, 15.0)
    inner_low, inner_high = max(low, first), min(high, last)
    if inner_high <= inner_low:
        inner_low, inner_high = span
    ticks = _ticks(patch.length, inner_low, inner_high, custom, rng)
    ticks[0], ticks[-1] = low, high
    front = Front.BOTTOM if patch.bottom.length >= patch.top.length else Front.TOP
    return [Share((a, b, 0.0, 1.0), Lot.FRONT, front) for a, b in pairwise(ticks)]


def _strips(patch: Patch, count: int, rng: np.random.Generator) -> list[Share]:
    """Cut a field into ``count`` strips, in two rows where the block is deep."""
    square = patch.left_tip is None and patch.right_tip is None
    rows = 2 if count > 3 and patch.depth > 150 and square else 1
    if rows == 1:
        ticks = _even(count, rng)
        return [Share((a, b, 0.0, 1.0), Lot.WHOLE, Front.BOTTOM) for a, b in pairwise(ticks)]
    middle = round(float(rng.uniform(0.42, 0.58)), 6)
    low, high = _even((count + 1) // 2, rng), _even(count // 2, rng)
    return [Share((a, b, 0.0, middle), Lot.WHOLE, Front.BOTTOM) for a, b in pairwise(low)] + [
        Share((a, b, middle, 1.0), Lot.WHOLE, Front.TOP) for a, b in pairwise(high)
    ]


def _even(count: int, rng: np.random.Generator) -> list[float]:
    width = rng.uniform(0.6, 1.4, max(1, count))
    reach = np.cumsum(width)[:-1] / width.sum()
    return [0.0, *np.round(reach, 6).tolist(), 1.0]


def _ticks(
    length: float, low: float, high: float, custom: Custom, rng: np.random.Generator
) -> list[float]:
    """Cut the stretch from ``low`` to ``high`` of a side into frontages."""
    stretch = length * (high - low)
    count = max(1, round(stretch / custom.frontage))
    width = custom.frontage * np.exp(custom.spread * rng.standard_normal(count))
    width = np.clip(width, custom.least, custom.most)
    reach = low + (high - low) * np.cumsum(width)[:-1] / width.sum()
    return [low, *np.round(reach, 6).tolist(), high]


def _two_rows(
    patch: Patch,
    span: tuple[float, float],
    custom: Custom,
    zone: Zone,
    rng: np.random.Generator,
) -> list[Share]:
    """Cut a stretch into lots back to back, with lots of their own at the ends of the block."""
    middle = round(float(rng.uniform(0.46, 0.54)), 6)
    begin, stop = span
    if begin == 0 and patch.left_tip is None:
        begin = _end(patch, patch.left.length, custom, rng)
    if stop == 1 and patch.right_tip is None:
        stop = round(1.0 - _end(patch, patch.right.length, custom, rng), 6)
    out: list[Share] = []
    for front, t0, t1, side in (
        (Front.BOTTOM, 0.0, middle, patch.bottom),
        (Front.TOP, middle, 1.0, patch.top),
    ):
        ticks = _ticks(side.length, begin, stop, custom, rng)
        for a, b in pairwise(ticks):
            depth = (t1 - t0) * patch.depth
            width = (b - a) * side.length
            if zone == Zone.HOUSES and depth > 37 and width > 17 and rng.uniform() < 0.22:
                out += _behind((a, b, t0, t1), front, side.length, depth)
            else:
                out.append(Share((a, b, t0, t1), Lot.FRONT, front))
    if begin > 0 and span[0] == 0:
        out += _end_lots((0.0, begin), Front.LEFT, patch.left.length, custom, rng)
    if stop < 1 and span[1] == 1:
        out += _end_lots((stop, 1.0), Front.RIGHT, patch.right.length, custom, rng)
    return out


def _end(patch: Patch, width: float, custom: Custom, rng: np.random.Generator) -> float:
    """Return the share of the length that lots at one end take, 0 where there are none."""
    if custom.ends <= 0 or patch.length < 3.2 * custom.ends:
        return 0.0
    if width > 1.7 * custom.least and rng.uniform() < 0.25:
        return 0.0
    return round(custom.ends * float(rng.uniform(0.9, 1.15)) / patch.length, 6)


def _end_lots(
    span: tuple[float, float],
    front: Front,
    width: float,
    custom: Custom,
    rng: np.random.Generator,
) -> list[Share]:
    ticks = _ticks(width, 0.0, 1.0, custom, rng) if width > 1.5 * custom.least else [0.0, 1.0]
    return [Share((*span, a, b), Lot.FRONT, front) for a, b in pairwise(ticks)]


def _behind(rect: Rect, front: Front, length: float, depth: float) -> list[Share]:
    """Cut a deep lot into a front and a rear lot, the latter reached by a strip of three metres."""
    s0, s1, t0, t1 = rect
    strip = round(s0 + 3.0 / length, 6)
    reach = (t1 - t0) * 21.0 / depth
    if front is Front.BOTTOM:
        cut = round(t0 + reach, 6)
        near, far = (t0, cut), (cut, t1)
    else:
        cut = round(t1 - reach, 6)
        near, far = (cut, t1), (t0, cut)
    return [
        Share((strip, s1, *near), Lot.FRONT, front),
        Share((s0, strip, *near), Lot.ACCESS, front),
        Share((s0, s1, *far), Lot.REAR, front),
    ]
