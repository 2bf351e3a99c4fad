"""Make the demo state: one synthetic city laid out many times, each copy with keys of its own.

    python -m data.make_state --cities 13 --parcels-per-city 80000 --seed 1 --out DIR

Written as GeoParquet, laid out for a merge in tiles; ``state.json`` says how much of what,
``districts.toml`` is the state's district catalogue.
The same arguments give the same bytes. Memory is that of one city. See data/README.md.
"""

import json
import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import shapely

from data.city.shapes import Objects
from data.state.density import Density
from data.state.filing import canonical, spell
from data.state.place import Place, catalogue_text, lay_out
from data.state.tables import features_table, write_rows
from data.state.template import Template, draw_template
from data.state.terrain import write_terrain, write_terrain_index
from gis_core.store.parquet import DatasetWriter, Storage
from layers.merging.distributed.export import RUN
from layers.merging.distributed.layout import (
    LAYOUT,
    TILED,
    KeyedCollection,
    LayoutFile,
    TiledCollection,
    write_layout,
)
from layers.registry import find_layers

Progress = Callable[[str, int, int], None]

PARCELS, TAXES = "flurstueck", "grundsteuer"
FACTS, DISTRICTS = "state.json", "districts.toml"
EPSG = 25832

BYTES_PER_PARCEL = 320
"""What the files of a parcel and its share of all registers take, roughly."""

BYTES_PER_CELL = 0.4
"""What a cell of the terrain takes, roughly."""

LETTER = {
    "gebaeude_bauwerk": "G",
    "nutzung": "N",
    "baum": "B",
    "strassenschaden": "S",
    "grab": "R",
}


@dataclass
class StateFacts:
    """What was written: as in ``state.json``."""

    cities: int
    parcels_per_city: int
    seed: int
    terrain_cell_m: float
    box: list[float]
    rows: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)

    def count(self, out: Path, template: Template) -> None:
        """Count rows, cells of the terrain, and bytes on disk."""
        copies = {name: len(r.geometry) for name, r in template.registers.items()}
        copies[TAXES] = len(template.taxes.parcel)
        if template.height:
            copies["terrain"] = template.height[0].size
        self.rows = {name: self.cities * rows for name, rows in copies.items()}
        self.bytes = {
            name: sum(file.stat().st_size for file in (out / name).iterdir()) for name in copies
        }

    def write(self, file: Path) -> None:
        """Write it, with the features a parcel."""
        parcels = self.rows[PARCELS]
        a_parcel = {name: round(n / parcels, 3) for name, n in sorted(self.rows.items())}
        facts = {"synthetic": True, **asdict(self), "rows_per_parcel": a_parcel}
        file.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def silent(step: str, done: int, total: int) -> None:
    """Show no progress."""


def make_state(
    out: Path,
    cities: int,
    parcels_per_city: int = 80_000,
    seed: int = 1,
    *,
    terrain_cell_m: float = 0.0,
    density: Density | None = None,
    progress: Progress = silent,
) -> StateFacts:
    """Write a synthetic state.

    Parameters
    ----------
    out
        Folder to write into; a state that was made there before is replaced.
    cities
        How many copies; up to 818.
    parcels_per_city
        From about 600.
    seed
        Another seed, another city.
    terrain_cell_m
        Cell size of the terrain, a divisor of 2; 0 writes none.
    density
        Features a parcel.
    progress
        Called with the step's title, steps done and their number.

    Returns
    -------
    StateFacts
        Rows and bytes of each collection.

    Raises
    ------
    ValueError
        So many cities or so few parcels cannot be.

    Notes
    -----
    80,000 parcels: 45 CPU s for the city once, then about 4 s for each copy; 1.4 GB.
    """
    progress("city", 0, cities + 2)
    template = draw_template(
        parcels_per_city, seed, density or Density(), terrain_cell_m=terrain_cell_m
    )
    places = lay_out(cities, template.box, template.district_names)
    _clear(out, template)
    storage, file = Storage.open(out), layout_of(cities, parcels_per_city, seed, template)
    with ExitStack() as open_:
        writers = {
            name: open_.enter_context(
                DatasetWriter(storage, name, crs=EPSG, run=RUN * (name == PARCELS), scratch=out)
            )
            for name in template.registers
        }
        for place in places:
            progress(place.districts[0][1], place.number + 1, cities + 2)
            write_city(writers, out / TAXES, template, place)
            if template.height:
                write_terrain(out / "terrain", template.height, place)
        progress("sorting", cities + 1, cities + 2)
    sections = tuple(
        tuple(np.unique(template.section[template.district == d]).tolist())
        for d in range(len(template.district_names))
    )
    (out / DISTRICTS).write_text(catalogue_text(places, sections), encoding="utf-8")
    if template.height:
        write_terrain_index(out / "terrain", template.height, places)
    write_layout(storage, file)
    facts = StateFacts(cities, parcels_per_city, seed, terrain_cell_m, _box(template, places))
    facts.count(out, template)
    facts.write(out / FACTS)
    progress("state", cities + 2, cities + 2)
    return facts


