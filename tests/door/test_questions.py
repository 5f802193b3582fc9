"""The question whether an obligation shall replace an entitlement, and all that may follow it."""

import logging
from datetime import UTC, date, datetime

import pytest
from lxml import etree
from sqlalchemy import delete

from fixtures.persons import decision, entitlement, obligation_1b, obligation_3
from gateway.explain import explain
from gateway.questions import close_overdue
from gateway.undone import UndoneError
from messages.group07 import Akzeptanz070003, Anfrage070006, NichtMoeglich070005
from messages.quittung import Quittung
from store.engine import Store
from store.records import OutboxEntry, QuestionRecord, RightStatus
from store.schema import decision as decision_table
from tests.support.core import ABH1, ABH2, AGENCIES, NOW, new_uuid, read_document
from tests.support.door import Delivered, DoorCore
from tests.support.furnishing import furnish
from tests.support.given import cases_of, stored_case, stored_person
from tests.support.pki import shared_pki


@pytest.fixture
def core(store: Store) -> DoorCore:
    furnish(store, shared_pki())
    return DoorCore(store, shared_pki())


def entitled(core: DoorCore, holder: str = "abh2") -> str:
    """Let an agency entitle a person; out: the number."""
    answer = core.deliver(entitlement(AGENCIES[holder], new_uuid(), NOW), holder)
    assert answer.number is not None
    return answer.number


def ask(core: DoorCore, number: str, holder: str = "abh1", row: str = "D06") -> Delivered:
    """Let an agency report an obligation that raises the question."""
    answer = core.deliver(obligation_1b(AGENCIES[holder], new_uuid(), NOW, number=number), holder)
    assert isinstance(answer.message, Anfrage070006)
    assert (answer.row, answer.reason_code, answer.number) == (row, "17121", None)
    return answer


def uuid_of(question: Delivered) -> str:
    """The UUID by which an answer names the question."""
    return str(question.message.rahmen.kopf.nachrichten_uuid)


def reply(core: DoorCore, question: Delivered, yes: bool, holder: str = "abh1") -> Delivered:
    return core.deliver(decision(AGENCIES[holder], new_uuid(), NOW, uuid_of(question), yes), holder)


def refused(answer: Delivered, row: str, reason: str) -> NichtMoeglich070005:
    body = answer.message
    assert isinstance(body, NichtMoeglich070005)
    assert (answer.row, answer.reason_code, answer.number) == (row, reason, None)
    return body


def questions(core: DoorCore, question: Delivered, holder: str = "abh1") -> QuestionRecord:
    with core.store.unit_of_work() as work:
        found = work.question_for(AGENCIES[holder].kennung, uuid_of(question))
    assert found is not None
    return found


def outbox(core: DoorCore, holder: str = "abh1") -> list[OutboxEntry]:
    with core.store.unit_of_work() as work:
        return work.unconfirmed(AGENCIES[holder].kennung, "soap", 100)


def close(core: DoorCore) -> int:
    return close_overdue(core.store, core.pipeline.tools)


def test_the_question_shows_the_right_and_stores_nothing_new(core: DoorCore) -> None:
    number = entitled(core)
    before = core.counts()
    question = ask(core, number)
    shown = question.message.aktuelle_berechtigung
    assert (shown.art.code, shown.bamfkennziffer) == ("1a", number)
    assert shown.ausstellende_behoerde.bezeichnung == ABH2.name
    stored = questions(core, question)
    assert (stored.uuid, stored.state) == (question.uuid, "OPEN")
    assert (stored.asked_on, stored.due_on) == (date(2026, 11, 24), date(2026, 12, 24))
    after = core.counts()
    assert (after["person"], after["case_file"]) == (before["person"], before["case_file"])
    (case,) = cases_of(core, stored.person_id)
    assert [right.art for right in case.rights] == ["1a"]


