"""The sealer: chains what was committed, signs the head, and puts it outside the database.

Any number of processes may try; the lease lets one work, and its locked row keeps two from ever chaining at
the same time, even when a lease ran out under a slow holder. The heads go into the file of every node, also
of one that does not seal: so every node can tell when the store it is connected to is not the one it was.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select

from store.engine import Store
from store.heads import Head, HeadsFile
from store.journal import GENESIS, chain_hash
from store.schema import journal, journal_head

LEASE = "sealer"
LEASE_LENGTH = timedelta(seconds=10)
BATCH = 1000
"""Rows chained in one transaction; on SQLite messages wait for it."""
_LINK = {
    "sqlite": "UPDATE journal SET position = ?, chain_hash = ? WHERE id = ?",
    "postgresql": "UPDATE journal SET position = %s, chain_hash = %s WHERE id = %s",
}


class JournalBehind(Exception):
    """The chain does not lead to the last outside head: its tail was cut off, or an older copy of the store
    is running, perhaps for so long that it has other rows in those places by now."""


class Sealer:
    """Seals for one process. In: the store, a function that signs bytes, the outside file, a unique name."""

    def __init__(self, store: Store, sign: Callable[[bytes], bytes], heads: HeadsFile, holder: str) -> None:
        self._store = store
        self._sign = sign
        self._heads = heads
        self._holder = holder

    def run_once(self, now: datetime) -> int | None:
        """Seal everything committed and not yet sealed. Out: how many rows, or None if another has the
        lease; then the heads of that one are taken into this node's file.

        Raises StoreUnavailable, and JournalBehind when the chain does not lead to the last outside head; then
        no place of the chain is given to another row.
        """
        self.check()
        sealed = 0
        while True:
            chained = self._chain_batch(now)
            if chained is None:
                self._publish()
                return None
            sealed += chained
            if chained < BATCH:
                break
        self._sign_head(now)
        self._publish()
        return sealed

    def leave(self, now: datetime) -> int | None:
        """Do as `run_once`, then give the lease back, so that another process may seal at once."""
        sealed = self.run_once(now)
        if sealed is not None:
            with self._store.write() as connection:
                self._store.release_lease(connection, LEASE, self._holder)
        return sealed

    def check(self) -> None:
        """Compare the chain with the outside heads, for readiness. Raises JournalBehind, StoreUnavailable."""
        self._chain_end()

    def _chain_end(self) -> tuple[int, bytes, int]:
        """Return the chain's last position and hash, and the last position with a signed head."""
        # The heads first: one that another process adds in between is not ahead of the chain.
        outside = self._heads.last()
        with self._store.read() as reader:
            position, chain = _chain_end(reader.connection)
            signed = _last_head(reader.connection)
            there = None if outside is None else _chain_at(reader.connection, outside.position)
        if outside is not None and outside.chain != there:
            what = "another row in its place" if there else f"its end at {position}"
            raise JournalBehind(f"the outside heads know position {outside.position}, the chain has {what}")
        return position, chain, signed

    def _chain_batch(self, now: datetime) -> int | None:
        with self._store.write() as connection:
            if not self._store.take_lease(connection, LEASE, self._holder, now, LEASE_LENGTH):
                return None
            # Never "after row N": a transaction that commits late brings rows with smaller ids.
            rows = connection.execute(
                select(journal.c.id, journal.c.row_hash)
                .where(journal.c.position.is_(None))
                .order_by(journal.c.id)
                .limit(BATCH)
            ).all()
            if not rows:
                return 0
            position, chain = _chain_end(connection)
            changes = []
            for row_id, row_hash in rows:
                position += 1
                chain = chain_hash(chain, position, row_hash)
                changes.append((position, chain, row_id))
            # Two rows of every message come by here: the driver takes them as they are.
            connection.exec_driver_sql(_LINK[connection.dialect.name], changes)
            return len(rows)

    def _sign_head(self, now: datetime) -> None:
        position, chain, signed = self._chain_end()
        if position == signed:
            return
        # Signing may be slow (a token), so it happens outside the transaction.
        signature = self._sign(Head(position, chain, now, b"").signed_bytes)
        with self._store.write() as connection:
            if not self._store.take_lease(connection, LEASE, self._holder, now, LEASE_LENGTH):
                return
            if _last_head(connection) < position:
                connection.execute(
                    insert(journal_head).values(
                        position=position, chain_hash=chain, at=now, signature=signature
                    )
                )

    def _publish(self) -> None:
        """Write the heads that this node's file does not have yet: ours, another node's, a dead sealer's.

        A new file begins with the newest one: what is older has nothing to prove against it.
        """
        last = self._heads.last_position()
        question = select(journal_head)
        if last:
            question = question.where(journal_head.c.position > last).order_by(journal_head.c.position)
        else:
            question = question.order_by(journal_head.c.position.desc()).limit(1)
        with self._store.read() as reader:
            for rows in reader.connection.execution_options(yield_per=BATCH).execute(question).partitions():
                self._heads.append(Head(*row) for row in rows)


def _chain_end(connection: Connection) -> tuple[int, bytes]:
    row = connection.execute(
        select(journal.c.position, journal.c.chain_hash)
        .where(journal.c.position.is_not(None))
        .order_by(journal.c.position.desc())
        .limit(1)
    ).first()
    return (0, GENESIS) if row is None else (int(row.position), bytes(row.chain_hash))


def _chain_at(connection: Connection, position: int) -> bytes | None:
    found = connection.execute(select(journal.c.chain_hash).where(journal.c.position == position)).scalar()
    return None if found is None else bytes(found)


def _last_head(connection: Connection) -> int:
    found = connection.execute(
        select(journal_head.c.position).order_by(journal_head.c.position.desc()).limit(1)
    ).scalar()
    return 0 if found is None else int(found)
