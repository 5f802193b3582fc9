"""All authorities: takeovers, retrievals, disclosure blocks, course data, erasures."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The types of this revision, on purpose not those of store.schema: a revision never changes.
MOMENT = sa.String(32).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the new tables; what is stored stays as it is."""
    _add_takeovers()
    _add_courses()
    _add_erasures()
    _add_versions()
    _widen_sections()


def _add_takeovers() -> None:
    """Further agencies of a case, blocks, and who was told what."""
    op.create_table(
        "takeover",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("right_id", sa.BigInteger(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("agency_name", sa.Text(), nullable=False),
        sa.Column("agency_type", sa.Text(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("party_uuid", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_takeover"),
        sa.UniqueConstraint("case_id", "right_id", "agency", name="uq_takeover_case_id_right_id_agency"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_takeover_case_id"),
    )
    op.create_table(
        "disclosure_block",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_disclosure_block_person_id"),
        sa.PrimaryKeyConstraint("person_id", "agency", name="pk_disclosure_block"),
    )
    op.create_table(
        "retrieval",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("party_name", sa.Text(), nullable=False),
        sa.Column("agency_type", sa.Text(), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("answer_type", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("row", sa.Text(), nullable=True),
        sa.Column("scope", DOCUMENT, nullable=False),
        sa.Column("held_at", MOMENT, nullable=True),
        sa.Column("held_by", sa.Text(), nullable=True),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_retrieval"),
    )
    op.create_index("ix_retrieval_at", "retrieval", ["at"], unique=False)
    op.create_index("ix_retrieval_party_id_uuid", "retrieval", ["party_id", "uuid"], unique=False)
    op.create_index("ix_retrieval_person_id", "retrieval", ["person_id"], unique=False)


def _add_courses() -> None:
    """Organisers with their sites, tests and dropouts."""
    op.create_table(
        "organiser",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", DOCUMENT, nullable=False),
        sa.Column("contact", DOCUMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_organiser"),
    )
    op.create_table(
        "course_site",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("organiser", sa.Text(), nullable=False),
        sa.Column("address", DOCUMENT, nullable=False),
        sa.Column("contact", DOCUMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organiser"], ["organiser.number"], name="fk_course_site_organiser"),
        sa.PrimaryKeyConstraint("number", name="pk_course_site"),
    )
    op.create_table(
        "course_test",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("organiser", sa.Text(), nullable=False),
        sa.Column("test_type", sa.Text(), nullable=True),
        sa.Column("overall", sa.Text(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("parts", DOCUMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_course_test_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_course_test"),
    )
    op.create_index("ix_course_test_case_id", "course_test", ["case_id"], unique=False)
    op.create_table(
        "course_dropout",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("dropped_on", sa.Date(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_course_dropout_case_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_course_dropout"),
    )


def _add_erasures() -> None:
    """What was erased when its time was over."""
    op.create_table(
        "erasure",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.Column("took_part", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_erasure_person_id"),
        sa.PrimaryKeyConstraint("person_id", "stage", name="pk_erasure"),
    )
    merged = sa.text("merged_into IS NOT NULL")
    op.create_index(
        "ix_person_merged_into",
        "person",
        ["merged_into"],
        unique=False,
        sqlite_where=merged,
        postgresql_where=merged,
    )
    waits = sa.text("state = 'OPEN'")
    op.create_index(
        "ix_work_item_open", "work_item", ["id"], unique=False, sqlite_where=waits, postgresql_where=waits
    )


def _add_versions() -> None:
    """Which versions of the standard a party may write in; those that are there write in the one so far."""
    op.create_table(
        "party_version",
        sa.Column("kennung", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kennung"], ["party.kennung"], name="fk_party_version_kennung", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("kennung", "version", name="pk_party_version"),
    )
    op.execute("INSERT INTO party_version (kennung, version) SELECT kennung, 'XAusländer 26.11' FROM party")


def _widen_sections() -> None:
    """Add when a section is expected to end."""
    if op.get_bind().dialect.name != "sqlite":
        op.add_column("course_section", sa.Column("expected_end", sa.Date(), nullable=True))
        return
    # Made anew, as SQLite stores the text of a table's definition. `store.migrate` switched foreign keys off.
    columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns("course_section")]
    names = ", ".join(f'"{name}"' for name in columns)
    op.execute(f'CREATE TEMPORARY TABLE kept AS SELECT {names} FROM "course_section"')  # noqa: S608 - ours
    op.drop_table("course_section")
    _make_sections()
    op.execute(f'INSERT INTO "course_section" ({names}) SELECT {names} FROM kept ORDER BY 1')  # noqa: S608
    op.execute("DROP TABLE kept")


def _make_sections() -> None:
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
        sa.Column("expected_end", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_course_section"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_course_section_case_id"),
    )
    op.create_index("ix_course_section_case_id", "course_section", ["case_id"], unique=False)
