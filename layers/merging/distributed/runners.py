"""Who works on the tasks of a merge: this process, several of this machine, or a cluster."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from types import TracebackType
from typing import Protocol, Self

from layers.errors import RunnerError

DEATHS = 3
"""So many deaths of workers without a task done between them are no accident."""


class Runner(Protocol):
    """Carries out tasks that do not depend on one another, inside of a ``with`` block."""

    def __enter__(self) -> Self:
        """Get hold of the workers."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of them; work that is not done is given up."""
        ...

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
        ...


class InProcess:
    """One task after the other, here."""

    def __enter__(self) -> Self:
        """Do nothing: the worker is here."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing."""

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """See `Runner.map`."""
        return map(function, tasks)


class LocalProcesses:
    """Tasks spread over processes of this machine; what a dead one was at is done again."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        """Start nothing before there is work."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes when they have done what they are at."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """See `Runner.map`."""
        left = dict(enumerate(tasks))
        deaths = 0
        while left:
            before = len(left)
            try:
                yield from self._once(function, left)
            except BrokenProcessPool as fault:
                self.__exit__(None, None, None)
                deaths = deaths + 1 if len(left) == before else 1
                if deaths == DEATHS:
                    raise RunnerError(
                        f"a worker process died {DEATHS} times in a row at the same work",
                        advice="Most likely memory ran out: use smaller tiles or fewer workers.",
                    ) from fault

    def _once[T, R](self, function: Callable[[T], R], left: dict[int, T]) -> Iterator[R]:
        """Yield results and strike off what is done, until all is or a worker dies."""
        if self._pool is None:
            # A fresh interpreter each: a fork would inherit threads and locks in any state.
            self._pool = ProcessPoolExecutor(self._workers, mp_context=get_context("spawn"))
        at: dict[Future[R], int] = {
            self._pool.submit(function, task): number for number, task in left.items()
        }
        for future in as_completed(at):
            result = future.result()
            del left[at[future]]
            yield result
