"""How a table is written down: delimiter, where the header stands, what the columns are called."""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from layers.column_names import without_type
from layers.errors import SourceFileError

DELIMITERS: Final = (";", ",", "\t", "|")
_SAMPLE: Final = 1 << 16  # characters
_RECORDS: Final = 200

_EXCEL_HINT: Final = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n", re.IGNORECASE)
_FIGURE: Final = re.compile(r"[-+]?[\d.,\s]+")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written.

    Attributes
    ----------
    delimiter
        Character between fields.
    names
        Column names, cleaned, unique.
    header_line
        Line number, from 1, on which the header ends.
    """

    delimiter: str
    names: tuple[str, ...]
    header_line: int


def find_dialect(text: str, file_name: str) -> Dialect:
    r"""Find delimiter and header from the beginning of a table.

    The delimiter is the one that divides most lines into equally many fields. Title
    lines above the header (one filled cell) and Excel's ``sep=`` line are passed over.

    Raises
    ------
    SourceFileError
        The table has no header: its first line holds figures only.

    Examples
    --------
    >>> find_dialect('"baum,C,20";"hoch,N,19,11"\n7;1,5\n', "a.csv").names
    ('baum', 'hoch')
    """
    hint = _EXCEL_HINT.match(text)
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    delimiter = hint[1] if hint else max(DELIMITERS, key=lambda d: _regularity(sample, d))
    records = list(_records(sample, delimiter))
    if hint:
        records = records[1:]
    width = _usual_width(records)
    for line, record in records:
        filled = sum(bool(cell.strip()) for cell in record)
        if filled > 1 or width == 1 or (filled == 1 and len(record) == width <= 2):
            return Dialect(delimiter, _names(record, file_name), line)
    raise SourceFileError(
        f"{file_name}: no line with column names was found",
        advice="Write the column names into the first line.",
        file=file_name,
        row=1,
        found=sample[:60],
        expected="column names",
    )


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first records that are not blank, with the line on which each ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    seen = 0
    for record in reader:
        if any(record):
            yield reader.line_num, record
            seen += 1
        if seen == _RECORDS:
            return


def _regularity(sample: str, delimiter: str) -> tuple[float, int]:
    """Say how well a delimiter explains the lines: share of equal ones, then their width."""
    try:
        widths = Counter(len(record) for _, record in _records(sample, delimiter))
    except csv.Error:
        return 0.0, 0
    widths.pop(1, None)
    if not widths:
        return 0.0, 0
    width, count = widths.most_common(1)[0]
    alone = sum(len(record) == 1 for _, record in _records(sample, delimiter))
    return count / (widths.total() + alone), width


def _usual_width(records: list[tuple[int, list[str]]]) -> int:
    widths = Counter(len(record) for _, record in records)
    return widths.most_common(1)[0][0] if widths else 1


def _names(header: list[str], file_name: str) -> tuple[str, ...]:
    if all(_FIGURE.fullmatch(cell) for cell in header if cell.strip()):
        raise SourceFileError(
            f"{file_name}: the first line holds figures, not column names",
            advice="Write the column names into the first line.",
            file=file_name,
            row=1,
            found=", ".join(header)[:80],
            expected="column names",
        )
    names: list[str] = []
    for place, cell in enumerate(header, start=1):
        name = unicodedata.normalize("NFC", cell.strip().removeprefix("\ufeff").strip())
        name = without_type(name) or f"column_{place}"
        names.append(f"{name}_{place}" if name in names else name)
    return tuple(names)
