"""Filling an empty store with a backup."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, column, delete, insert, select, table, update

from store.backup import KINDS, PLAIN, ROWS_AT_ONCE, BackupError, Header, Progress, read_line
from store.connected import outward_errors
from store.database import make_engine, unlimited
from store.migrate import migrate
from store.records_work import WorkState
from store.revision import current_revision
from store.schema import business_clock, lease, metadata, number_epoch, work

_SEEDED: Final = (number_epoch.name, lease.name, business_clock.name)
"""Tables in which a migration leaves rows; what the backup says takes their place."""


def load(
    url: str,
    header: Header,
    first: bytes,
    lines: Iterator[bytes],
    *,
    epoch_after: int,
    keep_epoch: Callable[[int], None],
    progress: Progress,
) -> tuple[int, Mapping[str, int]]:
    """Fill an empty store with a backup, in one transaction, then bring it to this program's revision.

    In: header and its line as `read_header` gave them; the highest epoch of numbers known to have begun; who
    keeps the new one outside the store, before anything is committed. Out: the new epoch, above that and
    above the backup's, and the rows of each table. Raises BackupError when the store is not empty or the
    backup is not whole; then nothing is in it. Raises StoreUnavailable.
    """
    _prepare(url, header.revision)
    engine = make_engine(url)
    try:
        with outward_errors(), engine.begin() as connection:
            unlimited(connection)
            for name in _SEEDED:
                connection.execute(delete(metadata.tables[name]))
            counts = _fill(connection, first, lines, progress)
            epoch = _new_epoch(connection, epoch_after)
            _give_work_back(connection)
            keep_epoch(epoch)
    finally:
        engine.dispose()
    migrate(url)
    return epoch, counts


def _fill(
    connection: Connection, first: bytes, lines: Iterator[bytes], progress: Progress
) -> Mapping[str, int]:
    digest = hashlib.sha256(first)
    counts: dict[str, int] = {}
    target: _Target | None = None
    done = 0
    for line in lines:
        data = read_line(line)
        if isinstance(data, dict) and "end" in data:
            if target is not None:
                target.flush(connection)
            if data.get("sha256") != digest.hexdigest() or data["end"] != counts:
                raise BackupError("the backup was changed: its end does not fit what came before")
            progress("", done)
            return counts
        digest.update(line)
        if isinstance(data, dict):
            if target is not None:
                target.flush(connection)
            target = _Target(data)
            counts[target.name] = 0
        elif target is not None:
            target.take(connection, data)
            counts[target.name] += 1
            done += 1
            if done % ROWS_AT_ONCE == 0:
                progress(target.name, done)
        else:
            raise BackupError("a row stands before its table")
    raise BackupError("the backup is cut off: its end is missing")


class _Target:
    """A table that is being filled, as the backup describes it."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        try:
            self.name = str(described["table"])
            columns = [(str(name), str(kind)) for name, kind in described["columns"]]
            self._later = [str(name) for name in described["later"]]
            self._key = [str(name) for name in described["key"]]
        except (KeyError, TypeError, ValueError) as error:
            raise BackupError("a table of the backup cannot be read") from error
        self._names = [name for name, _ in columns]
        self._kinds = [KINDS.get(kind, PLAIN) for _, kind in columns]
        self._table = table(
            self.name,
            *(column(name, kind.type) for name, kind in zip(self._names, self._kinds, strict=True)),
        )
        self._rows: list[dict[str, Any]] = []
        self._links: list[dict[str, Any]] = []

    def take(self, connection: Connection, values: Any) -> None:
        """Queue a row."""
        try:
            row = {
                name: None if value is None else kind.read(value)
                for name, kind, value in zip(self._names, self._kinds, values, strict=True)
            }
        except (TypeError, ValueError) as error:
            raise BackupError(f"a row of {self.name} cannot be read") from error
        link = {name: row[name] for name in self._later if row[name] is not None}
        if link:
            self._links.append({**link, **{f"key_{name}": row[name] for name in self._key}})
            row |= dict.fromkeys(link)
        self._rows.append(row)
        if len(self._rows) == ROWS_AT_ONCE:
            self._insert(connection)

    def flush(self, connection: Connection) -> None:
        """Write what is queued, and what the rows of the table say of each other."""
        self._insert(connection)
        for link in self._links:
            values = {name: value for name, value in link.items() if not name.startswith("key_")}
            found = [self._table.c[name] == link[f"key_{name}"] for name in self._key]
            connection.execute(update(self._table).where(*found).values(values))
        self._links = []

    def _insert(self, connection: Connection) -> None:
        if self._rows:
            connection.execute(insert(self._table), self._rows)
        self._rows = []


def _prepare(url: str, revision: str) -> None:
    """Make the tables of the backup's revision, unless they are there. Raises BackupError if not empty."""
    engine = make_engine(url)
    try:
        with outward_errors(), engine.connect() as connection:
            found = current_revision(connection)
            if found is not None:
                _demand_empty(connection)
    finally:
        engine.dispose()
    if found is None:
        migrate(url, revision)
    elif found != revision:
        raise BackupError(
            f"the store has the tables of revision {found}, the backup those of {revision}: give an empty one"
        )


def _demand_empty(connection: Connection) -> None:
    for each in metadata.sorted_tables:
        if each.name in _SEEDED:
            continue
        if (
            connection.dialect.has_table(connection, each.name)
            and connection.execute(select(each).limit(1)).first()
        ):
            raise BackupError("the store is not empty; a backup is restored into an empty one only")


def _new_epoch(connection: Connection, known: int) -> int:
    """Begin an epoch of numbers that no store of this gateway ever had, and let nobody hold a lease."""
    stored = int(connection.execute(select(number_epoch.c.epoch)).scalar_one())
    epoch = max(stored, known) + 1
    connection.execute(update(number_epoch).values(epoch=epoch, counter=0))
    connection.execute(update(lease).values(holder="", expires_at=datetime.fromtimestamp(0, UTC)))
    return epoch


def _give_work_back(connection: Connection) -> None:
    """Let what was being done when the backup was made be taken at once: nobody here is doing it."""
    if connection.dialect.has_table(connection, work.name):
        connection.execute(
            update(work)
            .where(work.c.state == WorkState.RUNNING.value)
            .values(state=WorkState.READY.value, holder=None, lease_until=None)
        )
