"""The query parameters of an items request: checked whole, unknown ones refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite

import shapely
from shapely.geometry.base import BaseGeometry

from api.errors import ParameterError
from api.features import text_search
from api.features.crs import check_crs
from api.features.profiles import chosen
from api.filtering import parameters as filtering
from api.filtering.wildcards import alike, also, pattern
from api.parameters import refuse_unknown
from gis_core.filters.ast import Condition
from gis_core.offered_crs import CRS84, Box, box_to_storage, is_geographic, northing_first
from gis_core.periods import read_period
from layers.query import Query
from layers.reader.through_time import During
from layers.spec import FieldSpec, FieldType
from layers.view import CollectionView

DEFAULT_LIMIT = 10
MAX_LIMIT = 100_000
MOST_MADE = 10_000  # features of an answer that has to be made, where it is not ready
MAX_OFFSET = 10_000_000
_OWN = {"f", "lang", "limit", "offset", "cursor", "bbox", "bbox-crs", "crs", "datetime"}
_OWN |= {"profile", "properties", "skipGeometry", "sortby", "resulttype", *filtering.NAMES}
_READERS: dict[FieldType, tuple[str, Callable[[str], object]]] = {
    FieldType.INTEGER: (r"[+-]?\d{1,18}", int),
    FieldType.NUMBER: (r"[+-]?\d{1,18}(\.\d{1,30})?([eE][+-]?\d\d?)?", float),
    FieldType.DATE: (r"\d{4}-\d\d-\d\d", date.fromisoformat),
    FieldType.DATETIME: (r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)?", datetime.fromisoformat),
}
_TEXTS = {FieldType.TEXT, FieldType.PARCEL_KEY}
_TRUE, _FALSE = {"true", "1"}, {"false", "0"}
Fields = Mapping[str, FieldSpec]  # by every name that a request may use


@dataclass(frozen=True, slots=True)
class ItemsRequest:
    """What was asked for, checked: a query for the reader, and how to write the answer.

    ``nothing`` is set when the box lies where no feature can be, ``hits`` when only the number
    is asked for; without ``during`` today's features are. ``profile``: None: none was asked for.
    """

    query: Query
    crs: str
    limit: int
    offset: int
    nothing: bool = False
    hits: bool = False
    during: During | None = None
    profile: str | None = None


def read_items_request(
    given: Mapping[str, str],
    view: CollectionView,
    storage: int,
    bounds: Box,
    most: int = MOST_MADE,
    offset: int | None = None,
    form: str = "json",
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
    most
        Features of one answer at most; a larger ``limit`` means this one.
    offset
        Where the page begins, if a cursor said so.
    form
        The format of the answer, as ``f`` calls it.

    Raises
    ------
    ParameterError
        An unknown parameter or a value that is not allowed.
    FilterError
        The filter cannot be read, is too large, or does not fit the collection.
    PeriodError
        ``datetime`` cannot be read.
    UnsupportedCRSError
        ``crs``, ``bbox-crs`` or ``filter-crs`` is not offered.
    """
    fields = view.called()
    own = _OWN | ({text_search.PARAMETER} if text_search.offered(view) else set())
    for name in given:
        if name not in own and name not in fields:
            raise ParameterError(
                f"{name[:80]!r} is not a parameter of this collection",
                advice=f"Parameters: {', '.join(sorted(own))}; fields: {', '.join(view.names)}",
                parameter=name[:80],
            )
    limit = min(_whole(given, "limit", DEFAULT_LIMIT, 1), most)
    offset = _offset(given) if offset is None else offset
    crs = check_crs(given.get("crs", CRS84), storage, "crs")
    area, nothing = _area(given, storage, bounds)
    equals, patterns = _equals(given, fields)
    query = Query(
        intersects=area,
        equals=equals,
        where=also(filtering.read_filter(given, view, storage, bounds), patterns),
        text=text_search.read_text(given, view),
        columns=_properties(given, fields),
        sort=_sort(given, fields),
        limit=limit,
        offset=offset,
        geometry=not _flag(given, "skipGeometry"),
    )
    during = During(read_period(given["datetime"])) if "datetime" in given else None
    profile = chosen(given, view, form)
    return ItemsRequest(query, crs, limit, offset, nothing, _hits(given), during, profile)


