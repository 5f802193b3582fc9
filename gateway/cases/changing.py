"""What every transition does: look at the state on the day, compare, change, leave history."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from gateway.cases.rules import ChangedMeanwhileError, Transition, TransitionRefusedError, check_state
from gateway.cases.state import state_on
from gateway.clock import german_day
from store.records import CaseRecord, CaseState, RightRecord, RightStatus
from store.unit import UnitOfWork


def allowed(way: Transition, case: CaseRecord, at: datetime) -> CaseState:
    """Return the state of the case on the day, from which this way may be gone."""
    state = state_on(case, german_day(at))
    check_state(way, case.number, state)
    return state


def not_after(way: Transition, case: CaseRecord, what: str, day: date, today: date) -> None:
    """Raise TransitionRefusedError for a day in the future."""
    if day > today:
        raise TransitionRefusedError(way, case.number, f"{what} on {day} is not yet")


def change(
    work: UnitOfWork,
    way: Transition,
    case: CaseRecord,
    *,
    at: datetime,
    actor: str,
    reason: str,
    **fields: Any,
) -> CaseRecord:
    """Change fields of a case, leave history, return the case as it is now. Raises ChangedMeanwhileError."""
    done = work.change_case(case, at=at, actor=actor, reason=f"{way.name}: {reason}", **fields)
    if done is None:
        raise ChangedMeanwhileError(way, case.number)
    return done


def give_right(
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
    """Give a right another status, leave history, return its case. Raises ChangedMeanwhileError."""
    if not work.change_right(right, status, at=at, actor=actor, reason=reason, replaced_by=replaced_by):
        raise ChangedMeanwhileError(way, case.number)
    now = replace(right, status=status, replaced_by=replaced_by)
    return replace(case, rights=tuple(now if each.id == right.id else each for each in case.rights))
