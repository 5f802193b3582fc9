"""What a clerk enters because no door brings it yet: the course of a case, and what is known of a person.

Every entry names the clerk and a reason, happens under the locks of the person, and leaves a row of kind
CLERK in the journal beside the history of the case or person.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

from gateway.cases import courses, transitions
from gateway.cases.courses import SectionEnd
from gateway.cases.rules import CaseError
from gateway.clerks.concealing import concealed_events
from gateway.clerks.desk import ClerkError, Desk
from gateway.clerks.person_data import checked_code, details_of, nationalities
from gateway.clock import german_day
from gateway.later import RequestGoneError
from gateway.requests import number_of
from gateway.tools import Tools
from messages.errors import GatewayError
from schemas.codes import CodeLists
from store.engine import Store
from store.records import (
    CaseRecord,
    CaseState,
    JournalEntry,
    JournalKind,
    PersonRecord,
    Registration,
    Section,
)
from store.unit import UnitOfWork

REPEATS: Final = frozenset({CaseState.REPEAT_ADMITTED, CaseState.REPEAT_REGISTERED})


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who enters something, and why."""

    actor: str
    reason: str

    def __post_init__(self) -> None:
        if not self.actor.strip() or not self.reason.strip():
            raise ClerkError("who enters something says who it is and why")


@dataclass(frozen=True, slots=True)
class Captured:
    """What an entry did: to which person and case, with the state of the case before and after.

    `events` tells in words what became of requests whose question was about a right that ended, `warnings`
    what agencies are not told for want of something.
    """

    what: str
    person_id: int
    number: str | None = None
    case_id: int | None = None
    before: str | None = None
    after: str | None = None
    events: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistrationEntry:
    """A registration with an organiser, by its number; codes by the lists kursart and kursabschnitt."""

    registered_on: date
    organiser: str
    course_type: str | None = None
    section: str | None = None
    placement_test_on: date | None = None
    placement_dispensable: bool = False


@dataclass(frozen=True, slots=True)
class SectionEntry:
    """A section with the numbers of course, organiser and site; codes by the lists kursabschnitt, kursart.

    A section that runs is told to agencies with its expected end only.
    """

    section: str
    course_type: str
    course_no: str
    organiser: str
    site: str
    began_on: date
    expected_end: date | None = None


