"""070019, a new surname: taken over within three years of the issue of the right, later ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from gateway.accepted import AcceptedMessage, Outcome
from gateway.cases import counting_right
from gateway.handlers.base import Step
from gateway.identity import WEAK, key_of, survivor
from gateway.information.changes import change_table, locked_person
from gateway.normalise import lock_key, name_key
from gateway.plain import plain
from gateway.tools import Tools
from gateway.validity import add_months
from messages.group07_information import Namensaenderung070019
from messages.values import Name
from store.records import MessageRef, PersonRecord, WorkItem, WorkItemState
from store.unit import UnitOfWork

TERM_MONTHS: Final = 36


class NameChangeHandler:
    """Gives a person another surname, under the locks of the old key and of the new one."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def prepare(self, accepted: AcceptedMessage) -> Step:
        """Read the report. The step raises GatewayError 00057 where number and birth date fit nobody."""
        message: Namensaenderung070019 = accepted.parsed.message  # type: ignore[assignment]
        self._tools.refresh()

        def rename(work: UnitOfWork) -> Outcome:
            return _rename(work, self._tools, accepted, message)

        return rename


def _rename(
    work: UnitOfWork, tools: Tools, accepted: AcceptedMessage, message: Namensaenderung070019
) -> Outcome:
    identified, name = message.identifikation, message.neuer_nachname
    surname_key = name_key(name.text)
    new_key = lock_key(surname_key, identified.geburtsdatum.iso)
    case, person = locked_person(work, identified, new_key)
    evidence: dict[str, Any] = {"person": person.id, "case": case.id}
    table = change_table()
    right = counting_right(case)
    if right is None:
        raise LookupError(f"case {case.id} has no right")
    # §§ 187 (1), 188 (2) BGB: the last day of the term is the day of issue three years later.
    if accepted.today > add_months(right.valid_from, TERM_MONTHS):
        return table.outcome("N03", evidence)
    if name.text == person.surname:
        return table.outcome("N04", evidence)
    renamed = replace(
        person,
        surname=name.text,
        surname_key=surname_key,
        lock_key=new_key,
        details=_with_name(person, name),
    )
    now, actor, reason = tools.clock.now(), accepted.party.kennung, f"070019 {accepted.uuid}"
    if not work.rename_person(person, renamed, at=now, actor=actor, reason=reason):
        raise LookupError(f"person {person.id} was changed without the lock")
    if surname_key != person.surname_key:
        _keep_former_key(work, person)
    others = _hits(work, tools, renamed)
    if not others:
        return table.outcome("N01", evidence)
    item = _weak_item(work, tools, renamed, others, MessageRef(actor, accepted.uuid))
    return table.outcome("N02", evidence | {"candidates": list(others), "work_item": item})


def _with_name(person: PersonRecord, name: Name) -> Mapping[str, Any]:
    """Return the details with the new surname, and the old one among the former ones."""
    former = list(person.details.get("fruehere_nachnamen", ()))
    old = plain(Name(person.surname))
    if old and old not in former:
        former.append(old)
    return {**person.details, "nachname": plain(name), **({"fruehere_nachnamen": former} if former else {})}


def _keep_former_key(work: UnitOfWork, person: PersonRecord) -> None:
    """Let the former name go on leading to the person: a report under it must not make a second one.

    The former key is a person of its own, merged from the beginning; so every search by key finds it, without
    a question more.
    """
    for each in work.persons_by_lock_key(person.lock_key):
        if each.merged_into == person.id and key_of(each) == key_of(person):
            return
    work.add_person(replace(person, id=work.new_id(), details={}, merged_into=person.id))


def _hits(work: UnitOfWork, tools: Tools, renamed: PersonRecord) -> tuple[int, ...]:
    """Return the other persons that the new key leads to, unless a clerk said that they are others."""
    key = key_of(renamed)
    found = {
        survivor(work, each).id
        for each in work.persons_by_lock_key(key.lock)
        if key.hits(key_of(each), tools.settings.key_profile)
    } - {renamed.id}
    if not found:
        return ()
    apart = work.homonyms_of([renamed.id])
    return tuple(sorted(each for each in found if frozenset((each, renamed.id)) not in apart))


def _weak_item(
    work: UnitOfWork, tools: Tools, renamed: PersonRecord, others: tuple[int, ...], ref: MessageRef
) -> int:
    """Leave a work item that blocks nothing: the renamed person may be one of the others. Out: its id."""
    postcode = renamed.details.get("anschrift", {}).get("postleitzahl")
    office = None if postcode is None else tools.offices.find(postcode)
    item = WorkItem(
        id=work.new_id(),
        kind=WEAK,
        office_id=None if office is None else office.id,
        lock_key=renamed.lock_key,
        state=WorkItemState.OPEN,
        candidates=(*others, renamed.id),
        opened_at=tools.clock.now(),
        details={"name_change": True},
        messages=(ref,),
    )
    work.open_work_item(item)
    return item.id
