"""The journal, and the heads of its chain."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from store.columns import Moment, RowId
from store.schema.base import metadata, row_id

journal = Table(
    "journal",
    metadata,
    row_id(),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("party_id", Text, nullable=True),
    Column("uuid", Text, nullable=True),
    Column("message_type", Text, nullable=True),
    Column("code", Text, nullable=True),
    Column("door", Text, nullable=True),
    Column("peer", Text, nullable=True),
    Column("size", BigInteger, nullable=True),
    Column("digest", LargeBinary, nullable=True),
    Column("facts", Text, nullable=True),
    Column("content_key_id", BigInteger, nullable=True),
    Column("sealed_digest", LargeBinary, nullable=True),
    Column("row_hash", LargeBinary, nullable=False),
    Column("position", BigInteger, nullable=True),
    Column("chain_hash", LargeBinary, nullable=True),
    Index(None, "uuid"),
)
# Two partial indexes: a row that is written has no position yet and costs nothing in the first.
Index(
    "uq_journal_position",
    journal.c.position,
    unique=True,
    sqlite_where=journal.c.position.is_not(None),
    postgresql_where=journal.c.position.is_not(None),
)
Index(
    "ix_journal_unsealed",
    journal.c.id,
    sqlite_where=journal.c.position.is_(None),
    postgresql_where=journal.c.position.is_(None),
)

journal_head = Table(
    "journal_head",
    metadata,
    Column("position", RowId, primary_key=True, autoincrement=False),
    Column("chain_hash", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
