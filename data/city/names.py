"""Invented names: streets, firms, persons. No living or dead person gives a name here."""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import count

import numpy as np

from data.city.streets import Kind
from data.city.zones import Zone

WALLS = ("Ostwall", "Nordwall", "Westwall", "Südwall")
RIVER = "Niederfließ"
RAILWAY = "Bahnstrecke Beispielheim–Musterau"

PLACE_OF_ZONE = {
    Zone.PARK: "Stadtpark",
    Zone.ALLOTMENTS: "Kleingartenanlage",
    Zone.FOREST: "Stadtwald",
    Zone.CEMETERY: "Friedhof",
}
"""What stands as the location of a parcel without a street."""


def street_names(kinds: list[Kind], rng: np.random.Generator) -> list[str]:
    """Return one name per street, no two alike.

    The first four streets are the walls of the old town.
    """
    reserve = _reserve(rng)
    roads, streets, paths = (
        _supply(_stock(kind, rng), reserve) for kind in (Kind.MAIN, Kind.STREET, Kind.PATH)
    )
    supply = {Kind.MAIN: roads, Kind.COLLECTOR: roads, Kind.STREET: streets, Kind.PATH: paths}
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
            out.append(next(name for name in supply[kind] if name not in used))
            used.add(out[-1])
    return out


@cache
def _parts() -> dict[str, list[str]]:
    file = resources.files("data.city").joinpath("names.toml")
    parts: dict[str, list[str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return parts


def _supply(stock: list[str], reserve: Iterator[str]) -> Iterator[str]:
    yield from stock
    yield from reserve


def _stock(kind: Kind, rng: np.random.Generator) -> list[str]:
    """Return the plain names for one kind of road, shuffled."""
    parts = _parts()
    stems = [w for part in ("trees", "flowers", "crafts", "land", "birds") for w in parts[part]]
    ends = parts[{Kind.MAIN: "roads", Kind.PATH: "fields"}.get(kind, "types")]
    names = [stem + end for stem in stems for end in ends if stem.lower() != end]
    if kind is Kind.MAIN:
        names += [f"{place} {end.capitalize()}" for place in parts["places"] for end in ends]
    else:
        names += [f"{lead} {word}" for lead in parts["leads"] for word in parts["ground"]]
        names += [f"{age} {word}weg" for age in parts["ages"] for word in parts["ground"]]
    return _shuffled(names, rng)


def _reserve(rng: np.random.Generator) -> Iterator[str]:
    """Yield names of three parts, and numbers when even those are used up."""
    parts = _parts()
    first = [word for part in ("trees", "flowers", "birds", "land") for word in parts[part]]
    names = [
        f"{a}{b.lower()}{end}"
        for a in first
        for b in parts["ground"]
        for end in parts["types"]
        if len({a.lower(), b.lower(), end}) == 3
    ]
    yield from _shuffled(names, rng)
    for number in count(1):
        yield f"Planstraße {number}"


def _shuffled(names: list[str], rng: np.random.Generator) -> list[str]:
    return [names[i] for i in rng.permutation(len(names))]


def person(number: int) -> str:
    """Return a placeholder that nobody takes for a person."""
    return f"Musterperson {number:05d}"


def firm(number: int) -> str:
    """Return a placeholder that nobody takes for a firm."""
    return f"Musterbetrieb {number:04d}"
