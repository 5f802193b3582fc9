"""What clerks and time decided later about records of deliveries, gathered into addenda of their results.

An addendum is laid together and signed in one transaction. What comes about later goes into the next one; a
sender fetches all it has not confirmed, so nothing has to wait for anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from gateway.batch.result_files import later_measured
from gateway.batch.result_notes import signed_note
from gateway.batch.results import journaled
from gateway.batch.signing import Signer
from gateway.scheduler.runner import Progress
from gateway.tools import Tools
from gateway.undone import Undone, is_away_not_busy
from store.deliveries import abandoned_deliveries
from store.engine import Store
from store.record_ids import stem_of
from store.records import OutboxEntry
from store.records_batch import Delivery
from store.unit import UnitOfWork

_WHAT: Final = "an addendum cannot be made"
ABANDONED_AFTER: Final = timedelta(days=7)
"""How long the rows of a delivery that was never taken in whole wait for a resend to go on from them."""


class Addenda:
    """A task of the scheduler: makes an addendum for each delivery that something was decided about later."""

    def __init__(self, store: Store, tools: Tools, sign: Signer) -> None:
        self._store = store
        self._tools = tools
        self._sign = sign
        self._after = 0
        self._undone = Undone(_WHAT)

    def work(self, limit: int) -> Progress:
        """Lay later answers into addenda, at most so many; out: how many addenda.

        A delivery without a first result waits for that; what waits does not hide what came after it, nor
        does one whose addendum cannot be made: that is told at once, and raised as UndoneError when all had
        their turn. Raises StoreUnavailable; then none of them is passed over.
        """
        with self._store.unit_of_work() as work:
            entries = work.later_unassigned(self._after, limit)
        made = sum(
            self._make(stem, [each for each in entries if stem_of(each.uuid) == stem])
            for stem in sorted({stem_of(each.uuid) for each in entries})
        )
        more = len(entries) == limit
        self._after = entries[-1].id if more else 0
        if not more:
            ended, self._undone = self._undone, Undone(_WHAT)
            ended.end()
        return Progress(made, more)

    def _make(self, stem: str, entries: Sequence[OutboxEntry]) -> bool:
        """Make one addendum, in a transaction of its own: each has to be signed. False if it was not made."""
        with self._store.unit_of_work() as work:
            delivery = work.delivery_by_stem(stem)
            last = None if delivery is None else work.last_addendum(delivery.id)
            if delivery is None or last is None:
                return False
            # A store that is merely busy may be so for this one alone, such as where it takes too long.
            with self._undone.apart(ends_all=is_away_not_busy, delivery=delivery.uuid):
                self._lay(work, delivery, last + 1, entries)
                work.commit()
                return True
        return False

    def _lay(
        self, work: UnitOfWork, delivery: Delivery, addendum: int, entries: Sequence[OutboxEntry]
    ) -> None:
        work.lay_into(delivery.id, addendum, [each.id for each in entries])
        work.flush()
        file, counts = later_measured(work, delivery.id, addendum)
        result = signed_note(self._tools, self._sign, delivery, addendum, file, counts)
        work.add_result(result)
        work.add_journal(journaled(self._tools, delivery, result))


class AbandonedDeliveries:
    """A task of the scheduler: removes what is left of deliveries that nobody sent again."""

    def __init__(self, store: Store, tools: Tools) -> None:
        self._store = store
        self._clock = tools.real_clock

    def work(self, limit: int) -> Progress:
        """Remove deliveries that nobody goes on with and that were never accepted, at most so many."""
        before = self._clock.now() - ABANDONED_AFTER
        with self._store.read() as reader:
            found = abandoned_deliveries(reader.connection, before, limit)
        return Progress(sum(self._drop(each) for each in found), len(found) == limit)

    def _drop(self, delivery: Delivery) -> bool:
        with self._store.unit_of_work() as work:
            dropped = work.drop_delivery(delivery.id)
            work.commit()
        return dropped
