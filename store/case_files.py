"""Persons and cases for lists and pages: what they are, and what became of them."""

from typing import Any

from sqlalchemy import Connection, Select, select

from store.queries import with_units
from store.records import (
    CaseChange,
    CaseRecord,
    PersonChange,
    PersonRecord,
    Registration,
    Section,
)
from store.records_information import CourseDropout, CourseTest, Takeover
from store.schema import (
    case_file,
    case_history,
    course_dropout,
    course_registration,
    course_section,
    course_test,
    entitlement,
    person,
    person_history,
    takeover,
)
from store.statements import Row
from store.unit_cases import cases


def find_person(connection: Connection, person_id: int) -> PersonRecord | None:
    """Return a person as it is stored, also one that was merged into another."""
    row = connection.execute(select(person).where(person.c.id == person_id)).one_or_none()
    return None if row is None else PersonRecord(*row)


def list_cases(connection: Connection, person_id: int) -> list[CaseRecord]:
    """Return the cases of a person with all their rights."""
    wanted = with_units().where(case_file.c.person_id == person_id)
    return cases(_rows(connection, wanted.order_by(case_file.c.id, entitlement.c.id)))


def find_case(connection: Connection, number: str) -> CaseRecord | None:
    """Return the case of an identification number with all its rights."""
    wanted = with_units().where(case_file.c.number == number).order_by(entitlement.c.id)
    return next(iter(cases(_rows(connection, wanted))), None)


def history_of_case(connection: Connection, case_id: int) -> list[CaseChange]:
    """Return what became of a case and of its rights, in order."""
    wanted = select(case_history).where(case_history.c.case_id == case_id).order_by(case_history.c.id)
    return [CaseChange(*row) for row in _rows(connection, wanted)]


def history_of_person(connection: Connection, person_id: int) -> list[PersonChange]:
    """Return what was changed of a person, in order."""
    wanted = select(person_history).where(person_history.c.person_id == person_id)
    return [PersonChange(*row) for row in _rows(connection, wanted.order_by(person_history.c.id))]


def list_registrations(connection: Connection, case_id: int) -> list[Registration]:
    """Return the registrations of a case, in the order they were written."""
    wanted = select(course_registration).where(course_registration.c.case_id == case_id)
    return [Registration(*row) for row in _rows(connection, wanted.order_by(course_registration.c.id))]


def list_sections(connection: Connection, case_id: int) -> list[Section]:
    """Return the sections of a case, in the order they began."""
    wanted = select(course_section).where(course_section.c.case_id == case_id)
    in_order = wanted.order_by(course_section.c.began_on, course_section.c.id)
    return [Section(*row) for row in _rows(connection, in_order)]


def list_course_tests(connection: Connection, case_id: int) -> list[CourseTest]:
    """Return the final tests of a case, in the order of their days."""
    wanted = select(course_test).where(course_test.c.case_id == case_id)
    return [CourseTest(*row) for row in _rows(connection, wanted.order_by(course_test.c.taken_on))]


def find_dropout(connection: Connection, case_id: int) -> CourseDropout | None:
    """Return when the participant of a case left the course for good, None where that was not said."""
    found = _rows(connection, select(course_dropout).where(course_dropout.c.case_id == case_id))
    return CourseDropout(*found[0]) if found else None


def list_takeovers(connection: Connection, case_id: int) -> list[Takeover]:
    """Return the takeovers of a case, also of rights that are over, in the order they were made."""
    wanted = select(takeover).where(takeover.c.case_id == case_id)
    return [Takeover(*row) for row in _rows(connection, wanted.order_by(takeover.c.id))]


def _rows(connection: Connection, wanted: Select[Any]) -> list[Row]:
    return [tuple(row) for row in connection.execute(wanted)]
