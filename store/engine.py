"""Opening a store: transactions on it, and for every thread its own connection."""

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from store.connected import DRIVER_ERRORS, Connected, outward
from store.database import make_engine
from store.errors import StoreNotMigrated
from store.ids import NODE_BITS, IdSource
from store.link_postgresql import PostgresLink
from store.link_sqlite import SqliteLink
from store.links import Link
from store.queries import queries_of
from store.reader import Reader
from store.revision import current_revision, serves
from store.schema import lease, number_epoch
from store.unit import UnitOfWork
from store.vault import ContentVault


class Store(Connected):
    """The door to the database. One per process: open it after a fork, never before.

    `engine` is for migrations and rare questions; `unit_of_work` is the way of a message.
    """

    def __init__(
        self, engine: Engine, vault: ContentVault, clock_ns: Callable[[], int], patience: float
    ) -> None:
        super().__init__(engine)
        self.vault = vault
        self._clock_ns = clock_ns
        self._patience = patience
        self._threads = threading.local()
        self._links: list[tuple[threading.Thread, Link]] = []
        self._opening = threading.Lock()
        self._ids: IdSource | None = None
        self._queries = queries_of(self.dialect)

    def unit_of_work(self) -> UnitOfWork:
        """Return a transaction to be entered with `with`; leaving it without `commit` undoes it.

        Raises StoreUnavailable, on SQLite StoreBusy when the write lock does not come in time.
        """
        link: Link | None = getattr(self._threads, "link", None)
        if link is not None and link.file_id != self._check_file():
            link.close()
        if link is None or not link.usable():
            link = self._threads.link = self._open_link()
        return UnitOfWork(link, self._queries, self.vault, self.new_id)

    def new_id(self) -> int:
        """Return an id for a row; raises StoreUnavailable before the store was reached once."""
        ids = self._ids
        if ids is None:
            ids = self._take_node()
        return ids.take()

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Give a reader on one consistent connection."""
        with self._connection(write=False) as connection:
            yield Reader(connection, self.vault)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a transaction for rare changes (registry, sealer); commits at the end."""
        with self._connection(write=True) as connection:
            yield connection

    def check_commit(self, now: datetime) -> None:
        """Prove that the store can commit, for readiness. Raises StoreUnavailable or StoreNotMigrated."""
        mine = f"readiness of {os.getpid()}"
        with self.write() as connection:
            if not serves(current_revision(connection)):
                raise StoreNotMigrated("the store does not have the revision of this program")
            connection.execute(
                update(lease).where(lease.c.name == "readiness").values(holder=mine, expires_at=now)
            )

    def take_lease(
        self, connection: Connection, name: str, holder: str, now: datetime, length: timedelta
    ) -> bool:
        """Take or prolong a lease within the transaction; its row stays locked until the end of it."""
        changed = connection.execute(
            update(lease)
            .where(lease.c.name == name, (lease.c.holder == holder) | (lease.c.expires_at < now))
            .values(holder=holder, expires_at=now + length)
        )
        return changed.rowcount == 1

    def release_lease(self, connection: Connection, name: str, holder: str) -> None:
        """Give a lease back within the transaction, so that another need not wait until it runs out."""
        connection.execute(
            update(lease)
            .where(lease.c.name == name, lease.c.holder == holder)
            .values(expires_at=datetime.fromtimestamp(0, UTC))
        )

    def close(self) -> None:
        """Close all connections of this process."""
        with self._opening:
            links, self._links = self._links, []
        for _, link in links:
            link.close()
        self._threads = threading.local()
        self.engine.dispose()

    def _open_link(self) -> Link:
        self._check_process()
        file_id = self._check_file()
        try:
            fairy = self.engine.raw_connection()
        except DRIVER_ERRORS as error:
            raise outward(error) from error
        driver: Any = fairy.driver_connection
        fairy.detach()
        link: Link = SqliteLink(driver, self._patience) if self.dialect == "sqlite" else PostgresLink(driver)
        link.file_id = file_id
        with self._opening:
            # Threads that ended leave their connections behind.
            for thread, left in self._links:
                if not thread.is_alive():
                    left.close()
            self._links = [known for known in self._links if not known[1].closed]
            self._links.append((threading.current_thread(), link))
        if self._ids is None:
            self._take_node()
        return link

    def _take_node(self) -> IdSource:
        with self._opening:
            if self._ids is None:
                with self.write() as connection:
                    connection.execute(update(number_epoch).values(node=number_epoch.c.node + 1))
                    node = connection.execute(select(number_epoch.c.node)).scalar_one()
                self._ids = IdSource(node % (1 << NODE_BITS), self._clock_ns)
            return self._ids


def open_store(url: str, *, vault: ContentVault, clock_ns: Callable[[], int], patience: float = 5.0) -> Store:
    """Return the store at a SQLAlchemy address: `sqlite:////path/file.db` or `postgresql+psycopg://…`.

    In: the vault for contents, a clock in nanoseconds since 1970 for row ids, and how many seconds a writer
    waits for SQLite's lock. Does not touch the database, so that a server may start while its store is away.
    """
    return Store(make_engine(url), vault, clock_ns, patience)


def new_holder() -> str:
    """Return a name for a lease holder that no other process has."""
    return f"{os.getpid()}-{uuid.uuid4().hex}"
