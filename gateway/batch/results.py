"""The first result of a delivery: made by a worker once all its records are answered, or cannot be now."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from gateway.batch.notes import DOOR
from gateway.batch.result_files import first_counted, first_file, measured
from gateway.batch.result_notes import result_row, signed_note
from gateway.batch.signing import Signer
from gateway.batch.work_kinds import CHUNK
from gateway.deferred.base import Postponed, WorkNotThereError
from gateway.tools import Tools
from store.engine import Store
from store.records import JournalEntry, JournalKind
from store.records_batch import Delivery, DeliveryResult
from store.records_work import WorkRow
from store.unit import UnitOfWork

_AGAIN: Final = timedelta(seconds=1)


class FirstResult:
    """Handler of the work kind "batch-result"; its subject is a delivery."""

    def __init__(self, store: Store, tools: Tools, sign: Signer) -> None:
        self._store = store
        self._tools = tools
        self._sign = sign

    def do(self, row: WorkRow) -> None:
        """Make the result if nothing is open any more. Raises Postponed while something is, WorkLost."""
        delivery = self._complete(row)
        file = measured(first_file(self._store, self._tools.messages, delivery))
        counts = first_counted(self._store, delivery)
        result = signed_note(self._tools, self._sign, delivery, 0, file, counts)
        with self._store.unit_of_work() as work:
            work.finish(row)
            if work.finish_delivery(delivery.id, self._tools.real_clock.now()):
                work.add_result(result)
                work.add_journal(journaled(self._tools, delivery, result))
            work.commit()

    def discard(self, work: UnitOfWork, row: WorkRow, actor: str) -> None:  # noqa: ARG002 - as all handlers
        """Refuse: the records are decided, and their sender hears of none without a first result."""
        raise WorkNotThereError(f"the sender of the delivery waits for it: inge work retry {row.id}")

    def _complete(self, row: WorkRow) -> Delivery:
        """Return the delivery once each chunk is done or missed; the dead ones are missed from now on."""
        if row.subject is None:
            raise LookupError("a result of no delivery")
        with self._store.unit_of_work() as work:
            delivery = work.delivery(row.subject)
            if delivery is None:
                raise LookupError("a result of a delivery that is not there")
            opened = work.open_chunks(delivery.id)
            if opened:
                dead = [each.facts["ordinal"] for each in work.dead_work(CHUNK, delivery.id)]
                if len(dead) < opened or work.miss_chunks(delivery.id, dead) < opened:
                    # Only all of them together: an operator may still revive one while others are worked on.
                    raise Postponed(self._tools.real_clock.now() + _AGAIN)
                work.commit()
        return delivery


def journaled(tools: Tools, delivery: Delivery, result: DeliveryResult) -> JournalEntry:
    """Return the journal's row of a result that lies ready."""
    return result_row(
        JournalKind.LATER,
        tools.real_clock.now(),
        result,
        party_id=delivery.party_id,
        door=DOOR,
        facts={"delivery": delivery.uuid},
    )
