"""What an import costs: CPU seconds and peak memory per register."""

import shutil

from tests.bench.city import LAYERS, city
from tests.bench.figures import Figure, publish


def main(sizes: list[int]) -> None:
    """Import every register of each city into an empty store."""
    figures = []
    for size in sizes:
        made = city(size)
        shutil.rmtree(made.data, ignore_errors=True)
        start = made.flurbuch("layers").cpu_s
        for layer in LAYERS:
            cost = made.flurbuch("ingest", layer, *made.sources(layer))
            figures.append(Figure(f"{layer}, {size:,} parcels: CPU", cost.cpu_s, "s"))
            figures.append(Figure(f"{layer}, {size:,} parcels: peak", cost.peak_mib, "MiB"))
        figures.append(Figure(f"start of the program alone ({size:,})", start, "s"))
        made.flurbuch("merge")
    publish("import", figures, sizes=sizes)
