"""Rows of deferred work on both engines: taken once, taken over, given back, buried."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from store.engine import Store
from store.errors import WorkLost
from store.records_work import WorkRow, WorkState
from store.work import count_work, find_work, is_due, list_work

NOW = datetime(2026, 11, 24, 10, 30, 15, 123456, tzinfo=UTC)
LEASE = timedelta(seconds=60)
KINDS = ("chunk", "batch-result")


def enqueue(
    store: Store, kind: str = "chunk", *, subject: int | None = None, ready: timedelta = LEASE * 0
) -> int:
    with store.unit_of_work() as work:
        row_id = work.enqueue(kind, NOW, subject=subject, facts={"chunk": 3}, ready_at=NOW + ready)
        work.commit()
    return row_id


def take(
    store: Store, holder: str = "a", *, after: timedelta = LEASE * 0, kinds: tuple[str, ...] = KINDS
) -> WorkRow | None:
    now = NOW + after
    with store.unit_of_work() as work:
        row = work.take_work(kinds, holder, now=now, lease_until=now + LEASE, attempts=3)
        work.commit()
    return row


def finish(store: Store, row: WorkRow) -> None:
    with store.unit_of_work() as work:
        work.finish(row)
        work.commit()


def stored(store: Store, row_id: int) -> WorkRow | None:
    with store.read() as reader:
        return find_work(reader.connection, row_id)


def test_a_row_is_taken_by_one_and_gone_when_it_is_done(store: Store) -> None:
    row_id = enqueue(store, subject=7)
    taken = take(store)
    assert taken == WorkRow(
        row_id, "chunk", 7, {"chunk": 3}, WorkState.RUNNING, NOW, 1, "a", NOW + LEASE, NOW, None, None
    )
    assert take(store, "b") is None
    finish(store, taken)
    assert stored(store, row_id) is None
    with pytest.raises(WorkLost):
        finish(store, taken)


def test_what_waits_longest_comes_first_and_nothing_before_its_time(store: Store) -> None:
    later = enqueue(store, ready=timedelta(seconds=2))
    second = enqueue(store)
    third = enqueue(store)
    first = enqueue(store, ready=timedelta(seconds=-1))
    order = [take(store), take(store), take(store)]
    assert [row.id for row in order if row] == [first, second, third]
    assert take(store) is None
    row = take(store, after=timedelta(seconds=2))
    assert row is not None
    assert row.id == later


def test_kinds_that_a_worker_does_not_know_are_left_to_others(store: Store) -> None:
    enqueue(store, "of-a-later-release")
    with store.read() as reader:
        assert not is_due(reader.connection, KINDS, NOW)
    assert take(store) is None
    assert take(store, kinds=("of-a-later-release",)) is not None


def test_another_takes_over_when_the_lease_runs_out_and_the_first_one_cannot_finish(store: Store) -> None:
    enqueue(store)
    first = take(store, "a")
    assert first is not None
    assert take(store, "b", after=LEASE) is None
    second = take(store, "b", after=LEASE * 1.5)
    assert second is not None
    assert (second.id, second.holder, second.attempts) == (first.id, "b", 2)
    with store.unit_of_work() as work, pytest.raises(WorkLost):
        work.finish(first)
    with store.unit_of_work() as work:
        assert not work.prolong_work(first, NOW + LEASE * 9)
        assert not work.fail_work(first, code="x", place="y", retry_at=NOW)
        assert not work.postpone_work(first, NOW)
        work.commit()
    again = take(store, "b", after=LEASE * 3)
    assert again is not None
    with pytest.raises(WorkLost):
        finish(store, second)
    finish(store, again)


@pytest.mark.postgresql
def test_nobody_takes_a_row_that_is_about_to_commit_and_nobody_waits_for_it(postgres_store: Store) -> None:
    row_id = enqueue(postgres_store)
    row = take(postgres_store)
    assert row is not None
    next_id = enqueue(postgres_store)
    finished, ended = threading.Event(), threading.Event()

    def commit_late() -> None:
        with postgres_store.unit_of_work() as work:
            work.finish(row)
            finished.set()
            assert ended.wait(30)
            work.commit()

    late = threading.Thread(target=commit_late)
    late.start()
    assert finished.wait(30)
    began = time.monotonic()
    other = take(postgres_store, "b", after=LEASE * 2)
    with postgres_store.unit_of_work() as work:
        assert not work.prolong_work(row, NOW + LEASE * 9)
    assert time.monotonic() - began < 5
    ended.set()
    late.join()
    assert other is not None
    assert other.id == next_id
    assert stored(postgres_store, row_id) is None


def test_a_prolonged_lease_keeps_others_off(store: Store) -> None:
    enqueue(store)
    row = take(store)
    assert row is not None
    with store.unit_of_work() as work:
        assert work.prolong_work(row, NOW + LEASE * 3)
        work.commit()
    assert take(store, "b", after=LEASE * 2) is None
    finish(store, row)


def test_a_row_whose_workers_all_end_is_buried_instead_of_taken(store: Store) -> None:
    row_id = enqueue(store)
    for attempt in range(3):
        row = take(store, f"worker {attempt}", after=LEASE * 2 * attempt)
        assert row is not None
        assert row.state == WorkState.RUNNING
    buried = take(store, "d", after=LEASE * 8)
    assert buried is not None
    assert (buried.id, buried.state, buried.attempts, buried.holder, buried.last_code) == (
        row_id, WorkState.DEAD, 3, None, "worker-lost",
    )  # fmt: skip
    assert take(store, "e", after=LEASE * 20) is None


def test_a_failed_row_waits_and_a_dead_one_comes_back_by_hand_only(store: Store) -> None:
    row_id = enqueue(store, subject=7)
    row = take(store)
    assert row is not None
    with store.unit_of_work() as work:
        assert work.fail_work(row, code="KeyError", place="x.py:1", retry_at=NOW + LEASE)
        work.commit()
    assert take(store) is None
    row = take(store, after=LEASE)
    assert row is not None
    assert (row.attempts, row.last_code, row.last_place) == (2, "KeyError", "x.py:1")
    with store.unit_of_work() as work:
        assert work.fail_work(row, code="KeyError", place="x.py:1", retry_at=None)
        work.commit()
    assert take(store, after=LEASE * 99) is None
    with store.unit_of_work() as work:
        assert [dead.id for dead in work.dead_work("chunk", 7)] == [row_id]
        assert work.dead_work("chunk", 8) == []
        retried = work.retry_work(row_id, NOW)
        work.commit()
    assert retried is not None
    assert (retried.state, retried.attempts) == (WorkState.READY, 0)
    assert take(store) is not None


def test_a_postponed_row_has_used_up_no_attempt(store: Store) -> None:
    enqueue(store)
    for turn in range(5):
        row = take(store, after=LEASE * turn)
        assert row is not None
        assert row.attempts == 1
        with store.unit_of_work() as work:
            assert work.postpone_work(row, NOW + LEASE * (turn + 1))
            work.commit()


def test_only_a_dead_row_can_be_discarded(store: Store) -> None:
    row_id = enqueue(store)
    with store.unit_of_work() as work:
        assert work.discard_work(row_id) is None
    row = take(store)
    assert row is not None
    with store.unit_of_work() as work:
        assert work.discard_work(row_id) is None
        assert work.retry_work(row_id, NOW) is None
        work.fail_work(row, code="x", place="y", retry_at=None)
        work.commit()
    with store.unit_of_work() as work:
        gone = work.discard_work(row_id)
        work.commit()
    assert gone is not None
    assert gone.id == row_id
    assert stored(store, row_id) is None


def test_what_there_is_can_be_counted_and_listed_dead_ones_first(store: Store) -> None:
    ready = enqueue(store, ready=timedelta(seconds=5))
    enqueue(store, "batch-result", ready=timedelta(seconds=-5))
    row = take(store)
    assert row is not None
    with store.unit_of_work() as work:
        work.fail_work(row, code="x", place="y", retry_at=None)
        work.commit()
    running = enqueue(store)
    assert take(store) is not None
    with store.read() as reader:
        listed = list_work(reader.connection, limit=10)
        assert [each.id for each in listed] == [row.id, running, ready]
        assert [each.id for each in list_work(reader.connection, state="READY", limit=10)] == [ready]
        assert [each.id for each in list_work(reader.connection, kind="batch-result", limit=10)] == [row.id]
        assert [tuple(each)[:3] for each in count_work(reader.connection)] == [
            ("batch-result", "DEAD", 1),
            ("chunk", "READY", 1),
            ("chunk", "RUNNING", 1),
        ]
        assert not is_due(reader.connection, KINDS, NOW)
        assert is_due(reader.connection, KINDS, NOW + timedelta(seconds=5))
        assert is_due(reader.connection, KINDS, NOW + LEASE * 2)
