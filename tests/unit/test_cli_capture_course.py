"""`inge capture` on both engines: the way through the course, and entries that cannot be taken."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import fixtures.persons as persons
from adapters.cli.console import OK, REFUSED, USAGE
from gateway.cases.state import state_on
from store.case_files import history_of_case
from tests.support.capturing import KINDS, LEYLA, TGS, TODAY, UNTIL, Clerk, clerk_at, done
from tests.support.cli import inge
from tests.support.pki import shared_pki


@pytest.fixture
def clerk(tmp_path: Path, store_url: str) -> Clerk:
    return clerk_at(tmp_path, store_url)


def test_a_course_from_registration_to_completion(clerk: Clerk) -> None:
    number = clerk.given("3")
    day = TODAY.isoformat()
    advice = ("--course-type", "1", "--section", "1", "--placement-test", day)
    words = ("--on", day, "--organiser", "T-100", *advice)
    told = clerk.does("registration", "--number", number, *words)
    assert (told["before"], told["after"], told["number"]) == ("OPEN", "REGISTERED", number)
    assert "REGISTERED" in clerk.refused("registration", "--number", number, *words)
    where = ("--section", "1", "--course-type", "1", "--course", "K", "--organiser", "T", "--site", "O")
    told = clerk.does("section", "--number", number, *where, "--began", day)
    assert told["after"] == "RUNNING"
    assert "no end yet" in clerk.refused("section", "--number", number, *where, "--began", day)
    end = ("--ended", day, "--units", "100", "--absent-unexcused", "3")
    assert clerk.does("section-end", "--number", number, *end)["after"] == "RUNNING"
    assert "no section is under way" in clerk.refused("section-end", "--number", number, *end)
    assert clerk.case(number).used_units == 100
    told = clerk.does("completion", "--number", number, *done(), "--b1")
    assert (told["before"], told["after"]) == ("RUNNING", "EXHAUSTED")
    case = clerk.case(number)
    assert (case.b1, case.completed_on, case.course_type, case.registered_on) == (True, TODAY, "1", TODAY)
    rows = clerk.read(lambda connection: history_of_case(connection, case.id))
    assert {row.actor for row in rows} == {"e.muster"}
    assert [row["capture"] for row in clerk.journal()] == [
        "right",
        "registration",
        "section",
        "section end",
        "completion",
    ]


def test_a_case_is_shown_with_all_that_became_of_it(clerk: Clerk) -> None:
    number = clerk.given("3")
    clerk.registers(number)
    clerk.section(number, 100)
    clerk.does("death", "--number", number)
    shown = inge("capture", "show", "--number", number, "--config", clerk.config, "--json").json
    assert (shown["state"], shown["case"]["used_units"], shown["person"]["deceased"]) == (
        "RUNNING",
        100,
        True,
    )
    assert [len(shown[part]) for part in ("registrations", "sections", "history_of_person")] == [1, 1, 1]
    assert [row["after"] for row in shown["history"]] == ["OPEN", "REGISTERED", "RUNNING", "RUNNING"]
    told = inge("capture", "show", "--number", number, "--config", clerk.config).out
    for words in (
        "100 of 700 units used",
        "Şahin, Leyla, born 1990-05-17 (deceased)",
        "e.muster",
        "deceased",
    ):
        assert words in told
    history = told[told.index("when (UTC)") :]
    places = [history.index(words) for words in ("register:", "begin section:", "end section:", "deceased")]
    assert places == sorted(places)
    ran = inge("capture", "show", "--number", "12", "--config", clerk.config)
    assert (ran.code, "nobody has the number 12" in ran.err) == (REFUSED, True)


def test_the_last_unit_exhausts(clerk: Clerk) -> None:
    number = clerk.given("3")
    clerk.registers(number)
    assert clerk.section(number, 700)["after"] == "EXHAUSTED"


def test_a_registered_case_does_not_expire_but_cannot_be_registered_after_its_end(clerk: Clerk) -> None:
    number, late = clerk.given("5"), clerk.given("5", {**LEYLA, "geburtsdatum": "1991-01-01"})
    clerk.registers(number)
    clerk.advance(201)
    today = TODAY + timedelta(days=201)
    assert state_on(clerk.case(number), today) == "REGISTERED"
    words = ("--on", TODAY.isoformat(), "--organiser", "T", "--placement-dispensable")
    assert "EXPIRED_UNUSED" in clerk.refused("registration", "--number", late, *words)


@pytest.mark.parametrize(
    "words",
    [
        ("registration", "--on", "2026-11-01", "--organiser", "T", "--placement-dispensable"),
        ("death",),
        ("nationality", "--state", "163"),
        ("revoke",),
        ("cancel",),
        ("repetition",),
        ("right", "--art", "3"),
    ],
)
def test_a_number_that_nobody_has(clerk: Clerk, words: tuple[str, ...]) -> None:
    command, *more = words
    assert "nobody has the number 12" in clerk.refused(command, "--number", "12", *more)
    assert clerk.journal() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"nachname": ""}, "nachname: a text is expected"),
        ({"nachname": "Ω"}, "nachname: it has characters that DIN 91379 does not know"),
        ({"geburtsdatum": "17.5.1990"}, "geburtsdatum: a date such as 1990-05-17"),
        ({"geburtsdatum": "1990-02-30"}, "geburtsdatum: a date such as 1990-05-17"),
        ({"geschlecht": "q"}, "geschlecht: 'q' is not in urn:xoev-de:xinneres:codeliste:geschlecht"),
        ({"staatsangehoerigkeit": "99999"}, "staatsangehoerigkeit: '99999' is not in"),
        ({"staatsangehoerigkeit": []}, "staatsangehoerigkeit: one to four"),
        ({"postleitzahl": "9046"}, "postleitzahl: five digits"),
        ({"telefon": "1"}, "telefon: nobody knows this field"),
        ({"fruehere_nachnamen": "Popa"}, "fruehere_nachnamen: a list of texts"),
    ],
)
def test_a_person_that_cannot_be_read(clerk: Clerk, changes: dict[str, Any], problem: str) -> None:
    ran = clerk.right("3", person={**LEYLA, **changes})
    assert ran.code == USAGE
    assert problem in ran.err


def test_all_that_is_wrong_with_a_person_is_told_at_once(clerk: Clerk) -> None:
    ran = clerk.right("3", person={})
    assert all(f"{name}: it is missing" in ran.err for name in LEYLA)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("right", "--art", "3"), "--number or --person"),
        (("right", "--art", "3", "--number", "1", "--different-from", "5"), "--different-from goes with"),
        (("right", "--art", "5", "--number", "1"), "--agency"),
        (("right", "--art", "5", "--number", "1", "--agency", "dbs:9"), "--agency-name"),
        (("registration", "--number", "1", "--on", "1.12.2026", "--organiser", "T"), "--on: '1.12.2026'"),
        (("section-end", "--number", "1", "--ended", "soon", "--units", "1"), "--ended: 'soon'"),
    ],
)
def test_a_command_that_cannot_run(clerk: Clerk, words: tuple[str, ...], told: str) -> None:
    ran = clerk.run(*words)
    assert ran.code == USAGE
    assert told in ran.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("right", "--art", "1a", *TGS), "is not captured: 3, 4, 5, 7, 8"),
        (("right", "--art", "5", *TGS), "has the end that the agency set"),
        (("right", "--art", "3", "--valid-until", UNTIL), "follows from the law"),
        (("registration", "--on", "2026-12-01", "--organiser", "T", "--section", "99"), "'99' is not in"),
    ],
)
def test_an_entry_that_is_refused(clerk: Clerk, words: tuple[str, ...], told: str) -> None:
    number = clerk.given("4")
    command, *more = words
    assert told in clerk.refused(command, "--number", number, *more)


def test_who_enters_something_says_who_and_why(clerk: Clerk) -> None:
    assert clerk.run("revoke", "--number", "1", user=" ").code == USAGE
    assert clerk.run("revoke", "--number", "1", reason="").code == USAGE
    ran = inge("capture", "revoke", "--number", "1", "--reason", "x", "--config", clerk.config)
    assert ran.code == USAGE


def test_without_json_it_is_told_in_words(clerk: Clerk) -> None:
    said = ("--as", "e.muster", "--reason", "letter", "--config", clerk.config)
    path = clerk.file(LEYLA)
    ran = inge("capture", "right", "--art", "3", "--person", path, *said)
    assert ran.out.startswith("entered: number ")
    ran = inge("capture", "right", "--art", "7", *KINDS["7"], "--person", path, *said)
    assert "--different-from" in ran.out
    number = ran.out.split()[-1]
    ran = inge("capture", "right", "--art", "7", *KINDS["7"], "--number", number, *said)
    assert "--replaces or --keeps (D40:" in ran.out
    ran = inge("capture", "right", "--art", "3", "--number", number, *said)
    assert ran.out.startswith("refused: 17104 (D42:")
    ran = inge("capture", "revoke", "--number", number, *said)
    assert "OPEN → REVOKED" in ran.out


def test_the_agency_is_named_as_it_is_registered(clerk: Clerk) -> None:
    kennung = persons.ABH_MUSTERSTADT.kennung
    certificate = shared_pki().directory / "abh1.crt.pem"
    said = ("--name", "Als TGS", "--certificate", certificate, "--config", clerk.config)
    assert inge("party", "add", kennung, *said).code == OK
    words = ("right", "--art", "5", "--agency", kennung, "--valid-until", UNTIL)
    told = clerk.does(*words, "--person", str(clerk.file(LEYLA)))
    assert clerk.case(told["number"]).rights[0].agency_name == "Als TGS"
