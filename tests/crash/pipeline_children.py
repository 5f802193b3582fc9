"""What the child processes of `test_pipeline_processes` do, each with its own connections to one store."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice

from fixtures.jobcenters import obligation
from fixtures.persons import entitlement, many_persons
from gateway.pipeline import Answer, Refusal
from gateway.questions import close_overdue
from gateway.trust.documents import VerifiedDocument
from store.unit import UnitOfWork
from tests.support.core import AGENCIES, NOW, ROUTE, Core, new_uuid, sender
from tests.support.pki import pki_in
from tests.support.processes import report, wait_for_word
from tests.support.stores import open_test_store

JOBCENTERS_UNTIL = (NOW + timedelta(days=180)).date()


def _core(url: str, folder: str) -> Core:
    return Core(open_test_store(url), pki_in(folder))


def _answered(core: Core, document: VerifiedDocument) -> Answer | Refusal:
    """Send it again while the store is busy, as the client does: on a slow disk somebody waits long."""
    for _ in range(20):
        outcome = core.pipeline.process(document, ROUTE)
        if isinstance(outcome, Answer) or outcome.error.code != "T200.busy":
            break
    return outcome


def report_persons(url: str, folder: str, holder: str, seed: int, count: int) -> None:
    """Report the same persons as every other child, as first as all the others."""
    core = _core(url, folder)
    author = sender(holder)
    of_jobcenter = holder.startswith("tgs")
    documents = [
        core.proven(
            obligation(author, new_uuid(), NOW, JOBCENTERS_UNTIL, person)
            if of_jobcenter
            else entitlement(author, new_uuid(), NOW, person),
            holder,
        )
        for person in islice(many_persons(seed), count)
    ]
    report("ready")
    wait_for_word()
    outcomes = [_answered(core, document) for document in documents]
    report(
        [
            [each.message_type, each.number] if isinstance(each, Answer) else [each.error.code, None]
            for each in outcomes
        ]
    )


def send_at_once(url: str, folder: str, uuid: str, times: int) -> None:
    """Send one and the same request from several threads at once."""
    core = _core(url, folder)
    document = core.proven(entitlement(AGENCIES["abh1"], uuid, NOW))
    report("ready")
    wait_for_word()
    with ThreadPoolExecutor(times) as pool:
        outcomes = list(pool.map(lambda _: _answered(core, document), range(times)))
    report(
        [
            [each.document.hex(), each.repeated] if isinstance(each, Answer) else [each.error.code, None]
            for each in outcomes
        ]
    )


def send_given(url: str, folder: str, holder: str, document: str) -> None:
    """Send one finished document, when all the others do."""
    core = _core(url, folder)
    proven = core.proven(document.encode(), holder)
    report("ready")
    wait_for_word()
    outcome = _answered(core, proven)
    report([outcome.row, outcome.number] if isinstance(outcome, Answer) else [outcome.error.code, None])


def close_questions(url: str, folder: str, days: int) -> None:
    """Close overdue questions some days later, when all the others do."""
    core = _core(url, folder)
    core.clock.advance(days=days)
    report("ready")
    wait_for_word()
    report(close_overdue(core.store, core.pipeline.tools))


def die_at_the_commit(url: str, folder: str, uuid: str, committed: bool) -> None:
    """Process one request, and end by SIGKILL just before the commit or just after it."""
    core = _core(url, folder)
    commit = UnitOfWork.commit

    def deadly(work: UnitOfWork) -> None:
        if committed:
            commit(work)
        os.kill(os.getpid(), signal.SIGKILL)

    UnitOfWork.commit = deadly  # type: ignore[assignment, method-assign]
    report("ready")
    core.send(entitlement(AGENCIES["abh1"], uuid, NOW))
    report("survived")
