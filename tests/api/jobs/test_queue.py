"""Jobs in a table: none is lost, none ends twice, whoever dies."""

import json
import random
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from api.errors import BusyError
from api.jobs.job import JobState, NewJob, Result
from api.jobs.queue import Queue, Rules
from api.state.database import FILE, State
from api.state.tables import METADATA, RESULT
from gis_core.errors import StoreError
from layers import audit
from layers.access import CITIZEN, Actor

RULES = Rules(most_waiting=10, lease_s=10.0, most_tries=3, keep_s=1000.0)
PLANNER, OTHER = Actor("planner", "", "Eva"), Actor("planner", "", "Ada")
DONE = Result("text/plain", b"done")


def work(actor=CITIZEN, **payload):
    return NewJob("process", "test", actor, payload)


@pytest.fixture
def state(tmp_path):
    with closing(State(tmp_path)) as opened:
        yield opened


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(state, clock):
    return Queue(state, RULES, clock)


# -- the database ----------------------------------------------------------------------


def test_the_schema_is_what_the_steps_make(state):
    with state.reading() as db:
        assert compare_metadata(MigrationContext.configure(db), METADATA) == []


def test_only_its_owner_reads_the_file_which_is_that_of_the_log_of_reads(state):
    state.check()
    assert audit.FILE == FILE
    for path in state.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_database_of_a_newer_program_is_refused(state):
    with state.writing() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    state.close()
    with pytest.raises(StoreError, match="is of version 9999, expected 0001"):
        state.check()


