"""What lies within a map frame: plain arrays, all that drawing and words are made from."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from cartography.sheet import MapFrame

Texts = NDArray[np.object_]
Geometries = NDArray[np.object_]


def _no_texts() -> Texts:
    return np.empty(0, dtype=object)


def _no_numbers() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True, slots=True)
class Parcels:
    """n parcels (Flurstücke); every array has n rows.

    Attributes
    ----------
    key
        Parcel key, unique.
    number, subnumber
        Zähler and Nenner as printed, without leading zeros; ``subnumber`` may be "".
    district, section
        Name of the Gemarkung and number of the Flur, "" where there is none.
    area_m2
        Official area, NaN where unknown.
    use, address
        Land use and address in words, "" where unknown.
    street
        Name of the street that the parcel is part of, "" where it is no street.
    geometry
        Polygons in EPSG:25832 or another metric CRS of the store.
    """

    key: Texts
    number: Texts
    subnumber: Texts
    district: Texts
    section: Texts
    area_m2: NDArray[np.float64]
    use: Texts
    address: Texts
    street: Texts
    geometry: Geometries

    def __len__(self) -> int:
        """Return the number of parcels."""
        return len(self.key)


@dataclass(frozen=True, slots=True)
class Buildings:
    """m buildings: geometry, function in words, house number and name ("" where none).

    ``underground`` ones are drawn as a broken outline only.
    """

    geometry: Geometries = field(default_factory=_no_texts)
    function: Texts = field(default_factory=_no_texts)
    house_number: Texts = field(default_factory=_no_texts)
    name: Texts = field(default_factory=_no_texts)
    underground: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))

    def __len__(self) -> int:
        """Return the number of buildings."""
        return len(self.geometry)


@dataclass(frozen=True, slots=True)
class LandUses:
    """Areas of actual land use: geometry, kind in words and proper name ("" where none)."""

    geometry: Geometries = field(default_factory=_no_texts)
    kind: Texts = field(default_factory=_no_texts)
    name: Texts = field(default_factory=_no_texts)

    def __len__(self) -> int:
        """Return the number of areas."""
        return len(self.geometry)


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees: points and crown diameters in metre (NaN where unknown)."""

    geometry: Geometries = field(default_factory=_no_texts)
    crown_m: NDArray[np.float64] = field(default_factory=_no_numbers)

    def __len__(self) -> int:
        """Return the number of trees."""
        return len(self.geometry)


@dataclass(frozen=True, slots=True)
class Imprint:
    """Who publishes the sheet, of what date the data are, and what they are worth.

    Attributes
    ----------
    municipality, office
        Titles by language (de, en).
    data_date
        Date of the data (Datenstand); the sheet carries no other date, so that the
        same data give the same bytes. None: not stated by the source.
    licence
        Licence of the data as text or identifier.
    synthetic
        The data are invented; the sheet says so.
    reference_system
        Name of the coordinate reference system as printed.
    """

    municipality: dict[str, str]
    office: dict[str, str]
    data_date: date | None
    licence: str
    synthetic: bool = False
    reference_system: str = "ETRS89/UTM 32N (EPSG:25832)"


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything within one map frame. Immutable by convention: nobody writes into the arrays.

    ``subject`` is the position in ``parcels`` of the parcel that the sheet is
    about, or -1. Features outside the sheet are allowed and are not drawn.
    """

    frame: MapFrame
    parcels: Parcels
    imprint: Imprint
    subject: int = -1
    buildings: Buildings = field(default_factory=Buildings)
    land_use: LandUses = field(default_factory=LandUses)
    trees: Trees = field(default_factory=Trees)
    #: Whether there is a tree register at all: no trees and no register are two things.
    has_trees: bool = False

    def on_sheet(self, geometry: Geometries) -> NDArray[np.intp]:
        """Return the positions of the geometries whose interior meets the map area.

        A polygon that only touches the frame is not on the sheet; a point on the
        frame is. Empty and missing geometries are nowhere.
        """
        area = shapely.box(*self.frame.extent)
        shapely.prepare(area)
        meets = shapely.intersects(area, geometry)
        flat = shapely.get_dimensions(geometry) < 2
        meets &= flat | ~shapely.touches(area, geometry)
        return np.flatnonzero(meets)
