"""The envelope around a request: its SOAP version and what it demands to be understood.

Only the skeleton is looked at here; header and Body are proven by ``gateway.trust``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lxml import etree

from messages.errors import GatewayError

SoapVersion = Literal["1.1", "1.2"]

SOAP11_NS = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12_NS = "http://www.w3.org/2003/05/soap-envelope"
WSSE_NS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

_VERSIONS: dict[str, SoapVersion] = {
    f"{{{SOAP11_NS}}}Envelope": "1.1",
    f"{{{SOAP12_NS}}}Envelope": "1.2",
}
_UNDERSTOOD = frozenset({f"{{{WSSE_NS}}}Security"})
_KNOWN_HEADERS = {
    "http://www.w3.org/2005/08/addressing": "WS-Addressing",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing": "WS-Addressing",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702": "WS-ReliableMessaging",
    "http://schemas.xmlsoap.org/ws/2005/02/rm": "WS-ReliableMessaging",
}
_TRUE = frozenset({"1", "true"})
# Header blocks for these actors (SOAP 1.1 §4.2.2) or roles (SOAP 1.2 §2.2) are addressed to us.
_OUR_ROLES = frozenset(
    {
        None,
        "",
        "http://schemas.xmlsoap.org/soap/actor/next",
        f"{SOAP12_NS}/role/next",
        f"{SOAP12_NS}/role/ultimateReceiver",
    }
)


@dataclass(frozen=True, slots=True)
class Content:
    """What the Content-Type header of a request says."""

    media_type: str
    charset: str | None
    action: str | None


def soap_version(root: etree._Element) -> SoapVersion:
    """The version of an envelope, by its namespace (SOAP 1.2 part 1, appendix A).

    Raises GatewayError T099.soap-version for an Envelope of a foreign namespace, T099.not-soap for anything
    else.
    """
    version = _VERSIONS.get(str(root.tag))
    if version is not None:
        return version
    foreign = etree.QName(root).localname == "Envelope"
    raise GatewayError("T099.soap-version" if foreign else "T099.not-soap")


def check_understood(root: etree._Element, version: SoapVersion) -> None:
    """Refuse header blocks that must be understood and are not (SOAP 1.1 §4.2.3, SOAP 1.2 part 1 §5.2.3).

    Raises GatewayError T099.must-understand, naming the block's standard if it is a common one: what a
    stranger wrote is not echoed. Blocks addressed to another actor or role are passed over.
    """
    namespace = SOAP11_NS if version == "1.1" else SOAP12_NS
    role_name = f"{{{namespace}}}actor" if version == "1.1" else f"{{{namespace}}}role"
    for header in root.iterchildren(f"{{{namespace}}}Header"):
        for block in header.iterchildren(tag=etree.Element):
            if block.tag in _UNDERSTOOD or block.get(role_name) not in _OUR_ROLES:
                continue
            if (block.get(f"{{{namespace}}}mustUnderstand") or "").strip() in _TRUE:
                standard = _KNOWN_HEADERS.get(etree.QName(block).namespace or "")
                raise GatewayError("T099.must-understand", details={"header": standard} if standard else None)


def read_content_type(value: str | None) -> Content:
    """Take a Content-Type header apart (RFC 9110 §8.3); parameter names in lower case, quotes removed."""
    if not value:
        return Content("", None, None)
    media_type, *parameters = value.split(";")
    named = {}
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        named[name.strip().lower()] = text.strip().strip('"')
    return Content(media_type.strip().lower(), named.get("charset"), named.get("action") or None)


def version_of_media_type(media_type: str) -> SoapVersion:
    """The version to answer in when no envelope could be read."""
    return "1.2" if media_type == "application/soap+xml" else "1.1"
