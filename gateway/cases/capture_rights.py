"""Rights that a clerk enters for agencies without a door, decided by the same table as any report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from gateway.cases.capture import CaptureError, Clerk
from gateway.cases.person_data import PersonData
from gateway.clock import german_day
from gateway.decided import ClerkChoice, Decided, Verdict
from gateway.deciding import Decider
from gateway.identity import Branch, Identity, different, key_of, same
from gateway.requests import Request, number_of
from gateway.tools import Tools
from gateway.validity import Ends
from messages.errors import GatewayError
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
    ) -> Decided:
        """Decide a right and store what comes of it.

        In: whose right it is, by identification number or by personal data; for the latter, from which
        persons found earlier the clerk says it is different; whether it replaces what is there, where the
        table leaves that to a clerk (D40, D39). Out: the decision; one that waits stored nothing: the clerk
        has to say who it is (PARKED, `candidates` in the evidence), or whether it replaces (CLERK). Raises
        CaptureError.
        """
        if entry.art not in CAPTURED:
            raise CaptureError(f"a right of kind {entry.art} is not captured: {', '.join(sorted(CAPTURED))}")
        if isinstance(who, PersonData):
            said = different(different_from) if different_from else None
            return self._decide(entry, _by_data(entry, who, self._tools), said, clerk, replaces)
        person = self._person(who)
        return self._decide(entry, _by_person(entry, person, self._tools), same(person), clerk, replaces)

    def repetition(self, entry: RightEntry, number: str, clerk: Clerk) -> Decided:
        """Decide the admission to repeat the course of a number (D33, D46), with a case of its own."""
        if entry.art != REPETITION:
            raise CaptureError(f"a repetition is of kind {REPETITION}")
        person = self._person(number)
        return self._decide(entry, _by_person(entry, person, self._tools), same(person), clerk, None)

    def _person(self, number: str) -> PersonRecord:
        wanted = number_of(number)
        with self._store.read() as reader:
            case = None if wanted is None else find_case(reader.connection, wanted)
            person = None if case is None else find_person(reader.connection, case.person_id)
        if person is None:
            raise CaptureError(f"nobody has the number {number}")
        return person

    def _decide(
        self, entry: RightEntry, request: Request, said: Identity | None, clerk: Clerk, replaces: bool | None
    ) -> Decided:
        tools = self._tools
        now = tools.clock.now()
        today = german_day(now)
        if entry.valid_until is not None and tools.validity.rule_on(entry.art, today).ends is not Ends.SENT:
            raise CaptureError(f"the end of a right of kind {entry.art} follows from the law")
        try:
            tools.refresh()
            prepared = self._decider.prepare(request, today)
        except ValueError as error:
            raise CaptureError(str(error)) from error
        with self._store.unit_of_work() as work:
            if isinstance(prepared, Decided):
                decided = prepared
            else:
                choice = None if replaces is None else ClerkChoice(replaces, clerk.actor, clerk.reason)
                try:
                    decided = self._decider.decide(
                        work, prepared, identity=said, clerk=choice, actor=clerk.actor
                    )
                except GatewayError as error:
                    raise CaptureError(error.text_en) from error
            if decided.verdict.waits:
                return decided
            case = decided.case
            if decided.verdict is Verdict.ACCEPTED and case is not None:
                state = str(case.state)
                work.note_case(case.id, None, state, state, now, clerk.actor, clerk.reason)
                if said is not None and said.branch is Branch.DIFFERENT:
                    for other in said.candidates:
                        work.add_homonym(case.person_id, other, at=now, actor=clerk.actor)
            work.add_journal(
                JournalEntry(
                    JournalKind.CLERK,
                    tools.real_clock.now(),
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
                    },
                )
            )
            work.commit()
        return decided


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
