"""Names of reference systems: what the many spellings in delivered files mean."""

import re
from typing import Final

import pyproj
from pyproj.exceptions import CRSError

from gis_core.errors import UnknownCRSError

# Names of the GeoInfoDok, used as urn:adv:crs:NAME; a regional tail (_NW101) may follow.
_ADV_NAMES: Final = (
    (re.compile(r"ETRS89_UTM(3[123])"), lambda zone: 25800 + zone),
    (re.compile(r"ETRS89_LAT-LON"), lambda _: 4258),
    (re.compile(r"DE_DHDN_3GK([2345])"), lambda zone: 31464 + zone),
    (re.compile(r"DE_PD-?83_3GK([34])"), lambda zone: 3393 + zone),
    (re.compile(r"DE_RD-?83_3GK([45])"), lambda zone: 3394 + zone),
    (re.compile(r"DE_42-?83_3GK([345])"), lambda zone: 2394 + zone),
)
_EPSG_NUMBER = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:EPSG:[\d.]*:|EPSG:{1,2}|.*/EPSG/[\d.]+/|.*epsg\.xml#)?(\d{4,6})",
    re.IGNORECASE,
)
_CRS84 = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:OGC:[\d.]*:|OGC:|.*/OGC/[\d.]+/)?CRS84", re.IGNORECASE
)


def resolve_crs(text: str | int | pyproj.CRS) -> pyproj.CRS:
    """Return the horizontal reference system that a text means.

    Understands EPSG codes with any prefix (URN, URL, ``EPSG::``), the AdV's names
    (``urn:adv:crs:DE_DHDN_3GK2``), CRS84, WKT of every version and PROJ strings. Numbers
    that EPSG does not know are looked up among ESRI's (``EPSG:102329``). Heights are cut
    off, as is a seven-parameter shift that WKT carries along (``TOWGS84``): which
    operation is used is decided by :func:`gis_core.crs.plan_operation` alone.

    Raises
    ------
    UnknownCRSError
        The text is empty or means nothing to PROJ.

    Examples
    --------
    >>> resolve_crs("urn:adv:crs:DE_DHDN_3GK2").to_epsg()
    31466
    >>> resolve_crs("EPSG::102329").name
    'ETRS89 / UTM zone 32N (zE-N)'
    """
    if isinstance(text, pyproj.CRS):
        return _horizontal(text)
    text = str(text).strip()
    for spelling in _spellings(text):
        try:
            return _horizontal(pyproj.CRS.from_user_input(spelling))
        except CRSError:
            continue
    shown = text if len(text) <= 80 else text[:77] + "…"
    raise UnknownCRSError(
        f"no reference system is called {shown!r}" if text else "no reference system is stated",
        advice="State it, for example --crs EPSG:25832.",
        found=shown,
        expected="an EPSG code, an AdV name such as ETRS89_UTM32, or WKT",
    )


def _spellings(text: str) -> list[str]:
    """Return the texts to try with PROJ, best first."""
    if not text:
        return []
    if number := _EPSG_NUMBER.fullmatch(text):
        return [f"EPSG:{number[1]}", f"ESRI:{number[1]}"]
    if _CRS84.fullmatch(text):
        return ["OGC:CRS84"]
    return [adv_crs(text) or text]


def adv_crs(name: str) -> str | None:
    """Return the EPSG code of a name of the GeoInfoDok; None where it is none.

    Examples
    --------
    >>> adv_crs("urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH"), adv_crs("UTM")
    ('EPSG:25832', None)
    """
    # A compound name joins position and height with a star.
    plain = re.sub(r"^urn:adv:crs:", "", name, flags=re.IGNORECASE).split("*")[0].upper()
    for pattern, code in _ADV_NAMES:
        if match := pattern.match(plain):
            return f"EPSG:{code(int(match[1]) if match.groups() else 0)}"
    return None


def _horizontal(crs: pyproj.CRS) -> pyproj.CRS:
    """Cut off height and built-in datum shift; prefer the authority's entry to a loose copy."""
    if crs.is_compound:
        return _horizontal(crs.sub_crs_list[0])
    if crs.is_bound and crs.source_crs is not None:
        return _horizontal(crs.source_crs)
    if len(crs.axis_info) == 3:
        crs = crs.to_2d()
    code = crs.to_epsg()
    return pyproj.CRS.from_epsg(code) if code else crs


def crs_text(crs: pyproj.CRS) -> str:
    """Return ``AUTHORITY:CODE``, or WKT on one line where no authority knows the system."""
    authority = crs.to_authority()
    return ":".join(authority) if authority else crs.to_wkt()
