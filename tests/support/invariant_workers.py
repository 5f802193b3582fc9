"""Long-lived processes that do what a test says, each with its own connections to one store.

They share one real clock, counted from an instant that the test names: a time noted under a lock in one
process is comparable with one noted in another. The business clock is the one in the store.
"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timedelta
from typing import Any

from fixtures import inquiries, jobcenters, persons
from gateway import business_clock
from gateway.batch.signing import signer
from gateway.business_clock import BusinessClock, stored_offset
from gateway.clerks.decide import Choice, decide
from gateway.clerks.desk import ClerkError
from gateway.clerks.undo import undo
from gateway.normalise import KeyProfile
from gateway.scheduler.runner import Scheduler
from gateway.scheduler.tasks import usual_tasks
from messages.frame import Message
from messages.service import BestaetigeNachrichten, HoleNachrichten
from messages.values import PartialDate
from store.engine import new_holder
from store.unit import UnitOfWork
from tests.support.core import NOW, sender
from tests.support.desk import ask, request
from tests.support.door import DoorCore
from tests.support.pki import pki_in
from tests.support.processes import report, wait_for_word
from tests.support.stores import open_test_store

BUSY = "T200.busy"
_commit = UnitOfWork.commit
_linger: list[float] = []


class SharedClock:
    """The real clock of all processes of a test: `NOW` plus what passed since `origin` (monotonic ns)."""

    def __init__(self, origin: int) -> None:
        self._origin = origin

    def now(self) -> datetime:
        return NOW + timedelta(microseconds=(time.monotonic_ns() - self._origin) // 1000)


def invented(person: dict[str, Any]) -> persons.Person:
    """The person that an operation describes."""
    year, month, day = map(int, person["birth"].split("-"))
    return persons.person(
        person["first"],
        person["surname"],
        PartialDate(year, month, day),
        person["gender"] or None,
        azr="210101100084",
    )


def message_of(op: dict[str, Any]) -> Message:
    """The message that an operation sends."""
    agency, uuid = sender(op["holder"]), op["uuid"]
    if op["do"] == "reply":
        return persons.decision(agency, uuid, NOW, op["asked"], op["yes"])
    if op["do"] == "takeover":
        take_over = inquiries.takeover if op["kind"] == "070016" else jobcenters.takeover
        return take_over(agency, uuid, NOW, op["number"], invented(op["person"]))
    person, number, limited = invented(op["person"]), op["number"], bool(op["limit"])
    if op["kind"] == "070001":
        return persons.entitlement(agency, uuid, NOW, person, number=number, only_orientation=limited)
    if op["kind"] == "070008":
        return persons.obligation_1a(agency, uuid, NOW, person, number=number, only_language=limited)
    if op["kind"] == "070009":
        return persons.obligation_1b(agency, uuid, NOW, person, number=number)
    until = datetime.fromisoformat(op["until"]).date()
    if op["kind"] == "080001":
        return jobcenters.admission(agency, uuid, NOW, until, person, number=number)
    if op["kind"] == "080010":
        return jobcenters.obligation(agency, uuid, NOW, until, person, number=number)
    return persons.obligation_3(agency, uuid, NOW, until, person, number=number)


def serve(url: str, folder: str, origin: int) -> None:
    """Read lists of operations, one a line, do them, and report what came of each."""
    UnitOfWork.commit = _lingering  # type: ignore[assignment, method-assign]
    business_clock.MAX_AGE = timedelta(0)  # type: ignore[misc]
    store, clock = open_test_store(url), SharedClock(origin)
    business = BusinessClock(clock, lambda: stored_offset(store))
    pki = pki_in(folder)
    # The coarser profile: more persons meet.
    core = DoorCore(store, pki, clock, business=business, key_profile=KeyProfile.XA)
    report("ready")
    while (share := wait_for_word()) is not None:
        report([_done(core, op) for op in share])


def _lingering(work: UnitOfWork) -> None:
    """Stay under the locks for a while before the commit, where an operation says so."""
    if _linger:
        time.sleep(_linger[-1])
    _commit(work)


def _done(core: DoorCore, op: dict[str, Any]) -> Any:
    _linger[:] = [op["linger"]] if "linger" in op else []
    if op["do"] in ("report", "reply", "takeover"):
        return _sent(core, op)
    if op["do"] == "fetch":
        return _fetched(core, op)
    if op["do"] == "scheduler":
        return _scheduled(core)
    return _clerk(core, op)


def _sent(core: DoorCore, op: dict[str, Any]) -> Any:
    """Send a message as a client does: again while the store is busy."""
    message = message_of(op)
    for _ in range(50):
        reply = core._sent(message, op["holder"])
        if not (reply.is_fault and reply.code == BUSY):
            break
    if reply.is_fault:
        return {"fault": reply.code}
    told = core.delivered(reply, message)
    return {
        "digest": hashlib.sha256(told.document).hexdigest(),
        "answer": [told.message_type, told.reason_code, told.number],
        "repeated": told.repeated,
    }


def _fetched(core: DoorCore, op: dict[str, Any]) -> Any:
    """Fetch later answers, perhaps confirm the older half of them."""
    agency, holder = sender(op["holder"]), op["holder"]
    got = ask(core, request(HoleNachrichten, agency, hoechstens=op["at_most"]), holder)
    ids = [each.nachricht_id for each in got.nachrichten]
    confirmed = ids if op["all"] else ids[: len(ids) // 2]
    if op["confirm"] and confirmed:
        ask(core, request(BestaetigeNachrichten, agency, nachricht_ids=tuple(confirmed)), holder)
    documents = {
        int(each.nachricht_id): hashlib.sha256(each.dokument).hexdigest() for each in got.nachrichten
    }
    return {"documents": documents, "confirmed": [int(each) for each in confirmed] if op["confirm"] else []}


def _scheduled(core: DoorCore) -> Any:
    """Take a turn of the scheduler, if no other process does."""
    tasks = usual_tasks(core.store, core.pipeline.tools, signer(core.pki.key("gateway")))
    scheduler = Scheduler(core.store, core.clock, tasks, new_holder())
    done = scheduler.run_once()
    if done is not None:
        scheduler.leave()
    return None if done is None else dict(done)


def _clerk(core: DoorCore, op: dict[str, Any]) -> Any:
    """Decide a work item or undo its decision; somebody else may have been faster."""
    store, tools, actor, person = core.store, core.pipeline.tools, op["actor"], op["person"]
    for _ in range(50):
        try:
            if op["do"] == "undo":
                done = undo(store, tools, op["item"], actor=actor, person=person, really=True)
            else:
                choice = Choice(op["what"], person, op["text"])
                done = decide(store, tools, op["item"], choice, actor=actor)
        except ClerkError as error:
            if "try again" in str(error):
                continue
            return {"refused": str(error)}
        return {"choice": done.choice}
    return {"refused": "always busy"}
