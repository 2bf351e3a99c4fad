"""Instants and intervals as requests write them: RFC 3339, durations of ISO 8601, open ends."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from gis_core.errors import PeriodError

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?([Zz]|[+-]\d\d:\d\d))?", re.ASCII
)
_NUMBER = r"(\d{1,9})"
_PARTS = re.compile(
    rf"P(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:(\d{{1,9}}(?:\.\d{{1,6}})?)S)?)?",
    re.ASCII,
)
_OPEN = frozenset({"", ".."})
_AN_INSTANT = "a day (2020-05-17) or an instant with its offset (2020-05-17T08:00:00Z)"
_AN_END = f"{_AN_INSTANT}, a duration (P1Y6M) or .. for an open end"
Instant = date | datetime


@dataclass(frozen=True, slots=True)
class Period:
    """From one instant to another, both included; None is an open end.

    A ``datetime`` is in UTC, without its zone and to the millisecond; a ``date`` is a whole day.
    """

    start: Instant | None
    end: Instant | None


@dataclass(frozen=True, slots=True)
class _Duration:
    months: int
    rest: timedelta


def read_period(text: str) -> Period:
    """Read an instant or an interval.

    Parameters
    ----------
    text
        ``A``, ``A/B``, ``A/..``, ``../B`` or ``../..``, where a blank is as good as ``..``; one
        of the ends may be a duration: ``A/P1Y`` is the same as ``A/B`` with B a year later. A
        duration of months that would lead beyond a month's last day leads to that day. A blank
        in the place of an offset's sign is a plus that a URL has lost.

    Raises
    ------
    PeriodError
        With the place of what cannot be read.

    Examples
    --------
    >>> read_period("2020-01-31/P1M")
    Period(start=datetime.date(2020, 1, 31), end=datetime.date(2020, 2, 29))
    >>> read_period("P1D/2020-01-01T00:00:00+01:00").start
    datetime.datetime(2019, 12, 30, 23, 0)
    """
    first, slash, second = text.partition("/")
    if not slash:
        instant = _instant(first, 1, _AN_INSTANT + ", or an interval of two, A/B")
        return Period(instant, instant)
    after = len(first) + 2
    start, end = _end(first, 1), _end(second, after)
    if isinstance(start, _Duration):
        if not isinstance(end, date):
            raise PeriodError(after, second, _AN_INSTANT + " beside the duration")
        start = _moved(end, start, -1, 1, first)
    elif isinstance(end, _Duration):
        if start is None:
            raise PeriodError(1, first, _AN_INSTANT + " beside the duration")
        end = _moved(start, end, 1, after, second)
    if start is not None and end is not None and _first(start) > _last(end):
        raise PeriodError(after, second, f"an end that is not before the start, {first}")
    return Period(start, end)


def _end(text: str, at: int) -> Instant | _Duration | None:
    if text in _OPEN:
        return None
    return _duration(text, at) if text.startswith("P") else _instant(text, at, _AN_END)


def _instant(text: str, at: int, expected: str) -> Instant:
    match = _INSTANT.fullmatch(text.replace(" ", "+"))
    if match is None:
        raise PeriodError(at + _agreed(text), text, expected)
    day, time, fraction, offset = match.groups()
    try:
        if time is None:
            return date.fromisoformat(day)
        millis = (fraction or "")[:3].ljust(3, "0")
        zone = "+00:00" if offset in "Zz" else offset
        return (
            datetime.fromisoformat(f"{day}T{time}.{millis}{zone}")
            .astimezone(UTC)
            .replace(tzinfo=None)
        )
    except (ValueError, OverflowError):  # a day such as 2025-02-30
        raise PeriodError(at, text, "a day and a time that there are") from None


def _agreed(text: str) -> int:
    """Return how many characters of a text that is no instant could be one's."""
    form = "0000-00-00T00:00:00"
    for i, (found, wanted) in enumerate(zip(text, form, strict=False)):
        digit = wanted == "0" and found in "0123456789"
        if not digit and found.upper() != wanted:
            return i
    return min(len(text), len(form))


def _duration(text: str, at: int) -> _Duration:
    match = _PARTS.fullmatch(text)
    if match is None or text[-1] in "PT":
        raise PeriodError(at, text, "a duration such as P1Y2M, P2W, P3D or PT12H")
    years, months, weeks, days, _, hours, minutes, seconds = match.groups()
    rest = timedelta(
        weeks=int(weeks or 0),
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=float(seconds or 0),
    )
    return _Duration(12 * int(years or 0) + int(months or 0), rest)


def _moved(instant: Instant, by: _Duration, sign: int, at: int, text: str) -> Instant:
    """Return an instant so much later or, with the sign -1, earlier; first months, then days."""
    try:
        month = instant.year * 12 + instant.month - 1 + sign * by.months
        year, month = divmod(month, 12)
        last = calendar.monthrange(year, month + 1)[1]
        moved = instant.replace(year=year, month=month + 1, day=min(instant.day, last))
        if by.rest % timedelta(days=1) and not isinstance(moved, datetime):
            moved = datetime(moved.year, moved.month, moved.day)  # noqa: DTZ001 - UTC, as all
        return moved + sign * by.rest
    except (ValueError, OverflowError, calendar.IllegalMonthError):
        raise PeriodError(at, text, "a duration that ends between the years 1 and 9999") from None


def _first(instant: Instant) -> datetime:
    if isinstance(instant, datetime):
        return instant
    return datetime(instant.year, instant.month, instant.day)  # noqa: DTZ001 - UTC, as all


def _last(instant: Instant) -> datetime:
    if isinstance(instant, datetime):
        return instant
    day = _first(instant)
    return day.replace(hour=23, minute=59, second=59, microsecond=999_000)
