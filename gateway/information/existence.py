"""Whether a person has a right: who is meant, what the agency may know of it, and the entry in the log."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from gateway.accepted import Body, Outcome
from gateway.cases import contingent
from gateway.deciding import counting_case
from gateway.effects import Existing
from gateway.identity import key_of, survivor
from gateway.information.inquiry import Inquiry
from gateway.information.log import Purpose, note_retrieval
from gateway.information.notes import about_to_lapse, information, repeats
from gateway.information.subject import Subject, is_hidden, subject_of
from gateway.information.table import TableError
from gateway.information.takeover import may_take_over
from gateway.normalise import KeyProfile
from gateway.shown import shown_right
from gateway.tools import Tools
from messages.codes import code
from messages.courses import KeinSchein, Schein
from messages.errors import CATALOGUE, GatewayError
from messages.values import Code
from store.records import PersonRecord
from store.unit import UnitOfWork

NO_CASE: Final = "none"
UNSURE: Final = "unsure"
DECEASED: Final = "deceased"
HOURS_LEFT: Final = "hours-left"
EFFECT: Final = "nothing-stored"


class Answer(StrEnum):
    """What a row answers."""

    NOTHING = "NOTHING"
    COMPLETE = "COMPLETE"
    RIGHT = "RIGHT"
    WAIT = "WAIT"


@dataclass(frozen=True, slots=True)
class ExistenceRow:
    """One row of the table; `states` None stands for any."""

    id: str
    states: frozenset[str] | None
    with_flags: frozenset[str]
    answer: Answer
    note: str | None
    info: tuple[str, ...]
    fields: frozenset[str]
    fields_blocked: frozenset[str]
    legal_basis: str
    explanation_de: str
    explanation_en: str

    def matches(self, state: str, flags: frozenset[str]) -> bool:
        """Tell whether a case in this state, with these flags, is the row's."""
        return (self.states is None or state in self.states) and self.with_flags <= flags


@dataclass(frozen=True, slots=True)
class ExistenceTable:
    """All rows in order; `takeover` says by kind of agency how it hears that it may take a right over."""

    version: str
    rows: tuple[ExistenceRow, ...]
    takeover: Mapping[str, str]

    def decide(self, state: str, flags: frozenset[str] = frozenset()) -> ExistenceRow:
        """Return the first row that matches. Raises LookupError where none does: nothing is told then."""
        for row in self.rows:
            if row.matches(state, flags):
                return row
        raise LookupError(f"table {self.version} has no row for {state} {sorted(flags)}")


@cache
def existence_table() -> ExistenceTable:
    """Return the bundled table."""
    return read_existence(files("gateway.information").joinpath("existence.toml").read_text(encoding="utf-8"))


def read_existence(text: str) -> ExistenceTable:
    """Read a table from TOML text. Raises TableError for what is unknown or contradicts itself."""
    data = tomllib.loads(text)
    known = frozenset(data["fields"])
    words = {word: frozenset(meaning) for word, meaning in data["words"].items()}
    rows = tuple(_row(row, words, known) for row in data["row"])
    if len({row.id for row in rows}) != len(rows):
        raise TableError("two rows have the same id")
    return ExistenceTable(str(data["version"]), rows, data["takeover"])


