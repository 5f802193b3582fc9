"""070007, the answer to the question whether an obligation shall replace an entitlement."""

from gateway import answers
from gateway.accepted import AcceptedMessage, Outcome
from gateway.handlers.base import Step, Tools
from messages.errors import GatewayError
from store.unit import UnitOfWork

NO_OPEN_QUESTION = "D10"


class ReplyHandler:
    """Matches an answer to its question by `ausloeserUUID`. No question is asked yet, so none is open."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def prepare(self, accepted: AcceptedMessage) -> Step:
        """Refuse by row D10. Raises GatewayError S999.missing-trigger where no question is named."""
        question = accepted.frame.ausloeser_uuid
        if question is None:
            raise GatewayError("S999.missing-trigger")
        table = self._tools.rules.on(accepted.today)
        row = table.row(NO_OPEN_QUESTION)
        outcome = Outcome(
            answers.refusal(row, str(row.reason), {}),
            row.effect,
            row=row,
            reason=row.reason,
            evidence={"table": table.version, "question": question},
        )

        def refuse(_: UnitOfWork) -> Outcome:
            return outcome

        return refuse
