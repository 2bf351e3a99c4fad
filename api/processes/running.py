"""Running a process: while somebody waits, or as a job."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from secrets import token_hex

from api.errors import BusyError, JobLostError
from api.jobs.job import Job, Payload, Result
from api.jobs.queue import Queue, Rules
from api.jobs.task import Task
from api.jobs.worker import Handler
from api.problems import problem
from api.processes.asking import Execution
from api.processes.process import Work
from api.processes.registry import process_called
from api.settings import Settings
from api.state.database import State
from layers.access import Actor
from layers.errors import TooMuchError
from layers.grids import use_grids
from layers.reader import Reader, open_reader

LOG = logging.getLogger("flurbuch")
KIND = "process"
MAX_RESULT = 32 << 20
_AT_ONCE = 2
_SERVER_FAULT = 500


def queue_of(settings: Settings, state: State) -> Queue:
    """Return the queue of jobs, kept as the settings say."""
    rules = Rules(most_waiting=settings.job_queue, keep_s=3600.0 * settings.job_hours)
    return Queue(state, rules)


class Slots:
    """How many processes run while somebody waits: in each server process at most two."""

    def __init__(self, count: int = _AT_ONCE) -> None:
        self._free = threading.BoundedSemaphore(count)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a slot.

        Raises
        ------
        BusyError
            None is free.
        """
        if not self._free.acquire(blocking=False):
            raise BusyError(
                "as many processes are running as can at once",
                advice="Ask again, or in the background (Prefer: respond-async).",
            )
        try:
            yield
        finally:
            self._free.release()


def run(
    settings: Settings, reader: Reader, actor: Actor, execution: Execution, task: Task
) -> Result:
    """Run a process as the actor.

    Raises
    ------
    FlurbuchError
        What is asked for is not there, not allowed or too much; or the task is to be ended.
    """
    task.step()
    work = Work(
        settings=settings,
        reader=reader,
        actor=actor,
        inputs=execution.inputs(),
        media_type=execution.media_type,
        language=execution.language,
        task=task,
    )
    body = execution.process.run(work)
    if len(body) > MAX_RESULT:
        raise TooMuchError(
            f"the result has {len(body) >> 20} MB, expected at most {MAX_RESULT >> 20}",
            advice="Ask about less.",
        )
    return Result(execution.media_type, body)


@contextmanager
def handlers(settings: Settings) -> Iterator[Mapping[str, Handler]]:
    """Open what does jobs, by their kind, for a worker."""
    reader = open_reader(
        settings.data_dir,
        settings.municipality,
        settings.layer_dirs,
        deadline_s=float(settings.job_seconds),
    )
    use_grids(settings.data_dir)

    def do(job: Job, task: Task) -> Result:
        execution = Execution.of(process_called(job.subject), job.payload)
        return run(settings, reader, job.actor, execution, task)

    with closing(reader):
        yield {KIND: do}


def explain(job: Job, error: Exception) -> Payload:
    """Put what went wrong as problem details, in the language of the request."""
    body = problem(error, job.payload["language"])
    if body["status"] >= _SERVER_FAULT:
        body["incident"] = token_hex(6)
        LOG.error("incident %s in a job of %s", body["incident"], job.subject, exc_info=error)
    return body


def problem_of(job: Job) -> Payload:
    """Return why a job failed; nobody could tell of one whose workers all died."""
    lost = JobLostError("the job was begun several times and never ended")
    return job.problem or problem(lost, job.payload.get("language", "de"))
