"""What an agency's request about a number is about: person, obligation, repetition, and who joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from gateway.cases import counting_right, state_on
from gateway.disclosure import hidden_to
from gateway.identity import survivor
from gateway.information.log import Purpose
from gateway.information.relation import Relation, relation_of
from gateway.information.table import DECEASED, REPETITION, Facts
from gateway.requests import number_of
from messages.courses import Identifikation
from messages.errors import GatewayError
from store.records import CaseRecord, CaseState, PersonRecord, RightRecord
from store.records_information import Takeover
from store.unit import UnitOfWork


@dataclass(frozen=True, slots=True)
class Subject:
    """The case that a request is about, as it is on a day, and what the asking agency has to do with it.

    A repeater's own case stands on the right of the case that is repeated: `case` is always that one, with
    the `repetition` beside it. `cases` are all of the person, `takeovers` those of `case`.
    """

    person: PersonRecord
    case: CaseRecord
    right: RightRecord
    state: CaseState
    repetition: CaseRecord | None
    cases: tuple[CaseRecord, ...]
    takeovers: tuple[Takeover, ...]
    relation: Relation

    @property
    def flags(self) -> frozenset[str]:
        """Return the flags of the tables."""
        flags = set()
        if self.person.deceased:
            flags.add(DECEASED)
        if self.repetition is not None:
            flags.add(REPETITION)
        return frozenset(flags)

    def joined_by(self, taken: Takeover) -> Subject:
        """Return the subject after a takeover of its right."""
        return replace(self, takeovers=(*self.takeovers, taken), relation=Relation.TAKEN_OVER)

    def facts(self, asker: str, purpose: Purpose) -> Facts:
        """Return what the tables ask for. In: kind of agency, what it asks for."""
        return Facts(asker, purpose, self.right.art, str(self.state), self.relation, self.flags)


def find_subject(work: UnitOfWork, identified: Identifikation, agency: str, today: date) -> Subject | None:
    """Lock the person of a number and return what the request is about, None where nothing fits (00057).

    In: number and birth date as sent, the asking agency's key. The birth date has to be that of the person,
    in the same precision. Raises GatewayError T200.busy when the person of the number got another key while
    the lock was awaited.
    """
    number = number_of(identified.bamfkennziffer)
    expected = None if number is None else _holder(work, number)
    if number is None or expected is None:
        return None
    work.lock_persons([expected.lock_key])
    person, case = _holder(work, number), work.case_by_number(number)
    if person is None or case is None or person.lock_key != expected.lock_key:
        raise GatewayError("T200.busy")
    if person.birth != identified.geburtsdatum.iso:
        return None
    return subject_of(work, person, case, work.cases_of([person.id]), agency, today)


def subject_of(
    work: UnitOfWork,
    person: PersonRecord,
    case: CaseRecord,
    cases: Sequence[CaseRecord],
    agency: str,
    today: date,
) -> Subject:
    """Return what is known about a case of a person. The locks are held already.

    In: the case, maybe of a repetition, and all cases of the person.
    """
    repeated = next((each for each in cases if each.id == case.repeats), case)
    right = counting_right(repeated)
    if right is None:
        raise LookupError(f"case {repeated.id} has no right")
    takeovers = work.takeovers_of([repeated.id])
    return Subject(
        person=person,
        case=repeated,
        right=right,
        state=state_on(repeated, today),
        repetition=next((each for each in cases if each.repeats == repeated.id), None),
        cases=tuple(cases),
        takeovers=tuple(takeovers),
        relation=relation_of(repeated, right, takeovers, agency),
    )


def is_hidden(work: UnitOfWork, subject: Subject, agency: str) -> bool:
    """Tell whether a disclosure block hides the subject from an agency. In: the agency's key."""
    block = work.block_of([subject.person.id])
    return hidden_to(block, subject.right, subject.takeovers, agency, subject.relation)


def _holder(work: UnitOfWork, number: str) -> PersonRecord | None:
    person = work.person_by_number(number)
    return None if person is None else survivor(work, person)
