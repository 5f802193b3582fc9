"""Keeping deliveries while the core store is away, and giving them to whoever drains them."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    delete,
    event,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)

from store.acceptance import rows
from store.acceptance.migrate import REVISION, revision_of
from store.acceptance.records import Arrived, KeptCount, KeptDelivery, KeptState, Limits, Room
from store.acceptance.schema import kept_delivery, kept_part, revision
from store.connected import Connected
from store.database import make_engine
from store.errors import StoreFull, StoreNotMigrated, StoreUnavailable
from store.vault import ContentVault

_LOADING: Final = "LOADING"
_MANIFEST: Final = b"manifest"
_PARTS_PER_TRANSACTION: Final = 16
_kept = kept_delivery.c


class AcceptanceStore(Connected):
    """The acceptance store of this process. All instants are those of the real clock.

    In: what it may hold. Every method raises StoreUnavailable when this
    store is away, StoreBusy when a lock does not come in time, StoreFull when its disk is full.
    """

    def __init__(
        self, engine: Engine, vault: ContentVault, random: Callable[[int], bytes], limits: Limits
    ) -> None:
        super().__init__(engine, made_by="inge acceptance migrate")
        self._vault = vault
        self._random = random
        self._limits = limits

    def check(self) -> None:
        """Prove that this store can commit. Raises StoreNotMigrated beside the usual."""
        with self._connection(write=True) as connection:
            if revision_of(connection) < REVISION:
                raise StoreNotMigrated(
                    f"the acceptance store does not have the tables of this program: run `{self._made_by}`"
                )
            connection.execute(update(revision).values(number=revision.c.number))

    def load(self, arrived: Arrived, manifest: bytes, parts: Iterable[bytes]) -> int:
        """Store the content of a delivery, encrypted, in pieces that commit alone; out: an id for `accept`.

        In: what is known of it, the manifest as it came, the file in parts of the caller's form. Nobody finds
        it before `accept`. Raises StoreFull where it would take more than there may be; then nothing of it
        stays.
        """
        row_id = int.from_bytes(self._random(8)) >> 1
        try:
            self._fill(row_id, arrived, manifest, parts)
        except BaseException:
            self.abandon(row_id)
            raise
        return row_id

    def abandon(self, row_id: int) -> None:
        """Remove what was loaded and not accepted; where that cannot be done now, `tidy` will."""
        with suppress(StoreUnavailable), self._connection(write=True) as connection:
            rows.remove(connection, (_kept.id == row_id) & (_kept.state == _LOADING))

    def accept(self, row_id: int, receipt: bytes, at: datetime) -> KeptDelivery:
        """Accept what was loaded; from then on it is not lost. Out: it, or what came before under its UUID.

        One that was refused earlier gives way, and what was loaded for nothing goes. Raises ValueError when
        another delivery of the party is waiting in its place, LookupError for an unknown id.
        """
        with self._connection(write=True) as connection:
            loaded = connection.execute(
                select(_kept.party_id, _kept.uuid, _kept.number, _kept.package).where(
                    _kept.id == row_id, _kept.state == _LOADING
                )
            ).one_or_none()
            if loaded is None:
                raise LookupError("nothing was loaded under this id")
            self._one_at_a_time(connection, loaded.party_id)
            known = rows.find(connection, rows.named(loaded.party_id, loaded.uuid))
            if known is not None and known.state is not KeptState.REFUSED:
                rows.remove(connection, _kept.id == row_id)
                return known
            if known is not None:
                rows.remove(connection, _kept.id == known.id)
            if rows.in_place(connection, loaded.party_id, (loaded.number, loaded.package)):
                raise ValueError("another delivery is waiting in this place")
            connection.execute(
                update(kept_delivery)
                .where(_kept.id == row_id)
                .values(state=KeptState.ACCEPTED, accepted_at=at, ready_at=at, receipt=receipt)
            )
            accepted = rows.find(connection, _kept.id == row_id)
            assert accepted is not None
            return accepted

    def find(self, party_id: str, uuid: str) -> KeptDelivery | None:
        """Return the delivery of a party whose manifest has this UUID."""
        with self._connection(write=False) as connection:
            return rows.find(connection, rows.named(party_id, uuid))

    def is_waiting(self) -> bool:
        """Tell whether anything is accepted and not in the core store."""
        with self._connection(write=False) as connection:
            return connection.execute(select(_kept.id).where(rows.IS_WAITING).limit(1)).first() is not None

    def last_waiting(self, party_id: str) -> KeptDelivery | None:
        """Return what is last in the row of a party among what is not in the core store."""
        asked = select(*rows.COLUMNS).where(rows.IS_WAITING, _kept.party_id == party_id)
        with self._connection(write=False) as connection:
            row = connection.execute(
                asked.order_by(_kept.number.desc(), _kept.package.desc()).limit(1)
            ).one_or_none()
        return None if row is None else rows.to_delivery(row)

    def in_place(self, party_id: str, place: tuple[int, int]) -> bool:
        """Tell whether a delivery of a party with this number and package is not in the core store yet."""
        with self._connection(write=False) as connection:
            return rows.in_place(connection, party_id, place)

    def listed(
        self,
        states: Iterable[KeptState] = tuple(KeptState),
        *,
        party_id: str | None = None,
        limit: int | None = None,
    ) -> list[KeptDelivery]:
        """Return deliveries, also those of which only the receipt is left, by party and number."""
        asked = select(*rows.COLUMNS).where(rows.IS_STORED, _kept.state.in_(list(states))).limit(limit)
        if party_id is not None:
            asked = asked.where(_kept.party_id == party_id)
        with self._connection(write=False) as connection:
            found = connection.execute(asked.order_by(_kept.party_id, _kept.number, _kept.package, _kept.id))
            return [rows.to_delivery(row) for row in found]

    def counts(self) -> list[KeptCount]:
        """Return how many deliveries there are, by state."""
        since = func.min(_kept.accepted_at, type_=_kept.accepted_at.type)
        asked = (
            select(_kept.state, func.count(), since)
            .where(rows.IS_STORED)
            .group_by(_kept.state)
            .order_by(_kept.state)
        )
        with self._connection(write=False) as connection:
            return [KeptCount(*row) for row in connection.execute(asked)]

    def room(self) -> Room:
        """Return how much of what this store may hold is taken."""
        with self._connection(write=False) as connection:
            return self._room(connection)

    def take(self, holder: str, now: datetime, lease_until: datetime) -> KeptDelivery | None:
        """Take the delivery that waits longest among those that are next in the row of their party.

        Out: None if none is due, or another was faster: then ask again.
        """
        before = kept_delivery.alias()
        earlier = (
            select(before.c.id)
            .where(
                before.c.state == literal_column("'ACCEPTED'"),
                before.c.party_id == _kept.party_id,
                tuple_(before.c.number, before.c.package) < tuple_(_kept.number, _kept.package),
            )
            .exists()
        )
        free = _kept.lease_until.is_(None) | (_kept.lease_until < now)
        due = rows.IS_WAITING & (_kept.ready_at <= now) & free
        with self._connection(write=True) as connection:
            row_id = connection.execute(
                select(_kept.id).where(due, ~earlier).order_by(_kept.accepted_at, _kept.id).limit(1)
            ).scalar_one_or_none()
            if row_id is None:
                return None
            taken = connection.execute(
                update(kept_delivery)
                .where(_kept.id == row_id, due)
                .values(holder=holder, lease_until=lease_until, attempts=_kept.attempts + 1)
            )
            return rows.find(connection, _kept.id == row_id) if taken.rowcount == 1 else None

    def prolong(self, kept: KeptDelivery, until: datetime) -> bool:
        """Keep others off for longer; False if it is not ours any more."""
        return self._change(kept, lease_until=until)

    def release(
        self,
        kept: KeptDelivery,
        ready_at: datetime,
        *,
        code: str | None,
        early_since: datetime | None = None,
        counted: bool = False,
    ) -> bool:
        """Give back what cannot be drained yet; False if it is not ours. `counted`: it used up an attempt."""
        attempts = kept.attempts if counted else kept.attempts - 1
        return self._change(
            kept,
            ready_at=ready_at,
            code=code,
            early_since=early_since,
            attempts=attempts,
            holder=None,
            lease_until=None,
        )

    def settle(
        self,
        kept: KeptDelivery,
        state: KeptState,
        at: datetime,
        *,
        code: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> bool:
        """Say what became of a delivery in the core, and remove its content; False if it was said before."""
        with self._connection(write=True) as connection:
            changed = connection.execute(
                update(kept_delivery)
                .where(_kept.id == kept.id, _kept.state == KeptState.ACCEPTED)
                .values(
                    state=state,
                    settled_at=at,
                    code=code,
                    details=None if details is None else dict(details),
                    holder=None,
                    lease_until=None,
                    wrapped=None,
                    manifest=None,
                    octets=0,
                )
            )
            if changed.rowcount != 1:
                return False
            connection.execute(delete(kept_part).where(kept_part.c.delivery_id == kept.id))
            return True

    def manifest(self, kept: KeptDelivery) -> bytes | None:
        """Return the manifest as it came; None when it was drained or refused meanwhile."""
        with self._connection(write=False) as connection:
            row = connection.execute(
                select(_kept.wrapped, _kept.manifest).where(_kept.id == kept.id)
            ).one_or_none()
        if row is None or row.wrapped is None:
            return None
        return self._vault.open_key(kept.id, row.wrapped).decrypt(_MANIFEST, row.manifest)

    def parts(self, kept: KeptDelivery) -> Iterator[bytes]:
        """Yield the parts of the file in order. Raises LookupError when they are gone."""
        with self._connection(write=False) as connection:
            wrapped = connection.execute(
                select(_kept.wrapped).where(_kept.id == kept.id)
            ).scalar_one_or_none()
        if wrapped is None:
            raise LookupError("the delivery was settled meanwhile")
        cipher = self._vault.open_key(kept.id, wrapped)
        part, ordinal = kept_part.c, 0
        while True:
            with self._connection(write=False) as connection:
                row = connection.execute(
                    select(part.ciphertext).where(part.delivery_id == kept.id, part.ordinal == ordinal)
                ).one_or_none()
            if row is None:
                return
            yield cipher.decrypt(_part(ordinal), row.ciphertext)
            ordinal += 1

    def supersede(self, kept: KeptDelivery) -> None:
        """Forget a refusal: the same delivery came again and was accepted by the core."""
        with self._connection(write=True) as connection:
            rows.remove(connection, (_kept.id == kept.id) & (_kept.state == KeptState.REFUSED))

    def tidy(self, settled_before: datetime, loaded_before: datetime) -> int:
        """Remove receipts and refusals that are old enough, and what was never accepted; out: how many."""
        settled = _kept.state.in_([KeptState.DRAINED, KeptState.REFUSED])
        old = settled & (_kept.settled_at < settled_before)
        left = (_kept.state == _LOADING) & (_kept.received_at < loaded_before)
        with self._connection(write=False) as connection:
            if connection.execute(select(_kept.id).where(old | left).limit(1)).first() is None:
                return 0
        with self._connection(write=True) as connection:
            return rows.remove(connection, old | left)

    def close(self) -> None:
        """Close the connections of this process."""
        self.engine.dispose()

    def _one_at_a_time(self, connection: Connection, party_id: str) -> None:
        """Let who accepts for the same party see what is accepted now; on SQLite there is one writer."""
        if self.dialect == "postgresql":
            key = int.from_bytes(hashlib.sha256(party_id.encode()).digest()[:8], signed=True)
            connection.execute(select(func.pg_advisory_xact_lock(key)))

    def _fill(self, row_id: int, arrived: Arrived, manifest: bytes, parts: Iterable[bytes]) -> None:
        cipher, wrapped = self._vault.new_key(row_id)
        document = cipher.encrypt(_MANIFEST, manifest)
        with self._connection(write=True) as connection:
            connection.execute(
                insert(kept_delivery).values(
                    id=row_id,
                    state=_LOADING,
                    **{name: getattr(arrived, name) for name in rows.ARRIVED},
                    ready_at=arrived.received_at,
                    attempts=0,
                    wrapped=wrapped,
                    manifest=document,
                    octets=len(document),
                )
            )
            self._expect_room(connection)
        some: list[dict[str, Any]] = []
        for ordinal, part in enumerate(parts):
            ciphertext = cipher.encrypt(_part(ordinal), part)
            some.append({"delivery_id": row_id, "ordinal": ordinal, "ciphertext": ciphertext})
            if len(some) == _PARTS_PER_TRANSACTION:
                self._add_parts(row_id, some)
                some = []
        if some:
            self._add_parts(row_id, some)

    def _add_parts(self, row_id: int, parts: list[dict[str, Any]]) -> None:
        more = sum(len(part["ciphertext"]) for part in parts)
        with self._connection(write=True) as connection:
            connection.execute(insert(kept_part), parts)
            connection.execute(
                update(kept_delivery).where(_kept.id == row_id).values(octets=_kept.octets + more)
            )
            self._expect_room(connection)

    def _expect_room(self, connection: Connection) -> None:
        room = self._room(connection)
        if room.taken > self._limits.at_most:
            raise StoreFull("the acceptance store holds as much as it may")
        if room.is_disk_short:
            raise StoreFull("what is left of the disk of the acceptance store has to stay free")

    def _room(self, connection: Connection) -> Room:
        free = None
        if self._file is not None:
            disk = os.statvfs(self._file)
            free = disk.f_bavail * disk.f_frsize
        return Room(rows.octets_taken(connection), free, self._limits)

    def _change(self, kept: KeptDelivery, **values: Any) -> bool:
        mine = (_kept.id == kept.id) & (_kept.holder == kept.holder) & (_kept.state == KeptState.ACCEPTED)
        with self._connection(write=True) as connection:
            return connection.execute(update(kept_delivery).where(mine).values(**values)).rowcount == 1


def open_acceptance(
    url: str, *, vault: ContentVault, random: Callable[[int], bytes], limits: Limits
) -> AcceptanceStore:
    """Return the acceptance store at an address, without touching it.

    In: the vault, whose master key is that of the core store, the source of random bytes (`os.urandom`), and
    what may lie there.
    """
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def overwrite(connection: Any, _entry: object) -> None:
            # What was drained must not stay readable in free pages for those who get the master key later.
            connection.execute("PRAGMA secure_delete=ON").fetchall()

    return AcceptanceStore(engine, vault, random, limits)


def _part(ordinal: int) -> bytes:
    return b"part %d" % ordinal
