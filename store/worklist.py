"""Rare questions about the work of clerks and of the scheduler."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Connection, func, or_, select, tuple_

from store.records import CaseState, MessageRef, RightStatus, WorkItem, WorkItemState
from store.schema import (
    case_file,
    entitlement,
    message,
    party,
    person,
    work_item,
    work_item_message,
)
from store.unit_items import work_items

_ITEMS = select(work_item, work_item_message.c.party_id, work_item_message.c.uuid).outerjoin(
    work_item_message
)
# Messages attached at the same instant keep one order, whoever reads them.
_IN_ORDER = (work_item_message.c.attached_at, work_item_message.c.uuid)


def list_items(
    connection: Connection,
    *,
    state: WorkItemState | None,
    office_id: str | None = None,
    kind: str | None = None,
) -> list[WorkItem]:
    """Return work items with their messages, oldest first; of one state, office or kind if given."""
    question = _ITEMS.order_by(work_item.c.opened_at, work_item.c.id, *_IN_ORDER)
    for column, wanted in (
        (work_item.c.state, None if state is None else state.value),
        (work_item.c.office_id, office_id),
        (work_item.c.kind, kind),
    ):
        if wanted is not None:
            question = question.where(column == wanted)
    return work_items([tuple(row) for row in connection.execute(question)])


def find_item(connection: Connection, item_id: int) -> WorkItem | None:
    """Return a work item with its messages."""
    rows = connection.execute(_ITEMS.where(work_item.c.id == item_id).order_by(*_IN_ORDER))
    return next(iter(work_items([tuple(row) for row in rows])), None)


def unreminded(connection: Connection, *, before: datetime, limit: int) -> list[WorkItem]:
    """Return open work items that nobody was reminded of since an instant, those waiting longest first."""
    since = func.coalesce(work_item.c.reminded_at, work_item.c.opened_at)
    rows = connection.execute(
        select(work_item.c.id)
        .where(
            work_item.c.state == WorkItemState.OPEN.value,
            work_item.c.opened_at < before,
            or_(work_item.c.reminded_at.is_(None), work_item.c.reminded_at < before),
        )
        .order_by(since, work_item.c.id)
        .limit(limit)
    )
    found = (find_item(connection, row.id) for row in rows.all())
    return [item for item in found if item is not None]


def described(
    connection: Connection, refs: Iterable[MessageRef]
) -> dict[MessageRef, tuple[str, str, datetime]]:
    """Return message type, name of the party and time of registration of messages."""
    wanted = [(ref.uuid, ref.party_id) for ref in refs]
    if not wanted:
        return {}
    rows = connection.execute(
        select(
            message.c.party_id, message.c.uuid, message.c.message_type, party.c.name, message.c.registered_at
        )
        .outerjoin(party, party.c.kennung == message.c.party_id)
        .where(tuple_(message.c.uuid, message.c.party_id).in_(wanted))
    )
    return {
        MessageRef(party_id, uuid): (kind, name or party_id, at) for party_id, uuid, kind, name, at in rows
    }


def persons_with_stale_cases(
    connection: Connection, *, today: date, inactive_since: date, after: int, limit: int
) -> list[tuple[int, int]]:
    """Return persons with a case whose state follows from the calendar but may not be written yet.

    In: today; a last activity before `inactive_since` may be too long ago; only persons with an id greater
    than `after`. Out: id and lock key, by id. Some may be found wrongly: who writes looks at the case itself.
    """
    expired = (case_file.c.state == CaseState.OPEN.value) & (entitlement.c.valid_until < today)
    active = (CaseState.REGISTERED.value, CaseState.RUNNING.value)
    lapsed = case_file.c.state.in_(active) & (case_file.c.last_activity < inactive_since)
    rows = connection.execute(
        select(person.c.id, person.c.lock_key)
        .join(case_file, case_file.c.person_id == person.c.id)
        .join(entitlement)
        .where(person.c.id > after, entitlement.c.status == RightStatus.CURRENT.value, or_(expired, lapsed))
        .distinct()
        .order_by(person.c.id)
        .limit(limit)
    )
    return [(int(row.id), int(row.lock_key)) for row in rows]
