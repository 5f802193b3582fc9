"""A unit of work on both engines: what is committed is read back, what is not leaves no trace."""

import threading
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import update

from store.engine import Store
from store.records import (
    CaseRecord,
    CaseState,
    DecisionRecord,
    JournalEntry,
    JournalKind,
    MessageRef,
    PersonRecord,
    RightRecord,
    RightStatus,
    StoredAnswer,
    WorkItem,
    WorkItemState,
)
from store.schema import number_epoch
from store.unit import UnitOfWork

NOW = datetime(2026, 11, 24, 10, 30, 15, 123456, tzinfo=UTC)
PARTY = "azr:090100"
UUID = "5e9f0e0a-6d0b-4a33-9a7e-0f3f6f0a0001"


def person(uow: UnitOfWork, lock_key: int = -7_000_000_000_000_000_001) -> PersonRecord:
    return PersonRecord(
        id=uow.new_id(),
        lock_key=lock_key,
        surname_key="ŞAHİN",
        first_name_key="AYŞE",
        birth="1990-05",
        gender="w",
        surname="Şahin",
        first_name=None,
        details={"staatsangehoerigkeiten": ["163"], "geburtsort": "İzmir"},
    )


def case(uow: UnitOfWork, person_id: int, number: str) -> CaseRecord:
    case_id = uow.new_id()
    right = RightRecord(
        id=uow.new_id(),
        case_id=case_id,
        art="1a",
        agency=PARTY,
        agency_name="Stadt Musterstadt",
        valid_from=date(2026, 11, 24),
        valid_until=date(2027, 11, 24),
        unlimited=False,
        status=RightStatus.CURRENT,
        only_orientation=False,
        only_language=False,
        decided_at=NOW,
    )
    return CaseRecord(case_id, person_id, number, CaseState.OPEN, date(2026, 11, 24), (right,))


def decision(uow: UnitOfWork, number: str | None = None) -> DecisionRecord:
    return DecisionRecord(
        id=uow.new_id(),
        party_id=PARTY,
        uuid=UUID,
        message_type="070001",
        schema_version="26.11",
        signer_fingerprint="ab" * 32,
        identity_branch="I01",
        row="D01",
        rules_version="2026-11-01",
        legal_basis=None,
        effect="new case",
        answer_type="070003",
        reason_code=None,
        number=number,
        evidence={"persons": [1, 2], "key": "seed2012"},
        received_at=NOW,
        decided_at=NOW,
    )


def test_everything_committed_is_read_back_as_it_was_given(store: Store) -> None:
    with store.unit_of_work() as uow:
        assert uow.register(PARTY, UUID, b"h" * 32, "070001", NOW) is None
        someone = person(uow)
        uow.lock_persons([someone.lock_key, 3, 3])
        assert uow.persons_by_lock_key(someone.lock_key) == []
        epoch, counter = uow.next_counter()
        assert (epoch, counter) >= (1, 1)
        held = case(uow, someone.id, "B1")
        record = decision(uow, "B1")
        uow.add_person(someone)
        uow.add_case(held)
        uow.add_decision(record)
        uow.add_journal(
            JournalEntry(JournalKind.RECEIVED, NOW, PARTY, UUID, "070001", content=b"<a/>", size=4)
        )
        uow.add_journal(JournalEntry(JournalKind.ANSWERED, NOW, PARTY, UUID, "070003", digest=b"d" * 32))
        uow.store_answer(PARTY, UUID, StoredAnswer(b"<answer/>", "070003", None, "B1", "D01"))
        uow.commit()
    with store.unit_of_work() as uow:
        known = uow.register(PARTY, UUID, b"x" * 32, "070008", NOW)
        assert known is not None
        assert (known.content_hash, known.message_type, known.erased) == (b"h" * 32, "070001", False)
        assert known.answer == StoredAnswer(b"<answer/>", "070003", None, "B1", "D01")
        assert uow.persons_by_lock_key(someone.lock_key) == [someone]
        assert uow.person_by_number("B1") == someone
        assert uow.person_by_number("B2") is None
        assert uow.cases_of([someone.id]) == [held]
    with store.read() as reader:
        assert reader.decisions(MessageRef(PARTY, UUID)) == [record]
        assert reader.answer_document(MessageRef(PARTY, UUID)) == b"<answer/>"
        received, answered = reader.journal_of(UUID)
        assert reader.journaled_content(received) == b"<a/>"
        assert reader.journaled_content(answered) is None
        assert (received.at, answered.digest) == (NOW, b"d" * 32)
        assert reader.messages(UUID) == [MessageRef(PARTY, UUID)]


