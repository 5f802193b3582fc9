"""What the scheduler does: overdue questions, reminders, states from the calendar, hints."""

from __future__ import annotations

import random
import string
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, update

from fixtures import persons
from gateway.clerks import sweep
from gateway.scheduler.runner import Progress
from gateway.scheduler.states import StateWriter
from messages.values import PartialDate
from store.case_files import history_of_case
from store.schema import case_file, entitlement, person_search
from store.search import unindexed
from tests.support.clerk import Clerk
from tests.support.core import ABH1, ABH2, AGENCIES, new_uuid
from tests.support.door import Delivered, DoorCore
from tests.support.given import stored_case, stored_person


def entitle(core: DoorCore, holder: str = "abh1", **changes: Any) -> Delivered:
    core.clock.advance(minutes=1)
    report = persons.entitlement(AGENCIES[holder], new_uuid(), core.clock.now(), **changes)
    return core.deliver(report, holder)


def turn(clerk: Clerk) -> Any:
    told = clerk.tells("scheduler", "run", "--once")
    assert told["worked"] is True
    return told["done"]


def test_nothing_to_do_is_told_too(clerk: Clerk) -> None:
    nothing = {
        "questions-closed": 0,
        "reminders": 0,
        "states-written": 0,
        "persons-searched": 0,
        "retrievals-deleted": 0,
        "erased": 0,
        "addenda-made": 0,
        "deliveries-abandoned": 0,
        "connections-abandoned": 0,
    }
    assert turn(clerk) == nothing


def test_i06_undecided_is_reminded_of_after_three_working_days(core: DoorCore, clerk: Clerk) -> None:
    entitle(core)
    entitle(core, "abh2")
    (item,) = clerk.items()
    # Tuesday; Wednesday, Thursday and Friday go by.
    assert (item["opened_on"], item["mark"], item["overdue"]) == ("2026-11-24", "2026-11-27", False)
    core.clock.advance(days=3)
    assert turn(clerk)["reminders"] == 0
    core.clock.advance(days=1)
    (item,) = clerk.items()
    assert (item["working_days"], item["overdue"], item["reminded_at"]) == (3, True, None)
    assert turn(clerk)["reminders"] == 1
    assert turn(clerk)["reminders"] == 0
    (item,) = clerk.items()
    assert item["reminded_at"] is not None
    assert clerk.tells("cases", "list", "--overdue") == [item]


def test_i06_holidays_are_no_working_days(core: DoorCore, clerk: Clerk) -> None:
    core.clock.advance(days=29)
    entitle(core)
    entitle(core, "abh2")
    # Wednesday before Christmas: Thursday, then Monday and Tuesday.
    (item,) = clerk.items()
    assert (item["opened_on"], item["mark"]) == ("2026-12-23", "2026-12-29")


def test_i06_it_stays_parked_and_is_reminded_of_again(core: DoorCore, clerk: Clerk) -> None:
    entitle(core)
    waiting = entitle(core, "abh2")
    core.clock.advance(days=7)
    assert turn(clerk)["reminders"] == 1
    core.clock.advance(days=7)
    assert turn(clerk)["reminders"] == 1
    assert clerk.later(ABH2.kennung, waiting.uuid) == []
    clerk.decide(clerk.only_item(), "--different")
    core.clock.advance(days=7)
    assert turn(clerk)["reminders"] == 0


