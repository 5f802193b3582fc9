"""How a case becomes something else: one function for each way, with its rule.

Each reads the state on the day of `at` (the business clock), refuses what `gateway.cases.rules` does not
allow, changes only what it compared with what was read, and leaves a row of history (who, when, why).

In: a unit of work that holds the lock of the person's key, and the case as it was read in it. Raises
CaseError: TransitionRefusedError, or ChangedMeanwhileError when somebody changed the case without the lock.
"""

from dataclasses import replace as changed
from datetime import date, datetime
from typing import Any

from gateway.cases import rules
from gateway.cases.rules import ChangedMeanwhileError, Transition, TransitionRefusedError, check_state
from gateway.cases.state import state_on
from gateway.clock import german_day
from store.records import (
    CaseRecord,
    CaseState,
    Registration,
    RightRecord,
    RightStatus,
    Section,
)
from store.unit import UnitOfWork


def register(
    work: UnitOfWork, case: CaseRecord, entry: Registration, *, at: datetime, actor: str, reason: str
) -> CaseRecord:
    """Note the registration with an organiser; from now on the end of the right does no harm."""
    return _register(
        work, rules.REGISTER, CaseState.REGISTERED, case, entry, at=at, actor=actor, reason=reason
    )


def register_repetition(
    work: UnitOfWork, case: CaseRecord, entry: Registration, *, at: datetime, actor: str, reason: str
) -> CaseRecord:
    """Note the registration of an admitted repeater, in the case of the repetition."""
    way, after = rules.REGISTER_REPETITION, CaseState.REPEAT_REGISTERED
    return _register(work, way, after, case, entry, at=at, actor=actor, reason=reason)


def begin_section(
    work: UnitOfWork, case: CaseRecord, section: Section, *, at: datetime, actor: str, reason: str
) -> CaseRecord:
    """Note that a section began, without an end and units yet. The case runs from the first one on."""
    way = rules.BEGIN_SECTION
    state = _allowed(way, case, at)
    _not_after(way, case, "the begin", section.began_on, german_day(at))
    if case.registered_on is not None and section.began_on < case.registered_on:
        raise TransitionRefusedError(way, case.number, "it begins before the registration")
    if section.ended_on is not None or section.units:
        raise ValueError("a section ends by `end_section`")
    if any(each.ended_on is None for each in work.sections_of(case.id)):
        raise TransitionRefusedError(way, case.number, "another section has no end yet")
    after = state if state is CaseState.REPEAT_REGISTERED else CaseState.RUNNING
    done = _change(
        work,
        way,
        case,
        at=at,
        actor=actor,
        reason=reason,
        state=after,
        course_type=section.course_type,
        started_on=_first(case.started_on, section.began_on),
        last_activity=_last(case.last_activity, section.began_on),
    )
    work.add_section(section)
    return done


def end_section(
    work: UnitOfWork,
    case: CaseRecord,
    section: Section,
    ended_on: date,
    units: int,
    *,
    absent_excused: int | None = None,
    absent_unexcused: int | None = None,
    at: datetime,
    actor: str,
    reason: str,
) -> CaseRecord:
    """Note end, billed units and absences of a section; the contingent used up exhausts the case.

    In: a stored section of the case, the billed units of 45 minutes.
    """
    way = rules.END_SECTION
    state = _allowed(way, case, at)
    _not_after(way, case, "the end", ended_on, german_day(at))
    if section.case_id != case.id or section.ended_on is not None:
        raise TransitionRefusedError(way, case.number, f"section {section.section} has an end already")
    if ended_on < section.began_on:
        raise TransitionRefusedError(way, case.number, "it ends before it begins")
    used = case.used_units + units
    if units < 0 or used > case.granted_units:
        raise TransitionRefusedError(
            way, case.number, f"{used} of {case.granted_units} granted units would be used"
        )
    if not work.end_section(
        section, ended_on, units, absent_excused=absent_excused, absent_unexcused=absent_unexcused
    ):
        raise ChangedMeanwhileError(way, case.number)
    after = CaseState.EXHAUSTED if used == case.granted_units else state
    done = _change(
        work,
        way,
        case,
        at=at,
        actor=actor,
        reason=reason,
        state=after,
        last_activity=_last(case.last_activity, ended_on),
    )
    return changed(done, used_units=used)


