"""Faults of both SOAP versions around our typed ``fehler`` element."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from xml.sax.saxutils import escape

from adapters.soap.envelope import SOAP11_NS, SOAP12_NS, WSSE_NS, SoapVersion
from messages.errors import GatewayError

# Fault code by error code, the more specific first (WSS 1.1.1 §12, SOAP 1.1 §4.4.1, SOAP 1.2 part 1 §5.4.6).
_FAULT_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "T000": "wsse:InvalidSecurityToken",
        "T001": "wsse:InvalidSecurityToken",
        "T002": "wsse:InvalidSecurityToken",
        "T003": "wsse:SecurityTokenUnavailable",
        "T003.key-type": "wsse:UnsupportedSecurityToken",
        "T003.unreadable": "wsse:InvalidSecurityToken",
        "T010": "wsse:InvalidSecurity",
        "T011": "wsse:FailedCheck",
        "T011.algorithm": "wsse:UnsupportedAlgorithm",
        "T011.canonicalization": "wsse:UnsupportedAlgorithm",
        "T011.der-ecdsa": "wsse:UnsupportedAlgorithm",
        "T011.future-timestamp": "wsse:InvalidSecurity",
        "T011.key-info": "wsse:InvalidSecurity",
        "T011.stale-timestamp": "wsse:MessageExpired",
        "T011.structure": "wsse:InvalidSecurity",
        "T011.timestamp": "wsse:InvalidSecurity",
        "T011.transform": "wsse:UnsupportedAlgorithm",
        "T070.unknown-sender": "wsse:FailedAuthentication",
        "T099.must-understand": "MustUnderstand",
        "T099.several-security-headers": "wsse:InvalidSecurity",
        "T099.soap-version": "VersionMismatch",
        "T099.too-slow": "Server",
        "T200": "Server",
    }
)
_SOAP12_NAMES: Final[Mapping[str, str]] = MappingProxyType({"Client": "Sender", "Server": "Receiver"})


def fault_code(code: str) -> str:
    """The fault code for a code of the catalogue: "Client", "Server", "wsse:FailedCheck", …

    A code without a row of its own takes that of its standard code, else it is the client's mistake.
    """
    return _FAULT_CODES.get(code) or _FAULT_CODES.get(code.partition(".")[0]) or "Client"


def build_fault(error: GatewayError, fehler: bytes, version: SoapVersion) -> bytes:
    """A Fault element with `fehler` (a serialised ``d:fehler``) as the only child of its detail.

    The result declares every prefix it uses, so that it can stand in any Body.
    """
    code = fault_code(error.code)
    if version == "1.1":
        return _fault11(code, error, fehler)
    return _fault12(code, error, fehler)


def plain_envelope(body: bytes, version: SoapVersion) -> bytes:
    """An unsigned envelope, for faults before anything was proven."""
    namespace = SOAP11_NS if version == "1.1" else SOAP12_NS
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>'
        b'<s:Envelope xmlns:s="%b"><s:Body>%b</s:Body></s:Envelope>' % (namespace.encode("ascii"), body)
    )


def _fault11(code: str, error: GatewayError, fehler: bytes) -> bytes:
    qualified = code if ":" in code else f"s:{code}"
    return (
        f'<s:Fault xmlns:s="{SOAP11_NS}"><faultcode{_wsse(code)}>{qualified}</faultcode>'
        f'<faultstring xml:lang="de">{escape(f"{error.code}: {error.text_de}")}</faultstring><detail>'
    ).encode() + b"%b</detail></s:Fault>" % fehler


def _fault12(code: str, error: GatewayError, fehler: bytes) -> bytes:
    subcode = ""
    if ":" in code:
        subcode = f"<s:Subcode><s:Value{_wsse(code)}>{code}</s:Value></s:Subcode>"
        code = "Client"
    return (
        f'<s:Fault xmlns:s="{SOAP12_NS}">'
        f"<s:Code><s:Value>s:{_SOAP12_NAMES.get(code, code)}</s:Value>{subcode}</s:Code>"
        f'<s:Reason><s:Text xml:lang="de">{escape(f"{error.code}: {error.text_de}")}</s:Text>'
        f'<s:Text xml:lang="en">{escape(f"{error.code}: {error.text_en}")}</s:Text></s:Reason><s:Detail>'
    ).encode() + b"%b</s:Detail></s:Fault>" % fehler


def _wsse(code: str) -> str:
    return f' xmlns:wsse="{WSSE_NS}"' if code.startswith("wsse:") else ""
