"""Each identity case of the dossier, through the door with real bytes: named after its id."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from lxml import etree

from fixtures.persons import (
    LEYLA,
    NO_SURNAME,
    ONE_NAME,
    TADEUSZ,
    Person,
    decision,
    entitlement,
    obligation_1b,
)
from gateway.decided import Decided, Verdict
from gateway.explain import explain
from gateway.identity import Identity, different, same
from gateway.normalise import KeyProfile
from gateway.resume import resume
from messages.codes import code
from messages.errors import Advice
from messages.group07 import Akzeptanz070003, Anfrage070006, Dublette070004, NichtMoeglich070005
from messages.values import Name, PartialDate
from store.errors import StoreUnavailable
from store.records import MessageRef, OutboxEntry, PersonRecord, WorkItem
from store.unit import UnitOfWork
from tests.support.core import ABH1, ABH2, AGENCIES, NOW, new_uuid, read_document
from tests.support.door import Delivered, DoorCore
from tests.support.given import stored_case, stored_person


def changed(person: Person, **changes: Any) -> Person:
    return replace(person, personalien=replace(person.personalien, **changes))


def work_items(core: DoorCore) -> list[WorkItem]:
    with core.store.read() as reader:
        return reader.work_items()


def branch_of(core: DoorCore, answer: Delivered) -> str | None:
    with core.store.read() as reader:
        record = reader.decisions(reader.messages(answer.uuid)[0])[0]
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


def clerk_says(core: DoorCore, parked: Delivered, said: Identity, holder: str = "abh2") -> Decided:
    """Take a parked message up again as a clerk's decision does."""
    tools = core.pipeline.tools
    tools.refresh()
    ref = MessageRef(AGENCIES[holder].kennung, parked.uuid)
    with core.store.unit_of_work() as work:
        decided = resume(work, tools, ref, identity=said, trigger_uuid=parked.uuid, actor="clerk")
        work.commit()
    return decided


def outbox(core: DoorCore, holder: str = "abh2") -> list[tuple[OutboxEntry, Any]]:
    """The later answers that wait for an agency, with their messages."""
    with core.store.unit_of_work() as work:
        entries = work.unconfirmed(AGENCIES[holder].kennung, "soap", 100)
    return [(entry, read_document(etree.fromstring(entry.document or b""))) for entry in entries]


def person_of(core: DoorCore, number: str | None) -> PersonRecord:
    with core.store.unit_of_work() as work:
        person = work.person_by_number(number or "")
    assert person is not None
    return person


def test_I04_clerk_says_same_and_the_table_decides(core: DoorCore) -> None:
    first = accepted(core, LEYLA)
    message = entitlement(ABH2, new_uuid(), NOW, LEYLA)
    parked = core.deliver(message, "abh2")
    decided = clerk_says(core, parked, same(person_of(core, first.number)))
    assert (decided.verdict, decided.branch, decided.reason) == (Verdict.REFUSED, "I04", "17108")
    ((entry, body),) = outbox(core)
    assert isinstance(body, NichtMoeglich070005)
    assert body.rahmen.ausloeser_uuid == parked.uuid
    assert body.rahmen.kopf.nachrichten_uuid == entry.document_uuid
    assert body.rahmen.kopf.leser.kennung == ABH2.kennung
    assert body.ablehnungsgrund.code == "17108"
    assert (entry.uuid, entry.trigger_uuid, entry.decided_row) == (parked.uuid, parked.uuid, "D02")
    assert core.counts()["person"] == 1
    assert core.deliver(message, "abh2").document == parked.document
    (told,) = explain(core.store, parked.uuid)
    assert [(each.record.identity_branch, each.actor) for each in told.decisions] == [
        ("I02", None), ("I04", "clerk"),
    ]  # fmt: skip
    assert [each.id for each in told.later_answers] == [entry.id]


def test_I04_may_lead_to_the_question_which_then_comes_from_the_outbox(core: DoorCore) -> None:
    first = accepted(core, LEYLA)
    parked = core.deliver(obligation_1b(ABH2, new_uuid(), NOW, LEYLA), "abh2")
    assert parked.message_type == "070004"
    decided = clerk_says(core, parked, same(person_of(core, first.number)))
    assert decided.verdict is Verdict.ASKED
    ((entry, question),) = outbox(core)
    assert isinstance(question, Anfrage070006)
    assert question.rahmen.ausloeser_uuid == parked.uuid
    asked = question.rahmen.kopf.nachrichten_uuid
    assert asked == entry.document_uuid
    core.clock.advance(days=2)
    answer = core.deliver(decision(ABH2, new_uuid(), NOW, asked, True), "abh2")
    assert (answer.row, answer.number) == ("D07", first.number)
    assert branch_of(core, answer) == "I04"


