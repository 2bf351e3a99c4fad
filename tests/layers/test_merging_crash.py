"""Killed while it brings links up to date: the former ones stay served, the next merge is whole."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from gis_core.store import MERGE, Query, Store
from layers.merging import merge
from layers.municipality import load_municipality
from layers.registry import find_layers

REGISTRY, KREFELD = find_layers(), load_municipality("krefeld")

# Has everything imported and no database open; forks one child per order, which merges and dies
# right before its step-th call to the disk, to SQLite or to the lock. Step 0: it only counts.
NURSERY = r"""
import json, os, signal, sys
from pathlib import Path
from layers.merging import merge_directory
from layers.municipality import load_municipality
from layers.registry import find_layers

REGISTRY, KREFELD = find_layers(), load_municipality("krefeld")
CHANGES = set("open close flock ftruncate pwrite mkdir rename unlink rmdir fsync ioctl".split())

def die_at(step):
    calls = 0
    def watch(_, event, function):
        nonlocal calls
        if event != "c_call":
            return
        database = type(getattr(function, "__self__", None)).__module__ == "sqlite3"
        if database or (function.__module__ in {"posix", "fcntl"} and function.__name__ in CHANGES):
            calls += 1
            if calls == step:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(watch)
    return lambda: calls

print("ready", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if not pid:
        count = die_at(order["step"])
        report = merge_directory(Path(order["root"]), REGISTRY, KREFELD)
        sys.setprofile(None)
        answer = {"calls": count(), "changed": report.changed}
        os.write(1, (json.dumps(answer) + "\n").encode())
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    print(json.dumps({"killed": os.WIFSIGNALED(status)}), flush=True)
"""


@pytest.fixture(scope="module")
def nursery():
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", NURSERY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"

        def order(**wish):
            process.stdin.write(json.dumps(wish) + "\n")
            process.stdin.flush()
            said = {}
            while "killed" not in said:
                said |= json.loads(process.stdout.readline())
            return said

        yield order
        process.stdin.close()


def change_a_little(root):
    """Take out a parcel with trees on it, and a tree elsewhere."""
    with Store.open(root) as store:
        linked = store.snapshot(MERGE).frame("link_baum")
        key, tree = linked["parcel_key"].iloc[0], linked["feature_id"].iloc[-1]
        parcel = store.snapshot("alkis").frame("flurstueck", Query(equals={"flstkennz": key}))
        for layer, table, ids in (("alkis", "flurstueck", parcel.index), ("trees", "baum", [tree])):
            with store.amend(layer) as writer:
                assert writer.amend(table).delete(ids) > 0
                writer.publish({}, None)


def tables(store):
    snapshot = store.snapshot(MERGE)
    found = {}
    for info in snapshot.info.tables:
        frame = pd.DataFrame(snapshot.frame(info.schema.name, sealed=info.schema.sealed_rows))
        by = [c for c in frame.columns if c != "candidates"]
        found[info.schema.name, info.schema.sealed_rows] = frame.sort_values(by, ignore_index=True)
    return found


def same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, frame in ours.items():
        pd.testing.assert_frame_equal(frame, theirs[name], check_exact=True, obj=str(name))


def test_killed_while_it_brings_links_up_to_date(demo_store, tmp_path, nursery):
    for name in ("counted", "data"):
        shutil.copytree(demo_store, tmp_path / name)
        change_a_little(tmp_path / name)
    told = nursery(root=str(tmp_path / "counted"), step=0)
    assert told["changed"] == 2
    calls, root = told["calls"], tmp_path / "data"
    # The last calls put it in force; of the many before, some.
    steps = {*np.random.default_rng(6).integers(1, calls, 8).tolist(), *range(calls - 40, calls, 8)}
    with Store.open(root) as store:
        served, before = store.served()[MERGE], tables(store)
        published = False
        for step in sorted(steps):
            assert nursery(root=str(root), step=step)["killed"]
            published = store.served()[MERGE] != served
            if published:
                break
            same(tables(store), before)
    if not published:
        assert nursery(root=str(root), step=0)["changed"] == 2
    with Store.open(root) as store:
        updated = tables(store)
        merge(store, REGISTRY, KREFELD, whole=True)
        same(updated, tables(store))
    folders = {p.name for p in (root / "layers" / MERGE).iterdir() if p.is_dir()}
    with Store.open(root) as store:
        assert folders == {str(g.number) for g in store.generations(MERGE)}
