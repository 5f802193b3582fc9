"""The decision: who a request is about, which row of the table holds, and what it does to the store.

The same for every door: a message, a clerk's capture, a record of a batch, and for what is decided anew after
an answer, a clerk or a time-out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from gateway.cases import ACTIVE, contingent, counting_right, state_on
from gateway.decided import ClerkChoice, Decided, Verdict
from gateway.disclosure import hides, refusal_details
from gateway.effects import Existing, Storing
from gateway.identity import PARKED, Branch, Identity, identify, settle
from gateway.information.relation import joined
from gateway.notices import tell_joined_replaced, tell_replaced
from gateway.parking import note_weak_hint, park, park_conflict
from gateway.requests import Request
from gateway.rules.engine import Candidate, DecisionTable, Facts, Row
from gateway.rules.engine import Verdict as Answer
from gateway.tools import Tools
from gateway.validity import DateInThePastError, Validity
from store.records import CaseRecord, OfficeRecord, PersonRecord, RightRecord
from store.unit import UnitOfWork

FREE_MOVEMENT: Final = "free-movement"
DECEASED: Final = "deceased"
HOURS_LEFT: Final = "hours-left"
LIMITED: Final = "limited"
REPEATABLE: Final = "repeatable"
TAKEN_OVER: Final = "taken-over"
OTHER_REASON: Final = "D32"
AFTER_YES: Final = "D07"
OTHER_REASON_CODE: Final = "17099"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request with everything that needs no lock: the rules of the day, the term, the competent office."""

    request: Request
    today: date
    table: DecisionTable
    validity: Validity
    office: OfficeRecord | None


@dataclass(frozen=True, slots=True)
class Judged:
    """The row that holds for the facts, the case that counts, and all cases there are."""

    row: Row
    facts: Facts
    existing: Existing | None
    cases: tuple[CaseRecord, ...]


class Decider:
    """Decides requests. Stateless; used by several threads at once."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def prepare(self, request: Request, today: date) -> Prepared | Decided:
        """Check what needs no state, and look up what must not be looked up under the locks.

        In: the request and the German day of the decision. Out: a decision where the request is refused
        whoever it is about (D32).
        """
        tools = self._tools
        table = tools.rules.on(today)
        if request.title is not None and request.title in tools.titles_not_for.get(request.agency_type, ()):
            return _refused_before_identity(table, "17099.residence-title", {"found": request.title})
        try:
            validity = tools.validity.term(request.art, today, request.sent_end)
        except DateInThePastError:
            rule = tools.validity.rule_on(request.art, today)
            return _refused_before_identity(table, "17099.valid-until-past", {}, validity_rule=rule.id)
        office = None if request.postcode is None else tools.offices.find(request.postcode)
        return Prepared(request, today, table, validity, office)

    def decide(
        self,
        work: UnitOfWork,
        prepared: Prepared,
        *,
        identity: Identity | None = None,
        confirmed: bool = False,
        clerk: ClerkChoice | None = None,
        actor: str | None = None,
    ) -> Decided:
        """Decide on today's state, under the locks of every key the request touches.

        In: who it is where somebody said so (`identity.same`, `identity.different`), else the key decides;
        whether the agency confirmed that its obligation shall replace the entitlement; what a clerk chose
        where the table leaves it to one; who acts, for the history, without one the agency that asks. Out:
        what was decided, with everything it stores queued in the unit of work. Of a request without a stored
        message nothing is parked: who captures it has to say more.
        """
        return _Decision(self._tools, work, prepared, actor, clerk).made(identity, confirmed)

    def judge(self, work: UnitOfWork, prepared: Prepared, person: PersonRecord) -> Judged:
        """Say which row holds for a person on today's state, and do nothing. The locks are held already."""
        return _Decision(self._tools, work, prepared, None, None).judged(person)


def counting_case(table: DecisionTable, cases: Sequence[CaseRecord], today: date) -> Existing | None:
    """Return the case of a person that counts (D31), as it is on a day; None where there is none."""
    known: list[Existing] = []
    for case in cases:
        right = counting_right(case)
        if right is None:
            raise LookupError(f"case {case.id} has no right")
        known.append(Existing(case, right, state_on(case, today)))
    chosen = table.select(
        [Candidate(each.right.art, each.state, (each.right.decided_at, each.right.id)) for each in known]
    )
    return None if chosen is None else known[chosen]


def _refused_before_identity(
    table: DecisionTable, text: str, details: dict[str, str], **evidence: str
) -> Decided:
    row = table.row(OTHER_REASON)
    return Decided(
        Verdict.REFUSED,
        row.effect,
        None,
        row=row,
        reason=row.reason,
        text=text,
        details=details,
        evidence={"table": table.version, "text": text, **evidence},
    )


