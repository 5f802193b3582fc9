"""What a unit of work does to persons, cases, questions, later answers and work items, on both engines."""

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from store.case_files import (
    find_case,
    find_person,
    history_of_case,
    history_of_person,
    list_cases,
    list_registrations,
    list_sections,
)
from store.engine import Store
from store.erasure import destroy_content
from store.records import (
    CaseState,
    JournalEntry,
    JournalKind,
    MessageRef,
    OutboxEntry,
    PersonRecord,
    QuestionRecord,
    QuestionState,
    RightStatus,
    StoredAnswer,
    WorkItem,
    WorkItemState,
)
from store.unit import UnitOfWork
from tests.support.cases import HOW, NOW, TODAY, add_person, registration, right_of, section, stored_case

PARTY = "azr:090100"
OTHER = "azr:090200"
UUID = "5e9f0e0a-6d0b-4a33-9a7e-0f3f6f0a0001"
LATER = NOW + timedelta(hours=1)


def persons(store: Store, number: int = 3) -> list[PersonRecord]:
    with store.unit_of_work() as work:
        added = [add_person(work) for _ in range(number)]
        work.commit()
    return added


def registered(
    work: UnitOfWork, uuid: str = UUID, party: str = PARTY, content: bytes = b"<a/>"
) -> MessageRef:
    assert work.register(party, uuid, b"h" * 32, "070001", NOW) is None
    work.add_journal(
        JournalEntry(JournalKind.RECEIVED, NOW, party, uuid, "070001", door="soap", content=content)
    )
    return MessageRef(party, uuid)


# --- persons --------------------------------------------------------------------------------------


def test_a_person_is_merged_once_and_split_again_with_history(store: Store) -> None:
    one, other, third = persons(store)
    with store.unit_of_work() as work:
        assert work.merge_person(one.id, other.id, **HOW)
        assert not work.merge_person(one.id, third.id, **HOW)
        work.commit()
    with store.unit_of_work() as work:
        assert work.person(one.id) == replace(one, merged_into=other.id)
        assert work.persons_by_lock_key(7) == [replace(one, merged_into=other.id), other, third]
        assert not work.split_person(one.id, third.id, **HOW)
        assert work.split_person(one.id, other.id, **HOW)
        assert not work.split_person(one.id, other.id, **HOW)
        work.commit()
    with store.read() as reader:
        assert find_person(reader.connection, one.id) == one
        merged, split = history_of_person(reader.connection, one.id)
    assert (merged.what, merged.before, merged.after) == ("merged", {}, {"merged_into": other.id})
    assert (split.what, split.before, split.after) == ("split", {"merged_into": other.id}, {})
    assert (split.actor, split.reason, split.at) == (HOW["actor"], HOW["reason"], NOW)


def test_a_person_dies_once(store: Store) -> None:
    one, other, _ = persons(store)
    with store.unit_of_work() as work:
        assert work.set_deceased(one.id, date(2026, 11, 1), **HOW)
        assert not work.set_deceased(one.id, None, **HOW)
        assert work.set_deceased(other.id, None, **HOW)
        work.commit()
    with store.unit_of_work() as work:
        assert work.person(one.id) == replace(one, deceased=True, died_on=date(2026, 11, 1))
        assert work.person(other.id) == replace(other, deceased=True)


def test_details_change_only_from_what_was_read(store: Store) -> None:
    one, *_ = persons(store)
    details = {**one.details, "staatsangehoerigkeiten": ["163"]}
    with store.unit_of_work() as work:
        assert work.change_person_details(one, details, what="nationality", **HOW)
        assert not work.change_person_details(one, {}, what="nationality", **HOW)
        work.commit()
    with store.read() as reader:
        assert find_person(reader.connection, one.id) == replace(one, details=details)
        (change,) = history_of_person(reader.connection, one.id)
    assert (change.what, change.before, change.after) == (
        "nationality",
        {},
        {"staatsangehoerigkeiten": ["163"]},
    )


def test_different_persons_are_remembered_until_that_is_taken_back(
    store: Store,
) -> None:
    one, other, third = persons(store)
    for item in (5, 6):
        with store.unit_of_work() as work:
            new = add_person(work)
            # Also of a person that is added in the same transaction.
            work.add_homonym(new.id, one.id, at=NOW, actor="x")
            work.add_homonym(other.id, one.id, at=NOW, actor="x", work_item_id=item)
            work.commit()
        with store.unit_of_work() as work:
            pair = frozenset({one.id, other.id})
            assert pair in work.homonyms_of([one.id])
            assert work.homonyms_of([other.id, third.id]) == {pair}
            assert work.homonyms_of([]) == set()
            assert work.revoke_homonym(one.id, other.id, at=LATER)
            assert not work.revoke_homonym(other.id, one.id, at=LATER)
            assert work.homonyms_of([other.id]) == set()
            work.commit()


