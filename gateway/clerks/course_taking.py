"""How one entry of course data comes into the store: compared with what is there, then by the rules of cases.

What is stored already changes nothing, what was not known yet is added: the end of a section, the result of a
test. What contradicts it is refused: nobody corrects by importing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from gateway.cases import courses
from gateway.cases.course_data import came_back, drop_out, expect_end, stored_test, take_test
from gateway.cases.courses import SectionEnd
from gateway.clerks.capture import REPEATS, Clerk
from gateway.clerks.course_entries import (
    CaseLine,
    CompletionLine,
    DropoutLine,
    OrganiserEntry,
    RegistrationLine,
    SectionLine,
    SiteEntry,
    TestLine,
)
from gateway.clerks.desk import ClerkError
from store.records import CaseRecord, Registration, Section
from store.records_information import CourseSite, CourseTest, Organiser
from store.unit import UnitOfWork


class Taken(StrEnum):
    """What an entry did: something new, something more about what is stored, or nothing."""

    NEW = "new"
    CHANGED = "changed"
    KNOWN = "known"


class Taking:
    """Takes entries into one unit of work that holds the locks of all persons. `now` is the business time."""

    def __init__(self, work: UnitOfWork, clerk: Clerk, now: datetime) -> None:
        self.changed: dict[int, Counter[str]] = {}
        """How many entries of each kind changed which case."""
        self.places: dict[str, list[str]] = {}
        """The numbers of organisers and sites that changed."""
        self._work = work
        self._clerk = clerk
        self._now = now

    def place(self, entry: OrganiserEntry | SiteEntry) -> Taken:
        """Take an organiser or a site; what is said last holds. Raises ClerkError."""
        taken = self._organiser(entry) if isinstance(entry, OrganiserEntry) else self._site(entry)
        if taken is not Taken.KNOWN:
            self.places.setdefault(entry.kind, []).append(entry.number)
        return taken

    def of_case(self, case: CaseRecord, entry: CaseLine, line: int | None) -> Taken:
        """Take an entry about a case; in: the line it stands in. Raises CaseError, ClerkError."""
        reason = self._clerk.reason if line is None else f"{self._clerk.reason}, line {line}"
        how = {"at": self._now, "actor": self._clerk.actor, "reason": reason}
        taken = _TAKERS[type(entry)](self, case, entry, how)
        if taken is not Taken.KNOWN:
            self.changed.setdefault(case.id, Counter())[entry.kind] += 1
        return taken

    def _organiser(self, entry: OrganiserEntry) -> Taken:
        said = (entry.name, _plain(entry.address), _plain(entry.contact))
        known = self._work.organiser(entry.number)
        if known is not None and (known.name, known.address, known.contact) == said:
            return Taken.KNOWN
        self._work.put_organiser(Organiser(entry.number, *said, self._now, self._clerk.actor))
        return Taken.NEW if known is None else Taken.CHANGED

    def _site(self, entry: SiteEntry) -> Taken:
        self._demand_organiser(entry.organiser)
        said = (entry.organiser, _plain(entry.address), _plain(entry.contact))
        known = self._work.course_site(entry.number)
        if known is not None and (known.organiser, known.address, known.contact) == said:
            return Taken.KNOWN
        self._work.put_course_site(CourseSite(entry.number, *said, self._now, self._clerk.actor))
        return Taken.NEW if known is None else Taken.CHANGED

    def _registration(self, case: CaseRecord, entry: RegistrationLine, how: Mapping[str, Any]) -> Taken:
        self._demand_organiser(entry.organiser)
        said = {
            "course_type": entry.course_type,
            "section": entry.section,
            "placement_test_on": entry.placement_test_on,
            "placement_dispensable": entry.placement_dispensable,
        }
        for known in self._work.registrations_of(case.id):
            if (known.registered_on, known.organiser) == (entry.registered_on, entry.organiser):
                _same(known, said, "registration")
                return Taken.KNOWN
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
        register(self._work, case, record, **how)
        return Taken.NEW

    def _section(self, case: CaseRecord, entry: SectionLine, how: Mapping[str, Any]) -> Taken:
        self._demand_organiser(entry.organiser)
        if self._work.course_site(entry.site) is None:
            raise ClerkError(f"nobody told the address of site {entry.site}")
        end = _end(entry)
        said = (entry.course_no, entry.section, entry.began_on)
        for known in self._work.sections_of(case.id):
            if (known.course_no, known.section, known.began_on) == said:
                return self._more_of(case, known, entry, end, how)
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
            courses.begin_section(self._work, case, record, **how)
        else:
            courses.take_section(self._work, case, record, end, **how)
        return Taken.NEW

    def _more_of(
        self,
        case: CaseRecord,
        known: Section,
        entry: SectionLine,
        end: SectionEnd | None,
        how: Mapping[str, Any],
    ) -> Taken:
        """Take what is new about a stored section: its end, or another planned one while it runs."""
        where = {"course_type": entry.course_type, "organiser": entry.organiser, "site": entry.site}
        _same(known, where, "section")
        if known.ended_on is not None:
            # An entry without an end is older than what is known.
            if end is not None:
                _same(known, asdict(end), "section")
            return Taken.KNOWN
        if end is not None:
            courses.end_section(self._work, case, known, end, **how)
            return Taken.CHANGED
        if entry.expected_end is None or not expect_end(self._work, case, known, entry.expected_end, **how):
            return Taken.KNOWN
        return Taken.CHANGED

    def _test(self, case: CaseRecord, entry: TestLine, how: Mapping[str, Any]) -> Taken:
        self._demand_organiser(entry.organiser)
        record = CourseTest(
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
        known = stored_test(self._work, record)
        if not take_test(self._work, case, record, **how):
            return Taken.KNOWN
        return Taken.NEW if known is None else Taken.CHANGED

    def _completion(self, case: CaseRecord, entry: CompletionLine, how: Mapping[str, Any]) -> Taken:
        if case.completed_on is not None:
            said = {"completed_on": entry.completed_on, "course_type": entry.course_type, "b1": entry.b1}
            _same(case, said, "completion")
            return Taken.KNOWN
        courses.complete(
            self._work, case, entry.completed_on, course_type=entry.course_type, b1=entry.b1, **how
        )
        return Taken.NEW

    def _dropout(self, case: CaseRecord, entry: DropoutLine, how: Mapping[str, Any]) -> Taken:
        known = self._work.dropout_of(case.id)
        if known is None and came_back(self._work, case, entry.dropped_on):
            return Taken.KNOWN
        if not drop_out(self._work, case, entry.dropped_on, **how):
            return Taken.KNOWN
        return Taken.NEW if known is None else Taken.CHANGED

    def _demand_organiser(self, number: str) -> None:
        if self._work.organiser(number) is None:
            raise ClerkError(f"nobody told name and address of organiser {number}")


_TAKERS: Final[Mapping[type[Any], Callable[[Taking, CaseRecord, Any, Mapping[str, Any]], Taken]]] = {
    RegistrationLine: Taking._registration,
    SectionLine: Taking._section,
    TestLine: Taking._test,
    CompletionLine: Taking._completion,
    DropoutLine: Taking._dropout,
}


def _end(entry: SectionLine) -> SectionEnd | None:
    if entry.ended_on is None or entry.units is None:
        return None
    return SectionEnd(entry.ended_on, entry.units, entry.absent_excused, entry.absent_unexcused)


def _same(known: object, said: Mapping[str, Any], what: str) -> None:
    """Raise ClerkError that names the fields in which an entry differs from what is stored."""
    differing = [name for name, value in said.items() if getattr(known, name) != value]
    if differing:
        raise ClerkError(f"the {what} is stored with another {', '.join(differing)}")


def _plain(value: Any) -> dict[str, Any]:
    """Return a value as JSON, without what was not said."""
    return {name: each for name, each in asdict(value).items() if each is not None}
