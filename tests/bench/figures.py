"""A measured figure, the table of a benchmark, and its file."""

import json
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
        "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
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
