"""The tables of the first release."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateSequence

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The types of this revision, on purpose not those of store.schema: a revision never changes.
MOMENT = sa.String(32).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, the number counter at epoch 1, and a free lease for the sealer."""
    op.create_table(
        "certificate",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_certificate"),
    )
    op.create_table(
        "content_key",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content_key"),
    )
    op.create_table(
        "journal",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("uuid", sa.Text(), nullable=True),
        sa.Column("message_type", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("door", sa.Text(), nullable=True),
        sa.Column("peer", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=True),
        sa.Column("content_key_id", sa.BigInteger(), nullable=True),
        sa.Column("sealed_digest", sa.LargeBinary(), nullable=True),
        sa.Column("row_hash", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("chain_hash", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )
    op.create_index(
        "ix_journal_unsealed",
        "journal",
        ["id"],
        unique=False,
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_index("ix_journal_uuid", "journal", ["uuid"], unique=False)
    op.create_index(
        "uq_journal_position",
        "journal",
        ["position"],
        unique=True,
        sqlite_where=sa.text("position IS NOT NULL"),
        postgresql_where=sa.text("position IS NOT NULL"),
    )
    op.create_table(
        "journal_head",
        sa.Column("position", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("chain_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_journal_head"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "message",
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("uuid", "party_id", name="pk_message"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "number_epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("node", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_number_epoch_one")),
        sa.PrimaryKeyConstraint("id", name="pk_number_epoch"),
    )
    op.create_table(
        "office",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("contact", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_office"),
    )
    op.create_table(
        "party",
        sa.Column("kennung", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("agency_type", sa.Text(), nullable=False),
        sa.Column("require_timestamp", sa.Boolean(), nullable=False),
        sa.Column("signature_first", sa.Boolean(), nullable=False),
        sa.Column("ecdsa_answers", sa.Boolean(), nullable=False),
        sa.Column("str_transform", sa.Boolean(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kennung", name="pk_party"),
    )
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
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_index("ix_person_lock_key", "person", ["lock_key"], unique=False)
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
        sa.PrimaryKeyConstraint("id", name="pk_work_item"),
    )
    op.create_index("ix_work_item_lock_key", "work_item", ["lock_key"], unique=False)
    op.create_index("ix_work_item_office_id_state", "work_item", ["office_id", "state"], unique=False)
    op.create_table(
        "answer",
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("decided_row", sa.Text(), nullable=True),
        sa.Column("content_key_id", sa.BigInteger(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["uuid", "party_id"], ["message.uuid", "message.party_id"], name="fk_answer_uuid_party_id"
        ),
        sa.PrimaryKeyConstraint("uuid", "party_id", name="pk_answer"),
    )
    op.create_table(
        "case_file",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_case_file_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_file"),
        sa.UniqueConstraint("number", name="uq_case_file_number"),
    )
    op.create_index("ix_case_file_person_id", "case_file", ["person_id"], unique=False)
    op.create_table(
        "decision",
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("schema_version", sa.Text(), nullable=False),
        sa.Column("signer_fingerprint", sa.Text(), nullable=False),
        sa.Column("identity_branch", sa.Text(), nullable=True),
        sa.Column("row", sa.Text(), nullable=True),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=True),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("answer_type", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("evidence", DOCUMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["uuid", "party_id"], ["message.uuid", "message.party_id"], name="fk_decision_uuid_party_id"
        ),
        sa.PrimaryKeyConstraint("uuid", "party_id", "id", name="pk_decision"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "journal_content",
        sa.Column("journal_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name="fk_journal_content_journal_id"),
        sa.PrimaryKeyConstraint("journal_id", name="pk_journal_content"),
    )
    op.create_table(
        "office_postcode",
        sa.Column("first", sa.String(length=5), nullable=False),
        sa.Column("last", sa.String(length=5), nullable=False),
        sa.Column("office_id", sa.Text(), nullable=False),
        sa.CheckConstraint("first <= last", name=op.f("ck_office_postcode_order")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_office_postcode_office_id"),
        sa.PrimaryKeyConstraint("first", name="pk_office_postcode"),
    )
    op.create_table(
        "party_certificate",
        sa.Column("kennung", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("valid_from", MOMENT, nullable=True),
        sa.Column("valid_until", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["kennung"], ["party.kennung"], name="fk_party_certificate_kennung", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["fingerprint"], ["certificate.fingerprint"], name="fk_party_certificate_fingerprint"
        ),
        sa.PrimaryKeyConstraint("kennung", "fingerprint", name="pk_party_certificate"),
    )
    op.create_table(
        "party_type",
        sa.Column("kennung", sa.Text(), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kennung"], ["party.kennung"], name="fk_party_type_kennung", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("kennung", "message_type", name="pk_party_type"),
    )
    op.create_table(
        "work_item_message",
        sa.Column("work_item_id", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("attached_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["uuid", "party_id"],
            ["message.uuid", "message.party_id"],
            name="fk_work_item_message_uuid_party_id",
        ),
        sa.ForeignKeyConstraint(["work_item_id"], ["work_item.id"], name="fk_work_item_message_work_item_id"),
        sa.PrimaryKeyConstraint("work_item_id", "party_id", "uuid", name="pk_work_item_message"),
    )
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
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_entitlement_case_id"),
        sa.PrimaryKeyConstraint("case_id", "id", name="pk_entitlement"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "case_history",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("entitlement_id", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "entitlement_id"],
            ["entitlement.case_id", "entitlement.id"],
            name="fk_case_history_case_id_entitlement_id",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_history_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_history"),
    )
    op.create_index("ix_case_history_case_id", "case_history", ["case_id"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        op.execute(CreateSequence(sa.Sequence("number_counter", data_type=sa.BigInteger())))
    op.execute("INSERT INTO number_epoch (id, epoch, counter, node) VALUES (1, 1, 0, 0)")
    lease = sa.table("lease", sa.column("name"), sa.column("holder"), sa.column("expires_at", MOMENT))
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    free = (
        long_ago
        if op.get_bind().dialect.name == "postgresql"
        else long_ago.isoformat(timespec="microseconds")
    )
    op.execute(lease.insert().values(name="sealer", holder="", expires_at=free))
