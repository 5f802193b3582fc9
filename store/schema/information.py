"""What other agencies have to do with a case: takeovers, retrievals, blocks; and what was erased."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from store.columns import ON_CONFLICT, Document, Moment
from store.schema.base import metadata, row_id

takeover = Table(
    "takeover",
    metadata,
    row_id(),
    Column("case_id", BigInteger, ForeignKey("case_file.id"), nullable=False),
    Column("right_id", BigInteger, nullable=False),
    Column("agency", Text, nullable=False),
    Column("agency_name", Text, nullable=False),
    Column("agency_type", Text, nullable=False),
    Column("taken_on", Date, nullable=False),
    Column("party_uuid", Text, nullable=True),
    Column("at", Moment, nullable=False),
    UniqueConstraint("case_id", "right_id", "agency"),
)

# Nearly nobody has a block, so that a column of person would be read for nothing. A row per agency that
# reported one: what one agency lifts, another may have reported too.
disclosure_block = Table(
    "disclosure_block",
    metadata,
    Column("person_id", BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False),
    Column("agency", Text, primary_key=True),
    Column("since", Date, nullable=False),
    Column("at", Moment, nullable=False),
    # Reported again it is the block that there is.
    info={ON_CONFLICT: "ON CONFLICT DO NOTHING"},
)

# No foreign keys: the log outlives what it is about, and is deleted by its own term.
retrieval = Table(
    "retrieval",
    metadata,
    row_id(),
    Column("at", Moment, nullable=False, index=True),
    Column("party_id", Text, nullable=False),
    Column("party_name", Text, nullable=False),
    Column("agency_type", Text, nullable=False),
    Column("uuid", Text, nullable=False),
    Column("message_type", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("person_id", BigInteger, nullable=True, index=True),
    Column("case_id", BigInteger, nullable=True),
    Column("answer_type", Text, nullable=False),
    Column("reason_code", Text, nullable=True),
    Column("row", Text, nullable=True),
    Column("scope", Document, nullable=False),
    Column("held_at", Moment, nullable=True),
    Column("held_by", Text, nullable=True),
    Column("hold_reason", Text, nullable=True),
    Index(None, "party_id", "uuid"),
)

# What is gone stays told, without anything of the person: the duplicate promise and a restore need it.
erasure = Table(
    "erasure",
    metadata,
    Column("person_id", BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False),
    Column("stage", Integer, primary_key=True, autoincrement=False),
    Column("ended_on", Date, nullable=False),
    Column("took_part", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
)
