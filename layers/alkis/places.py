"""Names and addresses: what the catalogue objects of an extract say, and how it is joined."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gis_core.districts import DistrictCatalogue
from gis_core.faults import Fault, Outcome
from layers.alkis.cells import ObjectTable, joined
from layers.alkis.codes import read_catalogue
from layers.source import SourceTable

_KEYED = "lagebezeichnung.verschluesselt."
_NAMED = {
    "AX_Bundesland",
    "AX_Regierungsbezirk",
    "AX_KreisRegion",
    "AX_Gemeinde",
    "AX_Gemarkung",
    "AX_GemarkungsteilFlur",
    "AX_LagebezeichnungKatalogeintrag",
}
_LOCATIONS = {
    "AX_LagebezeichnungMitHausnummer",
    "AX_LagebezeichnungOhneHausnummer",
    "AX_LagebezeichnungMitPseudonummer",
}
_POSTAL = "AX_GeoreferenzierteGebaeudeadresse"

KINDS = frozenset(_NAMED | _LOCATIONS | {_POSTAL})


@dataclass(frozen=True, slots=True)
class _Location:
    """A Lagebezeichnung: a street by key or a name as it stands, perhaps a house number."""

    street_key: str | None
    name: str | None
    number: str | None


@dataclass(slots=True)
class Places:
    """Names by key and addresses by object id, collected while an extract is read.

    Attributes
    ----------
    districts
        The municipality's district catalogue, for names that the extract lacks.
    """

    districts: DistrictCatalogue | None = None
    _names: dict[tuple[str, str], str] = field(default_factory=dict)
    _streets: dict[str, str] = field(default_factory=dict)
    _locations: dict[str, _Location] = field(default_factory=dict)
    _unnamed: set[str] = field(default_factory=set)
    _absent: set[str] = field(default_factory=set)

    def note(self, source: SourceTable) -> None:
        """Take in a table of one of ``KINDS``."""
        table = ObjectTable(source)
        if table.kind in _LOCATIONS:
            self._note_locations(table)
        elif table.kind == _POSTAL:
            parts = ("land", "regierungsbezirk", "kreis", "gemeinde", "strassenschluessel")
            keys = joined([table.texts(part) for part in parts])
            names = table.texts("postalischeAdresse.strassenname")
            for key, name in zip(keys, names, strict=True):
                if key and name:
                    self._streets.setdefault(key, name)
        else:
            rows = zip(table.texts("schluesselGesamt"), table.texts("bezeichnung"), strict=True)
            for key, name in rows:
                if key and name:
                    self._names[table.kind, key] = name

    def name(self, kind: str, key: str | None) -> str | None:
        """Return the name that a catalogue class gives to a key."""
        if key is None:
            return None
        found = self._names.get((kind, key))
        if found is None and kind == "AX_Gemarkung" and self.districts is not None:
            district = self.districts.district(key)
            found = district.name if district else None
        if found is None and kind == "AX_Bundesland":
            found = read_catalogue().lists["land"].get(key)
        return found

    def street(self, key: str) -> str | None:
        """Return the street of a key: land, region, county, municipality, street."""
        return self.name("AX_LagebezeichnungKatalogeintrag", key) or self._streets.get(key)

    def address(self, references: Iterable[str]) -> str | None:
        """Return the addresses of one object as one text.

        Streets in alphabetical order, their house numbers behind them, as the simplified
        schema has it: ``Haeckswisch 3; Trilluper Weg 25, 27``.
        """
        numbers: dict[str, list[str]] = defaultdict(list)
        for location in self._found(references):
            name = location.name or (location.street_key and self.street(location.street_key))
            if not name:
                self._unnamed.add(location.street_key or "")
                continue
            numbers[name] += [location.number] if location.number else []
        parts = [
            f"{name} {', '.join(sorted(set(n), key=natural_order))}".rstrip()
            for name, n in sorted(numbers.items())
        ]
        return "; ".join(parts) or None

    def municipality_code(self, references: Iterable[str]) -> str | None:
        """Return the eight-digit municipality code of the first address that has a street key."""
        keys = (location.street_key for location in self._found(references))
        return next((key[:8] for key in keys if key), None)

    def faults(self, file: str) -> Iterator[Fault]:
        """Yield what could not be joined, each kind once."""
        if self._unnamed:
            yield Fault(
                file,
                1,
                "lagebezeichnung",
                f"{len(self._unnamed)} street keys without a name, such as {min(self._unnamed)}",
                "AX_LagebezeichnungKatalogeintrag",
                "street-unnamed",
                Outcome.NOTED,
            )
        if self._absent:
            yield Fault(
                file,
                1,
                "weistAuf, zeigtAuf",
                f"{len(self._absent)} addresses that are not in the file",
                "AX_LagebezeichnungMitHausnummer, …OhneHausnummer",
                "relation-unresolved",
                Outcome.NOTED,
            )

    def _found(self, references: Iterable[str]) -> Iterator[_Location]:
        for reference in references:
            location = self._locations.get(reference)
            if location is None:
                self._absent.add(reference)
            else:
                yield location

    def _note_locations(self, table: ObjectTable) -> None:
        parts = ("land", "regierungsbezirk", "kreis", "gemeinde", "lage")
        keys = joined([table.texts(_KEYED + part) for part in parts])
        names = table.texts("lagebezeichnung.unverschluesselt")
        # A Pseudonummer counts buildings of a street that have no number: it is no address.
        numbers = table.texts("hausnummer")
        ids = table.texts("gml_id")
        ends = table.texts("lebenszeitintervall.endet")
        for oid, key, name, number, end in zip(ids, keys, names, numbers, ends, strict=True):
            # an earlier version of a location never replaces the one that holds
            if oid and (end is None or oid[:16] not in self._locations):
                self._locations[oid[:16]] = _Location(key, name, number)


def natural_order(number: str) -> tuple[int, str]:
    """Return a sort key that puts house number 9 before 10 and 10 before 10 a.

    >>> sorted(["10 a", "9", "10"], key=natural_order)
    ['9', '10', '10 a']
    """
    match = re.match(r"\d+", number)
    return (int(match[0]) if match else 0, number)
