"""A stored right as the messages of both groups carry it."""

from messages.codes import code
from messages.group07 import BerechtigungVerpflichtung
from messages.values import Behoerde
from store.records import CaseRecord, RightRecord


def shown_right(
    case: CaseRecord, right: RightRecord, *, issuer: str | None = None
) -> BerechtigungVerpflichtung:
    """Return a right of a case. In: the name to be shown as that of its agency, if not its own."""
    return BerechtigungVerpflichtung(
        art=code("art", right.art),
        bamfkennziffer=case.number,
        gueltig_von=right.valid_from,
        gueltig_bis=right.valid_until,
        teilnahme_unbefristet=right.unlimited,
        ausstellende_behoerde=Behoerde(bezeichnung=issuer or right.agency_name),
    )
