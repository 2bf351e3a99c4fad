"""What a server beside ours is: whether it is installed, and how it is started."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.bench.serve.asking import Dialect
from tests.bench.serve.parcels import Parcels
from tests.bench.serve.postgis import Database
from tests.bench.serve.servers import WORKERS, Server

INSTALLED = Path("var/peers")
"""Where ``scripts/peers.sh`` puts servers in Python, each in an environment of its own."""


@dataclass(frozen=True)
class Given:
    """What a server gets: the parcels, in a file and in a database, and a folder for itself.

    There is no database where none is installed.
    """

    parcels: Parcels
    gpkg: Path
    folder: Path
    maybe_database: Database | None

    @property
    def database(self) -> Database:
        """The database; only for who looked whether it is installed."""
        assert self.maybe_database
        return self.maybe_database


class Peer(Protocol):
    """A server that is measured."""

    @property
    def name(self) -> str:
        """How tables call it."""

    def missing(self) -> str:
        """Return what is not installed; nothing if all is."""

    def version(self) -> str:
        """Return which version is installed."""

    def serving(self, given: Given) -> AbstractContextManager[tuple[Server, Dialect]]:
        """Serve the parcels until the block ends."""


def uvicorn(environment: str, application: str, port: int) -> list[str | Path]:
    """Return the command that serves an application of one of those environments."""
    return [
        *((INSTALLED / environment / "bin" / "uvicorn").absolute(), application),
        *("--port", str(port), "--workers", str(WORKERS)),
        *("--loop", "uvloop", "--http", "httptools", "--timeout-worker-healthcheck", "120"),
        *("--log-level", "error", "--no-access-log"),
    ]


def installed_version(name: str) -> str:
    """Return the version of a package in the environment of its name."""
    return next((INSTALLED / name).glob(f"lib/*/site-packages/{name}-*.dist-info")).stem[
        len(name) + 1 :
    ]


def missing_environment(name: str) -> str:
    """Return the name if there is no such environment."""
    return "" if (INSTALLED / name / "bin" / "uvicorn").exists() else name
