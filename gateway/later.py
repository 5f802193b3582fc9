"""Later answers: laid into the outbox of their party, and recorded under the message they are about."""

from dataclasses import replace
from typing import Final

from gateway.accepted import Asked, Outcome
from gateway.tools import Tools
from store.records import DecisionRecord, MessageRef, OutboxEntry
from store.unit import UnitOfWork

DEFAULT_DOOR: Final = "soap"
"""Where a party looks for what is about a message whose content was erased."""


class RequestGoneError(LookupError):
    """The stored request is not there any more, or was never one for a right: nothing can be decided anew."""


def latest_decision(work: UnitOfWork, ref: MessageRef) -> DecisionRecord:
    """Return the record of the latest decision about a message. Raises RequestGoneError if there is none."""
    found = work.decision_of(ref)
    if found is None:
        raise RequestGoneError(f"message {ref.uuid} of {ref.party_id} was never decided")
    return found


def door_of(work: UnitOfWork, ref: MessageRef) -> str:
    """Return the door by which a message came, and by which its later answers are fetched."""
    stored = work.request_document(ref)
    return DEFAULT_DOOR if stored is None else stored[2]


def lay_out(
    work: UnitOfWork,
    tools: Tools,
    ref: MessageRef,
    outcome: Outcome,
    *,
    frame: Asked | None,
    door: str,
    trigger_uuid: str,
) -> int:
    """Lay a later answer into the outbox of the party; out: its id there.

    In: the message, what was decided, the message's frame (a receipt needs none), the door it came by, the
    UUID that the answer names as its cause.
    """
    now = tools.clock.now()
    document_uuid = outcome.document_uuid or tools.new_uuid().lower()
    named = replace(outcome, document_uuid=document_uuid)
    entry = OutboxEntry(
        id=work.new_id(),
        party_id=ref.party_id,
        route=door,
        uuid=ref.uuid,
        trigger_uuid=trigger_uuid,
        document_uuid=document_uuid,
        kind=outcome.answer.message_class.message_type,
        reason_code=outcome.reason,
        number=outcome.number,
        decided_row=None if outcome.row is None else outcome.row.id,
        created_at=now,
        document=tools.writer.document(frame, named, now, trigger_uuid),
    )
    work.lay_out(entry, tools.real_clock.now())
    return entry.id


def later_record(
    work: UnitOfWork,
    tools: Tools,
    first: DecisionRecord,
    outcome: Outcome,
    *,
    actor: str,
    trigger_uuid: str,
    outbox_id: int | None = None,
) -> DecisionRecord:
    """Return the record of a later decision about a message, under the message's own UUID.

    In: an earlier record of the message. The evidence says in `later` who decided, the UUID of what caused
    it, and the entry of the outbox if the answer went there.
    """
    return replace(
        first,
        id=work.new_id(),
        **outcome.recorded(first.legal_basis),
        evidence={
            **outcome.evidence,
            "later": {"actor": actor, "trigger": trigger_uuid, "outbox": outbox_id},
        },
        decided_at=tools.real_clock.now(),
    )
