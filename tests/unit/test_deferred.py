"""The worker on both engines: every effect once, failures wait and end dead, and nothing stops the others."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.clock import Clock, SystemClock
from gateway.deferred import operating
from gateway.deferred.base import Postponed, WorkNotThereError
from gateway.deferred.runner import Ended, Worker
from gateway.deferred.terms import BACK_OFF, LONGEST, Terms
from store.engine import Store
from store.errors import StoreBusy
from store.records import JournalEntry, JournalKind
from store.records_work import WorkRow, WorkState
from store.schema import journal
from store.unit import UnitOfWork
from store.work import find_work
from tests.support.core import NOW, StandingClock

KIND = "of-a-test"


class Handler:
    """Leaves a row of the journal as its effect, after what a test does before it."""

    def __init__(self, store: Store, before: Callable[[WorkRow], None] = lambda _: None) -> None:
        self._store = store
        self._before = before

    def do(self, row: WorkRow) -> None:
        self._before(row)
        with self._store.unit_of_work() as work:
            work.finish(row)
            leave(work, row, "done")
            work.commit()

    def discard(self, work: UnitOfWork, row: WorkRow, actor: str) -> None:
        leave(work, row, f"given up by {actor}")


def leave(work: UnitOfWork, row: WorkRow, what: str) -> None:
    work.add_journal(JournalEntry(JournalKind.CLERK, NOW, facts={"work": row.id, "effect": what}))


def effects(store: Store) -> list[tuple[int, str]]:
    """What handlers brought about: id of the row, and what."""
    with store.read() as reader:
        facts = [json.loads(row.facts or "{}") for row in reader.journal(unsealed=True)]
    return [(each["work"], each["effect"]) for each in facts if "effect" in each]


def worker(store: Store, before: Callable[[WorkRow], None] = lambda _: None, **changes: Any) -> Worker:
    usual: dict[str, Any] = {
        "store": store,
        "clock": StandingClock(),
        "handlers": {KIND: Handler(store, before)},
        "holder": f"worker {time.monotonic_ns()}",
    }
    return Worker(**{**usual, **changes})


def enqueue(store: Store, count: int = 1, clock: Clock | None = None) -> list[int]:
    now = NOW if clock is None else clock.now()
    with store.unit_of_work() as work:
        ids = [work.enqueue(KIND, now, subject=place) for place in range(count)]
        work.commit()
    return ids


def stored(store: Store, row_id: int) -> WorkRow:
    with store.read() as reader:
        row = find_work(reader.connection, row_id)
    assert row is not None
    return row


def test_rows_are_done_in_their_order_and_once(store: Store) -> None:
    ids = enqueue(store, 3)
    working = worker(store)
    assert working.work_off() == {Ended.DONE: 3}
    assert working.work_off() == {}
    assert working.run_once() is None
    assert effects(store) == [(each, "done") for each in ids]


def test_a_failing_row_waits_longer_and_longer_and_is_dead_at_last(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    (row_id,) = enqueue(store)
    clock = StandingClock()

    def fail(_: WorkRow) -> None:
        raise KeyError("Şahin")

    working = worker(store, fail, clock=clock)
    for wait in BACK_OFF:
        assert working.work_off() == {Ended.FAILED: 1}
        row = stored(store, row_id)
        assert (row.state, row.ready_at, row.last_code) == (WorkState.READY, clock.now() + wait, "KeyError")
        assert row.last_place is not None
        assert "test_deferred.py:" in row.last_place
        clock.advance(seconds=wait.total_seconds() - 0.001)
        assert working.work_off() == {}
        clock.advance(seconds=0.001)
    with caplog.at_level(logging.ERROR, "gateway"):
        assert working.work_off() == {Ended.DEAD: 1}
    assert [record.getMessage() for record in caplog.records if "dead" in record.getMessage()] == [
        f"deferred work is dead: inge work show {row_id}"
    ]
    assert "Şahin" not in caplog.text
    clock.advance(days=300)
    assert working.work_off() == {}
    row = stored(store, row_id)
    assert (row.state, row.attempts, row.holder) == (WorkState.DEAD, len(BACK_OFF) + 1, None)
    assert effects(store) == []


def test_one_that_always_fails_stops_nobody(store: Store) -> None:
    ids = enqueue(store, 5)

    def fail(row: WorkRow) -> None:
        if row.id == ids[1]:
            raise ValueError

    assert worker(store, fail).work_off() == {Ended.DONE: 4, Ended.FAILED: 1}
    assert [each for each, _ in effects(store)] == [ids[0], *ids[2:]]


def test_a_store_that_is_busy_now_and_again_costs_neither_an_attempt_nor_an_alarm(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    (row_id,) = enqueue(store)
    clock = StandingClock()

    def fail(_: WorkRow) -> None:
        raise StoreBusy("somebody else")

    with caplog.at_level(logging.WARNING, "gateway"):
        for _ in range(20):
            assert worker(store, fail, clock=clock).work_off() == {Ended.POSTPONED: 1}
            clock.advance(seconds=1)
    assert caplog.records == []
    assert (stored(store, row_id).attempts, stored(store, row_id).last_code) == (0, None)
    assert worker(store, clock=clock).work_off() == {Ended.DONE: 1}


@pytest.mark.parametrize(
    "error", [Postponed(NOW + timedelta(seconds=1)), RuntimeError(), StoreBusy("others")]
)
def test_a_row_is_given_back_although_the_store_is_busy_then(
    store: Store, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row_id,) = enqueue(store)
    busy = iter([True, True])
    commit = UnitOfWork.commit

    def crowded(work: UnitOfWork) -> None:
        if next(busy, False):
            raise StoreBusy("somebody else")
        commit(work)

    def fail(_: WorkRow) -> None:
        monkeypatch.setattr(UnitOfWork, "commit", crowded)
        raise error

    assert worker(store, fail).run_once() in (Ended.POSTPONED, Ended.FAILED)
    assert next(busy, None) is None
    assert (stored(store, row_id).state, stored(store, row_id).holder) == (WorkState.READY, None)


def test_what_has_to_wait_for_others_uses_up_no_attempt(store: Store) -> None:
    (row_id,) = enqueue(store)
    clock = StandingClock()

    def wait(_: WorkRow) -> None:
        if clock.now() < NOW + timedelta(seconds=20):
            raise Postponed(clock.now() + timedelta(seconds=1))

    working = worker(store, wait, clock=clock, terms=Terms(attempts=1))
    for _ in range(20):
        assert working.work_off() == {Ended.POSTPONED: 1}
        clock.advance(seconds=1)
    assert working.work_off() == {Ended.DONE: 1}
    assert effects(store) == [(row_id, "done")]


def test_who_lost_a_row_cannot_commit_its_effect(store: Store) -> None:
    (row_id,) = enqueue(store)
    clock = StandingClock()
    second = worker(store, clock=clock)

    def sleep_over(_: WorkRow) -> None:
        clock.advance(seconds=61)
        assert second.run_once() is Ended.DONE

    first = worker(store, sleep_over, clock=clock)
    assert first.run_once() is Ended.LOST
    assert effects(store) == [(row_id, "done")]


@pytest.mark.parametrize("error", [Postponed(NOW), RuntimeError()])
def test_who_lost_a_row_cannot_give_it_back_either(store: Store, error: Exception) -> None:
    (row_id,) = enqueue(store)
    clock = StandingClock()

    def lose(row: WorkRow) -> None:
        if row.attempts == 1:
            clock.advance(seconds=61)
            with store.unit_of_work() as work:
                later = clock.now() + timedelta(seconds=60)
                assert work.take_work([KIND], "another", now=clock.now(), lease_until=later, attempts=9)
                work.commit()
            raise error

    assert worker(store, lose, clock=clock).run_once() is Ended.LOST
    assert stored(store, row_id).holder == "another"


def test_the_lease_of_a_long_row_is_prolonged(store: Store) -> None:
    clock = SystemClock()
    (row_id,) = enqueue(store, clock=clock)
    terms = Terms(lease=timedelta(seconds=0.6))
    other = worker(store, clock=clock, terms=terms)
    begun, ended = threading.Event(), threading.Event()

    def last_long(_: WorkRow) -> None:
        begun.set()
        assert ended.wait(30)

    first = worker(store, last_long, clock=clock, terms=terms)
    how: list[Ended | None] = []
    working = threading.Thread(target=lambda: how.append(first.run_once()))
    working.start()
    assert begun.wait(30)
    lease = stored(store, row_id).lease_until
    assert lease is not None
    while clock.now() < lease + timedelta(seconds=0.3):
        assert other.run_once() is None
        time.sleep(0.05)
    ended.set()
    working.join()
    assert how == [Ended.DONE]
    assert effects(store) == [(row_id, "done")]


def test_what_hangs_gets_to_another(store: Store) -> None:
    (row_id,) = enqueue(store)
    clock = StandingClock()
    terms = Terms(lease=timedelta(seconds=0.15))
    second = worker(store, clock=clock, terms=terms)

    def hang(_: WorkRow) -> None:
        clock.advance(seconds=LONGEST.total_seconds())
        # Long enough for the lease to be prolonged, if it were.
        time.sleep(0.3)
        assert second.run_once() is Ended.DONE

    assert worker(store, hang, clock=clock, terms=terms).run_once() is Ended.LOST
    assert effects(store) == [(row_id, "done")]


def test_a_row_that_ends_every_process_is_buried_and_told(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    (row_id,) = enqueue(store)
    clock = StandingClock()

    class Killed(BaseException):
        """Stands for the end of the process."""

    def die(_: WorkRow) -> None:
        raise Killed

    for _ in range(3):
        with pytest.raises(Killed):
            worker(store, die, clock=clock, terms=Terms(attempts=3)).run_once()
        clock.advance(seconds=61)
    with caplog.at_level(logging.ERROR, "gateway"):
        assert worker(store, clock=clock, terms=Terms(attempts=3)).work_off() == {Ended.BURIED: 1}
    assert f"inge work show {row_id}" in caplog.text
    row = stored(store, row_id)
    assert (row.state, row.last_code) == (WorkState.DEAD, "worker-lost")
    assert effects(store) == []


def test_a_worker_that_is_halted_ends_after_the_row_at_hand(store: Store) -> None:
    enqueue(store, 3)
    working = worker(store, lambda _: working.halt())
    assert working.work_off() == {Ended.DONE: 1}
    assert len(effects(store)) == 1


def dead_row(store: Store) -> int:
    (row_id,) = enqueue(store)

    def fail(_: WorkRow) -> None:
        raise ValueError

    assert worker(store, fail, terms=Terms(attempts=1)).work_off() == {Ended.DEAD: 1}
    return row_id


def told(store: Store) -> list[Mapping[str, Any]]:
    """What the journal keeps of the operators."""
    with store.read() as reader:
        kept = reader.connection.execute(select(journal.c.facts).where(journal.c.kind == "deferred-work"))
        return [json.loads(facts) for facts in kept.scalars()]


def test_an_operator_has_a_dead_row_done_after_all(store: Store) -> None:
    row_id = dead_row(store)
    row = operating.retry(store, StandingClock(), row_id, actor="m.muster")
    assert (row.state, row.attempts) == (WorkState.READY, 0)
    assert worker(store).work_off() == {Ended.DONE: 1}
    assert effects(store) == [(row_id, "done")]
    (kept,) = told(store)
    assert kept == {
        "done": "retried",
        "work": row_id,
        "kind": KIND,
        "subject": 0,
        "facts": {},
        "last_code": "ValueError",
        "actor": "m.muster",
    }
    with pytest.raises(WorkNotThereError):
        operating.retry(store, StandingClock(), row_id, actor="m.muster")


def test_an_operator_gives_a_dead_row_up_and_what_follows_commits_with_it(store: Store) -> None:
    row_id = dead_row(store)
    clock, handlers = StandingClock(), {KIND: Handler(store)}
    with pytest.raises(WorkNotThereError, match="no work of the kind"):
        operating.discard(store, clock, {}, row_id, actor="m.muster")
    assert stored(store, row_id).state == WorkState.DEAD
    operating.discard(store, clock, handlers, row_id, actor="m.muster")
    assert effects(store) == [(row_id, "given up by m.muster")]
    assert [(each["done"], each["actor"]) for each in told(store)] == [("discarded", "m.muster")]
    with pytest.raises(WorkNotThereError, match="is dead"):
        operating.discard(store, clock, handlers, row_id, actor="m.muster")
    (waiting,) = enqueue(store)
    with pytest.raises(WorkNotThereError, match="is dead"):
        operating.discard(store, clock, handlers, waiting, actor="m.muster")
