"""The demo city at a size, built once per size and kept below ``var/bench``."""

from dataclasses import dataclass
from pathlib import Path

from data.make_city import make_city
from tests.bench.child import Cost, program, run

LAYERS = ("alkis", "property_tax", "trade_tax", "trees", "road_damage", "cemetery", "terrain")


@dataclass(frozen=True, slots=True)
class City:
    """Where a city's files and its store are."""

    parcels: int
    files: Path
    data: Path

    def sources(self, layer: str) -> list[str]:
        """Return the files of a register."""
        return sorted(str(path) for path in (self.files / layer).iterdir())

    def flurbuch(self, *arguments: str) -> Cost:
        """Run a command on the city's store."""
        return run(program("flurbuch"), "--data", str(self.data), *arguments)


def city(parcels: int) -> City:
    """Return the files of a city, made if they are not there yet."""
    base = Path("var/bench") / f"city-{parcels}"
    if not (base / "files" / "truth.json").exists():
        make_city(base / "files", parcels)
    return City(parcels, base / "files", base / "data")


def stored(parcels: int) -> City:
    """Return a city whose registers are imported and merged."""
    made = city(parcels)
    if not (made.data / "catalogue.sqlite").exists():
        for layer in LAYERS:
            made.flurbuch("ingest", layer, *made.sources(layer))
        made.flurbuch("merge")
    return made
