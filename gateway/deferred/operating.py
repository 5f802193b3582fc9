"""What an operator does about deferred work: have a row tried again, or give it up."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.clock import Clock
from gateway.deferred.base import WorkHandler, WorkNotThereError
from store.engine import Store
from store.records import JournalEntry, JournalKind
from store.records_work import WorkRow
from store.unit import UnitOfWork


def retry(store: Store, clock: Clock, row_id: int, *, actor: str) -> WorkRow:
    """Let a dead row, or one that waits to be tried again, be taken at once, with all its attempts.

    Raises WorkNotThereError for one that is being done or not there, and when nobody is named who wants it;
    StoreUnavailable.
    """
    _named(actor)
    with store.unit_of_work() as work:
        row = work.retry_work(row_id, clock.now())
        if row is None:
            raise WorkNotThereError(f"no row {row_id} is dead or waits to be tried again")
        _journal(work, clock, row, "retried", actor)
        work.commit()
    return row


def discard(
    store: Store, clock: Clock, handlers: Mapping[str, WorkHandler], row_id: int, *, actor: str
) -> WorkRow:
    """Give a dead row up; its handler brings about what follows, in the same transaction.

    Raises WorkNotThereError for one that is not dead, of a kind that this program does not know, or that has
    to be done, and when nobody is named who wants it; StoreUnavailable.
    """
    _named(actor)
    with store.unit_of_work() as work:
        row = work.discard_work(row_id)
        if row is None:
            raise WorkNotThereError(f"no row {row_id} is dead; only such a one can be discarded")
        handler = handlers.get(row.kind)
        if handler is None:
            raise WorkNotThereError(f"this program knows no work of the kind {row.kind}")
        handler.discard(work, row, actor)
        _journal(work, clock, row, "discarded", actor)
        work.commit()
    return row


def _journal(work: UnitOfWork, clock: Clock, row: WorkRow, done: str, actor: str) -> None:
    facts = {
        "done": done,
        "work": row.id,
        "kind": row.kind,
        "subject": row.subject,
        "facts": dict(row.facts),
        "last_code": row.last_code,
        "actor": actor,
    }
    work.add_journal(JournalEntry(JournalKind.WORK, clock.now(), facts=facts))


def _named(actor: str) -> None:
    if not actor.strip():
        raise WorkNotThereError("who acts? the name of a user is needed")
