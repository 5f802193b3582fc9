"""What running processes share: counters, leases, the business clock."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, Sequence, Table, Text

from store.columns import Moment
from store.schema.base import metadata

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
