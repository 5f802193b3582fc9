"""A clerk's act: one unit of work under the locks of everybody it touches, and what comes of it in words."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, reduce
from importlib import resources
from typing import Any, Final

from gateway.accepted import Asked, Outcome
from gateway.cases import counting_right
from gateway.cases.rules import CaseError
from gateway.clerks.concealing import concealed_events, concealed_item, reports_block
from gateway.decided import ClerkChoice, Decided, Verdict
from gateway.identity import Identity, same, survivor
from gateway.later import RequestGoneError, later_record, latest_decision, lay_out
from gateway.notices import tell_ended
from gateway.requests import number_of
from gateway.resume import resume, stored_request
from gateway.tools import Tools
from messages.errors import GatewayError
from store.engine import Store
from store.records import (
    CaseRecord,
    JournalEntry,
    JournalKind,
    MessageRef,
    PersonRecord,
    QuestionState,
    RightStatus,
    WorkItem,
)
from store.unit import UnitOfWork

_ANSWERS: Final = {
    Verdict.ACCEPTED: "accepted, number {number}",
    Verdict.REFUSED: "refused, {reason}",
    Verdict.ASKED: "the agency is asked, {reason}",
}
_NEW_CASES: Final = frozenset({"new-case", "new-case-remaining", "repeat-case"})
"""Effects that give a number."""
_NEW: Final = "(new)"
"""Stands for a number or an id that is given when it is done."""


class ClerkError(Exception):
    """What a clerk wants cannot be done and nothing was changed; the text says why, without personal data."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that came of a decision; `facts` are ids, numbers, codes; `open` ones are not given yet."""

    kind: str
    facts: Mapping[str, Any]
    open: frozenset[str] = frozenset()

    @property
    def words(self) -> str:
        """Return it as a sentence."""
        return _words()[self.kind].format(**{**self.facts, **dict.fromkeys(self.open, _NEW)})

    def as_data(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        return {"kind": self.kind, **self.facts}

    def only_tried(self, first: int, numbers: Sequence[str]) -> Event:
        """Return it without what is not given before it is done: numbers, and the ids from the first one on.

        What was made while trying is not kept, and will be given to somebody else.
        """
        made = {
            name
            for name, value in self.facts.items()
            if value in numbers or (isinstance(value, int) and value >= first)
        }
        facts = {name: None if name in made else value for name, value in self.facts.items()}
        if "answer" in facts:
            facts["answer"] = reduce(lambda text, each: text.replace(each, _NEW), numbers, facts["answer"])
        return Event(self.kind, facts, frozenset(made))


def events_of(decision: Mapping[str, Any]) -> list[Event]:
    """Return what came of a stored decision."""
    return [
        Event(data["kind"], {name: value for name, value in data.items() if name != "kind"})
        for data in decision.get("events", ())
    ]


@dataclass(slots=True)
class Desk:
    """One act of one clerk, in a unit of work that holds the locks. `now` is the business time of it."""

    work: UnitOfWork
    tools: Tools
    actor: str
    reason: str
    now: datetime
    events: list[Event] = field(default_factory=list)
    new_numbers: list[str] = field(default_factory=list)

    @property
    def history(self) -> dict[str, Any]:
        """Return what every row of history says: when, who, why."""
        return {"at": self.now, "actor": self.actor, "reason": self.reason}

    def note(self, kind: str, **facts: Any) -> None:
        """Note one thing that came of the act."""
        self.events.append(Event(kind, facts))

    def person(self, person_id: int) -> PersonRecord:
        """Return who a person is today: whom it was merged into, if it was."""
        found = self.work.person(person_id)
        if found is None:
            raise ClerkError(f"there is no person {person_id}")
        return survivor(self.work, found)

    def tell_joined(self, ended: CaseRecord) -> None:
        """Tell the agencies that took over the current right of a case that it is over.

        In: the case as it was before its right ended.
        """
        right = counting_right(ended)
        for each in () if right is None else tell_ended(self.work, self.tools, ended, right):
            self.note("told-joined", number=ended.number, party=each)

    def answer(self, ref: MessageRef, outcome: Outcome, *, frame: Asked | None, door: str) -> None:
        """Lay a later answer into the outbox of the party, named after the message, and record it.

        In: as `lay_out`. Raises RequestGoneError for a message that was never decided.
        """
        work, tools, first = self.work, self.tools, latest_decision(self.work, ref)
        outbox_id = lay_out(work, tools, ref, outcome, frame=frame, door=door, trigger_uuid=ref.uuid)
        work.add_decision(
            later_record(
                work, tools, first, outcome, actor=self.actor, trigger_uuid=ref.uuid, outbox_id=outbox_id
            )
        )

    def resume(self, ref: MessageRef, identity: Identity, clerk: ClerkChoice | None = None) -> Decided:
        """Decide a message anew; the answer lies in the outbox, named after the message."""
        decided = resume(
            self.work,
            self.tools,
            ref,
            identity=identity,
            trigger_uuid=ref.uuid,
            actor=self.actor,
            clerk=clerk,
        )
        self.work.flush()
        facts = {"party": ref.party_id, "uuid": ref.uuid}
        if decided.verdict.waits:
            self.note("waits", item=decided.work_item, **facts)
            return decided
        if decided.number is not None and decided.effect in _NEW_CASES:
            self.new_numbers.append(decided.number)
        row = None if decided.row is None else decided.row.id
        answer = _ANSWERS[decided.verdict].format(number=decided.number, reason=decided.reason)
        self.note("answered", row=row, answer=answer, number=decided.number, reason=decided.reason, **facts)
        return decided

    def ask_again(self, person_id: int) -> None:
        """Decide requests anew whose question is about a right that does not hold any more."""
        work = self.work
        work.flush()
        for question in work.open_questions_of(person_id):
            case = work.case(question.case_id)
            rights = () if case is None else case.rights
            if any(each.id == question.right_id and each.status == RightStatus.CURRENT for each in rights):
                continue
            if work.close_question(question, QuestionState.OBSOLETE, self.now):
                ref = MessageRef(question.party_id, question.uuid)
                self.note("question-closed", uuid=ref.uuid, party=ref.party_id)
                person = work.person(question.person_id)
                if person is not None:
                    self.resume(ref, same(person))

    def journal(self, item_id: int, choice: str, refs: Sequence[MessageRef]) -> None:
        """Leave a row in the journal for every message concerned, at least one."""
        facts = {
            "work_item": item_id,
            "choice": choice,
            "actor": self.actor,
            "events": [event.as_data() for event in self.events],
        }
        for ref in refs or (None,):
            self.work.add_journal(
                JournalEntry(
                    JournalKind.CLERK,
                    self.tools.real_clock.now(),
                    party_id=None if ref is None else ref.party_id,
                    uuid=None if ref is None else ref.uuid,
                    facts=facts,
                )
            )


@dataclass(frozen=True, slots=True)
class Act:
    """What an act did, or with `done` false what it would do."""

    item: WorkItem
    choice: str
    events: tuple[Event, ...]
    done: bool

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return {
            "item": self.item.id,
            "choice": self.choice,
            "done": self.done,
            "events": [event.as_data() for event in self.events],
            "words": [event.words for event in self.events],
        }


Doing = Callable[[Desk, WorkItem], str]
"""What is done about a work item as it is under the locks; out: the choice in one word."""


def act(
    store: Store,
    tools: Tools,
    item_id: int,
    doing: Doing,
    *,
    actor: str,
    reason: str,
    persons: Iterable[int] = (),
    really: bool = True,
) -> Act:
    """Do something about a work item, in one unit of work under the locks of everybody concerned.

    In: further persons it touches; without `really` everything is tried and nothing kept. Raises ClerkError
    with nothing changed, and StoreUnavailable.
    """
    if not actor.strip():
        raise ClerkError("who acts? the name of a user is needed")
    tools.refresh()
    try:
        with store.unit_of_work() as work:
            item = _locked(work, tools, item_id, tuple(persons))
            first = work.new_id()
            desk = Desk(work, tools, actor, reason, tools.clock.now())
            choice = doing(desk, item)
            hidden = _touches_block(desk, item)
            if really:
                work.commit()
    except GatewayError as error:
        if error.code == "T200.busy":
            raise ClerkError("somebody else is changing the same persons: try again") from error
        raise ClerkError(str(error)) from error
    except (CaseError, RequestGoneError) as error:
        raise ClerkError(str(error)) from error
    events = desk.events if really else [each.only_tried(first, desk.new_numbers) for each in desk.events]
    if hidden:
        return Act(concealed_item(item), choice, tuple(concealed_events(events)), really)
    return Act(item, choice, tuple(events), really)


def _touches_block(desk: Desk, item: WorkItem) -> bool:
    """Tell whether an act is about somebody with a disclosure block: then nobody reads of agencies."""
    desk.work.flush()
    touched = {
        event.facts[name] for event in desk.events for name in _PERSONS if event.facts.get(name) is not None
    }
    persons = {desk.person(each).id for each in (*item.candidates, *touched)}
    return (
        reports_block(item)
        or any(event.kind in _ABOUT_BLOCKS for event in desk.events)
        or desk.work.block_of(persons) is not None
    )


def named_person(work: UnitOfWork, name: str) -> PersonRecord:
    """Return who a clerk names by a BAMF number or the id of a person. Raises ClerkError."""
    number = number_of(name)
    found = None if number is None else work.person_by_number(number)
    if found is None and number is not None and number.isdecimal() and len(number) < _ID_DIGITS:
        found = work.person(int(number))
    if found is None or found.is_forgotten:
        raise ClerkError(f"{name} is neither a BAMF number nor the id of a person")
    return survivor(work, found)


def _locked(work: UnitOfWork, tools: Tools, item_id: int, persons: tuple[int, ...]) -> WorkItem:
    """Lock every key a work item touches and return the item as it is then."""
    found = _Keys(work, tools)
    keys = found.of(_item(work, item_id), persons)
    work.lock_persons(keys)
    item = _item(work, item_id)
    if not found.of(item, persons) <= keys:
        raise GatewayError("T200.busy")
    return item


def _item(work: UnitOfWork, item_id: int) -> WorkItem:
    item = work.work_item(item_id)
    if item is None:
        raise ClerkError(f"there is no work item {item_id}")
    return item


class _Keys:
    """Finds the keys to be locked: of the item, its messages, its candidates, and all whom it touched."""

    def __init__(self, work: UnitOfWork, tools: Tools) -> None:
        self._work = work
        self._tools = tools
        # Read before the locks are taken, and not once more under them: a message never changes.
        self._of_messages: dict[MessageRef, set[int]] = {}

    def of(self, item: WorkItem, persons: tuple[int, ...]) -> set[int]:
        """Return the keys as they are now."""
        keys = {item.lock_key}
        concerned = {*item.candidates, *persons}
        refs = set(item.messages)
        for event in events_of(item.decision or {}):
            concerned.update(event.facts[name] for name in _PERSONS if name in event.facts)
            if event.facts.get("uuid") and event.facts.get("party"):
                refs.add(MessageRef(event.facts["party"], event.facts["uuid"]))
        for ref in refs:
            keys |= self._of_message(ref)
        for person_id in concerned:
            keys |= self._of_person(person_id)
        return keys

    def _of_message(self, ref: MessageRef) -> set[int]:
        if ref not in self._of_messages:
            self._of_messages[ref] = set()
            # Whoever decides about a message that is gone hears so; others need not.
            with suppress(RequestGoneError):
                request = stored_request(self._work, self._tools, ref).request
                self._of_messages[ref] = {request.key.lock}
        return self._of_messages[ref]

    def _of_person(self, person_id: int) -> set[int]:
        keys = set()
        person = self._work.person(person_id)
        while person is not None:
            keys.add(person.lock_key)
            # A question about a right that ends is asked anew, under the key of its report.
            keys.update(question.lock_key for question in self._work.open_questions_of(person.id))
            person = None if person.merged_into is None else self._work.person(person.merged_into)
        return keys


_PERSONS: Final = ("person", "into", "one", "other", "of_person")
"""Facts of events that are ids of persons."""
_ABOUT_BLOCKS: Final = frozenset({"block-lifted", "block-set", "block-moved", "block-told"})
_ID_DIGITS: Final = 19


@cache
def _words() -> Mapping[str, str]:
    text = resources.files("gateway.clerks").joinpath("events.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
