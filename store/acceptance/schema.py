"""The tables of an acceptance store."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    literal_column,
)

from store.columns import Document, Moment, RowId

metadata = MetaData()

# LOADING rows were told to nobody. With the outcome go manifest, parts and their key; the receipt names no
# person, and stays.
kept_delivery = Table(
    "kept_delivery",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("uuid", Text, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("package", Integer, nullable=False),
    Column("last", Boolean, nullable=False),
    Column("records", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("door", Text, nullable=False),
    Column("peer", Text, nullable=True),
    Column("received_at", Moment, nullable=False),
    Column("in_doubt", Boolean, nullable=False),
    Column("accepted_at", Moment, nullable=True),
    Column("receipt", LargeBinary, nullable=True),
    Column("ready_at", Moment, nullable=False),
    Column("early_since", Moment, nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("holder", Text, nullable=True),
    Column("lease_until", Moment, nullable=True),
    Column("settled_at", Moment, nullable=True),
    Column("code", Text, nullable=True),
    Column("details", Document, nullable=True),
    Column("wrapped", LargeBinary, nullable=True),
    Column("manifest", LargeBinary, nullable=True),
    # What manifest and parts take as they are stored.
    Column("octets", BigInteger, nullable=False),
)
_stored = kept_delivery.c.state != "LOADING"
Index(
    "uq_kept_delivery_uuid",
    kept_delivery.c.party_id,
    kept_delivery.c.uuid,
    unique=True,
    sqlite_where=_stored,
    postgresql_where=_stored,
)
_waiting = kept_delivery.c.state == "ACCEPTED"
Index(
    "uq_kept_delivery_place",
    kept_delivery.c.party_id,
    kept_delivery.c.number,
    kept_delivery.c.package,
    unique=True,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
# In the order of their coming, for who drains them.
Index(
    "ix_kept_delivery_accepted",
    kept_delivery.c.accepted_at,
    kept_delivery.c.id,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
# How much is taken is asked for whenever something comes: by this alone, without a look at the rows.
_content = kept_delivery.c.octets > literal_column("0")
Index(
    "ix_kept_delivery_octets",
    kept_delivery.c.octets,
    sqlite_where=_content,
    postgresql_where=_content,
)

# The file of records in pieces of equal length but for the last.
kept_part = Table(
    "kept_part",
    metadata,
    Column("delivery_id", BigInteger, ForeignKey("kept_delivery.id"), primary_key=True, autoincrement=False),
    Column("ordinal", BigInteger, primary_key=True, autoincrement=False),
    Column("ciphertext", LargeBinary, nullable=False),
)

revision = Table("acceptance_revision", metadata, Column("number", Integer, nullable=False))