def test_d09_silence_of_a_month_closes_the_question(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    core.clock.advance(minutes=1)
    report = persons.obligation_1b(ABH2, new_uuid(), core.clock.now(), number=known.number)
    assert core.deliver(report, "abh2").row == "D06"
    core.clock.advance(days=30)
    assert turn(clerk)["questions-closed"] == 0
    core.clock.advance(days=1)
    assert turn(clerk)["questions-closed"] == 1


def test_an_expired_right_is_written_down(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core)
    core.clock.advance(days=365)
    assert turn(clerk)["states-written"] == 0
    core.clock.advance(days=1)
    assert turn(clerk)["states-written"] == 1
    assert clerk.states(known.number or "") == ("EXPIRED_UNUSED", [("1a", ABH1.kennung, "CURRENT")])
    with core.store.unit_of_work() as work:
        case = work.case_by_number(known.number or "")
    assert case is not None
    with core.store.read() as reader:
        (change,) = history_of_case(reader.connection, case.id)
    assert (change.before, change.after, change.actor) == ("OPEN", "EXPIRED_UNUSED", "scheduler")
    assert turn(clerk)["states-written"] == 0


def test_the_sweep_finds_hints_and_blocks_nothing(core: DoorCore, clerk: Clerk) -> None:
    one = entitle(core, person=named("Şahin"))
    other = entitle(core, "abh2", person=named("Sahin"))
    assert other.message_type == "070003"
    assert turn(clerk)["persons-searched"] == 2
    (hint,) = clerk.tells("hints", "list")
    assert hint["persons"] == sorted(clerk.person_of(each.number or "") for each in (one, other))
    assert [each["code"] for each in hint["reasons"]] == ["surname-form"]
    assert "Suchform nach DIN 91379" in hint["reasons"][0]["de"]
    assert turn(clerk)["persons-searched"] == 0
    # Again a report under either name: no hint is asked on its way.
    assert entitle(core, "abh3", person=named("Sahın", first="Mert")).message_type == "070003"


def test_a_new_person_is_compared_with_those_known_before(core: DoorCore, clerk: Clerk) -> None:
    entitle(core, person=named("Jäger"))
    turn(clerk)
    entitle(core, "abh2", person=named("Jaeger"))
    turn(clerk)
    assert len(clerk.tells("hints", "list")) == 1


def test_names_without_end_stop_neither_index_nor_comparison(core: DoorCore, clerk: Clerk) -> None:
    # Letters without a pattern: PostgreSQL packs an index row before it finds it too long.
    letters = "".join(random.Random(26).choices(string.ascii_letters, k=6000))
    for holder, first in (("abh1", letters), ("abh2", letters[::-1])):
        entitle(core, holder, person=named(letters, first=first))
    entitle(core, person=named("Şahin"))
    entitle(core, "abh2", person=named("Sahin"))
    assert turn(clerk)["persons-searched"] == 4
    (hint,) = clerk.tells("hints", "list")
    assert [each["code"] for each in hint["reasons"]] == ["surname-form"]


def test_who_is_committed_late_is_found_when_all_are_looked_through(
    core: DoorCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "QUICK_SWEEPS", 2)
    entitle(core, person=named("Kaya"))
    looking = sweep.HintSweep(core.store, core.clock)
    assert [looking.work(50).done for _ in range(2)] == [1, 0]
    with core.store.write() as connection:
        connection.execute(delete(person_search))
    # After the second sweep that found all that was new, everybody is looked through.
    assert [looking.work(50).done for _ in range(3)] == [1, 0, 0]


def test_states_are_looked_through_once_a_day(core: DoorCore) -> None:
    entitle(core)
    writer = StateWriter(core.store, core.clock)
    assert writer.work(50) == Progress(0)
    with core.store.write() as connection:
        connection.execute(update(entitlement).values(valid_until=date(2026, 11, 1)))
    assert writer.work(50) == Progress(0)
    core.clock.advance(days=1)
    assert writer.work(50) == Progress(1)


def test_an_error_about_one_person_keeps_no_state_of_others_from_being_written(
    core: DoorCore, clerk: Clerk, caplog: pytest.LogCaptureFixture
) -> None:
    spoilt, known = stored_person(core), stored_person(core)
    for person in (spoilt, known):
        stored_case(core, person, "1a", until=date(2026, 11, 23))
    case = stored_case(core, spoilt, "1a", "REVOKED")
    with core.store.write() as connection:
        connection.execute(update(case_file).where(case_file.c.id == case.id).values(state="SPOILT"))
    told = clerk.inge("scheduler", "run", "--once")
    assert (told.code, told.err) == (1, f"inge: state not written: {spoilt.id}\n")
    (alarm,) = [each for each in caplog.records if "state not written" in each.message]
    assert (alarm.levelname, vars(alarm)["person"]) == ("ERROR", str(spoilt.id))
    with core.store.unit_of_work() as work:
        assert [each.state for each in work.cases_of([known.id])] == ["EXPIRED_UNUSED"]
    # Every other task had its turn.
    with core.store.read() as reader:
        assert unindexed(reader.connection, 9, 0) == []


def test_hints_on_demand_for_one_person(core: DoorCore, clerk: Clerk) -> None:
    one = entitle(core, person=named("Kaya", birth=PartialDate(1990)))
    other = entitle(core, "abh2", person=named("Kaya"))
    # Nothing has swept yet: who asks is not told less than the next turn would find.
    found = clerk.tells("hints", "show", one.number or "")
    assert [each["person"] for each in found["weak"]] == [clerk.person_of(other.number or "")]
    assert [each["code"] for each in found["weak"][0]["reasons"]] == ["birth-less-precise"]
    assert clerk.inge("hints", "show", "nobody").code == 1


def test_what_was_decided_different_is_never_hinted_again(core: DoorCore, clerk: Clerk) -> None:
    one = entitle(core, person=named("Şahin"))
    other = entitle(core, "abh2", person=named("Sahin"))
    turn(clerk)
    numbers = [one.number or "", other.number or ""]
    done = clerk.tells("hints", "decide", *numbers, "--different", "--as", "clerk")
    assert clerk.tells("hints", "list") == []
    assert clerk.tells("hints", "show", numbers[0])["weak"] == []
    again = clerk.inge("hints", "decide", *numbers, "--different", "--as", "clerk")
    assert (again.code, "different already" in again.err) == (1, True)
    assert turn(clerk)["persons-searched"] == 0
    # Undone, they are one person.
    clerk.undo(done["item"])
    assert clerk.person_of(numbers[0]) == clerk.person_of(numbers[1])


def test_a_hint_decided_same_merges_the_younger_into_the_older(core: DoorCore, clerk: Clerk) -> None:
    one = entitle(core, person=named("Şahin"))
    other = entitle(core, "abh2", person=named("Sahin"))
    turn(clerk)
    older = clerk.person_of(one.number or "")
    done = clerk.tells("hints", "decide", other.number or "", one.number or "", "--same", "--as", "clerk")
    assert clerk.person_of(other.number or "") == older
    assert [event["kind"] for event in done["events"]] == ["moved", "merged", "cancelled", "told"]
    assert clerk.later(ABH2.kennung, other.uuid)[0].ablehnungsgrund.code == "17108"
    assert clerk.tells("hints", "list") == []


def test_hints_are_shown_with_a_work_item(core: DoorCore, clerk: Clerk) -> None:
    variant = entitle(core, person=named("Şahin"))
    entitle(core, "abh2", person=named("Sahin"))
    turn(clerk)
    entitle(core, "abh3", person=named("Sahin"))
    shown = clerk.tells("cases", "show", clerk.only_item())
    assert [each["person"] for each in shown["weak"]] == [clerk.person_of(variant.number or "")]


def named(surname: str, first: str = "Ayşe", birth: PartialDate | None = None) -> persons.Person:
    return persons.person(first, surname, birth or PartialDate(1990, 5, 17), "w", azr="180417100021")
