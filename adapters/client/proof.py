"""Proving what came back, before anything of it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from lxml import etree

from adapters.client.errors import Refused, UnexpectedAnswer, UntrustedAnswer
from adapters.client.trust import GatewayTrust
from adapters.soap.contract import SERVICE_NS
from adapters.soap.envelope import SOAP11_NS, SOAP12_NS, WSSE_NS, SoapVersion, soap_version
from gateway.trust.admission import Limits, admit
from gateway.trust.wssecurity import SoapPolicy, verify_envelope
from messages.errors import GatewayError
from messages.fehler import parse_fehler
from messages.versionsende import ROOT as VERSIONSENDE
from messages.versionsende import Versionsende, parse_versionsende

_FEHLER = f"{{{SERVICE_NS}}}fehler"
_NAMESPACES = {"1.1": SOAP11_NS, "1.2": SOAP12_NS}


@dataclass(frozen=True, slots=True)
class Proven:
    """The one child of a proven Body, in a tree of its own, and by whom it was signed.

    `endings` are announcements beside it: a version of the standard that will not be served much longer.
    """

    element: etree._Element
    certificate: x509.Certificate
    endings: tuple[Versionsende, ...] = ()


class AnswerProof:
    """Opens answers of one gateway."""

    def __init__(
        self, trust: GatewayTrust, policy: SoapPolicy | None = None, limits: Limits | None = None
    ) -> None:
        self._trust = trust
        self._policy = policy or SoapPolicy(signed_headers=frozenset({VERSIONSENDE}))
        # As many later answers as a gateway hands out at once, and a state with all of a message's.
        self._limits = limits or Limits(max_bytes=4 << 20, max_elements=40_000)

    def open(self, raw: bytes, now: datetime, *, asked_in: str | None = None) -> Proven:
        """Prove an envelope and give its answer.

        In: the version of SOAP that the answer has to keep to, where that counts. Raises Refused for a fault
        of the gateway, UntrustedAnswer if the signature is missing, broken or not the gateway's,
        UnexpectedAnswer if it is no SOAP envelope at all, or one of another version.
        """
        try:
            root = admit(raw, self._limits).root
            version = soap_version(root)
        except GatewayError as error:
            raise UnexpectedAnswer(f"no SOAP answer came back ({error.code})") from error
        if asked_in not in {None, version}:
            raise UnexpectedAnswer(f"an answer in SOAP {version} came back, asked was in {asked_in}")
        unsigned = _unsigned_fault(root, version)
        if unsigned is not None:
            raise Refused(parse_fehler(unsigned), proven=False)
        try:
            proof = verify_envelope(root, policy=self._policy, directory=self._trust, now=now)
        except GatewayError as error:
            raise UntrustedAnswer(f"the answer's signature does not hold: {error}") from error
        self._trust.require(proof.document.certificate, now)
        element = proof.document.element
        if element.tag == f"{{{_NAMESPACES[version]}}}Fault":
            fehler = element.find(f".//{_FEHLER}")
            if fehler is None:
                raise UnexpectedAnswer("the gateway sent a fault without its reason")
            raise Refused(parse_fehler(fehler), proven=True)
        return Proven(element, proof.document.certificate, tuple(map(parse_versionsende, proof.headers)))


def _unsigned_fault(root: etree._Element, version: SoapVersion) -> etree._Element | None:
    """The ``fehler`` of a fault that carries no signature: the gateway signs none before admission."""
    namespace = _NAMESPACES[version]
    if root.find(f"{{{namespace}}}Header/{{{WSSE_NS}}}Security") is not None:
        return None
    return root.find(f"{{{namespace}}}Body/{{{namespace}}}Fault//{_FEHLER}")
