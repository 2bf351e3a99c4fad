"""Plain tables as offices export them: delimiter, encoding and quoting of the source system."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path


def write_table(
    file: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    encoding: str = "utf-8",
    newline: str = "\r\n",
) -> None:
    """Write a semicolon-separated table; quotes only where a cell needs them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with io.open(file, "w", encoding=encoding, newline="") as stream:  # noqa: UP020 - as csv wants
        writer = csv.writer(stream, delimiter=";", lineterminator=newline)
        writer.writerow(header)
        writer.writerows(rows)


def comma(value: float, digits: int) -> str:
    """Return a number with a decimal comma."""
    return f"{value:.{digits}f}".replace(".", ",")


def euros(cents: int) -> str:
    """Return an amount as ``1.234,56``."""
    whole, part = divmod(cents, 100)
    return f"{whole:,}".replace(",", ".") + f",{part:02d}"
