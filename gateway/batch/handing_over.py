"""Results that go where their delivery came from, without that somebody asks: into the watched folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.batch.result_files import result_file
from gateway.batch.result_notes import result_row
from gateway.tools import Tools
from store.deliveries import waiting_results
from store.engine import Store
from store.records import JournalKind
from store.records_batch import Delivery, DeliveryResult

FOLDER: Final = "batch-folder"
"""The door of deliveries that came through the watched folder."""


class HandingOver:
    """Hands over the results of deliveries that came by one door."""

    def __init__(self, store: Store, tools: Tools, door: str = FOLDER) -> None:
        self._store = store
        self._tools = tools
        self._door = door

    def waiting(self, after: tuple[int, int], limit: int) -> list[tuple[Delivery, DeliveryResult]]:
        """Return the next results that were not handed over yet, oldest first.

        In: delivery and addendum of the last one that is known, (0, 0) for the oldest.
        """
        with self._store.read() as reader:
            return waiting_results(reader.connection, self._door, after, limit)

    def file(self, delivery: Delivery, result: DeliveryResult) -> Iterator[bytes]:
        """Yield the file of a result. Raises ContentErased."""
        return result_file(self._store, self._tools.messages, delivery, result.addendum)

    def handed_over(self, delivery: Delivery, result: DeliveryResult) -> bool:
        """Note that a result lies with the sender, as if it had been fetched and confirmed; once only."""
        now = self._tools.clock.now()
        with self._store.unit_of_work() as work:
            work.mark_result_fetched(result, now)
            if not work.confirm_result(result, now):
                return False
            for kind in (JournalKind.FETCHED, JournalKind.CONFIRMED):
                work.add_journal(
                    result_row(
                        kind,
                        self._tools.real_clock.now(),
                        result,
                        party_id=delivery.party_id,
                        door=self._door,
                        facts={"delivery": delivery.uuid},
                    )
                )
            work.commit()
        return True