def test_yes_replaces_within_the_same_case_and_number(core: DoorCore) -> None:
    number = entitled(core)
    question = ask(core, number)
    core.clock.advance(days=3)
    answer = reply(core, question, True)
    body = answer.message
    assert isinstance(body, Akzeptanz070003)
    assert (answer.row, answer.number) == ("D07", number)
    right = body.berechtigung_verpflichtung
    assert (right.art.code, right.gueltig_von, right.teilnahme_unbefristet) == (
        "1b", date(2026, 11, 27), True,
    )  # fmt: skip
    assert right.ausstellende_behoerde.bezeichnung == ABH1.name
    stored = questions(core, question)
    assert (stored.state, stored.reply_uuid) == ("YES", answer.uuid)
    (case,) = cases_of(core, stored.person_id)
    old, new = sorted(case.rights, key=lambda each: each.id)
    assert (old.art, old.status, old.replaced_by) == ("1a", RightStatus.REPLACED, new.id)
    assert (new.art, new.status, new.party_uuid) == ("1b", RightStatus.CURRENT, question.uuid)
    assert outbox(core) == []


def test_yes_keeps_a_registration_and_its_hours(core: DoorCore) -> None:
    person = stored_person(core)
    case = stored_case(core, person, "1a", "RUNNING", ABH2, used=200)
    question = ask(core, case.number)
    answer = reply(core, question, True)
    assert (answer.row, answer.number) == ("D07", case.number)
    (after,) = cases_of(core, person.id)
    assert (after.state, after.used_units, after.granted_units) == ("RUNNING", 200, case.granted_units)


def test_no_keeps_what_is_there_and_is_answered_by_a_receipt(core: DoorCore) -> None:
    number = entitled(core)
    question = ask(core, number)
    answer = reply(core, question, False)
    body = answer.message
    assert isinstance(body, Quittung)
    assert (body.sachverhalt, answer.row, answer.number) == ("rueckfrage-verneint", "D08", None)
    stored = questions(core, question)
    assert (stored.state, stored.reply_uuid) == ("NO", answer.uuid)
    (case,) = cases_of(core, stored.person_id)
    assert [(right.art, right.status) for right in case.rights] == [("1a", RightStatus.CURRENT)]
    refused(reply(core, question, True), "D10", "17116")


@pytest.mark.parametrize("yes", [True, False])
def test_resending_answer_and_report_gets_the_first_answers_for_ever(core: DoorCore, yes: bool) -> None:
    number = entitled(core)
    report = obligation_1b(ABH1, new_uuid(), NOW, number=number)
    question = core.deliver(report)
    said = decision(ABH1, new_uuid(), NOW, uuid_of(question), yes)
    answer = core.deliver(said)
    core.clock.advance(days=400)
    for message, first in ((said, answer), (report, question)):
        again = core.deliver(message)
        assert again.repeated
        assert again.document == first.document


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_a_second_answer_finds_no_open_question(core: DoorCore, first: bool, second: bool) -> None:
    question = ask(core, entitled(core))
    reply(core, question, first)
    refused(reply(core, question, second), "D10", "17116")


@pytest.mark.parametrize("yes", [True, False])
def test_unknown_question(core: DoorCore, yes: bool) -> None:
    ask(core, entitled(core))
    message = decision(ABH1, new_uuid(), NOW, new_uuid(), yes)
    refused(core.deliver(message), "D10", "17116")


@pytest.mark.parametrize("yes", [True, False])
def test_the_report_itself_is_no_question(core: DoorCore, yes: bool) -> None:
    question = ask(core, entitled(core))
    message = decision(ABH1, new_uuid(), NOW, question.uuid, yes)
    refused(core.deliver(message), "D10", "17116")
    assert questions(core, question).state == "OPEN"


@pytest.mark.parametrize("yes", [True, False])
def test_a_foreign_party_answers_nobody_elses_question(core: DoorCore, yes: bool) -> None:
    question = ask(core, entitled(core))
    refused(reply(core, question, yes, "abh3"), "D10", "17116")
    assert questions(core, question).state == "OPEN"
    assert reply(core, question, True).row == "D07"


