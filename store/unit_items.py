"""What a unit of work knows of the work of clerks."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from store.records import MessageRef, WorkItem, WorkItemState
from store.schema import work_item, work_item_message
from store.statements import Row, to_json
from store.unit_base import Work

_WORK_ITEM_WIDTH = len(work_item.columns)


class WorkItemWork(Work):
    """Work items with the messages they park."""

    __slots__ = ()

    def open_work_items(self, lock_key: int) -> list[WorkItem]:
        """Return the open work items under this lock key, oldest first, with their parked messages."""
        if lock_key in self._strangers:
            return []
        return work_items(self._run(self._queries.work_items, lock_key, WorkItemState.OPEN.value))

    def work_item(self, item_id: int) -> WorkItem | None:
        """Return a work item with its parked messages, also a closed one."""
        return next(iter(work_items(self._run(self._queries.work_item, item_id))), None)

    def waiting_since(self, item_id: int) -> dict[MessageRef, datetime]:
        """Return since when each message of a work item waits in it."""
        return {MessageRef(party, uuid): at for party, uuid, at in self._run(self._queries.attached, item_id)}

    def open_work_item(self, item: WorkItem, since: Mapping[MessageRef, datetime] | None = None) -> None:
        """Queue a work item with the messages it parks; `since` where one waits longer than the item."""
        self._strangers.discard(item.lock_key)
        self._add(
            work_item,
            (
                item.id,
                item.kind,
                item.office_id,
                item.lock_key,
                str(item.state),
                list(item.candidates),
                item.details,
                item.opened_at,
                item.decision,
                item.decided_by,
                item.decided_at,
                item.reminded_at,
                item.undone_at,
            ),
        )
        for place, parked in enumerate(item.messages):
            # Messages are read in the order in which they were attached: they keep the one they have.
            at = None if since is None else since.get(parked)
            self.attach_message(item.id, parked, at or item.opened_at + timedelta(microseconds=place))

    def attach_message(self, work_item_id: int, parked: MessageRef, at: datetime) -> None:
        """Queue that a further message waits for a work item."""
        self._add(work_item_message, (work_item_id, parked.party_id, parked.uuid, at))

    def change_candidates(self, work_item_id: int, candidates: Iterable[int]) -> None:
        """Say anew which persons a work item is about; takes effect at `commit`."""
        self._run(self._queries.change_candidates, to_json(list(candidates)), work_item_id)

    def close_work_item(
        self, item: WorkItem, *, decision: Mapping[str, Any], actor: str, at: datetime
    ) -> bool:
        """Note what was decided of an open work item; False if it is not open any more."""
        parameters = (
            WorkItemState.CLOSED.value,
            to_json(decision),
            actor,
            self._at(at),
            item.id,
            WorkItemState.OPEN.value,
        )
        return self._changed(self._queries.close_work_item, parameters) == 1

    def mark_undone(self, item: WorkItem, *, at: datetime) -> bool:
        """Note that the decision of a closed work item was undone; False if it was already, or is open."""
        parameters = (self._at(at), item.id, WorkItemState.CLOSED.value)
        return self._changed(self._queries.undo_work_item, parameters) == 1

    def mark_reminded(self, item: WorkItem, *, at: datetime) -> bool:
        """Note that somebody was reminded of an open work item; False if it is not open any more."""
        parameters = (self._at(at), item.id, WorkItemState.OPEN.value)
        return self._changed(self._queries.remind, parameters) == 1


def work_items(rows: list[Row]) -> list[WorkItem]:
    """Make work items of joined rows (item, party, UUID of a parked message if there is one)."""
    heads: dict[int, Row] = {}
    parked: dict[int, list[MessageRef]] = {}
    for row in rows:
        heads[row[0]] = row
        messages = parked.setdefault(row[0], [])
        if row[_WORK_ITEM_WIDTH] is not None:
            messages.append(MessageRef(*row[_WORK_ITEM_WIDTH:]))
    return [
        WorkItem(
            id=row[0],
            kind=row[1],
            office_id=row[2],
            lock_key=row[3],
            state=row[4],
            candidates=tuple(row[5]),
            details=row[6],
            opened_at=row[7],
            messages=tuple(parked[row[0]]),
            decision=row[8],
            decided_by=row[9],
            decided_at=row[10],
            reminded_at=row[11],
            undone_at=row[12],
        )
        for row in heads.values()
    ]
