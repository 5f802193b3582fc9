"""Ending procedures that nobody goes on with: their test data must not lie there for ever.

The daily task of a test environment. What happens counts on both sides: every step of the office, and every
message of the authority that the procedure is about.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from gateway.clock import german_day
from gateway.connecting.procedure import KIND, change, need_procedure
from gateway.connecting.steps import ABANDON, Desk
from gateway.scheduler.runner import Progress
from gateway.settings import Settings
from gateway.tools import Tools
from store.connection_data import destroy_contents, last_sent_at
from store.connections import last_step_at, lock_procedure, procedures_under_way
from store.engine import Store
from store.records_connection import ConnectionState, Procedure

ACTOR: Final = "scheduler"
WARNED_BEFORE: Final = timedelta(days=14)
"""For so many days before the end the operator is told each day that it comes."""
_log: Final = logging.getLogger("gateway.connecting")


@dataclass(frozen=True, slots=True)
class Idle:
    """How long nothing has happened in a procedure, and on which day (German time) it is ended for that."""

    since: datetime
    days: int
    ends_on: date

    def as_data(self) -> Mapping[str, object]:
        """Return it as JSON-able data."""
        return {
            "idle_since": self.since.isoformat(),
            "idle_days": self.days,
            "ends_on": self.ends_on.isoformat(),
        }


def idle(connection: Connection, procedure: Procedure, settings: Settings, now: datetime) -> Idle | None:
    """Return how long a procedure has been idle; None for one that is over. In: the real time."""
    if procedure.ended_at is not None:
        return None
    step = last_step_at(connection, KIND, str(procedure.id)) or procedure.opened_at
    sent = last_sent_at(connection, procedure.kennung, procedure.scope, procedure.opened_at)
    since = step if sent is None else max(step, sent)
    day = german_day(since)
    ends_on = day + timedelta(days=settings.connect_idle_days)
    return Idle(since, (german_day(now) - day).days, ends_on)


class AbandonedProcedures:
    """Ends what has been idle for as long as is configured, as an operator would who withdraws it."""

    def __init__(self, store: Store, tools: Tools) -> None:
        self._desk = Desk(store, tools.settings, tools.real_clock, tools.clock, ACTOR)
        self._after = 0
        self._done_on: date | None = None

    def work(self, limit: int) -> Progress:
        """Look at some procedures, once on each day; out: how many were ended."""
        today = german_day(self._desk.clock.now())
        if not self._desk.settings.is_test or today == self._done_on:
            return Progress(0)
        with self._desk.store.read() as reader:
            page = procedures_under_way(reader.connection, self._after, limit)
            found = [(each, self._idle(reader.connection, each)) for each in page]
        done = 0
        for procedure, is_idle in found:
            if is_idle is not None and is_idle.ends_on <= today:
                done += self._end(procedure.id)
            elif is_idle is not None and is_idle.ends_on - WARNED_BEFORE <= today:
                _log.warning(
                    "a connection is idle and will be ended: inge connect show %s",
                    procedure.id,
                    extra=_told(procedure, is_idle),
                )
        more = len(page) == limit
        self._after = page[-1].id if more else 0
        self._done_on = None if more else today
        return Progress(done, more)

    def _end(self, procedure_id: int) -> bool:
        """End one in a transaction of its own, unless somebody went on with it meanwhile."""
        desk = self._desk
        with desk.write() as connection:
            lock_procedure(connection, procedure_id)
            procedure = need_procedure(connection, procedure_id)
            is_idle = self._idle(connection, procedure)
            if is_idle is None or is_idle.ends_on > german_day(desk.clock.now()):
                return False
            change(
                desk,
                connection,
                procedure,
                ABANDON,
                ConnectionState.ABANDONED,
                reason=f"nothing happened for {is_idle.days} days",
                ended=True,
                idle_since=is_idle.since.isoformat(),
            )
            destroy_contents(connection, procedure.id)
        _log.warning(
            "a connection that nobody went on with was ended: inge connect show %s",
            procedure.id,
            extra=_told(procedure, is_idle),
        )
        return True

    def _idle(self, connection: Connection, procedure: Procedure) -> Idle | None:
        return idle(connection, procedure, self._desk.settings, self._desk.clock.now())


def _told(procedure: Procedure, is_idle: Idle) -> dict[str, str]:
    return {
        "procedure": str(procedure.id),
        "party": procedure.kennung,
        "idle_days": str(is_idle.days),
        "ends_on": is_idle.ends_on.isoformat(),
    }
