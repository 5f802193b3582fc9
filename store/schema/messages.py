"""Messages, what is kept of their content, how they were decided, questions and later answers."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from store.columns import Document, Moment
from store.schema.base import metadata, row_id

message = Table(
    "message",
    metadata,
    # The UUID leads the key, so that `explain` finds a message without knowing whose it is.
    Column("uuid", Text, primary_key=True),
    Column("party_id", Text, primary_key=True),
    Column("content_hash", LargeBinary, nullable=False),
    Column("message_type", Text, nullable=False),
    Column("registered_at", Moment, nullable=False),
    # Chosen at the registration; a request of the service that keeps nothing leaves no row there.
    Column("content_key_id", BigInteger, nullable=True),
    sqlite_with_rowid=False,
)

# One row for all that is encrypted of a message: the tree grows at one end, whatever UUIDs come. Without
# `wrapped` it was erased; what the journal hashed and what was answered in short stay.
content = Table(
    "content",
    metadata,
    row_id(),
    Column("wrapped", LargeBinary, nullable=True),
    Column("request", LargeBinary, nullable=True),
    Column("answer", LargeBinary, nullable=True),
    Column("answer_type", Text, nullable=True),
    Column("reason_code", Text, nullable=True),
    Column("number", Text, nullable=True),
    Column("decided_row", Text, nullable=True),
)

decision = Table(
    "decision",
    metadata,
    Column("uuid", Text, primary_key=True),
    Column("party_id", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_type", Text, nullable=False),
    Column("schema_version", Text, nullable=False),
    Column("signer_fingerprint", Text, nullable=False),
    Column("identity_branch", Text, nullable=True),
    Column("row", Text, nullable=True),
    Column("rules_version", Text, nullable=False),
    Column("legal_basis", Text, nullable=True),
    Column("effect", Text, nullable=False),
    Column("answer_type", Text, nullable=False),
    Column("reason_code", Text, nullable=True),
    Column("number", Text, nullable=True),
    Column("evidence", Document, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("decided_at", Moment, nullable=False),
    ForeignKeyConstraint(["uuid", "party_id"], ["message.uuid", "message.party_id"]),
    sqlite_with_rowid=False,
)


question = Table(
    "question",
    metadata,
    row_id(),
    Column("asked_uuid", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("uuid", Text, nullable=False),
    Column("person_id", BigInteger, ForeignKey("person.id"), nullable=False, index=True),
    Column("case_id", BigInteger, ForeignKey("case_file.id"), nullable=False),
    Column("right_id", BigInteger, nullable=False),
    Column("lock_key", BigInteger, nullable=False),
    Column("asked_on", Date, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("closed_at", Moment, nullable=True),
    Column("reply_uuid", Text, nullable=True),
    ForeignKeyConstraint(["uuid", "party_id"], ["message.uuid", "message.party_id"]),
    UniqueConstraint("party_id", "asked_uuid"),
    Index(None, "state", "due_on"),
)

outbox = Table(
    "outbox",
    metadata,
    row_id(),
    Column("party_id", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("uuid", Text, nullable=False),
    Column("trigger_uuid", Text, nullable=False),
    Column("document_uuid", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason_code", Text, nullable=True),
    Column("number", Text, nullable=True),
    Column("decided_row", Text, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("content_key_id", BigInteger, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("first_fetched_at", Moment, nullable=True),
    Column("confirmed_at", Moment, nullable=True),
    ForeignKeyConstraint(["uuid", "party_id"], ["message.uuid", "message.party_id"]),
    Index(None, "uuid"),
)
# What is confirmed is never looked for by party again, and there will be far more of it.
Index(
    "ix_outbox_unconfirmed",
    outbox.c.party_id,
    outbox.c.id,
    sqlite_where=outbox.c.confirmed_at.is_(None),
    postgresql_where=outbox.c.confirmed_at.is_(None),
)
# What a delivery's later results gather.
_by_batch = (outbox.c.route == "batch") & outbox.c.confirmed_at.is_(None)
Index("ix_outbox_batch", outbox.c.id, sqlite_where=_by_batch, postgresql_where=_by_batch)
