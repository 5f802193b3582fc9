"""Proving SOAP messages signed with an X.509 token (WS-Security 1.1), as unmodified foreign stacks sign them.

The proof answers two questions at once, since every wrapping attack lives between them: is the signature
right, and are the parts it covers the ones that will be processed? What is handed on is a new tree, read
from the octets that were digested; the tree received is never looked at again.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from gateway.trust import names
from gateway.trust.canonical import canonical_octets, read_canonical
from gateway.trust.documents import VerifiedDocument
from gateway.trust.identifiers import index_ids
from gateway.trust.policy import SETTINGS, SoapPolicy
from gateway.trust.seal import seal_envelope
from gateway.trust.timestamps import read_timestamp, require_fresh
from gateway.trust.token_references import CertificateDirectory, named_certificate
from gateway.trust.xmldsig import SignedPart, label, read_signature, verify_signature
from messages.errors import GatewayError

__all__ = [
    "CertificateDirectory",
    "SoapPolicy",
    "SoapProof",
    "demand_timestamp",
    "refuse_str_transform",
    "seal_envelope",
    "verify_envelope",
]


@dataclass(frozen=True, slots=True)
class SoapProof:
    """A proven SOAP message."""

    soap_version: str
    """"1.1" or "1.2"."""
    document: VerifiedDocument
    """The one element of the Body."""
    timestamp: tuple[datetime, datetime | None] | None
    """Created and Expires of the signed time stamp, None if the message had none."""
    username_token: bool
    """A UsernameToken stood beside the signature. It is not checked: the signature tells who speaks."""
    signature_value: bytes
    """Octets of ds:SignatureValue, for a SignatureConfirmation in the answer."""
    headers: tuple[etree._Element, ...] = ()
    """Signed header blocks that the policy names, each as root of a new tree."""


@dataclass(frozen=True, slots=True)
class _Envelope:
    """Where things stand in the envelope received."""

    version: str
    body: etree._Element
    security: etree._Element
    signature: etree._Element
    timestamp: etree._Element | None
    username_token: bool


def verify_envelope(
    envelope: etree._Element, *, policy: SoapPolicy, directory: CertificateDirectory, now: datetime
) -> SoapProof:
    """Prove a signed SOAP envelope (WS-Security 1.1 §8, X.509 token profile 1.1 §3).

    In: the root of an admitted document, the policy, the certificates known beforehand, the present moment
    (with time zone). Out: the proof with the business document. Whether the certificate is trusted, valid and
    the sender's is asked afterwards.
    Raises GatewayError: T010.* if signature or necessary parts of it are missing, T011.* if it does not hold,
    T003.* for its certificate, T099.* for an envelope that is none, X001.comment and
    X001.processing-instruction for markup inside signed parts that readers see differently.
    """
    parts = _take_apart(envelope)
    ids = index_ids(envelope)
    read = read_signature(parts.signature, ids, policy.signature)
    targets = [reference.element for reference in read.references]
    blocks = [target for target in targets if _is_known_header(target, parts, policy)]
    _require_expected_parts(parts, targets, blocks, read.key_info)
    key = named_certificate(read.key_info, parts.security, ids, directory)
    signed = verify_signature(read, key, ids, policy.signature)
    timestamp = _proven_timestamp(parts, signed, policy, now)
    body = next(part for part in signed if part.element is parts.body)
    element, canonical = _business_document(body.octets)
    document = VerifiedDocument(
        element=element,
        canonical=canonical,
        content_hash=hashlib.sha256(canonical).digest(),
        certificate=key.certificate,
        signed_at=timestamp[0] if timestamp else None,
        soap_version=parts.version,
        str_transform=any(reference.through_token for reference in read.references),
    )
    return SoapProof(
        soap_version=parts.version,
        document=document,
        timestamp=timestamp,
        username_token=parts.username_token,
        signature_value=read.value,
        headers=tuple(
            read_canonical(part.octets) for part in signed if any(part.element is block for block in blocks)
        ),
    )


def demand_timestamp(document: VerifiedDocument) -> None:
    """Demand the signed time stamp for parties with which it is agreed.

    A stamp that was present has been proven and found fresh already. Raises GatewayError
    T010.timestamp-required.
    """
    if document.signed_at is None:
        raise GatewayError("T010.timestamp-required")


def refuse_str_transform(document: VerifiedDocument) -> None:
    """Refuse the STR-Transform of parties with which it is not agreed. Raises GatewayError T011.transform."""
    if document.str_transform:
        details = {"algorithm": "STR-Transform", "setting": SETTINGS["str_transform"]}
        raise GatewayError("T011.transform", details=details)


# ---- the envelope ----------------------------------------------------------------------------------------

_VERSIONS: Final[Mapping[str, tuple[str, str]]] = {
    f"{{{names.SOAP11_NS}}}Envelope": ("1.1", names.SOAP11_NS),
    f"{{{names.SOAP12_NS}}}Envelope": ("1.2", names.SOAP12_NS),
}
# Actors (SOAP 1.1 §4.2.2) and roles (SOAP 1.2 part 1 §2.2) that are ours.
_OUR_ROLES: Final = frozenset(
    {
        None,
        "",
        "http://schemas.xmlsoap.org/soap/actor/next",
        f"{names.SOAP12_NS}/role/next",
        f"{names.SOAP12_NS}/role/ultimateReceiver",
    }
)

_COMMON_HEADERS: Final[Mapping[str, str]] = {
    "http://www.w3.org/2005/08/addressing": "WS-Addressing",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing": "WS-Addressing",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702": "WS-ReliableMessaging",
    "http://schemas.xmlsoap.org/ws/2005/02/rm": "WS-ReliableMessaging",
}


def _take_apart(envelope: etree._Element) -> _Envelope:
    version = _VERSIONS.get(str(envelope.tag))
    if version is None:
        raise GatewayError("T099.not-soap")
    number, namespace = version
    children = list(envelope.iterchildren("*"))
    if not children or children[-1].tag != f"{{{namespace}}}Body" or len(children) > 2:
        raise GatewayError("T099.envelope", details={"found": "soap:Body"})
    if len(children) == 1:
        raise GatewayError("T010.unsigned")
    header, body = children
    if header.tag != f"{{{namespace}}}Header":
        raise GatewayError("T099.envelope", details={"found": "soap:Header"})
    security = _our_security(header, namespace)
    signatures = list(envelope.iter(names.DS_SIGNATURE))
    if not signatures:
        raise GatewayError("T010.unsigned")
    if len(signatures) > 1:
        raise GatewayError("T011.several-signatures")
    if security is None or signatures[0].getparent() is not security:
        raise GatewayError("T011.wrapped")
    timestamp, username_token = _tokens(security)
    return _Envelope(number, body, security, signatures[0], timestamp, username_token)


def _our_security(header: etree._Element, namespace: str) -> etree._Element | None:
    """Return the Security header addressed to us.

    Refuses other headers that must be understood (SOAP 1.1 §4.2.3, SOAP 1.2 part 1 §5.2.3). Blocks addressed
    to another actor or role are passed over.
    """
    role = f"{{{namespace}}}actor" if namespace == names.SOAP11_NS else f"{{{namespace}}}role"
    found: etree._Element | None = None
    for block in header.iterchildren("*"):
        if block.get(role) not in _OUR_ROLES:
            continue
        if block.tag == names.WSSE_SECURITY:
            if found is not None:
                raise GatewayError("T099.several-security-headers")
            found = block
        elif (block.get(f"{{{namespace}}}mustUnderstand") or "").strip() in ("1", "true"):
            # What a stranger wrote is not echoed; a common standard is named.
            standard = _COMMON_HEADERS.get(etree.QName(block).namespace or "")
            raise GatewayError("T099.must-understand", details={"header": standard} if standard else None)
    return found


_SECURITY_CHILDREN: Final = frozenset(
    {
        names.DS_SIGNATURE,
        names.WSU_TIMESTAMP,
        names.WSSE_BINARY_SECURITY_TOKEN,
        names.WSSE_USERNAME_TOKEN,
        names.WSSE_SECURITY_TOKEN_REFERENCE,
        names.WSSE11_SIGNATURE_CONFIRMATION,
    }
)


def _tokens(security: etree._Element) -> tuple[etree._Element | None, bool]:
    timestamp: etree._Element | None = None
    username_token = False
    for child in security.iterchildren("*"):
        if child.tag not in _SECURITY_CHILDREN:
            raise GatewayError("T011.structure", details={"found": "wsse:Security/*"})
        if child.tag == names.WSU_TIMESTAMP:
            if timestamp is not None:
                raise GatewayError("T011.structure", details={"found": "2 wsu:Timestamp"})
            timestamp = child
        username_token = username_token or child.tag == names.WSSE_USERNAME_TOKEN
    return timestamp, username_token


# ---- what must be signed, and where it must stand ----------------------------------------------------------


def _require_expected_parts(
    parts: _Envelope,
    targets: list[etree._Element],
    blocks: list[etree._Element],
    key_info: etree._Element | None,
) -> None:
    """Hold the referenced elements against the places where they are processed, before any digest is made."""
    seen: list[etree._Element] = []
    for target in targets:
        if any(target is other for other in seen):
            raise GatewayError("T011.reference", details={"reference": f"2 × {label(target.tag)}"})
        seen.append(target)
        if target is parts.body or _is_token_of(target, parts, key_info):
            continue
        if any(target is block for block in blocks):
            continue
        if target.tag in (parts.body.tag, names.WSU_TIMESTAMP):
            raise GatewayError("T011.wrapped")
        raise GatewayError("T011.reference", details={"reference": label(target.tag)})
    if not any(target is parts.body for target in targets):
        raise GatewayError("T010.body-unsigned")
    if parts.timestamp is not None and not any(target is parts.timestamp for target in targets):
        raise GatewayError("T010.timestamp-unsigned")


def _is_known_header(target: etree._Element, parts: _Envelope, policy: SoapPolicy) -> bool:
    return target.tag in policy.signed_headers and target.getparent() is parts.security.getparent()


def _is_token_of(target: etree._Element, parts: _Envelope, key_info: etree._Element | None) -> bool:
    parent = target.getparent()
    if target.tag == names.WSSE_SECURITY_TOKEN_REFERENCE and parent is key_info:
        return True
    return parent is parts.security and target is not parts.signature


def _proven_timestamp(
    parts: _Envelope, signed: tuple[SignedPart, ...], policy: SoapPolicy, now: datetime
) -> tuple[datetime, datetime | None] | None:
    if parts.timestamp is None:
        if policy.require_timestamp:
            raise GatewayError("T010.timestamp-required")
        return None
    # Read from the element digested; comments in it have been refused, so its text is whole.
    part = next(part for part in signed if part.element is parts.timestamp)
    created, expires = read_timestamp(part.element)
    require_fresh(created, expires, max_age=policy.max_age, max_future=policy.max_future, now=now)
    return created, expires


# ---- the business document -------------------------------------------------------------------------------

# A start tag in canonical form: ">" may stand inside a value, a quotation mark may not (C14N §2.3).
_START_TAG: Final = re.compile(rb'<[^ >/]+(?: [^ =]+="[^"]*")*>')
_BLANKS: Final = b" \t\n"


def _business_document(body: bytes) -> tuple[etree._Element, bytes]:
    """Return the one element of a proven Body as root of a new tree, and its exclusive canonical form.

    In: the canonical octets of the Body, free of comments and processing instructions.
    Raises GatewayError T099.empty-body, T099.several-body-children, T099.envelope for text beside it.
    """
    start = _START_TAG.match(body)
    if start is not None and b' xmlns="' not in start[0]:
        # Octets that are a document without the Body's declarations are what exclusive C14N makes of the
        # element: none of those declarations is in use inside, and the rest has been rendered in place.
        # An InclusiveNamespaces list or inclusive C14N can render more; then the comparison fails.
        inner = body[start.end() : body.rindex(b"</")].strip(_BLANKS)
        try:
            element = read_canonical(inner)
        except etree.XMLSyntaxError:
            return _extracted(body)
        return element, inner if _declares_only_used(inner) else canonical_octets(element)
    return _extracted(body)


def _declares_only_used(inner: bytes) -> bool:
    """Tell whether octets made by C14N can hold no declaration that exclusive C14N would leave out."""
    return inner.count(b" xmlns") == 1 and _ROOT_DECLARES_ITSELF.match(inner) is not None


# <p:name xmlns:p="…" or <name xmlns="…": one declaration in all, used by the element that makes it.
_ROOT_DECLARES_ITSELF: Final = re.compile(rb'<(?:([^ :>/"]+):[^ :>/"]+ xmlns:\1="|[^ :>/"]+ xmlns=")')


def _extracted(body: bytes) -> tuple[etree._Element, bytes]:
    root = read_canonical(body)
    children = list(root)
    if not children:
        raise GatewayError("T099.empty-body")
    if len(children) > 1:
        raise GatewayError("T099.several-body-children")
    if (root.text or "").strip() or (children[0].tail or "").strip():
        raise GatewayError("T099.envelope", details={"found": "soap:Body/text()"})
    canonical = canonical_octets(children[0])
    return read_canonical(canonical), canonical
