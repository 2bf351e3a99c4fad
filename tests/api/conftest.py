"""A client of the served demo city, and the store behind it as the public sees it."""

import threading
from contextlib import closing
from functools import partial
from time import monotonic, sleep

import httpx
import pytest

from api.jobs.worker import Worker
from api.processes.running import explain, handlers, queue_of
from api.settings import Settings
from api.state.database import State
from layers.access import CITIZEN
from layers.query import Query
from layers.reader import open_reader


@pytest.fixture(scope="session")
def client(served):
    with httpx.Client(base_url=served, timeout=60) as connection:
        yield connection


@pytest.fixture(scope="session")
def get(client):
    """Return a function that asks for JSON and expects success."""

    def ask(path, **parameters):
        named = {k.replace("_", "-"): v for k, v in parameters.items()}
        answer = client.get(path, params=named or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture(scope="session")
def pages(client):
    """Return a function that follows the next links: all features of an address."""

    def walk(path, **parameters):
        answer = client.get(path, params={"limit": 10_000, **parameters}).json()
        yield from answer["features"]
        while following := [k["href"] for k in answer["links"] if k["rel"] == "next"]:
            answer = client.get(following[0]).json()
            yield from answer["features"]

    return walk


@pytest.fixture(scope="session")
def reader(demo_store):
    opened = open_reader(demo_store)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def street(reader, demo_city):
    """Return the name of a street in which several parcels have an address."""
    query = Query(equals={"flstkennz": demo_city.truth.showcase_parcel}, geometry=False)
    address = reader.frame(CITIZEN, "flurstueck", query)["lagebeztxt"].iloc[0]
    return address.rsplit(" ", 1)[0]


@pytest.fixture(scope="session")
def at_work(demo_store):
    """Do the jobs of the served city, in a thread."""
    settings, stopping = Settings(data_dir=demo_store, synthetic=True), threading.Event()
    with closing(State(demo_store)) as state:
        worker = Worker(queue_of(settings, state), partial(handlers, settings), explain, 60.0)
        thread = threading.Thread(target=worker.run, args=(stopping,), kwargs={"idle_s": 0.05})
        thread.start()
        yield
        stopping.set()
        thread.join()


@pytest.fixture(scope="session")
def submit(client):
    """Return a function that asks for a process as a job, and returns what is answered."""

    def ask(process, **inputs):
        address, headers = f"/processes/{process}/execution", {"prefer": "respond-async"}
        return client.post(address, json={"inputs": inputs}, headers=headers)

    return ask


@pytest.fixture(scope="session")
def done(client, submit, at_work):  # noqa: ARG001 - somebody must do it
    """Return a function that asks for a process as a job, and waits for its end."""

    def wait(process, **inputs):
        answer = submit(process, **inputs)
        assert answer.status_code == 201, answer.text
        until = monotonic() + 60
        while monotonic() < until:
            job = client.get(answer.headers["location"]).json()
            if job["status"] not in {"accepted", "running"}:
                return job
            sleep(0.02)
        raise TimeoutError(job)

    return wait
