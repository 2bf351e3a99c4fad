"""Whoever works on the tiles, the links are those of a merge that knows none, bit by bit."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pyarrow as pa
import pytest
from distributed import Client

from gis_core.errors import StoreError
from gis_core.merge.engine_name import EngineName
from gis_core.store import MERGE, Store
from gis_core.store.parquet import Storage
from layers.errors import RunnerError
from layers.merging.distributed.cluster import DaskCluster
from layers.merging.distributed.export import export_store
from layers.merging.distributed.layout import LINKS
from layers.merging.distributed.merging import merge_layout, read_links
from layers.merging.distributed.runners import InProcess, LocalProcesses
from layers.municipality import load_municipality
from layers.registry import find_layers
from tests.object_store import object_store

ROOT = Path(__file__).resolve().parents[2]
TILE = 120
ORDER = ["feature_id", "parcel_key"]


def lay_out(place, demo_store, **more):
    storage, krefeld = Storage.open(place), load_municipality("krefeld")
    with Store.open(demo_store) as store:
        export_store(store, find_layers(), krefeld, storage, rows_per_group=40, **more)
    return storage


@pytest.fixture(scope="module")
def _laid_out_once(tmp_path_factory, demo_store):
    folder = tmp_path_factory.mktemp("tiles")
    lay_out(folder, demo_store)
    return folder


@pytest.fixture
def laid_out(tmp_path, _laid_out_once):
    """Return the demo city of 800 parcels laid out for tiles."""
    shutil.copytree(_laid_out_once, tmp_path, dirs_exist_ok=True)
    return Storage.open(tmp_path)


@pytest.fixture(scope="module")
def whole(demo_store):
    """Return each collection's links, and what has none, from a merge that knows no tiles."""
    with Store.open(demo_store) as store:
        merged = store.snapshot(MERGE)
        names = [t.schema.name for t in merged.info.tables if t.schema.name.startswith("link_")]
        links = {n.removeprefix("link_"): sorted_rows(merged.frame(n)) for n in names}
        lost = merged.frame("unmatched")[["collection", "feature_id", "reason"]]
    return links, lost


def sorted_rows(table):
    columns = {name: table[name].to_numpy() for name in table.columns}
    order = sorted(range(len(table)), key=lambda i: tuple(columns[name][i] for name in ORDER))
    return {name: values[order] for name, values in columns.items()}


def check(storage, report, whole):
    links, lost = whole
    assert report.tiles > 4
    assert set(report.collections) == {
        "baum", "gebaeude_bauwerk", "grab", "nutzung", "strassenschaden",
    }  # fmt: skip
    for name, counts in report.collections.items():
        got = sorted_rows(pa.concat_tables(read_links(storage, name)).to_pandas())
        for column, values in links[name].items():
            assert (got[column] == values).all(), (name, column)
            assert len(got[column]) == len(values)
        assert counts.links == len(links[name]["share"])
        assert counts.features == counts.linked + sum(counts.unmatched.values())
        cases = {(i, r) for t in read_links(storage, name, "unmatched") for i, r in pairs(t)}
        here = lost[lost["collection"] == name]
        assert cases == set(zip(here["feature_id"], here["reason"], strict=True))


def pairs(table):
    return zip(table["feature_id"].to_pylist(), table["reason"].to_pylist(), strict=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Return the address of a scheduler on loopback, and the processes of its two workers."""
    file = tmp_path_factory.mktemp("cluster") / "scheduler.json"
    with running("dask_scheduler", file, "--port", "0", "--no-dashboard"):
        until(lambda: file.exists() and file.read_text().strip().endswith("}"))
        one = ("--no-nanny", "--nthreads", "1", "--no-dashboard")
        with running("dask_worker", file, *one), running("dask_worker", file, *one) as second:
            address = json.loads(file.read_text())["address"]
            with Client(address, set_as_default=False) as client:
                client.wait_for_workers(2)
            yield address, second


@contextmanager
def running(program, file, *options):
    command = [sys.executable, "-m", f"distributed.cli.{program}", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--scheduler-file", str(file), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,  # where `python -m` looks first
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(true, patience_s=30):
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_in_this_process(laid_out, whole):
    check(laid_out, merge_layout(laid_out, InProcess(), tile_parcels=TILE), whole)


def test_compiled_kernels_say_the_same_in_one_tile_and_in_many(tmp_path, demo_store):
    storage = lay_out(tmp_path, demo_store, engine=EngineName.KERNELS)
    said = []
    for tile_parcels in (TILE, 2000):
        report = merge_layout(storage, InProcess(), tile_parcels=tile_parcels)
        tables = {n: pa.concat_tables(read_links(storage, n)) for n in report.collections}
        said.append({n: t.sort_by([(c, "ascending") for c in ORDER]) for n, t in tables.items()})
    assert report.tiles == 1
    assert said[0] == said[1]


def test_on_an_object_store(demo_store, whole):
    with object_store() as address:
        storage = lay_out(address, demo_store)
        check(storage, merge_layout(storage, InProcess(), tile_parcels=TILE), whole)


def test_in_processes_of_which_one_is_killed(laid_out, whole):
    killed = []

    def kill_one(_step, done, _total):
        if done == 1 and not killed:
            mine = psutil.Process().children()
            killed.append(next(p.pid for p in mine if "spawn_main" in " ".join(p.cmdline())))
            os.kill(killed[0], signal.SIGKILL)

    runner = LocalProcesses(2)
    report = merge_layout(laid_out, runner, tile_parcels=TILE, progress=kill_one)
    assert killed
    check(laid_out, report, whole)


def test_on_a_cluster_of_which_one_worker_is_killed(laid_out, whole, cluster):
    address, worker = cluster

    def kill_one(_step, done, _total):
        if done == 1:
            worker.kill()

    runner = DaskCluster(address)
    report = merge_layout(laid_out, runner, tile_parcels=TILE, progress=kill_one)
    assert worker.wait() == -signal.SIGKILL
    check(laid_out, report, whole)


def test_a_merge_that_ends_early_leaves_the_former_links(laid_out, whole):
    merge_layout(laid_out, InProcess(), tile_parcels=TILE)
    before = laid_out.read(LINKS)

    def stop(_step, done, _total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merge_layout(laid_out, InProcess(), tile_parcels=TILE, progress=stop)
    assert laid_out.read(LINKS) == before
    again = merge_layout(laid_out, InProcess(), tile_parcels=TILE)
    check(laid_out, again, whole)
    runs = {name.split("/")[1] for name in laid_out.names("runs")}
    assert runs == {again.run}


def test_work_that_kills_every_worker_is_given_up():
    with LocalProcesses(1) as runner, pytest.raises(RunnerError, match="died 3 times") as given_up:
        list(runner.map(os._exit, [1]))
    assert "smaller tiles" in given_up.value.advice


def test_nobody_at_the_address_is_told():
    with pytest.raises(RunnerError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9") as told:
        DaskCluster("tcp://127.0.0.1:9").__enter__()
    assert "dask scheduler" in told.value.advice


@pytest.mark.parametrize(
    "place",
    ["s3://bucket/city?endpoint_override=127.0.0.1:9&scheme=http&region=here", "/nowhere/at/all"],
)
def test_storage_out_of_reach_is_told(place):
    with pytest.raises(StoreError) as told:
        merge_layout(Storage.open(place), InProcess())
    assert "reachable from every worker" in told.value.advice


@pytest.mark.usefixtures("laid_out")
def test_a_layout_of_the_same_generations_is_kept(demo_store, tmp_path):
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    lay_out(tmp_path, demo_store)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()} == before
