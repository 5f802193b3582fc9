"""The work list: what waits for a clerk of which office since when, and everything about one item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from gateway.clerks.comparison import (
    Candidate,
    Described,
    Waiting,
    candidate,
    described,
    described_details,
    described_person,
    kind_of_right,
)
from gateway.clerks.concealing import (
    concealed_candidate,
    concealed_item,
    concealed_message,
    concealed_person,
    reports_block,
)
from gateway.clerks.sweep import Weak, weak_candidates
from gateway.clock import german_day
from gateway.identity import CONFLICT, DUPLICATE, INQUIRY, survivor
from gateway.information.inquiry import INQUIRIES, stored_inquiry
from gateway.later import RequestGoneError
from gateway.normalise import PersonKey
from gateway.resume import stored_request
from gateway.rules.engine import Row
from gateway.tools import Tools
from store.blocks import blocked_among
from store.engine import Store
from store.records import MessageRef, WorkItem, WorkItemState
from store.unit import UnitOfWork
from store.worklist import described as described_messages
from store.worklist import find_item, list_items


@dataclass(frozen=True, slots=True)
class Entry:
    """A work item in the list: the day it was opened, how many working days it waits, the day of the mark.

    It is `overdue` from the day after the mark on. `due_for_reminder` tells that nobody was reminded since as
    many working days.
    """

    item: WorkItem
    opened_on: date
    working_days: int
    mark: date
    overdue: bool
    due_for_reminder: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A work item with everything a clerk needs to decide it.

    `reported` is whom it is about: the first message's person, of a weak item the stored one that is new.
    `weak` are further persons that it may be, found by hints. `row` is the row of the decision table that
    leaves a conflict to the clerk.
    """

    entry: Entry
    reported: Described | None
    subject: int | None
    messages: tuple[Waiting, ...]
    candidates: tuple[Candidate, ...]
    weak: tuple[Weak, ...]
    row: Row | None


def list_entries(
    store: Store,
    tools: Tools,
    *,
    state: WorkItemState | None = WorkItemState.OPEN,
    office: str | None = None,
    kind: str | None = None,
    only_overdue: bool = False,
) -> list[Entry]:
    """Return the work items of one state, office and kind if given, the oldest first."""
    with store.read() as reader:
        items = list_items(reader.connection, state=state, office_id=office, kind=kind)
        blocked = blocked_among(reader.connection, {each for item in items for each in item.candidates})
    entries = (
        entry(concealed_item(item) if reports_block(item) or blocked & {*item.candidates} else item, tools)
        for item in items
    )
    return [each for each in entries if each.overdue or not only_overdue]


def entry(item: WorkItem, tools: Tools) -> Entry:
    """Return a work item with its age today. Nobody waits for a decided one."""
    opened_on, today = german_day(item.opened_at), german_day(tools.clock.now())
    until = today if item.decided_at is None else german_day(item.decided_at)
    days = tools.settings.clerk_working_days
    workdays = tools.workdays
    mark = workdays.after(opened_on, days)
    overdue = item.state == WorkItemState.OPEN and today > mark
    reminded = item.reminded_at
    return Entry(
        item=item,
        opened_on=opened_on,
        working_days=workdays.between(opened_on, until),
        mark=mark,
        overdue=overdue,
        due_for_reminder=overdue and (reminded is None or today > workdays.after(german_day(reminded), days)),
    )


def show(store: Store, tools: Tools, item_id: int) -> Shown | None:
    """Return a work item with all persons and messages; None if there is none of this id."""
    with store.read() as reader:
        item = find_item(reader.connection, item_id)
        names = {} if item is None else described_messages(reader.connection, item.messages)
    if item is None:
        return None
    with store.unit_of_work() as work:
        messages = tuple(_waiting(work, tools, ref, names) for ref in item.messages)
        reported, subject, others = _about(work, item, messages)
        candidates = tuple(_candidates(work, tools, others, reported))
        concerned = [*others, *(() if subject is None else (subject,))]
        hidden = any(each.blocked for each in messages) or work.block_of(concerned) is not None
    shown = {each.person.id for each in candidates} | {subject}
    weak: list[Weak] = []
    if reported is not None and item.state == WorkItemState.OPEN:
        with store.read() as reader:
            found = weak_candidates(reader.connection, reported.appearance, subject)
            weak = [each for each in found if each[0].id not in shown]
    row = None
    if item.kind == CONFLICT:
        row = tools.rules.on(german_day(item.opened_at)).row(item.details["row"])
    whole = Shown(entry(item, tools), reported, subject, messages, candidates, tuple(weak), row)
    return _concealed(whole) if hidden else whole


def _concealed(shown: Shown) -> Shown:
    """Return what a clerk sees where a person may be one with a disclosure block."""
    return replace(
        shown,
        entry=replace(shown.entry, item=concealed_item(shown.entry.item)),
        reported=None if shown.reported is None else concealed_person(shown.reported),
        messages=tuple(map(concealed_message, shown.messages)),
        candidates=tuple(map(concealed_candidate, shown.candidates)),
    )


def _waiting(
    work: UnitOfWork, tools: Tools, ref: MessageRef, names: dict[MessageRef, tuple[str, str, datetime]]
) -> Waiting:
    kind, agency, received_at = names[ref]
    blocked = False
    if kind in INQUIRIES:
        return Waiting(ref, kind, agency, received_at, _inquired(work, tools, ref), None)
    try:
        request = stored_request(work, tools, ref).request
    except RequestGoneError:
        reported = right = None
    else:
        blocked = request.blocked
        reported = described(request.key, request.surname, request.first_name, request.details)
        right = kind_of_right(
            request.art, only_orientation=request.only_orientation, only_language=request.only_language
        )
    return Waiting(ref, kind, agency, received_at, reported, right, blocked)


def _inquired(work: UnitOfWork, tools: Tools, ref: MessageRef) -> Described | None:
    """Return about whom an inquiry asks, None where it was erased."""
    try:
        inquiry = stored_inquiry(work, tools, ref).inquiry
    except RequestGoneError:
        return None
    return described(inquiry.key, inquiry.surname, inquiry.first_name, inquiry.details)


def _about(
    work: UnitOfWork, item: WorkItem, messages: Sequence[Waiting]
) -> tuple[Described | None, int | None, list[int]]:
    """Return whom an item is about, the id if that is a stored person, and the ids of the candidates."""
    others = list(dict.fromkeys(_today(work, each) for each in item.candidates))
    if item.kind not in (DUPLICATE, CONFLICT, INQUIRY) and item.candidates:
        subject = work.person(item.candidates[-1])
        if subject is not None:
            ids = [each for each in item.candidates if each != subject.id]
            return described_person(subject), subject.id, ids
    first = next((each.reported for each in messages if each.reported is not None), None)
    if first is None and "key" in item.details:
        first = described_details(PersonKey(**item.details["key"]), item.details.get("person", {}))
    return first, None, others


def _today(work: UnitOfWork, person_id: int) -> int:
    person = work.person(person_id)
    return person_id if person is None else survivor(work, person).id


def _candidates(
    work: UnitOfWork, tools: Tools, ids: Iterable[int], reported: Described | None
) -> Iterable[Candidate]:
    today = german_day(tools.clock.now())
    for person_id in ids:
        person = work.person(person_id)
        if person is not None:
            cases = work.cases_of([person.id])
            takeovers = work.takeovers_of([case.id for case in cases])
            yield candidate(person, cases, takeovers, today, reported)
