"""The query parameters of the catalogue: checked whole, and applied to its few records."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any

from api.errors import ParameterError
from api.parameters import refuse_unknown

PARAMETERS = ("q", "bbox", "datetime", "ids", "externalIds", "type", "limit", "offset")
DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET = 100, 1000, 10_000
_MOST_TEXT = 400
_BOX = "four finite numbers west,south,east,north (or six with heights), south first"
_TIME = "an RFC 3339 day or instant, or an interval of two such, '..' for an open end"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d))?", re.ASCII)
Record = Mapping[str, Any]
Box = tuple[float, float, float, float]
Period = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for; conditions that are None narrow nothing."""

    given: Mapping[str, str]
    terms: tuple[str, ...] | None
    box: Box | None
    period: Period | None
    ids: tuple[str, ...] | None
    external: tuple[str, ...] | None
    types: tuple[str, ...] | None
    limit: int
    offset: int

    def matches(self, record: Record) -> bool:
        """Say whether a record meets every condition."""
        return (
            (self.terms is None or _tells(record, self.terms))
            and (self.box is None or _meets(record, self.box))
            and (self.period is None or _in_time(record, self.period))
            and (self.ids is None or record["id"] in self.ids)
            and (
                self.external is None
                or record["properties"]["externalIds"][0]["value"] in self.external
            )
            and (self.types is None or record["properties"]["type"] in self.types)
        )


def read(given: Mapping[str, str], *, most: int = MAX_LIMIT) -> Asked:
    """Read the parameters of a page of records.

    Raises
    ------
    ParameterError
        An unknown parameter, or a value that is not allowed.
    """
    refuse_unknown(given, *PARAMETERS)
    for name, text in given.items():
        if len(text) > _MOST_TEXT:
            raise _refused(name, text, f"at most {_MOST_TEXT} characters")
    return Asked(
        given=given,
        terms=_listed(given, "q"),
        box=_box(given["bbox"]) if "bbox" in given else None,
        period=_period(given["datetime"]) if "datetime" in given else None,
        ids=_listed(given, "ids"),
        external=_listed(given, "externalIds"),
        types=_listed(given, "type"),
        limit=min(_whole(given, "limit", DEFAULT_LIMIT, 1), most),
        offset=_whole(given, "offset", 0, 0),
    )


def _tells(record: Record, terms: tuple[str, ...]) -> bool:
    """Say whether a record has one of the terms, whose words follow one another."""
    about = record["properties"]
    contacts = (c[k] for c in about["contacts"] for k in ("organization", "name") if k in c)
    texts = (record["id"], about["title"], about["description"], *about["keywords"], *contacts)
    told = "\n".join(" ".join(text.casefold().split()) for text in texts)
    return any(" ".join(term.casefold().split()) in told for term in terms)


def _meets(record: Record, box: Box) -> bool:
    if "bbox" not in record:
        return False
    west, south, east, north = record["bbox"]
    if box[1] > north or box[3] < south:
        return False
    if box[0] > box[2]:  # over the antimeridian
        return bool(east >= box[0] or west <= box[2])
    return bool(box[0] <= east and box[2] >= west)


def _in_time(record: Record, period: Period) -> bool:
    """Say whether a record's day lies in a period; one without a day may."""
    time = record["time"]
    return time is None or period[0] <= date.fromisoformat(time["date"]) <= period[1]


def _listed(given: Mapping[str, str], name: str) -> tuple[str, ...] | None:
    if name not in given:
        return None
    listed = tuple(filter(None, (part.strip() for part in given[name].split(","))))
    if not listed:
        raise _refused(name, given[name], "one or more texts, separated by commas")
    return listed


def _whole(given: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) < least:
        raise _refused(name, text, f"a whole number, {least} or more")
    if name == "offset" and int(text) > MAX_OFFSET:
        raise _refused(name, text, f"at most {MAX_OFFSET}")
    return int(text)


def _box(text: str) -> Box:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise _refused("bbox", text, _BOX) from None
    if len(numbers) == 6:
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4 or not all(map(isfinite, numbers)) or numbers[1] > numbers[3]:
        raise _refused("bbox", text, _BOX)
    west, south, east, north = numbers
    return west, south, east, north


def _period(text: str) -> Period:
    ends = text.split("/")
    if len(ends) > 2 or (len(ends) == 1 and ends[0] in {"", ".."}):
        raise _refused("datetime", text, _TIME)
    first, last = _day(text, ends[0], date.min), _day(text, ends[-1], date.max)
    if first > last:
        raise _refused("datetime", text, "the earlier end first")
    return first, last


def _day(text: str, end: str, when_open: date) -> date:
    if end in {"", ".."}:
        return when_open
    if re.fullmatch(
        r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d))?", end, re.ASCII
    ):
        try:
            return datetime.fromisoformat(end).date()
        except ValueError:  # a day such as 2025-02-30
            pass
    raise _refused("datetime", text, _TIME)


def _refused(name: str, found: str, expected: str) -> ParameterError:
    return ParameterError(
        f"{name}: found {found[:80]!r}, expected {expected}", parameter=name, expected=expected
    )
