"""What the store says when it cannot do its work; nothing else of a driver's errors leaves this room."""

import sqlite3

import psycopg


class StoreUnavailable(Exception):
    """The store is away: refused, cut off, disk gone. Nothing was acknowledged; try again later."""


class StoreBusy(StoreUnavailable):
    """The store is there, but a lock did not come in time or two transactions met; the sender tries again."""


class StoreFull(StoreUnavailable):
    """The store has no room: its disk is full, or it holds as much as it may. Nothing was acknowledged."""


class StoreNotMigrated(Exception):
    """The tables do not have the revision this program needs: run `migrate` first."""


class NotAllowed(Exception):
    """The role of the database that the store was opened with may not do this."""


class ContentErased(Exception):
    """The content key of a request was destroyed; its bytes cannot be read any more."""


class WorkLost(Exception):
    """A row of deferred work is not ours any more: its lease ran out, and another took it."""


_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_AWAY = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_PROTOCOL,
}
_POSTGRESQL_BUSY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
_POSTGRESQL_AWAY = (
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.IoError,
)


def translate(error: BaseException) -> StoreUnavailable | None:
    """Return the store's own error for a driver's one, or None when it is a mistake of the program.

    In: what sqlite3 or psycopg raised. The texts hold the kind of trouble, never a statement or a value.
    """
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in _SQLITE_BUSY:
            return StoreBusy("SQLite: the write lock did not come in time")
        if primary == sqlite3.SQLITE_FULL:
            return StoreFull("SQLite: the disk is full")
        if primary in _SQLITE_AWAY:
            return StoreUnavailable(f"SQLite: {error.sqlite_errorname}")
        return None
    if isinstance(error, _POSTGRESQL_BUSY):
        return StoreBusy(f"PostgreSQL: {type(error).__name__}")
    if isinstance(error, psycopg.errors.DiskFull):
        return StoreFull("PostgreSQL: the disk is full")
    if isinstance(error, (psycopg.OperationalError, *_POSTGRESQL_AWAY)):
        return StoreUnavailable(f"PostgreSQL: {type(error).__name__}")
    return None
