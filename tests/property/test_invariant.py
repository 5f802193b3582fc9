"""A number is a promise, with several processes at work: the committed order explains every answer.

Immigration authorities and Jobcenters report few persons whose keys collide; messages, answers, clerks,
undoings, fetching and the scheduler run in real processes at once, a batch at a time. After each batch a
model of its own is led through what was committed, in the order of the times noted under the locks, and must
come to every answer that was given; at no point two active rights compete. Every failure tells the seed and
what was done.
"""

from __future__ import annotations

import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from fixtures.persons import many_persons
from gateway.business_clock import BusinessClock, advance, reset, stored_offset
from gateway.clock import german_day
from messages.mitteilung import Mitteilung
from store.engine import Store
from tests.support.core import AGENCIES, JOBCENTERS, new_uuid
from tests.support.core import settings as gateway_settings
from tests.support.furnishing import furnish
from tests.support.given import key_of
from tests.support.invariant_draws import PARTIES, batches
from tests.support.invariant_facts import ASKED, PARKED, Key, Reply, Report, Takeover
from tests.support.invariant_history import Evidence, explain
from tests.support.invariant_model import Model
from tests.support.invariant_workers import SharedClock, invented
from tests.support.pki import shared_pki
from tests.support.processes import Child, children
from tests.support.ring import scale

WORKERS = 3
SERVE = "tests.support.invariant_workers.serve"
ARTS = {"070001": "1a", "070008": "1b", "070009": "1b", "070010": "2", "080001": "8", "080010": "5"}
ENDING = ("070010", "080001", "080010")
"""Reports that say until when."""
LINGER = 0.005
"""Seconds that what races stays under its locks, so that others come while it decides."""
LIMITS = {"070001": "orientation", "070008": "language"}


