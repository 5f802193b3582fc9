"""Messages that ask for a right: read, decided, told."""

from gateway.accepted import AcceptedMessage, Outcome
from gateway.answers import outcome_of
from gateway.decided import Decided
from gateway.deciding import Decider
from gateway.handlers.base import Step
from gateway.handlers.readings import REPORTS
from gateway.requests import Sender
from gateway.tools import Tools
from store.records import MessageRef
from store.unit import UnitOfWork


class ReportHandler:
    """Hands a report to the decision and its outcome back."""

    def __init__(self, tools: Tools) -> None:
        self._decider = Decider(tools)

    def prepare(self, accepted: AcceptedMessage) -> Step:
        """Read the report, check what needs no state, and return the deciding step."""
        message, party = accepted.parsed.message, accepted.party
        reading = REPORTS[type(message)]
        ref = MessageRef(party.kennung, accepted.uuid)
        sender = Sender(party.kennung, party.name, party.agency_type, ref, accepted.received)
        prepared = self._decider.prepare(reading.read(message, sender), accepted.today)

        def decide(work: UnitOfWork) -> Outcome:
            decided = prepared if isinstance(prepared, Decided) else self._decider.decide(work, prepared)
            return outcome_of(decided, reading.body(decided))

        return decide
