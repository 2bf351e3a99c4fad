"""Cadastral districts (Gemarkungen) and their sections (Fluren): what exists, and where.

A district name is no key: North Rhine-Westphalia has 2,903 districts under 2,759
names. And section numbers have gaps, so that knowing the existing ones catches most
typing errors in a parcel key.
"""

import difflib
import json
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gis_core.errors import DistrictCatalogueError
from gis_core.folding import fold_name

MAX_SECTION = 999

_YES_OR_NO = frozenset({"has_sections", "sequence_letters"})
_SWITCHES = _YES_OR_NO | {"no_sequence"}
_ENTRIES = _SWITCHES | {"state_code", "municipality", "office", "district", "neighbour"}
_DISTRICT_ENTRIES = frozenset({"key", "name", "sections", "office"})


@dataclass(frozen=True, slots=True)
class District:
    """One cadastral district.

    Attributes
    ----------
    key
        Six digits: state and district number.
    sections
        Existing section numbers; empty where the source of the catalogue lists none,
        then any section is believed.
    office
        Cadastral office that keeps the district.
    municipality
        Whether the district belongs to the catalogue's municipality; its neighbours
        are known by name so that a reading can say so.
    """

    key: str
    name: str
    sections: frozenset[int] = frozenset()
    office: str = ""
    municipality: bool = True


