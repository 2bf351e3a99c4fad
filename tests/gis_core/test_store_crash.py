"""Killed, without disk, without rights: the former generation stays served, whole."""

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from gis_core.offered_crs import CRS84
from gis_core.store import Store

# A small process that has everything imported and no database open forks one child per order;
# a child publishes one generation of 200 trees, whose stamp is the generation's own.
NURSERY = r"""
import json, os, signal, sys, tempfile, time
from pathlib import Path
import numpy as np, pandas as pd, shapely
from gis_core.errors import StoreError
from gis_core.store import Column, Store, TableSchema

ROWS = 200
CHANGES = set("open close flock ftruncate pwrite mkdir rename unlink rmdir fsync".split())
SCHEMA = TableSchema(
    "baum",
    (Column("stamp"), Column("owner", sealed=True)),
    "point",
    25832,
    published=("stamp",),
)
PAIRS = TableSchema(
    "pair", (Column("number"), Column("stamp", sealed=True)), keyed=False, order=("number",)
)

def publish(root, stamp, prepare, amend=False):
    frame = pd.DataFrame({"feature_id": [str(i) for i in range(ROWS)]})
    frame = frame.assign(stamp=stamp, owner=stamp)
    points = shapely.points(np.random.default_rng(0).random((ROWS, 2)) * 1000)
    with Store.open(root) as store:
        prepare()
        with store.amend("trees") if amend else store.stage("trees") as writer:
            table = writer.amend("baum") if amend else writer.table(SCHEMA)
            if amend:
                table.delete(frame["feature_id"])
            else:
                pairs = pd.DataFrame({"number": ["a", "b"], "stamp": stamp})
                writer.table(PAIRS, in_order=True).append(pairs)
            for i in range(0, ROWS, 50):
                table.append(frame.iloc[i:i + 50], points[i:i + 50])
            writer.publish({"stamp": stamp}, None)

def die_at(step):
    "Kill this process right before its step-th call out of Python; step 0: only count."
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

def child(order):
    root, stamp = Path(order["root"]), order["stamp"]
    count = lambda: 0
    def prepare():
        nonlocal count
        if "step" in order:
            count = die_at(order["step"])
        if "user" in order:
            os.setuid(order["user"])
    answer = {}
    try:
        if order.get("only_read"):
            prepare()
            with Store.open(root) as store:
                answer["rows"] = len(store.snapshot("trees").frame("baum"))
        ready = prepare if not order.get("only_read") else lambda: None
        publish(root, stamp, ready, order.get("amend", False))
    except StoreError as fault:
        answer |= {"error": str(fault), "advice": fault.advice}
    sys.setprofile(None)
    answer["calls"] = count()
    os.write(1, (json.dumps(answer) + "\n").encode())
    os._exit(0)

with tempfile.TemporaryDirectory() as warm:  # so that children need not look up reference systems
    Store.open(Path(warm), create=True).close()
    publish(Path(warm), "warm", lambda: None)
    publish(Path(warm), "warm", lambda: None, amend=True)
print("ready", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if not pid:
        child(order)
    if "after_s" in order:
        time.sleep(order["after_s"])
        os.kill(pid, signal.SIGKILL)
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
            """Return what the child said, if anything, and whether it was killed."""
            process.stdin.write(json.dumps(wish) + "\n")
            process.stdin.flush()
            said = {}
            while True:
                answer = json.loads(process.stdout.readline())
                if "killed" in answer:
                    return said | answer
                said = answer

        yield order
        process.stdin.close()


@pytest.fixture
def root(tmp_path, nursery):
    Store.open(tmp_path / "data", create=True).close()
    assert not nursery(root=str(tmp_path / "data"), stamp="s0")["killed"]
    return tmp_path / "data"


def look(store):
    """Return number and stamp of what is served, after checking that it is whole."""
    snapshot = store.snapshot("trees")
    frame = snapshot.frame("baum")
    stamp = snapshot.info.provenance["stamp"]
    assert len(frame) == 200
    assert set(frame["stamp"]) == set(frame["owner"]) == {stamp}
    assert len(set(snapshot.frame("pair")["stamp"])) == 1
    ready = snapshot.segment("baum", released=("stamp",))
    features = json.loads(b"[%s]" % ready.slice(ready.variant(CRS84), 0, 200))
    assert [f["id"] for f in features] == frame.index.tolist()
    assert {f["properties"]["stamp"] for f in features} == {stamp}
    return snapshot.info.number


@contextmanager
def watching(root):
    """Read without pause in another thread: what is served is whole and never goes back."""
    seen, faults, stop = [0], [], threading.Event()

    def watch():
        with Store.open(root) as store:
            while not stop.is_set():
                try:
                    number = look(store)
                    if number < seen[-1]:
                        faults.append(f"{seen[-1]} → {number}")
                    seen.append(number)
                except Exception as fault:  # noqa: BLE001 - whatever it is, the test must tell
                    faults.append(repr(fault))
                time.sleep(0.03)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
    assert not faults, faults[:3]


def leftovers(root):
    folder = root / "layers" / "trees"
    return [p.name for p in folder.iterdir() if p.name.startswith(".staging")]


@pytest.mark.parametrize("amend", [False, True], ids=["whole", "amended"])
def test_killed_before_every_single_step(root, nursery, amend):
    """Each call to the disk, to SQLite and to the lock is once the last one."""
    steps = nursery(root=str(root), stamp="s1", step=0, amend=amend)["calls"]
    assert steps > 60
    killed, chosen = 0, range(1, steps + 1, 2 if amend else 1)  # the ends of both are the same
    with watching(root) as seen, Store.open(root) as store:
        before = look(store)
        for step in chosen:
            killed += nursery(root=str(root), stamp=f"at {step}", step=step, amend=amend)["killed"]
            now = look(store)
            assert now in {before, before + 1}
            before = now
    assert killed >= len(chosen) - 5  # a few calls fewer where there is nothing to clear away
    assert len(seen) > 25
    assert not nursery(root=str(root), stamp="last")["killed"]
    with Store.open(root) as store:
        assert store.snapshot("trees").info.provenance["stamp"] == "last"
    assert leftovers(root) == []
    kept = {p.name for p in (root / "layers" / "trees").iterdir() if p.is_dir()}
    with Store.open(root) as store:
        assert kept == {str(g.number) for g in store.generations("trees")}


def test_killed_at_any_moment(root, nursery):
    begun = time.perf_counter()
    nursery(root=str(root), stamp="s1")
    whole_s = time.perf_counter() - begun
    moments = np.random.default_rng(4).random(20)
    with watching(root), Store.open(root) as store:
        before = look(store)
        for i, moment in enumerate(moments):
            nursery(root=str(root), stamp=f"k{i}", after_s=whole_s * moment)
            now = look(store)
            assert now in {before, before + 1}
            before = now


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 1 MB, or skip where that is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        done = False
    if not done:
        pytest.skip("a full disk: mounting one needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_changes_nothing_and_says_what_to_do(small_disk, nursery):
    root = small_disk / "data"
    Store.open(root, create=True).close()
    assert nursery(root=str(root), stamp="s0") == {"calls": 0, "killed": False}
    filler = small_disk / "filler"
    refused = 0
    with Store.open(root) as store:
        before = look(store)
        for left in (0, 4, 16, 32, 64, 100, 150):  # KiB
            filler.write_bytes(b"")
            filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - left * 1024))
            answer = nursery(root=str(root), stamp=f"with {left}")
            if "error" in answer:
                refused += 1
                assert "disk is full" in answer["error"]
                assert "Free space" in answer["advice"]
                assert look(store) == before
                assert leftovers(root) == []
        assert refused > 3
        filler.unlink()
        assert "error" not in nursery(root=str(root), stamp="again")
        assert look(store) > before


def test_without_the_right_to_write_one_can_still_read(nursery):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        if root.parent.owner() != "root":
            pytest.skip("changing to another user needs root")
        Store.open(root, create=True).close()
        nursery(root=str(root), stamp="s0")
        for path in (root.parent, root, *root.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        answer = nursery(root=str(root), stamp="nobody", user=65534, only_read=True)
    assert answer["rows"] == 200
    assert "no right to the files" in answer["error"]
    assert "owner of the data directory" in answer["advice"]


def test_the_lock_of_a_killed_import_is_free(root, nursery):
    dies = nursery(root=str(root), stamp="s1", step=0)["calls"] // 2
    assert nursery(root=str(root), stamp="dies", step=dies)["killed"]
    assert len(leftovers(root)) == 1
    with Store.open(root) as store:
        assert leftovers(root) == []  # they may hold secrets, so they do not wait for an import
        with store.stage("trees"):
            assert len(leftovers(root)) == 1
            Store.open(root).close()  # nobody clears away what is at work
            assert len(leftovers(root)) == 1
    assert leftovers(root) == []
