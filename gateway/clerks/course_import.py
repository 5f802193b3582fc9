"""Taking in a file of course data: all of it or nothing, and the same file twice changes nothing.

Every change of a case goes through `gateway.cases.courses`, with its rules and its history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from gateway.cases import courses
from gateway.cases.courses import SectionEnd
from gateway.cases.rules import CaseError
from gateway.clerks.capture import REPEATS, Clerk, keys_of, persons_from
from gateway.clerks.course_entries import (
    CaseLine,
    CompletionLine,
    CourseEntry,
    DropoutLine,
    OrganiserEntry,
    RegistrationLine,
    SectionLine,
    SiteEntry,
    TestLine,
)
from gateway.clerks.desk import ClerkError
from gateway.clerks.person_data import checked_code
from gateway.clock import german_day
from gateway.requests import number_of
from gateway.tools import Tools
from messages.errors import GatewayError
from schemas.codes import CodeLists
from store.engine import Store
from store.records import CaseRecord, JournalEntry, JournalKind, Registration, Section
from store.records_information import CourseDropout, CourseSite, CourseTest, Organiser
from store.unit import UnitOfWork

Line = tuple[int, CourseEntry]
"""An entry with the number of the line it stands in."""
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought: how many entries of each kind were new, and how many were known already."""

    new: Mapping[str, int]
    known: Mapping[str, int]


