"""Several clerks at once, in real processes: one decides, the others hear so, nobody is answered twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from adapters.cli.console import REFUSED
from fixtures import persons
from gateway.clock import SystemClock, german_day
from messages.frame import Message
from store.engine import Store
from tests.support.clerk import Clerk
from tests.support.core import ABH2, AGENCIES, new_uuid
from tests.support.door import Delivered, DoorCore
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.processes import children
from tests.support.ring import scale

CHILD = "tests.clerks.clerk_child.decide"


@pytest.fixture
def core(store: Store) -> DoorCore:
    """A core on the clock of the machine, as the children have it."""
    furnish(store, shared_pki())
    return DoorCore(store, shared_pki(), SystemClock())


def entitle(core: DoorCore, holder: str) -> Delivered:
    return core.deliver(persons.entitlement(AGENCIES[holder], new_uuid(), core.clock.now()), holder)


def obligation(core: DoorCore, person: persons.Person, number: str | None = None) -> Message:
    return persons.obligation_1b(AGENCIES["abh1"], new_uuid(), core.clock.now(), person, number=number)


def attended(numbers: Sequence[str], today: date) -> Iterator[str]:
    """The lines of a file: every case was registered and attended a section, all on one day."""
    address = {"strasse": "Am Lernpfad", "postleitzahl": "90402", "wohnort": "Musterstadt"}
    at, on = {"organiser": "T-1"}, today.isoformat()
    yield json.dumps({"kind": "organiser", "number": "T-1", "name": "VHS", "address": address})
    yield json.dumps({"kind": "site", "number": "O-1", "address": address, **at})
    registered = {"kind": "registration", "registered_on": on, "placement_dispensable": True, **at}
    course = {"course_no": "K-1", "section": "1", "course_type": "1", "site": "O-1", **at}
    section = {"kind": "section", **course, "began_on": on, "ended_on": on, "units": 100}
    for number in numbers:
        yield json.dumps({**registered, "case": number})
        yield json.dumps({**section, "case": number})


def at_once(config: Path, commands: list[list[str]]) -> list[Any]:
    """Run commands in a process each, let go together; out: what each reported."""
    with children(CHILD, [[str(config), command] for command in commands]) as started:
        for child in started:
            assert child.hear() == "ready"
        for child in started:
            child.tell()
        return [child.hear() for child in started]


def test_two_clerks_at_once_one_decides(core: DoorCore, clerk: Clerk) -> None:
    known, waiting = entitle(core, "abh1"), entitle(core, "abh2")
    item = str(clerk.only_item())
    commands = [
        ["cases", "decide", item, "--same", known.number or "", "--as", "one"],
        ["cases", "decide", item, "--different", "--as", "other"],
        ["cases", "decide", item, "--different", "--as", "third"],
    ]
    ran = at_once(clerk.config, commands)
    assert sorted(each["code"] for each in ran) == [0, REFUSED, REFUSED]
    assert all("already" in each["error"] for each in ran if each["code"] == REFUSED)
    assert len(clerk.later(ABH2.kennung, waiting.uuid)) == 1
    (decided,) = clerk.items("closed")
    (winner,) = [number for number, each in enumerate(ran) if each["code"] == 0]
    assert decided["decided_by"] == ("one", "other", "third")[winner]


def test_two_undoings_at_once_one_is_done(core: DoorCore, clerk: Clerk) -> None:
    entitle(core, "abh1")
    waiting = entitle(core, "abh2")
    item = str(clerk.only_item())
    clerk.decide(int(item), "--different")
    undo = ["cases", "undo", item, "--yes", "--as", "lead"]
    ran = at_once(clerk.config, [undo, undo])
    assert sorted(each["code"] for each in ran) == [0, REFUSED]
    assert [each.message_type for each in clerk.later(ABH2.kennung, waiting.uuid)] == ["070003", "070005"]


def test_clerks_and_a_report_at_once_leave_one_active_right(core: DoorCore, clerk: Clerk) -> None:
    known = entitle(core, "abh1")
    for holder in ("abh2", "abh3"):
        entitle(core, holder)
    item = str(clerk.only_item())
    clerk.decide(int(item), "--different")
    following = str(clerk.only_item())
    ran = at_once(
        clerk.config,
        [
            ["cases", "undo", item, "--yes", "--as", "lead"],
            ["cases", "decide", following, "--same", known.number or "", "--as", "clerk"],
        ],
    )
    assert [each["code"] for each in ran] == [0, 0], ran
    person = clerk.person_of(known.number or "")
    with core.store.unit_of_work() as work:
        active = [case for case in work.cases_of([person]) if case.state == "OPEN"]
    assert [case.number for case in active] == [known.number]


def test_two_files_of_the_same_cases_and_their_persons_reported_at_once(
    core: DoorCore, clerk: Clerk, tmp_path: Path
) -> None:
    """In opposite order, so that whoever locked one person after the other would never end."""
    people = list(islice(persons.many_persons(7), scale(12, 150)))
    numbers = [core.deliver(obligation(core, each)).number or "" for each in people]
    files = []
    for name, order in (("one", numbers), ("other", numbers[::-1])):
        file = tmp_path / f"{name}.jsonl"
        file.write_text("\n".join(attended(order, german_day(core.clock.now()))), encoding="utf-8")
        files.append(["courses", "import", str(file), "--as", name])
    with ThreadPoolExecutor(2) as pool:
        reports = [
            pool.submit(core.deliver, obligation(core, *each)) for each in zip(people, numbers, strict=True)
        ]
        ran = at_once(clerk.config, files)
        assert {each.result().message_type for each in reports} == {"070005"}
    assert [each["code"] for each in ran] == [0, 0], ran
    of_each = {"organiser": 1, "site": 1, "registration": len(people), "section": len(people)}
    winner, loser = sorted((each["told"] for each in ran), key=lambda told: not told["new"])
    assert (winner["new"], winner["known"]) == (of_each, {})
    assert (loser["new"], loser["known"]) == ({}, of_each)
    with core.store.unit_of_work() as work:
        cases = [work.case_by_number(number) for number in numbers]
    assert {each and (each.state, each.used_units) for each in cases} == {("RUNNING", 100)}
