"""The answer documents: their frame, the receipt of our own, and the rejection 0010."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.accepted import Asked, Body, Notice, Outcome, ParsedMessage, Receipt
from gateway.clock import german_time
from gateway.decided import Decided
from gateway.frames import answering
from gateway.settings import Settings
from gateway.trust.canonical import CanonicalBytes
from messages.bva import Ergebnisrahmen
from messages.codes import code, message_type
from messages.errors import GatewayError
from messages.fehler import write_fehler
from messages.frame import Fachrahmen, Grundrahmen, Nachrichtenkopf
from messages.mitteilung import write_mitteilung
from messages.quittung import write_quittung
from messages.registry import MessageRegistry
from messages.rejection import Rueckweisung, Rueckweisung0010, identification, reasons
from messages.values import BehoerdeG2G
from store.records import PartyRecord

if TYPE_CHECKING:
    from gateway.trust.documents import VerifiedDocument


class AnswerWriter:
    """Writes answers in the name of the answering agency. `new_uuid` makes the UUIDs of our messages."""

    def __init__(self, settings: Settings, new_uuid: Callable[[], str], messages: MessageRegistry) -> None:
        self._new_uuid = new_uuid
        self._messages = messages
        self._author = BehoerdeG2G(
            code("verzeichnisdienst", "DVDV"), settings.kennung, settings.name, settings.reachability
        )
        self._same: dict[str, Any] = {
            "produkt": settings.product,
            "produkthersteller": settings.manufacturer,
            "produktversion": settings.product_version,
            "test": settings.test_mark,
            "anschrift_autor": settings.address,
        }

    def document(
        self, asked: Asked | None, outcome: Outcome, at: datetime, trigger: str | None = None
    ) -> CanonicalBytes:
        """Return the answer document in its exclusive canonical form, which the seal then need not make.

        In: the frame of the message that is answered (a receipt or notice with a trigger needs none); what
        was decided; the business time; the UUID that the answer names as its cause, without it that of the
        message. The result of a record names the record instead.
        """
        answer = outcome.answer
        if isinstance(asked, Ergebnisrahmen) and isinstance(answer, Body):
            return CanonicalBytes(self._messages.write(answer.framed(asked)))
        cause = trigger or (asked.kopf.nachrichten_uuid if isinstance(asked, Fachrahmen) else None)
        if cause is None:
            raise LookupError("an answer without a cause")
        if isinstance(answer, Receipt):
            return CanonicalBytes(write_quittung(answer.about(cause)))
        if isinstance(answer, Notice):
            return CanonicalBytes(write_mitteilung(answer.about(cause)))
        if not isinstance(asked, Fachrahmen):
            raise LookupError("an answer to nobody")
        common = self._common(
            at, answer.message_class.message_type, _reader(asked.kopf.autor), outcome.document_uuid
        )
        common |= {"anschrift_leser": asked.anschrift_autor, "ausloeser_uuid": cause}
        frame = answering(asked, outcome.contact, common)
        return CanonicalBytes(self._messages.write(answer.framed(frame)))

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
            rejection = self._messages.build(
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
        return write_fehler(error, rejection=rejection)

    def _common(
        self, at: datetime, kind: str, reader: BehoerdeG2G, document_uuid: str | None = None
    ) -> dict[str, Any]:
        kopf = Nachrichtenkopf(
            document_uuid or self._new_uuid(), message_type(kind), german_time(at), reader, self._author
        )
        return self._same | {"kopf": kopf}


def outcome_of(decided: Decided, body: Body) -> Outcome:
    """Return what the pipeline takes from a decision and the words it is told in."""
    return Outcome(
        body,
        decided.effect,
        branch=decided.branch,
        row=decided.row,
        reason=decided.reason,
        number=decided.number,
        contact=decided.contact,
        # The answer to a question names the question by this.
        document_uuid=None if decided.question is None else decided.question.asked_uuid,
        evidence=decided.evidence,
    )


def _reader(author: BehoerdeG2G) -> BehoerdeG2G:
    return BehoerdeG2G(author.verzeichnisdienst, author.kennung, author.name)
