"""Where the cities of the state lie, and what their districts are called."""

from dataclasses import dataclass

import numpy as np

from gis_core.store.hilbert import hilbert_position

LEAST_TILE_M = 1 << 10
FIRST_DISTRICT = 1000
STATE_CODE = "05"
SOUTH_WEST = (18 << 14, 347 << 14)
"""Lower left corner of the state, m: a multiple of every usual tile."""

_FIRST = (
    "Ahl",
    "Born",
    "Del",
    "Erk",
    "Gold",
    "Hart",
    "Kalt",
    "Lind",
    "Mark",
    "Nord",
    "Rot",
    "Wald",
)
_LAST = (
    "bach",
    "berg",
    "born",
    "dorf",
    "feld",
    "furt",
    "hausen",
    "heim",
    "hof",
    "kamp",
    "rath",
    "tal",
)


@dataclass(frozen=True, slots=True)
class Place:
    """One city of the state.

    Attributes
    ----------
    number
        From 0, along the Hilbert curve.
    shift
        Whole metres to the east and north.
    districts
        Key of six digits and name.
    """

    number: int
    shift: tuple[int, int]
    districts: tuple[tuple[str, str], ...]


def lay_out(
    cities: int, box: tuple[float, float, float, float], names: tuple[str, ...]
) -> list[Place]:
    """Lay cities out on square tiles, numbered along the curve that sorts features.

    A tile's side is a power of two, so that the curve leaves a tile only when it has seen all of
    it: the features of one city follow those of the one before.

    Parameters
    ----------
    box
        What the drawn city covers, m.
    names
        Of the drawn city's districts.

    Raises
    ------
    ValueError
        The state needs more district numbers than there are.
    """
    if FIRST_DISTRICT + cities * len(names) > 10_000:
        most = (10_000 - FIRST_DISTRICT) // len(names)
        raise ValueError(f"{cities} cities: district numbers are enough for {most}")
    extent = max(box[2] - box[0], box[3] - box[1])
    tile = LEAST_TILE_M
    while tile < extent + 2:
        tile *= 2
    side = int(np.ceil(np.sqrt(cities)))
    south_west = [corner // tile * tile for corner in SOUTH_WEST]
    column, row = (a.ravel() for a in np.meshgrid(np.arange(side), np.arange(side)))
    west, south = south_west[0] + column * tile, south_west[1] + row * tile
    middle_x, middle_y = (np.asarray(edge + tile / 2, np.float64) for edge in (west, south))
    order = np.argsort(hilbert_position(middle_x, middle_y))[:cities]
    # The city lies in the middle of its tile, moved by even metres: cells of 2 m stay cells.
    middle = [int((tile - (high - low)) / 2) - int(low) for low, high in (box[::2], box[1::2])]
    return [
        Place(
            number,
            (int(west[t] + middle[0]) // 2 * 2, int(south[t] + middle[1]) // 2 * 2),
            tuple(
                (f"{STATE_CODE}{FIRST_DISTRICT + number * len(names) + i}", f"{name}-{town}")
                for i, name in enumerate(names)
            ),
        )
        for number, t in enumerate(order.tolist())
        for town in [_town(number)]
    ]


def _town(number: int) -> str:
    """Return a made-up name, another for each number."""
    again, last = divmod(number, len(_LAST))
    again, first = divmod(again, len(_FIRST))
    prefix = ("", "Ober", "Unter", "Alt", "Neu", "Klein")[again]
    name = _FIRST[first] + _LAST[last]
    return prefix + (name.lower() if prefix else name)


def catalogue_text(places: list[Place], sections: tuple[tuple[int, ...], ...]) -> str:
    """Return the state's district catalogue as TOML.

    Parameters
    ----------
    sections
        The sections that each of a city's districts has.
    """
    rows = [
        f'  {{ key = "{key}", name = "{name}", sections = "{",".join(map(str, found))}" }},'
        for place in places
        for (key, name), found in zip(place.districts, sections, strict=True)
        if found
    ]
    head = (
        "# Districts of a made-up state; nothing here exists.\n\n"
        f'state_code   = "{STATE_CODE}"\nmunicipality = "Musterland"\n'
        'office       = "Musteramt"\nhas_sections = true\n\ndistrict = [\n'
    )
    return head + "\n".join(rows) + "\n]\n"
