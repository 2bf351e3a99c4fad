"""What a style for a screen is made for: tiles and their layers."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a layer of the tiles is on the map."""

    PARCEL = "parcel"
    LAND_USE = "land_use"
    BUILDING = "building"
    DISTRICT = "district"
    MUNICIPALITY = "municipality"
    TREE = "tree"
    POINT = "point"
    LINE = "line"
    AREA = "area"


GROUND = frozenset({Kind.PARCEL, Kind.LAND_USE, Kind.BUILDING, Kind.DISTRICT, Kind.MUNICIPALITY})
"""What every map is drawn on; the rest is there because a map is about it."""


@dataclass(frozen=True, slots=True)
class VectorLayer:
    """A layer of the tiles.

    Attributes
    ----------
    id, title
        Its name in the tiles, and for people.
    words
        Fields whose words decide the signature; the first that says something counts.
    below
        Field whose words say that it lies under the ground.
    number
        Fields that make up its number: 12, or 12/3.
    name
        Field with its name.
    diameter
        Field with its diameter, metre.
    """

    id: str
    title: str
    kind: Kind
    words: tuple[str, ...] = ()
    below: str = ""
    number: tuple[str, ...] = ()
    name: str = ""
    diameter: str = ""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Where tiles are, and of what.

    Attributes
    ----------
    url
        Template of their addresses with ``{z}``, ``{x}`` and ``{y}``.
    levels
        The first and the last that are served.
    bounds
        West, south, east, north in degrees.
    credits
        Whose data they are.
    """

    url: str
    levels: tuple[int, int]
    bounds: tuple[float, float, float, float]
    credits: tuple[str, ...]
