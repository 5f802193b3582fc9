"""The hot path on PostgreSQL, on `psycopg.pq` in pipeline mode.

Everything that can wait travels with the next question, and all inserts plus COMMIT are one round trip.
Measured: a third of the client CPU of cursors in the same pipeline.
"""

import select
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

import psycopg
from psycopg import pq
from sqlalchemy import Table

from store.errors import StoreBusy, StoreUnavailable, translate
from store.links import Batch, Link
from store.statements import Row, Statement, converted, inserts, writers

_BEGIN = Statement("BEGIN")
_COMMIT = Statement("COMMIT")
_ROLLBACK = Statement("ROLLBACK")
_LONGEST_SILENCE = 70_000
"""Milliseconds without a sign of the server, above its own time limit for a statement."""
_ROWS_TOGETHER = 64
"""Rows of all tables that go into one statement: more than any message leaves."""
_ROWS_AT_ONCE = 32
"""Rows of a table in one statement of a larger batch."""
_SHAPES_AT_MOST = 256
"""So many statements for whole batches are kept; what comes after them goes table by table."""
_Step: TypeAlias = "tuple[Statement, Sequence[Any]]"


class PostgresLink(Link):
    """PostgreSQL, READ COMMITTED: statements are prepared once per connection and sent in batches."""

    dialect = "postgresql"

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        super().__init__()
        self._connection = connection
        self._libpq = connection.pgconn
        self._pending: list[_Step] = []
        self._prepared: dict[Statement, bytes] = {}
        self._shapes: dict[tuple[tuple[Table, int], ...], Statement] = {}
        self._converters: dict[Table, tuple[tuple[int, Any], ...]] = {}
        self._names = 0
        self._poll = select.poll()
        self._poll.register(self._libpq.socket, select.POLLIN)
        self._poll_both = select.poll()
        self._poll_both.register(self._libpq.socket, select.POLLIN | select.POLLOUT)

    def usable(self) -> bool:
        """Return whether the connection is open and the server has not said good-bye on it meanwhile."""
        if not self.closed and self._poll.poll(0):
            self.close()
        return not self.closed

    def moment(self, at: datetime) -> datetime:
        """Return it as it is."""
        return at

    def day(self, on: date) -> date:
        """Return it as it is."""
        return on

    def begin(self) -> None:
        """Open a transaction with the next thing sent."""
        self._pending = [(_BEGIN, ())]

    def defer(self, statement: Statement, parameters: Sequence[Any]) -> None:
        """Send the statement with the next one that is asked for."""
        self._pending.append((statement, parameters))

    def run(self, statement: Statement, parameters: Sequence[Any]) -> list[Row]:
        """Send everything deferred and this statement in one round trip; return its converted rows."""
        self._pending.append((statement, parameters))
        result = self._exchange()
        width = range(result.nfields)
        return [
            statement.row([result.get_value(row, column) for column in width])
            for row in range(result.ntuples)
        ]

    def write(self, batch: Batch) -> None:
        """Insert all rows, sent with the next thing that is asked for."""
        self._insert(batch)

    def commit(self, batch: Batch) -> None:
        """Insert all rows, those of a message by one statement, and commit, in one round trip."""
        self._insert(batch)
        self._pending.append((_COMMIT, ()))
        result = self._exchange()
        if result.command_status != b"COMMIT":
            raise StoreUnavailable("PostgreSQL: the transaction was not committed")

    def _insert(self, batch: Batch) -> None:
        if not batch:
            return
        shape = _shape(batch)
        is_small = sum(rows for _, rows in shape) <= _ROWS_TOGETHER
        if shape in self._shapes or (is_small and len(self._shapes) < _SHAPES_AT_MOST):
            self._insert_together(batch)
            return
        for table, rows in batch.items():
            for piece in _pieces(rows):
                self._insert_together({table: piece})

    def _insert_together(self, batch: Batch) -> None:
        shape = _shape(batch)
        statement = self._shapes.get(shape)
        if statement is None:
            statement = self._shapes[shape] = Statement(inserts(shape))
        parameters: list[Any] = []
        for table, rows in batch.items():
            converters = self._converters.get(table)
            if converters is None:
                converters = self._converters[table] = writers("postgresql", table)
            for row in rows:
                parameters.extend(converted(row, converters) if converters else row)
        self._pending.append((statement, parameters))

    def rollback(self) -> None:
        """Undo the transaction; what was not sent yet is forgotten."""
        self._pending = []
        if self.closed or self._libpq.transaction_status == pq.TransactionStatus.IDLE:
            return
        try:
            self._pipeline([(_ROLLBACK, ())])
        except psycopg.Error:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        self.closed = True
        self._connection.close()

    def _exchange(self) -> "pq.abc.PGresult":
        steps, self._pending = self._pending, []
        try:
            return self._pipeline(steps)
        except psycopg.Error as error:
            translated = translate(error)
            if translated is None:
                raise
            if not isinstance(translated, StoreBusy):
                self.close()
            raise translated from error

    def _pipeline(self, steps: Sequence[_Step]) -> "pq.abc.PGresult":
        """Send the steps and wait for all results; return the last one, raise the first error."""
        libpq = self._libpq
        # The values first: a mistake in them must not leave half a batch in the connection.
        encoded = [(statement, _encoded(parameters)) for statement, parameters in steps]
        libpq.enter_pipeline_mode()
        fresh: dict[Statement, bytes] = {}
        for statement, (values, formats) in encoded:
            name = self._prepared.get(statement) or fresh.get(statement)
            if name is None:
                # Never a name twice: after an error it may exist on the server, or not.
                self._names += 1
                name = fresh[statement] = b"s%d" % self._names
                libpq.send_prepare(name, statement.sql.encode())
            libpq.send_query_prepared(name, values, formats)
        libpq.pipeline_sync()
        self._flush()
        last, failed = self._results()
        libpq.exit_pipeline_mode()
        if failed is not None:
            raise failed
        self._prepared.update(fresh)
        return last

    def _results(self) -> "tuple[pq.abc.PGresult, psycopg.Error | None]":
        libpq = self._libpq
        last: pq.abc.PGresult | None = None
        failed: psycopg.Error | None = None
        while True:
            self._wait()
            result = libpq.get_result()
            if result is None:
                if libpq.status != pq.ConnStatus.OK:
                    raise psycopg.OperationalError("connection lost")
                continue
            status = result.status
            if status == pq.ExecStatus.PIPELINE_SYNC:
                assert last is not None
                return last, failed
            if status == pq.ExecStatus.FATAL_ERROR and failed is None:
                failed = _error(result, libpq)
                if libpq.status != pq.ConnStatus.OK:
                    raise failed
            last = result

    def _flush(self) -> None:
        """Send what is left; a large document does not fit into the socket at once."""
        libpq = self._libpq
        while libpq.flush():
            ready = self._poll_both.poll(_LONGEST_SILENCE)
            if not ready:
                raise psycopg.OperationalError("nothing can be sent")
            if ready[0][1] & select.POLLIN:
                libpq.consume_input()

    def _wait(self) -> None:
        # get_result would block with the interpreter locked, and with it the thread whose commit we wait for.
        libpq = self._libpq
        while libpq.is_busy():
            if not self._poll.poll(_LONGEST_SILENCE):
                raise psycopg.OperationalError("no answer")
            libpq.consume_input()


