"""What an answer costs the server: CPU milliseconds per request, sequential, kept alive."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

import httpx
import psutil

from tests.bench.child import program
from tests.bench.city import City, stored
from tests.bench.figures import Figure, publish


def main(sizes: list[int]) -> None:
    """Ask the usual questions of each city's server."""
    figures = []
    for size in sizes:
        made = stored(size)
        with serving(made) as (url, process), httpx.Client(base_url=url, timeout=60) as client:
            for name, path, times in questions(client):
                cost = cpu_ms(client, process, path, times)
                figures.append(Figure(f"{name}, {size:,} parcels", cost, "CPU ms"))
            peak = sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))
            figures.append(Figure(f"resident after it, {size:,} parcels", peak / 2**20, "MiB"))
    publish("serve", figures, sizes=sizes)


def questions(client: httpx.Client) -> list[tuple[str, str, int]]:
    """Return name, path and repetitions of each question."""
    base = "/collections/flurstueck/items"
    first = client.get(f"{base}?limit=1").json()["features"][0]
    x, y = first["geometry"]["coordinates"][0][0][0]
    box = f"{x - 0.0036},{y - 0.00225},{x + 0.0036},{y + 0.00225}"
    return [
        ("items limit=10", f"{base}?limit=10", 100),
        ("items limit=1000", f"{base}?limit=1000", 10),
        ("one item", f"{base}/{first['id']}", 100),
        ("bbox of 500 m", f"{base}?bbox={box}&limit=1000", 20),
        ("parcel dossier (JSON)", f"/parcels/{first['properties']['flstkennz']}", 10),
        ("parcel page (HTML)", f"/parcels/{first['properties']['flstkennz']}?f=html", 10),
    ]


def cpu_ms(client: httpx.Client, process: psutil.Process, path: str, times: int) -> float:
    """Return the least CPU milliseconds per request over three rounds."""
    client.get(path).raise_for_status()
    best = float("inf")
    for _ in range(3):
        before = tree_cpu(process)
        for _ in range(times):
            client.get(path).raise_for_status()
        best = min(best, (tree_cpu(process) - before) / times * 1000)
    return best


def tree_cpu(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and those below it."""
    used = [p.cpu_times() for p in (process, *process.children(recursive=True))]
    return float(sum(t.user + t.system for t in used))


@contextmanager
def serving(made: City) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a city on a free loopback port until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [program("flurbuch"), "--data", str(made.data), "serve", "--port", str(port)]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{url}/healthz", timeout=5).raise_for_status()
                break
            except httpx.TransportError:
                sleep(0.1)
        else:
            sys.exit("the server did not answer within 20 s")
        yield url, psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(20)