def test_the_uuid_of_a_question_is_compared_without_regard_to_case(core: DoorCore) -> None:
    question = ask(core, entitled(core))
    message = decision(ABH1, new_uuid(), NOW, uuid_of(question).upper(), True)
    assert core.deliver(message).row == "D07"


@pytest.mark.parametrize("yes", [True, False])
def test_the_month_ends_with_its_last_day_in_germany(core: DoorCore, yes: bool) -> None:
    question = ask(core, entitled(core))
    core.clock.time = datetime(2026, 12, 24, 22, 59, 59, tzinfo=UTC)
    assert close(core) == 0
    core.clock.time = datetime(2026, 12, 24, 23, 0, tzinfo=UTC)
    refused(reply(core, question, yes), "D10", "17116")
    assert questions(core, question).state == "OPEN"
    assert close(core) == 1


def test_an_answer_on_the_last_day_is_in_time(core: DoorCore) -> None:
    question = ask(core, entitled(core))
    core.clock.time = datetime(2026, 12, 24, 22, 59, 59, tzinfo=UTC)
    assert reply(core, question, True).row == "D07"


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (datetime(2027, 1, 31, 9, tzinfo=UTC), date(2027, 2, 28)),
        (datetime(2028, 1, 31, 9, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2027, 2, 28, 9, tzinfo=UTC), date(2027, 3, 28)),
        # In Germany it is the first of December already.
        (datetime(2026, 11, 30, 23, 30, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2027, 5, 31, 22, 30, tzinfo=UTC), date(2027, 7, 1)),
    ],
)
def test_the_month_is_counted_by_calendar(core: DoorCore, asked: datetime, due: date) -> None:
    person = stored_person(core)
    case = stored_case(core, person, "3", agency=ABH2, until=date(2029, 1, 1))
    core.clock.time = asked
    assert questions(core, ask(core, case.number)).due_on == due


def test_silence_closes_the_question_with_a_receipt_in_the_outbox(core: DoorCore) -> None:
    question = ask(core, entitled(core))
    core.clock.advance(days=31)
    assert close(core) == 1
    assert close(core) == 0
    assert questions(core, question).state == "EXPIRED"
    (entry,) = outbox(core)
    assert (entry.kind, entry.uuid, entry.trigger_uuid) == ("quittung", question.uuid, question.uuid)
    assert (entry.decided_row, entry.route) == ("D09", "soap")
    assert entry.document is not None
    receipt = read_document(etree.fromstring(entry.document))
    assert isinstance(receipt, Quittung)
    assert (receipt.sachverhalt, receipt.ausloeser_uuid) == ("frage-abgelaufen", question.uuid)
    (case,) = cases_of(core, questions(core, question).person_id)
    assert [(right.art, right.status) for right in case.rights] == [("1a", RightStatus.CURRENT)]
    refused(reply(core, question, True), "D10", "17116")
    assert [each.id for each in outbox(core)] == [entry.id]


def test_only_what_is_overdue_is_closed(core: DoorCore) -> None:
    number = entitled(core)
    first = ask(core, number)
    core.clock.advance(days=10)
    second = ask(core, number, "abh3")
    core.clock.advance(days=21)
    assert close(core) == 1
    assert questions(core, first).state == "EXPIRED"
    assert questions(core, second, "abh3").state == "OPEN"
    assert reply(core, second, True, "abh3").row == "D07"


def test_a_question_that_cannot_be_closed_hinders_no_other(
    core: DoorCore, caplog: pytest.LogCaptureFixture
) -> None:
    number = entitled(core)
    broken, sound = ask(core, number), ask(core, number, "abh3")
    with core.store.write() as connection:
        connection.execute(delete(decision_table).where(decision_table.c.uuid == broken.uuid))
    core.clock.advance(days=40)
    # Raised when all had their turn, so that the scheduler's failed turns count what the log tells.
    with (
        caplog.at_level(logging.ERROR, logger="gateway.alarm"),
        pytest.raises(UndoneError, match="question not closed: "),
    ):
        close(core)
    assert "question not closed" in caplog.text
    assert questions(core, broken).state == "OPEN"
    assert questions(core, sound, "abh3").state == "EXPIRED"


