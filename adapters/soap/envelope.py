"""The envelope around a request: its SOAP version and what it demands to be understood.

Only the skeleton is looked at here; header and Body are proven by ``gateway.trust``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lxml import etree

SoapVersion = Literal["1.1", "1.2"]

SOAP11_NS = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12_NS = "http://www.w3.org/2003/05/soap-envelope"
WSSE_NS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

_VERSIONS: dict[str, SoapVersion] = {
    f"{{{SOAP11_NS}}}Envelope": "1.1",
    f"{{{SOAP12_NS}}}Envelope": "1.2",
}
_UNDERSTOOD = frozenset({f"{{{WSSE_NS}}}Security"})
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


class EnvelopeError(Exception):
    """The envelope cannot be taken apart; `kind` says which SOAP fault code that is."""

    def __init__(self, kind: Literal["no-envelope", "version", "must-understand"]) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Content:
    """What the Content-Type header of a request says."""

    media_type: str
    charset: str | None
    action: str | None


def soap_version(root: etree._Element) -> SoapVersion:
    """The version of an envelope, by its namespace (SOAP 1.2 part 1, appendix A).

    Raises EnvelopeError "version" for an Envelope of a foreign namespace, "no-envelope" for anything else.
    """
    version = _VERSIONS.get(str(root.tag))
    if version is not None:
        return version
    raise EnvelopeError("version" if etree.QName(root).localname == "Envelope" else "no-envelope")


def check_understood(root: etree._Element, version: SoapVersion) -> None:
    """Refuse header blocks that must be understood and are not (SOAP 1.1 §4.2.3, SOAP 1.2 part 1 §5.2.3).

    Raises EnvelopeError "must-understand". Blocks addressed to another actor or role are passed over.
    """
    namespace = SOAP11_NS if version == "1.1" else SOAP12_NS
    role_name = f"{{{namespace}}}actor" if version == "1.1" else f"{{{namespace}}}role"
    for header in root.iterchildren(f"{{{namespace}}}Header"):
        for block in header.iterchildren(tag=etree.Element):
            if block.tag in _UNDERSTOOD or block.get(role_name) not in _OUR_ROLES:
                continue
            if (block.get(f"{{{namespace}}}mustUnderstand") or "").strip() in _TRUE:
                raise EnvelopeError("must-understand")


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