def read_item_request(given: Mapping[str, str], storage: int) -> str:
    """Read the parameters of one item: return the CRS of the answer."""
    refuse_unknown(given, "crs", "profile")
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


def _offset(given: Mapping[str, str]) -> int:
    offset = _whole(given, "offset", 0, 0)
    if offset > MAX_OFFSET:
        raise _refused("offset", given["offset"], f"at most {MAX_OFFSET}")
    return offset


def _hits(given: Mapping[str, str]) -> bool:
    kind = given.get("resulttype", "results")
    if kind not in {"results", "hits"}:
        raise _refused("resulttype", kind, "results or hits")
    return kind == "hits"


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
    box = read_box(given["bbox"], uri)
    area = box_to_storage(box, uri, storage, bounds)
    if area is not None and area.covers(shapely.box(*bounds)):
        return None, False  # a box around everything narrows nothing
    return area, area is None


def read_box(text: str, uri: str) -> Box:
    """Return the four numbers of a box in a reference system, as they were written.

    Raises
    ------
    ParameterError
        It is no box; west may be greater than east in degrees only.
    """
    expected = "four finite numbers xmin,ymin,xmax,ymax (or six with heights)"
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise _refused("bbox", text, expected) from None
    if len(numbers) == 6:
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4 or not all(isfinite(n) for n in numbers):
        raise _refused("bbox", text, expected)
    first, second, third, fourth = numbers
    east, north = (1, 0) if northing_first(uri) else (0, 1)
    # In degrees west is greater than east where a box lies across the antimeridian.
    across = numbers[east] > numbers[east + 2] and not is_geographic(uri)
    if across or numbers[north] > numbers[north + 2]:
        raise _refused("bbox", text, "the lower corner first")
    return first, second, third, fourth


def _equals(
    given: Mapping[str, str], fields: Fields
) -> tuple[dict[str, object], dict[str, Condition]]:
    """Return the values that fields must have, and the patterns that they must fit."""
    values: dict[str, object] = {}
    patterns: dict[str, Condition] = {}
    named: set[str] = set()
    for name in filter(given.__contains__, fields):
        field, text = fields[name], given[name]
        if field.name in named:
            raise ParameterError(f"{field.name} is given twice, once as {name}", parameter=name)
        named.add(field.name)
        text, fits = pattern(text) if field.type in _TEXTS else (text, False)
        if not fits:
            values[field.name] = _typed(name, field.type, text)
        elif field.separators:
            raise _refused(name, given[name], "one key without *: the field is a list")
        else:
            patterns[f"{field.name}={given[name]}"] = alike(field.name, text)
    return values, patterns


def _typed(name: str, kind: FieldType, text: str) -> object:
    if kind is FieldType.BOOLEAN:
        return _flag({name: text}, name)
    read = _READERS.get(kind)
    if read is None:
        return text
    pattern, convert = read
    try:
        if re.fullmatch(pattern, text):
            return convert(text)
    except ValueError:  # a day such as 2025-02-30
        pass
    raise _refused(name, text, f"a value of type {kind}")


def _properties(given: Mapping[str, str], fields: Fields) -> tuple[str, ...] | None:
    if "properties" not in given:
        return None
    asked = filter(None, given["properties"].split(","))
    return tuple(dict.fromkeys(_field("properties", name, name, fields) for name in asked))


def _sort(given: Mapping[str, str], fields: Fields) -> tuple[tuple[str, bool], ...]:
    keys = []
    for part in filter(None, given.get("sortby", "").split(",")):
        name = _field("sortby", part.strip().lstrip("+-"), part, fields)
        keys.append((name, part.strip().startswith("-")))
    return tuple(keys)


def _field(parameter: str, name: str, found: str, fields: Fields) -> str:
    """Return the own name of the field that a request calls so."""
    if name not in fields:
        known = ", ".join(dict.fromkeys(field.name for field in fields.values()))
        raise _refused(parameter, found, f"fields of this collection: {known}")
    return fields[name].name
