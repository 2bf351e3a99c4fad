"""Jobs over HTTP: one's own alone, as the role that asked, ended once, gone in time."""

import asyncio
import re
import shutil
import threading
from contextlib import closing
from datetime import datetime
from functools import partial

import httpx
import pytest
import sqlalchemy as sa

from api.app import create_app
from api.context import EVERYBODY, KEY, Caller
from api.jobs.queue import Queue, Rules
from api.jobs.worker import Worker
from api.processes.running import explain, handlers
from api.settings import Settings
from api.state.database import State
from api.state.tables import JOB
from layers.access import Actor, load_policy
from layers.audit import AuditLog
from tests.demo import serving

EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
INSPECTOR = Caller(Actor("tree_inspector", "Kontrolle 7/26", "Eva Linde"))
WITHOUT_PURPOSE = Caller(Actor("tree_inspector", "", "Eva Linde"))
COLLEAGUE = Caller(Actor("tree_inspector", "Kontrolle 8/26", "Ada Buche"))
OTHER_ROLE = Caller(Actor("planner", "Kontrolle 7/26", "Eva Linde"))
BUFFER = "/processes/buffer-query/execution"
LATER = {"prefer": "respond-async"}


@pytest.fixture(scope="module")
def settings(demo_store, tmp_path_factory):
    data = shutil.copytree(demo_store, tmp_path_factory.mktemp("jobs") / "data")
    return Settings(data_dir=data, job_queue=6, synthetic=True)


@pytest.fixture(scope="module")
def connection(settings):
    """Yield a function that asks as a caller whom middleware has identified."""
    app, loop = create_app(settings), asyncio.new_event_loop()

    async def answer(caller, method, path, headers=None, **told):
        async def identified(scope, receive, send):
            await app({**scope, KEY: caller}, receive, send)

        transport = httpx.ASGITransport(app=identified)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            head = {"accept": "application/json"} | (headers or {})
            return await client.request(method, path, headers=head, **told)

    async def closed():
        async with app.app.router.lifespan_context(app.app):
            pass

    yield lambda *asked, **told: loop.run_until_complete(answer(*asked, **told))
    loop.run_until_complete(closed())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.fixture
def ask(connection, settings):
    """Return that function, when there are no jobs."""
    with closing(State(settings.data_dir)) as state, state.writing() as db:
        db.execute(sa.delete(JOB))
    return connection


@pytest.fixture
def work(settings):
    """Return a function that does the next job."""
    with closing(State(settings.data_dir)) as state:
        worker = Worker(Queue(state), partial(handlers, settings), explain, 60.0)
        with worker._opened:
            yield lambda: worker.once(threading.Event())


@pytest.fixture
def begin(ask, demo_city):
    """Return a function that asks for the trees around a parcel as a job."""

    def start(caller, **inputs):
        key = demo_city.truth.showcase_parcel
        asked = {"collection": "baum", "parcel": key, "distance": 400, **inputs}
        answer = ask(caller, "POST", BUFFER, LATER, json={"inputs": asked})
        assert answer.status_code == 201, answer.text
        return answer

    return start


def own(path):
    return re.sub("^https?://[^/]+", "", path)


def test_a_job_is_accepted_done_and_answered(ask, begin, work):
    answer = begin(EVERYBODY)
    told, address = answer.json(), own(answer.headers["location"])
    assert answer.headers["preference-applied"] == "respond-async"
    assert (told["status"], told["type"], told["progress"]) == ("accepted", "process", 0)
    assert told["processID"] == "buffer-query"
    assert address == f"/jobs/{told['jobID']}"
    assert len(told["jobID"]) >= 32
    waiting = ask(EVERYBODY, "GET", f"{address}/results")
    assert (waiting.status_code, waiting.json()["type"]) == (404, f"{EXCEPTIONS}/result-not-ready")
    assert work()
    done = ask(EVERYBODY, "GET", address)
    assert done.headers["cache-control"] == "no-store"
    told = done.json()
    assert (told["status"], told["progress"]) == ("successful", 100)
    moments = [datetime.fromisoformat(told[n]) for n in ("created", "started", "finished")]
    assert moments == sorted(moments)
    assert datetime.fromisoformat(told["expires"]) > moments[-1]
    (results,) = (k["href"] for k in told["links"] if k["rel"].endswith("/results"))
    answer = ask(EVERYBODY, "GET", own(results))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["numberReturned"] > 0


def test_results_come_as_they_were_asked_for(ask, work, demo_city):
    inputs = {"parcel": demo_city.truth.showcase_parcel, "width": 300}
    outputs = {"map": {"format": {"mediaType": "image/png"}}}
    for response, kind in (("raw", "image/png"), ("document", "application/json")):
        told = {"inputs": inputs, "outputs": outputs, "response": response}
        answer = ask(EVERYBODY, "POST", "/processes/map-preview/execution", LATER, json=told)
        assert work()
        results = f"{own(answer.headers['location'])}/results"
        for form in ("", "?f=json", "?f=file"):
            assert ask(EVERYBODY, "GET", results + form).headers["content-type"] == kind
        page = ask(EVERYBODY, "GET", results, {"accept": "text/html"})
        assert page.headers["content-type"].startswith("text/html")
        refused = ask(EVERYBODY, "GET", results, {"accept": "application/pdf"})
        assert refused.status_code == 406


