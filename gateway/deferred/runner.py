"""The worker: takes rows of deferred work one after the other, wherever it runs.

Any number may run, on any number of machines with one store. A row belongs to who took it until its lease
runs out; whoever finishes it compares, in the transaction of its effect, that it is still theirs. So nothing
is done twice, and nothing is lost with a worker that dies.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from gateway.clock import Clock
from gateway.deferred.base import Postponed, WorkHandler
from gateway.deferred.leases import prolonged
from gateway.deferred.terms import LONGEST, Terms
from gateway.journaling import place_of, raise_alarm
from store.engine import Store
from store.errors import StoreBusy, StoreUnavailable, WorkLost
from store.records_work import WorkRow, WorkState
from store.unit import UnitOfWork
from store.work import is_due

_log: Final = logging.getLogger("gateway.deferred")
_BUSY: Final = timedelta(seconds=1)
_PATIENCE: Final = 5
"""How often it is tried to give a row back to a busy store; each time waits for its locks."""


class Ended(StrEnum):
    """How a turn with a row ended. LOST: another took it meanwhile; BURIED: all its workers had ended."""

    DONE = "done"
    POSTPONED = "postponed"
    FAILED = "failed"
    DEAD = "dead"
    LOST = "lost"
    BURIED = "buried"


class Worker:
    """Does deferred work, in one thread. In: the store, the real clock, handlers by kind, a unique name."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        handlers: Mapping[str, WorkHandler],
        holder: str,
        terms: Terms = Terms(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._clock = clock
        self._handlers = handlers
        self._holder = holder
        self._terms = terms
        self._halted = threading.Event()

    def work_off(self) -> Counter[Ended]:
        """Do rows until none is due, or until `halt`. Out: how many ended how. Raises StoreUnavailable."""
        ended: Counter[Ended] = Counter()
        if self._is_due():
            while not self._halted.is_set() and (how := self.run_once()) is not None:
                ended[how] += 1
        return ended

    def halt(self) -> None:
        """Let `work_off` end after the row at hand; for the end of the process."""
        self._halted.set()

    def run_once(self) -> Ended | None:
        """Take a row that is due and do it; None if there is none.

        Raises StoreUnavailable; then the row is taken again when its lease is over.
        """
        row = self._take()
        if row is None:
            return None
        if row.state == WorkState.DEAD:
            _tell_dead(row)
            return Ended.BURIED
        try:
            with prolonged("work-lease", self._terms.lease, self._prolonging(row)):
                self._handlers[row.kind].do(row)
        except Postponed as postponed:
            return self._postpone(row, postponed.until)
        except StoreBusy:
            return self._postpone(row, self._clock.now() + _BUSY)
        except WorkLost:
            _log.warning("deferred work was taken over", extra=_told(row))
            return Ended.LOST
        except Exception as error:  # noqa: BLE001 - whatever it is, the other rows must get their turn
            return self._fail(row, error)
        return Ended.DONE

    def _is_due(self) -> bool:
        """Look before taking: on SQLite taking would keep messages waiting, although nothing is there."""
        with self._store.read() as reader:
            return is_due(reader.connection, self._handlers, self._clock.now())

    def _take(self) -> WorkRow | None:
        now = self._clock.now()
        with self._store.unit_of_work() as work:
            row = work.take_work(
                self._handlers,
                self._holder,
                now=now,
                lease_until=now + self._terms.lease,
                attempts=self._terms.attempts,
            )
            if row is not None:
                work.commit()
        return row

    def _postpone(self, row: WorkRow, until: datetime) -> Ended:
        is_ours = self._give_back(lambda work: work.postpone_work(row, until))
        return Ended.POSTPONED if is_ours else Ended.LOST

    def _fail(self, row: WorkRow, error: Exception) -> Ended:
        wait = self._terms.wait_after(row.attempts)
        if isinstance(error, StoreUnavailable):
            _log.warning("deferred work failed: %s", type(error).__name__, extra=_told(row))
        else:
            raise_alarm("deferred work failed", error, **_told(row))
        is_ours = self._give_back(
            lambda work: work.fail_work(
                row,
                code=type(error).__qualname__,
                place=place_of(error),
                retry_at=None if wait is None else self._clock.now() + wait,
            )
        )
        if not is_ours:
            return Ended.LOST
        if wait is None:
            _tell_dead(row)
            return Ended.DEAD
        return Ended.FAILED

    def _give_back(self, change: Callable[[UnitOfWork], bool]) -> bool:
        """Write how a turn ended, again where the store is busy: a row that stays taken loses an attempt."""
        left = _PATIENCE
        while True:
            left -= 1
            try:
                with self._store.unit_of_work() as work:
                    is_ours = change(work)
                    work.commit()
            except StoreBusy:
                if not left:
                    raise
            else:
                return is_ours

    def _prolonging(self, row: WorkRow) -> Callable[[], None]:
        """Return what prolongs the lease of a row that was just taken, until it was held for `LONGEST`."""
        last = self._clock.now() + LONGEST

        def prolong() -> None:
            until = self._clock.now() + self._terms.lease
            if until <= last:
                with self._store.unit_of_work() as work:
                    work.prolong_work(row, until)
                    work.commit()

        return prolong


def _told(row: WorkRow) -> dict[str, str | None]:
    return {"kind": row.kind, "work": str(row.id), "attempt": str(row.attempts)}


def _tell_dead(row: WorkRow) -> None:
    """Tell the operator that a row waits for somebody to look at it."""
    _log.error("deferred work is dead: inge work show %s", row.id, extra=_told(row))
