"""The envelope around a request: its SOAP version, and what HTTP says about it.

Header and Body are proven by ``gateway.trust``.
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
