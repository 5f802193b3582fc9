"""What became of my message: every state, told to its party alone, with every answer to it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import delete

from fixtures import inquiries, jobcenters, persons
from messages.errors import Advice
from messages.frame import Message
from messages.registry import build
from messages.service import (
    BestaetigeNachrichten,
    HoleNachrichten,
    StatusAbfrage,
    StatusAbfrageAntwort,
    Stelle,
    Zustand,
)
from store.engine import Store
from store.erasure import destroy_content
from store.records import JournalKind, MessageRef, QuestionRecord, QuestionState
from store.schema import office, office_postcode
from tests.support.core import ABH1, ABH2, NOW, TGS1, TGS2, new_uuid
from tests.support.desk import ask, lay_out, refused, request
from tests.support.door import DoorCore
from tests.support.furnishing import furnish
from tests.support.given import stored_case, stored_person
from tests.support.pki import shared_pki
from tests.support.proofs import seal

DUE = date(2026, 12, 24)


@pytest.fixture
def core(store: Store) -> DoorCore:
    furnish(store, shared_pki())
    return DoorCore(store, shared_pki())


def report(**changes: Any) -> Any:
    return persons.entitlement(ABH1, new_uuid(), NOW, **changes)


def uuid_of(message: Message) -> str:
    return str(message.rahmen.kopf.nachrichten_uuid)


def status(core: DoorCore, uuid: str, holder: str = "abh1") -> StatusAbfrageAntwort:
    agency = {"abh1": ABH1, "abh2": ABH2, "tgs1": TGS1}[holder]
    told: StatusAbfrageAntwort = ask(core, request(StatusAbfrage, agency, nachrichten_uuid=uuid), holder)
    assert told.nachrichten_uuid == uuid
    return told


def answered(core: DoorCore) -> tuple[str, bytes]:
    """An accepted report: its UUID and its answer document."""
    message = report()
    return uuid_of(message), core.deliver(message).document


def asked(core: DoorCore) -> tuple[str, QuestionRecord]:
    """A report whose answer was a question, as far as the store is concerned."""
    uuid, _ = answered(core)
    with core.store.unit_of_work() as work:
        (person,) = work.persons_by_lock_key(_lock_key(core))
        (case,) = work.cases_of([person.id])
        question = QuestionRecord(
            id=work.new_id(),
            asked_uuid=new_uuid(),
            party_id=ABH1.kennung,
            uuid=uuid,
            person_id=person.id,
            case_id=case.id,
            right_id=case.rights[0].id,
            lock_key=person.lock_key,
            asked_on=NOW.date(),
            asked_at=NOW,
            due_on=DUE,
        )
        work.ask(question)
        work.commit()
    return uuid, question


def _lock_key(core: DoorCore) -> int:
    from sqlalchemy import select

    from store.schema import person

    with core.store.read() as reader:
        return int(reader.connection.execute(select(person.c.lock_key)).scalar_one())


def kinds(core: DoorCore, uuid: str) -> list[str]:
    with core.store.read() as reader:
        return [row.kind for row in reader.journal_of(uuid)]


def test_a_message_nobody_sent(core: DoorCore) -> None:
    told = status(core, new_uuid())
    assert told.zustand is Zustand.UNKNOWN
    assert (told.seit, told.antwort, told.ablehnung, told.stelle, told.spaetere_antworten) == (
        None, None, None, None, (),
    )  # fmt: skip


def test_another_partys_message_is_as_unknown_as_none(core: DoorCore) -> None:
    uuid, _ = answered(core)
    lay_out(core.store, ABH1, [uuid])
    told = status(core, uuid, "abh2")
    assert told == replace(told, zustand=Zustand.UNKNOWN, seit=None, antwort=None, spaetere_antworten=())


def test_a_request_to_the_service_is_no_message(core: DoorCore) -> None:
    mine = request(HoleNachrichten)
    ask(core, mine)
    assert status(core, mine.anfrage_uuid).zustand is Zustand.UNKNOWN
    refused(core, mine)
    assert status(core, mine.anfrage_uuid).zustand is Zustand.UNKNOWN


def test_an_answered_message_with_its_answer(core: DoorCore) -> None:
    uuid, document = answered(core)
    told = status(core, uuid.upper())
    assert told.zustand is Zustand.ANSWERED
    assert told.antwort == document
    assert told.seit == NOW
    # Whoever hands a document out, journals it.
    assert kinds(core, uuid) == ["received", "answered", "repeated"]


@pytest.mark.parametrize(
    ("holder", "make", "issuer", "answer"),
    [
        ("abh1", inquiries.participation_inquiry, ABH1, "070015"),
        ("abh1", inquiries.participation_inquiry, TGS2, "070014"),
        ("abh1", inquiries.takeover, TGS2, "070015"),
        ("abh1", inquiries.takeover, ABH2, "070017"),
        ("tgs1", jobcenters.participation_inquiry, TGS1, "080015"),
        ("tgs1", jobcenters.participation_inquiry, TGS2, "080014"),
        ("tgs1", jobcenters.takeover, ABH2, "080015"),
        ("tgs1", jobcenters.takeover, TGS2, "080017"),
    ],
)
def test_information_and_takeovers_with_their_answers(
    core: DoorCore, holder: str, make: Any, issuer: Any, answer: str
) -> None:
    art = "5" if issuer in (TGS1, TGS2) else "1b"
    number = stored_case(core, stored_person(core), art, "OPEN", issuer).number
    message = make(TGS1 if holder == "tgs1" else ABH1, new_uuid(), NOW, number)
    delivered = core.deliver(message, holder)
    assert delivered.message_type == answer
    told = status(core, delivered.uuid, holder)
    assert (told.zustand, told.antwort) == (Zustand.ANSWERED, delivered.document)


def test_a_refused_message_says_why(core: DoorCore) -> None:
    message = report()
    core.refused(replace(message, rahmen=replace(message.rahmen, test=None)))
    told = status(core, uuid_of(message))
    assert (told.zustand, told.seit) == (Zustand.REFUSED, NOW)
    refusal = told.ablehnung
    assert refusal is not None
    assert (refusal.code, refusal.handlung) == ("S999.test-attribute", Advice.CORRECT)
    assert "Testnachricht" in (refusal.text_deutsch or "")
    assert refusal.text_englisch


def test_a_refusal_has_its_place_and_no_text_with_holes(core: DoorCore) -> None:
    message = report()
    broken = etree.tostring(build(message)).replace(b"nurOrientierungskurs>", b"nurOrientierungskurz>")
    assert core.knock(seal(broken, core.pki.key("abh1"), core.clock.now())).code == "X001"
    refusal = status(core, uuid_of(message)).ablehnung
    assert refusal is not None
    assert refusal.code == "X001"
    assert "nurOrientierung" in (refusal.pfad or "")
    assert refusal.zeile
    assert refusal.text_deutsch is None


def test_the_last_of_several_refusals_and_then_the_answer(core: DoorCore) -> None:
    message = report()
    core.refused(replace(message, rahmen=replace(message.rahmen, test=None)))
    header = replace(message.rahmen.kopf, leser=ABH2)
    core.refused(replace(message, rahmen=replace(message.rahmen, kopf=header)))
    refusal = status(core, uuid_of(message)).ablehnung
    assert refusal is not None
    assert refusal.code == "T080"
    core.deliver(message)
    told = status(core, uuid_of(message))
    assert (told.zustand, told.ablehnung) == (Zustand.ANSWERED, None)


def test_what_waits_for_a_clerk_says_where_and_since_when(core: DoorCore) -> None:
    core.deliver(report())
    core.clock.advance(hours=1)
    message = report()
    first = core.deliver(message)
    assert first.message_type == "070004"
    core.clock.advance(days=2)
    told = status(core, uuid_of(message))
    assert told.zustand is Zustand.WAITING_FOR_CLERK
    assert told.seit == NOW + timedelta(hours=1)
    assert told.antwort == first.document
    office_told = told.stelle
    assert office_told is not None
    assert office_told.bezeichnung.startswith("Regionalstelle")
    assert (office_told.ansprechpartner or "").startswith("Leitstelle Integration")
    assert office_told.telefon
    assert office_told.email


def test_where_no_office_is_known_it_is_the_answering_agency(core: DoorCore) -> None:
    core.deliver(report())
    message = report()
    core.deliver(message)
    with core.store.write() as connection:
        connection.execute(delete(office_postcode))
        connection.execute(delete(office))
    told = status(core, uuid_of(message))
    assert told.stelle == Stelle(persons.BAMF.name, telefon="0911 0000-0")


def test_a_question_waits_for_its_answer_until_a_day(core: DoorCore) -> None:
    uuid, _ = asked(core)
    told = status(core, uuid)
    assert (told.zustand, told.seit, told.frist) == (Zustand.WAITING_FOR_REPLY, NOW, DUE)
    assert told.antwort is not None


def test_an_answered_question_names_the_message_that_answered(core: DoorCore) -> None:
    uuid, question = asked(core)
    reply = new_uuid()
    with core.store.unit_of_work() as work:
        work.close_question(question, QuestionState.YES, NOW, reply)
        work.commit()
    told = status(core, uuid)
    assert (told.zustand, told.beantwortet_durch, told.frist) == (Zustand.ANSWERED, reply, None)


def test_a_later_answer_is_ready_then_fetched_then_confirmed(core: DoorCore) -> None:
    uuid, first = answered(core)
    (entry,) = lay_out(core.store, ABH1, [uuid], at=NOW + timedelta(hours=1))
    core.clock.advance(hours=2)
    ready = status(core, uuid)
    assert (ready.zustand, ready.seit) == (Zustand.LATER_READY, NOW + timedelta(hours=1))
    assert ready.antwort == first
    (later,) = ready.spaetere_antworten
    assert (later.dokument, later.nachricht_id) == (entry.document, str(entry.id))
    # Asking is no fetching: the answer goes on lying ready.
    assert status(core, uuid).zustand is Zustand.LATER_READY

    ask(core, request(HoleNachrichten))
    core.clock.advance(hours=1)
    fetched = status(core, uuid)
    assert (fetched.zustand, fetched.seit) == (Zustand.LATER_FETCHED, NOW + timedelta(hours=2))

    ask(core, request(BestaetigeNachrichten, nachricht_ids=(str(entry.id),)))
    confirmed = status(core, uuid)
    assert (confirmed.zustand, confirmed.seit) == (Zustand.LATER_CONFIRMED, NOW + timedelta(hours=3))
    (later,) = confirmed.spaetere_antworten
    assert later.dokument == entry.document
    assert later.bestaetigt_am == NOW + timedelta(hours=3)
    assert kinds(core, uuid).count(JournalKind.FETCHED) == 5


def test_of_several_later_answers_the_one_not_fetched_counts(core: DoorCore) -> None:
    uuid, _ = answered(core)
    (entry,) = lay_out(core.store, ABH1, [uuid], at=NOW)
    ask(core, request(HoleNachrichten))
    ask(core, request(BestaetigeNachrichten, nachricht_ids=(str(entry.id),)))
    lay_out(core.store, ABH1, [uuid], at=NOW + timedelta(days=1))
    told = status(core, uuid)
    assert (told.zustand, told.seit) == (Zustand.LATER_READY, NOW + timedelta(days=1))
    assert len(told.spaetere_antworten) == 2


def test_what_somebody_must_do_comes_before_what_was_done(core: DoorCore) -> None:
    uuid, _ = asked(core)
    lay_out(core.store, ABH1, [uuid])
    told = status(core, uuid)
    assert told.zustand is Zustand.WAITING_FOR_REPLY
    assert len(told.spaetere_antworten) == 1


def test_what_was_erased_is_not_there_and_nothing_breaks(core: DoorCore) -> None:
    uuid, _ = answered(core)
    (entry,) = lay_out(core.store, ABH1, [uuid])
    with core.store.write() as connection:
        destroy_content(connection, MessageRef(ABH1.kennung, uuid))
    told = status(core, uuid)
    assert (told.zustand, told.antwort) == (Zustand.LATER_READY, None)
    assert told.spaetere_antworten[0].dokument is None
    (left,) = ask(core, request(HoleNachrichten)).nachrichten
    assert left.dokument is None
    assert ask(core, request(BestaetigeNachrichten, nachricht_ids=(str(entry.id),))).neu_bestaetigt == 1


def test_a_replayed_question_is_refused(core: DoorCore) -> None:
    mine = request(StatusAbfrage, nachrichten_uuid=new_uuid())
    ask(core, mine)
    assert refused(core, mine).code == "S999.request-replayed"


def test_while_the_store_is_away_the_state_is_asked_later(
    core: DoorCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from store.errors import StoreUnavailable

    def away(*_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(Store, "read", away)
    core.parties.refresh = lambda: None  # type: ignore[method-assign]
    fehler = refused(core, request(StatusAbfrage, nachrichten_uuid=new_uuid()))
    assert (fehler.code, fehler.handlung) == ("T200.store-away", Advice.RETRY)
