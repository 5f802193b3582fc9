"""What a clerk sees of a person with a disclosure block: everything but places and agencies.

Persons are compared before anything is hidden, so that a clerk still sees in what they differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.disclosure import AGENCIES, HIDDEN, PLACES, concealed
from store.records import CaseRecord, MessageRef, WorkItem

if TYPE_CHECKING:
    from gateway.clerks.comparison import Candidate, Described, Waiting
    from gateway.clerks.desk import Event

BLOCKED = "auskunftssperre_liegt_vor"
"""The detail of a report that says that there is a block."""
_AGENCY_FACTS = AGENCIES | {"of"}


def reports_block(item: WorkItem) -> bool:
    """Tell whether what waits in a work item says itself that there is a block."""
    return bool(item.details.get("person", {}).get(BLOCKED))


def concealed_item(item: WorkItem) -> WorkItem:
    """Return a work item without the agencies of its messages and of what came of it."""
    decision = item.decision
    if decision is not None:
        decision = {**decision, "events": [_facts(each) for each in decision.get("events", ())]}
    messages = tuple(MessageRef(HIDDEN, ref.uuid) for ref in item.messages)
    return replace(item, messages=messages, decision=decision)


def concealed_events(events: Iterable[Event]) -> list[Event]:
    """Return what came of an act without agencies."""
    return [replace(event, facts=_facts(event.facts)) for event in events]


def concealed_person(described: Described) -> Described:
    """Return personal data without places."""
    fields = {name: HIDDEN if name in PLACES else text for name, text in described.fields.items()}
    return replace(described, fields=fields)


def concealed_candidate(candidate: Candidate) -> Candidate:
    """Return a candidate without places and agencies."""
    return replace(
        candidate,
        described=concealed_person(candidate.described),
        cases=tuple(map(concealed_case, candidate.cases)),
        takeovers=tuple(
            replace(each, agency=HIDDEN, agency_name=HIDDEN, party_uuid=None) for each in candidate.takeovers
        ),
    )


def concealed_case(case: CaseRecord) -> CaseRecord:
    """Return a case without the agencies of its rights."""
    return replace(
        case, rights=tuple(replace(right, agency=HIDDEN, agency_name=HIDDEN) for right in case.rights)
    )


def concealed_message(waiting: Waiting) -> Waiting:
    """Return a waiting message without places and agency."""
    return replace(
        waiting,
        ref=MessageRef(HIDDEN, waiting.ref.uuid),
        agency=HIDDEN,
        reported=None if waiting.reported is None else concealed_person(waiting.reported),
    )


def _facts(facts: Any) -> dict[str, Any]:
    # The agency of a right that holds again and the person who died both stand under "of".
    return {
        name: HIDDEN if name in _AGENCY_FACTS and isinstance(value, str) else concealed(value)
        for name, value in facts.items()
    }
