"""What the state database holds. Instants are seconds since 1970, in UTC."""

from sqlalchemy import (
    JSON,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

METADATA = MetaData()

JOB = Table(
    "job",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # which handler does it: "process"
    Column("subject", Text, nullable=False),  # what is done: a process
    Column("role", Text, nullable=False),  # as whom it is done
    Column("name", Text, nullable=False),  # "": nobody was identified
    Column("purpose", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("priority", Integer, nullable=False),  # the lowest first
    Column("created", Double, nullable=False),
    Column("not_before", Double, nullable=False),
    Column("started", Double),
    Column("finished", Double),
    Column("updated", Double, nullable=False),
    Column("expires", Double),  # when it is deleted, with its result
    Column("progress", Integer, nullable=False),  # percent
    Column("tries", Integer, nullable=False),
    Column("fence", Integer, nullable=False),  # counts who held it: only the last one may end it
    Column("worker", Text),
    Column("lease_until", Double),  # after that, any worker may take it
    Column("problem", JSON),  # why it failed, as problem details
    Index("job_next", "state", "priority", "created"),
    Index("job_of", "name", "role", "created"),
    Index("job_expiry", "expires"),
)

RESULT = Table(
    "result",
    METADATA,
    Column("job", Text, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
