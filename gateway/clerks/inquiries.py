"""What a clerk says about an inquiry that waits: who is meant. The information lies in the outbox then."""

from __future__ import annotations

from gateway.clerks.desk import Desk
from gateway.clock import german_day
from gateway.information.existence import tell
from gateway.information.inquiry import stored_inquiry
from gateway.later import later_record, lay_out
from gateway.resume import RequestGoneError
from store.records import MessageRef, PersonRecord, WorkItem


def answer_inquiries(desk: Desk, item: WorkItem, person: PersonRecord | None) -> None:
    """Answer every inquiry of a work item. In: the person that is meant, None where it is none of them."""
    for ref in item.messages:
        _answer(desk, ref, person)


def _answer(desk: Desk, ref: MessageRef, person: PersonRecord | None) -> None:
    work, tools = desk.work, desk.tools
    first = work.decision_of(ref)
    if first is None:
        raise RequestGoneError(f"message {ref.uuid} was never decided")
    stored = stored_inquiry(work, tools, ref)
    outcome = tell(work, tools, stored.inquiry, person, german_day(desk.now))
    outbox_id = lay_out(
        work, tools, ref, outcome, frame=stored.frame, door=stored.door, trigger_uuid=ref.uuid
    )
    work.add_decision(
        later_record(
            work, tools, first, outcome, actor=desk.actor, trigger_uuid=ref.uuid, outbox_id=outbox_id
        )
    )
    desk.note("informed", party=ref.party_id, uuid=ref.uuid, reason=outcome.reason)
