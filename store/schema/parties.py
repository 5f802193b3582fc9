"""Who may send, with which certificates, and which office is competent for which postcodes."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, LargeBinary, String, Table, Text

from store.columns import Document, Moment
from store.schema.base import metadata

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

party_version = Table(
    "party_version",
    metadata,
    Column("kennung", Text, ForeignKey("party.kennung", ondelete="CASCADE"), primary_key=True),
    Column("version", Text, primary_key=True),
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
