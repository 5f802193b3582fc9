"""The scheduler: what has to be done without a message that asks for it, on one node at a time.

Any number of processes may try; the lease lets one work. Every task does a bounded chunk per transaction of
its own and compares before it sets, so that a holder whose lease ran out under it does no harm.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.clock import Clock
from gateway.journaling import raise_alarm
from store.engine import Store
from store.errors import StoreUnavailable

LEASE = "scheduler"
LEASE_LENGTH = timedelta(seconds=60)
CHUNK = 50
"""How many things a task may do in one go; on SQLite messages wait for its transactions."""
CHUNKS_PER_TURN = 20
"""After so many chunks a task is done for this turn: messages come first, and there is a next turn soon."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a chunk did: how many things, and whether there may be more to do at once."""

    done: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done now and then: `work` looks at no more things than it is told."""

    name: str
    work: Callable[[int], Progress]


class Scheduler:
    """Runs tasks for one process. In: the store, the real clock, the tasks, a name no other process has."""

    def __init__(self, store: Store, clock: Clock, tasks: Sequence[Task], holder: str) -> None:
        self._store = store
        self._clock = clock
        self._tasks = tasks
        self._holder = holder
        self._halted = threading.Event()

    def run_once(self) -> Mapping[str, int] | None:
        """Let every task do what there is. Out: how much each did, or None if another process has the lease.

        A task that fails does not keep the others from their turn; then its error is raised at the end. The
        operator is told of those of further tasks. Raises StoreUnavailable.
        """
        if not self._take_lease():
            return None
        done: dict[str, int] = {}
        failed: Exception | None = None
        for task in self._tasks:
            try:
                done[task.name] = self._run(task)
            except Exception as error:  # noqa: BLE001 - raised below, after the others had their turn
                if failed is None:
                    failed = error
                elif not isinstance(error, StoreUnavailable):
                    raise_alarm("a task of the scheduler failed", error, task=task.name)
        if failed is not None:
            raise failed
        return done

    def halt(self) -> None:
        """Let a turn under way end after the chunk at hand; for the end of the process."""
        self._halted.set()

    def leave(self) -> None:
        """Give the lease back, so that another process may go on at once."""
        with self._store.write() as connection:
            self._store.release_lease(connection, LEASE, self._holder)

    def _run(self, task: Task) -> int:
        total = 0
        for _ in range(CHUNKS_PER_TURN):
            progress = task.work(CHUNK)
            total += progress.done
            if not progress.more or self._halted.is_set() or not self._take_lease():
                break
        return total

    def _take_lease(self) -> bool:
        with self._store.write() as connection:
            return self._store.take_lease(connection, LEASE, self._holder, self._clock.now(), LEASE_LENGTH)
