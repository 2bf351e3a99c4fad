"""``python -m tests.bench [NAME ...] [--sizes 5000,80000]``, ``python -m tests.bench report``."""

from argparse import ArgumentParser
from pathlib import Path

from tests.bench import (
    bench_import,
    bench_merge,
    bench_print,
    bench_serve,
    bench_tiles,
    bench_zonal,
)
from tests.bench.figures import report

BENCHES = {
    "import": bench_import.main,
    "merge": bench_merge.main,
    "serve": bench_serve.main,
    "print": bench_print.main,
    "zonal": bench_zonal.main,
    "tiles": bench_tiles.main,
}

SIZES = {"serve": bench_serve.SIZES}
"""What is measured where no sizes are named, if not `_SIZES`."""
_SIZES = [5_000, 80_000]


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"{', '.join(BENCHES)}; report: write docs/benchmarks.md",
    )
    parser.add_argument("--sizes", type=_sizes, help="parcels of the cities: 5000,80000")
    asked = parser.parse_args()
    if asked.names == ["report"]:
        Path("docs/benchmarks.md").write_text(report(list(BENCHES)), encoding="utf-8")
        return
    for name in asked.names or BENCHES:
        if name not in BENCHES:
            parser.error(f"{name!r} is none of {', '.join(BENCHES)}")
        BENCHES[name](asked.sizes or SIZES.get(name, _SIZES))


def _sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",")]


if __name__ == "__main__":
    main()
