"""pygeoapi over PostGIS."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyproj
import shapely

from tests.bench.serve import postgis
from tests.bench.serve.asking import STORED, Dialect
from tests.bench.serve.parcels import COLLECTION, EPSG
from tests.bench.serve.peer import INSTALLED, Given, installed_version, missing_environment, uvicorn
from tests.bench.serve.servers import Server, free_port, running

_CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_BASE = f"/collections/{COLLECTION}"
_NOBODY = dict.fromkeys(
    (
        *("name", "position", "address", "city", "stateorprovince", "postalcode", "country"),
        *("phone", "fax", "email", "url", "hours", "instructions", "role"),
    ),
    "nobody",
)


@dataclass(frozen=True)
class Pygeoapi:
    """pygeoapi with uvicorn, its PostgreSQL providers for features and tiles."""

    name: str = "pygeoapi"

    def missing(self) -> str:
        """Return what is not installed; nothing if all is."""
        return missing_environment("pygeoapi") or postgis.missing()

    def version(self) -> str:
        """Return which version is installed."""
        return installed_version("pygeoapi")

    @contextmanager
    def serving(self, given: Given) -> Iterator[tuple[Server, Dialect]]:
        """Serve the table until the block ends."""
        port = free_port()
        # JSON is YAML, too.
        config, openapi = given.folder / "pygeoapi.yml", given.folder / "openapi.yml"
        config.write_text(json.dumps(_config(given, port)), encoding="utf-8")
        env = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi)}
        _describe(config, openapi, env)
        command = uvicorn("pygeoapi", "pygeoapi.starlette_app:APP", port)
        with running(command, log=given.folder / "log", env=env) as started:
            server = Server(port, (*started, given.database.process))
            server.wait(f"{_BASE}?f=json")
            yield server, _dialect()


def _dialect() -> Dialect:
    return Dialect(
        items=f"{_BASE}/items",
        item=lambda row: str(row + 1),
        common="f=json&",
        tile=lambda z, x, y: f"{_BASE}/tiles/WebMercatorQuad/{z}/{y}/{x}?f=mvt",
    )


def _describe(config: Path, openapi: Path, env: dict[str, str]) -> None:
    """Write the OpenAPI document, without which pygeoapi does not start."""
    program = (INSTALLED / "pygeoapi" / "bin" / "pygeoapi").absolute()
    given = ["env", *(f"{name}={value}" for name, value in env.items())]
    made = ["openapi", "generate", str(config), "--output-file", str(openapi)]
    done = subprocess.run([*given, program, *made], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"pygeoapi: {done.stderr}")


def _config(given: Given, port: int) -> dict[str, object]:
    table = {
        "data": {
            "host": "127.0.0.1",
            "port": given.database.port,
            "dbname": postgis.DATABASE,
            "user": "postgres",
            "password": "x",
            "search_path": ["public"],
        },
        "id_field": "fid",
        "table": postgis.TABLE,
        "geom_field": "geom",
        "storage_crs": STORED,
    }
    mvt = {"name": "pbf", "mimetype": "application/vnd.mapbox-vector-tile"}
    to_degrees = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)
    extent = to_degrees.transform_bounds(*shapely.total_bounds(given.parcels.shapes))
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "gzip": False,
            "languages": ["en-US"],
            "cors": False,
            "pretty_print": False,
            "limits": {"default_items": 10, "max_items": 2_000_000, "on_exceed": "throttle"},
            "map": {"url": f"http://127.0.0.1:{port}", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": COLLECTION,
                "description": COLLECTION,
                "keywords": [COLLECTION],
                "keywords_type": "theme",
                "terms_of_service": "none",
                "url": f"http://127.0.0.1:{port}",
            },
            "license": {"name": "none", "url": f"http://127.0.0.1:{port}"},
            "provider": {"name": "nobody", "url": f"http://127.0.0.1:{port}"},
            "contact": _NOBODY,
        },
        "resources": {
            COLLECTION: {
                "type": "collection",
                "title": COLLECTION,
                "description": COLLECTION,
                "keywords": [COLLECTION],
                "links": [],
                "extents": {"spatial": {"bbox": list(extent), "crs": _CRS84}},
                "providers": [
                    {"type": "feature", "name": "PostgreSQL", "crs": [_CRS84, STORED], **table},
                    {
                        "type": "tile",
                        "name": "MVT-postgresql",
                        "options": {"zoom": {"min": 0, "max": 18}},
                        "format": mvt,
                        **table,
                    },
                ],
            }
        },
    }
