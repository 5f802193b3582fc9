"""Deliveries of many records: what was delivered, in which chunks it is worked off, and its results.

There is no table of records: their UUIDs are computed from the delivery's stem and the position, and lie side
by side in the index of `message`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from store.columns import ON_CONFLICT, Moment
from store.schema.base import metadata, row_id

# Without `accepted_at` it is being taken in, and nobody was told anything of it.
delivery = Table(
    "delivery",
    metadata,
    row_id(),
    Column("party_id", Text, nullable=False),
    Column("uuid", Text, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("package", Integer, nullable=False),
    Column("last", Boolean, nullable=False),
    Column("stem", Text, nullable=False, unique=True),
    Column("records", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("door", Text, nullable=False),
    Column("peer", Text, nullable=True),
    Column("signer_fingerprint", Text, nullable=False),
    Column("schema_version", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("accepted_at", Moment, nullable=True),
    Column("finished_at", Moment, nullable=True),
    UniqueConstraint("party_id", "uuid"),
    # Sent again while it is being taken in: whoever comes second goes on with the same one.
    info={ON_CONFLICT: "ON CONFLICT DO NOTHING"},
)
_accepted = delivery.c.accepted_at.is_not(None)
Index(
    "uq_delivery_accepted",
    delivery.c.party_id,
    delivery.c.number,
    delivery.c.package,
    unique=True,
    sqlite_where=_accepted,
    postgresql_where=_accepted,
)
_unfinished = delivery.c.finished_at.is_(None)
Index("ix_delivery_unfinished", delivery.c.id, sqlite_where=_unfinished, postgresql_where=_unfinished)

# The content goes when the chunk is done. It stands last: counting must not read it.
delivery_chunk = Table(
    "delivery_chunk",
    metadata,
    Column("delivery_id", BigInteger, ForeignKey("delivery.id"), primary_key=True, autoincrement=False),
    Column("ordinal", BigInteger, primary_key=True, autoincrement=False),
    Column("first", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("done_at", Moment, nullable=True),
    Column("missed", Boolean, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("parked", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("faulty", Integer, nullable=False),
    Column("key_id", BigInteger, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("ciphertext", LargeBinary, nullable=True),
    # Written by two who take the same delivery in at once: both wrote the same records.
    info={ON_CONFLICT: "ON CONFLICT DO NOTHING"},
)
_open = delivery_chunk.c.done_at.is_(None)
Index("ix_delivery_chunk_open", delivery_chunk.c.delivery_id, sqlite_where=_open, postgresql_where=_open)

# The signed note only; the file of a result is put together from the stored answers whenever it is fetched.
delivery_result = Table(
    "delivery_result",
    metadata,
    Column("delivery_id", BigInteger, ForeignKey("delivery.id"), primary_key=True, autoincrement=False),
    Column("addendum", Integer, primary_key=True, autoincrement=False),
    Column("uuid", Text, nullable=False, unique=True),
    Column("document", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("first_fetched_at", Moment, nullable=True),
    Column("confirmed_at", Moment, nullable=True),
)
_unconfirmed = delivery_result.c.confirmed_at.is_(None)
Index(
    "ix_delivery_result_unconfirmed",
    delivery_result.c.delivery_id,
    sqlite_where=_unconfirmed,
    postgresql_where=_unconfirmed,
)

# Which later answer went into which addendum.
delivery_later = Table(
    "delivery_later",
    metadata,
    Column("outbox_id", BigInteger, ForeignKey("outbox.id"), primary_key=True, autoincrement=False),
    Column("delivery_id", BigInteger, ForeignKey("delivery.id"), nullable=False),
    Column("addendum", Integer, nullable=False),
    Index(None, "delivery_id", "addendum"),
)

# The package that a party delivered last; its row is the lock under which the next one is accepted.
delivery_sequence = Table(
    "delivery_sequence",
    metadata,
    Column("party_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("package", Integer, nullable=False),
    Column("last", Boolean, nullable=False),
    info={ON_CONFLICT: "ON CONFLICT DO NOTHING"},
)