class Capture:
    """Takes what clerks enter. In: the store, what decisions are made with, the code lists."""

    def __init__(self, store: Store, tools: Tools, lists: CodeLists) -> None:
        self._store = store
        self._tools = tools
        self._lists = lists

    def registration(self, number: str, entry: RegistrationEntry, clerk: Clerk) -> Captured:
        """Enter the registration of a participant, also of an admitted repeater. Raises ClerkError."""
        self._check("kursart", entry.course_type)
        self._check("kursabschnitt", entry.section)
        if entry.placement_dispensable == (entry.placement_test_on is not None):
            raise ClerkError("say either when the placement test was taken or that none is needed")
        with self._on_case("registration", number, clerk) as act:
            record = Registration(
                id=act.work.new_id(),
                case_id=act.case.id,
                registered_on=entry.registered_on,
                organiser=entry.organiser,
                course_type=entry.course_type,
                section=entry.section,
                placement_test_on=entry.placement_test_on,
                placement_dispensable=entry.placement_dispensable,
                at=act.now,
                actor=clerk.actor,
            )
            repeats = act.case.state in REPEATS
            register = courses.register_repetition if repeats else courses.register
            act.done = register(act.work, act.case, record, **act.history)
            act.warn_of_organiser(entry.organiser)
        return act.captured

    def section_begin(
        self, number: str, entry: SectionEntry, clerk: Clerk, end: SectionEnd | None = None
    ) -> Captured:
        """Enter a section that began, with its end if it is over already. Raises ClerkError."""
        self._check("kursart", entry.course_type)
        self._check("kursabschnitt", entry.section)
        with self._on_case("section", number, clerk) as act:
            record = Section(
                id=act.work.new_id(),
                case_id=act.case.id,
                section=entry.section,
                course_type=entry.course_type,
                course_no=entry.course_no,
                organiser=entry.organiser,
                site=entry.site,
                began_on=entry.began_on,
                ended_on=None,
                units=0,
                absent_excused=None,
                absent_unexcused=None,
                at=act.now,
                actor=clerk.actor,
                expected_end=entry.expected_end,
            )
            if end is None:
                act.done = courses.begin_section(act.work, act.case, record, **act.history)
            else:
                act.done = courses.take_section(act.work, act.case, record, end, **act.history)
            act.warn_of_organiser(entry.organiser)
            if act.work.course_site(entry.site) is None:
                act.warnings.append(f"agencies are not told of it until site {entry.site} is known")
            if end is None and entry.expected_end is None:
                act.warnings.append("agencies are not told of it while it runs without a planned end")
        return act.captured

    def section_end(self, number: str, end: SectionEnd, clerk: Clerk) -> Captured:
        """Enter the end of the section that is under way. Raises ClerkError."""
        with self._on_case("section end", number, clerk) as act:
            under_way = [each for each in act.work.sections_of(act.case.id) if each.ended_on is None]
            if not under_way:
                raise ClerkError(f"case {act.case.number}: no section is under way")
            act.done = courses.end_section(act.work, act.case, under_way[0], end, **act.history)
        return act.captured

    def completion(
        self, number: str, completed_on: date, course_type: str, *, b1: bool, clerk: Clerk
    ) -> Captured:
        """Enter that the course was completed, and whether B1 was reached. Raises ClerkError."""
        self._check("kursart", course_type)
        with self._on_case("completion", number, clerk) as act:
            act.done = courses.complete(
                act.work, act.case, completed_on, course_type=course_type, b1=b1, **act.history
            )
        return act.captured

    def revocation(self, number: str, clerk: Clerk) -> Captured:
        """Withdraw the current right of a case. Raises ClerkError."""
        with self._on_case("revocation", number, clerk) as act:
            act.done = transitions.revoke(act.work, act.case, **act.history)
            act.desk.tell_joined(act.case)
            act.ask_again()
        return act.captured

    def cancellation(self, number: str, clerk: Clerk) -> Captured:
        """Take back a right that should never have been stored. Raises ClerkError."""
        with self._on_case("cancellation", number, clerk) as act:
            act.done = transitions.cancel(act.work, act.case, **act.history)
            act.desk.tell_joined(act.case)
            act.ask_again()
        return act.captured

    def death(self, number: str, died_on: date | None, clerk: Clerk) -> Captured:
        """Enter that the person of a number died. Raises ClerkError."""
        with self._on_case("death", number, clerk) as act:
            if died_on is not None and died_on > german_day(act.now):
                raise ClerkError(f"{died_on} is not yet")
            if not act.work.set_deceased(act.person.id, died_on, **act.history):
                raise ClerkError("that is known already")
        return act.captured

    def nationality(self, number: str, states: list[str], clerk: Clerk) -> Captured:
        """Enter all nationalities of the person of a number. Raises ClerkError."""
        try:
            known = nationalities(self._lists, states)
        except ValueError as error:
            raise ClerkError(str(error)) from error
        with self._on_case("nationality", number, clerk) as act:
            details = {**act.person.details, "staatsangehoerigkeiten": details_of(known)}
            if details == act.person.details:
                raise ClerkError("that is known already")
            if not act.work.change_person_details(act.person, details, what="nationality", **act.history):
                raise ClerkError("the person was changed by somebody else meanwhile")
        return act.captured

    def _check(self, short_name: str, code: str | None) -> None:
        try:
            if code is not None:
                checked_code(self._lists, short_name, code)
        except ValueError as error:
            raise ClerkError(str(error)) from error

    @contextmanager
    def _on_case(self, what: str, number: str, clerk: Clerk) -> Iterator["_Act"]:
        """Do something to the case of a number under lock; journaled and committed unless it raises."""
        tools = self._tools
        tools.refresh()
        try:
            with self._store.unit_of_work() as work:
                case, chain = locked_case(work, number)
                desk = Desk(work, tools, clerk.actor, clerk.reason, tools.clock.now())
                act = _Act(desk, case, chain)
                yield act
                act.captured = captured = Captured(
                    what,
                    chain[-1].id,
                    case.number,
                    case.id,
                    str(case.state),
                    str(act.done.state),
                    told_words(desk, chain),
                    tuple(act.warnings),
                )
                facts = {
                    "capture": what,
                    "actor": clerk.actor,
                    "person": captured.person_id,
                    "case": case.id,
                    "before": captured.before,
                    "after": captured.after,
                    "events": [event.as_data() for event in desk.events],
                }
                work.add_journal(JournalEntry(JournalKind.CLERK, tools.real_clock.now(), facts=facts))
                work.commit()
        except GatewayError as error:
            raise ClerkError(error.text_en) from error
        except (CaseError, RequestGoneError) as error:
            raise ClerkError(str(error)) from error


