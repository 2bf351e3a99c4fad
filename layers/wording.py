"""Numbers, dates and values as people read them, in German and English."""

from datetime import date, datetime
from typing import Literal

from layers.spec import FieldSpec, FieldType

Language = Literal["de", "en"]

_FIRST_YEAR = 1000
_YES_NO = {"de": ("ja", "nein"), "en": ("yes", "no")}
_THIN = {"de": str.maketrans(",.", ".,"), "en": str.maketrans("", "")}

# Month names are spelt here because the process's locale must not decide them.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def format_number(value: float, language: Language, decimals: int | None = None) -> str:
    """Write a number: ``1.234,5`` in German, ``1,234.5`` in English.

    ``decimals`` None keeps whole numbers whole and gives others up to two decimals.

    >>> format_number(1234.5, "de"), format_number(1234.0, "en")
    ('1.234,5', '1,234')
    """
    text = f"{value:,.{2 if decimals is None else decimals}f}"
    if decimals is None:
        text = text.rstrip("0").rstrip(".")
    return text.translate(_THIN[language])


def format_date(value: date, language: Language) -> str:
    """Write a date: ``05.12.2025`` in German, ``5 December 2025`` in English.

    >>> format_date(date(2025, 12, 5), "de"), format_date(date(2025, 12, 5), "en")
    ('05.12.2025', '5 December 2025')
    """
    if language == "de":
        return f"{value:%d.%m.%Y}"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def format_value(value: object, language: Language, unit: str = "") -> str:
    """Write any stored value with its unit; a missing value is an en dash."""
    if value is None or value == "" or value != value:  # NaN
        return "–"
    if isinstance(value, bool):
        text = _YES_NO[language][0 if value else 1]
    elif isinstance(value, int | float):
        text = format_number(value, language)
    elif isinstance(value, datetime):
        text = format_date(value.date(), language)
    elif isinstance(value, date):
        text = format_date(value, language)
    else:
        text = str(value)
    return f"{text}\N{NARROW NO-BREAK SPACE}{unit}" if unit else text


def format_field(field: FieldSpec, value: object, language: Language) -> str:
    """Write a field's value: a code by its meaning, a year without a thousands mark."""
    if field.codes and value in field.codes:
        return field.codes[str(value)][language]
    if field.type is FieldType.INTEGER and isinstance(value, int | float) and _is_year(field):
        return f"{value:.0f}"
    return format_value(value, language, field.unit)


def _is_year(field: FieldSpec) -> bool:
    return not field.unit and field.range is not None and field.range[0] >= _FIRST_YEAR
