"""A PostgreSQL of its own with the parcels, for the servers that read from it."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

import numpy as np
import psutil
import shapely

from tests.bench.serve.parcels import COLLECTION, EPSG, Parcels
from tests.bench.serve.servers import free_port, program, running, told_version

DATABASE = "postgres"
TABLE = COLLECTION
_USER = "postgres"
_SETTINGS = {
    "shared_buffers": "1GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "jit": "off",
    "fsync": "off",
    "synchronous_commit": "off",
    "listen_addresses": "127.0.0.1",
}


@dataclass(frozen=True)
class Database:
    """A running database: where it is, and its process."""

    port: int
    process: psutil.Process

    @property
    def url(self) -> str:
        """How libpq and Python's drivers call it; nobody asks for the password."""
        return f"postgresql://{_USER}:x@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def words(self) -> str:
        """How GDAL, MapServer and QGIS call it."""
        return f"host=127.0.0.1 port={self.port} dbname={DATABASE} user={_USER}"


def missing() -> str:
    """Return what is not installed; nothing if all is."""
    if not _program("initdb"):
        return "PostgreSQL"
    share = Path("/usr/share/postgresql")
    return "" if any(share.glob("*/extension/postgis.control")) else "PostGIS"


def version() -> str:
    """Return which version of the server is installed."""
    return told_version(_program("postgres"), "--version")


@contextmanager
def database(parcels: Parcels) -> Iterator[Database]:
    """Run a database with the parcels until the block ends; nothing of it is kept."""
    server, initdb = _program("postgres"), _program("initdb")
    assert server
    assert initdb
    # The server refuses to run as root; Debian's package has made a user for it.
    user = _USER if os.geteuid() == 0 else None
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        make: list[str | Path] = [
            initdb,
            "--pgdata",
            folder / "data",
            "--auth",
            "trust",
            "--username",
            _USER,
        ]
        _run([*make, "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"], folder, user)
        port = free_port()
        command: list[str | Path] = [server, "-D", folder / "data", "-k", folder, "-p", str(port)]
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with running([*command, *options], log=folder / "log", user=user) as (process,):
            made = Database(port, process)
            _load(made, parcels)
            yield made


def _load(made: Database, parcels: Parcels) -> None:
    for _ in range(200):
        if not _psql(made, "select 1").returncode:
            break
        sleep(0.1)
    listed = ", ".join(
        f"{name} {'integer' if values.dtype.kind == 'i' else 'text'}"
        for name, values in parcels.attributes.items()
    )
    shapes = shapely.to_wkb(shapely.set_srid(parcels.shapes, EPSG), hex=True, include_srid=True)
    values = (v.tolist() for v in (*parcels.attributes.values(), shapes))
    number = np.arange(1, len(parcels) + 1).tolist()
    rows = "".join("\t".join(map(str, row)) + "\n" for row in zip(number, *values, strict=True))
    columns = f"fid bigint primary key, {listed}, geom geometry(Polygon, {EPSG})"
    for statement, given in (
        ("create extension postgis", ""),
        (f"create table {TABLE} ({columns})", ""),
        (f"copy {TABLE} from stdin", rows),
        (f"create index on {TABLE} using gist (geom)", ""),
        (f"create unique index on {TABLE} (flstkennz)", ""),
        (f"create index on {TABLE} (tax_file)", ""),
        (f"vacuum analyze {TABLE}", ""),
    ):
        done = _psql(made, statement, given)
        if done.returncode:
            raise SystemExit(f"{statement}: {done.stderr}")


def _psql(made: Database, statement: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = ["psql", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "-qc", statement, made.url]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False)


def _run(command: list[str | Path], folder: Path, user: str | None) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        user=user,
        extra_groups=[] if user else None,
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stderr}")


def _program(name: str) -> Path | None:
    """Return one of the server's programs, of the newest version; Debian has none on the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    if not shutil.which("psql"):
        return None
    return versions[0] if versions else program(name)
