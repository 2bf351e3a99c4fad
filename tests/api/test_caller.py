"""Who asks decides what is answered, everywhere; identifying people is middleware's work."""

import asyncio
import shutil
from contextlib import closing

import httpx
import pytest

from api.app import create_app
from api.context import EVERYBODY, KEY, Caller
from api.settings import Settings
from layers.access import CITIZEN, Actor, load_policy
from layers.audit import AuditLog
from layers.reader import open_reader

INSPECTOR = Caller(Actor("tree_inspector", "Kontrolle 7/26", "Eva Linde"))
NOBODY = Caller(Actor("administrator"))
DOCUMENTS = ("schema", "queryables", "items?limit=1")


@pytest.fixture(scope="module")
def data(demo_store, tmp_path_factory):
    return shutil.copytree(demo_store, tmp_path_factory.mktemp("asked") / "data")


@pytest.fixture(scope="module")
def ask(data):
    """Return a function that asks as a caller whom middleware has identified."""

    async def answer(caller, path):
        app = create_app(Settings(data_dir=data))

        async def identified(scope, receive, send):
            await app({**scope, KEY: caller}, receive, send)

        async with app.app.router.lifespan_context(app.app):
            transport = httpx.ASGITransport(app=identified)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return await client.get(path, headers={"accept": "application/json"})

    return lambda caller, path: asyncio.run(answer(caller, path))


@pytest.fixture(scope="module")
def named(data):
    """Return a function that names the fields of trees that an actor may read."""

    def names(actor):
        with closing(open_reader(data)) as reader:
            return set(reader.view(actor, "baum").names)

    return names


def test_features_have_the_fields_of_who_asks_and_the_read_is_logged(ask, named, data):
    answers = [ask(caller, "/collections/baum/items?limit=1") for caller in (EVERYBODY, INSPECTOR)]
    fields = [set(a.json()["features"][0]["properties"]) for a in answers]
    assert fields == [named(CITIZEN), named(INSPECTOR.actor)]
    assert {"vitality_class", "inspector"} <= fields[1] - fields[0]
    with closing(AuditLog(data)) as log:
        *_, entry = (row.entry for row in log.entries(Actor("auditor"), load_policy()))
    assert (entry["name"], entry["purpose"]) == (INSPECTOR.actor.name, INSPECTOR.actor.purpose)


@pytest.mark.parametrize("document", ["schema", "queryables"])
def test_documents_describe_what_the_role_reads_without_a_purpose(ask, named, document):
    for caller in (EVERYBODY, INSPECTOR):
        described = ask(caller, f"/collections/baum/{document}").json()["properties"]
        assert set(described) - {"geometry"} == named(caller.purposeless)
    assert "inspector" not in described
    assert "vitality_class" in described


def test_the_description_of_the_interface_is_for_who_asks(ask):
    fields = [
        {p.get("name") for p in document["paths"]["/collections/baum/items"]["get"]["parameters"]}
        for document in (ask(c, "/openapi").json() for c in (EVERYBODY, INSPECTOR))
    ]
    assert fields[1] - fields[0] == {"vitality_class", "inspected_on"}


def test_answers_are_not_taken_for_one_another(ask):
    answers = [ask(c, "/collections/grab/items?limit=1") for c in (EVERYBODY, INSPECTOR)]
    assert answers[0].json()["features"] == answers[1].json()["features"]
    assert len({a.headers["etag"] for a in answers}) == 2
    assert [a.headers["cache-control"].split(",")[0] for a in answers] == ["public", "private"]


def test_who_reads_nothing_finds_nothing(ask):
    assert ask(NOBODY, "/collections").json()["collections"] == []
    assert ask(NOBODY, "/healthz").json()["layers"] == {}
    for path in (*(f"/collections/baum/{d}" for d in DOCUMENTS), "/collections/baum"):
        assert ask(NOBODY, path).status_code == 404, path
    assert ask(NOBODY, "/find?q=Ostwall").status_code == 404


def test_a_request_cannot_say_who_it_is(client):
    told = {KEY: "tree_inspector", f"x-{KEY}": "tree_inspector"}
    plain, claimed = (client.get("/collections/baum/schema", headers=h) for h in ({}, told))
    assert plain.json()["properties"] == claimed.json()["properties"]
    assert client.get("/collections/baum/schema", params=told).status_code == 400
