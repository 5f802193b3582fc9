"""What the child processes of `test_batch_processes` do, each with its own connections to one store."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from gateway.batch.taking import Opened
from store.unit import UnitOfWork
from tests.support.batch import ROUTE, BatchCore
from tests.support.core import StandingClock
from tests.support.pki import pki_in
from tests.support.processes import report, wait_for_word
from tests.support.stores import open_test_store

DEATHS: tuple[tuple[int, str], ...] = ((2, "after"), (3, "before"), (3, "before"), (2, "after"))
"""At which commit of a try it ends, and on which side of it.

A try begins (1), loads what is missing of 45 chunks, twenty at a time, and accepts. So the first two end
while they load, the third before it accepts, the last when it has.
"""


def take_until_killed(url: str, folder: str, manifest: str, file: str) -> None:
    """Take the same delivery in again and again; each try ends by SIGKILL. Reports how each ended."""
    pki = pki_in(folder)

    def take() -> None:
        core = BatchCore(open_test_store(url), pki, chunk_records=1)
        opened = core.taking.open(Path(manifest).read_bytes(), ROUTE)
        if isinstance(opened, Opened):
            with Path(file).open("rb") as records:
                core.taking.take(opened, records)

    for death in DEATHS:
        report(_endings(_forked(death, take)))
        wait_for_word()


def work_until_killed(url: str, folder: str, rounds: list[list[tuple[int, int, str]]]) -> None:
    """Be workers, in each round several at once; reports how each of them ended.

    In: for each how many minutes after the delivery it works, and the commit at which it ends, if at all.
    """
    pki = pki_in(folder)
    for place, workers in enumerate(rounds):
        started = []
        for other, (minutes, *death) in enumerate(workers):
            clock = StandingClock()
            clock.advance(minutes=minutes)
            name = f"worker-{place}-{other}"

            def work(clock: StandingClock = clock, name: str = name) -> None:
                BatchCore(open_test_store(url), pki, clock).worker(name=name).work_off()

            started.append(_forked((death[0], death[1]), work))  # type: ignore[arg-type]
        report([_endings(each) for each in started])
        wait_for_word()


def _forked(death: tuple[int, str], work: Callable[[], None]) -> int:
    """Fork a process that has imported everything and opened nothing; out: its id."""
    child = os.fork()
    if child == 0:
        try:
            with patch.object(UnitOfWork, "commit", _deadly(*death)):
                work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def _endings(child: int) -> int:
    """Wait for the end of a process; out: the signal that ended it, else minus its exit code."""
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


def _deadly(number: int, side: str) -> Callable[[UnitOfWork], None]:
    """Return a commit that ends the process before or after it is done for the time of this number."""
    commit, count = UnitOfWork.commit, 0

    def deadly(work: UnitOfWork) -> None:
        nonlocal count
        count += 1
        if count == number and side == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        commit(work)
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return deadly
