"""Property tax: economic units over one or several parcels, flats, farms; exact arithmetic."""

from dataclasses import dataclass

import numpy as np

from data.city.drawing import City
from data.city.lots import Lot
from data.city.zones import Zone

MULTIPLIER = {"A": 265, "residential": 506, "other": 995}
"""Percent, from 2025 on."""

BASE_RATE = {"A": 55, "residential": 31, "other": 34}
"""Hundredths of a per mille."""


@dataclass(frozen=True)
class TaxObject:
    """One economic unit.

    Attributes
    ----------
    parcels
        Rows of its parcels, the main one first.
    unit
        Number of the flat, 0 where the parcel is not divided into flats.
    kind
        A (farm and forest) or B.
    residential
        Whether the lower rate holds.
    value_eur
        Whole hundreds of euros.
    """

    parcels: tuple[int, ...]
    unit: int
    kind: str
    residential: bool
    value_eur: int

    @property
    def _group(self) -> str:
        if self.kind == "A":
            return "A"
        return "residential" if self.residential else "other"

    @property
    def base_rate(self) -> int:
        """Steuermesszahl in hundredths of a per mille."""
        return BASE_RATE[self._group]

    @property
    def base_amount_cents(self) -> int:
        """Value × base rate, rounded half up to a cent."""
        return (self.value_eur * self.base_rate + 500) // 1000

    @property
    def multiplier(self) -> int:
        """Hebesatz, percent."""
        return MULTIPLIER[self._group]

    @property
    def annual_tax_cents(self) -> int:
        """Base amount × multiplier, rounded half up to a cent."""
        return (self.base_amount_cents * self.multiplier + 50) // 100


def assess(city: City) -> list[TaxObject]:
    """Form economic units from the lots; roads, parks, schools and churches pay nothing.

    The strip to a rear lot belongs to that lot's unit; some neighbours are one unit;
    fields of a block are farmed together; some houses in the town are divided into flats.
    """
    rng = city.frame.plan.random(70)
    lots = city.lots
    n = len(lots.lot)
    zone, area = city.zone[:n], city.official_area_m2[:n]
    draw = rng.uniform(size=(n, 3))
    out: list[TaxObject] = []
    i = 0
    while i < n:
        parcels: tuple[int, ...] = (i,)
        kind = Zone(int(zone[i]))
        if kind in {Zone.FIELD, Zone.FOREST}:
            size = 1 + int(draw[i, 0] * 4)
            parcels = tuple(k for k in range(i, min(n, i + size)) if lots.block[k] == lots.block[i])
            ground = int(area[list(parcels)].sum())
            out.append(TaxObject(parcels, 0, "A", False, _hundreds(ground * (1.0 + draw[i, 1]))))
        elif kind in {Zone.OLD_TOWN, Zone.CENTRE, Zone.ROWS, Zone.HOUSES, Zone.INDUSTRY}:
            if lots.lot[i] == Lot.ACCESS and i + 1 < n and lots.lot[i + 1] == Lot.REAR:
                parcels = (i + 1, i)
            elif draw[i, 0] < 0.025 and _twins(city, i, zone):
                parcels = (i, i + 1)
            out += _units(parcels, kind, int(area[list(parcels)].sum()), draw[i])
        i += len(parcels)
    return out


def _twins(city: City, i: int, zone: np.ndarray) -> bool:
    lots = city.lots
    return bool(
        i + 1 < len(lots.lot)
        and lots.lot[i] == lots.lot[i + 1] == Lot.FRONT
        and lots.block[i] == lots.block[i + 1]
        and zone[i] == zone[i + 1]
    )


def _units(parcels: tuple[int, ...], zone: Zone, ground: int, draw: np.ndarray) -> list[TaxObject]:
    if zone is Zone.INDUSTRY:
        return [TaxObject(parcels, 0, "B", False, _hundreds(ground * (120 + 160 * draw[1])))]
    flats = zone in {Zone.OLD_TOWN, Zone.CENTRE} and draw[2] < 0.13
    if flats:
        count = 4 + int(draw[1] * 11)
        value = _hundreds(95_000 + 70_000 * draw[0])
        # The ground floor of every third house is a shop.
        shop = draw[0] > 0.66
        return [
            TaxObject(parcels, k + 1, "B", not (shop and k == 0), value + 3_700 * k)
            for k in range(count)
        ]
    residential = draw[2] < 0.88
    value = 90_000 + ground * 260 * (0.6 + 0.8 * draw[1])
    return [TaxObject(parcels, 0, "B", residential, _hundreds(min(value, 2_400_000)))]


def _hundreds(value: float) -> int:
    return max(100, int(value) // 100 * 100)
