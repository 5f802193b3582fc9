"""Two stored persons are one, or are not after all: merge and split ("Clerk's undoing")."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gateway.answers import outcome_of
from gateway.cases import ACTIVE, counting_right, state_on, transitions
from gateway.clerks.desk import ClerkError, Desk, Event
from gateway.clock import german_day
from gateway.decided import Decided, Verdict
from gateway.deciding import Decider, Judged, Prepared
from gateway.disclosure import hides, refusal_details
from gateway.identity import Branch, Identity, same
from gateway.resume import stored_request
from gateway.rules.engine import DecisionTable, Row
from gateway.rules.engine import Verdict as Answer
from store.records import CaseRecord, MessageRef, PersonRecord, RightRecord

EFFECT_CANCELLED: Final = "cancelled-after-merge"
REPETITION: Final = "6"
COMPETES: Final = ("D02", "17108")
"""Row and reason where the table would not refuse: already entitled or obliged, and decided earlier."""


def merge(desk: Desk, subject: PersonRecord, into: PersonRecord) -> None:
    """Let all numbers of one person lead to another, and leave one active right.

    Of competing active rights the one decided first stays; the others are CANCELLED, and the agency of each
    is told by 070005. Raises ClerkError, CaseError.
    """
    work = desk.work
    if subject.id == into.id:
        raise ClerkError("these are one person already")
    for case in work.cases_of([subject.id]):
        if not work.move_case(case, into.id, **desk.history):
            raise ClerkError(f"case {case.number} belongs to somebody else by now")
        desk.note("moved", number=case.number, case=case.id, person=into.id)
    if not work.merge_person(subject.id, into.id, **desk.history):
        raise ClerkError(f"person {subject.id} is merged already")
    desk.note("merged", person=subject.id, into=into.id)
    if work.revoke_homonym(subject.id, into.id, at=desk.now):
        desk.note("not-different", one=subject.id, other=into.id)
    for report in work.reported_blocks([subject.id]):
        if work.move_block(report, into.id, **desk.history):
            desk.note("block-moved", person=subject.id, into=into.id, agency=report.agency)
    if subject.deceased and work.set_deceased(into.id, subject.died_on, **desk.history):
        desk.note("deceased", person=into.id, of=subject.id)
    work.flush()
    moved = {event.facts["case"] for event in desk.events if event.kind == "moved"}
    for case, right, kept in _competing(desk, into.id):
        owner = subject.id if case.id in moved else into.id
        _cancel(desk, case, right, kept, owner)
    for person_id in (subject.id, into.id):
        desk.ask_again(person_id)


def split(desk: Desk, events: list[Event]) -> tuple[int, int]:
    """Take a merging back. In: what came of it. Out: the ids of the two persons.

    What was cancelled by it is decided anew for whose it was. Raises ClerkError, CaseError.
    """
    work = desk.work
    merged = next(event for event in events if event.kind == "merged")
    one, other = int(merged.facts["person"]), int(merged.facts["into"])
    if not work.split_person(one, other, **desk.history):
        raise ClerkError(f"person {one} is not merged into {other} any more")
    desk.note("split", person=one, into=other)
    for event in events:
        if event.kind == "moved":
            case = work.case(event.facts["case"])
            if case is not None and work.move_case(case, one, **desk.history):
                desk.note("moved", number=case.number, case=case.id, person=one)
    for event in events:
        if event.kind == "block-moved":
            _give_block_back(desk, event)
    work.add_homonym(one, other, at=desk.now, actor=desk.actor)
    desk.note("different", one=one, other=other)
    work.flush()
    for event in events:
        if event.kind == "cancelled":
            _decide_anew(desk, event)
    return one, other


def _give_block_back(desk: Desk, moved: Event) -> None:
    """Give a disclosure block back to the person it was reported for, unless it was lifted meanwhile."""
    person, into, agency = (moved.facts[name] for name in ("person", "into", "agency"))
    for report in desk.work.reported_blocks([into]):
        if report.agency == agency and desk.work.move_block(report, person, **desk.history):
            desk.note("block-moved", person=into, into=person, agency=agency)


def _competing(
    desk: Desk, person_id: int
) -> list[tuple[CaseRecord, RightRecord, tuple[CaseRecord, RightRecord]]]:
    """Return the active cases that have to end, each with its right and what stays instead."""
    today = german_day(desk.now)
    active = [
        (case, right)
        for case in desk.work.cases_of([person_id])
        if state_on(case, today) in ACTIVE and (right := counting_right(case)) is not None
    ]
    # A repetition is admitted only where the right it repeats was used up: it never has to end.
    active.sort(key=lambda held: (held[1].art != REPETITION, held[1].decided_at, held[1].id))
    return [(case, right, active[0]) for case, right in active[1:]]


def _cancel(
    desk: Desk, case: CaseRecord, right: RightRecord, kept: tuple[CaseRecord, RightRecord], owner: int
) -> None:
    transitions.cancel(desk.work, case, **desk.history)
    desk.tell_joined(case)
    desk.note(
        "cancelled",
        number=case.number,
        case=case.id,
        art=right.art,
        party=right.agency,
        uuid=right.party_uuid,
        of_person=owner,
        kept=kept[0].number,
        kept_art=kept[1].art,
        kept_party=kept[1].agency,
    )
    if right.party_uuid is None:
        desk.note("not-told", number=case.number)
    else:
        _tell(desk, MessageRef(right.agency, right.party_uuid), kept)


def _tell(desk: Desk, ref: MessageRef, kept: tuple[CaseRecord, RightRecord]) -> None:
    """Lay 070005 out for a message whose right was cancelled, showing what stays."""
    work, tools = desk.work, desk.tools
    stored = stored_request(work, tools, ref)
    today = german_day(desk.now)
    person = desk.person(kept[0].person_id)
    work.flush()
    prepared = Decider(tools).prepare(stored.request, today)
    row, reason = _refusal(
        tools.rules.on(today),
        Decider(tools).judge(work, prepared, person) if isinstance(prepared, Prepared) else None,
    )
    hidden = hides(work, *kept, ref.party_id)
    decided = Decided(
        Verdict.REFUSED,
        EFFECT_CANCELLED,
        same(person),
        row=row,
        reason=reason,
        details=refusal_details(kept[1], hidden=hidden),
        existing=None if hidden else kept,
        evidence={"table": tools.rules.on(today).version, "case": kept[0].id, "person": person.id},
    )
    outcome = outcome_of(decided, stored.reading.body(decided))
    desk.answer(ref, outcome, frame=stored.frame, door=stored.door)
    desk.note("told", party=ref.party_id, uuid=ref.uuid, reason=reason)


def _refusal(table: DecisionTable, judged: Judged | None) -> tuple[Row, str]:
    """Return row and reason by which the table refuses, on the state that is left."""
    if judged is not None and judged.row.answer is Answer.REFUSE:
        reason = judged.row.reason_for(judged.facts)
        if reason is not None:
            return judged.row, reason
    row_id, reason = COMPETES
    return replace(table.row(row_id), takeover=False), reason


def _decide_anew(desk: Desk, cancelled: Event) -> None:
    """Decide a cancelled right's request anew, for the person whose it was."""
    facts = cancelled.facts
    if facts.get("uuid") is None:
        desk.note("lost", number=facts["number"])
        return
    person = desk.person(facts["of_person"])
    desk.resume(MessageRef(facts["party"], facts["uuid"]), Identity(Branch.DIFFERENT, person))
