"""What a clerk says about an inquiry that waits: who is meant. The information lies in the outbox then."""

from __future__ import annotations

from gateway.clerks.desk import Desk
from gateway.clock import german_day
from gateway.information.existence import tell
from gateway.information.inquiry import stored_inquiry
from store.records import MessageRef, PersonRecord, WorkItem


def answer_inquiries(desk: Desk, item: WorkItem, person: PersonRecord | None) -> None:
    """Answer every inquiry of a work item. In: the person that is meant, None where it is none of them."""
    for ref in item.messages:
        _answer(desk, ref, person)


def _answer(desk: Desk, ref: MessageRef, person: PersonRecord | None) -> None:
    stored = stored_inquiry(desk.work, desk.tools, ref)
    outcome = tell(desk.work, desk.tools, stored.inquiry, person, german_day(desk.now))
    desk.answer(ref, outcome, frame=stored.frame, door=stored.door)
    desk.note("informed", party=ref.party_id, uuid=ref.uuid, reason=outcome.reason)
