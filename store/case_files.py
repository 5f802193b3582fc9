"""Persons and cases for lists and pages: what they are, what became of them, which of them are overdue."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select

from store.queries import with_units
from store.records import (
    CaseChange,
    CaseRecord,
    CaseState,
    PersonChange,
    PersonRecord,
    Registration,
    RightStatus,
    Section,
)
from store.schema import (
    case_file,
    case_history,
    course_registration,
    course_section,
    entitlement,
    outbox,
    person,
    person_history,
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


def overdue_cases(
    connection: Connection, today: date, inactive_since: date, limit: int
) -> list[tuple[int, int]]:
    """Return cases that may have expired or lapsed without that being written down.

    In: the day; the last activity at or before which a case may have lapsed. Out: ids of the cases and lock
    keys of their persons, at most `limit`. The rule itself is applied under the lock.
    """
    current = (
        entitlement.c.case_id == case_file.c.id,
        entitlement.c.status == RightStatus.CURRENT.value,
    )
    unused = (case_file.c.state == CaseState.OPEN.value) & exists().where(
        *current, entitlement.c.valid_until < today
    )
    # A right that took the place of another counts from its own day.
    idle = (
        case_file.c.state.in_([CaseState.REGISTERED.value, CaseState.RUNNING.value])
        & (case_file.c.last_activity <= inactive_since)
        & ~exists().where(*current, entitlement.c.valid_from > inactive_since)
    )
    wanted = select(case_file.c.id, person.c.lock_key).join(person).where(unused | idle)
    return [(row[0], row[1]) for row in _rows(connection, wanted.order_by(case_file.c.id).limit(limit))]


def waiting_answers(connection: Connection) -> list[tuple[str, int, datetime]]:
    """Return for each party how many later answers it did not confirm, and since when the first waits."""
    wanted = (
        select(outbox.c.party_id, func.count(), func.min(outbox.c.created_at))
        .where(outbox.c.confirmed_at.is_(None))
        .group_by(outbox.c.party_id)
        .order_by(outbox.c.party_id)
    )
    return [(row[0], row[1], row[2]) for row in _rows(connection, wanted)]


def _rows(connection: Connection, wanted: Select[Any]) -> list[Row]:
    return [tuple(row) for row in connection.execute(wanted)]