class ImportProblems(ClerkError):
    """A file cannot be taken in; `problems` are all that were found, each with its line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class CourseImport:
    """Takes files of course data in. In: the store, what decisions are made with, the code lists."""

    def __init__(self, store: Store, tools: Tools, lists: CodeLists) -> None:
        self._store = store
        self._tools = tools
        self._lists = lists

    def take(
        self, lines: Iterable[Line], clerk: Clerk, *, dry_run: bool, progress: Progress = lambda *_: None
    ) -> Imported:
        """Take all entries in, in one unit of work; with `dry_run` look only what would come of it.

        Raises ImportProblems with everything that is wrong, StoreUnavailable; then nothing is kept.
        """
        entries = list(lines)
        problems = list(self._wrong_codes(entries))
        if problems:
            raise ImportProblems(problems)
        self._tools.refresh()
        try:
            with self._store.unit_of_work() as work:
                taking = _Taking(work, self._tools, clerk)
                taking.lock(entries)
                for done, (number, entry) in enumerate(entries, 1):
                    taking.take(number, entry)
                    progress(entry.kind, done)
                if taking.problems:
                    raise ImportProblems(taking.problems)
                if not dry_run:
                    taking.journal()
                    work.commit()
        except GatewayError as error:
            raise ClerkError(error.text_en) from error
        return Imported(dict(taking.new), dict(taking.known))

    def _wrong_codes(self, entries: Sequence[Line]) -> Iterable[str]:
        for number, entry in entries:
            for short_name, code in _codes(entry):
                if code is not None:
                    try:
                        checked_code(self._lists, short_name, code)
                    except ValueError as error:
                        yield f"line {number}: {error}"


def _codes(entry: CourseEntry) -> Iterable[tuple[str, str | None]]:
    """Give the codes of an entry with the short name of their list."""
    if isinstance(entry, RegistrationLine | SectionLine):
        yield "kursabschnitt", entry.section
    if isinstance(entry, RegistrationLine | SectionLine | CompletionLine):
        yield "kursart", entry.course_type
    if isinstance(entry, TestLine):
        yield "testart", entry.test_type
        yield "testergebnis", entry.overall
        for part in entry.parts.values():
            yield "testteil", part.result


class _Taking:
    """One file on its way into the store."""

    def __init__(self, work: UnitOfWork, tools: Tools, clerk: Clerk) -> None:
        self.new: Counter[str] = Counter()
        self.known: Counter[str] = Counter()
        self.problems: list[str] = []
        self._work = work
        self._now = tools.clock.now()
        self._real_now = tools.real_clock.now()
        self._clerk = clerk
        self._changed: dict[int, Counter[str]] = {}

    def lock(self, entries: Sequence[Line]) -> None:
        """Lock the persons of all cases at once. Raises GatewayError T200.busy where one changed its key."""
        numbers = sorted({_number(entry) for _, entry in entries if isinstance(entry, _CASE_LINES)})
        keys = self._keys(numbers)
        self._work.lock_persons(keys)
        if not self._keys(numbers) <= keys:
            raise GatewayError("T200.busy")

    def _keys(self, numbers: Sequence[str]) -> set[int]:
        keys: set[int] = set()
        for number in numbers:
            person = self._work.person_by_number(number)
            if person is not None:
                keys |= keys_of(self._work, persons_from(self._work, person))
        return keys

    def take(self, line: int, entry: CourseEntry) -> None:
        """Take one entry in, or note why it cannot be."""
        try:
            new = self._taken(entry)
        except (CaseError, ClerkError) as error:
            self.problems.append(f"line {line}: {error}")
            return
        (self.new if new else self.known)[entry.kind] += 1
        self._work.flush()

    def journal(self) -> None:
        """Leave a row in the journal for every case that changed."""
        for case_id, kinds in self._changed.items():
            facts = {
                "capture": "courses",
                "actor": self._clerk.actor,
                "case": case_id,
                "entries": dict(kinds),
            }
            self._work.add_journal(JournalEntry(JournalKind.CLERK, self._real_now, facts=facts))

    def _taken(self, entry: CourseEntry) -> bool:
        if isinstance(entry, OrganiserEntry):
            return self._organiser(entry)
        if isinstance(entry, SiteEntry):
            return self._site(entry)
        case = self._work.case_by_number(_number(entry))
        if case is None:
            raise ClerkError(f"nobody has the number {_number(entry)}")
        new = _TAKERS[type(entry)](self, case, entry)
        if new:
            self._changed.setdefault(case.id, Counter())[entry.kind] += 1
        return bool(new)

    def _organiser(self, entry: OrganiserEntry) -> bool:
        address, contact = _plain(entry.address), _plain(entry.contact)
        known = self._work.organiser(entry.number)
        if known is not None and (known.name, known.address, known.contact) == (entry.name, address, contact):
            return False
        self._work.put_organiser(
            Organiser(entry.number, entry.name, address, contact, self._now, self._clerk.actor)
        )
        return True

    def _site(self, entry: SiteEntry) -> bool:
        self._demand_organiser(entry.organiser)
        address, contact = _plain(entry.address), _plain(entry.contact)
        known = self._work.course_site(entry.number)
        said = (entry.organiser, address, contact)
        if known is not None and (known.organiser, known.address, known.contact) == said:
            return False
        self._work.put_course_site(
            CourseSite(entry.number, entry.organiser, address, contact, self._now, self._clerk.actor)
        )
        return True

    def _registration(self, case: CaseRecord, entry: RegistrationLine) -> bool:
        if entry.placement_dispensable and entry.placement_test_on is not None:
            raise ClerkError("a placement test that was taken is not dispensable")
        self._demand_organiser(entry.organiser)
        for known in self._work.course_data(case.id).registrations:
            if (known.registered_on, known.organiser) == (entry.registered_on, entry.organiser):
                return False
        record = Registration(
            id=self._work.new_id(),
            case_id=case.id,
            registered_on=entry.registered_on,
            organiser=entry.organiser,
            course_type=entry.course_type,
            section=entry.section,
            placement_test_on=entry.placement_test_on,
            placement_dispensable=entry.placement_dispensable,
            at=self._now,
            actor=self._clerk.actor,
        )
        register = courses.register_repetition if case.state in REPEATS else courses.register
        register(self._work, case, record, **self._history)
        return True

    def _section(self, case: CaseRecord, entry: SectionLine) -> bool:
        if (entry.ended_on is None) != (entry.units is None):
            raise ClerkError("a section that ended has billed units, one that runs has none yet")
        end = None
        if entry.ended_on is not None and entry.units is not None:
            end = SectionEnd(entry.ended_on, entry.units, entry.absent_excused, entry.absent_unexcused)
        elif entry.absent_excused is not None or entry.absent_unexcused is not None:
            raise ClerkError("absences are known when the section has ended")
        self._demand_organiser(entry.organiser)
        if self._work.course_site(entry.site) is None:
            raise ClerkError(f"nobody told the address of site {entry.site}")
        for known in self._work.sections_of(case.id):
            said = (entry.course_no, entry.section, entry.began_on)
            if (known.course_no, known.section, known.began_on) == said:
                return self._ended(case, known, end)
        record = Section(
            id=self._work.new_id(),
            case_id=case.id,
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
            at=self._now,
            actor=self._clerk.actor,
            expected_end=entry.expected_end,
        )
        if end is None:
            courses.begin_section(self._work, case, record, **self._history)
        else:
            courses.take_section(self._work, case, record, end, **self._history)
        return True

    def _ended(self, case: CaseRecord, known: Section, end: SectionEnd | None) -> bool:
        """Note the end of a section that is stored already; out: whether that is new."""
        if end is None or known.ended_on == end.ended_on:
            return False
        courses.end_section(self._work, case, known, end, **self._history)
        return True

    def _test(self, case: CaseRecord, entry: TestLine) -> bool:
        language = entry.test == "language"
        if language and (entry.test_type is None or entry.passed is not None):
            raise ClerkError("a language test has a test_type, and levels instead of passed")
        if not language and (entry.passed is None or entry.test_type or entry.overall or entry.parts):
            raise ClerkError("an orientation test is passed or not, and has no levels")
        if entry.taken_on > german_day(self._now):
            raise ClerkError(f"{entry.taken_on} is not yet")
        self._demand_organiser(entry.organiser)
        for known in self._work.course_data(case.id).tests:
            if (known.kind, known.taken_on, known.organiser) == (entry.test, entry.taken_on, entry.organiser):
                return False
        self._work.add_course_test(
            CourseTest(
                id=self._work.new_id(),
                case_id=case.id,
                kind=entry.test,
                taken_on=entry.taken_on,
                organiser=entry.organiser,
                test_type=entry.test_type,
                overall=entry.overall,
                passed=entry.passed,
                parts={name: _plain(part) for name, part in entry.parts.items()},
                at=self._now,
                actor=self._clerk.actor,
            )
        )
        return True

    def _completion(self, case: CaseRecord, entry: CompletionLine) -> bool:
        if (case.completed_on, case.b1) == (entry.completed_on, entry.b1):
            return False
        courses.complete(
            self._work,
            case,
            entry.completed_on,
            course_type=entry.course_type,
            b1=entry.b1,
            **self._history,
        )
        return True

    def _dropout(self, case: CaseRecord, entry: DropoutLine) -> bool:
        if entry.dropped_on > german_day(self._now):
            raise ClerkError(f"{entry.dropped_on} is not yet")
        if case.started_on is None and case.registered_on is None:
            raise ClerkError(f"case {case.number}: nobody leaves a course without a registration")
        known = self._work.dropout_of(case.id)
        if known is not None and known.dropped_on == entry.dropped_on:
            return False
        self._work.put_dropout(CourseDropout(case.id, entry.dropped_on, self._now, self._clerk.actor))
        return True

    def _demand_organiser(self, number: str) -> None:
        if self._work.organiser(number) is None:
            raise ClerkError(f"nobody told name and address of organiser {number}")

    @property
    def _history(self) -> dict[str, Any]:
        return {"at": self._now, "actor": self._clerk.actor, "reason": self._clerk.reason}


_TAKERS: Final[Mapping[type[Any], Callable[[Any, CaseRecord, Any], bool]]] = {
    RegistrationLine: _Taking._registration,
    SectionLine: _Taking._section,
    TestLine: _Taking._test,
    CompletionLine: _Taking._completion,
    DropoutLine: _Taking._dropout,
}
_CASE_LINES: Final = tuple(_TAKERS)


def _number(entry: CaseLine) -> str:
    return number_of(entry.case) or ""


def _plain(value: Any) -> dict[str, Any]:
    """Return a value as JSON, without what was not said."""
    return {name: each for name, each in asdict(value).items() if each is not None}
