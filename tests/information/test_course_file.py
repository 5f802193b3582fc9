"""Course data from a file or a clerk's entries to the agency that asks: by `inge`, then the door."""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.cli.console import OK, REFUSED
from fixtures import demo, inquiries, jobcenters
from fixtures.persons import LEYLA, obligation_1b
from messages.frame import Message
from store.case_files import find_case, history_of_case
from tests.support.clerk import Clerk
from tests.support.cli import Ran
from tests.support.core import ABH1, NOW, TGS1, new_uuid
from tests.support.door import DoorCore

DOCUMENTED = Path(__file__).parents[2] / "docs" / "course-data.md"
NUMBER_OF_THE_DOCUMENT = "39602125743224"
FILE_OF_THE_DEMO = Path(demo.__file__).with_name("courses.jsonl")
UNTIL = date(2027, 11, 20)
SAID = ("--as", "e.muster", "--reason", "letter of today")
TEST = {
    "kind": "test", "test": "language", "taken_on": "2026-12-20", "organiser": "T-0001", "test_type": "128",
    "overall": "115", "parts": {"hoeren": {"result": "194", "points": "34 von 45"}},
}  # fmt: skip


@pytest.fixture
def clerk(core: DoorCore, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Clerk:
    return Clerk(core, tmp_path, store_url, monkeypatch)


@pytest.fixture
def number(core: DoorCore) -> str:
    """The number of a person that an immigration authority obliged a month ago."""
    found = core.deliver(obligation_1b(ABH1, new_uuid(), NOW, LEYLA)).number
    assert found is not None
    core.clock.advance(days=31)
    return found


def documented(number: str) -> list[dict[str, Any]]:
    """The file that the documentation shows, for another case."""
    (block,) = re.findall(r"```json\n(.*?)```", DOCUMENTED.read_text(encoding="utf-8"), re.DOTALL)
    return [json.loads(line) for line in block.replace(NUMBER_OF_THE_DOCUMENT, number).splitlines()]


def take_in(clerk: Clerk, entries: list[Mapping[str, Any]] | list[dict[str, Any]], *more: str) -> Ran:
    file = clerk.config.with_name("courses.jsonl")
    file.write_text("\n".join(json.dumps(each) for each in entries), encoding="utf-8")
    return clerk.inge("courses", "import", str(file), "--as", "e.muster", *more)


def asked(core: DoorCore, message: Message, holder: str = "abh1") -> Any:
    return core.deliver(message, holder).message


def asked_by_its_authority(core: DoorCore, number: str) -> Any:
    return asked(core, inquiries.participation_inquiry(ABH1, new_uuid(), core.clock.now(), number))


def stored(core: DoorCore, number: str) -> Any:
    """Everything of a case, with its history and the number of rows in the journal about courses."""
    with core.store.read() as reader:
        case = find_case(reader.connection, number)
        assert case is not None
        history = list(history_of_case(reader.connection, case.id))
        entries = len([row for row in reader.journal(unsealed=True) if row.kind == "clerk"])
    with core.store.unit_of_work() as work:
        return case, history, entries, work.course_data(case.id)


def test_the_documented_file_is_told_to_the_agency_that_obliged(
    core: DoorCore, clerk: Clerk, number: str
) -> None:
    before = stored(core, number)
    assert take_in(clerk, documented(number), "--dry-run").code == OK
    assert stored(core, number) == before
    ran = take_in(clerk, documented(number))
    assert (ran.code, ran.json["new"]) == (
        OK,
        dict.fromkeys(("organiser", "site", "registration", "section"), 1),
    )
    told = asked_by_its_authority(core, number)
    assert (told.anmeldung.kursanmeldedatum, told.anmeldung.einstufungstest) == (date(2026, 12, 1), None)
    (section,) = told.abschnitte
    assert (section.endedatum.tag, section.endedatum.tatsaechlich) == (date(2027, 2, 12), False)
    assert (section.kurstraeger.name, section.kursort.anschrift.hausnummer) == (
        "Volkshochschule Musterstadt", "5",
    )  # fmt: skip
    assert (section.fehl_entschuldigt, section.fehl_unentschuldigt) == (None, None)


def test_the_same_file_twice_changes_nothing(core: DoorCore, clerk: Clerk, number: str) -> None:
    file = [*documented(number), {**TEST, "case": number}]
    assert take_in(clerk, file).code == OK
    before = stored(core, number)
    again = take_in(clerk, file)
    assert (again.code, again.json["new"], sum(again.json["known"].values())) == (OK, {}, 5)
    assert stored(core, number) == before


def test_each_change_is_in_the_history_and_each_case_in_the_journal(
    core: DoorCore, clerk: Clerk, number: str
) -> None:
    _, history, entries, _ = stored(core, number)
    take_in(clerk, documented(number), "--reason", "delivery of 1 December")
    _, later, after, _ = stored(core, number)
    new = later[len(history) :]
    assert [(each.after, each.actor) for each in new] == [
        ("REGISTERED", "e.muster"),
        ("RUNNING", "e.muster"),
    ]
    assert all("delivery of 1 December" in each.reason for each in new)
    assert after > entries


def test_a_section_ends_and_results_come_by_a_later_file(core: DoorCore, clerk: Clerk, number: str) -> None:
    places = documented(number)
    without_results = {name: TEST[name] for name in ("kind", "test", "taken_on", "organiser", "test_type")}
    assert take_in(clerk, [*places, {**without_results, "case": number}]).code == OK
    ended = {**places[-1], "ended_on": "2026-12-22", "units": 60, "absent_excused": 4, "absent_unexcused": 1}
    file = [ended, {**TEST, "case": number}, {"kind": "dropout", "case": number, "dropped_on": "2026-12-23"}]
    for _ in range(2):
        assert take_in(clerk, file).code == OK
    told = asked_by_its_authority(core, number)
    (section,) = told.abschnitte
    assert (section.endedatum.tag, section.endedatum.tatsaechlich) == (date(2026, 12, 22), True)
    assert (section.fehl_entschuldigt, section.fehl_unentschuldigt) == (4, 1)
    assert told.kursabbruch
    assert [each.testdatum for each in told.tests_sprache] == [date(2026, 12, 20)]
    case, _, _, data = stored(core, number)
    assert (case.used_units, len(data.sections), len(data.tests)) == (60, 1, 1)


def test_a_jobcenter_is_told_the_results(core: DoorCore, clerk: Clerk) -> None:
    report = jobcenters.obligation(TGS1, new_uuid(), NOW, UNTIL, LEYLA)
    number = core.deliver(report, "tgs1").number or ""
    core.clock.advance(days=31)
    assert take_in(clerk, [*documented(number), {**TEST, "case": number}]).code == OK
    question = jobcenters.participation_inquiry(TGS1, new_uuid(), core.clock.now(), number)
    (test,) = asked(core, question, "tgs1").tests_sprache
    assert (test.testart.code, test.gesamtergebnis.code) == ("128", "115")
    assert (test.ergebnis_hoeren.code, test.fertigkeit_hoeren) == ("194", "34 von 45")
    assert (test.ergebnis_sprechen, test.kurstraeger.traegerkennziffer) == (None, "T-0001")


def test_the_file_of_the_demo_fits(core: DoorCore, clerk: Clerk, number: str) -> None:
    text = FILE_OF_THE_DEMO.read_text(encoding="utf-8")
    for name, value in {"number": number, "today": "2026-12-25", "later": "2027-03-05"}.items():
        text = text.replace(f"{{{name}}}", value)
    assert take_in(clerk, [json.loads(line) for line in text.splitlines()]).code == OK
    told = asked_by_its_authority(core, number)
    assert told.anmeldung
    assert told.abschnitte
    assert told.tests_sprache


@pytest.mark.parametrize(
    ("entry", "changes", "words"),
    [
        (0, {"name": " "}, "name"),
        (0, {"name": "Schule ☃"}, "DIN 91379"),
        (0, {"telefon": "0911"}, "a field that nobody knows"),
        (0, {"address": {"strasse": "Am Lernpfad", "postleitzahl": "9040", "wohnort": "X"}}, "postleitzahl"),
        (1, {"organiser": "T-9999"}, "T-9999"),
        (2, {"registered_on": "2027-01-01"}, "not yet"),
        (2, {"registered_on": 20261201}, "registered_on"),
        (2, {"course_type": "99"}, "kursart"),
        (2, {"placement_dispensable": False}, "placement"),
        (3, {"site": "O-9999"}, "O-9999"),
        (3, {"began_on": "2026-11-30"}, "registered on"),
        (3, {"expected_end": None}, "expected_end"),
        (3, {"ended_on": "2026-12-22"}, "units"),
        (3, {"ended_on": "2026-12-22", "units": 5000}, "units"),
        (3, {"ended_on": "2026-12-22", "units": -1}, "units"),
        (3, {"kind": "holiday"}, "kind"),
        (3, {"case": "11111111111111"}, "nobody has the number"),
        (4, {"overall": "194"}, "abschlusstestdatensprache"),
        (4, {"parts": {"lesen": {"result": "194"}}}, "parts"),
        (4, {"passed": True}, "passed"),
        (4, {"taken_on": "2027-01-01"}, "not yet"),
    ],
)
def test_one_wrong_line_keeps_the_whole_file_out(
    core: DoorCore, clerk: Clerk, number: str, entry: int, changes: dict[str, Any], words: str
) -> None:
    before = stored(core, number)
    file = [*documented(number), {**TEST, "case": number}]
    file[entry] = {**file[entry], **changes}
    ran = take_in(clerk, file)
    assert ran.code == REFUSED
    assert f"line {entry + 1}" in ran.err
    assert words in ran.err
    assert stored(core, number) == before
    with core.store.unit_of_work() as work:
        assert (work.organiser("T-0001"), work.course_site("O-0001")) == (None, None)


def test_what_is_no_entry_is_told_by_line_without_its_text(core: DoorCore, clerk: Clerk, number: str) -> None:
    file = clerk.config.with_name("broken.jsonl")
    file.write_bytes(b'\xef\xbb\xbf\n["Leyla"]\n{"kind": "dropout", "case": "1", "dropped_on": "Leyla"\n')
    ran = clerk.inge("courses", "import", str(file), "--as", "e.muster")
    assert ran.code == REFUSED
    assert "line 2" in ran.err
    assert "line 3" in ran.err
    assert "line 1" not in ran.err
    assert "Leyla" not in ran.err


@pytest.mark.parametrize(
    ("entry", "changes"),
    [
        (2, {"course_type": "4"}),
        (3, {"course_type": "4"}),
        (3, {"ended_on": "2026-12-22", "units": 80, "absent_excused": 4, "absent_unexcused": 1}),
    ],
)
def test_a_file_corrects_nothing_that_counts(
    core: DoorCore, clerk: Clerk, number: str, entry: int, changes: dict[str, Any]
) -> None:
    file = documented(number)
    file[3] |= {"ended_on": "2026-12-22", "units": 60, "absent_excused": 4, "absent_unexcused": 1}
    assert take_in(clerk, file).code == OK
    before = stored(core, number)
    file[entry] = {**file[entry], **changes}
    ran = take_in(clerk, file)
    assert ran.code == REFUSED
    assert f"line {entry + 1}" in ran.err
    assert "stored" in ran.err
    assert stored(core, number) == before


def test_entry_by_entry_it_is_told_the_same(core: DoorCore, clerk: Clerk, number: str) -> None:
    place = ("--street", "Am Lernpfad", "--house-number", "3", "--postcode", "90402", "--town", "Musterstadt")
    of_case, held = ("--number", number), ("--organiser", "T-0001")

    def enter(what: str, *words: str) -> None:
        clerk.tells("capture", what, *words, *SAID)

    enter("registration", *of_case, "--on", "2026-12-01", *held, "--placement-test", "2026-12-02")
    where = ("--section", "1", "--course-type", "1", "--course", "K-0001", *held, "--site", "O-0001")
    enter("section", *of_case, *where, "--began", "2026-12-07", "--expected-end", "2027-02-12")
    # Nobody has told name and address yet: that is left out.
    told = asked_by_its_authority(core, number)
    assert (told.anmeldung, told.abschnitte) == (None, ())
    enter("organiser", *held, "--name", "Volkshochschule Musterstadt", *place, "--phone", "0911 0000-1")
    enter("site", "--site", "O-0001", *held, *place)
    tested = ("--kind", "language", "--on", "2026-12-20", *held, "--test-type", "128", "--overall", "115")
    enter("test", *of_case, *tested, "--part", "hoeren:194:34 von 45")
    enter("dropout", *of_case, "--on", "2026-12-21")
    told = asked_by_its_authority(core, number)
    assert told.anmeldung.einstufungstest == date(2026, 12, 2)
    assert told.abschnitte[0].endedatum.tag == date(2027, 2, 12)
    assert told.kursabbruch
    assert [each.testdatum for each in told.tests_sprache] == [date(2026, 12, 20)]
    assert told.tests_sprache[0].kurstraeger.kontaktdaten[0].zugangsinfo == "0911 0000-1"
