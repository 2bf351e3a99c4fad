"""A real service, killed in the middle of its work: no accepted job is lost, none is done twice."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from time import monotonic, sleep

import httpx
import psutil
import pytest

PROGRAM = (sys.executable, "-c", "from api.cli import main; main()")
JOBS = 12


@pytest.fixture
def data(demo_store, tmp_path):
    return shutil.copytree(demo_store, tmp_path / "data")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def service(data, port):
    """Run ``flurbuch serve`` and yield its process and address, once it answers."""
    url = f"http://127.0.0.1:{port}"
    command = [*PROGRAM, "--data", str(data), "serve", "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait(lambda: answers(url), 60)
            yield process, url
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()


def answers(url):
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/healthz").status_code == 200
    return False


def wait(done, seconds):
    until = monotonic() + seconds
    while not done():
        assert monotonic() < until, "it took too long"
        sleep(0.05)


def test_jobs_survive_the_death_of_the_service(data, demo_city):
    """Killed while jobs wait and one is being done; begun again, all come to their end."""
    inputs = {"collection": "flurstueck", "parcel": demo_city.truth.showcase_parcel}
    port, addresses = free_port(), []

    def stands(url):
        return [httpx.get(url + job).json() for job in addresses]

    with service(data, port) as (process, url):
        for distance in range(JOBS):
            answer = httpx.post(
                f"{url}/processes/buffer-query/execution",
                json={"inputs": inputs | {"distance": 100.0 + distance}},
                headers={"prefer": "respond-async"},
            )
            assert answer.status_code == 201
            addresses.append(httpx.URL(answer.headers["location"]).path)
        wait(lambda: any(job["status"] != "accepted" for job in stands(url)), 60)
        family = [process, *psutil.Process(process.pid).children(recursive=True)]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        wait(lambda: not answers(url), 20)  # whoever it had started ends with it
        wait(lambda: not any(psutil.pid_exists(p.pid) for p in family[1:]), 30)
    with service(data, port) as (process, url):
        wait(lambda: all(job["status"] == "successful" for job in stands(url)), 120)
        for number, job in enumerate(addresses):
            result = httpx.get(f"{url}{job}/results")
            asked = {"inputs": inputs | {"distance": 100.0 + number}}
            same = httpx.post(f"{url}/processes/buffer-query/execution", json=asked)
            assert result.content == same.content
