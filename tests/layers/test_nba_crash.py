"""A delivery of changes that is killed: the former generation stays served, whole."""

import json
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from gis_core.store import Store
from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.registry import find_layers
from tests.layers.nba_worlds import delete, extract, house, link, nba, parcel, replace

HOUSE = "DENW00AL0000001a"
COUNT = 40

# A process that has everything imported forks one child per order; the child imports one file.
NURSERY = r"""
import json, os, signal, sys, time
from pathlib import Path
from layers.errors import DeliveryError
from layers.ingest.directory import import_files
from layers.municipality import load_municipality
from layers.registry import find_layers

registry, town = find_layers(), load_municipality("krefeld")
print("ready", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if not pid:
        import_files(Path(order["data"]), registry, town, "alkis", [Path(order["file"])])
        os._exit(0)
    if "after_s" in order:
        time.sleep(order["after_s"])
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    print(json.dumps({"killed": os.WIFSIGNALED(status)}), flush=True)
"""


def oid(i):
    return f"DENW00AL000001{i:02}"


@pytest.fixture
def world(tmp_path):
    """Return a data directory with a cadastre, and a delivery that changes every parcel."""
    data = tmp_path / "data"
    rest = link("weistAuf", HOUSE)
    first = tmp_path / "first.xml"
    parcels = (parcel(oid(i), i + 1, rest=rest) for i in range(COUNT))
    first.write_text(extract(*parcels, house(HOUSE, "5")))
    import_files(data, find_layers(), load_municipality("krefeld"), "alkis", [first])
    begun = "2026-01-15T12:00:00Z"
    changes = tmp_path / "nba.xml"
    changes.write_text(
        nba(
            replace(HOUSE, house(HOUSE, "7", begun=begun)),
            *(delete(oid(i)) for i in range(10)),
            *(replace(oid(i), parcel(oid(i), i + 1, begun=begun)) for i in range(10, 20)),
        )
    )
    return data, changes


@pytest.fixture
def nursery():
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", NURSERY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"

        def order(**wish):
            process.stdin.write(json.dumps(wish, default=str) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())["killed"]

        yield order
        process.stdin.close()


def look(data):
    """Return the served number after checking that all of it belongs to one delivery."""
    with Store.open(data) as store:
        snapshot = store.snapshot("alkis")
        number = snapshot.info.number
        counts = {
            name: len(snapshot.frame(name))
            for name in ("flurstueck", "flurstueck_beendet", "lieferung", "nas_objekt")
        }
    assert (
        counts
        == {
            1: {"flurstueck": 40, "flurstueck_beendet": 0, "lieferung": 1, "nas_objekt": 41},
            2: {"flurstueck": 30, "flurstueck_beendet": 20, "lieferung": 2, "nas_objekt": 41},
        }[number]
    )
    return number


def test_killed_at_any_moment_nothing_is_half_there(world, nursery, tmp_path):
    data, changes = world
    spare = tmp_path / "spare"
    shutil.copytree(data, spare)
    begun = time.perf_counter()
    assert not nursery(data=spare, file=changes)
    whole_s = time.perf_counter() - begun
    assert look(spare) == 2
    moments = np.linspace(0.05, 1.0, 14) * whole_s
    for moment in moments:
        nursery(data=data, file=changes, after_s=moment)
        if look(data) == 2:
            break
    nursery(data=data, file=changes)
    assert look(data) == 2
    folder = data / "layers" / "alkis"
    assert sorted(p.name for p in folder.iterdir() if p.is_dir()) == ["1", "2"]