def test_several_open_it_at_once(tmp_path):
    """The first one makes it, the others wait and find it made."""
    faults = []

    def look(folder, together):
        together.wait()
        try:
            with closing(State(folder)) as state:
                assert Queue(state).waiting() == (0, 0.0)
        except (AssertionError, StoreError) as fault:
            faults.append(fault)

    for turn in range(5):
        folder, together = tmp_path / str(turn), threading.Barrier(8)
        folder.mkdir()
        threads = [threading.Thread(target=look, args=(folder, together)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not faults


def test_a_result_and_the_end_of_its_job_are_one(state, queue):
    job = queue.submit(work())
    taken = queue.claim("w")
    with state.writing() as db:
        db.execute(sa.insert(RESULT).values(job=job.id, media_type="text/plain", body=b"other"))
    with pytest.raises(StoreError):
        queue.finish(taken, DONE)
    assert queue.find(job.id, CITIZEN).state is JobState.RUNNING


# -- the life of a job -----------------------------------------------------------------


def test_a_job_is_done_and_its_result_found(queue, clock):
    job = queue.submit(work(tree="Ä"))
    assert len(job.id) >= 32
    assert queue.find(job.id, CITIZEN).state is JobState.ACCEPTED
    taken = queue.claim("w")
    assert (taken.id, taken.payload, taken.tries) == (job.id, {"tree": "Ä"}, 1)
    assert queue.claim("v") is None
    clock.now += 3
    assert queue.renew(taken, 40)
    assert queue.find(job.id, CITIZEN).progress == 40
    assert queue.finish(taken, DONE)
    found = queue.find(job.id, CITIZEN)
    assert (found.state, found.progress, found.duration(0)) == (JobState.SUCCESSFUL, 100, 3)
    assert queue.result(found) == DONE


def test_ids_cannot_be_guessed(queue):
    ids = [queue.submit(work()).id for _ in range(5)]
    assert len({i[:8] for i in ids}) == len({i[-8:] for i in ids}) == 5


def test_the_first_come_is_the_first_served(queue, clock):
    ids = []
    for _ in range(4):
        ids.append(queue.submit(work()).id)
        clock.now += 1
    assert [queue.claim("w").id for _ in ids] == ids


def test_a_dead_worker_is_replaced_and_changes_nothing_any_more(queue, clock):
    job = queue.submit(work())
    dead = queue.claim("dead")
    clock.now += RULES.lease_s + 1
    heir = queue.claim("heir")
    assert (heir.id, heir.fence) == (job.id, dead.fence + 1)
    for late in (
        queue.finish(dead, Result("text/plain", b"late")),
        queue.renew(dead, 99),
        queue.fail(dead, {"title": "late"}),
        queue.give_back(dead),
    ):
        assert late is False
    assert queue.finish(heir, DONE)
    assert queue.finish(heir, DONE) is False
    assert queue.result(job) == DONE


def test_a_job_that_its_workers_die_of_fails(queue, clock):
    job = queue.submit(work())
    for _ in range(RULES.most_tries):
        assert queue.claim("w") is not None
        clock.now += RULES.lease_s + 1
    other = queue.submit(work())
    assert queue.claim("w").id == other.id
    found = queue.find(job.id, CITIZEN)
    assert (found.state, found.problem) == (JobState.FAILED, {})


def test_a_job_given_back_is_no_lost_try_and_one_put_off_is(queue, clock):
    queue.submit(work())
    for _ in range(RULES.most_tries + 2):
        assert queue.give_back(queue.claim("w"))
    for _ in range(RULES.most_tries):
        assert queue.give_back(queue.claim("w"), after_s=5.0, counted=True)
        assert queue.claim("w") is None
        clock.now += 5
    assert queue.claim("w") is None
    assert queue.waiting() == (0, 0.0)


@pytest.mark.parametrize("when", ["waiting", "running", "done"])
def test_a_dismissed_job_stays_so(queue, when):
    job = queue.submit(work(tree="x"))
    taken = queue.claim("w") if when != "waiting" else None
    if when == "done":
        queue.finish(taken, DONE)
    found = queue.dismiss(job.id, CITIZEN)
    assert (found.state, found.payload) == (JobState.DISMISSED, {})
    assert queue.result(job) is None
    if taken:
        assert queue.renew(taken, 1) is queue.finish(taken, DONE) is False
    assert queue.claim("w") is None
    assert queue.dismiss(job.id, CITIZEN) == found


def test_jobs_are_their_owners_alone(queue):
    own = queue.submit(work(PLANNER))
    for actor in (CITIZEN, OTHER, Actor("citizen", "", "Eva")):
        assert queue.find(own.id, actor) is None
        assert queue.dismiss(own.id, actor) is None
        assert queue.jobs_of(actor) == []
    assert [job.id for job in queue.jobs_of(PLANNER)] == [own.id]
    assert queue.find(own.id, Actor("planner", "another purpose", "Eva")) == own
    nobodys = queue.submit(work())
    assert queue.find(nobodys.id, PLANNER) is None
    assert queue.jobs_of(CITIZEN) == []


def test_only_so_many_wait(queue):
    for actor in (CITIZEN, PLANNER):
        for _ in range(RULES.most_waiting // 2):
            queue.submit(work(actor))
        with pytest.raises(BusyError):
            queue.submit(work(actor))
    with pytest.raises(BusyError):
        queue.submit(work(OTHER))
    queue.claim("w")
    queue.submit(work(OTHER))


def test_jobs_and_results_are_deleted_in_time(state, queue, clock):
    early, late, waiting = (queue.submit(work(PLANNER)).id for _ in range(3))
    early, late, waiting = sorted((early, late, waiting))  # equally old: by id
    for _ in range(2):
        assert queue.finish(queue.claim("w"), DONE)
        clock.now += 600
    assert queue.find(early, PLANNER) is None  # even before it is deleted
    assert queue.purge() == 1
    with state.reading() as db:
        assert db.execute(sa.select(RESULT.c.job)).scalars().all() == [late]
    clock.now += RULES.keep_s
    assert queue.purge() == 1
    assert [job.id for job in queue.jobs_of(PLANNER)] == [waiting]


# -- whatever happens ------------------------------------------------------------------


class Life(RuleBasedStateMachine):
    """Workers that come, die, wake up too late and give up, in any order."""

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        self.state, self.clock = State(Path(self.folder.name)), Clock()
        self.queue = Queue(self.state, RULES, self.clock)
        self.held, self.ended, self.jobs = [], {}, []

    def teardown(self):
        while self.queue.waiting()[0] or self.open():  # a good worker brings all to an end
            self.clock.now += RULES.lease_s + 1
            job = self.queue.claim("last")
            if job is not None:
                self.end(job, JobState.SUCCESSFUL, self.queue.finish(job, DONE))
        assert len(self.jobs) == len(self.ended)
        self.state.close()
        self.folder.cleanup()

    def open(self):
        found = (self.queue.find(i, CITIZEN) for i in self.jobs)
        return [job for job in found if not job.state.final]

    def end(self, job, state, happened):
        if happened:
            assert job.id not in self.ended
            self.ended[job.id] = state

    @rule()
    def submit(self):
        if self.queue.waiting()[0] < RULES.most_waiting // 2:
            self.jobs.append(self.queue.submit(work()).id)

    @rule()
    def claim(self):
        job = self.queue.claim("w")
        if job is not None:
            self.held.append(job)

    @rule(seconds=st.sampled_from([1, 9, 11]))
    def wait(self, seconds):
        self.clock.now += seconds

    @rule(data=st.data(), how=st.sampled_from(["finish", "fail", "renew", "give back", "put off"]))
    def act(self, data, how):
        if not self.held:
            return
        job = data.draw(st.sampled_from(self.held))
        if how == "finish":
            self.end(job, JobState.SUCCESSFUL, self.queue.finish(job, DONE))
        elif how == "fail":
            self.end(job, JobState.FAILED, self.queue.fail(job, {"title": "x"}))
        elif how == "renew":
            self.queue.renew(job, 50)
        else:
            self.queue.give_back(job, counted=how == "put off")

    @rule(data=st.data())
    def dismiss(self, data):
        if self.jobs:
            job = data.draw(st.sampled_from(self.jobs))
            self.queue.dismiss(job, CITIZEN)
            self.ended[job] = JobState.DISMISSED

    @invariant()
    def every_job_is_there_and_what_ended_stays(self):
        for job_id in self.jobs:
            job = self.queue.find(job_id, CITIZEN)
            result = self.queue.result(job)
            assert (result is not None) == (job.state is JobState.SUCCESSFUL)
            if job.state is JobState.FAILED and job_id not in self.ended:
                assert job.tries >= RULES.most_tries
                self.ended[job_id] = JobState.FAILED
            assert job.state is self.ended.get(job_id, job.state)
            assert job.state.final == (job_id in self.ended)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


# -- killed at any moment --------------------------------------------------------------

# Forks a child for each order, which takes a job and does it. It dies right before its step-th
# call to the disk or to SQLite (0: it only counts), or goes on until it is killed (-1).
NURSERY = r"""
import json, os, signal, sys, time
from pathlib import Path
from api.jobs.job import Result
from api.jobs.queue import Queue, Rules
from api.state.database import State

def die_at(step):
    calls = 0
    def watch(_, event, function):
        nonlocal calls
        if event == "c_call" and type(getattr(function, "__self__", None)).__module__ == "sqlite3":
            calls += 1
            if calls == step:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(watch)
    return lambda: calls

def do(queue):
    job = queue.claim(str(os.getpid()))
    if job is not None:
        time.sleep(0.005)
        queue.finish(job, Result("text/plain", job.payload["n"].encode()))
    return job

print("ready", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if not pid:
        state = State(Path(order["root"]))
        queue = Queue(state, Rules(lease_s=order["lease"], most_tries=1000))
        state.check()
        while order["step"] < 0:
            do(queue)
        count = die_at(order["step"])
        do(queue)
        sys.setprofile(None)
        os.write(1, (json.dumps({"calls": count()}) + "\n").encode())
        os._exit(0)
    print(json.dumps({"pid": pid}), flush=True)
    if order["step"] < 0:
        time.sleep(order["life"])
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
            while "killed" not in said:
                said |= json.loads(process.stdout.readline())
            return said

        yield order
        process.stdin.close()


def test_killed_before_every_single_step(nursery, tmp_path):
    """Whoever dies, and when: the job is there, has a result when it is done, and ends once."""
    root = str(tmp_path)
    with closing(State(tmp_path)) as state:
        queue = Queue(state, Rules(lease_s=-1.0, most_tries=1000))
        queue.submit(work(PLANNER, n="0"))
        steps = nursery(root=root, lease=-1.0, step=0)["calls"]
        assert steps > 8
        for step in range(1, steps + 1):
            job = queue.submit(work(PLANNER, n=str(step)))
            assert nursery(root=root, lease=-1.0, step=step)["killed"]
            found = queue.find(job.id, PLANNER)
            result = queue.result(found)
            assert (result is not None) == (found.state is JobState.SUCCESSFUL)
            nursery(root=root, lease=-1.0, step=0)  # the next worker
            found = queue.find(job.id, PLANNER)
            assert found.state is JobState.SUCCESSFUL
            assert queue.result(found).body == str(step).encode()
        assert queue.claim("w") is None


def test_killed_again_and_again(nursery, tmp_path):
    """A crew of one, replaced each time; every worker dies in the middle of its work."""
    with closing(State(tmp_path)) as state:
        queue = Queue(state, Rules(most_waiting=1000, lease_s=0.05, most_tries=1000))
        ids = {queue.submit(work(PLANNER, n=str(n))).id: n for n in range(150)}
        chance, kills = random.Random(4), 0  # noqa: S311
        while not all(job.state.final for job in queue.jobs_of(PLANNER)):
            life = chance.uniform(0.01, 0.12)
            assert nursery(root=str(tmp_path), lease=0.05, step=-1, life=life)["killed"]
            kills += 1
        assert kills > 10
        jobs = queue.jobs_of(PLANNER)
        assert {job.id for job in jobs} == set(ids)
        assert {job.state for job in jobs} == {JobState.SUCCESSFUL}
        assert all(queue.result(job).body == str(ids[job.id]).encode() for job in jobs)
        assert max(job.fence for job in jobs) > 1  # some were taken over
        with state.reading() as db:
            assert db.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
