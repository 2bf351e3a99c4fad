"""Takes jobs and does them, one after the other."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from secrets import token_hex

from api.errors import StoppedError
from api.jobs.job import Job, Payload, Result
from api.jobs.keeper import Keeper
from api.jobs.queue import Queue
from api.jobs.task import Task
from gis_core.errors import DeadlineError, FlurbuchError, StoreError

LOG = logging.getLogger("flurbuch")
Handler = Callable[[Job, Task], Result]
Explain = Callable[[Job, Exception], Payload]

_AGAIN_S = 5.0
_PURGE_S = 600.0
_DIED = 75


class Worker:
    """One thread of work.

    Parameters
    ----------
    handlers
        Opens what does a job, by its kind; opened at the first job, closed after the last.
    explain
        Puts what went wrong as problem details, for whoever asked.
    limit_s
        Longest time of one job.
    die
        Ends the process at once; for tests, which must live on.
    """

    def __init__(
        self,
        queue: Queue,
        handlers: Callable[[], AbstractContextManager[Mapping[str, Handler]]],
        explain: Explain,
        limit_s: float,
        *,
        die: Callable[[], None] | None = None,
        beat_s: float = 2.0,
        grace_s: float = 5.0,
    ) -> None:
        self._queue = queue
        self._open = handlers
        self._opened = ExitStack()
        self._handlers: Mapping[str, Handler] | None = None
        self._explain = explain
        self._limit_s = limit_s
        self._die = die or partial(os._exit, _DIED)
        self._beat_s, self._grace_s = beat_s, grace_s
        self.name = f"{os.getpid()}-{token_hex(4)}"

    def run(self, stopping: threading.Event, *, idle_s: float = 0.5) -> None:
        """Work until told to stop; look for a job that often when there is none."""
        with self._opened:
            self._run(stopping, idle_s)

    def _run(self, stopping: threading.Event, idle_s: float) -> None:
        purged = -_PURGE_S
        while not stopping.is_set():
            try:
                if self._queue.clock() > purged + _PURGE_S:
                    self._queue.purge()
                    purged = self._queue.clock()
                if not self.once(stopping):
                    stopping.wait(idle_s)
            except StoreError as fault:
                LOG.warning("no jobs can be taken: %s", fault)
                stopping.wait(_AGAIN_S)

    def once(self, stopping: threading.Event) -> bool:
        """Do one job; False: there is none."""
        job = self._queue.claim(self.name)
        if job is None:
            return False
        task = Task(self._limit_s)
        late = DeadlineError(f"the job took longer than {self._limit_s:g} seconds")
        with Keeper(
            self._queue,
            job,
            task,
            stopping,
            partial(self._explain, job, late),
            self._die,
            beat_s=self._beat_s,
            grace_s=self._grace_s,
        ):
            self._do(job, task)
        return True

    def _do(self, job: Job, task: Task) -> None:
        if self._handlers is None:
            self._handlers = self._opened.enter_context(self._open())
        try:
            result = self._handlers[job.kind](job, task)
        except StoppedError:
            self._queue.give_back(job)  # unless it was dismissed
        except StoreError as fault:  # the disk may be there again
            LOG.warning("job of %s put off: %s", job.subject, fault)
            self._queue.give_back(job, after_s=_AGAIN_S * job.tries, counted=True)
        except FlurbuchError as error:
            self._queue.fail(job, self._explain(job, error))
        except Exception as error:  # noqa: BLE001 - as a web server's: one bad job ends no worker
            self._queue.fail(job, self._explain(job, error))
        else:
            self._queue.finish(job, result)
