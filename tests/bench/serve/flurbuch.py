"""Flurbuch on the same parcels, imported as a layer of one's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.child import program, run
from tests.bench.serve.asking import Dialect
from tests.bench.serve.parcels import COLLECTION, Parcels, write_gpkg
from tests.bench.serve.servers import WORKERS, Server, free_port, running

NAME = "flurbuch"
_LAYER = "bench_parcels"
_LAYERS = Path(__file__).parent / "layers"
_BASE = f"/collections/{COLLECTION}"


def folder_of(parcels: int) -> Path:
    """Return where parcels of that number are kept."""
    return Path("var/bench").absolute() / f"serve-{parcels}"


def gpkg_of(parcels: Parcels) -> Path:
    """Return the parcels as a file, written if it is not there yet."""
    path = folder_of(len(parcels)) / "parcels.gpkg"
    if not path.exists():
        write_gpkg(parcels, path)
    return path


def stored(parcels: Parcels) -> list[str]:
    """Return the command that works on the parcels' store, made if it is not there yet."""
    data = folder_of(len(parcels)) / "data"
    command = [program("flurbuch"), "--data", str(data), "--municipality", "bench"]
    command += ["--layers", str(_LAYERS)]
    if not (data / "catalogue.sqlite").exists():
        run(*command, "ingest", _LAYER, str(gpkg_of(parcels)))
    return command


@contextmanager
def serving(command: list[str], folder: Path) -> Iterator[Server]:
    """Serve a store until the block ends: two workers, access log on, tiles kept in the folder."""
    port = free_port()
    serve = [*command, "serve", "--port", str(port), "--workers", str(WORKERS), "--access-log"]
    env = {"FLURBUCH_TILE_DIR": str(folder / "tiles")}
    with running(serve, log=folder / "log", env=env) as started:
        server = Server(port, started)
        server.wait("/healthz")
        server.wait_until_quiet(2.0)  # jobs have a process of their own, which starts meanwhile
        yield server


def dialect(parcels: Parcels) -> Dialect:
    """Return how the parcels are asked for."""
    return Dialect(
        items=f"{_BASE}/items",
        item=parcels.attributes["flstkennz"].__getitem__,
        tile=lambda z, x, y: f"{_BASE}/tiles/WebMercatorQuad/{z}/{y}/{x}",
        headers={"Accept-Encoding": "gzip"},
        exact=True,
    )
