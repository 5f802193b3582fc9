"""A small model of the decision that explains every answer; from the dossier, and not from the gateway.

It is fed with what the store says was decided, in the order of the commits. What one agency hears for its
message it works out itself; of a clerk's act it takes what happened to cases and persons as told, works out
what the agencies hear of it, and looks whether the promise holds afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from store.records import DecisionRecord
from tests.support.invariant_facts import (
    ACCEPTED,
    ASKED,
    JOBCENTERS,
    NOT_TAKEN,
    PARKED,
    RECEIPT,
    REFUSED,
    TOLD,
    Case,
    ClerkAct,
    Item,
    Key,
    NotExplained,
    Question,
    Reply,
    Report,
    Right,
    Takeover,
    expect,
    months_later,
    same,
)

STRONG = ("1b", "2", "5")


@dataclass
class Model:
    """Persons, cases, questions and open work items after the events so far."""

    messages: dict[str, Report | Reply | Takeover] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    cases: dict[int, Case] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    items: dict[int, Item] = field(default_factory=dict)
    clock: int = 0

    # -- what holds ------------------------------------------------------------------------------------------

    def who(self, person: int) -> int:
        """Return who a person is today."""
        while person in self.merged:
            person = self.merged[person]
        return person

    def cases_of(self, person: int) -> list[Case]:
        """Return the cases of whoever a person is today."""
        return [case for case in self.cases.values() if case.person == self.who(person)]

    def promise(self, today: date) -> None:
        """Of nobody two rights are active, least of all of different agencies."""
        for person in {self.who(person) for person in self.keys}:
            active = [case for case in self.cases_of(person) if case.active(today)]
            if len(active) > 1:
                held = [(case.number, case.current) for case in active]
                raise NotExplained(f"competing active rights of person {person}: {held}")

    def state(self, today: date) -> dict[str, Any]:
        """Return what the store must show as well."""
        return {
            "cases": {
                case.number: (
                    case.person,
                    case.cancelled,
                    _shown(case.current),
                    case.active(today),
                    sorted(case.current.joined) if case.current is not None else [],
                )
                for case in self.cases.values()
            },
            "questions": {uuid: question.state for uuid, question in self.questions.items()},
            "items": {number: (item.kind, sorted(item.messages)) for number, item in self.items.items()},
        }

    # -- messages --------------------------------------------------------------------------------------------

    def first_hand(self, record: DecisionRecord, today: date) -> None:
        """Explain the first answer to a message."""
        self.clock += 1
        message = self.messages[record.uuid]
        if isinstance(message, Reply):
            self._reply(message, record, today)
        elif isinstance(message, Takeover):
            self._takeover(message, record, today)
        elif message.until is not None and message.until < today:
            expect(record, REFUSED, "17099", message.art)
        elif message.number is not None:
            holder = self._holder(message.number)
            if holder is not None and self.keys[holder].birth == message.key.birth:
                self._by_table(message, record, holder, today)
            else:
                self._park(message, record)
        else:
            self._by_key(message, record, today)
        self.promise(today)

    def _holder(self, number: str) -> int | None:
        return next((self.who(case.person) for case in self.cases.values() if case.number == number), None)

    def _takeover(self, wanted: Takeover, record: DecisionRecord, today: date) -> None:
        """Of the case with the number the right that counts may be joined by an agency of the other kind."""
        case = next((case for case in self.cases.values() if case.number == wanted.number), None)
        if case is None or self.keys[self.who(case.person)].birth != wanted.birth:
            expect(record, NOT_TAKEN, "00057", wanted.art)
            return
        right = case.current or max(case.rights, key=lambda each: each.rank)
        of_jobcenter = wanted.art in JOBCENTERS
        knows_all = right.report.agency == wanted.agency or (
            wanted.agency in right.joined and right.status == "CURRENT"
        )
        if right.report.art == "1a" or (right.report.agency == wanted.agency and case.cancelled):
            expect(record, NOT_TAKEN, "17571", wanted.art)
        elif knows_all:
            expect(record, TOLD, None, wanted.art)
        elif (right.report.art in JOBCENTERS) == of_jobcenter:
            expect(record, NOT_TAKEN, "17571", wanted.art)
        elif not case.active(today):
            expect(record, NOT_TAKEN, "17575" if of_jobcenter else "17574", wanted.art)
        else:
            expect(record, TOLD, None, wanted.art)
            right.joined.add(wanted.agency)

    def _by_key(self, report: Report, record: DecisionRecord, today: date) -> None:
        hits = {self.who(person) for person, key in self.keys.items() if key.hits(report.key)}
        if self._waiting(report) or any(not self._only_expired(hit, report.key, today) for hit in hits):
            self._park(report, record)
            return
        self._by_table(report, record, self._new_person(report, record), today)
        if hits:
            self.items[record.evidence["work_item"]] = Item("weak", report.key, [report.uuid])

    def _only_expired(self, person: int, key: Key, today: date) -> bool:
        """A person merged into one under another key is not looked at: a clerk has to."""
        own, cases = self.keys[person], self.cases_of(person)
        here = (own.surname, own.birth) == (key.surname, key.birth)
        return here and bool(cases) and not any(case.cancelled or case.active(today) for case in cases)

    def _waiting(self, report: Report) -> list[int]:
        return [
            number
            for number, item in self.items.items()
            if item.kind == "duplicate" and item.key.hits(report.key) and report.uuid not in item.messages
        ]

    def _park(self, report: Report, record: DecisionRecord) -> None:
        expect(record, PARKED, "17001", report.art)
        number, waiting = record.evidence["work_item"], self._waiting(report)
        if waiting:
            same(number in waiting, True, record, "waits with those of the same key")
            self.items[number].messages.append(report.uuid)
        else:
            same(number in self.items, False, record, "waits in a work item of its own")
            self.items[number] = Item("duplicate", report.key, [report.uuid])

    def _new_person(self, report: Report, record: DecisionRecord) -> int:
        person = record.evidence.get("person")
        if person is None or person in self.keys:
            raise NotExplained(f"{report} is about somebody new, but {record} is about {person}")
        self.keys[person] = report.key
        return int(person)

    def _reply(self, reply: Reply, record: DecisionRecord, today: date) -> None:
        question = self.questions.get(reply.asked)
        known = question is not None and question.report.agency == reply.agency
        if question is None or not known or question.state != "OPEN" or today > question.due:
            expect(record, REFUSED, "17116")
            return
        question.state = "YES" if reply.yes else "NO"
        if reply.yes:
            self._by_table(question.report, record, self.who(question.person), today, confirmed=True)
        else:
            expect(record, RECEIPT, record.reason_code)
            same(record.row, "D08", record, "no")

    def time_out(self, record: DecisionRecord, today: date) -> None:
        """Explain that nobody answered in time."""
        question = self.questions[record.evidence["question"]]
        same((question.state, today > question.due), ("OPEN", True), record, "over time")
        question.state = "EXPIRED"
        expect(record, RECEIPT, record.reason_code)

    # -- the table -------------------------------------------------------------------------------------------

    def counting(self, person: int, today: date) -> Case | None:
        """Return the active case, the strongest and then the oldest of several."""
        active = [case for case in self.cases_of(person) if case.active(today)]
        return min(active, key=_strength, default=None)

    def table(self, report: Report, person: int, today: date) -> tuple[str, str | None]:
        """Return answer and code by the table of the dossier."""
        if report.until is not None and report.until < today:
            return REFUSED, "17099"
        case = self.counting(person, today)
        if case is None or case.current is None:
            return ACCEPTED, None
        held = case.current.report
        if held.limit not in ("", report.limit):
            return PARKED, "17001"
        own = held.agency == report.agency
        if report.art == "1a" and held.art == "1a":
            return REFUSED, "17104" if own else "17108"
        if report.art == "1a" and held.art == "8":
            return REFUSED, "17119"
        if report.art == "1a":
            return REFUSED, "17108" if own else "17107"
        if held.art == "1a":
            # Only an immigration authority is asked; a Jobcenter's right replaces.
            return (ACCEPTED, None) if report.art in JOBCENTERS else (ASKED, "17121")
        return REFUSED, "17145" if held.art == "8" else "17109"

    def _by_table(
        self,
        report: Report,
        record: DecisionRecord,
        person: int,
        today: date,
        *,
        confirmed: bool = False,
        clerk: str | None = None,
    ) -> None:
        """Expect what the table says, and do it."""
        answer, code = self.table(report, person, today)
        case = self.counting(person, today)
        if (answer == ASKED and confirmed) or (answer == PARKED and clerk == "replace"):
            answer, code = ACCEPTED, None
        elif answer == PARKED and clerk == "refuse":
            answer, code = REFUSED, "17099"
        expect(record, answer, code, report.art)
        held = None if case is None else case.current
        joined = held is not None and report.agency in held.joined and report.art != "1a"
        if answer == REFUSED and clerk is None and code != "17099":
            same(record.row == "D47", joined, record, "joined the right that it meets")
        if answer == ACCEPTED:
            self._give(report, record, person, case, today)
        elif answer == ASKED:
            due = months_later(today, 1)
            self.questions[record.evidence["question"]] = Question(report, person, due)
        elif answer == PARKED:
            self.items[record.evidence["work_item"]] = Item("conflict", report.key, [report.uuid])

    def _give(
        self, report: Report, record: DecisionRecord, person: int, case: Case | None, today: date
    ) -> None:
        if record.number is None:
            raise NotExplained(f"{record} accepts without a number")
        until = months_later(today, 12) if report.art == "1a" else report.until
        right = Right(report, until, self.clock)
        if case is not None and case.current is not None:
            same(record.number, case.number, record, "replaces in the same case")
            case.current.replaced_by, case.current.status = right, "REPLACED"
            case.rights.append(right)
            return
        known = {each.number for each in self.cases.values()}
        same(record.number in known, False, record, "has a number of its own")
        number = record.evidence["case"]
        self.cases[number] = Case(number, record.number, self.who(person), [right])

    # -- clerks ----------------------------------------------------------------------------------------------

    def act(self, act: ClerkAct, today: date) -> None:
        """Explain a clerk's act by what came of it, one thing after the other."""
        decisions = iter(act.decisions)
        item = self.items.get(act.item)
        clerk = act.choice if act.choice in ("replace", "refuse") else None
        for event in act.events:
            self.clock += 1
            if event["kind"] in ("answered", "waits", "told"):
                self._decided(event, next(decisions), today, clerk, item)
            else:
                self._happened(event, today)
        same(next(decisions, None), None, act, "every decision is told")
        if not act.choice.startswith("undone"):
            same(self.items.pop(act.item, None) is None, False, act, "an open work item is decided")
        self.promise(today)

    def _decided(
        self,
        event: Mapping[str, Any],
        record: DecisionRecord,
        today: date,
        clerk: str | None,
        item: Item | None,
    ) -> None:
        same((record.uuid, record.party_id), (event["uuid"], event["party"]), record, "as told")
        report = self.messages[record.uuid]
        assert isinstance(report, Report)
        if event["kind"] == "told":
            kept = self.counting(self._person_of(record), today)
            same(kept is None, False, record, "something stays")
            answer, code = self.table(report, self._person_of(record), today)
            expect(record, REFUSED, code if answer == REFUSED else "17108", report.art)
        elif event["kind"] == "waits" and record.row is None:
            self._park(report, record)
        elif report.until is not None and report.until < today:
            expect(record, REFUSED, "17099", report.art)
        else:
            about = record.evidence.get("person")
            new = about is not None and about not in self.keys
            person = self._new_person(report, record) if new else self._person_of(record)
            weighed = clerk if item is not None and record.uuid in item.messages else None
            self._by_table(report, record, person, today, clerk=weighed)

    def _person_of(self, record: DecisionRecord) -> int:
        """Return whom a clerk said it is, by the record."""
        person = record.evidence.get("person")
        return self.who(self.cases[record.evidence["case"]].person if person is None else person)

    def _happened(self, event: Mapping[str, Any], today: date) -> None:
        kind = event["kind"]
        if kind == "merged":
            self.merged[event["person"]] = event["into"]
        elif kind == "split":
            same(self.merged.pop(event["person"], None), event["into"], event, "was merged")
        elif kind == "moved":
            self.cases[event["case"]].person = event["person"]
        elif kind == "cancelled":
            self._cancelled(event, today)
        elif kind == "taken-back":
            self._end(self.cases[event["case"]])
        elif kind == "restored":
            case = self.cases[event["case"]]
            (past,) = (right for right in case.rights if right.replaced_by is case.current)
            assert case.current is not None
            same(case.current.report.uuid, event["uuid"], event, "takes back what replaced")
            case.current.status, past.status, past.replaced_by = "CANCELLED", "CURRENT", None
        elif kind == "question-closed":
            for question in self.questions.values():
                if question.report.uuid == event["uuid"] and question.state == "OPEN":
                    question.state = "OBSOLETE"
        elif kind == "item-closed":
            self.items.pop(event["item"])
        elif kind == "reopened":
            report = self.messages[event["uuid"]]
            assert isinstance(report, Report)
            self.items[event["item"]] = Item("conflict", report.key, [report.uuid])
        elif kind == "follow-up":
            uuids = event["messages"].split(", ")
            report = self.messages[uuids[0]]
            assert isinstance(report, Report)
            self.items[event["item"]] = Item("duplicate", report.key, uuids)

    def _cancelled(self, event: Mapping[str, Any], today: date) -> None:
        """Of two competing rights the later decided ends."""
        case = self.cases[event["case"]]
        (kept,) = (each for each in self.cases.values() if each.number == event["kept"])
        same(kept.person, case.person, event, "is the same person's")
        same((kept.active(today), case.active(today)), (True, True), event, "competes")
        assert kept.current is not None
        assert case.current is not None
        same(kept.current.rank < case.current.rank, True, event, "ends what was decided later")
        self._end(case)

    def _end(self, case: Case) -> None:
        case.cancelled = True
        for right in case.rights:
            if right.status == "CURRENT":
                right.status = "CANCELLED"


def _strength(case: Case) -> tuple[int, int]:
    assert case.current is not None
    art = case.current.report.art
    return 0 if art in STRONG else 1 if art == "8" else 2, case.current.rank


def _shown(right: Right | None) -> tuple[str, str, str] | None:
    return None if right is None else (right.report.agency, right.report.art, right.report.uuid)
