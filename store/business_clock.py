"""How far the business clock of a test environment is ahead of the real one: one row for all processes."""

from datetime import timedelta

from sqlalchemy import Connection, select, update

from store.schema import business_clock


def read_offset(connection: Connection) -> timedelta:
    """Return the offset."""
    seconds = connection.execute(select(business_clock.c.offset_seconds)).scalar_one()
    return timedelta(seconds=seconds)


def write_offset(connection: Connection, offset: timedelta) -> None:
    """Set the offset, in whole seconds."""
    connection.execute(update(business_clock).values(offset_seconds=offset // timedelta(seconds=1)))
