"""Tasks of a merge on a cluster of dask.distributed."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from layers.errors import RunnerError

RETRIES = 3
PATIENCE_S = 5
"""How long to wait for a scheduler to answer."""


class DaskCluster:
    """Workers of a running scheduler; the death of one costs a retry, not the merge.

    Parameters
    ----------
    address
        Of the scheduler, such as ``tcp://host:8786``.

    Raises
    ------
    RunnerError
        Nobody listens there.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Any = None
        # Before anything is laid out for workers that nobody can reach.
        _knock(address)

    def __enter__(self) -> Self:
        """Connect, and see that the cluster fits."""
        distributed = _library()
        try:
            client = distributed.Client(self._address, timeout=PATIENCE_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as fault:
            raise _unreachable(self._address) from fault
        try:
            self._check(client)
        except RunnerError:
            client.close()
            raise
        self._client = client
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect; what the cluster has not done is given up."""
        self._client.close()

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """See `Runner.map`."""
        distributed = _library()
        with _faults(distributed, self._address):
            futures = self._client.map(function, tasks, retries=RETRIES, pure=False)
            loop = self._client.loop
            done = distributed.as_completed(futures, loop=loop, with_results=True)
        while True:
            with _faults(distributed, self._address):
                found = next(done, None)
            if found is None:
                return
            future, result = found
            future.release()
            yield result

    def _check(self, client: Any) -> None:  # noqa: ANN401 - the library has no types
        """Refuse a cluster without workers, or with another version of what does the work."""
        versions = client.get_versions()
        if not versions["workers"]:
            raise RunnerError(
                f"the scheduler at {self._address} has no workers",
                advice="Start some: dask worker ADDRESS.",
                scheduler=self._address,
            )
        here = versions["client"]
        for worker, there in versions["workers"].items():
            for what in ("python", "distributed", "numpy"):
                mine, theirs = _version(here, what), _version(there, what)
                if mine != theirs:
                    raise RunnerError(
                        f"worker {worker} has {what} {theirs}, this process {mine}",
                        advice="Install the same lock file on all machines.",
                        scheduler=self._address,
                    )


def _knock(address: str) -> None:
    """See that somebody listens: a client of the library that fails to connect is hard to end."""
    place = urlsplit(address if "://" in address else f"tcp://{address}")
    try:
        # Without host or port nobody answers either.
        there = (place.hostname or "", place.port or 0)
        socket.create_connection(there, PATIENCE_S).close()
    except (OSError, ValueError) as fault:
        raise _unreachable(address) from fault


def _unreachable(address: str) -> RunnerError:
    return RunnerError(
        f"no scheduler answers at {address}",
        advice="Start one with `dask scheduler` and workers with `dask worker ADDRESS`, "
        "or name the right address.",
        scheduler=address,
    )


def _library() -> ModuleType:
    try:
        import distributed  # noqa: PLC0415 - an extra; only who uses a cluster needs it
    except ModuleNotFoundError as fault:
        raise RunnerError(
            "dask.distributed is not installed", advice="pip install 'flurbuch[cluster]'"
        ) from fault
    return distributed


def _version(found: dict[str, Any], what: str) -> str:
    if what == "python":
        return str(found["host"]["python"]).split(".final")[0]
    return str(found["packages"].get(what))


@contextmanager
def _faults(distributed: ModuleType, address: str) -> Iterator[None]:
    """Say what a fault of the cluster itself means."""
    try:
        yield
    except distributed.KilledWorker as fault:
        raise RunnerError(
            f"workers of {address} died repeatedly at the same task",
            advice="Most likely memory ran out: use smaller tiles, or give workers more memory.",
            scheduler=address,
        ) from fault
    except (distributed.CancelledError, distributed.comm.CommClosedError) as fault:
        raise RunnerError(
            f"the connection to the scheduler at {address} was lost",
            advice="Look at the scheduler, then run the merge again; what was served still is.",
            scheduler=address,
        ) from fault
    except ModuleNotFoundError as fault:
        raise RunnerError(
            f"the workers of {address} lack {fault.name}",
            advice="Install flurbuch from the same lock file on all workers.",
            scheduler=address,
        ) from fault
