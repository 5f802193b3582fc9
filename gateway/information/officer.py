"""The log of retrievals in the hands of the data-protection officer: looked at, held, and deleted in time.

§ 8 IntV: it serves data protection control, security and operation alone, and is deleted after six months
unless a running control needs it. Every look at it is journaled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.clock import german_day
from gateway.scheduler.runner import Progress
from gateway.tools import Tools
from gateway.validity import add_months
from store.engine import Store
from store.records import JournalEntry, JournalKind
from store.records_information import Retrieval
from store.retrievals import RetrievalQuery, count_due, find_retrieval, list_retrievals
from store.unit import UnitOfWork

KEPT_MONTHS: Final = 6
SCHEDULER: Final = "scheduler"
_BERLIN: Final = ZoneInfo("Europe/Berlin")
_AT_ONCE: Final = 500

_SAID: Final = {"hold": "held", "release": "released"}

Entry = tuple[Retrieval, str | None]
"""An entry, and the number of the case it is about."""


class OfficerError(Exception):
    """What the officer wants cannot be done, and nothing was changed."""


def look(store: Store, tools: Tools, query: RetrievalQuery, *, limit: int, actor: str) -> list[Entry]:
    """Return entries, the newest first; that they were looked at is journaled before."""
    _named(actor)
    with store.read() as reader:
        found = list_retrievals(reader.connection, query, limit)
    facts = {"retrievals": "list", "party": query.party_id, "entries": len(found)}
    _journal(store, tools, {**facts, "persons": sorted(query.persons or ())}, actor)
    return found


def show(store: Store, tools: Tools, entry_id: int, *, actor: str) -> Entry | None:
    """Return one entry; journaled as `look`."""
    _named(actor)
    with store.read() as reader:
        found = find_retrieval(reader.connection, entry_id)
    _journal(store, tools, {"retrievals": "show", "entry": entry_id}, actor)
    return found


def hold(store: Store, tools: Tools, ids: Iterable[int], *, actor: str, reason: str) -> int:
    """Keep entries beyond their term, all or none; out: how many. Raises OfficerError."""
    if not reason.strip():
        raise OfficerError("why are they held? a reason is needed")

    def held(work: UnitOfWork, entry_id: int) -> bool:
        return work.hold_retrieval(entry_id, at=tools.real_clock.now(), by=actor, reason=reason)

    return _change(store, tools, "hold", ids, held, actor)


def release(store: Store, tools: Tools, ids: Iterable[int], *, actor: str) -> int:
    """Hold entries no longer, all or none; out: how many. Raises OfficerError."""
    return _change(store, tools, "release", ids, UnitOfWork.release_retrieval, actor)


def due_before(today: date) -> datetime:
    """Return the instant before which entries are too old on a German day.

    The term of six calendar months begins with the day of the entry, which does not count (§§ 187, 188 BGB):
    made on 24 May, it is kept to the end of 24 November.
    """
    day = add_months(today, -KEPT_MONTHS)
    while add_months(day, KEPT_MONTHS) >= today:
        day -= timedelta(days=1)
    while add_months(day + timedelta(days=1), KEPT_MONTHS) < today:
        day += timedelta(days=1)
    return datetime.combine(day + timedelta(days=1), time(), _BERLIN).astimezone(UTC)


def due(store: Store, tools: Tools) -> tuple[int, int]:
    """Return how many entries are due for deletion today, and how many would be but are held."""
    with store.read() as reader:
        return count_due(reader.connection, _limit(tools))


def delete_due(store: Store, tools: Tools, *, actor: str) -> int:
    """Delete all entries that are due, some at a time; out: how many."""
    _named(actor)
    total = 0
    while done := _delete(store, tools, _AT_ONCE, actor):
        total += done
    return total


class LogKeeper:
    """The scheduler's part: deletes what is due."""

    def __init__(self, store: Store, tools: Tools) -> None:
        self._store = store
        self._tools = tools

    def work(self, limit: int) -> Progress:
        """Delete some entries; nothing is written where none is due."""
        if due(self._store, self._tools)[0] == 0:
            return Progress(0)
        done = _delete(self._store, self._tools, limit, SCHEDULER)
        return Progress(done, more=done == limit)


def _limit(tools: Tools) -> datetime:
    # In a test environment the days are those of the business clock, so that `inge clock` can show the end
    # of the term; a productive one has one clock only.
    return due_before(german_day(tools.clock.now()))


def _delete(store: Store, tools: Tools, limit: int, actor: str) -> int:
    with store.unit_of_work() as work:
        done = work.delete_retrievals(_limit(tools), limit)
        if done:
            _note(work, tools, {"retrievals": "delete", "entries": done}, actor)
            work.commit()
    return done


def _change(
    store: Store,
    tools: Tools,
    what: str,
    ids: Iterable[int],
    change: Callable[[UnitOfWork, int], bool],
    actor: str,
) -> int:
    _named(actor)
    wanted = sorted(set(ids))
    with store.unit_of_work() as work:
        for entry_id in wanted:
            if not change(work, entry_id):
                raise OfficerError(f"entry {entry_id}: there is no such one, or it was {_SAID[what]} already")
        _note(work, tools, {"retrievals": what, "ids": wanted}, actor)
        work.commit()
    return len(wanted)


def _journal(store: Store, tools: Tools, facts: Mapping[str, Any], actor: str) -> None:
    with store.unit_of_work() as work:
        _note(work, tools, facts, actor)
        work.commit()


def _note(work: UnitOfWork, tools: Tools, facts: Mapping[str, Any], actor: str) -> None:
    entry = JournalEntry(JournalKind.CLERK, tools.real_clock.now(), facts={**facts, "actor": actor})
    work.add_journal(entry)


def _named(actor: str) -> None:
    if not actor.strip():
        raise OfficerError("who looks? the name of a user is needed")
