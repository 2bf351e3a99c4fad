"""``filter``, ``filter-lang`` and ``filter-crs``."""

from collections.abc import Mapping
from functools import cache, lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from api.errors import ParameterError
from api.features.crs import check_crs
from gis_core.crs import Operation, plan_operation, transform_geometry
from gis_core.filters import Filter, Places, checked, parse
from gis_core.offered_crs import CRS84, Box, crs_uri, northing_first
from layers.queryables import filter_schema
from layers.view import CollectionView

NAMES = ("filter", "filter-lang", "filter-crs")
LANGUAGES = ("cql2-text", "cql2-json")
_AROUND_M = 5000.0  # what of a geometry is farther from the data is cut
_STEP_M = 100.0  # an edge of it in degrees bends by a third of a millimetre
_STEP_DEGREES = 0.001
_OUTLINE = 100  # points on each side of the box around the data
_parsed = lru_cache(maxsize=128)(parse)  # pages of one answer ask for the same


def read_filter(
    given: Mapping[str, str], view: CollectionView, storage: int, bounds: Box
) -> Filter | None:
    """Read the filter of a request, checked against the fields that the caller may read.

    Parameters
    ----------
    given
        Query parameters.
    storage
        EPSG code of the storage CRS.
    bounds
        Box in the storage CRS outside of which the collection has nothing.

    Raises
    ------
    FilterError
        It cannot be read, is too large, or does not fit the collection; with the place.
    ParameterError
        The language is none of `LANGUAGES`, or comes without a filter.
    UnsupportedCRSError
        ``filter-crs`` is not offered.
    """
    text = given.get("filter")
    lang = given.get("filter-lang", "cql2-text")
    if lang not in LANGUAGES:
        raise ParameterError(
            f"filter-lang: found {lang[:80]!r}, expected {' or '.join(LANGUAGES)}",
            parameter="filter-lang",
            expected=" or ".join(LANGUAGES),
        )
    uri = check_crs(given.get("filter-crs", CRS84), storage, "filter-crs")
    if text is None:
        _check_alone(given)
        return None
    asked = _parsed(text, "cql2-json" if lang == "cql2-json" else "cql2-text")
    return checked(asked, filter_schema(view), places_of(uri, storage, bounds))


def _check_alone(given: Mapping[str, str]) -> None:
    for name in NAMES[1:]:
        if name in given:
            raise ParameterError(
                f"{name} says nothing without filter", advice="Give filter, too.", parameter=name
            )


@lru_cache(maxsize=128)
def places_of(uri: str, storage: int, bounds: Box) -> Places:
    """Return how coordinates in an offered CRS are to be read.

    Notes
    -----
    A geometry that goes far beyond the data is cut in its own CRS first: a projection is
    true near its own meridian only.
    """
    if uri == crs_uri(storage):
        return Places(crs=uri, northing_first=northing_first(uri))
    there = _operation(uri, storage, to_storage=False)
    region = transform_geometry(np.array([_outline(bounds)], dtype=object), there)[0].bounds
    geographic = bool(region[2] <= 360 and region[3] <= 90)

    def carry(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        return transform_geometry(geometry, _operation(uri, storage, to_storage=True))

    return Places(
        crs=uri,
        geographic=geographic,
        northing_first=northing_first(uri),
        carry=carry,
        region=region,
        step=_STEP_DEGREES if geographic else _STEP_M,
    )


def _outline(bounds: Box) -> shapely.Polygon:
    xmin, ymin, xmax, ymax = bounds
    around = shapely.box(xmin - _AROUND_M, ymin - _AROUND_M, xmax + _AROUND_M, ymax + _AROUND_M)
    longest = max(xmax - xmin, ymax - ymin) + 2 * _AROUND_M
    return shapely.segmentize(around, longest / _OUTLINE)


@cache
def _operation(uri: str, storage: int, *, to_storage: bool) -> Operation:
    name = "OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rsplit('/', 1)[1]}"
    pair = (name, f"EPSG:{storage}")
    return plan_operation(*(pair if to_storage else pair[::-1]))
