"""Senders that go on whatever happens to the gateway, and what has to hold of everything they were told."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

import requests
from sqlalchemy import ColumnElement, Table, func, select

from adapters.client import Client, GatewayTrust, Refused, RetryPolicy, Service, Unreachable
from adapters.client.service import read_document
from adapters.client.transport import CappedTransport
from fixtures.jobcenters import obligation
from fixtures.persons import Person, entitlement, many_persons
from fixtures.pki.build import Pki
from messages.frame import Message
from messages.mitteilung import Mitteilung
from messages.values import BehoerdeG2G
from store.engine import Store
from store.schema import case_file, decision, message, outbox, person
from tests.support.core import ABH1, ABH2, TGS1, new_uuid
from tests.support.ring import scale

PATIENT = RetryPolicy(attempts=8, first_seconds=0.1, longest_seconds=2.0)
"""As the bundled client repeats, with shorter waits: who knows one address."""
QUICK = RetryPolicy(attempts=2, first_seconds=0.05, longest_seconds=0.1)
"""Who knows another address does not wait for the first."""
_PAUSE = scale(100, 20) / 1000
_TRIES = 80
_LATER = 0.25
SEED = 20261126


@dataclass(frozen=True)
class Told:
    """A message that was answered, and the answer."""

    holder: str
    uuid: str
    message: Message
    document: bytes
    type: str
    person: int


@dataclass
class Load:
    """Authorities that send through several addresses in turn. `session` makes what carries their requests.

    Two authorities report the same persons, a Jobcenter obliges those who have got a number, and the first
    authority fetches and confirms the notices of it.
    """

    addresses: tuple[str, ...]
    pki: Pki
    session: Callable[[str], requests.Session] = field(default=lambda _: requests.Session())
    plans: bool = True
    """Whether they send again what the client gave up, because it was not reached or asked to come later."""
    told: list[Told] = field(default_factory=list)
    notices: Counter[str] = field(default_factory=Counter)
    """How often each later answer was handed out, by its id."""
    repeated: int = 0
    failures: list[Exception] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _numbered: queue.SimpleQueue[tuple[int, Person, str]] = field(default_factory=queue.SimpleQueue)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, senders: list[Client], message: Message) -> Any:
        """Send until there is an answer, by the address that is next in turn each time."""
        for sender in islice(cycle(senders), _TRIES * len(senders)):
            with self._planned():
                return sender.send(message)
            self._ended.wait(_LATER)
        raise AssertionError("no answer, however often it was sent")

    @contextmanager
    def _planned(self) -> Iterator[None]:
        """Pass over what the caller of a client has to plan for, if this one does."""
        try:
            yield
        except Unreachable:
            if not self.plans:
                raise
        except Refused as refused:
            if not self.plans or not refused.retryable:
                raise

    def clients(self, holder: str, first: int = 0) -> list[Client]:
        """A client for each address, the `first` one in front."""
        trust = GatewayTrust([self.pki.certificate("gateway"), self.pki.certificate("second-gateway")])
        made = [
            Client(
                address,
                self.pki.key(holder),
                trust,
                retry=PATIENT if len(self.addresses) == 1 else QUICK,
                transport=CappedTransport(self.session(holder)),
            )
            for address in self.addresses
        ]
        return made[first:] + made[:first]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let all of them send; at the end they finish what they have begun, and what is left is fetched."""
        work = (
            lambda: self._report("abh1", ABH1, 0),
            lambda: self._report("abh2", ABH2, 1),
            self._oblige,
            self._fetch,
        )
        threads = [threading.Thread(target=self._guarded, args=(each,), daemon=True) for each in work]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()
        self._raise()

    def progress(self, messages: int, seconds: float = 60) -> None:
        """Wait until so many further messages were answered; fails when for so long there was not one."""
        seen, wanted = len(self.told), len(self.told) + messages
        last = time.monotonic()
        while len(self.told) < wanted:
            self._raise()
            if len(self.told) > seen:
                seen, last = len(self.told), time.monotonic()
            assert time.monotonic() - last < seconds
            time.sleep(0.05)
        self._raise()

    def _raise(self) -> None:
        for failure in self.failures:
            raise failure

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self.failures.append(error)

    def _tell(self, senders: list[Client], holder: str, uuid: str, message: Message, index: int) -> Any:
        reply = self.send(senders, message)
        with self._lock:
            self.told.append(Told(holder, uuid, message, reply.document, type(reply.message).__name__, index))
            self.repeated += reply.attempts - 1
        senders.append(senders.pop(0))
        return reply

    def _report(self, holder: str, author: BehoerdeG2G, first: int) -> None:
        senders = self.clients(holder, first % len(self.addresses))
        for index, someone in enumerate(many_persons(SEED)):
            if self._ended.wait(_PAUSE):
                return
            uuid = new_uuid()
            message = entitlement(author, uuid, datetime.now(UTC), someone)
            reply = self._tell(senders, holder, uuid, message, index)
            if type(reply.message).__name__ == "Akzeptanz070003" and holder == "abh1":
                number = reply.message.berechtigung_verpflichtung.bamfkennziffer
                self._numbered.put((index, someone, number))

    def _oblige(self) -> None:
        senders = self.clients("tgs1")
        until = (datetime.now(UTC) + timedelta(days=180)).date()
        while not self._ended.is_set():
            try:
                index, someone, number = self._numbered.get(timeout=0.1)
            except queue.Empty:
                continue
            uuid = new_uuid()
            message = obligation(TGS1, uuid, datetime.now(UTC), until, someone, number=number)
            self._tell(senders, "tgs1", uuid, message, index)

    def _fetch(self) -> None:
        services = [Service(client, ABH1.kennung, test=True) for client in self.clients("abh1")]
        last = False
        while True:
            last = last or self._ended.wait(0.3)
            services.append(services.pop(0))
            found = None
            with self._planned():
                found = services[0].fetch().nachrichten
                for each in found:
                    assert each.dokument is not None
                    assert isinstance(read_document(each.dokument), Mitteilung)
                    self.notices[each.nachricht_id] += 1
                if found:
                    services[0].confirm(each.nachricht_id for each in found)
            if last and found == ():
                return


