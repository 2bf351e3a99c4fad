"""Sections, cadastral districts and municipalities as the union of their parcels.

NAS has them as entries of catalogues, without a place; the simplified schema as features
(`KatasterBezirk`, `VerwaltungsEinheit`), which are taken as they come.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis_core.geometry import as_multipolygon, dissolve

DISTRICTS, MUNICIPALITIES = "katasterbezirk", "verwaltungseinheit"
SECTION, DISTRICT, MUNICIPALITY = "Gemarkungsteil/Flur", "Gemarkung", "Gemeinde"
"""What the state calls each kind (``art``)."""

NEEDED = ("aktualit", "kreis", "kreisschl", "gemeinde", "gmdschl", "gemarkung", "flurschl")
"""The fields of parcels that are read, beside their key."""

_NONE = "___"  # in place of a section's number where the state has none
Texts = Mapping[str, NDArray[np.object_]]


class Cell(NamedTuple):
    """What parcels of one section in one municipality have in common."""

    section: str  # its key, 9 characters: district and number
    district_name: str | None
    municipality: str | None
    municipality_name: str | None
    county: str | None
    county_name: str | None


@dataclass(frozen=True, slots=True)
class _Ground:
    """An area, and the newest date of the data in it."""

    area: BaseGeometry
    day: str

    @classmethod
    def of(cls, pieces: Sequence["_Ground"]) -> "_Ground":
        if len(pieces) == 1:
            return pieces[0]
        area = dissolve(np.array([piece.area for piece in pieces], dtype=object))
        return cls(area, max(piece.day for piece in pieces))


class Fabric:
    """The parcels of a cadastre as they come in, with the borders between them left out."""

    def __init__(self) -> None:
        self._cells: dict[Cell, list[_Ground]] = {}

    @property
    def sections(self) -> set[str]:
        """The keys of the sections that have a parcel."""
        return {cell.section for cell in self._cells}

    def add(self, columns: Texts, key: str, geometry: NDArray[np.object_]) -> None:
        """Take in parcels.

        Parameters
        ----------
        columns
            (n,) texts, None where missing, by field: those of `NEEDED`, and the parcel key.
        key
            The field with the parcel key.
        geometry
            (n,) areas or None.
        """
        sections = [
            stated or (own and own[:9])
            for stated, own in zip(columns["flurschl"], columns[key], strict=True)
        ]
        names = ("gemarkung", "gmdschl", "gemeinde", "kreisschl", "kreis")
        rows: dict[tuple[str | None, ...], list[int]] = {}
        told = zip(sections, *(columns[name] for name in names), strict=True)
        for row, cell in enumerate(told):
            if cell[0] and geometry[row] is not None:
                rows.setdefault(cell, []).append(row)
        for cell, at in rows.items():
            days = filter(None, columns["aktualit"][at])
            self.put(Cell._make(cell), dissolve(geometry[at]), max(days, default=""))

    def put(self, cell: Cell, area: BaseGeometry, day: str) -> None:
        """Take in an area without borders, and the newest date of the data in it."""
        self._cells.setdefault(cell, []).append(_Ground(area, day))

    def rows(self) -> dict[str, tuple[pd.DataFrame, NDArray[np.object_]]]:
        """Return the rows of `DISTRICTS` and of `MUNICIPALITIES`, and their areas."""
        cells = {cell: _Ground.of(pieces) for cell, pieces in sorted(self._cells.items(), key=_key)}
        districts = _districts(_united(cells, lambda cell: cell.section[:6]))
        sections = _sections(_united(cells, lambda cell: cell.section))
        towns = _municipalities(_united(cells, lambda cell: cell.municipality))
        return {DISTRICTS: _table([*districts, *sections]), MUNICIPALITIES: _table(towns)}


def _key(item: tuple[Cell, object]) -> tuple[str, ...]:
    return tuple(part or "" for part in item[0])


@dataclass(frozen=True, slots=True)
class _Unit:
    key: str
    cells: tuple[Cell, ...]
    ground: _Ground

    def named(self, name: Callable[[Cell], str | None]) -> str | None:
        """Return what its cells are called, several with | between them."""
        return "|".join(dict.fromkeys(filter(None, map(name, self.cells)))) or None


def _united(cells: Mapping[Cell, _Ground], by: Callable[[Cell], str | None]) -> Iterator[_Unit]:
    """Yield the cells that have a key in common as one, in the order of the keys."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        if key := by(cell):
            groups.setdefault(key, []).append(cell)
    for key, some in sorted(groups.items()):
        yield _Unit(key, tuple(some), _Ground.of([cells[cell] for cell in some]))


Row = tuple[dict[str, str | None], _Ground]


def _districts(units: Iterable[_Unit]) -> Iterator[Row]:
    for unit in units:
        own = {
            "oid": f"DE{unit.key}",
            "art": DISTRICT,
            "name": unit.named(lambda c: c.district_name),
            "uebobjekt": None,
            "ueboname": None,
        }
        yield own | _within(unit), unit.ground


def _sections(units: Iterable[_Unit]) -> Iterator[Row]:
    for unit in units:
        if not unit.key.endswith(_NONE):
            own = {
                "oid": f"DE{unit.key}",
                "art": SECTION,
                "name": unit.key[6:],
                "uebobjekt": f"DE{unit.key[:6]}",
                "ueboname": unit.named(lambda c: c.district_name),
            }
            yield own | _within(unit), unit.ground


def _within(unit: _Unit) -> dict[str, str | None]:
    return {
        "schluessel": unit.key,
        "gemeinde": unit.named(lambda c: c.municipality_name),
        "gmdschl": unit.named(lambda c: c.municipality),
    }


def _municipalities(units: Iterable[_Unit]) -> Iterator[Row]:
    for unit in units:
        county = unit.named(lambda c: c.county)
        row = {
            "oid": f"DE{unit.key}",
            "art": MUNICIPALITY,
            "name": unit.named(lambda c: c.municipality_name),
            "ags": unit.key,
            "uebobjekt": f"DE{county}" if county else None,
            "ueboname": unit.named(lambda c: c.county_name),
        }
        yield row, unit.ground


def _table(rows: Iterable[Row]) -> tuple[pd.DataFrame, NDArray[np.object_]]:
    found = list(rows)
    areas = np.array([ground.area for _, ground in found], dtype=object)
    frame = pd.DataFrame([row for row, _ in found], columns=["oid"] if not found else None)
    frame["aktualit"] = pd.Series([ground.day or None for _, ground in found], dtype=object)
    return frame, as_multipolygon(areas)
