"""Participation (070013, 080013) through the door with real bytes: the rows of the table of scope, by ids."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from fixtures import inquiries, jobcenters
from fixtures.persons import THI
from messages.group07_information import Auskunft070015, AuskunftNichtMoeglich070014
from messages.group08 import Auskunft080015, AuskunftNichtMoeglich080014, Sprachtest
from store.records import CaseRecord, PersonRecord, Registration, Section
from store.records_information import (
    BlockReport,
    CourseDropout,
    CourseSite,
    CourseTest,
    Organiser,
    Retrieval,
    Takeover,
)
from store.retrievals import RetrievalQuery, list_retrievals
from tests.support.core import ABH1, ABH2, ABH3, NOW, TGS1, TGS2, Core, new_uuid, sender
from tests.support.door import Delivered, DoorCore
from tests.support.given import BAMF, TLA, stored_case, stored_person

ADDRESS = {"strasse": "Schulstraße", "hausnummer": "4", "postleitzahl": "90402", "wohnort": "Musterstadt"}
PARTS = {name: {"result": "194", "points": "30 von 45"} for name in ("hoeren", "schreiben", "sprechen")}
TODAY = NOW.date()
PLACES = {"anmeldung", "abschnitte", "tests_sprache", "tests_orientierung", "abgelaufen"}
AUTHORITY = "dropout success registration sections absences test-dates expired former notes"
JOBCENTER = "dropout registration sections absences test-dates test-results expired former notes"


def asking(holder: str, number: str, *, renewal: bool = False) -> Any:
    if holder.startswith("abh"):
        return inquiries.participation_inquiry(
            sender(holder), new_uuid(), NOW, number, permit_renewal=renewal
        )
    return jobcenters.participation_inquiry(sender(holder), new_uuid(), NOW, number)


def told(
    core: DoorCore, holder: str, number: str, row: str, scope: str | None = None, *, renewal: bool = False
) -> Any:
    """Expect 070015 or 080015 by a row, with that scope in the log; out: the message."""
    answer = core.deliver(asking(holder, number, renewal=renewal), holder)
    assert (answer.row, answer.reason_code) == (row, None)
    assert isinstance(answer.message, Auskunft070015 if holder.startswith("abh") else Auskunft080015)
    entry = logged(core, answer)
    wanted = AUTHORITY if holder.startswith("abh") else JOBCENTER
    assert set(entry.scope) == set((scope or wanted).split())
    assert (entry.purpose, entry.answer_type) == (
        "permit-renewal" if renewal else "participation", answer.message_type,
    )  # fmt: skip
    return answer.message


def refused(core: DoorCore, holder: str, number: str, row: str, reason: str, *, renewal: bool = False) -> str:
    """Expect 070014 or 080014 by a row, logged with nothing told; out: the reason in words."""
    answer = core.deliver(asking(holder, number, renewal=renewal), holder)
    refusal = AuskunftNichtMoeglich070014 if holder.startswith("abh") else AuskunftNichtMoeglich080014
    assert isinstance(answer.message, refusal)
    assert (answer.row, answer.reason_code) == (row, reason)
    entry = logged(core, answer)
    assert (list(entry.scope), entry.reason_code, entry.row) == ([], reason, row)
    return str(answer.message.grund)


def logged(core: DoorCore, answer: Delivered) -> Retrieval:
    """The entry that the log has about an answer, the only one."""
    with core.store.read() as reader:
        found = [each for each, _ in list_retrievals(reader.connection, RetrievalQuery(), limit=100)]
    (entry,) = [each for each in found if each.uuid == answer.uuid]
    return entry


def joined(core: Core, case: CaseRecord, agency: Any, kind: str, on: date = TODAY) -> None:
    """Let an agency have taken the right of a case over."""
    with core.store.unit_of_work() as work:
        right = case.rights[0].id
        work.add_takeover(
            Takeover(work.new_id(), case.id, right, agency.kennung, agency.name, kind, on, None, NOW)
        )
        work.commit()


def attended(core: Core, case: CaseRecord, *, passed: bool | None = True, dropped: bool = False) -> None:
    """Store a whole course: registration, a section with absences, both tests, whether it was broken off."""
    with core.store.unit_of_work() as work:
        when: dict[str, Any] = {"at": NOW, "actor": "test"}
        work.put_organiser(Organiser("T-1", "Volkshochschule Musterstadt", ADDRESS, {}, **when))
        work.put_course_site(CourseSite("O-1", "T-1", ADDRESS, {"phone": "0911 1234"}, **when))
        day = date(2026, 11, 3)
        work.add_registration(Registration(work.new_id(), case.id, day, "T-1", "1", "1", day, False, **when))
        work.add_section(
            Section(
                work.new_id(), case.id, "1", "1", "K-77", "T-1", "O-1", date(2026, 11, 4),
                date(2026, 11, 20), 100, 3, 2, **when,
            )
        )  # fmt: skip
        tests: tuple[tuple[Any, ...], ...] = (
            ("language", "128", "115", None, PARTS),
            ("orientation", None, None, passed, {}),
        )
        for kind, test_type, overall, result, parts in tests:
            work.add_course_test(
                CourseTest(
                    work.new_id(), case.id, kind, date(2026, 11, 21), "T-1", test_type, overall, result,
                    parts, **when,
                )
            )  # fmt: skip
        if dropped:
            work.put_dropout(CourseDropout(case.id, date(2026, 11, 22), **when))
        work.commit()


def blocked(core: DoorCore, person: PersonRecord, agency: Any = ABH3, since: date = TODAY) -> None:
    with core.store.unit_of_work() as work:
        work.set_block(BlockReport(person.id, agency.kennung, since, NOW), "reported")
        work.commit()


@pytest.mark.parametrize("holder", ["abh1", "tgs1"])
def test_A01_nobody_fits_number_and_birth_date(core: DoorCore, holder: str) -> None:
    refused(core, holder, "12345678901234", "A01", "00057")
    other = stored_case(core, stored_person(core, THI), "1b", "OPEN", ABH1).number
    refused(core, holder, other, "A01", "00057")


@pytest.mark.parametrize(("art", "agency"), [("1a", ABH1), ("1a", ABH2), ("3", BAMF)])
def test_A02_who_is_only_entitled_is_told_of_to_nobody(core: DoorCore, art: str, agency: Any) -> None:
    number = stored_case(core, stored_person(core), art, "RUNNING", agency).number
    refused(core, "abh1", number, "A02", "17571", renewal=True)
    refused(core, "tgs1", number, "A02", "17571")


def test_A02_a_repetition_that_stands_on_no_obligation(core: DoorCore) -> None:
    person = stored_person(core)
    first = stored_case(core, person, "1a", "EXHAUSTED", ABH1, used=700)
    again = stored_case(core, person, "6", "REPEAT_REGISTERED", BAMF, repeats=first.id)
    refused(core, "abh1", again.number, "A02", "17571")


@pytest.mark.parametrize("state", ["REVOKED", "CANCELLED"])
def test_A03_withdrawn(core: DoorCore, state: str) -> None:
    number = stored_case(core, stored_person(core), "1b", state, ABH1).number
    assert "widerrufen" in refused(core, "abh1", number, "A03", "17571")


@pytest.mark.parametrize("state", ["OPEN", "RUNNING", "EXHAUSTED", "EXPIRED_UNUSED", "LAPSED_INACTIVE"])
@pytest.mark.parametrize("art", ["1b", "2"])
def test_A04_ones_own_obligation_in_every_state(core: DoorCore, art: str, state: str) -> None:
    told(core, "abh1", stored_case(core, stored_person(core), art, state, ABH1).number, "A04")


@pytest.mark.parametrize(("art", "agency"), [("5", TGS1), ("8", TGS1), ("7", TLA)])
def test_A04_A05_A06_rights_of_other_kinds_of_agency(core: DoorCore, art: str, agency: Any) -> None:
    case = stored_case(core, stored_person(core), art, "RUNNING", agency)
    refused(core, "abh1", case.number, "A06", "17572")
    told(core, "abh1", case.number, "A05", renewal=True)
    joined(core, case, ABH1, "ABH")
    told(core, "abh1", case.number, "A04")
    # What one authority took over another has not.
    refused(core, "abh2", case.number, "A06", "17572")


def test_A07_A08_obligation_of_another_immigration_authority(core: DoorCore) -> None:
    number = stored_case(core, stored_person(core), "1b", "RUNNING", ABH2).number
    assert "andere Ausländerbehörde" in refused(core, "abh1", number, "A08", "17572")
    told(core, "abh1", number, "A07", renewal=True)


@pytest.mark.parametrize("art", ["5", "8"])
def test_A09_A11_rights_of_jobcenters(core: DoorCore, art: str) -> None:
    number = stored_case(core, stored_person(core), art, "RUNNING", TGS1).number
    told(core, "tgs1", number, "A09")
    assert "anderes Jobcenter" in refused(core, "tgs2", number, "A11", "17573")


@pytest.mark.parametrize(("art", "agency"), [("1b", ABH1), ("2", ABH1), ("7", TLA)])
def test_A09_A10_a_jobcenter_and_what_it_took_over(core: DoorCore, art: str, agency: Any) -> None:
    case = stored_case(core, stored_person(core), art, "RUNNING", agency)
    refused(core, "tgs1", case.number, "A10", "17573")
    joined(core, case, TGS1, "TGS")
    told(core, "tgs1", case.number, "A09")


def test_an_authority_is_told_of_the_course_and_of_tests_the_days(core: DoorCore) -> None:
    case = stored_case(core, stored_person(core), "1b", "EXHAUSTED", ABH1, completed_on=TODAY, b1=True)
    attended(core, case)
    message = told(core, "abh1", case.number, "A04")
    assert message.kursabschluss.erfolgreich
    assert not message.kursabbruch
    assert message.anmeldung.kurstraeger.name == "Volkshochschule Musterstadt"
    (section,) = message.abschnitte
    assert (section.kurskennung, section.kursort.kursortkennziffer) == ("K-77", "O-1")
    assert (section.fehl_entschuldigt, section.fehl_unentschuldigt) == (3, 2)
    (language,), (orientation,) = message.tests_sprache, message.tests_orientierung
    assert language.testdatum == orientation.testdatum == date(2026, 11, 21)
    assert not isinstance(language, Sprachtest)


def test_a_jobcenter_is_told_the_results_of_language_tests(core: DoorCore) -> None:
    case = stored_case(core, stored_person(core), "5", "RUNNING", TGS1)
    attended(core, case, dropped=True)
    message = told(core, "tgs1", case.number, "A09")
    assert message.kursabbruch
    (language,) = message.tests_sprache
    assert (language.testart.code, language.gesamtergebnis.code) == ("128", "115")
    assert (language.ergebnis_sprechen.code, language.fertigkeit_hoeren) == ("194", "30 von 45")
    assert len(message.tests_orientierung) == 1


@pytest.mark.parametrize(
    ("b1", "passed", "success"),
    [
        (True, True, True),
        (True, False, False),
        (False, True, False),
        (False, None, False),
        (True, None, None),
    ],
)
def test_success_is_b1_and_the_orientation_test(
    core: DoorCore, b1: bool, passed: bool | None, success: bool | None
) -> None:
    """§ 17 (2) IntV; while a result is not known that decides nothing is said."""
    case = stored_case(core, stored_person(core), "1b", "EXHAUSTED", ABH1, completed_on=TODAY, b1=b1)
    attended(core, case, passed=passed)
    end = told(core, "abh1", case.number, "A04").kursabschluss
    assert (None if end is None else end.erfolgreich) is success


def test_nothing_is_said_of_success_before_the_course_is_completed(core: DoorCore) -> None:
    case = stored_case(core, stored_person(core), "1b", "RUNNING", ABH1)
    attended(core, case)
    assert told(core, "abh1", case.number, "A04").kursabschluss is None


def test_a_repetition_goes_on_where_the_obligation_ended(core: DoorCore) -> None:
    """By both numbers the same: sections of both, and the note 17584 with its days."""
    person = stored_person(core)
    first = stored_case(core, person, "1b", "EXHAUSTED", ABH1, used=700, completed_on=TODAY, b1=False)
    again = stored_case(
        core, person, "6", "REPEAT_REGISTERED", BAMF, repeats=first.id, registered_on=date(2026, 11, 10)
    )
    attended(core, again)
    for number in (first.number, again.number):
        message = told(core, "abh1", number, "A04")
        assert message.kursabschluss.erfolgreich is False
        assert [each.kurskennung for each in message.abschnitte] == ["K-77"]
        (note,) = message.hinweise
        assert note.bamfkennziffer == first.number
        information = note.information_sachbearbeitung
        assert information.code == "17584"
        assert "01.11.2026" in information.name
        assert "10.11.2026" in information.name


def test_earlier_cases_are_told_without_places(core: DoorCore) -> None:
    """What was before: days and kinds; an obligation whose time is over with its agency and end."""
    person = stored_person(core)
    lapsed = stored_case(
        core, person, "5", "LAPSED_INACTIVE", TGS2, opened_on=date(2024, 1, 1),
        last_activity=date(2024, 3, 1), registered_on=date(2024, 2, 1),
    )  # fmt: skip
    attended(core, lapsed)
    expired = stored_case(
        core, person, "2", "EXPIRED_UNUSED", ABH2, opened_on=date(2024, 2, 1), until=date(2024, 12, 31)
    )
    weak = stored_case(core, person, "1a", "EXPIRED_UNUSED", ABH3, opened_on=date(2024, 2, 2))
    current = stored_case(core, person, "1b", "OPEN", ABH1, opened_on=date(2026, 11, 2))
    message = told(core, "abh1", current.number, "A04")
    assert message.anmeldung is None
    assert message.fruehere_anmeldungen == (date(2026, 11, 3),)
    assert [each.beginndatum for each in message.fruehere_abschnitte] == [date(2026, 11, 4)]
    assert message.fruehere_tests_sprache == message.fruehere_tests_orientierung == (date(2026, 11, 21),)
    over = [
        (each.ausstellende_behoerde.bezeichnung, each.ende, each.nicht_wahrgenommen, each.behoerdentyp.code)
        for each in message.abgelaufen
    ]
    assert over == [
        (TGS2.name, date(2025, 4, 1), False, "2"),
        (ABH2.name, date(2024, 12, 31), True, "1"),
    ]
    notes = [(each.bamfkennziffer, each.information_sachbearbeitung.code) for each in message.hinweise]
    assert notes == [(lapsed.number, "17580")]
    assert weak.number not in {number for number, _ in notes}
    # Who asks by an old number of its own is not told what came after it.
    older = told(core, "abh2", expired.number, "A04")
    assert [each.ausstellende_behoerde.bezeichnung for each in older.abgelaufen] == [TGS2.name, ABH2.name]


def test_a_case_that_will_lapse_and_a_death_are_noted(core: DoorCore) -> None:
    person = stored_person(core, deceased=True)
    case = stored_case(core, person, "1b", "RUNNING", ABH1, last_activity=date(2026, 2, 23))
    first, second = told(core, "abh1", case.number, "A04").hinweise
    assert first.information_sachbearbeitung.code == "17581"
    assert "23.03.2027" in first.information_sachbearbeitung.name
    assert second.information_sachbearbeitung.code == "17582"


def test_after_nine_months_to_the_day_nothing_is_noted_yet(core: DoorCore) -> None:
    case = stored_case(core, stored_person(core), "1b", "RUNNING", ABH1, last_activity=date(2026, 2, 24))
    assert told(core, "abh1", case.number, "A04").hinweise == ()


def test_a_block_hides_places_from_whom_the_person_is_not_obliged_to(core: DoorCore) -> None:
    person = stored_person(core)
    case = stored_case(core, person, "1b", "RUNNING", ABH2)
    attended(core, case, dropped=True)
    blocked(core, person)
    message = told(core, "abh1", case.number, "A07", "dropout success former notes", renewal=True)
    assert message.kursabbruch
    assert not any(getattr(message, name) for name in PLACES)
    # Whom the person is obliged to, and who reported the block, know them.
    assert told(core, "abh2", case.number, "A04").abschnitte
    assert told(core, "abh3", case.number, "A07", renewal=True).abschnitte


def test_a_takeover_is_no_way_around_a_block(core: DoorCore) -> None:
    person = stored_person(core)
    case = stored_case(core, person, "7", "RUNNING", TLA)
    attended(core, case)
    joined(core, case, TGS1, "TGS", on=date(2026, 11, 10))
    blocked(core, person)
    taking = core.deliver(inquiries.takeover(ABH1, new_uuid(), NOW, case.number))
    assert taking.row == "T13"
    assert not any(getattr(taking.message, name) for name in PLACES)
    told(core, "abh1", case.number, "A04", "dropout success former notes")
    # Who had joined before needs what it had all along.
    assert told(core, "tgs1", case.number, "A09").abschnitte


def test_course_data_without_a_known_organiser_are_left_out(core: DoorCore) -> None:
    """Old data, from before organisers had names: what cannot be written is not told, the rest is."""
    case = stored_case(core, stored_person(core), "1b", "RUNNING", ABH1, used=100)
    message = told(core, "abh1", case.number, "A04")
    assert (message.anmeldung, message.abschnitte) == (None, ())


def test_a_repeated_question_is_answered_the_same_and_logged_once(core: DoorCore) -> None:
    case = stored_case(core, stored_person(core), "1b", "RUNNING", ABH1)
    message = asking("abh1", case.number)
    first = core.deliver(message)
    attended(core, case)
    again = core.deliver(message)
    assert again.repeated
    assert again.document == first.document
    logged(core, first)
    changed = replace(message, identifikation=replace(message.identifikation, bamfkennziffer="1"))
    assert core.refused(changed).code == "S999.uuid-reused"
