"""Owners: from the parcel's booking through the register sheet to names. Personal data.

Only what ``flurstueck_eigentuemer`` holds is joined: name, owner class, share. Addresses,
dates of birth and the like are not read at all.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from layers.alkis.cells import ObjectTable, frame_of
from layers.alkis.codes import read_catalogue
from layers.source import SourceTable

KINDS = frozenset({"AX_Buchungsstelle", "AX_Buchungsblatt", "AX_Namensnummer", "AX_Person"})
COLUMNS = ("flstkennz", "eigentuemertxt", "eigentuemerart", "anteil")

# Kinds of booking that are ownership (flats and parts of a plot: 13xx to 17xx); the 2xxx are
# rights in other people's land, whose holders own no part of it.
_OWNERSHIP = "1"


@dataclass(frozen=True, slots=True)
class _Booking:
    kind: str
    share: Fraction | None
    sheets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A Namensnummer: who, in which class, with which share of the sheet."""

    persons: tuple[str, ...]
    owner_class: str | None
    share: Fraction | None
    community: str | None


@dataclass(slots=True)
class Owners:
    """Bookings, register sheets and names, collected while an extract is read."""

    _bookings: dict[str, _Booking] = field(default_factory=dict)
    _parts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _entries: dict[str, list[_Entry]] = field(default_factory=lambda: defaultdict(list))
    _persons: dict[str, str] = field(default_factory=dict)

    def note(self, source: SourceTable) -> None:
        """Take in a table of one of ``KINDS``; versions that have ended don't count."""
        table = ObjectTable(source)
        ends = table.texts("lebenszeitintervall.endet")
        ids = [
            oid[:16] if oid and not end else ""
            for oid, end in zip(table.texts("gml_id"), ends, strict=True)
        ]
        if table.kind == "AX_Buchungsstelle":
            self._note_bookings(table, ids)
        elif table.kind == "AX_Namensnummer":
            self._note_entries(table, ids)
        elif table.kind == "AX_Person":
            self._note_persons(table, ids)

    def rows(self, parcels: SourceTable) -> SourceTable | None:
        """Return the owners of the current ones among parcels; None when none is known."""
        objects = ObjectTable(parcels)
        keys = objects.texts("flurstueckskennzeichen")
        ends = objects.texts("lebenszeitintervall.endet")
        found: dict[str, list[str | None]] = {name: [] for name in COLUMNS}
        numbers: list[int] = []
        booked = objects.lists("istGebucht")
        for row, key, end, bookings in zip(parcels.rows, keys, ends, booked, strict=True):
            if key is None or end is not None:
                continue
            for booking in bookings:
                for name, owner_class, share in self._owners(booking, None, frozenset()):
                    numbers.append(int(row))
                    for column, value in zip(COLUMNS, (key, name, owner_class, share), strict=True):
                        found[column].append(value)
        if not numbers:
            return None
        rows = np.array(numbers, dtype=np.int64)
        return SourceTable(
            parcels.file, "flurstueck_eigentuemer", rows, frame_of(found), part=parcels.part
        )

    def _owners(
        self, booking_id: str, of_whole: Fraction | None, seen: frozenset[str]
    ) -> Iterator[tuple[str, str | None, str | None]]:
        """Yield name, class and share of everyone who owns through a booking or its parts."""
        booking = self._bookings.get(booking_id)
        if booking is None or booking_id in seen:
            return
        whole = _product(of_whole, booking.share)
        for sheet in booking.sheets:
            for entry in self._entries.get(sheet, ()):
                share = _product(whole, entry.share)
                text = None if share is None else f"{share.numerator}/{share.denominator}"
                for name in self._names(entry):
                    yield name, entry.owner_class, text
        for part in self._parts.get(booking_id, ()):
            if self._bookings[part].kind.startswith(_OWNERSHIP):
                yield from self._owners(part, whole, seen | {booking_id})

    def _names(self, entry: _Entry) -> list[str]:
        names = [self._persons[p] for p in entry.persons if p in self._persons]
        return names or ([entry.community] if entry.community else [])

    def _note_bookings(self, table: ObjectTable, ids: list[str]) -> None:
        shares = _shares(table)
        kinds, sheets = table.texts("buchungsart"), table.lists("istBestandteilVon")
        rows = zip(ids, kinds, shares, sheets, table.lists("an"), strict=True)
        for oid, kind, share, on_sheets, whole in rows:
            if oid:
                self._bookings[oid] = _Booking(kind or "", share, tuple(on_sheets))
                for of in whole:
                    self._parts[of].append(oid)

    def _note_entries(self, table: ObjectTable, ids: list[str]) -> None:
        lists_of = read_catalogue().lists
        classes, communities = lists_of["eigentuemerart"], lists_of["artDerRechtsgemeinschaft"]
        rows = zip(
            ids,
            table.lists("istBestandteilVon"),
            table.lists("benennt"),
            table.texts("eigentuemerart"),
            table.texts("artDerRechtsgemeinschaft"),
            table.texts("beschriebDerRechtsgemeinschaft"),
            _shares(table),
            strict=True,
        )
        for oid, sheets, persons, owner_class, kind, described, share in rows:
            community = described or (kind and communities.get(kind, kind))
            named = owner_class and classes.get(owner_class, owner_class)
            for sheet in sheets if oid else ():
                self._entries[sheet].append(_Entry(tuple(persons), named, share, community))

    def _note_persons(self, table: ObjectTable, ids: list[str]) -> None:
        parts = ("nachnameOderFirma", "vorname", "akademischerGrad", "namensbestandteil")
        rows = zip(ids, *(table.texts(part) for part in parts), strict=True)
        for oid, family, given, degree, particle in rows:
            if oid and family:
                rest = " ".join(p for p in (degree, given, particle) if p)
                self._persons[oid] = f"{family}, {rest}" if rest else family


def _shares(table: ObjectTable) -> list[Fraction | None]:
    above, below = table.texts("anteil.zaehler"), table.texts("anteil.nenner")
    return [_fraction(a, b) for a, b in zip(above, below, strict=True)]


def _fraction(above: str | None, below: str | None) -> Fraction | None:
    """Return the share, None where it is not stated or no fraction."""
    if above is None or below is None:
        return None
    try:
        return Fraction(above) / Fraction(below)
    except (ValueError, ZeroDivisionError):
        return None


def _product(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    if one is None or other is None:
        return one if other is None else other
    return one * other
