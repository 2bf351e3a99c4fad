"""Watches over a job while it is done: keeps its lease, and ends what does not end by itself."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from api.jobs.job import Job, Payload
from api.jobs.queue import Queue
from api.jobs.task import Task
from gis_core.errors import StoreError

LOG = logging.getLogger("flurbuch")


class Keeper:
    """A thread beside the one that does the job.

    Parameters
    ----------
    stopping
        Set when the process is to end.
    overdue
        Returns the problem of a job that took too long.
    die
        Ends the process at once: the only way to end a step that never comes back.
    beat_s, grace_s
        Between two signs of life; between asking the work to end and ending the process.
    """

    def __init__(
        self,
        queue: Queue,
        job: Job,
        task: Task,
        stopping: threading.Event,
        overdue: Callable[[], Payload],
        die: Callable[[], None],
        *,
        beat_s: float = 2.0,
        grace_s: float = 5.0,
    ) -> None:
        self._queue, self._job, self._task = queue, job, task
        self._stopping, self._overdue, self._die = stopping, overdue, die
        self._beat_s, self._grace_s = beat_s, grace_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching; the work has ended."""
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(self._beat_s):
            if not self._held():
                self._end(lambda: None)
            elif self._task.overdue:
                self._end(lambda: self._queue.fail(self._job, self._overdue()))
            elif self._stopping.is_set():
                self._end(lambda: self._queue.give_back(self._job))

    def _held(self) -> bool:
        try:
            return self._queue.renew(self._job, self._task.percent)
        except StoreError as fault:  # the fence number guards what happens meanwhile
            LOG.warning("a job's lease could not be renewed: %s", fault)
            return True

    def _end(self, last: Callable[[], object]) -> None:
        """Ask the work to end; when it does not, do the last thing and end the process."""
        self._task.stop()
        if self._done.wait(self._grace_s):
            return
        try:
            last()
        except StoreError as fault:
            LOG.warning("a job could not be given up: %s", fault)
        self._die()
        self._done.wait()
