"""Documents that carry their signature in themselves: no envelope, no transport, readable for years.

The signature is the last child of the root and covers the whole document but itself (enveloped-signature), as
every library for XML signatures writes it. What is handed on is a new tree, read from the octets that were
digested: the document without the signature.
"""

import hashlib
from base64 import b64encode
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.trust import names
from gateway.trust.algorithms import CanonicalizationMethod, Transform
from gateway.trust.canonical import (
    CanonicalBytes,
    canonical_octets,
    holds_comment,
    holds_instruction,
    read_canonical,
)
from gateway.trust.documents import VerifiedDocument
from gateway.trust.identifiers import index_ids
from gateway.trust.keys import SigningKey
from gateway.trust.policy import SignaturePolicy
from gateway.trust.seal import digest_of
from gateway.trust.token_references import carried_certificate
from gateway.trust.xmldsig import read_signature, verify_signature
from messages.errors import GatewayError


def sign_document(document: etree._Element | bytes, *, key: SigningKey) -> bytes:
    """Return a document with its signature as the last child of its root, in UTF-8.

    In: the root element or its octets, without a signature in it. Raises ValueError for octets that are no
    document, comments, processing instructions, or a document that is signed already.
    """
    if isinstance(document, CanonicalBytes):
        canonical: bytes = document
    else:
        canonical = canonical_octets(read_canonical(document) if isinstance(document, bytes) else document)
    if holds_comment(canonical) or holds_instruction(canonical):
        raise ValueError("the document holds a comment or a processing instruction")
    if next(read_canonical(canonical).iter(names.DS_SIGNATURE), None) is not None:
        raise ValueError("the document is signed already")
    digest_method, digest = digest_of(key.algorithm)
    content = _SIGNED_INFO % (
        key.algorithm.encode(),
        digest_method.encode(),
        b64encode(digest(canonical).digest()),
    )
    value = key.sign(b'<ds:SignedInfo xmlns:ds="%b">%b</ds:SignedInfo>' % (_DS, content))
    certificate = b64encode(key.certificate.public_bytes(Encoding.DER))
    end = canonical.rindex(b"</")
    signature = _SIGNATURE % (_DS, content, b64encode(value), certificate)
    return b"".join((_DECLARATION, canonical[:end], signature, canonical[end:]))


def verify_document(root: etree._Element, *, policy: SignaturePolicy) -> VerifiedDocument:
    """Prove a document that carries its signature (XMLDSig 1.1 §3.2, enveloped).

    In: the root of an admitted document, the policy. Out: the document without the signature. Whether the
    certificate is trusted, valid and the sender's is asked afterwards.
    Raises GatewayError: T010.document-unsigned, T011.* if the signature does not hold, stands elsewhere or
    covers anything but the whole document, T003.* for its certificate, X001.comment and
    X001.processing-instruction.
    """
    signatures = list(root.iter(names.DS_SIGNATURE))
    if not signatures:
        raise GatewayError("T010.document-unsigned")
    if len(signatures) > 1:
        raise GatewayError("T011.several-signatures")
    signature = signatures[0]
    if signature.getparent() is not root or root[-1] is not signature:
        raise GatewayError("T011.wrapped")
    ids = index_ids(root)
    read = read_signature(signature, ids, policy, whole=root)
    if len(read.references) != 1 or read.references[0].around is None:
        raise GatewayError("T011.reference", details={"reference": "ds:Reference"})
    key = carried_certificate(read.key_info)
    (part,) = verify_signature(read, key, ids, policy)
    element = read_canonical(part.octets)
    canonical = canonical_octets(element)
    return VerifiedDocument(
        element=element,
        canonical=canonical,
        content_hash=hashlib.sha256(canonical).digest(),
        certificate=key.certificate,
        signed_at=None,
        soap_version=None,
    )


_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>'
_DS: Final = names.DS_NS.encode()
_EXCLUSIVE: Final = CanonicalizationMethod.EXCLUSIVE.encode()
_SIGNED_INFO: Final = (
    b'<ds:CanonicalizationMethod Algorithm="' + _EXCLUSIVE + b'"></ds:CanonicalizationMethod>'
    b'<ds:SignatureMethod Algorithm="%b"></ds:SignatureMethod><ds:Reference URI=""><ds:Transforms>'
    b'<ds:Transform Algorithm="' + Transform.ENVELOPED_SIGNATURE.encode() + b'"></ds:Transform>'
    b'<ds:Transform Algorithm="' + _EXCLUSIVE + b'"></ds:Transform></ds:Transforms>'
    b'<ds:DigestMethod Algorithm="%b"></ds:DigestMethod><ds:DigestValue>%b</ds:DigestValue></ds:Reference>'
)
_SIGNATURE: Final = (
    b'<ds:Signature xmlns:ds="%b"><ds:SignedInfo>%b</ds:SignedInfo><ds:SignatureValue>%b</ds:SignatureValue>'
    b"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>%b</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    b"</ds:Signature>"
)
