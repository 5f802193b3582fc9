"""Reports of a right: 070001 (entitlement), 070008, 070009 and 070010 (obligations)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from gateway import answers
from gateway.accepted import AcceptedMessage, Outcome
from gateway.cases import counting_right, state_on
from gateway.handlers.base import Step, Tools
from gateway.handlers.parking import note_weak_hint, park
from gateway.identity import PARKED, Branch, Identity, identify
from gateway.normalise import PersonKey, name_key
from gateway.plain import plain
from gateway.rules.engine import Candidate, DecisionTable, Facts, Row, UndecidableError, Verdict
from gateway.validity import DateInThePastError, Validity
from messages.errors import GatewayError
from messages.group07 import (
    BesondersIntegrationsbeduerftig070010,
    KeineAusreichendenSprachkenntnisse070009,
    KeineEinfachenSprachkenntnisse070008,
    Personalien,
    Teilnahmeberechtigung070001,
    WeitereAngabenMitAufenthaltstitel,
)
from store.records import CaseRecord, CaseState, PersonRecord, RightRecord, RightStatus
from store.unit import UnitOfWork

NEW_CASE: Final = "new-case"
NOTHING_STORED: Final = "nothing-stored"
FREE_MOVEMENT: Final = "free-movement"
DECEASED: Final = "deceased"
OTHER_REASON: Final = "D32"


@dataclass(frozen=True, slots=True)
class Report:
    """What the four messages have in common; `sent_end` is the end that the agency sets (070010)."""

    art: str
    person: Personalien
    further: WeitereAngabenMitAufenthaltstitel
    number: str | None
    only_orientation: bool = False
    only_language: bool = False
    sent_end: date | None = None


def _entitlement(message: Teilnahmeberechtigung070001) -> Report:
    return Report(
        "1a",
        message.personalien,
        message.weitere_angaben,
        message.bamfkennziffer,
        only_orientation=message.nur_orientierungskurs,
    )


def _no_simple_german(message: KeineEinfachenSprachkenntnisse070008) -> Report:
    return Report(
        "1b",
        message.personalien,
        message.weitere_angaben,
        message.bamfkennziffer,
        only_language=message.nur_sprachkurs,
    )


def _no_sufficient_german(message: KeineAusreichendenSprachkenntnisse070009) -> Report:
    return Report("1b", message.personalien, message.weitere_angaben, message.bamfkennziffer)


def _special_need(message: BesondersIntegrationsbeduerftig070010) -> Report:
    return Report(
        "2",
        message.personalien,
        message.weitere_angaben,
        message.bamfkennziffer,
        sent_end=message.gueltig_bis,
    )


READERS: Final[Mapping[type[Any], Callable[[Any], Report]]] = {
    Teilnahmeberechtigung070001: _entitlement,
    KeineEinfachenSprachkenntnisse070008: _no_simple_german,
    KeineAusreichendenSprachkenntnisse070009: _no_sufficient_german,
    BesondersIntegrationsbeduerftig070010: _special_need,
}


class ReportHandler:
    """Says who a report is about, asks the decision table, and stores what it decides."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def prepare(self, accepted: AcceptedMessage) -> Step:
        """Read the report, check what needs no state, and return the deciding step."""
        message = accepted.parsed.message
        report = READERS[type(message)](message)
        table = self._tools.rules.on(accepted.today)
        if report.further.aufenthaltstitel.code in self._tools.titles_not_for.get(
            accepted.party.agency_type, ()
        ):
            title = {"found": report.further.aufenthaltstitel.code}
            return _refused_before_identity(table, "17099.residence-title", title)
        rule = self._tools.validity.rule_on(report.art, accepted.today)
        try:
            validity = self._tools.validity.term(report.art, accepted.today, report.sent_end)
        except DateInThePastError:
            return _refused_before_identity(table, "17099.valid-until-past", {}, validity_rule=rule.id)
        decision = _Decision(self._tools, accepted, report, table, validity)
        return decision.decide


