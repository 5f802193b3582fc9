"""Stored cases in any state, for tests of what becomes of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from store.engine import Store
from store.records import (
    CaseRecord,
    CaseState,
    PersonRecord,
    Registration,
    RightRecord,
    RightStatus,
    Section,
)
from store.records_information import CourseTest
from store.unit import UnitOfWork

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
TODAY = date(2026, 11, 24)
OPENED = date(2026, 1, 10)
HOW: dict[str, Any] = {"at": NOW, "actor": "e.muster", "reason": "letter of today"}

_REPEATS = (CaseState.REPEAT_ADMITTED, CaseState.REPEAT_REGISTERED)
_BEGUN = (CaseState.RUNNING, CaseState.EXHAUSTED, CaseState.REPEAT_REGISTERED)
_REGISTERED = (*_BEGUN, CaseState.REGISTERED)


def add_person(work: UnitOfWork, lock_key: int = 7) -> PersonRecord:
    person = PersonRecord(
        work.new_id(), lock_key, "A", "B", "1990-05-17", "w", "A", "B", {"geburtsort": "İzmir"}
    )
    work.add_person(person)
    return person


def right_of(work: UnitOfWork, case_id: int, art: str = "1a", **changes: Any) -> RightRecord:
    usual = RightRecord(
        id=work.new_id(),
        case_id=case_id,
        art=art,
        agency="azr:090001",
        agency_name="ABH Musterstadt",
        valid_from=OPENED,
        valid_until=date(2027, 1, 10),
        unlimited=False,
        status=RightStatus.CURRENT,
        only_orientation=False,
        only_language=False,
        decided_at=NOW - timedelta(days=300),
    )
    return replace(usual, **changes)


def stored_case(
    store: Store, state: CaseState, number: str = "B1", *, right: Any = None, **changes: Any
) -> CaseRecord:
    """Store a person with a case that is in a state on `TODAY`, written down as such; return the case."""
    with store.unit_of_work() as work:
        person = add_person(work)
        case_id = work.new_id()
        art = "6" if state in _REPEATS else "1a"
        case = CaseRecord(
            id=case_id,
            person_id=person.id,
            number=number,
            state=state,
            opened_on=OPENED,
            rights=(right_of(work, case_id, art, **(right or {})),),
            registered_on=date(2026, 2, 1) if state in _REGISTERED else None,
            started_on=date(2026, 3, 1) if state in _BEGUN else None,
            last_activity=date(2026, 3, 1) if state in _REGISTERED else None,
            course_type="4" if state in _BEGUN else None,
        )
        case = replace(case, **changes)
        work.add_case(case)
        work.commit()
    return case


def reread(store: Store, number: str = "B1") -> CaseRecord:
    with store.unit_of_work() as work:
        case = work.case_by_number(number)
    assert case is not None
    return case


def registration(work: UnitOfWork, case: CaseRecord, on: date = date(2026, 11, 20)) -> Registration:
    return Registration(work.new_id(), case.id, on, "T1", "1", "1", None, True, NOW, "e.muster")


def section(work: UnitOfWork, case: CaseRecord, began: date = date(2026, 11, 21), **changes: Any) -> Section:
    usual = Section(
        work.new_id(), case.id, "1", "1", "K1", "T1", "O1", began, None, 0, None, None, NOW, "e.muster"
    )
    return replace(usual, **changes)


def taken(work: UnitOfWork, case: CaseRecord, **changes: Any) -> CourseTest:
    usual = CourseTest(
        work.new_id(), case.id, "language", date(2026, 11, 23), "T1", "128", "115", None, {}, NOW, "e.muster"
    )
    return replace(usual, **changes)
