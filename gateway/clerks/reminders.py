"""Reminding of undecided work items past the mark (I06): they stay parked, and somebody hears of them."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from gateway.clerks.worklist import entry
from gateway.scheduler.runner import Progress
from gateway.tools import Tools
from store.engine import Store
from store.records import JournalEntry, JournalKind, WorkItem
from store.worklist import unreminded

_log: Final = logging.getLogger("gateway.clerks")
ACTOR: Final = "scheduler"


class Reminder:
    """Reminds once of every item past the mark, and again each time as many working days have gone by."""

    def __init__(self, store: Store, tools: Tools) -> None:
        self._store = store
        self._tools = tools

    def work(self, limit: int) -> Progress:
        """Remind of some items. What is a day of work, only the calendar of the exact check knows."""
        now = self._tools.clock.now()
        before = now - timedelta(days=self._tools.settings.clerk_working_days)
        with self._store.read() as reader:
            found = unreminded(reader.connection, before=before, limit=limit)
        due = [item for item in found if entry(item, self._tools).due_for_reminder]
        done = sum(self._remind(item) for item in due)
        # The oldest come first: where not all of them are due, those behind them are not either.
        return Progress(done, more=len(due) == limit)

    def _remind(self, item: WorkItem) -> bool:
        with self._store.unit_of_work() as work:
            if not work.mark_reminded(item, at=self._tools.clock.now()):
                return False
            facts = {"work_item": item.id, "office": item.office_id, "reminder": True, "actor": ACTOR}
            work.add_journal(JournalEntry(JournalKind.CLERK, self._tools.real_clock.now(), facts=facts))
            work.commit()
        _log.warning("work item %s of office %s is not decided yet", item.id, item.office_id)
        return True
