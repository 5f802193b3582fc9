"""The hot path on SQLite, on the standard library's driver."""

import sqlite3
import time
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table

from store.columns import moment_text
from store.errors import StoreBusy, translate
from store.links import Batch, Link
from store.statements import Row, Statement, converted, insert, writers


class SqliteLink(Link):
    """SQLite: BEGIN IMMEDIATE makes the transaction itself the lock."""

    dialect = "sqlite"
    _FIRST_WAIT = 0.00005
    _LONGEST_WAIT = 0.002

    def __init__(self, connection: sqlite3.Connection, patience: float) -> None:
        super().__init__()
        self._connection = connection
        self._cursor = connection.cursor()
        # Waiting is done here; once the write lock is held nothing else of a transaction can be busy.
        self._cursor.execute("PRAGMA busy_timeout=0")
        self._patience = patience
        self._inserts: dict[Table, tuple[str, tuple[tuple[int, Any], ...]]] = {}

    def usable(self) -> bool:
        """Return whether it was not closed after an error."""
        return not self.closed

    def moment(self, at: datetime) -> str:
        """Return the text that sorts like the time."""
        return moment_text(at)

    def day(self, on: date) -> str:
        """Return the ISO date."""
        return on.isoformat()

    def begin(self) -> None:
        """Take the write lock; waits in short steps, since SQLite's own ones reach 100 ms."""
        try:
            self._take_lock()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _take_lock(self) -> None:
        wait = self._FIRST_WAIT
        deadline = time.monotonic() + self._patience
        while True:
            try:
                self._cursor.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                busy = isinstance(translate(error), StoreBusy)
                if not busy or time.monotonic() > deadline:
                    raise
            time.sleep(wait)
            wait = min(wait * 2, self._LONGEST_WAIT)

    def defer(self, statement: Statement, parameters: Sequence[Any]) -> None:
        """Run the statement at once: there is no way to travel."""
        self.run(statement, parameters)

    def run(self, statement: Statement, parameters: Sequence[Any]) -> list[Row]:
        """Run a statement and return its converted rows."""
        try:
            rows = self._cursor.execute(statement.sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from error
        return [statement.row(row) for row in rows]

    def write(self, batch: Batch) -> None:
        """Insert the rows, table by table."""
        try:
            self._insert(batch)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def commit(self, batch: Batch) -> None:
        """Insert the rows, table by table, and commit."""
        try:
            self._insert(batch)
            self._cursor.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _insert(self, batch: Batch) -> None:
        cursor = self._cursor
        for table, rows in batch.items():
            known = self._inserts.get(table)
            if known is None:
                known = self._inserts[table] = (insert("sqlite", table), writers("sqlite", table))
            sql, converters = known
            if converters:
                rows = [converted(row, converters) for row in rows]
            if len(rows) == 1:
                cursor.execute(sql, rows[0])
            else:
                cursor.executemany(sql, rows)

    def rollback(self) -> None:
        """Undo the transaction."""
        try:
            if self._connection.in_transaction:
                self._cursor.execute("ROLLBACK")
        except sqlite3.Error:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        self.closed = True
        self._connection.close()

    def _failed(self, error: sqlite3.Error) -> BaseException:
        translated = translate(error)
        if translated is None:
            return error
        if not isinstance(translated, StoreBusy):
            self.rollback()
            self.close()
        return translated
