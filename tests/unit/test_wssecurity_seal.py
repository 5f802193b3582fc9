"""The shape of what we seal: foreign stacks are particular about it."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from fixtures.attacks.forge import child
from gateway.trust import names
from gateway.trust.algorithms import SignatureMethod
from gateway.trust.wssecurity import seal_envelope
from tests.support.pki import shared_pki
from tests.support.signatures import prove

NOW = datetime(2026, 3, 2, 10, 0, 0, 987654, tzinfo=UTC)
DOCUMENT = b'<x:report xmlns:x="urn:example:report"><id>4711</id></x:report>'


def sealed(
    body: bytes | etree._Element = DOCUMENT,
    holder: str = "abh1",
    soap_version: str = "1.1",
    *,
    signature_first: bool = False,
    confirm: bytes | None = None,
) -> bytes:
    return seal_envelope(
        body,
        key=shared_pki().key(holder),
        soap_version=soap_version,
        now=NOW,
        signature_first=signature_first,
        confirm=confirm,
    )


def order(raw: bytes) -> list[str]:
    security = child(etree.fromstring(raw), names.WSSE_SECURITY)
    return [etree.QName(block).localname for block in security]


def test_the_security_header_has_the_order_all_stacks_verify() -> None:
    assert order(sealed()) == ["BinarySecurityToken", "Timestamp", "Signature"]
    assert order(sealed(signature_first=True)) == ["BinarySecurityToken", "Signature", "Timestamp"]


def test_nothing_must_be_understood_and_ids_are_unique() -> None:
    raw = sealed(confirm=b"value")
    assert b"mustUnderstand" not in raw
    ids = [value for element in etree.fromstring(raw).iter() if (value := element.get(names.WSU_ID))]
    assert len(ids) == len(set(ids)) == 4


def test_references_use_exclusive_c14n_without_prefix_lists() -> None:
    raw = sealed()
    assert b"InclusiveNamespaces" not in raw
    assert raw.count(b'Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"') == 3


@pytest.mark.parametrize(
    ("holder", "method"),
    [
        ("abh1", SignatureMethod.RSA_SHA256),
        ("abh2", SignatureMethod.ECDSA_SHA256),
        ("abh3", SignatureMethod.ECDSA_SHA256),
    ],
)
@pytest.mark.parametrize("soap_version", ["1.1", "1.2"])
def test_what_we_seal_we_prove(holder: str, method: SignatureMethod, soap_version: str) -> None:
    raw = sealed(holder=holder, soap_version=soap_version)
    assert f'SignatureMethod Algorithm="{method}"'.encode() in raw
    proof = prove(raw, NOW)
    assert proof.soap_version == soap_version
    assert proof.document.canonical == DOCUMENT
    assert proof.document.certificate == shared_pki().certificate(holder)


def test_the_time_stamp_is_not_ahead_of_the_clock() -> None:
    proof = prove(sealed(), NOW)
    assert proof.timestamp is not None
    created, expires = proof.timestamp
    assert created == NOW.replace(microsecond=987000)
    assert expires is not None
    assert (expires - created).total_seconds() == 300


def test_a_signature_confirmation_is_signed() -> None:
    raw = sealed(confirm=b"value of the request")
    assert order(raw) == ["BinarySecurityToken", "SignatureConfirmation", "Timestamp", "Signature"]
    assert prove(raw, NOW).document.canonical == DOCUMENT
    assert prove(sealed(), NOW).signature_value


@pytest.mark.parametrize("soap_version", ["1.1", "1.2"])
@pytest.mark.parametrize("prefix", ["soap", "wsu", "soap1", "s", "wsse", "ds"])
def test_bodies_may_declare_the_prefixes_of_the_envelope(prefix: str, soap_version: str) -> None:
    for namespace in (names.SOAP11_NS, names.SOAP12_NS, names.WSU_NS, "urn:other"):
        body = f'<{prefix}:a xmlns:{prefix}="{namespace}"><{prefix}:b/></{prefix}:a>'.encode()
        proof = prove(sealed(body, soap_version=soap_version), NOW)
        assert proof.document.element.tag == f"{{{namespace}}}a"


def test_declarations_used_by_values_only_stay_in_the_message() -> None:
    fault = b'<faultcode xmlns:wsse="urn:example:codes">wsse:FailedCheck</faultcode>'
    raw = sealed(fault)
    assert fault in raw
    assert prove(raw, NOW).document.element.text == "wsse:FailedCheck"


def test_an_element_is_sealed_where_it_stands() -> None:
    tree = etree.fromstring(
        b'<o:outer xmlns:o="urn:o" xmlns:x="urn:example:report">' + DOCUMENT + b"tail</o:outer>"
    )
    assert prove(sealed(tree[0]), NOW).document.canonical == DOCUMENT
    assert tree[0].tail == "tail"


def test_a_declaration_or_byte_order_mark_of_the_body_is_left_out() -> None:
    for beginning in (b"<?xml version='1.0' encoding='UTF-8'?>\n", b"\xef\xbb\xbf"):
        assert prove(sealed(beginning + DOCUMENT), NOW).document.canonical == DOCUMENT


@pytest.mark.parametrize(
    "body", [b"", b"text", b"<a/><b/>", b"<a><!-- c --></a>", b"<a><?p i?></a>", b"<p:a/>"]
)
def test_what_could_not_be_proven_is_not_sealed(body: bytes) -> None:
    with pytest.raises(ValueError, match="body"):
        sealed(body)


def test_other_soap_versions_are_not_sealed() -> None:
    with pytest.raises(ValueError, match="SOAP version"):
        sealed(soap_version="1.3")
