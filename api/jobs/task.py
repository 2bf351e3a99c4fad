"""What somebody who does a job may ask and tell meanwhile."""

import threading
import time

from api.errors import StoppedError
from gis_core.errors import DeadlineError


class Task:
    """A piece of work that somebody waits for: how far it is, and whether to go on.

    Parameters
    ----------
    limit_s
        Longest time that it may take.
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._end = time.monotonic() + limit_s
        self._stopped = threading.Event()
        self._done = 0

    @property
    def percent(self) -> int:
        """How much is done."""
        return self._done

    @property
    def overdue(self) -> bool:
        """Whether it takes longer than it may."""
        return time.monotonic() > self._end

    def stop(self) -> None:
        """Ask that it ends soon."""
        self._stopped.set()

    def step(self, done: float = 0.0) -> None:
        """Tell how much is done, 0 to 1; called between any two pieces of the work.

        Raises
        ------
        StoppedError
            Nobody waits for it any more.
        DeadlineError
            It takes too long.
        """
        self._done = max(self._done, int(100 * done))
        if self.overdue:  # also when it is told to stop for that reason
            raise DeadlineError(
                f"the work took longer than {self.limit_s:g} seconds",
                advice="Ask about less, or in the background (Prefer: respond-async).",
            )
        if self._stopped.is_set():
            raise StoppedError("the work was stopped")
