"""What an answer costs, beside other servers with the same parcels.

The requests R1 to R10: CPU of all processes of a server, and of its database, for one answer, and
answers a second when sixteen clients ask at once. Two workers each, on loopback, without
compression unless said; our access log is on, the others' are off. Answers are checked before they
are timed. Of several sizes the first is measured beside the others, the rest only for how our rates
follow.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.child import program
from tests.bench.city import stored
from tests.bench.figures import publish
from tests.bench.load import load
from tests.bench.serve import cadastre, flurbuch, postgis, table, wrk
from tests.bench.serve.asking import (
    Dialect,
    Places,
    Question,
    choose_places,
    questions,
    tile_question,
)
from tests.bench.serve.mapserver import MapServer
from tests.bench.serve.measuring import (
    CLIENTS,
    ROUNDS,
    Measured,
    WrongAnswerError,
    check,
    measure,
    measure_alone,
    measure_beside,
)
from tests.bench.serve.memory import WARM, anonymous_mib, memory
from tests.bench.serve.parcels import Parcels, make_parcels
from tests.bench.serve.peer import Given, Peer
from tests.bench.serve.pygeoapi import Pygeoapi
from tests.bench.serve.qgis_server import QgisServer
from tests.bench.serve.servers import WORKERS, Server, SilentServerError
from tests.bench.serve.table import FIRST_PAGE, PLAIN_TILE
from tests.bench.serve.tipg import Tipg

SIZES = [80_000]
_NO_BLANKS = str.maketrans(" ", "-")  # nginx takes none in its paths
PEERS: tuple[Peer, ...] = (
    *(Tipg(), Pygeoapi(), QgisServer()),
    *(MapServer("PostGIS"), MapServer("GeoPackage")),
)


@dataclass(frozen=True)
class World:
    """Our server with so many parcels, and the questions to it."""

    parcels: Parcels
    places: Places
    server: Server
    dialect: Dialect

    def questions(self) -> dict[str, Question]:
        """Return the questions by key; beside them the first page, and tiles without gzip."""
        asked = {q.key: q for q in questions(self.dialect, self.places)}
        first = asked["R6"].paths[0].split("&offset")[0]
        return asked | {
            FIRST_PAGE: replace(asked["R6"], paths=[first]),
            PLAIN_TILE: replace(asked["R8 z15"], headers={}),
        }


def main(sizes: list[int]) -> None:
    """Measure ours, at all sizes by turns, then the others."""
    small, *larger = sizes
    with TemporaryDirectory() as scratch, ExitStack() as open_:
        folder = Path(scratch)
        folder.chmod(0o711)  # not all servers run as the user who started them
        worlds = {size: open_.enter_context(world(size, folder)) for size in sizes}
        here = worlds[small]
        cold = cold_tile(here)
        for one in worlds.values():
            keep_tiles(one)
        ours = ours_at(worlds)
        grown, all_in_one = whole(here)
        more = packing(here)
        ours[small] |= of_city(small, folder)
        held = {encoding: of_memory(here, folder, encoding) for encoding in WARM}
        open_.pop_all().close()
        peers, refused = of_peers(here, folder)
    figures = [
        *table.answers(small, ours[small], peers),
        table.cold_tile(small, cold, peers),
        table.packing(small, more),
        *table.whole(small, all_in_one, grown, peers),
        *(figure for size in larger for figure in table.scale(small, size, ours)),
        *(figure for encoding in WARM for figure in table.held(held[encoding], encoding)),
    ]
    missing = {peer.name: peer.missing() for peer in PEERS if peer.missing()}
    versions = {peer.name: peer.version() for peer in PEERS if not peer.missing()}
    if not postgis.missing():
        versions["PostgreSQL"] = postgis.version()
    told = table.notes(missing | ({"wrk": "wrk"} if wrk.missing() else {}), peers, refused)
    publish("serve", figures, sizes=sizes, workers=WORKERS, peers=versions, notes=told)


@contextmanager
def world(size: int, folder: Path) -> Iterator[World]:
    """Serve so many parcels until the block ends."""
    parcels = make_parcels(size)
    with flurbuch.serving(flurbuch.stored(parcels), folder / f"flurbuch-{size}") as server:
        yield World(parcels, choose_places(parcels), server, flurbuch.dialect(parcels))


def ours_at(worlds: dict[int, World]) -> dict[int, dict[str, Measured]]:
    """Measure each question at all sizes by turns."""
    asked = {size: one.questions() for size, one in worlds.items()}
    best: dict[int, dict[str, Measured]] = {size: {} for size in worlds}
    keys = next(iter(asked.values())).keys() - {"R9"}
    for key in sorted(keys):
        beside = measure_beside([(worlds[size].server, asked[size][key]) for size in worlds])
        for size, measured in zip(worlds, beside, strict=True):
            if measured.fault:
                raise SystemExit(f"{key}, {size:,} parcels: {measured.fault}")
            best[size][key] = measured
    return best


def cold_tile(here: World) -> float:
    """Return CPU ms of a tile that nobody asked for before; the first ones only warm up."""
    asked = tile_question("cold", here.dialect, here.places, here.places.tiles[15])
    parts = [asked.part(at, ROUNDS + 1) for at in range(ROUNDS + 1)]
    check(here.server, parts[0])
    return min(_spent(here.server, part.paths, "gzip") for part in parts[1:])


def keep_tiles(here: World) -> None:
    """Ask for every tile once."""
    for zoom, tiles in here.places.tiles.items():
        asked = tile_question(f"R8 z{zoom}", here.dialect, here.places, tiles)
        load(here.server.port, asked.paths, CLIENTS, "gzip")


def packing(here: World) -> float:
    """Return CPU ms that gzip costs on top, of answers that were not packed before."""
    windows = here.questions()["R3"].paths[::3]
    costs: dict[str, float] = {}
    for encoding, most in (("identity", 2_000), ("gzip", 3_000)):
        # Another limit is another answer.
        costs[encoding] = min(
            _spent(
                here.server,
                [path.replace("limit=1000", f"limit={most + at}") for path in windows],
                encoding,
            )
            for at in range(ROUNDS)
        )
    return costs["gzip"] - costs["identity"]


def whole(here: World) -> tuple[float, Measured]:
    """Return MiB that all features in one answer leave behind, and what the answer takes."""
    before = sum(map(anonymous_mib, here.server.tree()))
    measured = measure_alone(here.server, here.questions()["R9"])
    if measured.fault:
        raise SystemExit(measured.fault)
    return sum(map(anonymous_mib, here.server.tree())) - before, measured


def of_city(size: int, folder: Path) -> dict[str, Measured]:
    """Measure what only the demo city can be asked."""
    command = [program("flurbuch"), "--data", str(stored(size).data.absolute())]
    with flurbuch.serving(command, folder / "city") as server:
        return {q.key: measure(server, q) for q in cadastre.questions(server)}


def of_memory(here: World, folder: Path, encoding: str) -> dict[int, list[float]]:
    """Ask a fresh server a hundred thousand times."""
    with flurbuch.serving(flurbuch.stored(here.parcels), folder / encoding) as server:
        return memory(server, list(here.questions().values()), encoding)


def of_peers(here: World, folder: Path) -> tuple[dict[str, dict[str, Measured]], list[str]]:
    """Measure every peer that is installed; return what each cost, and what was refused."""
    installed = [peer for peer in PEERS if not peer.missing()] if not wrk.missing() else []
    measured: dict[str, dict[str, Measured]] = {peer.name: {} for peer in installed}
    refused: list[str] = []
    keys = here.questions().keys() - {FIRST_PAGE, PLAIN_TILE}
    with ExitStack() as open_:
        base = None
        if installed and not postgis.missing():
            base = open_.enter_context(postgis.database(here.parcels))
        for peer in installed:
            sys.stderr.write(f"{peer.name}\n")
            place = folder / peer.name.translate(_NO_BLANKS)
            place.mkdir()
            given = Given(here.parcels, flurbuch.gpkg_of(here.parcels), place, base)
            with _noting(refused, peer.name), peer.serving(given) as (server, dialect):
                asked = {q.key: q for q in questions(dialect, here.places)}
                if absent := keys - asked.keys():
                    refused.append(f"{peer.name}: not offered: {', '.join(sorted(absent))}")
                for key, question in asked.items():
                    how = measure_alone if key == "R9" else measure
                    with _noting(refused, peer.name):
                        measured[peer.name][key] = how(server, question)
    return measured, refused


@contextmanager
def _noting(refused: list[str], name: str) -> Iterator[None]:
    """Note what a server does not do, and go on."""
    try:
        yield
    except (SilentServerError, WrongAnswerError, wrk.LostAnswersError) as error:
        refused.append(f"{name}: {error}")


def _spent(server: Server, paths: Sequence[str], encoding: str) -> float:
    """Return CPU ms of an answer to these paths, each asked for once."""
    before = server.cpu_s()
    answered = load(server.port, list(paths), CLIENTS, encoding).answers
    return (server.cpu_s() - before) / answered * 1000
