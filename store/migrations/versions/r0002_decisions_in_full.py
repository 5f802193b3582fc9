"""Course data of cases, questions, later answers, the work of clerks, and the business clock."""

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The types of this revision, on purpose not those of store.schema: a revision never changes.
MOMENT = sa.String(32).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

EARLIER_UNITS = 700
"""What every case of the first revision was granted: the general course, § 10 to § 12 IntV."""


def upgrade() -> None:
    """Widen the tables of persons, cases, rights and work items, add the new ones; nothing is lost."""
    if op.get_bind().dialect.name == "sqlite":
        _rebuild("message", _make_message, [])
        _rebuild("person", _make_person, ["lock_key"])
        _rebuild("case_file", _make_case_file, ["person_id"], granted_units=EARLIER_UNITS)
        _rebuild("entitlement", _make_entitlement, [])
        _rebuild("work_item", _make_work_item, ["lock_key"], ["office_id", "state"])
    else:
        _widen()
    _join_contents()
    _add_persons()
    _add_courses()
    _add_answers()
    _add_clock()


def _rebuild(table: str, make: Callable[[], None], *indexes: list[str], **filled: int) -> None:
    """Make a table anew with more columns, as SQLite stores the text of its definition.

    `store.migrate` switched foreign keys off and checks all of them at the end.
    """
    columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
    names = ", ".join(f'"{name}"' for name in columns)
    op.execute(f'CREATE TEMPORARY TABLE kept AS SELECT {names} FROM "{table}"')  # noqa: S608 - names of ours
    op.drop_table(table)
    make()
    more = "".join(f', "{name}"' for name in filled)
    values = "".join(f", {value}" for value in filled.values())
    op.execute(f'INSERT INTO "{table}" ({names}{more}) SELECT {names}{values} FROM kept ORDER BY 1')  # noqa: S608
    op.execute("DROP TABLE kept")
    for index in indexes:
        if index:
            op.create_index(f"ix_{table}_{'_'.join(index)}", table, index, unique=False)


