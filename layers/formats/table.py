"""CSV and its relatives: any delimiter, encoding and decimal mark that German offices use.

Regular tables take a fast path through Arrow. As soon as a line does not fit, a tolerant
reader takes over that knows on which line of the file every record stands.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from gis_core.faults import Fault
from layers.errors import SourceFileError
from layers.formats.archive import SourceFile
from layers.formats.coordinates import as_points, find_column, read_coordinates
from layers.formats.dialect import Dialect, find_dialect
from layers.formats.encoding import sniff_encoding
from layers.formats.hints import Hints
from layers.source import SourceCRS, SourceTable

_MOST_LINES_IN_A_CELL: Final = 200  # more means that a quotation mark was never closed
_SHOWN: Final = 120


def read_table(file: SourceFile, hints: Hints) -> SourceTable:
    """Read a table of text; every value stays the text that it is.

    Parameters
    ----------
    file
        The file, unpacked.
    hints
        Names of the coordinate columns and the encoding, where known.

    Returns
    -------
    SourceTable
        ``rows`` are line numbers (the header is line 1 as a rule). Empty cells are
        missing, lines without any value are left out. With both coordinate columns there
        is a point geometry, whose reference system a table never states. Lines with too
        few or too many fields, and those with an unreadable coordinate, are faults.

    Raises
    ------
    SourceFileError
        There is no header, it does not fit any line, or a quotation mark is never closed.

    Notes
    -----
    The file is held in memory, at about eight times its size. A million regular rows of
    10 columns (75 MB) take 6 CPU seconds, irregular ones 11.
    """
    data = file.path.read_bytes()
    codec = sniff_encoding(data, hints.encoding)
    # A file that was cut off may end within a character; everything before it was checked.
    text = data.decode(codec, errors="replace").removeprefix("\ufeff")
    dialect = find_dialect(text, file.name)
    found = _fast(text, dialect) or _tolerant(text, dialect, file)
    return _with_points(file, found, hints)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Records that fit the header, and those that don't: faults, and what they say."""

    rows: NDArray[np.int64]
    attributes: pd.DataFrame
    faults: list[Fault]
    lost: dict[int, str]


def _fast(text: str, dialect: Dialect) -> _Rows | None:
    """Read a table in which every record is one line of the right width; None for others."""
    body = text.rstrip("\r\n").encode()
    lines = body.count(b"\n") + 1 - dialect.header_line
    if lines < 1 or b"\x00" in body:
        return None
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(body),
            read_options=pa.csv.ReadOptions(
                column_names=list(dialect.names), skip_rows=dialect.header_line
            ),
            parse_options=pa.csv.ParseOptions(delimiter=dialect.delimiter),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(dialect.names, pa.large_string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != lines:  # blank lines, or records over several lines
        return None
    rows = np.arange(lines, dtype=np.int64) + dialect.header_line + 1
    attributes = table.to_pandas()
    filled = attributes.notna().any(axis=1).to_numpy()
    return _Rows(rows[filled], attributes[filled].reset_index(drop=True), [], {})


def _tolerant(text: str, dialect: Dialect, file: SourceFile) -> _Rows:
    """Read record by record; those of another width become faults."""
    width = len(dialect.names)
    records: list[list[str]] = []
    rows: list[int] = []
    faults: list[Fault] = []
    lost: dict[int, str] = {}
    widths: set[int] = set()
    for line, record in _records(text, dialect, file):
        extra = record[width:]
        if len(record) < width or any(extra):
            widths.add(len(record))
            faults.append(_ragged(file, line, record, width))
            lost[line] = orjson.dumps(record).decode()
        else:
            records.append(record[:width])
            rows.append(line)
    if faults and not records:
        raise _shifted(file, dialect, widths, len(faults))
    attributes = pd.DataFrame(records, columns=list(dialect.names), dtype="str")
    return _Rows(np.array(rows, dtype=np.int64), attributes.replace("", np.nan), faults, lost)


def _records(text: str, dialect: Dialect, file: SourceFile) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line on which it begins; those without a value are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    line = 1
    try:
        for record in reader:
            begins, line = line, reader.line_num + 1
            if line - begins > _MOST_LINES_IN_A_CELL:
                raise _open_quote(file, begins)
            if begins > dialect.header_line and any(record):
                yield begins, record
    except csv.Error as error:
        raise _open_quote(file, line) from error


def _ragged(file: SourceFile, line: int, record: list[str], width: int) -> Fault:
    shown = " | ".join(record)[:_SHOWN]
    return Fault(
        file.name, line, "", f"{len(record)} fields: {shown}", f"{width} fields", "ragged-row"
    )


def _shifted(file: SourceFile, dialect: Dialect, widths: set[int], rows: int) -> SourceFileError:
    names = len(dialect.names)
    found = " or ".join(str(width) for width in sorted(widths)[:3])
    return SourceFileError(
        f"{file.name}: the header has {names} names, but the {rows:,} lines below it have "
        f"{found} fields",
        advice="The header is shifted against the data: correct its names, so that it is "
        "certain which value belongs to which.",
        file=file.name,
        row=dialect.header_line,
        found=f"{found} fields",
        expected=f"{names} fields ({', '.join(dialect.names)[:_SHOWN]})",
    )


def _open_quote(file: SourceFile, line: int) -> SourceFileError:
    return SourceFileError(
        f"{file.name}: a quotation mark on line {line:,} is never closed",
        advice='Close it, or write it twice ("") where it is part of the text.',
        file=file.name,
        row=line,
        found=f"a cell over more than {_MOST_LINES_IN_A_CELL} lines",
        expected='a closing "',
    )


def _with_points(file: SourceFile, found: _Rows, hints: Hints) -> SourceTable:
    """Add the positions, if the table has both coordinate columns."""
    rows, attributes, faults, lost = found.rows, found.attributes, found.faults, found.lost
    names = find_column(attributes.columns, hints.x), find_column(attributes.columns, hints.y)
    if names[0] is None or names[1] is None:
        return SourceTable(
            file.name, file.stem, rows, attributes, faults=tuple(faults), lost=found.lost
        )
    x, y = (read_coordinates(attributes[name]) for name in names)
    for axis in (x, y):
        faults += [
            Fault(
                file.name,
                int(rows[i]),
                axis.name,
                str(attributes[axis.name].iloc[i])[:_SHOWN],
                "a coordinate",
                "not-a-number",
            )
            for i in np.flatnonzero(axis.unreadable)
        ]
    keep = ~(x.unreadable | y.unreadable)
    for i in np.flatnonzero(~keep).tolist():
        lost[int(rows[i])] = orjson.dumps(attributes.iloc[i].dropna().to_dict()).decode()
    return SourceTable(
        file=file.name,
        kind=file.stem,
        rows=rows[keep],
        attributes=attributes[keep].reset_index(drop=True),
        geometry=as_points(x, y)[keep],
        crs=SourceCRS(None),
        faults=tuple(faults),
        lost=lost,
    )
