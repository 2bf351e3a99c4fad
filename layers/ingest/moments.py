"""Read dates, times and yes/no as offices write them."""

import datetime as dt
import re
from collections.abc import Sequence

# An XML date may carry an offset (2009-07-24Z); the day is the one that is written.
_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](.+)|Z|[+-]\d{2}:\d{2})?")
_GERMAN = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?:,? (\d{1,2}:\d{2}(?::\d{2})?))?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TWO_NUMBERS_FIRST = re.compile(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}( .*)?")

YES = frozenset({"ja", "j", "yes", "y", "true", "t", "wahr", "w", "1", "x", "on", "1.0"})
NO = frozenset({"nein", "n", "no", "false", "f", "falsch", "0", "off", "0.0"})

NOT_A_DATE = "not-a-date"
AMBIGUOUS_DATE = "ambiguous-date"


def read_date(text: str, formats: Sequence[str] = ()) -> tuple[str | None, str]:
    """Read a calendar day; return it in ISO form and the fault code, one of them empty.

    Without ``formats`` (those of ``strptime``) the forms that have one meaning are
    understood: ``2024-05-07`` with or without a time or an offset, ``7.5.2024``, ``20240507``.
    Given formats replace them. A time is cut off: the day is the one that is written.

    Examples
    --------
    >>> read_date("7.5.2024"), read_date("7/5/2005")
    (('2024-05-07', ''), (None, 'ambiguous-date'))
    >>> read_date("7/5/2005", ["%m/%d/%Y"])
    ('2005-07-05', '')
    """
    moment, problem = _read(text, formats)
    return (moment.date().isoformat() if moment else None), problem


def read_datetime(text: str, formats: Sequence[str] = ()) -> tuple[str | None, str]:
    """Read a moment; with an offset it comes out in UTC, without one as it is written.

    Examples
    --------
    >>> read_datetime("2012-11-29T23:00:00+01:00")
    ('2012-11-29T22:00:00Z', '')
    >>> read_datetime("29.11.2012 08:15")
    ('2012-11-29T08:15:00', '')
    """
    moment, problem = _read(text, formats)
    if moment is None:
        return None, problem
    if moment.tzinfo is None:
        return moment.isoformat(timespec="seconds"), ""
    utc = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='seconds')}Z", ""


def read_boolean(text: str) -> tuple[bool | None, str]:
    """Read yes or no in German, English or figures; return it and the fault code."""
    word = text.strip().casefold()
    if word in YES:
        return True, ""
    if word in NO:
        return False, ""
    return None, "not-a-boolean"


def _read(text: str, formats: Sequence[str]) -> tuple[dt.datetime | None, str]:
    text = text.strip()
    if formats:
        for pattern in formats:
            try:
                return dt.datetime.strptime(text, pattern), ""  # noqa: DTZ007 - days have no zone
            except ValueError:
                continue
        return None, NOT_A_DATE
    try:
        moment = _one_meaning(text)
    except ValueError:
        return None, NOT_A_DATE
    if moment is None:
        return None, AMBIGUOUS_DATE if _TWO_NUMBERS_FIRST.fullmatch(text) else NOT_A_DATE
    return moment, ""


def _one_meaning(text: str) -> dt.datetime | None:
    """Return the moment that a text of a known form means; ValueError for the 31st of April."""
    if match := _ISO.fullmatch(text):
        year, month, day, time = match.groups()
        iso = f"{year}-{int(month):02}-{int(day):02}"
        return dt.datetime.fromisoformat(f"{iso}T{time}" if time else iso)
    if match := _GERMAN.fullmatch(text):
        day, month, year, time = match.groups()
        iso = f"{year}-{int(month):02}-{int(day):02}"
        return dt.datetime.fromisoformat(f"{iso}T{time.zfill(5)}" if time else iso)
    if match := _COMPACT.fullmatch(text):
        return dt.datetime(int(match[1]), int(match[2]), int(match[3]))  # noqa: DTZ001 - a day
    return None
