"""Looking at deferred work: what is due, what is dead, how much there is."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, case, func, literal_column, select

from store.records_work import WorkRow, WorkState
from store.schema import work

_DEAD_FIRST: Final = case((work.c.state == WorkState.DEAD.value, 0), else_=1)


class WorkCount(NamedTuple):
    """How many rows of a kind are in a state, and since when the oldest of them could be taken."""

    kind: str
    state: str
    rows: int
    since: datetime


def is_due(connection: Connection, kinds: Iterable[str], now: datetime) -> bool:
    """Tell whether a worker for these kinds would find something; nothing is locked for the question."""
    of_kinds = work.c.kind.in_(sorted(kinds))
    # As text, so that the indexes of each state serve.
    ready = (work.c.state == literal_column("'READY'")) & (work.c.ready_at <= now)
    lapsed = (work.c.state == literal_column("'RUNNING'")) & (work.c.lease_until < now)
    return any(
        connection.execute(select(literal_column("1")).where(condition, of_kinds).limit(1)).first()
        is not None
        for condition in (ready, lapsed)
    )


def list_work(
    connection: Connection, *, state: str | None = None, kind: str | None = None, limit: int
) -> list[WorkRow]:
    """Return rows of deferred work, the dead ones first, then by the instant from which they can be taken."""
    wanted = select(work).order_by(_DEAD_FIRST, work.c.ready_at, work.c.id).limit(limit)
    if state is not None:
        wanted = wanted.where(work.c.state == state)
    if kind is not None:
        wanted = wanted.where(work.c.kind == kind)
    return [WorkRow(*row) for row in connection.execute(wanted)]


def find_work(connection: Connection, row_id: int) -> WorkRow | None:
    """Return a row of deferred work; None also when it was done."""
    row = connection.execute(select(work).where(work.c.id == row_id)).one_or_none()
    return None if row is None else WorkRow(*row)


def count_work(connection: Connection) -> list[WorkCount]:
    """Return how much deferred work there is, by kind and state."""
    since = func.min(work.c.ready_at, type_=work.c.ready_at.type)
    rows = connection.execute(
        select(work.c.kind, work.c.state, func.count(), since)
        .group_by(work.c.kind, work.c.state)
        .order_by(work.c.kind, work.c.state)
    )
    return [WorkCount(*row) for row in rows]
