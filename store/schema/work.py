"""Deferred work: what is done after the message that asked for it, by whichever worker takes it."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from store.columns import Document, Moment
from store.schema.base import metadata, row_id

# A row that was done is deleted: who deletes it under the holder and attempt it was taken with was still its
# owner. The payload lies with the subject; `facts` holds ids and counts, nothing of a person.
work = Table(
    "work",
    metadata,
    row_id(),
    Column("kind", Text, nullable=False),
    Column("subject", BigInteger, nullable=True),
    Column("facts", Document, nullable=False),
    Column("state", Text, nullable=False),
    Column("ready_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("holder", Text, nullable=True),
    Column("lease_until", Moment, nullable=True),
    Column("enqueued_at", Moment, nullable=False),
    Column("last_code", Text, nullable=True),
    Column("last_place", Text, nullable=True),
    Index(None, "kind", "subject"),
)
_is_ready = work.c.state == "READY"
_is_running = work.c.state == "RUNNING"
Index("ix_work_ready", work.c.ready_at, work.c.id, sqlite_where=_is_ready, postgresql_where=_is_ready)
Index("ix_work_running", work.c.lease_until, sqlite_where=_is_running, postgresql_where=_is_running)
