"""Run in child processes: a scheduler whose only task tells that it works, and then waits."""

from datetime import timedelta

from gateway.clock import SystemClock
from gateway.scheduler import runner
from gateway.scheduler.runner import Progress, Scheduler, Task
from store.engine import new_holder
from tests.support.processes import report, wait_for_word
from tests.support.stores import open_test_store


def take_a_turn(url: str, lease_seconds: float) -> None:
    """Wait for the word, take a turn; report "works" inside of it and wait there, then what came of it."""
    runner.LEASE_LENGTH = timedelta(seconds=lease_seconds)
    store = open_test_store(url)

    def work(_: int) -> Progress:
        report("works")
        wait_for_word()
        return Progress(1)

    scheduler = Scheduler(store, SystemClock(), [Task("waiting", work)], new_holder())
    with store.read() as reader:
        reader.counts()
    report("ready")
    wait_for_word()
    while (done := scheduler.run_once()) is None:
        report("another works")
        wait_for_word()
    scheduler.leave()
    report(done)
