"""The queue: jobs in a table, held by workers under leases that end by themselves.

A worker that takes a job raises its fence number. What the job brings about and its new state are
written in one transaction, and only under the number of the last who took it: a worker that was
thought dead changes nothing any more.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.errors import BusyError
from api.jobs.job import Job, JobState, NewJob, Payload, Result
from api.state.database import State
from api.state.tables import JOB, RESULT
from layers.access import Actor

_ID_BYTES = 24


@dataclass(frozen=True, slots=True)
class Rules:
    """How jobs are kept.

    Attributes
    ----------
    most_waiting
        More are not taken; nobody, nor all who are not identified together, has more than half.
    lease_s
        So long after its last sign of life a worker is held for dead.
    most_tries
        A job that so many workers died of has failed.
    keep_s
        So long after its end a job is deleted, with its result.
    """

    most_waiting: int = 100
    lease_s: float = 15.0
    most_tries: int = 3
    keep_s: float = 86_400.0


class Queue:
    """The jobs of a state database. Safe to share between threads."""

    def __init__(
        self, state: State, rules: Rules = Rules(), clock: Callable[[], float] = time.time
    ) -> None:
        self.rules = rules
        self.clock = clock
        self._state = state

    # -- for those who ask ---------------------------------------------------------------

    def submit(self, new: NewJob) -> Job:
        """Keep a job durably.

        Raises
        ------
        BusyError
            Too many are waiting.
        StoreError
            It could not be written, and is not kept.
        """
        now = round(self.clock(), 3)  # as it is told, so that it is found by it
        values = {
            "id": secrets.token_urlsafe(_ID_BYTES),
            "kind": new.kind,
            "subject": new.subject,
            **_owner(new.actor),
            "purpose": new.actor.purpose,
            "payload": dict(new.payload),
            "state": JobState.ACCEPTED,
            "priority": 0,
            "created": now,
            "not_before": now,
            "updated": now,
            "progress": 0,
            "tries": 0,
            "fence": 0,
        }
        with self._state.writing() as db:
            self._check_room(db, new.actor)
            row = db.execute(sa.insert(JOB).values(values).returning(*JOB.c)).mappings().one()
        return _job(row)

    def _check_room(self, db: sa.Connection, actor: Actor) -> None:
        own = sa.and_(*(JOB.c[name] == value for name, value in _owner(actor).items()))
        waiting, of_own = db.execute(
            sa.select(sa.func.count(), sa.func.count().filter(own)).where(
                JOB.c.state == JobState.ACCEPTED
            )
        ).one()
        most = self.rules.most_waiting
        if waiting >= most or of_own >= max(1, most // 2):
            raise BusyError(
                f"{waiting} jobs are waiting, {of_own} of them like yours",
                advice="Ask again when some are done.",
            )

    def find(self, job_id: str, actor: Actor) -> Job | None:
        """Return a job of the actor's; None: there is none, or it is somebody else's."""
        with self._state.reading() as db:
            asked = sa.select(JOB).where(*self._visible(actor), JOB.c.id == job_id)
            row = db.execute(asked).mappings().one_or_none()
        return None if row is None else _job(row)

    def jobs_of(self, actor: Actor) -> list[Job]:
        """Return the jobs of an identified actor, the last one first; of others none."""
        if not actor.name:
            return []
        newest = (JOB.c.created.desc(), JOB.c.id)
        with self._state.reading() as db:
            asked = sa.select(JOB).where(*self._visible(actor)).order_by(*newest)
            return [_job(row) for row in db.execute(asked).mappings()]

    def result(self, job: Job) -> Result | None:
        """Return what came out of a job; None: nothing, or nothing any more."""
        columns = (RESULT.c.media_type, RESULT.c.body)
        with self._state.reading() as db:
            row = db.execute(sa.select(*columns).where(RESULT.c.job == job.id)).one_or_none()
        return None if row is None else Result(row.media_type, row.body)

    def dismiss(self, job_id: str, actor: Actor) -> Job | None:
        """End a job of the actor's, whatever it does, and delete what came out of it."""
        now = self.clock()
        change = {"fence": JOB.c.fence + 1, "payload": {}, **self._end(JobState.DISMISSED, now)}
        with self._state.writing() as db:
            where = (*self._visible(actor), JOB.c.id == job_id)
            undone = JOB.c.state != JobState.DISMISSED
            db.execute(sa.update(JOB).where(*where, undone).values(change))
            row = db.execute(sa.select(JOB).where(*where)).mappings().one_or_none()
            if row is not None:
                db.execute(sa.delete(RESULT).where(RESULT.c.job == job_id))
        return None if row is None else _job(row)

    def _visible(self, actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
        own = (JOB.c[name] == value for name, value in _owner(actor).items())
        return *own, sa.or_(JOB.c.expires.is_(None), JOB.c.expires > self.clock())

    # -- for those who do it -------------------------------------------------------------

    def claim(self, worker: str) -> Job | None:
        """Take the next job: one that waits, or one whose worker gave no sign of life.

        One that all its workers died of has failed; its problem is empty.
        """
        now = self.clock()
        free = sa.or_(
            sa.and_(JOB.c.state == JobState.ACCEPTED, JOB.c.not_before <= now),
            sa.and_(JOB.c.state == JobState.RUNNING, JOB.c.lease_until < now),
        )
        order = (JOB.c.priority, JOB.c.created, JOB.c.id)
        following = sa.select(JOB.c.id).where(free).order_by(*order).limit(1)
        with self._state.reading() as db:  # so that who has nothing to do disturbs nobody
            if db.execute(following).first() is None:
                return None
        taken = {
            "state": JobState.RUNNING,
            "worker": worker,
            "tries": JOB.c.tries + 1,
            "fence": JOB.c.fence + 1,
            "lease_until": now + self.rules.lease_s,
            "started": now,
            "updated": now,
            "progress": 0,
        }
        with self._state.writing() as db:
            deadly = JOB.c.tries >= self.rules.most_tries
            failed = {"problem": {}, **self._end(JobState.FAILED, now)}
            db.execute(sa.update(JOB).where(free, deadly).values(failed))
            one = following.with_for_update(skip_locked=True).scalar_subquery()
            chosen = sa.update(JOB).where(JOB.c.id == one)
            row = db.execute(chosen.values(taken).returning(*JOB.c)).mappings().one_or_none()
        return None if row is None else _job(row)

    def renew(self, job: Job, progress: int) -> bool:
        """Give a sign of life; False: the job is no longer the worker's."""
        now = self.clock()
        values = {
            "lease_until": now + self.rules.lease_s,
            "updated": sa.case((JOB.c.progress == progress, JOB.c.updated), else_=now),
            "progress": progress,
        }
        return self._change(job, values)

    def finish(self, job: Job, result: Result) -> bool:
        """End a job with its result, both in one transaction; False: it was not the worker's."""
        values = {"progress": 100, **self._end(JobState.SUCCESSFUL, self.clock())}
        row = {"job": job.id, "media_type": result.media_type, "body": result.body}
        return self._change(job, values, sa.insert(RESULT).values(row))

    def fail(self, job: Job, problem: Payload) -> bool:
        """End a job that cannot be done."""
        values = {"problem": dict(problem), **self._end(JobState.FAILED, self.clock())}
        return self._change(job, values)

    def give_back(self, job: Job, *, after_s: float = 0.0, counted: bool = False) -> bool:
        """Let another worker do the job; ``counted``: as one of the tries that it has."""
        now = self.clock()
        values = {
            "state": JobState.ACCEPTED,
            "worker": None,
            "lease_until": None,
            "started": None,
            "updated": now,
            "not_before": now + after_s,
            "tries": job.tries - (0 if counted else 1),
        }
        return self._change(job, values)

    def purge(self) -> int:
        """Delete the jobs whose time is over; return how many."""
        with self._state.writing() as db:
            return db.execute(sa.delete(JOB).where(JOB.c.expires <= self.clock())).rowcount

    def waiting(self) -> tuple[int, float]:
        """Return how many jobs wait, and for how many seconds the first one does."""
        about = sa.select(sa.func.count(), sa.func.min(JOB.c.created))
        with self._state.reading() as db:
            count, first = db.execute(about.where(JOB.c.state == JobState.ACCEPTED)).one()
        return count, 0.0 if first is None else max(0.0, self.clock() - first)

    def _change(self, job: Job, values: Mapping[str, Any], effect: sa.Insert | None = None) -> bool:
        """Change a job that is still held under this fence number, with what it brings about."""
        own = (JOB.c.id == job.id, JOB.c.fence == job.fence, JOB.c.state == JobState.RUNNING)
        with self._state.writing() as db:
            if db.execute(sa.update(JOB).where(*own).values(values)).rowcount == 0:
                return False
            if effect is not None:
                db.execute(effect)
        return True

    def _end(self, state: JobState, now: float) -> dict[str, Any]:
        return {
            "state": state,
            "worker": None,
            "lease_until": None,
            "finished": now,
            "updated": now,
            "expires": now + self.rules.keep_s,
        }


def _owner(actor: Actor) -> dict[str, str]:
    return {"role": actor.role, "name": actor.name}


def _job(row: sa.RowMapping) -> Job:
    actor = Actor(role=row["role"], purpose=row["purpose"], name=row["name"])
    names = set(Job.__dataclass_fields__) - {"actor", "state"}
    return Job(actor=actor, state=JobState(row["state"]), **{name: row[name] for name in names})