class _Decision:
    """One request on its way through identity and table."""

    __slots__ = ("_clerk", "_evidence", "_prepared", "_request", "_storing", "_table", "_tools", "_work")

    def __init__(
        self,
        tools: Tools,
        work: UnitOfWork,
        prepared: Prepared,
        actor: str | None,
        clerk: ClerkChoice | None,
    ) -> None:
        self._tools = tools
        self._work = work
        self._prepared = prepared
        self._request = request = prepared.request
        self._table = prepared.table
        self._clerk = clerk
        self._storing = Storing(tools, work, request, prepared.validity, prepared.today, actor)
        self._evidence: dict[str, Any] = {
            "table": prepared.table.version,
            "art": request.art,
            "profile": str(tools.settings.key_profile),
        }

    def made(self, said: Identity | None, confirmed: bool) -> Decided:
        identity = self._identity(said)
        if identity.only_expired:
            self._note_setting("expired_only_accepts", self._tools.settings.expired_only_accepts)
        if identity.candidates:
            self._evidence["candidates"] = list(identity.candidates)
        if identity.branch in PARKED:
            return park(self._work, self._tools, self._prepared, identity, self._evidence)
        return self._by_table(identity, confirmed)

    def _identity(self, said: Identity | None) -> Identity:
        settings, request = self._tools.settings, self._request
        if said is not None:
            return settle(self._work, request.key, said, profile=settings.key_profile, ref=request.ref)
        return identify(
            self._work,
            request.key,
            request.number,
            profile=settings.key_profile,
            expired_only_accepts=settings.expired_only_accepts,
            today=self._prepared.today,
        )

    def judged(self, person: PersonRecord | None) -> Judged:
        """Ask the table about a person, on today's state. Raises UndecidableError where it has a hole."""
        cases = [] if person is None else self._work.cases_of([person.id])
        existing = counting_case(self._table, cases, self._prepared.today)
        facts = self._facts(person, existing, cases)
        row = self._table.decide(facts)
        return Judged(row, facts, existing, tuple(cases))

    def _by_table(self, identity: Identity, confirmed: bool) -> Decided:
        judged = self.judged(identity.person)
        row, facts, existing, cases = judged.row, judged.facts, judged.existing, judged.cases
        self._evidence["facts"] = {
            "request": facts.request,
            "existing": facts.existing,
            "state": facts.state,
            "own": facts.own,
            "flags": sorted(facts.flags),
        }
        if existing is not None:
            self._evidence["case"] = existing.case.id
        if row.answer is Answer.ASK and confirmed:
            row = self._table.row(AFTER_YES)
        decided = self._effect(identity, row, existing, cases)
        if row.answer is Answer.REFUSE:
            reason = row.reason_for(facts)
            if reason is None:
                raise LookupError(f"row {row.id} refuses without a reason")
            return replace(decided, reason=reason)
        return decided

    def _effect(
        self, identity: Identity, row: Row, existing: Existing | None, cases: Sequence[CaseRecord]
    ) -> Decided:
        """Do what the row says. Raises LookupError for an effect that nobody knows."""
        if row.answer is Answer.CLERK:
            return self._by_clerk(identity, row, existing)
        if row.effect == "nothing-stored":
            return self._refused(identity, row, existing)
        if row.effect == "new-case":
            return self._accepted(identity, row, existing, contingent.FULL)
        if row.effect == "new-case-remaining":
            return self._accepted(identity, row, existing, contingent.remaining(cases))
        if row.effect == "repeat-case":
            return self._accepted(identity, row, existing, contingent.repetition().units)
        if row.effect == "replace" and existing is not None:
            return self._replaced(identity, row, existing)
        if row.effect == "ask" and existing is not None:
            return self._asked(identity, row, existing)
        raise LookupError(f"row {row.id} has an effect that cannot be done here: {row.effect}")

    def _facts(
        self, person: PersonRecord | None, existing: Existing | None, cases: Sequence[CaseRecord]
    ) -> Facts:
        tools, request = self._tools, self._request
        asked = self._table.kinds[request.art]
        flags = set()
        nationalities = request.nationalities
        if person is not None:
            nationalities |= stored_nationalities(person)
            if person.deceased:
                flags.add(DECEASED)
        if tools.free_movement.covers(nationalities):
            flags.add(FREE_MOVEMENT)
        if tools.free_movement.asks_operator(nationalities):
            self._note_setting("swiss_free_movement", tools.settings.swiss_free_movement)
        if existing is None:
            return Facts(asked, flags=frozenset(flags))
        right = existing.right
        if contingent.remaining(cases) > 0:
            flags.add(HOURS_LEFT)
        if self._limits_collide(existing):
            flags.add(LIMITED)
        if contingent.repeatable(existing.case):
            flags.add(REPEATABLE)
        if self._has_taken_over(existing):
            flags.add(TAKEN_OVER)
        return Facts(
            asked,
            existing=right.art,
            state=str(existing.state),
            own=right.agency == request.agency,
            same_kind=self._table.kinds[right.art] == asked,
            flags=frozenset(flags),
        )

    def _limits_collide(self, existing: Existing) -> bool:
        """Tell whether an active right covers one part of the course only, and more or the other is asked."""
        right, request = existing.right, self._request
        if existing.state not in ACTIVE:
            return False
        return (right.only_orientation and not request.only_orientation) or (
            right.only_language and not request.only_language
        )

    def _has_taken_over(self, existing: Existing) -> bool:
        """Tell whether the asking agency joined an active right of another (D47)."""
        agency = self._request.agency
        if existing.state not in ACTIVE or existing.right.agency == agency:
            return False
        return any(
            each.agency == agency
            for each in joined(existing.right, self._work.takeovers_of([existing.case.id]))
        )

    def _accepted(self, identity: Identity, row: Row, existing: Existing | None, units: int) -> Decided:
        person_id = self._storing.person(identity.person)
        repeated = existing.case if existing is not None and row.effect == "repeat-case" else None
        case, right = self._storing.new_case(person_id, units, repeats=repeated)
        self._block(person_id, known=identity.person is not None)
        self._note_validity()
        if identity.branch is Branch.EXPIRED_ONLY:
            self._evidence["work_item"] = note_weak_hint(
                self._work, self._tools, self._prepared, identity, person_id
            )
        self._evidence["person"] = person_id
        self._evidence["case"] = case.id
        return Decided(
            Verdict.ACCEPTED,
            row.effect,
            identity,
            row=row,
            number=case.number,
            case=case,
            right=right,
            evidence=self._evidence,
        )

    def _replaced(
        self, identity: Identity, row: Row, existing: Existing, effect: str | None = None
    ) -> Decided:
        shown = self._shown(existing)
        case, right = self._storing.replace(existing, f"{row.id}: replaced")
        self._block(case.person_id, known=True)
        self._note_validity()
        self._evidence["person"] = case.person_id
        self._evidence["replaced"] = existing.right.id
        notice = tell_replaced(self._work, self._tools, case, existing.right, right)
        if notice is not None:
            self._evidence["notice"] = notice
        told = tell_joined_replaced(self._work, self._tools, case, existing.right, right)
        if told:
            self._evidence["told_joined"] = told
        return Decided(
            Verdict.ACCEPTED,
            effect or row.effect,
            identity,
            row=row,
            number=case.number,
            case=case,
            right=right,
            existing=shown,
            replaced=existing.right,
            evidence=self._evidence,
        )

    def _asked(self, identity: Identity, row: Row, existing: Existing) -> Decided:
        question = self._storing.ask(existing)
        self._evidence["question"] = question.asked_uuid
        return Decided(
            Verdict.ASKED,
            row.effect,
            identity,
            row=row,
            reason=row.reason,
            existing=self._shown(existing),
            question=question,
            evidence=self._evidence,
        )

    def _refused(self, identity: Identity, row: Row, existing: Existing | None) -> Decided:
        hidden = existing is not None and self._hides(existing)
        return Decided(
            Verdict.REFUSED,
            row.effect,
            identity,
            row=row,
            details={} if existing is None else refusal_details(existing.right, hidden=hidden),
            existing=existing.pair if existing is not None and row.show and not hidden else None,
            evidence=self._evidence,
        )

    def _hides(self, existing: Existing) -> bool:
        """Tell whether a disclosure block hides the existing right from who asks, and note that it does."""
        hidden = hides(self._work, *existing.pair, self._request.agency)
        if hidden:
            self._evidence["hidden"] = True
        return hidden

    def _shown(self, existing: Existing) -> tuple[CaseRecord, RightRecord]:
        """Return the existing right as an answer shows it: of a blocked person without its agency."""
        case, right = existing.pair
        if not self._hides(existing):
            return case, right
        settings = self._tools.settings
        return case, replace(right, agency=settings.kennung, agency_name=settings.name)

    def _block(self, person_id: int, *, known: bool) -> None:
        """Set the disclosure block that comes with the request."""
        if self._storing.block(person_id, known=known):
            self._evidence["block"] = person_id

    def _by_clerk(self, identity: Identity, row: Row, existing: Existing | None) -> Decided:
        """Let the clerk's choice hold, or park until there is one."""
        clerk = self._clerk
        if existing is None:
            raise LookupError(f"row {row.id} leaves to a clerk what meets nothing")
        if clerk is None:
            return park_conflict(
                self._work, self._tools, self._prepared, identity, row, existing, self._evidence
            )
        self._evidence["clerk"] = "replace" if clerk.replace else "refuse"
        if clerk.replace:
            return self._replaced(identity, row, existing, "replace")
        return Decided(
            Verdict.REFUSED,
            "nothing-stored",
            identity,
            row=row,
            reason=OTHER_REASON_CODE,
            details={"reason": clerk.text or ""},
            evidence=self._evidence,
        )

    def _note_validity(self) -> None:
        rule = self._tools.validity.rule_on(self._request.art, self._prepared.today)
        self._evidence["validity_rule"] = rule.id
        if rule.asks_operator:
            self._note_setting("unlimited_1b", self._tools.settings.unlimited_1b)

    def _note_setting(self, name: str, value: bool) -> None:
        """Note a reading of the operator's choice that decided a branch, a fact or a term."""
        self._evidence.setdefault("settings", {})[name] = value


def stored_nationalities(person: PersonRecord) -> frozenset[str]:
    """Return the keys of the nationalities stored of a person."""
    stored = person.details.get("staatsangehoerigkeiten", ())
    return frozenset(state["staatsangehoerigkeit"]["code"] for state in stored)
