"""Run in child processes: a worker that a record kills."""

import os
from unittest.mock import patch

from gateway.batch.work_kinds import CHUNK
from gateway.decided import Decided
from gateway.deciding import Decider, Prepared
from store.unit import UnitOfWork
from tests.support.batch import BatchCore
from tests.support.core import StandingClock
from tests.support.pki import pki_in
from tests.support.processes import report
from tests.support.stores import open_test_store

_decide = Decider.decide


def work_until_killed(url: str, folder: str, surname: str, minutes: int) -> None:
    """Work chunks off, some minutes after the delivery; whoever has this surname ends the process."""

    def deadly(self: Decider, work: UnitOfWork, prepared: Prepared) -> Decided:
        if prepared.request.surname == surname:
            report("killed")
            os._exit(9)
        return _decide(self, work, prepared)

    clock = StandingClock()
    clock.advance(minutes=minutes)
    core = BatchCore(open_test_store(url), pki_in(folder), clock)
    with patch.object(Decider, "decide", deadly):
        core.worker(CHUNK, name=f"child-{minutes}").work_off()
    report("done")
