"""A thread's own connection for the hot path: begin, ask, write everything at once, commit.

SQLAlchemy defines the tables and makes the SQL; here the prepared text goes straight to the driver, in a way
of its own for each engine.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, ClassVar, TypeAlias

from sqlalchemy import Table

from store.statements import Row, Statement

Batch: TypeAlias = "dict[Table, list[Sequence[Any]]]"
"""Rows to insert, tables in an order in which foreign keys hold."""
FileId: TypeAlias = tuple[int, int]
"""Device and inode."""


class Link(ABC):
    """One connection in the hands of one thread."""

    dialect: ClassVar[str]

    def __init__(self) -> None:
        self.closed = False
        self.file_id: FileId | None = None
        """The file that was opened; only SQLite has one."""
        self.numbers: list[Row] = []
        """(epoch, counter) pairs taken from the store and not used yet; they die with the connection."""
        self._in_use = False

    def enter(self) -> None:
        """Claim the connection; a thread has one unit of work at a time."""
        if self._in_use:
            raise RuntimeError("this thread is in a unit of work already")
        self._in_use = True

    def leave(self) -> None:
        """Give the connection back."""
        self._in_use = False

    @abstractmethod
    def usable(self) -> bool:
        """Return whether the connection can open another transaction."""

    @abstractmethod
    def moment(self, at: datetime) -> Any:
        """Return a point in time as a parameter."""

    @abstractmethod
    def day(self, on: date) -> Any:
        """Return a calendar day as a parameter."""

    @abstractmethod
    def begin(self) -> None:
        """Open a transaction that will write."""

    @abstractmethod
    def defer(self, statement: Statement, parameters: Sequence[Any]) -> None:
        """Run a statement whose result nobody needs, at the latest before the next `run` or `commit`."""

    @abstractmethod
    def run(self, statement: Statement, parameters: Sequence[Any]) -> list[Row]:
        """Run a statement and return its converted rows."""

    @abstractmethod
    def write(self, batch: Batch) -> None:
        """Insert the rows without committing; the transaction reads them from now on."""

    @abstractmethod
    def commit(self, batch: Batch) -> None:
        """Insert the rows and commit; after an error nothing of the transaction is there."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo the transaction; a broken connection is closed instead."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""
