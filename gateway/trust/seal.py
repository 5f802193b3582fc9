"""Sealing SOAP messages: the signed envelope around an answer, a fault or a request.

The envelope is written from templates whose canonical form is known beforehand, so that only the body
is canonicalised. Its shape is the one every foreign stack verifies: BinarySecurityToken, Timestamp,
Signature in this order, no mustUnderstand, `wsu:Id`, exclusive C14N without prefix lists.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.trust import names
from gateway.trust.algorithms import CanonicalizationMethod, DigestMethod, SignatureMethod
from gateway.trust.canonical import CanonicalBytes, canonical_octets, read_canonical
from gateway.trust.keys import SigningKey

_DIGEST_OF_METHOD: Final = {
    SignatureMethod.RSA_SHA384: (DigestMethod.SHA384, hashlib.sha384),
    SignatureMethod.RSA_SHA512: (DigestMethod.SHA512, hashlib.sha512),
    SignatureMethod.RSA_PSS_SHA384: (DigestMethod.SHA384, hashlib.sha384),
    SignatureMethod.RSA_PSS_SHA512: (DigestMethod.SHA512, hashlib.sha512),
    SignatureMethod.ECDSA_SHA384: (DigestMethod.SHA384, hashlib.sha384),
    SignatureMethod.ECDSA_SHA512: (DigestMethod.SHA512, hashlib.sha512),
}
_SOAP_NAMESPACES: Final = {"1.1": names.SOAP11_NS, "1.2": names.SOAP12_NS}
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>'


def seal_envelope(
    body_child: etree._Element | bytes,
    *,
    key: SigningKey,
    soap_version: str,
    now: datetime,
    lifetime: int = 300,
    signature_first: bool = False,
    confirm: bytes | None = None,
    headers: Sequence[bytes] = (),
) -> bytes:
    """Return a signed SOAP envelope around one element (WS-Security 1.1, X.509 token profile 1.1).

    In: the element, or its serialised form (UTF-8, every prefix declared, with or without XML declaration);
    the signing key; "1.1" or "1.2"; the present moment (with time zone); the seconds the seal is good for;
    whether the Signature goes before the Timestamp (strict Java handlers); the signature value of the request
    if its sender asks for a SignatureConfirmation; further header blocks in exclusive canonical form, without
    attributes. Out: the envelope in UTF-8. Body, Timestamp, SignatureConfirmation and further blocks are
    signed.
    Raises ValueError for another SOAP version or a body that is no well-formed element without comments.
    """
    namespace = _SOAP_NAMESPACES.get(soap_version)
    if namespace is None:
        raise ValueError(f"no SOAP version {soap_version!r}")
    written, canonical = _both_forms(body_child)
    soap, wsu = _free_prefixes(canonical)
    # Ids made of the content cannot occur in it, and need no random numbers.
    suffix = hashlib.sha256(canonical).hexdigest()[:24].encode()
    body_start = _element_start(soap, b"Body", {soap: namespace, wsu: names.WSU_NS}, wsu, b"B-" + suffix)
    body_end = b"</%b:Body>" % soap
    timestamp = _timestamp(b"T-" + suffix, now, lifetime)
    confirmation = _confirmation(b"C-" + suffix, confirm) if confirm is not None else b""
    signed = [
        (b"B-" + suffix, b"%b%b%b" % (body_start, canonical, body_end)),
        (b"T-" + suffix, timestamp),
    ]
    if confirmation:
        signed.append((b"C-" + suffix, confirmation))
    blocks = [
        (b"H%d-%b" % (number, suffix), _with_id(block, b"H%d-%b" % (number, suffix)))
        for number, block in enumerate(headers, 1)
    ]
    signed += blocks
    signature = sign_parts(signed, key, token_id=b"X-" + suffix)
    token = (
        b'<wsse:BinarySecurityToken xmlns:wsu="%b" EncodingType="%b" ValueType="%b" wsu:Id="X-%b">%b'
        b"</wsse:BinarySecurityToken>"
        % (
            names.WSU_NS.encode(),
            names.BASE64_BINARY.encode(),
            names.X509_V3.encode(),
            suffix,
            _certificate_text(key.certificate),
        )
    )
    order = (token, signature, timestamp) if signature_first else (token, timestamp, signature)
    return b"".join(
        (
            _DECLARATION,
            b'<%b:Envelope xmlns:%b="%b">' % (soap, soap, namespace.encode()),
            b'<%b:Header><wsse:Security xmlns:wsse="%b">' % (soap, names.WSSE_NS.encode()),
            order[0],
            confirmation,
            *order[1:],
            b"</wsse:Security>",
            *(block for _, block in blocks),
            b"</%b:Header>" % soap,
            body_start,
            written,
            body_end,
            b"</%b:Envelope>" % soap,
        )
    )


def digest_of(method: SignatureMethod) -> tuple[DigestMethod, Callable[[bytes], Any]]:
    """Return the digest that goes with a signature method, by URI and as a function of `hashlib`."""
    return _DIGEST_OF_METHOD.get(method, (DigestMethod.SHA256, hashlib.sha256))


def sign_parts(parts: Sequence[tuple[bytes, bytes]], key: SigningKey, *, token_id: bytes) -> bytes:
    """Return a ds:Signature over parts of the same document (XMLDSig 1.1 §3.1).

    In: id and exclusive canonical octets of each part, the key, the id of the BinarySecurityToken with its
    certificate. Out: the serialised element, which declares all prefixes it uses but `wsse`.
    """
    digest_method, digest = digest_of(key.algorithm)
    references = b"".join(
        _REFERENCE % (part_id, digest_method.encode(), b64encode(digest(octets).digest()))
        for part_id, octets in parts
    )
    content = _SIGNED_INFO % (key.algorithm.encode(), references)
    value = key.sign(b'<ds:SignedInfo xmlns:ds="%b">%b' % (_DS, content))
    return _SIGNATURE % (_DS, content, b64encode(value), token_id, names.X509_V3.encode())


_DS: Final = names.DS_NS.encode()
_EXCLUSIVE: Final = CanonicalizationMethod.EXCLUSIVE.encode()
_REFERENCE: Final = (
    b'<ds:Reference URI="#%b"><ds:Transforms><ds:Transform Algorithm="' + _EXCLUSIVE + b'"></ds:Transform>'
    b'</ds:Transforms><ds:DigestMethod Algorithm="%b"></ds:DigestMethod>'
    b"<ds:DigestValue>%b</ds:DigestValue></ds:Reference>"
)
_SIGNED_INFO: Final = (
    b'<ds:CanonicalizationMethod Algorithm="' + _EXCLUSIVE + b'"></ds:CanonicalizationMethod>'
    b'<ds:SignatureMethod Algorithm="%b"></ds:SignatureMethod>%b</ds:SignedInfo>'
)
_SIGNATURE: Final = (
    b'<ds:Signature xmlns:ds="%b"><ds:SignedInfo>%b<ds:SignatureValue>%b</ds:SignatureValue><ds:KeyInfo>'
    b'<wsse:SecurityTokenReference><wsse:Reference URI="#%b" ValueType="%b"/>'
    b"</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>"
)


def _both_forms(body_child: etree._Element | bytes) -> tuple[bytes, bytes]:
    """Return the text that goes into the envelope and the canonical form that is digested.

    They differ: exclusive C14N leaves out declarations that only values use (`xsi:type`, fault codes).
    """
    if isinstance(body_child, CanonicalBytes):
        return body_child, body_child
    if isinstance(body_child, bytes):
        written = _without_declaration(body_child)
        try:
            element = read_canonical(written)
        except etree.XMLSyntaxError:
            raise ValueError("the body is no well-formed element") from None
    else:
        element = body_child
        written = etree.tostring(element, encoding="utf-8", with_tail=False)
        written = _without_declaration(written)
    canonical = canonical_octets(element)
    if b"<!--" in canonical or b"<?" in canonical:
        raise ValueError("the body holds a comment or a processing instruction")
    return written, canonical


def _without_declaration(text: bytes) -> bytes:
    if text.startswith(b"\xef\xbb\xbf"):
        text = text[3:]
    if text.startswith(b"<?xml "):
        text = text[text.index(b"?>") + 2 :]
    return text.strip()


def _free_prefixes(canonical: bytes) -> tuple[bytes, bytes]:
    """Return prefixes for SOAP and WSU that the content does not declare.

    A declaration repeated inside would not be rendered again there, and the canonical Body would be another.
    """
    soap, wsu, number = b"soap", b"wsu", 0
    while b"xmlns:%b=" % soap in canonical or b"xmlns:%b=" % wsu in canonical:
        number += 1
        soap, wsu = b"soap%d" % number, b"wsu%d" % number
    return soap, wsu


def _element_start(
    prefix: bytes, name: bytes, declared: dict[bytes, str], wsu: bytes, element_id: bytes
) -> bytes:
    """Return a start tag in canonical form: declarations in the order of their prefixes (C14N §2.3)."""
    declarations = b"".join(b' xmlns:%b="%b"' % (key, declared[key].encode()) for key in sorted(declared))
    return b'<%b:%b%b %b:Id="%b">' % (prefix, name, declarations, wsu, element_id)


def _timestamp(element_id: bytes, now: datetime, lifetime: int) -> bytes:
    created = now.astimezone(UTC).replace(microsecond=now.microsecond // 1000 * 1000)
    return (
        b'<wsu:Timestamp xmlns:wsu="%b" wsu:Id="%b"><wsu:Created>%b</wsu:Created>'
        b"<wsu:Expires>%b</wsu:Expires></wsu:Timestamp>"
        % (
            names.WSU_NS.encode(),
            element_id,
            _moment(created),
            _moment(created + timedelta(seconds=lifetime)),
        )
    )


def _moment(moment: datetime) -> bytes:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds").encode() + b"Z"


def _confirmation(element_id: bytes, value: bytes) -> bytes:
    """Return a wsse11:SignatureConfirmation in canonical form (WS-Security 1.1 §8.5)."""
    return b'<wsse11:SignatureConfirmation xmlns:wsse11="%b" xmlns:wsu="%b" Value="%b" wsu:Id="%b">' % (
        names.WSSE11_NS.encode(),
        names.WSU_NS.encode(),
        b64encode(value),
        element_id,
    ) + (b"</wsse11:SignatureConfirmation>")


def _with_id(block: bytes, element_id: bytes) -> bytes:
    """Return a canonical element with a wsu:Id, still canonical. Raises ValueError if it has attributes."""
    start, _, rest = block.partition(b">")
    name, *declared = start.split(b" ")
    if any(not each.startswith(b"xmlns") for each in declared):
        raise ValueError("the header block has attributes")
    # Declarations stand in the order of their prefixes, before all attributes (C14N §2.3).
    declared = sorted(
        [*declared, b'xmlns:wsu="%b"' % names.WSU_NS.encode()], key=lambda each: each.partition(b"=")[0]
    )
    return b'%b %b wsu:Id="%b">%b' % (name, b" ".join(declared), element_id, rest)


@lru_cache(maxsize=64)
def _certificate_text(certificate: x509.Certificate) -> bytes:
    return b64encode(certificate.public_bytes(Encoding.DER))
