"""What a Jobcenter reports (080001, 080010), through the door with real bytes: named after the rows."""

from datetime import date
from typing import Any

import pytest

from adapters.client import read_document
from fixtures import jobcenters
from fixtures.persons import LEYLA, Person, entitlement, obligation_1b, with_nationalities
from messages.errors import CATALOGUE
from messages.frame import Message
from messages.group08 import Akzeptanz080003, Dublette080004, NichtMoeglich080005, RahmenTGS
from messages.mitteilung import Mitteilung
from messages.service import HoleNachrichten
from store.records import RightStatus
from tests.support.core import ABH1, ABH2, NOW, TGS1, TGS2, new_uuid, sender
from tests.support.desk import ask, request
from tests.support.door import Delivered, DoorCore
from tests.support.given import BAMF, BVA, TLA, cases_of, stored_case, stored_person
from tests.support.pki import shared_pki

UNTIL = date(2027, 6, 30)
ISSUERS = {
    "1a": ABH2, "1b": ABH2, "2": ABH2, "3": BAMF, "4": BVA, "5": TGS2, "6": BAMF, "7": TLA, "8": TGS2,
}  # fmt: skip
ACTIVE = ["OPEN", "REGISTERED", "RUNNING"]
ARTS = ["5", "8"]
pytestmark = pytest.mark.parametrize("art", ARTS)


def report(art: str, holder: str = "tgs1", person: Person = LEYLA, number: str | None = None) -> Message:
    """An obligation or an admission by a Jobcenter."""
    make = jobcenters.obligation if art == "5" else jobcenters.admission
    return make(sender(holder), new_uuid(), NOW, UNTIL, person, number=number)


def met(core: DoorCore, held: str, state: str = "OPEN", agency: Any = None, **changes: Any) -> str:
    """Put a right into the store; out: its number."""
    return stored_case(core, stored_person(core), held, state, agency or ISSUERS[held], **changes).number


def refused(core: DoorCore, art: str, number: str | None, row: str, reason: str) -> NichtMoeglich080005:
    """Send and expect 080005 by a row, with nothing stored beside the record."""
    before = core.counts()
    answer = core.deliver(report(art, number=number), "tgs1")
    after = core.counts()
    assert (answer.row, answer.reason_code, answer.number) == (row, reason, None)
    assert isinstance(answer.message, NichtMoeglich080005)
    assert answer.message.ablehnungsgrund.code == reason
    assert all(after[name] == before[name] for name in ("person", "case_file", "work_item"))
    return answer.message


def accepted(core: DoorCore, message: Message, row: str, holder: str = "tgs1") -> Delivered:
    answer = core.deliver(message, holder)
    assert answer.row == row
    assert isinstance(answer.message, Akzeptanz080003)
    assert answer.number
    return answer


def test_D01_none_is_accepted(core: DoorCore, art: str) -> None:
    message = report(art)
    answer = accepted(core, message, "D01")
    body = answer.message
    right = body.zulassung_verpflichtung
    assert (right.art.code, right.bamfkennziffer) == (art, answer.number)
    assert (right.gueltig_von, right.gueltig_bis) == (date(2026, 11, 24), UNTIL)
    assert right.teilnahme_unbefristet is False
    assert right.ausstellende_behoerde.bezeichnung == TGS1.name
    assert (body.abgeloeste_berechtigung, body.information_sachbearbeitung) == (None, ())
    assert isinstance(body.rahmen, RahmenTGS)
    assert body.rahmen.ausloeser_uuid == message.rahmen.kopf.nachrichten_uuid
    assert body.rahmen.kopf.leser.kennung == TGS1.kennung


