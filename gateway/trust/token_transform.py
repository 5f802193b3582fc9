"""The STR-Transform: digesting a token through the reference that names it (WS-Security 1.1 §8.3)."""

import re
from collections.abc import Mapping
from typing import Final

from lxml import etree

from gateway.trust import names
from gateway.trust.canonical import Canonicalization, canonical_octets
from messages.errors import GatewayError

_START: Final = re.compile(rb"<[^ >]+")


def referenced_token(reference: etree._Element, ids: Mapping[str, etree._Element]) -> etree._Element:
    """Return the BinarySecurityToken a wsse:SecurityTokenReference names by a direct reference.

    In: the SecurityTokenReference, the ids of the document. Raises GatewayError T011.key-info for any other
    form, T011.external-reference, T011.missing-id.
    """
    children = list(reference.iterchildren("*"))
    if len(children) != 1 or children[0].tag != names.WSSE_REFERENCE:
        raise GatewayError("T011.key-info", details={"found": "wsse:SecurityTokenReference"})
    uri = children[0].get("URI") or ""
    if children[0].get("ValueType") not in (None, names.X509_V3):
        raise GatewayError("T011.key-info", details={"found": "wsse:Reference/@ValueType"})
    if not uri.startswith("#"):
        raise GatewayError("T011.external-reference", path="wsse:SecurityTokenReference/wsse:Reference")
    token = ids.get(uri[1:])
    if token is None:
        raise GatewayError("T011.missing-id", details={"id": "wsse:Reference/@URI"})
    if token.tag != names.WSSE_BINARY_SECURITY_TOKEN:
        raise GatewayError("T011.key-info", details={"found": "wsse:Reference"})
    return token


def token_octets(
    reference: etree._Element, ids: Mapping[str, etree._Element], how: Canonicalization
) -> bytes:
    """Return what is digested for a SecurityTokenReference: the token's canonical form with an empty default
    namespace declared on its first tag, unless one is rendered there already.

    Raises what `referenced_token` raises, and T011.structure if the token cannot be canonicalised.
    """
    try:
        octets = canonical_octets(referenced_token(reference, ids), how)
    except ValueError:
        raise GatewayError("T011.structure", details={"found": "wsse:BinarySecurityToken, C14N"}) from None
    start = _START.match(octets)
    if start is None or octets[start.end() :].startswith(b' xmlns="'):
        return octets
    return octets[: start.end()] + b' xmlns=""' + octets[start.end() :]
