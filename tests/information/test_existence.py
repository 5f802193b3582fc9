"""Inquiries (070011, 080011) through the door with real bytes: who is meant, what is told, and its log."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from fixtures import inquiries, jobcenters, persons
from fixtures.persons import LEYLA, THI
from messages.courses import KeinSchein
from messages.frame import Message
from messages.quittung import Quittung
from messages.service import StatusAbfrage, Zustand
from messages.values import Name
from store.records_information import BlockReport
from store.schema import retrieval
from tests.support import desk as service
from tests.support.clerk import Clerk
from tests.support.core import ABH1, ABH2, ABH3, NOW, TGS2, new_uuid, sender
from tests.support.door import Delivered, DoorCore
from tests.support.given import BAMF, stored_case, stored_person

TODAY = NOW.date()
EMPTY = KeinSchein.KEINE_INFORMATIONEN
FULL = KeinSchein.KURS_VOLLSTAENDIG


@pytest.fixture
def clerk(core: DoorCore, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Clerk:
    return Clerk(core, tmp_path, store_url, monkeypatch)


def inquiry(holder: str, **changes: Any) -> Message:
    make = inquiries.existence_inquiry if holder.startswith("abh") else jobcenters.existence_inquiry
    return make(sender(holder), new_uuid(), NOW, **changes)


def asked(core: DoorCore, holder: str = "abh1", **changes: Any) -> Delivered:
    return core.deliver(inquiry(holder, **changes), holder)


def log(core: DoorCore) -> list[Any]:
    with core.store.read() as reader:
        return list(reader.connection.execute(select(retrieval).order_by(retrieval.c.id)))


def told(answer: Delivered) -> tuple[Any, str, list[str], bool]:
    """Certificate, note, informations, takeover flag."""
    body = answer.message
    return (
        body.schein,
        body.information_sachbearbeiter.code,
        [each.code for each in body.information_sachbearbeitung],
        body.kann_uebernommen_werden,
    )


def other_first_name(name: str) -> persons.Person:
    return replace(LEYLA, personalien=replace(LEYLA.personalien, vorname=Name(name)))


@pytest.mark.parametrize("holder", ["abh1", "tgs1"])
def test_by_name_no_hit_is_17560_and_logged(core: DoorCore, holder: str) -> None:
    answer = asked(core, holder)
    assert told(answer) == (EMPTY, "17560", [], False)
    (entry,) = log(core)
    assert (entry.party_id, entry.uuid) == (sender(holder).kennung, answer.uuid)
    assert (entry.purpose, entry.relation, entry.person_id) == ("existence", "none", None)
    assert (entry.answer_type, entry.reason_code, entry.scope) == (
        answer.message_type, "17560", ["existence"],
    )  # fmt: skip
    assert entry.at == NOW


@pytest.mark.parametrize(("holder", "note"), [("abh1", "17563"), ("tgs1", None)])
def test_by_name_one_strict_hit_gives_the_right(core: DoorCore, holder: str, note: str | None) -> None:
    person = stored_person(core)
    case = stored_case(core, person, "5", agency=TGS2)
    answer = asked(core, holder)
    right, code, infos, takeover = told(answer)
    assert (right.art.code, right.bamfkennziffer, right.gueltig_bis) == ("5", case.number, date(2027, 11, 1))
    assert right.ausstellende_behoerde.bezeichnung == TGS2.name
    assert (code, infos, takeover) == ("17561", [] if note is None else [note], note is not None)
    (entry,) = log(core)
    assert (entry.relation, entry.person_id, entry.case_id, entry.row) == ("other", person.id, case.id, "E05")
    assert set(entry.scope) == {"existence", "right", "issuer", "takeover"}


def test_a_jobcenter_may_take_over_an_obligation_of_an_authority(core: DoorCore) -> None:
    stored_case(core, stored_person(core), "1b", agency=ABH2)
    assert told(asked(core, "tgs1"))[1:] == ("17561", ["17565"], True)
    assert told(asked(core, "abh1"))[1:] == ("17561", [], False)


def test_an_entitlement_is_told_and_not_taken_over(core: DoorCore) -> None:
    stored_case(core, stored_person(core), "1a", agency=ABH2)
    for holder in ("abh1", "tgs1"):
        assert told(asked(core, holder))[1:] == ("17561", [], False)


def test_by_number_and_birth_date_whatever_the_name(core: DoorCore) -> None:
    case = stored_case(core, stored_person(core), "1b", agency=ABH2)
    renamed = replace(LEYLA, personalien=replace(LEYLA.personalien, nachname=Name("Anders")))
    assert told(asked(core, person=renamed, number=case.number))[0].bamfkennziffer == case.number


def test_by_number_that_does_not_fit_nothing_is_told_and_the_uuid_stays_free(core: DoorCore) -> None:
    case = stored_case(core, stored_person(core), "1b", agency=ABH2)
    message = inquiry("abh1", person=THI, number=case.number)
    assert core.refused(message).code == "00057"
    assert core.refused(inquiry("abh1", number="00000000000000")).code == "00057"
    assert log(core) == []
    assert core.counts()["message"] == 0


def test_deceased_is_17564(core: DoorCore) -> None:
    stored_case(core, stored_person(core, deceased=True), "1b", agency=ABH2)
    assert told(asked(core)) == (EMPTY, "17564", [], False)
    assert log(core)[0].scope == ["death", "existence"]


@pytest.mark.parametrize(
    ("state", "used", "expected"),
    [
        ("EXHAUSTED", 700, (FULL, "17562", [], False)),
        ("LAPSED_INACTIVE", 100, (EMPTY, "17560", ["17580"], False)),
        ("LAPSED_INACTIVE", 700, (EMPTY, "17560", [], False)),
        ("EXPIRED_UNUSED", 0, (EMPTY, "17560", [], False)),
        ("REVOKED", 0, (EMPTY, "17560", [], False)),
        ("CANCELLED", 0, (EMPTY, "17560", [], False)),
    ],
)
@pytest.mark.parametrize("holder", ["abh1", "tgs1"])
def test_no_right_by_state(core: DoorCore, holder: str, state: str, used: int, expected: Any) -> None:
    stored_case(core, stored_person(core), "1b", state, ABH2, used=used)
    assert told(asked(core, holder)) == expected


def test_17581_says_the_day_of_lapsing(core: DoorCore) -> None:
    day = date(2026, 1, 5)
    stored_case(
        core, stored_person(core), "1b", "REGISTERED", ABH1, registered_on=day, last_activity=day
    )  # fmt: skip
    answer = asked(core)
    assert told(answer)[1:] == ("17561", ["17581"], False)
    assert "05.02.2027" in (answer.message.information_sachbearbeitung[0].name or "")
    assert "notes" in log(core)[0].scope


@pytest.mark.parametrize(
    ("state", "registered", "note"),
    [("REPEAT_ADMITTED", None, "17583"), ("REPEAT_REGISTERED", date(2026, 11, 20), "17584")],
)
def test_a_repetition_is_told_as_the_right_that_counts(
    core: DoorCore, state: str, registered: date | None, note: str
) -> None:
    person = stored_person(core)
    first = stored_case(core, person, "1b", "EXHAUSTED", ABH2, used=700)
    case = stored_case(
        core, person, "6", state, BAMF, repeats=first.id, registered_on=registered, granted_units=300
    )
    right, *rest = told(asked(core, "tgs1"))
    assert (right.art.code, right.bamfkennziffer) == ("6", case.number)
    assert rest == ["17561", [note], False]


@pytest.mark.parametrize("holder", ["abh1", "abh2", "abh3"])
def test_a_block_hides_the_agency_from_all_but_issuer_and_reporter(core: DoorCore, holder: str) -> None:
    person = stored_person(core)
    stored_case(core, person, "1b", agency=ABH2)
    with core.store.unit_of_work() as work:
        work.set_block(BlockReport(person.id, ABH3.kennung, date(2026, 11, 1), NOW), "test")
        work.commit()
    right = told(asked(core, holder))[0]
    hidden = holder == "abh1"
    assert right.ausstellende_behoerde.bezeichnung == (BAMF.name if hidden else ABH2.name)
    assert ("issuer" in log(core)[0].scope) is not hidden


@pytest.mark.parametrize(("since", "hidden"), [(TODAY, True), (TODAY + timedelta(days=1), False)])
def test_who_joined_under_a_block_is_not_told_who_issued(core: DoorCore, since: date, hidden: bool) -> None:
    person = stored_person(core)
    case = stored_case(core, person, "1b", agency=ABH2)
    taking = core.deliver(jobcenters.takeover(sender("tgs1"), new_uuid(), NOW, case.number), "tgs1")
    assert taking.row == "T14"
    with core.store.unit_of_work() as work:
        work.set_block(BlockReport(person.id, ABH3.kennung, since, NOW), "test")
        work.commit()
    right = told(asked(core, "tgs1"))[0]
    assert right.ausstellende_behoerde.bezeichnung == (BAMF.name if hidden else ABH2.name)


def waiting(core: DoorCore, holder: str = "abh1", **changes: Any) -> Delivered:
    answer = asked(core, holder, **changes)
    assert isinstance(answer.message, Quittung)
    assert answer.message.sachverhalt == "auskunft-zurueckgestellt"
    return answer


def test_by_name_several_hits_wait_for_a_clerk(core: DoorCore, clerk: Clerk) -> None:
    one, other = stored_person(core), stored_person(core)
    case = stored_case(core, one, "1b", agency=ABH2)
    answer = waiting(core)
    (entry,) = log(core)
    assert (entry.answer_type, entry.scope, entry.row) == ("quittung", [], "E01")
    (item,) = clerk.items()
    assert (item["kind"], item["candidates"]) == ("inquiry", [one.id, other.id])
    shown = clerk.tells("cases", "show", item["id"])
    assert shown["messages"][0]["reported"]["surname"] == "Yıldırım-Öztürk"
    clerk.decide(item["id"], "--same", case.number)
    (later,) = clerk.later(ABH1.kennung, answer.uuid)
    assert later.message_type == "070012"
    assert later.schein.bamfkennziffer == case.number
    assert [(each.answer_type, each.uuid) for each in log(core)] == [
        ("quittung", answer.uuid), ("070012", answer.uuid),
    ]  # fmt: skip
    assert clerk.items() == []


def test_a_jobcenters_inquiry_is_answered_from_the_outbox_in_its_own_frame(
    core: DoorCore, clerk: Clerk
) -> None:
    stored_person(core, other_first_name("Lale"))
    answer = waiting(core, "tgs1")
    clerk.decide(clerk.only_item(), "--different")
    (later,) = clerk.later(sender("tgs1").kennung, answer.uuid)
    assert (later.message_type, later.schein) == ("080012", EMPTY)
    assert later.information_sachbearbeiter.code == "17560"


def test_a_strict_hit_beside_a_weaker_one_waits(core: DoorCore) -> None:
    stored_case(core, stored_person(core), "1b", agency=ABH2)
    stored_person(core, other_first_name("Lale"))
    waiting(core)


def test_persons_merged_into_one_count_once(core: DoorCore) -> None:
    survivor = stored_person(core)
    stored_person(core, merged_into=survivor.id)
    case = stored_case(core, survivor, "1b", agency=ABH2)
    assert told(asked(core))[0].bamfkennziffer == case.number


def test_what_was_told_cannot_be_undone(core: DoorCore, clerk: Clerk) -> None:
    stored_person(core, other_first_name("Lale"))
    waiting(core)
    item = clerk.only_item()
    clerk.decide(item, "--different")
    ran = clerk.inge("cases", "undo", item, "--yes", "--as", "lead")
    assert ran.code == 1
    assert "cannot be taken back" in ran.err


def test_a_resend_is_the_same_answer_and_no_further_entry(core: DoorCore) -> None:
    message = inquiry("abh1")
    first, again = core.deliver(message), core.deliver(message)
    assert (again.repeated, again.document) == (True, first.document)
    assert len(log(core)) == 1


def test_a_waiting_inquiry_is_told_by_status_and_reminded_of(core: DoorCore, clerk: Clerk) -> None:
    stored_person(core, other_first_name("Lale"))
    answer = waiting(core)

    def status() -> Any:
        return service.ask(core, service.request(StatusAbfrage, nachrichten_uuid=answer.uuid))

    assert status().zustand is Zustand.WAITING_FOR_CLERK
    core.clock.advance(days=7)
    assert clerk.tells("scheduler", "run", "--once")["done"]["reminders"] == 1
    clerk.decide(clerk.only_item(), "--different")
    found = status()
    assert found.zustand is Zustand.LATER_READY
    assert len(found.spaetere_antworten) == 1


def test_inquiries_and_reports_at_the_same_time_wait_for_each_other(core: DoorCore) -> None:
    """Two persons of two keys, each with a former self under the other's key: both are locked."""
    here, there = stored_person(core), stored_person(core, THI)
    numbers = [stored_case(core, each, "1b", agency=ABH2).number for each in (here, there)]
    stored_person(core, merged_into=there.id, first_name_key="other")
    stored_person(core, THI, merged_into=here.id, first_name_key="other")

    def one(place: int) -> str:
        holder, who = ("abh1", LEYLA) if place % 2 else ("abh2", THI)
        if place % 3 == 0:
            report = persons.obligation_1b(
                sender(holder), new_uuid(), NOW, person=who, number=numbers[place % 2]
            )
            return core.deliver(report, holder).message_type
        return asked(core, holder, person=who).message_type

    with ThreadPoolExecutor(6) as threads:
        kinds = list(threads.map(one, range(36)))
    assert len(kinds) == 36
    assert len(log(core)) == 24
