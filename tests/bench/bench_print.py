"""What a print costs: a Flurkarte and a dossier, as a whole command."""

import tempfile
from pathlib import Path

from layers.access import CITIZEN
from layers.query import Query
from layers.reader import open_reader
from tests.bench.city import stored
from tests.bench.figures import Figure, publish


def main(sizes: list[int]) -> None:
    """Print one parcel of each city."""
    figures = []
    for size in sizes:
        made = stored(size)
        query = Query(columns=("flstkennz",), geometry=False, limit=1, offset=size // 2)
        key = open_reader(made.data).frame(CITIZEN, "flurstueck", query)["flstkennz"].iloc[0]
        with tempfile.TemporaryDirectory() as folder:
            for paper, scale in (("A4", 1000), ("A3", 1000), ("A3", 500)):
                out = str(Path(folder) / "map.pdf")
                options = ["--parcel", key, "--scale", str(scale), "--format", paper, "--out", out]
                cost = made.flurbuch("print", "flurkarte", *options)
                name = f"Flurkarte {paper} 1:{scale}, {size:,} parcels"
                figures.append(Figure(f"{name}: CPU", cost.cpu_s, "s"))
                figures.append(Figure(f"{name}: peak", cost.peak_mib, "MiB"))
            out = str(Path(folder) / "dossier.pdf")
            cost = made.flurbuch("dossier", key, "--out", out)
            figures.append(Figure(f"dossier (PDF), {size:,} parcels: CPU", cost.cpu_s, "s"))
    publish("print", figures, sizes=sizes)
