"""Persons, their cases and rights."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from store.columns import ON_CONFLICT, Document, Moment
from store.schema.base import metadata, row_id

person = Table(
    "person",
    metadata,
    row_id(),
    Column("lock_key", BigInteger, nullable=False, index=True),
    Column("surname_key", Text, nullable=False),
    Column("first_name_key", Text, nullable=False),
    Column("birth", String(10), nullable=False),
    Column("gender", Text, nullable=False),
    Column("surname", Text, nullable=True),
    Column("first_name", Text, nullable=True),
    Column("details", Document, nullable=False),
    Column("deceased", Boolean, nullable=False),
    Column("merged_into", BigInteger, ForeignKey("person.id"), nullable=True),
    Column("died_on", Date, nullable=True),
)
# Only for those that were merged: whoever is stored anew costs nothing here.
Index(
    "ix_person_merged_into",
    person.c.merged_into,
    sqlite_where=person.c.merged_into.is_not(None),
    postgresql_where=person.c.merged_into.is_not(None),
)

person_history = Table(
    "person_history",
    metadata,
    row_id(),
    Column("person_id", BigInteger, ForeignKey("person.id"), nullable=False, index=True),
    Column("what", Text, nullable=False),
    Column("before", Document, nullable=False),
    Column("after", Document, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

homonym = Table(
    "homonym",
    metadata,
    Column("low_id", BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False),
    Column("high_id", BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False, index=True),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("work_item_id", BigInteger, nullable=True),
    Column("revoked_at", Moment, nullable=True),
    CheckConstraint("low_id < high_id", name="order"),
    # Said again after it was taken back: the pair counts anew.
    info={
        ON_CONFLICT: 'ON CONFLICT ("low_id", "high_id") DO UPDATE SET "at" = excluded."at",'
        ' "actor" = excluded."actor", "work_item_id" = excluded."work_item_id", "revoked_at" = NULL'
    },
)

case_file = Table(
    "case_file",
    metadata,
    row_id(),
    Column("person_id", BigInteger, ForeignKey("person.id"), nullable=False, index=True),
    Column("number", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("granted_units", Integer, nullable=False),
    Column("course_type", Text, nullable=True),
    Column("repeats", BigInteger, ForeignKey("case_file.id"), nullable=True),
    Column("registered_on", Date, nullable=True),
    Column("started_on", Date, nullable=True),
    Column("last_activity", Date, nullable=True),
    Column("completed_on", Date, nullable=True),
    Column("b1", Boolean, nullable=True),
)

entitlement = Table(
    "entitlement",
    metadata,
    Column("case_id", BigInteger, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("art", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("agency_name", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, nullable=True),
    Column("unlimited", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("only_orientation", Boolean, nullable=False),
    Column("only_language", Boolean, nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("party_uuid", Text, nullable=True),
    # No foreign key: it is written before the right that replaces, which waits for the commit.
    Column("replaced_by", BigInteger, nullable=True),
    sqlite_with_rowid=False,
)

case_history = Table(
    "case_history",
    metadata,
    row_id(),
    Column("case_id", BigInteger, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("entitlement_id", BigInteger, nullable=True),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    ForeignKeyConstraint(["case_id", "entitlement_id"], ["entitlement.case_id", "entitlement.id"]),
)
