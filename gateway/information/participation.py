"""What of a person's course goes into 070015 and 080015: only what the row of the table of scope names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from gateway.cases import counting_right, last_day_of, state_on
from gateway.information import course_view
from gateway.information.course_view import joined_courses
from gateway.information.notes import earlier, notes
from gateway.information.subject import Subject, is_hidden
from gateway.information.table import Row
from messages.codes import code
from messages.courses import AbgelaufeneVerpflichtung
from messages.group07_information import Kursabschluss
from messages.values import Behoerde
from store.records import CaseState
from store.records_information import CourseData
from store.unit import UnitOfWork

_OF_THE_COURSE: Final = frozenset(
    {"dropout", "success", "registration", "sections", "absences", "test-dates", "test-results"}
)
_ISSUER: Final = {"1b": "1", "2": "1", "5": "2", "8": "2", "7": "3"}
"""The kind of agency (list behoerdentyp) by the class of an obligation or a Jobcenter's admission."""


def told(work: UnitOfWork, subject: Subject, row: Row, agency: str) -> tuple[str, ...]:
    """Return the groups of data that an agency is told. In: the row of the table of scope that decided.

    A disclosure block narrows them.
    """
    return row.fields_blocked if is_hidden(work, subject, agency) else row.fields


def contents(work: UnitOfWork, subject: Subject, groups: tuple[str, ...], today: date) -> dict[str, Any]:
    """Return the fields of the answer for the groups of data.

    The course of a repetition goes on after that of the case that is repeated (code 17584).
    """
    found: dict[str, Any] = {}
    if _OF_THE_COURSE & set(groups):
        repetition = () if subject.repetition is None else (subject.repetition,)
        courses = [work.course_data(each.id) for each in (subject.case, *repetition)]
        found |= _course(subject, groups, joined_courses(courses))
    if "former" in groups:
        found |= course_view.earlier(work.course_data(each.id) for each in earlier(subject))
    if "expired" in groups:
        found["abgelaufen"] = tuple(_expired(subject, today))
    if "notes" in groups:
        found["hinweise"] = notes(subject, today)
    return found


def _course(subject: Subject, groups: tuple[str, ...], data: CourseData) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "dropout" in groups:
        found["kursabbruch"] = data.dropout is not None
    if "success" in groups:
        found["kursabschluss"] = _completion(subject, data)
    if "registration" in groups:
        found["anmeldung"] = course_view.registration(data)
    if "sections" in groups:
        found["abschnitte"] = course_view.sections(data, absences="absences" in groups)
    if "test-results" in groups:
        found["tests_sprache"] = course_view.language_tests_in_detail(data)
    elif "test-dates" in groups:
        found["tests_sprache"] = course_view.language_tests(data)
    if "test-dates" in groups:
        found["tests_orientierung"] = course_view.orientation_tests(data)
    return found


def _completion(subject: Subject, data: CourseData) -> Kursabschluss | None:
    """Return whether the course was completed with success (§ 17 (2) IntV): B1, and the orientation test.

    None before it is completed, also by the repetition, and while the result of the orientation test is not
    known that decides.
    """
    cases = [subject.case] if subject.repetition is None else [subject.case, subject.repetition]
    if all(each.completed_on is None for each in cases):
        return None
    if not any(each.b1 for each in cases):
        return Kursabschluss(erfolgreich=False)
    results = [test.passed for test in data.tests if test.kind == course_view.ORIENTATION]
    known = [each for each in results if each is not None]
    return Kursabschluss(erfolgreich=any(known)) if known else None


def _expired(subject: Subject, today: date) -> Iterator[AbgelaufeneVerpflichtung]:
    """Give the obligations and Jobcenter admissions whose time is over, up to the one asked about.

    Used and lapsed, or never used: then the end is that of its term.
    """
    for case in (*earlier(subject), subject.case):
        right, state = counting_right(case), state_on(case, today)
        if right is None or right.art not in _ISSUER:
            continue
        ends = {CaseState.EXPIRED_UNUSED: right.valid_until, CaseState.LAPSED_INACTIVE: last_day_of(case)}
        end = ends.get(state)
        if end is not None:
            yield AbgelaufeneVerpflichtung(
                ausstellende_behoerde=Behoerde(bezeichnung=right.agency_name),
                beginn=right.valid_from,
                ende=end,
                nicht_wahrgenommen=state is CaseState.EXPIRED_UNUSED,
                behoerdentyp=code("behoerdentyp", _ISSUER[right.art]),
            )