def test_two_parked_obligations_after_the_first_yes_the_second_is_refused(core: DoorCore) -> None:
    number = entitled(core)
    first, second = ask(core, number, "abh1"), ask(core, number, "abh3")
    assert reply(core, first, True, "abh1").row == "D07"
    body = refused(reply(core, second, True, "abh3"), "D11", "17109")
    assert ABH1.name in body.beschreibung
    assert questions(core, second, "abh3").state == "YES"


def test_two_parked_obligations_of_one_agency(core: DoorCore) -> None:
    number = entitled(core, "abh1")
    first, second = ask(core, number, row="D29"), ask(core, number, row="D29")
    assert reply(core, second, True).row == "D07"
    refused(reply(core, first, True), "D30", "17109")


def test_two_parked_obligations_the_first_no_leaves_the_second_its_yes(core: DoorCore) -> None:
    number = entitled(core)
    first, second = ask(core, number, "abh1"), ask(core, number, "abh3")
    assert reply(core, first, False, "abh1").row == "D08"
    assert reply(core, second, True, "abh3").row == "D07"


def test_D35_the_entitlement_expired_meanwhile(core: DoorCore) -> None:
    number = entitled(core)
    core.clock.time = datetime(2027, 11, 20, 9, tzinfo=UTC)
    question = ask(core, number)
    core.clock.time = datetime(2027, 11, 25, 9, tzinfo=UTC)
    answer = reply(core, question, True)
    assert isinstance(answer.message, Akzeptanz070003)
    assert answer.row == "D19"
    assert answer.number not in (None, number)
    cases = cases_of(core, questions(core, question).person_id)
    assert len(cases) == 2
    assert {right.status for case in cases for right in case.rights} == {RightStatus.CURRENT}


def test_D35_the_obligations_own_end_passed_meanwhile(core: DoorCore) -> None:
    number = entitled(core)
    message = obligation_3(ABH1, new_uuid(), NOW, date(2026, 11, 30), number=number)
    question = core.deliver(message)
    assert question.row == "D06"
    core.clock.time = datetime(2026, 12, 1, 9, tzinfo=UTC)
    refused(reply(core, question, True), "D32", "17099")
    assert questions(core, question).state == "YES"


def test_D35_the_person_died_meanwhile(core: DoorCore) -> None:
    question = ask(core, entitled(core))
    stored = questions(core, question)
    with core.store.unit_of_work() as work:
        person = work.person(stored.person_id)
        assert person is not None
        work.lock_persons([person.lock_key])
        work.set_deceased(person.id, date(2026, 11, 25), at=NOW, actor="clerk", reason="register")
        work.commit()
    refused(reply(core, question, True), "D24", "17053")


def test_the_explanation_of_the_report_tells_how_it_ended(core: DoorCore) -> None:
    question = ask(core, entitled(core))
    answer = reply(core, question, True)
    (told,) = explain(core.store, question.uuid)
    asked, replaced = told.decisions
    assert (asked.record.row, asked.actor) == ("D06", None)
    assert (replaced.record.row, replaced.actor) == ("D07", ABH1.kennung)
    assert replaced.later is not None
    assert replaced.later["trigger"] == answer.uuid
    (told,) = explain(core.store, answer.uuid)
    assert [each.record.row for each in told.decisions] == ["D07"]
    assert told.decisions[0].grounds["report"] == question.uuid


def test_the_explanation_names_the_later_answer_in_the_outbox(core: DoorCore) -> None:
    question = ask(core, entitled(core))
    core.clock.advance(days=40)
    assert close(core) == 1
    (told,) = explain(core.store, question.uuid)
    assert [(each.record.row, each.actor) for each in told.decisions] == [("D06", None), ("D09", "time-out")]
    (later,) = told.later_answers
    assert (later.kind, later.fetched_at, later.confirmed_at) == ("quittung", None, None)
    assert later.created_at == core.clock.now()
