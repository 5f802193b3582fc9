"""What is noted beside the way of a case through its course: final tests, and that somebody left it.

None of it changes the state of the case. Rules and errors as in `gateway.cases.transitions`.
"""

from dataclasses import replace
from datetime import date, datetime

from gateway.cases import rules
from gateway.cases.changing import allowed, not_after
from gateway.cases.rules import ChangedMeanwhileError, TransitionRefusedError
from gateway.clock import german_day
from store.records import CaseRecord, Section
from store.records_information import CourseDropout, CourseTest
from store.unit import UnitOfWork


def take_test(
    work: UnitOfWork, case: CaseRecord, test: CourseTest, *, at: datetime, actor: str, reason: str
) -> bool:
    """Note a final test, or the results of one that is stored: same kind, day and organiser.

    Results that are not said stay as they were; those that are said hold. Out: whether that is new.
    """
    way = rules.TAKE_TEST
    known = stored_test(work, test)
    merged = test if known is None else _with_results(known, test)
    if merged == known:
        return False
    state = str(allowed(way, case, at))
    not_after(way, case, "the test", test.taken_on, german_day(at))
    if case.registered_on is not None and test.taken_on < case.registered_on:
        raise TransitionRefusedError(way, case.number, f"it was registered on {case.registered_on}")
    if known is None:
        work.add_course_test(test)
    else:
        work.change_course_test(merged)
    work.note_case(case.id, None, state, state, at, actor, f"{way.name}: {reason}")
    return True


def stored_test(work: UnitOfWork, test: CourseTest) -> CourseTest | None:
    """Return the stored test that a test is: of the same case, kind, day and organiser."""
    wanted = (test.kind, test.taken_on, test.organiser)
    tests = work.tests_of(test.case_id)
    return next((each for each in tests if (each.kind, each.taken_on, each.organiser) == wanted), None)


def expect_end(
    work: UnitOfWork,
    case: CaseRecord,
    section: Section,
    day: date,
    *,
    at: datetime,
    actor: str,
    reason: str,
) -> bool:
    """Note the planned end of a section that runs; the day said last holds. Out: whether that is new."""
    if section.expected_end == day:
        return False
    way = rules.END_SECTION
    state = str(allowed(way, case, at))
    if not work.expect_end(section, day):
        raise ChangedMeanwhileError(way, case.number)
    work.note_case(case.id, None, state, state, at, actor, f"planned end {day}: {reason}")
    return True


def drop_out(
    work: UnitOfWork, case: CaseRecord, dropped_on: date, *, at: datetime, actor: str, reason: str
) -> bool:
    """Note the last day of a participant who left the course for good; the day said last holds.

    Agencies are told that the course was broken off; nothing else follows. Out: whether that is new.
    """
    way = rules.DROP_OUT
    known = work.dropout_of(case.id)
    if known is not None and known.dropped_on == dropped_on:
        return False
    state = str(allowed(way, case, at))
    not_after(way, case, "the dropout", dropped_on, german_day(at))
    if case.started_on is None or dropped_on < case.started_on:
        raise TransitionRefusedError(way, case.number, "nobody leaves a course before it began")
    if came_back(work, case, dropped_on):
        raise TransitionRefusedError(way, case.number, "a section began after that day")
    work.put_dropout(CourseDropout(case.id, dropped_on, at, actor))
    work.note_case(case.id, None, state, state, at, actor, f"{way.name}: {reason}")
    return True


def came_back(work: UnitOfWork, case: CaseRecord, dropped_on: date) -> bool:
    """Tell whether a section began, or the course was completed, after somebody had left it."""
    if case.completed_on is not None and case.completed_on > dropped_on:
        return True
    return any(each.began_on > dropped_on for each in work.sections_of(case.id))


def take_dropout_back(
    work: UnitOfWork, case: CaseRecord, day: date, *, at: datetime, actor: str, reason: str
) -> None:
    """Let a dropout before this day hold no longer: the participant has come back."""
    known = work.dropout_of(case.id)
    if known is None or known.dropped_on >= day or not work.take_dropout_back(case.id):
        return
    state = str(case.state)
    words = f"came back after the dropout of {known.dropped_on}: {reason}"
    work.note_case(case.id, None, state, state, at, actor, words)


def _with_results(known: CourseTest, said: CourseTest) -> CourseTest:
    """Return a stored test with the results that are said now."""
    parts = {
        name: {**known.parts.get(name, {}), **said.parts.get(name, {})}
        for name in sorted(known.parts.keys() | said.parts.keys())
    }
    return replace(
        known,
        test_type=said.test_type or known.test_type,
        overall=said.overall or known.overall,
        passed=known.passed if said.passed is None else said.passed,
        parts=parts,
    )
