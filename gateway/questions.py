"""Questions to an agency (070006): how they end without a yes."""

from typing import Final

from gateway.accepted import Outcome, Receipt
from gateway.clock import german_day
from gateway.later import door_of, later_record, latest_decision, lay_out
from gateway.rules.engine import Row
from gateway.tools import Tools
from gateway.undone import Undone
from store.engine import Store
from store.records import MessageRef, QuestionRecord, QuestionState

NO: Final = "D08"
SILENCE: Final = "D09"
NO_OPEN_QUESTION: Final = "D10"
DENIED: Final = "rueckfrage-verneint"
EXPIRED: Final = "frage-abgelaufen"
CLOSER: Final = "time-out"
"""Who acts when nobody did."""


def receipt(matter: str, row: Row) -> Receipt:
    """Return the receipt that tells the end of a question in the words of the row that ends it."""
    return Receipt(matter, row.explanation_de, row.explanation_en)


def close_overdue(store: Store, tools: Tools) -> int:
    """Close every question whose month is over (D09), each in a unit of work of its own; out: how many.

    The month ends with the day `due_on` (§§ 187, 188 BGB); the party finds a receipt in its outbox. May run
    in several processes at once: a question is closed once. One that cannot be closed hinders no other; the
    operator is told. Raises UndoneError at the end if there was one, StoreUnavailable, StoreBusy.
    """
    today = german_day(tools.clock.now())
    with store.read() as reader:
        overdue = reader.overdue_questions(today)
    tools.refresh()
    closed, undone = 0, Undone("question not closed")
    for question in overdue:
        with undone.apart(uuid=question.asked_uuid):
            closed += _close(store, tools, question)
    undone.end()
    return closed


def _close(store: Store, tools: Tools, question: QuestionRecord) -> bool:
    now = tools.clock.now()
    table = tools.rules.on(german_day(now))
    row = table.row(SILENCE)
    outcome = Outcome(
        receipt(EXPIRED, row),
        row.effect,
        row=row,
        evidence={"table": table.version, "question": question.asked_uuid},
    )
    ref = MessageRef(question.party_id, question.uuid)
    with store.unit_of_work() as work:
        work.lock_persons([question.lock_key])
        if not work.close_question(question, QuestionState.EXPIRED, now):
            return False
        first = latest_decision(work, ref)
        outbox_id = lay_out(
            work,
            tools,
            ref,
            outcome,
            frame=None,
            door=door_of(work, ref),
            trigger_uuid=ref.uuid,
        )
        work.add_decision(
            later_record(
                work,
                tools,
                first,
                outcome,
                actor=CLOSER,
                trigger_uuid=question.asked_uuid,
                outbox_id=outbox_id,
            )
        )
        work.commit()
    return True
