"""A measured figure, the table of a benchmark, and its file."""

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

OUT = Path("var/bench")
_LIBRARIES = (
    "geopandas",
    "shapely",
    "pyproj",
    "pyogrio",
    "numpy",
    "pygeoapi",
    "starlette",
    "typst",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, with what is required of it, and what peers needed in the same run.

    ``at_least``: more is better, as of rates; else less is.
    """

    figure: str
    value: float
    unit: str
    required: float | None = None
    aim: float | None = None
    peer: dict[str, float] = field(default_factory=dict)
    at_least: bool = False

    @property
    def ok(self) -> bool:
        """Whether the requirement holds; true where nothing is required."""
        return self.required is None or self._holds(self.required)

    @property
    def verdict(self) -> str:
        """What to say of requirement and aim; nothing where there is neither."""
        if not self.ok:
            return "missed"
        if self.aim is not None and self._holds(self.aim):
            return "aim met"
        if self.required is not None:
            return "met"
        return "" if self.aim is None else "aim missed"

    @property
    def factor(self) -> float | None:
        """How many times better than the best peer; None where there is none."""
        if not self.peer or self.value <= 0:
            return None
        best = next(iter(self.ranked.values()))
        return self.value / best if self.at_least else best / self.value

    @property
    def ranked(self) -> dict[str, float]:
        """What peers needed, the best first."""
        return dict(sorted(self.peer.items(), key=lambda p: p[1], reverse=self.at_least))

    def _holds(self, bound: float) -> bool:
        return self.value >= bound if self.at_least else self.value <= bound


def publish(name: str, figures: list[Figure], **meta: object) -> None:
    """Print the figures as a table and write them with the machine and versions."""
    facts = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {platform.system()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {library: version(library) for library in _LIBRARIES},
        **meta,
    }
    OUT.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(figure), "ok": figure.ok, "factor": figure.factor} for figure in figures]
    text = json.dumps({"meta": facts, "rows": rows}, indent=2, ensure_ascii=False)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    table = Table(*_COLUMNS, title=name, title_justify="left")
    for figure in figures:
        table.add_row(*_cells(figure, peers=1))
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for note in _notes(facts):
        console.print(f"* {note}", highlight=False)


def report(names: list[str]) -> str:
    """Return the last measured tables as Markdown."""
    parts = [_HEAD]
    for name in names:
        path = OUT / f"{name}.json"
        if not path.exists():
            parts.append(f"## {name}\n\nNot measured.\n")
            continue
        measured = json.loads(path.read_text(encoding="utf-8"))
        meta, rows = measured["meta"], measured["rows"]
        used = {**meta["versions"], **meta.get("peers", {})}
        versions = ", ".join(f"{k} {v}" for k, v in used.items())
        parts.append(
            f"## {name}\n\n`make bench-{name}`, {meta['measured'][:10]}, {meta['machine']}, "
            f"Python {meta['python']}, {versions}\n\n"
            + _row(_COLUMNS)
            + "|---|--:|---|--:|--:|---|---|--:|\n"
            + "".join(_row(_cells(_read(row))) for row in rows)
            + "".join(f"\n* {note}" for note in _notes(meta))
            + ("\n" if _notes(meta) else "")
        )
    return "\n".join(parts)


_COLUMNS = ("figure", "value", "unit", "required", "aim", "", "peers, the best first", "factor")


def _read(row: dict[str, Any]) -> Figure:
    """Return a figure from its file, which may be older than some attributes."""
    known = {attribute.name for attribute in fields(Figure)}
    return Figure(**{name: value for name, value in row.items() if name in known})


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cells(figure: Figure, peers: int | None = None) -> tuple[str, ...]:
    sign = "≥" if figure.at_least else "≤"
    bounds = (
        "" if bound is None else f"{sign} {_number(bound)}"
        for bound in (figure.required, figure.aim)
    )
    verdict = figure.verdict if figure.ok else f"**{figure.verdict}**"
    ranked = list(figure.ranked.items())[:peers]
    named = ", ".join(f"{who}: {_number(amount)}" for who, amount in ranked)
    factor = "" if figure.factor is None else _number(figure.factor)
    return (figure.figure, _number(figure.value), figure.unit, *bounds, verdict, named, factor)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _notes(meta: Mapping[str, object]) -> list[str]:
    notes = meta.get("notes", [])
    assert isinstance(notes, list)
    return notes


_HEAD = """# Benchmarks

The last measured tables; `make bench` measures anew, `python -m tests.bench report` writes this
page. CPU seconds are those of the whole process, start of Python and imports included; peaks are
the largest resident size. Two shared cores: read ratios, not absolute values. The factor says how
many times better than the best peer.
"""