@dataclass(frozen=True)
class DistrictCatalogue:
    """The districts that parcel keys are checked against. Immutable, safe to share.

    Attributes
    ----------
    state_code
        Two digits; a key of another state is refused.
    has_sections
        Whether the state divides districts into sections (Hamburg, Saxony, Thuringia
        and Baden-Württemberg don't: their keys have ``___``).
    no_sequence
        The last two characters of a key without sequence, ``__`` or (Saxony) ``00``.
    sequence_letters
        Whether a sequence may hold letters; the model allows it, typing errors look so.
    """

    state_code: str
    districts: tuple[District, ...]
    name: str = ""
    has_sections: bool = True
    no_sequence: str = "__"
    sequence_letters: bool = False

    def __post_init__(self) -> None:
        """Check that every key is one, of this state and given once."""
        if not (_digits(self.state_code, 2) and self.no_sequence in {"__", "00"}):
            raise DistrictCatalogueError(
                f"state_code {self.state_code!r}, no_sequence {self.no_sequence!r}: expected two "
                "digits, and '__' or '00'",
                catalogue=self.name,
            )
        seen: set[str] = set()
        for district in self.districts:
            if not (_digits(district.key, 6) and district.key.startswith(self.state_code)):
                raise DistrictCatalogueError(
                    f"district {district.name!r} has the key {district.key!r}, expected six digits "
                    f"that start with {self.state_code}",
                    catalogue=self.name,
                )
            if district.key in seen:
                raise DistrictCatalogueError(
                    f"district key {district.key} is given twice", catalogue=self.name
                )
            seen.add(district.key)

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Read a catalogue of facts as the ones in ``gis_core/catalogues``.

        Raises
        ------
        DistrictCatalogueError
            The text is no TOML, a key is missing or of another kind, a range is wrong.
        """
        try:
            facts = tomllib.loads(text)
            _check_entries(facts, _ENTRIES, "catalogue")
            _check_switches(facts)
            name = facts.get("municipality", "")
            office = facts.get("office", "")
            rows = [(row, True) for row in facts["district"]]
            rows += [(row, False) for row in facts.get("neighbour", ())]
            return cls(
                state_code=facts["state_code"],
                districts=tuple(_district(row, office, inside=inside) for row, inside in rows),
                name=name,
                **{switch: facts[switch] for switch in _SWITCHES & set(facts)},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _unreadable("TOML district catalogue", error) from error

    @classmethod
    def from_nrw_json(cls, text: str, *, office: str = "") -> Self:
        """Read the list of all districts and sections of North Rhine-Westphalia.

        Parameters
        ----------
        text
            JSON: cadastral office → "Name (number)" → ``schluessel``, ``fluren``, as
            published by Kreis Viersen (dl-de/zero-2-0).
        office
            Count only this office's districts as inside; empty: the whole state.

        Raises
        ------
        DistrictCatalogueError
            The text is no such list, or the office is not in it.
        """
        try:
            offices: dict[str, dict[str, dict[str, Any]]] = json.loads(text)
            districts = tuple(
                District(
                    key="05" + facts["schluessel"],
                    name=title.rsplit(" (", 1)[0],
                    sections=frozenset(map(int, facts["fluren"])),
                    office=keeper,
                    municipality=not office or keeper == office,
                )
                for keeper, rows in offices.items()
                for title, facts in rows.items()
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _unreadable("JSON list of districts", error) from error
        if office and office not in offices:
            raise DistrictCatalogueError(
                f"no cadastral office {office!r} in the JSON list of districts",
                advice="Offices: " + ", ".join(sorted(offices)),
            )
        return cls(state_code="05", districts=districts, name=office or "Nordrhein-Westfalen")

    def district(self, key: str) -> District | None:
        """Return the district of a six-digit key."""
        return self._by_key.get(key)

    def by_name(self, name: str) -> tuple[District, ...]:
        """Return every district of that name, those of the municipality first.

        Names are compared folded. The municipality's own may stand before a
        district's (*Krefeld-Hüls*, *Stadt Krefeld, Hüls*).
        """
        folded = fold_name(name)
        for prefix in ("", "stadt", fold_name(self.name)):
            folded = folded.removeprefix(prefix)
            if folded in self._by_name:
                return self._by_name[folded]
        return ()

    def similar_names(self, name: str) -> tuple[District, ...]:
        """Return up to three districts with a similar name, to suggest, never to take."""
        close = _close_names(fold_name(name), tuple(self._by_name))
        return tuple(district for folded in close for district in self._by_name[folded])[:3]

    def has_section(self, key: str, section: int) -> bool:
        """Return whether the district exists and has the section, or lists none at all."""
        district = self._by_key.get(key)
        return district is not None and (not district.sections or section in district.sections)

    @cached_property
    def section_table(self) -> NDArray[np.bool_]:
        """Whether a parcel of the municipality can lie there, (10,000, 1,000), read-only.

        Row: district number, column: section number, 0 where the state has no
        sections. It answers a whole column of keys in one indexing step.
        """
        table = np.zeros((10_000, MAX_SECTION + 1), dtype=np.bool_)
        for district in self.districts:
            if district.municipality:
                row = table[int(district.key[2:])]
                if not self.has_sections:
                    row[0] = True
                elif district.sections:
                    row[sorted(district.sections)] = True
                else:
                    row[1:] = True
        table.flags.writeable = False
        return table

    @cached_property
    def _by_key(self) -> dict[str, District]:
        return {district.key: district for district in self.districts}

    @cached_property
    def _by_name(self) -> dict[str, tuple[District, ...]]:
        found: dict[str, list[District]] = defaultdict(list)
        for district in sorted(self.districts, key=lambda d: (not d.municipality, d.key)):
            found[fold_name(district.name)].append(district)
        return {name: tuple(districts) for name, districts in found.items()}


def parse_sections(text: str) -> frozenset[int]:
    """Return the numbers that ranges such as ``1-14,16`` stand for.

    Raises
    ------
    ValueError
        A part is neither a number nor a rising range within 1 to 999.
    """
    sections: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if not 1 <= low <= high <= MAX_SECTION:
            raise ValueError(f"sections {part!r}: expected a number or a rising range up to 999")
        sections.update(range(low, high + 1))
    return frozenset(sections)


@lru_cache(maxsize=1024)
def _close_names(folded: str, names: tuple[str, ...]) -> list[str]:
    """Return up to three names; a register that misspells one repeats it in every row."""
    return difflib.get_close_matches(folded, names, n=3, cutoff=0.75)


def _district(row: dict[str, str], office: str, *, inside: bool) -> District:
    _check_entries(row, _DISTRICT_ENTRIES, f"district {row.get('key')}")
    return District(
        key=row["key"],
        name=row["name"],
        sections=parse_sections(row.get("sections", "")),
        office=row.get("office", office),
        municipality=inside,
    )


def _check_entries(facts: dict[str, Any], known: frozenset[str], what: str) -> None:
    unknown = set(facts) - known
    if unknown:
        raise ValueError(f"{what}: unknown entry {min(unknown)!r}, known: {sorted(known)}")


def _check_switches(facts: dict[str, Any]) -> None:
    for name in _YES_OR_NO & set(facts):
        if not isinstance(facts[name], bool):
            raise TypeError(f"{name} is {facts[name]!r}, expected true or false")


def _digits(text: object, length: int) -> bool:
    return isinstance(text, str) and re.fullmatch(f"[0-9]{{{length}}}", text) is not None


def _unreadable(what: str, error: Exception) -> DistrictCatalogueError:
    found = f"no entry {error}" if isinstance(error, KeyError) else str(error)
    return DistrictCatalogueError(
        f"cannot read the {what}: {found}",
        advice="Compare the file with gis_core/catalogues/krefeld.toml.",
    )
