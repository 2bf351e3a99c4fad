"""Workers: what they do when the work fails, takes too long, is dismissed, or has to stop."""

import os
import sys
import threading
import time
from contextlib import closing, contextmanager

import pytest

from api.errors import BusyError, StoppedError
from api.jobs.crew import lead
from api.jobs.job import JobState, NewJob, Result
from api.jobs.queue import Queue, Rules
from api.jobs.task import Task
from api.jobs.worker import Worker
from api.processes.running import Slots, explain
from api.state.database import State
from gis_core.errors import DeadlineError, StoreError
from layers.access import CITIZEN
from layers.errors import TooMuchError

DONE = Result("text/plain", b"done")


@pytest.fixture
def queue(tmp_path):
    with closing(State(tmp_path)) as state:
        yield Queue(state, Rules(lease_s=5.0, most_tries=2))


@pytest.fixture
def do(queue):
    """Return a function that lets a worker do one job by a function, and returns the job then."""

    def once(handler, *, limit_s=60.0, stopping=None):
        died = []

        @contextmanager
        def handlers():
            yield {"process": handler}

        worker = Worker(
            queue,
            handlers,
            explain,
            limit_s,
            die=lambda: died.append(True),
            beat_s=0.02,
            grace_s=0.1,
        )
        job = queue.submit(NewJob("process", "test", CITIZEN, {"language": "en"}))
        assert worker.once(stopping or threading.Event())
        return queue.find(job.id, CITIZEN), died

    return once


def until(asked):
    """Return what goes on until somebody asks it to stop."""

    def handler(job, task):
        while True:
            asked(job)
            task.step(0.3)
            time.sleep(0.005)

    return handler


def test_what_is_done_is_told_meanwhile(queue, do):
    seen = []

    def handler(job, task):
        for part in range(5):
            task.step(part / 5)
            time.sleep(0.05)
            seen.append(queue.find(job.id, CITIZEN).progress)
        return DONE

    job, died = do(handler)
    assert (job.state, queue.result(job), died) == (JobState.SUCCESSFUL, DONE, [])
    assert seen == sorted(seen)
    assert 0 < seen[-1] < 100


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (TooMuchError("too many trees", advice="Ask about less."), 400, "too-much"),
        (ZeroDivisionError("secret"), 500, "internal"),
        (DeadlineError("secret"), 503, "deadline"),
    ],
)
def test_what_fails_is_explained_and_nothing_leaks(do, caplog, error, status, code):
    def handler(_job, _task):
        raise error

    job, _ = do(handler)
    assert (job.state, job.tries) == (JobState.FAILED, 1)
    assert (job.problem["status"], job.problem["type"]) == (status, f"/problems/{code}")
    if status >= 500:
        assert "secret" not in str(job.problem)
        assert job.problem["incident"] in caplog.text
    else:
        assert job.problem["detail"] == "too many trees"


def test_a_fault_of_the_disk_puts_a_job_off_a_few_times(queue, do):
    def handler(_job, _task):
        raise StoreError("disk full")

    job, _ = do(handler)
    assert (job.state, job.tries) == (JobState.ACCEPTED, 1)
    assert queue.claim("w") is None  # not at once


def test_a_job_that_takes_too_long_is_ended_between_two_steps(do):
    job, died = do(until(lambda _: None), limit_s=0.1)
    assert (job.state, job.problem["type"], died) == (JobState.FAILED, "/problems/deadline", [])


def test_a_step_that_never_comes_back_ends_with_its_process(queue, do):
    def handler(job, _):
        while not queue.find(job.id, CITIZEN).state.final:
            time.sleep(0.01)
        time.sleep(0.2)
        return DONE

    job, died = do(handler, limit_s=0.1)
    assert (job.state, job.problem["type"], died) == (
        JobState.FAILED,
        "/problems/deadline",
        [True],
    )
    assert queue.result(job) is None  # what came too late is not kept


@pytest.mark.parametrize("listens", [True, False])
def test_a_dismissed_job_is_stopped(queue, do, listens):
    def dismissed(job):
        queue.dismiss(job.id, CITIZEN)

    def deaf(job, _):
        dismissed(job)
        time.sleep(0.3)
        return DONE

    job, died = do(until(dismissed) if listens else deaf)
    assert (job.state, queue.result(job)) == (JobState.DISMISSED, None)
    assert died == ([] if listens else [True])


@pytest.mark.parametrize("listens", [True, False])
def test_a_worker_that_has_to_stop_gives_its_job_back(queue, do, listens):
    stopping = threading.Event()

    def deaf(_job, _task):
        stopping.set()
        time.sleep(0.3)
        return DONE

    job, died = do(until(lambda _: stopping.set()) if listens else deaf, stopping=stopping)
    assert (job.state, job.tries) == (JobState.ACCEPTED, 0)
    assert died == ([] if listens else [True])
    assert queue.claim("next").id == job.id


def test_a_worker_goes_on_until_told_to_stop(queue):
    stopping, handled = threading.Event(), []

    @contextmanager
    def handlers():
        yield {"process": lambda job, _: handled.append(job.id) or DONE}

    worker = Worker(queue, handlers, explain, 60.0)
    thread = threading.Thread(target=worker.run, args=(stopping,), kwargs={"idle_s": 0.01})
    thread.start()
    jobs = []
    for _ in range(5):
        jobs.append(queue.submit(NewJob("process", "test", CITIZEN, {})).id)
        time.sleep(0.02)
    deadline = time.monotonic() + 20
    while len(handled) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    stopping.set()
    thread.join()
    assert handled == jobs
    assert {queue.find(job, CITIZEN).state for job in jobs} == {JobState.SUCCESSFUL}


def test_a_task_counts_up_and_stops():
    task = Task(60.0)
    for done in (0.2, 0.1, 0.5):
        task.step(done)
    assert task.percent == 50
    task.stop()
    with pytest.raises(StoppedError):
        task.step()
    late = Task(-1.0)
    late.stop()
    with pytest.raises(DeadlineError):  # and not: stopped, to be done again
        late.step()


def test_only_two_are_answered_at_once():
    slots = Slots(2)
    with slots.one(), slots.one(), pytest.raises(BusyError), slots.one():
        pass
    with slots.one():
        pass


def test_a_crew_replaces_who_dies_and_ends_with_its_leader(tmp_path):
    """Each worker writes down that it lives; the first ones die at once."""
    script = (
        "import os, sys, time; from pathlib import Path; here = Path(sys.argv[1]); "
        "(here / str(os.getpid())).touch(); "
        "time.sleep(0 if len(list(here.iterdir())) < 3 else 60)"
    )
    stopping = threading.Event()
    command = [sys.executable, "-c", script, str(tmp_path)]
    thread = threading.Thread(target=lead, args=(command, 2, stopping))
    thread.start()
    deadline = time.monotonic() + 30
    while len(list(tmp_path.iterdir())) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    stopping.set()
    thread.join()
    workers = [int(path.name) for path in tmp_path.iterdir()]
    assert len(workers) >= 4
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