def test_D14_resettler_is_never_obliged(core: DoorCore, art: str) -> None:
    refused(core, art, met(core, "4", until=None), "D14", "17110")


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize("held", ["1a", "3"])
def test_D15_replaces_without_a_question_and_names_what_it_replaced(
    core: DoorCore, art: str, held: str, state: str
) -> None:
    number = met(core, held, state, used=100)
    answer = accepted(core, report(art, number=number), "D15")
    body = answer.message
    assert answer.number == number
    assert [each.code for each in body.information_sachbearbeitung] == ["17143"]
    replaced = body.abgeloeste_berechtigung
    assert (replaced.art.code, replaced.bamfkennziffer) == (held, number)
    assert replaced.ausstellende_behoerde.bezeichnung == ISSUERS[held].name
    with core.store.unit_of_work() as work:
        person = work.person_by_number(number)
    assert person is not None
    (case,) = cases_of(core, person.id)
    statuses = {right.art: right.status for right in case.rights}
    assert statuses == {held: RightStatus.REPLACED, art: RightStatus.CURRENT}
    assert (case.state, case.used_units, case.granted_units) == (state, 100, 700)


@pytest.mark.parametrize("told", [True, False])
def test_D15_the_agency_whose_right_was_replaced_is_told(core: DoorCore, art: str, told: bool) -> None:
    core = DoorCore(core.store, shared_pki(), notify_replaced=told)
    first = entitlement(ABH2, new_uuid(), NOW)
    number = core.deliver(first, "abh2").number
    accepted(core, report(art, number=number), "D15")
    fetched = ask(core, request(HoleNachrichten, ABH2), "abh2").nachrichten
    if not told:
        assert fetched == ()
        return
    (later,) = fetched
    assert later.nachrichten_uuid == first.rahmen.kopf.nachrichten_uuid
    notice = read_document(later.dokument)
    assert isinstance(notice, Mitteilung)
    assert (notice.sachverhalt, notice.bamfkennziffer) == ("berechtigung-ersetzt", number)
    assert (notice.neues_recht, notice.stelle) == (art, TGS1.name)
    assert notice.geschehen_am == date(2026, 11, 24)
    assert "Jobcenters" in notice.text_deutsch


def test_D15_nobody_is_told_of_a_captured_right(core: DoorCore, art: str) -> None:
    accepted(core, report(art, number=met(core, "3")), "D15")
    with core.store.read() as reader:
        assert reader.connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar_one() == 0


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize("held", ["1b", "2", "7"])
def test_D16_obligation_of_another_kind_of_agency_may_be_taken_over(
    core: DoorCore, art: str, held: str, state: str
) -> None:
    number = met(core, held, state)
    body = refused(core, art, number, "D16", "17109")
    assert body.kann_uebernommen_werden is True
    assert [each.code for each in body.information_sachbearbeitung] == ["17117"]
    shown = body.aktuelle_berechtigung_verpflichtung
    assert shown is not None
    assert (shown.art.code, shown.bamfkennziffer) == (held, number)


def test_D17_obligation_of_another_jobcenter(core: DoorCore, art: str) -> None:
    body = refused(core, art, met(core, "5"), "D17", "17109")
    assert body.kann_uebernommen_werden is False


def test_D18_admission_of_another_jobcenter(core: DoorCore, art: str) -> None:
    body = refused(core, art, met(core, "8"), "D18", "17145")
    assert body.kann_uebernommen_werden is False


@pytest.mark.parametrize(("held", "reason"), [("5", "17109"), ("8", "17145")])
def test_D37_own_right_of_the_same_jobcenter(core: DoorCore, art: str, held: str, reason: str) -> None:
    number = accepted(core, report(held), "D01").number
    refused(core, art, number, "D37", reason)


@pytest.mark.parametrize(("held", "reason"), [("1b", "17109"), ("7", "17109")])
def test_D47_what_was_taken_over_is_no_more_to_be_taken_over(
    core: DoorCore, art: str, held: str, reason: str
) -> None:
    number = met(core, held)
    core.deliver(jobcenters.takeover(TGS1, new_uuid(), NOW, number), "tgs1")
    body = refused(core, art, number, "D47", reason)
    assert body.kann_uebernommen_werden is False


@pytest.mark.parametrize(
    ("state", "row", "used"),
    [("EXPIRED_UNUSED", "D19", 0), ("LAPSED_INACTIVE", "D20", 100), ("REVOKED", "D43", 100)],
)
def test_D19_D20_D43_what_does_not_count_any_more(
    core: DoorCore, art: str, state: str, row: str, used: int
) -> None:
    number = met(core, "1a", state, used=used)
    answer = accepted(core, report(art, number=number), row)
    assert answer.number != number
    with core.store.unit_of_work() as work:
        case = work.case_by_number(str(answer.number))
    assert case is not None
    assert case.granted_units == 700 - used


