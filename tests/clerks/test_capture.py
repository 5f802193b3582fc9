"""What a clerk enters meets what agencies report: the same persons, locks, rules and questions."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from store.records import QuestionState
from tests.clerks.test_undoing import duplicate, entitle, number_in, oblige, reply
from tests.support.clerk import Clerk
from tests.support.core import ABH2
from tests.support.door import DoorCore

SAID = ("--as", "e.muster", "--reason", "letter of today")
OBLIGED = ("right", "--art", "7", "--agency", "ags:09000009", "--agency-name", "Sozialamt")


def enter(clerk: Clerk, *words: str) -> Any:
    return clerk.tells("capture", *words, *SAID)


def question_state(core: DoorCore, uuid: str) -> str:
    with core.store.unit_of_work() as work:
        asked = work.question_for(ABH2.kennung, uuid)
    assert asked is not None
    return asked.state


def asking(core: DoorCore, number: str) -> Any:
    asked = oblige(core, "abh2", number=number)
    assert asked.row == "D06"
    return asked


def test_D43_a_revoked_right_is_not_asked_about_any_longer(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core).number or ""
    asked = asking(core, number)
    told = enter(clerk, "revoke", "--number", number)
    assert (told["after"], len(told["events"])) == ("REVOKED", 2)
    (accepted,) = clerk.later(ABH2.kennung, asked.uuid)
    assert number_in(accepted) != number
    assert clerk.rows(ABH2.kennung, asked.uuid) == ["D06", "D43"]
    assert question_state(core, asked.message.rahmen.kopf.nachrichten_uuid) == QuestionState.OBSOLETE
    assert reply(core, "abh2", asked.message, True).reason_code == "17116"


def test_D40_who_was_asked_hears_that_another_obligation_came_first(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core).number or ""
    asked = asking(core, number)
    told = enter(clerk, *OBLIGED, "--valid-until", "2027-06-30", "--number", number, "--replaces")
    assert (told["row"], told["number"]) == ("D40", number)
    assert len(told["events"]) == 2
    (refused,) = clerk.later(ABH2.kennung, asked.uuid)
    assert refused.ablehnungsgrund.code == "17109"


def test_D24_the_dead_keep_their_question_and_get_no_right(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core).number or ""
    asked = asking(core, number)
    assert enter(clerk, "death", "--number", number)["events"] == []
    assert reply(core, "abh2", asked.message, True).reason_code == "17053"


def test_a_number_of_a_merged_person_leads_to_who_it_is_today(core: DoorCore, clerk: Clerk) -> None:
    known, waiting, item = duplicate(core, clerk)
    clerk.decide(item, "--different")
    number = number_in(clerk.later(ABH2.kennung, waiting.uuid)[-1])
    merged = clerk.person_of(number)
    clerk.undo(item)
    told = enter(clerk, "death", "--number", number)
    assert told["person_id"] == clerk.person_of(known.number or "") != merged
    assert oblige(core, "abh3", number=known.number).reason_code == "17053"
    ran = clerk.inge("capture", "right", "--art", "3", "--number", number, *SAID)
    assert (ran.code, ran.json["row"]) == (1, "D24")


def test_a_captured_right_is_met_by_the_next_report(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core).number or ""
    enter(clerk, *OBLIGED, "--valid-until", "2027-06-30", "--number", number, "--replaces")
    refused = oblige(core, "abh3", number=number)
    assert (refused.row, refused.reason_code) == ("D12", "17109")


def test_a_name_that_messages_cannot_carry_is_not_entered(core: DoorCore, clerk: Clerk) -> None:
    number = entitle(core).number or ""
    words = (*OBLIGED[:-1], "Sozialamt – Mitte", "--valid-until", "2027-06-30", "--number", number)
    ran = clerk.inge("capture", *words, "--replaces", *SAID)
    assert (ran.code, "messages do not know: –" in ran.err) == (1, True)
    assert len(clerk.states(number)[1]) == 1


@pytest.mark.parametrize(
    "store_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
def test_what_the_database_quotes_of_a_person_is_not_printed(
    core: DoorCore, clerk: Clerk, tmp_path: Path
) -> None:
    with core.store.write() as connection:
        rule = "ALTER TABLE person ADD CONSTRAINT odd CHECK (surname <> 'Şahin') NOT VALID"
        connection.execute(text(rule))
    file = tmp_path / "person.toml"
    file.write_text(
        'nachname = "Şahin"\nvorname = "Leyla"\ngeburtsdatum = "1990-05-17"\ngeschlecht = "w"\n'
        'staatsangehoerigkeit = ["163"]\npostleitzahl = "90461"\n',
        encoding="utf-8",
    )
    ran = clerk.inge("capture", "right", "--art", "3", "--person", str(file), "--as", "e", "--reason", "r")
    assert (ran.code, ran.err.splitlines()[-1]) == (1, "inge: an error that nobody foresaw: CheckViolation")
    assert "Leyla" not in ran.err
    assert "DETAIL" not in ran.err
