"""Workers in real processes on one store: killed in the middle of a row, several at once, ended by a row."""

import json
import time
from collections import Counter

from gateway.clock import SystemClock
from store.engine import Store
from store.records_work import WorkRow, WorkState
from store.work import list_work
from tests.crash.work_children import KIND
from tests.support.processes import children

CHILD = "tests.crash.work_children.work_off"
LEASE = 0.6
ATTEMPTS = 2


def enqueue(store: Store, count: int) -> list[int]:
    now = SystemClock().now()
    with store.unit_of_work() as work:
        ids = [work.enqueue(KIND, now, subject=place) for place in range(count)]
        work.commit()
    return ids


def effects(store: Store) -> list[dict[str, int]]:
    """What was brought about, in order: the id of the row, and by which process."""
    with store.read() as reader:
        return [json.loads(row.facts or "{}") for row in reader.journal(unsealed=True)]


def left(store: Store) -> list[WorkRow]:
    with store.read() as reader:
        return list_work(reader.connection, limit=100)


def wait_for_lease(store: Store) -> None:
    """Wait until the lease of the one dead worker is over."""
    with store.read() as reader:
        (row,) = list_work(reader.connection, state=WorkState.RUNNING, limit=2)
    assert row.lease_until is not None
    time.sleep(max(0, (row.lease_until - SystemClock().now()).total_seconds()) + 0.05)


def test_another_takes_over_from_a_killed_worker_and_the_effect_is_there_once(
    store: Store, store_url: str
) -> None:
    (row_id,) = enqueue(store, 1)
    ways = ("hang before", "hang within", "plain")
    with children(CHILD, [[store_url, how, LEASE, len(ways)] for how in ways]) as started:
        for child in started:
            assert child.hear() == "ready"
        *victims, last = started
        for attempt, victim in enumerate(victims, 1):
            victim.tell()
            assert victim.hear() == "in the middle"
            victim.kill()
            assert effects(store) == []
            (row,) = left(store)
            assert (row.state, row.attempts) == (WorkState.RUNNING, attempt)
            wait_for_lease(store)
        last.tell()
        told = last.hear()
    assert told["ended"] == {"done": 1}
    assert effects(store) == [{"work": row_id, "by": told["pid"]}]
    assert left(store) == []


def test_workers_share_the_rows_and_none_is_done_twice(store: Store, store_url: str) -> None:
    ids = enqueue(store, 40)
    with children(CHILD, [[store_url, "slow", 60, ATTEMPTS]] * 2) as started:
        for child in started:
            assert child.hear() == "ready"
        for child in started:
            child.tell()
        told = [child.hear() for child in started]
    assert sum((Counter(each["ended"]) for each in told), Counter()) == {"done": len(ids)}
    done = effects(store)
    assert sorted(each["work"] for each in done) == ids
    by = Counter(each["by"] for each in done)
    assert by == {each["pid"]: each["ended"]["done"] for each in told}
    assert len(by) == len(started)
    assert left(store) == []


def test_a_row_that_ends_its_process_is_dead_after_some_and_the_others_are_done(
    store: Store, store_url: str
) -> None:
    ids = enqueue(store, 4)
    with children(CHILD, [[store_url, "poison", LEASE, ATTEMPTS]] * (ATTEMPTS + 1)) as started:
        for child in started:
            assert child.hear() == "ready"
        *victims, last = started
        for victim in victims:
            victim.tell()
            assert victim.end() == -9
            wait_for_lease(store)
        last.tell()
        assert last.hear()["ended"] == {"buried": 1, "done": len(ids) - 1}
    (row,) = left(store)
    assert (row.id, row.state, row.attempts, row.last_code) == (
        ids[0],
        WorkState.DEAD,
        ATTEMPTS,
        "worker-lost",
    )
    assert [each["work"] for each in effects(store)] == ids[1:]
