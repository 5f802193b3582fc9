"""The scheduler: one node at a time, given back on leaving, taken over from the dead."""

import time
from datetime import timedelta

import pytest

from gateway.scheduler.runner import CHUNK, LEASE_LENGTH, Progress, Scheduler, Task
from store.engine import Store
from tests.support.core import StandingClock
from tests.support.processes import children

CHILD = "tests.clerks.scheduler_child.take_a_turn"


def scheduler(store: Store, clock: StandingClock, holder: str, *tasks: Task) -> Scheduler:
    return Scheduler(store, clock, tasks or [Task("nothing", lambda _: Progress(0))], holder)


def test_one_node_works_and_the_other_hears_it_does_not(store: Store) -> None:
    clock = StandingClock()
    one, other = scheduler(store, clock, "one"), scheduler(store, clock, "other")
    assert one.run_once() == {"nothing": 0}
    assert other.run_once() is None
    assert one.run_once() == {"nothing": 0}


def test_the_lease_is_given_back_on_leaving(store: Store) -> None:
    clock = StandingClock()
    one, other = scheduler(store, clock, "one"), scheduler(store, clock, "other")
    one.run_once()
    one.leave()
    assert other.run_once() == {"nothing": 0}
    one.leave()  # Whoever does not hold it gives nothing back.
    assert one.run_once() is None


def test_the_lease_of_a_silent_node_runs_out(store: Store) -> None:
    clock = StandingClock()
    scheduler(store, clock, "one").run_once()
    clock.time += LEASE_LENGTH + timedelta(seconds=1)
    assert scheduler(store, clock, "other").run_once() == {"nothing": 0}


def test_a_task_goes_on_in_chunks_while_there_is_more(store: Store) -> None:
    left = [CHUNK, CHUNK, 3]

    def work(limit: int) -> Progress:
        done = left.pop(0)
        return Progress(done, more=done == limit)

    assert scheduler(store, StandingClock(), "one", Task("many", work)).run_once() == {"many": 2 * CHUNK + 3}
    assert left == []


def test_a_task_stops_when_another_node_took_the_lease_over(store: Store) -> None:
    clock = StandingClock()
    other = scheduler(store, clock, "other")

    def work(_: int) -> Progress:
        clock.time += LEASE_LENGTH + timedelta(seconds=1)
        assert other.run_once() is not None
        return Progress(1, more=True)

    assert scheduler(store, clock, "one", Task("slow", work)).run_once() == {"slow": 1}


def test_a_task_that_fails_does_not_keep_the_others_from_their_turn(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    turns: list[str] = []

    def fail(_: int) -> Progress:
        raise ZeroDivisionError

    def work(_: int) -> Progress:
        turns.append("worked")
        return Progress(1)

    def break_down(_: int) -> Progress:
        raise LookupError("Şahin")

    tasks = Task("fails", fail), Task("fails too", break_down), Task("works", work)
    with pytest.raises(ZeroDivisionError):
        scheduler(store, StandingClock(), "one", *tasks).run_once()
    assert turns == ["worked"]
    # The first is told by whoever lets the turns be taken.
    (alarm,) = caplog.records
    assert (alarm.levelname, vars(alarm)["task"], vars(alarm)["exception"]) == (
        "ERROR",
        "fails too",
        "LookupError",
    )
    assert "Şahin" not in caplog.text


def test_of_two_processes_only_one_works(store_url: str) -> None:
    with children(CHILD, [[store_url, 60.0]] * 2) as (one, other):
        for child in (one, other):
            assert child.hear() == "ready"
        one.tell()
        assert one.hear() == "works"
        other.tell()
        assert other.hear() == "another works"
        one.tell()
        assert one.hear() == {"waiting": 1}
        # It left, so the other need not wait.
        other.tell()
        assert other.hear() == "works"
        other.tell()
        assert other.hear() == {"waiting": 1}


def test_a_killed_process_is_taken_over_from(store_url: str) -> None:
    with children(CHILD, [[store_url, 0.5]] * 2) as (one, other):
        for child in (one, other):
            assert child.hear() == "ready"
        one.tell()
        assert one.hear() == "works"
        one.kill()
        time.sleep(0.6)
        other.tell()
        assert other.hear() == "works"
        other.tell()
        assert other.hear() == {"waiting": 1}
