"""A child process that erases and is killed in the middle of it."""

import os
import signal
from datetime import datetime
from pathlib import Path

from gateway.retention.run import Run
from store import erasure
from tests.support.core import Core, StandingClock
from tests.support.pki import shared_pki
from tests.support.stores import open_test_store


def die_while_erasing(url: str, file: str, now: str, erased_before: int) -> None:
    """Erase, and die after so many persons, before the commit of the next."""
    core = Core(
        open_test_store(url),
        shared_pki(),
        StandingClock(datetime.fromisoformat(now)),
        erasures_file=Path(file),
    )
    note, done = erasure.note_erasure, []

    def dying(*given: object, **named: object) -> None:
        note(*given, **named)  # type: ignore[arg-type]
        done.append(1)
        if len(done) > erased_before:
            os.kill(os.getpid(), signal.SIGKILL)

    erasure.note_erasure = dying
    run = Run(core.store, core.pipeline.tools)
    while run.next():
        pass
