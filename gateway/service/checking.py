"""Checking a document without storing or deciding anything: every finding at once."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Final

from lxml import etree

from gateway.permission import AUTHOR, Claims, objections, text_at
from gateway.places import at, placed
from gateway.service.common import answer, read_request
from gateway.service.inspection import Inspected, inspect
from gateway.serving import AcceptedRequest, ServiceAnswer, ServiceRequest, ServiceStep
from gateway.settings import Settings
from gateway.trust.admission import Limits
from messages.errors import GatewayError
from messages.group07 import Antwort070007
from messages.service import Befund, PruefeNachricht, PruefeNachrichtAntwort
from schemas.registry import Contract, SchemaRegistry
from store.records import PartyRecord
from store.unit import UnitOfWork

_TRIGGER: Final = "{*}ausloeserUUID"


class CheckHandler:
    """Checks documents. `incoming` are the root elements (Clark names) of the messages that are taken in.

    Nothing is registered, so a check may be repeated; of the document nothing is kept but the hash of the
    request in the journal.
    """

    registers = False
    keeps = False

    def __init__(
        self,
        registry: SchemaRegistry,
        settings: Settings,
        limits: Limits,
        incoming: Collection[str],
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._limits = limits
        self._incoming = incoming

    def read(self, element: etree._Element) -> ServiceRequest:
        """Make a typed request of its element."""
        return read_request(element)

    def prepare(self, accepted: AcceptedRequest) -> ServiceStep:
        """Check the document; the step only hands the answer on."""
        asked: PruefeNachricht = accepted.request.message
        found = self._check(asked.dokument, accepted.party, accepted.today)
        findings = tuple(map(_finding, found.errors))
        checked = answer(
            PruefeNachrichtAntwort(
                asked.anfrage_uuid,
                not findings,
                None if found.contract is None else found.contract.message_type,
                findings,
            ),
            {"findings": sorted({finding.code for finding in findings})},
        )

        def step(_: UnitOfWork) -> ServiceAnswer:
            return checked

        return step

    def _check(self, octets: bytes, party: PartyRecord, today: date) -> Inspected:
        found = inspect(octets, self._registry, self._limits, today)
        if found.root is None or found.contract is None:
            return found
        if found.root.tag not in self._incoming:
            return Inspected(found.root, found.contract, (_wrong_way(found.root, found.contract),))
        further = self._objections(found.root, found.contract, party)
        return Inspected(found.root, found.contract, (*found.errors, *further))

    def _objections(
        self, root: etree._Element, contract: Contract, party: PartyRecord
    ) -> Iterator[GatewayError]:
        if text_at(root, AUTHOR) != party.kennung:
            yield placed(GatewayError("T070.author-differs"), root)
        for objection in objections(Claims.of_element(root), contract, party, self._settings):
            yield placed(objection, root)
        if contract.message_type == Antwort070007.message_type and not text_at(root, _TRIGGER):
            yield placed(GatewayError("S999.missing-trigger"), root)


def _wrong_way(root: etree._Element, contract: Contract) -> GatewayError:
    code = "T070.direction" if contract.framed else "X001.unknown-root"
    details = {"message_type": contract.message_type, "found": contract.message_type}
    return at(GatewayError(code, details=details), root)


def _finding(error: GatewayError) -> Befund:
    return Befund(
        code=error.code,
        pfad=error.path,
        zeile=error.line,
        text_deutsch=error.text_de,
        text_englisch=error.text_en,
        handlung=error.entry.advice,
    )
