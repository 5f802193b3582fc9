"""Bringing an acceptance store to the revision of this program.

A step, once released, never changes; what is changed later comes in by a step after it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, inspect, text

from store.database import make_engine

_TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {"id": "INTEGER", "bytes": "BLOB", "moment": "VARCHAR(32)", "document": "JSON"},
    "postgresql": {
        "id": "BIGINT",
        "bytes": "BYTEA",
        "moment": "TIMESTAMP WITH TIME ZONE",
        "document": "JSONB",
    },
}
_STEPS: Final[Sequence[Sequence[str]]] = (
    (
        "CREATE TABLE kept_delivery ("
        " id {id} NOT NULL PRIMARY KEY, state TEXT NOT NULL, party_id TEXT NOT NULL, uuid TEXT NOT NULL,"
        " content_hash {bytes} NOT NULL, number BIGINT NOT NULL, package INTEGER NOT NULL,"
        ' "last" BOOLEAN NOT NULL, records INTEGER NOT NULL, size BIGINT NOT NULL, door TEXT NOT NULL,'
        " peer TEXT, received_at {moment} NOT NULL, in_doubt BOOLEAN NOT NULL,"
        " accepted_at {moment}, receipt {bytes},"
        " ready_at {moment} NOT NULL, early_since {moment}, attempts INTEGER NOT NULL, holder TEXT,"
        " lease_until {moment}, settled_at {moment}, code TEXT, details {document}, wrapped {bytes},"
        " manifest {bytes})",
        "CREATE UNIQUE INDEX uq_kept_delivery_uuid ON kept_delivery (party_id, uuid)"
        " WHERE state != 'LOADING'",
        "CREATE UNIQUE INDEX uq_kept_delivery_place ON kept_delivery (party_id, number, package)"
        " WHERE state = 'ACCEPTED'",
        "CREATE INDEX ix_kept_delivery_accepted ON kept_delivery (accepted_at, id) WHERE state = 'ACCEPTED'",
        "CREATE TABLE kept_part ("
        " delivery_id BIGINT NOT NULL REFERENCES kept_delivery (id), ordinal BIGINT NOT NULL,"
        " ciphertext {bytes} NOT NULL, PRIMARY KEY (delivery_id, ordinal))",
    ),
    (
        "ALTER TABLE kept_delivery ADD COLUMN octets BIGINT NOT NULL DEFAULT 0",
        "UPDATE kept_delivery SET octets = length(manifest) + (SELECT COALESCE(SUM(length(ciphertext)), 0)"
        " FROM kept_part WHERE delivery_id = kept_delivery.id) WHERE manifest IS NOT NULL",
        "CREATE INDEX ix_kept_delivery_octets ON kept_delivery (octets) WHERE octets > 0",
    ),
)
REVISION: Final = len(_STEPS)
"""The revision that this program needs."""
_LOCK: Final = "SELECT pg_advisory_xact_lock(5133472202)"


def migrate_acceptance(url: str) -> None:
    """Bring the acceptance store at an address to this program's revision, in one transaction.

    Raises what the driver raises when it cannot be reached: this runs before anything is served.
    """
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text(_LOCK))
            found = revision_of(connection)
            if found == 0:
                connection.execute(text("CREATE TABLE acceptance_revision (number INTEGER NOT NULL)"))
                connection.execute(text("INSERT INTO acceptance_revision (number) VALUES (0)"))
            for step in _STEPS[found:]:
                for statement in step:
                    connection.execute(text(statement.format_map(_TYPES[engine.dialect.name])))
            if found < REVISION:
                connection.execute(text("UPDATE acceptance_revision SET number = :it"), {"it": REVISION})
    finally:
        engine.dispose()


def revision_of(connection: Connection) -> int:
    """Return the revision of an acceptance store, 0 where nothing was migrated."""
    if not inspect(connection).has_table("acceptance_revision"):
        return 0
    return int(connection.execute(text("SELECT number FROM acceptance_revision")).scalar_one())