def test_I04_on_todays_state_not_on_that_of_the_report(core: DoorCore) -> None:
    first = accepted(core, LEYLA)
    parked = duplicate(core, LEYLA)
    core.clock.advance(days=366)
    decided = clerk_says(core, parked, same(person_of(core, first.number)))
    assert decided.verdict is Verdict.ACCEPTED
    assert decided.number not in (None, first.number)
    ((_, body),) = outbox(core)
    assert isinstance(body, Akzeptanz070003)
    assert body.berechtigung_verpflichtung.gueltig_von == core.clock.now().date()
    assert core.counts()["person"] == 1


def test_I05_clerk_says_different_and_a_new_person_is_stored(core: DoorCore) -> None:
    first = accepted(core, LEYLA)
    parked = duplicate(core, LEYLA)
    known = person_of(core, first.number)
    decided = clerk_says(core, parked, different([known.id]))
    assert (decided.verdict, decided.branch, decided.effect) == (Verdict.ACCEPTED, "I05", "new-case")
    ((entry, body),) = outbox(core)
    assert isinstance(body, Akzeptanz070003)
    assert body.rahmen.ausloeser_uuid == parked.uuid
    assert entry.number == decided.number == body.berechtigung_verpflichtung.bamfkennziffer
    assert person_of(core, decided.number).id != known.id
    assert core.counts()["person"] == 2


def test_I05_only_from_those_whom_the_clerk_saw(core: DoorCore) -> None:
    """Meanwhile another person came under the key: a clerk has to look again, nothing goes out."""
    first = accepted(core, LEYLA)
    one, two = duplicate(core, LEYLA), duplicate(core, LEYLA)
    known = person_of(core, first.number)
    (item,) = work_items(core)
    assert {ref.uuid for ref in item.messages} == {one.uuid, two.uuid}
    stored = clerk_says(core, one, different([known.id]))
    again = clerk_says(core, two, different([known.id]))
    assert (again.verdict, again.branch) == (Verdict.PARKED, "I02")
    assert again.identity is not None
    assert again.identity.candidates == (person_of(core, stored.number).id,)
    assert len(work_items(core)) == 2
    assert len(outbox(core)) == 1
    seen = clerk_says(core, two, different([known.id, *again.identity.candidates]))
    assert seen.verdict is Verdict.ACCEPTED
    assert core.counts()["person"] == 3


def test_I06_undecided_stays_parked_and_gathers_further_messages(core: DoorCore) -> None:
    accepted(core, LEYLA)
    message = entitlement(ABH2, new_uuid(), NOW, LEYLA)
    parked = core.deliver(message, "abh2")
    core.clock.advance(days=60)
    assert core.deliver(message, "abh2").document == parked.document
    later = duplicate(core, LEYLA, "abh1")
    assert branch_of(core, later) == "I12"
    (item,) = work_items(core)
    assert (item.state, len(item.messages)) == ("OPEN", 2)
    assert outbox(core) == []


@pytest.mark.parametrize("number", [True, False])
def test_a_merged_person_is_the_one_it_was_merged_into(core: DoorCore, number: bool) -> None:
    survivor, merged = stored_person(core), stored_person(core, TADEUSZ)
    old = stored_case(core, merged, "1a", "EXPIRED_UNUSED", ABH1)
    stored_case(core, survivor, "1b", "OPEN", ABH1)
    with core.store.unit_of_work() as work:
        work.lock_persons([survivor.lock_key, merged.lock_key])
        assert work.merge_person(merged.id, survivor.id, at=NOW, actor="clerk", reason="same")
        if number:
            assert work.move_case(old, survivor.id, at=NOW, actor="clerk", reason="same")
        work.commit()
    if number:
        moved = changed(TADEUSZ, geburtsdatum=LEYLA.personalien.geburtsdatum)
        answer = core.deliver(entitlement(ABH2, new_uuid(), NOW, moved, number=old.number), "abh2")
        assert (answer.row, branch_of(core, answer)) == ("D03", "I07")
    else:
        answer = core.deliver(entitlement(ABH2, new_uuid(), NOW, TADEUSZ), "abh2")
        assert branch_of(core, answer) == "I02"
        (item,) = work_items(core)
        assert item.candidates == (survivor.id,)


def test_two_merged_persons_under_one_key_are_one_candidate(core: DoorCore) -> None:
    first, second = stored_person(core), stored_person(core)
    stored_case(core, first, "1a", "OPEN", ABH1)
    with core.store.unit_of_work() as work:
        work.lock_persons([first.lock_key])
        assert work.merge_person(second.id, first.id, at=NOW, actor="clerk", reason="same")
        work.commit()
    answer = duplicate(core, LEYLA)
    assert branch_of(core, answer) == "I02"
    (item,) = work_items(core)
    assert item.candidates == (first.id,)


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


@pytest.mark.parametrize(
    "variant", [Name("Yildirim-Oeztuerk"), Name("Yıldırım-Ozturk"), Name("Yıldırım Öztürk")]
)
def test_I11_variants_of_spelling_block_nothing(core: DoorCore, variant: Name) -> None:
    """As hints for clerks they are found later: tests/clerks."""
    accepted(core, LEYLA)
    answer = accepted(core, changed(LEYLA, nachname=variant), "abh2")
    assert branch_of(core, answer) == "I01"
    assert work_items(core) == []


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
