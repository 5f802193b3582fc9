"""Batches: deferred work, deliveries of many records, their chunks and results."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The types of this revision, on purpose not those of store.schema: a revision never changes.
MOMENT = sa.String(32).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the new tables; what is stored stays as it is."""
    _add_work()
    _add_deliveries()
    _add_results()
    _add_lease()


def _add_work() -> None:
    """What is done after the message that asked for it."""
    op.create_table(
        "work",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=True),
        sa.Column("facts", DOCUMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ready_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("enqueued_at", MOMENT, nullable=False),
        sa.Column("last_code", sa.Text(), nullable=True),
        sa.Column("last_place", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_work"),
    )
    op.create_index("ix_work_kind_subject", "work", ["kind", "subject"], unique=False)
    op.create_index(
        "ix_work_ready",
        "work",
        ["ready_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'READY'"),
        postgresql_where=sa.text("state = 'READY'"),
    )
    op.create_index(
        "ix_work_running",
        "work",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'RUNNING'"),
        postgresql_where=sa.text("state = 'RUNNING'"),
    )


def _add_deliveries() -> None:
    """What was delivered, in chunks, and how far the numbers of a party are."""
    op.create_table(
        "delivery",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("package", sa.Integer(), nullable=False),
        sa.Column("last", sa.Boolean(), nullable=False),
        sa.Column("stem", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=True),
        sa.Column("signer_fingerprint", sa.Text(), nullable=False),
        sa.Column("schema_version", sa.Text(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("party_id", "uuid", name="uq_delivery_party_id_uuid"),
        sa.UniqueConstraint("stem", name="uq_delivery_stem"),
    )
    op.create_index(
        "ix_delivery_unfinished",
        "delivery",
        ["id"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        "uq_delivery_accepted",
        "delivery",
        ["party_id", "number", "package"],
        unique=True,
        sqlite_where=sa.text("accepted_at IS NOT NULL"),
        postgresql_where=sa.text("accepted_at IS NOT NULL"),
    )
    op.create_table(
        "delivery_sequence",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("package", sa.Integer(), nullable=False),
        sa.Column("last", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("party_id", name="pk_delivery_sequence"),
    )
    op.create_table(
        "delivery_chunk",
        sa.Column("delivery_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("missed", sa.Boolean(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("parked", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("faulty", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_delivery_chunk_delivery_id"),
        sa.PrimaryKeyConstraint("delivery_id", "ordinal", name="pk_delivery_chunk"),
    )
    op.create_index(
        "ix_delivery_chunk_open",
        "delivery_chunk",
        ["delivery_id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )


def _add_results() -> None:
    """Results of deliveries, and which later answers went into which."""
    op.create_table(
        "delivery_result",
        sa.Column("delivery_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("addendum", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("first_fetched_at", MOMENT, nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_delivery_result_delivery_id"),
        sa.PrimaryKeyConstraint("delivery_id", "addendum", name="pk_delivery_result"),
        sa.UniqueConstraint("uuid", name="uq_delivery_result_uuid"),
    )
    op.create_index(
        "ix_delivery_result_unconfirmed",
        "delivery_result",
        ["delivery_id"],
        unique=False,
        sqlite_where=sa.text("confirmed_at IS NULL"),
        postgresql_where=sa.text("confirmed_at IS NULL"),
    )
    op.create_table(
        "delivery_later",
        sa.Column("outbox_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("addendum", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name="fk_delivery_later_outbox_id"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_delivery_later_delivery_id"),
        sa.PrimaryKeyConstraint("outbox_id", name="pk_delivery_later"),
    )
    op.create_index(
        "ix_delivery_later_delivery_id_addendum", "delivery_later", ["delivery_id", "addendum"], unique=False
    )
    op.create_index(
        "ix_outbox_batch",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("route = 'batch' AND confirmed_at IS NULL"),
        postgresql_where=sa.text("route = 'batch' AND confirmed_at IS NULL"),
    )


def _add_lease() -> None:
    """Of all processes one at a time works on the watched folder."""
    lease = sa.table("lease", sa.column("name"), sa.column("holder"), sa.column("expires_at", MOMENT))
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    postgres = op.get_bind().dialect.name == "postgresql"
    free = long_ago if postgres else long_ago.isoformat(timespec="microseconds")
    op.execute(lease.insert().values(name="batch-folder", holder="", expires_at=free))
