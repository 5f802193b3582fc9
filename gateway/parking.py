"""Work items: a request that waits for a clerk, and a hint that two persons may be one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gateway.decided import Decided, Verdict
from gateway.identity import CONFLICT, DUPLICATE, WEAK, Identity
from gateway.offices import contact_of
from gateway.tools import Tools
from store.records import MessageRef, WorkItem, WorkItemState
from store.unit import UnitOfWork

if TYPE_CHECKING:
    from gateway.deciding import Prepared
    from gateway.effects import Existing
    from gateway.rules.engine import Row

SUSPICION = "17001"
"""The only code of 070004."""
EFFECT_PARKED = "parked"
EFFECT_ATTACHED = "parked-with-earlier"


def park(
    work: UnitOfWork, tools: Tools, prepared: Prepared, identity: Identity, evidence: dict[str, Any]
) -> Decided:
    """Park a request with the competent office until a clerk said who it is.

    A request whose key waits already is attached to that work item (I12), with the persons only it is
    about. Without a stored message nothing is parked.
    """
    ref, effect, item_id = prepared.request.ref, EFFECT_PARKED, None
    if ref is not None and identity.parked_under is not None:
        item = identity.parked_under
        item_id, effect = item.id, EFFECT_ATTACHED
        further = tuple(person for person in identity.candidates if person not in item.candidates)
        if further:
            work.change_candidates(item.id, item.candidates + further)
        work.attach_message(item.id, ref, tools.clock.now())
    elif ref is not None:
        item_id = _open(
            work, tools, prepared, DUPLICATE, identity, identity.candidates, ref,
            {"person": prepared.request.details},
        )  # fmt: skip
    return _waiting(tools, prepared, Verdict.PARKED, effect, identity, item_id, evidence)


def park_conflict(
    work: UnitOfWork,
    tools: Tools,
    prepared: Prepared,
    identity: Identity,
    row: Row,
    existing: Existing,
    evidence: dict[str, Any],
) -> Decided:
    """Park a request that meets what only a clerk may weigh (D34, D39, D40)."""
    ref, item_id = prepared.request.ref, None
    if ref is not None:
        item_id = _open(
            work, tools, prepared, CONFLICT, identity, (existing.case.person_id,), ref,
            {"person": prepared.request.details, "row": row.id, "case": existing.case.id,
             "right": existing.right.id},
        )  # fmt: skip
    return _waiting(tools, prepared, Verdict.CLERK, row.effect, identity, item_id, evidence, row, existing)


def note_weak_hint(
    work: UnitOfWork, tools: Tools, prepared: Prepared, identity: Identity, person_id: int
) -> int:
    """Leave a work item that blocks nothing (I09): the new person may be a candidate. Out: its id."""
    return _open(
        work,
        tools,
        prepared,
        WEAK,
        identity,
        (*identity.candidates, person_id),
        prepared.request.ref,
        {},
    )


def _open(
    work: UnitOfWork,
    tools: Tools,
    prepared: Prepared,
    kind: str,
    identity: Identity,
    candidates: tuple[int, ...],
    ref: MessageRef | None,
    details: dict[str, Any],
) -> int:
    key, office = prepared.request.key, prepared.office
    item = WorkItem(
        id=work.new_id(),
        kind=kind,
        office_id=None if office is None else office.id,
        lock_key=key.lock,
        state=WorkItemState.OPEN,
        candidates=candidates,
        opened_at=tools.clock.now(),
        details={"branch": str(identity.branch), "key": asdict(key), **details},
        messages=() if ref is None else (ref,),
    )
    work.open_work_item(item)
    return item.id


def _waiting(
    tools: Tools,
    prepared: Prepared,
    verdict: Verdict,
    effect: str,
    identity: Identity,
    item_id: int | None,
    evidence: dict[str, Any],
    row: Row | None = None,
    existing: Existing | None = None,
) -> Decided:
    if item_id is not None:
        evidence["work_item"] = item_id
    return Decided(
        verdict,
        effect,
        identity,
        row=row,
        reason=SUSPICION,
        existing=None if existing is None else existing.pair,
        work_item=item_id,
        contact=contact_of(prepared.office, tools.settings.reachability),
        evidence=evidence,
    )
