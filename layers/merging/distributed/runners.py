"""Who works on the tasks of a merge: this process, several of this machine, or a cluster."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Protocol

from layers.errors import RunnerError

DEATHS = 3
"""So many deaths of workers without a task done between them are no accident."""


class Runner(Protocol):
    """Carries out tasks that do not depend on one another."""

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Yield the result of each task, in any order.

        Parameters
        ----------
        function
            At the top of a module, so that other processes find it; may be repeated.

        Raises
        ------
        RunnerError
            The tasks cannot be carried out. What a task raises on purpose comes as it is.
        """


class InProcess:
    """One task after the other, here."""

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """See `Runner.map`."""
        return map(function, tasks)


class LocalProcesses:
    """Tasks spread over processes of this machine; what a dead one was at is done again."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """See `Runner.map`."""
        left = dict(enumerate(tasks))
        deaths = 0
        while left:
            before = len(left)
            try:
                yield from self._once(function, left)
            except BrokenProcessPool as fault:
                deaths = deaths + 1 if len(left) == before else 1
                if deaths == DEATHS:
                    raise RunnerError(
                        f"a worker process died {DEATHS} times in a row at the same work",
                        advice="Most likely memory ran out: use smaller tiles or fewer workers.",
                    ) from fault

    def _once[T, R](self, function: Callable[[T], R], left: dict[int, T]) -> Iterator[R]:
        """Yield results and strike off what is done, until all is or a worker dies."""
        workers = min(self._workers, len(left))
        # A fresh interpreter each: a fork would inherit threads and locks in any state.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            at: dict[Future[R], int] = {
                pool.submit(function, task): number for number, task in left.items()
            }
            try:
                for future in as_completed(at):
                    result = future.result()
                    del left[at[future]]
                    yield result
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
