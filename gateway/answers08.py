"""The bodies of group 08: 080003 accepted, 080004 a clerk looks at it, 080005 refused; nothing is asked."""

from gateway.accepted import Body
from gateway.decided import Decided, Verdict
from gateway.shown import shown_right
from messages.codes import code
from messages.errors import CATALOGUE
from messages.group08 import Akzeptanz080003, Dublette080004, NichtMoeglich080005, ZulassungVerpflichtung
from messages.values import Behoerde


def body(decided: Decided) -> Body:
    """Return the answer in which a decision is told to a Jobcenter. Raises LookupError for a question."""
    if decided.verdict is Verdict.ACCEPTED:
        return _acceptance(decided)
    if decided.verdict is Verdict.REFUSED:
        return _refusal(decided)
    if decided.verdict is Verdict.ASKED:
        raise LookupError("the standard has no question to a Jobcenter")
    return Body(Dublette080004, information_sachbearbeitung=code("dublette", decided.given_reason))


def _acceptance(decided: Decided) -> Body:
    case, right, row = decided.case, decided.right, decided.row
    if case is None or right is None or row is None or right.valid_until is None:
        raise LookupError("an acceptance without a right that ends on a day")
    replaced = decided.existing if decided.replaced is not None else None
    return Body(
        Akzeptanz080003,
        zulassung_verpflichtung=ZulassungVerpflichtung(
            art=code("art", right.art),
            bamfkennziffer=case.number,
            gueltig_von=right.valid_from,
            gueltig_bis=right.valid_until,
            teilnahme_unbefristet=right.unlimited,
            ausstellende_behoerde=Behoerde(bezeichnung=right.agency_name),
        ),
        abgeloeste_berechtigung=None if replaced is None else shown_right(*replaced),
        information_sachbearbeitung=tuple(code("information", info) for info in row.info),
    )


def _refusal(decided: Decided) -> Body:
    row, reason, existing = decided.row, decided.given_reason, decided.existing
    if row is None:
        raise LookupError("a refusal without a row")
    return Body(
        NichtMoeglich080005,
        ablehnungsgrund=code("ablehnungsgrund", reason),
        beschreibung=CATALOGUE[decided.text or row.text or reason].render_de(decided.details),
        aktuelle_berechtigung_verpflichtung=None if existing is None else shown_right(*existing),
        kann_uebernommen_werden=row.takeover,
        information_sachbearbeitung=tuple(code("information", info) for info in row.info),
    )