def _row(data: Mapping[str, Any], words: Mapping[str, frozenset[str]], known: frozenset[str]) -> ExistenceRow:
    answer, note, states = Answer(data["answer"]), data.get("note"), data.get("states")
    told, blocked = frozenset(data.get("fields", ())), frozenset(data.get("fields_blocked", ()))
    row = ExistenceRow(
        id=data["id"],
        states=None if states is None else frozenset().union(*(words.get(each, {each}) for each in states)),
        with_flags=frozenset(data.get("with", ())),
        answer=answer,
        note=note,
        info=tuple(data.get("info", ())),
        fields=told,
        fields_blocked=blocked,
        legal_basis=data["legal_basis"],
        explanation_de=data["explanation_de"],
        explanation_en=data["explanation_en"],
    )
    if (answer is Answer.WAIT) != (note is None):
        raise TableError(f"row {row.id}: every answer but WAIT has a note")
    if unknown := [each for each in (note, *row.info) if each is not None and each not in CATALOGUE]:
        raise TableError(f"row {row.id}: no entry {unknown[0]} in the catalogue")
    if not told <= known or not blocked <= told:
        raise TableError(f"row {row.id}: fields the table does not list, or more of them behind a block")
    return row


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom an inquiry is about: `person` where it is certain (None: nobody), else the `candidates` (ids)."""

    person: PersonRecord | None = None
    candidates: tuple[int, ...] = ()


def find_meant(work: UnitOfWork, inquiry: Inquiry) -> Meant:
    """Lock whom an inquiry may be about, and say who it is.

    By number and birth date, else by name: certain is one person under the strict key and nobody under the
    weaker one without the first name, whatever key profile reports go by. Raises GatewayError 00057 where the
    number is unknown or belongs to another birth date, T200.busy when keys changed while the lock was
    awaited.
    """
    if inquiry.number is not None:
        return Meant(_by_number(work, inquiry.number, inquiry.key.birth))
    key = inquiry.key
    expected = {key.lock, *(survivor(work, each).lock_key for each in work.persons_by_lock_key(key.lock))}
    work.lock_persons(expected)
    weaker: dict[int, PersonRecord] = {}
    strict: set[int] = set()
    for each in work.persons_by_lock_key(key.lock):
        if key.hits(key_of(each), KeyProfile.XA):
            today = survivor(work, each)
            weaker[today.id] = today
            if key.hits(key_of(each), KeyProfile.SEED2012):
                strict.add(today.id)
    if any(each.lock_key not in expected for each in weaker.values()):
        raise GatewayError("T200.busy")
    if not weaker:
        return Meant()
    if len(weaker) == len(strict) == 1:
        return Meant(next(iter(weaker.values())))
    return Meant(candidates=tuple(weaker))


def _by_number(work: UnitOfWork, number: str, birth: str) -> PersonRecord:
    expected = _holder(work, number)
    if expected is not None:
        work.lock_persons([expected.lock_key])
        holder = _holder(work, number)
        if holder is None or holder.lock_key != expected.lock_key:
            raise GatewayError("T200.busy")
        if holder.birth == birth:
            return holder
    raise GatewayError("00057")


def _holder(work: UnitOfWork, number: str) -> PersonRecord | None:
    person = work.person_by_number(number)
    return None if person is None else survivor(work, person)


def tell(
    work: UnitOfWork, tools: Tools, inquiry: Inquiry, person: PersonRecord | None, today: date
) -> Outcome:
    """Answer an inquiry about a person that is locked, None for nobody, and log what is told."""
    cases = [] if person is None else work.cases_of([person.id])
    counting = counting_case(tools.rules.on(today), cases, today)
    if person is None or counting is None:
        return _nothing_known(work, tools, inquiry, person)
    subject = subject_of(work, person, counting.case, cases, inquiry.asker.party_id, today)
    flags = {DECEASED} if person.deceased else set()
    if contingent.remaining(cases) > 0:
        flags.add(HOURS_LEFT)
    row = existence_table().decide(str(counting.state), frozenset(flags))
    hidden = is_hidden(work, subject, inquiry.asker.party_id)
    telling = _Telling(tools, inquiry, row, counting, subject, row.fields_blocked if hidden else row.fields)
    outcome = telling.outcome(today)
    note_retrieval(
        work,
        tools,
        inquiry.asker,
        purpose=Purpose.EXISTENCE,
        relation=subject.relation,
        person_id=person.id,
        case_id=counting.case.id,
        answer_type=outcome.answer.message_class.message_type,
        reason=row.note,
        row=row.id,
        scope=telling.scope(),
    )
    return outcome


def _nothing_known(work: UnitOfWork, tools: Tools, inquiry: Inquiry, person: PersonRecord | None) -> Outcome:
    """Answer where there is no person, or one without a case."""
    flags = frozenset({DECEASED} if person is not None and person.deceased else ())
    row = existence_table().decide(NO_CASE, flags)
    person_id = None if person is None else person.id
    outcome = _outcome(inquiry, row, _flag(row), evidence={"person": person_id})
    note_retrieval(
        work,
        tools,
        inquiry.asker,
        purpose=Purpose.EXISTENCE,
        relation=None,
        person_id=person_id,
        case_id=None,
        answer_type=outcome.answer.message_class.message_type,
        reason=row.note,
        row=row.id,
        scope=row.fields,
    )
    return outcome


@dataclass(slots=True)
class _Telling:
    """What is told about the case that counts, held to the fields of the row."""

    tools: Tools
    inquiry: Inquiry
    row: ExistenceRow
    counting: Existing
    subject: Subject
    fields: frozenset[str]
    notes: tuple[Code, ...] = ()

    def outcome(self, today: date) -> Outcome:
        """Return the answer."""
        takeable = "takeover" in self.fields and self._may_take_over()
        if "notes" in self.fields:
            self.notes = tuple(self._notes(today))
        taking = self._takeover_note() if takeable else ()
        evidence = {
            "person": self.subject.person.id,
            "case": self.counting.case.id,
            "relation": str(self.subject.relation),
            "state": str(self.counting.state),
            "fields": sorted(self.scope()),
        }
        return _outcome(
            self.inquiry, self.row, self._certificate(), (*taking, *self.notes), takeable, evidence
        )

    def scope(self) -> frozenset[str]:
        """Return which groups of data are in the answer."""
        return self.fields if self.notes else self.fields - {"notes"}

    def _certificate(self) -> Schein:
        if "right" not in self.fields:
            return _flag(self.row)
        issuer = None if "issuer" in self.fields else self.tools.settings.name
        return shown_right(self.counting.case, self.counting.right, issuer=issuer)

    def _may_take_over(self) -> bool:
        subject = self.subject
        return may_take_over(
            self.inquiry.asker.agency_type,
            subject.right.art,
            str(subject.state),
            subject.relation,
            subject.flags,
        )

    def _takeover_note(self) -> tuple[Code, ...]:
        key = existence_table().takeover.get(self.inquiry.asker.agency_type)
        return () if key is None else (information(key),)

    def _notes(self, today: date) -> Iterator[Code]:
        for each in self.row.info:
            yield information(each)
        yield from about_to_lapse(self.counting.case, today)
        if self.counting.case.repeats is not None and self.row.answer is Answer.RIGHT:
            yield repeats(self.counting.case)


def _flag(row: ExistenceRow) -> KeinSchein:
    if row.answer is Answer.COMPLETE:
        return KeinSchein.KURS_VOLLSTAENDIG
    return KeinSchein.KEINE_INFORMATIONEN


def _outcome(
    inquiry: Inquiry,
    row: ExistenceRow,
    certificate: Schein,
    notes: tuple[Code, ...] = (),
    takeable: bool = False,
    evidence: Mapping[str, Any] | None = None,
) -> Outcome:
    if row.note is None:
        raise LookupError(f"row {row.id} tells nothing")
    body = Body(
        inquiry.answer_class,
        schein=certificate,
        information_sachbearbeiter=code("schein", row.note),
        kann_uebernommen_werden=takeable,
        information_sachbearbeitung=notes,
    )
    return Outcome(
        body,
        EFFECT,
        row=row,
        reason=row.note,
        evidence={"table": existence_table().version, **(evidence or {})},
    )
