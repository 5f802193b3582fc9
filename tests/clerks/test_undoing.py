"""Undoing a decision: what follows is shown first, then done; both numbers lead where they should."""

from __future__ import annotations

from datetime import date
from typing import Any

from fixtures import persons
from store.case_files import history_of_case, history_of_person
from store.records import MessageRef
from tests.support.clerk import Clerk
from tests.support.core import ABH1, ABH2, ABH3, AGENCIES, new_uuid
from tests.support.door import Delivered, DoorCore


def entitle(core: DoorCore, holder: str = "abh1", **changes: Any) -> Delivered:
    core.clock.advance(minutes=1)
    report = persons.entitlement(AGENCIES[holder], new_uuid(), core.clock.now(), **changes)
    return core.deliver(report, holder)


def oblige(core: DoorCore, holder: str = "abh2", **changes: Any) -> Delivered:
    core.clock.advance(minutes=1)
    report = persons.obligation_1b(AGENCIES[holder], new_uuid(), core.clock.now(), **changes)
    return core.deliver(report, holder)


def reply(core: DoorCore, holder: str, question: Any, yes: bool) -> Delivered:
    core.clock.advance(minutes=1)
    asked = question.rahmen.kopf.nachrichten_uuid
    return core.deliver(persons.decision(AGENCIES[holder], new_uuid(), core.clock.now(), asked, yes), holder)


def number_in(message: Any) -> str:
    assert message.message_type == "070003"
    return str(message.berechtigung_verpflichtung.bamfkennziffer)


def codes(messages: list[Any]) -> list[str]:
    return [
        message.ablehnungsgrund.code if message.message_type == "070005" else message.message_type
        for message in messages
    ]


def duplicate(core: DoorCore, clerk: Clerk) -> tuple[Delivered, Delivered, int]:
    """An entitlement, one that waits as its duplicate, and the work item."""
    known, waiting = entitle(core), entitle(core, "abh2")
    return known, waiting, clerk.only_item()


# --- shown before it is done ----------------------------------------------------------------------


