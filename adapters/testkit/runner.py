"""Running cases against a server, in order; one that fails does not end the others, unless they need it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lxml import etree

from adapters.client.errors import ClientError, Unreachable
from adapters.client.retry import RetryPolicy
from adapters.testkit.cases import Case
from adapters.testkit.changes import sealed
from adapters.testkit.compare import Earlier, Judge
from adapters.testkit.deliveries import signed_manifest
from adapters.testkit.delivering import DeliveryWire
from adapters.testkit.exchange import FAILED, REFUSED, Got, Wire, read
from adapters.testkit.kit import Kit
from adapters.testkit.material import Material, Sent
from gateway.clock import Clock
from messages.service import HoleNachrichtenAntwort, SpaetereAntwort, parse

POLICY: Final = RetryPolicy(attempts=4, first_seconds=0.25, longest_seconds=5.0)
"""Short: who drives a test server waits in front of it."""
PATIENCE: Final = 30.0
"""Seconds a later answer may take to lie ready, if not told otherwise."""


class State(StrEnum):
    """What became of a case."""

    OK = "ok"
    FAILED = "FAILED"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case: what came back, what of it is not as it has to be, and how long the sender waited."""

    case: Case
    state: State
    got: Got | None = None
    problems: tuple[str, ...] = field(default=())
    milliseconds: float = 0.0


class Runner:
    """One run.

    `deliveries` is needed for cases that deliver. `policy` says how often is sent until there is an answer,
    `sleep` waits some seconds, `patience` is how long a later answer may take to lie ready.
    """

    def __init__(
        self,
        kit: Kit,
        wire: Wire,
        judge: Judge,
        material: Material,
        clock: Clock,
        *,
        deliveries: DeliveryWire | None = None,
        policy: RetryPolicy | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], None] = time.sleep,
        patience: float | None = None,
    ) -> None:
        self._kit = kit
        self._wire = wire
        self._judge = judge
        self._material = material
        self._clock = clock
        self._deliveries = deliveries
        self._policy = policy or POLICY
        self._rng = rng or random.SystemRandom()
        self._sleep = sleep
        self._patience = PATIENCE if patience is None else patience
        self._documents: dict[str, bytes] = {}

    def run(self, cases: Sequence[Case]) -> Iterator[Outcome]:
        """Run cases that stand after those they need.

        Raises Unreachable if there is no answer to the very first; later it counts as a failure of the case.
        """
        states: dict[str, State] = {}
        for case in cases:
            outcome = self._outcome(case, states)
            states[case.id] = outcome.state
            yield outcome

    def _outcome(self, case: Case, states: dict[str, State]) -> Outcome:
        missing = sorted(need for need in case.needs if states.get(need) is not State.OK)
        if missing:
            return Outcome(case, State.NOT_RUN, problems=(f"needs {', '.join(missing)}",))
        begin = time.perf_counter()
        try:
            sent, got = self._done(case)
        except Unreachable as error:
            if not states:
                raise
            return Outcome(case, State.FAILED, problems=(f"no answer came: {error}",))
        taken = (time.perf_counter() - begin) * 1000
        earlier = Earlier(dict(self._material.numbers), self._documents)
        problems = tuple(self._judge.differences(case, sent, got, earlier))
        self._remember(case, got)
        return Outcome(case, State.FAILED if problems else State.OK, got, problems, taken)

    def _done(self, case: Case) -> tuple[Sent, Got]:
        match case.does:
            case "fetch":
                return self._fetch(case)
            case "deliver":
                return self._deliver(case)
            case "result":
                return self._result(case)
        return self._once(case)

    def _once(self, case: Case) -> tuple[Sent, Got]:
        if case.does == "send":
            sent = self._material.make(case, self._clock.now())
            return self._exchange(case, lambda: sent)
        return self._exchange(case, lambda: self._material.make(case, self._clock.now()))

    def _exchange(self, case: Case, make: Callable[[], Sent]) -> tuple[Sent, Got]:
        """Send, again where there was no answer or the server asks for it, each time under a fresh seal.

        In: what is sent; a message is the same each time, a request to the service another, since one that
        arrived has used up its UUID. Raises Unreachable.
        """
        attempt = 1
        while True:
            sent, wait = make(), self._policy.wait(attempt, None, self._rng)
            try:
                got = self._wire.exchange(self._sealed(case, sent), sent)
            except Unreachable:
                if wait is None:
                    raise
            else:
                if got.retry_after is None or got.code == case.expect.refused or wait is None:
                    return sent, got
                wait = min(float(got.retry_after), self._policy.longest_seconds)
            self._sleep(wait)
            attempt += 1

    def _sealed(self, case: Case, sent: Sent) -> bytes:
        key = self._kit.pki.key(case.sender)
        return sealed(case.change, sent.body, key, self._clock.now(), self._wire.soap_version)

    def _deliver(self, case: Case) -> tuple[Sent, Got]:
        wire = self._delivery_wire()
        if case.again is None:
            try:
                self._material.delivery_number = wire.next_number()
            except Unreachable:
                raise
            except ClientError as error:
                return Sent(b"", "", ""), Got(FAILED, why=f"no number for a delivery: {error}")
        sent = self._material.make(case, self._clock.now())
        note = signed_manifest(case.change, sent.body, self._kit.pki.key(case.sender))
        return sent, wire.deliver(note, sent.file)

    def _result(self, case: Case) -> tuple[Sent, Got]:
        about = self._material.sent[str(case.of)]
        until = time.monotonic() + self._patience

        def wait() -> bool:
            self._sleep(0.5)
            return time.monotonic() < until

        return about, self._delivery_wire().result(about.uuid, wait)

    def _delivery_wire(self) -> DeliveryWire:
        if self._deliveries is None:
            raise ValueError("cases of deliveries need the address of their door")
        return self._deliveries

    def _fetch(self, case: Case) -> tuple[Sent, Got]:
        """Fetch until the answer to the case's message is there, and confirm it.

        What else lies there may be awaited by a run at the same time; a full page of it is of runs long ago.
        """
        about = self._material.sent[str(case.of)]
        until = time.monotonic() + self._patience
        while True:
            _, got = self._once(case)
            if got.element is None or got.answer != HoleNachrichtenAntwort.kind:
                return about, got
            page: HoleNachrichtenAntwort = parse(got.element)
            found = [each for each in page.nachrichten if each.nachrichten_uuid == about.uuid]
            done = found or (page.nachrichten if page.weitere else ())
            refused = self._confirm(case, done)
            if refused is not None:
                return about, refused
            if found:
                return about, read(etree.fromstring(found[-1].dokument or b"<nichts/>"))
            if not page.weitere:
                if time.monotonic() > until:
                    return about, Got(FAILED, why="nothing lies ready about the message")
                self._sleep(0.5)

    def _confirm(self, case: Case, done: Sequence[SpaetereAntwort]) -> Got | None:
        """Confirm what was fetched; give what came back if it is not a confirmation."""
        if not done:
            return None
        ids = tuple(each.nachricht_id for each in done)
        now = self._clock.now
        _, got = self._exchange(
            case, lambda: self._material.request("confirm", case, now(), nachricht_ids=ids)
        )
        return None if got.answer == "bestaetigeNachrichtenAntwort" else got

    def _remember(self, case: Case, got: Got) -> None:
        if got.number is not None and got.answer not in {REFUSED, FAILED}:
            self._material.numbers[case.id] = got.number
        if got.document is not None and got.element is not None:
            self._documents[case.id] = got.document
            question = got.element.findtext(".//nachrichtenUUID")
            if question is not None:
                self._material.questions[case.id] = question
