"""Writing down the states that follow from the calendar: rights that expired unused, cases that lapsed.

Every decision looks at the calendar itself (`gateway.cases.state_on`), so this changes no answer; it is for
everybody who reads the store, and for the history.
"""

from __future__ import annotations

from datetime import date, timedelta

from gateway.cases import state_on, transitions
from gateway.clock import Clock, german_day
from gateway.scheduler.runner import Progress
from gateway.undone import Undone
from store.engine import Store
from store.records import CaseRecord, CaseState
from store.unit import UnitOfWork
from store.worklist import persons_with_stale_cases

ACTOR = "scheduler"
_LONG_AGO = timedelta(days=390)
"""A little less than 13 months, to find candidates by; the exact day is reckoned for each."""


class StateWriter:
    """Writes EXPIRED_UNUSED and LAPSED_INACTIVE. `clock` is the business clock."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._after = 0
        self._done_on: date | None = None

    def work(self, limit: int) -> Progress:
        """Write the states of some persons' cases, each person under their lock; go on there next time.

        The calendar changes nothing twice a day: after all were looked through there is nothing until the
        next one. Raises UndoneError, with the others written, for persons whose cases could not be.
        """
        today = german_day(self._clock.now())
        if today == self._done_on:
            return Progress(0)
        with self._store.read() as reader:
            found = persons_with_stale_cases(
                reader.connection,
                today=today,
                inactive_since=today - _LONG_AGO,
                after=self._after,
                limit=limit,
            )
        written, undone = 0, Undone("state not written")
        for person_id, lock_key in found:
            with undone.apart(person=str(person_id)):
                written += self._write(person_id, lock_key)
        more = len(found) == limit
        # After the last one from the beginning: those found wrongly must not hide others.
        self._after = found[-1][0] if more else 0
        self._done_on = None if more else today
        undone.end()
        return Progress(written, more)

    def _write(self, person_id: int, lock_key: int) -> int:
        """Write what is due for one person in a transaction of its own. Out: how many cases.

        Whoever got another name since the key was read is locked by the new key.
        """
        while True:
            with self._store.unit_of_work() as work:
                work.lock_persons([lock_key])
                person = work.person(person_id)
                if person is None:
                    return 0
                if person.lock_key == lock_key:
                    written = sum(self._write_case(work, case) for case in work.cases_of([person_id]))
                    if written:
                        work.commit()
                    return written
                lock_key = person.lock_key

    def _write_case(self, work: UnitOfWork, case: CaseRecord) -> bool:
        now = self._clock.now()
        state = state_on(case, german_day(now))
        if state == case.state:
            return False
        if state is CaseState.EXPIRED_UNUSED:
            transitions.expire(work, case, at=now, actor=ACTOR, reason="the calendar")
        elif state is CaseState.LAPSED_INACTIVE:
            transitions.lapse(work, case, at=now, actor=ACTOR, reason="the calendar")
        else:
            return False
        return True