# --- cases ----------------------------------------------------------------------------------------


def test_a_case_carries_its_course(store: Store) -> None:
    first = stored_case(store, CaseState.EXHAUSTED, completed_on=TODAY, b1=False)
    second = stored_case(store, CaseState.REPEAT_REGISTERED, "R1", repeats=first.id, granted_units=300)
    with store.unit_of_work() as work:
        entry, done, under_way = registration(work, second), section(work, second), section(work, second)
        done = replace(done, ended_on=TODAY, units=100, absent_excused=3, absent_unexcused=0)
        work.add_registration(entry)
        work.add_section(done)
        work.add_section(replace(under_way, units=50))
        work.commit()
    with store.unit_of_work() as work:
        assert work.case(first.id) == first
        assert work.case_by_number("R1") == replace(second, used_units=150)
        assert work.cases_of([first.person_id, second.person_id]) == [first, replace(second, used_units=150)]
        assert work.case(1) is None
        assert work.case_by_number("B9") is None
        assert work.sections_of(second.id) == [done, replace(under_way, units=50)]
    with store.read() as reader:
        assert find_case(reader.connection, "R1") == replace(second, used_units=150)
        assert find_case(reader.connection, "B9") is None
        assert list_cases(reader.connection, first.person_id) == [first]
        assert list_registrations(reader.connection, second.id) == [entry]
        assert [each.units for each in list_sections(reader.connection, second.id)] == [100, 50]


@pytest.mark.parametrize(
    "field",
    [
        {"state": CaseState.REGISTERED},
        {"granted_units": 1},
        {"course_type": "9"},
        {"registered_on": TODAY},
        {"started_on": TODAY},
        {"last_activity": TODAY},
        {"completed_on": TODAY},
        {"b1": True},
    ],
    ids=lambda field: str(*field),
)
def test_a_case_changes_only_from_what_was_read(store: Store, field: dict[str, Any]) -> None:
    case = stored_case(store, CaseState.OPEN)
    with store.unit_of_work() as work:
        assert work.change_case(case, **HOW, **field) == replace(case, **field)
        assert work.change_case(case, **HOW, last_activity=date(2020, 1, 1)) is None
        work.commit()
    with store.read() as reader:
        assert find_case(reader.connection, "B1") == replace(case, **field)
        (row,) = history_of_case(reader.connection, case.id)
    assert (row.before, row.after) == ("OPEN", field.get("state", "OPEN"))


def test_what_is_no_changing_part_of_a_case_is_refused(store: Store) -> None:
    case = stored_case(store, CaseState.OPEN)
    with store.unit_of_work() as work, pytest.raises(TypeError, match="number"):
        work.change_case(case, **HOW, number="B2")


def test_a_case_moves_to_another_person_once(store: Store) -> None:
    case = stored_case(store, CaseState.OPEN)
    one, *_ = persons(store)
    with store.unit_of_work() as work:
        assert work.move_case(case, one.id, **HOW)
        assert not work.move_case(case, one.id, **HOW)
        work.commit()
    with store.unit_of_work() as work:
        assert work.case(case.id) == replace(case, person_id=one.id)
        assert work.person_by_number("B1") == one
    with store.read() as reader:
        (row,) = history_of_case(reader.connection, case.id)
    assert f"person {case.person_id} to {one.id}" in row.reason


def test_a_right_changes_its_status_only_from_what_was_read(store: Store) -> None:
    case = stored_case(store, CaseState.OPEN)
    (old,) = case.rights
    with store.unit_of_work() as work:
        new = right_of(work, case.id, "1b", party_uuid=UUID)
        assert work.change_right(old, RightStatus.REPLACED, replaced_by=new.id, **HOW)
        assert not work.change_right(old, RightStatus.REVOKED, **HOW)
        work.add_right(new)
        work.commit()
    with store.unit_of_work() as work:
        found = work.case(case.id)
        assert found is not None
        assert found.rights == (replace(old, status="REPLACED", replaced_by=new.id), new)
    with store.read() as reader:
        (row,) = history_of_case(reader.connection, case.id)
    assert (row.right_id, row.before, row.after) == (old.id, "CURRENT", "REPLACED")


# --- questions ------------------------------------------------------------------------------------


