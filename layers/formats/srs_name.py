"""What a GML ``srsName`` means: which reference system, and which number comes first."""

import math
import re
from dataclasses import dataclass
from functools import lru_cache

import pyproj
from pyproj.exceptions import CRSError, ProjError

from gis_core.crs_names import adv_crs

_AUTHORITY_ORDER = (
    re.compile(r"urn:(?:x-)?ogc:def:crs(?:,crs)?:(?P<auth>\w+):[^:]*:(?P<code>\w+)"),
    re.compile(r"https?://www\.opengis\.net/def/crs/(?P<auth>\w+)/[^/]+/(?P<code>\w+)"),
)
_EASTING_FIRST = (
    re.compile(r"(?P<auth>EPSG|ESRI|OGC):(?P<code>\w+)$", re.IGNORECASE),
    re.compile(r"https?://www\.opengis\.net/gml/srs/(?P<auth>epsg)\.xml#(?P<code>\w+)$"),
)
_MUCH_NEARER = 10.0


@dataclass(frozen=True, slots=True)
class SrsName:
    """A reference system as a document names it.

    Attributes
    ----------
    stated
        The name as it stands in the document, empty when there is none.
    definition
        The same for PROJ; None when the name is absent or unknown.
    northing_first
        Whether the name promises northing (latitude) before easting (longitude).
    dimension
        2, or 3 where the system itself has a height.
    geographic
        Whether coordinates are degrees.
    bounds
        Where its coordinates can lie, as xmin, ymin, xmax, ymax; None when unknown.
    """

    stated: str
    definition: str | None = None
    northing_first: bool = False
    dimension: int = 2
    geographic: bool = False
    bounds: tuple[float, float, float, float] | None = None

    def comes_northing_first(self, first: float, second: float) -> bool:
        """Tell from one position whether northing stands first.

        The name decides, unless its order puts the position far outside the
        system's own area and the other order at least ten times nearer: some
        services write a URN and mean the other order.

        Examples
        --------
        >>> read_srs_name("urn:ogc:def:crs:EPSG::4258").comes_northing_first(51.3, 6.5)
        True
        >>> read_srs_name("urn:ogc:def:crs:EPSG::4258").comes_northing_first(6.5, 51.3)
        False
        """
        if self.bounds is None:
            return self.northing_first
        x, y = (second, first) if self.northing_first else (first, second)
        as_stated = _distance(self.bounds, x, y)
        turned = _distance(self.bounds, y, x)
        return self.northing_first != (as_stated > _MUCH_NEARER * turned)


@lru_cache(maxsize=256)
def read_srs_name(stated: str) -> SrsName:
    """Read a ``srsName``; an unknown one keeps its spelling and has no definition.

    Examples
    --------
    >>> read_srs_name("urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH").definition
    'EPSG:25832'
    >>> read_srs_name("urn:ogc:def:crs:EPSG::31467").northing_first
    True
    >>> read_srs_name("EPSG:31467").northing_first
    False
    """
    name = stated.strip()
    if name.startswith("urn:adv:crs:"):
        # NAS writes easting before northing in all projected systems, whatever order EPSG
        # gives the same system.
        definition = adv_crs(name)
        crs = pyproj.CRS.from_user_input(definition) if definition else None
        return _srs_name(stated, definition, crs, northing_first=definition == "EPSG:4258")
    for by_authority, patterns in ((True, _AUTHORITY_ORDER), (False, _EASTING_FIRST)):
        for pattern in patterns:
            if match := pattern.match(name):
                definition, crs = _look_up(match["auth"].upper(), match["code"])
                north = by_authority and crs is not None and _northing_leads(crs)
                return _srs_name(stated, definition, crs, northing_first=north)
    return SrsName(stated)


def _look_up(authority: str, code: str) -> tuple[str | None, pyproj.CRS | None]:
    """Find the system; servers of one maker give ESRI numbers out as EPSG's."""
    for name in (authority, "ESRI"):
        try:
            return f"{name}:{code}", pyproj.CRS.from_authority(name, code)
        except CRSError:
            continue
    return None, None


def _northing_leads(crs: pyproj.CRS) -> bool:
    return bool(crs.axis_info) and crs.axis_info[0].direction in {"north", "south"}


def _srs_name(
    stated: str, definition: str | None, crs: pyproj.CRS | None, *, northing_first: bool
) -> SrsName:
    if crs is None:
        return SrsName(stated)
    return SrsName(
        stated,
        definition,
        northing_first,
        dimension=max(2, len(crs.axis_info)),
        geographic=crs.is_geographic,
        bounds=_bounds(crs),
    )


def _bounds(crs: pyproj.CRS) -> tuple[float, float, float, float] | None:
    """Return the area of use in the system's own coordinates, x before y."""
    area = crs.area_of_use
    base = crs.geodetic_crs
    if area is None or base is None:
        return None
    try:
        to_own = pyproj.Transformer.from_crs(base.to_2d(), crs.to_2d(), always_xy=True)
        box = to_own.transform_bounds(*area.bounds)
    except ProjError:
        return None
    return box if all(map(math.isfinite, box)) else None


def _distance(bounds: tuple[float, float, float, float], x: float, y: float) -> float:
    xmin, ymin, xmax, ymax = bounds
    return math.hypot(max(xmin - x, 0.0, x - xmax), max(ymin - y, 0.0, y - ymax))
