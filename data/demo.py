"""The main job on the demo city: build, import, merge, print, serve.

Run by ``make demo``; every step is the command that a city would type, and is shown.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from time import perf_counter

from api.cli import app
from api.cli.console import explain, progress, talk
from api.cli.serve import run_server
from api.settings import load_settings
from data.make_city import make_city
from gis_core.errors import FlurbuchError

HERE = Path("var/demo")
REGISTERS = {
    "alkis": "alkis",
    "property_tax": "property_tax",
    "trade_tax": "trade_tax",
    "trees": "trees",
    "road_damage": "road_damage",
    "cemetery": "cemetery",
    "terrain": "terrain",
}


def main() -> int:
    """Run the demo; return the exit status."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=5000, help="size of the city")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-serve", action="store_true", help="stop after printing")
    asked = parser.parse_args()
    began = perf_counter()
    try:
        key = build(asked.parcels, asked.seed)
    except FlurbuchError as error:
        return explain(error)
    talk.print(f"\nDone in {perf_counter() - began:.1f} s. Look at:")
    for made in sorted(HERE.glob("*.pdf")):
        talk.print(f"  {made}")
    if asked.no_serve:
        return 0
    settings = load_settings(data_dir=HERE / "data", synthetic=True)
    talk.print("\nPages to open:")
    for page in ("/?f=html", f"/parcels/{key}?f=html", "/collections?f=html", f"/parcels/{key}"):
        talk.print(f"  {settings.url}{page}")
    run_server(settings)
    return 0


def build(parcels: int, seed: int) -> str:
    """Make, import, merge and print; return the key of the parcel that was printed."""
    city = HERE / "city"
    with progress() as report:
        truth = make_city(city, parcels, seed, progress=report)
    for layer, folder in REGISTERS.items():
        flurbuch("ingest", layer, *sorted(str(p) for p in (city / folder).iterdir()))
    flurbuch("merge")
    key = truth.showcase_parcel
    for language in ("de", "en"):
        sheet = HERE / f"flurkarte_{language}.pdf"
        dossier = HERE / f"dossier_{language}.pdf"
        flurbuch("print", "flurkarte", "--parcel", key, "--out", str(sheet), "--lang", language)
        flurbuch("dossier", key, "--out", str(dossier), "--lang", language)
    return key


def flurbuch(*arguments: str) -> None:
    """Run a command as the command line would, in this process."""
    talk.print(f"[bold]$ flurbuch {' '.join(arguments)}[/]", soft_wrap=True)
    app(["--data", str(HERE / "data"), *arguments], standalone_mode=False)


if __name__ == "__main__":
    sys.exit(main())
