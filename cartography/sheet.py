"""A sheet of paper and the piece of the earth that is drawn on it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from cartography.errors import SheetError

FORMATS = {
    "A4": (210.0, 297.0),
    "A3": (297.0, 420.0),
    "A2": (420.0, 594.0),
    "A1": (594.0, 841.0),
    "A0": (841.0, 1189.0),
}
"""Paper formats of ISO 216: width and height upright, millimetre."""

MARGIN = 10.0
"""White border of the paper, mm."""
RING = 4.5
"""Width of the band around the map in which the coordinates stand, mm."""
TITLE_BAND = 18.0
"""Height of the title above an upright map, mm."""
FOOT_BAND = 52.0
"""Height of the band below an upright map, mm."""
SIDE_PANEL = 64.0
"""Width of the panel beside a landscape map, mm."""


class Orientation(StrEnum):
    """Which way the paper lies."""

    PORTRAIT = "portrait"
    LANDSCAPE = "landscape"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the paper, mm; x to the right, y down from the upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class MapFrame:
    """The rectangle of the earth that is drawn, and at which scale.

    Attributes
    ----------
    width, height
        Of the drawn map, mm.
    scale
        Denominator of the scale, 1000 for 1:1000.
    centre
        Easting and northing of its middle, metre.
    """

    width: float
    height: float
    scale: int
    centre: tuple[float, float]

    @property
    def mm_per_metre(self) -> float:
        """Millimetres in the drawing for one metre on the ground."""
        return 1000.0 / self.scale

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge, metre."""
        east, north = self.centre
        half_width = self.width / self.mm_per_metre / 2
        half_height = self.height / self.mm_per_metre / 2
        return (east - half_width, north - half_height, east + half_width, north + half_height)

    @property
    def area(self) -> Polygon:
        """The frame in map coordinates: from 0, 0 to its width and height, mm."""
        return shapely.box(0.0, 0.0, self.width, self.height)

    def to_map(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        """Turn metres on the ground into millimetres in the map frame.

        Parameters
        ----------
        geometry
            (n,) shapely geometries, easting and northing in metre.

        Returns
        -------
        (n,) geometries; origin in the lower left corner of the frame, y upwards, mm.
        """
        west, south, _, _ = self.extent
        origin, factor = np.array([west, south]), self.mm_per_metre
        moved: NDArray[np.object_] = shapely.transform(geometry, lambda xy: (xy - origin) * factor)
        return moved

    def to_ground(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn (n, 2) points in map mm into easting and northing, metre."""
        ground: NDArray[np.float64] = points / self.mm_per_metre + np.array(self.extent[:2])
        return ground


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of paper: format, scale and the point of the earth in the middle of the map.

    Attributes
    ----------
    format
        A4, A3, A2, A1 or A0.
    orientation
        Upright or landscape.
    scale
        Denominator of the scale, 1000 for 1:1000.
    centre
        Easting and northing of the middle of the map, metre.
    """

    format: str
    orientation: Orientation
    scale: int
    centre: tuple[float, float]

    def __post_init__(self) -> None:
        """Refuse a format that is not made and a scale that is none."""
        if self.format not in FORMATS:
            raise SheetError(
                f"paper format {self.format!r} is not offered",
                advice=f"Choose one of {', '.join(FORMATS)}.",
                found=self.format,
            )
        if not 50 <= self.scale <= 100_000:
            raise SheetError(
                f"scale 1:{self.scale} is out of range",
                advice="Choose a scale between 1:50 and 1:100000.",
                found=self.scale,
            )

    @property
    def paper(self) -> tuple[float, float]:
        """Width and height of the paper as it lies, mm."""
        width, height = FORMATS[self.format]
        return (width, height) if self.orientation is Orientation.PORTRAIT else (height, width)

    @property
    def map_box(self) -> Box:
        """Where the map frame is on the paper."""
        width, height = self.paper
        edge = MARGIN + RING
        if self.orientation is Orientation.PORTRAIT:
            top = edge + TITLE_BAND
            return Box(edge, top, width - 2 * edge, height - top - edge - FOOT_BAND)
        return Box(edge, edge, width - 2 * edge - SIDE_PANEL, height - 2 * edge)

    @property
    def frame(self) -> MapFrame:
        """The piece of the earth on this sheet."""
        box = self.map_box
        return MapFrame(box.width, box.height, self.scale, self.centre)


def default_orientation(paper_format: str) -> Orientation:
    """Return how a format lies when nobody says: A4 upright, the larger ones landscape."""
    return Orientation.PORTRAIT if paper_format == "A4" else Orientation.LANDSCAPE


def centre_on(
    bounds: tuple[float, float, float, float],
    inside: tuple[float, float],
    room: tuple[float, float],
) -> tuple[float, float]:
    """Return the middle of a map that shows a shape: whole if it fits, else a part of it.

    Parameters
    ----------
    bounds
        West, south, east and north edge of the shape, metre.
    inside
        A point in the shape: the middle when the shape is larger than the map.
    room
        Width and height of the map on the ground, metre.

    Returns
    -------
    Easting and northing in whole metres: the corners of the map then have coordinates
    that a person can check.

    Examples
    --------
    >>> room = (180.0, 200.0)
    >>> centre_on((0, 0, 30, 40), (3, 4), room), centre_on((0, 0, 999, 40), (3, 4), room)
    ((15.0, 20.0), (3.0, 4.0))
    """
    west, south, east, north = bounds
    whole = east - west <= room[0] and north - south <= room[1]
    x, y = ((west + east) / 2, (south + north) / 2) if whole else inside
    return float(round(x)), float(round(y))


def sheet_around(
    bounds: tuple[float, float, float, float],
    inside: tuple[float, float],
    *,
    paper_format: str = "A4",
    orientation: Orientation | None = None,
    scale: int = 1000,
) -> Sheet:
    """Lay a sheet around a shape, see `centre_on`; the same shape gives the same sheet."""
    lying = orientation or default_orientation(paper_format)
    frame = Sheet(paper_format, lying, scale, (0.0, 0.0)).frame
    room = (frame.width / frame.mm_per_metre, frame.height / frame.mm_per_metre)
    return Sheet(paper_format, lying, scale, centre_on(bounds, inside, room))