def complete(
    work: UnitOfWork,
    case: CaseRecord,
    completed_on: date,
    *,
    course_type: str,
    b1: bool,
    at: datetime,
    actor: str,
    reason: str,
) -> CaseRecord:
    """Note that the course was completed, of which type (list kursart), and whether B1 was reached."""
    way = rules.COMPLETE
    _allowed(way, case, at)
    _not_after(way, case, "the completion", completed_on, german_day(at))
    if case.completed_on is not None:
        raise TransitionRefusedError(way, case.number, f"it was completed on {case.completed_on}")
    if case.started_on is None or completed_on < case.started_on:
        raise TransitionRefusedError(way, case.number, "it is completed before it began")
    if any(section.ended_on is None for section in work.sections_of(case.id)):
        raise TransitionRefusedError(way, case.number, "a section has no end yet")
    return _change(
        work,
        way,
        case,
        at=at,
        actor=actor,
        reason=reason,
        state=CaseState.EXHAUSTED,
        completed_on=completed_on,
        course_type=course_type,
        b1=b1,
    )


def expire(work: UnitOfWork, case: CaseRecord, *, at: datetime, actor: str, reason: str) -> CaseRecord:
    """Write down that the right expired unused, which follows from the date."""
    return _write_down(work, rules.EXPIRE, case, at=at, actor=actor, reason=reason)


def lapse(work: UnitOfWork, case: CaseRecord, *, at: datetime, actor: str, reason: str) -> CaseRecord:
    """Write down that the case lapsed for inactivity, which follows from the date."""
    return _write_down(work, rules.LAPSE, case, at=at, actor=actor, reason=reason)


def revoke(work: UnitOfWork, case: CaseRecord, *, at: datetime, actor: str, reason: str) -> CaseRecord:
    """Withdraw the current right; the case ends with it."""
    return _end(work, rules.REVOKE, RightStatus.REVOKED, case, at=at, actor=actor, reason=reason)


def cancel(work: UnitOfWork, case: CaseRecord, *, at: datetime, actor: str, reason: str) -> CaseRecord:
    """Take back a right that should never have been stored; the case ends with it."""
    return _end(work, rules.CANCEL, RightStatus.CANCELLED, case, at=at, actor=actor, reason=reason)


def replace(
    work: UnitOfWork,
    case: CaseRecord,
    current: RightRecord,
    new: RightRecord,
    *,
    at: datetime,
    actor: str,
    reason: str,
) -> CaseRecord:
    """Let a new right take the place of the current one: same case, number, registration and hours.

    The current right becomes a past one marked REPLACED.
    """
    way = rules.REPLACE
    _allowed(way, case, at)
    if current.status != RightStatus.CURRENT:
        raise TransitionRefusedError(way, case.number, f"its right is {current.status}")
    past = _give_right(
        work, way, case, current, RightStatus.REPLACED, at=at, actor=actor, reason=reason, replaced_by=new.id
    )
    work.add_right(new)
    return changed(past, rights=(*past.rights, new))


def restore(
    work: UnitOfWork, case: CaseRecord, replaced: RightRecord, *, at: datetime, actor: str, reason: str
) -> CaseRecord:
    """Take a replacement back: the right that replaced is CANCELLED, the replaced one CURRENT again."""
    way = rules.RESTORE
    _allowed(way, case, at)
    new = next((right for right in case.rights if right.id == replaced.replaced_by), None)
    if replaced.status != RightStatus.REPLACED or new is None or new.status != RightStatus.CURRENT:
        raise TransitionRefusedError(way, case.number, "what replaced this right does not hold")
    past = _give_right(work, way, case, new, RightStatus.CANCELLED, at=at, actor=actor, reason=reason)
    return _give_right(work, way, past, replaced, RightStatus.CURRENT, at=at, actor=actor, reason=reason)


