"""What the child processes of `test_acceptance` do: accept, or drain, and end by SIGKILL at a stage."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.results import Refusal
from store.acceptance.store import AcceptanceStore
from store.unit import UnitOfWork
from tests.support.away import AwayCore
from tests.support.core import StandingClock
from tests.support.pki import pki_in
from tests.support.processes import report
from tests.support.stores import open_test_store


def accept(url: str, pki: str, folder: str, manifest: str, file: str, dies: bool) -> None:
    """Hand a delivery in; where it `dies`, as soon as it is accepted here, before its receipt leaves."""
    core = _core(url, pki, folder)
    if dies:
        _die(AcceptanceStore, "accept", after=True)
    outcome = core.handed_in(bytes.fromhex(manifest), bytes.fromhex(file))
    report(outcome.error.code if isinstance(outcome, Refusal) else outcome.receipt.hex())


def drain(url: str, pki: str, folder: str, stage: str, minutes: int) -> None:
    """Drain some minutes later, and end at a stage: chunks are in the core, or all of it, but not noted."""
    core = _core(url, pki, folder)
    core.clock.advance(minutes=minutes)
    if stage == "loaded":
        _die(UnitOfWork, "accept_delivery", after=False)
    elif stage == "committed":
        _die(AcceptanceStore, "settle", after=False)
    report({how.value: count for how, count in core.drain().items()})


def _core(url: str, pki: str, folder: str) -> AwayCore:
    made = pki_in(pki)
    return AwayCore(open_test_store(url), made, Path(folder), StandingClock())


def _die(owner: type[Any], name: str, *, after: bool) -> None:
    usual: Callable[..., Any] = getattr(owner, name)

    def deadly(*arguments: Any, **named: Any) -> None:
        if after:
            usual(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, deadly)
