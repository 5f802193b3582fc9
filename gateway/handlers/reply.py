"""070007, the answer to the question whether an obligation shall replace an entitlement."""

from gateway.accepted import AcceptedMessage, Outcome
from gateway.answers import outcome_of
from gateway.answers07 import body
from gateway.decided import Decided, Verdict
from gateway.handlers.base import Step
from gateway.identity import Branch, same
from gateway.later import later_record, latest_decision
from gateway.questions import DENIED, NO, NO_OPEN_QUESTION, receipt
from gateway.resume import decide_anew
from gateway.rules.engine import DecisionTable
from gateway.tools import Tools
from messages.errors import GatewayError
from messages.group07 import Antwort070007
from store.records import DecisionRecord, MessageRef, QuestionRecord, QuestionState
from store.unit import UnitOfWork


class ReplyHandler:
    """Matches an answer to its question by `ausloeserUUID`, and lets a yes decide anew."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def prepare(self, accepted: AcceptedMessage) -> Step:
        """Read the answer. Raises GatewayError S999.missing-trigger where no question is named."""
        message = accepted.parsed.message
        asked = accepted.frame.ausloeser_uuid
        if asked is None or not isinstance(message, Antwort070007):
            raise GatewayError("S999.missing-trigger")
        self._tools.refresh()
        reply = _Reply(self._tools, accepted, asked.lower())
        return reply.yes if message.entscheidung else reply.no


class _Reply:
    """One answer on its way."""

    def __init__(self, tools: Tools, accepted: AcceptedMessage, asked: str) -> None:
        self._tools = tools
        self._accepted = accepted
        self._asked = asked
        self._table: DecisionTable = tools.rules.on(accepted.today)

    def yes(self, work: UnitOfWork) -> Outcome:
        """Decide the obligation anew, on today's state (D07, D35)."""
        question = self._open(work)
        if question is None:
            return self._unmatched()
        person = work.person(question.person_id)
        if person is None:
            raise LookupError(f"question {question.id} is about nobody")
        branch = Branch(_first(work, question).identity_branch or Branch.SAME)
        anew = decide_anew(
            work, self._tools, _report(question), identity=same(person, branch), confirmed=True, actor=None
        )
        # Deciding took the locks; whoever closed the question before that has been seen by now.
        if not work.close_question(
            question, QuestionState.YES, self._tools.clock.now(), reply_uuid=self._accepted.uuid
        ):
            raise GatewayError("T200.busy")
        anew.decided.evidence.update(self._evidence(question))
        self._note_for_report(work, question, anew.first, anew.outcome)
        return anew.outcome

    def no(self, work: UnitOfWork) -> Outcome:
        """Keep what is there and close the question (D08)."""
        question = self._open(work)
        if question is None:
            return self._unmatched()
        work.lock_persons([question.lock_key])
        if not work.close_question(
            question, QuestionState.NO, self._tools.clock.now(), reply_uuid=self._accepted.uuid
        ):
            return self._unmatched()
        row = self._table.row(NO)
        outcome = Outcome(
            receipt(DENIED, row),
            row.effect,
            row=row,
            evidence={"table": self._table.version, **self._evidence(question)},
        )
        self._note_for_report(work, question, _first(work, question), outcome)
        return outcome

    def _open(self, work: UnitOfWork) -> QuestionRecord | None:
        """Return the open question of this party, None where there is none or its month is over."""
        question = work.question_for(self._accepted.party.kennung, self._asked)
        if question is None or question.state != QuestionState.OPEN or self._accepted.today > question.due_on:
            return None
        return question

    def _unmatched(self) -> Outcome:
        row = self._table.row(NO_OPEN_QUESTION)
        decided = Decided(
            Verdict.REFUSED,
            row.effect,
            None,
            row=row,
            reason=row.reason,
            evidence={"table": self._table.version, "question": self._asked},
        )
        return outcome_of(decided, body(decided))

    def _note_for_report(
        self, work: UnitOfWork, question: QuestionRecord, first: DecisionRecord, outcome: Outcome
    ) -> None:
        """Leave a record under the report too, so that its own explanation tells how it ended."""
        work.add_decision(
            later_record(
                work,
                self._tools,
                first,
                outcome,
                actor=question.party_id,
                trigger_uuid=self._accepted.uuid,
            )
        )

    def _evidence(self, question: QuestionRecord) -> dict[str, str]:
        return {"question": question.asked_uuid, "report": question.uuid}


def _report(question: QuestionRecord) -> MessageRef:
    return MessageRef(question.party_id, question.uuid)


def _first(work: UnitOfWork, question: QuestionRecord) -> DecisionRecord:
    return latest_decision(work, _report(question))
