"""Checking a document without storing or deciding anything: every finding at once."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any, Final

from lxml import etree

from gateway.permission import AUTHOR, READER, TYPE, Claims, objections, text_at
from gateway.service.common import answer, read_request
from gateway.serving import AcceptedRequest, ServiceAnswer, ServiceRequest, ServiceStep
from gateway.settings import Settings
from gateway.trust.admission import Limits, admit
from gateway.unserved import require_served
from messages.errors import GatewayError
from messages.service import Befund, PruefeNachricht, PruefeNachrichtAntwort
from messages.violations import single_errors, to_error
from schemas.registry import Contract, SchemaRegistry
from schemas.violations import ContractError, line_of, path_of
from store.records import PartyRecord
from store.unit import UnitOfWork

# Where the sender finds what an objection to the frame is about.
_PLACES: Final = {
    "T070.author-differs": AUTHOR,
    "T080": READER,
    "S999.type-mismatch": TYPE,
    "T070.type-not-allowed": TYPE,
}


class CheckHandler:
    """Checks documents. `incoming` are the root elements (Clark names) of the messages that are taken in.

    Nothing is registered, so a check may be repeated; of the document nothing is kept but the hash of the
    request in the journal.
    """

    registers = False
    keeps = False

    def __init__(
        self, registry: SchemaRegistry, settings: Settings, limits: Limits, incoming: Collection[str]
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
        contract, errors = self._check(asked.dokument, accepted.party, accepted.today)
        findings = tuple(map(_finding, errors))
        checked = answer(
            PruefeNachrichtAntwort(
                asked.anfrage_uuid,
                not findings,
                None if contract is None else contract.message_type,
                findings,
            ),
            {"findings": sorted({finding.code for finding in findings})},
        )

        def step(_: UnitOfWork) -> ServiceAnswer:
            return checked

        return step

    def _check(
        self, octets: bytes, party: PartyRecord, today: date
    ) -> tuple[Contract | None, list[GatewayError]]:
        """Go the way of a message as far as a document goes by itself, and collect instead of refusing."""
        try:
            root = admit(octets, self._limits).root
            require_served(root)
            contract = self._registry.identify(root, today)
        except ContractError as error:
            return None, [to_error([error.violation])]
        except GatewayError as error:
            return None, [error]
        if root.tag not in self._incoming:
            code = "T070.direction" if contract.framed else "X001.unknown-root"
            details = {"message_type": contract.message_type, "found": contract.message_type}
            return contract, [_at(GatewayError(code, details=details), root)]
        return contract, [*self._errors(root, contract, party)]

    def _errors(self, root: etree._Element, contract: Contract, party: PartyRecord) -> Iterator[GatewayError]:
        yield from _unsignable(root)
        violations = self._registry.check(contract, root)
        if violations:
            yield from single_errors(to_error(violations))
        if text_at(root, AUTHOR) != party.kennung:
            yield _placed(GatewayError("T070.author-differs"), root)
        for objection in objections(Claims.of_element(root), contract.message_type, party, self._settings):
            yield _placed(objection, root)


def _unsignable(root: etree._Element) -> Iterator[GatewayError]:
    """Yield what the proof of a signed document would refuse."""
    for comment in root.iter(etree.Comment):
        yield _at(GatewayError("X001.comment"), comment)
    for instruction in root.iter(etree.ProcessingInstruction):
        yield _at(GatewayError("X001.processing-instruction"), instruction)


def _placed(error: GatewayError, root: etree._Element) -> GatewayError:
    place = _PLACES.get(error.code)
    element = None if place is None else root.find(place)
    return _at(error, root if element is None else element)


def _at(error: GatewayError, node: Any) -> GatewayError:
    return GatewayError(error.code, path=path_of(node), line=line_of(node), details=error.details)


def _finding(error: GatewayError) -> Befund:
    return Befund(
        code=error.code,
        pfad=error.path,
        zeile=error.line,
        text_deutsch=error.text_de,
        text_englisch=error.text_en,
        handlung=error.entry.advice,
    )