def _make_message() -> None:
    op.create_table(
        "message",
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("content_key_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("uuid", "party_id", name="pk_message"),
        sqlite_with_rowid=False,
    )


def _make_person() -> None:
    op.create_table(
        "person",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("lock_key", sa.BigInteger(), nullable=False),
        sa.Column("surname_key", sa.Text(), nullable=False),
        sa.Column("first_name_key", sa.Text(), nullable=False),
        sa.Column("birth", sa.String(length=10), nullable=False),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.Column("surname", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.Column("deceased", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("died_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["merged_into"], ["person.id"], name="fk_person_merged_into"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )


def _make_case_file() -> None:
    op.create_table(
        "case_file",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("granted_units", sa.Integer(), nullable=False),
        sa.Column("course_type", sa.Text(), nullable=True),
        sa.Column("repeats", sa.BigInteger(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("last_activity", sa.Date(), nullable=True),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("b1", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_case_file"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_case_file_person_id"),
        sa.UniqueConstraint("number", name="uq_case_file_number"),
        sa.ForeignKeyConstraint(["repeats"], ["case_file.id"], name="fk_case_file_repeats"),
    )


def _make_entitlement() -> None:
    op.create_table(
        "entitlement",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("art", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("agency_name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("unlimited", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("only_orientation", sa.Boolean(), nullable=False),
        sa.Column("only_language", sa.Boolean(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("party_uuid", sa.Text(), nullable=True),
        sa.Column("replaced_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "id", name="pk_entitlement"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_entitlement_case_id"),
        sqlite_with_rowid=False,
    )


def _make_work_item() -> None:
    op.create_table(
        "work_item",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("office_id", sa.Text(), nullable=True),
        sa.Column("lock_key", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("candidates", DOCUMENT, nullable=False),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("decision", DOCUMENT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("reminded_at", MOMENT, nullable=True),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_work_item"),
    )


def _widen() -> None:
    op.add_column("message", sa.Column("content_key_id", sa.BigInteger(), nullable=True))
    op.add_column("person", sa.Column("merged_into", sa.BigInteger(), nullable=True))
    op.add_column("person", sa.Column("died_on", sa.Date(), nullable=True))
    op.create_foreign_key("fk_person_merged_into", "person", "person", ["merged_into"], ["id"])
    op.add_column(
        "case_file",
        sa.Column("granted_units", sa.Integer(), nullable=False, server_default=str(EARLIER_UNITS)),
    )
    op.alter_column("case_file", "granted_units", server_default=None)
    op.add_column("case_file", sa.Column("course_type", sa.Text(), nullable=True))
    op.add_column("case_file", sa.Column("repeats", sa.BigInteger(), nullable=True))
    for day in ("registered_on", "started_on", "last_activity", "completed_on"):
        op.add_column("case_file", sa.Column(day, sa.Date(), nullable=True))
    op.add_column("case_file", sa.Column("b1", sa.Boolean(), nullable=True))
    op.create_foreign_key("fk_case_file_repeats", "case_file", "case_file", ["repeats"], ["id"])
    op.add_column("entitlement", sa.Column("party_uuid", sa.Text(), nullable=True))
    op.add_column("entitlement", sa.Column("replaced_by", sa.BigInteger(), nullable=True))
    op.add_column("work_item", sa.Column("decision", DOCUMENT, nullable=True))
    op.add_column("work_item", sa.Column("decided_by", sa.Text(), nullable=True))
    for moment in ("decided_at", "reminded_at", "undone_at"):
        op.add_column("work_item", sa.Column(moment, MOMENT, nullable=True))


def _join_contents() -> None:
    """Bring key, request and answer of a message together; what was erased stays without a key."""
    op.create_table(
        "content",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("request", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answer_type", sa.Text(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("decided_row", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_content"),
    )
    op.execute(
        "INSERT INTO content"
        " SELECT ids.id, content_key.wrapped, journal_content.ciphertext, answer.ciphertext,"
        " answer.message_type, answer.reason_code, answer.number, answer.decided_row"
        " FROM (SELECT id FROM content_key"
        " UNION SELECT content_key_id FROM journal WHERE content_key_id IS NOT NULL"
        " UNION SELECT content_key_id FROM answer) AS ids"
        " LEFT JOIN content_key ON content_key.id = ids.id"
        " LEFT JOIN journal ON journal.content_key_id = ids.id"
        " LEFT JOIN journal_content ON journal_content.journal_id = journal.id"
        " LEFT JOIN answer ON answer.content_key_id = ids.id"
        " ORDER BY ids.id"
    )
    op.execute(
        "UPDATE message SET content_key_id = (SELECT content_key_id FROM answer"
        " WHERE answer.uuid = message.uuid AND answer.party_id = message.party_id)"
    )
    for table in ("journal_content", "answer", "content_key"):
        op.drop_table(table)


def _add_persons() -> None:
    op.create_table(
        "person_history",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("before", DOCUMENT, nullable=False),
        sa.Column("after", DOCUMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person_history"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_person_history_person_id"),
    )
    op.create_index("ix_person_history_person_id", "person_history", ["person_id"], unique=False)
    op.create_table(
        "homonym",
        sa.Column("low_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("high_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("work_item_id", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("low_id", "high_id", name="pk_homonym"),
        sa.CheckConstraint("low_id < high_id", name=op.f("ck_homonym_order")),
        sa.ForeignKeyConstraint(["low_id"], ["person.id"], name="fk_homonym_low_id"),
        sa.ForeignKeyConstraint(["high_id"], ["person.id"], name="fk_homonym_high_id"),
    )
    op.create_index("ix_homonym_high_id", "homonym", ["high_id"], unique=False)
    op.create_table(
        "person_search",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("birth_year", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "kind", "form", name="pk_person_search"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_person_search_person_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_person_search_form_birth_year", "person_search", ["form", "birth_year"], unique=False)
    op.create_table(
        "hint",
        sa.Column("low_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("high_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reasons", DOCUMENT, nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("dismissed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("low_id", "high_id", name="pk_hint"),
        sa.CheckConstraint("low_id < high_id", name=op.f("ck_hint_order")),
        sa.ForeignKeyConstraint(["low_id"], ["person.id"], name="fk_hint_low_id"),
        sa.ForeignKeyConstraint(["high_id"], ["person.id"], name="fk_hint_high_id"),
    )
    op.create_index("ix_hint_high_id", "hint", ["high_id"], unique=False)


def _add_courses() -> None:
    op.create_table(
        "course_registration",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=False),
        sa.Column("organiser", sa.Text(), nullable=False),
        sa.Column("course_type", sa.Text(), nullable=True),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("placement_test_on", sa.Date(), nullable=True),
        sa.Column("placement_dispensable", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_course_registration"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_course_registration_case_id"),
    )
    op.create_index("ix_course_registration_case_id", "course_registration", ["case_id"], unique=False)
    op.create_table(
        "course_section",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("course_type", sa.Text(), nullable=False),
        sa.Column("course_no", sa.Text(), nullable=False),
        sa.Column("organiser", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("absent_excused", sa.Integer(), nullable=True),
        sa.Column("absent_unexcused", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_course_section"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_course_section_case_id"),
    )
    op.create_index("ix_course_section_case_id", "course_section", ["case_id"], unique=False)


def _add_answers() -> None:
    op.create_table(
        "question",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("asked_uuid", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("right_id", sa.BigInteger(), nullable=False),
        sa.Column("lock_key", sa.BigInteger(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("reply_uuid", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_question"),
        sa.ForeignKeyConstraint(
            ["uuid", "party_id"], ["message.uuid", "message.party_id"], name="fk_question_uuid_party_id"
        ),
        sa.UniqueConstraint("party_id", "asked_uuid", name="uq_question_party_id_asked_uuid"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_question_person_id"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_question_case_id"),
    )
    op.create_index("ix_question_person_id", "question", ["person_id"], unique=False)
    op.create_index("ix_question_state_due_on", "question", ["state", "due_on"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("trigger_uuid", sa.Text(), nullable=False),
        sa.Column("document_uuid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("decided_row", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("content_key_id", sa.BigInteger(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("first_fetched_at", MOMENT, nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.ForeignKeyConstraint(
            ["uuid", "party_id"], ["message.uuid", "message.party_id"], name="fk_outbox_uuid_party_id"
        ),
    )
    op.create_index("ix_outbox_uuid", "outbox", ["uuid"], unique=False)
    op.create_index(
        "ix_outbox_unconfirmed",
        "outbox",
        ["party_id", "id"],
        unique=False,
        sqlite_where=sa.text("confirmed_at IS NULL"),
        postgresql_where=sa.text("confirmed_at IS NULL"),
    )


def _add_clock() -> None:
    op.create_table(
        "business_clock",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offset_seconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_business_clock"),
        sa.CheckConstraint("id = 1", name=op.f("ck_business_clock_one")),
    )
    op.execute("INSERT INTO business_clock (id, offset_seconds) VALUES (1, 0)")
    lease = sa.table("lease", sa.column("name"), sa.column("holder"), sa.column("expires_at", MOMENT))
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    postgres = op.get_bind().dialect.name == "postgresql"
    free = long_ago if postgres else long_ago.isoformat(timespec="microseconds")
    op.execute(lease.insert().values(name="scheduler", holder="", expires_at=free))
    # Made by the first readiness check before; two at once tried to make it.
    op.execute(lease.delete().where(lease.c.name == "readiness"))
    op.execute(lease.insert().values(name="readiness", holder="", expires_at=free))