def test_what_follows_is_shown_and_nothing_is_done_without_yes(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--same", known.number or "")
    before = core.counts()
    ran = clerk.inge("cases", "undo", item, "--as", "lead")
    assert ran.code == 1
    assert ran.json["done"] is False
    # A number that was only tried will be given to somebody else: it is not shown, nor is an id.
    answered, person, different = ran.json["events"]
    assert (answered["row"], answered["number"], answered["answer"]) == (
        "D01",
        None,
        "accepted, number (new)",
    )
    older = clerk.person_of(known.number or "")
    assert (person["person"], different["one"], different["other"]) == (None, None, older)
    assert ran.json["words"][1].endswith("becomes a person of their own: (new)")
    assert core.counts() == before
    assert len(clerk.later(ABH2.kennung, waiting.uuid)) == 1
    done = clerk.undo(item)
    assert done["done"] is True
    assert [event["kind"] for event in done["events"]] == [event["kind"] for event in ran.json["events"]]


def test_what_was_not_decided_or_undone_already_is_not_undone(core: DoorCore, clerk: Clerk) -> None:
    known, _, item = duplicate(core, clerk)
    ran = clerk.inge("cases", "undo", item, "--yes", "--as", "lead")
    assert (ran.code, "is not decided" in ran.err) == (1, True)
    clerk.decide(item, "--same", known.number or "")
    clerk.undo(item)
    ran = clerk.inge("cases", "undo", item, "--yes", "--as", "lead")
    assert (ran.code, "undone already" in ran.err) == (1, True)


# --- "same" was wrong: split ----------------------------------------------------------------------


def test_same_undone_the_request_is_decided_anew_as_a_new_person(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--same", known.number or "")
    clerk.undo(item)
    refused, accepted = clerk.later(ABH2.kennung, waiting.uuid)
    assert refused.message_type == "070005"
    one, other = clerk.person_of(known.number or ""), clerk.person_of(number_in(accepted))
    assert one != other
    assert clerk.rows(ABH2.kennung, waiting.uuid) == [None, "D02", "D01"]
    with core.store.unit_of_work() as work:
        assert work.homonyms_of([one]) == {frozenset({one, other})}


def test_same_undone_the_open_question_is_closed(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    waiting = oblige(core)
    item = clerk.only_item()
    clerk.decide(item, "--same", known.number or "")
    (question,) = clerk.later(ABH2.kennung, waiting.uuid)
    clerk.undo(item)
    assert codes(clerk.later(ABH2.kennung, waiting.uuid)) == ["070006", "070003"]
    too_late = reply(core, "abh2", question, True)
    assert (too_late.reason_code, too_late.row) == ("17116", "D10")
    assert clerk.states(known.number or "") == ("OPEN", [("1a", ABH1.kennung, "CURRENT")])


def test_same_undone_what_was_replaced_holds_again(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    waiting = oblige(core)
    item = clerk.only_item()
    clerk.decide(item, "--same", known.number or "")
    (question,) = clerk.later(ABH2.kennung, waiting.uuid)
    assert reply(core, "abh2", question, True).row == "D07"
    assert clerk.states(known.number or "")[1] == [
        ("1a", ABH1.kennung, "REPLACED"),
        ("1b", ABH2.kennung, "CURRENT"),
    ]
    clerk.undo(item)
    assert clerk.states(known.number or "") == (
        "OPEN",
        [("1a", ABH1.kennung, "CURRENT"), ("1b", ABH2.kennung, "CANCELLED")],
    )
    number = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    assert clerk.states(number) == ("OPEN", [("1b", ABH2.kennung, "CURRENT")])
    assert clerk.person_of(number) != clerk.person_of(known.number or "")


def test_same_undone_the_case_it_made_is_cancelled(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    core.clock.advance(days=400)
    # Expired: a report that names the number wrongly waits, and is then accepted with a new case (D19).
    waiting = entitle(core, "abh2", person=persons.AMINA, number=known.number)
    assert waiting.message_type == "070004"
    item = clerk.only_item()
    clerk.decide(item, "--same", known.number or "")
    first = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    assert clerk.person_of(first) == clerk.person_of(known.number or "")
    clerk.undo(item)
    second = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    assert clerk.states(first) == ("CANCELLED", [("1a", ABH2.kennung, "CANCELLED")])
    assert clerk.person_of(second) != clerk.person_of(known.number or "")


def test_same_undone_who_was_asked_about_the_right_is_decided_anew(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    core.clock.advance(days=400)
    waiting = entitle(core, "abh2", person=persons.AMINA, number=known.number)
    item = clerk.only_item()
    clerk.decide(item, "--same", known.number or "")
    first = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    asking = oblige(core, "abh3", number=first)
    assert asking.row == "D06"
    clerk.undo(item)
    (accepted,) = clerk.later(ABH3.kennung, asking.uuid)
    assert clerk.person_of(number_in(accepted)) == clerk.person_of(known.number or "")


def test_same_undone_what_waited_behind_the_first_waits_again(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    first, second = entitle(core, "abh2"), entitle(core, "abh3")
    item = clerk.only_item()
    clerk.decide(item, "--same", known.number or "")
    clerk.undo(item)
    number = number_in(clerk.later(ABH2.kennung, first.uuid)[-1])
    assert codes(clerk.later(ABH3.kennung, second.uuid)) == ["17108"]
    (again,) = clerk.items()
    assert [each["uuid"] for each in again["messages"]] == [second.uuid]
    assert set(again["candidates"]) == {clerk.person_of(known.number or ""), clerk.person_of(number)}


# --- "different" was wrong: merge -----------------------------------------------------------------


def test_different_undone_both_numbers_lead_to_one_person(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--different")
    number = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    younger = clerk.person_of(number)
    clerk.undo(item)
    older = clerk.person_of(known.number or "")
    assert clerk.person_of(number) == older != younger
    # Of two competing rights the one decided later ends, and its agency is told by the table.
    assert clerk.states(known.number or "") == ("OPEN", [("1a", ABH1.kennung, "CURRENT")])
    assert clerk.states(number) == ("CANCELLED", [("1a", ABH2.kennung, "CANCELLED")])
    told = clerk.later(ABH2.kennung, waiting.uuid)[-1]
    assert told.ablehnungsgrund.code == "17108"
    assert told.aktuelle_berechtigung_verpflichtung.bamfkennziffer == known.number
    assert clerk.rows(ABH2.kennung, waiting.uuid) == [None, "D01", "D02"]
    with core.store.unit_of_work() as work:
        assert work.homonyms_of([older, younger]) == set()
        merged = work.person(younger)
    assert merged is not None
    assert merged.merged_into == older
    with core.store.read() as reader:
        whats = [change.what for change in history_of_person(reader.connection, younger)]
    assert whats == ["merged"]


def test_different_undone_a_later_report_meets_the_one_person(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--different")
    number = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    clerk.undo(item)
    # Reported with the number of the cancelled case: it is the person of both.
    again = entitle(core, "abh3", number=number)
    assert (again.message_type, again.reason_code, again.row) == ("070005", "17108", "D02")
    assert entitle(core, "abh3").message_type == "070004"
    (open_item,) = clerk.items()
    assert open_item["candidates"] == [clerk.person_of(known.number or "")]


def test_different_undone_own_right_of_the_same_agency(core: DoorCore, clerk: Clerk) -> None:
    known, waiting = entitle(core), entitle(core)
    item = clerk.only_item()
    clerk.decide(item, "--different")
    clerk.undo(item)
    assert codes(clerk.later(ABH1.kennung, waiting.uuid)) == ["070003", "17104"]
    assert clerk.rows(ABH1.kennung, waiting.uuid)[-1] == "D30"
    assert clerk.states(known.number or "")[0] == "OPEN"


def test_different_undone_where_the_table_would_ask_the_later_right_ends_too(
    core: DoorCore, clerk: Clerk
) -> None:
    known, waiting = entitle(core), oblige(core)
    item = clerk.only_item()
    clerk.decide(item, "--different")
    clerk.undo(item)
    told = clerk.later(ABH2.kennung, waiting.uuid)[-1]
    assert (told.ablehnungsgrund.code, told.kann_uebernommen_werden) == ("17108", False)
    assert clerk.states(known.number or "")[0] == "OPEN"


def test_different_undone_of_several_candidates_one_is_named(core: DoorCore, clerk: Clerk) -> None:
    known, _, item = duplicate(core, clerk)
    clerk.decide(item, "--different")
    third = entitle(core, "abh3")
    item = clerk.only_item()
    clerk.decide(item, "--different")
    ran = clerk.inge("cases", "undo", item, "--yes", "--as", "lead")
    assert (ran.code, "name one of the candidates" in ran.err) == (1, True)
    clerk.undo(item, "--same", known.number or "")
    number = number_in(clerk.later(ABH3.kennung, third.uuid)[0])
    assert clerk.person_of(number) == clerk.person_of(known.number or "")


def test_different_undone_an_expired_right_is_no_competitor(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--different")
    core.clock.advance(days=400)
    before = codes(clerk.later(ABH2.kennung, waiting.uuid))
    clerk.undo(item)
    assert codes(clerk.later(ABH2.kennung, waiting.uuid)) == before
    assert clerk.states(known.number or "")[1] == [("1a", ABH1.kennung, "CURRENT")]


def test_different_undone_a_question_about_the_right_that_ends_is_asked_anew(
    core: DoorCore, clerk: Clerk
) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--different")
    number = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    asking = oblige(core, "abh3", number=number)
    assert (asking.row, asking.message.aktuelle_berechtigung.bamfkennziffer) == ("D06", number)
    clerk.undo(item)
    # The right it asked about is cancelled: the agency is asked about the one that stays.
    (again,) = clerk.later(ABH3.kennung, asking.uuid)
    assert again.aktuelle_berechtigung.bamfkennziffer == known.number
    assert reply(core, "abh3", asking.message, True).reason_code == "17116"
    assert reply(core, "abh3", again, True).number == known.number


# --- an undoing can be undone ---------------------------------------------------------------------


def test_a_merging_can_be_undone(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--different")
    first = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    younger = clerk.person_of(first)
    clerk.undo(item)
    following = clerk.items("all")[-1]
    assert (following["decision"]["choice"], following["decided_by"]) == ("same", "lead")
    clerk.undo(following["id"])
    older = clerk.person_of(known.number or "")
    assert clerk.person_of(first) == younger != older
    # The cancelled right is decided anew for the person that is one of its own again (D43).
    second = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    assert clerk.rows(ABH2.kennung, waiting.uuid) == [None, "D01", "D02", "D43"]
    assert clerk.person_of(second) == younger
    with core.store.unit_of_work() as work:
        assert work.homonyms_of([older]) == {frozenset({older, younger})}
    with core.store.read() as reader:
        assert [each.what for each in history_of_person(reader.connection, younger)] == ["merged", "split"]


def test_undone_again_and_again_every_same_merges_and_every_different_splits(
    core: DoorCore, clerk: Clerk
) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--different")
    older = clerk.person_of(known.number or "")
    younger = clerk.person_of(number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1]))
    for times in range(1, 4):
        clerk.undo(clerk.items("all")[-1]["id"])
        told = clerk.later(ABH2.kennung, waiting.uuid)
        numbers = [number_in(each) for each in told if each.message_type == "070003"]
        assert len(numbers) == times
        # One again: no number that was given leads to an active right beside the older one's.
        assert {clerk.person_of(number) for number in numbers} == {older}
        assert {clerk.states(number)[0] for number in numbers} == {"CANCELLED"}
        assert told[-1].ablehnungsgrund.code == "17108"
        with core.store.unit_of_work() as work:
            assert work.homonyms_of([older, younger]) == set()
        clerk.undo(clerk.items("all")[-1]["id"])
        last = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
        assert clerk.person_of(last) == younger
        assert clerk.states(last)[0] == "OPEN"
        with core.store.unit_of_work() as work:
            assert work.homonyms_of([older]) == {frozenset({older, younger})}
    assert clerk.states(known.number or "")[0] == "OPEN"


def test_a_split_can_be_undone(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--same", known.number or "")
    clerk.undo(item)
    number = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    clerk.undo(clerk.items("all")[-1]["id"])
    assert clerk.person_of(number) == clerk.person_of(known.number or "")
    assert codes(clerk.later(ABH2.kennung, waiting.uuid)) == ["17108", "070003", "17108"]


def test_a_different_that_stored_nobody_is_decided_for_the_person(core: DoorCore, clerk: Clerk) -> None:
    known = oblige(core, "abh1")
    german = persons.with_nationalities(persons.LEYLA, "000")
    waiting = oblige(core, "abh2", person=german)
    item = clerk.only_item()
    clerk.decide(item, "--different")
    assert codes(clerk.later(ABH2.kennung, waiting.uuid)) == ["17112"]
    clerk.undo(item)
    assert len(clerk.later(ABH2.kennung, waiting.uuid)) == 2
    assert clerk.states(known.number or "")[0] == "OPEN"


# --- conflicts ------------------------------------------------------------------------------------


def conflict(core: DoorCore, clerk: Clerk) -> tuple[Delivered, Delivered, int]:
    """A right for the orientation course only, a right for the whole that meets it (D34), the work item."""
    known = entitle(core, only_orientation=True)
    waiting = entitle(core, "abh2", number=known.number)
    assert (waiting.message_type, waiting.row) == ("070004", "D34")
    return known, waiting, clerk.only_item()


def test_d34_conflict_replaced(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = conflict(core, clerk)
    clerk.decide(item, "--replace")
    assert number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1]) == known.number
    assert clerk.states(known.number or "")[1] == [
        ("1a", ABH1.kennung, "REPLACED"),
        ("1a", ABH2.kennung, "CURRENT"),
    ]


def test_d34_conflict_refused_with_the_clerks_words(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = conflict(core, clerk)
    ran = clerk.inge("cases", "decide", item, "--refuse", " ", "--as", "clerk")
    assert (ran.code, "needs a text" in ran.err) == (1, True)
    # As a word processor writes it: the answer would not be valid, and the agency could not read it.
    ran = clerk.inge("cases", "decide", item, "--refuse", "„Nein“ – es genügt.", "--as", "clerk")
    assert (ran.code, "„“–" in ran.err) == (1, True)
    clerk.decide(item, "--refuse", "Der Orientierungskurs genügt.")
    (told,) = clerk.later(ABH2.kennung, waiting.uuid)
    assert told.ablehnungsgrund.code == "17099"
    assert "Der Orientierungskurs genügt." in told.beschreibung
    assert clerk.states(known.number or "")[1] == [("1a", ABH1.kennung, "CURRENT")]


def test_d34_conflict_undone_is_weighed_again(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = conflict(core, clerk)
    clerk.decide(item, "--replace")
    clerk.undo(item)
    assert clerk.states(known.number or "")[1] == [
        ("1a", ABH1.kennung, "CURRENT"),
        ("1a", ABH2.kennung, "CANCELLED"),
    ]
    clerk.decide(clerk.only_item(), "--refuse", "Nein.")
    assert codes(clerk.later(ABH2.kennung, waiting.uuid)) == ["070003", "17099"]


def test_same_that_led_to_a_conflict_undone_closes_the_conflict(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core, only_orientation=True)
    waiting = entitle(core, "abh2")
    item = clerk.only_item()
    clerk.decide(item, "--same", known.number or "")
    assert clerk.items()[0]["kind"] == "conflict"
    clerk.undo(item)
    assert clerk.items() == []
    assert codes(clerk.later(ABH2.kennung, waiting.uuid)) == ["070003"]


# --- history --------------------------------------------------------------------------------------


def test_the_history_names_who_undid_and_why(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--different", actor="c.clerk")
    number = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    clerk.undo(item, "--reason", "passport seen", actor="l.lead")
    with core.store.unit_of_work() as work:
        case = work.case_by_number(number)
    assert case is not None
    with core.store.read() as reader:
        changes = history_of_case(reader.connection, case.id)
        (decision, *_, last) = reader.decisions(MessageRef(ABH2.kennung, waiting.uuid))
    assert {change.actor for change in changes} == {"l.lead"}
    assert all("passport seen" in change.reason for change in changes)
    assert [change.after for change in changes if change.right_id is None] == ["OPEN", "CANCELLED"]
    assert last.evidence["later"]["actor"] == "l.lead"
    assert decision.decided_at.date() == date(2026, 11, 24)
    assert clerk.inge("journal", "verify").code == 0
    assert known.number is not None


def test_an_act_needs_the_name_of_a_user(core: DoorCore, clerk: Clerk) -> None:
    _, _, item = duplicate(core, clerk)
    ran = clerk.inge("cases", "decide", item, "--different", "--as", " ")
    assert (ran.code, "who acts?" in ran.err) == (1, True)
