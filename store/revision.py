"""Which revision a store has, and which ones this program works on; without the tool that migrates."""

from typing import Final

from sqlalchemy import Connection, inspect, select
from sqlalchemy.sql import column, table

HEAD: Final = "0005"
"""The newest of the packaged migrations: the revision that this program needs."""

# The table in which the migrations keep count.
_COUNT = table("alembic_version", column("version_num"))


def serves(revision: str | None) -> bool:
    """Return whether this program may work on a store of a revision: its own, or a later one.

    A later one is met for a while when nodes are brought to a new release one after the other: the store
    first, then the programs. What a migration takes away, the release before it must not have needed.
    """
    return revision is not None and revision >= HEAD


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the store, or None when it was never migrated."""
    if not inspect(connection).has_table(_COUNT.name):
        return None
    found: str | None = connection.scalar(select(_COUNT.c.version_num))
    return found
