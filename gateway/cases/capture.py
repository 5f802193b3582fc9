"""What a clerk enters because no door brings it yet: the course of a case, and what is known of a person.

Every entry names the clerk and a reason, happens under the locks of the person, and leaves a row of kind
CLERK in the journal beside the history of the case or person.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from gateway.cases import courses, transitions
from gateway.cases.courses import SectionEnd
from gateway.cases.person_data import checked_code, details_of, nationalities
from gateway.cases.rules import CaseError
from gateway.clock import Clock, german_day
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


class CaptureError(CaseError):
    """What a clerk entered cannot be taken; the text says why, without personal data."""


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who enters something, and why."""

    actor: str
    reason: str

    def __post_init__(self) -> None:
        if not self.actor.strip() or not self.reason.strip():
            raise CaptureError("who enters something says who it is and why")


@dataclass(frozen=True, slots=True)
class Captured:
    """What an entry did: to which person and case, with the state of the case before and after."""

    what: str
    person_id: int
    number: str | None = None
    case_id: int | None = None
    before: str | None = None
    after: str | None = None


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
    """A section with the numbers of course, organiser and site; codes by the lists kursabschnitt, kursart."""

    section: str
    course_type: str
    course_no: str
    organiser: str
    site: str
    began_on: date


class Capture:
    """Takes what clerks enter. In: the store, the business clock, the real one, the code lists."""

    def __init__(self, store: Store, clock: Clock, real_clock: Clock, lists: CodeLists) -> None:
        self._store = store
        self._clock = clock
        self._real_clock = real_clock
        self._lists = lists

    def registration(self, number: str, entry: RegistrationEntry, clerk: Clerk) -> Captured:
        """Enter the registration of a participant, also of an admitted repeater. Raises CaseError."""
        self._check("kursart", entry.course_type)
        self._check("kursabschnitt", entry.section)
        if entry.placement_dispensable and entry.placement_test_on is not None:
            raise CaptureError("a placement test that was taken is not dispensable")
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
        return act.captured

    def section_begin(
        self, number: str, entry: SectionEntry, clerk: Clerk, end: SectionEnd | None = None
    ) -> Captured:
        """Enter a section that began, with its end if it is over already. Raises CaseError."""
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
            )
            if end is None:
                act.done = courses.begin_section(act.work, act.case, record, **act.history)
            else:
                act.done = courses.take_section(act.work, act.case, record, end, **act.history)
        return act.captured

    def section_end(self, number: str, end: SectionEnd, clerk: Clerk) -> Captured:
        """Enter the end of the section that is under way. Raises CaseError."""
        with self._on_case("section end", number, clerk) as act:
            under_way = [each for each in act.work.sections_of(act.case.id) if each.ended_on is None]
            if not under_way:
                raise CaptureError(f"case {act.case.number}: no section is under way")
            act.done = courses.end_section(act.work, act.case, under_way[0], end, **act.history)
        return act.captured

    def completion(
        self, number: str, completed_on: date, course_type: str, *, b1: bool, clerk: Clerk
    ) -> Captured:
        """Enter that the course was completed, and whether B1 was reached. Raises CaseError."""
        self._check("kursart", course_type)
        with self._on_case("completion", number, clerk) as act:
            act.done = courses.complete(
                act.work, act.case, completed_on, course_type=course_type, b1=b1, **act.history
            )
        return act.captured

    def revocation(self, number: str, clerk: Clerk) -> Captured:
        """Withdraw the current right of a case. Raises CaseError."""
        with self._on_case("revocation", number, clerk) as act:
            act.done = transitions.revoke(act.work, act.case, **act.history)
        return act.captured

    def cancellation(self, number: str, clerk: Clerk) -> Captured:
        """Take back a right that should never have been stored. Raises CaseError."""
        with self._on_case("cancellation", number, clerk) as act:
            act.done = transitions.cancel(act.work, act.case, **act.history)
        return act.captured

    def death(self, number: str, died_on: date | None, clerk: Clerk) -> Captured:
        """Enter that the person of a number died. Raises CaseError."""
        with self._on_case("death", number, clerk) as act:
            if died_on is not None and died_on > german_day(act.now):
                raise CaptureError(f"{died_on} is not yet")
            if not act.work.set_deceased(act.person.id, died_on, **act.history):
                raise CaptureError("that is known already")
        return act.captured

    def nationality(self, number: str, states: list[str], clerk: Clerk) -> Captured:
        """Enter all nationalities of the person of a number. Raises CaseError."""
        try:
            known = nationalities(self._lists, states)
        except ValueError as error:
            raise CaptureError(str(error)) from error
        with self._on_case("nationality", number, clerk) as act:
            details = {**act.person.details, "staatsangehoerigkeiten": details_of(known)}
            if details == act.person.details:
                raise CaptureError("that is known already")
            if not act.work.change_person_details(act.person, details, what="nationality", **act.history):
                raise CaptureError("the person was changed by somebody else meanwhile")
        return act.captured

    def _check(self, short_name: str, code: str | None) -> None:
        try:
            if code is not None:
                checked_code(self._lists, short_name, code)
        except ValueError as error:
            raise CaptureError(str(error)) from error

    @contextmanager
    def _on_case(self, what: str, number: str, clerk: Clerk) -> Iterator["_Act"]:
        """Do something to the case of a number under lock; journaled and committed unless it raises."""
        now = self._clock.now()
        with self._store.unit_of_work() as work:
            case, person = locked_case(work, number)
            act = _Act(what, work, case, person, now, clerk)
            yield act
            act.captured = captured = Captured(
                what, person.id, case.number, case.id, str(case.state), str(act.done.state)
            )
            facts = {
                "capture": what,
                "actor": clerk.actor,
                "person": person.id,
                "case": case.id,
                "before": captured.before,
                "after": captured.after,
            }
            work.add_journal(JournalEntry(JournalKind.CLERK, self._real_clock.now(), facts=facts))
            work.commit()


class _Act:
    """One entry under way: `done` is the case as it is after it."""

    captured: Captured

    def __init__(
        self, what: str, work: UnitOfWork, case: CaseRecord, person: PersonRecord, now: datetime, clerk: Clerk
    ) -> None:
        self.what = what
        self.work = work
        self.case = case
        self.done = case
        self.person = person
        self.now = now
        self.history: dict[str, Any] = {"at": now, "actor": clerk.actor, "reason": clerk.reason}


def locked_case(work: UnitOfWork, number: str) -> tuple[CaseRecord, PersonRecord]:
    """Lock the person of a number, and return case and person as they are then.

    Out: the case, and the person as it is today: whom it was merged into. Raises CaptureError for a number
    nobody has, and when the persons changed while the lock was awaited.
    """
    wanted = "".join(number.split())
    expected = _chain(work, wanted)
    work.lock_persons([person.lock_key for _, person in expected])
    found = _chain(work, wanted)
    if [person.id for _, person in found] != [person.id for _, person in expected]:
        raise CaptureError(f"number {wanted}: the person was changed by somebody else meanwhile")
    return found[0][0], found[-1][1]


def _chain(work: UnitOfWork, number: str) -> list[tuple[CaseRecord, PersonRecord]]:
    """Return the case with its person, and then, in order, with whom that was merged into."""
    case = work.case_by_number(number)
    person = None if case is None else work.person(case.person_id)
    if case is None or person is None:
        raise CaptureError(f"nobody has the number {number}")
    chain = [(case, person)]
    while person.merged_into is not None:
        person = work.person(person.merged_into)
        if person is None:
            raise LookupError(f"person {chain[-1][1].merged_into} is not there")
        chain.append((case, person))
    return chain
