"""What a unit of work knows of deferred work: laying it down, taking it, and being done with it."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import bindparam, select

from store.errors import WorkLost
from store.records_work import WorkRow, WorkState
from store.schema import work
from store.statements import Statement, numbered, query
from store.unit_base import Work

WORKER_LOST: Final = "worker-lost"
"""What is noted of a row whose workers all ended in the middle of it."""


class DeferredWork(Work):
    """Rows of deferred work. All instants are those of the real clock."""

    __slots__ = ()

    def enqueue(
        self,
        kind: str,
        at: datetime,
        *,
        subject: int | None = None,
        facts: Mapping[str, Any] | None = None,
        ready_at: datetime | None = None,
    ) -> int:
        """Queue a row of work, to be done from `ready_at` on; out: its id. It commits with what asks."""
        row_id = self._new_id()
        ready = at if ready_at is None else ready_at
        known = (WorkState.READY.value, ready, 0, None, None, at, None, None)
        self._add(work, (row_id, kind, subject, dict(facts or {}), *known))
        return row_id

    def finish(self, row: WorkRow) -> None:
        """Take a row away that was done, in the transaction of its effect.

        Raises WorkLost when it is not ours any more: then another does it, and nothing here may commit.
        Until the end of the transaction nobody else can take the row, even when its lease runs out.
        """
        if self._changed(_statements(self._link.dialect).finish, _owner(row)) != 1:
            raise WorkLost

    def take_work(
        self, kinds: Iterable[str], holder: str, *, now: datetime, lease_until: datetime, attempts: int
    ) -> WorkRow | None:
        """Take the next row that is due: one whose worker is gone, else the one that waits longest.

        In: `attempts` after which a row whose worker is gone is not taken any more, but comes back DEAD: it
        may be what ends them. Out: None if nothing of these kinds is due.
        """
        statements = _statements(self._link.dialect)
        names = _names_text(self._link.dialect, kinds)
        at = self._link.moment(now)
        dead = self._run(statements.bury, WORKER_LOST, names, at, attempts)
        if dead:
            return WorkRow(*dead[0])
        taken = (holder, self._link.moment(lease_until), names, at)
        found = self._run(statements.take_over, *taken) or self._run(statements.take, *taken)
        return WorkRow(*found[0]) if found else None

    def prolong_work(self, row: WorkRow, until: datetime) -> bool:
        """Keep others off a row for longer; False if it is not ours, or being finished at this moment."""
        parameters = (self._link.moment(until), *_owner(row))
        return self._changed(_statements(self._link.dialect).prolong, parameters) == 1

    def fail_work(self, row: WorkRow, *, code: str, place: str, retry_at: datetime | None) -> bool:
        """Give a row back that could not be done, DEAD without `retry_at`; False if it is not ours."""
        state, ready_at = (WorkState.DEAD, row.ready_at) if retry_at is None else (WorkState.READY, retry_at)
        given_back = (state.value, self._link.moment(ready_at), row.attempts, code, place)
        return self._changed(_statements(self._link.dialect).give_back, (*given_back, *_owner(row))) == 1

    def postpone_work(self, row: WorkRow, ready_at: datetime) -> bool:
        """Give a row back that cannot be done yet; no attempt was used up. False if it is not ours."""
        given_back = (WorkState.READY.value, self._link.moment(ready_at), row.attempts - 1)
        known = (row.last_code, row.last_place)
        return (
            self._changed(_statements(self._link.dialect).give_back, (*given_back, *known, *_owner(row))) == 1
        )

    def retry_work(self, row_id: int, at: datetime) -> WorkRow | None:
        """Let a row that is dead, or waits to be tried again, be taken at once, with all its attempts."""
        rows = self._run(_statements(self._link.dialect).retry, self._link.moment(at), row_id)
        return WorkRow(*rows[0]) if rows else None

    def discard_work(self, row_id: int) -> WorkRow | None:
        """Take a dead row away undone; out: it, or None if no dead row has this id."""
        rows = self._run(_statements(self._link.dialect).discard, row_id)
        return WorkRow(*rows[0]) if rows else None

    def dead_work(self, kind: str, subject: int) -> list[WorkRow]:
        """Return the dead rows of a kind about something, oldest first."""
        rows = self._run(_statements(self._link.dialect).dead, kind, subject, WorkState.DEAD.value)
        return [WorkRow(*row) for row in rows]


class _Statements:
    """The statements about stored rows."""

    def __init__(self, dialect: str) -> None:
        everything = select(work)
        converters = query(dialect, everything, []).results
        columns = ", ".join(f'"{column.name}"' for column in work.columns)

        def changing(sql: str) -> Statement:
            return Statement(numbered(dialect, f"{sql} RETURNING {columns}"), converters)

        # Others go on with the next row instead of waiting for this one.
        skip = " FOR UPDATE SKIP LOCKED" if dialect == "postgresql" else ""
        mine = '"id" = ? AND "holder" = ? AND "attempts" = ? AND "state" = \'RUNNING\''
        kinds = _is_named(dialect)
        lapsed = f'"state" = \'RUNNING\' AND {kinds} AND "lease_until" < ?'
        due = f'"state" = \'READY\' AND {kinds} AND "ready_at" <= ?'
        taking = (
            'UPDATE "work" SET "state" = \'RUNNING\', "attempts" = "attempts" + 1,'
            ' "holder" = ?, "lease_until" = ? WHERE "id" = (SELECT "id" FROM "work" WHERE '
        )
        self.bury = changing(
            'UPDATE "work" SET "state" = \'DEAD\', "holder" = NULL, "lease_until" = NULL,'  # noqa: S608
            f' "last_code" = ?, "last_place" = NULL WHERE "id" = (SELECT "id" FROM "work" WHERE {lapsed}'
            f' AND "attempts" >= ? ORDER BY "lease_until" LIMIT 1{skip})'
        )
        self.take_over = changing(f'{taking}{lapsed} ORDER BY "lease_until" LIMIT 1{skip})')
        self.take = changing(f'{taking}{due} ORDER BY "ready_at", "id" LIMIT 1{skip})')
        self.finish = changing(f'DELETE FROM "work" WHERE {mine}')  # noqa: S608 - columns of ours
        # Whoever is about to commit holds the row; it needs no longer lease.
        self.prolong = changing(
            f'UPDATE "work" SET "lease_until" = ? WHERE "id" = (SELECT "id" FROM "work" WHERE {mine}{skip})'  # noqa: S608 - columns of ours
        )
        self.give_back = changing(
            'UPDATE "work" SET "state" = ?, "ready_at" = ?, "attempts" = ?, "last_code" = ?,'  # noqa: S608
            f' "last_place" = ?, "holder" = NULL, "lease_until" = NULL WHERE {mine}'
        )
        self.retry = changing(
            'UPDATE "work" SET "state" = \'READY\', "ready_at" = ?, "attempts" = 0'
            " WHERE \"id\" = ? AND \"state\" IN ('DEAD', 'READY')"
        )
        self.discard = changing('DELETE FROM "work" WHERE "id" = ? AND "state" = \'DEAD\'')
        self.dead = query(
            dialect,
            everything.where(
                work.c.kind == bindparam("kind"),
                work.c.subject == bindparam("subject"),
                work.c.state == bindparam("state"),
            ).order_by(work.c.id),
            ["kind", "subject", "state"],
        )


def _owner(row: WorkRow) -> tuple[Any, ...]:
    return row.id, row.holder, row.attempts


def _is_named(dialect: str) -> str:
    if dialect == "postgresql":
        return '"kind" = ANY(?::text[])'
    # By the sign: its planner would take the index by kind, and sort all rows for the oldest one.
    return '+"kind" IN (SELECT value FROM json_each(?))'


def _names_text(dialect: str, names: Iterable[str]) -> str:
    """Write names of ours, which need no quoting, as the parameter of `_is_named`."""
    listed = sorted(names)
    return f"{{{','.join(listed)}}}" if dialect == "postgresql" else json.dumps(listed)


@cache
def _statements(dialect: str) -> _Statements:
    return _Statements(dialect)
