"""Connections: products, procedures with their test data, confirmations, productive permissions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The types of this revision, on purpose not those of store.schema: a revision never changes.
MOMENT = sa.String(32).with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the new tables; who was productive before goes on sending what it was allowed."""
    _add_procedures()
    _add_test_data()
    _add_confirmations()
    op.execute(
        "INSERT INTO connection_grant (kennung, message_type, version, confirmation)"
        " SELECT party.kennung, party_type.message_type, party_version.version, 'inherited'"
        " FROM party JOIN party_type ON party_type.kennung = party.kennung"
        " JOIN party_version ON party_version.kennung = party.kennung"
        " WHERE party.environment = 'productive'"
    )


def _add_procedures() -> None:
    """Products, procedures and what they are about."""
    op.create_table(
        "connection_product",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_connection_product"),
        sa.UniqueConstraint("maker", "name", "version", name="uq_connection_product_maker_name_version"),
    )
    op.create_table(
        "connection_procedure",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("kennung", sa.Text(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["kennung"], ["party.kennung"], name="fk_connection_procedure_kennung"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["connection_product.id"], name="fk_connection_procedure_product_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_connection_procedure"),
    )
    under_way = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_connection_procedure_under_way",
        "connection_procedure",
        ["kennung", "product_id"],
        unique=True,
        sqlite_where=under_way,
        postgresql_where=under_way,
    )
    op.create_table(
        "connection_scope",
        sa.Column("procedure_id", sa.BigInteger(), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["procedure_id"], ["connection_procedure.id"], name="fk_connection_scope_procedure_id"
        ),
        sa.PrimaryKeyConstraint("procedure_id", "message_type", "version", name="pk_connection_scope"),
    )
    op.create_table(
        "connection_history",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_connection_history"),
    )
    op.create_index(
        "ix_connection_history_kind_subject", "connection_history", ["kind", "subject"], unique=False
    )


def _add_test_data() -> None:
    """What was given separately, what is no test data, what comparisons said."""
    op.create_table(
        "connection_supplied",
        sa.Column("procedure_id", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["procedure_id"], ["connection_procedure.id"], name="fk_connection_supplied_procedure_id"
        ),
        sa.PrimaryKeyConstraint("procedure_id", "uuid", name="pk_connection_supplied"),
    )
    op.create_table(
        "connection_left_out",
        sa.Column("procedure_id", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["procedure_id"], ["connection_procedure.id"], name="fk_connection_left_out_procedure_id"
        ),
        sa.PrimaryKeyConstraint("procedure_id", "uuid", name="pk_connection_left_out"),
    )
    op.create_table(
        "connection_comparison",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("procedure_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("equal", sa.Boolean(), nullable=False),
        sa.Column("counts", DOCUMENT, nullable=False),
        sa.Column("sent_digest", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["procedure_id"], ["connection_procedure.id"], name="fk_connection_comparison_procedure_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_connection_comparison"),
    )
    op.create_index(
        "ix_connection_comparison_procedure_id", "connection_comparison", ["procedure_id"], unique=False
    )


def _add_confirmations() -> None:
    """Confirmations, and what parties may send productively by them."""
    op.create_table(
        "connection_confirmation",
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("procedure_id", sa.BigInteger(), nullable=True),
        sa.Column("kennung", sa.Text(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("product_version", sa.Text(), nullable=False),
        sa.Column("scope", DOCUMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=False),
        sa.Column("import_until", sa.Date(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("signer_fingerprint", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["procedure_id"], ["connection_procedure.id"], name="fk_connection_confirmation_procedure_id"
        ),
        sa.PrimaryKeyConstraint("uuid", name="pk_connection_confirmation"),
    )
    op.create_index(
        "ix_connection_confirmation_kennung", "connection_confirmation", ["kennung"], unique=False
    )
    op.create_table(
        "connection_grant",
        sa.Column("kennung", sa.Text(), nullable=False),
        sa.Column("message_type", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("confirmation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kennung"], ["party.kennung"], name="fk_connection_grant_kennung", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "kennung", "message_type", "version", "confirmation", name="pk_connection_grant"
        ),
    )
