"""The answer documents: their frame, and the bodies of 070003, 070004, 070005 and of the rejection 0010."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lxml import etree

from gateway.accepted import AcceptedMessage, Body, Outcome, ParsedMessage
from gateway.clock import german_time
from gateway.rules.engine import Row
from gateway.settings import Settings
from gateway.trust.canonical import CanonicalBytes, canonical_octets
from messages.codes import code, message_type
from messages.errors import CATALOGUE, GatewayError
from messages.fehler import build_fehler
from messages.frame import Grundrahmen, Nachrichtenkopf, Rahmen
from messages.group07 import Akzeptanz070003, BerechtigungVerpflichtung, Dublette070004, NichtMoeglich070005
from messages.registry import build
from messages.rejection import Rueckweisung, Rueckweisung0010, identification, reasons
from messages.values import Behoerde, BehoerdeG2G
from store.records import CaseRecord, PartyRecord, RightRecord

if TYPE_CHECKING:
    from gateway.trust.documents import VerifiedDocument

TEST_MARK = "1"
"""Value of the attribute `test`; only its presence counts."""


@dataclass(frozen=True, slots=True)
class AnswerWriter:
    """Writes answers in the name of the answering agency. `new_uuid` makes the UUIDs of our messages."""

    settings: Settings
    new_uuid: Callable[[], str]

    def document(self, accepted: AcceptedMessage, outcome: Outcome, at: datetime) -> CanonicalBytes:
        """Return the answer document in its exclusive canonical form, which the seal then need not make."""
        asked = accepted.frame
        frame = Rahmen(
            **self._common(at, outcome.answer.message_class.message_type, _reader(asked.kopf.autor)),
            anschrift_leser=asked.anschrift_autor,
            ausloeser_uuid=asked.kopf.nachrichten_uuid,
            ansprechpartner=outcome.contact,
            ihr_zeichen=asked.ihr_zeichen,
        )
        return CanonicalBytes(canonical_octets(build(outcome.answer.framed(frame))))

    def refusal(
        self,
        error: GatewayError,
        *,
        document: VerifiedDocument | None = None,
        party: PartyRecord | None = None,
        parsed: ParsedMessage | None = None,
        at: datetime | None = None,
    ) -> bytes:
        """Return the serialised `fehler`; with the rejection 0010 in it for a proven party.

        The 0010 is left out where the standard's list has no code for the refusal.
        """
        rejection = None
        grounds = reasons(error) if document is not None and party is not None else ()
        if document is not None and party is not None and at is not None and grounds:
            kopf = None if parsed is None else parsed.frame.kopf
            reader = (
                BehoerdeG2G(code("verzeichnisdienst", "DVDV"), party.kennung, party.name)
                if kopf is None
                else _reader(kopf.autor)
            )
            rejection = build(
                Rueckweisung0010(
                    Grundrahmen(
                        **self._common(at, Rueckweisung0010.message_type, reader),
                        anschrift_leser=None if parsed is None else parsed.frame.anschrift_autor,
                    ),
                    Rueckweisung(
                        rueckweisungsgrund=grounds,
                        id_nachricht=None
                        if parsed is None
                        else identification(
                            parsed.frame.kopf,
                            code("nachrichtentyp", parsed.frame.kopf.nachrichtentyp.code, full=True),
                        ),
                        nachricht=document.canonical,
                    ),
                )
            )
        return etree.tostring(build_fehler(error, rejection=rejection), encoding="UTF-8")

    def _common(self, at: datetime, kind: str, reader: BehoerdeG2G) -> dict[str, Any]:
        settings = self.settings
        own = BehoerdeG2G(
            code("verzeichnisdienst", "DVDV"), settings.kennung, settings.name, settings.reachability
        )
        return {
            "produkt": settings.product,
            "produkthersteller": settings.manufacturer,
            "produktversion": settings.product_version,
            "test": TEST_MARK if settings.is_test else None,
            "kopf": Nachrichtenkopf(self.new_uuid(), message_type(kind), german_time(at), reader, own),
            "anschrift_autor": settings.address,
        }


def acceptance(case: CaseRecord, right: RightRecord) -> Body:
    """Return the body of 070003: the right as it was stored."""
    return Body(Akzeptanz070003, berechtigung_verpflichtung=shown(case, right))


def suspicion(reason: str) -> Body:
    """Return the body of 070004."""
    return Body(Dublette070004, information_sachbearbeitung=code("dublette", reason))


def refusal(
    row: Row,
    reason: str,
    details: Mapping[str, str],
    existing: tuple[CaseRecord, RightRecord] | None = None,
    text: str | None = None,
) -> Body:
    """Return the body of 070005.

    In: the row that decided, the code of the list ablehnungsgrund, what its text asks for, the existing right
    where it may be shown, the catalogue's entry of the text where it is not the reason's own.
    """
    return Body(
        NichtMoeglich070005,
        ablehnungsgrund=code("ablehnungsgrund", reason),
        beschreibung=CATALOGUE[text or row.text or reason].render_de(details),
        aktuelle_berechtigung_verpflichtung=None if existing is None else shown(*existing),
        kann_uebernommen_werden=row.takeover,
        information_sachbearbeitung=tuple(code("information", info) for info in row.info),
    )


def shown(case: CaseRecord, right: RightRecord) -> BerechtigungVerpflichtung:
    """Return a stored right as the messages carry it."""
    return BerechtigungVerpflichtung(
        art=code("art", right.art),
        bamfkennziffer=case.number,
        gueltig_von=right.valid_from,
        gueltig_bis=right.valid_until,
        teilnahme_unbefristet=right.unlimited,
        ausstellende_behoerde=Behoerde(bezeichnung=right.agency_name),
    )


def _reader(author: BehoerdeG2G) -> BehoerdeG2G:
    return BehoerdeG2G(author.verzeichnisdienst, author.kennung, author.name)
