"""What a unit of work knows of retrievals: the log of information that was given to agencies."""

from store.records_information import Retrieval
from store.schema import retrieval
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
