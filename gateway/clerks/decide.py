"""Deciding a work item: the same person, another one, or what shall hold (I04, I05, D34, D39)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from gateway.clerks.blocks import KEEP, LIFT, weigh_block
from gateway.clerks.desk import Act, ClerkError, Desk, act, named_person
from gateway.clerks.inquiries import answer_inquiries
from gateway.clerks.merging import merge
from gateway.decided import ClerkChoice, Decided
from gateway.identity import BLOCK, CONFLICT, DUPLICATE, INQUIRY, different, same
from gateway.resume import stored_request
from gateway.tools import Tools
from schemas.din91379 import beyond_datatype_c
from store.engine import Store
from store.records import MessageRef, PersonRecord, WorkItem, WorkItemState

SAME: Final = "same"
DIFFERENT: Final = "different"
REPLACE: Final = "replace"
REFUSE: Final = "refuse"
_FITTING: Final = {CONFLICT: (REPLACE, REFUSE), BLOCK: (LIFT, KEEP)}
"""What can be said about work items of a kind where it is not SAME or DIFFERENT."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a clerk chose.

    SAME with a person's BAMF number or id, DIFFERENT, REPLACE, REFUSE with a text; of a disclosure block LIFT
    or KEEP.
    """

    what: str
    person: str | None = None
    text: str | None = None

    def fits(self, kind: str) -> bool:
        """Tell whether this can be said about a work item of a kind."""
        return self.what in _FITTING.get(kind, (SAME, DIFFERENT))


def decide(store: Store, tools: Tools, item_id: int, choice: Choice, *, actor: str, reason: str = "") -> Act:
    """Decide an open work item, and all messages that wait for it. Raises ClerkError, StoreUnavailable."""
    person = None if choice.person is None else _lookup(store, choice.person)

    def doing(desk: Desk, item: WorkItem) -> str:
        if item.state != WorkItemState.OPEN:
            raise ClerkError(f"work item {item.id} was decided by {item.decided_by} already")
        if not choice.fits(item.kind):
            raise ClerkError(f"{choice.what} cannot be said about a work item of the kind {item.kind}")
        carried_out = carry_out(desk, item, choice, person)
        if not desk.work.close_work_item(item, decision=carried_out, actor=actor, at=desk.now):
            raise ClerkError(f"work item {item.id} was decided by somebody else meanwhile")
        desk.journal(item.id, choice.what, item.messages)
        return choice.what

    persons = () if person is None else (person,)
    return act(store, tools, item_id, doing, actor=actor, reason=reason or _reason(item_id), persons=persons)


def carry_out(desk: Desk, item: WorkItem, choice: Choice, person: int | None) -> dict[str, Any]:
    """Do what a clerk chose. In: the person that SAME names. Out: the decision as the store keeps it."""
    if choice.what == SAME:
        if person is None:
            raise ClerkError("the same as whom? a BAMF number or the id of a person is needed")
        say_same(desk, item, desk.person(person))
    elif choice.what == DIFFERENT:
        say_different(desk, item)
    elif choice.what in (LIFT, KEEP):
        weigh_block(desk, item, choice.what)
    else:
        _weigh(desk, item, choice)
    return decision_of(desk, choice.what, person, choice.text)


def decision_of(desk: Desk, what: str, person: int | None, text: str | None = None) -> dict[str, Any]:
    """Return a decision as the store keeps it."""
    return {
        "choice": what,
        "person": person,
        "text": text,
        "reason": desk.reason,
        "events": [event.as_data() for event in desk.events],
    }


def say_same(desk: Desk, item: WorkItem, person: PersonRecord) -> None:
    """The persons are one: every waiting message is decided for this one, or two stored ones are merged."""
    known = {desk.person(each).id for each in item.candidates}
    if item.kind in (DUPLICATE, INQUIRY) and person.id not in known and desk.reason == _reason(item.id):
        raise ClerkError(f"person {person.id} is no candidate of this work item: give a reason")
    if item.kind == INQUIRY:
        answer_inquiries(desk, item, person)
        return
    if item.kind == DUPLICATE:
        for ref in item.messages:
            desk.resume(ref, same(person))
        return
    others = sorted(known - {person.id})
    if person.id not in known:
        raise ClerkError(f"person {person.id} is no candidate of this work item")
    if len(known) == 1:
        raise ClerkError("these are one person already")
    # The item is about the last candidate; named itself, it is the only other one that it can be.
    subject = desk.person(item.candidates[-1])
    if subject.id != person.id:
        merge(desk, subject, person)
    elif len(others) == 1:
        merge(desk, subject, desk.person(others[0]))
    else:
        raise ClerkError("the same as whom? name one of the other candidates")


def say_different(desk: Desk, item: WorkItem) -> None:
    """It is none of the candidates: the first message that stores a person makes a new one.

    What waited behind it waits in a new work item, for the new person may be the one it is about.
    """
    if item.kind == INQUIRY:
        answer_inquiries(desk, item, None)
        return
    known = list(dict.fromkeys(desk.person(each).id for each in item.candidates))
    if item.kind != DUPLICATE:
        if len(known) == 1:
            raise ClerkError("these are one person: only undoing makes two of them again")
        _remember(desk, item, desk.person(item.candidates[-1]).id, known)
        return
    if not item.messages:
        raise ClerkError("no message waits in this work item")
    first, *rest = item.messages
    decided = desk.resume(first, different(known))
    new = None
    if decided.verdict.waits:
        _look_again(desk, decided, known)
    else:
        new = _new_person(decided)
    if new is not None:
        desk.note("new-person", uuid=first.uuid, party=first.party_id, person=new)
        _remember(desk, item, new, known)
    if rest:
        _wait_on(desk, item, rest, known if new is None else [*known, new])
    desk.work.flush()


def _look_again(desk: Desk, decided: Decided, known: Sequence[int]) -> None:
    """Others have that key by now: whoever looks again sees all of them, or it would go on for ever."""
    item = None if decided.work_item is None else desk.work.work_item(decided.work_item)
    if item is not None:
        desk.work.change_candidates(item.id, dict.fromkeys((*known, *item.candidates)))


def _new_person(decided: Decided) -> int | None:
    return None if decided.case is None else decided.case.person_id


def _remember(desk: Desk, item: WorkItem, person: int, others: Sequence[int]) -> None:
    for other in others:
        if other != person:
            desk.work.add_homonym(person, other, at=desk.now, actor=desk.actor, work_item_id=item.id)
            desk.note("different", one=person, other=other)


def _wait_on(desk: Desk, item: WorkItem, rest: Sequence[MessageRef], candidates: Sequence[int]) -> None:
    """Let messages wait in a work item of their own. It is as old as what waits longest in it."""
    work = desk.work
    since = work.waiting_since(item.id)
    request = stored_request(work, desk.tools, rest[0]).request
    following = replace(
        item,
        id=work.new_id(),
        state=WorkItemState.OPEN,
        lock_key=request.key.lock,
        candidates=tuple(candidates),
        opened_at=min((since[ref] for ref in rest if ref in since), default=desk.now),
        details={
            "branch": item.details.get("branch"),
            "key": asdict(request.key),
            "person": dict(request.details),
            "follows": item.id,
        },
        messages=tuple(rest),
        decision=None,
        decided_by=None,
        decided_at=None,
        reminded_at=None,
        undone_at=None,
    )
    work.open_work_item(following, since)
    desk.note("follow-up", item=following.id, messages=", ".join(ref.uuid for ref in rest))


def _weigh(desk: Desk, item: WorkItem, choice: Choice) -> None:
    """Let what a clerk weighed hold: the new right replaces what is there, or is refused with a text."""
    if choice.what == REFUSE and not (choice.text or "").strip():
        raise ClerkError("a refusal needs a text: the agency reads it")
    if choice.what == REFUSE and (strange := beyond_datatype_c(choice.text or "")):
        # The answer would not be valid, and the agency could not read it.
        raise ClerkError(f"the text has characters that messages do not know (DIN 91379): {strange}")
    person = desk.person(item.candidates[0])
    chosen = ClerkChoice(choice.what == REPLACE, desk.actor, choice.text)
    for ref in item.messages:
        desk.resume(ref, same(person), chosen)


def _lookup(store: Store, name: str) -> int:
    with store.unit_of_work() as work:
        return named_person(work, name).id


def _reason(item_id: int) -> str:
    return f"work item {item_id}"
