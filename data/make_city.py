"""Make the demo city: a synthetic municipality with all its registers.

    python -m data.make_city --parcels 5000 --seed 1 --out DIR

The same arguments give the same bytes. See data/README.md.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from data.city.buildings import build
from data.city.cemeteries import lay_graves
from data.city.damages import report_damages
from data.city.dirt import crossed_corners, over_the_border, told, wrong_areas
from data.city.drawing import City, draw_city
from data.city.locate import Ground
from data.city.lots import Lot
from data.city.shapes import Objects
from data.city.site import Buildings
from data.city.terrain import write_terrain
from data.city.trees import plant_trees
from data.city.truth import CityTruth, Register
from data.city.uses import LandUse, lay_uses
from data.city.write_damages import write_damages
from data.city.write_gpkg import write_gpkg
from data.city.write_graves import write_graves
from data.city.write_nas import write_nas
from data.city.write_taxes import write_owners, write_property_tax, write_trade_tax
from data.city.write_trees import write_trees
from data.city.zones import Zone

Progress = Callable[[str, int, int], None]

STEPS = 8

TERRAIN = "terrain/dgm.tif"

TABLES = tuple(
    f"truth/{name}.csv"
    for name in ("baum", "gewerbesteuer", "grab", "grundsteuer", "strassenschaden")
)
"""Which parcels every object lies on, one table per register."""

NAS_UP_TO = 20_000
"""Cities above this size get a GeoPackage in the simplified schema instead of NAS."""


def silent(step: str, done: int, total: int) -> None:
    """Show no progress."""


def make_city(
    out: Path,
    parcels: int = 5000,
    seed: int = 1,
    dirt: bool = True,
    progress: Progress = silent,
    *,
    cadastre: str = "",
) -> CityTruth:
    """Write the registers of a synthetic city.

    Parameters
    ----------
    out
        Folder to write into; one folder per layer, ``truth.json`` and ``truth/``. A city that
        was made there before is removed.
    parcels
        How many parcels, exactly; from about 600, a million takes a quarter of an hour.
    seed
        Another seed, another city.
    dirt
        Plant dirt. Without it every row of every register is clean.
    progress
        Called with the step's title, steps done and their number.
    cadastre
        ``nas`` or ``gpkg``; empty: NAS up to 20,000 parcels.

    Returns
    -------
    CityTruth
        What was planted and what an import must find, as in ``truth.json``.

    Raises
    ------
    ValueError
        ``cadastre`` is something else, or the seed has no city of so few parcels.
    """
    out.mkdir(parents=True, exist_ok=True)
    _clear(out)
    step = _Steps(progress)
    step("streets and parcels")
    city = draw_city(parcels, seed)
    truth = _begin(city, parcels, seed)
    step("buildings and land use")
    buildings = build(city)
    uses = lay_uses(city, slivers=dirt)
    shapes = buildings.geometry
    if dirt:
        city, buildings, shapes = _spoil(city, buildings, uses, truth)
    step("cadastre")
    _write_cadastre((city, buildings, uses), shapes, out, truth, nas=_nas(cadastre, parcels))
    write_owners(city, out, truth)
    _write_guests(city, buildings, out, truth, step, dirt=dirt)
    step("terrain")
    write_terrain(city, out / TERRAIN)
    registers = {file for register in truth.registers.values() for file in register.files}
    truth.files = sorted({*registers, TERRAIN, *TABLES})
    truth.write(out / "truth.json")
    step("city")
    return truth


def _clear(out: Path) -> None:
    """Remove the city that was made here before; nothing else."""
    former = out / "truth.json"
    if former.exists():
        for file in (*json.loads(former.read_text(encoding="utf-8"))["files"], former.name):
            (out / file).unlink(missing_ok=True)


@dataclass
class _Steps:
    """Counts the steps for whoever shows the progress."""

    progress: Progress
    done: int = 0

    def __call__(self, title: str) -> None:
        self.progress(title, self.done, STEPS)
        self.done += 1


def _write_guests(
    city: City, buildings: Buildings, out: Path, truth: CityTruth, step: _Steps, *, dirt: bool
) -> None:
    """Write the registers that refer to parcels."""
    ground = Ground(city.geometry)
    step("trees")
    trees = plant_trees(city, ground, buildings.geometry, borders=dirt)
    write_trees(city, trees, out, truth, dirt=dirt)
    step("road damage")
    write_damages(city, report_damages(city, ground, noise=dirt), out, truth, dirt=dirt)
    step("cemeteries")
    write_graves(city, lay_graves(city, buildings.geometry), ground, out, truth, dirt=dirt)
    step("taxes")
    write_property_tax(city, out, truth, dirt=dirt)
    write_trade_tax(city, out, truth, dirt=dirt)


def _nas(cadastre: str, parcels: int) -> bool:
    if cadastre not in {"", "nas", "gpkg"}:
        raise ValueError(f"cadastre {cadastre!r}: expected nas or gpkg")
    return cadastre == "nas" or (not cadastre and parcels <= NAS_UP_TO)


def _begin(city: City, parcels: int, seed: int) -> CityTruth:
    houses = np.flatnonzero(
        (city.zone[: len(city.lots.lot)] == Zone.HOUSES) & (city.lots.lot == Lot.FRONT)
    )
    middle = shapely.get_coordinates(shapely.centroid(city.geometry[houses]))
    far = np.hypot(*(middle - city.frame.rim.mean(axis=0)).T)
    shown = houses[int(np.argmin(far))]
    return CityTruth(
        parcels,
        seed,
        float(shapely.Polygon(city.frame.rim).area),
        str(city.key[shown]),
        city.frame.plan.fits_window,
    )


def _spoil(
    city: City, buildings: Buildings, uses: LandUse, truth: CityTruth
) -> tuple[City, Buildings, Objects]:
    city, areas = wrong_areas(city)
    buildings, borders = over_the_border(city, buildings)
    shapes, crossed = crossed_corners(city, buildings)
    truth.planted += [*areas, *borders, *crossed, *told(city, uses)]
    return city, buildings, shapes


def _write_cadastre(
    drawn: tuple[City, Buildings, LandUse],
    shapes: Objects,
    out: Path,
    truth: CityTruth,
    *,
    nas: bool,
) -> None:
    file = "alkis/bestandsdaten.xml" if nas else "alkis/alkis_vereinfacht.gpkg"
    write = write_nas if nas else write_gpkg
    city, buildings, uses = drawn
    write(city, buildings, shapes, uses, out / file)
    bent = int((~shapely.is_valid(shapes)).sum())
    for collection, n, repaired in (
        ("flurstueck", len(city.key), 0),
        ("gebaeude_bauwerk", len(shapes), bent),
        ("nutzung", len(uses.geometry), 0),
    ):
        truth.registers[collection] = Register([file], n, n - repaired, repaired)


def main() -> int:
    """Run from the command line; return the exit status."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--parcels", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--clean", action="store_true", help="plant no dirt")
    parser.add_argument("--cadastre", choices=("nas", "gpkg"), default="")
    asked = parser.parse_args()
    truth = make_city(
        asked.out, asked.parcels, asked.seed, not asked.clean, _show, cadastre=asked.cadastre
    )
    if not truth.fits_window:
        print(
            "Larger than Krefeld's window of coordinates: import it with a wider window.",
            file=sys.stderr,
        )
    for name, register in truth.registers.items():
        print(f"{name:<24} {register.read:>9,}")
    return 0


def _show(step: str, done: int, total: int) -> None:
    print(f"[{done}/{total}] {step}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
