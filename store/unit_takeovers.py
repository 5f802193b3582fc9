"""What a unit of work knows of takeovers: agencies that joined the obligation of another."""

from collections.abc import Iterable

from store.records_information import Takeover
from store.schema import takeover
from store.statements import ids_text
from store.unit_base import Work


class TakeoverWork(Work):
    """Takeovers. A row is never changed: whether it still counts follows from the right it is about."""

    __slots__ = ()

    def takeovers_of(self, case_ids: Iterable[int]) -> list[Takeover]:
        """Return the takeovers of these cases, also of rights that are over, in the order they were made."""
        rows = self._run(self._queries.takeovers, ids_text(self._link.dialect, case_ids))
        return [Takeover(*row) for row in rows]

    def add_takeover(self, record: Takeover) -> None:
        """Queue a takeover; an agency takes a right of a case over once."""
        self._add(
            takeover,
            (
                record.id,
                record.case_id,
                record.right_id,
                record.agency,
                record.agency_name,
                record.agency_type,
                record.taken_on,
                record.party_uuid,
                record.at,
            ),
        )
