"""Make incremental deliveries (NBA) for a synthetic city, and the truth about them.

    python -m data.make_city --parcels 5000 --seed 1 --out city
    python -m data.make_changes --city city --out changes --splits 5 --merges 3

The city must have its cadastre in NAS (up to 20,000 parcels, else ``--cadastre nas``).
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from data.changes.events import Drawing, Event, Kind
from data.changes.plots import read_plots
from data.changes.write_nba import write_nba

CADASTRE = Path("alkis/bestandsdaten.xml")
FIRST = datetime(2026, 2, 1, 6, tzinfo=UTC)
BETWEEN = timedelta(days=7)


@dataclass(frozen=True)
class Told:
    """What one event did, by parcel key; ``kept`` keys go on with another version."""

    kind: str
    ended: tuple[str, ...]
    successors: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True)
class Delivery:
    """One delivery: its file, number and moment, and every event in it."""

    file: str
    number: str
    when: str
    events: tuple[Told, ...]


def make_changes(
    city: Path, out: Path, counts: Mapping[Kind, int], *, deliveries: int = 1, seed: int = 1
) -> list[Delivery]:
    """Write deliveries that change a city, one a week, each on other parcels.

    Parameters
    ----------
    city
        Folder that `make_city` wrote; it is not changed.
    out
        Folder for ``nba-0001.xml`` … and ``changes.json``.
    counts
        Events of each kind in every delivery.

    Returns
    -------
    What ``changes.json`` says.

    Raises
    ------
    ValueError
        The city is too small for so many events, or its cadastre is no NAS.
    """
    file = city / CADASTRE
    if not file.is_file():
        raise ValueError(f"{file} is absent: make the city with --cadastre nas")
    drawing = Drawing(*read_plots(file), seed)
    out.mkdir(parents=True, exist_ok=True)
    told: list[Delivery] = []
    for i in range(deliveries):
        when = f"{FIRST + i * BETWEEN:%Y-%m-%dT%H:%M:%SZ}"
        events = [e for kind, n in counts.items() for e in drawing.draw(kind, n, when)]
        number, name = f"SYN-{i + 1:04d}", f"nba-{i + 1:04d}.xml"
        write_nba(events, number, when, out / name)
        told.append(Delivery(name, number, when, tuple(map(_told, events))))
    text = json.dumps([asdict(d) for d in told], ensure_ascii=False, indent=1)
    (out / "changes.json").write_text(text + "\n", encoding="utf-8")
    return told


def _told(event: Event) -> Told:
    return Told(
        event.kind.value,
        tuple(p.key for p in event.ended),
        tuple(p.key for p in event.began),
        tuple(old.key for old, _ in event.kept),
    )


def main() -> int:
    """Run from the command line; return the exit status."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--city", type=Path, required=True, help="folder of data.make_city")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--deliveries", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = {kind: f"{kind.value}s" for kind in Kind}
    for name in options.values():
        parser.add_argument(f"--{name}", type=int, default=2, help="in each delivery")
    asked = parser.parse_args()
    counts = {kind: getattr(asked, name) for kind, name in options.items()}
    made = make_changes(asked.city, asked.out, counts, deliveries=asked.deliveries, seed=asked.seed)
    for delivery in made:
        print(f"{delivery.file}  {delivery.when}  {len(delivery.events):,} events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
