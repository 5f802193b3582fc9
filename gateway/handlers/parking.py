"""Work items: a report that waits for a clerk, and a hint that two persons may be one."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gateway import answers
from gateway.accepted import AcceptedMessage, Outcome
from gateway.handlers.base import Tools
from gateway.identity import DUPLICATE, WEAK, Identity
from gateway.normalise import PersonKey
from gateway.offices import contact_of
from store.records import MessageRef, OfficeRecord, WorkItem, WorkItemState
from store.unit import UnitOfWork

SUSPICION = "17001"
"""The only code of 070004."""
EFFECT_PARKED = "parked"
EFFECT_ATTACHED = "parked-with-earlier"


def park(
    work: UnitOfWork,
    tools: Tools,
    accepted: AcceptedMessage,
    identity: Identity,
    *,
    key: PersonKey,
    office: OfficeRecord | None,
    details: Mapping[str, Any],
    evidence: dict[str, Any],
) -> Outcome:
    """Park a report with the competent office and answer 070004, which names the office's contact.

    A report whose key waits already is attached to that work item (I12), with the persons only it is
    about. In: the key of the person reported,
    the competent office, their data for the clerk, the evidence so far.
    """
    now = tools.clock.now()
    ref = MessageRef(accepted.party.kennung, accepted.uuid)
    if identity.parked_under is not None:
        item_id = identity.parked_under.id
        known = identity.parked_under.candidates
        further = tuple(person for person in identity.candidates if person not in known)
        if further:
            work.change_candidates(item_id, known + further)
        work.attach_message(item_id, ref, now)
        effect = EFFECT_ATTACHED
    else:
        item_id = work.new_id()
        work.open_work_item(
            WorkItem(
                id=item_id,
                kind=DUPLICATE,
                office_id=None if office is None else office.id,
                lock_key=key.lock,
                state=WorkItemState.OPEN,
                candidates=identity.candidates,
                opened_at=now,
                details={"branch": str(identity.branch), "key": asdict(key), "person": details},
                messages=(ref,),
            )
        )
        effect = EFFECT_PARKED
    return Outcome(
        answers.suspicion(SUSPICION),
        effect,
        branch=str(identity.branch),
        reason=SUSPICION,
        contact=contact_of(office, tools.settings.reachability),
        evidence={**evidence, "work_item": item_id},
    )


def note_weak_hint(
    work: UnitOfWork,
    tools: Tools,
    accepted: AcceptedMessage,
    identity: Identity,
    *,
    key: PersonKey,
    office: OfficeRecord | None,
    person_id: int,
) -> int:
    """Leave a work item that blocks nothing (I09): the new person may be a candidate. Out: its id."""
    item = WorkItem(
        id=work.new_id(),
        kind=WEAK,
        office_id=None if office is None else office.id,
        lock_key=key.lock,
        state=WorkItemState.OPEN,
        candidates=(*identity.candidates, person_id),
        opened_at=tools.clock.now(),
        details={"branch": str(identity.branch), "key": asdict(key)},
        messages=(MessageRef(accepted.party.kennung, accepted.uuid),),
    )
    work.open_work_item(item)
    return item.id
