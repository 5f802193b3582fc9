"""Files of course data: odd, late, saying a thing twice; more in `tests.information.test_course_file`."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from adapters.cli import course_file
from adapters.cli.console import OK, REFUSED, USAGE
from fixtures.persons import LEYLA, THI, obligation_1b
from gateway.clerks import course_import
from store.records import CaseState
from store.schema import metadata
from tests.clerks.test_undoing import duplicate
from tests.support.clerk import Clerk
from tests.support.cli import Ran, inge
from tests.support.core import ABH1, NOW, new_uuid
from tests.support.door import DoorCore
from tests.support.given import stored_case, stored_person

ADDRESS = {"strasse": "Am Lernpfad", "hausnummer": "3", "postleitzahl": "90402", "wohnort": "Musterstadt"}
PLACES = [
    {"kind": "organiser", "number": "T-1", "name": "Volkshochschule", "address": ADDRESS},
    {"kind": "site", "number": "O-1", "organiser": "T-1", "address": ADDRESS},
]
TODAY = date(2026, 12, 25)
Entry = dict[str, Any]


def day(before: int) -> str:
    return (TODAY - timedelta(days=before)).isoformat()


def registration(case: str, **changes: Any) -> Entry:
    usual = {"registered_on": day(20), "organiser": "T-1", "placement_dispensable": True}
    return {"kind": "registration", "case": case, **usual, **changes}


def section(case: str, began: int = 18, **changes: Any) -> Entry:
    usual = {"course_no": "K-1", "section": "1", "course_type": "1", "organiser": "T-1", "site": "O-1"}
    over = {"ended_on": day(10), "units": 100}
    return {"kind": "section", "case": case, "began_on": day(began), **usual, **over, **changes}


def dropout(case: str, before: int) -> Entry:
    return {"kind": "dropout", "case": case, "dropped_on": day(before)}


@pytest.fixture
def number(core: DoorCore) -> str:
    """The number of a person that was obliged a month ago."""
    found = core.deliver(obligation_1b(ABH1, new_uuid(), NOW, LEYLA)).number
    assert found is not None
    core.clock.time = NOW + timedelta(days=31)
    return found


def write(clerk: Clerk, entries: Iterable[Entry]) -> Path:
    file = clerk.config.with_name(f"{new_uuid()}.jsonl")
    file.write_text("\n".join(json.dumps(each) for each in entries), encoding="utf-8")
    return file


def take_in(clerk: Clerk, *entries: Entry) -> Ran:
    return clerk.inge("courses", "import", str(write(clerk, [*PLACES, *entries])), "--as", "e.muster")


def counts(core: DoorCore) -> dict[str, int]:
    """How many rows each table has."""
    with core.store.read() as reader:
        return {
            name: reader.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def refused(core: DoorCore, clerk: Clerk, *entries: Entry) -> str:
    """Expect that nothing is kept; out: what is told."""
    before = counts(core)
    ran = take_in(clerk, *entries)
    assert (ran.code, ran.out) == (REFUSED, "")
    assert counts(core) == before
    return ran.err


@pytest.mark.parametrize(
    "twice",
    [
        lambda case: [PLACES[0], {**PLACES[0], "name": "Other"}],
        lambda case: [registration(case), registration(case, registered_on=day(19))],
        lambda case: [section(case), section(case, units=90)],
        lambda case: [dropout(case, 3), dropout(case, 2)],
    ],
)
def test_a_file_says_a_thing_once(
    core: DoorCore, clerk: Clerk, number: str, twice: Callable[[str], list[Entry]]
) -> None:
    first, second = twice(number)
    told = refused(core, clerk, first, second)
    assert re.search(r"line 4, \w+: line [13] is about the same already", told)


def test_of_a_case_the_first_problem_is_told_and_of_others_theirs(
    core: DoorCore, clerk: Clerk, number: str
) -> None:
    other = stored_case(core, stored_person(core, THI), "1a", "OPEN").number
    told = refused(
        core,
        clerk,
        registration(number, registered_on=day(40)),
        section(number),
        section(other),
        section("99999999999999"),
    )
    assert [line.split(",")[0].strip() for line in told.splitlines()[1:]] == ["line 3", "line 5", "line 6"]
    assert "nobody has the number 99999999999999" in told


def test_of_very_many_problems_the_first_are_told(core: DoorCore, clerk: Clerk) -> None:
    told = refused(core, clerk, *(dropout(str(number), 3) for number in range(53)))
    assert len(told.splitlines()) == 52
    assert told.splitlines()[-1].strip() == "… and 3 more"
    broken = clerk.config.with_name("broken.jsonl")
    broken.write_text("{}\n" * 51, encoding="utf-8")
    ran = clerk.inge("courses", "import", str(broken), "--as", "e.muster")
    assert (ran.code, "… and 1 more" in ran.err) == (REFUSED, True)


def test_later_entries_of_a_file_meet_what_earlier_ones_did(
    core: DoorCore, clerk: Clerk, number: str
) -> None:
    sections = [section(number, 18 - n, course_no=f"K-{n}", ended_on=day(17 - n), units=350) for n in (1, 3)]
    done = {"kind": "completion", "case": number, "completed_on": day(12), "course_type": "1", "b1": True}
    ran = take_in(clerk, registration(number), *sections, done)
    assert (ran.code, ran.json["new"]) == (
        OK, {"organiser": 1, "site": 1, "registration": 1, "section": 2, "completion": 1},
    )  # fmt: skip
    assert clerk.states(number)[0] == CaseState.EXHAUSTED


def test_more_than_was_granted_is_refused(core: DoorCore, clerk: Clerk, number: str) -> None:
    assert "701 of 700 granted units" in refused(
        core, clerk, registration(number), section(number, units=701)
    )


def test_who_left_and_came_back_stays_so_when_the_file_comes_again(
    core: DoorCore, clerk: Clerk, number: str
) -> None:
    back = section(number, 5, course_no="K-2", ended_on=day(2))
    file = [registration(number), section(number), dropout(number, 9), back]
    first = take_in(clerk, *file)
    assert (first.code, first.json["new"]["dropout"]) == (OK, 1)
    before = counts(core)
    assert before["course_dropout"] == 0
    again = take_in(clerk, *file)
    assert (again.code, again.json["new"], again.json["changed"]) == (OK, {}, {})
    assert counts(core) == before


def test_a_dropout_needs_a_course_that_began(core: DoorCore, clerk: Clerk, number: str) -> None:
    assert "it is REGISTERED" in refused(core, clerk, registration(number), dropout(number, 3))


def test_a_repetition_is_registered_under_its_own_number(core: DoorCore, clerk: Clerk) -> None:
    person = stored_person(core)
    first = stored_case(core, person, "1a", "EXHAUSTED", used=700)
    again = stored_case(core, person, "6", "REPEAT_ADMITTED", repeats=first.id, granted_units=300)
    core.clock.time = NOW + timedelta(days=31)
    assert take_in(clerk, registration(again.number), section(again.number)).code == OK
    assert clerk.states(again.number)[0] == CaseState.REPEAT_REGISTERED


def test_a_number_leads_to_its_case_also_after_its_person_was_merged(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--different")
    (accepted,) = clerk.later("azr:090002", waiting.uuid)
    number = accepted.berechtigung_verpflichtung.bamfkennziffer
    clerk.undo(item)
    core.clock.time = NOW + timedelta(days=31)
    assert take_in(clerk, registration(known.number or "")).code == OK
    # Its right competed with the earlier one and ended with the merging.
    assert "CANCELLED" in refused(core, clerk, registration(number))


def test_nobody_has_the_number_of_a_forgotten_person(core: DoorCore, clerk: Clerk) -> None:
    number = stored_case(core, stored_person(core, birth=""), "1a").number
    assert f"nobody has the number {number}" in refused(core, clerk, registration(number))


def test_a_file_has_its_limits(
    core: DoorCore, clerk: Clerk, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course_import, "MOST_CASES", 1)
    told = refused(core, clerk, registration(number), registration("12345678901234"))
    assert "these are 2 cases, at most 1" in told
    monkeypatch.setattr(course_import, "MOST_ENTRIES", 2)
    assert "these are 3 entries, at most 2" in refused(core, clerk, registration(number))
    monkeypatch.setattr(course_file, "_LARGEST", 100)
    ran = take_in(clerk, registration(number))
    assert (ran.code, "at most" in ran.err) == (USAGE, True)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"kind": "dropout", "case": "1", "case": "2", "dropped_on": "2026-12-01"}', "stands there twice"),
        (b'{"kind": "dropout", "case": "1"', "line 1: not JSON, or cut off"),
        (b'{"case": "1", "dropped_on": "2026-12-01"}', "line 1: kind: one of organiser, site, registration"),
        (b'{"kind": "dropout", "case": "1"}', "line 1, dropout: dropped_on: it is missing"),
        (b'{"kind": "dropout", "case": 1, "dropped_on": "2026-12-01"}', "case: string is expected"),
        (b'{"kind": "dropout", "case": "Anna", "dropped_on": "01.12.2026"}', "dropped_on: date"),
        (b'{"kind": "dropout", "case": "Anna M\xc3\xbcller", "dropped_on": "2026-12-01"}', "case: an ident"),
        (b'{"kind": "dropout", "case": "1", "dropped_on": "2026-12-01", "Anna": 1}', "a field that nobody"),
        (b'{"kind": "Anna", "case": "1"}', "line 1: kind: one of"),
        (b'\xff{"kind": "dropout"}', "line 1: not UTF-8"),
        (
            b'{"kind": "test", "case": "1", "test": "Anna", "taken_on": "2026-12-01", "organiser": "T"}',
            "line 1, test: test: 'language' or 'orientation' is expected",
        ),
        (
            b'{"kind": "test", "case": "1", "test": "language", "taken_on": "2026-12-01", "organiser": "T",'
            b' "parts": {"Anna": {}}}',
            "line 1, test: parts: 'hoeren', 'schreiben' or 'sprechen' is expected",
        ),
    ],
)
def test_a_line_that_is_no_entry_is_told_without_what_stands_there(
    core: DoorCore, clerk: Clerk, line: bytes, told: str
) -> None:
    file = clerk.config.with_name("odd.jsonl")
    file.write_bytes(line)
    ran = clerk.inge("courses", "import", str(file), "--as", "e.muster")
    assert ran.code in (REFUSED, USAGE)
    assert told in ran.err
    assert "Anna" not in ran.err


def test_a_text_may_hold_what_ends_lines_elsewhere(core: DoorCore, clerk: Clerk) -> None:
    file = clerk.config.with_name("odd.jsonl")
    file.write_text(json.dumps({**PLACES[0], "name": "A\u2028B"}, ensure_ascii=False), encoding="utf-8")
    ran = clerk.inge("courses", "import", str(file), "--as", "e.muster")
    assert "line 1, organiser: name:" in ran.err


def test_a_file_that_is_not_there(clerk: Clerk) -> None:
    ran = clerk.inge("courses", "import", "nowhere.jsonl", "--as", "e.muster")
    assert (ran.code, "No such file" in ran.err) == (USAGE, True)


def test_without_json_it_is_told_in_words(clerk: Clerk, number: str) -> None:
    file = write(clerk, [*PLACES, registration(number)])
    words = ("courses", "import", file, "--as", "e.muster", "--config", clerk.config)
    dry = inge(*words, "--dry-run")
    assert "new: 1 organiser, 1 registration, 1 site" in dry.out
    assert "nothing was written" in dry.out
    assert "known already: nothing" in inge(*words).out
    assert "known already: 1 organiser, 1 registration, 1 site" in inge(*words).out


def test_a_clerk_is_warned_of_what_agencies_are_not_told(core: DoorCore, clerk: Clerk, number: str) -> None:
    def enter(what: str, *words: str) -> Any:
        said = ("--as", "e.muster", "--reason", "letter")
        return clerk.tells("capture", what, "--number", number, *words, *said)["warnings"]

    organiser = "agencies are not told of it until organiser T-1 is known"
    day_of = ("--on", day(20), "--organiser", "T-1", "--placement-dispensable")
    assert enter("registration", *day_of) == [organiser]
    where = ("--section", "1", "--course-type", "1", "--course", "K-1", "--organiser", "T-1", "--site", "O-1")
    assert enter("section", *where, "--began", day(18)) == [
        organiser,
        "agencies are not told of it until site O-1 is known",
        "agencies are not told of it while it runs without a planned end",
    ]
    assert take_in(clerk, section(number)).json["changed"] == {"section": 1}
    planned = ("--began", day(5), "--expected-end", "2027-02-01")
    assert enter("section", *where, *planned) == []


def test_a_clerk_says_whether_a_placement_test_is_needed(clerk: Clerk, number: str) -> None:
    words = ("capture", "registration", "--number", number, "--on", day(20), "--organiser", "T-1")
    said = ("--as", "e.muster", "--reason", "letter")
    ran = clerk.inge(*words, *said)
    assert (ran.code, "placement test" in ran.err) == (REFUSED, True)
    ran = clerk.inge(*words, "--placement-test", day(19), "--placement-dispensable", *said)
    assert (ran.code, "placement test" in ran.err) == (REFUSED, True)


def test_tests_and_dropout_are_shown_with_the_case(clerk: Clerk, number: str) -> None:
    taken = {"kind": "test", "case": number, "organiser": "T-1", "taken_on": day(8)}
    take_in(
        clerk,
        registration(number),
        section(number),
        {**taken, "test": "language", "test_type": "128", "overall": "115"},
        {**taken, "test": "orientation", "passed": False},
        dropout(number, 3),
    )
    shown = clerk.tells("capture", "show", "--number", number)
    assert [(each["kind"], each["overall"], each["passed"]) for each in shown["tests"]] == [
        ("language", "115", None),
        ("orientation", None, False),
    ]
    assert shown["dropout"]["dropped_on"] == day(3)
    assert [row["reason"] for row in shown["history"]][-1] == "drop out: course data file, line 7"
    told = inge("capture", "show", "--number", number, "--config", clerk.config).out
    assert re.search(rf"language +{day(8)} +115\n *orientation +{day(8)} +failed", told)
    assert f"left the course on {day(3)}" in told
