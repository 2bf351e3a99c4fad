"""The made-up state at a size, built once per size and kept below ``var/bench``."""

from dataclasses import dataclass
from pathlib import Path

from data.make_state import make_state
from gis_core.districts import DistrictCatalogue

CITY = 80_000
"""Parcels of the city that the state is made of."""

TERRAIN_CELL_M = 2.0


@dataclass(frozen=True, slots=True)
class State:
    """Where the inputs of a merge are: a folder of GeoParquet files for each collection."""

    parcels: int
    folder: Path

    def files(self, collection: str) -> list[Path]:
        """Return the files of a collection, in order."""
        return sorted((self.folder / collection).glob("part-*.parquet"))

    @property
    def terrain(self) -> Path:
        """The heights, as one raster."""
        return self.folder / "terrain" / "terrain.vrt"

    def catalogue(self) -> DistrictCatalogue:
        """Return the districts to read stated keys with."""
        return DistrictCatalogue.from_toml((self.folder / "districts.toml").read_text("utf-8"))


def state(parcels: int) -> State:
    """Return a state of at least so many parcels, made if it is not there yet.

    80,000 parcels are one city, 1,040,000 thirteen, 9,040,000 a hundred and thirteen.
    """
    cities = max(1, -(-parcels // CITY))
    size = min(parcels, CITY) if cities == 1 else CITY
    folder = Path("var/bench") / f"state-{cities * size}"
    if not (folder / "state.json").exists():
        make_state(folder, cities, size, terrain_cell_m=TERRAIN_CELL_M)
    return State(cities * size, folder)
