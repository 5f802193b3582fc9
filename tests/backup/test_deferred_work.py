"""What was being done when a backup was made is done by whoever works on the restored store."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from store.backup import export, read_header
from store.engine import Store
from store.records_batch import Delivery
from store.records_work import WorkState
from store.restore import load
from tests.backup.test_backup import OTHER
from tests.support.core import NOW
from tests.support.stores import open_test_store

LEASE = timedelta(hours=1)
RECORDS = b"records of a chunk"


def deliver(store: Store) -> Delivery:
    """A delivery of one chunk that a worker has taken."""
    with store.unit_of_work() as work:
        record = work.add_delivery(
            Delivery(
                id=work.new_id(),
                party_id="bva:1",
                uuid="manifest",
                content_hash=b"h",
                number=1,
                package=1,
                last=True,
                stem="f" * 24,
                records=2,
                size=20,
                sha256=b"s",
                chunks=1,
                door="batch",
                peer=None,
                signer_fingerprint="ab" * 32,
                schema_version="BVA 1",
                received_at=NOW,
            )
        )
        work.add_chunk(record.id, 0, 1, 2, RECORDS)
        work.accept_delivery(record.id, NOW)
        for facts in ({"ordinal": 0}, {"dead": 1}):
            work.enqueue("chunk", NOW, subject=record.id, facts=facts)
        work.commit()
    with store.unit_of_work() as work:
        taken = [
            work.take_work(["chunk"], "a", now=NOW, lease_until=NOW + LEASE, attempts=5) for _ in range(2)
        ]
        assert taken[1] is not None
        assert work.fail_work(taken[1], code="x", place="y", retry_at=None)
        work.commit()
    return record


@pytest.mark.parametrize("change", [False, True])
def test_a_row_in_work_is_taken_at_once_and_a_dead_one_stays(
    store: Store, store_url: str, empty_url: Callable[[str], str], change: bool
) -> None:
    record = deliver(store)
    lines = export(store_url, environment="test", key_checks={}, made_at=NOW, progress=lambda *_: None)
    url = empty_url(OTHER[store.dialect] if change else store.dialect)
    header, first = read_header(lines)
    load(url, header, first, lines, epoch_after=0, keep_epoch=lambda _: None, progress=lambda *_: None)
    again = open_test_store(url)
    try:
        with again.unit_of_work() as work:
            row = work.take_work(["chunk"], "b", now=NOW, lease_until=NOW + LEASE, attempts=5)
            assert row is not None
            assert (row.facts, row.attempts, row.holder) == ({"ordinal": 0}, 2, "b")
            assert work.take_work(["chunk"], "b", now=NOW, lease_until=NOW, attempts=5) is None
            (dead,) = work.dead_work("chunk", record.id)
            assert (dead.state, dead.facts) == (WorkState.DEAD, {"dead": 1})
            assert work.chunk_content(record.id, 0) == RECORDS
            assert work.delivery_by_number("bva:1", 1, 1) is not None
            work.finish(row)
            work.commit()
    finally:
        again.close()