def layout_of(cities: int, parcels_per_city: int, seed: int, template: Template) -> LayoutFile:
    """Return how the state's datasets relate: as the layers of those names do."""
    relations = [
        TiledCollection.of(spec)
        for _, spec in find_layers().collections()
        if spec.id in template.registers and spec.relation.by in TILED
    ]
    made_from = f"state-{cities}-{parcels_per_city}-{seed}"
    return LayoutFile(
        made_from=made_from,
        crs=EPSG,
        parcels=PARCELS,
        collections=tuple(relations),
        keyed=(KeyedCollection(id=TAXES),),
        districts=DISTRICTS,
    )


def _clear(out: Path, template: Template) -> None:
    """Remove the state that was made there before; nothing else."""
    out.mkdir(parents=True, exist_ok=True)
    for former in (FACTS, DISTRICTS, LAYOUT):
        (out / former).unlink(missing_ok=True)
    for collection in (*template.registers, TAXES, "terrain"):
        shutil.rmtree(out / collection, ignore_errors=True)


def write_city(
    writers: dict[str, DatasetWriter], taxes: Path, template: Template, place: Place
) -> None:
    """Write one copy of the city."""
    numbers = (template.district, template.section, template.numerator, template.denominator)
    key = canonical(numbers, place.districts)
    for name, register in template.registers.items():
        geometry = moved(register.geometry, place.shift)
        columns = dict(register.columns)
        if name == PARCELS:
            columns = {"feature_id": key, "parcel_key": key, **columns}
        else:
            prefix = f"{LETTER[name]}{place.number:03d}"
            columns = {"feature_id": _numbered(prefix, np.arange(len(geometry))), **columns}
        writers[name].append(features_table(geometry, columns))
    filed = template.taxes
    columns = {
        "feature_id": _numbered(f"T{place.number:03d}", filed.object),
        "stated_key": spell(numbers, place.districts, filed.parcel, filed.style),
        "annual_tax_cents": filed.annual_tax_cents,
    }
    write_rows(taxes / f"part-{place.number:05d}.parquet", columns)


def moved(geometry: Objects, shift: tuple[int, int]) -> Objects:
    """Return geometries moved by whole metres; every coordinate stays a whole millimetre.

    Rounding again gives the double nearest to the millimetre, so that vertices that were
    shared stay shared and equal those of a file that states three decimals.
    """
    xy = shapely.get_coordinates(geometry)
    return np.asarray(shapely.set_coordinates(geometry.copy(), np.round(xy + np.asarray(shift), 3)))


def _numbered(prefix: str, number: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Objects:
    return np.asarray([f"{prefix}{i:06d}" for i in number.tolist()], object)


def _box(template: Template, places: list[Place]) -> list[float]:
    west, south, east, north = template.box
    x, y = (np.asarray([place.shift[i] for place in places]) for i in (0, 1))
    corners = west + x.min(), south + y.min(), east + x.max(), north + y.max()
    return [round(float(corner), 3) for corner in corners]


def bytes_needed(cities: int, parcels_per_city: int, terrain_cell_m: float) -> int:
    """Return about how many bytes a state takes on disk."""
    ground = 1_480 * 1.25 * parcels_per_city
    cells = ground / terrain_cell_m**2 if terrain_cell_m else 0
    return round(cities * (BYTES_PER_PARCEL * parcels_per_city + BYTES_PER_CELL * cells))


def main() -> int:
    """Run from the command line; return the exit status: 0 done, 2 impossible, 3 no room."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cities", type=int, default=13)
    parser.add_argument("--parcels-per-city", type=int, default=80_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--terrain", type=float, default=0.0, metavar="M", help="cells; 0: none")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    need = bytes_needed(asked.cities, asked.parcels_per_city, asked.terrain)
    parcels = asked.cities * asked.parcels_per_city
    asked.out.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(asked.out).free
    room = f"about {need / 1e9:.1f} GB of {free / 1e9:.1f} free"
    print(f"{parcels:,} parcels, {room}", file=sys.stderr)
    if need > free:
        print("Not enough room; nothing was written.", file=sys.stderr)
        return 3
    try:
        facts = make_state(
            asked.out,
            asked.cities,
            asked.parcels_per_city,
            asked.seed,
            terrain_cell_m=asked.terrain,
            progress=_show,
        )
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for name, rows in facts.rows.items():
        size = facts.bytes[name] / 1e6
        print(f"{name:<18} {rows:>14,} {rows / parcels:>8.2f} a parcel {size:>10,.1f} MB")
    return 0


def _show(step: str, done: int, total: int) -> None:
    print(f"[{done}/{total}] {step}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
