"""Text files as offices export them: delimited tables and GeoJSON."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

SYNTHETIC = "Synthetische Daten einer erfundenen Stadt"


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
    with file.open("w", encoding=encoding, newline="") as stream:
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


def write_geojson(
    file: Path, name: str, features: Sequence[Mapping[str, object]], crs: str | None
) -> None:
    """Write a feature collection, one feature a line; it says that it is synthetic."""
    file.parent.mkdir(parents=True, exist_ok=True)
    head: dict[str, object] = {"type": "FeatureCollection", "name": name, "description": SYNTHETIC}
    if crs:
        head["crs"] = {"type": "name", "properties": {"name": crs}}
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    start = json.dumps(head, ensure_ascii=False)[:-1]
    file.write_text(f'{start}, "features": [\n{lines}\n]}}\n', encoding="utf-8")
