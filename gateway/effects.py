"""What a decision does to the store: a new person, a new case, a right that replaces another, a question."""

from dataclasses import dataclass
from datetime import date

from gateway.cases import transitions
from gateway.requests import Request
from gateway.tools import Tools
from gateway.validity import Validity, add_months
from store.records import (
    CaseRecord,
    CaseState,
    PersonRecord,
    QuestionRecord,
    QuestionState,
    RightRecord,
    RightStatus,
)
from store.records_information import BlockReport
from store.unit import UnitOfWork


@dataclass(frozen=True, slots=True)
class Existing:
    """The case that counts, its current right, and its state on the day of the decision."""

    case: CaseRecord
    right: RightRecord
    state: CaseState

    @property
    def pair(self) -> tuple[CaseRecord, RightRecord]:
        """Return case and right, as answers show them."""
        return self.case, self.right


@dataclass(frozen=True, slots=True)
class Storing:
    """Queues in a unit of work what a request leaves behind. `actor` is for the history."""

    tools: Tools
    work: UnitOfWork
    request: Request
    validity: Validity
    today: date
    actor: str | None

    def person(self, known: PersonRecord | None) -> int:
        """Return the id of the person, added anew where nobody is known.

        Of whom the details were erased when their time was over, those of the request are kept from now on.
        """
        request, key = self.request, self.request.key
        if known is not None:
            # A clerk may have noted a single fact since; a report always tells the surname.
            if "nachname" not in known.details:
                self._tell_anew(known)
            return known.id
        record = PersonRecord(
            id=self.work.new_id(),
            lock_key=key.lock,
            surname_key=key.surname,
            first_name_key=key.first_name,
            birth=key.birth,
            gender=key.gender,
            surname=request.surname,
            first_name=request.first_name,
            details=request.details,
        )
        self.work.add_person(record)
        return record.id

    def _tell_anew(self, known: PersonRecord) -> None:
        ref = self.request.ref
        done = self.work.change_person_details(
            known,
            {**known.details, **self.request.details},
            what="reported-anew",
            at=self.tools.clock.now(),
            actor=self._acting(),
            reason="reported" if ref is None else f"reported in {ref.uuid}",
        )
        if not done:
            raise LookupError(f"person {known.id} was changed without the lock")

    def block(self, person_id: int, *, known: bool) -> bool:
        """Set the disclosure block that the request reports; True if it was set now.

        In: whether the person was stored before, and may have it already.
        """
        agency, now = self.request.agency, self.tools.clock.now()
        if not self.request.blocked:
            return False
        if known and any(each.agency == agency for each in self.work.reported_blocks([person_id])):
            return False
        ref = self.request.ref
        reason = "reported" if ref is None else f"reported in {ref.uuid}"
        self.work.set_block(BlockReport(person_id, agency, self.today, now), reason)
        return True

    def new_case(
        self, person_id: int, units: int, repeats: CaseRecord | None = None
    ) -> tuple[CaseRecord, RightRecord]:
        """Open a case with a number of its own. In: the granted units; the case that is repeated."""
        case_id = self.work.new_id()
        right = self._right(case_id)
        case = CaseRecord(
            id=case_id,
            person_id=person_id,
            number=self.tools.numbers.assign(*self.work.next_counter()),
            state=CaseState.OPEN if repeats is None else CaseState.REPEAT_ADMITTED,
            opened_on=self.today,
            rights=(right,),
            granted_units=units,
            repeats=None if repeats is None else repeats.id,
        )
        if repeats is None:
            self.work.add_case(case)
        else:
            transitions.admit_repetition(
                self.work, repeats, case, at=right.decided_at, actor=self._acting(), reason="admitted"
            )
        return case, right

    def replace(self, existing: Existing, reason: str) -> tuple[CaseRecord, RightRecord]:
        """Let the new right take the place of the current one: same case, number, registration and hours."""
        right = self._right(existing.case.id)
        case = transitions.replace(
            self.work,
            existing.case,
            existing.right,
            right,
            at=right.decided_at,
            actor=self._acting(),
            reason=reason,
        )
        return case, right

    def ask(self, existing: Existing) -> QuestionRecord:
        """Ask the agency whether its obligation shall replace the entitlement."""
        ref = self.request.ref
        if ref is None:
            raise LookupError("nobody can be asked about a request without a message")
        question = QuestionRecord(
            id=self.work.new_id(),
            asked_uuid=self.tools.new_uuid().lower(),
            party_id=ref.party_id,
            uuid=ref.uuid,
            person_id=existing.case.person_id,
            case_id=existing.case.id,
            right_id=existing.right.id,
            lock_key=self.request.key.lock,
            asked_on=self.today,
            asked_at=self.tools.clock.now(),
            due_on=add_months(self.today, 1),
            state=QuestionState.OPEN,
        )
        self.work.ask(question)
        return question

    def _acting(self) -> str:
        return self.actor or self.request.agency

    def _right(self, case_id: int) -> RightRecord:
        request, validity = self.request, self.validity
        return RightRecord(
            id=self.work.new_id(),
            case_id=case_id,
            art=request.art,
            agency=request.agency,
            agency_name=request.agency_name,
            valid_from=validity.valid_from,
            valid_until=validity.valid_until,
            unlimited=validity.unlimited,
            status=RightStatus.CURRENT,
            only_orientation=request.only_orientation,
            only_language=request.only_language,
            decided_at=self.tools.clock.now(),
            party_uuid=None if request.ref is None else request.ref.uuid,
        )
