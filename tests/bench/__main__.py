"""``python -m tests.bench [NAME ...] [--sizes 5000,80000]``."""

from argparse import ArgumentParser

from tests.bench import bench_import, bench_merge, bench_print, bench_serve

BENCHES = {
    "import": bench_import.main,
    "merge": bench_merge.main,
    "serve": bench_serve.main,
    "print": bench_print.main,
}


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--sizes", default="5000,80000", help="parcels of the cities")
    asked = parser.parse_args()
    for name in asked.names or BENCHES:
        if name not in BENCHES:
            parser.error(f"{name!r} is none of {', '.join(BENCHES)}")
        BENCHES[name]([int(size) for size in asked.sizes.split(",")])


if __name__ == "__main__":
    main()