def _shape(batch: Batch) -> "tuple[tuple[Table, int], ...]":
    return tuple((table, len(rows)) for table, rows in batch.items())


def _pieces(rows: list[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    """Cut many rows so that few statements serve any number of them: 32 rows, then the powers of two below.

    The server keeps each statement as long as the connection lives, and takes 65535 parameters in one.
    """
    start, size = 0, _ROWS_AT_ONCE
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        yield rows[start : start + size]
        start += size


def _error(result: "pq.abc.PGresult", libpq: "pq.abc.PGconn") -> psycopg.Error:
    """Make the driver's error without the server's words: they may hold values of a row."""
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    if state is None:
        return psycopg.OperationalError("connection lost")
    constraint = result.error_field(pq.DiagnosticField.CONSTRAINT_NAME) or b""
    text = f"{state.decode()} {constraint.decode()}".strip()
    if libpq.status != pq.ConnStatus.OK:
        return psycopg.OperationalError(text)
    try:
        kind = psycopg.errors.lookup(state.decode())
    except KeyError:
        kind = psycopg.DatabaseError
    return kind(text)


def _encoded(parameters: Sequence[Any]) -> tuple[list[bytes | None], list[int]]:
    """Write the parameters as libpq takes them: text, and bytes as they are."""
    values: list[bytes | None] = []
    formats: list[int] = []
    for value in parameters:
        kind = type(value)
        binary = 0
        encoded: bytes | None
        if kind is str:
            encoded = value.encode()
            if b"\0" in encoded:
                raise ValueError("a text for the store contains NUL")
        elif value is None:
            encoded = None
        elif kind is int:
            encoded = b"%d" % value
        elif kind is bytes:
            encoded = value
            binary = 1
        elif kind is bool:
            encoded = b"t" if value else b"f"
        elif isinstance(value, (datetime, date)):
            encoded = value.isoformat().encode()
        elif isinstance(value, str):
            encoded = str(value).encode()
        else:
            raise TypeError(f"no parameter of type {kind.__name__}")
        values.append(encoded)
        formats.append(binary)
    return values, formats