def test_D21_D22_one_participation(core: DoorCore, art: str) -> None:
    refused(core, art, met(core, "1a", "LAPSED_INACTIVE", used=700), "D21", "17050")
    refused(core, art, met(core, "1a", "EXHAUSTED"), "D22", "17050")


@pytest.mark.parametrize("state", ["REPEAT_ADMITTED", "REPEAT_REGISTERED"])
def test_D23_repeater(core: DoorCore, art: str, state: str) -> None:
    refused(core, art, met(core, "6", state), "D23", "17050")


def test_D24_deceased(core: DoorCore, art: str) -> None:
    number = stored_case(core, stored_person(core, deceased=True), "1a", "EXHAUSTED", ABH2).number
    refused(core, art, number, "D24", "17053")


def test_D25_free_movement(core: DoorCore, art: str) -> None:
    answer = core.deliver(report(art, person=with_nationalities(LEYLA, "000")), "tgs1")
    assert (answer.row, answer.reason_code) == ("D25", "17112")


def test_D31_the_strongest_active_case_counts(core: DoorCore, art: str) -> None:
    person = stored_person(core)
    number = stored_case(core, person, "1a", "EXPIRED_UNUSED", ABH1).number
    stored_case(core, person, "1b", "OPEN", ABH2)
    refused(core, art, number, "D16", "17109")


def test_D32_a_date_that_is_over(core: DoorCore, art: str) -> None:
    make = jobcenters.obligation if art == "5" else jobcenters.admission
    answer = core.deliver(make(TGS1, new_uuid(), NOW, date(2026, 11, 23)), "tgs1")
    assert (answer.row, answer.reason_code) == ("D32", "17099")
    assert answer.message.beschreibung == CATALOGUE["17099.valid-until-past"].render_de()


@pytest.mark.parametrize("limited", ["orientation", "language"])
def test_D34_a_clerk_weighs_a_right_for_one_part(core: DoorCore, art: str, limited: str) -> None:
    answer = core.deliver(report(art, number=met(core, "1a", limited=limited)), "tgs1")
    assert (answer.row, answer.reason_code) == ("D34", "17001")
    assert isinstance(answer.message, Dublette080004)
    assert core.counts()["work_item"] == 1


@pytest.mark.parametrize("held", ["1a", "1b"])
def test_I02_a_suspicion_names_whom_to_call(core: DoorCore, art: str, held: str) -> None:
    make = entitlement if held == "1a" else obligation_1b
    core.deliver(make(ABH1, new_uuid(), NOW), "abh1")
    answer = core.deliver(report(art), "tgs1")
    body = answer.message
    assert isinstance(body, Dublette080004)
    assert (answer.row, answer.reason_code) == (None, "17001")
    contact = body.rahmen.ansprechpartner
    assert contact is not None
    assert contact.kontaktdaten
    again = core.deliver(report(art, "tgs2"), "tgs2")
    assert isinstance(again.message, Dublette080004)
    assert core.counts()["work_item"] == 1


def test_I08_a_number_that_does_not_fit_goes_to_a_clerk(core: DoorCore, art: str) -> None:
    answer = core.deliver(report(art, number="12345678901234"), "tgs1")
    assert isinstance(answer.message, Dublette080004)
    assert core.counts()["person"] == 0


def test_a_resend_gets_the_same_document(core: DoorCore, art: str) -> None:
    message = report(art)
    first, again = core.deliver(message, "tgs1"), core.deliver(message, "tgs1")
    assert again.repeated
    assert again.document == first.document
    assert core.counts()["case_file"] == 1


def test_an_immigration_authority_must_not_report_as_a_jobcenter(core: DoorCore, art: str) -> None:
    make = jobcenters.obligation if art == "5" else jobcenters.admission
    fehler = core.refused(make(ABH1, new_uuid(), NOW, UNTIL), "abh1")
    assert fehler.code == "T070.type-not-allowed"
