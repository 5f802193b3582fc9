"""What a clerk decides about a work item, and what every waiting message hears later."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures import persons
from messages.values import PartialDate
from store.records import JournalKind
from tests.support.clerk import Clerk
from tests.support.core import ABH2, ABH3, AGENCIES, NOW, new_uuid
from tests.support.door import Delivered, DoorCore


def entitle(core: DoorCore, holder: str = "abh1", **changes: Any) -> Delivered:
    core.clock.advance(minutes=1)
    return core.deliver(persons.entitlement(AGENCIES[holder], new_uuid(), NOW, **changes), holder)


def oblige(core: DoorCore, holder: str = "abh2", **changes: Any) -> Delivered:
    core.clock.advance(minutes=1)
    return core.deliver(persons.obligation_1b(AGENCIES[holder], new_uuid(), NOW, **changes), holder)


def test_i04_same_person_is_decided_by_the_table(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    waiting = entitle(core, "abh2")
    assert waiting.message_type == "070004"
    item = clerk.only_item()
    done = clerk.decide(item, "--same", known.number or "")
    assert done["words"] == [
        f"message {waiting.uuid} of {ABH2.kennung} is decided by row D02: refused, 17108"
    ]
    (later,) = clerk.later(ABH2.kennung, waiting.uuid)
    assert later.message_type == "070005"
    assert later.ablehnungsgrund.code == "17108"
    assert later.aktuelle_berechtigung_verpflichtung.bamfkennziffer == known.number
    assert clerk.rows(ABH2.kennung, waiting.uuid) == [None, "D02"]


def test_i04_the_first_answer_is_repeated_for_ever(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    report = persons.entitlement(ABH2, new_uuid(), NOW)
    first = core.deliver(report, "abh2")
    clerk.decide(clerk.only_item(), "--same", known.number or "")
    again = core.deliver(report, "abh2")
    assert (again.repeated, again.document) == (True, first.document)


def test_i04_same_by_the_id_of_the_person(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    waiting = entitle(core, "abh2")
    clerk.decide(clerk.only_item(), "--same", clerk.person_of(known.number or ""))
    assert clerk.rows(ABH2.kennung, waiting.uuid) == [None, "D02"]


def test_i04_every_waiting_message_is_decided_in_the_order_it_came(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    waiting = [entitle(core, "abh2"), oblige(core, "abh3"), entitle(core, "abh1")]
    done = clerk.decide(clerk.only_item(), "--same", known.number or "")
    assert [event["uuid"] for event in done["events"]] == [each.uuid for each in waiting]
    assert [each.message_type for each in clerk.later(ABH3.kennung, waiting[1].uuid)] == ["070006"]
    assert clerk.items() == []


def test_i05_different_person_gets_a_number(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    waiting = entitle(core, "abh2")
    clerk.decide(clerk.only_item(), "--different")
    (later,) = clerk.later(ABH2.kennung, waiting.uuid)
    assert later.message_type == "070003"
    number = later.berechtigung_verpflichtung.bamfkennziffer
    assert number != known.number
    one, other = clerk.person_of(known.number or ""), clerk.person_of(number)
    assert one != other
    assert clerk.rows(ABH2.kennung, waiting.uuid) == [None, "D01"]
    with core.store.unit_of_work() as work:
        assert work.homonyms_of([one]) == {frozenset({one, other})}


def test_i05_what_waited_behind_it_waits_on_with_the_new_person(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    first, second = entitle(core, "abh2"), entitle(core, "abh3")
    clerk.decide(clerk.only_item(), "--different")
    (later,) = clerk.later(ABH2.kennung, first.uuid)
    number = later.berechtigung_verpflichtung.bamfkennziffer
    assert clerk.later(ABH3.kennung, second.uuid) == []
    (item,) = clerk.items()
    assert [each["uuid"] for each in item["messages"]] == [second.uuid]
    assert item["candidates"] == [clerk.person_of(known.number or ""), clerk.person_of(number)]
    clerk.decide(item["id"], "--same", number)
    assert clerk.rows(ABH3.kennung, second.uuid) == [None, "D02"]


def test_i05_what_waits_on_keeps_its_age_and_its_order(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    entitle(core, "abh2")
    core.clock.advance(days=1)
    waiting = [entitle(core, "abh3") for _ in range(8)]
    (before,) = clerk.items()
    core.clock.advance(days=7)
    clerk.decide(before["id"], "--different")
    (item,) = clerk.items()
    assert [each["uuid"] for each in item["messages"]] == [each.uuid for each in waiting]
    # It waits since the second day, not from the decision on.
    assert (item["opened_on"], item["overdue"]) == ("2026-11-25", True)
    clerk.decide(item["id"], "--same", known.number or "")
    clerk.undo(item["id"])
    (again,) = clerk.items()
    assert [each["uuid"] for each in again["messages"]] == [each.uuid for each in waiting[1:]]
    assert again["opened_on"] == "2026-12-02"


def test_i05_a_new_message_of_that_key_waits_for_both(core: DoorCore, clerk: Clerk) -> None:
    entitle(core)
    entitle(core, "abh2")
    clerk.decide(clerk.only_item(), "--different")
    assert entitle(core, "abh3").message_type == "070004"
    (item,) = clerk.items()
    assert len(item["candidates"]) == 2


def test_i05_whoever_looks_again_sees_all_persons_of_that_key(core: DoorCore, clerk: Clerk) -> None:
    def report(holder: str, gender: str | None) -> Delivered:
        data = persons.person("Kim", "Lee", PartialDate(1990, 1, 1), gender, azr="180417100021")
        return entitle(core, holder, person=data)

    def items_of(uuid: str) -> list[Any]:
        return [item for item in clerk.items() if uuid in [each["uuid"] for each in item["messages"]]]

    woman, man = report("abh1", "w"), report("abh1", "m")
    second_woman, second_man, unknown = report("abh2", "w"), report("abh2", "m"), report("abh3", None)
    (with_women,) = items_of(second_woman.uuid)
    assert with_women == items_of(unknown.uuid)[0]
    clerk.decide(with_women["id"], "--different")
    (item,) = items_of(unknown.uuid)
    # Another man becomes known before the unknown one is looked at.
    clerk.decide(items_of(second_man.uuid)[0]["id"], "--different")
    clerk.decide(item["id"], "--different")
    assert clerk.later(ABH3.kennung, unknown.uuid) == []
    (again,) = items_of(unknown.uuid)
    assert len(again["candidates"]) == 4
    assert clerk.person_of(woman.number or "") in again["candidates"]
    assert clerk.person_of(man.number or "") in again["candidates"]
    clerk.decide(again["id"], "--different")
    assert [each.message_type for each in clerk.later(ABH3.kennung, unknown.uuid)] == ["070003"]


def test_a_person_that_is_no_candidate_needs_a_reason(core: DoorCore, clerk: Clerk) -> None:
    entitle(core)
    other = entitle(core, person=persons.AMINA)
    entitle(core, "abh2")
    item = clerk.only_item()
    ran = clerk.inge("cases", "decide", item, "--same", other.number or "", "--as", "clerk")
    assert (ran.code, "give a reason" in ran.err) == (1, True)
    clerk.decide(item, "--same", other.number or "", "--reason", "passport seen")
    assert clerk.items() == []


def test_a_decided_item_is_not_decided_again(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    waiting = entitle(core, "abh2")
    item = clerk.only_item()
    clerk.decide(item, "--different")
    ran = clerk.inge("cases", "decide", item, "--same", known.number or "", "--as", "other")
    assert (ran.code, "decided by clerk already" in ran.err) == (1, True)
    assert len(clerk.later(ABH2.kennung, waiting.uuid)) == 1


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        (["--replace"], "cannot be said about a work item of the kind duplicate"),
        (["--refuse", "no"], "cannot be said about a work item of the kind duplicate"),
        (["--same", "4711"], "neither a BAMF number nor the id of a person"),
        (["--same", "nobody"], "neither a BAMF number nor the id of a person"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    core: DoorCore, clerk: Clerk, choice: list[str], why: str
) -> None:
    entitle(core)
    entitle(core, "abh2")
    ran = clerk.inge("cases", "decide", clerk.only_item(), *choice, "--as", "clerk")
    assert (ran.code, why in ran.err) == (1, True)
    assert len(clerk.items()) == 1


def test_exactly_one_choice_is_needed(clerk: Clerk) -> None:
    assert clerk.inge("cases", "decide", 1, "--as", "clerk").code == 2
    assert clerk.inge("cases", "decide", 1, "--different", "--replace", "--as", "clerk").code == 2
    assert clerk.inge("cases", "decide", 1, "--different", "--as", "clerk").code == 1


def test_a_decision_is_in_the_journal_and_names_who_acted(core: DoorCore, clerk: Clerk) -> None:
    entitle(core)
    waiting = entitle(core, "abh2")
    clerk.decide(clerk.only_item(), "--different", actor="m.mueller")
    with core.store.read() as reader:
        rows = [row for row in reader.journal_of(waiting.uuid) if row.kind == JournalKind.CLERK]
    (row,) = rows
    assert row.facts is not None
    assert "m.mueller" in row.facts
    ways = clerk.tells("explain", waiting.uuid)
    assert "m.mueller" in str(ways)


def test_i09_weak_item_same_merges_the_two(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    core.clock.advance(days=400)
    again = entitle(core, "abh2")
    assert (again.message_type, again.number != known.number) == ("070003", True)
    item = clerk.only_item()
    clerk.decide(item, "--same", known.number or "")
    assert clerk.person_of(again.number or "") == clerk.person_of(known.number or "")
    assert clerk.items() == []


def test_i09_weak_item_different_is_remembered(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    core.clock.advance(days=400)
    again = entitle(core, "abh2")
    clerk.decide(clerk.only_item(), "--different")
    one, other = clerk.person_of(known.number or ""), clerk.person_of(again.number or "")
    with core.store.unit_of_work() as work:
        assert work.homonyms_of([one]) == {frozenset({one, other})}
