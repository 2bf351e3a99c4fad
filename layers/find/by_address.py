"""Search by street and house number, as whole or as far as it was typed."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest

from gis_core.addresses import Address, fold_street, list_addresses
from gis_core.districts import DistrictCatalogue
from gis_core.folding import plain_text
from gis_core.keys import Confidence
from layers.find.book import Entry
from layers.find.parcels import SearchedParcels
from layers.find.result import FindResult, Hit
from layers.find.words import listed

_NOTHING = FindResult(problem="nothing-known")


def find_by_address(parcels: SearchedParcels, text: str) -> FindResult:
    """Find the parcels at an address; a district in the text narrows the search."""
    best = _NOTHING
    for wanted, districts in _readings(text, parcels.catalogue):
        found = _at(parcels, wanted, districts, text)
        if found.hits:
            return found
        best = best if best.explanation else found
    return best


def _readings(
    text: str, catalogue: DistrictCatalogue | None
) -> Iterator[tuple[tuple[Address, ...], frozenset[str]]]:
    """Yield what a text may mean: addresses, and districts that they lie in, if it says."""
    plain = plain_text(text)
    parts = [part.strip() for part in plain.split(",")]
    words = plain.replace(",", " ").split()
    whole = list_addresses(plain)
    if catalogue:
        # "Hauptstr. 5, Hüls"
        places = frozenset(d.key for part in parts for d in catalogue.by_name(part))
        if places and whole:
            yield whole, places
    if whole:
        yield whole, frozenset()
    if catalogue:
        # "Hüls Hauptstr. 5", "Hauptstr. 5 Krefeld-Hüls"
        for cut in (1, 2, -1, -2):
            place, rest = (words[:cut], words[cut:]) if cut > 0 else (words[cut:], words[:cut])
            places = frozenset(d.key for d in catalogue.by_name(" ".join(place)))
            addresses = list_addresses(" ".join(rest))
            if places and addresses:
                yield addresses, places
                yield addresses, frozenset()


def _at(
    parcels: SearchedParcels,
    wanted: tuple[Address, ...],
    districts: frozenset[str],
    text: str,
) -> FindResult:
    streets = {fold_street(address.street) for address in wanted}
    entries = [e for street in sorted(streets) for e in parcels.book.on_street(street)]
    if districts:
        entries = [e for e in entries if e.parcel_key[:6] in districts]
    if not entries:
        return _similar(parcels, wanted[0])
    whole = [e for e in entries if e.street in streets]
    confidence = Confidence.NORMALISED if whole else Confidence.GUESSED
    entries = whole or entries
    houses = {(address.number, address.suffix) for address in wanted}
    if ("", "") in houses:
        return _listing(parcels, _street_by_street(entries), confidence, text)
    at_door = [e for e in entries if (e.address.number, e.address.suffix) in houses]
    if at_door:
        return _listing(parcels, sorted(at_door, key=_order), confidence, text)
    return _nearest(parcels, entries, wanted[0], text)


def _listing(
    parcels: SearchedParcels, entries: Iterable[Entry], confidence: Confidence, text: str
) -> FindResult:
    """Return one hit per parcel, and say what the text leaves open."""
    first: dict[str, Entry] = {}
    for entry in entries:
        first.setdefault(entry.parcel_key, entry)
    found = list(first.values())
    hits = tuple(
        Hit(
            "address",
            e.parcel_key,
            parcels.label(e.parcel_key),
            e.address.text,
            Confidence.EXACT if e.address.text == text.strip() else confidence,
        )
        for e in found[: parcels.limit]
    )
    problem, words = _open_question(parcels, found)
    if len(found) > len(hits):
        words.append(parcels.say("more", n=len(found), shown=len(hits)))
    return FindResult(hits, " ".join(words), (), problem)


def _open_question(parcels: SearchedParcels, entries: list[Entry]) -> tuple[str, list[str]]:
    """Return what more must be said for one answer: which street, or in which district."""
    streets = {entry.street: entry.address.street for entry in reversed(entries)}
    if len(streets) > 1:
        names = listed(sorted(streets.values()))
        return "several-streets", [parcels.say("several-streets", streets=names)]
    catalogue = parcels.catalogue
    known = {catalogue.district(e.parcel_key[:6]) for e in entries} if catalogue else set()
    names_of = sorted(district.name for district in known if district)
    if len(names_of) > 1:
        words = parcels.say(
            "several-districts",
            street=entries[0].address.street,
            districts=listed(names_of),
            first=names_of[0],
        )
        return "several-districts", [words]
    return "", []


def _nearest(
    parcels: SearchedParcels, entries: list[Entry], wanted: Address, text: str
) -> FindResult:
    """Return the houses beside one that isn't there."""
    number = int(wanted.number)
    near = sorted(
        (e for e in entries if e.address.number),
        key=lambda e: (abs(int(e.address.number) - number), _order(e)),
    )
    if not near:
        return _listing(parcels, _street_by_street(entries), Confidence.GUESSED, text)
    result = _listing(parcels, near, Confidence.GUESSED, text)
    words = parcels.say(
        "house-unknown",
        street=near[0].address.street,
        house=wanted.house,
        near=listed(dict.fromkeys(e.address.house for e in near)),
    )
    return FindResult(result.hits, words, (), "house-unknown")


def _similar(parcels: SearchedParcels, wanted: Address) -> FindResult:
    """Name streets that the text may be a misspelling of; none is taken."""
    street = fold_street(wanted.street)
    names = {e.street: e.address.street for e in parcels.book.on_street(street[:3])}
    close = difflib.get_close_matches(street, list(names), n=3, cutoff=0.8)
    if not close:
        return _NOTHING
    similar = listed(names[folded] for folded in close)
    words = parcels.say("street-similar", street=wanted.street, similar=similar)
    return FindResult((), words, (), "street-similar")


def _street_by_street(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the lowest number of every street, then the second of each, and so on."""
    streets: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=_order):
        streets[entry.street].append(entry)
    return (e for e in chain.from_iterable(zip_longest(*streets.values())) if e)


def _order(entry: Entry) -> tuple[str, int, str, str]:
    address = entry.address
    return entry.street, int(address.number or 0), address.suffix, entry.parcel_key
