"""How a case and its rights become something else: one function for each way, with its rule.

Each reads the state on the day of `at` (the business clock), refuses what `gateway.cases.rules` does not
allow, changes only what it compared with what was read, and leaves a row of history (who, when, why).
The way through the course is in `gateway.cases.courses`.

In: a unit of work that holds the lock of the person's key, and the case as it was read in it. Raises
CaseError: TransitionRefusedError, or ChangedMeanwhileError when somebody changed the case without the lock.
"""

from dataclasses import replace as changed
from datetime import datetime

from gateway.cases import rules
from gateway.cases.changing import allowed, change, give_right
from gateway.cases.rules import Transition, TransitionRefusedError
from store.records import CaseRecord, CaseState, RightRecord, RightStatus
from store.unit import UnitOfWork


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
    allowed(way, case, at)
    if current.status != RightStatus.CURRENT:
        raise TransitionRefusedError(way, case.number, f"its right is {current.status}")
    past = give_right(
        work, way, case, current, RightStatus.REPLACED, at=at, actor=actor, reason=reason, replaced_by=new.id
    )
    work.add_right(new)
    return changed(past, rights=(*past.rights, new))


def restore(
    work: UnitOfWork, case: CaseRecord, replaced: RightRecord, *, at: datetime, actor: str, reason: str
) -> CaseRecord:
    """Take a replacement back: the right that replaced is CANCELLED, the replaced one CURRENT again."""
    way = rules.RESTORE
    allowed(way, case, at)
    new = next((right for right in case.rights if right.id == replaced.replaced_by), None)
    if replaced.status != RightStatus.REPLACED or new is None or new.status != RightStatus.CURRENT:
        raise TransitionRefusedError(way, case.number, "what replaced this right does not hold")
    past = give_right(work, way, case, new, RightStatus.CANCELLED, at=at, actor=actor, reason=reason)
    return give_right(work, way, past, replaced, RightStatus.CURRENT, at=at, actor=actor, reason=reason)


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
    allowed(way, repeated, at)
    if admitted.state != CaseState.REPEAT_ADMITTED or admitted.repeats != repeated.id:
        raise ValueError("a case of a repetition says what it repeats")
    if any(each.repeats == repeated.id for each in work.cases_of([repeated.person_id])):
        raise TransitionRefusedError(way, repeated.number, "it was repeated already")
    change(work, way, repeated, at=at, actor=actor, reason=reason)
    work.add_case(admitted)
    return admitted


def _write_down(
    work: UnitOfWork, way: Transition, case: CaseRecord, *, at: datetime, actor: str, reason: str
) -> CaseRecord:
    state = allowed(way, case, at)
    if state is CaseState(case.state):
        raise TransitionRefusedError(way, case.number, "that is written down already")
    return change(work, way, case, at=at, actor=actor, reason=reason, state=state)


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
    allowed(way, case, at)
    (after,) = way.targets
    done = change(work, way, case, at=at, actor=actor, reason=reason, state=after)
    for right in case.rights:
        if right.status == RightStatus.CURRENT:
            done = give_right(work, way, done, right, status, at=at, actor=actor, reason=reason)
    return done
