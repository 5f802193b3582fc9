"""070013, 080013: how does an obliged person take part; 070016, 080016: the same after taking over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.accepted import AcceptedMessage, Body, Outcome
from gateway.handlers.base import Step
from gateway.identity import Branch
from gateway.information.log import Purpose, note_retrieval
from gateway.information.participation import contents, told
from gateway.information.scope import scope_table
from gateway.information.subject import Subject, find_subject
from gateway.information.table import Answer, Facts, InformationTable, Row
from gateway.information.takeover import takeover_table
from gateway.tools import Tools
from messages.codes import code
from messages.group07_information import (
    Auskunft070015,
    AuskunftNichtMoeglich070014,
    Kursteilnahme070013,
    Uebernahme070016,
    UebernahmeNichtMoeglich070017,
)
from messages.group08 import (
    Auskunft080015,
    AuskunftNichtMoeglich080014,
    Kursteilnahme080013,
    Uebernahme080016,
    UebernahmeNichtMoeglich080017,
)
from store.records_information import Takeover
from store.unit import UnitOfWork


@dataclass(frozen=True, slots=True)
class Words:
    """In which words a message is answered: `asker` is the kind of agency that sends it.

    `told` and `refused` are the classes of the answers, `reasons` the list of the reasons.
    """

    asker: str
    told: type[Any]
    refused: type[Any]
    reasons: str


_NOT_TOLD: Final = "auskunft-nicht-moeglich"
_NOT_TAKEN: Final = "uebernahme-nicht-moeglich"
WORDS: Final[Mapping[type[Any], Words]] = {
    Kursteilnahme070013: Words("ABH", Auskunft070015, AuskunftNichtMoeglich070014, _NOT_TOLD),
    Kursteilnahme080013: Words("TGS", Auskunft080015, AuskunftNichtMoeglich080014, _NOT_TOLD),
    Uebernahme070016: Words("ABH", Auskunft070015, UebernahmeNichtMoeglich070017, _NOT_TAKEN),
    Uebernahme080016: Words("TGS", Auskunft080015, UebernahmeNichtMoeglich080017, _NOT_TAKEN),
}


class ParticipationHandler:
    """Tells an agency about the course as far as the table of scope says, taking over first if it wants."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def prepare(self, accepted: AcceptedMessage) -> Step:
        """Return the step; what is asked for is in the message."""
        self._tools.refresh()
        return _Request(self._tools, accepted).step


class _Request:
    """One request on its way."""

    def __init__(self, tools: Tools, accepted: AcceptedMessage) -> None:
        self._tools = tools
        self._accepted = accepted
        self._message: Any = accepted.parsed.message
        self._words = WORDS[type(self._message)]
        self._purpose = _purpose(self._message)

    def step(self, work: UnitOfWork) -> Outcome:
        """Find the case, take over where that is asked and may be, and tell."""
        accepted = self._accepted
        agency = accepted.party.kennung
        subject = find_subject(work, self._message.identifikation, agency, accepted.today)
        facts = self._facts(subject)
        table = takeover_table() if self._purpose is Purpose.TAKEOVER else scope_table()
        row = table.decide(facts)
        evidence = _evidence(table, facts, subject)
        if row.answer is Answer.TAKE and subject is not None:
            subject = subject.joined_by(self._take_over(work, subject))
        return self._told(work, subject, row, evidence)

    def _facts(self, subject: Subject | None) -> Facts:
        asker = self._words.asker
        return Facts(asker, self._purpose) if subject is None else subject.facts(asker, self._purpose)

    def _take_over(self, work: UnitOfWork, subject: Subject) -> Takeover:
        party, tools = self._accepted.party, self._tools
        taken = Takeover(
            id=work.new_id(),
            case_id=subject.case.id,
            right_id=subject.right.id,
            agency=party.kennung,
            agency_name=party.name,
            agency_type=self._words.asker,
            taken_on=self._accepted.today,
            party_uuid=self._accepted.uuid,
            at=tools.clock.now(),
        )
        work.add_takeover(taken)
        return taken

    def _told(self, work: UnitOfWork, subject: Subject | None, row: Row, evidence: dict[str, Any]) -> Outcome:
        """Answer by the row that decided, note the retrieval, and say what the record keeps."""
        words = self._words
        groups: tuple[str, ...] = ()
        if row.answer is Answer.REFUSE or subject is None:
            body = Body(words.refused, grund_code=code(words.reasons, row.reason or ""), grund=row.told({}))
        else:
            scope = scope_table().decide(self._facts(subject))
            groups = told(work, subject, scope, self._accepted.party.kennung)
            evidence |= {"scope": scope_table().version, "scope_row": scope.id, "groups": list(groups)}
            body = Body(words.told, **contents(work, subject, groups, self._accepted.today))
        note_retrieval(
            work,
            self._tools,
            self._accepted,
            purpose=self._purpose,
            relation=None if subject is None else subject.relation,
            person_id=None if subject is None else subject.person.id,
            case_id=None if subject is None else subject.case.id,
            answer_type=body.message_class.message_type,
            reason=row.reason,
            row=row.id,
            scope=groups,
        )
        return Outcome(
            body,
            "taken-over" if row.answer is Answer.TAKE else "nothing-stored",
            branch=str(Branch.NUMBER_DOES_NOT_FIT if subject is None else Branch.NUMBER_AND_BIRTH),
            row=row,
            reason=row.reason,
            evidence=evidence,
        )


def _purpose(message: Any) -> Purpose:
    if isinstance(message, (Uebernahme070016, Uebernahme080016)):
        return Purpose.TAKEOVER
    if isinstance(message, Kursteilnahme070013) and message.verlaengerung_at:
        return Purpose.PERMIT_RENEWAL
    return Purpose.PARTICIPATION


def _evidence(table: InformationTable, facts: Facts, subject: Subject | None) -> dict[str, Any]:
    known = {} if subject is None else {"person": subject.person.id, "case": subject.case.id}
    return {
        "table": table.version,
        "facts": {
            "asker": facts.asker,
            "purpose": str(facts.purpose),
            "existing": facts.existing,
            "state": facts.state,
            "relation": str(facts.relation),
            "flags": sorted(facts.flags),
        },
        **known,
    }
