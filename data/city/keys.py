"""Districts, sections and numbers: every parcel its key, and the keys that have ended."""

from dataclasses import dataclass, field
from importlib import resources
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data.city.plan import Plan
from data.city.shapes import Floats, Ints
from gis_core.districts import DistrictCatalogue

PARCELS_PER_SECTION = 183

SITES = {
    "Krefeld": (-0.05, 0.0),
    "Hüls": (-0.55, 0.72),
    "Traar": (0.35, 0.78),
    "Verberg": (0.12, 0.5),
    "Bockum": (0.42, 0.22),
    "Uerdingen": (0.85, 0.1),
    "Gellep-Stratum": (0.8, -0.5),
    "Linn": (0.52, -0.22),
    "Oppum": (0.28, -0.36),
    "Fischeln": (-0.1, -0.75),
    "Benrad": (-0.62, 0.1),
}
"""Where the districts lie, in shares of half the width and height of the city."""


@dataclass(frozen=True)
class Ended:
    """A parcel that no longer exists, and what became of it."""

    key: str
    successors: tuple[str, ...]
    event: str  # split | merge


@dataclass(frozen=True)
class Numbers:
    """The keys of all parcels.

    ``district`` and ``section`` are per parcel; ``key`` is the 20-character parcel key.
    """

    key: NDArray[np.object_]
    district: NDArray[np.object_]
    section: Ints
    numerator: Ints
    denominator: Ints  # 0: none
    ended: tuple[Ended, ...]


def load_catalogue() -> DistrictCatalogue:
    """Return Krefeld's catalogue, the same that the import checks keys against."""
    file = resources.files("gis_core.catalogues").joinpath("krefeld.toml")
    return DistrictCatalogue.from_toml(file.read_text(encoding="utf-8"))


def share_sections(
    plan: Plan, catalogue: DistrictCatalogue, centre: Floats, weight: Floats
) -> tuple[NDArray[np.object_], Ints]:
    """Give every block a district and one of its existing sections.

    Parameters
    ----------
    centre
        (n, 2) places of the blocks on paper, metre.
    weight
        (n,) parcels in each.

    Notes
    -----
    Districts are a power diagram around fixed sites whose radii are moved until each
    has parcels in proportion to the sections that really exist; sections are cut by
    halves of equal weight.
    """
    inside = [catalogue.by_name(name)[0] for name in SITES]
    unit = centre / np.array([plan.half_width, plan.half_height])
    site = np.asarray(list(SITES.values()))
    wish = np.asarray([float(len(d.sections)) for d in inside])
    wish /= wish.sum()
    nearest = _power_diagram(unit, site, weight, wish)
    keys = np.asarray([d.key for d in inside], dtype=object)
    section = np.zeros(len(centre), dtype=np.int64)
    for d, district in enumerate(inside):
        mine = np.flatnonzero(nearest == d)
        if len(mine) == 0:
            continue
        existing = sorted(district.sections)
        count = int(np.clip(round(weight[mine].sum() / PARCELS_PER_SECTION), 1, len(existing)))
        for number, part in enumerate(_equal_parts(centre, weight, mine, count)):
            section[part] = existing[number]
    return keys[nearest], section


def _power_diagram(unit: Floats, site: Floats, weight: Floats, wish: Floats) -> Ints:
    square = ((unit[:, None, :] - site[None]) ** 2).sum(axis=2)
    radius = np.zeros(len(site))
    total = weight.sum()
    nearest = np.argmin(square, axis=1)
    for step in range(60):
        have = np.bincount(nearest, weight, len(site)) / total
        radius += (0.6 / (1 + 0.1 * step)) * (wish - have)
        nearest = np.argmin(square - radius, axis=1)
    return np.asarray(nearest, dtype=np.int64)


def _equal_parts(centre: Floats, weight: Floats, rows: Ints, count: int) -> list[Ints]:
    """Cut rows into ``count`` compact parts of about equal weight."""
    if count <= 1 or len(rows) <= 1:
        return [rows]
    spread = np.ptp(centre[rows], axis=0)
    order = rows[np.argsort(centre[rows, int(np.argmax(spread))], kind="stable")]
    reach = np.cumsum(weight[order]) / weight[order].sum()
    first = count // 2
    cut = int(np.clip(np.searchsorted(reach, first / count) + 1, 1, len(order) - 1))
    return [
        *_equal_parts(centre, weight, order[:cut], first),
        *_equal_parts(centre, weight, order[cut:], count - first),
    ]


def number_parcels(
    plan: Plan,
    district: NDArray[np.object_],
    section: Ints,
    order: Ints,
    splittable: NDArray[np.bool_],
) -> Numbers:
    """Give a number to the parcels of every section in the given order.

    Neighbours in the order that were once one parcel share a numerator (``12/1``,
    ``12/2``); the parcel ``12`` has ended. Some numbers were used up by parcels that
    were merged. ``splittable`` says which parcels can come from a split.
    """
    n = len(section)
    draw = plan.random(12).uniform(size=(n, 2))
    rank = np.argsort(order, kind="stable")
    place = np.lexsort((rank, section, district.astype(str)))
    begins = np.ones(n, dtype=bool)
    begins[1:] = (section[place[1:]] != section[place[:-1]]) | (
        district[place[1:]] != district[place[:-1]]
    )
    register = _Register(np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64))
    bounds = [*np.flatnonzero(begins).tolist(), n]
    for first, last in pairwise(bounds):
        register.number(place[first:last], splittable, draw[first:last])
    key = _keys(district, section, register.numerator, register.denominator)
    ended = tuple(
        Ended(
            f"{district[members[0]]}{section[members[0]]:03d}{number:05d}______",
            tuple(str(key[m]) for m in members),
            event,
        )
        for number, members, event in register.ended
    )
    return Numbers(key, district, section, register.numerator, register.denominator, ended)


@dataclass
class _Register:
    """Numbers given so far, and the numbers that were used up."""

    numerator: Ints
    denominator: Ints
    ended: list[tuple[int, tuple[int, ...], str]] = field(default_factory=list)

    def number(self, rows: Ints, splittable: NDArray[np.bool_], draw: Floats) -> None:
        """Give numbers to the parcels of one section."""
        counter = i = 0
        while i < len(rows):
            counter += 1
            size = 2 + int(draw[i, 1] * 3) if draw[i, 0] < 0.13 else 1
            members = tuple(rows[i : i + size].tolist())
            while len(members) > 1 and not splittable[list(members)].all():
                members = members[:-1]
            if len(members) > 1:
                for k, row in enumerate(members):
                    self.numerator[row], self.denominator[row] = counter, k + 1
                self.ended.append((counter, members, "split"))
            else:
                if draw[i, 0] > 0.975 and splittable[members[0]]:
                    self.ended += [(counter + k, members, "merge") for k in (0, 1)]
                    counter += 2
                self.numerator[members[0]] = counter
            i += len(members)


def _keys(
    district: NDArray[np.object_], section: Ints, numerator: Ints, denominator: Ints
) -> NDArray[np.object_]:
    rows = zip(district, section.tolist(), numerator.tolist(), denominator.tolist(), strict=True)
    return np.asarray(
        [f"{d}{s:03d}{z:05d}{f'{n:04d}' if n else '____'}__" for d, s, z, n in rows], dtype=object
    )
