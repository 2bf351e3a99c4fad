"""A client of the served demo city, and the store behind it as the public sees it."""

import httpx
import pytest

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