def test_a_question_is_closed_once(store: Store) -> None:
    case = stored_case(store, CaseState.OPEN)
    with store.unit_of_work() as work:
        ref = registered(work)
        asked = QuestionRecord(
            work.new_id(), "q1", ref.party_id, ref.uuid, case.person_id, case.id, case.rights[0].id, 7,
            TODAY, NOW, date(2026, 12, 24),
        )  # fmt: skip
        work.ask(asked)
        work.commit()
    with store.read() as reader:
        assert reader.overdue_questions(date(2026, 12, 24)) == []
        assert reader.overdue_questions(date(2026, 12, 25)) == [asked]
    with store.unit_of_work() as work:
        assert work.question_for(PARTY, "q1") == asked
        assert work.question_for(OTHER, "q1") is None
        assert work.open_questions_of(case.person_id) == [asked]
        assert work.close_question(asked, QuestionState.YES, LATER, "r1")
        assert not work.close_question(asked, QuestionState.EXPIRED, LATER)
        work.commit()
    with store.unit_of_work() as work:
        closed = replace(asked, state="YES", closed_at=LATER, reply_uuid="r1")
        assert work.question_for(PARTY, "q1") == closed
        assert work.open_questions_of(case.person_id) == []
    with store.read() as reader:
        assert reader.overdue_questions(date(2027, 1, 1)) == []


# --- later answers --------------------------------------------------------------------------------


def laid_out(work: UnitOfWork, ref: MessageRef, document: bytes = b"<later/>") -> OutboxEntry:
    entry = OutboxEntry(
        work.new_id(), ref.party_id, "soap", ref.uuid, ref.uuid, f"d{document!r}", "070003", NOW, document,
        None, "B1", "D01",
    )  # fmt: skip
    work.lay_out(entry, LATER)
    return entry


def test_a_later_answer_is_read_as_it_was_laid_out_and_journaled(store: Store) -> None:
    with store.unit_of_work() as work:
        ref = registered(work)
        entry = laid_out(work, ref)
        work.commit()
    with store.unit_of_work() as work:
        assert work.outbox_of(PARTY, UUID) == [entry]
        assert work.outbox_of(OTHER, UUID) == []
    with store.read() as reader:
        _, row = reader.journal_of(UUID)
        assert reader.outbox_of(ref) == [entry]
    assert (row.kind, row.at, row.message_type, row.size) == ("later-answer", LATER, "070003", 8)
    assert row.digest == hashlib.sha256(b"<later/>").digest()


def test_a_later_answer_has_a_document(store: Store) -> None:
    with store.unit_of_work() as work:
        entry = laid_out(work, registered(work))
        with pytest.raises(ValueError, match="without a document"):
            work.lay_out(replace(entry, document=None), NOW)


def test_every_message_has_a_content_key_of_its_own_also_in_one_transaction(store: Store) -> None:
    with store.unit_of_work() as work:
        one, other = registered(work), registered(work, "u2", content=b"<b/>")
        for ref in (one, other):
            laid_out(work, ref)
            work.store_answer(ref.party_id, ref.uuid, StoredAnswer(b"<answer/>", "070004"))
        work.commit()
    with store.write() as connection:
        assert destroy_content(connection, one) == 1
    with store.unit_of_work() as work:
        assert work.request_document(one) is None
        (erased,) = work.outbox_of(PARTY, UUID)
        assert erased.document is None
        assert work.request_document(other) == (b"<b/>", NOW, "soap")
        (kept,) = work.outbox_of(PARTY, "u2")
        assert kept.document == b"<later/>"
        assert work.request_document(MessageRef(OTHER, "u2")) is None


# --- the work of clerks ---------------------------------------------------------------------------


def test_a_work_item_is_decided_once_undone_once_and_reminded_while_it_is_open(store: Store) -> None:
    with store.unit_of_work() as work:
        item = WorkItem(work.new_id(), "duplicate", "n", 7, WorkItemState.OPEN, (1, 2), NOW)
        work.open_work_item(item)
        work.commit()
    with store.unit_of_work() as work:
        assert work.work_item(item.id) == item
        assert work.open_work_items(7) == [item]
        assert not work.mark_undone(item, at=LATER)
        assert work.mark_reminded(item, at=NOW)
        assert work.close_work_item(item, decision={"same": 1}, actor="x", at=LATER)
        assert not work.close_work_item(item, decision={}, actor="y", at=LATER)
        assert not work.mark_reminded(item, at=LATER)
        work.commit()
    closed = replace(
        item, state="CLOSED", decision={"same": 1}, decided_by="x", decided_at=LATER, reminded_at=NOW
    )
    with store.unit_of_work() as work:
        assert work.work_item(item.id) == closed
        assert work.open_work_items(7) == []
        assert work.mark_undone(item, at=LATER)
        assert not work.mark_undone(item, at=LATER)
        work.commit()
    with store.unit_of_work() as work:
        found = work.work_item(item.id)
        assert found == replace(closed, undone_at=LATER)
        assert work.work_item(1) is None
