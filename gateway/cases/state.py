"""What a stored case is on a given day."""

from datetime import date
from typing import Final

from gateway.validity import add_months
from store.records import CaseRecord, CaseState, RightRecord, RightStatus

ACTIVE: Final = frozenset(
    {
        CaseState.OPEN,
        CaseState.REGISTERED,
        CaseState.RUNNING,
        CaseState.REPEAT_ADMITTED,
        CaseState.REPEAT_REGISTERED,
    }
)
INACTIVE_MONTHS: Final = 13
"""The law says one year (§ 4 (1) S. 3 IntV); a month more, so that late reports of organisers count."""


def state_on(case: CaseRecord, today: date) -> CaseState:
    """Return the state of a case on a German calendar day.

    A right that was not used for a registration in its term has expired, and a case in which nothing happened
    for 13 months has lapsed: both follow from the date, whether or not somebody wrote it into the store.
    """
    state = CaseState(case.state)
    if state is CaseState.OPEN:
        right = counting_right(case)
        if right is not None and right.valid_until is not None and right.valid_until < today:
            return CaseState.EXPIRED_UNUSED
    elif state in (CaseState.REGISTERED, CaseState.RUNNING):
        last_day = lapses_on(case)
        if last_day is not None and last_day < today:
            return CaseState.LAPSED_INACTIVE
    return state


def lapses_on(case: CaseRecord) -> date | None:
    """Return the last day before a registered or begun case lapses unless something happens, None for others.

    Activity is the registration, and begin and end of each section. A right that took the place of a weaker
    one later than that counts from its own day (§ 4 (1) S. 3 IntV).
    """
    if case.state not in (CaseState.REGISTERED, CaseState.RUNNING):
        return None
    return last_day_of(case)


def last_day_of(case: CaseRecord) -> date | None:
    """Return the day with which a registered or begun case lapses or has lapsed, whatever its state says."""
    since = inactive_since(case)
    return None if since is None else add_months(since, INACTIVE_MONTHS)


def inactive_since(case: CaseRecord) -> date | None:
    """Return the day from which the time without activity is counted, None before any."""
    right = counting_right(case)
    if case.last_activity is None or right is None:
        return case.last_activity
    if any(each.replaced_by == right.id for each in case.rights):
        return max(case.last_activity, right.valid_from)
    return case.last_activity


def counting_right(case: CaseRecord) -> RightRecord | None:
    """Return the current right of a case, of a closed one its latest."""
    current = [right for right in case.rights if right.status == RightStatus.CURRENT]
    return max(current or case.rights, key=lambda right: (right.decided_at, right.id), default=None)
