"""Each row of the decision table, through the door with real bytes: named after its id."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from fixtures.persons import (
    LEYLA,
    THI,
    Person,
    decision,
    entitlement,
    obligation_1a,
    obligation_1b,
    obligation_3,
    with_nationalities,
    with_title,
)
from messages.codes import code
from messages.errors import CATALOGUE
from messages.frame import Message
from messages.group07 import Akzeptanz070003, NichtMoeglich070005
from store.records import CaseRecord, CaseState, PersonRecord, RightRecord, RightStatus
from tests.support.core import ABH1, ABH2, AGENCIES, NOW, new_uuid
from tests.support.door import DoorCore

UNTIL = date(2027, 6, 30)


def report(art: str, holder: str, person: Person = LEYLA, number: str | None = None) -> Message:
    """A report of a kind of right by an agency."""
    agency = AGENCIES[holder]
    if art == "1a":
        return entitlement(agency, new_uuid(), NOW, person, number=number)
    if art == "1b":
        return obligation_1b(agency, new_uuid(), NOW, person, number=number)
    assert art == "2"
    return obligation_3(agency, new_uuid(), NOW, UNTIL, person, number=number)


def existing(core: DoorCore, art: str, holder: str, person: Person = LEYLA) -> str:
    """Let an agency report a right first; out: its number."""
    answer = core.deliver(report(art, holder, person), holder)
    assert answer.number is not None
    return answer.number


def refused(core: DoorCore, message: Message, holder: str, row: str, reason: str) -> NichtMoeglich070005:
    """Send and expect 070005 by a row, with nothing stored beside the record."""
    before = core.counts()
    answer = core.deliver(message, holder)
    body = answer.message
    after = core.counts()
    assert (answer.row, answer.reason_code, answer.number) == (row, reason, None)
    assert isinstance(body, NichtMoeglich070005)
    assert body.ablehnungsgrund.code == reason
    assert (after["person"], after["case_file"]) == (before["person"], before["case_file"])
    assert after["work_item"] == before["work_item"]
    return body


@pytest.mark.parametrize(
    ("message", "art", "until"),
    [
        (report("1a", "abh1"), "1a", date(2027, 11, 24)),
        (obligation_1a(ABH1, new_uuid(), NOW), "1b", None),
        (report("1b", "abh1"), "1b", None),
        (report("2", "abh1"), "2", UNTIL),
    ],
    ids=["070001", "070008", "070009", "070010"],
)
def test_D01_none_is_accepted(core: DoorCore, message: Message, art: str, until: date | None) -> None:
    answer = core.deliver(message)
    body = answer.message
    assert answer.row == "D01"
    assert isinstance(body, Akzeptanz070003)
    right = body.berechtigung_verpflichtung
    assert right.art.code == art
    assert right.bamfkennziffer == answer.number
    assert right.gueltig_von == date(2026, 11, 24)
    assert right.gueltig_bis == until
    assert right.teilnahme_unbefristet is (until is None)
    assert right.ausstellende_behoerde.bezeichnung == ABH1.name
    assert body.rahmen.ausloeser_uuid == message.rahmen.kopf.nachrichten_uuid
    assert core.counts()["case_file"] == 1


@pytest.mark.parametrize("holder", ["abh2", "abh3"])
def test_D02_entitlement_of_another_agency(core: DoorCore, holder: str) -> None:
    number = existing(core, "1a", holder)
    body = refused(core, report("1a", "abh1", number=number), "abh1", "D02", "17108")
    assert AGENCIES[holder].name in body.beschreibung
    shown = body.aktuelle_berechtigung_verpflichtung
    assert shown is not None
    assert shown.bamfkennziffer == number
    assert body.kann_uebernommen_werden is False


def test_D02_admission_by_bamf_has_its_own_code(core: DoorCore) -> None:
    """No door brings a right of kind 3 yet, so it is put into the store."""
    number = store_admission(core)
    body = refused(core, report("1a", "abh1", number=number), "abh1", "D02", "17111")
    assert body.beschreibung == CATALOGUE["17111"].render_de()


@pytest.mark.parametrize("art", ["1b", "2"])
def test_D03_obligation_of_another_agency_outranks(core: DoorCore, art: str) -> None:
    number = existing(core, art, "abh2")
    body = refused(core, report("1a", "abh1", number=number), "abh1", "D03", "17107")
    assert ABH2.name in body.beschreibung


@pytest.mark.parametrize("yes", [True, False])
def test_D10_answer_without_open_question(core: DoorCore, yes: bool) -> None:
    message = decision(ABH1, new_uuid(), NOW, new_uuid(), yes)
    body = refused(core, message, "abh1", "D10", "17116")
    assert body.aktuelle_berechtigung_verpflichtung is None


@pytest.mark.parametrize("held", ["1b", "2"])
@pytest.mark.parametrize("asked", ["1b", "2"])
def test_D11_no_second_obligation_of_another_agency(core: DoorCore, held: str, asked: str) -> None:
    number = existing(core, held, "abh2")
    body = refused(core, report(asked, "abh1", number=number), "abh1", "D11", "17109")
    assert ABH2.name in body.beschreibung


@pytest.mark.parametrize("asked", ["1a", "1b", "2"])
def test_D19_expired_unused_counts_as_none(core: DoorCore, asked: str) -> None:
    number = existing(core, "1a", "abh2")
    core.clock.time = datetime(2027, 11, 24, 22, 59, tzinfo=UTC)
    still = core.deliver(report("1a", "abh1", number=number))
    assert still.row == "D02"
    core.clock.time = datetime(2027, 11, 24, 23, 1, tzinfo=UTC)
    later = report(asked, "abh1", number=number)
    if asked == "2":
        later = replace(later, gueltig_bis=date(2028, 5, 1))  # type: ignore[type-var]
    answer = core.deliver(later)
    assert answer.row == "D19"
    assert answer.number not in (None, number)
    assert core.counts()["person"] == 1
    assert core.counts()["case_file"] == 2


@pytest.mark.parametrize("nationality", ["000", "151", "149"])
@pytest.mark.parametrize("art", ["1b", "2"])
def test_D25_free_movement_cannot_be_obliged(core: DoorCore, art: str, nationality: str) -> None:
    person = with_nationalities(LEYLA, "163", nationality)
    body = refused(core, report(art, "abh1", person), "abh1", "D25", "17112")
    assert body.aktuelle_berechtigung_verpflichtung is None


def test_D25_hinders_no_entitlement(core: DoorCore) -> None:
    answer = core.deliver(report("1a", "abh1", with_nationalities(LEYLA, "000")))
    assert answer.row == "D01"


def test_D25_looks_at_what_is_stored_too(core: DoorCore) -> None:
    number = existing(core, "1a", "abh2", with_nationalities(LEYLA, "151"))
    refused(core, report("1b", "abh1", with_nationalities(LEYLA, "163"), number), "abh1", "D25", "17112")


@pytest.mark.parametrize(("swiss", "row"), [(True, "D25"), (False, "D01")])
def test_D25_switzerland_by_setting(core: DoorCore, swiss: bool, row: str) -> None:
    core = DoorCore(core.store, core.pki, swiss_free_movement=swiss)
    answer = core.deliver(report("1b", "abh1", with_nationalities(LEYLA, "158")))
    assert answer.row == row


@pytest.mark.parametrize(
    ("held", "asked", "reason"),
    [("1a", "1a", "17104"), ("1b", "1b", "17109"), ("2", "1b", "17109"), ("1b", "2", "17109")],
)
def test_D30_same_kind_of_the_same_agency(core: DoorCore, held: str, asked: str, reason: str) -> None:
    number = existing(core, held, "abh1")
    refused(core, report(asked, "abh1", number=number), "abh1", "D30", reason)


@pytest.mark.parametrize("held", ["1b", "2"])
def test_D36_own_obligation_outranks_own_entitlement(core: DoorCore, held: str) -> None:
    number = existing(core, held, "abh1")
    body = refused(core, report("1a", "abh1", number=number), "abh1", "D36", "17108")
    assert ABH1.name in body.beschreibung


def test_D32_end_before_today(core: DoorCore) -> None:
    message = obligation_3(ABH1, new_uuid(), NOW, date(2026, 11, 23))
    body = refused(core, message, "abh1", "D32", "17099")
    assert body.beschreibung == CATALOGUE["17099.valid-until-past"].render_de()
    answer = core.deliver(obligation_3(ABH1, new_uuid(), NOW, date(2026, 11, 24)))
    assert answer.row == "D01"


@pytest.mark.parametrize("title", ["ENTF", "AKN", "STAT-01"])
def test_D32_residence_title_of_another_sender(core: DoorCore, title: str) -> None:
    person = with_title(LEYLA, code("aufenthaltstitel", title))
    body = refused(core, report("1a", "abh1", person), "abh1", "D32", "17099")
    assert title in body.beschreibung


@pytest.mark.parametrize("holder", ["abh1", "abh2"])
@pytest.mark.parametrize("asked", ["1b", "2"])
def test_a_point_without_row_is_not_decided_and_uses_up_no_uuid(
    core: DoorCore, holder: str, asked: str
) -> None:
    """An obligation that meets a mere entitlement (D06, D29) waits for its rows."""
    number = existing(core, "1a", "abh2")
    before = core.counts()
    message = report(asked, holder, number=number)
    for _ in range(2):
        assert core.refused(message, holder).code == "T200.not-yet-decidable"
    after = core.counts()
    assert after.pop("journal") == before.pop("journal") + 2
    assert after == before
    with core.store.read() as reader:
        rows = reader.journal_of(message.rahmen.kopf.nachrichten_uuid)
        assert [row.code for row in rows] == ["T200.not-yet-decidable"] * 2
        content = reader.journaled_content(rows[0])
        assert content is not None
        assert message.rahmen.kopf.nachrichten_uuid.encode() in content


@pytest.mark.parametrize(("unlimited", "until"), [(True, None), (False, date(2027, 11, 24))])
def test_term_of_1b_by_setting(core: DoorCore, unlimited: bool, until: date | None) -> None:
    core = DoorCore(core.store, core.pki, unlimited_1b=unlimited)
    body = core.deliver(report("1b", "abh1", THI)).message
    assert body.berechtigung_verpflichtung.gueltig_bis == until
    assert body.berechtigung_verpflichtung.teilnahme_unbefristet is unlimited


def store_admission(core: DoorCore) -> str:
    """Put a person with an admission by BAMF (3) into the store; out: the number."""
    number = "12345678901234"
    with core.store.unit_of_work() as work:
        person_id, case_id = work.new_id(), work.new_id()
        work.add_person(
            PersonRecord(person_id, 7, "weit", "weg", LEYLA.personalien.geburtsdatum.iso, "w", "Weit", "Weg")
        )
        right = RightRecord(
            work.new_id(), case_id, "3", "dbs:000100", "Bundesamt (Demo)", date(2026, 11, 1),
            date(2027, 11, 1), False, RightStatus.CURRENT, False, False, NOW,
        )  # fmt: skip
        work.add_case(CaseRecord(case_id, person_id, number, CaseState.OPEN, date(2026, 11, 1), (right,)))
        work.commit()
    return number
