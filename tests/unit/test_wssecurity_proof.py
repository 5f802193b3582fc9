"""What a signed SOAP message must be like to be proven, beyond what the attack corpus asks."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from fixtures.attacks.forge import Parts, child, sign_again, take_apart
from gateway.trust import names
from gateway.trust.canonical import canonical_octets
from gateway.trust.policy import SoapPolicy
from gateway.trust.token_references import read_name
from gateway.trust.wssecurity import demand_timestamp, seal_envelope
from messages.errors import GatewayError
from tests.support.pki import shared_pki
from tests.support.signatures import prove

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DOCUMENT = b'<x:report xmlns:x="urn:example:report"><id>4711</id><x:note>n</x:note></x:report>'


def parts_of(document: bytes = DOCUMENT, soap_version: str = "1.1") -> Parts:
    return take_apart(
        seal_envelope(document, key=shared_pki().key("abh1"), soap_version=soap_version, now=NOW)
    )


def resigned(parts: Parts) -> bytes:
    return sign_again(parts, shared_pki().key("abh1")).octets()


def code_of(raw: bytes, now: datetime = NOW, policy: SoapPolicy | None = None) -> str:
    with pytest.raises(GatewayError) as refused:
        prove(raw, now, policy=policy)
    return refused.value.code


# ---- the document ---------------------------------------------------------------------------------


@pytest.mark.parametrize("soap_version", ["1.1", "1.2"])
def test_the_proof_holds_the_document_alone_in_a_new_tree(soap_version: str) -> None:
    proof = prove(parts_of(soap_version=soap_version).octets(), NOW)
    document = proof.document
    assert proof.soap_version == document.soap_version == soap_version
    assert document.element.getparent() is None
    assert document.element.getroottree().getroot() is document.element
    assert document.canonical == DOCUMENT
    assert document.content_hash == hashlib.sha256(DOCUMENT).digest()
    assert document.signed_at == NOW
    assert document.certificate == shared_pki().certificate("abh1")


@pytest.mark.parametrize(
    "document",
    [
        DOCUMENT,
        b'<report xmlns="urn:a"><b xmlns=""/><c xmlns="urn:c">&gt;&lt;</c></report>',
        b'<p:report xmlns:p="urn:a"><q:b xmlns:q="urn:b"><q:c/></q:b><r:d xmlns:r="urn:b"/></p:report>',
        b"<report><a b='\"&gt;'>\xc3\xa4&#13;</a></report>",
        b'<s:report xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:report>',
        b'<x:r xmlns:x="urn:x" xmlns:unused="urn:u" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        b'<y xsi:type="unused:t"/></x:r>',
    ],
)
@pytest.mark.parametrize("prefixes", ["", "wsse soap x unused", "#default"])
def test_canonical_is_the_exclusive_form_whatever_was_digested(document: bytes, prefixes: str) -> None:
    parts = parts_of(document)
    transform = child(parts.references[0], names.DS_TRANSFORM)
    etree.SubElement(transform, names.EC_INCLUSIVE_NAMESPACES, PrefixList=prefixes)
    octets = etree.tostring(
        parts.body, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes.split() or None
    )
    digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    child(parts.references[0], names.DS_DIGEST_VALUE).text = digest
    signed_info = canonical_octets(parts.signed_info)
    value = base64.b64encode(shared_pki().key("abh1").sign(signed_info)).decode()
    child(parts.signature, names.DS_SIGNATURE_VALUE).text = value
    proven = prove(parts.octets(), NOW).document
    assert proven.canonical == canonical_octets(parts.body[0])
    assert proven.canonical == canonical_octets(proven.element)


def test_blanks_and_comments_outside_signed_parts_do_no_harm() -> None:
    raw = parts_of().octets()
    raw = raw.replace(b"<soap:Header>", b"<!-- c --><soap:Header>\n  ").replace(
        b"<wsse:Security ", b"<?pi x?><wsse:Security "
    )
    assert prove(raw, NOW).document.canonical == DOCUMENT


def test_blanks_around_the_document_are_no_part_of_it() -> None:
    parts = parts_of()
    parts.body.text, parts.body[0].tail = "\n  ", "\n"
    assert prove(resigned(parts), NOW).document.canonical == DOCUMENT


def _two_children(parts: Parts) -> None:
    etree.SubElement(parts.body, "second")


def _no_child(parts: Parts) -> None:
    parts.body.remove(parts.body[0])


def _text_beside(parts: Parts) -> None:
    parts.body.text = "text"


def _foreign_header(parts: Parts) -> None:
    block = etree.SubElement(parts.header, "{urn:example:personal-data}Mustermann")
    block.set(f"{{{names.SOAP11_NS}}}mustUnderstand", "1")


def _second_security(parts: Parts) -> None:
    etree.SubElement(parts.header, names.WSSE_SECURITY)


def _second_timestamp(parts: Parts) -> None:
    etree.SubElement(parts.security, names.WSU_TIMESTAMP)


def _unknown_token(parts: Parts) -> None:
    etree.SubElement(parts.security, "{urn:example}Assertion")


def _no_header(parts: Parts) -> None:
    parts.envelope.remove(parts.header)


def _no_signature(parts: Parts) -> None:
    parts.security.remove(parts.signature)


def _comment_in_timestamp(parts: Parts) -> None:
    child(parts.security, names.WSU_CREATED).append(etree.Comment("x"))


def _comment_in_signed_info(parts: Parts) -> None:
    parts.signed_info.append(etree.Comment("x"))


def _comment_in_digest_value(parts: Parts) -> None:
    child(parts.signed_info, names.DS_DIGEST_VALUE).append(etree.Comment("x"))


def _document_signed_instead_of_body(parts: Parts) -> None:
    parts.body[0].set("Id", parts.body.attrib.pop(names.WSU_ID))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_two_children, "T099.several-body-children"),
        (_no_child, "T099.empty-body"),
        (_text_beside, "T099.envelope"),
        (_foreign_header, "T099.must-understand"),
        (_second_security, "T099.several-security-headers"),
        (_second_timestamp, "T011.structure"),
        (_unknown_token, "T011.structure"),
        (_no_header, "T010.unsigned"),
        (_comment_in_timestamp, "X001.comment"),
        (_comment_in_signed_info, "T011.structure"),
        (_comment_in_digest_value, "T011.structure"),
        (_document_signed_instead_of_body, "T011.reference"),
    ],
)
def test_correctly_signed_messages_of_wrong_shape_are_refused(
    change: Callable[[Parts], None], code: str
) -> None:
    parts = parts_of()
    change(parts)
    if change is not _no_header:
        sign_again(parts, shared_pki().key("abh1"))
    if change is _comment_in_digest_value:
        change(parts)
    with pytest.raises(GatewayError) as refused:
        prove(parts.octets(), NOW)
    assert refused.value.code == code
    assert "Mustermann" not in str(refused.value)


def test_a_message_without_its_signature_is_unsigned() -> None:
    parts = parts_of()
    _no_signature(parts)
    assert code_of(parts.octets()) == "T010.unsigned"


def test_headers_for_others_are_passed_over() -> None:
    parts = parts_of()
    block = etree.SubElement(parts.header, "{urn:example}routing")
    block.set(f"{{{names.SOAP11_NS}}}mustUnderstand", "1")
    block.set(f"{{{names.SOAP11_NS}}}actor", "urn:example:router")
    security = etree.SubElement(parts.header, names.WSSE_SECURITY)
    security.set(f"{{{names.SOAP11_NS}}}actor", "urn:example:router")
    assert prove(parts.octets(), NOW).document.canonical == DOCUMENT


@pytest.mark.parametrize("root", [b"<a/>", b'<Envelope xmlns="urn:other"/>'])
def test_other_documents_are_no_soap(root: bytes) -> None:
    assert code_of(root) == "T099.not-soap"


# ---- the time stamp -------------------------------------------------------------------------------


def test_a_time_stamp_is_optional_unless_demanded() -> None:
    parts = parts_of()
    parts.security.remove(child(parts.security, names.WSU_TIMESTAMP))
    parts.signed_info.remove(parts.references[1])
    raw = resigned(parts)
    proof = prove(raw, NOW)
    assert proof.timestamp is None
    assert code_of(raw, policy=SoapPolicy(require_timestamp=True)) == "T010.timestamp-required"
    with pytest.raises(GatewayError) as refused:
        demand_timestamp(proof.document)
    assert refused.value.code == "T010.timestamp-required"
    demand_timestamp(prove(parts_of().octets(), NOW).document)


def test_a_time_stamp_that_is_present_must_be_signed() -> None:
    parts = parts_of()
    parts.signed_info.remove(parts.references[1])
    assert code_of(resigned(parts)) == "T010.timestamp-unsigned"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(-61, "T011.future-timestamp"), (-60, None), (0, None), (299, None), (300, "T011.stale-timestamp")],
)
def test_a_time_stamp_is_held_against_the_clock(seconds: int, code: str | None) -> None:
    raw = parts_of().octets()
    now = NOW + timedelta(seconds=seconds)
    if code is None:
        assert prove(raw, now).timestamp == (NOW, NOW + timedelta(seconds=300))
    else:
        assert code_of(raw, now) == code


@pytest.mark.parametrize("lifetime", [3600, None])
def test_a_generous_lifetime_does_not_outlast_the_policy(lifetime: int | None) -> None:
    parts = parts_of()
    expires = child(parts.security, names.WSU_EXPIRES)
    if lifetime is None:
        child(parts.security, names.WSU_TIMESTAMP).remove(expires)
    else:
        expires.text = (NOW + timedelta(seconds=lifetime)).isoformat()
    raw = resigned(parts)
    assert prove(raw, NOW + timedelta(minutes=5)).timestamp is not None
    assert code_of(raw, NOW + timedelta(minutes=5, seconds=1)) == "T011.stale-timestamp"


@pytest.mark.parametrize(
    "created",
    ["2026-03-02T10:00:00Z", "2026-03-02T10:00:00.123Z", "2026-03-02T10:00:00.123456789+00:00",
     " 2026-03-02T11:00:00+01:00\n"],
)  # fmt: skip
def test_every_form_of_created_is_read(created: str) -> None:
    parts = parts_of()
    child(parts.security, names.WSU_CREATED).text = created
    proof = prove(resigned(parts), NOW)
    assert proof.timestamp is not None
    assert abs(proof.timestamp[0] - NOW) < timedelta(seconds=1)


@pytest.mark.parametrize(
    "created", ["", "2026-03-02", "2026-03-02T10:00:00", "2026-13-02T10:00:00Z", "20260302T100000Z", "now"]
)
def test_an_unreadable_created_is_refused(created: str) -> None:
    parts = parts_of()
    child(parts.security, names.WSU_CREATED).text = created
    assert code_of(resigned(parts)) == "T011.timestamp"


# ---- which certificate ----------------------------------------------------------------------------


def _with_reference(content: str) -> bytes:
    """Return a message whose SecurityTokenReference holds the content, and which carries no token."""
    parts = parts_of()
    parts.security.remove(child(parts.security, names.WSSE_BINARY_SECURITY_TOKEN))
    reference = child(parts.signature, names.WSSE_SECURITY_TOKEN_REFERENCE)
    reference.remove(reference[0])
    reference.append(
        etree.fromstring(f'<r xmlns:wsse="{names.WSSE_NS}" xmlns:ds="{names.DS_NS}">{content}</r>')[0]
    )
    return parts.octets()


def _der() -> bytes:
    return shared_pki().certificate("abh1").public_bytes(Encoding.DER)


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _of_no_version() -> bytes:
    """A certificate of version 107, which no library knows."""
    third = bytes.fromhex("a003020102")
    assert _der().count(third) == 1
    return _der().replace(third, bytes.fromhex("a00302016a"))


def _identifier(kind: str, octets: bytes) -> str:
    return f'<wsse:KeyIdentifier ValueType="{kind}">{_text(octets)}</wsse:KeyIdentifier>'


def _issuer_serial(issuer: str, serial: int, certificate: str = "") -> str:
    return (
        f"<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>{issuer}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{serial}</ds:X509SerialNumber></ds:X509IssuerSerial>{certificate}</ds:X509Data>"
    )


def _forms() -> dict[str, str]:
    certificate = shared_pki().certificate("abh1")
    ski = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    issuer = certificate.issuer.rfc4514_string()
    beside = f"<ds:X509Certificate>{_text(_der())}</ds:X509Certificate>"
    return {
        "whole certificate": _identifier(names.X509_V3, _der()),
        "key identifier": _identifier(names.SUBJECT_KEY_IDENTIFIER, ski),
        "thumbprint": _identifier(names.THUMBPRINT_SHA1, hashlib.sha1(_der()).digest()),
        "issuer and serial": _issuer_serial(issuer, certificate.serial_number),
        "issuer with blanks": _issuer_serial(issuer.replace(",", ", "), certificate.serial_number),
        "issuer, serial and certificate": _issuer_serial(issuer, certificate.serial_number, beside),
        "certificate in X509Data": f"<ds:X509Data>{beside}</ds:X509Data>",
    }


@pytest.mark.parametrize("form", _forms())
def test_every_form_of_naming_the_certificate_is_understood(form: str) -> None:
    certificate = shared_pki().certificate("abh1")
    others = [shared_pki().certificate("abh2"), certificate]
    assert prove(_with_reference(_forms()[form]), NOW, known=others).document.certificate == certificate


@pytest.mark.parametrize("form", ["key identifier", "thumbprint", "issuer and serial"])
def test_a_certificate_that_is_not_sent_must_be_known(form: str) -> None:
    assert code_of(_with_reference(_forms()[form])) == "T003.not-found"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (_identifier(names.X509_V3, b"no certificate"), "T003.unreadable"),
        (_identifier(names.X509_V3, _of_no_version()), "T003.unreadable"),
        (_identifier("urn:other", b"x"), "T011.key-info"),
        (_issuer_serial("CN=Other", 1, f"<ds:X509Certificate>{_text(_der())}</ds:X509Certificate>"),
         "T011.key-info"),
        (_issuer_serial("no name", 1), "T011.key-info"),
        ("<ds:X509Data/>", "T011.key-info"),
        ("<wsse:Embedded/>", "T011.key-info"),
        ('<wsse:Reference URI="#nowhere"/>', "T011.missing-id"),
        ('<wsse:Reference URI="http://127.0.0.1/cert"/>', "T011.external-reference"),
    ],
)  # fmt: skip
def test_other_forms_are_refused(content: str, code: str) -> None:
    assert code_of(_with_reference(content)) == code


def test_no_key_info_means_no_certificate() -> None:
    parts = parts_of()
    parts.signature.remove(child(parts.signature, names.DS_KEY_INFO))
    assert code_of(parts.octets()) == "T003"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CN=A,O=B,C=DE", "CN=A,O=B,C=DE"),
        ("CN=A, O=B , C=DE", "CN=A,O=B,C=DE"),
        ("cn=A,o=B,c=DE", "CN=A,O=B,C=DE"),
        (r"CN=A\, B,C=DE", r"CN=A\, B,C=DE"),
        ("OID.1.2.840.113549.1.9.1=x", None),
        ("E=a@b.example,CN=A", "1.2.840.113549.1.9.1=a@b.example,CN=A"),
    ],
)
def test_names_are_read_as_values(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(GatewayError):
            read_name(text)
    else:
        assert read_name(text) == x509.Name.from_rfc4514_string(expected)
