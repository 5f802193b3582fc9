"""What the child processes of `test_at_once` do, each with its own connections to one store."""

from datetime import datetime
from itertools import islice

from fixtures.persons import many_persons, obligation_1b
from gateway.pipeline import Answer
from gateway.retention.run import Run, finished
from tests.support.core import AGENCIES, ROUTE, Core, StandingClock, new_uuid
from tests.support.pki import pki_in
from tests.support.processes import report, wait_for_word
from tests.support.stores import open_test_store


def _core(url: str, folder: str, business: str) -> Core:
    clock = StandingClock(datetime.fromisoformat(business))
    pki = pki_in(folder)
    return Core(open_test_store(url), pki, StandingClock(), business=clock)


def erase(url: str, folder: str, business: str) -> None:
    """Find all, erase a first one, and the others when all children begin; report who was erased."""
    core = _core(url, folder, business)
    run = Run(core.store, core.pipeline.tools)
    while not run.tally.done:
        run.next()
    report("ready")
    wait_for_word()
    report(finished(run).erased[1])


def report_anew(url: str, folder: str, business: str, seed: int, numbers: list[str]) -> None:
    """Report persons by their numbers, when all the others begin; report the new numbers.

    From the last one on, so that they meet those who erase.
    """
    core = _core(url, folder, business)
    at = datetime.fromisoformat(business)
    messages = [
        obligation_1b(AGENCIES["abh2"], new_uuid(), at, person, number=number)
        for number, person in zip(numbers, islice(many_persons(seed), len(numbers)), strict=True)
    ]
    documents = [core.proven(message, "abh2") for message in messages]
    report("ready")
    wait_for_word()
    told: list[str | None] = []
    for document in reversed(documents):
        outcome = core.pipeline.process(document, ROUTE)
        while not isinstance(outcome, Answer) and outcome.error.code == "T200.busy":
            outcome = core.pipeline.process(document, ROUTE)
        told.append(outcome.number if isinstance(outcome, Answer) else outcome.error.code)
    report(told)
