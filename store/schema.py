"""The tables: one definition for SQLite and PostgreSQL, read by the migrations and the statements.

No foreign key leads from the hot tables to `party`: every message of a party would lock the same row. Tables
with a natural key and small rows are WITHOUT ROWID on SQLite: every tree that a message touches is a page
more to write and sync.
"""

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
    LargeBinary,
    MetaData,
    Sequence,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from store.columns import ON_CONFLICT, Document, Moment, RowId

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", RowId, primary_key=True, autoincrement=False)


# --- who may send ---------------------------------------------------------------------------------

party = Table(
    "party",
    metadata,
    Column("kennung", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("agency_type", Text, nullable=False),
    Column("require_timestamp", Boolean, nullable=False),
    Column("signature_first", Boolean, nullable=False),
    Column("ecdsa_answers", Boolean, nullable=False),
    Column("str_transform", Boolean, nullable=False),
    Column("locked", Boolean, nullable=False),
)

party_type = Table(
    "party_type",
    metadata,
    Column("kennung", Text, ForeignKey("party.kennung", ondelete="CASCADE"), primary_key=True),
    Column("message_type", Text, primary_key=True),
)

certificate = Table(
    "certificate",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("der", LargeBinary, nullable=False),
    Column("added_at", Moment, nullable=False),
)

party_certificate = Table(
    "party_certificate",
    metadata,
    Column("kennung", Text, ForeignKey("party.kennung", ondelete="CASCADE"), primary_key=True),
    Column("fingerprint", Text, ForeignKey("certificate.fingerprint"), primary_key=True),
    Column("valid_from", Moment, nullable=True),
    Column("valid_until", Moment, nullable=True),
)

# --- regional offices -----------------------------------------------------------------------------

office = Table(
    "office",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("contact", Document, nullable=False),
)

office_postcode = Table(
    "office_postcode",
    metadata,
    Column("first", String(5), primary_key=True),
    Column("last", String(5), nullable=False),
    Column("office_id", Text, ForeignKey("office.id"), nullable=False),
    CheckConstraint("first <= last", name="order"),
)

# --- messages and their answers -------------------------------------------------------------------

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
    _id(),
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

# --- persons, cases, rights -----------------------------------------------------------------------

person = Table(
    "person",
    metadata,
    _id(),
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

person_history = Table(
    "person_history",
    metadata,
    _id(),
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
    _id(),
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
    _id(),
    Column("case_id", BigInteger, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("entitlement_id", BigInteger, nullable=True),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    ForeignKeyConstraint(["case_id", "entitlement_id"], ["entitlement.case_id", "entitlement.id"]),
)

course_registration = Table(
    "course_registration",
    metadata,
    _id(),
    Column("case_id", BigInteger, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("registered_on", Date, nullable=False),
    Column("organiser", Text, nullable=False),
    Column("course_type", Text, nullable=True),
    Column("section", Text, nullable=True),
    Column("placement_test_on", Date, nullable=True),
    Column("placement_dispensable", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
)

course_section = Table(
    "course_section",
    metadata,
    _id(),
    Column("case_id", BigInteger, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("section", Text, nullable=False),
    Column("course_type", Text, nullable=False),
    Column("course_no", Text, nullable=False),
    Column("organiser", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("began_on", Date, nullable=False),
    Column("ended_on", Date, nullable=True),
    Column("units", Integer, nullable=False),
    Column("absent_excused", Integer, nullable=True),
    Column("absent_unexcused", Integer, nullable=True),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
)

# --- questions and later answers ------------------------------------------------------------------

question = Table(
    "question",
    metadata,
    _id(),
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
    _id(),
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

# --- work for clerks ------------------------------------------------------------------------------

work_item = Table(
    "work_item",
    metadata,
    _id(),
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

work_item_message = Table(
    "work_item_message",
    metadata,
    Column("work_item_id", BigInteger, ForeignKey("work_item.id"), primary_key=True),
    Column("party_id", Text, primary_key=True),
    Column("uuid", Text, primary_key=True),
    Column("attached_at", Moment, nullable=False),
    ForeignKeyConstraint(["uuid", "party_id"], ["message.uuid", "message.party_id"]),
)

# Filled by the sweep of the scheduler only: a message must not pay for hints.
person_search = Table(
    "person_search",
    metadata,
    Column("person_id", BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("form", Text, primary_key=True),
    Column("birth_year", Integer, nullable=False),
    # A common surname alone leads to tens of thousands of persons.
    Index(None, "form", "birth_year"),
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

# --- journal --------------------------------------------------------------------------------------

journal = Table(
    "journal",
    metadata,
    _id(),
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

# --- counters, leases, business clock -------------------------------------------------------------

number_epoch = Table(
    "number_epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("node", Integer, nullable=False),
    CheckConstraint("id = 1", name="one"),
)
number_counter = Sequence("number_counter", metadata=metadata, data_type=BigInteger)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

# How far the business clock is ahead of the real one; only a test environment moves it.
business_clock = Table(
    "business_clock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("offset_seconds", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one"),
)
