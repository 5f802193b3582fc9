"""What a unit of work knows of deliveries: their numbers, and the chunks they are worked off in."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, select

from messages.bva import Bescheinigung200002
from store.record_ids import is_computed, position_of, record_uuid, stem_of
from store.records import KnownMessage
from store.records_batch import (
    Chunk,
    ChunkCounts,
    Delivery,
    DeliverySequence,
)
from store.schema import delivery, delivery_chunk, delivery_sequence
from store.statements import Row, Statement, insert, numbered, query
from store.unit_messages import MessageWork
from store.vault import CHUNK


class DeliveryWork(MessageWork):
    """Deliveries, the gapless numbers of each party, and chunks of records."""

    __slots__ = ()

    def register(
        self, party_id: str, uuid: str, content_hash: bytes, message_type: str, at: datetime
    ) -> KnownMessage | None:
        """As `MessageWork.register`; with a delivery the UUIDs of its records are used up too.

        They are registered when the records are decided, so until then nothing else may be.
        """
        known = super().register(party_id, uuid, content_hash, message_type, at)
        if known is None and is_computed(uuid) and self._is_of_record(party_id, uuid):
            return KnownMessage(b"", Bescheinigung200002.message_type, None)
        return known

    def uses_records_of(self, party_id: str, stem: str, records: int) -> bool:
        """Tell whether a party used the UUID that a record of a delivery with this stem would have.

        Lock the party's numbers before: what it registers under such UUIDs meanwhile waits for that.
        """
        ends = (record_uuid(stem, 1), record_uuid(stem, records))
        return bool(self._run(_statements(self._link.dialect).used_between, *ends, party_id))

    def _is_of_record(self, party_id: str, uuid: str) -> bool:
        """Tell whether a UUID is that of a record of an accepted delivery of this party."""
        # Whoever accepts one at this moment holds these, and finds our registration or leaves the delivery.
        self.lock_sequence(party_id)
        found = self.delivery_by_stem(stem_of(uuid))
        if found is None or found.party_id != party_id or found.accepted_at is None:
            return False
        return position_of(uuid) <= found.records

    def add_delivery(self, record: Delivery) -> Delivery:
        """Write a delivery that is being taken in; out: the one stored under its party and UUID.

        That is another, with the id it got, when the manifest came before.
        """
        self._run(
            _statements(self._link.dialect).add,
            record.id,
            record.party_id,
            record.uuid,
            record.content_hash,
            record.number,
            record.package,
            record.last,
            record.stem,
            record.records,
            record.size,
            record.sha256,
            record.chunks,
            record.door,
            record.peer,
            record.signer_fingerprint,
            record.schema_version,
            self._at(record.received_at),
            self._at(record.accepted_at),
            self._at(record.finished_at),
        )
        stored = self.delivery_by_uuid(record.party_id, record.uuid)
        if stored is None:
            raise ValueError("another delivery has this stem")
        return stored

    def delivery(self, delivery_id: int) -> Delivery | None:
        """Return a delivery."""
        return self._delivery(_statements(self._link.dialect).by_id, delivery_id)

    def delivery_by_uuid(self, party_id: str, uuid: str) -> Delivery | None:
        """Return the delivery of a party whose manifest has this UUID, also one still being taken in."""
        return self._delivery(_statements(self._link.dialect).by_uuid, party_id, uuid)

    def delivery_by_stem(self, stem: str) -> Delivery | None:
        """Return the delivery whose records have UUIDs with this stem."""
        return self._delivery(_statements(self._link.dialect).by_stem, stem)

    def delivery_by_number(self, party_id: str, number: int, package: int) -> Delivery | None:
        """Return the accepted delivery of a party with this number and package."""
        return self._delivery(_statements(self._link.dialect).by_number, party_id, number, package)

    def accept_delivery(self, delivery_id: int, at: datetime) -> bool:
        """Say that a delivery was taken in whole; False if it is not there, or was accepted before."""
        return self._changed(_statements(self._link.dialect).accept, (self._at(at), delivery_id)) == 1

    def finish_delivery(self, delivery_id: int, at: datetime) -> bool:
        """Say that the first result was made; False if it was before."""
        return self._changed(_statements(self._link.dialect).finish, (self._at(at), delivery_id)) == 1

    def keep_open(self, delivery_id: int) -> bool:
        """Keep a delivery from being accepted or removed until the end of the transaction.

        False if it was already: then nothing may be added to it. Others may keep it open too.
        """
        return bool(self._run(_statements(self._link.dialect).keep_open, delivery_id))

    def take_up(self, delivery_id: int, at: datetime) -> None:
        """Note that a delivery that was never accepted came again: somebody goes on with it from now on."""
        self._run(_statements(self._link.dialect).take_up, self._at(at), delivery_id)

    def drop_delivery(self, delivery_id: int) -> bool:
        """Remove a delivery that was never accepted, with its chunks; False if there is none such."""
        statements = _statements(self._link.dialect)
        # Locked first: who accepts it at this moment must not lose the chunks.
        if not self._run(statements.hold, delivery_id):
            return False
        self._run(statements.drop_chunks, delivery_id)
        self._run(statements.drop, delivery_id)
        return True

    def lock_sequence(self, party_id: str) -> DeliverySequence:
        """Lock how far a party's numbers are until the end of the transaction, and return it.

        Other parties go on; a second delivery of this one waits.
        """
        statements = _statements(self._link.dialect)
        self._run(statements.begin_sequence, party_id, 0, 0, True)
        (row,) = self._run(statements.sequence, party_id)
        return DeliverySequence(*row)

    def set_sequence(self, sequence: DeliverySequence) -> None:
        """Say which package a party delivered last; lock it before."""
        values = (sequence.number, sequence.package, sequence.last, sequence.party_id)
        self._run(_statements(self._link.dialect).set_sequence, *values)

    def add_chunk(self, delivery_id: int, ordinal: int, first: int, count: int, content: bytes) -> bool:
        """Write a chunk, encrypted under a key of its own; False if it is there already.

        In: its place among the chunks, the position of its first record, how many there are, and the records
        in a form of the caller's.
        """
        key_id = self._new_id()
        cipher, wrapped = self._vault.new_key(key_id)
        none = ChunkCounts()
        row = (delivery_id, ordinal, first, count, None, False, *none, key_id, wrapped)
        return (
            self._changed(_statements(self._link.dialect).add_chunk, (*row, cipher.encrypt(CHUNK, content)))
            == 1
        )

    def stored_chunks(self, delivery_id: int) -> int:
        """Return how many chunks of a delivery are there."""
        ((count,),) = self._run(_statements(self._link.dialect).stored_chunks, delivery_id)
        return int(count)

    def chunk(self, delivery_id: int, ordinal: int) -> Chunk | None:
        """Return a chunk, without its content."""
        rows = self._run(_statements(self._link.dialect).chunk, delivery_id, ordinal)
        return _chunk(rows[0]) if rows else None

    def hold_chunk(self, delivery_id: int, ordinal: int) -> Chunk | None:
        """Return a chunk and lock it: until the end of the transaction no result is made without it."""
        rows = self._run(_statements(self._link.dialect).hold_chunk, delivery_id, ordinal)
        return _chunk(rows[0]) if rows else None

    def chunk_content(self, delivery_id: int, ordinal: int) -> bytes | None:
        """Return the records of a chunk as they were given; None if it is not there, or done."""
        rows = self._run(_statements(self._link.dialect).chunk_content, delivery_id, ordinal)
        if not rows or rows[0][1] is None:
            return None
        key_id, wrapped, ciphertext = rows[0]
        return self._vault.open_key(key_id, wrapped).decrypt(CHUNK, ciphertext)

    def close_chunk(self, delivery_id: int, ordinal: int, counts: ChunkCounts, at: datetime) -> bool:
        """Say that all records of a chunk were answered, and forget its content; False if it was done."""
        parameters = (self._at(at), *counts, delivery_id, ordinal)
        return self._changed(_statements(self._link.dialect).close_chunk, parameters) == 1

    def split_chunk(
        self, record: Delivery, ordinal: int, parts: Iterable[tuple[int, int, bytes]]
    ) -> list[int]:
        """Replace a chunk that is not done by smaller ones; out: their ordinals.

        In: the position of the first record, the number of records and the content of each. A part missed by
        a result stays so. Their ordinals follow those the delivery was cut into, by position. Raises
        ValueError if there is nothing to split.
        """
        old = self.hold_chunk(record.id, ordinal)
        if old is None or old.done_at is not None:
            raise ValueError("there is no open chunk of this ordinal")
        self._run(_statements(self._link.dialect).remove_chunk, record.id, ordinal)
        ordinals = []
        for first, count, content in parts:
            ordinals.append(record.chunks + first)
            self.add_chunk(record.id, ordinals[-1], first, count, content)
        if old.missed:
            self.miss_chunks(record.id, ordinals)
        return ordinals

    def miss_chunks(self, delivery_id: int, ordinals: Sequence[int]) -> int:
        """Say that a result is made without these open chunks; out: how many of them were open."""
        statement = _statements(self._link.dialect).miss_chunk
        return sum(self._changed(statement, (delivery_id, ordinal)) for ordinal in ordinals)

    def open_chunks(self, delivery_id: int) -> int:
        """Return how many chunks of a delivery are neither done nor missed by a result."""
        ((count,),) = self._run(_statements(self._link.dialect).open_chunks, delivery_id)
        return int(count)

    def _delivery(self, statement: Statement, *parameters: Any) -> Delivery | None:
        rows = self._run(statement, *parameters)
        return Delivery(*rows[0]) if rows else None


def _chunk(row: Row) -> Chunk:
    delivery_id, ordinal, first, count, done_at, missed, *counts = row
    return Chunk(delivery_id, ordinal, first, count, done_at, missed, ChunkCounts(*counts))


class _Statements:
    """The statements about deliveries and chunks."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._of_deliveries()
        self._of_sequences()
        self._of_chunks()

    def _of_deliveries(self) -> None:
        dialect = self._dialect
        # In the order of the key, with all of a delivery side by side.
        self.used_between = Statement(
            numbered(
                dialect,
                'SELECT 1 FROM "message" WHERE "uuid" >= ? AND "uuid" <= ? AND "party_id" = ? LIMIT 1',
            ),
            (None,),
        )
        everything = select(delivery)
        of_party = delivery.c.party_id == bindparam("party_id")
        self.add = Statement(insert(dialect, delivery))
        self.by_id = query(dialect, everything.where(delivery.c.id == bindparam("id")), ["id"])
        self.by_uuid = query(
            dialect, everything.where(of_party, delivery.c.uuid == bindparam("uuid")), ["party_id", "uuid"]
        )
        self.by_stem = query(dialect, everything.where(delivery.c.stem == bindparam("stem")), ["stem"])
        self.by_number = query(
            dialect,
            everything.where(
                of_party,
                delivery.c.number == bindparam("number"),
                delivery.c.package == bindparam("package"),
                delivery.c.accepted_at.is_not(None),
            ),
            ["party_id", "number", "package"],
        )
        self.accept = self._changing(
            'UPDATE "delivery" SET "accepted_at" = ? WHERE "id" = ? AND "accepted_at" IS NULL'
        )
        self.take_up = self._changing(
            'UPDATE "delivery" SET "received_at" = ? WHERE "id" = ? AND "accepted_at" IS NULL'
        )
        self.finish = self._changing(
            'UPDATE "delivery" SET "finished_at" = ? WHERE "id" = ? AND "finished_at" IS NULL'
        )
        opened = select(delivery.c.id).where(
            delivery.c.id == bindparam("id"), delivery.c.accepted_at.is_(None)
        )
        # SQLite's transaction is the lock.
        self.hold = query(dialect, opened.with_for_update(), ["id"])
        self.keep_open = query(dialect, opened.with_for_update(read=True), ["id"])
        self.drop = self._changing('DELETE FROM "delivery" WHERE "id" = ?')
        self.drop_chunks = self._changing('DELETE FROM "delivery_chunk" WHERE "delivery_id" = ?')

    def _of_sequences(self) -> None:
        dialect = self._dialect
        self.begin_sequence = Statement(insert(dialect, delivery_sequence))
        held = select(delivery_sequence).where(delivery_sequence.c.party_id == bindparam("party_id"))
        # SQLite's transaction is the lock.
        self.sequence = query(dialect, held.with_for_update(), ["party_id"])
        self.set_sequence = self._changing(
            'UPDATE "delivery_sequence" SET "number" = ?, "package" = ?, "last" = ? WHERE "party_id" = ?'
        )

    def _of_chunks(self) -> None:
        dialect = self._dialect
        chunk = delivery_chunk.c
        of_delivery = chunk.delivery_id == bindparam("delivery_id")
        this = (of_delivery, chunk.ordinal == bindparam("ordinal"))
        keys = ["delivery_id", "ordinal"]
        plain = select(
            chunk.delivery_id,
            chunk.ordinal,
            chunk.first,
            chunk.count,
            chunk.done_at,
            chunk.missed,
            chunk.accepted,
            chunk.parked,
            chunk.refused,
            chunk.faulty,
        )
        self.add_chunk = Statement(insert(dialect, delivery_chunk) + " RETURNING 1", (None,))
        self.stored_chunks = query(
            dialect, select(func.count()).select_from(delivery_chunk).where(of_delivery), ["delivery_id"]
        )
        # By the index of the open ones: who waits for the last of them asks every second.
        self.open_chunks = query(
            dialect,
            select(func.count())
            .select_from(delivery_chunk)
            .where(of_delivery, chunk.done_at.is_(None), ~chunk.missed),
            ["delivery_id"],
        )
        self.chunk = query(dialect, plain.where(*this), keys)
        self.hold_chunk = query(dialect, plain.where(*this).with_for_update(), keys)
        self.chunk_content = query(
            dialect, select(chunk.key_id, chunk.wrapped, chunk.ciphertext).where(*this), keys
        )
        self.close_chunk = self._changing(
            'UPDATE "delivery_chunk" SET "done_at" = ?, "accepted" = ?, "parked" = ?, "refused" = ?,'
            ' "faulty" = ?, "wrapped" = NULL, "ciphertext" = NULL'
            ' WHERE "delivery_id" = ? AND "ordinal" = ? AND "done_at" IS NULL'
        )
        self.remove_chunk = self._changing(
            'DELETE FROM "delivery_chunk" WHERE "delivery_id" = ? AND "ordinal" = ?'
        )
        self.miss_chunk = self._changing(
            'UPDATE "delivery_chunk" SET "missed" = TRUE'
            ' WHERE "delivery_id" = ? AND "ordinal" = ? AND "done_at" IS NULL AND NOT "missed"'
        )

    def _changing(self, sql: str) -> Statement:
        return Statement(numbered(self._dialect, f"{sql} RETURNING 1"), (None,))


@cache
def _statements(dialect: str) -> _Statements:
    return _Statements(dialect)
