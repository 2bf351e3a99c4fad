"""A measured figure, the table of a benchmark, and its file."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

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
    """One figure, with what is required of it, and what peers needed in the same run."""

    figure: str
    value: float
    unit: str
    required: float | None = None
    aim: float | None = None
    peer: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the requirement holds; true where nothing is required."""
        return self.required is None or self.value <= self.required


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
    rows = [{**asdict(figure), "ok": figure.ok} for figure in figures]
    text = json.dumps({"meta": facts, "rows": rows}, indent=2, ensure_ascii=False)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    table = Table("figure", "value", "unit", "required", "peers", title=name, title_justify="left")
    for f in figures:
        peers = ", ".join(f"{who} {amount:,.3g}" for who, amount in f.peer.items())
        need = "" if f.required is None else f"≤ {f.required:,.3g} {'ok' if f.ok else 'MISSED'}"
        table.add_row(f.figure, f"{f.value:,.3g}", f.unit, need, peers)
    Console().print(table)


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
        versions = ", ".join(f"{k} {v}" for k, v in meta["versions"].items())
        parts.append(
            f"## {name}\n\n`make bench-{name}`, {meta['measured'][:10]}, {meta['machine']}, "
            f"Python {meta['python']}, {versions}\n\n"
            "| figure | value | unit | required | aim | | peers |\n|---|--:|---|--:|--:|---|---|\n"
            + "\n".join(_line(row) for row in rows)
            + "\n"
        )
    return "\n".join(parts)


def _line(row: dict[str, object]) -> str:
    peer = row["peer"]
    assert isinstance(peer, dict)
    peers = ", ".join(f"{who}: {amount:,.3g}" for who, amount in peer.items())
    need, aim = (_bound(row[name]) for name in ("required", "aim"))
    verdict = "" if row["required"] is None else "met" if row["ok"] else "**missed**"
    figures = f"{row['value']:,.3g} | {row['unit']} | {need} | {aim} | {verdict}"
    return f"| {row['figure']} | {figures} | {peers} |"


def _bound(value: object) -> str:
    return "" if value is None else f"≤ {value:,.3g}"


_HEAD = """# Benchmarks

The last measured tables; `make bench` measures anew, `python -m tests.bench report` writes this
page. CPU seconds are those of the whole process, start of Python and imports included; peaks are
the largest resident size. Two shared cores: read ratios, not absolute values.
"""
