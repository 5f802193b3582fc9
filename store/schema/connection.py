"""How an authority gets connected: products, procedures with their test data, confirmations, permissions."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from store.columns import Document, Moment
from store.schema.base import metadata, row_id

connection_product = Table(
    "connection_product",
    metadata,
    row_id(),
    Column("maker", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("state", Text, nullable=False),
    UniqueConstraint("maker", "name", "version"),
)

# `revision` counts the changes of what is compared; a comparison says of which one it is.
connection_procedure = Table(
    "connection_procedure",
    metadata,
    row_id(),
    Column("kennung", Text, ForeignKey("party.kennung"), nullable=False),
    Column("product_id", BigInteger, ForeignKey("connection_product.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
)
Index(
    "uq_connection_procedure_under_way",
    connection_procedure.c.kennung,
    connection_procedure.c.product_id,
    unique=True,
    sqlite_where=connection_procedure.c.ended_at.is_(None),
    postgresql_where=connection_procedure.c.ended_at.is_(None),
)

connection_scope = Table(
    "connection_scope",
    metadata,
    Column("procedure_id", BigInteger, ForeignKey("connection_procedure.id"), primary_key=True),
    Column("message_type", Text, primary_key=True),
    Column("version", Text, primary_key=True),
)

# `wrapped` and `ciphertext` go with the end of the procedure: then nothing has to be compared any more.
connection_supplied = Table(
    "connection_supplied",
    metadata,
    Column("procedure_id", BigInteger, ForeignKey("connection_procedure.id"), primary_key=True),
    Column("uuid", Text, primary_key=True),
    Column("file", Text, nullable=False),
    Column("message_type", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("key_id", BigInteger, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("ciphertext", LargeBinary, nullable=True),
)

connection_left_out = Table(
    "connection_left_out",
    metadata,
    Column("procedure_id", BigInteger, ForeignKey("connection_procedure.id"), primary_key=True),
    Column("uuid", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# The row's own id is that of its content key.
connection_comparison = Table(
    "connection_comparison",
    metadata,
    row_id(),
    Column("procedure_id", BigInteger, ForeignKey("connection_procedure.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("equal", Boolean, nullable=False),
    Column("counts", Document, nullable=False),
    Column("sent_digest", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("ciphertext", LargeBinary, nullable=True),
)

# In a test environment what was confirmed (`procedure_id`), in a productive one what was imported.
connection_confirmation = Table(
    "connection_confirmation",
    metadata,
    Column("uuid", Text, primary_key=True),
    Column("procedure_id", BigInteger, ForeignKey("connection_procedure.id"), nullable=True),
    Column("kennung", Text, nullable=False, index=True),
    Column("maker", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("product_version", Text, nullable=False),
    Column("scope", Document, nullable=False),
    Column("state", Text, nullable=False),
    Column("confirmed_at", Moment, nullable=False),
    Column("confirmed_by", Text, nullable=False),
    Column("import_until", Date, nullable=False),
    Column("document", LargeBinary, nullable=True),
    Column("signer_fingerprint", Text, nullable=True),
)

# What a party may send productively: a pair of message type and version for every confirmation of it.
connection_grant = Table(
    "connection_grant",
    metadata,
    Column("kennung", Text, ForeignKey("party.kennung", ondelete="CASCADE"), primary_key=True),
    Column("message_type", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("confirmation", Text, primary_key=True),
)

# `kind` and `subject` name what changed: "product" or "procedure" and its id, "confirmation" and its UUID.
connection_history = Table(
    "connection_history",
    metadata,
    row_id(),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("before", Text, nullable=True),
    Column("after", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", Document, nullable=False),
    Index(None, "kind", "subject"),
)
