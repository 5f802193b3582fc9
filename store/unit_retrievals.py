"""What a unit of work knows of retrievals: the log of information that was given to agencies."""

from datetime import datetime
from functools import cache

from store.records_information import Retrieval
from store.schema import retrieval
from store.statements import Statement, numbered
from store.unit_base import Work


class RetrievalWork(Work):
    """The log of § 8 IntV, written in the transaction of the answer: none leaves without its entry."""

    __slots__ = ()

    def add_retrieval(self, record: Retrieval) -> None:
        """Queue an entry of the log."""
        self._add(
            retrieval,
            (
                record.id,
                record.at,
                record.party_id,
                record.party_name,
                record.agency_type,
                record.uuid,
                record.message_type,
                record.purpose,
                record.relation,
                record.person_id,
                record.case_id,
                record.answer_type,
                record.reason_code,
                record.row,
                list(record.scope),
                record.held_at,
                record.held_by,
                record.hold_reason,
            ),
        )

    def hold_retrieval(self, entry_id: int, *, at: datetime, by: str, reason: str) -> bool:
        """Keep an entry beyond its term; False if there is none, or it is held already."""
        return self._changed(_statements(self._link.dialect).hold, (self._at(at), by, reason, entry_id)) == 1

    def release_retrieval(self, entry_id: int) -> bool:
        """Let an entry be deleted when its term is over; False if there is none that is held."""
        return self._changed(_statements(self._link.dialect).release, (entry_id,)) == 1

    def delete_retrievals(self, before: datetime, limit: int) -> int:
        """Delete the oldest entries from before an instant that nobody holds; out: how many."""
        return self._changed(_statements(self._link.dialect).delete, (self._at(before), limit))


class _Statements:
    """The statements about stored entries."""

    def __init__(self, dialect: str) -> None:
        self.hold = _changing(
            dialect,
            'UPDATE "retrieval" SET "held_at" = ?, "held_by" = ?, "hold_reason" = ?'
            ' WHERE "id" = ? AND "held_at" IS NULL RETURNING 1',
        )
        self.release = _changing(
            dialect,
            'UPDATE "retrieval" SET "held_at" = NULL, "held_by" = NULL, "hold_reason" = NULL'
            ' WHERE "id" = ? AND "held_at" IS NOT NULL RETURNING 1',
        )
        # Said twice: an entry that somebody holds while the deletion waits for it is looked at once more.
        self.delete = _changing(
            dialect,
            'DELETE FROM "retrieval" WHERE "held_at" IS NULL AND "id" IN (SELECT "id" FROM "retrieval"'
            ' WHERE "at" < ? AND "held_at" IS NULL ORDER BY "at", "id" LIMIT ?) RETURNING 1',
        )


def _changing(dialect: str, sql: str) -> Statement:
    return Statement(numbered(dialect, sql), (int,))


@cache
def _statements(dialect: str) -> _Statements:
    return _Statements(dialect)
