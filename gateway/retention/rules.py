"""When which data have to go: five years after the case all but names and birth date, after ten the person.

§ 8 IntV: names and birth date are erased after ten years at the latest, all other personal data after five.
The years begin with the end of the last case, or with its opening where the operator chose so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from typing import Final

from gateway.cases import ACTIVE, contingent, counting_right, state_on
from gateway.cases.state import last_day_of
from gateway.clock import german_day
from gateway.validity import add_months
from store.erasure import Remains
from store.ids import made_at
from store.records import CaseRecord, CaseState
from store.retention import Group


class CountsFrom(StrEnum):
    """From when the years are counted."""

    CASE_END = "case-end"
    CASE_OPENED = "case-opened"


class Stage(IntEnum):
    """How far a person was erased."""

    NAMES = 1
    """Names, birth date, number and "took part" are left."""
    NUMBER = 2
    """The person is unknown; the number is only never assigned again."""


MONTHS: Final = {Stage.NAMES: 60, Stage.NUMBER: 120}


@dataclass(frozen=True, slots=True)
class Ended:
    """From which day the years of a person are counted, and whether it took part in a course."""

    on: date
    took_part: bool


def horizon(today: date, stage: Stage) -> date:
    """Return the day such that whatever ended after it is not due yet."""
    return add_months(today, -MONTHS[stage])


def ended(group: Group, today: date, counts_from: CountsFrom) -> Ended | None:
    """Return when the last case of a person ended; None while one goes on. Death ends all of them.

    Whoever has no case at all is counted from when the person was stored.
    """
    days = [] if group.died_on is None else [group.died_on]
    for case in group.cases:
        state = _state(case, group, today)
        if state in ACTIVE:
            return None
        days.append(_end(case, state, group) if counts_from is CountsFrom.CASE_END else case.opened_on)
    took_part = any(map(_took_part, group.cases))
    if group.erased is not None:
        _, before, did = group.erased
        days.append(before)
        took_part = took_part or did
    return Ended(max(days, default=german_day(made_at(group.persons[0].id))), took_part)


def due(group: Group, since: Ended, today: date) -> Stage | None:
    """Return the stage that has to be done on a day, the last one first; None where nothing has."""
    done, counted = (0, None) if group.erased is None else group.erased[:2]
    if done == Stage.NUMBER:
        return None
    if today > add_months(since.on, MONTHS[Stage.NUMBER]):
        return Stage.NUMBER
    if today <= add_months(since.on, MONTHS[Stage.NAMES]):
        return None
    return None if counted is not None and counted >= since.on else Stage.NAMES


def remains(group: Group, today: date) -> list[Remains]:
    """Return what the first stage leaves of a person's cases: how each ended, which units are left.

    The participation is one, the sections are gone then, so each case says what all of them together leave.
    """
    left = contingent.remaining(group.cases)
    found = []
    for case in group.cases:
        right = counting_right(case)
        units = left if case.repeats is None else max(0, case.granted_units - case.used_units)
        found.append(
            Remains(case.id, str(_state(case, group, today)), None if right is None else right.id, units)
        )
    return found


def _state(case: CaseRecord, group: Group, today: date) -> CaseState:
    """Return the state of a case on a day; a case of a dead person does not go on."""
    state = state_on(case, today)
    if state not in ACTIVE or not any(each.deceased for each in group.persons):
        return state
    return CaseState.LAPSED_INACTIVE if _took_part(case) else CaseState.EXPIRED_UNUSED


def _end(case: CaseRecord, state: CaseState, group: Group) -> date:
    closed = group.closed_at.get(case.id)
    right = counting_right(case)
    day: date | None = None
    if state is CaseState.EXHAUSTED:
        day = case.completed_on or case.last_activity
    elif state is CaseState.EXPIRED_UNUSED:
        day = None if right is None else right.valid_until
    elif state is CaseState.LAPSED_INACTIVE:
        day = last_day_of(case)
    elif closed is not None:
        day = german_day(closed)
    return max(case.opened_on, day or case.opened_on)


def _took_part(case: CaseRecord) -> bool:
    return case.started_on is not None or case.used_units > 0 or case.state == CaseState.EXHAUSTED
