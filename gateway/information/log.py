"""The log of retrievals (§ 8 IntV): each information asked for leaves an entry, given or refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.accepted import AcceptedMessage
from gateway.information.relation import Relation
from gateway.tools import Tools
from store.records_information import Retrieval
from store.unit import UnitOfWork

NO_CASE: Final = "none"
"""The relation of whoever asks about nobody that is known."""


class Purpose(StrEnum):
    """What an agency says it asks for, by its message."""

    EXISTENCE = "existence"
    PARTICIPATION = "participation"
    PERMIT_RENEWAL = "permit-renewal"
    TAKEOVER = "takeover"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, by which message."""

    party_id: str
    party_name: str
    agency_type: str
    uuid: str
    message_type: str

    @classmethod
    def of(cls, accepted: AcceptedMessage) -> Asker:
        """Return who sent an accepted message."""
        party = accepted.party
        return cls(
            party.kennung,
            party.name,
            party.agency_type,
            accepted.uuid,
            accepted.parsed.contract.message_type,
        )


def note_retrieval(
    work: UnitOfWork,
    tools: Tools,
    asker: AcceptedMessage | Asker,
    *,
    purpose: Purpose,
    relation: Relation | None,
    person_id: int | None,
    case_id: int | None,
    answer_type: str,
    reason: str | None,
    row: str | None,
    scope: Iterable[str] = (),
) -> None:
    """Queue an entry of the log, with the real time of it.

    In: what the agency has to do with the case (None: nobody or no case was found), the message type of the
    answer and its code, the row of the table that decided, the groups of data that are given. A refusal is
    logged too, with an empty scope.
    """
    who = Asker.of(asker) if isinstance(asker, AcceptedMessage) else asker
    work.add_retrieval(
        Retrieval(
            id=work.new_id(),
            at=tools.real_clock.now(),
            party_id=who.party_id,
            party_name=who.party_name,
            agency_type=who.agency_type,
            uuid=who.uuid,
            message_type=who.message_type,
            purpose=purpose.value,
            relation=NO_CASE if relation is None else relation.value,
            person_id=person_id,
            case_id=case_id,
            answer_type=answer_type,
            reason_code=reason,
            row=row,
            scope=sorted(scope),
        )
    )
