"""The work list and one item of it: both persons side by side, differences and hints marked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fixtures import persons
from messages.values import Name, PartialDate
from tests.support.clerk import Clerk
from tests.support.cli import inge
from tests.support.core import ABH1, ABH2, AGENCIES, new_uuid
from tests.support.door import Delivered, DoorCore


def entitle(core: DoorCore, holder: str = "abh1", **changes: Any) -> Delivered:
    core.clock.advance(minutes=1)
    report = persons.entitlement(AGENCIES[holder], new_uuid(), core.clock.now(), **changes)
    return core.deliver(report, holder)


def text(clerk: Clerk, *arguments: str | int) -> str:
    ran = inge(*map(str, arguments), "--config", clerk.config)
    assert ran.code == 0, ran.err
    return ran.out


def test_list_by_office_and_kind(core: DoorCore, clerk: Clerk) -> None:
    entitle(core)
    entitle(core, "abh2")
    (item,) = clerk.items()
    assert (item["kind"], item["state"], len(item["messages"])) == ("duplicate", "OPEN", 1)
    assert clerk.tells("cases", "list", "--office", item["office"]) == [item]
    # A slip must not look like an office where nothing waits.
    assert clerk.inge("cases", "list", "--office", "elsewhere").code == 2
    assert clerk.inge("cases", "list", "--kind", "weekly").code == 2
    assert clerk.tells("cases", "list", "--kind", "weak") == []
    assert clerk.tells("cases", "list", "--overdue") == []
    assert clerk.inge("cases", "list", "--state", "lost").code == 2


def test_list_is_oldest_first_and_decided_ones_are_found_too(core: DoorCore, clerk: Clerk) -> None:
    for person in (persons.LEYLA, persons.AMINA):
        entitle(core, person=person)
        entitle(core, "abh2", person=person)
    first, second = clerk.items()
    assert first["opened_at"] < second["opened_at"]
    clerk.decide(first["id"], "--different")
    assert [item["id"] for item in clerk.items()] == [second["id"]]
    (closed,) = clerk.items("closed")
    assert (closed["id"], closed["decided_by"], closed["overdue"]) == (first["id"], "clerk", False)
    assert len(clerk.items("all")) == 2


def test_show_sets_the_reported_person_beside_the_candidate(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    data = persons.LEYLA.personalien
    moved = replace(
        persons.LEYLA,
        personalien=replace(
            data, anschrift=replace(data.anschrift, strasse="Am Markt"), geburtsname=Name("Demir")
        ),
    )
    waiting = entitle(core, "abh2", person=moved)
    shown = clerk.tells("cases", "show", clerk.only_item())
    (candidate,) = shown["candidates"]
    assert candidate["person"] == clerk.person_of(known.number or "")
    assert candidate["differing"] == ["birth_name", "address"]
    assert shown["reported"]["birth_name"] == "Demir"
    assert shown["reported"]["address"] == "Am Markt 7, 90402 Musterstadt"
    (case,) = candidate["cases"]
    assert (case["number"], case["state"]) == (known.number, "OPEN")
    assert [(right["art"], right["agency"]) for right in case["rights"]] == [("1a", ABH1.kennung)]
    (message,) = shown["messages"]
    assert (message["uuid"], message["type"], message["agency"]) == (waiting.uuid, "070001", ABH2.name)
    assert message["differing"] == []


def test_show_on_a_page(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    core.clock.advance(days=9)
    data = persons.LEYLA.personalien
    entitle(core, "abh2", person=replace(persons.LEYLA, personalien=replace(data, geburtsname=Name("Demir"))))
    core.clock.advance(days=9)
    item = clerk.only_item()
    page = text(clerk, "cases", "show", item)
    assert "OVERDUE" in page
    (line,) = [line for line in page.splitlines() if line.startswith("birth name")]
    assert line.split() == ["birth", "name", "Demir", "≠", "–"]
    assert f"case {known.number}: OPEN, 0 of 700 units used" in page
    assert "OVERDUE" in text(clerk, "cases", "list")
    clerk.decide(item, "--different")
    assert "different by clerk" in text(clerk, "cases", "show", item)
    assert "is decided by row D01" in text(clerk, "cases", "show", item)


def test_show_a_conflict_tells_what_has_to_be_weighed(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core, only_orientation=True)
    entitle(core, "abh2", number=known.number)
    item = clerk.only_item()
    shown = clerk.tells("cases", "show", item)
    assert (shown["conflict"]["row"], [each["right"] for each in shown["messages"]]) == ("D34", ["1a"])
    (right,) = shown["candidates"][0]["cases"][0]["rights"]
    assert (right["only_orientation"], right["only_language"]) == (True, False)
    page = text(clerk, "cases", "show", item)
    assert f"D34: {shown['conflict']['en']}" in page
    assert f"right 1a (orientation course only) of {ABH1.name}" in page
    clerk.decide(item, "--refuse", "Der Orientierungskurs genügt.")
    done = inge("cases", "undo", str(item), "--yes", "--as", "lead", "--config", clerk.config)
    assert done.out.startswith(f"work item {item} is undone: to be decided again")


def test_show_marks_the_hints_of_a_candidate(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core, person=named("Şahin"))
    # A number that does not fit the birth date makes the person of the number a candidate (I08).
    entitle(core, "abh2", person=named("Sahin", birth=PartialDate(1990)), number=known.number)
    shown = clerk.tells("cases", "show", clerk.only_item())
    (candidate,) = shown["candidates"]
    assert [each["code"] for each in candidate["hints"]] == ["surname-form", "birth-less-precise"]
    assert "hint: The surnames are the same" in text(clerk, "cases", "show", clerk.only_item())


def test_show_tells_in_what_waiting_messages_differ(core: DoorCore, clerk: Clerk) -> None:
    entitle(core)
    entitle(core, "abh2")
    entitle(core, "abh3", person=persons.with_nationalities(persons.LEYLA, "475"))
    shown = clerk.tells("cases", "show", clerk.only_item())
    assert [each["differing"] for each in shown["messages"]] == [[], ["nationalities"]]


def test_show_a_weak_item_sets_the_new_person_beside_the_earlier(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    core.clock.advance(days=400)
    again = entitle(core, "abh2")
    shown = clerk.tells("cases", "show", clerk.only_item())
    assert shown["person"] == clerk.person_of(again.number or "")
    (candidate,) = shown["candidates"]
    assert candidate["person"] == clerk.person_of(known.number or "")
    assert [case["state"] for case in candidate["cases"]] == ["EXPIRED_UNUSED"]


def test_show_of_an_unknown_item_is_refused(clerk: Clerk) -> None:
    assert clerk.inge("cases", "show", 4711).code == 1


def named(surname: str, birth: PartialDate | None = None) -> persons.Person:
    return persons.person("Ayşe", surname, birth or PartialDate(1990, 5, 17), "w", azr="180417100021")
