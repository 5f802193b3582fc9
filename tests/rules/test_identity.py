"""Each identity case of the dossier, through the door with real bytes: named after its id."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from fixtures.persons import LEYLA, NO_SURNAME, ONE_NAME, Person, entitlement, obligation_1b
from gateway.normalise import KeyProfile
from messages.codes import code
from messages.errors import Advice
from messages.group07 import Dublette070004
from messages.values import Name, PartialDate
from store.errors import StoreUnavailable
from store.records import WorkItem
from store.unit import UnitOfWork
from tests.support.core import ABH1, ABH2, NOW, new_uuid
from tests.support.door import Delivered, DoorCore


def changed(person: Person, **changes: Any) -> Person:
    return replace(person, personalien=replace(person.personalien, **changes))


def work_items(core: DoorCore) -> list[WorkItem]:
    with core.store.read() as reader:
        return reader.work_items()


def branch_of(core: DoorCore, answer: Delivered) -> str | None:
    with core.store.read() as reader:
        (record,) = reader.decisions(reader.messages(answer.uuid)[0])
    return record.identity_branch


def accepted(core: DoorCore, person: Person, holder: str = "abh1", number: str | None = None) -> Delivered:
    agency = ABH1 if holder == "abh1" else ABH2
    answer = core.deliver(entitlement(agency, new_uuid(), NOW, person, number=number), holder)
    assert answer.message_type == "070003"
    return answer


def duplicate(core: DoorCore, person: Person, holder: str = "abh2", number: str | None = None) -> Delivered:
    agency = ABH1 if holder == "abh1" else ABH2
    before = core.counts()
    answer = core.deliver(entitlement(agency, new_uuid(), NOW, person, number=number), holder)
    body = answer.message
    assert isinstance(body, Dublette070004)
    assert body.information_sachbearbeitung.code == "17001"
    assert (answer.number, answer.row, answer.reason_code) == (None, None, "17001")
    contact = body.rahmen.ansprechpartner
    assert contact is not None
    assert contact.familienname == Name("Leitstelle Integration Nürnberg")
    after = core.counts()
    assert (after["person"], after["case_file"]) == (before["person"], before["case_file"])
    return answer


def test_I01_no_key_hit(core: DoorCore) -> None:
    answer = accepted(core, LEYLA)
    assert answer.row == "D01"
    assert branch_of(core, answer) == "I01"


@pytest.mark.parametrize("holder", ["abh1", "abh2"])
def test_I02_one_key_hit_also_on_the_senders_own_right(core: DoorCore, holder: str) -> None:
    accepted(core, LEYLA, "abh1")
    answer = duplicate(core, LEYLA, holder)
    assert branch_of(core, answer) == "I02"
    (item,) = work_items(core)
    assert item.office_id == "nuernberg"
    assert len(item.candidates) == 1
    assert [parked.uuid for parked in item.messages] == [answer.uuid]


@pytest.mark.parametrize(
    "changes",
    [
        {"nachname": Name("  YILDIRIM-ÖZTÜRK ")},
        {"vorname": Name("LEYLA")},
        {"geschlecht": None},
        {"geschlecht": code("geschlecht", "x")},
        {"anschrift": replace(LEYLA.personalien.anschrift, strasse="Hauptstraße")},
    ],
)
def test_I02_differences_that_do_not_count(core: DoorCore, changes: dict[str, object]) -> None:
    accepted(core, LEYLA)
    duplicate(core, changed(LEYLA, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"nachname": Name("Yıldırım-Oztürk")},
        {"geschlecht": code("geschlecht", "m")},
        {"geburtsdatum": PartialDate(1991, 4, 18)},
        {"geburtsdatum": PartialDate(1991, 4)},
        {"geburtsdatum": PartialDate(1991)},
        {"nachname": Name(None)},
    ],
)
def test_I01_differences_that_count(core: DoorCore, changes: dict[str, object]) -> None:
    accepted(core, LEYLA)
    accepted(core, changed(LEYLA, **changes))
    assert work_items(core) == []


@pytest.mark.parametrize("person", [ONE_NAME, NO_SURNAME])
def test_I02_missing_name_equals_missing_name(core: DoorCore, person: Person) -> None:
    accepted(core, person)
    duplicate(core, person)


def test_I03_several_key_hits_make_one_message_and_one_item(core: DoorCore) -> None:
    accepted(core, changed(LEYLA, geschlecht=code("geschlecht", "w")))
    accepted(core, changed(LEYLA, geschlecht=code("geschlecht", "m")))
    answer = duplicate(core, changed(LEYLA, geschlecht=None))
    assert branch_of(core, answer) == "I03"
    (item,) = work_items(core)
    assert len(item.candidates) == 2


def test_I07_number_and_birth_date_lead_to_the_table(core: DoorCore) -> None:
    first = accepted(core, LEYLA)
    renamed = changed(LEYLA, nachname=Name("Ganz-Anders"))
    answer = core.deliver(entitlement(ABH2, new_uuid(), NOW, renamed, number=first.number), "abh2")
    assert (answer.row, branch_of(core, answer)) == ("D02", "I07")
    assert work_items(core) == []


def test_I07_blanks_in_the_number_do_not_count(core: DoorCore) -> None:
    number = accepted(core, LEYLA).number
    assert number is not None
    spaced = f" {number[:4]} {number[4:]}"
    answer = core.deliver(entitlement(ABH2, new_uuid(), NOW, LEYLA, number=spaced), "abh2")
    assert branch_of(core, answer) == "I07"


def test_I08_birth_date_does_not_fit_the_number(core: DoorCore) -> None:
    first = accepted(core, LEYLA)
    other = changed(LEYLA, nachname=Name("Neu"), geburtsdatum=PartialDate(1970, 1, 1))
    answer = duplicate(core, other, number=first.number)
    assert branch_of(core, answer) == "I08"
    (item,) = work_items(core)
    assert len(item.candidates) == 1


@pytest.mark.parametrize("number", ["86242437850711", "unbekannt"])
def test_I08_unknown_number_never_makes_a_new_person(core: DoorCore, number: str) -> None:
    answer = duplicate(core, LEYLA, number=number)
    assert branch_of(core, answer) == "I08"
    (item,) = work_items(core)
    assert item.candidates == ()


def test_I09_only_expired_rights_under_the_key_are_accepted_with_a_weak_hint(core: DoorCore) -> None:
    first = accepted(core, LEYLA)
    core.clock.advance(days=366)
    answer = accepted(core, LEYLA, "abh2")
    assert (answer.row, branch_of(core, answer)) == ("D01", "I09")
    assert answer.number != first.number
    assert core.counts()["person"] == 2
    (item,) = work_items(core)
    assert item.kind == "weak"
    assert len(item.candidates) == 2


def test_I09_by_setting_a_duplicate(core: DoorCore) -> None:
    core = DoorCore(core.store, core.pki, core.clock, expired_only_accepts=False)
    accepted(core, LEYLA)
    core.clock.advance(days=366)
    answer = duplicate(core, LEYLA)
    assert branch_of(core, answer) == "I02"


def test_I09_not_while_one_of_the_hits_is_active(core: DoorCore) -> None:
    accepted(core, LEYLA)
    core.clock.advance(days=366)
    accepted(core, LEYLA, "abh2")
    answer = duplicate(core, LEYLA, "abh1")
    assert branch_of(core, answer) == "I03"


@pytest.mark.parametrize(
    ("profile", "message_type"), [(KeyProfile.SEED2012, "070003"), (KeyProfile.XA, "070004")]
)
def test_I10_other_first_name_by_key_profile(core: DoorCore, profile: KeyProfile, message_type: str) -> None:
    core = DoorCore(core.store, core.pki, key_profile=profile)
    accepted(core, LEYLA)
    twin = changed(LEYLA, vorname=Name("Selin"))
    answer = core.deliver(entitlement(ABH2, new_uuid(), NOW, twin), "abh2")
    assert answer.message_type == message_type
    assert branch_of(core, answer) == ("I10" if message_type == "070003" else "I02")


def test_I12_second_request_while_the_first_is_parked(core: DoorCore) -> None:
    accepted(core, LEYLA)
    first = duplicate(core, LEYLA)
    second = duplicate(core, LEYLA, "abh1")
    assert branch_of(core, second) == "I12"
    (item,) = work_items(core)
    assert {parked.uuid for parked in item.messages} == {first.uuid, second.uuid}


def test_I12_also_where_the_first_was_parked_for_its_number(core: DoorCore) -> None:
    duplicate(core, LEYLA, number="86242437850711")
    second = duplicate(core, LEYLA)
    assert branch_of(core, second) == "I12"
    assert len(work_items(core)) == 1


def test_I12_a_further_message_brings_its_candidates_to_the_same_item(core: DoorCore) -> None:
    number = accepted(core, LEYLA).number
    other = changed(LEYLA, nachname=Name("Neu"), geburtsdatum=PartialDate(1970, 1, 1))
    duplicate(core, other, number="86242437850711")
    (item,) = work_items(core)
    assert item.candidates == ()
    answer = duplicate(core, other, number=number)
    assert branch_of(core, answer) == "I08"
    (item,) = work_items(core)
    assert len(item.candidates) == 1
    assert len(item.messages) == 2


def test_I12_holds_back_no_twin(core: DoorCore) -> None:
    accepted(core, LEYLA)
    duplicate(core, LEYLA)
    twin = accepted(core, changed(LEYLA, vorname=Name("Selin")), "abh2")
    assert branch_of(core, twin) == "I10"


def test_I13_second_request_sees_the_first(core: DoorCore) -> None:
    """With real processes: tests/crash/test_pipeline_processes.py."""
    accepted(core, LEYLA)
    answer = core.deliver(obligation_1b(ABH2, new_uuid(), NOW), "abh2")
    assert answer.message_type == "070004"


def test_I14_store_fails_after_the_decision(core: DoorCore) -> None:
    message = entitlement(ABH1, new_uuid(), NOW)
    with patch.object(UnitOfWork, "commit", side_effect=StoreUnavailable("gone")):
        fehler = core.refused(message)
    assert (fehler.code, fehler.handlung) == ("T200.store-away", Advice.RETRY)
    assert core.counts()["case_file"] == 0
    core.clock.advance(minutes=5)
    first = core.deliver(message)
    again = core.deliver(message)
    assert first.number is not None
    assert again.document == first.document
    assert core.counts()["case_file"] == 1


def test_partial_dates_hit_in_the_same_precision(core: DoorCore) -> None:
    month = changed(LEYLA, geburtsdatum=PartialDate(1991, 4))
    accepted(core, month)
    duplicate(core, month)


def test_resend_gets_the_first_answer_whatever_happened_since(core: DoorCore) -> None:
    message = entitlement(ABH1, new_uuid(), NOW)
    first = core.deliver(message)
    duplicate(core, LEYLA)
    core.clock.time += timedelta(days=400)
    again = core.deliver(message)
    assert again.repeated
    assert again.document == first.document