class Site:
    """The store, its clocks and the processes, for all histories of a test."""

    def __init__(self, store: Store, origin: int, workers: list[Child], number: int) -> None:
        self.store = store
        self.workers = workers
        self.clock = SharedClock(origin)
        self.business = BusinessClock(self.clock, lambda: stored_offset(store))
        self.persons = many_persons(number)
        self.number = number
        self.histories = 0

    def today(self) -> date:
        return german_day(self.clock.now() + stored_offset(self.store))

    def move(self, days: int) -> None:
        advance(self.store, gateway_settings(), self.clock, timedelta(days=days))

    def at_once(self, ops: list[dict[str, Any]]) -> list[Any]:
        """Let the processes do the operations at once, each its share in order; out: what came of each."""
        shares = [ops[start :: len(self.workers)] for start in range(len(self.workers))]
        for worker, share in zip(self.workers, shares, strict=True):
            worker.tell(share)
        told = [worker.hear() for worker in self.workers]
        return [told[place % len(told)][place // len(told)] for place in range(len(ops))]


class Histories(RuleBasedStateMachine):
    """One history: three persons with new names, two of whom have the same key."""

    site: ClassVar[Site]

    def __init__(self) -> None:
        super().__init__()
        site = self.site
        site.histories += 1
        reset(site.store, gateway_settings(), site.clock)
        self.persons = list(_colliding(site.persons))
        locks = {key_of(invented(person)).lock for person in self.persons}
        self.actors = f"clerk {site.histories}."
        self.evidence = Evidence(site.store, tuple(sorted(locks)), self.actors)
        self.model = Model()
        self.explained: set[int] = set()
        self.sent: dict[str, dict[str, Any]] = {}
        self.heard: dict[str, str] = {}
        self.documents: dict[int, str] = {}
        self.confirmed: set[int] = set()
        self.log: list[Any] = []
        self.acts = 0
        self.failed = False

    @rule(drawn=batches)
    def at_once(self, drawn: list[dict[str, Any]]) -> None:
        """Several things happen at once."""
        self.together(drawn)

    @rule(drawn=batches)
    def at_once_again(self, drawn: list[dict[str, Any]]) -> None:
        """Several things happen at once; twice as often as time passes."""
        self.together(drawn)

    def together(self, drawn: list[dict[str, Any]]) -> None:
        """Do what was drawn and can be done."""
        # The processes begin a batch at the same time: what races comes first.
        drawn = sorted(drawn, key=lambda each: each["do"] != "race")
        ops = [op for each in drawn for op in self._made(each)]
        since = self.site.clock.now()
        self._run(ops, since)

    @rule(days=st.sampled_from([1, 20, 32, 62, 370]), drawn=batches)
    def later(self, days: int, drawn: list[dict[str, Any]]) -> None:
        """The business clock is moved while nothing else happens, and life goes on."""
        self.log.append(f"{days} days later")
        self.site.move(days)
        self.together(drawn)

    def teardown(self) -> None:
        """Take a last turn and fetch all there is: nothing is left undone, and nothing was lost."""
        if self.failed:
            return
        self._run([{"do": "scheduler"}], self.site.clock.now())
        try:
            self._nothing_is_lost()
        except AssertionError as error:
            self._tell(error)
            raise

    def _run(self, ops: list[dict[str, Any]], since: Any) -> None:
        self.log.append(ops)
        try:
            told = self.site.at_once(ops)
            self.log.append(told)
            for op, outcome in zip(ops, told, strict=True):
                self._note(op, outcome)
            explain(self.model, self.evidence, since, self.explained, self.site.today())
            self._every_message_is_answered()
        except AssertionError as error:
            self._tell(error)
            raise

    def _tell(self, error: AssertionError) -> None:
        self.failed = True
        error.add_note(f"INGE_SEED={self.site.number}, history {self.site.histories}:")
        for line in self.log:
            error.add_note(str(line))

    def _made(self, drawn: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Turn what was drawn into operations on what there is by now; there may be nothing to do it on."""
        making = {
            "report": self._report,
            "race": self._race,
            "reply": self._reply,
            "takeover": self._takeover,
            "resend": self._resend,
            "decide": self._decide,
            "undo": self._undo,
        }.get(drawn["do"], lambda same: [{"all": False, **same}])
        yield from making(drawn)

    def _report(self, drawn: dict[str, Any]) -> list[dict[str, Any]]:
        numbers = [case.number for case in self.model.cases.values()]
        person, until = self.persons[drawn["who"]], self.site.today() + timedelta(days=drawn["term"])
        kind = drawn["of_jobcenter"] if drawn["holder"] in JOBCENTERS else drawn["kind"]
        op = {
            "do": "report",
            "holder": drawn["holder"],
            "uuid": new_uuid(),
            "kind": kind,
            "person": person,
            "number": None
            if drawn["known"] is None or not numbers
            else numbers[drawn["known"] % len(numbers)],
            "limit": LIMITS.get(kind, "") if drawn["limited"] else "",
            "until": until.isoformat() if kind in ENDING else None,
        }
        self.sent[op["uuid"]] = op
        self.model.messages[op["uuid"]] = Report(
            op["uuid"],
            PARTIES[op["holder"]].kennung,
            ARTS[kind],
            Key(person["surname"], person["birth"], person["gender"]),
            op["number"],
            op["limit"],
            until if kind in ENDING else None,
        )
        return [op, op] if drawn["twice"] else [op]

    def _race(self, drawn: dict[str, Any]) -> list[dict[str, Any]]:
        """Three agencies report at once, with one number all three persons that are born on its day."""
        usual = {"known": drawn["known"], "limited": False, "term": 10, "twice": False}
        usual["of_jobcenter"] = drawn["of_jobcenter"]
        people = drawn["people"] if drawn["known"] is not None else [drawn["people"][0]] * 3
        return [
            {**op, "linger": LINGER}
            for holder, kind, who in zip(drawn["holders"][:3], drawn["kinds"], people, strict=True)
            for op in self._report({**usual, "holder": holder, "kind": kind, "who": who})
        ]

    def _reply(self, drawn: dict[str, Any]) -> list[dict[str, Any]]:
        questions = self.model.questions
        chosen = [
            uuid for uuid, question in questions.items() if drawn["old"] or question.state == "OPEN"
        ] or list(questions)
        if not chosen:
            return []
        asked = chosen[drawn["which"] % len(chosen)]
        (holder,) = (
            name for name, agency in AGENCIES.items() if agency.kennung == questions[asked].report.agency
        )
        op = {"do": "reply", "holder": holder, "uuid": new_uuid(), "asked": asked, "yes": drawn["yes"]}
        self.sent[op["uuid"]] = op
        self.model.messages[op["uuid"]] = Reply(op["uuid"], AGENCIES[holder].kennung, asked, drawn["yes"])
        return [op]

    def _takeover(self, drawn: dict[str, Any]) -> list[dict[str, Any]]:
        """Somebody wants to join a right, now and then with a wrong birth date."""
        cases = list(self.model.cases.values())
        if not cases:
            return []
        case, holder = cases[drawn["which"] % len(cases)], drawn["holder"]
        # All three are born on the same day.
        birth = "1931-02-03" if drawn["mistaken"] else self.persons[0]["birth"]
        kind = "080016" if holder in JOBCENTERS else "070016"
        op = {
            "do": "takeover",
            "holder": holder,
            "uuid": new_uuid(),
            "kind": kind,
            "person": {**self.persons[0], "birth": birth},
            "number": case.number,
        }
        self.sent[op["uuid"]] = op
        self.model.messages[op["uuid"]] = Takeover(
            op["uuid"],
            PARTIES[holder].kennung,
            "5" if holder in JOBCENTERS else "1b",
            case.number,
            birth,
        )
        return [op]

    def _resend(self, drawn: dict[str, Any]) -> list[dict[str, Any]]:
        sent = list(self.sent.values())
        return [sent[drawn["which"] % len(sent)]] if sent else []

    def _decide(self, drawn: dict[str, Any]) -> list[dict[str, Any]]:
        items = [item for item in self.evidence.items() if item.state == "OPEN"]
        if not items:
            return []
        item = items[drawn["which"] % len(items)]
        if item.kind == "conflict":
            what, person = ("refuse" if drawn["other"] else "replace"), None
        elif drawn["other"] or not item.candidates:
            what, person = "different", None
        else:
            what, person = "same", str(item.candidates[drawn["candidate"] % len(item.candidates)])
        text = "Es bleibt dabei." if what == "refuse" else None
        return [self._clerk("decide", item.id, person, what=what, text=text)]

    def _undo(self, drawn: dict[str, Any]) -> list[dict[str, Any]]:
        items = [item for item in self.evidence.items() if item.state == "CLOSED"]
        if not items:
            return []
        # What was decided last is what somebody takes back.
        item = items[-1 - drawn["which"] % min(len(items), 3)]
        named = (
            item.candidates[drawn["candidate"] % len(item.candidates)] if len(item.candidates) > 1 else None
        )
        return [self._clerk("undo", item.id, None if named is None else str(named))]

    def _clerk(self, do: str, item: int, person: str | None, **more: Any) -> dict[str, Any]:
        self.acts += 1
        return {"do": do, "item": item, "person": person, "actor": f"{self.actors}{self.acts}", **more}

    def _note(self, op: dict[str, Any], outcome: Any) -> None:
        """Hold what the processes heard against what was heard before."""
        if op["do"] in ("report", "reply", "takeover"):
            assert "fault" not in outcome, (op, outcome)
            first = self.heard.setdefault(op["uuid"], outcome["digest"])
            assert outcome["digest"] == first, f"two answers to one message: {op}"
        elif op["do"] == "fetch":
            for entry, digest in outcome["documents"].items():
                assert self.documents.setdefault(int(entry), digest) == digest, f"not the same twice: {entry}"
            self.confirmed.update(outcome["confirmed"])

    def _every_message_is_answered(self) -> None:
        """One first decision and one stored answer for each message, and that is what was heard."""
        first: dict[str, int] = defaultdict(int)
        later, told_replaced = {}, set()
        records = self.evidence.decisions(self.sent)
        for record in records:
            told = record.evidence.get("later")
            if (notice := record.evidence.get("notice")) is not None:
                told_replaced.add(notice)
            if told is None:
                first[record.uuid] += 1
            elif told["outbox"] is not None:
                later[told["outbox"]] = (record.party_id, record.uuid, record.answer_type, record.number)
        assert first == dict.fromkeys(self.heard, 1), "decided at first hand once"
        for uuid, digest in self.heard.items():
            stored = self.evidence.answer(self.model.messages[uuid].agency, uuid)
            assert stored is not None
            assert sha256(stored).hexdigest() == digest
        entries: dict[int, Any] = {}
        notices: dict[int, Any] = {}
        for entry in self.evidence.outbox(self.sent).values():
            found = notices if entry.kind == Mitteilung.message_type else entries
            found[entry.id] = (entry.party_id, entry.uuid, entry.kind, entry.number)
        assert later == entries, "later answers lie in the outbox"
        assert told_replaced <= set(notices), "who had a right that was replaced is told"
        for party, uuid, _, number in notices.values():
            given = {record.number for record in records if (record.party_id, record.uuid) == (party, uuid)}
            given.add(self.sent[uuid].get("number") if self.sent[uuid]["do"] == "takeover" else None)
            assert number in given, "a notice is about a right that its agency was given or took over"

    def _nothing_is_lost(self) -> None:
        """Whatever waits is open still or was answered later; every later answer reaches its agency."""
        entries = self.evidence.outbox(self.sent)
        answered = {entry.uuid for entry in entries.values()}
        waiting = {uuid for item in self.model.items.values() for uuid in item.messages}
        today, asked = self.site.today(), set()
        for question in self.model.questions.values():
            assert question.state != "OPEN" or question.due >= today, "left open over its time"
            if question.state in ("OPEN", "YES", "NO"):
                asked.add(question.report.uuid)
        for record in self.evidence.decisions(self.sent):
            if "later" not in record.evidence and record.answer_type in (PARKED, "080004", ASKED):
                known = {record.uuid, record.evidence.get("report")}
                assert known & (answered | waiting | asked), f"nobody takes care of {record}"
        for holder in PARTIES:
            while True:
                op = {"do": "fetch", "holder": holder, "at_most": 50, "confirm": True, "all": True}
                (outcome,) = self.site.at_once([op])
                if not outcome["documents"]:
                    break
                self._note(op, outcome)
        assert set(entries) <= self.confirmed, "a later answer was never handed out"
        for number, entry in entries.items():
            assert self.documents[number] == bytes(entry.digest).hex()


def _colliding(persons: Iterator[Any]) -> Iterator[dict[str, Any]]:
    """One person; somebody of the same key without a gender; somebody else born on the same day."""
    one, other = (each.personalien for each in islice(persons, 2))
    surname, birth = one.nachname.text, one.geburtsdatum.iso
    yield {"surname": surname, "first": "Ada", "birth": birth, "gender": one.geschlecht.code}
    yield {"surname": surname, "first": "Bo", "birth": birth, "gender": ""}
    yield {"surname": f"{other.nachname.text}-{surname}", "first": "Cy", "birth": birth, "gender": "w"}


def test_the_committed_order_explains_every_answer(store: Store, store_url: str) -> None:
    furnish(store, shared_pki())
    number = int(os.environ.get("INGE_SEED") or random.randrange(10**9))
    origin = time.monotonic_ns()
    arguments = [[store_url, str(shared_pki().directory), origin]] * WORKERS
    with children(SERVE, arguments) as workers:
        assert [worker.hear() for worker in workers] == ["ready"] * WORKERS
        machine: Any = seed(number)(type("Machine", (Histories,), {}))
        machine.site = Site(store, origin, workers, number)
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=scale(6, 150),
                stateful_step_count=scale(10, 25),
                deadline=None,
                database=None,
                # What processes do at once is not repeated by drawing it again, so nothing can be shrunk.
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
