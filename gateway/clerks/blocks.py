"""What a clerk weighs about a disclosure block: whether it ends although who reported it did not lift it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from gateway.clerks.desk import Desk, Event
from gateway.information.changes import change_table
from gateway.later import door_of
from store.records import MessageRef, PersonRecord, WorkItem
from store.records_information import BlockReport

LIFT: Final = "lift"
KEEP: Final = "keep"
_ROWS: Final = {LIFT: "B07", KEEP: "B08"}


def weigh_block(desk: Desk, item: WorkItem, choice: str) -> None:
    """Lift the block of the item's person or keep it, and tell whoever asked for its end."""
    person = desk.person(item.candidates[0])
    if choice == LIFT:
        lift_blocks(desk, person)
    for ref in item.messages:
        _tell(desk, ref, choice, person.id)


def lift_blocks(desk: Desk, person: PersonRecord, of: str | None = None) -> None:
    """Lift the block of a person, with `of` only what this agency reported."""
    for report in desk.work.reported_blocks([person.id]):
        if of in (None, report.agency) and desk.work.lift_block(report, **desk.history):
            since, at = report.since.isoformat(), report.at.isoformat()
            desk.note("block-lifted", person=person.id, agency=report.agency, since=since, at=at)


def weigh_again(desk: Desk, item: WorkItem, events: list[Event], before: str) -> str:
    """Take back what was decided about a block. In: what came of it. Out: what holds from now on."""
    if before == KEEP:
        weigh_block(desk, item, LIFT)
        return LIFT
    person = desk.person(item.candidates[0])
    for event in events:
        if event.kind == "block-lifted":
            agency, since = event.facts["agency"], event.facts["since"]
            # Who reported first may see: of several all would be first from now on. Decided by an earlier
            # release, an event does not tell.
            at = event.facts.get("at")
            reported_at = desk.now if at is None else datetime.fromisoformat(at)
            report = BlockReport(person.id, agency, date.fromisoformat(since), reported_at)
            desk.work.set_block(report, desk.reason, actor=desk.actor)
            desk.note("block-set", person=person.id, agency=agency)
    weigh_block(desk, item, KEEP)
    return KEEP


def _tell(desk: Desk, ref: MessageRef, choice: str, person_id: int) -> None:
    """Lay a receipt out for a 070022 that asked for the end of a block."""
    outcome = change_table().outcome(_ROWS[choice], {"person": person_id})
    desk.answer(ref, outcome, frame=None, door=door_of(desk.work, ref))
    matter = change_table().rows[_ROWS[choice]].matter
    desk.note("block-told", party=ref.party_id, uuid=ref.uuid, matter=matter)
