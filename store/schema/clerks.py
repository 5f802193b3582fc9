"""Work for clerks, and what the search for hints keeps."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
)

from store.columns import ON_CONFLICT, Document, Moment
from store.schema.base import metadata, row_id

work_item = Table(
    "work_item",
    metadata,
    row_id(),
    Column("kind", Text, nullable=False),
    Column("office_id", Text, nullable=True),
    Column("lock_key", BigInteger, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("candidates", Document, nullable=False),
    Column("details", Document, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("decision", Document, nullable=True),
    Column("decided_by", Text, nullable=True),
    Column("decided_at", Moment, nullable=True),
    Column("reminded_at", Moment, nullable=True),
    Column("undone_at", Moment, nullable=True),
    Index(None, "office_id", "state"),
)
# Which persons wait is asked of all open ones, and there will be far more closed ones.
Index(
    "ix_work_item_open",
    work_item.c.id,
    sqlite_where=work_item.c.state == "OPEN",
    postgresql_where=work_item.c.state == "OPEN",
)

work_item_message = Table(
    "work_item_message",
    metadata,
    Column("work_item_id", BigInteger, ForeignKey("work_item.id"), primary_key=True),
    Column("party_id", Text, primary_key=True),
    Column("uuid", Text, primary_key=True),
    Column("attached_at", Moment, nullable=False),
    ForeignKeyConstraint(["uuid", "party_id"], ["message.uuid", "message.party_id"]),
)

# Filled by the sweep of the scheduler only: a message must not pay for hints. A name change leaves a mark.
person_search = Table(
    "person_search",
    metadata,
    Column("person_id", BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("form", Text, primary_key=True),
    Column("birth_year", Integer, nullable=False),
    # A common surname alone leads to tens of thousands of persons.
    Index(None, "form", "birth_year"),
    # Marked as renamed twice before a sweep came by.
    info={ON_CONFLICT: "ON CONFLICT DO NOTHING"},
    sqlite_with_rowid=False,
)

hint = Table(
    "hint",
    metadata,
    Column("low_id", BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False),
    Column("high_id", BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False, index=True),
    Column("reasons", Document, nullable=False),
    Column("found_at", Moment, nullable=False),
    Column("dismissed_at", Moment, nullable=True),
    CheckConstraint("low_id < high_id", name="order"),
)
