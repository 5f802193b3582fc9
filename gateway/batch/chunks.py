"""The work on a chunk of a delivery: all its records are decided and answered, and one transaction keeps it.

The place in the file and the effect are one: who crashed left nothing, and whoever takes the row again begins
with the same records. If one of them cannot be decided for a reason nobody foresaw, or ends the process, the
chunk falls apart into chunks of one record each: it is alone with its further attempts, the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from gateway import journaling
from gateway.batch.deciding import DISCARDED, RecordDecisions, RecordReader
from gateway.batch.packing import pack, unpack
from gateway.batch.work_kinds import CHUNK
from gateway.clock import german_day
from gateway.deferred.base import Postponed, Workshop
from messages.errors import Category, GatewayError
from store.errors import StoreUnavailable, WorkLost
from store.records_batch import Chunk, Delivery
from store.records_work import WorkRow
from store.unit import UnitOfWork

_AWAY: Final = timedelta(seconds=10)


class ChunkHandler:
    """Does the rows of the kind `work_kinds.CHUNK`: subject is the delivery, `facts["ordinal"]` the chunk."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._store = workshop.store
        self._tools = workshop.tools

    def do(self, row: WorkRow) -> None:
        """Decide the records of a chunk; see `deferred.base.WorkHandler`.

        Raises Postponed while keys of a person keep changing, and what a single record raises.
        """
        delivery, chunk, records = self._load(row)
        if chunk.count > 1 and (row.attempts > 1 or row.last_code is not None):
            # One of them may have ended the process that tried before, or all that tried.
            self._split(row, delivery, chunk, records)
            return
        try:
            self._decide(row, delivery, chunk, records)
        except (StoreUnavailable, WorkLost):
            raise
        except Exception as error:
            if isinstance(error, GatewayError) and error.entry.category is Category.AVAILABILITY:
                raise Postponed(self._tools.real_clock.now() + _AWAY) from error
            if chunk.count == 1:
                raise
            journaling.raise_alarm("a chunk falls apart", error, delivery=delivery.uuid)
            self._split(row, delivery, chunk, records)

    def discard(self, work: UnitOfWork, row: WorkRow, actor: str) -> None:
        """Answer the records of a chunk that nobody will decide any more."""
        delivery, chunk, content = _stored(work, row)
        reader = RecordReader(self._workshop, delivery, german_day(self._tools.clock.now()))
        # Without its content, when the time for keeping that was over, only the positions are left.
        records = (b"",) * chunk.count if content is None else unpack(content)
        decisions = RecordDecisions(self._tools, work, _held(work, chunk))
        for position, raw in zip(chunk.positions, records, strict=True):
            decisions.decide(reader.undone(position, raw, DISCARDED), actor=actor)
        self._close(work, chunk, decisions)

    def _load(self, row: WorkRow) -> tuple[Delivery, Chunk, Sequence[bytes]]:
        with self._store.unit_of_work() as work:
            delivery, chunk, content = _stored(work, row)
        if content is None:
            raise LookupError("the records of the chunk are gone")
        return delivery, chunk, unpack(content)

    def _decide(self, row: WorkRow, delivery: Delivery, chunk: Chunk, records: Sequence[bytes]) -> None:
        self._tools.refresh()
        reader = RecordReader(self._workshop, delivery, german_day(self._tools.clock.now()))
        read = [reader.read(*each) for each in zip(chunk.positions, records, strict=True)]
        with self._store.unit_of_work() as work:
            work.finish(row)
            # Anew: a result may have been made without it since.
            decisions = RecordDecisions(self._tools, work, _held(work, chunk))
            decisions.lock(read)
            for record in read:
                decisions.decide(record)
            self._close(work, chunk, decisions)
            work.commit()

    def _close(self, work: UnitOfWork, chunk: Chunk, decisions: RecordDecisions) -> None:
        now = self._tools.real_clock.now()
        if not work.close_chunk(chunk.delivery_id, chunk.ordinal, decisions.counts, now):
            raise LookupError("the chunk was done already")

    def _split(self, row: WorkRow, delivery: Delivery, chunk: Chunk, records: Sequence[bytes]) -> None:
        parts = [(position, 1, pack([raw])) for position, raw in zip(chunk.positions, records, strict=True)]
        now = self._tools.real_clock.now()
        with self._store.unit_of_work() as work:
            work.finish(row)
            for ordinal in work.split_chunk(delivery, chunk.ordinal, parts):
                work.enqueue(CHUNK, now, subject=delivery.id, facts={"ordinal": ordinal})
            work.commit()


def _held(work: UnitOfWork, chunk: Chunk) -> Chunk:
    """Lock a chunk, so that whether it is missed by a result stays as it is. Raises LookupError if done."""
    held = work.hold_chunk(chunk.delivery_id, chunk.ordinal)
    if held is None or held.done_at is not None:
        raise LookupError("the chunk was done already")
    return held


def _stored(work: UnitOfWork, row: WorkRow) -> tuple[Delivery, Chunk, bytes | None]:
    """Return what a row is about. Raises LookupError where there is no such open chunk."""
    subject, ordinal = row.subject, row.facts["ordinal"]
    delivery = None if subject is None else work.delivery(subject)
    chunk = None if delivery is None else work.chunk(delivery.id, ordinal)
    if delivery is None or chunk is None or chunk.done_at is not None:
        raise LookupError("there is no such open chunk")
    return delivery, chunk, work.chunk_content(delivery.id, ordinal)
