"""What the store says about some messages and persons, for a test that explains it afterwards."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from gateway.information.relation import joined
from store.engine import Store
from store.records import DecisionRecord, MessageRef, RightStatus, WorkItem
from store.schema import decision, journal, outbox, question, work_item, work_item_message
from store.unit_items import work_items
from tests.support.invariant_facts import ClerkAct, NotExplained, acts_of
from tests.support.invariant_model import Model

TIME_OUT = "time-out"


@dataclass
class Evidence:
    """Reads what concerns the messages with some UUIDs and the persons under some lock keys."""

    store: Store
    locks: tuple[int, ...]
    actors: str
    """What the names of the clerks of this history begin with."""

    def decisions(self, uuids: Iterable[str]) -> list[DecisionRecord]:
        """Return all decisions about the messages, in the order of the times noted under the locks."""
        wanted = select(decision).where(decision.c.uuid.in_(list(uuids)))
        with self.store.read() as reader:
            records = [DecisionRecord(**row._asdict()) for row in reader.connection.execute(wanted)]
        return sorted(records, key=lambda record: (record.decided_at, record.id))

    def acts(self, since: datetime) -> list[tuple[datetime, dict[str, Any]]]:
        """Return what clerks of this history did, by the journal."""
        wanted = select(journal.c.at, journal.c.facts).where(journal.c.kind == "clerk", journal.c.at >= since)
        with self.store.read() as reader:
            rows = [(row.at, json.loads(row.facts)) for row in reader.connection.execute(wanted)]
        return sorted(
            (row for row in rows if row[1]["actor"].startswith(self.actors)), key=lambda row: row[0]
        )

    def items(self) -> list[WorkItem]:
        """Return the work items, oldest first."""
        wanted = (
            select(work_item, work_item_message.c.party_id, work_item_message.c.uuid)
            .outerjoin(work_item_message)
            .where(work_item.c.lock_key.in_(self.locks))
            .order_by(work_item.c.id, work_item_message.c.attached_at, work_item_message.c.uuid)
        )
        with self.store.read() as reader:
            return work_items([tuple(row) for row in reader.connection.execute(wanted)])

    def outbox(self, uuids: Iterable[str]) -> dict[int, Any]:
        """Return the later answers to the messages, by their ids."""
        wanted = select(outbox).where(outbox.c.uuid.in_(list(uuids)))
        with self.store.read() as reader:
            return {row.id: row for row in reader.connection.execute(wanted)}

    def answer(self, party: str, uuid: str) -> bytes | None:
        """Return the stored first answer to a message."""
        with self.store.read() as reader:
            return reader.answer_document(MessageRef(party, uuid))

    def state(self, uuids: Iterable[str], today: date) -> dict[str, Any]:
        """Return what the model's `state` must be equal to. What expired is reckoned here once more."""
        cases = {}
        with self.store.unit_of_work() as work:
            persons = [each.id for lock in self.locks for each in work.persons_by_lock_key(lock)]
            found = [case for person in persons for case in work.cases_of([person])]
            takeovers = work.takeovers_of([case.id for case in found])
        for case in found:
            held = [right for right in case.rights if right.status == RightStatus.CURRENT]
            assert len(held) <= 1, case
            right = held[0] if held else None
            over = right is None or (right.valid_until is not None and right.valid_until < today)
            cases[case.number] = (
                case.person_id,
                case.state == "CANCELLED",
                None if right is None else (right.agency, right.art, right.party_uuid),
                case.state == "OPEN" and not over,
                [] if right is None else sorted(each.agency for each in joined(right, takeovers)),
            )
        asked = select(question.c.asked_uuid, question.c.state).where(question.c.uuid.in_(list(uuids)))
        with self.store.read() as reader:
            questions = {row.asked_uuid: row.state for row in reader.connection.execute(asked)}
        items = {
            item.id: (item.kind, sorted(ref.uuid for ref in item.messages))
            for item in self.items()
            if item.state == "OPEN"
        }
        return {"cases": cases, "questions": questions, "items": items}


def explain(model: Model, evidence: Evidence, since: datetime, seen: set[int], today: date) -> None:
    """Lead the model through what was committed since the last time, and compare it with the store.

    In: when the batch began, ids of the decisions explained before, the business day of the batch.
    """
    uuids = list(model.messages)
    fresh = [record for record in evidence.decisions(uuids) if record.id not in seen]
    seen.update(record.id for record in fresh)
    by_clerk: dict[str, list[DecisionRecord]] = defaultdict(list)
    events: list[tuple[datetime, int, DecisionRecord | ClerkAct]] = []
    for record in fresh:
        later = record.evidence.get("later")
        if later is not None and later["actor"].startswith(evidence.actors):
            by_clerk[later["actor"]].append(record)
        elif later is None or later["actor"] == TIME_OUT:
            events.append((record.decided_at, record.id, record))
        elif later["outbox"] is not None:
            raise NotExplained(f"who decided that? {record}")
    for at, act in acts_of(evidence.acts(since), by_clerk):
        events.append((at, 0, act))
        by_clerk.pop(act.actor, None)
    if by_clerk:
        raise NotExplained(f"decided by clerks without a trace in the journal: {by_clerk}")
    for _, _, event in sorted(events, key=lambda each: each[:2]):
        if isinstance(event, ClerkAct):
            model.act(event, today)
        elif "later" in event.evidence:
            model.time_out(event, today)
        else:
            model.first_hand(event, today)
    there, expected = evidence.state(uuids, today), model.state(today)
    for name, found in there.items():
        if found != expected[name]:
            raise NotExplained(
                f"{name}: the store has {found}, the committed order leads to {expected[name]}"
            )
