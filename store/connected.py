"""What every store stands on: an engine of one process, and connections that notice when it is away."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from store.errors import StoreUnavailable, translate
from store.links import FileId

DRIVER_ERRORS = (DBAPIError, sqlite3.Error, psycopg.Error)
"""SQLAlchemy wraps what a statement raises, but not always what opening or pinging a connection does."""


class Connected:
    """An engine in the hands of one process: make it after a fork, never before."""

    def __init__(self, engine: Engine, made_by: str = "inge migrate") -> None:
        """In: the command that makes its tables, to be named where they are missing."""
        self._made_by = made_by
        self.engine = engine
        self.dialect = engine.dialect.name
        self._process = os.getpid()
        self._file = engine.url.database if self.dialect == "sqlite" else None
        self._file_id: FileId | None = None

    @contextmanager
    def _connection(self, *, write: bool) -> Iterator[Connection]:
        """Give a connection in a transaction, which commits at the end. Raises StoreUnavailable."""
        self._check_process()
        self._check_file()
        with outward_errors(), self.engine.connect() as raw:
            connection = raw.execution_options(inge_write=write)
            with connection.begin():
                yield connection

    def _check_file(self) -> FileId | None:
        """Return which file SQLite's path leads to; forget connections to the one it led to before.

        A file moved or removed under open connections still takes commits, which nobody would find again.
        Raises StoreUnavailable when there is none: only `migrate` makes one.
        """
        if self._file is None:
            return None
        try:
            status = os.stat(self._file)
        except FileNotFoundError:
            raise StoreUnavailable(
                f"SQLite: the store has no file; `{self._made_by}` makes a new one"
            ) from None
        except OSError as error:
            raise StoreUnavailable(f"SQLite: {type(error).__name__}") from None
        found = (status.st_dev, status.st_ino)
        if found != self._file_id:
            if self._file_id is not None:
                self.engine.dispose()
            self._file_id = found
        return found

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise RuntimeError("the store was opened before a fork; open it in each process")


@contextmanager
def outward_errors() -> Iterator[None]:
    """Raise the store's own errors for a driver's ones."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise outward(error) from error


def outward(error: Exception) -> Exception:
    """Return the store's own error for a driver's one; a mistake of the program comes back as it is."""
    original = error.orig if isinstance(error, DBAPIError) else error
    translated = None if original is None else translate(original)
    if translated is None and isinstance(error, DBAPIError) and error.connection_invalidated:
        translated = StoreUnavailable("the connection was lost")
    return error if translated is None else translated