def admit_repetition(
    work: UnitOfWork,
    repeated: CaseRecord,
    admitted: CaseRecord,
    *,
    at: datetime,
    actor: str,
    reason: str,
) -> CaseRecord:
    """Admit a repetition: a case of its own with its own number; the repeated one stays EXHAUSTED.

    In: the repeated case; the new one in REPEAT_ADMITTED, with its right of type 6. Whether the course may be
    repeated is the table's to decide (D33, D46).
    """
    way = rules.ADMIT_REPETITION
    _allowed(way, repeated, at)
    if admitted.state != CaseState.REPEAT_ADMITTED or admitted.repeats != repeated.id:
        raise ValueError("a case of a repetition says what it repeats")
    if any(each.repeats == repeated.id for each in work.cases_of([repeated.person_id])):
        raise TransitionRefusedError(way, repeated.number, "it was repeated already")
    _change(work, way, repeated, at=at, actor=actor, reason=reason)
    work.add_case(admitted)
    return admitted


def _register(
    work: UnitOfWork,
    way: Transition,
    after: CaseState,
    case: CaseRecord,
    entry: Registration,
    *,
    at: datetime,
    actor: str,
    reason: str,
) -> CaseRecord:
    _allowed(way, case, at)
    _not_after(way, case, "the registration", entry.registered_on, german_day(at))
    if entry.registered_on < case.opened_on:
        raise TransitionRefusedError(way, case.number, f"the right is of {case.opened_on}")
    done = _change(
        work,
        way,
        case,
        at=at,
        actor=actor,
        reason=reason,
        state=after,
        registered_on=entry.registered_on,
        last_activity=_last(case.last_activity, entry.registered_on),
        course_type=entry.course_type or case.course_type,
    )
    work.add_registration(entry)
    return done


def _write_down(
    work: UnitOfWork, way: Transition, case: CaseRecord, *, at: datetime, actor: str, reason: str
) -> CaseRecord:
    state = _allowed(way, case, at)
    if state is CaseState(case.state):
        raise TransitionRefusedError(way, case.number, "that is written down already")
    return _change(work, way, case, at=at, actor=actor, reason=reason, state=state)


def _end(
    work: UnitOfWork,
    way: Transition,
    status: RightStatus,
    case: CaseRecord,
    *,
    at: datetime,
    actor: str,
    reason: str,
) -> CaseRecord:
    _allowed(way, case, at)
    (after,) = way.targets
    done = _change(work, way, case, at=at, actor=actor, reason=reason, state=after)
    for right in case.rights:
        if right.status == RightStatus.CURRENT:
            done = _give_right(work, way, done, right, status, at=at, actor=actor, reason=reason)
    return done


def _allowed(way: Transition, case: CaseRecord, at: datetime) -> CaseState:
    """Return the state of the case on the day, from which this way may be gone."""
    state = state_on(case, german_day(at))
    check_state(way, case.number, state)
    return state


def _not_after(way: Transition, case: CaseRecord, what: str, day: date, today: date) -> None:
    if day > today:
        raise TransitionRefusedError(way, case.number, f"{what} on {day} is not yet")


def _change(
    work: UnitOfWork,
    way: Transition,
    case: CaseRecord,
    *,
    at: datetime,
    actor: str,
    reason: str,
    **fields: Any,
) -> CaseRecord:
    done = work.change_case(case, at=at, actor=actor, reason=f"{way.name}: {reason}", **fields)
    if done is None:
        raise ChangedMeanwhileError(way, case.number)
    return done


def _give_right(
    work: UnitOfWork,
    way: Transition,
    case: CaseRecord,
    right: RightRecord,
    status: RightStatus,
    *,
    at: datetime,
    actor: str,
    reason: str,
    replaced_by: int | None = None,
) -> CaseRecord:
    if not work.change_right(right, status, at=at, actor=actor, reason=reason, replaced_by=replaced_by):
        raise ChangedMeanwhileError(way, case.number)
    now = changed(right, status=status, replaced_by=replaced_by)
    return changed(case, rights=tuple(now if each.id == right.id else each for each in case.rights))


def _first(known: date | None, day: date) -> date:
    return day if known is None else min(known, day)


def _last(known: date | None, day: date) -> date:
    return day if known is None else max(known, day)
