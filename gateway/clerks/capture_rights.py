"""Rights that a clerk enters for agencies without a door, decided by the same table as any report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from gateway.cases.rules import CaseError
from gateway.clerks.capture import Clerk, keys_of, persons_from, told_words
from gateway.clerks.desk import ClerkError, Desk
from gateway.clerks.person_data import PersonData
from gateway.clock import german_day
from gateway.decided import ClerkChoice, Decided, Verdict
from gateway.deciding import Decider, Prepared
from gateway.identity import Branch, Identity, different, key_of, same
from gateway.later import RequestGoneError
from gateway.requests import Request, number_of
from gateway.tools import Tools
from gateway.validity import Ends
from messages.errors import GatewayError
from schemas.din91379 import beyond_datatype_c
from store.case_files import find_case, find_person
from store.engine import Store
from store.records import JournalEntry, JournalKind, PersonRecord

CAPTURED: Final = frozenset({"3", "4", "5", "7", "8"})
"""Kinds that no message brings yet: of BAMF, BVA (resettlers), TGS (obligation, admission) and TLA."""
REPETITION: Final = "6"


@dataclass(frozen=True, slots=True)
class RightEntry:
    """A right as the clerk has it on paper: kind by the list artberechtigung, issuing agency, its limits."""

    art: str
    agency: str
    agency_name: str
    valid_until: date | None = None
    only_orientation: bool = False
    only_language: bool = False


@dataclass(frozen=True, slots=True)
class CapturedRight:
    """What was decided; `events` tells what became of requests that asked about what it replaced."""

    decided: Decided
    events: tuple[str, ...] = ()


class RightCapture:
    """Takes rights that clerks enter."""

    def __init__(self, store: Store, tools: Tools) -> None:
        self._store = store
        self._tools = tools
        self._decider = Decider(tools)

    def right(
        self,
        entry: RightEntry,
        who: str | PersonData,
        clerk: Clerk,
        *,
        different_from: Sequence[int] = (),
        replaces: bool | None = None,
    ) -> CapturedRight:
        """Decide a right and store what comes of it.

        In: whose right it is, by identification number or by personal data; for the latter, from which
        persons found earlier the clerk says it is different; whether it replaces what is there, where the
        table leaves that to a clerk (D40, D39). Out: the decision; one that waits stored nothing: the clerk
        has to say who it is (PARKED, `candidates` in the evidence), or whether it replaces (CLERK). Raises
        ClerkError.
        """
        if entry.art not in CAPTURED:
            raise ClerkError(f"a right of kind {entry.art} is not captured: {', '.join(sorted(CAPTURED))}")
        if isinstance(who, PersonData):
            said = different(different_from) if different_from else None
            return self._decide(entry, _by_data(entry, who, self._tools), said, clerk, replaces)
        person = self._person(who)
        return self._decide(entry, _by_person(entry, person, self._tools), same(person), clerk, replaces)

    def repetition(self, entry: RightEntry, number: str, clerk: Clerk) -> CapturedRight:
        """Decide the admission to repeat the course of a number (D33, D46), with a case of its own."""
        if entry.art != REPETITION:
            raise ClerkError(f"a repetition is of kind {REPETITION}")
        person = self._person(number)
        return self._decide(entry, _by_person(entry, person, self._tools), same(person), clerk, None)

    def _person(self, number: str) -> PersonRecord:
        wanted = number_of(number)
        with self._store.read() as reader:
            case = None if wanted is None else find_case(reader.connection, wanted)
            person = None if case is None else find_person(reader.connection, case.person_id)
        if person is None:
            raise ClerkError(f"nobody has the number {number}")
        return person

    def _decide(
        self,
        entry: RightEntry,
        request: Request,
        said: Identity | None,
        clerk: Clerk,
        replaces: bool | None,
    ) -> CapturedRight:
        tools = self._tools
        now = tools.clock.now()
        prepared = self._prepared(entry, request, german_day(now))
        choice = None if replaces is None else ClerkChoice(replaces, clerk.actor, clerk.reason)
        try:
            with self._store.unit_of_work() as work:
                desk = Desk(work, tools, clerk.actor, clerk.reason, now)
                chain = [] if said is None or said.person is None else persons_from(work, said.person)
                # Also of requests that wait for an answer about a right that may end by this.
                work.lock_persons(keys_of(work, chain) | {request.key.lock})
                decided = (
                    prepared
                    if isinstance(prepared, Decided)
                    else self._decider.decide(work, prepared, identity=said, clerk=choice, actor=clerk.actor)
                )
                if decided.verdict.waits:
                    return CapturedRight(decided)
                self._note(desk, decided, said)
                if decided.replaced is not None:
                    for person in chain:
                        desk.ask_again(person.id)
                work.add_journal(self._entry(entry, clerk, decided, desk))
                words = told_words(desk, chain)
                work.commit()
        except GatewayError as error:
            raise ClerkError(error.text_en) from error
        except (CaseError, RequestGoneError) as error:
            raise ClerkError(str(error)) from error
        return CapturedRight(decided, words)

    def _prepared(self, entry: RightEntry, request: Request, today: date) -> Prepared | Decided:
        tools = self._tools
        ends = tools.validity.rule_on(entry.art, today).ends
        if entry.valid_until is not None and ends is not Ends.SENT:
            raise ClerkError(f"the end of a right of kind {entry.art} follows from the law")
        if entry.valid_until is None and ends is Ends.SENT:
            raise ClerkError(f"a right of kind {entry.art} has the end that the agency set: --valid-until")
        if strange := beyond_datatype_c(entry.agency_name):
            # Other agencies are told the name: their answers would not be valid.
            raise ClerkError(f"the agency's name has characters that messages do not know: {strange}")
        tools.refresh()
        return self._decider.prepare(request, today)

    def _note(self, desk: Desk, decided: Decided, said: Identity | None) -> None:
        """Leave in the history why a right was entered, and who is somebody else."""
        case = decided.case
        if decided.verdict is not Verdict.ACCEPTED or case is None:
            return
        desk.work.note_case(case.id, None, str(case.state), str(case.state), **desk.history)
        if said is not None and said.branch is Branch.DIFFERENT:
            for other in said.candidates:
                desk.work.add_homonym(case.person_id, other, at=desk.now, actor=desk.actor)

    def _entry(self, entry: RightEntry, clerk: Clerk, decided: Decided, desk: Desk) -> JournalEntry:
        return JournalEntry(
            JournalKind.CLERK,
            self._tools.real_clock.now(),
            code=decided.reason,
            facts={
                "capture": "right",
                "art": entry.art,
                "agency": entry.agency,
                "actor": clerk.actor,
                "verdict": str(decided.verdict),
                "branch": decided.branch,
                "row": None if decided.row is None else decided.row.id,
                "effect": decided.effect,
                "number": decided.number,
                "evidence": decided.evidence,
                "events": [event.as_data() for event in desk.events],
            },
        )


def _by_data(entry: RightEntry, who: PersonData, tools: Tools) -> Request:
    return Request(
        art=entry.art,
        agency=entry.agency,
        agency_name=entry.agency_name,
        agency_type="",
        key=who.key,
        surname=who.surname,
        first_name=who.first_name,
        details=who.details,
        nationalities=who.nationalities,
        received=tools.real_clock.now(),
        postcode=who.postcode,
        only_orientation=entry.only_orientation,
        only_language=entry.only_language,
        sent_end=entry.valid_until,
    )


def _by_person(entry: RightEntry, person: PersonRecord, tools: Tools) -> Request:
    return Request(
        art=entry.art,
        agency=entry.agency,
        agency_name=entry.agency_name,
        agency_type="",
        key=key_of(person),
        surname=person.surname,
        first_name=person.first_name,
        details=person.details,
        nationalities=frozenset(),
        received=tools.real_clock.now(),
        only_orientation=entry.only_orientation,
        only_language=entry.only_language,
        sent_end=entry.valid_until,
    )
