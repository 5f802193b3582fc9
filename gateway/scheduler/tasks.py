"""The tasks of the scheduler, in the order in which they take their turn."""

from __future__ import annotations

from gateway.batch.addenda import AbandonedDeliveries, Addenda
from gateway.batch.signing import Signer
from gateway.clerks.reminders import Reminder
from gateway.clerks.sweep import HintSweep
from gateway.connecting.abandoning import AbandonedProcedures
from gateway.information.officer import LogKeeper
from gateway.questions import close_overdue
from gateway.retention.task import RetentionTask
from gateway.scheduler.runner import Progress, Task
from gateway.scheduler.states import StateWriter
from gateway.tools import Tools
from store.engine import Store


def usual_tasks(store: Store, tools: Tools, sign: Signer) -> tuple[Task, ...]:
    """Return all tasks; what agencies wait for comes first. In: what signs the notes of addenda."""
    return (
        Task("questions-closed", lambda _: Progress(close_overdue(store, tools))),
        Task("addenda-made", Addenda(store, tools, sign).work),
        Task("reminders", Reminder(store, tools).work),
        Task("states-written", StateWriter(store, tools.clock).work),
        Task("retrievals-deleted", LogKeeper(store, tools).work),
        Task("persons-searched", HintSweep(store, tools.clock).work),
        Task("deliveries-abandoned", AbandonedDeliveries(store, tools).work),
        Task("connections-abandoned", AbandonedProcedures(store, tools).work),
        Task("erased", RetentionTask(store, tools).work),
    )
