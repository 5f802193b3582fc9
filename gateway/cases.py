"""What a stored case is on a given day."""

from datetime import date

from store.records import CaseRecord, CaseState, RightRecord, RightStatus


def state_on(case: CaseRecord, today: date) -> CaseState:
    """Return the state of a case on a German calendar day.

    A right that was not used for a registration in its term has expired; nobody writes that into the store,
    it follows from the date.
    """
    state = CaseState(case.state)
    right = counting_right(case)
    if (
        state is CaseState.OPEN
        and right is not None
        and right.valid_until is not None
        and right.valid_until < today
    ):
        return CaseState.EXPIRED_UNUSED
    return state


def counting_right(case: CaseRecord) -> RightRecord | None:
    """Return the current right of a case, of a closed one its latest."""
    current = [right for right in case.rights if right.status == RightStatus.CURRENT]
    return max(current or case.rights, key=lambda right: (right.decided_at, right.id), default=None)
