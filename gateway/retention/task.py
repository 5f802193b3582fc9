"""The scheduled task: one run on every business day."""

from __future__ import annotations

from datetime import date

from gateway.clock import german_day
from gateway.retention.run import Run
from gateway.scheduler.runner import Progress
from gateway.tools import Tools
from gateway.undone import UndoneError
from store.engine import Store


class RetentionTask:
    """Erases what is due, once a day, in steps between which messages have their turn."""

    def __init__(self, store: Store, tools: Tools) -> None:
        self._store = store
        self._tools = tools
        self._run: Run | None = None
        self._done_on: date | None = None

    def work(self, limit: int) -> Progress:
        """Do some steps of the day's run.

        Raises UndoneError at the end of it, after everybody else had a turn; the next day tries again.
        """
        today = german_day(self._tools.clock.now())
        if today == self._done_on:
            return Progress(0)
        run, self._run = self._run, None
        if run is None or run.today != today:
            run = Run(self._store, self._tools)
        before = run.tally.done
        for _ in range(limit):
            if not run.next():
                self._done_on = today
                if run.tally.failed:
                    raise UndoneError("person not erased", run.tally.failed)
                return Progress(run.tally.done - before)
        # Kept only from here on: a run that an error ended is begun anew at the next turn.
        self._run = run
        return Progress(run.tally.done - before, more=True)
