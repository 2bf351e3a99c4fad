"""Invented names: streets, firms, persons. No living or dead person gives a name here."""

import numpy as np

from data.city.streets import Kind
from data.city.zones import Zone

_TREES = ["Ahorn", "Birken", "Buchen", "Eichen", "Erlen", "Eschen", "Fichten", "Flieder", "Ginster", "Hasel", "Holunder", "Kastanien", "Kiefern", "Kirsch", "Lärchen", "Linden", "Mispel", "Pappel", "Quitten", "Rosen", "Schlehen", "Tannen", "Ulmen", "Wacholder", "Weiden", "Weißdorn"]
_FLOWERS = ["Akelei", "Arnika", "Astern", "Dahlien", "Distel", "Enzian", "Farn", "Ginkgo", "Iris", "Jasmin", "Klee", "Kornblumen", "Krokus", "Lavendel", "Lilien", "Lupinen", "Malven", "Margeriten", "Mohn", "Narzissen", "Nelken", "Primel", "Salbei", "Tulpen", "Veilchen", "Wicken"]
_CRAFTS = ["Böttcher", "Drechsler", "Färber", "Gerber", "Glaser", "Hufschmied", "Kannengießer", "Klempner", "Korbmacher", "Köhler", "Küfer", "Leineweber", "Maurer", "Müller", "Nagelschmied", "Sattler", "Schlosser", "Seiler", "Stellmacher", "Töpfer", "Tuchmacher", "Weber", "Zimmerer", "Zinngießer"]
_LAND = ["Acker", "Aue", "Bach", "Berg", "Brücken", "Brunnen", "Burg", "Busch", "Deich", "Dorf", "Esch", "Feld", "Garten", "Graben", "Grund", "Hecken", "Heide", "Hof", "Hügel", "Kamp", "Kanal", "Kuhlen", "Moor", "Mühlen", "Pfarr", "Quell", "Rain", "Sand", "Schul", "Stein", "Tal", "Teich", "Tor", "Ufer", "Wasser", "Wehr", "Wiesen", "Wind", "Winkel", "Ziegel"]
_BIRDS = ["Amsel", "Bussard", "Dohlen", "Drossel", "Elster", "Falken", "Finken", "Habicht", "Häher", "Kiebitz", "Kranich", "Lerchen", "Meisen", "Milan", "Nachtigall", "Pirol", "Reiher", "Schwalben", "Sperber", "Star", "Storchen", "Wachtel", "Zeisig"]
_PLACES = ["Almer", "Birkenroder", "Dornfelder", "Eichheimer", "Erlenauer", "Feldbacher", "Grünwalder", "Haselter", "Kornheimer", "Lindauer", "Mooshofer", "Neuhauser", "Oberfelder", "Quellbacher", "Rothenauer", "Sandhofer", "Steinauer", "Talheimer", "Ulmer", "Wiesenfelder"]
_TYPES = ["straße", "weg", "allee", "gasse", "pfad", "ring", "damm", "stieg", "hain", "winkel", "kamp", "bogen", "zeile", "grund"]
_ROADS = ["straße", "allee", "damm", "ring"]
_FIELDS = ["weg", "pfad", "kamp", "heide", "bruch", "feld"]
_LEADS = ("Am", "Im", "Zum", "Auf dem", "Hinter dem", "Beim", "Alter", "Neuer", "Kleiner", "Großer")
_GROUND = ["Acker", "Anger", "Bach", "Berg", "Brink", "Bruch", "Brunnen", "Busch", "Deich", "Feld", "Graben", "Grund", "Hang", "Hof", "Hügel", "Kamp", "Moor", "Rain", "Sand", "Steg", "Stein", "Teich", "Tor", "Ufer", "Wald", "Wehr", "Weiher", "Winkel"]

WALLS = ("Ostwall", "Nordwall", "Westwall", "Südwall")
RIVER = "Niederfließ"
RAILWAY = "Bahnstrecke Beispielheim–Musterau"


def _stock(rng: np.random.Generator, kind: Kind) -> list[str]:
    """Return every name for one kind of road, shuffled."""
    plain = [*_TREES, *_FLOWERS, *_CRAFTS, *_LAND, *_BIRDS]
    types = {Kind.MAIN: _ROADS, Kind.COLLECTOR: _ROADS, Kind.PATH: _FIELDS}.get(kind, _TYPES)
    names = [_joined(stem, ending) for stem in plain for ending in types]
    if kind in {Kind.MAIN, Kind.COLLECTOR}:
        names += [f"{place} {ending.capitalize()}" for place in _PLACES for ending in types]
    else:
        names += [f"{lead} {ground}" for lead in _LEADS[:6] for ground in _GROUND if lead != "Beim"]
        names += [f"{lead} {ground}weg" for lead in _LEADS[6:] for ground in _GROUND]
    return [names[i] for i in rng.permutation(len(names))]


def _joined(stem: str, ending: str) -> str:
    return stem + ending if stem[-1] != ending[0] or ending[0] in "aeiou" else stem + ending


def _compounds(rng: np.random.Generator) -> list[str]:
    """Return names of three parts, for cities that use up the shorter ones."""
    first = [*_TREES, *_FLOWERS, *_BIRDS, *_LAND]
    names = [
        f"{a}{b.lower()}{ending}"
        for a in first
        for b in _GROUND
        for ending in _TYPES
        if a.lower() != b.lower()
    ]
    return [names[i] for i in rng.permutation(len(names))]


def street_names(kinds: list[Kind], rng: np.random.Generator) -> list[str]:
    """Return one name per street, no two alike.

    The first four streets are the walls of the old town.
    """
    stocks = {kind: _stock(rng, kind) for kind in (Kind.MAIN, Kind.STREET, Kind.PATH)}
    stocks[Kind.COLLECTOR] = stocks[Kind.MAIN]
    reserve: list[str] = []
    used: set[str] = {*WALLS, RIVER, RAILWAY}
    out: list[str] = []
    for number, kind in enumerate(kinds):
        if number < len(WALLS):
            out.append(WALLS[number])
        elif kind is Kind.WATER:
            out.append(RIVER)
        elif kind is Kind.RAIL:
            out.append(RAILWAY)
        else:
            out.append(_next(stocks[kind], reserve, used, rng))
    return out


def _next(stock: list[str], reserve: list[str], used: set[str], rng: np.random.Generator) -> str:
    while True:
        if stock:
            name = stock.pop()
        else:
            if not reserve:
                reserve += _compounds(rng)
            name = reserve.pop()
        if name not in used:
            used.add(name)
            return name


def person(number: int) -> str:
    """Return a placeholder that nobody takes for a person."""
    return f"Musterperson {number:05d}"


def firm(number: int) -> str:
    """Return a placeholder that nobody takes for a firm."""
    return f"Musterbetrieb {number:04d}"


PLACE_OF_ZONE = {
    Zone.PARK: "Stadtpark",
    Zone.ALLOTMENTS: "Kleingartenanlage",
    Zone.FOREST: "Stadtwald",
    Zone.CEMETERY: "Friedhof",
}