def test_what_is_left_without_commit_leaves_no_trace(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.unit_of_work() as uow:  # noqa: PT012 - the error comes late
        assert uow.register(PARTY, UUID, b"h" * 32, "070001", NOW) is None
        uow.add_person(person(uow))
        raise ZeroDivisionError
    with store.read() as reader:
        assert set(reader.counts().values()) == {0}
    with store.unit_of_work() as uow:
        assert uow.register(PARTY, UUID, b"h" * 32, "070001", NOW) is None


def test_what_is_flushed_is_read_in_there_and_gone_without_commit(store: Store) -> None:
    with store.unit_of_work() as uow:
        someone = person(uow)
        uow.add_person(someone)
        uow.flush()
        uow.flush()
        assert uow.person(someone.id) == someone
    with store.unit_of_work() as uow:
        assert uow.person(someone.id) is None
        uow.add_person(someone)
        uow.flush()
        uow.commit()
    with store.unit_of_work() as uow:
        assert uow.person(someone.id) == someone


def test_the_same_uuid_of_another_party_is_another_message(store: Store) -> None:
    for kennung in (PARTY, "azr:090200"):
        with store.unit_of_work() as uow:
            assert uow.register(kennung, UUID, b"h" * 32, "070001", NOW) is None
            uow.commit()


def test_a_second_parked_message_joins_the_open_work_item(store: Store) -> None:
    other = UUID.replace("0001", "0002")
    with store.unit_of_work() as uow:
        uow.register(PARTY, UUID, b"h" * 32, "070001", NOW)
        item = WorkItem(
            uow.new_id(),
            "duplicate",
            None,
            5,
            WorkItemState.OPEN,
            (11, 12),
            NOW,
            {"kind": 1},
            (MessageRef(PARTY, UUID),),
        )
        uow.open_work_item(item)
        uow.commit()
    with store.unit_of_work() as uow:
        uow.register(PARTY, other, b"h" * 32, "070001", NOW)
        assert uow.open_work_items(5) == [item]
        assert uow.open_work_items(6) == []
        uow.attach_message(item.id, MessageRef(PARTY, other), NOW)
        uow.commit()
    with store.read() as reader:
        (found,) = reader.work_items(state="OPEN")
        assert found.messages == (MessageRef(PARTY, UUID), MessageRef(PARTY, other))


def test_counters_never_repeat_over_connections_and_epochs(store_url: str) -> None:
    from tests.support.stores import open_test_store

    seen: list[tuple[int, int]] = []
    for _ in range(3):
        opened = open_test_store(store_url)
        for _ in range(20):
            with opened.unit_of_work() as uow:
                seen.append(uow.next_counter())
                uow.commit()
        opened.close()
    opened = open_test_store(store_url)
    with opened.write() as connection:
        connection.execute(update(number_epoch).values(epoch=2))
    with opened.unit_of_work() as uow:
        seen.append(uow.next_counter())
        uow.commit()
    opened.close()
    assert len(set(seen)) == len(seen)
    assert [epoch for epoch, _ in seen] == [1] * 60 + [2]


def test_a_thread_has_one_unit_of_work_at_a_time(store: Store) -> None:
    with store.unit_of_work(), pytest.raises(RuntimeError, match="already"), store.unit_of_work():
        pass
    with store.unit_of_work() as uow:
        uow.commit()


def test_a_large_document_is_kept_whole(store: Store) -> None:
    large = bytes(range(256)) * 4096 * 5
    with store.unit_of_work() as uow:
        uow.register(PARTY, UUID, b"h" * 32, "070001", NOW)
        uow.add_journal(JournalEntry(JournalKind.RECEIVED, NOW, PARTY, UUID, "070001", content=large))
        uow.store_answer(PARTY, UUID, StoredAnswer(large, "070003"))
        uow.commit()
    with store.unit_of_work() as uow:
        known = uow.register(PARTY, UUID, b"h" * 32, "070001", NOW)
        assert known is not None
        assert known.answer == StoredAnswer(large, "070003")


def test_connections_of_ended_threads_are_closed(store: Store) -> None:
    def work() -> None:
        with store.unit_of_work() as uow:
            uow.commit()

    for _ in range(5):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    work()
    assert len(store._links) == 1
