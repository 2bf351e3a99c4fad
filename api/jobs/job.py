"""A job, as it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from layers.access import Actor

Payload = Mapping[str, Any]


class JobState(StrEnum):
    """Where a job stands, in the words of OGC API Processes."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"

    @property
    def final(self) -> bool:
        """Whether nothing more happens to the job."""
        return self not in {JobState.ACCEPTED, JobState.RUNNING}


@dataclass(frozen=True, slots=True)
class NewJob:
    """Something to be done.

    Attributes
    ----------
    kind
        By which handler.
    subject
        What of its kind: a process.
    actor
        As whom it is done: what that role may read when it is done, not when it was asked.
    payload
        What the handler needs besides; JSON.
    """

    kind: str
    subject: str
    actor: Actor
    payload: Payload


@dataclass(frozen=True, slots=True)
class Job:
    """A job; instants are seconds since 1970."""

    id: str
    kind: str
    subject: str
    actor: Actor
    payload: Payload
    state: JobState
    created: float
    started: float | None
    finished: float | None
    updated: float
    expires: float | None
    progress: int
    tries: int
    fence: int
    problem: Payload | None

    def duration(self, now: float) -> float | None:
        """Return the seconds that the job has run; None: it has not been begun."""
        if self.started is None:
            return None
        return (now if self.finished is None else self.finished) - self.started


@dataclass(frozen=True, slots=True)
class Result:
    """What came out of a job."""

    media_type: str
    body: bytes
