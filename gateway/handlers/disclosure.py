"""070022, a disclosure block: any agency reports one, only that agency lifts it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.accepted import AcceptedMessage, Outcome
from gateway.handlers.base import Step
from gateway.identity import BLOCK
from gateway.information.changes import change_table, locked_person
from gateway.tools import Tools
from messages.group07_information import Auskunftssperre070022
from store.records import MessageRef, PersonRecord, WorkItem, WorkItemState
from store.records_information import BlockReport
from store.unit import UnitOfWork


class BlockHandler:
    """Sets and lifts disclosure blocks; what another agency set is left to a clerk."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def prepare(self, accepted: AcceptedMessage) -> Step:
        """Read the report. The step raises GatewayError 00057 where number and birth date fit nobody."""
        message: Auskunftssperre070022 = accepted.parsed.message  # type: ignore[assignment]
        self._tools.refresh()
        change = _set if message.auskunftssperre_liegt_vor else _lift

        def decide(work: UnitOfWork) -> Outcome:
            case, person = locked_person(work, message.identifikation)
            reports = work.reported_blocks([person.id])
            row, evidence = change(work, self._tools, accepted, person, reports)
            return change_table().outcome(row, {"person": person.id, "case": case.id, **evidence})

        return decide


def _set(
    work: UnitOfWork,
    tools: Tools,
    accepted: AcceptedMessage,
    person: PersonRecord,
    reports: Sequence[BlockReport],
) -> tuple[str, dict[str, Any]]:
    agency = accepted.party.kennung
    if any(each.agency == agency for each in reports):
        return "B02", {}
    report = BlockReport(person.id, agency, accepted.today, tools.clock.now())
    work.set_block(report, f"070022 {accepted.uuid}")
    return "B01", {}


def _lift(
    work: UnitOfWork,
    tools: Tools,
    accepted: AcceptedMessage,
    person: PersonRecord,
    reports: Sequence[BlockReport],
) -> tuple[str, dict[str, Any]]:
    agency = accepted.party.kennung
    own = next((each for each in reports if each.agency == agency), None)
    if own is not None:
        if not work.lift_block(own, at=tools.clock.now(), actor=agency, reason=f"070022 {accepted.uuid}"):
            raise LookupError(f"the block of person {person.id} was lifted without the lock")
        return ("B03" if len(reports) == 1 else "B04"), {}
    if reports:
        return "B05", {"work_item": _item(work, tools, person, MessageRef(agency, accepted.uuid))}
    return "B06", {}


def _item(work: UnitOfWork, tools: Tools, person: PersonRecord, ref: MessageRef) -> int:
    """Let a clerk of the competent office say whether the block goes on. Out: the id of the work item."""
    now = tools.clock.now()
    for waiting in work.open_work_items(person.lock_key):
        if waiting.kind == BLOCK and waiting.candidates == (person.id,):
            work.attach_message(waiting.id, ref, now)
            return waiting.id
    postcode = person.details.get("anschrift", {}).get("postleitzahl")
    office = None if postcode is None else tools.offices.find(postcode)
    item = WorkItem(
        id=work.new_id(),
        kind=BLOCK,
        office_id=None if office is None else office.id,
        lock_key=person.lock_key,
        state=WorkItemState.OPEN,
        candidates=(person.id,),
        opened_at=now,
        messages=(ref,),
    )
    work.open_work_item(item)
    return item.id