def test_what_fails_says_why_with_the_status_that_it_would_have_had(ask, begin, work):
    for inputs, status, code in (
        ({"collection": "zznothing"}, 404, "unknown-collection"),
        ({"parcel": "Krefeld 1 99999"}, 404, "unknown-parcel"),
        ({"parcel": "Quatsch"}, 400, "parcel-key"),
    ):
        address = own(begin(EVERYBODY, **inputs).headers["location"])
        assert work()
        told = ask(EVERYBODY, "GET", address).json()
        assert told["status"] == "failed"
        answer = ask(EVERYBODY, "GET", f"{address}/results")
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")
        assert answer.json()["detail"] in told["message"]
        at_once = ask(EVERYBODY, "POST", BUFFER, json={"inputs": inputs | {"distance": 1}})
        assert at_once.status_code in {400, 404}


@pytest.mark.proves("ogcapi-processes-1/1.0", "dismiss")
@pytest.mark.parametrize("when", ["waiting", "done"])
def test_a_dismissed_job_is_not_done_and_has_no_result(ask, begin, work, when):
    address = own(begin(EVERYBODY).headers["location"])
    if when == "done":
        assert work()
    for _ in range(2):
        answer = ask(EVERYBODY, "DELETE", address)
        assert (answer.status_code, answer.json()["status"]) == (200, "dismissed")
    assert not work()
    assert ask(EVERYBODY, "GET", address).json()["status"] == "dismissed"
    assert ask(EVERYBODY, "GET", f"{address}/results").status_code == 404