def _refused_before_identity(
    table: DecisionTable, text: str, details: Mapping[str, str], **evidence: str
) -> Step:
    row = table.row(OTHER_REASON)
    outcome = Outcome(
        answers.refusal(row, str(row.reason), details, text=text),
        row.effect,
        row=row,
        reason=row.reason,
        evidence={"table": table.version, "text": text, **evidence},
    )

    def refuse(_: UnitOfWork) -> Outcome:
        return outcome

    return refuse


class _Decision:
    """One report on its way through identity and table."""

    def __init__(
        self,
        tools: Tools,
        accepted: AcceptedMessage,
        report: Report,
        table: DecisionTable,
        validity: Validity,
    ) -> None:
        self._tools = tools
        self._accepted = accepted
        self._report = report
        self._table = table
        self._validity = validity
        person = report.person
        self._key = PersonKey(
            name_key(person.nachname.text),
            name_key(person.vorname.text),
            person.geburtsdatum.iso,
            "" if person.geschlecht is None else person.geschlecht.code,
        )
        self._lock = self._key.lock
        self._office = tools.offices.find(person.anschrift.postleitzahl)
        self._number = _number(report.number)
        self._details = plain(person) | plain(report.further)
        self._evidence: dict[str, Any] = {
            "table": table.version,
            "art": report.art,
            "profile": str(tools.settings.key_profile),
        }

    def decide(self, work: UnitOfWork) -> Outcome:
        """Decide on today's state, under the locks of every key the report touches."""
        settings = self._tools.settings
        identity = identify(
            work,
            self._key,
            self._number,
            profile=settings.key_profile,
            expired_only_accepts=settings.expired_only_accepts,
            today=self._accepted.today,
        )
        if identity.only_expired:
            self._note_setting("expired_only_accepts", settings.expired_only_accepts)
        if identity.candidates:
            self._evidence["candidates"] = list(identity.candidates)
        if identity.branch in PARKED:
            return park(
                work,
                self._tools,
                self._accepted,
                identity,
                key=self._key,
                office=self._office,
                details=self._details,
                evidence=self._evidence,
            )
        return self._by_table(work, identity)

    def _by_table(self, work: UnitOfWork, identity: Identity) -> Outcome:
        cases = [] if identity.person is None else work.cases_of([identity.person.id])
        existing = self._counting(cases)
        facts = self._facts(identity.person, existing)
        try:
            row = self._table.decide(facts)
        except UndecidableError as error:
            raise GatewayError("T200.not-yet-decidable") from error
        self._evidence["facts"] = {
            "request": facts.request,
            "existing": facts.existing,
            "state": facts.state,
            "own": facts.own,
            "flags": sorted(facts.flags),
        }
        if existing is not None:
            self._evidence["case"] = existing[0].id
        if row.answer is Verdict.ACCEPT and row.effect == NEW_CASE:
            return self._store(work, identity, row)
        if row.answer is Verdict.REFUSE and row.effect == NOTHING_STORED:
            return self._refuse(identity, row, facts, existing)
        raise GatewayError("T200.not-yet-decidable")

    def _counting(self, cases: list[CaseRecord]) -> tuple[CaseRecord, RightRecord, CaseState] | None:
        known: list[tuple[CaseRecord, RightRecord, CaseState]] = []
        for case in cases:
            right = counting_right(case)
            if right is None:
                raise LookupError(f"case {case.id} has no right")
            known.append((case, right, state_on(case, self._accepted.today)))
        chosen = self._table.select(
            [Candidate(right.art, state, (right.decided_at, right.id)) for _, right, state in known]
        )
        return None if chosen is None else known[chosen]

    def _facts(
        self, person: PersonRecord | None, existing: tuple[CaseRecord, RightRecord, CaseState] | None
    ) -> Facts:
        request = self._table.kinds[self._report.art]
        flags = set()
        nationalities = {
            state.staatsangehoerigkeit.code for state in self._report.further.staatsangehoerigkeiten
        }
        if person is not None:
            nationalities |= _stored_nationalities(person)
            if person.deceased:
                flags.add(DECEASED)
        if self._tools.free_movement.covers(nationalities):
            flags.add(FREE_MOVEMENT)
        if self._tools.free_movement.asks_operator(nationalities):
            self._note_setting("swiss_free_movement", self._tools.settings.swiss_free_movement)
        if existing is None:
            return Facts(request, flags=frozenset(flags))
        _, right, state = existing
        return Facts(
            request,
            existing=right.art,
            state=str(state),
            own=right.agency == self._accepted.party.kennung,
            same_kind=self._table.kinds[right.art] == request,
            flags=frozenset(flags),
        )

    def _store(self, work: UnitOfWork, identity: Identity, row: Row) -> Outcome:
        now = self._tools.clock.now()
        person_id = work.new_id() if identity.person is None else identity.person.id
        if identity.person is None:
            work.add_person(self._new_person(person_id))
        number = self._tools.numbers.assign(*work.next_counter())
        case, right = self._new_case(work, person_id, number, now)
        work.add_case(case)
        self._note_validity()
        if identity.branch is Branch.EXPIRED_ONLY:
            self._evidence["work_item"] = note_weak_hint(
                work,
                self._tools,
                self._accepted,
                identity,
                key=self._key,
                office=self._office,
                person_id=person_id,
            )
        self._evidence["person"] = person_id
        self._evidence["case"] = case.id
        return Outcome(
            answers.acceptance(case, right),
            row.effect,
            branch=str(identity.branch),
            row=row,
            number=number,
            evidence=self._evidence,
        )

    def _note_validity(self) -> None:
        rule = self._tools.validity.rule_on(self._report.art, self._accepted.today)
        self._evidence["validity_rule"] = rule.id
        if rule.asks_operator:
            self._note_setting("unlimited_1b", self._tools.settings.unlimited_1b)

    def _note_setting(self, name: str, value: bool) -> None:
        """Note a reading of the operator's choice that decided a branch, a fact or a term."""
        self._evidence.setdefault("settings", {})[name] = value

    def _new_person(self, person_id: int) -> PersonRecord:
        key, person = self._key, self._report.person
        return PersonRecord(
            id=person_id,
            lock_key=self._lock,
            surname_key=key.surname,
            first_name_key=key.first_name,
            birth=key.birth,
            gender=key.gender,
            surname=person.nachname.text,
            first_name=person.vorname.text,
            details=self._details,
        )

    def _new_case(
        self, work: UnitOfWork, person_id: int, number: str, now: datetime
    ) -> tuple[CaseRecord, RightRecord]:
        case_id = work.new_id()
        right = RightRecord(
            id=work.new_id(),
            case_id=case_id,
            art=self._report.art,
            agency=self._accepted.party.kennung,
            agency_name=self._accepted.party.name,
            valid_from=self._validity.valid_from,
            valid_until=self._validity.valid_until,
            unlimited=self._validity.unlimited,
            status=RightStatus.CURRENT,
            only_orientation=self._report.only_orientation,
            only_language=self._report.only_language,
            decided_at=now,
        )
        case = CaseRecord(case_id, person_id, number, CaseState.OPEN, self._accepted.today, (right,))
        return case, right

    def _refuse(
        self,
        identity: Identity,
        row: Row,
        facts: Facts,
        existing: tuple[CaseRecord, RightRecord, CaseState] | None,
    ) -> Outcome:
        reason = row.reason_for(facts)
        if reason is None:
            raise LookupError(f"row {row.id} refuses without a reason")
        details = {} if existing is None else {"agency": existing[1].agency_name}
        shown = existing[:2] if existing is not None and row.show else None
        return Outcome(
            answers.refusal(row, reason, details, shown),
            row.effect,
            branch=str(identity.branch),
            row=row,
            reason=reason,
            evidence=self._evidence,
        )


def _number(sent: str | None) -> str | None:
    """Return the number without blanks, as it is compared; an empty one is none."""
    return None if sent is None else "".join(sent.split()) or None


def _stored_nationalities(person: PersonRecord) -> set[str]:
    stored = person.details.get("staatsangehoerigkeiten", ())
    return {state["staatsangehoerigkeit"]["code"] for state in stored}
