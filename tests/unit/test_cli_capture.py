"""`inge capture right` and `repetition` on both engines: decided by the table, journaled, told."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from adapters.cli.console import REFUSED
from gateway.cases.state import state_on
from gateway.validity import add_months
from store.case_files import find_person, history_of_case, history_of_person
from tests.support.capturing import KINDS, LEYLA, TGS, TODAY, UNTIL, Clerk, clerk_at, decided, done
from tests.support.cli import inge
from tests.support.stores import open_test_store


@pytest.fixture
def clerk(tmp_path: Path, store_url: str) -> Clerk:
    return clerk_at(tmp_path, store_url)


@pytest.mark.parametrize("art", KINDS)
def test_D01_a_right_of_a_new_person(clerk: Clerk, art: str) -> None:
    told = decided(clerk.right(art, person=LEYLA), "D01", "ACC")
    case = clerk.case(told["number"])
    (right,) = case.rights
    assert (right.art, right.valid_from, right.party_uuid) == (art, TODAY, None)
    until = {"3": add_months(TODAY, 12), "4": None}.get(art, date.fromisoformat(UNTIL))
    assert right.valid_until == until
    (row,) = clerk.read(lambda connection: history_of_case(connection, case.id))
    assert (row.actor, row.reason) == ("e.muster", "letter of 1 December")
    (journaled,) = clerk.journal()
    assert journaled["actor"] == "e.muster"
    assert (journaled["row"], journaled["number"]) == ("D01", told["number"])
    assert "Şahin" not in json.dumps(journaled, ensure_ascii=False)
    person = clerk.read(lambda connection: find_person(connection, case.person_id))
    assert (person.surname, person.first_name, person.birth) == ("Şahin", "Leyla", "1990-05-17")
    assert person.details["anschrift"] == {"postleitzahl": "90461"}


def test_a_person_as_toml_and_one_without_first_name(clerk: Clerk, tmp_path: Path) -> None:
    path = tmp_path / "person.toml"
    path.write_text(
        'nachname = "Teodorescu"\nvorname = false\ngeburtsdatum = 1990-05-17\ngeschlecht = "m"\n'
        'staatsangehoerigkeit = "163"\npostleitzahl = "90461"\ngeburtsname = "Ionescu"\n'
        'fruehere_nachnamen = ["Popa"]\n',
        encoding="utf-8",
    )
    told = clerk.does("right", "--art", "3", "--person", str(path))
    person = clerk.read(lambda connection: find_person(connection, clerk.case(told["number"]).person_id))
    assert person.first_name is None
    assert person.details["fruehere_nachnamen"] == [{"text": "Popa"}]


@pytest.mark.parametrize("art", ["5", "7", "8"])
def test_D25_free_movement(clerk: Clerk, art: str) -> None:
    decided(clerk.right(art, person={**LEYLA, "staatsangehoerigkeit": "000"}), "D25", "REJ", "17112")
    (journaled,) = clerk.journal()
    assert (journaled["verdict"], journaled["row"], journaled["number"]) == ("REJ", "D25", None)


def test_D32_an_end_in_the_past(clerk: Clerk) -> None:
    words = ("right", "--art", "5", *TGS, "--valid-until", (TODAY - timedelta(days=1)).isoformat())
    decided(clerk.run(*words, "--person", str(clerk.file(LEYLA))), "D32", "REJ", "17099")


def test_I02_a_key_hit_is_for_the_clerk_to_say(clerk: Clerk) -> None:
    number = clerk.given("3")
    ran = clerk.right("7", person=LEYLA)
    assert (ran.code, ran.json["verdict"], ran.json["row"]) == (REFUSED, "PARKED", None)
    (candidate,) = ran.json["candidates"]
    assert candidate["numbers"] == [number]
    assert candidate["name"] == "Şahin, Leyla"
    # I05: different; remembered for the pair, and the new person is a hit from now on.
    told = decided(clerk.right("7", "--different-from", str(candidate["id"]), person=LEYLA), "D01", "ACC")
    assert told["branch"] == "I05"
    new = clerk.case(told["number"]).person_id
    assert new != candidate["id"]
    store = open_test_store(clerk.url)
    with store.unit_of_work() as work:
        assert work.homonyms_of([new]) == {frozenset({new, candidate["id"]})}
    store.close()
    again = clerk.right("8", "--different-from", str(candidate["id"]), person=LEYLA)
    assert [each["id"] for each in again.json["candidates"]] == [new]
    # I04: the same, by number.
    decided(clerk.right("8", "--number", number), "D15", "ACC")


def test_D40_the_clerk_says_whether_an_obligation_replaces(clerk: Clerk) -> None:
    number = clerk.given("3")
    told = decided(clerk.right("7", "--number", number), "D40", "CLERK")
    assert (told["existing"]["number"], told["existing"]["art"]) == (number, "3")
    assert clerk.case(number).rights[0].status == "CURRENT"
    assert len(clerk.journal()) == 1
    decided(clerk.right("7", "--keeps", "--number", number), "D40", "REJ", "17099")
    assert len(clerk.case(number).rights) == 1
    told = decided(clerk.right("7", "--replaces", "--number", number), "D40", "ACC")
    assert told["number"] == number
    assert [(right.art, right.status) for right in clerk.case(number).rights] == [
        ("3", "REPLACED"),
        ("7", "CURRENT"),
    ]
    decided(clerk.right("7", "--number", number), "D41", "REJ", "17109")


@pytest.mark.parametrize(
    ("held", "art", "row", "reason"),
    [
        ("5", "7", "D41", "17109"),
        ("7", "7", "D41", "17109"),
        ("4", "7", "D41", "17110"),
        ("8", "7", "D41", "17145"),
        ("3", "3", "D42", "17104"),
        ("5", "3", "D45", "17107"),
        ("7", "3", "D45", "17107"),
        ("4", "3", "D45", "17108"),
        ("8", "3", "D45", "17119"),
        ("4", "4", "D38", "17104"),
        ("4", "5", "D14", "17110"),
        ("5", "5", "D37", "17109"),
        ("8", "8", "D37", "17145"),
        ("7", "5", "D16", "17109"),
    ],
)
def test_D14_D16_D37_D38_D41_D42_D45_refused(
    clerk: Clerk, held: str, art: str, row: str, reason: str
) -> None:
    number = clerk.given(held)
    decided(clerk.right(art, "--number", number), row, "REJ", reason)
    assert len(clerk.case(number).rights) == 1


def test_D32_the_text_is_told_beside_the_row(clerk: Clerk) -> None:
    number = clerk.given("3")
    words = ("--number", number, "--agency", "ags:1", "--agency-name", "Amt", "--valid-until", "2026-01-01")
    user = ("--as", "e.muster", "--reason", "letter", "--config", str(clerk.config))
    ran = inge("capture", "right", "--art", "7", *words, *user)
    first, text = ran.out.strip().splitlines()
    assert first.startswith("refused: 17099 (D32: ")
    assert "lies before today" in text


def test_D19_an_expired_right_is_as_none(clerk: Clerk) -> None:
    number = clerk.given("5")
    clerk.advance(201)
    told = decided(clerk.right("3", "--number", number), "D19", "ACC")
    assert told["number"] != number


def test_D39_a_resettler_meets_a_right(clerk: Clerk) -> None:
    number = clerk.given("3")
    decided(clerk.right("4", "--number", number), "D39", "CLERK")
    decided(clerk.right("4", "--replaces", "--number", number), "D39", "ACC")


def test_D43_after_a_revocation_the_rest_of_the_contingent(clerk: Clerk) -> None:
    number = clerk.given("3")
    clerk.registers(number)
    clerk.section(number, 100)
    assert clerk.does("revoke", "--number", number)["after"] == "REVOKED"
    told = decided(clerk.right("7", "--number", number), "D43", "ACC")
    assert clerk.case(told["number"]).granted_units == 600
    assert clerk.does("cancel", "--number", told["number"])["after"] == "CANCELLED"
    assert "needs" in clerk.refused("cancel", "--number", told["number"])


def test_D20_a_lapsed_case_leaves_what_was_not_used(clerk: Clerk) -> None:
    number = clerk.given("3")
    clerk.registers(number)
    clerk.section(number, 100)
    clerk.advance(400)
    today = TODAY + timedelta(days=400)
    assert state_on(clerk.case(number), today) == "LAPSED_INACTIVE"
    assert "LAPSED_INACTIVE" in clerk.refused("completion", "--number", number, *done(), "--b1")
    told = decided(clerk.right("3", "--number", number), "D20", "ACC")
    assert clerk.case(told["number"]).granted_units == 600


def test_D22_D33_D44_D46_a_course_is_taken_once_and_repeated_once(clerk: Clerk) -> None:
    number = clerk.given("3")
    decided(clerk.run("repetition", "--number", number), "D46", "REJ", "17050")
    clerk.registers(number)
    clerk.section(number, 100, "--course-type", "4")
    clerk.does("completion", "--number", number, "--on", TODAY.isoformat(), "--course-type", "4", "--no-b1")
    assert clerk.case(number).state == "EXHAUSTED"
    decided(clerk.right("7", "--number", number), "D22", "REJ", "17050")
    told = decided(clerk.run("repetition", "--number", number), "D33", "ACC")
    repeat = clerk.case(told["number"])
    assert (repeat.state, repeat.granted_units, repeat.rights[0].art) == ("REPEAT_ADMITTED", 300, "6")
    assert repeat.repeats == clerk.case(number).id
    decided(clerk.run("repetition", "--number", number), "D46", "REJ", "17050")
    decided(clerk.right("7", "--number", number), "D44", "REJ", "17050")
    clerk.registers(told["number"])
    assert clerk.case(told["number"]).state == "REPEAT_REGISTERED"
    clerk.section(told["number"], 300)
    assert clerk.case(told["number"]).state == "EXHAUSTED"


def test_D46_a_course_with_B1_or_of_another_type_is_not_repeated(clerk: Clerk) -> None:
    for birth, course_type, b1 in (("1990-01-01", "4", "--b1"), ("1990-01-02", "1", "--no-b1")):
        number = clerk.given("3", {**LEYLA, "geburtsdatum": birth})
        clerk.registers(number)
        clerk.section(number, 100, "--course-type", course_type)
        words = ("--on", TODAY.isoformat(), "--course-type", course_type, b1)
        clerk.does("completion", "--number", number, *words)
        decided(clerk.run("repetition", "--number", number), "D46", "REJ", "17050")


def test_D24_the_dead_get_no_right(clerk: Clerk) -> None:
    number = clerk.given("3")
    clerk.does("death", "--number", number, "--on", TODAY.isoformat())
    assert "known already" in clerk.refused("death", "--number", number)
    decided(clerk.right("7", "--number", number), "D24", "REJ", "17053")
    person = clerk.read(lambda connection: find_person(connection, clerk.case(number).person_id))
    assert (person.deceased, person.died_on) == (True, TODAY)
    (row,) = clerk.read(lambda connection: history_of_person(connection, person.id))
    assert (row.what, row.actor, row.reason) == ("deceased", "e.muster", "letter of 1 December")


def test_D25_who_became_a_German_is_not_obliged(clerk: Clerk) -> None:
    number = clerk.given("3")
    words = ("nationality", "--number", number, "--state", "163", "--state", "000")
    clerk.does(*words)
    assert "known already" in clerk.refused(*words)
    decided(clerk.right("7", "--number", number), "D25", "REJ", "17112")