def test_the_button_of_the_page_dismisses_as_well(ask, begin):
    address = own(begin(EVERYBODY).headers["location"])
    answer = ask(EVERYBODY, "POST", f"{address}?f=html&lang=en", {"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{address}?f=html&lang=en"
    assert ask(EVERYBODY, "GET", address).json()["status"] == "dismissed"


def test_somebody_elses_job_is_as_absent_as_any(ask, begin, work):
    owned = own(begin(INSPECTOR).headers["location"])
    nobodys = own(begin(EVERYBODY).headers["location"])
    assert work()
    assert work()
    for address, strangers in (
        (owned, (EVERYBODY, COLLEAGUE, OTHER_ROLE)),
        (nobodys, (INSPECTOR, OTHER_ROLE)),
    ):
        for caller in strangers:
            for method, path in (
                *(("GET", ""), ("DELETE", ""), ("POST", ""), ("GET", "/results")),
                *(("GET", "?f=html"), ("GET", "/results?f=html")),
            ):
                job = address.rsplit("/", 1)[-1]
                absent = job[::-1]
                told = [
                    ask(caller, method, f"/jobs/{name}{path}").text.replace(name, "NAME")
                    for name in (job, absent)
                ]
                assert told[0] == told[1]
                assert "NAME" not in told[0] or "html" in path
    assert ask(INSPECTOR, "GET", owned).json()["status"] == "successful"


def test_a_job_reads_as_the_role_and_its_reading_is_logged(ask, begin, work, settings):
    fields = {}
    for caller in (EVERYBODY, INSPECTOR):
        address = own(begin(caller).headers["location"])
        assert work()
        document = ask(caller, "GET", f"{address}/results").json()
        fields[caller] = set(document["features"][0]["properties"])
    assert {"inspector", "vitality_class"} <= fields[INSPECTOR] - fields[EVERYBODY]
    with closing(AuditLog(settings.data_dir)) as log:
        *_, entry = (row.entry for row in log.entries(Actor("auditor"), load_policy()))
    assert (entry["name"], entry["purpose"]) == ("Eva Linde", "Kontrolle 7/26")
    refused = ask(WITHOUT_PURPOSE, "GET", f"{address}/results")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/access")


def test_a_role_that_lost_its_rights_meanwhile_reads_no_more(ask, begin, settings, tmp_path):
    """What counts is what the role may read when the job is done."""
    address = own(begin(INSPECTOR).headers["location"])
    city = tmp_path / "city"
    city.mkdir()
    (city / "roles.toml").write_text(
        '[roles.tree_inspector]\ntitle = { de = "K", en = "I" }\n'
        '[roles.tree_inspector.reads]\n"*" = ["public"]\n'
    )
    changed = settings.model_copy(update={"layer_dirs": (city,)})
    with closing(State(settings.data_dir)) as state:
        worker = Worker(Queue(state), partial(handlers, changed), explain, 60.0)
        with worker._opened:
            assert worker.once(threading.Event())
    document = ask(INSPECTOR, "GET", f"{address}/results").json()
    assert "inspector" not in document["features"][0]["properties"]


@pytest.mark.proves("ogcapi-processes-1/1.0", "job-list")
def test_the_list_of_jobs_is_of_ones_own(ask, begin, work):
    mine = [begin(INSPECTOR).json()["jobID"] for _ in range(3)]
    begin(COLLEAGUE)
    for _ in range(2):
        assert work()
    ask(INSPECTOR, "DELETE", f"/jobs/{mine[2]}")

    def listed(query="", caller=INSPECTOR):
        document = ask(caller, "GET", f"/jobs?limit=100&{query}").json()
        assert {"self", "alternate"} <= {k["rel"] for k in document["links"]}
        assert all(job["processID"] for job in document["jobs"])
        return [job["jobID"] for job in document["jobs"]]

    assert sorted(listed()) == sorted(mine)
    assert listed(caller=EVERYBODY) == listed(caller=OTHER_ROLE) == []
    assert set(listed("status=successful")) == set(mine[:2])
    assert set(listed("status=dismissed,failed")) == {mine[2]}
    assert listed("status=running") == []
    assert set(listed("processID=buffer-query,x")) == set(mine)
    assert listed("processID=map-preview") == []
    assert set(listed("type=process")) == set(mine)
    assert listed("type=openeo") == []
    assert set(listed("minDuration=0")) == set(mine[:2])
    assert listed("minDuration=3600") == []
    assert set(listed("maxDuration=3600&minDuration=0")) == set(mine[:2])
    created = ask(INSPECTOR, "GET", f"/jobs/{mine[0]}").json()["created"]
    assert mine[0] in listed(f"datetime={created}/..")
    assert listed(f"datetime=../{created}") == [mine[0]]
    assert listed("datetime=2001-01-01T00:00:00Z/2002-01-01T00:00:00%2B01:00") == []
    pages, path = [], "/jobs?limit=1"
    while path:
        document = ask(INSPECTOR, "GET", path).json()
        pages += [job["jobID"] for job in document["jobs"]]
        following = [own(k["href"]) for k in document["links"] if k["rel"] == "next"]
        path = following[0] if following else None
    assert pages == listed()
    page = ask(INSPECTOR, "GET", "/jobs?limit=1&lang=en", {"accept": "text/html"})
    assert mine[2] in page.text
    assert "offset=1" in page.text


@pytest.mark.parametrize(
    "query",
    [
        *("status=done", "datetime=2025-02-30T00:00:00Z", "datetime=..", "datetime=a/b"),
        *("datetime=2025-01-01", "datetime=2025-01-02T00:00:00Z/2025-01-01T00:00:00Z"),
        *("minDuration=x", "maxDuration=-1", "limit=0", "limit=x", "offset=-1", "nosuch=1"),
        *("offset=99999", "limit=1&limit=2", "minDuration=1.5"),
    ],
)
def test_bad_questions_for_jobs_are_refused(client, query):
    answer = client.get(f"/jobs?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["x", "%2e%2e", "%00", "a" * 3000, "'%20OR%201=1", "ä"])
def test_an_unknown_job_is_named_as_the_standard_says(client, name):
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/results")):
        answer = client.request(method, f"/jobs/{name}{path}")
        assert answer.status_code == 404
        if name == "x":
            assert answer.json()["type"] == f"{EXCEPTIONS}/no-such-job"


def test_only_so_many_wait_and_the_rest_is_told_when_to_come_again(ask, begin):
    for _ in range(3):
        begin(EVERYBODY)
    answer = ask(EVERYBODY, "POST", BUFFER, LATER, json={"inputs": TREES})
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/busy")
    assert int(answer.headers["retry-after"]) > 0
    form = ask(
        EVERYBODY,
        "POST",
        BUFFER,
        {"accept": "text/html"},
        data={k: str(v) for k, v in TREES.items()},
    )
    assert form.status_code == 429
    for _ in range(3):
        begin(INSPECTOR)
    assert ask(COLLEAGUE, "POST", BUFFER, LATER, json={"inputs": TREES}).status_code == 429


TREES = {"collection": "baum", "parcel": "Krefeld 1 1"}


def test_jobs_are_deleted_when_their_time_is_over(ask, begin, work, settings):
    address = own(begin(EVERYBODY).headers["location"])
    assert work()
    with closing(State(settings.data_dir)) as state:
        later = Queue(state, Rules(), lambda: datetime.now().timestamp() + 25 * 3600)  # noqa: DTZ005
        assert later.find(address.rsplit("/", 1)[-1], EVERYBODY.actor) is None
        assert later.purge() == 1
    assert ask(EVERYBODY, "GET", address).status_code == 404
    assert ask(EVERYBODY, "GET", f"{address}/results").status_code == 404


def test_without_a_writable_place_processes_answer_at_once_only(settings, demo_city, tmp_path):
    data = shutil.copytree(settings.data_dir, tmp_path / "data")
    for path in data.glob("state.sqlite*"):
        path.unlink()
    data.joinpath("state.sqlite").write_bytes(b"this is no database" * 1000)
    told = {"inputs": {"collection": "baum", "parcel": demo_city.truth.showcase_parcel}}
    with serving(data) as url:
        assert httpx.post(url + BUFFER, json=told).status_code == 200
        later = httpx.post(url + BUFFER, json=told, headers=LATER)
    assert (later.status_code, later.json()["type"]) == (503, "/problems/store")
    assert "sqlite" not in later.text
