"""The query parameters of an items request: checked whole, unknown ones refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from shapely.geometry.base import BaseGeometry

from api.errors import ParameterError
from api.features.crs import CRS84, Box, box_to_storage, check_crs
from layers.query import Query
from layers.spec import FieldType
from layers.view import CollectionView

DEFAULT_LIMIT = 10
MAX_LIMIT = 10_000
MAX_OFFSET = 10_000_000
_OWN = {"f", "lang", "limit", "offset", "bbox", "bbox-crs", "crs", "datetime"}
_OWN |= {"properties", "skipGeometry", "sortby"}
_INSTANT = r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?"
_DATETIME = re.compile(
    rf"^({_INSTANT}|({_INSTANT}|\.\.|)/({_INSTANT}|\.\.|P[\dYMWDTHS.]+|)|P[\dYMWDTHS.]+/{_INSTANT})$"
)
_TRUE, _FALSE = {"true", "1"}, {"false", "0"}


@dataclass(frozen=True, slots=True)
class ItemsRequest:
    """What was asked for, checked: a query for the reader, and how to write the answer.

    ``nothing`` is set when the box lies where no feature can be.
    """

    query: Query
    crs: str
    limit: int
    offset: int
    nothing: bool = False


def read_items_request(
    given: Mapping[str, str], view: CollectionView, storage: int, bounds: Box
) -> ItemsRequest:
    """Read the parameters of ``/collections/{id}/items``.

    Parameters
    ----------
    given
        Query parameters, each at most once.
    view
        The collection with the fields the caller may read: only these are parameters.
    storage
        EPSG code of the storage CRS.
    bounds
        Box in the storage CRS outside of which the collection has nothing.

    Raises
    ------
    ParameterError
        An unknown parameter or a value that is not allowed.
    UnsupportedCRSError
        ``crs`` or ``bbox-crs`` is not offered.
    """
    names = [field.name for field in view.fields]
    for name in given:
        if name not in _OWN and name not in names:
            raise ParameterError(
                f"{name!r} is not a parameter of this collection",
                advice=f"Parameters: {', '.join(sorted(_OWN))}; fields: {', '.join(names)}",
                parameter=name,
            )
    if "datetime" in given and not _DATETIME.match(given["datetime"]):
        raise _refused("datetime", given["datetime"], "an RFC 3339 instant or an interval a/b")
    limit = _whole(given, "limit", DEFAULT_LIMIT, 1)
    offset = _whole(given, "offset", 0, 0)
    if offset > MAX_OFFSET:
        raise _refused("offset", given["offset"], f"at most {MAX_OFFSET}")
    crs = check_crs(given.get("crs", CRS84), storage, "crs")
    area, nothing = _area(given, storage, bounds)
    query = Query(
        intersects=area,
        equals={name: _typed(view, name, given[name]) for name in names if name in given},
        columns=_properties(given, names),
        sort=_sort(given, names),
        limit=min(limit, MAX_LIMIT),
        offset=offset,
        geometry=not _flag(given, "skipGeometry"),
    )
    return ItemsRequest(query, crs, min(limit, MAX_LIMIT), offset, nothing)


def read_item_request(given: Mapping[str, str], storage: int) -> str:
    """Read the parameters of one item: return the CRS of the answer."""
    for name in given:
        if name not in {"f", "lang", "crs"}:
            raise ParameterError(
                f"{name!r} is not a parameter here",
                advice="Parameters: f, lang, crs",
                parameter=name,
            )
    return check_crs(given.get("crs", CRS84), storage, "crs")


def _refused(name: str, found: str, expected: str) -> ParameterError:
    return ParameterError(
        f"{name}: found {found[:80]!r}, expected {expected}", parameter=name, expected=expected
    )


def _whole(given: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,12}", text) or int(text) < least:
        raise _refused(name, text, f"a whole number, {least} or more")
    return int(text)


def _flag(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "false").lower()
    if text not in _TRUE | _FALSE:
        raise _refused(name, text, "true or false")
    return text in _TRUE


def _area(given: Mapping[str, str], storage: int, bounds: Box) -> tuple[BaseGeometry | None, bool]:
    if "bbox" not in given:
        if "bbox-crs" in given:
            raise _refused("bbox-crs", given["bbox-crs"], "to be given together with bbox")
        return None, False
    uri = check_crs(given.get("bbox-crs", CRS84), storage, "bbox-crs")
    box = _box(given["bbox"], across=uri == CRS84)
    area = box_to_storage(box, uri, storage, bounds)
    return area, area is None


def _box(text: str, *, across: bool) -> Box:
    expected = "four finite numbers xmin,ymin,xmax,ymax (or six with heights)"
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise _refused("bbox", text, expected) from None
    if len(numbers) == 6:
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4 or not all(isfinite(n) for n in numbers):
        raise _refused("bbox", text, expected)
    xmin, ymin, xmax, ymax = numbers
    if ymin > ymax or (xmin > xmax and not across):
        raise _refused("bbox", text, "the lower corner first")
    return xmin, ymin, xmax, ymax


def _typed(view: CollectionView, name: str, text: str) -> object:
    kind = next(field.type for field in view.fields if field.name == name)
    if kind is FieldType.BOOLEAN:
        return _flag({name: text}, name)
    if kind not in {FieldType.INTEGER, FieldType.NUMBER}:
        return text
    pattern = r"[+-]?\d{1,18}" if kind is FieldType.INTEGER else r"[+-]?\d{1,18}(\.\d{1,18})?"
    if not re.fullmatch(pattern, text):
        raise _refused(name, text, f"a value of type {kind}")
    return int(text) if kind is FieldType.INTEGER else float(text)


def _properties(given: Mapping[str, str], names: list[str]) -> tuple[str, ...] | None:
    if "properties" not in given:
        return None
    asked = tuple(dict.fromkeys(filter(None, given["properties"].split(","))))
    for name in asked:
        if name not in names:
            raise _refused("properties", name, f"fields of this collection: {', '.join(names)}")
    return asked


def _sort(given: Mapping[str, str], names: list[str]) -> tuple[tuple[str, bool], ...]:
    keys = []
    for part in filter(None, given.get("sortby", "").split(",")):
        name = part.strip().lstrip("+-")
        if name not in names:
            raise _refused("sortby", part, f"fields of this collection: {', '.join(names)}")
        keys.append((name, part.strip().startswith("-")))
    return tuple(keys)
