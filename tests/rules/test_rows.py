"""Each row of the decision table, through the door with real bytes: named after its id."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

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
from gateway.questions import close_overdue
from messages.codes import code
from messages.errors import CATALOGUE
from messages.frame import Message
from messages.group07 import Akzeptanz070003, Anfrage070006, Dublette070004, NichtMoeglich070005
from store.records import MessageRef, WorkItem
from tests.support.core import ABH1, ABH2, AGENCIES, NOW, TGS1, new_uuid
from tests.support.door import Delivered, DoorCore
from tests.support.given import BAMF, BVA, TLA, stored_case, stored_person

UNTIL = date(2027, 6, 30)
ISSUERS = {
    "1a": ABH2, "1b": ABH2, "2": ABH2, "3": BAMF, "4": BVA, "5": TGS1, "6": BAMF, "7": TLA, "8": TGS1,
}  # fmt: skip
"""Who issues which right, never the agency that asks."""
ACTIVE = ["OPEN", "REGISTERED", "RUNNING"]
OBLIGATIONS = ["1b", "2"]


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


def met(core: DoorCore, art: str, state: str = "OPEN", agency: Any = None, **changes: Any) -> str:
    """Put a right that no door of today brings, or a state, into the store; out: the number."""
    return stored_case(core, stored_person(core), art, state, agency or ISSUERS[art], **changes).number


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


@pytest.mark.parametrize("state", ACTIVE)
def test_D02_admission_by_bamf_has_its_own_code(core: DoorCore, state: str) -> None:
    number = met(core, "3", state)
    body = refused(core, report("1a", "abh1", number=number), "abh1", "D02", "17111")
    assert body.beschreibung == CATALOGUE["17111"].render_de()


@pytest.mark.parametrize("art", ["1b", "2"])
def test_D03_obligation_of_another_agency_outranks(core: DoorCore, art: str) -> None:
    number = existing(core, art, "abh2")
    body = refused(core, report("1a", "abh1", number=number), "abh1", "D03", "17107")
    assert ABH2.name in body.beschreibung


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize("art", ["1b", "2", "5", "7"])
def test_D03_any_obligation_outranks_in_every_active_state(core: DoorCore, art: str, state: str) -> None:
    body = refused(core, report("1a", "abh1", number=met(core, art, state)), "abh1", "D03", "17107")
    assert ISSUERS[art].name in body.beschreibung
    assert body.kann_uebernommen_werden is False


@pytest.mark.parametrize("state", ACTIVE)
def test_D04_admission_by_a_jobcenter_outranks(core: DoorCore, state: str) -> None:
    body = refused(core, report("1a", "abh1", number=met(core, "8", state)), "abh1", "D04", "17119")
    assert TGS1.name in body.beschreibung


@pytest.mark.parametrize("state", ACTIVE)
def test_D05_resettler_is_entitled_already(core: DoorCore, state: str) -> None:
    refused(core, report("1a", "abh1", number=met(core, "4", state, until=None)), "abh1", "D05", "17108")


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize("held", ["1a", "3"])
@pytest.mark.parametrize("asked", OBLIGATIONS)
def test_D06_the_agency_is_asked(core: DoorCore, held: str, asked: str, state: str) -> None:
    number = met(core, held, state)
    answer = core.deliver(report(asked, "abh1", number=number))
    body = answer.message
    assert isinstance(body, Anfrage070006)
    assert (answer.row, answer.reason_code, answer.number) == ("D06", "17121", None)
    assert body.beschreibung == CATALOGUE["17121"].render_de()
    shown = body.aktuelle_berechtigung
    assert (shown.art.code, shown.bamfkennziffer) == (held, number)
    assert core.counts()["case_file"] == 1


def test_D06_also_for_lack_of_simple_german(core: DoorCore) -> None:
    message = obligation_1a(ABH1, new_uuid(), NOW, number=met(core, "1a"))
    assert core.deliver(message).row == "D06"


def asked_and_told(core: DoorCore, yes: bool) -> tuple[str, Delivered]:
    """Let the question arise and be answered; out: the number and the answer."""
    number = existing(core, "1a", "abh2")
    question = core.deliver(report("1b", "abh1", number=number))
    uuid = question.message.rahmen.kopf.nachrichten_uuid
    return number, core.deliver(decision(ABH1, new_uuid(), NOW, uuid, yes))


def test_D07_yes_replaces(core: DoorCore) -> None:
    """More about questions: tests/door/test_questions.py."""
    number, answer = asked_and_told(core, True)
    assert (answer.row, answer.number, answer.message_type) == ("D07", number, "070003")


def test_D08_no_keeps(core: DoorCore) -> None:
    _, answer = asked_and_told(core, False)
    assert (answer.row, answer.number, answer.message_type) == ("D08", None, "quittung")


def test_D09_silence_keeps(core: DoorCore) -> None:
    question = core.deliver(report("1b", "abh1", number=existing(core, "1a", "abh2")))
    core.clock.advance(days=31)
    assert close_overdue(core.store, core.pipeline.tools) == 1
    with core.store.read() as reader:
        record = reader.decisions(MessageRef(ABH1.kennung, question.uuid))[-1]
    assert (record.row, record.effect, record.answer_type) == ("D09", "nothing-stored", "quittung")


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


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize("held", ["5", "7"])
@pytest.mark.parametrize("asked", OBLIGATIONS)
def test_D12_obligation_of_another_kind_of_agency_may_be_taken_over(
    core: DoorCore, held: str, asked: str, state: str
) -> None:
    body = refused(core, report(asked, "abh1", number=met(core, held, state)), "abh1", "D12", "17109")
    assert ISSUERS[held].name in body.beschreibung
    assert body.kann_uebernommen_werden is True
    assert [info.code for info in body.information_sachbearbeitung] == ["17117"]
    assert body.aktuelle_berechtigung_verpflichtung is not None


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize("asked", OBLIGATIONS)
def test_D13_admission_by_a_jobcenter_may_be_taken_over(core: DoorCore, asked: str, state: str) -> None:
    body = refused(core, report(asked, "abh1", number=met(core, "8", state)), "abh1", "D13", "17145")
    assert body.kann_uebernommen_werden is True
    assert [info.code for info in body.information_sachbearbeitung] == ["17118"]


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize("asked", OBLIGATIONS)
def test_D14_resettler_is_never_obliged(core: DoorCore, asked: str, state: str) -> None:
    number = met(core, "4", state, until=None)
    body = refused(core, report(asked, "abh1", number=number), "abh1", "D14", "17110")
    assert body.kann_uebernommen_werden is False


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


def granted(core: DoorCore, answer: Delivered, row: str, old: str) -> int:
    """Expect a new case with a number of its own; out: its units."""
    assert (answer.row, answer.message_type) == (row, "070003")
    assert answer.number not in (None, old)
    with core.store.unit_of_work() as work:
        case = work.case_by_number(str(answer.number))
    assert case is not None
    return case.granted_units


@pytest.mark.parametrize("asked", ["1a", "1b", "2"])
def test_D20_lapsed_with_hours_left_gives_the_remaining_ones(core: DoorCore, asked: str) -> None:
    number = met(core, "1a", "LAPSED_INACTIVE", used=300)
    answer = core.deliver(report(asked, "abh1", number=number))
    assert granted(core, answer, "D20", number) == 400
    assert core.counts()["person"] == 1


def test_D20_lapsed_by_date_alone(core: DoorCore) -> None:
    """Nobody wrote the state yet: more than thirteen months went by without activity."""
    number = met(
        core, "1b", "RUNNING", used=100, registered_on=date(2025, 8, 1), last_activity=date(2025, 10, 20)
    )
    assert granted(core, core.deliver(report("1b", "abh1", number=number)), "D20", number) == 600


def test_D20_hours_of_several_lapsed_cases_add_up(core: DoorCore) -> None:
    person = stored_person(core)
    first = stored_case(core, person, "1a", "LAPSED_INACTIVE", ABH2, used=300)
    core.clock.advance(days=1)
    second = stored_case(core, person, "1a", "LAPSED_INACTIVE", ABH2, used=100, granted_units=400)
    answer = core.deliver(report("1a", "abh1", number=second.number))
    assert granted(core, answer, "D20", first.number) == 300


@pytest.mark.parametrize("asked", ["1a", "1b", "2"])
def test_D21_lapsed_without_hours_is_refused(core: DoorCore, asked: str) -> None:
    number = met(core, "1a", "LAPSED_INACTIVE", used=700)
    refused(core, report(asked, "abh1", number=number), "abh1", "D21", "17050")


@pytest.mark.parametrize("held", ["1a", "2", "3", "4", "6", "8"])
@pytest.mark.parametrize("asked", ["1a", "1b", "2"])
def test_D22_one_participation_only(core: DoorCore, held: str, asked: str) -> None:
    number = met(core, held, "EXHAUSTED", used=700)
    refused(core, report(asked, "abh1", number=number), "abh1", "D22", "17050")


@pytest.mark.parametrize("state", ["REPEAT_ADMITTED", "REPEAT_REGISTERED"])
@pytest.mark.parametrize("asked", ["1a", "1b", "2"])
def test_D23_repeater(core: DoorCore, asked: str, state: str) -> None:
    number = met(core, "6", state, granted_units=300)
    body = refused(core, report(asked, "abh1", number=number), "abh1", "D23", "17050")
    assert body.kann_uebernommen_werden is False


@pytest.mark.parametrize("asked", ["1a", "1b", "2"])
@pytest.mark.parametrize("state", ["OPEN", "EXHAUSTED", "EXPIRED_UNUSED"])
def test_D24_deceased_comes_before_everything(core: DoorCore, asked: str, state: str) -> None:
    person = stored_person(core, with_nationalities(LEYLA, "000"), deceased=True)
    number = stored_case(core, person, "1a", state, ABH2).number
    body = refused(core, report(asked, "abh1", number=number), "abh1", "D24", "17053")
    assert body.aktuelle_berechtigung_verpflichtung is None


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


@pytest.mark.parametrize("asked", OBLIGATIONS)
def test_D29_own_entitlement_raises_the_question_too(core: DoorCore, asked: str) -> None:
    number = existing(core, "1a", "abh1")
    answer = core.deliver(report(asked, "abh1", number=number))
    assert (answer.row, answer.message_type, answer.reason_code) == ("D29", "070006", "17121")
    uuid = answer.message.rahmen.kopf.nachrichten_uuid
    told = core.deliver(decision(ABH1, new_uuid(), NOW, uuid, True))
    assert (told.row, told.number) == ("D07", number)


@pytest.mark.parametrize(
    ("cases", "asked", "row"),
    [
        ([("1a", "OPEN"), ("1b", "RUNNING")], "1a", "D03"),
        ([("1a", "EXHAUSTED"), ("1a", "OPEN")], "1b", "D06"),
        ([("1a", "LAPSED_INACTIVE"), ("1a", "EXHAUSTED")], "1a", "D22"),
        ([("1a", "EXPIRED_UNUSED"), ("1a", "LAPSED_INACTIVE")], "1a", "D20"),
        ([("1a", "EXPIRED_UNUSED"), ("1a", "REVOKED")], "1a", "D43"),
        ([("5", "OPEN"), ("4", "OPEN")], "1b", "D14"),
        ([("1b", "EXHAUSTED"), ("6", "REPEAT_ADMITTED")], "1b", "D23"),
    ],
)
def test_D31_the_case_that_counts(core: DoorCore, cases: list[tuple[str, str]], asked: str, row: str) -> None:
    person = stored_person(core)
    numbers = [stored_case(core, person, art, state, ISSUERS[art]).number for art, state in cases]
    for number in numbers:
        assert core.deliver(report(asked, "abh1", number=number)).row == row
        if row in ("D20", "D43"):
            return


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


def parked(core: DoorCore, message: Message, row: str) -> WorkItem:
    """Send and expect 070004 with a work item of the kind conflict, and nothing else stored."""
    before = core.counts()
    answer = core.deliver(message)
    assert isinstance(answer.message, Dublette070004)
    assert (answer.row, answer.reason_code, answer.number) == (row, "17001", None)
    after = core.counts()
    assert (after["person"], after["case_file"]) == (before["person"], before["case_file"])
    with core.store.read() as reader:
        (item,) = reader.work_items()
    assert (item.kind, item.details["row"]) == ("conflict", row)
    assert [parked.uuid for parked in item.messages] == [answer.uuid]
    return item


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize(
    ("limited", "asked"),
    [("orientation", "1a"), ("orientation", "1b"), ("language", "1b"), ("language", "2")],
)
def test_D34_a_right_for_one_part_meets_one_for_more(
    core: DoorCore, limited: str, asked: str, state: str
) -> None:
    held = "1a" if limited == "orientation" else "1b"
    number = met(core, held, state, limited=limited)
    item = parked(core, report(asked, "abh1", number=number), "D34")
    assert len(item.candidates) == 1


def test_D34_not_between_rights_for_the_same_part(core: DoorCore) -> None:
    number = met(core, "1a", limited="orientation")
    same = entitlement(ABH1, new_uuid(), NOW, number=number, only_orientation=True)
    assert core.deliver(same).row == "D02"
    obliged = met(core, "1b", limited="language")
    language = obligation_1a(ABH1, new_uuid(), NOW, number=obliged, only_language=True)
    assert core.deliver(language).row == "D11"


def test_D34_not_where_the_right_is_not_active(core: DoorCore) -> None:
    number = met(core, "1a", "EXPIRED_UNUSED", limited="orientation")
    assert core.deliver(report("1b", "abh1", number=number)).row == "D19"


@pytest.mark.parametrize("state", ["REVOKED", "CANCELLED"])
@pytest.mark.parametrize("held", ["1a", "5", "4"])
@pytest.mark.parametrize("asked", ["1a", "1b", "2"])
def test_D43_revoked_gives_the_hours_not_used(core: DoorCore, held: str, asked: str, state: str) -> None:
    number = met(core, held, state, used=120)
    assert granted(core, core.deliver(report(asked, "abh1", number=number)), "D43", number) == 580


@pytest.mark.parametrize(("unlimited", "until"), [(True, None), (False, date(2027, 11, 24))])
def test_term_of_1b_by_setting(core: DoorCore, unlimited: bool, until: date | None) -> None:
    core = DoorCore(core.store, core.pki, unlimited_1b=unlimited)
    body = core.deliver(report("1b", "abh1", THI)).message
    assert body.berechtigung_verpflichtung.gueltig_bis == until
    assert body.berechtigung_verpflichtung.teilnahme_unbefristet is unlimited
