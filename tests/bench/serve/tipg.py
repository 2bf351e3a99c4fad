"""tipg over PostGIS."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.serve import postgis
from tests.bench.serve.asking import Dialect
from tests.bench.serve.peer import Given, installed_version, missing_environment, uvicorn
from tests.bench.serve.servers import Server, free_port, running

_TABLE = f"public.{postgis.TABLE}"
_BASE = f"/collections/{_TABLE}"


@dataclass(frozen=True)
class Tipg:
    """tipg with uvicorn."""

    name: str = "tipg"

    def missing(self) -> str:
        """Return what is not installed; nothing if all is."""
        return missing_environment("tipg") or postgis.missing()

    def version(self) -> str:
        """Return which version is installed."""
        return installed_version("tipg")

    @contextmanager
    def serving(self, given: Given) -> Iterator[tuple[Server, Dialect]]:
        """Serve the table until the block ends."""
        port = free_port()
        env = {
            "DATABASE_URL": given.database.url,
            "TIPG_MAX_FEATURES_PER_QUERY": "2000000",
            "TIPG_DB_TABLES": json.dumps([_TABLE]),
        }
        command = uvicorn("tipg", "tipg.main:app", port)
        with running(command, log=given.folder / "log", env=env) as started:
            server = Server(port, (*started, given.database.process))
            server.wait(_BASE)
            yield server, _dialect()


def _dialect() -> Dialect:
    return Dialect(
        items=f"{_BASE}/items",
        item=lambda row: str(row + 1),
        common="f=geojson&",
        hits="limit=1",
        crs=False,
        tile=lambda z, x, y: f"{_BASE}/tiles/WebMercatorQuad/{z}/{x}/{y}",
    )