def told_words(desk: Desk, persons: Sequence[PersonRecord]) -> tuple[str, ...]:
    """Return what came of an entry in words, of a person with a disclosure block without agencies."""
    blocked = desk.events and desk.work.block_of([person.id for person in persons]) is not None
    events = concealed_events(desk.events) if blocked else desk.events
    return tuple(event.words for event in events)


class _Act:
    """One entry under way: `done` is the case as it is after it."""

    captured: Captured

    def __init__(self, desk: Desk, case: CaseRecord, chain: Sequence[PersonRecord]) -> None:
        self.desk = desk
        self.work = desk.work
        self.case = case
        self.done = case
        self.person = chain[-1]
        self.now = desk.now
        self.history = desk.history
        self.warnings: list[str] = []
        self._chain = chain

    def warn_of_organiser(self, number: str) -> None:
        """Warn where nobody told name and address of an organiser, without which nothing is told of it."""
        if self.work.organiser(number) is None:
            self.warnings.append(f"agencies are not told of it until organiser {number} is known")

    def ask_again(self) -> None:
        """Decide requests anew whose question was about the right that ended."""
        for person in self._chain:
            self.desk.ask_again(person.id)


def locked_case(work: UnitOfWork, number: str) -> tuple[CaseRecord, list[PersonRecord]]:
    """Lock the person of a number, and return case and persons as they are then.

    Out: the case; the person whose it is and, in order, whom that was merged into: the last is who it is
    today. The keys of requests that wait for an answer about them are locked too. Raises ClerkError for a
    number nobody has, and when the persons changed while the lock was awaited.
    """
    wanted = number_of(number) or ""
    _, expected = _case(work, wanted)
    keys = keys_of(work, expected)
    work.lock_persons(keys)
    case, found = _case(work, wanted)
    if not keys_of(work, found) <= keys:
        raise ClerkError(f"number {wanted}: the person was changed by somebody else meanwhile")
    return case, found


def locked_cases(work: UnitOfWork, numbers: Iterable[str]) -> dict[str, CaseRecord]:
    """Lock the persons of many numbers at once, and return the cases by number.

    Numbers that nobody has are left out. Raises ClerkError when a person changed while the locks were
    awaited.
    """
    wanted = sorted(numbers)
    keys = {key for _, chain in _known(work, wanted) for key in keys_of(work, chain)}
    work.lock_persons(keys)
    found = _known(work, wanted)
    if not {key for _, chain in found for key in keys_of(work, chain)} <= keys:
        raise ClerkError("a person was changed by somebody else meanwhile")
    return {case.number: case for case, _ in found}


def keys_of(work: UnitOfWork, chain: Sequence[PersonRecord]) -> set[int]:
    """Return the lock keys of persons, and of the requests that wait for an answer about them."""
    return {
        key
        for person in chain
        for key in (person.lock_key, *(asked.lock_key for asked in work.open_questions_of(person.id)))
    }


def _known(work: UnitOfWork, numbers: Iterable[str]) -> list[tuple[CaseRecord, list[PersonRecord]]]:
    found = (_find(work, number) for number in numbers)
    return [each for each in found if each is not None]


def _case(work: UnitOfWork, number: str) -> tuple[CaseRecord, list[PersonRecord]]:
    found = _find(work, number)
    if found is None:
        raise ClerkError(f"nobody has the number {number}")
    return found


def _find(work: UnitOfWork, number: str) -> tuple[CaseRecord, list[PersonRecord]] | None:
    case = work.case_by_number(number)
    person = None if case is None else work.person(case.person_id)
    if case is None or person is None or person.is_forgotten:
        return None
    return case, persons_from(work, person)


def persons_from(work: UnitOfWork, person: PersonRecord) -> list[PersonRecord]:
    """Return a person and, in order, whom it was merged into."""
    chain = [person]
    while chain[-1].merged_into is not None:
        into = work.person(chain[-1].merged_into)
        if into is None:
            raise LookupError(f"there is no person {chain[-1].merged_into}")
        chain.append(into)
    return chain