def nothing_lost_and_nothing_double(
    load: Load, store: Store, at_most: int = 200, others: Collection[str] = ()
) -> None:
    """Everything acknowledged is stored once, its resend gets the same document, and all numbers are unique.

    Resends at most so many of the messages. `others` are the numbers given by another door.
    """
    told = load.told
    with store.read() as reader:
        answered = reader.connection.execute(select(decision.c.uuid).where(of_soap(decision))).scalars().all()
        stored = reader.connection.execute(select(message.c.uuid).where(of_soap(message)))
        uuids = stored.scalars().all()
        numbers = reader.connection.execute(select(case_file.c.number)).scalars().all()
        persons = reader.connection.execute(select(func.count()).select_from(person)).scalar_one()
        laid_out = reader.connection.execute(select(outbox.c.id, outbox.c.confirmed_at)).all()
    # Nobody gave up: whatever is stored was acknowledged, and the other way round.
    assert sorted(each.uuid for each in told) == sorted(uuids) == sorted(answered)
    reported = [each for each in told if each.holder != "tgs1"]
    accepted = Counter(each.person for each in reported if each.type == "Akzeptanz070003")
    assert set(accepted) == {each.person for each in reported}
    assert set(accepted.values()) == {1}
    assert len(numbers) == len(set(numbers)) == persons == len(accepted) + len(others)
    assert set(others) <= set(numbers)
    # Each obligation replaced an entitlement of the first authority, which was told so once.
    obliged = [each for each in told if each.holder == "tgs1"]
    assert {each.type for each in obliged} <= {"Akzeptanz080003"}
    assert {str(row.id) for row in laid_out} == set(load.notices)
    assert len(laid_out) == len(obliged)
    assert all(row.confirmed_at is not None for row in laid_out)
    clients = {holder: load.clients(holder) for holder in {each.holder for each in told}}
    for each in sample(told, at_most):
        assert load.send(clients[each.holder], each.message).document == each.document
        clients[each.holder].append(clients[each.holder].pop(0))
    with store.read() as reader:
        counted = select(func.count()).select_from(decision).where(of_soap(decision))
        again = reader.connection.execute(counted).scalar_one()
    assert again == len(told)


def of_soap(table: Table) -> ColumnElement[bool]:
    """Messages of the groups 07 and 08; not service requests, manifests, records."""
    return table.c.message_type.like("0%")


def sample(told: list[Told], at_most: int) -> Iterable[Told]:
    """The last half of so many, and the other half from all over the rest."""
    if len(told) <= at_most:
        return told
    head, tail = told[: -at_most // 2], told[-at_most // 2 :]
    return [*islice(head, 0, None, -(-len(head) // (at_most // 2))), *tail]
