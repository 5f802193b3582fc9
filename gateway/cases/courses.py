"""How a case goes through its course: registration, sections with their units, completion.

Rules and errors as in `gateway.cases.transitions`.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from gateway.cases import rules
from gateway.cases.changing import allowed, change, not_after
from gateway.cases.contingent import granted_units
from gateway.cases.course_data import take_dropout_back
from gateway.cases.rules import ChangedMeanwhileError, Transition, TransitionRefusedError
from gateway.clock import german_day
from store.records import CaseRecord, CaseState, Registration, Section
from store.unit import UnitOfWork


@dataclass(frozen=True, slots=True)
class SectionEnd:
    """The end of a section with what was billed: units of 45 minutes, absences where they are known."""

    ended_on: date
    units: int
    absent_excused: int | None = None
    absent_unexcused: int | None = None


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
    if section.ended_on is not None or section.units:
        raise ValueError("a section ends by `end_section`, one that is over is noted by `take_section`")
    done = _begun(work, case, section, at=at, actor=actor, reason=reason)
    work.add_section(section)
    return done


def end_section(
    work: UnitOfWork,
    case: CaseRecord,
    section: Section,
    end: SectionEnd,
    *,
    at: datetime,
    actor: str,
    reason: str,
) -> CaseRecord:
    """Note the end of a stored section; the contingent used up exhausts the case."""
    way = rules.END_SECTION
    if section.case_id != case.id or section.ended_on is not None:
        raise TransitionRefusedError(way, case.number, f"section {section.section} has an end already")
    done = _ended(work, case, section.began_on, end, at=at, actor=actor, reason=reason)
    if not work.end_section(
        section,
        end.ended_on,
        end.units,
        absent_excused=end.absent_excused,
        absent_unexcused=end.absent_unexcused,
    ):
        raise ChangedMeanwhileError(way, case.number)
    return done


def take_section(
    work: UnitOfWork,
    case: CaseRecord,
    section: Section,
    end: SectionEnd,
    *,
    at: datetime,
    actor: str,
    reason: str,
) -> CaseRecord:
    """Note a section that is over already: its begin and its end, with both rules."""
    begun = _begun(work, case, section, at=at, actor=actor, reason=reason)
    done = _ended(work, begun, section.began_on, end, at=at, actor=actor, reason=reason)
    work.add_section(
        replace(
            section,
            ended_on=end.ended_on,
            units=end.units,
            absent_excused=end.absent_excused,
            absent_unexcused=end.absent_unexcused,
        )
    )
    return done


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
    allowed(way, case, at)
    not_after(way, case, "the completion", completed_on, german_day(at))
    if case.completed_on is not None:
        raise TransitionRefusedError(way, case.number, f"it was completed on {case.completed_on}")
    if case.started_on is None or completed_on < case.started_on:
        raise TransitionRefusedError(way, case.number, "it is completed before it began")
    if any(section.ended_on is None for section in work.sections_of(case.id)):
        raise TransitionRefusedError(way, case.number, "a section has no end yet")
    take_dropout_back(work, case, completed_on, at=at, actor=actor, reason=f"{way.name}: {reason}")
    return change(
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
    allowed(way, case, at)
    not_after(way, case, "the registration", entry.registered_on, german_day(at))
    if entry.registered_on < case.opened_on:
        raise TransitionRefusedError(way, case.number, f"the right is of {case.opened_on}")
    done = change(
        work,
        way,
        case,
        at=at,
        actor=actor,
        reason=reason,
        state=after,
        registered_on=entry.registered_on,
        last_activity=_last(case.last_activity, entry.registered_on),
    )
    work.add_registration(entry)
    return done


def _begun(
    work: UnitOfWork, case: CaseRecord, section: Section, *, at: datetime, actor: str, reason: str
) -> CaseRecord:
    way = rules.BEGIN_SECTION
    state = allowed(way, case, at)
    not_after(way, case, "the begin", section.began_on, german_day(at))
    if case.registered_on is not None and section.began_on < case.registered_on:
        raise TransitionRefusedError(way, case.number, f"it was registered on {case.registered_on}")
    earlier = work.sections_of(case.id)
    if any(each.ended_on is None for each in earlier):
        raise TransitionRefusedError(way, case.number, "another section has no end yet")
    take_dropout_back(work, case, section.began_on, at=at, actor=actor, reason=f"{way.name}: {reason}")
    return change(
        work,
        way,
        case,
        at=at,
        actor=actor,
        reason=reason,
        state=state if state is CaseState.REPEAT_REGISTERED else CaseState.RUNNING,
        course_type=section.course_type,
        granted_units=granted_units(case, (each.course_type for each in earlier), section.course_type),
        started_on=min(case.started_on or section.began_on, section.began_on),
        last_activity=_last(case.last_activity, section.began_on),
    )


def _ended(
    work: UnitOfWork,
    case: CaseRecord,
    began_on: date,
    end: SectionEnd,
    *,
    at: datetime,
    actor: str,
    reason: str,
) -> CaseRecord:
    way = rules.END_SECTION
    state = allowed(way, case, at)
    not_after(way, case, "the end", end.ended_on, german_day(at))
    if end.ended_on < began_on:
        raise TransitionRefusedError(way, case.number, "it ends before it begins")
    used = case.used_units + end.units
    if end.units < 0 or used > case.granted_units:
        raise TransitionRefusedError(
            way, case.number, f"{used} of {case.granted_units} granted units would be used"
        )
    done = change(
        work,
        way,
        case,
        at=at,
        actor=actor,
        reason=reason,
        state=CaseState.EXHAUSTED if used == case.granted_units else state,
        last_activity=_last(case.last_activity, end.ended_on),
    )
    return replace(done, used_units=used)


def _last(known: date | None, day: date) -> date:
    return day if known is None else max(known, day)
