"""Undoing a wrong decision: the other choice holds from now on, with everything that follows from it.

"same" was wrong: what the messages left is taken back, and they are decided anew as a new person (split).
"different" was wrong: both numbers lead to one person (merge). The undoing is a decided work item of its own,
so that it can be undone too, and the history keeps both.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.cases import transitions
from gateway.clerks.blocks import KEEP, LIFT, lift_blocks, weigh_again
from gateway.clerks.decide import DIFFERENT, REFUSE, REPLACE, SAME, decision_of, say_different
from gateway.clerks.desk import Act, ClerkError, Desk, Event, act, events_of, named_person
from gateway.clerks.merging import merge, split
from gateway.identity import CONFLICT, DUPLICATE, INQUIRY, same
from gateway.notices import tell_joined_restored, tell_restored
from gateway.resume import stored_request
from gateway.tools import Tools
from store.engine import Store
from store.erasure import ERASED
from store.records import (
    CaseRecord,
    MessageRef,
    PersonRecord,
    QuestionState,
    RightRecord,
    RightStatus,
    WorkItem,
    WorkItemState,
)

OBSOLETE = "obsolete"
"""How a work item ends whose message is decided anew by an undoing."""


def undo(
    store: Store,
    tools: Tools,
    item_id: int,
    *,
    actor: str,
    reason: str = "",
    person: str | None = None,
    really: bool,
) -> Act:
    """Undo what was decided about a work item, or without `really` say what would follow.

    In: where "different" was said of several candidates, the BAMF number or id of the one that it is after
    all. Raises ClerkError, StoreUnavailable.
    """
    named = None if person is None else _lookup(store, person)

    def doing(desk: Desk, item: WorkItem) -> str:
        decision = item.decision
        if item.state != WorkItemState.CLOSED or decision is None:
            raise ClerkError(f"work item {item.id} is not decided")
        if decision["choice"] == ERASED:
            raise ClerkError(f"work item {item.id}: the personal data were erased, nothing can be undone")
        if decision["choice"] not in (SAME, DIFFERENT, REPLACE, REFUSE, LIFT, KEEP):
            raise ClerkError(f"work item {item.id} ended by an undoing: undo the decision that followed")
        if item.kind == INQUIRY:
            raise ClerkError("what an agency was told cannot be taken back: tell it by other means")
        if not desk.work.mark_undone(item, at=desk.now):
            raise ClerkError(f"the decision about work item {item.id} was undone already")
        return _Undoing(desk, item, events_of(decision)).choose(decision["choice"], named)

    return act(
        store,
        tools,
        item_id,
        doing,
        actor=actor,
        reason=reason or f"undoing of work item {item_id}",
        persons=() if named is None else (named,),
        really=really,
    )


class _Undoing:
    """One undoing; `following` is the work item that says what holds from now on."""

    def __init__(self, desk: Desk, item: WorkItem, events: list[Event]) -> None:
        self._desk = desk
        self._item = item
        self._events = events
        self._following = replace(
            item,
            id=desk.work.new_id(),
            opened_at=desk.now,
            details={**item.details, "undoes": item.id},
            decision=None,
            reminded_at=None,
            undone_at=None,
        )

    def choose(self, before: str, named: int | None) -> str:
        """Do the contrary of what was chosen before. In: the person named for it. Out: what holds now."""
        if before in (REPLACE, REFUSE):
            return self._weigh_again()
        if before in (LIFT, KEEP):
            return self._note(weigh_again(self._desk, self._item, self._events, before), None)
        if any(event.kind == "merged" for event in self._events):
            split(self._desk, self._events)
            return self._note(DIFFERENT, None)
        if before == SAME:
            return self._split_report()
        return self._merge(named)

    def _weigh_again(self) -> str:
        """Take back what was weighed, and let a clerk weigh it again."""
        person = self._desk.person(self._item.candidates[0])
        for ref in reversed(self._item.messages):
            self._take_back(ref, person)
        self._desk.ask_again(person.id)
        reopened = replace(self._following, state=WorkItemState.OPEN, decided_by=None, decided_at=None)
        self._desk.work.open_work_item(reopened)
        for ref in reopened.messages:
            self._desk.note("reopened", item=reopened.id, uuid=ref.uuid, party=ref.party_id)
        self._desk.journal(self._item.id, "undone", self._item.messages)
        return "undone"

    def _split_report(self) -> str:
        """The report was taken for a stored person: take back what it left, and let it be a new one."""
        decision = self._item.decision or {}
        person = self._desk.person(int(decision["person"]))
        for ref in reversed(self._item.messages):
            self._take_back(ref, person)
        self._desk.ask_again(person.id)
        candidates = tuple(dict.fromkeys((*self._item.candidates, person.id)))
        self._following = replace(self._following, candidates=candidates)
        say_different(self._desk, self._following)
        # What waited behind the first message waits in a work item of its own now.
        self._following = replace(self._following, messages=self._item.messages[:1])
        return self._note(DIFFERENT, None)

    def _merge(self, named: int | None) -> str:
        """The report was taken for somebody new: both are one person."""
        desk = self._desk
        parted = next((event for event in self._events if event.kind == "split"), None)
        if parted is not None:
            # An undoing made them two again: they are one, as they were before it.
            merge(desk, desk.person(int(parted.facts["person"])), desk.person(int(parted.facts["into"])))
            return self._note(SAME, desk.person(int(parted.facts["into"])).id)
        new = next((int(event.facts["person"]) for event in self._events if event.kind == "new-person"), None)
        if new is None and self._item.kind != DUPLICATE:
            new = self._item.candidates[-1]
        target = self._target(named, new)
        if new is not None:
            merge(desk, desk.person(new), target)
        elif any(event.kind == "waits" for event in self._events):
            raise ClerkError("nothing was decided yet: the message waits in another work item")
        else:
            desk.resume(self._item.messages[0], same(target))
        self._following = replace(self._following, messages=self._item.messages[:1])
        return self._note(SAME, target.id)

    def _target(self, named: int | None, new: int | None) -> PersonRecord:
        desk = self._desk
        subject = None if new is None else desk.person(new).id
        others = {desk.person(each).id for each in self._item.candidates} - {subject}
        if named is not None:
            target = desk.person(named)
            if target.id not in others:
                raise ClerkError(f"person {target.id} is no candidate of this work item")
            return target
        if len(others) != 1:
            raise ClerkError("the same as whom? name one of the candidates")
        return desk.person(others.pop())

    def _note(self, choice: str, person: int | None) -> str:
        """Write the decided work item that says what holds from now on."""
        desk = self._desk
        decided = replace(
            self._following,
            state=WorkItemState.CLOSED,
            decision=decision_of(desk, choice, person),
            decided_by=desk.actor,
            decided_at=desk.now,
        )
        desk.work.open_work_item(decided)
        desk.journal(decided.id, f"undone: {choice}", self._item.messages)
        return choice

    def _take_back(self, ref: MessageRef, person: PersonRecord) -> None:
        """Take back all that a message left with a person: its right, its question, its work item."""
        desk, work = self._desk, self._desk.work
        facts = {"uuid": ref.uuid, "party": ref.party_id}
        for question in work.open_questions_of(person.id):
            if (question.party_id, question.uuid) == (ref.party_id, ref.uuid) and work.close_question(
                question, QuestionState.OBSOLETE, desk.now
            ):
                desk.note("question-closed", **facts)
        lock_key = stored_request(work, desk.tools, ref).request.key.lock
        for item in work.open_work_items(lock_key):
            mine = item.kind == CONFLICT and ref in item.messages
            if mine and work.close_work_item(
                item,
                decision={"choice": OBSOLETE, "undoing": self._following.id},
                actor=desk.actor,
                at=desk.now,
            ):
                desk.note("item-closed", item=item.id, **facts)
        self._take_block_back(ref, person)
        for case in work.cases_of([person.id]):
            for right in case.rights:
                if (right.agency, right.party_uuid) == (ref.party_id, ref.uuid):
                    self._take_right_back(case, right)

    def _take_block_back(self, ref: MessageRef, person: PersonRecord) -> None:
        """Lift the disclosure block that came with a message."""
        decided = self._desk.work.decision_of(ref)
        if decided is not None and decided.evidence.get("block") is not None:
            lift_blocks(self._desk, person, of=ref.party_id)

    def _take_right_back(self, case: CaseRecord, right: RightRecord) -> None:
        desk = self._desk
        facts = {"uuid": right.party_uuid, "party": right.agency, "number": case.number, "case": case.id}
        if right.status == RightStatus.REPLACED:
            desk.note("stays-replaced", **facts)
        elif right.status == RightStatus.CURRENT:
            before = next((each for each in case.rights if each.replaced_by == right.id), None)
            if before is None:
                transitions.cancel(desk.work, case, **desk.history)
                desk.tell_joined(case)
                desk.note("taken-back", art=right.art, **facts)
            else:
                restored = transitions.restore(desk.work, case, before, **desk.history)
                tell_restored(desk.work, desk.tools, restored, before)
                desk.tell_joined(case)
                holds = next(each for each in restored.rights if each.id == before.id)
                for agency in tell_joined_restored(desk.work, desk.tools, restored, holds):
                    desk.note("told-joined", number=case.number, party=agency)
                desk.note("restored", art=before.art, of=before.agency, **facts)


def _lookup(store: Store, name: str) -> int:
    with store.unit_of_work() as work:
        return named_person(work, name).id
