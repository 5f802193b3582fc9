"""The promise, over random histories: a number means that no competing right of another agency is active.

Three agencies report the same few persons, with and without a number, answer questions, resend; clerks decide
and take back; time goes on. With real processes side by side: tests/crash.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fixtures.persons import Person, decision, entitlement, many_persons, obligation_1a, obligation_3
from gateway.cases import ACTIVE, state_on
from gateway.clerks.decide import DIFFERENT, REFUSE, REPLACE, SAME, Choice, decide
from gateway.clerks.desk import ClerkError
from gateway.clerks.undo import undo
from gateway.clock import german_day
from gateway.identity import CONFLICT
from gateway.pipeline import Answer
from gateway.questions import close_overdue
from messages.frame import Message
from store.engine import Store
from store.records import CaseRecord, RightStatus, WorkItem, WorkItemState
from tests.support.core import AGENCIES, NOW, Core, StandingClock, new_uuid, read_answer
from tests.support.furnishing import furnish
from tests.support.given import key_of
from tests.support.pki import shared_pki
from tests.support.ring import scale

HOLDERS = st.sampled_from(sorted(AGENCIES))
KINDS = st.sampled_from(["1a", "1a-orientation", "1b", "1b-language", "2"])
PICK = st.integers(min_value=0, max_value=10**6)


class Histories(RuleBasedStateMachine):
    """One history of two persons, who get new names for every history."""

    core: ClassVar[Core]
    business: ClassVar[StandingClock]
    people: ClassVar[Iterator[Person]]

    def __init__(self) -> None:
        super().__init__()
        self.business.time = NOW
        self.persons = list(islice(self.people, 2))
        self.numbers: list[str] = []
        self.sent: list[tuple[str, Message, bytes]] = []
        self.questions: list[tuple[str, str]] = []

    @rule(who=st.integers(0, 1), kind=KINDS, holder=HOLDERS, number=st.none() | PICK)
    def report(self, who: int, kind: str, holder: str, number: int | None) -> None:
        """An agency reports a right, perhaps with a number it has seen (of whomever)."""
        known = None if number is None or not self.numbers else self.numbers[number % len(self.numbers)]
        message = _report(kind, holder, self.persons[who], known, self.business)
        self._send(holder, message)

    @precondition(lambda self: self.questions)
    @rule(which=PICK, yes=st.sampled_from([True, True, False]))
    def answer(self, which: int, yes: bool) -> None:
        """An agency answers a question, perhaps for the second time or too late."""
        holder, asked = self.questions[which % len(self.questions)]
        self._send(holder, decision(AGENCIES[holder], new_uuid(), NOW, asked, yes))

    @precondition(lambda self: self.sent)
    @rule(which=PICK)
    def resend(self, which: int) -> None:
        """A message comes again and gets its first answer, whatever happened since."""
        holder, message, first = self.sent[which % len(self.sent)]
        again = self.core.send(message, holder)
        assert isinstance(again, Answer)
        assert again.repeated
        assert again.document == first

    @rule(which=PICK, other=st.booleans(), candidate=PICK)
    def clerk(self, which: int, other: bool, candidate: int) -> None:
        """A clerk decides one of the open work items."""
        items = [item for item in self._items() if item.state == WorkItemState.OPEN]
        if not items:
            return
        item = items[which % len(items)]
        if item.kind == CONFLICT:
            choice = Choice(REFUSE, text="Es bleibt beim Orientierungskurs.") if other else Choice(REPLACE)
        elif other or not item.candidates:
            choice = Choice(DIFFERENT)
        else:
            choice = Choice(SAME, person=str(item.candidates[candidate % len(item.candidates)]))
        try:
            decide(self.core.store, self.core.pipeline.tools, item.id, choice, actor="clerk", reason="looked")
        except ClerkError:
            return
        self._gather()

    @rule(which=PICK, candidate=PICK)
    def take_back(self, which: int, candidate: int) -> None:
        """A decision of a clerk is undone."""
        items = [item for item in self._items() if item.state == WorkItemState.CLOSED]
        if not items:
            return
        item = items[which % len(items)]
        named = str(item.candidates[candidate % len(item.candidates)]) if item.candidates else None
        for person in (None, named):
            try:
                undo(
                    self.core.store,
                    self.core.pipeline.tools,
                    item.id,
                    actor="lead",
                    reason="mistaken",
                    person=person,
                    really=True,
                )
            except ClerkError:
                continue
            break
        self._gather()

    @rule(days=st.sampled_from([1, 1, 2, 20, 32, 370]))
    def wait(self, days: int) -> None:
        """Time goes on, and the scheduler closes what nobody answered."""
        self.business.advance(days=days)
        close_overdue(self.core.store, self.core.pipeline.tools)

    @invariant()
    def nobody_has_two_active_rights(self) -> None:
        """Of whoever somebody is today, at most one case is active, and it has one current right."""
        today = german_day(self.business.now())
        for cases in self._cases():
            active = [case for case in cases if state_on(case, today) in ACTIVE]
            assert len(active) <= 1
            for case in cases:
                current = [right for right in case.rights if right.status == RightStatus.CURRENT]
                assert len(current) == (1 if case in active else min(len(current), 1))

    def _send(self, holder: str, message: Message) -> None:
        self.business.advance(minutes=1)
        answer = self.core.send(message, holder)
        assert isinstance(answer, Answer), answer.error
        self.sent.append((holder, message, answer.document))
        body = read_answer(answer)
        if answer.message_type == "070006":
            self.questions.append((holder, body.rahmen.kopf.nachrichten_uuid))
        if answer.number is not None:
            self._promised(answer.number, holder)

    def _promised(self, number: str, holder: str) -> None:
        """The number just given stands for the only active right, and it is this agency's."""
        self.numbers.append(number)
        with self.core.store.unit_of_work() as work:
            case = work.case_by_number(number)
            assert case is not None
            cases = work.cases_of([case.person_id])
        today = german_day(self.business.now())
        (active,) = [each for each in cases if state_on(each, today) in ACTIVE]
        assert active.number == number
        (current,) = [right for right in active.rights if right.status == RightStatus.CURRENT]
        assert current.agency == AGENCIES[holder].kennung

    def _gather(self) -> None:
        """Learn the numbers and questions that clerks set off; they lie in the outboxes."""
        with self.core.store.unit_of_work() as work:
            for holder, agency in AGENCIES.items():
                for entry in work.unconfirmed(agency.kennung, "soap", 1000):
                    if entry.number is not None and entry.number not in self.numbers:
                        self.numbers.append(entry.number)
                    if entry.kind == "070006" and (holder, entry.document_uuid) not in self.questions:
                        self.questions.append((holder, entry.document_uuid))

    def teardown(self) -> None:
        """Confirm what lies in the outboxes, so that the next history does not see it."""
        with self.core.store.unit_of_work() as work:
            for agency in AGENCIES.values():
                entries = work.unconfirmed(agency.kennung, "soap", 1000)
                work.confirm(agency.kennung, [entry.id for entry in entries], NOW)
            work.commit()

    def _locks(self) -> list[int]:
        return [key_of(person).lock for person in self.persons]

    def _items(self) -> list[WorkItem]:
        with self.core.store.read() as reader:
            return [item for item in reader.work_items() if item.lock_key in self._locks()]

    def _cases(self) -> list[list[CaseRecord]]:
        with self.core.store.unit_of_work() as work:
            persons = [each for lock in self._locks() for each in work.persons_by_lock_key(lock)]
            return [work.cases_of([person.id]) for person in persons]


def _report(kind: str, holder: str, person: Person, number: str | None, clock: StandingClock) -> Message:
    agency, uuid = AGENCIES[holder], new_uuid()
    if kind.startswith("1a"):
        limited = kind.endswith("orientation")
        return entitlement(agency, uuid, NOW, person, number=number, only_orientation=limited)
    if kind.startswith("1b"):
        limited = kind.endswith("language")
        return obligation_1a(agency, uuid, NOW, person, number=number, only_language=limited)
    until = german_day(clock.now()).replace(day=1)
    return obligation_3(agency, uuid, NOW, until.replace(year=until.year + 1), person, number=number)


def test_a_number_is_a_promise_whatever_happens(store: Store) -> None:
    furnish(store, shared_pki())
    business = StandingClock()
    machine: Any = type("Machine", (Histories,), {})
    machine.business = business
    machine.core = Core(store, shared_pki(), StandingClock(), business=business)
    machine.people = many_persons(20261126)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=scale(15, 400),
            stateful_step_count=scale(20, 40),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
