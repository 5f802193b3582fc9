"""What the child processes of `test_work_processes` do: a worker each, on one store."""

import os
import signal
import time
from datetime import timedelta

from gateway.clock import SystemClock
from gateway.deferred.base import WorkNotThereError
from gateway.deferred.runner import Worker
from gateway.deferred.terms import Terms
from store.engine import Store, new_holder
from store.records import JournalEntry, JournalKind
from store.records_work import WorkRow
from store.unit import UnitOfWork
from tests.support.processes import report, wait_for_word
from tests.support.stores import open_test_store

KIND = "of-a-test"


class Handler:
    """Leaves a row of the journal as its effect; `how` says what happens before it, or in its middle."""

    def __init__(self, store: Store, how: str) -> None:
        self._store = store
        self._how = how

    def do(self, row: WorkRow) -> None:
        if self._how == "slow":
            time.sleep(0.02)
        if self._how == "poison" and row.subject == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._how == "hang before":
            _hang()
        with self._store.unit_of_work() as work:
            work.finish(row)
            facts = {"work": row.id, "by": os.getpid()}
            work.add_journal(JournalEntry(JournalKind.CLERK, row.enqueued_at, facts=facts))
            if self._how == "hang within":
                work.flush()
                # Sends what was queued: the effect is in the database now, but not committed.
                work.dead_work(KIND, 0)
                _hang()
            work.commit()

    def discard(self, work: UnitOfWork, row: WorkRow, actor: str) -> None:
        raise WorkNotThereError("these rows have to be done: no child is an operator")


def _hang() -> None:
    report("in the middle")
    wait_for_word()


def work_off(url: str, how: str, lease: float, attempts: int) -> None:
    """Work until nothing is left that could become due."""
    store = open_test_store(url)
    terms = Terms(attempts, timedelta(seconds=lease))
    worker = Worker(store, SystemClock(), {KIND: Handler(store, how)}, new_holder(), terms)
    report("ready")
    wait_for_word()
    ended = worker.work_off()
    report({"ended": {str(how): count for how, count in ended.items()}, "pid": os.getpid()})
