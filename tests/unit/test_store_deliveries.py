"""Deliveries on both engines: gapless numbers, chunks that nobody can read, results and what is in them."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from store.deliveries import (
    abandoned_deliveries,
    find_deliveries,
    find_sequence,
    list_deliveries,
    progress_of,
    results_of,
)
from store.engine import Store
from store.records import OutboxEntry, StoredAnswer
from store.records_batch import (
    Chunk,
    ChunkCounts,
    Delivery,
    DeliveryProgress,
    DeliveryResult,
    DeliverySequence,
)
from store.schema import delivery, delivery_chunk, journal, work
from store.unit import UnitOfWork

NOW = datetime(2026, 11, 24, 10, 30, 15, 123456, tzinfo=UTC)
PARTY = "bva:000001"
OTHER = "bva:000002"
SECRET = "Şahin-Müller".encode()


def a_delivery(uow: UnitOfWork, number: int = 1, package: int = 1, **changes: Any) -> Delivery:
    usual: dict[str, Any] = {
        "id": uow.new_id(),
        "party_id": PARTY,
        "uuid": f"manifest-{number}-{package}",
        "content_hash": b"h",
        "number": number,
        "package": package,
        "last": True,
        "stem": f"{number:012d}{package:012d}",
        "records": 5,
        "size": 1 << 33,
        "sha256": b"s" * 32,
        "chunks": 2,
        "door": "batch",
        "peer": None,
        "signer_fingerprint": "ab" * 32,
        "schema_version": "BVA 1",
        "received_at": NOW,
    }
    return Delivery(**{**usual, **changes})


def taken_in(store: Store, *, accepted: bool = True, **changes: Any) -> Delivery:
    """A delivery of two chunks, of three and of two records."""
    with store.unit_of_work() as uow:
        record = uow.add_delivery(a_delivery(uow, **changes))
        uow.add_chunk(record.id, 0, 1, 3, b"one" + SECRET)
        uow.add_chunk(record.id, 1, 4, 2, b"two" + SECRET)
        if accepted:
            assert uow.accept_delivery(record.id, NOW)
        uow.commit()
    return record


def test_a_manifest_that_comes_again_finds_what_there_is(store: Store) -> None:
    first = taken_in(store, accepted=False)
    with store.unit_of_work() as uow:
        again = uow.add_delivery(a_delivery(uow))
        assert again == first
        assert again == uow.delivery_by_uuid(PARTY, first.uuid) == uow.delivery_by_stem(first.stem)
        assert uow.delivery_by_number(PARTY, 1, 1) is None
        assert uow.stored_chunks(first.id) == 2
        assert not uow.add_chunk(first.id, 1, 4, 2, b"something else")
        assert uow.chunk_content(first.id, 1) == b"two" + SECRET
        assert uow.accept_delivery(first.id, NOW)
        assert not uow.accept_delivery(first.id, NOW)
        assert not uow.drop_delivery(first.id)
        uow.commit()
    with store.unit_of_work() as uow:
        accepted = uow.delivery_by_number(PARTY, 1, 1)
        assert accepted is not None
        assert accepted.accepted_at == NOW
        assert uow.delivery(first.id) == accepted
        assert uow.delivery_by_number(OTHER, 1, 1) is None


def test_what_was_never_taken_in_whole_leaves_its_number_free_and_can_be_removed(store: Store) -> None:
    half = taken_in(store, accepted=False)
    whole = taken_in(store, uuid="another manifest", stem="f" * 24)
    with store.read() as reader:
        assert abandoned_deliveries(reader.connection, NOW, 10) == []
        # Pieces tell by their ids when they were stored, in real time.
        late = datetime.now(UTC) + timedelta(seconds=1)
        assert abandoned_deliveries(reader.connection, late, 10) == [half]
        assert [each.id for each in list_deliveries(reader.connection, limit=10)] == [whole.id]
    with store.unit_of_work() as uow:
        assert uow.drop_delivery(half.id)
        assert not uow.drop_delivery(half.id)
        uow.commit()
    with store.read() as reader:
        counts = [
            reader.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (delivery, delivery_chunk)
        ]
    assert counts == [1, 2]


def test_numbers_of_a_party_have_no_gaps(store: Store) -> None:
    with store.unit_of_work() as uow:
        assert uow.lock_sequence(PARTY).expected == (1, 1)
        uow.set_sequence(DeliverySequence(PARTY, 1, 1, last=False))
        uow.commit()
    with store.unit_of_work() as uow:
        assert uow.lock_sequence(PARTY).expected == (1, 2)
        uow.set_sequence(DeliverySequence(PARTY, 1, 2, last=True))
        uow.commit()
    with store.unit_of_work() as uow:
        assert uow.lock_sequence(PARTY).expected == (2, 1)
        assert uow.lock_sequence(OTHER).expected == (1, 1)
    with store.read() as reader:
        assert find_sequence(reader.connection, PARTY) == DeliverySequence(PARTY, 1, 2, last=True)
        assert find_sequence(reader.connection, OTHER) is None


def test_two_deliveries_at_once_see_one_after_the_other(store: Store) -> None:
    seen: list[tuple[int, int]] = []

    def accept() -> None:
        with store.unit_of_work() as uow:
            number, package = uow.lock_sequence(PARTY).expected
            uow.set_sequence(DeliverySequence(PARTY, number, package, last=True))
            uow.commit()
            seen.append((number, package))

    threads = [threading.Thread(target=accept) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [(number, 1) for number in range(1, 7)]


def test_a_chunk_cannot_be_read_in_the_tables_and_is_forgotten_when_done(store: Store) -> None:
    record = taken_in(store)
    with store.read() as reader:
        kept = reader.connection.execute(select(delivery_chunk.c.ciphertext)).scalars().all()
    assert all(kept)
    assert not any(SECRET in each for each in kept if each)
    with store.unit_of_work() as uow:
        assert uow.chunk(record.id, 0) == Chunk(record.id, 0, 1, 3, None, False, ChunkCounts())
        assert uow.close_chunk(record.id, 0, ChunkCounts(1, 1, 0, 1), NOW)
        assert not uow.close_chunk(record.id, 0, ChunkCounts(9, 9, 9, 9), NOW)
        assert uow.chunk_content(record.id, 0) is None
        done = uow.chunk(record.id, 0)
        assert done is not None
        assert (done.done_at, done.counts, list(done.positions)) == (NOW, (1, 1, 0, 1), [1, 2, 3])
        uow.commit()
    expected = DeliveryProgress(2, 1, 0, 3, ChunkCounts(1, 1, 0, 1))
    with store.read() as reader:
        assert progress_of(reader.connection, [record.id, 5]) == {record.id: expected}
        ciphertext = select(delivery_chunk.c.ciphertext, delivery_chunk.c.wrapped).where(
            delivery_chunk.c.ordinal == 0
        )
        assert tuple(reader.connection.execute(ciphertext).one()) == (None, None)
    with store.unit_of_work() as uow:
        assert uow.open_chunks(record.id) == 1
        assert uow.open_chunks(5) == 0


def progress(store: Store, record: Delivery) -> DeliveryProgress:
    with store.read() as reader:
        return progress_of(reader.connection, [record.id])[record.id]


def test_a_chunk_is_split_so_that_one_record_does_not_hold_its_neighbours(store: Store) -> None:
    record = taken_in(store)
    with store.unit_of_work() as uow:
        ordinals = uow.split_chunk(record, 1, [(4, 1, b"a"), (5, 1, b"b")])
        assert ordinals == [6, 7]
        assert uow.chunk(record.id, 1) is None
        assert [uow.chunk_content(record.id, each) for each in ordinals] == [b"a", b"b"]
        with pytest.raises(ValueError, match="no open chunk"):
            uow.split_chunk(record, 1, [])
        assert uow.miss_chunks(record.id, [6, 1]) == 1
        assert uow.open_chunks(record.id) == 2
        uow.commit()
    assert progress(store, record) == DeliveryProgress(3, 2, 1, 0, ChunkCounts())
    with store.unit_of_work() as uow:
        uow.close_chunk(record.id, 6, ChunkCounts(refused=1), NOW)
        assert uow.open_chunks(record.id) == 2
        uow.commit()
    assert progress(store, record) == DeliveryProgress(3, 2, 0, 1, ChunkCounts(refused=1))
    with store.unit_of_work() as uow:
        missed = uow.chunk(record.id, 6)
        assert missed is not None
        assert missed.missed


def test_results_are_found_by_their_uuid_until_they_are_confirmed(store: Store) -> None:
    record = taken_in(store)
    first = DeliveryResult(record.id, 0, "result-0", b"<signed/>", NOW)
    with store.unit_of_work() as uow:
        assert uow.last_addendum(record.id) is None
        uow.add_result(first)
        assert uow.finish_delivery(record.id, NOW)
        assert not uow.finish_delivery(record.id, NOW)
        uow.commit()
    with store.unit_of_work() as uow:
        assert uow.last_addendum(record.id) == 0
        assert uow.result_by_uuid(PARTY, "result-0") == first
        assert uow.result_by_uuid(OTHER, "result-0") is None
        assert uow.mark_result_fetched(first, NOW)
        assert not uow.mark_result_fetched(first, NOW)
        assert uow.confirm_result(first, NOW)
        assert not uow.confirm_result(first, NOW)
        (stored,) = uow.results_of(record.id)
        assert (stored.first_fetched_at, stored.confirmed_at) == (NOW, NOW)
        uow.commit()
    with store.read() as reader:
        assert results_of(reader.connection, [record.id]) == [stored]
        assert list_deliveries(reader.connection, unfinished=True, limit=10) == []
        (found,) = list_deliveries(reader.connection, party_id=PARTY, limit=10)
        assert [found] == find_deliveries(reader.connection, record.uuid)
        assert list_deliveries(reader.connection, party_id=OTHER, limit=10) == []


def laid_out(uow: UnitOfWork, position: int, route: str = "batch") -> int:
    uuid = f"record-{position:04d}"
    uow.register(PARTY, uuid, b"h", "200002", NOW)
    entry = OutboxEntry(
        id=uow.new_id(),
        party_id=PARTY,
        route=route,
        uuid=uuid,
        trigger_uuid=uuid,
        document_uuid=f"document-{position}",
        kind="200004",
        created_at=NOW,
        document=b"<later %d/>" % position,
    )
    uow.lay_out(entry, NOW)
    return entry.id


def test_later_answers_go_into_one_addendum_and_are_confirmed_with_it(store: Store) -> None:
    record = taken_in(store)
    with store.unit_of_work() as uow:
        ids = [laid_out(uow, position) for position in (5, 2, 1)]
        laid_out(uow, 9, route="soap")
        uow.commit()
    with store.unit_of_work() as uow:
        found = uow.later_unassigned(0, 10)
        assert [entry.id for entry in found] == ids
        assert {entry.document for entry in found} == {None}
        assert [entry.id for entry in uow.later_unassigned(ids[0], 1)] == ids[1:2]
        later = DeliveryResult(record.id, 1, "result-1", b"<signed/>", NOW)
        uow.add_result(later)
        uow.lay_into(record.id, 1, ids[:2])
        uow.commit()
    with store.unit_of_work() as uow:
        assert [entry.id for entry in uow.later_unassigned(0, 10)] == ids[2:]
        first = uow.later_in(record.id, 1, ("", 0), 1)
        assert [entry.document for entry in first] == [b"<later 2/>"]
        second = uow.later_in(record.id, 1, (first[0].uuid, first[0].id), 5)
        assert [entry.document for entry in second] == [b"<later 5/>"]
        uow.mark_result_fetched(later, NOW)
        uow.confirm_result(later, NOW)
        uow.commit()
    with store.unit_of_work() as uow:
        entries = uow.outbox_entries(PARTY, ids)
        assert {entry.id: (entry.first_fetched_at, entry.confirmed_at) for entry in entries} == {
            ids[0]: (NOW, NOW),
            ids[1]: (NOW, NOW),
            ids[2]: (None, None),
        }


def test_answers_are_read_by_the_page(store: Store) -> None:
    with store.unit_of_work() as uow:
        for position in range(3):
            uow.register(PARTY, f"record-{position}", b"h", "200002", NOW)
            if position:
                uow.store_answer(PARTY, f"record-{position}", StoredAnswer(b"<a%d/>" % position, "200004"))
        uow.commit()
    with store.read() as reader:
        asked = ["record-0", "record-1", "record-2", "record-3"]
        assert reader.answer_documents(PARTY, asked) == {"record-1": b"<a1/>", "record-2": b"<a2/>"}
        assert reader.answer_documents(OTHER, asked) == {}


def test_thousands_of_rows_commit_together(store: Store) -> None:
    with store.unit_of_work() as uow:
        for number in range(6001):
            uow.enqueue("chunk", NOW, subject=number)
        laid_out(uow, 1)
        uow.commit()
    with store.read() as reader:
        connection = reader.connection
        subjects = connection.execute(select(work.c.subject).order_by(work.c.id)).scalars().all()
        assert subjects == list(range(6001))
        assert connection.execute(select(func.count()).select_from(journal)).scalar_one() == 1
