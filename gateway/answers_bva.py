"""The results of records (200004): a number, parked, refused with a reason, or not processed."""

from collections.abc import Sequence
from typing import Final

from gateway.accepted import Body
from gateway.decided import Decided, Verdict
from gateway.shown import shown_right
from messages.bva import (
    Abgelehnt,
    Angenommen,
    Einzelfehler,
    Ergebnis200004,
    Fehlerhaft,
    Zurueckgestellt,
)
from messages.codes import code
from messages.errors import CATALOGUE, GatewayError
from messages.violations import single_errors

_WEIGHED: Final = "17001.weighed"


def body(decided: Decided) -> Body:
    """Return the result in which the decision about a record is told."""
    if decided.verdict is Verdict.ACCEPTED:
        return _accepted(decided)
    if decided.verdict is Verdict.REFUSED:
        return _refused(decided)
    if decided.verdict is Verdict.ASKED:
        raise LookupError("a question to whom no message can bring one")
    # The list has one key for all that waits; who the person is may be certain.
    reason = decided.given_reason
    text = _WEIGHED if decided.verdict is Verdict.CLERK else reason
    return Body(
        Ergebnis200004,
        zurueckgestellt=Zurueckgestellt(
            code("dublette", reason), CATALOGUE[text].render_de(), decided.contact
        ),
    )


def faulty(error: GatewayError) -> Body:
    """Return the result of a record that was not processed, with every finding there is about it."""
    found: Sequence[GatewayError] = single_errors(error) or (error,)
    return Body(Ergebnis200004, fehlerhaft=Fehlerhaft(tuple(finding(each) for each in found)))


def finding(error: GatewayError) -> Einzelfehler:
    """Return one finding as senders are told it."""
    return Einzelfehler(error.code, error.path, error.text_de, error.text_en, error.entry.advice)


def _accepted(decided: Decided) -> Body:
    case, right = decided.case, decided.right
    if case is None or right is None:
        raise LookupError("an acceptance without a right")
    return Body(Ergebnis200004, angenommen=Angenommen(case.number, right.valid_from, right.unlimited))


def _refused(decided: Decided) -> Body:
    row, reason, existing = decided.row, decided.given_reason, decided.existing
    if row is None:
        raise LookupError("a refusal without a row")
    return Body(
        Ergebnis200004,
        abgelehnt=Abgelehnt(
            code("ablehnungsgrund", reason),
            CATALOGUE[decided.text or row.text or reason].render_de(decided.details),
            None if existing is None else shown_right(*existing),
        ),
    )
