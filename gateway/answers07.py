"""The bodies of group 07: 070003 accepted, 070004 a clerk looks at it, 070005 refused, 070006 a question."""

from gateway.accepted import Body
from gateway.decided import Decided, Verdict
from gateway.shown import shown_right
from messages.codes import code
from messages.errors import CATALOGUE
from messages.group07 import (
    Akzeptanz070003,
    Anfrage070006,
    Dublette070004,
    NichtMoeglich070005,
)


def body(decided: Decided) -> Body:
    """Return the answer in which a decision is told to an immigration authority."""
    if decided.verdict is Verdict.ACCEPTED:
        return _acceptance(decided)
    if decided.verdict is Verdict.REFUSED:
        return _refusal(decided)
    if decided.verdict is Verdict.ASKED:
        return _question(decided)
    return Body(Dublette070004, information_sachbearbeitung=code("dublette", decided.given_reason))


def _acceptance(decided: Decided) -> Body:
    if decided.case is None or decided.right is None:
        raise LookupError("an acceptance without a right")
    return Body(Akzeptanz070003, berechtigung_verpflichtung=shown_right(decided.case, decided.right))


def _refusal(decided: Decided) -> Body:
    row, reason, existing = decided.row, decided.given_reason, decided.existing
    if row is None:
        raise LookupError("a refusal without a row")
    return Body(
        NichtMoeglich070005,
        ablehnungsgrund=code("ablehnungsgrund", reason),
        beschreibung=CATALOGUE[decided.text or row.text or reason].render_de(decided.details),
        aktuelle_berechtigung_verpflichtung=None if existing is None else shown_right(*existing),
        kann_uebernommen_werden=row.takeover,
        information_sachbearbeitung=tuple(code("information", info) for info in row.info),
    )


def _question(decided: Decided) -> Body:
    reason = decided.given_reason
    if decided.existing is None:
        raise LookupError("a question about nothing")
    return Body(
        Anfrage070006,
        nachfragegrund=code("nachfragegrund", reason),
        beschreibung=CATALOGUE[reason].render_de(),
        aktuelle_berechtigung=shown_right(*decided.existing),
    )
