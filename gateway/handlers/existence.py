"""070011, 080011: has a person a right? Told at once where it is certain who is meant, else after a clerk."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from gateway.accepted import AcceptedMessage, Outcome, Receipt
from gateway.handlers.base import Step
from gateway.identity import INQUIRY, Branch
from gateway.information.existence import NO_CASE, UNSURE, Meant, existence_table, find_meant, tell
from gateway.information.inquiry import Inquiry, read_inquiry
from gateway.information.log import Asker, Purpose, note_retrieval
from gateway.tools import Tools
from messages.quittung import Quittung
from store.records import OfficeRecord, WorkItem, WorkItemState
from store.unit import UnitOfWork

WAITS: Final = "auskunft-zurueckgestellt"
"""Key of the receipt while a clerk looks at it."""
EFFECT_PARKED: Final = "parked"


class ExistenceHandler:
    """Tells an agency whether a person has a right (§ 8 (1) S. 2 IntV)."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def prepare(self, accepted: AcceptedMessage) -> Step:
        """Read the inquiry and find the competent office.

        The step raises GatewayError 00057 where a number is named that does not fit the birth date.
        """
        tools = self._tools
        inquiry = read_inquiry(accepted.parsed.message, Asker.of(accepted))
        tools.refresh()
        office = tools.offices.find(inquiry.postcode)

        def step(work: UnitOfWork) -> Outcome:
            meant = find_meant(work, inquiry)
            if meant.candidates:
                return _wait(work, tools, inquiry, meant, office)
            return tell(work, tools, inquiry, meant.person, accepted.today)

        return step


def _wait(
    work: UnitOfWork, tools: Tools, inquiry: Inquiry, meant: Meant, office: OfficeRecord | None
) -> Outcome:
    """Let a clerk of the competent office say who is meant; nothing is told before."""
    item = WorkItem(
        id=work.new_id(),
        kind=INQUIRY,
        office_id=None if office is None else office.id,
        lock_key=inquiry.key.lock,
        state=WorkItemState.OPEN,
        candidates=meant.candidates,
        opened_at=tools.clock.now(),
        details={"key": asdict(inquiry.key), "person": dict(inquiry.details)},
        messages=(inquiry.ref,),
    )
    work.open_work_item(item)
    table = existence_table()
    row = table.decide(NO_CASE, frozenset({UNSURE}))
    note_retrieval(
        work,
        tools,
        inquiry.asker,
        purpose=Purpose.EXISTENCE,
        relation=None,
        person_id=None,
        case_id=None,
        answer_type=Quittung.message_type,
        reason=None,
        row=row.id,
    )
    evidence: dict[str, Any] = {
        "table": table.version,
        "candidates": list(meant.candidates),
        "work_item": item.id,
    }
    return Outcome(
        Receipt(WAITS, row.explanation_de, row.explanation_en),
        EFFECT_PARKED,
        branch=str(Branch.ONE_HIT if len(meant.candidates) == 1 else Branch.SEVERAL_HITS),
        row=row,
        evidence=evidence,
    )
